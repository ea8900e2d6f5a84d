"""A training table as it comes, whole or in chunks, read twice: to learn what it holds, and to keep it as codes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..exc import DataError, MatchError
from .preprocessor import TabularPreprocessor
from .store import room_for_codes
from .tables import NamedColumns, near, shown_names
from .targets import TargetReader
from .values import Values, as_values, length

__all__ = ["Chunks", "check_length", "divided"]


class Chunks:
    """A table's columns and its target, chunk by chunk, as often as they are asked for.

    Args:
        pairs: gives ``(columns, target)`` for one chunk after another, every time it is called.
        target: the target's name; ``""`` if it has none.
        on_read: called with 1 or 2 for the time of reading, and the number of rows read.
        folder: where a file of codes would lie.
    """

    def __init__(
        self,
        pairs: Callable[[], Iterable[tuple[Any, Values]]],
        target: str,
        *,
        on_read: Callable[[int, int], object] | None = None,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self.pairs = pairs
        self.target = target
        self.on_read = on_read
        self.folder = folder
        self.rows = 0

    def learn(self, preprocessor: TabularPreprocessor) -> Values:
        """Read the table for the first time; the target's values."""
        reader = TargetReader(self.target)
        for columns, target in self.pairs():
            reader.add(target)
            preprocessor.partial_fit(columns)
            self.rows += length(target)
            self._tell(1, self.rows)
        if self.rows == 0:
            raise DataError(
                code="LN632",
                where="TabularModel.fit_chunks",
                saw="no chunks",
                why="there is nothing to learn from",
                fix="a function that gives the chunks from the first on, each time it is called",
            )
        return reader.values()

    def encode(self, preprocessor: TabularPreprocessor, places: np.ndarray) -> np.ndarray:
        """Read the table for the second time; its codes, each row in its place."""
        codes = room_for_codes(self.rows, preprocessor.expansion.width, folder=self.folder)
        start = 0
        for columns, target in self.pairs():
            stop = start + length(target)
            if stop > self.rows:
                raise self._changed(stop)
            codes[places[start:stop]] = preprocessor.encode(columns, first_row=start)
            start = stop
            self._tell(2, start)
        if start != self.rows:
            raise self._changed(start)
        return codes

    def _tell(self, time: int, rows: int) -> None:
        if self.on_read is not None:
            self.on_read(time, rows)

    def _changed(self, rows: int) -> DataError:
        return DataError(
            code="LN633",
            where="TabularModel.fit_chunks",
            saw=f"{self.rows:,} rows the first time, {'more' if rows > self.rows else f'{rows:,}'} the second time",
            why="the table is read twice, and must be the same",
            fix="chunks=a function that begins anew at each call, on a file that nobody writes to",
        )


def divided(table: Any, target: Any, *, where: str) -> tuple[dict[str, Any], Values, str]:
    """A table without its target, the target, and the target's name.

    Args:
        table: with or without the target.
        target: a column's name, or the column itself.
        where: what an error calls the reader.

    Raises:
        MatchError: no column of that name; a target of another length than the table.

    >>> divided({"age": [1, 2], "pay": [3, 4]}, "pay", where="fit")
    ({'age': [1, 2]}, array([3, 4]), 'pay')
    """
    columns = NamedColumns(table, where=where)
    if not isinstance(target, str):
        name = str(getattr(target, "name", None) or "")
        flat = target.reshape(-1) if isinstance(target, np.ndarray) and target.ndim == 2 else target
        check_length(len(columns), flat, "the target", where=where)
        return columns.but(""), as_values(flat), name
    if target not in columns.names:
        hint = near(target, columns.names)
        raise MatchError(
            code="LN634",
            where=where,
            saw=f"no column {target!r}",
            why="the target is a column of the table, or given by itself",
            fix=(f"{hint!r}, perhaps: " if hint else "") + f"the columns are {shown_names(columns.names)}",
        )
    return columns.but(target), columns[target], target


def check_length(rows: int, column: Any, name: str, *, where: str) -> None:
    """Refuse a column that belongs to a table, and has another number of rows.

    Raises:
        MatchError: it has.
    """
    if len(column) != rows:
        raise MatchError(
            code="LN635",
            where=where,
            saw=f"{rows} rows in the table, {len(column)} in {name}",
            why="every row has its own, in the same order",
            fix="select the same rows from both",
        )
