"""What is learned about a column of dates: elapsed days and years, and where months, weeks and days have got to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from . import values as read
from .columns import Column, NumericColumn, Options
from .dates import day_first_of
from .values import Text, Values

__all__ = ["DateColumn"]


class DateColumn(Column):
    """A column of dates: elapsed days, the year and, if it has times, the hour as quantities; the rest as angles.

    Angles are where the month stands in the year, the day in week and year, and the time in the day. An angle is kept
    as the share of its circle, from 0 to 1.

    Args:
        name, tokens: of every column.
        size, seed: of the samples of its quantities.
        day_first: whether the day stands before the month in text; None to find it from the first values that tell.

    Attributes:
        timed: whether training had other times than midnight.
        doubt: a date that can be read both ways, if none that training had could be read one way only.
    """

    kind = "date"

    def __init__(
        self, name: str, *, tokens: frozenset[str], size: int, seed: int, day_first: bool | None = None
    ) -> None:
        super().__init__(name, tokens=tokens)
        self.day_first = day_first
        self.doubt = ""
        self.timed = False
        self._quantities = [
            NumericColumn(f"{name}_{part}", tokens=tokens, size=size, seed=seed) for part in ("days", "year", "hour")
        ]

    @property
    def quantities(self) -> list[NumericColumn]:
        """The columns of its quantities."""
        return self._quantities[: 2 + self.timed]

    @property
    def angles(self) -> list[str]:
        """The names of its angles."""
        return [f"{self.name}_{part}" for part in ("month", "weekday", "yearday", *["time"] * self.timed)]

    @property
    def widths(self) -> tuple[int, int, int]:  # type: ignore[override]
        """How many of its codes are quantities, angles, and numbers of categories."""
        return len(self.quantities), len(self.angles), 0

    def learn(self, values: Values, *, first_row: int = 0) -> None:
        if self.day_first is None and (found := self._order(values)) is not None:
            first, self.doubt = found
            self.day_first = None if self.doubt else first
        quantities, shares = self._parts(values, "TabularPreprocessor.fit", first_row)
        self.rows += len(shares)
        self.missing += int(np.isnan(quantities[0]).sum())
        self.timed = self.timed or bool((shares[:, -1] > 0).any())
        for column, numbers in zip(self._quantities, quantities, strict=True):
            column.learn_numbers(numbers)

    def finish(self, options: Options) -> None:
        for column in self._quantities:
            column.finish(options)

    @property
    def constant(self) -> bool:
        return self._quantities[0].constant

    def encode(
        self, values: Values, *, first_row: int = 0, unknown: Counter[tuple[str, str]] | None = None
    ) -> np.ndarray:
        numbers, shares = self._parts(values, "TabularPreprocessor", first_row)
        quantities = [column.squeezed(n) for column, n in zip(self.quantities, numbers, strict=False)]
        return np.column_stack([*quantities, shares[:, : len(self.angles)]]).astype(np.float32)

    def note(self) -> str:
        if self.left_out or not self.doubt:
            return super().note()
        return (
            f"column {self.name!r}: whether the day or the month is first in {self.doubt} cannot be told from the "
            "values; it is read as the month"
        )

    def _order(self, values: Values) -> tuple[bool, str] | None:
        """What `day_first_of` tells of text; None where there is none."""
        texts = read.present(values, self.tokens) if isinstance(values, Text) else []
        return day_first_of([text for text in texts if isinstance(text, str)])

    def _parts(self, values: Values, where: str, first_row: int) -> tuple[list[np.ndarray], np.ndarray]:
        """Days since 1970, the year and the hour; the shares of year, week, year and day that have gone by."""
        day_first = self.day_first
        if day_first is None:
            day_first, _ = self._order(values) or (False, "")
        seconds = read.dates(
            values,
            self.tokens,
            where=where,
            column=self.name,
            first_row=first_row,
            day_first=day_first,
        )
        nothing = np.isnat(seconds)
        days = seconds.astype("datetime64[D]")
        years, months = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
        month = months.astype(np.int64) % 12 / 12
        weekday = (days.astype(np.int64) + 3) % 7 / 7  # 1970 began on a Thursday
        length = (years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")
        yearday = (days - years.astype("datetime64[D]")).astype(np.int64) / np.maximum(length.astype(np.int64), 1)
        time = (seconds - days).astype(np.int64) / 86400
        shares = np.column_stack([month, weekday, yearday, time])
        shares[nothing] = np.nan
        elapsed = np.where(nothing, np.nan, seconds.astype(np.int64) / 86400.0)
        return [elapsed, np.where(nothing, np.nan, years.astype(np.int64) + 1970.0), shares[:, -1] * 24], shares

    def state(self) -> dict[str, Any]:
        learned = {"quantities": [column.state() for column in self._quantities], "timed": self.timed}
        return super().state() | learned | {"day_first": self.day_first, "doubt": self.doubt}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        for column, saved in zip(self._quantities, state["quantities"], strict=False):
            column.restore(saved)
        self.timed, self.day_first = bool(state.get("timed")), state.get("day_first")
        self.doubt = str(state.get("doubt", ""))
