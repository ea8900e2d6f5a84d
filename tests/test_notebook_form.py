"""Layers and losses in the notebooks' form, with NumPy arrays and with PyTorch tensors, among the library's own."""

from __future__ import annotations

import copy
import pickle
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from user_layers import BareLinear, BareLogLoss, BareSigmoid, BareSquares, Swish

import lincoln as lnc
from lincoln import exc, layers, losses
from lincoln.check.contract_suite import contract_report
from lincoln.check.gradients import gradient_report

DRAW = np.random.default_rng(0)
FEATURES, LABELS = DRAW.normal(size=(8, 3)), DRAW.integers(0, 2, size=(8, 1))


def data(xp: ModuleType, dtype: str = "float64") -> tuple[Any, Any]:
    return xp.asarray(FEATURES, dtype=getattr(xp, dtype)), xp.asarray(LABELS, dtype=getattr(xp, dtype))


def bare() -> lnc.Sequential:
    return lnc.Sequential(BareLinear(4), layers.Tanh(), BareLinear(1), BareSigmoid())


def own(xp: ModuleType) -> lnc.Sequential:
    """The library's layers with the numbers of `bare`."""
    bare_one, x = bare(), data(xp)[0]
    bare_one(x)
    network = lnc.Sequential(layers.Linear(4), layers.Tanh(), layers.Linear(1), layers.Sigmoid())
    network(x)
    for mine, theirs in ((network[0], bare_one[0]), (network[2], bare_one[2])):
        mine.W.value, mine.B.value = theirs.W, theirs.B.reshape(-1)
    return network


def test_a_network_of_notebook_layers_computes_what_the_library_s_own_does(xp: ModuleType):
    x, y = data(xp)
    theirs, mine = losses.LogLoss(bare()), losses.LogLoss(own(xp))
    assert theirs(x, y) == pytest.approx(mine(x, y), rel=1e-12)
    theirs.backward()
    mine.backward()
    theirs.network.vector.collect()
    np.testing.assert_allclose(theirs.network.vector.grad, mine.network.vector.grad, rtol=1e-9)
    assert type(theirs.network.vector.grad) is type(x)


def test_parameters_appear_with_the_first_batch(xp: ModuleType):
    network = bare()
    assert list(network.parameters()) == []
    network(data(xp)[0])
    assert [parameter.shape for parameter in network.parameters()] == [(3, 4), (1, 4), (4, 1), (1, 1)]
    assert [name for name, _ in network.named_parameters()] == ["0.0", "0.1", "2.0", "2.1"]


@pytest.mark.parametrize("loss_class", [losses.LogLoss, losses.MeanSquaredError, BareLogLoss, BareSquares])
def test_a_step_on_the_flat_vector_reaches_the_layer_s_own_arrays(xp: ModuleType, loss_class: type[lnc.Loss]):
    x, y = data(xp)
    loss = loss_class(bare())
    values = []
    for _ in range(20):
        values.append(loss(x, y))
        loss.backward()
        vector = loss.network.vector
        vector.collect()
        vector.value -= 0.05 * vector.grad
        vector.release()
    assert values[-1] < 0.9 * values[0]
    assert [type(value) for value in values] == [float] * 20


@pytest.mark.parametrize(("theirs", "right"), [(BareLogLoss, losses.LogLoss), (BareSquares, losses.MeanSquaredError)])
def test_a_notebook_loss_computes_what_the_library_s_own_does(xp: ModuleType, theirs: Any, right: Any):
    x, y = data(xp)
    one, two = theirs(own(xp)), right(own(xp))
    assert one(x, y) == pytest.approx(two(x, y), rel=1e-6)
    one.backward()
    two.backward()
    np.testing.assert_allclose(one.network.vector.grad, two.network.vector.grad, rtol=1e-6)
    assert (one.total, one.count) == pytest.approx((two.total, two.count), rel=1e-6)


def test_a_notebook_loss_may_be_run_by_forward(xp: ModuleType):
    x, y = data(xp)
    loss = BareSquares(own(xp))
    assert loss.forward(x, y) == loss(x, y)
    loss.forward(x, y)
    loss.backward()
    assert bool((loss.network[0].W.grad != 0).all())


def test_gradients_of_notebook_layers_can_be_looked_at_after_backward(xp: ModuleType):
    x, y = data(xp)
    loss = BareSquares(bare())
    loss(x, y)
    loss.backward()
    for mine, right in zip(loss.network.grads(), (*loss.network[0].grads(), *loss.network[2].grads()), strict=True):
        np.testing.assert_array_equal(mine, right)


def test_a_state_holds_what_the_layer_itself_has_changed(xp: ModuleType):
    x, _ = data(xp)
    network = bare()
    network(x)
    network[0].W[...] = 7.0
    assert (network.state_dict()["0.0"] == 7.0).all()


def test_a_state_is_loaded_into_the_layer_s_own_arrays(xp: ModuleType):
    x, _ = data(xp)
    one, two = bare(), bare()
    one(x)
    one[0].W[...] = 7.0
    two(x)
    two.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(two(x), one(x))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_copy_of_notebook_layers_learns_alone(xp: ModuleType, copied: Any):
    x, _ = data(xp)
    network = bare()
    before = np.asarray(network(x))
    other = copied(network)
    np.testing.assert_array_equal(other(x), before)
    other.vector.value[...] = 0.0
    other.vector.release()
    np.testing.assert_array_equal(other(x), np.full((8, 1), 0.5))
    np.testing.assert_array_equal(network(x), before)


def test_gradients_of_notebook_layers_and_losses_are_checked(xp: ModuleType):
    x, y = data(xp)
    assert gradient_report(bare(), x).ok
    assert gradient_report(BareLogLoss(bare()), x, y).ok
    assert gradient_report(BareSquares(bare()), x, y).ok


def test_a_wrong_gradient_of_a_notebook_layer_is_found(xp: ModuleType):
    class Mean(BareLinear):
        def backward(self, output_grad):
            input_grad = super().backward(output_grad)
            self.slopes["W"] = self.slopes["W"] / len(output_grad)
            return input_grad

    report = gradient_report(Mean(2), data(xp)[0])
    assert [row.name for row in report.rows if not row.ok] == ["0"]
    assert "a mean over the batch for a sum" in report.rows[1].cause


def test_a_notebook_layer_keeps_the_contract(xp: ModuleType):
    x = data(xp)[0]
    for layer in (BareLinear(2), BareSigmoid(), Swish()):
        report = contract_report(layer, tuple(x.shape), input=x)
        assert report.ok, str(report)


def test_a_notebook_layer_computes_in_float32(xp: ModuleType):
    x, y = data(xp, "float32")
    loss = losses.LogLoss(bare())
    loss(x, y)
    loss.backward()
    assert {str(array.dtype).rpartition(".")[2] for array in loss.network[0].slopes.values()} == {"float32"}


def test_an_error_of_one_string_passes_through_with_the_way_to_its_layer(xp: ModuleType):
    network = bare()
    network(data(xp)[0])
    with pytest.raises(exc.MatchError, match="3 features are wanted, not 2") as caught:
        network(data(xp)[0][:, :2])
    assert caught.value.message == "3 features are wanted, not 2"
    assert caught.value.__notes__ == ["in Sequential[0], BareLinear 4"]


def test_an_error_of_one_string_in_the_first_batch_leaves_the_layer_as_it_was(xp: ModuleType):
    network = bare()
    x = data(xp)[0]
    with pytest.raises(exc.DimensionError, match="a matrix is wanted, not 3 dimensions"):
        network(x[None])
    assert network(x).shape == (8, 1)


def test_a_notebook_layer_is_guarded_by_the_library_too(xp: ModuleType):
    x = data(xp)[0]
    with pytest.raises(exc.BackwardError) as before:
        BareSigmoid().backward(x)
    sigmoid = BareSigmoid()
    sigmoid(x)
    with pytest.raises(exc.MatchError) as other:
        sigmoid.backward(x[:, :1])
    assert (before.value.code, other.value.code) == ("LN120", "LN121")


def test_a_notebook_layer_predicts_under_inference(xp: ModuleType):
    x = data(xp)[0]
    network = bare()
    expected = np.asarray(network(x))
    network.forget()
    with lnc.inference():
        np.testing.assert_array_equal(network(x), expected)
    assert (network[0].last_input, network[3].output) == (None, None)


def test_a_notebook_layer_built_under_inference_holds_no_data(xp: ModuleType):
    network = bare()
    with lnc.inference():
        network(data(xp)[0])
    assert [network[i].last_input for i in range(4)] == [None] * 4


def test_parameters_of_notebook_layers_can_be_frozen_and_counted(xp: ModuleType):
    network = bare()
    network(data(xp)[0])
    network[0].freeze()
    assert [parameter.frozen for parameter in network.parameters()] == [True, True, False, False]
    assert network.summary().splitlines()[-1].split() == ["total", "21", "0"]
    assert "its own, its own" in network.summary()


def test_without_a_backward_pass_a_notebook_layer_brings_no_gradient(xp: ModuleType):
    network = bare()
    network(data(xp)[0])
    network.vector.collect()
    assert not np.any(np.asarray(network.vector.grad))


def test_a_cleared_gradient_of_a_notebook_layer_does_not_come_back(xp: ModuleType):
    x, y = data(xp)
    loss = BareSquares(bare())
    loss(x, y)
    loss.backward()
    loss.network.clear_grad()
    loss.network.vector.collect()
    assert not np.any(np.asarray(loss.network.vector.grad))


def test_a_notebook_loss_counts_labels_given_as_a_list():
    loss = BareSquares(layers.Sequential())
    assert loss(np.array([[1.0], [3.0]]), [[0.0], [0.0]]) == 10.0
    assert (loss.total, loss.count) == (10.0, 2.0)
