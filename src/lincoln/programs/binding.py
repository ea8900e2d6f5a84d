"""From the functions that a program names to those that it calls: the compiled twin itself where arrays allow it.

In a program the kinds of all arrays are known, so the questions that a dispatcher asks at every call are asked once:
a function is replaced by its twin, and the functions that a formula calls by theirs, if on the arrays of the pass
that was written down the result is the same to the last bit.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import functional
from ..functional.linear import product
from ..tracing import Traced
from .recipe import Call
from .text import Into

__all__ = ["direct"]

_SAME_AS = {product: np.ndarray.dot}
"""Functions of Lincoln's that are one of NumPy's where both operands are matrices."""


def direct(function: Callable[..., Any], calls: list[Call]) -> Callable[..., Any]:
    """What to call in place of a function of Lincoln's, in all these calls of it."""
    for candidate in _candidates(function, calls):
        if all(_agree(candidate, call) for call in calls):
            return candidate
    return function


def _candidates(function: Callable[..., Any], calls: list[Call]) -> list[Callable[..., Any]]:
    twin, form = getattr(function, "twin", None), getattr(function, "form", "")
    if twin is None:
        formula = inspect.unwrap(function)
        return [_on_twins(formula)] if isinstance(formula, types.FunctionType) else []
    if form == "as is" or all(np.ndim(_value(operand)) in (0, 2) for call in calls for operand in call.operands):
        return [twin]
    return []


def _on_twins(formula: types.FunctionType, made: dict[Any, types.FunctionType] | None = None) -> types.FunctionType:
    """The same code, in which the names of functions with twins stand for the twins."""
    made = {} if made is None else made
    if formula in made:
        return made[formula]
    names = dict(formula.__globals__)
    same = types.FunctionType(formula.__code__, names, formula.__name__, formula.__defaults__, formula.__closure__)
    same.__kwdefaults__ = formula.__kwdefaults__
    made[formula] = same
    for name in formula.__code__.co_names:
        value: Any = names.get(name)
        if value in _SAME_AS if isinstance(value, types.FunctionType) else False:
            names[name] = _SAME_AS[value]
        elif getattr(value, "twin", None) is not None:
            names[name] = value.twin
        elif isinstance(value, types.FunctionType) and value.__module__.startswith(functional.__name__):
            names[name] = _on_twins(inspect.unwrap(value), made)
    return same


def _agree(candidate: Callable[..., Any], call: Call) -> bool:
    """Whether it gives on the arrays of the pass what the function itself gives."""
    results = []
    for function in (call.function, candidate):
        operands = [_value(operand) for operand in call.operands]
        named = {name: _value(value) for name, value in call.named.items()}
        try:
            results.append((function(*operands, **named), *_written(call, operands), named.get("out")))
        except Exception:
            return False
    return same(*results)


def _written(call: Call, operands: list[Any]) -> Iterator[Any]:
    """The gradients that a call has put its results into."""
    for operand, given in zip(call.operands, operands, strict=True):
        if isinstance(operand, Into):
            yield given


def same(one: Any, other: Any) -> bool:
    """Whether two results are equal to the last bit, NaN included.

    >>> same((np.ones(2), 3.0), (np.ones(2), 3.0)), same(np.ones(2), np.ones(2, dtype=np.float32))
    (True, False)
    """
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(same, one, other))
    if one is other or one is None or other is None:
        return one is other
    a, b = np.asarray(one), np.asarray(other)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _value(operand: Any) -> Any:
    if type(operand) is Traced:
        return operand.value
    if isinstance(operand, Into):
        return np.empty_like(operand.like)
    if isinstance(operand, tuple | list):
        return type(operand)(_value(part) for part in operand)
    return operand
