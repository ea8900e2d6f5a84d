"""Gradients are those of the last pass, on every road; inside `accumulating` they are the sum of several."""

from __future__ import annotations

import numpy as np
import pytest

import lincoln as lnc
from lincoln import exc, losses, modes, optim
from lincoln.examples import LAYERS, LOSSES, LayerExample, LossExample
from lincoln.layers import Dense, Linear, Sequential
from lincoln.programs import Runner

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 4)), RNG.normal(size=(8, 1))


class Scale(lnc.Layer):
    """A user's layer."""

    def setup(self, input_shape):
        self.S = lnc.Parameter(input_shape, lambda rng, shape: np.ones(shape))

    def forward(self, input):
        return input * self.S.value

    def backward(self, output_grad):
        self.S.accumulate((output_grad * self.last_input).sum(axis=0))
        return output_grad * self.S.value


class Counting(Scale):
    """One that stays a call in a program."""

    def setup(self, input_shape):
        super().setup(input_shape)
        self.seen = []

    def forward(self, input):
        self.seen.append(len(input))
        return super().forward(input)


def network(*more: lnc.Layer) -> Sequential:
    return Sequential(Dense(3, "tanh"), *more, Linear(1), seed=0).build(4, dtype="float64")


def gradient(net: lnc.Layer) -> np.ndarray:
    net.vector.collect()
    return net.vector.grad.copy()


def own_loop(loss: lnc.Loss, x: np.ndarray, y: np.ndarray) -> None:
    loss(x, y)
    loss.backward()


def by_hand(loss: lnc.Loss, x: np.ndarray, y: np.ndarray) -> None:
    loss(x, y)
    loss.network.backward(loss.gradient())


def layer_by_layer(loss: lnc.Loss, x: np.ndarray, y: np.ndarray) -> None:
    loss(x, y)
    grad = loss.gradient()
    for layer in reversed(loss.network.layers):
        grad = layer.backward(grad)


def recorded(loss: lnc.Loss, x: np.ndarray, y: np.ndarray) -> None:
    with lnc.recording():
        own_loop(loss, x, y)


def program(loss: lnc.Loss, x: np.ndarray, y: np.ndarray) -> None:
    lnc.program(loss, x, y)(x, y)


def runner(loss: lnc.Loss, x: np.ndarray, y: np.ndarray) -> None:
    run = Runner(loss)
    for _ in range(3):
        run((x, y))


ROADS = [own_loop, by_hand, layer_by_layer, recorded, program, runner]
INSIDES = {"own": tuple, "user's": lambda: (Scale(),), "a call": lambda: (Counting(),)}


@pytest.mark.parametrize("inside", INSIDES)
@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.__name__)
def test_a_pass_replaces_the_gradients_of_the_last_one(road, inside):
    loss = losses.MeanSquaredError(network(*INSIDES[inside]()))
    other = losses.MeanSquaredError(network(*INSIDES[inside]()))
    own_loop(other, X[:5], Y[:5])
    right = gradient(other.network)
    for rows in (8, 3, 5):
        road(loss, X[:rows], Y[:rows])
    np.testing.assert_allclose(gradient(loss.network), right, rtol=1e-12)


@pytest.mark.parametrize("inside", INSIDES)
@pytest.mark.parametrize("road", [road for road in ROADS if road is not runner], ids=lambda road: road.__name__)
def test_inside_the_block_passes_add_up(road, inside):
    loss = losses.MeanSquaredError(network(*INSIDES[inside]()))
    whole = losses.MeanSquaredError(network(*INSIDES[inside]()))
    own_loop(whole, X, Y)
    with lnc.accumulating():
        for start in range(0, 8, 2):
            road(loss, X[start : start + 2], Y[start : start + 2])
    np.testing.assert_allclose(gradient(loss.network), gradient(whole.network), rtol=1e-12)
    road(loss, X, Y)  # after the block the next pass replaces them
    np.testing.assert_allclose(gradient(loss.network), gradient(whole.network), rtol=1e-12)


@pytest.mark.parametrize(
    "case", [c for c in LAYERS if list(c.fresh().build(c.input[1:]).parameters())], ids=lambda c: c.name
)
def test_every_layer_begins_anew(case: LayerExample) -> None:
    layer, x = case.fresh(), case.batch(case.input)
    grad = np.ones_like(layer(x))
    layer.backward(grad)
    first = [array.copy() for array in layer.grads()]
    layer.backward(grad)
    assert all(map(np.array_equal, layer.grads(), first)), "a second way back through the same pass"
    with lnc.accumulating():
        layer.backward(grad)
    for now, once in zip(layer.grads(), first, strict=True):
        np.testing.assert_array_equal(now, 2 * once)


def test_a_loop_of_one_s_own_without_an_optimizer_learns():
    net = Linear(1, seed=0).build(4, dtype="float64")
    loss = losses.MeanSquaredError(net, reduction="mean")
    y = X @ [[1.0], [-2.0], [0.5], [0.0]]
    for _ in range(300):
        loss(X, y)
        loss.backward()
        for parameter in net.parameters():
            parameter.value -= 0.1 * parameter.grad
    assert loss(X, y) < 1e-3


def test_the_gradients_of_twins_add_up_within_a_pass():
    left = Linear(1, seed=0).build(4, dtype="float64")
    both = lnc.Parallel(left, left.twin(), combine="add").build(4, dtype="float64")
    for _ in range(3):
        both(X)
        both.backward(np.ones((8, 1)))
    np.testing.assert_allclose(left.W.grad[:, 0], 2 * X.sum(axis=0))


def test_the_gradients_of_twins_add_up_where_each_goes_its_own_way():
    left = Linear(1, seed=0).build(4, dtype="float64")
    right = left.twin()
    for _ in range(3):
        left(X), right(X + 1)
        left.backward(np.ones((8, 1))), right.backward(np.ones((8, 1)))
    np.testing.assert_allclose(left.W.grad[:, 0], (2 * X + 1).sum(axis=0))


class Careful(Scale):
    """One whose way to learn is its way back."""

    def learn(self, output_grad):
        self.backward(output_grad)


@pytest.mark.parametrize("make", [Scale, Careful])
def test_the_gradients_of_twins_of_a_user_s_layer_add_up_on_the_way_down(make):
    left = make().build(4, dtype="float64")
    both = lnc.Parallel(left, left.twin(), combine="add").build(4, dtype="float64")
    loss = losses.MeanSquaredError(both)
    for _ in range(3):
        loss(X, np.zeros((8, 4)))
        loss.backward()
    np.testing.assert_allclose(left.S.grad, (2 * 2 * (2 * X) * X).sum(axis=0), rtol=1e-12)


def test_a_look_at_other_data_takes_no_gradient_away():
    net = network()
    loss, optimizer = losses.MeanSquaredError(net), optim.SGD(net, lr=0.1)
    own_loop(loss, X, Y)
    right = net.vector.grad.copy()
    before = net.vector.value.copy()
    net(X[:2])
    optimizer.step()
    np.testing.assert_allclose(net.vector.value, before - 0.1 * right)
    with pytest.raises(exc.BackwardError, match="no gradient since"):
        optimizer.step()


def test_what_a_pass_does_not_reach_has_no_gradient_of_an_earlier_one():
    heads = Linear(1, seed=1), Linear(2, seed=2)
    both = lnc.Parallel(*heads).build(4, dtype="float64")
    both(X)
    both.backward(np.ones((8, 3)))
    heads[0](X)
    heads[1](X)
    heads[1].backward(np.ones((8, 2)))
    both.vector.collect()
    assert heads[1].W.grad.any()
    assert not heads[0].W.grad.any()


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case.name)
def test_a_trainer_inside_the_block_learns_as_outside(case: LossExample) -> None:
    rng = np.random.default_rng(0)
    batches = [(rng.normal(size=(5, 4)), case.labels(rng, (5, case.outputs))) for _ in range(3)]

    def learn() -> np.ndarray:
        net = Sequential(Dense(6, "tanh"), case.network(), seed=0)
        trainer = lnc.models.Trainer(case.loss(net), optim.SGD(net, lr=1e-3))
        list(trainer.epochs(batches, epochs=2))
        return net.vector.value

    with lnc.accumulating():
        inside = learn()
    assert inside.tobytes() == learn().tobytes()


def test_a_loss_that_replaces_another_one_s_gradients_says_so():
    net = network()
    one, two = losses.MeanSquaredError(net), losses.MeanAbsoluteError(net)
    optimizer = optim.SGD(net, lr=0.1)
    own_loop(one, X, Y)
    with pytest.warns(exc.LearningWarning, match=r"replaces the gradients of MeanSquaredError\(\)"):
        own_loop(two, X, Y)
    own_loop(two, X[:3], Y[:3])
    optimizer.step()
    own_loop(one, X, Y)
    optimizer.step()
    with lnc.accumulating():
        own_loop(one, X, Y)
        own_loop(two, X, Y)
    both = gradient(net)
    optimizer.lr = 1e-300
    optimizer.step()
    parts = []
    for loss in (one, two):
        own_loop(loss, X, Y)
        parts.append(gradient(net))
        net.vector.release()
    np.testing.assert_allclose(both, sum(parts), rtol=1e-12)


class Unrolled(lnc.Layer):
    """The same cell, time after time; what it kept is made again on the way back."""

    def __init__(self):
        self.cell = Dense(4, "tanh", seed=0)

    def forward(self, input):
        self.states = [input]
        for _ in range(3):
            self.states.append(self.cell(self.states[-1]))
        return self.states[-1]

    def backward(self, output_grad):
        for state in reversed(self.states[:-1]):
            self.cell(state)
            output_grad = self.cell.backward(output_grad)
        return output_grad


class Halves(lnc.Layer):
    """It goes back through one layer twice."""

    def __init__(self):
        self.inner = Linear(4, seed=0)

    def forward(self, input):
        return self.inner(input)

    def backward(self, output_grad):
        return self.inner.backward(0.25 * output_grad) + self.inner.backward(0.75 * output_grad)


@pytest.mark.parametrize("make", [Unrolled, Halves])
def test_within_one_pass_a_layer_may_go_back_several_times(make):
    assert lnc.check_gradients(make(), X).ok
    once = losses.MeanSquaredError(make().build(4, dtype="float64"))
    own_loop(once, X, np.zeros((8, 4)))
    for road in (own_loop, by_hand, recorded):
        loss = losses.MeanSquaredError(make().build(4, dtype="float64"))
        for rows in (8, 5, 8):
            road(loss, X[:rows], np.zeros((rows, 4)))
        np.testing.assert_allclose(gradient(loss.network), gradient(once.network), rtol=1e-12)


class Failing(Scale):
    fails = False

    def backward(self, output_grad):
        if self.fails:
            raise RuntimeError("boom")
        return super().backward(output_grad)


@pytest.mark.parametrize("road", [own_loop, by_hand, recorded])
def test_a_pass_that_fails_leaves_no_half_of_itself(road):
    loss = losses.MeanSquaredError(network(Failing()))
    with lnc.accumulating():
        road(loss, X, Y)
        loss.network[1].fails = True
        with pytest.raises(RuntimeError, match="boom") as caught:
            road(loss, X[:3], Y[:3])
        assert any("begin the block" in note for note in caught.value.__notes__)
        loss.network[1].fails = False
        assert not any(parameter.grad.any() for parameter in loss.network.parameters())
        road(loss, X, Y)
    once = losses.MeanSquaredError(network(Failing()))
    road(once, X, Y)
    np.testing.assert_array_equal(gradient(loss.network), gradient(once.network))


class Either(lnc.Layer):
    """It goes through one of two heads."""

    def __init__(self):
        self.heads, self.which = [Linear(2, seed=1), Linear(2, seed=2)], 0

    def forward(self, input):
        return self.heads[self.which](input)

    def backward(self, output_grad):
        return self.heads[self.which].backward(output_grad)


@pytest.mark.parametrize("by", [losses.MeanSquaredError, losses.Huber])
def test_a_head_that_the_last_pass_left_out_does_not_learn_from_an_older_one(by):
    net = Either()
    for net.which in (0, 1):
        net.build(4, dtype="float64") if not net.built else net(X)
    loss, optimizer = by(net), optim.SGD(net, lr=0.1)
    net.which = 0
    own_loop(loss, X, Y.repeat(2, axis=1))  # a step that is left out
    net.which = 1
    own_loop(loss, X, Y.repeat(2, axis=1))
    before = [head.W.value.copy() for head in net.heads]
    optimizer.step()
    assert np.array_equal(net.heads[0].W.value, before[0])
    assert not np.array_equal(net.heads[1].W.value, before[1])


def test_a_program_with_an_optimizer_steps_inside_the_block_too():
    results = []
    for with_program in (True, False):
        loss = losses.MeanSquaredError(network())
        optimizer = optim.SGD(loss.network, lr=0.01)
        page = lnc.program(loss, X, Y, optimizer=optimizer)
        with lnc.accumulating():
            for _ in range(3):
                if with_program:
                    page(X, Y)
                else:
                    own_loop(loss, X, Y)
                    optimizer.step()
        results.append(loss.network.vector.value.copy())
        assert optimizer.steps == 3
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_blocks_inside_blocks_and_generators():
    def block():
        with lnc.accumulating():
            yield

    one, two = block(), block()
    next(one), next(two)
    one.close()
    assert modes.is_accumulating()
    two.close()
    assert not modes.is_accumulating()
