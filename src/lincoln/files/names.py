"""Which name a class or a function has in a file, and which class or function a name in a file stands for.

Names of Lincoln's own are looked up in its public lists, those of others in what the caller of `load` gives; nothing is
ever imported because a file says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

from ..arguments import WithArguments
from ..exc import ContractError
from ..metrics.metric import Tally

__all__ = ["Registry", "name_of"]

_ROOT = __package__.partition(".")[0]
_PARTS = ("data", "initializers", "layers", "losses", "metrics", "models", "optim", "sklearn", "tabular")
"""The parts of Lincoln whose public classes and functions files may name."""

TYPES: dict[str, type] = {
    **{f"numpy.{kind.__name__}": kind for kind in (np.float16, np.float32, np.float64, np.int32, np.int64, np.bool_)},
    **{kind.__name__: kind for kind in (bool, float, int, str)},
}
"""The types that can be arguments by themselves."""


def name_of(thing: Any) -> str | None:
    """The name in files of a class or of a function; None if it has none that `load` could find it by.

    >>> from lincoln.layers import Linear
    >>> name_of(Linear), name_of(lambda x: x)
    ('layers.Linear', None)
    """
    root, _, path = str(getattr(thing, "__module__", "")).partition(".")
    part, name = path.partition(".")[0], str(getattr(thing, "__name__", ""))
    if root == _ROOT and part in _PARTS and _public(import_module(f"{_ROOT}.{part}"), name) is thing:
        return f"{part}.{name}"
    nameable = isinstance(thing, type) or (type(thing) is FunctionType and thing.__closure__ is None)
    return name if nameable and name.isidentifier() else None


class Registry:
    """The classes and functions that the caller of `load` allows a file to name, beside Lincoln's own.

    Args:
        given: classes and functions, or a dictionary of them by their names in the file.

    Raises:
        ContractError: something else, or two of one name.

    >>> Registry([dict]).find("dict")
    <class 'dict'>
    """

    def __init__(self, given: Mapping[str, Any] | Iterable[Any] = ()) -> None:
        if isinstance(given, type | FunctionType):
            given = (given,)
        pairs = list(given.items()) if isinstance(given, Mapping) else [(_name(thing), thing) for thing in given]
        self._things = dict(pairs)
        wrong = [name for name, thing in pairs if not isinstance(name, str) or not callable(thing)]
        if wrong or len(self._things) < len(pairs):
            raise ContractError(
                code="LN517",
                where="load",
                saw=f"registry={given!r}"[:200],
                why="it names each class and each function of yours that the file may use, once",
                fix="registry=(MyLayer, my_function), or registry={'MyLayer': MyLayer}",
            )

    def find(self, name: str) -> Any:
        """The class or function of that name; None if there is none."""
        part, dot, own = name.partition(".")
        if not dot:
            return self._things.get(name)
        return _public(import_module(f"{_ROOT}.{part}"), own) if part in _PARTS else None


def is_own(kind: type) -> bool:
    """Whether a class is one of Lincoln's."""
    return kind.__module__.partition(".")[0] == _ROOT


def makes_things(thing: Any) -> bool:
    """Whether it is a class whose objects can be saved."""
    return isinstance(thing, type) and (issubclass(thing, WithArguments) or hasattr(thing, "get_params"))


def _public(module: Any, name: str) -> Any:
    thing = getattr(module, name, None) if name in module.__all__ else None
    return thing if isinstance(thing, type | FunctionType | Tally) else None


def _name(thing: Any) -> Any:
    return getattr(thing, "__name__", None)
