"""Arrays that remember how they were made: one pass of them through a network writes down every call of the pass.

A `Traced` array goes through layers and losses as a NumPy array does, and computes what a NumPy array computes. NumPy's
own protocols, Python's operators and the functions marked by `one_line` tell its `Trace` which function was called on
what. No source is read. In a normal pass no such array exists.

What cannot be written down as a call (``if x.max() > 0`` asks an array for a number) raises `NotTraceableError`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import numpy as np

__all__ = ["NotTraceableError", "Trace", "Traced", "find", "one_line"]

Function = TypeVar("Function", bound=Callable[..., Any])


class NotTraceableError(AttributeError):
    """A layer did what no list of calls on arrays can do again; the text says what."""


class Trace(Protocol):
    """Who writes the calls down."""

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call a function on the arrays behind its traced arguments; its results, traced."""

    def forward(self, layer: Any, formula: Callable[..., Any], input: Any) -> Any:
        """A layer's forward pass."""

    def backward(self, layer: Any, formula: Callable[..., Any], output_grad: Any) -> Any:
        """A layer's backward pass, or its ``learn``."""

    def accumulate(self, parameter: Any, grad: Traced) -> None:
        """A parameter gets a gradient."""

    def assign(self, buffer: Any, value: Traced) -> None:
        """A buffer gets a new value."""


class Traced:
    """An array, or a number that was made of arrays, of which a `Trace` keeps what it was made from.

    Args:
        value: the array.
        trace: where its calls are written down.
    """

    __slots__ = ("__weakref__", "trace", "value")

    def __init__(self, value: Any, trace: Trace) -> None:
        self.value = value
        self.trace = trace

    # ------------------------------------------------------------------ what is known before any number is

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        shape: tuple[int, ...] = self.value.shape
        return shape

    @property
    def ndim(self) -> int:
        """Of the array."""
        return int(self.value.ndim)

    @property
    def size(self) -> int:
        """Of the array."""
        return int(self.value.size)

    @property
    def dtype(self) -> Any:
        """Of the array."""
        return self.value.dtype

    @property
    def flags(self) -> Any:
        """Of the array."""
        return self.value.flags

    @property
    def device(self) -> str:
        """Of the array."""
        return "cpu"

    @property
    def T(self) -> Any:
        """The transpose."""
        return self.trace.call(np.transpose, (self,), {})

    def __len__(self) -> int:
        return len(self.value)

    # ------------------------------------------------------------------ what is written down

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return functools.partial(_method, self, name)
        raise NotTraceableError(f"the attribute {name} of an array")

    def __getitem__(self, index: Any) -> Any:
        return self.trace.call(operator.getitem, (self, index), {})

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **named: Any) -> Any:
        if "out" in named or method == "at":
            raise NotTraceableError(f"np.{ufunc.__name__}, which changes an array in place")
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return self.trace.call(function, args, named)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if "out" in named or function.__name__ in _IN_PLACE:
            raise NotTraceableError(f"np.{function.__name__}, which changes an array in place")
        return self.trace.call(function, args, named)

    # ------------------------------------------------------------------ what cannot be

    def __bool__(self) -> bool:
        raise NotTraceableError("an array's truth value")

    def __float__(self) -> float:
        raise NotTraceableError("an array's number, by float()")

    def __int__(self) -> int:
        raise NotTraceableError("an array's number, by int()")

    def __index__(self) -> int:
        raise NotTraceableError("an array's number, as an index")

    def __iter__(self) -> Any:
        raise NotTraceableError("a loop over an array")

    def __setitem__(self, index: Any, value: Any) -> None:
        raise NotTraceableError("a change of an array in place")

    def __array__(self, *args: Any, **named: Any) -> Any:
        raise NotTraceableError("an array as an argument of a function that is neither NumPy's nor Lincoln's")

    def __format__(self, spec: str) -> str:
        raise NotTraceableError("an array's number, as text")

    def __deepcopy__(self, memo: Any) -> Any:
        raise NotTraceableError("a copy of an array by the module copy")

    def __reduce__(self) -> Any:
        raise NotTraceableError("a saved array")

    __copy__ = __reduce__
    __hash__ = object.__hash__


_METHODS = frozenset(
    (
        *("all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "copy", "cumprod", "cumsum", "dot"),
        *("flatten", "max", "mean", "min", "prod", "ravel", "repeat", "reshape", "round", "squeeze", "std", "sum"),
        *("swapaxes", "take", "transpose", "var"),
    )
)
"""Methods of arrays that change nothing and give an array or a number."""

_IN_PLACE = frozenset({"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"})


def _method(array: Traced, name: str, *args: Any, **named: Any) -> Any:
    if "out" in named:
        raise NotTraceableError(f"{name}(out=...), which changes an array in place")
    return array.trace.call(getattr(np.ndarray, name), (array, *args), named)


def _binary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: self.trace.call(function, (self, other), {})


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: self.trace.call(function, (other, self), {})


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: self.trace.call(function, (self,), {})


def _refused(self: Traced, other: Any) -> Any:
    raise NotTraceableError("a change of an array in place")


for _name in [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and_",
    "or_",
    "xor",
    "lshift",
    "rshift",
]:
    _plain = _name.rstrip("_")
    setattr(Traced, f"__{_plain}__", _binary(getattr(operator, _name)))
    setattr(Traced, f"__r{_plain}__", _reflected(getattr(operator, _name)))
    setattr(Traced, f"__i{_plain}__", _refused)
for _name in ["lt", "le", "gt", "ge", "eq", "ne"]:
    setattr(Traced, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in ["neg", "pos", "abs", "invert"]:
    setattr(Traced, f"__{_name}__", _unary(getattr(operator, _name)))


_MAY_BE_TRACED = (Traced, tuple, list)


def find(arguments: Iterable[Any]) -> Traced | None:
    """The first traced array among arguments, those inside tuples and lists included.

    >>> find([1, np.zeros(2), None]) is None
    True
    """
    for argument in arguments:
        if type(argument) is Traced:
            return argument
        if type(argument) in (tuple, list):
            found = find(argument)
            if found is not None:
                return found
    return None


def one_line(function: Function) -> Function:
    """Mark a function that is one call in the program of a network, whatever it does inside.

    Its results follow from its arguments alone, or it refuses them with an error; it changes none of them.

    >>> @one_line
    ... def half(x):
    ...     return x / 2
    >>> half(np.array([4.0]))
    array([2.])
    """

    @functools.wraps(function)
    def dispatch(*args: Any, **named: Any) -> Any:
        for argument in (*args, *named.values()) if named else args:
            if type(argument) in _MAY_BE_TRACED:
                found = find((*args, *named.values()))
                if found is not None:
                    return found.trace.call(dispatch, args, named)
        return function(*args, **named)

    return dispatch  # type: ignore[return-value]
