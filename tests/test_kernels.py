"""Every compiled kernel against the function that defines it, and the switch between the two."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from calls import CALLS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lincoln import functional, kernels
from lincoln.functional import activations, dropout

needs_kernels = pytest.mark.skipif(not kernels.active(), reason=f"kernels are {kernels.status()}")
TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-11}

ACTIVATIONS = [name for name in activations.__all__ if name in kernels._twins]
ONE = {name: CALLS[name][1:] for name in ACTIVATIONS if not name.endswith("_backward")}
"""Functions of one array, with their other arguments."""
TWO = {
    **{name: CALLS[name][2:] for name in ACTIVATIONS if name.endswith("_backward")},
    **dict.fromkeys(["absolute_error", "absolute_error_grad", "squared_error", "squared_error_grad"], ()),
    **dict.fromkeys(["huber", "huber_grad", "quantile", "quantile_grad"], (0.75,)),
    **dict.fromkeys(["log_loss", "log_loss_grad", "log_sigmoid_loss", "log_sigmoid_loss_grad"], (1.5,)),
    **dict.fromkeys(["sigmoid_cross_entropy", "sigmoid_cross_entropy_grad"], (1.5,)),
    **dict.fromkeys(["poisson", "poisson_grad"], ()),
}
"""Functions of two arrays."""
VECTORS = {
    "adagrad": (3, (0.1, 1e-10)),
    "adam": (4, (3, 0.01, 0.9, 0.999, 1e-8)),
    "moving_average": (2, (0.9,)),
    "sgd": (2, (0.1,)),
    "sgd_momentum": (3, (0.1, 0.9, True)),
}
CLASSES = ["cross_entropy", "negative_log_likelihood", "softmax_cross_entropy"]
OTHERS = [
    "add_bias",
    "add_bias_relu",
    "batch_norm",
    "batch_norm_backward",
    "column_sums",
    *CLASSES,
    *(f"{name}_grad" for name in CLASSES),
    "gradient_norm",
    "kept",
    "label_range",
    "layer_norm",
    "layer_norm_backward",
    "bias_grad",
    "relu_backward_bias_grad",
    "rmsprop",
    "take_rows",
    "total",
    "value_range",
]

dtypes = st.sampled_from([np.float32, np.float64])
shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)
rounds = settings(max_examples=25, deadline=None, derandomize=True)


def numbers(dtype, shape, *, special=False, width=5.0):
    elements = st.floats(-width, width, width=32)
    if special:
        elements |= st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e4, -1e4])
    return hnp.arrays(dtype, shape, elements=elements)


def largest(array):
    """The largest finite size of a number, 1 at least."""
    return np.abs(array, where=np.isfinite(array), out=np.zeros_like(array)).max(initial=1.0)


def agree(one, other, *, size=1.0):
    """Equal to rounding, that of numbers of this size where they cancel."""
    if isinstance(one, tuple):
        for part, other_part in zip(one, other, strict=True):
            agree(part, other_part, size=size)
        return
    one, other = np.asarray(one), np.asarray(other)
    assert one.dtype == other.dtype
    assert one.shape == other.shape
    tolerance = TOLERANCE.get(one.dtype, 0.0)
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * size)


def close(one, other, *, added=None):
    """Sums of many products, in another order: what cancels leaves the rounding of what was added."""
    tolerance = 1e-3 if one.dtype == np.float32 else 1e-11
    size = largest(other if added is None else added)
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * size)


def pair(name):
    fast = getattr(dropout if name == "kept" else functional, name)
    return fast, fast.__wrapped__


def test_every_kernel_has_its_tests():
    assert sorted([*ONE, *TWO, *VECTORS, *OTHERS]) == sorted(kernels._twins) or not kernels.active()


@needs_kernels
@pytest.mark.parametrize("name", sorted([*ONE, *TWO, *VECTORS, *OTHERS]))
def test_every_kernel_is_the_twin_of_a_function(name):
    fast, plain = pair(name)
    assert callable(fast)
    assert callable(plain)


@needs_kernels
@pytest.mark.parametrize("name", ONE)
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_a_kernel_of_one_array_answers_as_its_function(name, data, dtype, shape):
    fast, plain = pair(name)
    a = data.draw(numbers(dtype, shape, special=True))
    with np.errstate(all="ignore"):
        agree(fast(a, *ONE[name]), plain(a, *ONE[name]))


@needs_kernels
@pytest.mark.parametrize("name", TWO)
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_a_kernel_of_two_arrays_answers_as_its_function(name, data, dtype, shape):
    fast, plain = pair(name)
    a, g = data.draw(numbers(dtype, shape, special=True, width=1.0)), data.draw(numbers(dtype, shape, special=True))
    with np.errstate(all="ignore"):
        agree(fast(a, g, *TWO[name]), plain(a, g, *TWO[name]), size=largest(a) ** 2 * largest(g))


@needs_kernels
@pytest.mark.parametrize("name", [*ONE, *TWO])
@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (2, 1, 3, 2), (1, 2500)])
def test_other_numbers_of_axes_give_the_bits_of_the_twin_in_its_form(name, shape):
    fast, _ = pair(name)
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.1, 0.9, size=shape).astype(np.float32) for _ in range(1 + (name in TWO))]
    form = (1, -1) if fast.form == "elements" else (-1, shape[-1])
    constants = {**ONE, **TWO}[name]
    got, expected = fast(*arrays, *constants), fast.twin(*(a.reshape(form) for a in arrays), *constants)
    if isinstance(got, tuple):
        assert got[1].shape == shape
        got, expected = got[0], expected[0]
    assert got.shape == shape
    np.testing.assert_array_equal(got, expected.reshape(shape))


@needs_kernels
@pytest.mark.parametrize("name", VECTORS)
@rounds
@given(data=st.data(), dtype=dtypes, size=st.integers(1, 70))
def test_an_update_changes_the_vectors_as_its_function_does(name, data, dtype, size):
    fast, plain = pair(name)
    count, constants = VECTORS[name]
    vectors = [np.abs(data.draw(numbers(dtype, (size,)))) for _ in range(count)]
    others = [vector.copy() for vector in vectors]
    fast(*vectors, *constants)
    plain(*others, *constants)
    for one, other in zip(vectors, others, strict=True):
        agree(one, other)


@needs_kernels
@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@rounds
@given(data=st.data(), dtype=dtypes, size=st.integers(1, 70))
def test_rmsprop_changes_the_vectors_as_its_function_does(centered, momentum, data, dtype, size):
    fast, plain = pair("rmsprop")
    drawn = [np.abs(data.draw(numbers(dtype, (size,)))) for _ in range(5)]
    results = []
    for function in (fast, plain):
        value, grad, square, mean, velocity = (vector.copy() for vector in drawn)
        square += mean * mean
        options = (mean if centered else None, velocity if momentum else None, momentum)
        with np.errstate(all="ignore"):
            function(value, grad, square, 0.01, 0.9, 0.1, *options)
        results.append((value, square, mean, velocity))
    for one, other in zip(*results, strict=True):
        close(one, other)


@needs_kernels
@pytest.mark.parametrize("name", CLASSES)
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_losses_over_classes_and_their_gradients_answer_as_their_functions(name, data, dtype, shape):
    a = data.draw(numbers(dtype, shape, special=True))
    labels = data.draw(hnp.arrays(np.int64, shape[:1], elements=st.integers(0, shape[1] - 1)))
    weight = data.draw(st.none() | hnp.arrays(dtype, shape[1:], elements=st.sampled_from([0.0, 0.5, 2.0])))
    rest = (data.draw(st.sampled_from([0.0, 0.1])), weight) if name.startswith("softmax") else (weight,)
    for each in (name, f"{name}_grad"):
        fast, plain = pair(each)
        with np.errstate(all="ignore"):
            agree(fast(a, labels, *rest), plain(a, labels, *rest), size=10 * largest(a))


@needs_kernels
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_ranges_masks_and_norms_answer_as_their_functions(data, dtype, shape):
    a = data.draw(numbers(dtype, shape))
    labels = data.draw(hnp.arrays(np.int64, shape[:1], elements=st.integers(0, 9)))
    uniform = np.abs(a).astype(np.float32) / 5
    for name, arguments in {
        "value_range": (a,),
        "label_range": (labels,),
        "kept": (uniform, 0.3),
    }.items():
        fast, plain = pair(name)
        np.testing.assert_array_equal(fast(*arguments), plain(*arguments))
    fast, plain = pair("gradient_norm")
    assert fast(a[0]) == pytest.approx(plain(a[0]), rel=1e-6)


@needs_kernels
@pytest.mark.parametrize(
    "values",
    [[3e30, 4e30], [3e-30, 4e-30], [3e200, 4e200], [3e-200, 4e-200], [0.0, 0.0], [1.0, np.inf], [np.nan, 1.0]],
)
def test_a_norm_neither_overflows_nor_vanishes(values):
    for dtype in (np.float32, np.float64):
        with np.errstate(all="ignore"):
            grad = np.array(values).astype(dtype)
            fast, plain = pair("gradient_norm")
            np.testing.assert_allclose(fast(grad), plain(grad), rtol=1e-6)


@needs_kernels
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_normalizations_answer_as_their_functions(data, dtype, shape):
    x, output_grad = data.draw(numbers(dtype, shape)), data.draw(numbers(dtype, shape))
    scale, shift = (data.draw(numbers(dtype, shape[1:])) for _ in range(2))
    for name in ("batch_norm", "layer_norm"):
        fast, plain = pair(name)
        got, expected = fast(x, scale, shift, 0.1), plain(x, scale, shift, 0.1)
        for one, other in zip(got, expected, strict=True):
            close(one, other)
        fast, plain = pair(f"{name}_backward")
        given_back = (x, *expected[1:], scale, output_grad, *((0.1,) if name == "batch_norm" else ()))
        for one, other in zip(fast(*given_back), plain(*given_back), strict=True):
            close(one, other)


@needs_kernels
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_sums_biases_and_rows_answer_as_their_functions(data, dtype, shape):
    a = data.draw(numbers(dtype, shape))
    bias = data.draw(numbers(dtype, shape[1:]))
    rows = data.draw(hnp.arrays(np.int64, st.integers(1, 20), elements=st.integers(0, shape[0] - 1)))
    fast, plain = pair("column_sums")
    agree(fast(a), plain(a))
    fast, plain = pair("take_rows")
    agree(fast(a, rows), plain(a, rows))
    fast, plain = pair("total")
    assert fast(bias) == pytest.approx(plain(bias), rel=1e-5, abs=1e-4)
    assert fast(a) == pytest.approx(plain(a), rel=1e-5, abs=1e-4)
    fast, plain = pair("add_bias")
    one, other = a.copy(), a.copy()
    fast(one, bias)
    plain(other, bias)
    agree(one, other)
    fast, plain = pair("bias_grad")
    sums, other_sums = np.empty((2, shape[1]), dtype)
    fast(a, sums)
    plain(a, other_sums)
    agree(sums, other_sums)


@needs_kernels
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_two_formulas_in_one_pass_have_the_bits_of_one_after_the_other(data, dtype, shape):
    a, bias = data.draw(numbers(dtype, shape, special=True)), data.draw(numbers(dtype, shape[1:]))
    one, other = a.copy(), a.copy()
    with np.errstate(all="ignore"):
        r = functional.add_bias_relu(one, bias)
        functional.add_bias(other, bias)
    assert one.tobytes() == other.tobytes()
    assert r.tobytes() == functional.relu(other).tobytes()
    g = data.draw(numbers(dtype, shape))
    sums = np.empty(shape[1], dtype)
    grad = functional.relu_backward_bias_grad(r, g, sums)
    assert grad.tobytes() == functional.relu_backward(r, g).tobytes()
    assert sums.tobytes() == functional.bias_grad(grad).tobytes()
    x, weight = data.draw(numbers(dtype, (3, 4))), data.draw(numbers(dtype, (4, shape[1])))
    a = functional.linear(x, weight, bias)
    for got, expected in zip(functional.linear_relu(x, weight, bias), (a, functional.relu(a)), strict=True):
        assert got.tobytes() == expected.tobytes()


@needs_kernels
@pytest.mark.parametrize("name", [name for name in [*ONE, *TWO] if "softmax" not in name])
def test_a_number_without_axes_is_an_array_too(name):
    fast, plain = pair(name)
    arguments = [np.array(0.25)] * (1 + (name in TWO)) + [*{**ONE, **TWO}[name]]
    agree(fast(*arguments), plain(*arguments))


@needs_kernels
def test_what_a_kernel_does_not_take_goes_to_the_function():
    fast, plain = pair("relu")
    strided = np.arange(-6.0, 6.0).reshape(3, 4)[:, ::2]
    agree(fast(strided), plain(strided))
    half = strided.astype(np.float16)
    agree(fast(half), plain(half))


def test_a_missing_argument_is_told_by_the_function():
    with pytest.raises(TypeError, match="grad"):
        functional.sgd_momentum(np.zeros(3))


def test_a_label_or_a_row_that_there_is_not_is_an_error_and_no_wild_read():
    with pytest.raises(IndexError):
        functional.softmax_cross_entropy(np.zeros((2, 3)), np.array([0, 3]), 0.0, None)
    with pytest.raises(IndexError):
        functional.take_rows(np.zeros((2, 3)), np.array([0, 3]))
    for take_rows in pair("take_rows"):
        with pytest.raises(IndexError):
            take_rows(np.zeros((2, 3)), np.array([0, -1]))


VECTOR, ROWS, LABELS = np.zeros(3), np.zeros((2, 3)), np.array([0, 1])
SINGLE = ROWS.astype(np.float32)
MISFITS = [
    *(
        (name, (np.zeros((2, 9), np.float32), np.zeros((1, 9), np.float32), *constants))
        for name, constants in TWO.items()
    ),
    *(
        (name, (np.zeros((2, 9), np.float32), np.zeros((2, 8), np.float32), *constants))
        for name, constants in TWO.items()
    ),
    ("sgd", (VECTOR, np.zeros(2), 0.1)),
    ("sgd_momentum", (VECTOR, VECTOR.copy(), np.zeros(2), 0.1, 0.9, True)),
    ("adam", (VECTOR, VECTOR.copy(), VECTOR.copy(), np.zeros(2), 1, 0.1, 0.9, 0.999, 1e-8)),
    ("adagrad", (VECTOR, VECTOR.copy(), np.zeros(2), 0.1, 1e-8)),
    ("moving_average", (VECTOR, np.zeros(2), 0.1)),
    ("rmsprop", (VECTOR, VECTOR.copy(), np.zeros(2), 0.1, 0.9, 1e-8, None, None, 0.0)),
    ("rmsprop", (VECTOR, VECTOR.copy(), VECTOR.copy(), 0.1, 0.9, 1e-8, np.zeros(2), None, 0.0)),
    ("rmsprop", (VECTOR, VECTOR.copy(), VECTOR.copy(), 0.1, 0.9, 1e-8, None, np.zeros(2), 0.0)),
    ("gradient_norm", (np.zeros(0),)),
    ("add_bias", (ROWS, np.zeros(2))),
    ("add_bias_relu", (ROWS.copy(), np.zeros(2))),
    ("bias_grad", (ROWS, np.zeros(2))),
    ("relu_backward_bias_grad", (ROWS, ROWS.copy(), np.zeros(2))),
    ("relu_backward_bias_grad", (ROWS, np.zeros((1, 3)), VECTOR.copy())),
    *((name, (SINGLE, np.array([0]), *((0.0,) if name[0] == "s" else ()), None)) for name in CLASSES),
    *((name, (SINGLE, LABELS, *((0.0,) if name[0] == "s" else ()), SINGLE[0, :2])) for name in CLASSES),
    *((f"{name}_grad", (SINGLE, np.array([0, 3]), *((0.0,) if name[0] == "s" else ()), None)) for name in CLASSES),
    ("value_range", (np.zeros((0, 3)),)),
    ("label_range", (np.zeros(0, dtype=np.int64),)),
    ("batch_norm", (ROWS, np.zeros(2), VECTOR, 0.1)),
    ("batch_norm_backward", (ROWS, VECTOR, np.zeros(2), VECTOR, ROWS, 0.1)),
    ("layer_norm", (ROWS, VECTOR, np.zeros(2), 0.1)),
    ("layer_norm_backward", (ROWS, VECTOR, np.zeros(2), VECTOR, ROWS)),
]


@needs_kernels
@pytest.mark.parametrize(("name", "arguments"), MISFITS)
def test_a_kernel_refuses_arrays_that_do_not_fit_before_it_reads_them(name, arguments):
    with pytest.raises((ValueError, IndexError)):
        getattr(functional, name)(*arguments)


@needs_kernels
@pytest.mark.parametrize("name", ONE)
def test_a_kernel_of_one_array_takes_no_rows(name):
    fast, _ = pair(name)
    assert fast(np.zeros((0, 3)), *ONE[name]).shape == (0, 3)


def in_a_fresh_process(program, **environment):
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_environment_switches_the_kernels_off():
    program = "import lincoln.kernels as k; print(k.active(), k.status())"
    assert in_a_fresh_process(program, LINCOLN_KERNELS="off") == "False off: LINCOLN_KERNELS=off"


def test_training_is_nearly_the_same_without_kernels():
    program = (
        "import numpy as np, lincoln as lnc; x = np.linspace(-1, 1, 60).reshape(20, 3); y = np.arange(20) % 2;"
        "net = lnc.Sequential(lnc.Dense(8, 'relu'), lnc.layers.Linear(2), seed=0);"
        "model = lnc.models.Classifier(net, optimizer=lnc.optim.Adam).fit(x, y, epochs=20, print_every=None);"
        "print(float(net.vector.value.sum()))"
    )
    on, off = in_a_fresh_process(program), in_a_fresh_process(program, LINCOLN_KERNELS="off")
    assert float(on) == pytest.approx(float(off), rel=1e-4)


def test_kernels_leave_subnormal_numbers_alone():
    tiny = np.float32(1e-40)
    functional.relu(np.ones((2, 2), dtype=np.float32))
    assert np.float32(tiny) / np.float32(2) > 0
