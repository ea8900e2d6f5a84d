"""Methods that a subclass has to write, and those that it seems to have written under a misspelled name."""

from __future__ import annotations

import difflib
import re
import sys
from typing import Any

from .exc import MissingMethodError

__all__ = ["explain", "lost_axis", "missing", "near_miss"]

_LIKE = 0.75
"""How alike two names are, from 0 to 1, if one is a misspelling of the other."""

_BROADCAST = re.compile(r"could not be broadcast together with shapes \(([\d,]+)\) \(([\d,]+)\)")


def near_miss(owner: Any, method: str) -> str:
    """The method of a user's class whose name looks like a misspelling of another; empty if there is none.

    >>> near_miss(object(), "forward")
    ''
    """
    known = {name for kind in type(owner).__mro__ if _is_lincolns(kind.__module__) for name in vars(kind)}
    users = [kind for kind in type(owner).__mro__ if not _is_lincolns(kind.__module__) and kind is not object]
    written = {name: value for kind in users for name, value in vars(kind).items() if callable(value)}
    used = getattr(type(owner), method, None)
    if used is not None and not _is_lincolns(str(used.__module__)):
        return ""  # it is written
    scores = {
        name: difflib.SequenceMatcher(None, _letters(name), method.replace("_", "")).ratio()
        for name in written.keys() - known
    }
    best = max(scores, key=lambda name: scores[name], default="")
    return best if best and scores[best] >= _LIKE else ""


def missing(owner: Any, method: str) -> MissingMethodError:
    """The error for a method that has been called and that the class has not written.

    >>> missing(object(), "forward").code
    'LN597'
    """
    near, kind = near_miss(owner, method), type(owner).__name__
    return MissingMethodError(
        code="LN597",
        where=f"{kind}.{method}",
        saw=f"no method {method}" + (f", but one called {near}" if near else f" in the class {kind}"),
        why=f"{method} is what is called",
        fix=f"def {method}(self, ...) in place of def {near}(self, ...)" if near else f"write {method} in {kind}",
    )


def explain(layer: Any, error: Exception) -> None:
    """Add to an error of a layer's first pass what has most likely led to it, if that can be seen.

    >>> error = TypeError("exp(): argument 'input' (position 1) must be Tensor, not numpy.ndarray")
    >>> explain(object(), error)
    >>> error.__notes__
    ['the layer is written for tensors and was given NumPy arrays: lnc.arrays.use("torch") hands out tensors']
    """
    note = _wants_tensors(error) or _wants_setup(layer, error) or lost_axis(error) or _empty(layer, error)
    if note and note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def _wants_tensors(error: Exception) -> str:
    text, tensor = str(error), getattr(sys.modules.get("torch"), "Tensor", None)
    is_type = isinstance(error, TypeError) and "Tensor" in text and "ndarray" in text
    is_method = (
        isinstance(error, AttributeError) and "'numpy.ndarray' object" in text and hasattr(tensor, str(error.name))
    )
    hint = 'the layer is written for tensors and was given NumPy arrays: lnc.arrays.use("torch") hands out tensors'
    return hint if is_type or is_method else ""


def _wants_setup(layer: Any, error: Exception) -> str:
    is_missing = isinstance(error, AttributeError) and error.obj is layer
    near = near_miss(layer, "setup") if is_missing else ""
    return f"{type(layer).__name__} has no method setup, but one called {near}: setup is what is called" if near else ""


def _empty(layer: Any, error: Exception) -> str:
    """Where a parameter has no value: only those that are attributes of the layer when setup ends are given one."""
    if "NoneType" not in str(error):
        return ""
    for name, value in getattr(layer, "__dict__", {}).items():
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        if any(hasattr(item, "accumulate") and not item.built for item in inside):
            return f"the parameters in self.{name} have no values: each is an attribute of its own, self.W0, self.W1"
        if hasattr(value, "accumulate") and not value.built:
            return f"self.{name} was made after setup, so that it has no value: make it in setup(self, input_shape)"
    return ""


def lost_axis(error: Exception) -> str:
    """What to do where NumPy could not broadcast, and would have if a sum or a mean had kept its axis; else empty.

    >>> lost_axis(ValueError("operands could not be broadcast together with shapes (8,4) (8,)"))
    '(8,) would be (8, 1) with keepdims=True in the sum, mean or max that made it'
    """
    found = _BROADCAST.search(str(error)) if isinstance(error, ValueError) else None
    if found is None:
        return ""
    short, long = sorted((tuple(map(int, shape.strip(",").split(","))) for shape in found.groups()), key=len)
    if short != long[:-1]:
        return ""
    return f"{short} would be {(*short, 1)} with keepdims=True in the sum, mean or max that made it"


def _letters(name: str) -> str:
    """A name without what people write differently."""
    return name.replace("_", "").lower()


def _is_lincolns(module: str) -> bool:
    return module.partition(".")[0] == __package__
