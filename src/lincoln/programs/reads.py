"""What a user's layer or loss reads besides its arrays: a list of calls is right only while all of it stays the same.

A list of calls holds the numbers that Python worked out when the pass was written down. Literals, sizes, the layer's
own attributes, and what its code names in its module and in its class are known, and can be looked at again before a
step. Whatever else its code reads (another object's attributes, random numbers, the time) cannot, and the layer stays a
call. What a copy of the layer would share with it and could change must not even be tried.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import initializers
from ..layer import Layer
from ..losses import Loss
from ..parameters import Parameter
from ..tracing import NotTraceableError, Traced
from .reach import ANY_NAME, Named, class_values, constants, functions, functions_in, is_from, named, used, writes

__all__ = ["Reads", "is_setting", "shares", "unchanged", "why_not"]

_SCALARS = (bool, int, float, complex, str, bytes, type(None), np.generic)
_DOES_MORE = (builtins.__import__, breakpoint, eval, exec, globals, input, open, print)
"""Functions of Python's that do something, or read what no argument says."""
_MACHINERY = frozenset({"arguments", "input_shape", "output_shape", "built"})
_ONLY_CODE = frozenset({"__wrapped__"})


class Reads:
    """The numbers and arrays that a layer's or a loss's code can name, and where they are to be found again.

    Attributes:
        watched: all that the code names outside the layer.
        names: every name in the code.
    """

    def __init__(self, owner: Any) -> None:
        self._numbers: set[tuple[type, str]] = set()
        self._arrays: set[int] = set()
        self.watched: list[Named] = []
        for function in functions(owner):
            for constant in constants(function.__code__):
                self._know(constant)
            self.watched += named(function)
        self.names = _names(owner)
        self.watched += class_values(owner, self.names)
        for value in (*vars(owner).values(), *(found.value for found in self.watched)):
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
            known = (type(operand), repr(operand)) in self._numbers
            if not known and not (type(operand) is int and operand in sizes):
                raise NotTraceableError(
                    f"a number ({operand!r}) that is no literal, no attribute of the layer and no global of its module"
                )
        elif id(operand) not in self._arrays:
            raise NotTraceableError(f"{_name(operand)} that it makes, or finds elsewhere, in every pass")

    def _know(self, value: Any) -> None:
        if isinstance(value, _SCALARS):
            self._numbers.add((type(value), repr(value)))
        elif isinstance(value, np.ndarray):
            self._arrays.add(id(value))
        elif isinstance(value, tuple):
            for inner in value:
                self._know(inner)


def why_not(owner: Any, inside: set[int]) -> str:
    """Why a user's layer or loss must stay a call, before it is tried; empty if nothing speaks against it.

    Args:
        owner: the layer or loss.
        inside: the ids of all layers of the network, and of losses in the loss, which are looked at themselves.
    """
    names = _names(owner)
    for name, value in vars(owner).items():
        is_kept = name in names and name != "network" and not hasattr(Loss if isinstance(owner, Loss) else Layer, name)
        if is_kept and not isinstance(value, np.ndarray | Parameter) and not _is_still(value, owner, inside):
            return f"self.{name} is {_name(value)}, whose contents may change between batches"
    if any("random" in function.__code__.co_names for function in functions(owner)):
        return "it draws random numbers"
    for function in functions(owner):
        if name := writes(owner, function):
            return f"it changes {name}"
    for found in _moving(owner):
        return _says(found)
    if isinstance(owner, Layer) and getattr(owner, "_adopted", None):
        return "it keeps its parameters as bare arrays"
    return ""


def shares(owner: Any, inside: set[int]) -> str:
    """What a pass of a copy of a user's layer or loss could change for the layer itself; empty if nothing."""
    everything = {id(function): function for function in functions(owner)}
    seen = set(inside)
    for name, value in vars(owner).items():
        if name != "_watchers":
            everything |= {id(function): function for function in functions_in(value, seen)}
    for function in everything.values():
        if name := writes(owner, function):
            return f"it changes {name}"
        for found in named(function):
            if not _is_still(found.value, owner, set()):
                return _says(found)
    return next(map(_says, _moving(owner)), "")


def unchanged(now: Any, then: Any) -> bool:
    """Whether something is the same object, or a number or text of the same kind and value, as before.

    >>> unchanged(np.float32(0.5), np.float32(0.5)), unchanged(0.0, -0.0), unchanged(1, True)
    (True, False, False)
    """
    return now is then or (type(now) is type(then) and isinstance(then, _SCALARS) and repr(now) == repr(then))


def is_setting(owner: Any, name: str, value: Any) -> bool:
    """Whether an attribute is one that changes what a layer or loss does, and not one that the library keeps."""
    if name in _MACHINERY or isinstance(value, Parameter):
        return False
    lincolns = (kind for kind in type(owner).__mro__ if is_from(kind.__module__))
    return not (name.startswith("_") and (owner.own or any(hasattr(kind, name) for kind in lincolns)))


def _names(owner: Any) -> set[str]:
    """Every name in the code that a pass may call, and of what that code is."""
    names = {name for function in functions(owner) for name in used(function)}
    own = set(vars(owner)) if names & ANY_NAME else set()
    return names | own | {"forward", "backward", "learn"}


def _moving(owner: Any) -> Iterator[Named]:
    """What the code names outside the layer that may change its contents unseen."""
    for function in functions(owner):
        yield from (found for found in named(function) if not _is_still(found.value, owner, set()))
    for found in class_values(owner, _names(owner)):
        is_code = isinstance(found.value, types.FunctionType | staticmethod | classmethod | property)
        if not is_code and not found.name.startswith("__") and not _is_still(found.value, owner, set()):
            yield found


def _is_still(value: Any, owner: Any, inside: set[int]) -> bool:
    """Whether something cannot change its contents, or changes them only where the program looks."""
    if isinstance(
        value, (*_SCALARS, np.dtype, type(NotImplemented), type(...), np.ufunc, np.finfo, np.iinfo, type(np.where))
    ):
        return True
    if isinstance(value, Layer | Loss):
        return id(value) in inside
    if isinstance(value, np.ndarray):
        return value.base is None and not value.flags.writeable
    if isinstance(value, type):
        is_known = value in type(owner).__mro__ or issubclass(value, BaseException)
        return is_known or is_from(value.__module__, "builtins")
    if isinstance(value, types.BuiltinFunctionType):
        return value not in _DOES_MORE and is_from(value.__module__ or "builtins", "builtins")
    if isinstance(value, types.ModuleType):
        return is_from(value.__name__)
    if isinstance(value, types.FunctionType):  # its own names are looked at by `functions`
        return is_from(value.__module__ or "") or value.__dict__.keys() <= _ONLY_CODE
    if isinstance(value, types.MethodType):
        return id(value.__self__) in inside or value.__self__ is owner
    if isinstance(value, list):
        return all(isinstance(inner, Layer) and id(inner) in inside for inner in value)
    if isinstance(value, tuple):
        return all(_is_still(inner, owner, inside) for inner in value)
    return type(value).__module__ in ("typing", "__future__", initializers.__name__)


def _says(found: Named) -> str:
    return f"it reads {found.name}, {_name(found.value)}, whose contents may change between batches"


def _name(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0].lower() in 'aeiou' else 'a'} {kind}"
