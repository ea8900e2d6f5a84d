"""What is refused of classes that users write: each mistake, what its refusal says, and the same with the fix."""

from __future__ import annotations

import numpy as np
from layer_mistakes import Mistake, X, built
from loss_mistakes import Squared

import lincoln as lnc
from lincoln import Layer, Loss, Parameter, exc, losses, optim
from lincoln.layers import Linear, ReLU, Sequential
from lincoln.models import Trainer


class Summed(Squared):
    def value(self, predictions, labels):
        return super().value(predictions, labels).sum()


class Weighted(Squared):
    def value(self, predictions, labels):
        return np.ones(4) * super().value(predictions, labels)


class Keepless(Loss):
    def forward(self, input, labels):
        return float(self.network(input).sum())

    def gradient(self):
        return np.ones_like(self.last_input)


class Keeping(Keepless):
    def forward(self, input, labels):
        self.last_input = self.network(input)
        return float(self.last_input.sum())


class Foward(Layer):
    def foward(self, input):
        return input


class Forward(Foward):
    forward = Foward.foward


class Wordless(Layer):
    """A layer that has neither pass."""


class Scale(Layer):
    def setup(self, input_shape):
        self.S = Parameter(input_shape)

    def forward(self, input):
        return input * self.S

    def backward(self, output_grad):
        self.S.grad = (self.last_input * output_grad).sum(axis=0)
        return output_grad


class Scaled(Scale):
    def forward(self, input):
        return input * self.S.value


class Learned(Scaled):
    def backward(self, output_grad):
        self.S.accumulate((self.last_input * output_grad).sum(axis=0))
        return output_grad


def there_and_back(layer: Layer) -> Layer:
    layer(X)
    layer.backward(X)
    return layer


def a_step(loss: Loss) -> None:
    loss(X, X[:, 0])
    loss.backward()


def recorded() -> np.ndarray:
    with lnc.recording():
        return there_and_back(ReLU()).output_grad


ONE = Linear(1, seed=0)

CLASS_MISTAKES = [
    Mistake(
        "a value that is summed",
        exc.MatchError,
        "LN595",
        lambda: Summed(built(Linear(1)))(X, X[:, 0]),
        "Summed().value",
        "losses of shape (), predictions (4, 1)",
        'leave sum() and mean() to the loss: return (predictions - labels) ** 2, and reduction="mean"',
        lambda: Squared(built(Linear(1)), reduction="mean")(X, X[:, 0]),
    ),
    Mistake(
        "a value that is broadcast",
        exc.MatchError,
        "LN595",
        lambda: Weighted(built(Linear(1)))(X, X[:, 0]),
        "Weighted().value",
        "losses of shape (4, 4), predictions (4, 1)",
        "bring all arrays in value into the shape (4, 1), or (4,) for rows: weights[:, None], sum(axis=-1)",
        lambda: Squared(built(Linear(1)))(X, X[:, 0], np.ones(4)),
    ),
    Mistake(
        "a forward that keeps nothing",
        exc.BackwardError,
        "LN596",
        lambda: a_step(Keepless(built(Linear(1)))),
        "Keepless()",
        "nothing in self.last_input",
        "in forward: self.last_input = p = self.network(input), self.labels = labels; then no pass but backward",
        lambda: a_step(Keeping(built(Linear(1)))),
    ),
    Mistake(
        "a misspelled method",
        exc.MissingMethodError,
        "LN597",
        lambda: Foward()(X),
        "Foward.forward",
        "no method forward, but one called foward",
        "def forward(self, ...) in place of def foward(self, ...)",
        lambda: Forward()(X),
    ),
    Mistake(
        "a method that is not there",
        exc.MissingMethodError,
        "LN597",
        lambda: Wordless()(X),
        "Wordless.forward",
        "no method forward in the class Wordless",
        "write forward in Wordless",
        lambda: Forward()(X),
    ),
    Mistake(
        "a parameter in arithmetic",
        exc.ContractError,
        "LN598",
        lambda: Scale()(X),
        "Parameter S",
        "the parameter itself: np.multiply of it",
        "self.S.value, or self.S.grad",
        lambda: Scaled()(X),
    ),
    Mistake(
        "a gradient that is assigned",
        exc.ContractError,
        "LN599",
        lambda: there_and_back(Scaled()),
        "Parameter S",
        "S.grad = ...",
        "self.S.accumulate(grad); it adds what += would add",
        lambda: there_and_back(Learned()),
    ),
    Mistake(
        "a loss on a class",
        exc.ContractError,
        "LN617",
        lambda: losses.LogLoss(Sequential),
        "LogLoss",
        "the class Sequential",
        "LogLoss(Sequential(...)), an object of the class",
        lambda: losses.LogLoss(Sequential(Linear(1))),
    ),
    Mistake(
        "a loss on an array",
        exc.ContractError,
        "LN617",
        lambda: losses.MeanSquaredError(X),
        "MeanSquaredError",
        "a ndarray in place of a network",
        "MeanSquaredError(network): a Sequential of layers, or one layer",
        lambda: losses.MeanSquaredError(Linear(1)),
    ),
    Mistake(
        "a trainer with the class of a loss",
        exc.ContractError,
        "LN618",
        lambda: Trainer(losses.LogLoss, optim.SGD(ONE)),
        "Trainer",
        "the class LogLoss",
        "LogLoss(network), an object of the class",
        lambda: Trainer(losses.LogLoss(ONE), optim.SGD(ONE)),
    ),
    Mistake(
        "a trainer with its parts the other way round",
        exc.ContractError,
        "LN618",
        lambda: Trainer(optim.SGD(ONE), losses.LogLoss(ONE)),
        "Trainer",
        "a SGD in place of the loss",
        "Trainer(loss, optimizer), in this order: Trainer(LogLoss(network), SGD(network))",
        lambda: Trainer(losses.LogLoss(ONE), optim.SGD(ONE)),
    ),
    Mistake(
        "a gradient that was not recorded",
        exc.NotRecordedError,
        "LN619",
        lambda: there_and_back(ReLU()).output_grad,
        "ReLU()",
        "a question for output_grad, which the last pass has not kept",
        "with lnc.recording(): loss(x, y); loss.backward()",
        recorded,
    ),
]
