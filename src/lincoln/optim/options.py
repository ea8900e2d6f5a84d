"""Checks of the numbers that optimizers and schedules are given."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from ..exc import DataError

__all__ = ["number", "whole"]


def number(value: Any, interval: str, *, name: str, where: str, fix: str) -> float:
    """A real number inside an interval, as a Python float, which leaves float32 arrays float32.

    Args:
        value: what the user gave.
        interval: such as ``"[0, 1)"``: a square bracket includes the end, a round one leaves it out.
        name: of the option.
        where: of the class that was given it.
        fix: a value that is accepted.

    Raises:
        DataError: anything else; NaN lies in no interval.

    >>> number(0.9, "[0, 1)", name="momentum", where="SGD", fix="momentum=0.9")
    0.9
    """
    low, high = (float(end) for end in interval[1:-1].split(","))
    if isinstance(value, Real):
        real = float(value)
        above = low <= real if interval[0] == "[" else low < real
        below = real <= high if interval[-1] == "]" else real < high
        if above and below:
            return real
    raise DataError(
        code="LN401",
        where=where,
        saw=f"{name}={value!r}",
        why=f"{name} is a number in {interval}",
        fix=fix,
    )


def whole(value: Any, least: int, *, name: str, where: str, fix: str) -> int:
    """A whole number that is not below ``least``.

    Raises:
        DataError: anything else.

    >>> whole(100, 1, name="steps", where="CosineDecay", fix="steps=100")
    100
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least:
        return int(value)
    raise DataError(
        code="LN402",
        where=where,
        saw=f"{name}={value!r}",
        why=f"{name} is a whole number of at least {least}",
        fix=fix,
    )
