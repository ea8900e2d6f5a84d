"""What is learned about one column of a table, and how its values become numbers: one class for each kind of column.

A column learns from one chunk of values after another, in bounded memory, and then encodes values compactly: one
float32 for a quantity or a category, NaN or 0 where there is no value. `expansion` makes features of these.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..exc import DataError
from . import values as read
from .sample import Sample, bin_edges
from .values import Values

__all__ = ["CategoryColumn", "Column", "DateColumn", "NumericColumn", "Options", "TruthColumn"]

_MOST_KEYS = 100_000
"""How many different categories are counted before the rarest half is forgotten."""
_FARTHEST = 1e30
"""How far from the median a value can lie, in distances of the quartiles: what float32 can hold."""
MISSING, OTHER = "(missing)", "(other)"


class Options(NamedTuple):
    """The options of `TabularPreprocessor` for how columns become numbers."""

    bins: int
    clip: float
    min_count: int
    max_categories: int


class Column:
    """One column: its name, what has been seen of it, and the notes that a person should read.

    Attributes:
        name: of the column.
        rows, missing: how many values have been seen, and how many rows had none.
        left_out: why it gives no features, or nothing.
    """

    kind: ClassVar[str] = ""
    widths: ClassVar[tuple[int, int, int]] = (0, 0, 0)
    """How many of its codes are quantities, angles, and numbers of categories."""
    left_out: str = ""

    def __init__(self, name: str, *, tokens: frozenset[str]) -> None:
        self.name = name
        self.tokens = tokens
        self.rows = self.missing = 0

    def learn(self, values: Values, *, first_row: int = 0) -> None:
        """Take one more chunk of training values into account."""
        raise NotImplementedError

    def finish(self, options: Options) -> None:
        """Work out what follows from everything that has been seen."""
        raise NotImplementedError

    @property
    def constant(self) -> bool:
        """Whether nothing can be learned from it."""
        raise NotImplementedError

    def encode(self, values: Values, *, first_row: int = 0) -> np.ndarray:
        """Values as compact numbers.   (n,) -> (n, width), float32"""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {name: getattr(self, name) for name in ("kind", "name", "rows", "missing", "left_out")}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.rows, self.missing, self.left_out = int(state["rows"]), int(state["missing"]), str(state["left_out"])

    def note(self) -> str:
        """What a person should know about it, or nothing."""
        return f"column {self.name!r} is left out: {self.left_out}" if self.left_out else ""


class NumericColumn(Column):
    """z = t / √(1 + (t/c)²) with t = (x - median) / (q₇₅ - q₂₅): robust, smooth, and between -c and c

    The clipping follows RealMLP   (Holzmüller, Grinsztajn, Steinwart 2024). Where the quartiles are one number, half
    the range takes the place of their difference.

    Attributes:
        sample: the values that quantiles are taken from: all of them while they fit.
        edges: of the bins of the piecewise-linear encoding, in units of z; of the training values' quantiles.
    """

    kind = "numeric"
    widths = (1, 0, 0)

    def __init__(self, name: str, *, tokens: frozenset[str], size: int, seed: int) -> None:
        super().__init__(name, tokens=tokens)
        self.sample = Sample(size, seed=seed)
        self.low, self.high = math.inf, -math.inf
        self.center, self.scale, self.clip = 0.0, 1.0, math.inf
        self.edges = np.zeros(0)

    def numbers(self, values: Values, *, where: str, first_row: int) -> np.ndarray:
        """The column's values as float64."""
        return read.numbers(values, self.tokens, where=where, column=self.name, first_row=first_row)

    def learn(self, values: Values, *, first_row: int = 0) -> None:
        self.learn_numbers(self.numbers(values, where="TabularPreprocessor.fit", first_row=first_row))

    def learn_numbers(self, numbers: np.ndarray) -> None:
        """Take numbers, NaN among them, into account."""
        present = numbers[~np.isnan(numbers)]
        self.rows += len(numbers)
        self.missing += len(numbers) - len(present)
        if len(present):
            self.low, self.high = min(self.low, float(present.min())), max(self.high, float(present.max()))
        self.sample.add(present)

    def finish(self, options: Options) -> None:
        self.clip = options.clip
        if self.constant:
            self.center = self.low if self.low <= self.high else 0.0
            return
        kept = self.sample.values
        q25, self.center, q75 = (float(q) for q in np.quantile(kept, (0.25, 0.5, 0.75)))
        scale = (q75 - q25) or (self.high / 2 - self.low / 2) or 1.0
        self.scale = min(scale, np.finfo(np.float64).max)
        edges = self.squeezed(bin_edges(kept, options.bins)) if options.bins else np.zeros(0)
        self.edges = np.unique(edges.round(6))  # narrower bins would be lost in float32

    @property
    def constant(self) -> bool:
        return not self.low < self.high and self.missing in (0, self.rows)

    def squeezed(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers in units of z."""
        with np.errstate(over="ignore"):
            t = np.clip(numbers / self.scale - self.center / self.scale, -_FARTHEST, _FARTHEST)
        z: np.ndarray = t / np.hypot(1.0, t / self.clip)
        return z

    def encode(self, values: Values, *, first_row: int = 0) -> np.ndarray:
        numbers = self.numbers(values, where="TabularPreprocessor", first_row=first_row)
        return self.squeezed(numbers).astype(np.float32)[:, None]

    def state(self) -> dict[str, Any]:
        learned = {name: getattr(self, name) for name in ("low", "high", "center", "scale", "clip")}
        return super().state() | learned | {"edges": self.edges}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.low, self.high, self.center = float(state["low"]), float(state["high"]), float(state["center"])
        self.scale, self.clip = float(state["scale"]), float(state["clip"])
        self.edges = np.asarray(state["edges"], dtype=np.float64)


class TruthColumn(NumericColumn):
    """A column of yes and no: as a quantity of 1 and 0."""

    kind = "boolean"

    def numbers(self, values: Values, *, where: str, first_row: int) -> np.ndarray:
        return read.truths(values, self.tokens, where=where, column=self.name, first_row=first_row)


class CategoryColumn(Column):
    """A column of names. A code is the number of a category from 1 on; 0 stands for what training did not show.

    Rows without a value are a category of their own, and so are the rare ones together, if training had any.

    Attributes:
        categories: their names in order: the most frequent first, then ``(other)`` and ``(missing)``.
    """

    kind = "category"
    widths = (0, 0, 1)

    def __init__(self, name: str, *, tokens: frozenset[str]) -> None:
        super().__init__(name, tokens=tokens)
        self.counts: dict[str, int] = {}
        self.categories: list[str] = []
        self.overflowed = False
        self._codes: dict[str, int] | None = None

    def learn(self, values: Values, *, first_row: int = 0) -> None:
        text = read.keys(values, self.tokens)
        self.rows += len(text.codes)
        counts = np.bincount(text.codes + 1, minlength=len(text.uniques) + 1).tolist()
        self.missing += counts[0]
        for name, count in zip(text.uniques, counts[1:], strict=True):
            if count:
                self.counts[name] = self.counts.get(name, 0) + count
        if len(self.counts) > _MOST_KEYS:
            self.overflowed = True
            self.counts = dict(self._by_count()[: _MOST_KEYS // 2])

    def finish(self, options: Options) -> None:
        frequent = [name for name, count in self._by_count() if count >= options.min_count][: options.max_categories]
        grouped = self.overflowed or len(frequent) < len(self.counts)
        self.categories = frequent + [OTHER] * grouped + [MISSING] * bool(self.missing)
        self._codes = None

    def _by_count(self) -> list[tuple[str, int]]:
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))

    @property
    def constant(self) -> bool:
        return len(self.categories) < 2

    def encode(self, values: Values, *, first_row: int = 0) -> np.ndarray:
        if self._codes is None:
            self._codes = {name: number for number, name in enumerate(self.categories, start=1)}
        text = read.keys(values, self.tokens)
        unknown, nothing = self._codes.get(OTHER, 0), self._codes.get(MISSING, 0)
        found = [*(self._codes.get(name, unknown) for name in text.uniques), nothing]
        codes: np.ndarray = np.array(found, dtype=np.float32)[text.codes][:, None]
        return codes

    def state(self) -> dict[str, Any]:
        return super().state() | {"categories": list(self.categories), "seen": len(self.counts)}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.categories, self._codes = [str(name) for name in state["categories"]], None

    def note(self) -> str:
        if self.left_out or OTHER not in self.categories:
            return super().note()
        kept = sum(name not in (OTHER, MISSING) for name in self.categories)
        return f"column {self.name!r}: {kept} categories kept, rarer ones taken together as {OTHER}"


class DateColumn(Column):
    """A column of dates: elapsed days and the year as quantities; month, day of the week and day of the year as angles.

    An angle is kept as the share of its circle, from 0 to 1.
    """

    kind = "date"
    widths = (2, 3, 0)
    parts: ClassVar[tuple[str, ...]] = ("days", "year", "month", "weekday", "yearday")

    def __init__(self, name: str, *, tokens: frozenset[str], size: int, seed: int) -> None:
        super().__init__(name, tokens=tokens)
        self.quantities = tuple(
            NumericColumn(f"{name}_{part}", tokens=tokens, size=size, seed=seed) for part in self.parts[:2]
        )

    def learn(self, values: Values, *, first_row: int = 0) -> None:
        days, years, _ = self._parts(values, "TabularPreprocessor.fit", first_row)
        self.rows += len(days)
        self.missing += int(np.isnan(days).sum())
        for column, numbers in zip(self.quantities, (days, years), strict=True):
            column.learn_numbers(numbers)

    def finish(self, options: Options) -> None:
        for column in self.quantities:
            column.finish(options)

    @property
    def constant(self) -> bool:
        return self.quantities[0].constant

    def encode(self, values: Values, *, first_row: int = 0) -> np.ndarray:
        days, years, shares = self._parts(values, "TabularPreprocessor", first_row)
        quantities = [column.squeezed(n) for column, n in zip(self.quantities, (days, years), strict=True)]
        return np.column_stack([*quantities, shares]).astype(np.float32)

    def _parts(self, values: Values, where: str, first_row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Days since 1970, the year, and the shares of month, week and year that have gone by."""
        seconds = read.dates(values, self.tokens, where=where, column=self.name, first_row=first_row)
        nothing = np.isnat(seconds)
        days = seconds.astype("datetime64[D]")
        years, months = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
        month = months.astype(np.int64) % 12 / 12
        weekday = (days.astype(np.int64) + 3) % 7 / 7  # 1970 began on a Thursday
        length = (years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")
        yearday = (days - years.astype("datetime64[D]")).astype(np.int64) / np.maximum(length.astype(np.int64), 1)
        shares = np.column_stack([month, weekday, yearday])
        shares[nothing] = np.nan
        elapsed = np.where(nothing, np.nan, seconds.astype(np.int64) / 86400.0)
        return elapsed, np.where(nothing, np.nan, years.astype(np.int64) + 1970.0), shares

    def state(self) -> dict[str, Any]:
        return super().state() | {"quantities": [column.state() for column in self.quantities]}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        for column, saved in zip(self.quantities, state["quantities"], strict=True):
            column.restore(saved)


def kind_of(values: Values, tokens: frozenset[str], *, name: str, first_row: int) -> str:
    """Which kind of column these values are of; nothing where there are none.

    Raises:
        DataError: nearly all of them are numbers, and some are not: whether it is one of numbers must be said.
    """
    if not isinstance(values, read.Text):
        return {"b": "boolean", "M": "date"}.get(values.dtype.kind, "numeric" if _has_numbers(values) else "")
    present = [value for value in values.uniques if not (isinstance(value, str) and value.strip() in tokens)]
    if not present:
        return ""
    if all(isinstance(value, bool | np.bool) for value in present):
        return "boolean"
    found = [read.as_number(value, tokens) is not None for value in present]
    if all(found):
        return "numeric"
    if read.as_date(present[0], tokens) is not None and all(read.as_date(v, tokens) is not None for v in present):
        return "date"
    if len(present) > 20 and sum(found) >= 0.9 * len(found):
        read.numbers(values, tokens, where="TabularPreprocessor.fit", column=name, first_row=first_row)
    return "category"


def _has_numbers(values: np.ndarray) -> bool:
    return values.dtype.kind != "f" or bool((values == values).any())


def new_column(kind: str, name: str, *, tokens: frozenset[str], size: int, seed: int) -> Column:
    """A column of this kind that has learned nothing yet."""
    if kind == "category":
        return CategoryColumn(name, tokens=tokens)
    maker = {"numeric": NumericColumn, "boolean": TruthColumn, "date": DateColumn}[kind]
    made: Column = maker(name, tokens=tokens, size=size, seed=seed)
    return made


def reason_to_leave_out(column: Column) -> str:
    """Why a column that has finished learning gives no features: it has none, or one, or a new name in every row."""
    if column.missing == column.rows:
        return "no row has a value"
    if column.constant:
        return "its value is the same in every row"
    if not isinstance(column, CategoryColumn):
        return ""
    present = column.rows - column.missing
    own_names = column.overflowed or (column.rows >= 50 and len(column.counts) > 0.9 * present)
    return f"{len(column.counts):,} different names in {present:,} rows, too many to learn from" if own_names else ""


def check_kind(kind: str, name: str) -> None:
    """Refuse a kind that does not exist.

    Raises:
        DataError: it is none of the five.
    """
    if kind not in ("numeric", "category", "boolean", "date", "drop"):
        raise DataError(
            code="LN609",
            where="TabularPreprocessor",
            saw=f"kinds={{{name!r}: {kind!r}}}",
            why="no such kind of column is known",
            fix='"numeric", "category", "boolean", "date", or "drop" to leave the column out',
        )
