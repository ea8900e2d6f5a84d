"""The structure of a built network is fixed: no change of it is silent; and what goes back through it, and how far."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from user_layers import Scale, Swish

import lincoln as lnc
from lincoln import Layer, exc, layers, losses, optim
from lincoln.layers import Dense, Linear, Parallel, ReLU, Residual, Sequential, Tanh

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 4)), RNG.normal(size=(6, 2))


class Blocks(Layer):
    """Layers in a list that may grow."""

    def __init__(self, *blocks):
        self.blocks = list(blocks)

    def forward(self, input):
        for block in self.blocks:
            input = block(input)
        return input

    def backward(self, output_grad):
        for block in reversed(self.blocks):
            output_grad = block.backward(output_grad)
        return output_grad


class Growing(Blocks):
    """One layer more in every pass but the first."""

    def forward(self, input):
        if self.built and self.last_input is not None:
            self.extra = Linear(2)
        return super().forward(input)


def trained(network: Layer, steps: int = 2) -> tuple[losses.Loss, optim.Optimizer]:
    loss = losses.MeanSquaredError(network)
    optimizer = optim.SGD(network, lr=0.01)
    for _ in range(steps):
        step(loss, optimizer)
    return loss, optimizer


def step(loss: losses.Loss, optimizer: optim.Optimizer) -> None:
    loss(X, Y)
    loss.backward()
    optimizer.step()


# ---------------------------------------------------------------------- no change is silent


@pytest.mark.parametrize(
    "changed",
    [
        lambda net: (net[0], Linear(2, seed=1)),
        lambda net: (net[1], net[0]),
        lambda net: (Linear(4, seed=1).build(4, dtype="float64"), *net.layers),
        lambda net: list(net.layers),
        lambda net: net.layers[:1],
    ],
    ids=["another head", "another order", "one before", "a list", "one less"],
)
def test_the_layers_of_a_built_network_are_not_exchanged(changed):
    net = Sequential(Dense(4, "tanh"), Linear(2), seed=0)
    loss, optimizer = trained(net)
    before = net.layers
    with pytest.raises(exc.ContractError, match="LN128"):
        net.layers = changed(net)
    assert net.layers is before
    step(loss, optimizer)


def test_a_parameter_of_a_built_layer_is_not_exchanged_and_not_deleted():
    linear = Linear(2, seed=0).build(4)
    with pytest.raises(exc.ContractError, match="LN128"):
        linear.W = lnc.Parameter((4, 2))
    with pytest.raises(exc.ContractError, match="LN128"):
        linear.W = np.zeros((4, 2))
    with pytest.raises(exc.ContractError, match="LN128"):
        del linear.W
    with pytest.raises(exc.ContractError, match="LN128"):
        linear.inner = ReLU()


def test_a_network_that_is_not_built_may_change():
    net = Sequential(Dense(4), Linear(2))
    net.layers = (Dense(3), Linear(2))
    assert net(X).shape == (6, 2)


def test_other_attributes_of_a_built_layer_may_change_and_whoever_watches_is_told():
    class Watcher:
        count = 0

    dropout, watcher = layers.Dropout(0.5).build(4), Watcher()
    dropout.__dict__["_watchers"] = [watcher]
    dropout.rate = 0.25
    dropout.eval()
    dropout.eval()
    dropout(X)
    assert watcher.count == 2
    assert all("_watchers" not in vars(other) for other in (copy.copy(dropout), pickle.loads(pickle.dumps(dropout))))


def test_a_layer_that_joins_a_list_is_trained_or_refused():
    net = Blocks(Linear(3, seed=1), Tanh(), Linear(2, seed=2))
    loss, optimizer = trained(net)
    net.blocks.append(Linear(2, seed=3))
    loss(X, Y)
    loss.backward()
    with pytest.raises(exc.MatchError, match="LN408"):
        optimizer.step()
    before = net.blocks[3].W.value.copy()
    trained(net)
    assert not np.array_equal(net.blocks[3].W.value, before)


@pytest.mark.parametrize(
    "change",
    [
        lambda blocks: blocks.pop(0),
        lambda blocks: blocks.reverse(),
        lambda blocks: blocks.__setitem__(0, Linear(4, seed=5).build(4, dtype="float64")),
    ],
    ids=["one less", "another order", "another one"],
)
def test_a_list_of_layers_that_loses_one_or_changes_its_order_is_refused(change):
    net = Blocks(Linear(4, seed=1), Tanh(), Linear(4, seed=2), Linear(2, seed=3))
    loss, optimizer = trained(net)
    change(net.blocks)
    with pytest.raises((exc.ContractError, exc.MatchError)) as caught:
        step(loss, optimizer)
    assert caught.value.code in ("LN128", "LN103")


def test_a_layer_that_appears_in_a_later_pass_is_refused():
    loss, optimizer = trained(Growing(Linear(2, seed=1)), steps=1)
    with pytest.raises(exc.ContractError, match="LN128"):
        step(loss, optimizer)


def test_a_layer_that_appears_in_the_first_pass_is_trained():
    class Late(Blocks):
        def forward(self, input):
            if not self.blocks:
                self.blocks = [Linear(3, seed=1), Linear(2, seed=2)]
            return super().forward(input)

    net = Late()
    trained(net)
    assert [name for name, _ in net.named_parameters()] == ["blocks.0.W", "blocks.0.B", "blocks.1.W", "blocks.1.B"]
    assert net.vector.size == 23


def test_a_change_behind_the_network_s_back_is_seen_by_the_next_step():
    net = Sequential(Dense(4, "tanh"), Linear(2), seed=0)
    loss, optimizer = trained(net)
    net.__dict__["layers"] = (net[0], Linear(2, seed=1))
    with pytest.raises(exc.ContractError, match="LN128"):
        step(loss, optimizer)


def test_two_networks_over_one_body_are_trained_in_turn():
    body, one, two = Dense(4, "tanh"), Linear(2), Linear(2)
    nets = [Sequential(body, head, seed=seed) for seed, head in enumerate((one, two))]
    for net in nets:
        net(X)
    values = [parameter.value.copy() for net in nets for parameter in net.parameters()]
    pairs = [(losses.MeanSquaredError(net), optim.SGD(net, lr=0.01)) for net in nets]
    for _ in range(3):
        for pair in pairs:
            step(*pair)
    # the same by hand
    w, b, w1, b1, _, _, w2, b2 = values
    for _ in range(3):
        for v, c in ((w1, b1), (w2, b2)):
            h = np.tanh(X @ w + b)
            g = 2 * (h @ v + c - Y)
            a = (g @ v.T) * (1 - h**2)
            gradients = (h.T @ g, g.sum(0), X.T @ a, a.sum(0))
            for value, grad in zip((v, c, w, b), gradients, strict=True):
                value -= 0.01 * grad
    for parameter, value in zip(nets[1].parameters(), (w, b, w2, b2), strict=True):
        np.testing.assert_allclose(parameter.value, value, rtol=1e-9)
    np.testing.assert_allclose(one.W.value, w1, rtol=1e-9)


# ---------------------------------------------------------------------- buffers


def test_buffers_lie_in_one_vector():
    net = Sequential(Linear(3), layers.BatchNorm(), ReLU(), layers.BatchNorm(), seed=0).build(4, dtype="float64")
    net(X)
    kept = net.buffers.value.copy()
    assert kept.shape == (12,)
    np.testing.assert_array_equal(kept[:3], net[1].running_mean.value)
    net(2 * X)
    net.buffers.value[...] = kept
    np.testing.assert_array_equal(net[3].running_var.value, kept[9:])


def test_a_buffer_of_two_layers_lies_in_the_vector_once():
    norm = layers.BatchNorm()
    net = Parallel(norm, norm.twin(), seed=0).build(4)
    assert [name for name, _ in net.named_buffers()] == ["0.running_mean", "0.running_var"]
    assert net.buffers.size == 8
    assert Linear(1).build(2).buffers.size == 0


# ---------------------------------------------------------------------- learn


class Told(Linear):
    """A linear layer that tells when it goes back."""

    def backward(self, output_grad):
        self.__dict__.setdefault("told", []).append("backward")
        return super().backward(output_grad)


def gradient(network: Layer, way: str) -> np.ndarray:
    network.clear_grad()
    output = network(X)
    getattr(network, way)(np.ones_like(output))
    network.vector.collect()
    return network.vector.grad.copy()


@pytest.mark.parametrize(
    "network",
    [
        Sequential(Tanh(), Dense(3), Linear(2)),
        Sequential(Swish(), Scale(), Linear(2)),
        Residual(Dense(3, "tanh"), Linear(4)),
        Parallel(Linear(2), Tanh(), Sequential(ReLU(), Linear(3)), combine="concatenate"),
        Sequential(layers.BatchNorm(), layers.LayerNorm(), Linear(1)),
        Sequential(Parallel(Tanh(), ReLU(), combine="add"), Linear(2)),
        Sequential(Tanh(), ReLU()),
        Blocks(Linear(2), Tanh()),
        Told(3),
    ],
    ids=lambda network: type(network).__name__,
)
def test_learning_gives_the_gradients_that_going_back_gives(network: Layer):
    np.testing.assert_array_equal(gradient(network, "learn"), gradient(network, "backward"))
    assert network.learn(np.ones_like(network(X))) is None


def test_a_backward_of_one_s_own_is_not_passed_by():
    told = Told(2)
    loss = losses.MeanSquaredError(Sequential(told, seed=0))
    loss(X, Y)
    loss.backward()
    assert told.told == ["backward"]
    assert Told.learn is Layer.learn


def test_a_backward_from_a_second_base_class_is_not_passed_by_either():
    class Negative:
        def backward(self, output_grad):
            return super().backward(-output_grad)

    class Both(Negative, Linear):
        """A linear layer that goes back the other way."""

    both, linear = (made(2, seed=0).build(4, dtype="float64") for made in (Both, Linear))
    np.testing.assert_array_equal(gradient(both, "learn"), -gradient(linear, "learn"))
    np.testing.assert_array_equal(both.last_input, X)


def test_a_learn_of_one_s_own_is_called_on_the_lowest_layer_alone():
    class Lowest(Linear):
        def backward(self, output_grad):
            raise AssertionError("nothing below learns")

        def learn(self, output_grad):
            self.W.accumulate(self.last_input.T @ output_grad)
            self.B.accumulate(output_grad.sum(axis=0))

    class Never(Swish):
        def backward(self, output_grad):
            raise AssertionError("nothing here learns")

    net = Sequential(Never(), Lowest(3), Tanh(), Linear(2), seed=0)
    net(X)
    net.learn(np.ones((6, 2)))
    assert net[1].W.grad.any()


def test_learning_before_a_pass_and_with_a_wrong_shape_is_refused():
    linear = Linear(2)
    with pytest.raises(exc.BackwardError, match="LN120"):
        linear.learn(np.ones((6, 2)))
    linear(X)
    with pytest.raises(exc.MatchError, match="LN121"):
        linear.learn(np.ones((6, 1)))


# ---------------------------------------------------------------------- inputs of integers


class Lookup(Layer):
    """A vector for every number of the input; integers have no gradient."""

    accepts = "int"

    def setup(self, input_shape):
        self.E = lnc.Parameter((5, 3), lnc.initializers.Normal(1.0))

    def forward(self, input):
        return self.E.value[input]

    def backward(self, output_grad):
        grad = np.zeros_like(self.E.value)
        np.add.at(grad, self.last_input, output_grad)
        self.E.accumulate(grad)


CODES = np.array([0, 3, 3, 1, 4, 2])


@pytest.mark.filterwarnings("error")
def test_a_network_of_integers_trains_recorded_or_not():
    values = []
    for recorded in (False, True):
        net = Sequential(Lookup(), Sequential(Dense(3, "tanh")), Linear(2), seed=0)
        loss = losses.MeanSquaredError(net)
        optimizer = optim.SGD(net, lr=0.1)
        for _ in range(3):
            if recorded:
                with lnc.recording():
                    loss(CODES, Y)
                    loss.backward()
            else:
                loss(CODES, Y)
                loss.backward()
            optimizer.step()
        values.append(net.vector.value.copy())
    np.testing.assert_array_equal(*values)
    assert net.input_grad is None


@pytest.mark.parametrize("made", [Lookup, lambda: Sequential(Lookup(), Linear(2))], ids=["alone", "below others"])
def test_gradients_behind_an_input_of_integers_are_checked_in_float64(made, capsys):
    layer = made()
    assert lnc.check_gradients(layer, CODES)
    assert lnc.check_layer(layer, CODES.shape, input=CODES)
    assert not layer.built


def test_a_missing_gradient_of_real_numbers_is_refused_in_a_tuple_too():
    class Half(Layer):
        def forward(self, input):
            return input[0] + input[1]

        def backward(self, output_grad):
            return output_grad, None

    half = Half()
    half((X, X))
    with pytest.raises(exc.ContractError, match="LN123"):
        half.backward(X)


# ---------------------------------------------------------------------- one door for gradients, questions too early


def test_a_result_is_written_straight_into_the_gradient_where_it_fits():
    w = Linear(2, seed=0).build(4, dtype="float64").W
    seen = []

    def product(a, b, out=None):
        seen.append(out is not None)
        return np.matmul(a, b, out=out)

    w.accumulate_result(product, X.T, Y)
    w.accumulate_result(product, X.T, Y)
    np.testing.assert_allclose(w.grad, 2 * X.T @ Y)
    w.vector.release()
    w.accumulate_result(product, X.T.astype(np.float32), Y.astype(np.float32))
    assert seen == [True, False, False]


def test_a_result_of_another_shape_is_refused():
    w = Linear(3, seed=0).build(4, dtype="float64").W
    with pytest.raises(exc.MatchError, match="LN107"):
        w.accumulate_result(np.matmul, X.T, Y)


def test_an_unbuilt_layer_says_what_to_do_and_hangs_nothing_on_its_class():
    dense = Dense(2)
    for ask in (lambda: dense.W, lambda: dense[0].W, lambda: Scale().s):
        with pytest.raises(AttributeError, match=r"network\.build"):
            ask()
    assert not hasattr(Scale, "s")
    assert not hasattr(Scale, "Parameter")
    assert not hasattr(dense, "W")
    with pytest.raises(AttributeError, match="no attribute 'wieght'"):
        _ = dense.build(3).wieght


def test_a_parameter_that_is_placed_in_another_array_is_still_trained():
    network = Sequential(Linear(3), layers.BatchNorm(), Linear(2), seed=0).build(4, dtype="float64")
    loss = losses.MeanSquaredError(network)
    optimizer = optim.SGD(network, lr=0.1)
    assert network.vector.intact
    network[0].W.place(np.ones((4, 3)))
    network[1].running_mean.place(np.ones(3))
    loss(X, Y)
    loss.backward()
    expected = network[0].W.value - 0.1 * network[0].W.grad
    optimizer.step()
    np.testing.assert_array_equal(network[0].W.value, expected)
    assert np.shares_memory(network[0].W.value, network.vector.value)
    assert np.shares_memory(network[1].running_mean.value, network.buffers.value)


@pytest.mark.parametrize(
    "network",
    [
        lambda: Sequential(Lookup()),
        lambda: Sequential(layers.Flatten(), Lookup()),
        lambda: Sequential(Sequential(Lookup()), Linear(2)),
        lambda: Parallel(Sequential(Lookup(), Linear(2)), Lookup()),
    ],
    ids=["first", "after a shape", "inside", "branches"],
)
def test_a_network_of_integers_is_built_before_any_data_come(network):
    made = network()
    assert made.accepts == "int"
    shape = (3,) if len(made) > 1 and isinstance(made[1], Lookup) else 4
    assert made.build(shape, seed=0).built


@pytest.mark.parametrize("network", [Sequential(Linear(2), Dense(1)), Parallel(Linear(2)), Sequential()])
def test_a_network_of_numbers_is_built_with_numbers(network):
    assert network.accepts == "any"
    assert network.build(4, dtype="float64").built


def test_numbers_are_refused_by_a_network_of_integers():
    with pytest.raises(exc.DataError, match=r"LN101(?s:.)*arrays of integers"):
        Sequential(Lookup(), Linear(2), seed=0)(np.ones((3, 2)))
