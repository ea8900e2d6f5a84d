"""Mistakes in a user's own layer, loss, optimizer, loop or class, each with what its first training step says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import lincoln as lnc
from lincoln import Buffer, Layer, Loss, Parameter, Sequential, layers, losses, optim
from lincoln.initializers import Constant, Normal
from lincoln.layers import Linear

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 4)).astype(np.float32)
Y = RNG.normal(size=8).astype(np.float32)

Parts = tuple[Any, Any]
"""A loss and an optimizer of one network."""


@dataclass(frozen=True)
class Slip:
    """A mistake: what makes its loss and its optimizer, or fails in that, and what must be said."""

    name: str
    parts: Callable[[], Parts]
    says: str


def around(*inside: Layer, optimizer: Any = optim.SGD) -> Parts:
    """A network around layers, which get 4 features."""
    network = Sequential(Linear(4), *inside, Linear(1), seed=0)
    return losses.MeanSquaredError(network), optimizer(network, lr=0.01)


def with_loss(network: Sequential) -> Parts:
    return losses.MeanSquaredError(network), optim.SGD(network, lr=0.01)


def judged_by(loss: Any, *, outputs: int = 1) -> Parts:
    network = Sequential(Linear(outputs), seed=0)
    return loss(network), optim.SGD(network, lr=0.01)


def moved_by(rule: Any, **options: Any) -> Parts:
    return around(layers.Tanh(), optimizer=lambda network, lr: rule(network, lr=lr, **options))


def layer(name: str, made: Callable[[], Layer], says: str) -> Slip:
    return Slip(name, lambda: around(made()), says)


class Right(Layer):
    """y = 2 x: what the layers below change one thing in."""

    def forward(self, input):
        return input * 2

    def backward(self, output_grad):
        return output_grad * 2


class Scale(Layer):
    """y = x s"""

    def setup(self, input_shape):
        self.S = Parameter(input_shape, Constant(0.5))

    def forward(self, input):
        return input * self.S.value

    def backward(self, output_grad):
        self.S.accumulate((self.last_input * output_grad).sum(axis=0))
        return output_grad * self.S.value


# ---------------------------------------------------------------------- layers: changes in place


class ScalesInput(Right):
    def forward(self, input):
        input *= 2
        return input


class ClipsInput(Layer):
    def forward(self, input):
        np.clip(input, -50, 50, out=input)
        return input

    def backward(self, output_grad):
        return output_grad * (np.abs(self.last_input) < 50)


class RectifiesInput(Layer):
    def forward(self, input):
        input[input < 0] = 0
        return input

    def backward(self, output_grad):
        return output_grad * (self.output > 0)


class CentersInput(Layer):
    def forward(self, input):
        input -= input.mean(axis=1, keepdims=True)
        return input

    def backward(self, output_grad):
        return output_grad - output_grad.mean(axis=1, keepdims=True)


class RollsInput(Right):
    def forward(self, input):
        np.multiply(input, 2, out=input)
        return input + np.random.default_rng().normal() * 0


class MasksGrad(Layer):
    def forward(self, input):
        return np.maximum(input, 0)

    def backward(self, output_grad):
        output_grad *= self.last_input > 0
        return output_grad


class SetsGrad(MasksGrad):
    def backward(self, output_grad):
        output_grad[self.last_input <= 0] = 0
        return output_grad


class ChangesLastInput(Layer):
    def forward(self, input):
        return input**2

    def backward(self, output_grad):
        self.last_input *= 2
        return output_grad * self.last_input


class ChangesOutput(Layer):
    def forward(self, input):
        return np.tanh(input)

    def backward(self, output_grad):
        self.output **= 2
        return output_grad * (1 - self.output)


class StepsByItself(Scale):
    def backward(self, output_grad):
        input_grad = output_grad * self.S.value
        self.S.accumulate((self.last_input * output_grad).sum(axis=0))
        self.S.value -= 0.01 * self.S.grad
        return input_grad


IN_PLACE = [
    layer("forward multiplies its input", ScalesInput, r"network\[1\], ScalesInput\(\): forward changes its input"),
    layer("forward clips its input", ClipsInput, "forward changes its input in place"),
    layer("forward rectifies its input", RectifiesInput, "forward changes its input in place"),
    layer("forward centers its input", CentersInput, "forward changes its input in place"),
    layer("forward writes with out=", RollsInput, "forward changes its input in place"),
    layer("backward masks output_grad", MasksGrad, "backward changes output_grad in place"),
    layer("backward sets output_grad", SetsGrad, "backward changes output_grad in place"),
    layer(
        "backward masks output_grad beside a shortcut",
        lambda: layers.Residual(MasksGrad()),
        r"network\[1\]\[0\], MasksGrad\(\): backward changes output_grad in place",
    ),
    layer(
        "backward masks output_grad beside a branch",
        lambda: layers.Parallel(MasksGrad(), layers.Tanh(), combine="add"),
        r"network\[1\]\[0\], MasksGrad\(\): backward changes output_grad in place",
    ),
    layer("backward changes last_input", ChangesLastInput, r"backward changes self\.last_input in place"),
    layer("backward changes output", ChangesOutput, r"backward changes self\.output in place"),
    layer("backward takes a step by itself", StepsByItself, "backward changes the parameter S"),
]


# ---------------------------------------------------------------------- layers: gradients and what never learns


class WrongFactor(Right):
    def backward(self, output_grad):
        return output_grad


class WrongSign(Layer):
    def forward(self, input):
        return np.exp(-input)

    def backward(self, output_grad):
        return output_grad * self.output


class OneRow(Scale):
    def backward(self, output_grad):
        self.S.accumulate((self.last_input * output_grad)[0])
        return output_grad * self.S.value


class Averages(Scale):
    def backward(self, output_grad):
        self.S.accumulate((self.last_input * output_grad).mean(axis=0))
        return output_grad * self.S.value


class Forgets(Scale):
    def backward(self, output_grad):
        return output_grad * self.S.value


class Unused(Right):
    def setup(self, input_shape):
        self.S = Parameter(input_shape, Constant(0.5))


class PastTheDoor(Scale):
    def backward(self, output_grad):
        self.S.grad[:] = (self.last_input * output_grad).sum(axis=0)
        return output_grad * self.S.value


class AddsPastTheDoor(Scale):
    def backward(self, output_grad):
        self.S.grad[...] += (self.last_input * output_grad).sum(axis=0)
        return output_grad * self.S.value


class AssignsGrad(Scale):
    def backward(self, output_grad):
        self.S.grad = (self.last_input * output_grad).sum(axis=0)
        return output_grad * self.S.value


class AddsToGrad(Scale):
    def backward(self, output_grad):
        self.S.grad += (self.last_input * output_grad).sum(axis=0)
        return output_grad * self.S.value


class BareInSetup(Layer):
    def setup(self, input_shape):
        self.w = np.full(input_shape, 0.5, dtype=np.float32)

    def forward(self, input):
        return input * self.w

    def backward(self, output_grad):
        self.w_grad = (self.last_input * output_grad).sum(axis=0)
        return output_grad * self.w


class BareInInit(BareInSetup):
    def __init__(self, size):
        self.w = np.random.default_rng(0).normal(size=size).astype(np.float32)

    def setup(self, input_shape):
        pass


class BareInForward(BareInSetup):
    w = None

    def setup(self, input_shape):
        pass

    def forward(self, input):
        if self.w is None:
            self.w = np.full(input.shape[1:], 0.5, dtype=np.float32)
        return input * self.w


class BareInDictionary(Layer):
    def setup(self, input_shape):
        self.weights = {"w": np.full(input_shape, 0.5, dtype=np.float32)}

    def forward(self, input):
        return input * self.weights["w"]

    def backward(self, output_grad):
        return output_grad * self.weights["w"]


class BareOnePart(Scale):
    def setup(self, input_shape):
        super().setup(input_shape)
        self.shift = np.zeros(input_shape, dtype=np.float32)

    def forward(self, input):
        return super().forward(input) + self.shift


class Projects(Layer):
    """A fixed projection: it may be meant so, and a Buffer says it."""

    def setup(self, input_shape):
        self.P = self.generator().normal(size=(input_shape[0], 3)).astype(np.float32)

    def forward(self, input):
        return input @ self.P

    def backward(self, output_grad):
        return output_grad @ self.P.T


class LeavesInnerOut(Layer):
    def __init__(self, inner):
        self.inner = inner

    def forward(self, input):
        return input + self.inner(input)

    def backward(self, output_grad):
        return output_grad


UNLEARNED = [
    layer("a factor is missing", WrongFactor, "disagrees with forward.*a factor: it is 0.5 times"),
    layer("the sign is wrong", WrongSign, "disagrees with forward.*the sign"),
    layer("one row's gradient", OneRow, "gradient of parameter S is wrong"),
    layer("a mean for a sum", Averages, "gradient of parameter S is wrong; likely cause: a mean over the batch"),
    layer("no gradient is given", Forgets, "gradient of parameter S is wrong.*never given to accumulate"),
    layer("a parameter is not used", Unused, r"network\[1\], Unused\(\): S got no gradient"),
    layer("a gradient is written past the door", PastTheDoor, r"was written into self\.S\.grad.*self\.S\.accumulate"),
    layer("a gradient is added past the door", AddsPastTheDoor, r"was written into self\.S\.grad"),
    layer("a gradient is assigned", AssignsGrad, r"LN599 (?s:.*)S\.grad = (?s:.*)self\.S\.accumulate\(grad\)"),
    layer("a gradient is added by +=", AddsToGrad, r"LN599 (?s:.*)self\.S\.accumulate\(grad\)"),
    layer("a weight is a bare array of setup", BareInSetup, r"network\[1\].*self\.w is a bare array.*lnc\.Parameter"),
    layer("a weight is a bare array of __init__", lambda: BareInInit(4), r"self\.w is a bare array"),
    layer("a weight is a bare array of forward", BareInForward, r"self\.w is a bare array"),
    layer("a weight stands in a dictionary", BareInDictionary, r"self\.weights\['w'\] is a bare array"),
    layer("a bias is a bare array beside a parameter", BareOnePart, r"self\.shift is a bare array"),
    layer("a fixed projection that is not said to be one", Projects, r"self\.P is a bare array.*lnc\.Buffer"),
    layer("a layer inside is left out on the way back", lambda: LeavesInnerOut(Linear(4)), "input_grad is wrong|inner"),
]


# ---------------------------------------------------------------------- losses


class Squared(Loss):
    """(p - y)²: what the losses below change one thing in."""

    def value(self, predictions, labels):
        return (predictions - labels) ** 2

    def derivative(self, predictions, labels):
        return 2 * (predictions - labels)


class Halved(Squared):
    def derivative(self, predictions, labels):
        return predictions - labels


class Uphill(Squared):
    def derivative(self, predictions, labels):
        return 2 * (labels - predictions)


class Averaged(Squared):
    def derivative(self, predictions, labels):
        return 2 * (predictions - labels) / len(predictions)


class Constantly(Squared):
    def derivative(self, predictions, labels):
        return np.zeros_like(predictions)


class Detour(Squared):
    """The derivative of another loss."""

    def derivative(self, predictions, labels):
        return np.sign(predictions - labels)


class WritesPredictions(Squared):
    def value(self, predictions, labels):
        predictions -= labels
        return predictions**2


class WritesLabels(Squared):
    def value(self, predictions, labels):
        labels -= predictions
        return labels**2


class WritesPredictionsBack(Squared):
    def derivative(self, predictions, labels):
        predictions -= labels
        return 2 * predictions


class WritesLabelsBack(Squared):
    def derivative(self, predictions, labels):
        labels *= -1
        return 2 * (predictions + labels)


class Totals(Squared):
    def value(self, predictions, labels):
        return ((predictions - labels) ** 2).sum()


class Means(Squared):
    def value(self, predictions, labels):
        return float(((predictions - labels) ** 2).mean())


class Broadcasts(Squared):
    weights = np.linspace(0.5, 1.5, 8, dtype=np.float32)

    def value(self, predictions, labels):
        return self.weights * (predictions - labels) ** 2


class SumsGradient(Squared):
    def derivative(self, predictions, labels):
        return (2 * (predictions - labels)).sum(axis=0)


class ForgetsKeepdims(Squared):
    def derivative(self, predictions, labels):
        return (2 * (predictions - labels)).sum(axis=1)


class Valueless(Squared):
    def value(self, predictions, labels):
        (predictions - labels) ** 2


class Keepless(Loss):
    def forward(self, input, labels):
        self.p, self.y = self.network(input), labels[:, None]
        return float(((self.p - self.y) ** 2).sum())

    def gradient(self):
        return 2 * (self.p - self.y)


class KeepsFeatures(Keepless):
    def forward(self, input, labels):
        value = super().forward(input, labels)
        self.last_input = input
        return value


class Notebook(Keepless):
    """The notebooks' form, right."""

    def forward(self, input, labels):
        value = super().forward(input, labels)
        self.last_input, self.labels = self.p, self.y
        return value


class NotebookHalved(Notebook):
    def gradient(self):
        return self.p - self.y


class NotebookMean(Notebook):
    def forward(self, input, labels):
        return super().forward(input, labels) / len(input)


class NotebookBroadcasts(Notebook):
    def forward(self, input, labels):
        self.last_input, self.labels = self.network(input), labels
        return float(((self.last_input - labels) ** 2).sum())

    def gradient(self):
        return 2 * (self.last_input - self.labels)


class NotebookWrites(Notebook):
    def gradient(self):
        self.p -= self.y
        return 2 * self.p


class NotebookGoesBack(Notebook):
    """Starts the way back by itself, with half the gradient."""

    def backward(self):
        self.network.backward(self.p - self.y)


class Reductionless(Notebook):
    def forward(self, input, labels):
        super().forward(input, labels)


def custom(**functions: Any) -> Callable[[], Parts]:
    return lambda: judged_by(lambda network: losses.Custom(network, **functions))


def by_loss(name: str, loss: Any, says: str) -> Slip:
    return Slip(name, lambda: judged_by(loss), says)


LOSSES = [
    by_loss("half the derivative", Halved, r"Halved\(\): derivative disagrees with value.*a factor: it is 0.5"),
    by_loss("the derivative's sign", Uphill, "derivative disagrees with value.*the sign"),
    by_loss("a mean's derivative", Averaged, "derivative disagrees with value.*a mean over the batch"),
    by_loss("a derivative of 0", Constantly, "derivative disagrees with value.*detached"),
    by_loss("the derivative of another loss", Detour, "derivative disagrees with value"),
    by_loss("value writes into the predictions", WritesPredictions, "value changes the predictions in place"),
    by_loss("value writes into the labels", WritesLabels, "value changes the labels in place"),
    by_loss("derivative writes into the predictions", WritesPredictionsBack, "derivative changes the predictions"),
    by_loss("derivative writes into the labels", WritesLabelsBack, "derivative changes the labels in place"),
    by_loss("a sum for a value", Totals, r"LN595 (?s:.*)losses of shape \(\)(?s:.*)sum or mean(?s:.*)reduction="),
    by_loss("a mean for a value", Means, "LN595 (?s:.*)sum or mean"),
    by_loss("weights are broadcast", Broadcasts, r"LN595 (?s:.*)shape \(8, 8\)(?s:.*)weights\[:, None\]"),
    by_loss("a gradient is summed over the batch", SumsGradient, "LN133 (?s:.*)do not sum"),
    by_loss("a gradient lacks its axis", ForgetsKeepdims, "LN133 (?s:.*)keepdims=True"),
    by_loss("a value returns nothing", Valueless, "LN147 (?s:.*)value returned nothing"),
    by_loss("a forward keeps nothing", Keepless, r"LN596 (?s:.*)nothing in self\.last_input"),
    by_loss("a forward keeps the features", KeepsFeatures, r"LN596 (?s:.*)another array"),
    by_loss("half the gradient", NotebookHalved, "gradient disagrees with forward.*a factor: it is 0.5"),
    by_loss("a mean with a sum's gradient", NotebookMean, "gradient disagrees with forward.*a sum over the batch"),
    by_loss("flat labels are broadcast", NotebookBroadcasts, r"LN133 (?s:.*)\(8, 8\)(?s:.*)labels\[:, None\]"),
    by_loss("gradient writes into the predictions", NotebookWrites, "gradient changes the predictions in place"),
    by_loss("a backward of its own sends half", NotebookGoesBack, "a factor: it is 0.5"),
    by_loss("a forward returns nothing", Reductionless, "LN147 (?s:.*)forward returned nothing"),
    Slip("a custom loss and the wrong function", custom(value=lambda p, y: (p - y) ** 2, derivative=lambda p, y: p - y),
         r"Custom\(.*derivative disagrees with value"),
    Slip("a custom loss that sums", custom(value=lambda p, y: ((p - y) ** 2).sum(), derivative=lambda p, y: p - y),
         "LN558"),
]  # fmt: skip


# ---------------------------------------------------------------------- optimizers


class Descent(optim.Optimizer):
    """θ ← θ - η g"""

    def update(self, value, grad, state, lr):
        value -= lr * grad


class Rebinds(Descent):
    def update(self, value, grad, state, lr):
        value = value - lr * grad


class Returns(Descent):
    def update(self, value, grad, state, lr):
        return value - lr * grad


class Copies(Descent):
    def update(self, value, grad, state, lr):
        value = np.array(value)
        value -= lr * grad


class Velocity(optim.Optimizer):
    """v ← 0.9 v + g,  θ ← θ - η v"""

    def initial_state(self, value):
        return {"velocity": np.zeros_like(value)}

    def update(self, value, grad, state, lr):
        state.velocity *= 0.9
        state.velocity += grad
        value -= lr * state.velocity


class ForgetsVelocity(Velocity):
    def update(self, value, grad, state, lr):
        velocity = 0.9 * state.velocity + grad
        value -= lr * velocity


class ReplacesVelocity(Velocity):
    def update(self, value, grad, state, lr):
        state.velocity = 0.9 * state.velocity + grad
        value -= lr * state.velocity


class RemembersItself(optim.Optimizer):
    def initial_state(self, value):
        return {"before": value}

    def update(self, value, grad, state, lr):
        value -= lr * grad + 0.1 * (value - state.before)
        state.before[...] = value


class CountsByItself(Descent):
    def initial_state(self, value):
        return {"steps": 0}


class ScalesGrad(Descent):
    def update(self, value, grad, state, lr):
        grad *= lr
        value -= grad


class RemembersMoveless(Velocity):
    def update(self, value, grad, state, lr):
        state.velocity += grad
        value = value - lr * state.velocity


class Updates(optim.Optimizer):
    def updat(self, value, grad, state, lr):
        value -= lr * grad


class InitialStates(Velocity):
    initial_state = optim.Optimizer.initial_state

    def init_state(self, value):
        return {"velocity": np.zeros_like(value)}


def by_rule(name: str, rule: Any, says: str) -> Slip:
    return Slip(name, lambda: moved_by(rule), says)


OPTIMIZERS = [
    by_rule("update makes new weights", Rebinds, "Rebinds: update leaves the weights as they were.*value -="),
    by_rule("update returns new weights", Returns, "Returns: update returns the new weights"),
    by_rule("update works on a copy", Copies, "update leaves the weights as they were"),
    by_rule("a velocity that is not stored", ForgetsVelocity, r"state\.velocity never changes"),
    by_rule("a velocity that is replaced", ReplacesVelocity, r"another array in place of state\.velocity"),
    by_rule("a state that is the weights", RemembersItself, r"state\.before is the weights themselves"),
    by_rule("a state that is a number", CountsByItself, r"initial_state makes steps of another shape.*state\.step"),
    by_rule("update changes the gradient", ScalesGrad, "update changes the gradient in place"),
    by_rule("update remembers and moves nothing", RemembersMoveless, "update leaves the weights as they were"),
    by_rule("a misspelled update", Updates, "LN597 (?s:.*)one called updat"),
    by_rule("a misspelled initial_state", InitialStates, "no initial_state, but one called init_state"),
]


# ---------------------------------------------------------------------- classes and loops


class Foward(Layer):
    def foward(self, input):
        return input

    def backward(self, output_grad):
        return output_grad


class Bacward(Layer):
    def forward(self, input):
        return input * 2

    def bacward(self, output_grad):
        return output_grad * 2


class SetUp(Scale):
    setup = Layer.setup

    def set_up(self, input_shape):
        self.S = Parameter(input_shape, Constant(0.5))


class Valeu(Squared):
    value = Loss.value

    def valeu(self, predictions, labels):
        return (predictions - labels) ** 2


class Derivate(Squared):
    derivative = Loss.derivative

    def derivate(self, predictions, labels):
        return 2 * (predictions - labels)


class Itself(Scale):
    def forward(self, input):
        return input * self.S


class ItselfFirst(Scale):
    def forward(self, input):
        return self.S * input


class ItselfInAProduct(Scale):
    def setup(self, input_shape):
        self.S = Parameter((input_shape[0], 4), Normal(0.5))

    def forward(self, input):
        return input @ self.S


class ItselfInAFunction(Scale):
    def forward(self, input):
        return input * np.exp(self.S)


class ItselfOnTheWayBack(Scale):
    def backward(self, output_grad):
        self.S.accumulate((self.last_input * output_grad).sum(axis=0))
        return self.S * output_grad


class ItselfTransposed(ItselfInAProduct):
    def forward(self, input):
        return input @ self.S.T


class FlatGradient(Scale):
    def setup(self, input_shape):
        self.S = Parameter((1, *input_shape), Constant(0.5))


class FlatInputGradient(Layer):
    def forward(self, input):
        return input.mean(axis=1, keepdims=True)

    def backward(self, output_grad):
        return (output_grad / 4 + np.zeros_like(self.last_input)).sum(axis=0)


class LosesAnAxis(Layer):
    def forward(self, input):
        return input / (1 + input.sum(axis=1))

    def backward(self, output_grad):
        return output_grad / (1 + self.last_input.sum(axis=1))


class LosesAnAxisBack(Layer):
    def forward(self, input):
        return input - input.mean(axis=1, keepdims=True)

    def backward(self, output_grad):
        return output_grad - output_grad.mean(axis=1)


class Gradent(Notebook):
    gradient = Loss.gradient

    def gradent(self):
        return 2 * (self.p - self.y)


class InAList(Scale):
    def setup(self, input_shape):
        self.weights = [Parameter(input_shape, Constant(0.5))]

    def forward(self, input):
        return input * self.weights[0].value


class AfterSetup(Scale):
    def setup(self, input_shape):
        pass

    def forward(self, input):
        self.S = Parameter(input.shape[1:], Constant(0.5))
        return input * self.S.value


class ForTensors(Layer):
    def forward(self, input):
        raise TypeError("sigmoid(): argument 'input' (position 1) must be Tensor, not numpy.ndarray")


class AsksForGradient(Right):
    def backward(self, output_grad):
        return self.output_grad * 2


CLASSES = [
    layer("foward", Foward, r"LN597 (?s:.*)one called foward(?s:.*)in Sequential\[1\]"),
    layer("bacward", Bacward, r"LN597 (?s:.*)one called bacward(?s:.*)in Sequential\[1\]"),
    layer("set_up", SetUp, "no method setup, but one called set_up"),
    by_loss("valeu", Valeu, "LN597 (?s:.*)one called valeu"),
    by_loss("derivate", Derivate, "LN597 (?s:.*)one called derivate"),
    layer("a parameter in a product", Itself, r"LN598 (?s:.*)self\.S\.value(?s:.*)in Sequential\[1\]"),
    layer("a parameter times an array", ItselfFirst, r"LN598 (?s:.*)self\.S\.value"),
    layer("a parameter in a matrix product", ItselfInAProduct, r"LN598 (?s:.*)self\.S\.value"),
    layer("a parameter in a function", ItselfInAFunction, r"LN598 (?s:.*)np\.exp(?s:.*)self\.S\.value"),
    layer("a parameter on the way back", ItselfOnTheWayBack, r"LN598 (?s:.*)self\.S\.value"),
    layer("a parameter transposed", ItselfTransposed, r"no attribute T.*self\.S\.value\.T"),
    layer("a gradient that lost its axis", FlatGradient, r"LN107 (?s:.*)keepdims=True"),
    layer("an input's gradient that lost its rows", FlatInputGradient, r"LN121 (?s:.*)\(4,\)"),
    layer("parameters in a list", InAList, r"parameters in self\.weights have no values.*attribute of its own"),
    layer("a parameter that forward makes", AfterSetup, r"self\.S was made after setup.*make it in setup"),
    layer("an axis that is lost", LosesAnAxis, r"\(8,\) would be \(8, 1\) with keepdims=True"),
    layer("an axis that is lost on the way back", LosesAnAxisBack, r"\(\d,\) would be \(\d, 1\) with keepdims=True"),
    Slip(
        "an axis that is lost, and a batch as long as it is wide",
        lambda: with_loss(Sequential(Linear(8), LosesAnAxis(), Linear(1), seed=0)),
        r"network\[1\], LosesAnAxis\(\): an axis is lost on the way.*keepdims=True",
    ),
    by_loss("gradent", Gradent, "LN597 (?s:.*)one called gradent"),
    layer("a layer for tensors", ForTensors, r'lnc\.arrays\.use\("torch"\)'),
    layer("a question for output_grad", AsksForGradient, r"LN619 (?s:.*)lnc\.recording\(\)"),
    Slip("a class in a network", lambda: around(layers.ReLU), r"LN118 (?s:.*)ReLU\(\), an object of the class"),
    Slip("a loss on a class", lambda: judged_by(lambda n: Squared(Sequential)), "LN617 (?s:.*)class Sequential"),
    Slip("a loss on a loss", lambda: judged_by(lambda n: Squared(Squared(n))), "LN617 (?s:.*)a Squared in place"),
    Slip("an optimizer on a class", lambda: moved_by(lambda n, lr: optim.SGD(Sequential)), "LN409 (?s:.*)a class"),
]


def never_forward(loss: Any, optimizer: Any) -> None:
    loss.backward()


def never_back(loss: Any, optimizer: Any) -> None:
    loss(X, Y)
    optimizer.step()


def back_twice(loss: Any, optimizer: Any) -> None:
    loss(X, Y)
    loss.backward()
    loss.backward()


def another_pass(loss: Any, optimizer: Any) -> None:
    loss(X, Y)
    loss.network(X[:2])
    loss.backward()


def two_steps(loss: Any, optimizer: Any) -> None:
    loss(X, Y)
    loss.backward()
    optimizer.step()
    optimizer.step()


def another_network(loss: Any, optimizer: Any) -> None:
    loss(X, Y)
    loss.backward()
    optim.SGD(Linear(1).build(4)).step()


def by_hand_in_place(loss: Any, optimizer: Any) -> None:
    network = Sequential(Linear(4), MasksGrad(), Linear(1), seed=0)
    network.backward(network(X) * 0 + 1)
    optim.SGD(network).step()


def by_hand_bare(loss: Any, optimizer: Any) -> None:
    network = Sequential(Linear(4), BareInSetup(), Linear(1), seed=0)
    network.backward(network(X) * 0 + 1)
    optim.SGD(network).step()


def by_hand_past_the_door(loss: Any, optimizer: Any) -> None:
    network = Sequential(Linear(4), PastTheDoor(), Linear(1), seed=0)
    network.backward(network(X) * 0 + 1)
    optim.SGD(network).step()


def in_inference(loss: Any, optimizer: Any) -> None:
    with lnc.inference():
        loss(X, Y)
    loss.backward()


def asks_for_a_gradient(loss: Any, optimizer: Any) -> None:
    loss(X, Y)
    loss.backward()
    loss.network[0].output_grad.mean()


LOOPS = [
    (never_forward, "LN132 (?s:.*)backward before forward"),
    (never_back, "LN407 (?s:.*)no gradient yet"),
    (back_twice, "LN148 (?s:.*)a second time"),
    (another_pass, "LN146 (?s:.*)a pass of the network"),
    (two_steps, "LN407 (?s:.*)no gradient since step 1"),
    (another_network, "LN407 (?s:.*)no gradient yet"),
    (by_hand_in_place, r"network\[1\], MasksGrad\(\): backward changes output_grad in place"),
    (by_hand_bare, r"self\.w is a bare array"),
    (by_hand_past_the_door, r"was written into self\.S\.grad"),
    (in_inference, "LN146|LN132"),
    (asks_for_a_gradient, "LN619"),
]

SLIPS = [*IN_PLACE, *UNLEARNED, *LOSSES, *OPTIMIZERS, *CLASSES]

__all__ = ["LOOPS", "SLIPS", "Buffer", "Slip", "around", "judged_by", "moved_by"]
