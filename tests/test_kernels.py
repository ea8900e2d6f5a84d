"""Every compiled kernel against the function that defines it, and the switch between the two."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lincoln import functional, kernels

needs_kernels = pytest.mark.skipif(not kernels.active(), reason=f"kernels are {kernels.status()}")
TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-11}

ONE = ["log_softmax", "relu", "sigmoid", "silu", "softmax"]
TWO = [
    "log_softmax_backward",
    "relu_backward",
    "sigmoid_backward",
    "silu_backward",
    "softmax_backward",
    "tanh_backward",
]
VECTORS = {
    "adam": (4, (3, 0.01, 0.9, 0.999, 1e-8)),
    "sgd": (2, (0.1,)),
    "sgd_momentum": (3, (0.1, 0.9, True)),
}
OTHERS = [
    "add_bias",
    "add_bias_relu",
    "batch_norm",
    "batch_norm_backward",
    "column_sums",
    "total",
    "label_range",
    "layer_norm",
    "layer_norm_backward",
    "rectifier_network",
    "rectifier_network_backward",
    "relu_backward_sums",
    "sigmoid_nll",
    "sigmoid_nll_grad",
    "softmax_nll",
    "softmax_nll_grad",
    "take_rows",
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
    fast = getattr(functional, name)
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
        agree(fast(a), plain(a))


@needs_kernels
@pytest.mark.parametrize("name", TWO)
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_a_kernel_of_two_arrays_answers_as_its_function(name, data, dtype, shape):
    fast, plain = pair(name)
    a, g = data.draw(numbers(dtype, shape, special=True, width=1.0)), data.draw(numbers(dtype, shape, special=True))
    with np.errstate(all="ignore"):
        agree(fast(a, g), plain(a, g), size=largest(a) ** 2 * largest(g))


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
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_cross_entropy_and_its_gradient_answer_as_their_functions(data, dtype, shape):
    a = data.draw(numbers(dtype, shape, special=True))
    labels = data.draw(hnp.arrays(np.int64, shape[:1], elements=st.integers(0, shape[1] - 1)))
    fast, plain = pair("softmax_nll")
    with np.errstate(all="ignore"):
        losses, p = fast(a, labels)
        other_losses, other_p = plain(a, labels)
    agree(losses, other_losses)
    agree(p, other_p)
    fast, plain = pair("softmax_nll_grad")
    scale = data.draw(st.sampled_from([1.0, 0.125]))
    agree(fast(p, labels, scale), plain(p, labels, scale))
    fast, plain = pair("value_range")
    assert fast(p) == plain(p) or np.isnan(p).any()
    fast, plain = pair("label_range")
    assert fast(labels) == plain(labels)


@needs_kernels
@rounds
@given(data=st.data(), dtype=dtypes, widths=st.lists(st.integers(1, 9), min_size=2, max_size=4), n=st.integers(1, 40))
def test_small_networks_answer_as_their_functions(data, dtype, widths, n):
    size = sum((n_in + 1) * n_out for n_in, n_out in pairwise(widths))
    # NaN times a matrix of one number that is 0 is NaN here, and 0 in the BLAS: no such matrices, of weights or of x
    x = data.draw(numbers(dtype, (n, widths[0]), special=n > 1, width=2.0))
    value = data.draw(numbers(dtype, (size,), width=2.0))
    value[value == 0.0] = 1.0
    output_grad = data.draw(numbers(dtype, (n, widths[-1])))
    fast, plain = pair("rectifier_network")
    with np.errstate(all="ignore"):
        output, units = fast(x, value, np.array(widths))
        other_output, other_units = plain(x, value, np.array(widths))
        _, added = plain(abs(x), abs(value), np.array(widths))
    close(output, other_output, added=added)
    close(units, other_units, added=added)
    fast, plain = pair("rectifier_network_backward")
    grad, other_grad, added = np.full((3, size), np.nan, dtype)
    with np.errstate(all="ignore"):
        fast(other_units, output_grad, value, grad, np.array(widths))
        plain(other_units, output_grad, value, other_grad, np.array(widths))
        plain(abs(other_units), abs(output_grad), abs(value), added, np.array(widths))
    close(grad, other_grad, added=added)


@needs_kernels
@rounds
@given(data=st.data(), dtype=dtypes, shape=shapes)
def test_binary_cross_entropy_and_its_gradient_answer_as_their_functions(data, dtype, shape):
    a = data.draw(numbers(dtype, shape, width=1e4))
    labels = data.draw(hnp.arrays(dtype, shape, elements=st.sampled_from([0.0, 1.0, 0.25])))
    fast, plain = pair("sigmoid_nll")
    for one, other in zip(fast(a, labels), plain(a, labels), strict=True):
        agree(one, other)
    fast, plain = pair("sigmoid_nll_grad")
    agree(fast(a, labels, 0.5), plain(a, labels, 0.5))


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
    fast, plain = pair("add_bias_relu")
    fast(one, bias)
    plain(other, bias)
    agree(one, other)
    fast, plain = pair("relu_backward_sums")
    (grad, other_grad), (sums, other_sums) = (a.copy(), a.copy()), np.empty((2, shape[1]), dtype)
    fast(one, grad, sums)
    plain(other, other_grad, other_sums)
    agree(grad, other_grad)
    agree(sums, other_sums)


@needs_kernels
@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4), (2, 1, 3, 2)])
def test_other_numbers_of_axes_are_taken_as_rows(shape):
    a = np.random.default_rng(0).normal(size=shape)
    fast, plain = pair("sigmoid")
    agree(fast(a), plain(a))


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
        functional.softmax_nll(np.zeros((2, 3)), np.array([0, 3]))
    with pytest.raises(IndexError):
        functional.take_rows(np.zeros((2, 3)), np.array([0, 3]))


VECTOR, ROWS, LABELS = np.zeros(3), np.zeros((2, 3)), np.array([0, 1])
MISFITS = [
    *((name, (np.zeros((2, 9)), np.zeros((1, 9)))) for name in TWO),
    *((name, (np.zeros((2, 9)), np.zeros((2, 8)))) for name in TWO),
    ("sgd", (VECTOR, np.zeros(2), 0.1)),
    ("sgd_momentum", (VECTOR, VECTOR.copy(), np.zeros(2), 0.1, 0.9, True)),
    ("adam", (VECTOR, VECTOR.copy(), VECTOR.copy(), np.zeros(2), 1, 0.1, 0.9, 0.999, 1e-8)),
    ("add_bias", (ROWS, np.zeros(2))),
    ("add_bias_relu", (ROWS.copy(), np.zeros(2))),
    ("relu_backward_sums", (ROWS, ROWS.copy(), np.zeros(2))),
    ("relu_backward_sums", (ROWS, np.zeros((1, 3)), VECTOR.copy())),
    ("softmax_nll", (ROWS, np.array([0]))),
    ("softmax_nll_grad", (ROWS, np.array([0]), 1.0)),
    ("sigmoid_nll", (ROWS, np.zeros((2, 2)))),
    ("sigmoid_nll_grad", (ROWS, np.zeros((1, 3)), 1.0)),
    ("value_range", (np.zeros((0, 3)),)),
    ("label_range", (np.zeros(0, dtype=np.int64),)),
    ("batch_norm", (ROWS, np.zeros(2), VECTOR, 0.1)),
    ("batch_norm_backward", (ROWS, VECTOR, np.zeros(2), VECTOR, ROWS, 0.1)),
    ("layer_norm", (ROWS, VECTOR, np.zeros(2), 0.1)),
    ("layer_norm_backward", (ROWS, VECTOR, np.zeros(2), VECTOR, ROWS)),
    ("rectifier_network", (ROWS, np.zeros(7), np.array([3, 2]))),
    ("rectifier_network", (ROWS, np.zeros(6), np.array([2, 2]))),
    ("rectifier_network_backward", (np.zeros((5, 2)), np.zeros((2, 2)), np.zeros(8), np.zeros(7), np.array([3, 2]))),
    ("rectifier_network_backward", (np.zeros((5, 2)), np.zeros((2, 1)), np.zeros(8), np.zeros(8), np.array([3, 2]))),
    ("rectifier_network_backward", (np.zeros((4, 2)), np.zeros((2, 2)), np.zeros(8), np.zeros(8), np.array([3, 2]))),
]


@needs_kernels
@pytest.mark.parametrize(("name", "arguments"), MISFITS)
def test_a_kernel_refuses_arrays_that_do_not_fit_before_it_reads_them(name, arguments):
    with pytest.raises((ValueError, IndexError)):
        getattr(functional, name)(*arguments)


@needs_kernels
@pytest.mark.parametrize("name", ONE)
def test_a_kernel_of_one_array_bears_no_rows(name):
    fast, _ = pair(name)
    assert fast(np.zeros((0, 3))).shape == (0, 3)


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
