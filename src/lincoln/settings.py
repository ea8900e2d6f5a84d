"""What the settings of layers, losses, optimizers and schedules may be: checked whenever they are set."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, TypeAlias

from .exc import DataError

__all__ = ["Checked", "Range", "Settings", "Whole", "number", "whole"]

Settings: TypeAlias = dict[str, Any]
"""The checks of settings by name: each takes the owner, the name and a value; it gives the value to keep, or raises."""


@dataclass(frozen=True)
class Range:
    """Which numbers a setting may be.

    Args:
        interval: such as ``"[0, 1)"``; see `number`.
        fix: a setting that is accepted.
        numbers: how many numbers the setting is made of; 0 where it is a number and no tuple.
        optional: whether it may also be None.
        code, why: of the error, where the interval alone does not say enough.
    """

    interval: str
    fix: str
    numbers: int = 0
    optional: bool = False
    code: str = ""
    why: str = ""

    def __call__(self, owner: Any, name: str, value: Any) -> Any:
        """A setting that lies within its bounds, as Python's own numbers.

        Raises:
            DataError: it does not.

        >>> Range("[0, 1)", "betas=(0.9, 0.999)", numbers=2)(None, "betas", (0, 0.5))
        (0.0, 0.5)
        """
        if value is None and self.optional:
            return None
        where = type(owner).__name__
        if not self.numbers:
            return number(value, self.interval, name=name, where=where, fix=self.fix, code=self.code, why=self.why)
        if not isinstance(value, tuple | list) or len(value) != self.numbers:
            raise _outside(name, value, f"are {self.numbers} numbers in {self.interval}", where=where, fix=self.fix)
        return tuple(
            number(one, self.interval, name=f"{name}[{i}]", where=where, fix=self.fix) for i, one in enumerate(value)
        )


@dataclass(frozen=True)
class Whole:
    """Which whole numbers a setting may be: those of at least ``least``."""

    least: int
    fix: str

    def __call__(self, owner: Any, name: str, value: Any) -> int:
        """The setting as Python's own number, or a `DataError`.

        >>> Whole(1, "steps=100")(None, "steps", 5)
        5
        """
        return whole(value, self.least, name=name, where=type(owner).__name__, fix=self.fix)


class Checked:
    """What has settings that are checked whenever they are set, in the constructor and after it.

    >>> class Rule(Checked):
    ...     _settings = {"momentum": Range("[0, 1)", "momentum=0.9")}
    >>> rule = Rule()
    >>> rule.momentum = 0
    >>> rule.momentum
    0.0
    >>> rule.momentum = "much"
    Traceback (most recent call last):
    ...
    lincoln.exc.DataError: LN401 DataError in Rule
      saw:  momentum='much'
      why:  momentum is a number in [0, 1)
      fix:  momentum=0.9
    """

    _settings: ClassVar[Settings] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        check = self._settings.get(name)
        object.__setattr__(self, name, value if check is None else check(self, name, value))


def number(value: Any, interval: str, *, name: str, where: str, fix: str, code: str = "", why: str = "") -> float:
    """A real number inside an interval, as a Python float, which leaves float32 arrays float32.

    Args:
        value: what the user gave.
        interval: such as ``"[0, 1)"``: a square bracket includes the end, a round one leaves it out.
        name: of the option.
        where: of the class that was given it.
        fix: a value that is accepted.
        code, why: of the error, if it has its own.

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
    if code:
        raise DataError(code=code, where=where, saw=f"{name}={value!r}", why=why, fix=fix)
    raise _outside(name, value, f"is a number in {interval}", where=where, fix=fix)


def _outside(name: str, value: Any, wanted: str, *, where: str, fix: str) -> DataError:
    return DataError(code="LN401", where=where, saw=f"{name}={value!r}", why=f"{name} {wanted}", fix=fix)


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
