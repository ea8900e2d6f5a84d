"""Plain networks in training: what goes through no layer gives what the layers give."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from lincoln.models.plain import PlainNetwork

import lincoln as lnc
from lincoln import Dense, Sequential, layers, losses, optim
from lincoln.models import Trainer, plain

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5)).astype(np.float32)
CLASSES = RNG.integers(0, 3, 12)
YES = RNG.integers(0, 2, (12, 3))
VALUES = RNG.normal(size=(12, 3)).astype(np.float32)
WEIGHTS = np.arange(12.0)


def network(*, dtype="float32"):
    return Sequential(Dense(7, "relu"), Dense(4, "relu"), layers.Linear(3), seed=0).build(5, dtype=dtype)


LOSSES = [
    (lambda net: losses.SoftmaxCrossEntropy(net), CLASSES),
    (lambda net: losses.SoftmaxCrossEntropy(net, reduction="mean", class_weight=[1.0, 2.0, 0.5]), CLASSES),
    (lambda net: losses.SoftmaxCrossEntropy(net, label_smoothing=0.1), CLASSES[:, None]),
    (lambda net: losses.SigmoidCrossEntropy(net, reduction="mean"), YES),
    (lambda net: losses.MeanSquaredError(net), VALUES),
    (lambda net: losses.Huber(net, reduction="mean"), VALUES),
    (lambda net: losses.Poisson(net), YES),
]


def learn(way, loss, *batch):
    value = way(*batch)
    way.backward()
    grad = loss.network.vector.grad.copy()
    loss.network.vector.release()
    return value, loss.total, loss.count, grad


@pytest.mark.parametrize("most", [plain._MOST, 0], ids=["small", "large"])
@pytest.mark.parametrize("weights", [(), (WEIGHTS,)], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(("make", "labels"), LOSSES)
def test_a_plain_network_learns_what_its_layers_would(make, labels, weights, most, monkeypatch):
    monkeypatch.setattr(plain, "_MOST", most)
    loss = make(network())
    whole = PlainNetwork(loss)
    got = learn(whole, loss, X, labels, *weights)
    assert loss.network.output is None  # the layers have not been asked
    expected = learn(loss, loss, X, labels, *weights)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("most", [plain._MOST, 0], ids=["small", "large"])
def test_in_float64_they_agree_to_rounding(most, monkeypatch):
    monkeypatch.setattr(plain, "_MOST", most)
    loss = losses.SoftmaxCrossEntropy(network(dtype="float64"))
    got = learn(PlainNetwork(loss), loss, X.astype(np.float64), CLASSES)
    expected = learn(loss, loss, X.astype(np.float64), CLASSES)
    np.testing.assert_allclose(got[3], expected[3], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("most", [plain._MOST, 0], ids=["small", "large"])
def test_training_takes_the_same_way(most, monkeypatch):
    monkeypatch.setattr(plain, "_MOST", most)
    batches = [(X, CLASSES), (X[:7], CLASSES[:7])]
    one, other = network(), network()
    list(Trainer(losses.SoftmaxCrossEntropy(one), optim.Adam(one, lr=0.01)).epochs(batches, epochs=20))
    with lnc.recording():
        list(Trainer(losses.SoftmaxCrossEntropy(other), optim.Adam(other, lr=0.01)).epochs(batches, epochs=20))
    assert one.output is None
    assert other.output is not None
    np.testing.assert_allclose(one.vector.value, other.vector.value, rtol=2e-3, atol=1e-4)


def test_a_frozen_parameter_stays():
    net = network()
    net[0].freeze()
    before = net[0].W.value.copy()
    list(Trainer(losses.SoftmaxCrossEntropy(net), optim.SGD(net, lr=0.1)).epochs([(X, CLASSES)]))
    np.testing.assert_array_equal(net[0].W.value, before)
    assert np.any(net[2].W.value != network()[2].W.value)


def goes_by_layers(loss, x=X, y=CLASSES):
    loss.forget()
    PlainNetwork(loss)(x, y)
    return loss.network.output is not None


class Own(losses.SoftmaxCrossEntropy):
    def forward(self, input, labels, weights=None):
        return super().forward(input, labels, weights)


TWIN = layers.Linear(5)
OTHERS = [
    Sequential(Dense(7, "tanh"), layers.Linear(3)),
    Sequential(Dense(7, "relu"), layers.Dropout(0.5), layers.Linear(3)),
    Sequential(Dense(7, "relu"), layers.Linear(3), layers.Linear(3)),
    Sequential(Dense(7, "relu"), layers.Linear(3, bias=False)),
    Sequential(TWIN, layers.ReLU(), TWIN.twin(), layers.ReLU(), layers.Linear(3)),
    lnc.Residual(layers.Linear(5)),
]


@pytest.mark.parametrize("net", OTHERS, ids=repr)
def test_other_networks_go_through_their_layers(net):
    loss = losses.SoftmaxCrossEntropy(net)
    loss(X, CLASSES)
    assert goes_by_layers(loss)


def test_what_is_not_plain_goes_through_the_layers():
    loss = losses.SoftmaxCrossEntropy(network())
    assert not goes_by_layers(loss)
    assert not goes_by_layers(loss, np.tile(X, (2000, 1)), np.tile(CLASSES, 2000))
    assert goes_by_layers(loss, X.astype(np.float64))
    assert goes_by_layers(loss, np.asfortranarray(X))
    assert goes_by_layers(Own(network()))
    with lnc.recording():
        assert goes_by_layers(loss)


def test_a_first_batch_builds_the_network_through_its_layers():
    loss = losses.SoftmaxCrossEntropy(Sequential(Dense(7, "relu"), layers.Linear(3), seed=0))
    assert goes_by_layers(loss)
    assert loss.network.built


def test_mistakes_are_refused_as_the_layers_refuse_them():
    loss = losses.SoftmaxCrossEntropy(network())
    whole = PlainNetwork(loss)
    with pytest.raises(lnc.exc.DataError, match="LN137"):
        whole(X, CLASSES + 1)
    with pytest.raises(lnc.exc.BackwardError):
        whole.backward()
    with pytest.raises(lnc.exc.MatchError, match="LN103"):
        whole(X[:, :4], CLASSES)


def test_a_loss_does_not_go_back_through_layers_that_have_seen_nothing():
    loss = losses.SoftmaxCrossEntropy(network())
    list(Trainer(loss, optim.SGD(loss.network, lr=0.1)).epochs([(X, CLASSES)]))
    with pytest.raises(lnc.exc.BackwardError, match="LN146"):
        loss.backward()


def test_a_loss_that_is_not_finite_is_traced_to_its_place():
    net = network()
    net[1][0].W.value = np.full(net[1][0].W.shape, np.inf)
    with pytest.raises(lnc.exc.TrainingError, match="first not finite: network"):
        list(Trainer(losses.SoftmaxCrossEntropy(net), optim.SGD(net, lr=0.1)).epochs([(X, CLASSES)]))


def test_a_layer_with_a_forward_put_on_the_object_is_called():
    net, seen = network(), []
    formula = net[0].forward
    net[0].forward = lambda input: (seen.append(input), formula(input))[1]
    assert goes_by_layers(losses.SoftmaxCrossEntropy(net))
    assert len(seen) == 1


class Weighted(losses.Loss):
    def value(self, predictions, labels):
        return (predictions - labels) ** 2 * abs(self.network.last_input[:, :1])

    def derivative(self, predictions, labels):
        return 2 * (predictions - labels) * abs(self.network.last_input[:, :1])


def test_a_loss_of_ones_own_finds_what_the_layers_record():
    net = network()
    assert goes_by_layers(Weighted(net), y=VALUES)
    list(Trainer(Weighted(net), optim.SGD(net, lr=0.001)).epochs([(X, VALUES)], epochs=2))


def custom(derivative):
    loss = losses.Custom(network(), value=lambda p, y: (p - y) ** 2, derivative=derivative)
    return loss, PlainNetwork(loss)


def test_a_derivative_of_another_dtype_is_taken_in_the_networks_own():
    loss, whole = custom(lambda p, y: np.float64(2) * (p - y).astype(np.float64))
    got, expected = learn(whole, loss, X, VALUES), learn(loss, loss, X, VALUES)
    np.testing.assert_allclose(got[3], expected[3], rtol=1e-5, atol=1e-6)


def test_a_derivative_of_another_shape_is_refused():
    _, whole = custom(lambda p, y: (p - y).sum(axis=1))
    whole(X, VALUES)
    with pytest.raises(lnc.exc.MatchError, match="LN133"):
        whole.backward()


def test_a_batch_is_gone_back_through_once_and_not_kept():
    loss = losses.SoftmaxCrossEntropy(network())
    whole = PlainNetwork(loss)
    whole(X, CLASSES)
    whole.backward()
    assert whole._units is None
    with pytest.raises(lnc.exc.BackwardError, match="LN146"):
        whole.backward()


def test_a_copy_holds_its_own_network_and_no_batch():
    loss = losses.SoftmaxCrossEntropy(network())
    whole = PlainNetwork(loss)
    whole(X, CLASSES)
    twin = copy.deepcopy(whole)
    assert twin._units is None
    assert twin.network is twin.loss.network is not loss.network
    learn(twin, twin.loss, X, CLASSES)
    assert not loss.network.vector.any_fresh()
