"""What a layer learns, with its gradient, and what it updates by itself."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from . import arrays
from .arrays import Array
from .exc import ContractError, MatchError
from .initializers import Initializer, Shape, zeros
from .modes import is_accumulating
from .tracing import Traced

__all__ = ["Buffer", "Parameter", "keeps_axes"]


USED, FRESH, STALE = False, True, 2
"""A gradient: none since the last step; of this pass; of an earlier pass, and to be replaced by the next."""


class Parameter:
    """An array that a layer learns, with its gradient.

    A layer declares it in ``setup`` with a shape and an initializer; the contract then fills it. Once the whole
    network is built, value and gradient are views into the network's vectors.

    Args:
        shape: the shape of the value.
        initializer: a function of a random generator and a shape; zeros if none is given.

    Attributes:
        name: the attribute of the layer that holds it, such as ``"W"``.
        frozen: if true, optimizers leave it as it is.
        vector, start: the flat vector that it lies in, and its place there; None while it lies in none.

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
        self.vector: Any = None
        self.start = 0
        self._value: Array = None
        self._grad: Array = None
        self._fresh: int = USED

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

    value = property(
        operator.attrgetter("_value"),
        _assign,
        doc="The current value. Assigning copies into the same memory; a wrong shape is a `MatchError`.",
    )

    @property
    def grad(self) -> Array:
        """The gradient that the last backward pass left; zeros before the first."""
        return self._grad

    @grad.setter
    def grad(self, grad: Array) -> None:
        raise self._assigned_grad()

    def _assigned_grad(self) -> ContractError:
        return ContractError(
            code="LN599",
            where=f"Parameter {self.name}",
            saw=f"{self.name or 'parameter'}.grad = ...",
            why="an optimizer learns from what was given to accumulate, which adds up the gradients of twins too",
            fix=f"self.{self.name or 'W'}.accumulate(grad); it adds what += would add",
        )

    def accumulate(self, grad: Array) -> None:
        """Add to the gradient: the only way a gradient enters.

        The first one after a forward pass, after an optimizer's step or after `clear_grad` replaces what is there;
        inside `accumulating`, the first one after a forward pass is added too.

        Raises:
            MatchError: the gradient's shape differs from the parameter's.
        """
        if self._grad is None:
            raise self._not_built("a gradient")
        if tuple(grad.shape) != self.shape:
            raise MatchError(
                code="LN107",
                where=f"Parameter {self.name}",
                saw=f"a gradient of shape {tuple(grad.shape)}, the parameter is {self.shape}",
                why="a gradient has one number for each number of the parameter",
                fix=keeps_axes(tuple(grad.shape), self.shape)
                or "sum over the axes that the forward pass broadcast over; transpose where the axes are swapped",
            )
        if type(grad) is Traced:
            grad.trace.accumulate(self, grad)
        elif self._adds():
            self._grad += grad
        else:
            self._grad[...] = grad
        self._fresh = FRESH

    def accumulate_result(self, function: Callable[..., Array], *operands: Array) -> None:
        """Add what a function gives: `accumulate(function(*operands))`, without an array in between where that can be.

        Args:
            function: of the operands, and of an array to write the result into, which may be left out.
            operands: arrays.
        """
        grad = self._grad
        fits = grad is not None and not self._adds()
        for operand in operands:
            fits = fits and type(operand) is ndarray and operand.dtype == grad.dtype
        if fits:
            try:
                function(*operands, grad)
            except ValueError:
                pass  # another shape, which is refused below
            else:
                self._fresh = FRESH
                return
        self.accumulate(function(*operands))

    def _adds(self) -> bool:
        """Whether a gradient is added to the one that is there."""
        return self._fresh is FRESH or (self._fresh == STALE and is_accumulating())

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
        self._fresh = USED

    def fill(self, rng: np.random.Generator, prototype: Array) -> None:
        """Draw the initial value, in the library, dtype and device of ``prototype``."""
        self.place(arrays.like(self.initializer(rng, self.shape), prototype))

    def place(self, value: Array, grad: Array | None = None) -> None:
        """Let these arrays be the value and the gradient from now on; the vector that it lay in is no longer intact."""
        self._leave()
        self._value = value
        self._grad = arrays.namespace(value).zeros_like(value) if grad is None else grad

    def _leave(self) -> None:
        if self.vector is not None:
            self.vector.intact = False
            self.vector = None

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

    # ------------------------------------------------------------------ a parameter is not an array

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        raise self._not_an_array(f"np.{ufunc.__name__} of it")

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        raise self._not_an_array(f"np.{function.__name__} of it")

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise self._not_an_array("it given in place of an array")

    def _in_arithmetic(self, *operands: Any) -> Any:
        raise self._not_an_array("it in arithmetic")

    def __getitem__(self, index: Any) -> Any:
        raise self._not_an_array("an index into it")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _in_arithmetic
    __matmul__ = __rmatmul__ = __pow__ = __rpow__ = __neg__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = (
        _in_arithmetic
    )

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Called only for attributes that are missing."""
            is_arrays = hasattr(ndarray, name) and not name.startswith("_")
            hint = f"; its value has: self.{self.name or 'W'}.value.{name}" if is_arrays else ""
            raise AttributeError(f"{type(self).__name__} has no attribute {name}{hint}", name=name, obj=self)

    def _not_an_array(self, saw: str) -> ContractError:
        name = self.name or "W"
        return ContractError(
            code="LN598",
            where=f"Parameter {self.name}".strip(),
            saw=f"the parameter itself: {saw}",
            why="a Parameter holds two arrays, the value and the gradient",
            fix=f"self.{name}.value, or self.{name}.grad",
        )

    def __repr__(self) -> str:
        state = "" if self.built else ", not built"
        return f"Parameter({self.name or 'unnamed'}, {self.shape}{state}{', frozen' if self.frozen else ''})"


class Buffer(Parameter):
    """An array that a layer updates by itself, without a gradient, such as a running mean.

    Declared, filled, shared by twins, converted and saved as a `Parameter` is, but no optimizer sees it. A layer gives
    it a new value in its forward pass: ``self.mean.value = m``.

    >>> mean = Buffer((2,))
    >>> mean.fill(np.random.default_rng(0), np.zeros(1, dtype=np.float32))
    >>> mean.value = np.array([1.0, 2.0])
    >>> mean.value
    array([1., 2.], dtype=float32)
    """

    __slots__ = ()

    def _set(self, value: Array) -> None:
        if type(value) is Traced:
            value.trace.assign(self, value)
        else:
            self._assign(value)

    value = property(operator.attrgetter("_value"), _set, doc=Parameter.value.__doc__)

    def place(self, value: Array, grad: Array | None = None) -> None:
        """Let this array be the value from now on. There is no gradient."""
        self._leave()
        self._value = value


def keeps_axes(shape: Shape, wanted: Shape) -> str:
    """What to do where a shape lacks only the axes of length 1 that a sum or a mean takes away; empty elsewhere.

    >>> keeps_axes((3,), (1, 3)), keeps_axes((3,), (4, 3))
    ('keep the axis that was summed: .sum(axis=..., keepdims=True)', '')
    """
    is_summed = len(shape) < len(wanted) and [n for n in shape if n != 1] == [n for n in wanted if n != 1]
    return "keep the axis that was summed: .sum(axis=..., keepdims=True)" if is_summed else ""


def _convert(value: Array, prototype: Array) -> Array:
    """The value as something that can be assigned into ``prototype``."""
    if arrays.library(value) == arrays.library(prototype):
        return value
    return arrays.like(arrays.numpy(value), prototype)
