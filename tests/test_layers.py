"""The contract of every layer: gradients, the whole suite, PyTorch's numbers, and what each layer alone promises."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from cases import LAYER_CASES, Case, layer_oracle, relative_error, stored, without_row
from hypothesis import given, settings
from hypothesis import strategies as st

import lincoln as lnc
from lincoln import layers
from lincoln.check.contract_suite import contract_report
from lincoln.check.gradients import gradient_report
from lincoln.initializers import Constant

each_layer = pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
each_shape = pytest.mark.parametrize(
    ("case", "shape"),
    [pytest.param(case, shape, id=f"{case.name} on {shape}") for case in LAYER_CASES for shape in case.others],
)
few = settings(max_examples=25, deadline=None, derandomize=True, database=None)
sizes = st.integers(1, 5)
shapes = st.lists(sizes, min_size=2, max_size=4).map(tuple)


def test_every_public_layer_has_a_row_in_the_contract_table():
    assert without_row(layers.__all__, LAYER_CASES) == []


def test_a_public_layer_without_a_row_is_found():
    assert without_row([*layers.__all__, "Oscillator"], LAYER_CASES) == ["Oscillator"]


@each_layer
def test_gradients_agree_with_finite_differences(case: Case):
    report = gradient_report(case.layer, case.batch(case.input))
    assert report.ok, str(report)
    assert report.worst < 1e-6


@each_layer
def test_a_layer_keeps_the_whole_contract(case: Case):
    report = contract_report(case.layer, case.input, input=case.batch(case.input))
    assert report.ok, str(report)


@each_shape
def test_a_layer_keeps_the_contract_for_odd_shapes_too(case: Case, shape: tuple[int, ...]):
    report = contract_report(case.layer, shape, input=case.batch(shape))
    assert report.ok, str(report)


@each_layer
def test_numbers_equal_those_that_pytorch_gave(case: Case):
    _assert_equal_to_pytorch(case, stored("layers.npz", case.name))


@pytest.mark.big
@each_shape
def test_numbers_equal_pytorch_s_for_other_shapes(case: Case, shape: tuple[int, ...]):
    pytest.importorskip("torch")
    _assert_equal_to_pytorch(case, layer_oracle(case, shape))


def _assert_equal_to_pytorch(case: Case, right: dict[str, np.ndarray]) -> None:
    layer = case.fresh().build(right["input"].shape[1:], dtype="float64")
    layer.load_state_dict({name[6:]: value for name, value in right.items() if name.startswith("value.")})
    layer = layer.train() if case.training else layer.eval()
    mine = {"output": layer(right["input"]), "input_grad": layer.backward(right["output_grad"])}
    mine |= {f"grad.{name}": parameter.grad for name, parameter in layer.named_parameters()}
    mine |= {f"after.{name}": buffer.value for name, buffer in layer.named_buffers()}
    errors = {name: relative_error(array, right[name]) for name, array in mine.items()}
    assert max(errors.values()) < 1e-9, errors
    assert set(mine) == {name for name in right if not name.startswith("value.")} - {"input", "output_grad"}


# ---------------------------------------------------------------------- any shape


@few
@given(shapes, sizes, st.booleans())
def test_linear_is_right_for_any_shape(shape: tuple[int, ...], size: int, bias: bool):
    assert gradient_report(layers.Linear(size, bias=bias), input_shape=shape).worst < 1e-6


@few
@given(shapes)
def test_softmax_is_right_for_any_shape(shape: tuple[int, ...]):
    report = gradient_report(layers.Softmax(), input_shape=shape)
    assert report.ok, str(report)


@few
@given(shapes)
def test_log_softmax_is_right_for_any_shape(shape: tuple[int, ...]):
    report = gradient_report(layers.LogSoftmax(), input_shape=shape)
    assert report.ok, str(report)


@few
@given(shapes, st.lists(sizes, min_size=1, max_size=3))
def test_parallel_branches_are_right_for_any_shape(shape: tuple[int, ...], branches: list[int]):
    report = gradient_report(layers.Parallel(*map(layers.Linear, branches)), input_shape=shape)
    assert report.ok, str(report)


@few
@given(shapes, sizes, sizes)
def test_added_branches_are_right_for_any_shape(shape: tuple[int, ...], size: int, count: int):
    branches = [layers.Dense(size, "tanh") for _ in range(count)]
    report = gradient_report(layers.Parallel(*branches, combine="add"), input_shape=shape)
    assert report.ok, str(report)


# ---------------------------------------------------------------------- what single layers promise


def test_softmax_of_the_second_notebook_s_worked_example():
    softmax = layers.Softmax()
    output = softmax(np.array([[1.0, 2.0], [1.0, 1.0]]))
    input_grad = softmax.backward(np.array([[1.0, -1.0], [1.0, 1.0]]))
    np.testing.assert_allclose(output, [[0.26894142, 0.73105858], [0.5, 0.5]], atol=1e-8)
    np.testing.assert_allclose(input_grad, [[0.39322387, -0.39322387], [0.0, 0.0]], atol=1e-8)


@pytest.mark.parametrize("layer", [layers.Softmax(), layers.LogSoftmax()], ids=repr)
def test_softmax_never_compares_one_example_with_another(layer: layers.Layer):
    with pytest.raises(lnc.exc.DimensionError):
        copy.deepcopy(layer)(np.ones(3))


def test_dropout_drops_its_share_and_scales_the_rest():
    output = layers.Dropout(0.25, seed=0)(np.ones((100, 100)))
    kept = output[output != 0.0]
    np.testing.assert_allclose(kept, 1 / 0.75)
    assert abs(kept.size / output.size - 0.75) < 0.02


def test_dropout_sends_gradient_only_where_it_let_the_input_through():
    dropout = layers.Dropout(0.5, seed=0)
    output = dropout(np.ones((4, 6)))
    np.testing.assert_array_equal(dropout.backward(np.ones((4, 6))), output)


def test_dropout_draws_a_new_mask_for_every_batch():
    dropout = layers.Dropout(0.5, seed=0)
    first, second = dropout(np.ones((4, 6))), dropout(np.ones((4, 6)))
    assert not np.array_equal(first, second)


def test_dropout_lets_everything_through_in_evaluation():
    x = np.ones((4, 6))
    dropout = layers.Dropout(0.5, seed=0).eval()
    np.testing.assert_array_equal(dropout(x), x)
    np.testing.assert_array_equal(dropout.backward(2 * x), 2 * x)


def test_a_residual_of_zeros_is_the_identity():
    x = np.ones((2, 3))
    residual = layers.Residual(layers.Linear(3, weight_init=Constant(0.0)))
    np.testing.assert_array_equal(residual(x), x)


def test_reshape_accepts_integers_as_they_are():
    assert layers.Flatten()(np.zeros((2, 3, 4), dtype=np.int64)).dtype == np.int64


def test_linear_learns_its_number_of_features_from_the_first_batch():
    linear = layers.Linear(2)
    linear(np.ones((4, 3)))
    assert (linear.features, linear.W.shape, linear.B.shape) == (3, (3, 2), (2,))


def test_dense_shows_its_linear_layer_s_parameters():
    dense = layers.Dense(2, "relu").build(3)
    assert dense.W is dense[0].W
    assert dense.B is dense[0].B
    assert isinstance(dense.activation, layers.ReLU)
    assert layers.Dense(2, None).activation is None


def test_a_slice_of_a_network_is_a_network_of_the_same_layers():
    network = layers.Sequential(layers.Linear(3), layers.ReLU(), layers.Linear(1))
    part = network[:2]
    assert isinstance(part, layers.Sequential)
    assert list(part) == list(network)[:2]
    assert len(part) == 2
