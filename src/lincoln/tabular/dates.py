"""Dates and times in text: year first, day first or month first, with the time of the day and its zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import numpy as np

__all__ = ["as_date", "date_in", "day_first_of"]

_DATE = re.compile(
    r"(?:(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{1,2})([-/.])(\d{1,2})\6(\d{4}))"  # 2024-03-31, or 31.03.2024
    r"(?:(?:T|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?:\s*([AaPp])\.?[Mm]\.?)?"  # 17:00:59, or 5:00 PM
    r"(?:\s*(UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?Z?",
    re.ASCII,
)
_NOTHING = np.datetime64("NaT", "s")


def date_in(text: str, *, day_first: bool = False) -> np.datetime64 | None:
    """The date and time that a text is, in UTC where it tells its zone; None if it is none.

    >>> date_in("2024-03-31"), date_in("31.12.2024 18:30", day_first=True)
    (np.datetime64('2024-03-31T00:00:00'), np.datetime64('2024-12-31T18:30:00'))
    >>> date_in("01/31/2024 05:00 PM"), date_in("2024-03-31T02:00:00+02:00"), date_in("31/01/2024")
    (np.datetime64('2024-01-31T17:00:00'), np.datetime64('2024-03-31T00:00:00'), None)
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, _, month, day, first, _, second, last, hour, minute, second_of_minute, half, zone = found.groups()
    if year is None:
        year, day, month = (last, first, second) if day_first else (last, second, first)
    hour = int(hour or 0)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half in "Pp")
    try:
        date = np.datetime64(f"{year}-{month:0>2}-{day:0>2}T{hour:02}:{minute or '00'}:{second_of_minute or '00'}", "s")
    except ValueError:
        return None
    return date - _offset(zone)


def as_date(value: Any, missing: frozenset[str], *, day_first: bool = False) -> np.datetime64 | None:
    """A value as a date: NaT for what means that there is none, None for what is no date."""
    if isinstance(value, str):
        text = value.strip()
        return _NOTHING if text in missing else date_in(text, day_first=day_first)
    if not hasattr(value, "year"):
        return None
    if getattr(value, "tzinfo", None) is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    try:
        return np.datetime64(value, "s")
    except ValueError:
        return None


def day_first_of(texts: Sequence[str]) -> tuple[bool, str] | None:
    """Whether the day stands before the month in dates, and one that can be read both ways if all can; None: no dates.

    Points between the parts are of languages that put the day first; else, if nothing tells, it is the month.

    >>> day_first_of(["01/02/2024", "31/12/2024"]), day_first_of(["01/02/2024"]), day_first_of(["1.2.2024"])
    ((True, ''), (False, '01/02/2024'), (True, ''))
    """
    if not texts or _DATE.fullmatch(texts[0]) is None:
        return None
    as_month, as_day = (all(date_in(text, day_first=first) is not None for text in texts) for first in (False, True))
    if not (as_month and as_day):
        return (as_day, "") if as_month or as_day else None
    open_ones = [text for text in texts if not text[:4].isdigit()]
    if all(re.match(r"\d{1,2}\.", text) for text in open_ones):
        return bool(open_ones), ""
    different = [text for text in open_ones if date_in(text) != date_in(text, day_first=True)]
    return False, different[0] if different else ""


def _offset(zone: str | None) -> np.timedelta64:
    if zone is None or zone[0] not in "+-":
        return np.timedelta64(0, "s")
    minutes = int(zone[1:3]) * 60 + int(zone[3:].lstrip(":") or 0)
    return np.timedelta64(60 * (-minutes if zone[0] == "-" else minutes), "s")
