"""What a user's code can reach: the functions that a pass may call, and what these name outside themselves."""

from __future__ import annotations

import builtins
import dis
import sys
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..patches import is_patched

__all__ = [
    "ANY_NAME",
    "Named",
    "class_values",
    "constants",
    "functions",
    "functions_in",
    "is_from",
    "is_users",
    "named",
    "used",
    "writes",
]

_STILL = ("numpy", "math", "cmath", "operator", "lincoln", "scipy", "typing", "__future__")
"""Modules whose functions give the same result for the same arguments, numpy.random left out."""
_BEFORE = frozenset({"__init__", "__new__", "__init_subclass__", "__repr__", "setup", "multiply_adds"})
"""Methods that no pass calls."""
_COMPARING = frozenset({"__eq__", "__hash__", "__replace__"})
"""Methods that change nothing."""
ANY_NAME = frozenset({"getattr", "vars", "__dict__", "__getattribute__"})
"""Code that uses these may come to an attribute whose name does not stand in the code."""
_CODE: tuple[type, ...] = (types.FunctionType, types.MethodType, staticmethod, classmethod, property)


class Named(NamedTuple):
    """Something that code names, and where it stands: ``space.get(name)`` looks at it again."""

    space: Any
    name: str
    value: Any


def is_from(module: str, *more: str) -> bool:
    """Whether a module is one of those whose functions depend on their arguments alone.

    >>> is_from("numpy.linalg"), is_from("numpy.random"), is_from("__main__")
    (True, False, False)
    """
    return module.partition(".")[0] in (*_STILL, *more) and not module.startswith("numpy.random")


def is_users(owner: Any) -> bool:
    """Whether a layer or a loss runs code of a user's: its class is not Lincoln's, or a method has been replaced."""
    kind = type(owner)
    return not owner.own or any(callable(v) and callable(getattr(kind, name, None)) for name, v in vars(owner).items())


def functions(owner: Any) -> Iterator[types.FunctionType]:
    """The functions of a user's layer or loss that a pass may call, and those they name: not Lincoln's or NumPy's."""
    spaces = [vars(owner), *map(vars, _kinds(owner))]
    lincolns = [kind for kind in type(owner).__mro__ if is_from(kind.__module__, "builtins")]
    starts = {name for space in spaces for name in space if any(hasattr(kind, name) for kind in lincolns)}
    names, asked, waiting = starts - _BEFORE, set[str](), list[Any]()
    seen: set[int] = set()
    while names or waiting:
        waiting += [part for name in names for space in spaces if name in space for part in _code(space[name])]
        asked |= names
        names = set()
        while waiting:
            function = waiting.pop()
            if id(function) in seen or is_from(function.__module__ or ""):
                continue
            seen.add(id(function))
            yield function
            names |= used(function)
            if names & ANY_NAME:
                names |= {name for space in spaces for name in space} - _BEFORE
            waiting += [part for found in named(function) for part in _code(found.value)]
        names -= asked


def functions_in(value: Any, seen: set[int] | None = None) -> Iterator[types.FunctionType]:
    """The functions that stand in an object, in its class, and in what it holds."""
    seen = set() if seen is None else seen
    if id(value) in seen or isinstance(value, type | types.ModuleType):
        return
    seen.add(id(value))
    if isinstance(value, _CODE):
        for function in _code(value):
            if not is_from(function.__module__ or ""):
                yield function
                for found in named(function):
                    yield from functions_in(found.value if isinstance(found.value, _CODE) else None, seen)
        yield from functions_in(getattr(value, "__self__", None), seen)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from functions_in(inner, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from functions_in(inner, seen)
    elif not is_from(type(value).__module__, "builtins"):
        for kind in _kinds(value):
            for name, inner in vars(kind).items():
                is_called = isinstance(inner, _CODE) and name not in _BEFORE | _COMPARING
                yield from functions_in(inner, seen) if is_called else ()
        for inner in getattr(value, "__dict__", {}).values():
            yield from functions_in(inner, seen)


def class_values(owner: Any, names: set[str]) -> Iterator[Named]:
    """What a user's classes have, or do not have, under these names."""
    for kind in _kinds(owner):
        for name in names:
            yield Named(vars(kind), name, vars(kind).get(name))


def named(function: types.FunctionType) -> Iterator[Named]:
    """What a function names outside itself: globals, parts of modules, variables around it, defaults, imports."""
    yield from _globals(function, function.__code__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        around = _Cell(cell)
        if (value := around.get(name)) is not _Cell.EMPTY:
            yield Named(around, name, value)
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield Named({"a default": value}, "a default", value)


def used(function: types.FunctionType) -> set[str]:
    """Every name in a function's code, text that could be one included."""
    texts = {text for text in constants(function.__code__) if isinstance(text, str) and text.isidentifier()}
    return texts | {name for code in _codes(function.__code__) for name in code.co_names}


def constants(code: types.CodeType) -> Iterator[Any]:
    """The literals of code, those inside tuples included."""
    for part in _codes(code):
        for constant in part.co_consts:
            yield from constant if isinstance(constant, tuple) else (constant,)


def writes(owner: Any, function: types.FunctionType) -> str:
    """What a function sets that a copy of its layer or loss shares: a global, a variable around it, one of a class."""
    own = {name for kind in _kinds(owner) for name in vars(kind)}
    has_class = bool({"type", "__class__", "cls"} & {*used(function), *function.__code__.co_varnames}) or any(
        found.value in type(owner).__mro__ for found in named(function) if isinstance(found.value, type)
    )
    around = function.__code__.co_freevars
    for code in _codes(function.__code__):
        for step in dis.get_instructions(code):
            name, change = str(step.argval), step.opname.removeprefix("STORE_").removeprefix("DELETE_")
            if change == step.opname:
                continue
            if change == "GLOBAL" or (change == "DEREF" and name in around):
                return name
            if change == "ATTR" and has_class and name in own:
                return f"{type(owner).__name__}.{name}"
    return ""


class _Cell:
    """A variable of a function around a function, looked at as a dictionary is."""

    EMPTY = object()

    def __init__(self, cell: types.CellType) -> None:
        self._cell = cell

    def get(self, name: str) -> Any:
        """What it holds now."""
        try:
            return self._cell.cell_contents
        except ValueError:
            return self.EMPTY


def _kinds(owner: Any) -> list[type]:
    """The classes of an object that are neither Lincoln's nor Python's, or whose methods a user has replaced."""
    return [kind for kind in type(owner).__mro__ if not is_from(kind.__module__, "builtins") or is_patched(kind)]


def _code(value: Any) -> Iterator[types.FunctionType]:
    """The functions behind a method, a property, or a tuple of them."""
    if isinstance(value, tuple):
        for part in value:
            yield from _code(part)
    for part in (value.fget, value.fset) if isinstance(value, property) else (value,):
        part = getattr(part, "__func__", part) if isinstance(part, _CODE) else part
        part = getattr(part, "__wrapped__", part) if isinstance(part, types.FunctionType) else part
        if isinstance(part, types.FunctionType):
            yield part


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _globals(function: types.FunctionType, code: types.CodeType) -> Iterator[Named]:
    spaces = function.__globals__, vars(builtins)
    for part in _codes(code):
        found: Named | None = None
        for step in dis.get_instructions(part):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                space = next((space for space in spaces if step.argval in space), None)
                found = Named(space, step.argval, space[step.argval]) if space is not None else None
            elif step.opname == "IMPORT_NAME":
                found = Named(sys.modules, step.argval, sys.modules.get(step.argval))
                if step.argval == "numpy" and "random" in part.co_names:
                    yield Named(vars(found.value), "random", getattr(found.value, "random", None))
            elif found is not None and isinstance(found.value, types.ModuleType):
                if step.opname not in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
                    continue
                space = vars(found.value)
                found = Named(space, step.argval, space[step.argval]) if step.argval in space else None
            else:
                continue
            if found is not None:
                yield found
