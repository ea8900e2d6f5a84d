"""Parameters, and the one flat vector that all the parameters of a network lie in."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import arrays
from .arrays import Array
from .exc import ContractError, MatchError
from .initializers import Initializer, Shape, zeros

__all__ = ["Buffer", "Parameter", "ParameterVector"]


_is_fresh = operator.attrgetter("_fresh")


class Parameter:
    """An array that a layer learns, with its gradient.

    A layer declares it in ``setup`` with a shape and an initializer; the contract then fills it. Once the whole
    network is built, value and gradient are views into the network's `ParameterVector`.

    Args:
        shape: the shape of the value.
        initializer: a function of a random generator and a shape; zeros if none is given.

    Attributes:
        name: the attribute of the layer that holds it, such as ``"W"``.
        frozen: if true, optimizers leave it as it is.

    >>> bias = Parameter((2,))
    >>> bias.fill(np.random.default_rng(0), np.zeros(1, dtype=np.float32))
    >>> bias.accumulate(np.ones(2))
    >>> bias.accumulate(np.ones(2))
    >>> bias.grad
    array([2., 2.], dtype=float32)
    """

    __slots__ = ("_fresh", "_grad", "_value", "frozen", "initializer", "name", "shape", "start", "vector")

    def __init__(self, shape: Shape, initializer: Initializer = zeros) -> None:
        self.shape = tuple(shape)
        self.initializer = initializer
        self.name = ""
        self.frozen = False
        self.vector: ParameterVector | None = None
        self.start = 0
        self._value: Array = None
        self._grad: Array = None
        self._fresh = False

    @property
    def built(self) -> bool:
        """Whether the parameter has a value."""
        return self._value is not None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    def fits(self, value: Any) -> bool:
        """Whether a value can be assigned: numbers in the parameter's shape."""
        value = value if arrays.library(value) else np.asarray(value)
        return tuple(value.shape) == self.shape and arrays.kind(value) in ("float", "int")

    @property
    def shown_initializer(self) -> str:
        """The initializer's name, for tables."""
        return getattr(self.initializer, "__name__", repr(self.initializer))

    @property
    def value(self) -> Array:
        """The current value. Assigning copies into the same memory; a wrong shape is a `MatchError`."""
        return self._value

    @value.setter
    def value(self, value: Array) -> None:
        self._assign(value)

    def _assign(self, value: Array) -> None:
        if self._value is None:
            raise self._not_built("a value")
        value = value if arrays.library(value) else np.asarray(value)
        if tuple(value.shape) != self.shape:
            raise MatchError(
                code="LN106",
                where=f"Parameter {self.name}",
                saw=f"a value of shape {tuple(value.shape)}, the parameter is {self.shape}",
                why="assigning it would broadcast",
                fix=f"give all {self.size} numbers in shape {self.shape}",
            )
        self._value[...] = _convert(value, self._value)

    @property
    def grad(self) -> Array:
        """The gradient that the last backward pass left; zeros before the first."""
        return self._grad

    def accumulate(self, grad: Array) -> None:
        """Add to the gradient: the only way a gradient enters.

        The first one after an optimizer's step (or after `clear_grad`) replaces what is there.

        Raises:
            MatchError: the gradient has not the parameter's shape.
        """
        if self._grad is None:
            raise self._not_built("a gradient")
        if tuple(grad.shape) != self.shape:
            raise MatchError(
                code="LN107",
                where=f"Parameter {self.name}",
                saw=f"a gradient of shape {tuple(grad.shape)}, the parameter is {self.shape}",
                why="every number of a parameter has one number of gradient",
                fix="sum over the axes that the forward pass broadcast over; transpose where the axes are swapped",
            )
        if self._fresh:
            self._grad += grad
        else:
            self._grad[...] = grad
            self._fresh = True

    def accumulate_product(self, left: Array, right: Array) -> None:
        """Add a matrix product to the gradient: `accumulate` without an array in between.   (n, k) (k, m) -> (n, m)"""
        grad = self._grad
        fits = type(left) is np.ndarray and left.dtype == grad.dtype == right.dtype
        if self._fresh or not fits or (left.shape[0], right.shape[-1]) != self.shape:
            self.accumulate(left @ right)
            return
        left.dot(right, out=grad)
        self._fresh = True

    def _not_built(self, what: str) -> ContractError:
        return ContractError(
            code="LN105",
            where=f"Parameter {self.name or self.shape}",
            saw=f"{what} assigned before the parameter was built",
            why="its dtype and array library come from the first batch",
            fix="network.build(input_shape) first",
        )

    def clear_grad(self) -> None:
        """Set the gradient to zero."""
        if self._grad is not None:
            self._grad[...] = 0.0
        self._fresh = False

    def fill(self, rng: np.random.Generator, prototype: Array) -> None:
        """Draw the initial value, in the library, dtype and device of ``prototype``."""
        self.place(arrays.like(self.initializer(rng, self.shape), prototype))

    def place(self, value: Array, grad: Array | None = None) -> None:
        """Let these arrays be the value and the gradient from now on."""
        self._value = value
        self._grad = arrays.namespace(value).zeros_like(value) if grad is None else grad

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: the value on its own, without gradient and without the network's vector."""
        value = self._value
        return {
            "shape": self.shape,
            "initializer": self.initializer,
            "name": self.name,
            "frozen": self.frozen,
            "value": None if value is None else arrays.copied(value),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["shape"], state["initializer"])  # type: ignore[misc]
        self.name, self.frozen = state["name"], state["frozen"]
        if state["value"] is not None:
            self.place(state["value"])

    def __repr__(self) -> str:
        state = "" if self.built else ", not built"
        return f"Parameter({self.name or 'unnamed'}, {self.shape}{state}{', frozen' if self.frozen else ''})"


class Buffer(Parameter):
    """An array that a layer keeps up by itself, without a gradient, such as a running mean.

    Declared, filled, shared by twins, converted and saved as a `Parameter` is, but no optimizer sees it.

    >>> mean = Buffer((2,))
    >>> mean.fill(np.random.default_rng(0), np.zeros(1, dtype=np.float32))
    >>> mean.value = np.array([1.0, 2.0])
    >>> mean.value
    array([1., 2.], dtype=float32)
    """

    __slots__ = ()


class ForeignParameter(Parameter):
    """A parameter that a user's layer keeps by itself, as a bare array that its ``parameters()`` yields.

    It has its place in the flat vector like every other; the optimizer copies value and gradient in before a step
    and the value out after it. ``touched`` says whether the layer has gone backward since the last copy.
    """

    __slots__ = ("index", "layer", "touched")

    def __init__(self, layer: Any, index: int) -> None:
        self.layer = layer
        self.index = index
        self.touched = True
        value = self._theirs("parameters")
        super().__init__(tuple(value.shape))
        self.name = str(index)
        self.place(arrays.copied(value))

    @property
    def shown_initializer(self) -> str:
        """The layer's own affair."""
        return "its own"

    @property
    def value(self) -> Array:
        """The layer's own value, copied into the vector. Assigning changes both."""
        self._pull_value()
        return self._value

    @value.setter
    def value(self, value: Array) -> None:
        self._assign(value)
        self.push()

    @property
    def grad(self) -> Array:
        """The layer's own gradient, copied into the vector if it is new."""
        self._pull_grad()
        return self._grad

    def clear_grad(self) -> None:
        """Set the gradient to zero, and leave the layer's own aside."""
        super().clear_grad()
        self.touched = False

    def pull(self) -> None:
        """Copy the layer's own value and gradient into the vector."""
        self._pull_value()
        self._pull_grad()

    def push(self) -> None:
        """Copy the value in the vector back into the layer's own array."""
        self._theirs("parameters")[...] = self._value

    def _pull_value(self) -> None:
        self._value[...] = self._theirs("parameters")

    def _pull_grad(self) -> None:
        grad = self._theirs("grads") if self.touched else None
        if grad is not None:
            self._grad[...] = grad
            self._fresh = True
        self.touched = False

    def _theirs(self, which: str) -> Array:
        return list(getattr(self.layer, which)())[self.index]


class ParameterVector:
    """All the parameters of a network in one flat vector, and all their gradients in another.

    An optimizer's step, gradient clipping, weight averaging and a checkpoint are then each one operation on one
    vector. Every `Parameter` is a view into it.

    Args:
        parameters: built parameters of one array library, dtype and device.

    Attributes:
        parameters: in the order in which they lie in the vector.
        value, grad: arrays of shape ``(size,)``.
        intact: false once one of the parameters has moved on to another vector.

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
        self.parameters = tuple(parameters)
        self.foreign = tuple(p for p in self.parameters if isinstance(p, ForeignParameter))
        self.intact = True
        self._check_same_kind()
        if not self.parameters:
            self.value = self.grad = np.zeros(0, dtype=np.float32)
            return
        xp = arrays.namespace(self.parameters[0].value)
        self.value = xp.concat([xp.reshape(p.value, (-1,)) for p in self.parameters])
        self.grad = xp.concat([xp.reshape(p.grad, (-1,)) for p in self.parameters])
        start = 0
        for parameter in self.parameters:
            if parameter.vector is not None:
                parameter.vector.intact = False
            stop = start + parameter.size
            parameter.place(
                xp.reshape(self.value[start:stop], parameter.shape), xp.reshape(self.grad[start:stop], parameter.shape)
            )
            parameter.vector, parameter.start = self, start
            start = stop

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(self.value.shape[0])

    def holds(self, parameters: Sequence[Parameter]) -> bool:
        """Whether the vector is still that of exactly these parameters."""
        return (
            self.intact
            and len(parameters) == len(self.parameters)
            and all(map(operator.is_, parameters, self.parameters))
        )

    def collect(self) -> bool:
        """Make the gradient vector true before it is used: parameters that no backward pass reached get zeros.

        Returns:
            Whether any backward pass has reached any of them; if not, nothing is changed.
        """
        for foreign in self.foreign:
            foreign.pull()
        if not all(map(_is_fresh, self.parameters)):
            if not any(map(_is_fresh, self.parameters)):
                return False
            for parameter in self.parameters:
                if not parameter._fresh:
                    parameter.clear_grad()
        return True

    def any_fresh(self) -> bool:
        """Whether a backward pass has left a gradient that no step has used up."""
        return any(map(_is_fresh, self.parameters))

    def mark_fresh(self) -> None:
        """Say that the gradient vector now holds the gradients of a backward pass."""
        for parameter in self.parameters:
            parameter._fresh = True

    def release(self) -> None:
        """Give changed values back to layers that keep their own arrays, and mark all gradients as used up."""
        for foreign in self.foreign:
            foreign.push()
        for parameter in self.parameters:
            parameter._fresh = False

    def _check_same_kind(self) -> None:
        kinds = {(arrays.library(p.value), str(p.value.dtype), str(p.value.device)): p for p in self.parameters}
        if len(kinds) > 1:
            (one, first), (two, second) = list(kinds.items())[:2]
            raise MatchError(
                code="LN108",
                where="ParameterVector",
                saw=f"{first.name} is {' '.join(one)}, {second.name} is {' '.join(two)}",
                why="the parameters of one network lie in one vector, so they are of one kind",
                fix='layer.astype("float32") for one dtype; lnc.arrays.use("torch") lets the data come as tensors',
            )


def _convert(value: Array, prototype: Array) -> Array:
    """The value as something that can be assigned into ``prototype``."""
    if arrays.library(value) == arrays.library(prototype):
        return value
    return arrays.like(arrays.numpy(value), prototype)
