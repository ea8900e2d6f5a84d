"""Layers and losses as users write them: the shortest form, and the form of the notebooks, for any array library.

Those of the notebooks' form keep bare arrays in dictionaries, make them in the first forward pass, yield them from
generators of their own, store ``last_input`` and ``output`` themselves and check shapes with errors of one string.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from lincoln import Layer, Loss, Parameter
from lincoln.exc import BackwardError, DimensionError, MatchError
from lincoln.initializers import Normal


def library(array: Any) -> Any:
    """The module that an array comes from."""
    return sys.modules[type(array).__module__.partition(".")[0]]


class Swish(Layer):
    """y = a σ(a)"""

    def forward(self, input):
        return input / (1 + library(input).exp(-input))

    def backward(self, output_grad):
        s = 1 / (1 + library(output_grad).exp(-self.last_input))
        return output_grad * s * (1 + self.last_input * (1 - s))


class Scale(Layer):
    """y = a s, with one s for every feature"""

    def setup(self, input_shape):
        self.s = Parameter(input_shape[-1:], Normal(0.5))

    def forward(self, input):
        return input * self.s.value

    def backward(self, output_grad):
        self.s.accumulate((self.last_input * output_grad).reshape(-1, output_grad.shape[-1]).sum(0))
        return output_grad * self.s.value


class Noise(Layer):
    """y = a m, in training only, with a mask m that the layer keeps for its way back"""

    def setup(self, input_shape):
        self.rng = self.generator()

    def forward(self, input):
        self.mask = (self.rng.random(input.shape) < 0.5).astype(input.dtype) if self.training else np.ones_like(input)
        return input * self.mask

    def backward(self, output_grad):
        return output_grad * self.mask


class Block(Layer):
    """Layers held as attributes: y = x + outer(inner(x))"""

    def __init__(self, inner, outer):
        self.inner = inner
        self.outer = outer

    def forward(self, input):
        return input + self.outer(self.inner(input))

    def backward(self, output_grad):
        return output_grad + self.inner.backward(self.outer.backward(output_grad))


class Product(Layer):
    """y = a b, of two inputs"""

    def forward(self, input):
        a, b = input
        return a * b

    def backward(self, output_grad):
        a, b = self.last_input
        return output_grad * b, output_grad * a


class Pick(Layer):
    """y = a[i], of an array and of whole numbers, which have no gradient"""

    accepts = "any"

    def forward(self, input):
        a, index = input
        return a * (index[:, None] == np.arange(a.shape[1]))

    def backward(self, output_grad):
        a, index = self.last_input
        return output_grad * (index[:, None] == np.arange(a.shape[1])), None


# ---------------------------------------------------------------------- the notebooks' form


class BareLinear(Layer):
    """a = x W + B"""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.built_by_itself = False
        self.values = {"W": None, "B": None}
        self.slopes = {"W": None, "B": None}

    def forward(self, input):
        if input.ndim != 2:
            raise DimensionError(f"a matrix is wanted, not {input.ndim} dimensions")
        self.last_input = input
        if not self.built_by_itself:
            rng, xp = np.random.default_rng(self.size), library(input)
            self.W = xp.asarray(rng.normal(size=(input.shape[1], self.size)), dtype=input.dtype)
            self.B = xp.asarray(rng.normal(size=(1, self.size)), dtype=input.dtype)
            self.values.update({"W": self.W, "B": self.B})
            self.built_by_itself = True
        if input.shape[1] != self.W.shape[0]:
            raise MatchError(f"{self.W.shape[0]} features are wanted, not {input.shape[1]}")
        self.output = self.last_input @ self.W + self.B
        return self.output

    def backward(self, output_grad):
        if output_grad.shape != self.output.shape:
            raise MatchError("the two shapes differ")
        self.slopes.update({"W": self.last_input.T @ output_grad, "B": output_grad.sum(0).reshape(1, -1)})
        return output_grad @ self.W.T

    def parameters(self):
        yield from self.values.values()

    def grads(self):
        yield from self.slopes.values()

    def __repr__(self):
        return f"BareLinear {self.size}"


class BareSigmoid(Layer):
    """p = σ(a)"""

    def __init__(self):
        super().__init__()

    def forward(self, input):
        self.last_input = input
        self.output = 1.0 / (1.0 + library(input).exp(-input))
        return self.output

    def backward(self, output_grad):
        if not hasattr(self, "output"):
            raise BackwardError("forward comes first")
        input_grad = self.output * (1.0 - self.output) * output_grad
        if input_grad.shape != self.last_input.shape:
            raise MatchError("the two shapes differ")
        return input_grad


class BareLogLoss(Loss):
    """The log loss, whose ``backward`` starts the way back itself, as in the first notebook."""

    def __init__(self, network, eta=1e-9):
        super().__init__(network)
        self.eta = eta

    def forward(self, features, labels):
        self.last_input = p = self.network(features)
        self.labels = y = labels
        xp = library(p)
        return float((-y * xp.log(p + self.eta) - (1 - y) * xp.log(1 - p + self.eta)).sum())

    def backward(self):
        y, p = self.labels, self.last_input
        self.network.backward(-y / (p + self.eta) + (1 - y) / (1 - p + self.eta))


class BareSquares(Loss):
    """The sum of squares, in the form of the second notebook: ``forward`` and ``gradient``."""

    def forward(self, input, labels):
        self.last_input = p = self.network(input)
        self.labels = labels
        return float(((p - labels) ** 2).sum())

    def gradient(self):
        return 2 * (self.last_input - self.labels)
