"""A first look through a whole table: what its columns hold, and everything that would spoil the training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..exc import DataError
from . import troubles
from .layout import open_quote
from .likeness import Likeness
from .lines import swallows_lines
from .reading import TableFile, Values
from .texts import decimal_of

__all__ = ["ColumnFacts", "Survey", "survey"]

MOST_VALUES = 10_000
"""How many different values of a column are remembered."""


@dataclass
class ColumnFacts:
    """What one column holds.

    Attributes:
        missing, numbers, texts: how many rows have no value, a number, another text.
        first_missing, first_text, first_infinite: the first such row, and its value; None if there is none.
        whole: whether all numbers are whole.
        counts: whether the numbers count the rows: each one more than the one before.
        written: how many rows have a number that is not written as programs do it, such as ``3,504``.
        commas: whether all other texts are numbers with a decimal comma.
        values: how many rows have each value, for at most 10,000 different ones.
    """

    missing: int = 0
    numbers: int = 0
    texts: int = 0
    written: int = 0
    first_missing: tuple[int, str] | None = None
    first_text: tuple[int, str] | None = None
    first_infinite: tuple[int, str] | None = None
    whole: bool = True
    counts: bool = True
    commas: bool = True
    last: float | None = None
    values: Counter[str] = field(default_factory=Counter)

    @property
    def kind(self) -> str:
        """``"whole"`` or ``"number"`` for numbers, ``"text"`` for anything else."""
        if self.texts or self.written:
            return "text"
        return "whole" if self.whole and self.numbers and not self.missing else "number"

    @property
    def constant(self) -> bool:
        """Whether all rows have the same value, or none."""
        return len(self.values) + bool(self.missing) <= 1

    def add(self, values: Values, start: int) -> None:
        """Look at some more rows."""
        counts = np.bincount(values.codes, minlength=len(values.numbers))
        is_text = ~(values.is_missing | values.is_number)
        numbers = values.numbers[values.is_number]
        self.missing += int(counts[values.is_missing].sum())
        self.numbers += int(counts[values.is_number].sum())
        self.texts += int(counts[is_text].sum())
        self.written += int(counts[values.is_written & values.is_number].sum())
        self.whole = self.whole and bool((np.abs(numbers) < 2**53).all() and (numbers == np.floor(numbers)).all())
        self.counts = self.counts and self.kind == "whole"
        if self.counts:
            self._count(values.numbers[values.codes])
        if self.first_missing is None and (row := _first(values, values.is_missing, start)) is not None:
            code = int(values.codes[row - start])
            self.first_missing = row, "" if code == len(values.texts) else values.texts[code].as_py() or ""
        if self.first_text is None and is_text.any():
            row = _first(values, is_text, start)
            self.first_text = None if row is None else (row, values.text(row - start))
        if self.first_infinite is None and np.isinf(numbers).any():
            row = _first(values, np.isinf(values.numbers), start)
            self.first_infinite = None if row is None else (row, values.text(row - start))
        if is_text.any() and self.commas:
            self.commas = decimal_of(values.texts.filter(is_text[:-1]).to_pylist()) == ","
        if len(self.values) <= MOST_VALUES:
            found = values.texts.slice(0, MOST_VALUES + 1).to_pylist()
            empty = values.is_missing
            self.values.update({text: int(counts[i]) for i, text in enumerate(found) if not empty[i] and counts[i]})

    def _count(self, numbers: np.ndarray) -> None:
        before = numbers[:1] - 1 if self.last is None else [self.last]
        self.counts = bool((np.diff(numbers, prepend=before) == 1).all())
        self.last = float(numbers[-1]) if len(numbers) else self.last


@dataclass
class Survey:
    """What a first pass over a table found.

    Attributes:
        rows: how many there are.
        kinds: ``"whole"``, ``"number"`` or ``"text"`` for each column.
        facts: more about each column.
        notes: what a person should know, though it stops nothing.
    """

    rows: int
    kinds: dict[str, str]
    facts: dict[str, ColumnFacts]
    notes: list[str]


def survey(
    table: TableFile,
    *,
    target: str | None = None,
    numeric: Sequence[str] = (),
    categorical: Sequence[str] = (),
    keep: Sequence[str] = (),
    drop_missing: bool = False,
    columns: Sequence[str] | None = None,
    on_read: Callable[[int], object] | None = None,
) -> Survey:
    """Go once through a table and refuse what cannot be learned from, by column, line and value.

    Args:
        table: the file.
        target: the column to be predicted, if the table is to be learned from.
        numeric: columns that must hold numbers.
        categorical: columns that hold categories, whatever they look like.
        keep: columns that may be learned from though they seem to be copies of the target.
        drop_missing: whether rows without a target may be there, because they will be left out.
        columns: those looked at; all if not given.
        on_read: called with the number of bytes read so far.

    Raises:
        DataError: text among numbers, a target that is missing, infinite or always the same, a copy of the target.
    """
    wanted = table.columns if columns is None else tuple(columns)
    for option, names in (("--numeric", numeric), ("--categorical", categorical), ("--keep", keep)):
        for name in names:
            table.require(name, option, columns=table.columns)
    table.check_names(wanted)
    facts = {name: ColumnFacts() for name in wanted}
    likeness = Likeness(wanted, target)
    rows = _look_through(table, facts, likeness, on_read)
    for name in wanted:
        if name not in categorical:
            learning = target is not None
            troubles.check_column(table, name, facts[name], numeric=name in numeric, learning=learning, target=target)
    kinds = {name: "text" if name in categorical else facts[name].kind for name in wanted}
    notes = []
    if table.layout.guessed:
        notes.append(f"{table.name} is not UTF-8, and is read as cp1252 (Windows); --encoding says another")
    if target is not None:
        troubles.check_target(table, target, facts[target], drop_missing=drop_missing)
        troubles.check_copies(table, target, likeness, keep)
        notes += troubles.notes(target, likeness, facts)
    return Survey(rows, kinds, facts, notes)


def _look_through(
    table: TableFile, facts: dict[str, ColumnFacts], likeness: Likeness, on_read: Callable[[int], object] | None
) -> int:
    """Fill in the facts and the likeness, and count the rows."""
    rows = 0
    for part in table.parts(list(facts)):
        for name, values in part.columns.items():
            facts[name].add(values, part.start)
            _check_newlines(table, values, part.start)
        if likeness.target is not None:
            likeness.add(part.columns)
        rows = part.start + part.rows
        if on_read is not None:
            on_read(part.bytes_read)
    if rows == 0:
        raise DataError(
            code="LN704",
            where=table.name,
            saw=f"a header of {len(table.layout.names)} columns and no rows" + _left_out(table),
            why="there is nothing to read",
            fix="a file with rows under its header",
        )
    return rows


def _first(values: Values, which: np.ndarray, start: int) -> int | None:
    """The first row whose value is one of those, counted from the beginning of the table."""
    rows = which[values.codes]
    return start + int(rows.argmax()) if rows.any() else None


def _check_newlines(table: TableFile, values: Values, start: int) -> None:
    """Refuse a value that is the rest of the file after a quotation mark."""
    import pyarrow.compute as pc

    if table.layout.format == "parquet":
        return
    for text in values.texts.filter(pc.match_substring(values.texts, "\n")).to_pylist():
        if swallows_lines(text, table.layout.delimiter, len(table.layout.names)):
            row = _first(values, np.append(pc.equal(values.texts, text).to_numpy(zero_copy_only=False), False), start)
            raise open_quote(table.name, int(table.line(row or 0).split()[-1]), text)


def _left_out(table: TableFile) -> str:
    return f" ({table.skipped} bad lines left out)" if table.skipped else ""
