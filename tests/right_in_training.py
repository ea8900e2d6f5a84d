"""Layers, losses, optimizers and loops that are right, though they look odd: nothing is said of any of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from training_mistakes import Descent, Notebook, Parts, Scale, Squared, Velocity, X, Y, around, judged_by, moved_by

import lincoln as lnc
from lincoln import Buffer, Layer, Loss, Parameter, Sequential, losses, optim
from lincoln.initializers import Constant, Normal
from lincoln.layers import Linear

# ---------------------------------------------------------------------- layers


class DeadRectifier(Layer):
    """No input passes: its gradient is 0 everywhere."""

    def forward(self, input):
        return np.maximum(input - 1e3, 0)

    def backward(self, output_grad):
        return output_grad * (self.last_input > 1e3)


class OwnCopy(Layer):
    """Works in place on arrays that it has made."""

    def forward(self, input):
        y = input.copy()
        y *= 2
        return y

    def backward(self, output_grad):
        g = np.array(output_grad)
        g *= 2
        return g


class PassesOn(Layer):
    """Returns what it is given, both ways."""

    def forward(self, input):
        return input

    def backward(self, output_grad):
        return output_grad


class Constructed(Layer):
    """Its mean and width are arguments."""

    def __init__(self, mean, width):
        self.mean, self.width = np.asarray(mean, dtype=np.float32), np.asarray(width, dtype=np.float32)

    def forward(self, input):
        return (input - self.mean) / self.width

    def backward(self, output_grad):
        return output_grad / self.width


class Projected(Layer):
    """A fixed projection, as a Buffer."""

    def setup(self, input_shape):
        self.P = Buffer((input_shape[0], 3), Normal(0.5))

    def forward(self, input):
        return input @ self.P.value

    def backward(self, output_grad):
        return output_grad @ self.P.value.T


class ReadOnly(Layer):
    """A fixed array that nobody can change."""

    def setup(self, input_shape):
        self.factor = np.linspace(0.5, 1.5, input_shape[0], dtype=np.float32)
        self.factor.flags.writeable = False

    def forward(self, input):
        return input * self.factor

    def backward(self, output_grad):
        return output_grad * self.factor


class Mask(Layer):
    """Keeps a mask of its own on itself, without `keep`."""

    def forward(self, input):
        self.mask = (input > 0).astype(input.dtype)
        return input * self.mask

    def backward(self, output_grad):
        return output_grad * self.mask


class RunningMean(Layer):
    """Subtracts a mean that it updates by itself, in place."""

    def setup(self, input_shape):
        self.mean = np.zeros(input_shape, dtype=np.float32)

    def forward(self, input):
        if self.training:
            self.mean *= 0.9
            self.mean += 0.1 * input.mean(axis=0)
        return input - self.mean + 0 * input.mean()

    def backward(self, output_grad):
        return output_grad - 0.1 * output_grad.sum(axis=0) / len(output_grad)


class TwoExperts(Layer):
    """Uses one of two parameters, as the batch asks."""

    def setup(self, input_shape):
        self.A, self.B = Parameter(input_shape, Constant(0.5)), Parameter(input_shape, Constant(1.5))

    def chosen(self):
        return self.A if self.last_input.mean() > 0 else self.B

    def forward(self, input):
        self.last_input = input
        return input * self.chosen().value

    def backward(self, output_grad):
        self.chosen().accumulate((self.last_input * output_grad).sum(axis=0))
        return output_grad * self.chosen().value


class ByHelper(Scale):
    """Gives its gradient in a method of its own."""

    def give(self, grad):
        self.S.accumulate(grad)

    def backward(self, output_grad):
        self.give((self.last_input * output_grad).sum(axis=0))
        return output_grad * self.S.value


class Setups(Scale):
    """A helper whose name is near to one of Lincoln's."""

    def set_up(self):
        return "a helper"

    def forwards(self, input):
        return input * self.S.value

    def forward(self, input):
        return self.forwards(input)


class Learns(Scale):
    def learn(self, output_grad):
        self.S.accumulate((self.last_input * output_grad).sum(axis=0))


class Drops(Layer):
    """Draws a new mask in every pass, from a stream of its own."""

    def setup(self, input_shape):
        self.rng = self.generator()

    def forward(self, input):
        mask = (self.rng.random(input.shape) < 0.5).astype(input.dtype)
        self.keep(mask=mask)
        return input * mask

    def backward(self, output_grad):
        return output_grad * self.mask


class Picky(Layer):
    """Refuses what does not come in eights."""

    def forward(self, input):
        if len(input) != 8:
            raise ValueError("eight examples are wanted")
        return 2 * input

    def backward(self, output_grad):
        return 2 * output_grad


class PositiveOnly(Layer):
    """Refuses numbers below 0, which the check's mirror image holds."""

    def forward(self, input):
        if (input < 0).any():
            raise ValueError("positive numbers are wanted")
        return np.sqrt(input)

    def backward(self, output_grad):
        return output_grad / (2 * np.sqrt(self.last_input))


class Exponential(Layer):
    def forward(self, input):
        return np.exp(input)

    def backward(self, output_grad):
        return output_grad * self.output


class Lookup(Layer):
    """An embedding of few rows: most rows get no gradient in a batch."""

    accepts = "any"

    def setup(self, input_shape):
        self.E = Parameter((100, 3), Normal(0.1))

    def codes(self, input):
        return (np.abs(input[:, 0]) * 10).astype(int) % 100

    def forward(self, input):
        return self.E.value[self.codes(input)]

    def backward(self, output_grad):
        grad = np.zeros_like(self.E.value)
        np.add.at(grad, self.codes(self.last_input), output_grad)
        self.E.accumulate(grad)
        return np.zeros_like(self.last_input)


# ---------------------------------------------------------------------- losses


class PerRow(Loss):
    def value(self, predictions, labels):
        return ((predictions - labels) ** 2).sum(axis=-1)

    def derivative(self, predictions, labels):
        return 2 * (predictions - labels)


class PerRowKept(PerRow):
    def value(self, predictions, labels):
        return ((predictions - labels) ** 2).sum(axis=-1, keepdims=True)


class Absolute(Loss):
    """A kink at 0."""

    def value(self, predictions, labels):
        return np.abs(predictions - labels)

    def derivative(self, predictions, labels):
        return np.sign(predictions - labels)


class Hinge(Loss):
    """Kinks, and outputs whose gradient is 0."""

    def value(self, predictions, labels):
        return np.maximum(0, 1 - predictions * np.sign(labels))

    def derivative(self, predictions, labels):
        return np.where(predictions * np.sign(labels) < 1, -np.sign(labels), 0)


class ManyKinks(Absolute):
    """Many outputs, some of which lie very near to their kink."""

    first = None

    def fit_labels(self, predictions, labels):
        if self.first is None:
            self.first = predictions * (np.arange(300) % 7 == 0) + np.float32(1e-5)
        return self.first[: len(predictions)].astype(predictions.dtype)


class InSingle(Squared):
    """Computes in float32, whatever comes."""

    def value(self, predictions, labels):
        return (np.float32(predictions) - np.float32(labels)) ** 2


class Remembers(Squared):
    """Its derivative uses what its value has kept."""

    def value(self, predictions, labels):
        self.keep(error=predictions - labels)
        return self.error**2

    def derivative(self, predictions, labels):
        return 2 * self.error


class AcrossTheBatch(Loss):
    """Each row's loss depends on the other rows too."""

    def value(self, predictions, labels):
        return (predictions - predictions.mean(axis=0)) ** 2

    def derivative(self, predictions, labels):
        return 2 * (predictions - predictions.mean(axis=0))


class NotebookOfMeans(Notebook):
    def forward(self, input, labels):
        return super().forward(input, labels) / len(input)

    def gradient(self):
        return super().gradient() / len(self.p)


class NotebookThatGoesBack(Notebook):
    def backward(self):
        self.network.backward(2 * (self.p - self.y))


class Penalized(Notebook):
    """Adds a penalty of the network's weights, whose gradient it gives by itself."""

    def forward(self, input, labels):
        value = super().forward(input, labels)
        return value + 0.1 * float(sum((p.value**2).sum() for p in self.network.parameters()))

    def backward(self):
        super().backward()
        for parameter in self.network.parameters():
            parameter.accumulate(0.2 * parameter.value)


class Counts(Squared):
    """Keeps a history."""

    def __init__(self, network):
        super().__init__(network)
        self.history = []

    def value(self, predictions, labels):
        self.history.append(len(predictions))
        return super().value(predictions, labels)


# ---------------------------------------------------------------------- optimizers


class EveryFour(optim.Optimizer):
    """Adds gradients up, and moves in every fourth step only."""

    def initial_state(self, value):
        return {"sum": np.zeros_like(value)}

    def update(self, value, grad, state, lr):
        state.sum += grad
        if state.step % 4 == 0:
            value -= lr * state.sum
            state.sum[...] = 0


class Lookahead(optim.Optimizer):
    """Goes back to slow weights in every fifth step."""

    def initial_state(self, value):
        return {"slow": value.copy()}

    def update(self, value, grad, state, lr):
        value -= lr * grad
        if state.step % 5 == 0:
            state.slow += 0.5 * (value - state.slow)
            value[...] = state.slow


class Anchored(optim.Optimizer):
    """Pulls the weights back to where they began, which never changes."""

    def initial_state(self, value):
        return {"start": value.copy()}

    def update(self, value, grad, state, lr):
        value -= lr * (grad + 0.1 * (value - state.start))


class Late(Velocity):
    """Begins to remember in its third step."""

    def update(self, value, grad, state, lr):
        if state.step >= 3:
            state.velocity += grad
        value -= lr * (grad + state.velocity)


class Counted(Descent):
    """Writes down the sizes that it has seen."""

    def update(self, value, grad, state, lr):
        self.__dict__.setdefault("sizes", []).append(value.size)
        value -= lr * grad


def warm_up(step: int) -> float:
    return 0.0 if step < 2 else 0.01


def with_frozen(part: int) -> Parts:
    loss, optimizer = around(Scale(), optimizer=Descent)
    loss.network(X)
    loss.network[part].freeze()
    return loss, optimizer


def on(network: Sequential, loss: Any = losses.MeanSquaredError, rule: Any = Descent, **options: Any) -> Parts:
    return loss(network), rule(network, **{"lr": 0.01} | options)


def shared() -> Parts:
    one = Scale()
    return on(Sequential(Linear(4), one, one.twin(), Linear(1), seed=0))


def built() -> Parts:
    return on(Sequential(Linear(4), Scale(), Linear(1), seed=0).build(4))


RIGHT = {
    **{
        type(layer).__name__: (lambda layer=layer: around(type(layer)(*layer.arguments[0])))
        for layer in [
            DeadRectifier(),
            OwnCopy(),
            PassesOn(),
            Constructed([0.0, 0.1, 0.2, 0.3], [1.0, 2.0, 1.0, 2.0]),
            Projected(),
            ReadOnly(),
            Mask(),
            RunningMean(),
            TwoExperts(),
            ByHelper(),
            Setups(),
            Learns(),
            Drops(),
            Picky(),
            Lookup(),
        ]
    },
    "PositiveOnly": lambda: around(Exponential(), PositiveOnly()),
    **{
        loss.__name__: (lambda loss=loss: judged_by(loss))
        for loss in [
            PerRow,
            PerRowKept,
            Absolute,
            Hinge,
            InSingle,
            Remembers,
            AcrossTheBatch,
            Notebook,
            NotebookOfMeans,
            NotebookThatGoesBack,
            Penalized,
            Counts,
        ]
    },
    **{
        rule.__name__: (lambda rule=rule: moved_by(rule))
        for rule in [Descent, Velocity, EveryFour, Lookahead, Anchored, Late, Counted]
    },
    "a warm-up from 0": lambda: moved_by(lambda network, lr: Velocity(network, warm_up)),
    "a rate below rounding": lambda: moved_by(lambda network, lr: Velocity(network, 1e-12)),
    "no learning for a group": lambda: moved_by(Velocity, groups=[optim.Group(optim.biases_and_norms, lr_factor=0.0)]),
    "clipping": lambda: moved_by(Velocity, clip_norm=0.1, weight_decay=0.1),
    "a frozen layer of a user's": lambda: with_frozen(1),
    "a frozen layer below": lambda: with_frozen(0),
    "a shared parameter": shared,
    "a network that is built": built,
    "a mean": lambda: on(Sequential(Scale(), Linear(1), seed=0), loss=lambda n: Squared(n, reduction="mean")),
    "a custom loss": lambda: on(
        Sequential(Linear(1), seed=0),
        loss=lambda n: losses.Custom(n, value=lambda p, y: (p - y) ** 4, derivative=lambda p, y: 4 * (p - y) ** 3),
    ),
    "many kinks": lambda: judged_by(ManyKinks, outputs=300),
    "probabilities near 0": lambda: on(
        Sequential(lnc.Dense(1, "sigmoid", bias_init=Constant(-12.0)), seed=0), loss=LogOf
    ),
}


class LogOf(Loss):
    """-log(1 - p): probabilities may not leave [0, 1]."""

    def value(self, predictions, labels):
        return -np.log(1 - predictions) - 1e-3 * np.log(predictions)

    def derivative(self, predictions, labels):
        return 1 / (1 - predictions) - 1e-3 / predictions


# ---------------------------------------------------------------------- loops


def of_users() -> Parts:
    """A user's layer, loss and optimizer together."""
    network = Sequential(Linear(4), Scale(), Linear(1), seed=0)
    return Squared(network), Velocity(network, lr=0.01)


def adds_up() -> None:
    loss, optimizer = of_users()
    for _ in range(2):
        for part in (slice(4), slice(4, 8)):
            loss(X[part], Y[part])
            loss.backward()
        optimizer.step()


def judges_between() -> None:
    loss, optimizer = of_users()
    for _ in range(2):
        loss(X, Y)
        loss.backward()
        with lnc.inference():
            loss(X[:3], Y[:3])
        optimizer.step()


def records() -> None:
    loss, optimizer = of_users()
    with lnc.recording():
        loss(X, Y)
        loss.backward()
    assert loss.network[1].output_grad.shape == (8, 4)
    optimizer.step()


def two_losses() -> None:
    loss, optimizer = of_users()
    for each in (loss, Absolute(loss.network), loss):
        each(X, Y)
        each.backward()
        optimizer.step()


def two_networks() -> None:
    maker, judge = Sequential(Scale(), Linear(4)), Sequential(Scale(), Linear(1))
    for network, steps in ((Sequential(maker, judge), maker), (judge, judge)):
        loss = Squared(network)
        loss(X, Y)
        loss.backward()
        Velocity(steps, lr=0.01).step()
        network.clear_grad()


def by_hand() -> None:
    network = Sequential(Linear(4), Scale(), Linear(1), seed=0)
    optimizer = Velocity(network, lr=0.01)
    for _ in range(2):
        output = network(X)
        network.backward(2 * (output - Y[:, None]))
        optimizer.step()


LOOPS_THAT_ARE_RIGHT = [adds_up, judges_between, records, two_losses, two_networks, by_hand]

__all__ = ["LOOPS_THAT_ARE_RIGHT", "RIGHT", "Y"]
