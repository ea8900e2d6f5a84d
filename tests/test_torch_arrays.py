"""PyTorch tensors as arrays: tensors in, tensors out, in their dtype, with NumPy's numbers and without autograd."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from cases import LAYER_CASES, LOSS_CASES, Case, LossCase, relative_error
from user_layers import Block, Scale, Swish

import lincoln as lnc
from lincoln import exc, layers, losses
from lincoln.check.contract_suite import contract_report
from lincoln.check.gradients import gradient_report

pytestmark = pytest.mark.big
each_layer = pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
each_loss = pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
each_dtype = pytest.mark.parametrize(("dtype", "digits"), [("float32", 2e-6), ("float64", 1e-12)])


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch")


@pytest.fixture
def handed_out_as_torch(torch: ModuleType) -> Iterator[None]:
    lnc.arrays.use("torch")
    yield
    lnc.arrays.use("numpy")


def batch(shape: tuple[int, ...], dtype: str, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def is_plain(torch: ModuleType, tensor: Any, dtype: str) -> bool:
    """A tensor of that dtype, on no graph."""
    return isinstance(tensor, torch.Tensor) and tensor.dtype == getattr(torch, dtype) and not tensor.requires_grad


@each_layer
@each_dtype
def test_a_layer_computes_with_tensors_what_it_computes_with_numpy(torch, case: Case, dtype: str, digits: float):
    ours, theirs = (lnc.Sequential(case.fresh(), seed=0) for _ in range(2))
    x = case.batch(case.input).astype(dtype)
    output = ours(x)
    tensor = theirs(torch.tensor(x))
    grad = batch(output.shape, dtype, seed=1)
    input_grad = theirs.backward(torch.tensor(grad))
    right = {"output": output, "input_grad": ours.backward(grad)} | {n: p.grad for n, p in ours.named_parameters()}
    mine = {"output": tensor, "input_grad": input_grad} | {n: p.grad for n, p in theirs.named_parameters()}
    assert mine.keys() == right.keys()
    assert all(is_plain(torch, array, dtype) for array in mine.values())
    assert {name: relative_error(mine[name], right[name]) < digits for name in right} == dict.fromkeys(right, True)


@each_layer
def test_a_layer_keeps_the_whole_contract_with_tensors(torch, case: Case):
    report = contract_report(case.layer, case.input, input=torch.tensor(case.batch(case.input)))
    assert report.ok, str(report)


@each_loss
@each_dtype
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_loss_computes_with_tensors_what_it_computes_with_numpy(
    torch, case: LossCase, dtype: str, digits: float, reduction: str
):
    rng = np.random.default_rng(0)
    predictions = case.predictions(rng, 4).astype(dtype)
    labels, weights = case.labels(rng, predictions.shape), np.array([1.0, 2.0, 0.0, 0.5])
    loss = case.loss(layers.Sequential(), reduction=reduction)
    right, right_grad = loss(predictions, labels, weights), loss.gradient()
    value = loss(torch.tensor(predictions), torch.tensor(labels), torch.tensor(weights))
    grad = loss.gradient()
    assert type(value) is float
    assert value == pytest.approx(right, rel=10 * digits)
    assert is_plain(torch, grad, dtype)
    assert relative_error(grad, right_grad) < digits


@each_loss
def test_a_loss_takes_numpy_labels_for_a_network_of_tensors(torch, case: LossCase):
    rng = np.random.default_rng(0)
    predictions = case.predictions(rng, 4)
    labels = case.labels(rng, predictions.shape)
    loss = case.loss(layers.Sequential())
    right = loss(predictions, labels)
    assert loss(torch.tensor(predictions), labels) == pytest.approx(right, rel=1e-12)


@each_loss
def test_gradients_with_tensors_agree_with_finite_differences(torch, case: LossCase):
    x = batch((4, 6), "float64")
    labels = case.labels(np.random.default_rng(0), (4, case.outputs))
    report = gradient_report(case.loss(case.network()), torch.tensor(x), torch.tensor(labels))
    assert report.ok, str(report)


@pytest.mark.parametrize("make", [Swish, Scale, lambda: Block(layers.Linear(3), layers.Linear(4))])
def test_a_user_s_layer_written_for_any_library_runs_with_tensors(torch, make):
    report = contract_report(make(), (5, 4), input=torch.tensor(batch((5, 4), "float64")))
    assert report.ok, str(report)


def test_parameters_are_views_into_one_tensor(torch):
    network = lnc.Sequential(layers.Dense(3, "relu"), layers.Linear(1), seed=0)
    network(torch.ones((2, 4)))
    network.vector.value.fill_(0.5)
    assert bool((network[0].W.value == 0.5).all())
    assert network.vector.value.shape == (19,)


def test_a_start_is_the_same_with_tensors_and_with_numpy(torch):
    one, two = (lnc.Sequential(layers.Dense(3), layers.Linear(1), seed=4) for _ in range(2))
    one(torch.ones((2, 4)))
    two(np.ones((2, 4), dtype=np.float32))
    np.testing.assert_array_equal(one.vector.value, two.vector.value)


def test_tensors_that_want_gradients_leave_no_graph(torch):
    x = torch.ones((2, 4), requires_grad=True)
    network = lnc.Sequential(layers.Dense(3, "relu"), layers.Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    loss(x, torch.zeros(2))
    loss.backward()
    assert not network.output.requires_grad
    assert not any(parameter.grad.requires_grad or parameter.value.requires_grad for parameter in network.parameters())
    assert x.grad is None


def test_labels_that_want_gradients_leave_no_graph(torch):
    loss = losses.MeanSquaredError(layers.Linear(1, seed=0))
    loss(torch.ones((2, 4)), torch.zeros(2, requires_grad=True))
    assert not loss.gradient().requires_grad


def test_the_global_generator_of_pytorch_is_left_alone(torch):
    before = torch.get_rng_state()
    network = lnc.Sequential(layers.Dense(3), layers.Dropout(0.5), layers.Linear(1))
    network(torch.ones((2, 4)))
    network.backward(torch.ones((2, 1)))
    gradient_report(network, torch.ones((2, 4)))
    assert torch.equal(torch.get_rng_state(), before)


def test_an_input_of_another_library_is_refused(torch):
    network = lnc.Sequential(layers.Linear(2)).build(3)
    with pytest.raises(exc.MatchError) as caught:
        network(torch.ones((2, 3)))
    assert caught.value.saw == "an input of torch, the parameters are of numpy"
    network(torch.ones((2, 3)).numpy())


def test_a_state_goes_from_numpy_to_tensors_and_back(torch):
    numpy_network = lnc.Sequential(layers.Dense(3), seed=1).build(4)
    tensor_network = lnc.Sequential(layers.Dense(3), seed=2)
    tensor_network(torch.ones((1, 4)))
    tensor_network.load_state_dict(numpy_network.state_dict())
    state = tensor_network.state_dict()
    assert {type(value) for value in state.values()} == {np.ndarray}
    np.testing.assert_equal(numpy_network.load_state_dict(state).state_dict(), state)


def test_values_and_state_may_be_given_as_tensors(torch):
    network = lnc.Sequential(layers.Linear(2)).build(3)
    network[0].W.value = torch.ones((3, 2))
    network.load_state_dict({"0.W": torch.zeros((3, 2)), "0.B": torch.ones(2)})
    np.testing.assert_array_equal(network[0].B.value, [1.0, 1.0])


def test_build_hands_out_what_arrays_use_asks_for(torch, handed_out_as_torch: None):
    network = lnc.Sequential(layers.Dense(3), seed=0).build(4)
    assert is_plain(torch, network.vector.value, "float32")
    assert contract_report(layers.Linear(2), (3, 4)).ok


def test_a_network_of_tensors_goes_back_in_its_own_dtype(torch):
    network = lnc.Sequential(layers.Linear(3), layers.Linear(1), seed=0)
    network(torch.ones((2, 4)))
    assert is_plain(torch, network.backward(torch.ones((2, 1), dtype=torch.float64)), "float32")


def test_a_tensor_of_integers_is_converted(torch):
    assert is_plain(torch, layers.Linear(2)(torch.ones((2, 3), dtype=torch.int64)), "float32")


def test_a_tensor_of_complex_numbers_is_refused(torch):
    with pytest.raises(exc.DataError, match="an input of complex"):
        layers.Linear(2)(torch.ones((2, 3), dtype=torch.complex64))


def test_a_network_of_tensors_in_half_precision_stays_in_it(torch):
    assert is_plain(torch, layers.Dense(2, "relu")(torch.ones((2, 3), dtype=torch.bfloat16)), "bfloat16")
