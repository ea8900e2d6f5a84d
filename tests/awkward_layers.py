"""Layers that are right and hard to check: kinks, steep curves, large and tiny numbers, state, views, odd inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from mistakes_in_layers import CODES, SERIES, Affine, Curve, Drop, Inside, Lookup, Squares, X

from lincoln import Buffer, Layer, Parameter
from lincoln.initializers import Constant, Normal
from lincoln.layers import BatchNorm, Dense, Dropout, LayerNorm, Linear, Parallel, ReLU, Residual, Sequential, Tanh


class Function(Layer):
    """y = f(x), element by element, with f and its derivative as they are given"""

    def __init__(self, f, slope):
        self.f = f
        self.slope = slope

    def forward(self, input):
        return self.f(input)

    def backward(self, output_grad):
        return output_grad * self.slope(self.last_input)

    def __repr__(self):
        return "Function"


def sawtooth(x):
    return np.abs(x - np.round(x))


def sawtooth_slope(x):
    return np.sign(x - np.round(x))


class Pool(Layer):
    """The largest of each pair of neighbors."""

    def forward(self, input):
        return input.reshape(len(input), -1, 2).max(axis=-1)

    def backward(self, output_grad):
        pairs = self.last_input.reshape(len(self.last_input), -1, 2)
        mask = np.arange(2) == pairs.argmax(axis=-1)[..., None]
        return (mask * output_grad[..., None]).reshape(self.last_input.shape)


class Sorted(Layer):
    def forward(self, input):
        self.order = np.argsort(input, axis=-1)
        return np.take_along_axis(input, self.order, axis=-1)

    def backward(self, output_grad):
        grad = np.empty_like(output_grad)
        np.put_along_axis(grad, self.order, output_grad, axis=-1)
        return grad


class OverTheBatch(Layer):
    """Centers every feature over the batch, in both modes."""

    def forward(self, input):
        return input - input.mean(axis=0)

    def backward(self, output_grad):
        return output_grad - output_grad.mean(axis=0)


class Whitened(Layer):
    """Divides by a running variance, which must stay above 0."""

    def setup(self, input_shape):
        self.variance = Buffer(input_shape, Constant(1.0))

    def forward(self, input):
        self.factor = 1 / np.sqrt(self.variance.value)
        if self.training:
            self.variance.value = 0.9 * self.variance.value + 0.1 * input.var(axis=0)
        return input * self.factor

    def backward(self, output_grad):
        return output_grad * self.factor


class Growing(Layer):
    """y = (1 + n/100) x in the n-th pass, n being a plain attribute."""

    passes = 0

    def forward(self, input):
        self.passes += 1
        return input * np.asarray(1 + self.passes / 100, dtype=input.dtype)

    def backward(self, output_grad):
        return output_grad * np.asarray(1 + self.passes / 100, dtype=output_grad.dtype)


class Remembering(Layer):
    """y = x + h, with h from the pass before, which is no part of this one's gradient."""

    h = None

    def forward(self, input):
        y = input * 2 + (0 if self.h is None else self.h)
        self.h = input.mean(axis=0)
        return y

    def backward(self, output_grad):
        return output_grad * 2


class Noisy(Layer):
    def setup(self, input_shape):
        self.rng = self.generator()

    def forward(self, input):
        if not self.training:
            self.keep(noise=np.ones_like(input))
            return input * 1.0
        noise = self.rng.normal(size=input.shape).astype(input.dtype)
        self.keep(noise=noise)
        return input * noise

    def backward(self, output_grad):
        return output_grad * self.noise


class OwnGenerators(Layer):
    """Keeps generators in a list of its own."""

    def __init__(self):
        self.rngs = [np.random.default_rng(1), np.random.default_rng(2)]

    def forward(self, input):
        self.noise = sum(rng.normal(size=input.shape) for rng in self.rngs).astype(input.dtype)
        return input * self.noise

    def backward(self, output_grad):
        return output_grad * self.noise


class FreshInPlace(Layer):
    """Changes only arrays that it has made itself."""

    def forward(self, input):
        y = input + 1
        y *= y
        return y

    def backward(self, output_grad):
        grad = output_grad * 2
        grad *= self.last_input + 1
        return grad


class Turned(Layer):
    """Returns a view that is not contiguous."""

    def forward(self, input):
        return (2 * input)[:, ::-1]

    def backward(self, output_grad):
        return (2 * output_grad)[:, ::-1]


class Same(Layer):
    """Returns its input itself, and output_grad itself."""

    def forward(self, input):
        return input

    def backward(self, output_grad):
        return output_grad


class Part(Layer):
    """A view of its input."""

    def forward(self, input):
        return input[:, 1:3]

    def backward(self, output_grad):
        grad = np.zeros_like(self.last_input)
        grad[:, 1:3] = output_grad
        return grad


class Tied(Layer):
    """y = x W Wᵀ"""

    def setup(self, input_shape):
        self.W = Parameter((input_shape[-1], 2), Normal(0.5))

    def forward(self, input):
        self.h = input @ self.W.value
        return self.h @ self.W.value.T

    def backward(self, output_grad):
        self.W.accumulate(output_grad.T @ self.h)
        of_h = output_grad @ self.W.value
        self.W.accumulate(self.last_input.T @ of_h)
        return of_h @ self.W.value.T


class Siamese(Layer):
    """Two inputs through one layer and its twin."""

    def __init__(self, one):
        self.one = one
        self.two = one.twin()

    def forward(self, input):
        return self.one(input[0]) - self.two(input[1])

    def backward(self, output_grad):
        return self.one.backward(output_grad), self.two.backward(-output_grad)


class Gated(Layer):
    """y = a σ(b), a and b of different widths"""

    def forward(self, input):
        a, b = input
        return a / (1 + np.exp(-b))

    def backward(self, output_grad):
        a, b = self.last_input
        s = 1 / (1 + np.exp(-b))
        return output_grad * s, (output_grad * a * s * (1 - s)).sum(axis=-1, keepdims=True)


class Chosen(Layer):
    """A float input and whole numbers"""

    accepts = "any"

    def forward(self, input):
        a, index = input
        return np.take_along_axis(a, index[:, None], axis=1)

    def backward(self, output_grad):
        a, index = self.last_input
        grad = np.zeros_like(a)
        np.put_along_axis(grad, index[:, None], output_grad, axis=1)
        return grad, None


class TwoOutputs(Layer):
    def forward(self, input):
        return input[:, :2] ** 2, input[:, 2:] * 3

    def backward(self, output_grad):
        of_a, of_b = output_grad
        return np.concatenate([of_a * 2 * self.last_input[:, :2], of_b * 3], axis=1)


class FixedBatch(Layer):
    """Takes no other batch than one of five."""

    def forward(self, input):
        if len(input) != 5:
            raise ValueError("five examples are wanted")
        return input**2

    def backward(self, output_grad):
        return output_grad * 2 * self.last_input


class Scales(Layer):
    """Columns of very different sizes."""

    def forward(self, input):
        return input**2 * self._factors(input)

    def backward(self, output_grad):
        return 2 * output_grad * self.last_input * self._factors(output_grad)

    def _factors(self, array):
        return np.array([1e-6, 1.0, 1e6, 1e3], dtype=array.dtype)


class ReZero(Layer):
    """y = α x², α = 0 at first"""

    def setup(self, input_shape):
        self.alpha = Parameter((1,))

    def forward(self, input):
        return self.alpha.value * input**2

    def backward(self, output_grad):
        self.alpha.accumulate((output_grad * self.last_input**2).sum().reshape(1))
        return output_grad * self.alpha.value * 2 * self.last_input


class Positive(Layer):
    """y = x √s, for a parameter s > 0"""

    def setup(self, input_shape):
        self.s = Parameter(input_shape, Constant(2.0))

    def forward(self, input):
        return input * np.sqrt(self.s.value)

    def backward(self, output_grad):
        self.s.accumulate((output_grad * self.last_input).sum(axis=0) / (2 * np.sqrt(self.s.value)))
        return output_grad * np.sqrt(self.s.value)


class Unlearned(Layer):
    """Holds a parameter that the output does not depend on."""

    def setup(self, input_shape):
        self.idle = Parameter((3,))

    def forward(self, input):
        return input * 3

    def backward(self, output_grad):
        return output_grad * 3


class OneNumber(Layer):
    """One number for each example, without an axis of features."""

    def forward(self, input):
        return (input**2).sum(axis=-1)

    def backward(self, output_grad):
        return 2 * self.last_input * output_grad[:, None]


class CumulativeSum(Layer):
    def forward(self, input):
        return np.cumsum(input, axis=-1)

    def backward(self, output_grad):
        return np.cumsum(output_grad[..., ::-1], axis=-1)[..., ::-1]


class LogSumExp(Layer):
    def forward(self, input):
        m = input.max(axis=-1, keepdims=True)
        return m + np.log(np.exp(input - m).sum(axis=-1, keepdims=True))

    def backward(self, output_grad):
        return output_grad * np.exp(self.last_input - self.output)


class Frozen(Affine):
    def setup(self, input_shape):
        super().setup(input_shape)
        self.W.frozen = True


class Cancelling(Layer):
    """y = (x + 10⁶) - 10⁶, of which rounding leaves ten digits"""

    def forward(self, input):
        return (input + 1e6) - 1e6 if input.dtype == np.float64 else input * 1.0

    def backward(self, output_grad):
        return output_grad * 1.0


class TrainingAlone(Curve):
    """Has no evaluation."""

    def forward(self, input):
        if not self.training:
            raise NotImplementedError("evaluation")
        return super().forward(input)


def trained(layer):
    """A layer after a first pass in training."""
    layer(X)
    return layer


EDGES = np.array([[0.0, 1.0, -1.0, 1e-9], [1e-4, -1e-4, 2.0, 0.5], [1e-7, -1e-12, 3.0, -0.5]])
POSITIVE = np.abs(X) + 0.1
SHARES = 1 / (1 + np.exp(-X))

AWKWARD: dict[str, tuple[Any, Any]] = {
    "kinks at their place": (Function(np.abs, np.sign), EDGES),
    "a rectifier at its kink": (Function(lambda x: np.maximum(x, 0), lambda x: x > 0), EDGES),
    "a clip at its ends": (Function(lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) < 1), EDGES),
    "many kinks": (Function(lambda x: sawtooth(50 * x), lambda x: 50 * sawtooth_slope(50 * x)), X),
    "a steep sigmoid": (
        Function(lambda x: np.tanh(1e3 * x), lambda x: 1e3 / np.cosh(np.clip(1e3 * x, -300, 300)) ** 2),
        1e-3 * X,
    ),
    "fast waves": (Function(lambda x: np.sin(300 * x), lambda x: 300 * np.cos(300 * x)), X),
    "flat": (Function(lambda x: x**9, lambda x: 9 * x**8), 0.1 * X),
    "a pole near by": (Function(lambda x: 1 / x, lambda x: -1 / x**2), POSITIVE / 20),
    "a logarithm": (Function(np.log, lambda x: 1 / x), POSITIVE),
    "a logit of shares": (Function(lambda x: np.log(x / (1 - x)), lambda x: 1 / (x * (1 - x))), SHARES),
    "a square root": (Function(np.sqrt, lambda x: 0.5 / np.sqrt(x)), POSITIVE / 100),
    "large outputs": (Function(lambda x: 1e8 * x**2, lambda x: 2e8 * x), X),
    "tiny outputs": (Function(lambda x: 1e-8 * x**2, lambda x: 2e-8 * x), X),
    "large inputs": (Function(lambda x: x**2, lambda x: 2 * x), 1e5 * X),
    "tiny inputs": (Function(lambda x: x**2, lambda x: 2 * x), 1e-5 * X),
    "an offset": (Function(lambda x: x**2 + 1e4, lambda x: 2 * x), X),
    "an exponential": (Function(np.exp, np.exp), 8 * X),
    "columns of all sizes": (Scales(), X),
    "cancellation": (Cancelling(), X),
    "max-pooling": (Pool(), X),
    "max-pooling with ties": (Pool(), np.round(X)),
    "sorting": (Sorted(), X),
    "the batch as a whole": (OverTheBatch(), X),
    "a running variance": (Whitened(), X),
    "a counter": (Growing(), X),
    "a state from the pass before": (Remembering(), X),
    "a generator of its own": (Noisy(), X),
    "generators in a list": (OwnGenerators(), X),
    "a dropout by hand": (Drop(), X),
    "a new array changed in place": (FreshInPlace(), X),
    "a reversed view": (Turned(), X),
    "its input itself": (Same(), X),
    "a view of its input": (Part(), X),
    "weights used twice": (Tied(), X),
    "a twin": (Siamese(Linear(2)), (X, 2 * X[::-1])),
    "inputs of two widths": (Gated(), (X, X[:, :1])),
    "a whole number beside": (Chosen(), (X, np.array([0, 3, 1, 2, 3]))),
    "whole numbers": (Lookup(), CODES),
    "whole numbers below others": (Sequential(Lookup(), Dense(3, "tanh")), CODES),
    "two outputs": (TwoOutputs(), X),
    "one size of batch": (FixedBatch(), X),
    "no evaluation": (trained(TrainingAlone()), X),
    "zero at first": (ReZero(), X),
    "a parameter above zero": (Positive(), X),
    "an idle parameter": (Unlearned(), X),
    "a number for each example": (OneNumber(), X),
    "a running sum": (CumulativeSum(), X),
    "a safe logarithm": (LogSumExp(), 30 * X),
    "frozen": (Frozen(), X),
    "in evaluation": (Sequential(BatchNorm(), Dropout(0.5), Linear(2)).eval(), X),
    "batch normalization": (Sequential(Linear(3), BatchNorm(), ReLU()), X),
    "batch normalization of two": (BatchNorm(), X[:2]),
    "two features normalized": (LayerNorm(), X[:, :2]),
    "a deep network": (Sequential(*[Dense(6, "relu") for _ in range(5)], seed=0), X),
    "an input of zeros": (Sequential(Linear(3), ReLU(), Linear(2)), np.zeros((4, 3))),
    "rows that are equal": (Sequential(Linear(3), Tanh()), np.ones((4, 3))),
    "one row": (Sequential(Linear(3), BatchNorm()), X[:1]),
    "one number": (Curve(), X[:1, :1]),
    "a large array": (Affine(40), np.random.default_rng(0).normal(size=(3, 50))),
    "a long batch": (Affine(2), np.random.default_rng(0).normal(size=(200, 3))),
    "a sequence": (Sequential(Linear(4), Tanh(), Linear(2)), SERIES),
    "branches": (Parallel(Residual(Same()), Sequential(Linear(4), ReLU()), combine="add"), X),
    "inside one's own": (Inside(Sequential(Linear(4), Noisy())), X),
    "a loss of one's own": (Squares(Sequential(Linear(3), Noisy(), Linear(4))), X),
    "single precision": (Sequential(Linear(3), Tanh()).build(4), X.astype(np.float32)),
}
"""Each with what is awkward about it, and a batch; the labels of a loss are the batch itself."""
