"""The flat vectors that all the parameters and all the buffers of a network lie in."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import arrays
from .arrays import Array
from .exc import MatchError
from .foreign import ForeignParameter
from .parameters import FRESH, STALE, USED, Parameter

__all__ = ["ParameterVector", "Vector"]

_state = operator.attrgetter("_fresh")


class Vector:
    """The values of some parameters or buffers in one flat array, of which each of them is a view.

    To save them, to bring them back and to look for NaN in them is then one operation.

    Args:
        parameters: built ones, of one array library, dtype and device.

    Attributes:
        parameters: in the order in which they lie in the vector.
        value: an array of shape ``(size,)``.
        intact: false once one of the parameters has moved on to another vector.

    Raises:
        MatchError: the parameters are of different libraries, dtypes or devices.

    >>> from lincoln.layers import BatchNorm
    >>> BatchNorm().build(2).buffers.value
    array([0., 0., 1., 1.], dtype=float32)
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self.parameters = tuple(parameters)
        self.intact = True
        self._check_same_kind()
        self._flatten()
        start = 0
        for parameter in self.parameters:
            self._place(parameter, start)
            parameter.vector, parameter.start = self, start
            start += parameter.size

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(self.value.shape[0])

    def is_of(self, parameters: Sequence[Parameter]) -> bool:
        """Whether it was made of exactly these parameters, in this order."""
        return len(parameters) == len(self.parameters) and all(map(operator.is_, parameters, self.parameters))

    def holds(self, parameters: Sequence[Parameter]) -> bool:
        """Whether it was made of exactly these parameters, and they lie in it still."""
        return self.intact and self.is_of(parameters)

    def _flatten(self) -> None:
        self.value = _flat([p.value for p in self.parameters])

    def _place(self, parameter: Parameter, start: int) -> None:
        parameter.place(_part(self.value, parameter, start))

    def _check_same_kind(self) -> None:
        kinds = {(arrays.library(p.value), str(p.value.dtype), str(p.value.device)): p for p in self.parameters}
        if len(kinds) > 1:
            (one, first), (two, second) = list(kinds.items())[:2]
            raise MatchError(
                code="LN108",
                where=type(self).__name__,
                saw=f"{first.name} is {' '.join(one)}, {second.name} is {' '.join(two)}",
                why="the parameters of one network lie in one vector, so they are of one kind",
                fix='layer.astype("float32") for one dtype; lnc.arrays.use("torch") lets the data come as tensors',
            )


class ParameterVector(Vector):
    """All the parameters of a network in one flat vector, and all their gradients in another.

    An optimizer's step, gradient clipping, weight averaging and a checkpoint are then each one operation on one
    vector. Every `Parameter` is a view into it.

    Args:
        parameters: built parameters of one array library, dtype and device.

    Attributes:
        parameters: in the order in which they lie in the vector.
        value, grad: arrays of shape ``(size,)``.
        intact: false once one of the parameters has moved on to another vector.
        giver: a weak reference to the loss that the gradients are of.

    Raises:
        MatchError: the parameters are of different libraries, dtypes or devices.

    >>> w, b = Parameter((2, 1)), Parameter((1,))
    >>> for p in (w, b):
    ...     p.fill(np.random.default_rng(0), np.zeros(1))
    >>> vector = ParameterVector([w, b])
    >>> vector.value += 1
    >>> w.value
    array([[1.],
           [1.]])
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        super().__init__(parameters)
        self.foreign = tuple(p for p in self.parameters if isinstance(p, ForeignParameter))
        self.giver: Any = None

    def collect(self) -> bool:
        """Make the gradient vector true before it is used: parameters that no backward pass reached get zeros.

        Every use of the gradients as a whole begins here, so this is the one place where the gradients of several
        processes can be summed: ``vector.grad`` is theirs to add up once it has returned.

        Returns:
            Whether any backward pass has reached any of them; if not, nothing is changed.
        """
        for foreign in self.foreign:
            foreign.pull()
        states = set(map(_state, self.parameters))
        if len(states) > 1:
            latest = FRESH if FRESH in states else STALE
            for parameter in self.parameters:
                if parameter._fresh != latest:
                    parameter.clear_grad()
        return states != {USED}

    def any_fresh(self) -> bool:
        """Whether a backward pass has left a gradient that no step has used up."""
        return any(map(_state, self.parameters))

    def make_room(self) -> None:
        """Let the gradients that are there be replaced by those of the next pass, all of them."""
        for parameter in self.parameters:
            if parameter._fresh:
                parameter._fresh = STALE

    def mark_fresh(self) -> None:
        """Say that the gradient vector now holds the gradients of a backward pass."""
        for parameter in self.parameters:
            parameter._fresh = FRESH

    def release(self) -> None:
        """Give changed values back to layers that keep their own arrays, and mark all gradients as used up."""
        for foreign in self.foreign:
            foreign.push()
        for parameter in self.parameters:
            parameter._fresh = USED

    def _flatten(self) -> None:
        super()._flatten()
        self.grad = _flat([p.grad for p in self.parameters])

    def _place(self, parameter: Parameter, start: int) -> None:
        parameter.place(_part(self.value, parameter, start), _part(self.grad, parameter, start))


def _flat(parts: list[Array]) -> Array:
    """All numbers of some arrays, one array after another."""
    if not parts:
        return np.zeros(0, dtype=np.float32)
    xp = arrays.namespace(parts[0])
    return xp.concat([xp.reshape(part, (-1,)) for part in parts])


def _part(flat: Array, parameter: Parameter, start: int) -> Array:
    """A parameter's own part of a flat array, as a view in its shape."""
    return arrays.namespace(flat).reshape(flat[start : start + parameter.size], parameter.shape)
