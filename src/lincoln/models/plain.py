"""Plain networks, of linear layers and rectifiers, in training: the layers' formulas without the calls of the layers.

Where a layer's work takes less time than the call of its method, most of a training step is calls. A small network's
whole way forward is one compiled call, and so is its way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import numpy as np

from .. import arrays, functional, kernels, modes
from ..functional.networks import Parts, parts_of
from ..layer import Layer
from ..layers import Dense, Linear, ReLU, Sequential
from ..losses import Custom, Loss
from ..tree import walk
from ..vector import ParameterVector

__all__ = ["PlainNetwork"]

_METHODS = ("__call__", "forward", "backward")
"""What a loss must have from `Loss` as it is."""

_MOST = 100_000
"""Multiplications with addition of a batch's way forward: beyond, matrix products by the BLAS are faster."""

_FEW = 24
"""With fewer examples the vector instructions of the compiled call, which work along them, are not filled."""

_layers_of = attrgetter("layers")


class PlainNetwork:
    """A loss whose network, if it is a plain one, is gone through without its layers.

    It is called, and goes back, as the loss is, with the same numbers to rounding. The layers then record nothing.
    Whatever is not plain goes through the layers: other kinds of layers, losses of one's own, which may look at what
    layers record and whose derivatives are to be checked, and every pass inside `recording`.

    >>> from lincoln import losses
    >>> network = Sequential(Dense(3, "relu"), Linear(1), seed=0)
    >>> loss = PlainNetwork(losses.MeanSquaredError(network))
    >>> value = loss(np.ones((4, 2), dtype=np.float32), np.zeros(4))
    >>> loss.backward()
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.network = loss.network
        self._own = _is_own(type(loss))
        self._vector: ParameterVector | None = None
        self._chains: list[Layer] = []
        self._inside: list[tuple[Layer, ...]] = []
        self._widths: np.ndarray | None = None
        self._features = self._few_rows = 0
        self._values: Parts = []
        self._grads: Parts = []
        self._units: Any = None

    def __call__(self, *batch: Any) -> float:
        """The loss of one batch."""
        network, x, self._units = self.network, batch[0], None
        if not self._own or not network.built or modes.is_recording():
            return self.loss(*batch)
        vector = network.vector
        if vector is not self._vector or list(map(_layers_of, self._chains)) != self._inside:
            self._look_at(vector)
        if self._widths is None or not self._takes(x, vector):
            return self.loss(*batch)
        if network.output is not None:
            network.forget()
        if len(x) <= self._few_rows:
            output, self._units = functional.rectifier_network(x, vector.value, self._widths)
        else:
            self._units = functional.rectifier_layers(x, self._values)
            output = self._units[-1]
        return self.loss.judge(output, *batch[1:])

    def backward(self) -> None:
        """Give every parameter its gradient."""
        vector, units = self._vector, self._units
        if units is None or vector is None:
            self.loss.backward()
            return
        self._units = None
        grad = self.loss.gradient()
        if type(units) is list:
            functional.rectifier_layers_backward(units, grad, self._values, self._grads)
        else:
            functional.rectifier_network_backward(units, grad, vector.value, vector.grad, self._widths)
        vector.mark_fresh()

    def _takes(self, x: Any, vector: ParameterVector) -> bool:
        """Whether a batch is as it would be after the first layer's checks."""
        if type(x) is not np.ndarray or x.ndim != 2 or x.dtype != vector.value.dtype or not x.flags.c_contiguous:
            return False
        return x.shape[1] == self._features and len(x) > 0 and not vector.any_fresh()

    def _look_at(self, vector: ParameterVector) -> None:
        """Find out whether the network is plain, and where its parameters lie."""
        self._chains = [layer for layer in walk(self.network) if type(layer) in (Sequential, Dense)]
        self._inside = [tuple(_layers_of(chain)) for chain in self._chains]
        self._vector, self._widths = vector, self._find_widths(vector)
        if self._widths is not None:
            self._features = int(self._widths[0])
            rows = _MOST // int((self._widths[:-1] * self._widths[1:]).sum())
            self._few_rows = rows if kernels.active() and rows >= _FEW else 0
            self._values, self._grads = parts_of(vector.value, self._widths), parts_of(vector.grad, self._widths)

    def _find_widths(self, vector: ParameterVector) -> np.ndarray | None:
        """The number of inputs and of every linear layer's outputs; None if the layers are of other kinds."""
        leaves = list(_leaves(self.network))
        linear, between = leaves[::2], leaves[1::2]
        if (
            any(getattr(getattr(self.loss, name), "__func__", None) is not getattr(Loss, name) for name in _METHODS)
            or any(name in vars(layer) for layer in walk(self.network) for name in _METHODS)
            or len(linear) != len(between) + 1
            or any(type(layer) is not Linear or not (layer.built and layer.B) for layer in linear)
            or any(type(layer) is not ReLU for layer in between)
            or arrays.library(vector.value) != "numpy"
        ):
            return None
        if not vector.holds([parameter for layer in linear for parameter in (layer.W, layer.B)]):
            return None
        return np.array([linear[0].features, *(layer.size for layer in linear)], dtype=np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        """What is copied and pickled: the loss with its network, not what the last batch left."""
        return PlainNetwork, (self.loss,)


def _is_own(kind: type[Loss]) -> bool:
    """Whether a class of losses is one of Lincoln's own, formulas included, that goes through its network as `Loss`."""
    as_it_is = all(getattr(kind, name) is getattr(Loss, name) for name in _METHODS)
    return as_it_is and kind.__module__.partition(".")[0] == __package__.partition(".")[0] and kind is not Custom


def _leaves(layer: Layer) -> Iterator[Any]:
    if type(layer) in (Sequential, Dense):
        for _, inner in layer.children():
            yield from _leaves(inner)
    else:
        yield layer
