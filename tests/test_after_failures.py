"""After something went wrong, nothing is left behind that a later step would silently use."""

from __future__ import annotations

import numpy as np
import pytest

import lincoln as lnc
from lincoln import exc, functional, kernels, layers, losses, optim

X = np.random.default_rng(0).normal(size=(6, 3))
Y = np.array([0, 1, 0, 1, 0, 1])
needs_kernels = pytest.mark.skipif(not kernels.active(), reason=f"kernels are {kernels.status()}")


class Fuse(lnc.Layer):
    """The identity, until it is told to fail."""

    broken = ""

    def forward(self, input):
        if self.broken == "forward":
            raise RuntimeError("forward")
        return input * 1.0

    def backward(self, output_grad):
        if self.broken == "backward":
            raise RuntimeError("backward")
        return output_grad * 1.0


class Clamp(lnc.Layer):
    """A ReLU that writes into its input and into its gradient."""

    def forward(self, input):
        input[input < 0] = 0
        return input

    def backward(self, output_grad):
        output_grad[self.last_input <= 0] = 0
        return output_grad


def fused():
    fuse = Fuse()
    network = lnc.Sequential(layers.Linear(4), fuse, layers.Linear(2), seed=0)
    return fuse, network, losses.SoftmaxCrossEntropy(network)


def test_a_batch_that_the_loss_refuses_leaves_nothing_to_go_back_through():
    _, _, loss = fused()
    loss(X, Y)
    with pytest.raises(exc.DataError):
        loss(X[::-1], Y + 5)
    with pytest.raises(exc.BackwardError):
        loss.backward()


def test_a_pass_that_fails_half_way_leaves_nothing_to_go_back_through():
    fuse, network, _ = fused()
    network(X)
    fuse.broken = "forward"
    with pytest.raises(RuntimeError):
        network(X[::-1])
    with pytest.raises(exc.BackwardError):
        network.backward(np.ones((6, 2)))


def test_a_backward_pass_that_fails_leaves_no_half_of_a_gradient():
    fuse, network, loss = fused()
    loss(X, Y)
    loss.backward()
    right = network.vector.grad.copy()
    network.clear_grad()
    fuse.broken = "backward"
    loss(X, Y)
    with pytest.raises(RuntimeError):
        loss.backward()
    fuse.broken = ""
    loss(X, Y)
    loss.backward()
    np.testing.assert_array_equal(network.vector.grad, right)


def test_forward_may_be_called_by_its_name_batch_after_batch():
    _, network, loss = fused()
    optimizer = optim.SGD(network)
    for _ in range(3):
        loss.forward(X, Y)
        loss.backward()
        optimizer.step()
    assert optimizer.steps == 3


def test_a_warning_that_is_an_error_does_not_switch_the_check_off():
    class Wrong(lnc.Layer):
        def forward(self, input):
            return input * 2

        def backward(self, output_grad):
            return output_grad

    loss = losses.MeanSquaredError(lnc.Sequential(Wrong(), layers.Linear(1), seed=0))
    for _ in range(2):
        loss(X, X[:, 0])
        with pytest.raises(exc.GradientWarning):
            loss.backward()


def test_a_layer_that_writes_into_its_input_is_found_by_both_checks():
    report = lnc.check.contract_suite.contract_report(Clamp(), (4, 3))
    assert "inputs left unchanged" in [name for name, problem in report.rows if problem]
    loss = losses.MeanSquaredError(lnc.Sequential(layers.Linear(4), Clamp(), layers.Linear(1), seed=0))
    loss(X, X[:, 0])
    with pytest.raises(exc.GradientWarning, match="in place"):
        loss.backward()


def test_a_twin_of_a_dropout_that_is_not_built_draws_by_itself():
    twin = layers.Dropout(0.5).twin()
    assert twin(np.ones((2, 50))).std() > 0


def test_a_batch_whose_class_weights_are_all_zero_counts_for_nothing():
    network = layers.Linear(2, seed=0)
    loss = losses.SoftmaxCrossEntropy(network, class_weight=[0.0, 1.0], reduction="mean")
    assert loss(X[:2], np.array([0, 0])) == 0.0
    loss.backward()
    assert not network.W.grad.any()


def test_judging_leaves_nothing_on_the_loss():
    _, network, loss = fused()
    trainer = lnc.models.Trainer(loss, optim.SGD(network))
    trainer.evaluate([(X, Y)])
    assert set(vars(loss)) & set(loss.records) == set()


@pytest.mark.parametrize(("asked", "patience"), [(True, 10), (False, None), (3, 3)])
def test_early_stopping_is_asked_for_by_a_patience_or_by_yes_and_no(asked, patience):
    from lincoln.models.model import _stopping

    stopping = _stopping(asked)
    assert (stopping.patience if stopping else None) == patience


@needs_kernels
@pytest.mark.parametrize("name", ["sgd", "add_bias"])
def test_a_kernel_does_not_write_into_read_only_memory(name):
    arguments = {"sgd": (np.zeros(2), np.ones(2), 0.5), "add_bias": (np.zeros((1, 2)), np.ones(2))}[name]
    arguments[0].flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        getattr(functional, name)(*arguments)
    assert not arguments[0].any()


@needs_kernels
@pytest.mark.parametrize("name", ["relu", "sigmoid", "softmax", "column_sums"])
def test_a_kernel_does_not_misread_another_order_of_bytes(name):
    a = np.array([[1.0, -2.0, 3.0]])
    function = getattr(functional, name)
    np.testing.assert_allclose(function(a.astype(a.dtype.newbyteorder())), function(a))


@needs_kernels
@pytest.mark.parametrize("shape", [(0,), (2, 0), (2, 3, 0), (0, 3)])
def test_a_kernel_bears_empty_arrays(shape):
    assert functional.relu(np.zeros(shape)).shape == shape


@needs_kernels
def test_arguments_may_be_named():
    a = np.array([[1.0, -2.0]])
    np.testing.assert_array_equal(functional.relu(a=a), functional.relu(a))
    np.testing.assert_array_equal(functional.relu_backward(a, output_grad=a), functional.relu_backward(a, a))
