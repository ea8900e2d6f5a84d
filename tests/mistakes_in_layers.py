"""Layers with one mistake each, as people make them, and what the checks say about it.

Every wrong layer changes one thing of a right one, which stands in `RIGHT`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lincoln import Buffer, Layer, Loss, Parameter
from lincoln.initializers import Constant, Normal
from lincoln.layers import Linear, Parallel, Residual, Sequential, Tanh

X = np.random.default_rng(0).normal(size=(5, 4))
SQUARE = np.random.default_rng(1).normal(size=(4, 4))
SERIES = np.random.default_rng(2).normal(size=(3, 5, 2))
CODES = np.array([0, 3, 3, 1, 4, 2])


# ---------------------------------------------------------------------- the right layers, each in pieces


class Affine(Layer):
    """a = x W + b"""

    def __init__(self, size=3):
        self.size = size

    def setup(self, input_shape):
        self.W = Parameter((input_shape[-1], self.size), Normal(0.5))
        self.b = Parameter((self.size,))

    def forward(self, input):
        return input @ self.W.value + self.b.value

    def backward(self, output_grad):
        self.W.accumulate(self.of_weights(output_grad))
        self.b.accumulate(self.of_bias(output_grad))
        return self.of_input(output_grad)

    def of_weights(self, g):
        return self.last_input.T @ g

    def of_bias(self, g):
        return g.sum(axis=0)

    def of_input(self, g):
        return g @ self.W.value.T


class Gain(Layer):
    """y = s x + t"""

    def setup(self, input_shape):
        self.s = Parameter(input_shape[-1:], Constant(1.0))
        self.t = Parameter(input_shape[-1:])

    def forward(self, input):
        return input * self.s.value + self.t.value

    def backward(self, output_grad):
        self.s.accumulate(self.of_gain(output_grad))
        self.t.accumulate(self.of_shift(output_grad))
        return self.of_input(output_grad)

    def of_gain(self, g):
        return (g * self.last_input).sum(axis=0)

    def of_shift(self, g):
        return g.sum(axis=0)

    def of_input(self, g):
        return g * self.s.value


class Curve(Layer):
    """y = f(x), element by element: here x², but wrong in one way or another in the classes below"""

    def forward(self, input):
        return input**2

    def backward(self, output_grad):
        return output_grad * 2 * self.last_input


class Rectifier(Layer):
    """r = max(x, 0)"""

    def forward(self, input):
        return np.maximum(input, 0)

    def backward(self, output_grad):
        return output_grad * (self.last_input > 0)


class Squash(Layer):
    """p = 1 / (1 + exp(-x))"""

    def forward(self, input):
        return 1 / (1 + np.exp(-input))

    def backward(self, output_grad):
        return output_grad * self.output * (1 - self.output)


class Simplex(Layer):
    """p = softmax(x)"""

    def forward(self, input):
        e = np.exp(input - input.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def backward(self, output_grad):
        p = self.output
        return p * (output_grad - (output_grad * p).sum(axis=-1, keepdims=True))


class Normalized(Layer):
    """y = s (x - μ) / √(σ² + ε) along the last axis"""

    def setup(self, input_shape):
        self.s = Parameter(input_shape[-1:], Constant(1.0))

    def forward(self, input):
        centered = input - input.mean(axis=-1, keepdims=True)
        r = np.sqrt((centered**2).mean(axis=-1, keepdims=True) + 1e-5)
        hat = centered / r
        self.keep(r=r, hat=hat)
        return self.s.value * hat

    def backward(self, output_grad):
        self.s.accumulate((output_grad * self.hat).sum(axis=0))
        g = output_grad * self.s.value
        return (g - g.mean(-1, keepdims=True) - self.hat * (g * self.hat).mean(-1, keepdims=True)) / self.r


class Convolution(Layer):
    """y_t = Σ_k w_k x_{t+k}, for t where all of them are there"""

    def setup(self, input_shape):
        self.w = Parameter((3,), Normal(0.5))

    def forward(self, input):
        return sum(self.w.value[k] * input[:, k : k + input.shape[1] - 2] for k in range(3))

    def backward(self, output_grad):
        length = output_grad.shape[1]
        self.w.accumulate(np.array([(output_grad * self.last_input[:, k : k + length]).sum() for k in range(3)]))
        return self.of_input(output_grad)

    def of_input(self, g):
        grad = np.zeros_like(self.last_input)
        for k in range(3):
            grad[:, k : k + g.shape[1]] += self.w.value[k] * g
        return grad


class Recurrent(Layer):
    """h_t = tanh(x_t + u h_{t-1})"""

    def setup(self, input_shape):
        self.u = Parameter(input_shape[-1:], Normal(0.5))

    def forward(self, input):
        states = [np.zeros_like(input[:, 0])]
        for t in range(input.shape[1]):
            states.append(np.tanh(input[:, t] + self.u.value * states[-1]))
        states = np.stack(states, axis=1)
        self.keep(states=states)
        return states[:, 1:]

    def backward(self, output_grad):
        grad, carried, of_u = np.zeros_like(output_grad), np.zeros_like(output_grad[:, 0]), 0.0
        for t in reversed(range(output_grad.shape[1])):
            of_a = (output_grad[:, t] + carried) * (1 - self.states[:, t + 1] ** 2)
            of_u = of_u + (of_a * self.states[:, t]).sum(axis=0)
            carried = of_a * self.u.value
            grad[:, t] = of_a
        self.u.accumulate(of_u)
        return grad


class Lookup(Layer):
    """y = E[i]"""

    accepts = "int"

    def setup(self, input_shape):
        self.E = Parameter((5, 3), Normal(0.5))

    def forward(self, input):
        return self.E.value[input]

    def backward(self, output_grad):
        grad = np.zeros_like(self.E.value)
        np.add.at(grad, self.last_input, output_grad)
        self.E.accumulate(grad)


class Highest(Layer):
    """y = max x along the last axis"""

    def forward(self, input):
        return input.max(axis=-1, keepdims=True)

    def backward(self, output_grad):
        grad = np.zeros_like(self.last_input)
        np.put_along_axis(grad, self.last_input.argmax(axis=-1)[..., None], output_grad, axis=-1)
        return grad


class Clip(Layer):
    """y = x between -1 and 1"""

    def forward(self, input):
        return np.clip(input, -1, 1)

    def backward(self, output_grad):
        return output_grad * (np.abs(self.last_input) < 1)


class Drop(Layer):
    """y = x m / (1 - p) in training"""

    def setup(self, input_shape):
        self.rng = self.generator()

    def forward(self, input):
        mask = (self.rng.random(input.shape) < 0.5) * 2.0 if self.training else np.ones(input.shape)
        mask = mask.astype(input.dtype)
        self.keep(mask=mask)
        return input * mask

    def backward(self, output_grad):
        return output_grad * self.mask


class Average(Layer):
    """y = mean of x along the last axis"""

    def forward(self, input):
        return input.mean(axis=-1, keepdims=True)

    def backward(self, output_grad):
        return np.repeat(output_grad / self.last_input.shape[-1], self.last_input.shape[-1], axis=-1)


class Total(Layer):
    """y = sum of x along the last axis"""

    def forward(self, input):
        return input.sum(axis=-1, keepdims=True)

    def backward(self, output_grad):
        return np.repeat(output_grad, self.last_input.shape[-1], axis=-1)


class Bent(Layer):
    """y = x + s x²"""

    def setup(self, input_shape):
        self.s = Parameter(input_shape[-1:])

    def forward(self, input):
        return input + self.s.value * input**2

    def backward(self, output_grad):
        self.s.accumulate((output_grad * self.last_input**2).sum(axis=0))
        return output_grad * self.slope(self.s.value)

    def slope(self, s):
        return 1 + 2 * s * self.last_input


class Times(Layer):
    """y = a b, of two inputs"""

    def forward(self, input):
        return input[0] * input[1]

    def backward(self, output_grad):
        a, b = self.last_input
        return output_grad * b, output_grad * a


class Running(Layer):
    """y = x - μ, with the running mean μ of what came in training, which has no gradient"""

    def setup(self, input_shape):
        self.mean = Buffer(input_shape)

    def forward(self, input):
        if self.training:
            self.mean.value = 0.9 * self.mean.value + 0.1 * input.mean(axis=0)
            return input * 1.0
        return (input - self.mean.value) / (1 + self.mean.value**2)

    def backward(self, output_grad):
        return output_grad * 1.0 if self.training else output_grad / (1 + self.mean.value**2)


class Inside(Layer):
    """y = x + f(x), f being a layer inside"""

    def __init__(self, inner):
        self.inner = inner

    def forward(self, input):
        return input + self.inner(input)

    def backward(self, output_grad):
        return output_grad + self.inner.backward(output_grad)


class Squares(Loss):
    """L = Σ (p - y)²"""

    def forward(self, input, labels):
        self.last_input = p = self.network(input)
        self.labels = labels
        return float(((p - labels) ** 2).sum())

    def gradient(self):
        return 2 * (self.last_input - self.labels)


# ---------------------------------------------------------------------- the table


@dataclass(frozen=True)
class Wrong:
    """A layer with a mistake, a batch, and what the check's words are."""

    layer: Any
    words: str
    input: Any = None
    labels: Any = None

    @property
    def name(self) -> str:
        return type(self.layer).__name__

    @property
    def batch(self) -> Any:
        return X if self.input is None else self.input


WRONG: list[Wrong] = []


def wrong(words, *arguments, input=None, labels=None):
    """A class to be made with these arguments and put into the table."""

    def add(cls):
        WRONG.append(Wrong(cls(*arguments), words, input, labels))
        return cls

    return add


# ------------------------------------------------ factors, signs, sums


@wrong("the sign")
class WrongSign(Affine):
    def of_input(self, g):
        return -super().of_input(g)


@wrong("a factor: it is 2 times")
class Twice(Affine):
    def of_weights(self, g):
        return 2 * super().of_weights(g)


@wrong("a factor: it is 0.5 times")
class ForgottenExponent(Curve):
    def backward(self, output_grad):
        return output_grad * self.last_input


@wrong("a factor: it is 1.001 times")
class SlightlyOff(Curve):
    def backward(self, output_grad):
        return 1.001 * super().backward(output_grad)


@wrong("a mean over the batch for a sum")
class MeanOfWeights(Affine):
    def of_weights(self, g):
        return super().of_weights(g) / len(g)


@wrong("a mean over the batch for a sum")
class MeanOfBias(Affine):
    def of_bias(self, g):
        return g.mean(axis=0)


@wrong("a sum over the batch for a mean")
class SumOfMean(Layer):
    def forward(self, input):
        return input / len(input)

    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("detached")
class BiasForgotten(Affine):
    def backward(self, output_grad):
        self.W.accumulate(self.of_weights(output_grad))
        return self.of_input(output_grad)


@wrong("detached")
class GainForgottenInBackward(Gain):
    def backward(self, output_grad):
        self.t.accumulate(self.of_shift(output_grad))
        return self.of_input(output_grad)


@wrong("a missing sum over an axis")
class OneRow(Affine):
    def of_bias(self, g):
        return g[0]


@wrong("a factor forgotten: times s it would be right")
class GainForgotten(Gain):
    def of_input(self, g):
        return g * 1.0


@wrong("a factor forgotten: right if s were 1")
class GainForgottenInNormalization(Normalized):
    def backward(self, output_grad):
        self.s.accumulate((output_grad * self.hat).sum(axis=0))
        g = output_grad
        return (g - g.mean(-1, keepdims=True) - self.hat * (g * self.hat).mean(-1, keepdims=True)) / self.r


@wrong("a factor too many: it is s times")
class GainTwice(Gain):
    def of_gain(self, g):
        return (g * self.last_input * self.s.value).sum(axis=0)


@wrong("s is wrong")
class GainFromOutput(Gain):
    """Right as long as s is 1 and t is 0."""

    def of_gain(self, g):
        return (g * self.output).sum(axis=0)


@wrong("a sum over the wrong axis: over axis 1, not over axis 0", 4, input=SQUARE)
class BiasOverTheWrongAxis(Affine):
    def of_bias(self, g):
        return g.sum(axis=1)


@wrong("a sum over the wrong axis: over axis 1, not over axis 0", input=SQUARE)
class GainOverTheWrongAxis(Gain):
    def of_gain(self, g):
        return (g * self.last_input).sum(axis=1)


@wrong("a mean over the wrong axis: divided by 5, the size of axis 0, not by 4, that of axis 1")
class MeanByTheWrongSize(Average):
    def backward(self, output_grad):
        return np.repeat(output_grad / len(output_grad), self.last_input.shape[-1], axis=-1)


@wrong("a sum over axis 1 for a mean: it is 4 times")
class MeanNotDivided(Average):
    def backward(self, output_grad):
        return np.repeat(output_grad, self.last_input.shape[-1], axis=-1)


@wrong("a mean over axis 1 for a sum: it is 1/4")
class SumDivided(Total):
    def backward(self, output_grad):
        return super().backward(output_grad) / 4


@wrong("a mask that is off too often")
class OnlyTheFirstFeature(Total):
    def backward(self, output_grad):
        grad = np.zeros_like(self.last_input)
        grad[:, :1] = output_grad
        return grad


# ------------------------------------------------ transposed, flipped, shifted


@wrong("not transposed: right if W were W.T", 4)
class NotTransposed(Affine):
    def of_input(self, g):
        return g @ self.W.value


@wrong("transposed: rows and columns are swapped", 4)
class GradTransposed(Affine):
    def of_weights(self, g):
        return g.T @ self.last_input


@wrong("transposed, then reshaped")
class GradReshaped(Affine):
    def of_weights(self, g):
        return (g.T @ self.last_input).reshape(self.W.shape)


@wrong("flipped: right if w were reversed along axis 0", input=np.random.default_rng(3).normal(size=(2, 7)))
class KernelNotReversed(Convolution):
    def of_input(self, g):
        grad = np.zeros_like(self.last_input)
        for k in range(3):
            grad[:, k : k + g.shape[1]] += self.w.value[2 - k] * g
        return grad


@wrong("flipped: it is right in the reverse order along axis 0", input=np.random.default_rng(3).normal(size=(2, 7)))
class KernelGradReversed(Convolution):
    def backward(self, output_grad):
        length = output_grad.shape[1]
        self.w.accumulate(np.array([(output_grad * self.last_input[:, k : k + length]).sum() for k in (2, 1, 0)]))
        return self.of_input(output_grad)


@wrong(
    "off by one: each value stands one place too early along axis 1", input=np.random.default_rng(3).normal(size=(2, 7))
)
class KernelOffByOne(Convolution):
    def of_input(self, g):
        return np.roll(super().of_input(g), -1, axis=1)


@wrong("a mask that is off too often", input=np.random.default_rng(3).normal(size=(2, 7)))
class EdgesForgotten(Convolution):
    def of_input(self, g):
        grad = super().of_input(g)
        grad[:, 0] = grad[:, -1] = 0
        return grad


@wrong("off by one: each value stands one place too late along axis 1", input=SERIES)
class DelayTheWrongWay(Layer):
    """y_t = x_{t-1}"""

    def forward(self, input):
        return np.concatenate([np.zeros_like(input[:, :1]), input[:, :-1]], axis=1)

    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("u is wrong", input=SERIES)
class StateOffByOne(Recurrent):
    """The gradient of u from h_t where h_{t-1} is meant."""

    def backward(self, output_grad):
        grad, carried, of_u = np.zeros_like(output_grad), np.zeros_like(output_grad[:, 0]), 0.0
        for t in reversed(range(output_grad.shape[1])):
            of_a = (output_grad[:, t] + carried) * (1 - self.states[:, t + 1] ** 2)
            of_u = of_u + (of_a * self.states[:, t + 1]).sum(axis=0)
            carried = of_a * self.u.value
            grad[:, t] = of_a
        self.u.accumulate(of_u)
        return grad


@wrong("input is wrong", input=SERIES)
class NothingCarried(Recurrent):
    def backward(self, output_grad):
        grad = output_grad * (1 - self.states[:, 1:] ** 2)
        super().backward(output_grad)
        return grad


@wrong("input is wrong", input=SERIES)
class CarriedWithoutWeight(Recurrent):
    def backward(self, output_grad):
        right = super().backward(output_grad)
        carried = np.zeros_like(right[:, 0])
        for t in reversed(range(right.shape[1])):
            carried = (output_grad[:, t] + carried) * (1 - self.states[:, t + 1] ** 2)
            right[:, t] = carried
        return right


@wrong("W is wrong", input=SERIES)
class OnlyTheLastStep(Affine):
    def of_weights(self, g):
        return self.last_input[:, -1].T @ g[:, -1]

    def of_bias(self, g):
        return g.sum(axis=(0, 1))


@wrong("input is wrong")
class ReshapedNotTransposed(Layer):
    """The numbers of each example in another order."""

    def forward(self, input):
        return input.reshape(-1, 2, 2).swapaxes(1, 2).reshape(input.shape)[:, ::-1]

    def backward(self, output_grad):
        return output_grad.reshape(self.last_input.shape)[:, ::-1]


# ------------------------------------------------ chain rule


@wrong("output_grad is unused")
class LocalDerivative(Squash):
    def backward(self, output_grad):
        return self.output * (1 - self.output)


@wrong("output_grad is unused")
class LocalDerivativeOfWeights(Affine):
    def of_weights(self, g):
        return self.last_input.T @ np.ones_like(g)


@wrong("passed on")
class GradPassedOn(Squash):
    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("not proportional to output_grad")
class GradSquared(Squash):
    def backward(self, output_grad):
        return output_grad**2 * self.output * (1 - self.output)


@wrong("input is wrong")
class DerivativeOfTheInput(Squash):
    """p (1 - p) with the input for p."""

    def backward(self, output_grad):
        return output_grad * self.last_input * (1 - self.last_input)


@wrong("input is wrong")
class TanhOfTheWrongThing(Layer):
    def forward(self, input):
        return np.tanh(input)

    def backward(self, output_grad):
        return output_grad * (1 - self.last_input**2)


@wrong("input is wrong")
class ProductRuleHalf(Layer):
    """y = x σ(x)"""

    def forward(self, input):
        return input / (1 + np.exp(-input))

    def backward(self, output_grad):
        return output_grad / (1 + np.exp(-self.last_input))


@wrong("input is wrong")
class DiagonalAlone(Simplex):
    def backward(self, output_grad):
        return output_grad * self.output * (1 - self.output)


@wrong("input is wrong")
class CrossTermOverTheBatch(Simplex):
    def backward(self, output_grad):
        p = self.output
        return p * (output_grad - (output_grad * p).sum(axis=0, keepdims=True))


@wrong("a term forgotten: right if s were 0")
class TermForgotten(Bent):
    def slope(self, s):
        return 1.0


@wrong("the sign of a parameter: right if s were -s")
class TermOfTheWrongSign(Bent):
    def slope(self, s):
        return super().slope(-s)


@wrong("a missing term: what is missing is the same all along axis 1")
class MeanTermMissing(Normalized):
    def backward(self, output_grad):
        self.s.accumulate((output_grad * self.hat).sum(axis=0))
        g = output_grad * self.s.value
        return (g - self.hat * (g * self.hat).mean(-1, keepdims=True)) / self.r


@wrong("input is wrong")
class VarianceTermMissing(Normalized):
    def backward(self, output_grad):
        self.s.accumulate((output_grad * self.hat).sum(axis=0))
        g = output_grad * self.s.value
        return (g - g.mean(-1, keepdims=True)) / self.r


@wrong("a missing term: what is missing is the same all along axis 0")
class CenteredInForwardAlone(Layer):
    def forward(self, input):
        return input - input.mean(axis=0)

    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("a missing term: what is missing is the same all along axis 1")
class OneWayOfTwo(Layer):
    """y = x + Σ x"""

    def forward(self, input):
        return input + input.sum(axis=-1, keepdims=True)

    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("input is wrong")
class PathForgotten(Inside):
    def __init__(self):
        self.inner = Linear(4)

    def backward(self, output_grad):
        return self.inner.backward(output_grad)


@wrong("input 1 is wrong", input=(X, 2 * X[::-1]))
class InputsSwapped(Times):
    def backward(self, output_grad):
        of_a, of_b = super().backward(output_grad)
        return of_b, of_a


@wrong("detached", input=(X, 2 * X[::-1]))
class SecondInputForgotten(Times):
    def backward(self, output_grad):
        return super().backward(output_grad)[0], np.zeros_like(output_grad)


@wrong("not a number")
class DividedByZero(Affine):
    def of_bias(self, g):
        return g.sum(axis=0) / np.zeros(self.size)


# ------------------------------------------------ masks, kinks, ends


@wrong("a mask the wrong way round")
class MaskInverted(Rectifier):
    def backward(self, output_grad):
        return output_grad * (self.last_input <= 0)


@wrong("a mask that is always on")
class MaskAlwaysOn(Rectifier):
    def backward(self, output_grad):
        return output_grad * (self.output >= 0)


@wrong("a mask that is off too often")
class MaskOffTooOften(Rectifier):
    def backward(self, output_grad):
        return output_grad * (self.last_input > 0.5)


@wrong("a boolean: the mask itself was returned")
class MaskReturned(Rectifier):
    def backward(self, output_grad):
        return self.last_input > 0


@wrong("a mask that is always on")
class ClipPassesAll(Clip):
    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("a mask that is always on", input=3 * X)
class ClipOneEnd(Clip):
    def backward(self, output_grad):
        return output_grad * (self.last_input < 1)


@wrong("a mask that is off too often")
class LeakForgotten(Layer):
    def forward(self, input):
        return np.where(input > 0, input, 0.1 * input)

    def backward(self, output_grad):
        return output_grad * (self.last_input > 0)


@wrong("the sign in some places")
class AbsoluteWithoutSign(Layer):
    def forward(self, input):
        return np.abs(input)

    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("a mask that is always on")
class MaximumToAll(Highest):
    def backward(self, output_grad):
        return np.repeat(output_grad, self.last_input.shape[-1], axis=-1)


@wrong("ties: ", input=np.array([[1.0, 1.0, 0.5], [2.0, 0.3, 2.0]]))
class MaximumToEveryTie(Highest):
    def backward(self, output_grad):
        return output_grad * (self.last_input == self.output)


@wrong("a factor forgotten: times 2 input it would be right")
class InnerDerivativeForgotten(Layer):
    """y = log(1 + x²)"""

    def forward(self, input):
        return np.log(1 + input**2)

    def backward(self, output_grad):
        return output_grad / (1 + self.last_input**2)


@wrong("input is wrong")
class MinimumForMaximum(Highest):
    def backward(self, output_grad):
        grad = np.zeros_like(self.last_input)
        np.put_along_axis(grad, self.last_input.argmin(axis=-1)[..., None], output_grad, axis=-1)
        return grad


# ------------------------------------------------ rounding, sizes, modes


@wrong(
    "one place alone: everything but index 0 of axis 1 is right; a factor: it is 2 times",
    input=np.random.default_rng(4).normal(size=(3, 2)),
)
class OneColumnHidden(Layer):
    """A column whose gradient is twice too large, beside one 10⁷ times larger."""

    def forward(self, input):
        return input * np.array([1.0, 1e7], dtype=input.dtype)

    def backward(self, output_grad):
        return output_grad * np.array([2.0, 1e7], dtype=output_grad.dtype)


@wrong("one place alone: everything but index 1 of axis 0", 3)
class OneElement(Affine):
    def of_weights(self, g):
        grad = super().of_weights(g)
        grad[1, 2] *= 1.01
        return grad


@wrong("everything but index 4 of axis 0 is right; a factor: it is 1.5 times")
class OneRowWrong(Affine):
    def of_input(self, g):
        grad = super().of_input(g)
        grad[-1] *= 1.5
        return grad


@wrong("in a batch of one")
class WrongForOne(Affine):
    def of_bias(self, g):
        return g.sum(axis=0) if len(g) > 1 else 0 * g[0]


@wrong("backward fails in a batch of one")
class SqueezedBatch(Curve):
    def backward(self, output_grad):
        return np.squeeze(super().backward(output_grad))


@wrong("in a batch of 66")
class WrongForMany(Curve):
    def backward(self, output_grad):
        grad = super().backward(output_grad)
        grad[32:] = 0
        return grad


@wrong("in a batch of 66")
class SumOfTheFirstRows(Affine):
    def of_weights(self, g):
        return self.last_input[:32].T @ g[:32]


@wrong("in float32: ")
class LostInFloat32(Curve):
    def backward(self, output_grad):
        right = super().backward(output_grad)
        return right if output_grad.dtype == np.float64 else 0.5 * right


@wrong("in float32: ")
class StepTooSmall(Curve):
    """The derivative as a difference with a step that float32 cannot hold."""

    def backward(self, output_grad):
        x = self.last_input
        step = np.asarray(1e-9, dtype=x.dtype)
        return output_grad * (2 * x if x.dtype == np.float64 else ((x + step) ** 2 - x**2) / step)


@wrong("in evaluation: ")
class WrongInEvaluation(Running):
    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("in evaluation: ")
class DropInBothModes(Drop):
    """Evaluation drops nothing, but its way back does."""

    def backward(self, output_grad):
        return output_grad * (self.mask if self.training else 0.5 * self.mask)


@wrong("a factor: it is 0.5 times")
class DropScaleForgotten(Drop):
    def backward(self, output_grad):
        return output_grad * (self.mask > 0) if self.training else output_grad


@wrong("input is wrong")
class AnotherMask(Drop):
    """Draws a new mask for the way back."""

    def backward(self, output_grad):
        return output_grad * ((self.rng.random(output_grad.shape) < 0.5) * 2.0)


@wrong("when output_grad is large or small")
class Clipped(Curve):
    def backward(self, output_grad):
        return np.clip(super().backward(output_grad), -50, 50)


@wrong("when output_grad is large or small")
class SmallOnesDropped(Curve):
    def backward(self, output_grad):
        grad = super().backward(output_grad)
        return np.where(np.abs(grad) < 1e-5, 0, grad)


@wrong("not proportional to output_grad")
class Decayed(Affine):
    def of_weights(self, g):
        return super().of_weights(g) + 0.01 * self.W.value


@wrong("not proportional to output_grad")
class SignOfTheGradient(Affine):
    def of_input(self, g):
        return np.sign(super().of_input(g))


# ------------------------------------------------ changes in place


@wrong("forward changes its input in place")
class InputDoubled(Layer):
    def forward(self, input):
        input *= 2
        return input * 1.0

    def backward(self, output_grad):
        return 2 * output_grad


@wrong("forward changes its input in place", Tanh(), Rectifier())
class OutputBeforeChanged(Sequential):
    """The input of the second layer is the output of the first."""

    def __init__(self, *inside):
        super().__init__(inside[0], InputDoubled(), inside[1])


@wrong("backward changes output_grad in place")
class GradMaskedInPlace(Rectifier):
    def backward(self, output_grad):
        output_grad *= self.last_input > 0
        return output_grad


WRONG += [
    Wrong(Residual(GradMaskedInPlace()), "layer 0, GradMaskedInPlace(): backward changes output_grad in place"),
    Wrong(
        Parallel(GradMaskedInPlace(), Linear(4), combine="add"),
        "layer 0, GradMaskedInPlace(): backward changes output_grad in place",
    ),
    Wrong(Sequential(Linear(3), Inside(GradMaskedInPlace())), "layer 1.inner, GradMaskedInPlace(): backward changes"),
]


@wrong("backward changes output in place")
class OutputReused(Squash):
    def backward(self, output_grad):
        self.output *= 1 - self.output
        return output_grad * self.output


@wrong("backward changes last_input in place")
class InputReused(Curve):
    def backward(self, output_grad):
        self.last_input[...] = 2 * self.last_input * output_grad
        return self.last_input * 1.0


@wrong("backward changes parameter W in place")
class StepInBackward(Affine):
    def of_weights(self, g):
        grad = super().of_weights(g)
        self.W.value -= 0.01 * grad
        return grad


@wrong("forward changes parameter W in place")
class WeightsClipped(Affine):
    def forward(self, input):
        self.W.value[...] = np.clip(self.W.value, -0.1, 0.1)
        return super().forward(input)


@wrong("forward changes in place what layer inner, Tanh(), has returned")
class InnerOutputChanged(Inside):
    def __init__(self):
        self.inner = Tanh()

    def forward(self, input):
        y = self.inner(input)
        y += input
        return y


@wrong("changes the labels in place", Linear(2), input=X, labels=X[:, :2].copy())
class LabelsCentered(Squares):
    def forward(self, input, labels):
        labels -= labels.mean()
        return super().forward(input, labels)


@wrong("changes the predictions in place", Sequential(Linear(2)), input=X, labels=X[:, :2].copy())
class PredictionsClipped(Squares):
    def forward(self, input, labels):
        self.last_input = p = self.network(input)
        self.labels = labels
        p *= 0.5
        return float(((p - labels) ** 2).sum())


@wrong("a factor: it is 0.5 times", Linear(2), input=X, labels=X[:, :2].copy())
class HalfTheLoss(Squares):
    def gradient(self):
        return self.last_input - self.labels


# ------------------------------------------------ state


@wrong("at another batch after the first")
class FirstInputKept(Curve):
    first = None

    def forward(self, input):
        self.first = input if self.first is None or self.first.shape != input.shape else self.first
        return super().forward(input)

    def backward(self, output_grad):
        return 2 * self.first * output_grad


@wrong("a factor: it is 1.5")
class InputOfThePassBefore(Curve):
    before = None

    def forward(self, input):
        self.keep(before=self.last_input)
        return super().forward(input)

    def backward(self, output_grad):
        x = self.before if self.before is not None and self.before.shape == output_grad.shape else self.last_input
        return 2 * 1.5 * x * output_grad


@wrong("not proportional")
class OldestFirst(Curve):
    """Takes the oldest of the inputs that it has put on its stack."""

    def __init__(self):
        self.stack = []

    def forward(self, input):
        self.stack.append(input.copy())
        return super().forward(input)

    def backward(self, output_grad):
        x = self.stack.pop(0)
        return 2 * output_grad * (x if x.shape == output_grad.shape else self.last_input)


@wrong("the output is remembered from an earlier pass")
class CachedById(Curve):
    key = cached = None

    def forward(self, input):
        if self.key != id(input):
            self.key, self.cached = id(input), input**2
        return self.cached * 1.0


@wrong("forward writes into the array that it returned before")
class BufferReused(Curve):
    buffer = None

    def forward(self, input):
        if self.buffer is None or self.buffer.shape != input.shape or self.buffer.dtype != input.dtype:
            self.buffer = np.empty_like(input)
        return np.multiply(input, input, out=self.buffer)


@wrong("backward writes into the array that it returned before")
class GradBufferReused(Curve):
    buffer = None

    def backward(self, output_grad):
        if self.buffer is None or self.buffer.shape != output_grad.shape or self.buffer.dtype != output_grad.dtype:
            self.buffer = np.empty_like(output_grad)
        return np.multiply(2 * self.last_input, output_grad, out=self.buffer)


@wrong("forward is stochastic")
class GlobalNoise(Layer):
    def forward(self, input):
        return input + np.random.normal(size=input.shape).astype(input.dtype)  # noqa: NPY002

    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("a generator that the layer does not keep")
class NewGeneratorEachTime(Layer):
    def forward(self, input):
        return input + np.random.default_rng().normal(size=input.shape).astype(input.dtype)

    def backward(self, output_grad):
        return output_grad * 1.0


@wrong("input is wrong")
class AddedUp(Curve):
    """Adds the input's gradients up from pass to pass."""

    total = None

    def backward(self, output_grad):
        grad = super().backward(output_grad)
        fits = self.total is not None and self.total.shape == grad.shape
        self.total = grad + self.total if fits else grad
        return self.total * 1.0


@wrong("one place alone: everything but index 3 of axis 0", input=CODES)
class DuplicatesAssigned(Lookup):
    def backward(self, output_grad):
        grad = np.zeros_like(self.E.value)
        grad[self.last_input] = output_grad
        self.E.accumulate(grad)


@wrong("one place alone: everything but index 3 of axis 0", input=CODES)
class DuplicatesAddedOnce(Lookup):
    def backward(self, output_grad):
        grad = np.zeros_like(self.E.value)
        grad[self.last_input] += output_grad
        self.E.accumulate(grad)


@wrong("W is wrong")
class GradientOfATwinLost(Layer):
    """The same weights twice, y = x W W, the gradient of one use alone."""

    def setup(self, input_shape):
        self.W = Parameter((input_shape[-1], input_shape[-1]), Normal(0.5))

    def forward(self, input):
        return input @ self.W.value @ self.W.value

    def backward(self, output_grad):
        W = self.W.value
        self.W.accumulate((self.last_input @ W).T @ output_grad)
        return output_grad @ W.T @ W.T


@wrong("b is wrong")
class SumForBroadcast(Layer):
    """One number for all features, whose gradient is only that of the first."""

    def setup(self, input_shape):
        self.b = Parameter((1,))

    def forward(self, input):
        return input + self.b.value

    def backward(self, output_grad):
        self.b.accumulate(output_grad.sum(axis=0)[:1])
        return output_grad * 1.0


# ------------------------------------------------ inside a network

WRONG += [
    Wrong(
        Sequential(Linear(3), GainForgotten(), Tanh(), Linear(2)),
        "the fault is in layer 1, GainForgotten():\n  input",
    ),
    Wrong(
        Sequential(Linear(4), Sequential(Tanh(), MaskAlwaysOn()), Linear(2)),
        "the fault is in layer 1.1, MaskAlwaysOn()",
    ),
    Wrong(Sequential(Twice(3), Tanh(), Linear(1)), "the fault is in layer 0, Twice(3)"),
    Wrong(Parallel(Linear(3), OneElement(3)), "the fault is in layer 1, OneElement(3)"),
    Wrong(Sequential(Linear(4), Inside(WrongSign(4)), Linear(1)), "the fault is in layer 1.inner, WrongSign(4)"),
    Wrong(
        Squares(Sequential(Linear(3), MaskInverted(), Linear(2))),
        "the fault is in layer 1, MaskInverted()",
        X,
        X[:, :2],
    ),
    Wrong(Sequential(Linear(3), GlobalNoise(), Linear(2)), "the fault is in layer 1, GlobalNoise()"),
    Wrong(Sequential(Linear(3), Clipped(), Linear(2)), "the fault is in layer 1, Clipped()"),
]


class OverflowingSum(Layer):
    """y = log Σ exp x, which float32 cannot hold from x = 89 on"""

    def forward(self, input):
        return np.log(np.exp(input).sum(axis=-1, keepdims=True))

    def backward(self, output_grad):
        e = np.exp(self.last_input)
        return output_grad * e / e.sum(axis=-1, keepdims=True)


class OverflowingTanh(Layer):
    def forward(self, input):
        return (np.exp(input) - np.exp(-input)) / (np.exp(input) + np.exp(-input))

    def backward(self, output_grad):
        return output_grad * (1 - self.output**2)


OVERFLOWING = [OverflowingSum(), OverflowingTanh()]
"""Right in their numbers, but not safe: `check_layer` says so."""

RIGHT = [
    (Affine(), None),
    (Gain(), None),
    (Curve(), None),
    (Rectifier(), None),
    (Squash(), None),
    (Simplex(), None),
    (Normalized(), None),
    (Convolution(), np.random.default_rng(3).normal(size=(2, 7))),
    (Recurrent(), SERIES),
    (Lookup(), CODES),
    (Highest(), None),
    (Clip(), None),
    (Drop(), None),
    (Average(), None),
    (Total(), None),
    (Times(), (X, 2 * X[::-1])),
    (Bent(), None),
    (Running(), None),
    (Inside(Linear(4)), None),
]
"""The layers that the wrong ones change, and a batch where it is not the usual one."""
