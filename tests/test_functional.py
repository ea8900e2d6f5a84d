"""The formulas against independent references, on any array library of the standard, and at the edges of numbers."""

from __future__ import annotations

import inspect
import math
import warnings
from typing import Any

import array_api_strict
import numpy as np
import pytest
from calls import CALLS, A, B, G, K, W, Y

from lincoln import functional
from lincoln.functional import activations, dropout, fused, losses, normalization, reductions, updates
from lincoln.tracing import NotTraceableError, Traced

OTHERS = {
    *(name for module in (dropout, fused, normalization, reductions, updates) for name in module.__all__),
    *("add_bias", "product", "weight_grad"),
}
"""Functions that have tests of their own: they change arrays, take matrices only, or give several arrays."""

ELEMENTWISE = ["sigmoid", "tanh", "relu", "silu", "gelu", "gelu_tanh", "normal_cdf", "softplus", "log_sigmoid"]
FORWARD = [name for name in activations.__all__ if not name.endswith("_backward")]
each_function = pytest.mark.parametrize("name", CALLS)


def test_every_function_has_arguments_in_the_table():
    assert set(CALLS) == set(functional.__all__) - OTHERS


def test_a_range_is_the_least_and_then_the_largest():
    assert functional.value_range(A) == (-3.0, 30.0)
    assert functional.label_range(np.array([3, 1, 2])) == (1, 3)


# ---------------------------------------------------------------------- two formulas in one


@pytest.mark.parametrize("bias", [B, None], ids=["bias", "no bias"])
@pytest.mark.parametrize("x", [A, A[None]], ids=["matrix", "sequence"])
def test_linear_relu_is_linear_and_then_relu(x: np.ndarray, bias: np.ndarray | None):
    a, r = inspect.unwrap(functional.linear_relu)(x, W, bias)
    np.testing.assert_array_equal(a, functional.linear(x, W, bias))
    np.testing.assert_array_equal(r, functional.relu(a))


def test_the_way_back_through_relu_sums_what_it_lets_through():
    sums = np.full(4, np.nan)
    grad = inspect.unwrap(functional.relu_backward_bias_grad)(A, G, sums)
    np.testing.assert_array_equal(grad, functional.relu_backward(A, G))
    np.testing.assert_array_equal(sums, grad.sum(axis=0))


# ---------------------------------------------------------------------- any library, nothing changed


def first(result: Any) -> Any:
    """The losses alone where a loss gives what its gradient wants too."""
    return result[0] if isinstance(result, tuple) else result


@each_function
def test_a_function_uses_nothing_outside_the_array_api_standard(name: str):
    arguments = [array_api_strict.asarray(a) if isinstance(a, np.ndarray) else a for a in CALLS[name]]
    mine = first(getattr(functional, name)(*arguments))
    right = first(getattr(functional, name)(*CALLS[name]))
    assert isinstance(mine, type(arguments[0]))
    np.testing.assert_allclose(np.asarray(mine), right, rtol=1e-13, atol=1e-300)


@each_function
def test_a_function_changes_no_argument(name: str):
    copies = [np.array(a) for a in CALLS[name]]
    getattr(functional, name)(*copies)
    np.testing.assert_equal(copies, [np.asarray(a) for a in CALLS[name]])


@each_function
def test_float32_in_gives_float32_out(name: str):
    single = [a.astype(np.float32) if getattr(a, "dtype", None) == np.float64 else a for a in CALLS[name]]
    result = first(getattr(functional, name)(*single))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, first(getattr(functional, name)(*CALLS[name])), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["linear", "bias_grad", "input_grad"])
def test_the_affine_map_takes_sequences(name: str):
    flat = [np.asarray(a) for a in CALLS[name]]
    long = [a[:, None] if a.shape[0] == 2 and a.ndim == 2 else a for a in flat]
    result = getattr(functional, name)(*long)
    np.testing.assert_allclose(np.squeeze(result), getattr(functional, name)(*flat))


# ---------------------------------------------------------------------- a pass of traced arrays


class Names:
    """A trace that writes down the functions alone."""

    def __init__(self):
        self.calls: list[Any] = []

    def call(self, function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        self.calls.append(function)
        plain = [a.value if isinstance(a, Traced) else a for a in args]
        return function(*plain, **{k: v.value if isinstance(v, Traced) else v for k, v in named.items()})


@each_function
def test_every_function_is_one_call_of_a_traced_pass_whichever_argument_is_traced(name: str):
    function, arrays = getattr(functional, name), [i for i, a in enumerate(CALLS[name]) if isinstance(a, np.ndarray)]
    for index in arrays:
        trace = Names()
        arguments = list(CALLS[name])
        arguments[index] = Traced(arguments[index], trace)
        np.testing.assert_equal(function(*arguments), function(*CALLS[name]))
        assert trace.calls == [function]


def test_a_traced_argument_by_name_is_seen():
    trace = Names()
    functional.relu(a=Traced(A, trace))
    functional.bias_grad(output_grad=Traced(A, trace))
    assert trace.calls == [functional.relu, functional.bias_grad]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("add_bias", (A, B)), ("bias_grad", (A, K)), ("sgd", (K, K, 0.1)), ("moving_average", (K, K, 0.1))],
)
def test_what_changes_an_array_in_place_is_no_call_of_a_traced_pass(name: str, arguments: tuple[Any, ...]):
    traced = [Traced(a, Names()) if isinstance(a, np.ndarray) else a for a in arguments]
    with pytest.raises(NotTraceableError, match=f"{name}, which changes an array in place"):
        getattr(functional, name)(*traced)


# ---------------------------------------------------------------------- independent references

GRID = [-38.0, -30.0, -20.0, -10.0, -5.0, -2.0, -1.0, -0.5, -1e-3, 0.0, 1e-8, 0.1, 0.7, 1.0, 3.0, 6.0, 9.0, 38.0]
REFERENCES = {
    "sigmoid": lambda a: math.exp(a) / (1 + math.exp(a)) if a < 0 else 1 / (1 + math.exp(-a)),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "silu": lambda a: a / (1 + math.exp(-a)),
    "gelu": lambda a: a * math.erfc(-a / math.sqrt(2)) / 2,
    "gelu_tanh": lambda a: a / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3))),
    "normal_cdf": lambda a: math.erfc(-a / math.sqrt(2)) / 2,
    "softplus": lambda a: math.log1p(math.exp(a)) if a < 0 else a + math.log1p(math.exp(-a)),
    "log_sigmoid": lambda a: a - math.log1p(math.exp(a)) if a < 0 else -math.log1p(math.exp(-a)),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_function_equals_its_reference_to_13_digits(name: str):
    right = [REFERENCES[name](a) for a in GRID]
    np.testing.assert_allclose(getattr(functional, name)(np.array(GRID)), right, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "normal_cdf"])
def test_a_small_value_keeps_its_digits(name: str):
    grid = np.linspace(-37.0, -1.0, 500)
    right = [REFERENCES[name](float(a)) for a in grid]
    np.testing.assert_allclose(getattr(functional, name)(grid), right, rtol=1e-12)


def test_the_normal_distribution_function_is_right_to_13_digits_everywhere():
    grid = np.linspace(-9.0, 9.0, 20001)
    right = [math.erfc(-float(a) / math.sqrt(2)) / 2 for a in grid]
    assert np.abs(functional.normal_cdf(grid) - right).max() < 1e-13


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "silu", "gelu", "gelu_tanh", "softplus"])
def test_a_way_back_from_the_input_is_the_derivative(name: str):
    forward, backward = getattr(functional, name), getattr(functional, f"{name}_backward")
    extra = CALLS[name][1:]
    a = np.array(GRID)[np.abs(GRID) > 1e-2]
    numeric = (forward(a + 1e-6, *extra) - forward(a - 1e-6, *extra)) / 2e-6
    np.testing.assert_allclose(backward(a, np.ones_like(a), *extra), numeric, atol=1e-8)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "log_sigmoid"])
def test_a_way_back_from_the_output_is_the_derivative(name: str):
    forward, backward = getattr(functional, name), getattr(functional, f"{name}_backward")
    a = np.array(GRID)
    numeric = (forward(a + 1e-6) - forward(a - 1e-6)) / 2e-6
    np.testing.assert_allclose(backward(forward(a), np.ones_like(a)), numeric, atol=1e-8)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_softmax_s_way_back_is_its_jacobian(name: str):
    a = A[0]
    p = np.exp(a) / np.exp(a).sum()
    jacobian = {"softmax": np.diag(p) - np.outer(p, p), "log_softmax": np.eye(4) - np.outer(np.ones(4), p)}[name]
    output = getattr(functional, name)(a)
    np.testing.assert_allclose(getattr(functional, f"{name}_backward")(output, G[0]), jacobian.T @ G[0])


KEEPS = ["poisson", "sigmoid_cross_entropy", "softmax_cross_entropy"]
"""Losses that give what their gradients want beside them."""


@pytest.mark.parametrize("name", [name for name in losses.__all__ if f"{name}_grad" in losses.__all__])
def test_a_loss_s_gradient_is_its_derivative(name: str):
    at, *rest = CALLS[name]
    value = getattr(functional, name)
    numeric = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[index] = 1e-6
        numeric[index] = (first(value(at + step, *rest)) - first(value(at - step, *rest))).sum() / 2e-6
    smooth = np.abs(at - np.broadcast_to(Y, at.shape)) > 1e-3
    kept = value(at, *rest)[1] if name in KEEPS else at
    mine = getattr(functional, f"{name}_grad")(kept, *rest)
    scale = 1e-7 * max(1.0, float(np.abs(numeric).max()))
    np.testing.assert_allclose(np.where(smooth, mine, 0), np.where(smooth, numeric, 0), rtol=1e-3, atol=scale)


def test_a_masked_logit_costs_nothing_where_it_is_no_label():
    masked = np.array([[0.0, -np.inf, 0.0]])
    losses, p = functional.softmax_cross_entropy(masked, np.array([0]), 0.0, np.array([1.0, 2.0, 1.0]))
    np.testing.assert_allclose(losses, [math.log(2)])
    np.testing.assert_allclose(p, [[0.5, 0.0, 0.5]])


def test_a_mask_of_dropout_has_the_generator_s_numbers_in_every_dtype():
    uniform = np.random.default_rng(0).random((3, 5), dtype=np.float32)
    for dtype in ("float16", "float32", "float64"):
        mask = functional.dropout_mask(np.random.default_rng(0), np.zeros((3, 5), dtype=dtype), 0.3)
        np.testing.assert_array_equal(mask, ((uniform >= 0.3) / 0.7).astype(dtype))
        assert mask.dtype == dtype


# ---------------------------------------------------------------------- the edges of numbers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*FORWARD, "poisson", "squared_error", "huber"])
def test_nan_in_gives_nan_out(name: str, dtype: str):
    a = np.array([[np.nan, np.nan]], dtype=dtype)
    extra = (np.zeros_like(a), *CALLS[name][2:]) if name in losses.__all__ else CALLS[name][1:]
    assert np.isnan(first(getattr(functional, name)(a, *extra))).all()


@pytest.mark.parametrize("name", ["log_loss", "log_sigmoid_loss", "sigmoid_cross_entropy"])
def test_nan_in_gives_a_loss_of_nan(name: str):
    a = np.array([[np.nan]])
    for label in (0.0, 1.0, 0.5):
        assert np.isnan(first(getattr(functional, name)(a, np.full((1, 1), label)))).all()


@pytest.mark.parametrize("name", ["cross_entropy", "negative_log_likelihood"])
def test_nan_at_the_label_gives_a_loss_of_nan(name: str):
    assert np.isnan(getattr(functional, name)(np.array([[np.nan, 0.5]]), np.array([0]))).all()


@pytest.mark.parametrize("name", [name for name in activations.__all__ if name.endswith("_backward")])
def test_nan_coming_back_is_not_lost(name: str):
    a, _, *extra = CALLS[name]
    grad = np.where(a > 0, np.nan, 1.0) if "relu" in name else np.full_like(a, np.nan)
    result = getattr(functional, name)(a, grad, *extra)
    assert np.isnan(result[np.isnan(grad)]).all()


@pytest.mark.parametrize(
    ("name", "at_minus", "at_plus"),
    [
        ("sigmoid", 0.0, 1.0),
        ("tanh", -1.0, 1.0),
        ("relu", 0.0, np.inf),
        ("softplus", 0.0, np.inf),
        ("log_sigmoid", -np.inf, 0.0),
        ("normal_cdf", 0.0, 1.0),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_infinite_input_gives_the_limit(name: str, at_minus: float, at_plus: float, dtype: str):
    result = getattr(functional, name)(np.array([-np.inf, np.inf], dtype=dtype))
    np.testing.assert_allclose(result, [at_minus, at_plus], atol=1e-7)


@pytest.mark.parametrize("name", ["elu", "leaky_relu"])
def test_an_infinite_input_gives_the_limit_with_a_slope(name: str):
    result = getattr(functional, name)(np.array([-np.inf, np.inf]), 0.5)
    np.testing.assert_array_equal(result, [{"elu": -0.5, "leaky_relu": -np.inf}[name], np.inf])


def test_a_masked_logit_has_no_share_of_the_softmax():
    masked = np.array([[0.0, -np.inf, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(functional.softmax(masked), [[0.5, 0.0, 0.5]], atol=1e-30)
    np.testing.assert_allclose(functional.log_softmax(masked), [[-math.log(2), -np.inf, -math.log(2)]], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FORWARD)
def test_every_logit_from_minus_to_plus_ten_thousand_passes_without_a_warning(name: str, dtype: str):
    a = np.array([[-1e4, -1e3, -104.0, -88.8, -1.0, 0.0, 1.0, 88.8, 104.0, 1e3, 1e4]], dtype=dtype)
    extra = CALLS[name][1:]
    backward = getattr(functional, f"{name}_backward", None)
    with warnings.catch_warnings(), np.errstate(over="raise", divide="raise", invalid="raise"):
        warnings.simplefilter("error")
        output = getattr(functional, name)(a, *extra)
        from_output = name in ("sigmoid", "tanh", "relu", "log_sigmoid", "softmax", "log_softmax")
        grads = backward(output if from_output else a, np.ones_like(a), *extra) if backward else output
    assert np.isfinite(output).all()
    assert np.isfinite(grads).all()
    assert (output.dtype, grads.dtype) == (a.dtype, a.dtype)


@pytest.mark.parametrize("name", ["silu", "gelu", "elu"])
def test_the_far_negative_side_of_an_activation_is_flat(name: str):
    a = np.array([-3e18], dtype=np.float32)
    assert abs(float(getattr(functional, name)(a, *CALLS[name][1:])[0])) <= 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sigmoid_is_never_exactly_0_or_1(dtype: str):
    p = functional.sigmoid(np.array([-1e4, -200.0, 40.0, 1e4], dtype=dtype))
    assert (p > 0).all()
    assert (p < 1).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_softmax_is_never_exactly_0_and_still_sums_to_1(dtype: str):
    p = functional.softmax(np.array([[-1e4, 0.0, 1e4]], dtype=dtype))
    assert (p > 0).all()
    assert p.sum() == pytest.approx(1.0)


def test_a_class_of_probability_0_costs_a_finite_loss():
    loss = functional.cross_entropy(np.array([[0.0, 1.0]]), np.array([0]))
    assert np.isfinite(loss).all()
    assert loss[0] > 600


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_the_norm_of_an_infinite_gradient_is_infinite(value: float):
    assert functional.gradient_norm(np.array([1.0, value])) == np.inf
