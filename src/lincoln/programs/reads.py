"""What a user's layer or loss reads besides its arrays: a list of calls is right only while all of it stays the same.

A list of calls holds the numbers that Python worked out when the pass was written down. Literals, sizes, the layer's
own attributes, and numbers that its code names as globals are known, and can be looked at again before a step.
Whatever else its code reads (another object's attributes, random numbers, the time) cannot, and the layer stays a
call.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arguments import WithArguments
from ..layer import Layer
from ..parameters import Parameter
from ..tracing import NotTraceableError, Traced

__all__ = ["Reads", "why_not"]

_SCALARS = (bool, int, float, complex, str, bytes, type(None), np.generic)
_STILL = ("numpy", "math", "cmath", "operator", "lincoln", "scipy", "typing", "__future__")
"""Modules whose functions give the same result for the same arguments, numpy.random left out."""


class Reads:
    """The numbers and arrays that a layer's or a loss's code can name, and where they are to be found again.

    Attributes:
        watched: dictionary, name and value of each global number that the code names.
    """

    def __init__(self, owner: Any) -> None:
        self.watched: list[tuple[dict[str, Any], str, Any]] = []
        self._numbers: set[tuple[type, Any]] = set()
        self._arrays: set[int] = set()
        for function in _functions(owner):
            self._numbers |= {(type(c), c) for c in _constants(function.__code__)}
            for space, name, value in _named(function):
                if isinstance(value, _SCALARS):
                    self.watched.append((space, name, value))
                self._know(value)
        for space in (vars(owner), *(vars(kind) for kind in type(owner).__mro__)):
            for value in space.values():
                self._know(value)

    def explain(self, operands: Any) -> None:
        """Look at what a call is given.

        Raises:
            NotTraceableError: a number or an array whose origin is not known.
        """
        sizes = {n for operand in operands if type(operand) is Traced for n in (*np.shape(operand.value), 0, 1, -1)}
        for operand in operands:
            self._explain(operand, sizes)

    def _explain(self, operand: Any, sizes: set[int]) -> None:
        if isinstance(operand, Traced | str | type | np.dtype | types.FunctionType | types.EllipsisType | None):
            return
        if isinstance(operand, tuple | list):
            for inner in operand:
                self._explain(inner, sizes)
        elif isinstance(operand, slice):
            self._explain((operand.start, operand.stop, operand.step), sizes)
        elif isinstance(operand, _SCALARS):
            known = (type(operand), operand) in self._numbers
            if not known and not (type(operand) is int and operand in sizes):
                raise NotTraceableError(
                    f"a number ({operand!r}) that is no literal, no attribute of the layer and no global of its module"
                )
        elif id(operand) not in self._arrays:
            raise NotTraceableError(f"{_name(operand)} that it makes, or finds elsewhere, in every pass")

    def _know(self, value: Any) -> None:
        if isinstance(value, _SCALARS):
            self._numbers.add((type(value), value))
        elif isinstance(value, np.ndarray):
            self._arrays.add(id(value))
        elif isinstance(value, tuple):
            for inner in value:
                self._know(inner)


def why_not(owner: Any) -> str:
    """Why a user's layer or loss must stay a call, before it is tried; empty if nothing speaks against it."""
    for name, value in vars(owner).items():
        if not name.startswith("_") and name not in ("arguments", "network") and not _is_still(value):
            return f"self.{name} is {_name(value)}, whose contents may change between batches"
    for function in _functions(owner):
        if "random" in function.__code__.co_names:
            return "it draws random numbers"
        for _, name, value in _named(function):
            if not _is_still(value):
                return f"it reads {name}, {_name(value)}, whose contents may change between batches"
    if isinstance(owner, Layer) and getattr(owner, "_adopted", None):
        return "it keeps its parameters as bare arrays"
    return ""


def _is_still(value: Any) -> bool:
    """Whether something cannot change its contents, or changes them only where the program looks."""
    if isinstance(value, (*_SCALARS, np.ndarray, Parameter, Layer, type, np.dtype, np.ufunc)):
        return True
    if isinstance(value, types.BuiltinFunctionType):
        return _is_from(value.__module__ or "builtins", "builtins")
    if isinstance(value, types.ModuleType):
        return _is_from(value.__name__)
    if isinstance(value, types.FunctionType | types.MethodType):
        return True  # its own names are looked at by `_functions`
    if isinstance(value, tuple | list):
        return all(isinstance(inner, (*_SCALARS, Layer)) or _is_still(inner) for inner in value) and (
            isinstance(value, tuple) or all(isinstance(inner, Layer) for inner in value)
        )
    return isinstance(value, WithArguments) or _is_from(type(value).__module__)


def _is_from(module: str, *more: str) -> bool:
    return module.partition(".")[0] in (*_STILL, *more) and not module.startswith("numpy.random")


def _functions(owner: Any) -> Iterator[types.FunctionType]:
    """The functions of a user's class, of its attributes, and of all that these name: not those of Lincoln or NumPy."""
    waiting: list[Any] = []
    for value in vars(owner).values():
        waiting += [part for part in (value if isinstance(value, tuple) else [value]) if not isinstance(part, type)]
    given = {id(value) for value in waiting}
    for kind in type(owner).__mro__:
        if not _is_from(kind.__module__, "builtins"):
            waiting += vars(kind).values()
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        is_given = id(value) in given
        if isinstance(value, property):
            value = value.fget
        value = getattr(value, "__func__", value)
        value = getattr(value, "__wrapped__", value)
        if not isinstance(value, types.FunctionType) or id(value) in seen:
            continue
        if is_given or not _is_from(value.__module__ or ""):
            seen.add(id(value))
            yield value
            waiting += [found for _, _, found in _named(value)]


def _named(function: types.FunctionType) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """What a function's code names outside itself: globals, and variables of the functions around it."""
    for name in _names(function.__code__):
        if name in function.__globals__ and not hasattr(builtins, name):
            yield function.__globals__, name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield _Cell(cell), name, cell.cell_contents
        except ValueError:
            continue


class _Cell(dict[str, Any]):
    """A variable of a function around a function, looked at as a dictionary is."""

    def __init__(self, cell: types.CellType) -> None:
        super().__init__()
        self._cell = cell

    def get(self, name: str, default: Any = None) -> Any:
        return self._cell.cell_contents


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _constants(code: types.CodeType) -> Iterator[Any]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _constants(constant)
        elif isinstance(constant, tuple):
            yield from (inner for inner in constant if isinstance(inner, _SCALARS))
        elif isinstance(constant, _SCALARS):
            yield constant


def _name(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"
