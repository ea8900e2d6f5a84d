"""From the columns of a table to the numbers that a network learns from."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ..arguments import WithArguments
from ..exc import ContractError, DataError, NotFittedError
from .columns import CategoryColumn, Column, Options
from .expansion import Expansion
from .kinds import check_kind, kind_of, new_column, reason_to_leave_out, shows_decimal_comma
from .tables import NamedColumns, near, shown_names
from .texts import MISSING_TOKENS, key_of
from .values import Values

__all__ = ["MISSING_TOKENS", "TabularPreprocessor"]

_FORMAT = 2
"""Of what is saved. In the first, categories were named exactly as they were written, "007" and "True" among them."""
_FIRST_TOKENS = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "NaT", "<NA>")
"""`MISSING_TOKENS` of the first format."""
_MOST_BINS = 64
_BIN_COLUMNS = 1536
"""How many columns of bins there are at most in all, unless the number of bins is given."""
_MOST_SAMPLES = 10_000_000
"""How many values are kept for quantiles in all."""
_ROWS_PER_BIN = 64


class TabularPreprocessor(WithArguments):
    """Learns from a training table what its columns are, and makes features of rows like them.

    Quantities are centered at the median, divided by the distance of the quartiles, smoothly clipped, and also given
    as bins of a piecewise-linear encoding; categories become one column each, or numbers for an embedding; dates
    become elapsed days, the year, and angles of month, week and year. A missing quantity is the median with a column
    that says so; a missing category is a category. Columns that are constant, or that name every row, are left out.

    A table is a DataFrame, a dictionary of columns, a structured array or an array ``(n, d)``. Afterwards columns are
    known by their names: their order does not matter, those that training did not have are ignored.

    Args:
        kinds: what columns are, where it should not be found out: a dictionary from names to ``"numeric"``,
            ``"category"``, ``"boolean"``, ``"date"``, or ``"drop"`` to leave a column out.
        encoding: of categories: ``"one_hot"``, or ``"embed"``: their numbers in the last columns of the features, 0
            for what training did not show, as `layers.ColumnEmbedding` takes them.
        missing: strings that mean that there is no value.
        decimal: the sign before decimals where text leaves it open, as in ``3,504``; if not given, a comma where
            another column shows one, as in ``18,0``, and a point where none does.
        day_first: whether the day stands before the month in dates such as 03/04/2024; found from all of a column's
            values if not given.
        min_count: categories with fewer training rows are taken together.
        max_categories: so are all but this many of the most frequent.
        bins: how many bins a quantity has; 0 for none. If not given: 64, or fewer where rows are few or columns many.
        clip: where the smooth clipping of quantities ends, in distances of the quartiles.
        sample: of how many values of a column quantiles are taken at most; fewer where there are over 100 columns.
        seed: of drawing that sample.

    Attributes:
        columns: what was learned of each column, in the table's order.
        notes: what a person should know: columns left out, categories taken together.
        category_counts: for each column of categories how many there are, one for unknown ones included.
        decimal_hint: the sign before decimals where text leaves it open.
        format: of what was learned; 1 where a file of an earlier version was loaded.

    Raises:
        DataError: a table or values that cannot be read; the message names column, row and value.
        MatchError: columns that training had are missing.
        NotFittedError: nothing has been learned yet.

    >>> table = {"age": [39, 50, None, 28], "job": ["clerk", "?", "cook", "clerk"]}
    >>> preprocessor = TabularPreprocessor(bins=0).fit(table)
    >>> preprocessor.get_feature_names_out().tolist()
    ['age', 'age (missing)', 'job=clerk', 'job=cook', 'job=(missing)']
    >>> preprocessor.transform({"age": [39], "job": ["pilot"]})
    array([[0., 0., 0., 0., 0.]], dtype=float32)
    """

    _names: list[str]
    _rows: int
    _columns: dict[str, Column]
    _expansion: Expansion | None
    _finished: bool
    _restored: bool

    def __init__(
        self,
        *,
        kinds: Mapping[str, str] | None = None,
        encoding: str = "one_hot",
        missing: Sequence[str] = MISSING_TOKENS,
        min_count: int = 1,
        max_categories: int = 256,
        bins: int | None = None,
        clip: float = 3.0,
        sample: int = 100_000,
        seed: int = 0,
        decimal: str | None = None,
        day_first: bool | None = None,
    ) -> None:
        self.kinds = kinds
        self.encoding = encoding
        self.missing = missing
        self.min_count = min_count
        self.max_categories = max_categories
        self.bins = bins
        self.clip = clip
        self.sample = sample
        self.seed = seed
        self.decimal = decimal
        self.day_first = day_first
        self._start()

    # ------------------------------------------------------------------ learning

    def fit(self, table: Any, labels: Any = None) -> Self:
        """Learn from a training table; what was learned before is forgotten.

        Args:
            table: the training rows.
            labels: not used; pipelines give them.
        """
        self._start()
        return self.partial_fit(table)

    def partial_fit(self, chunk: Any, labels: Any = None) -> Self:
        """Learn from one more chunk of the training table: memory is needed for the chunk and the samples alone.

        Raises:
            MatchError: a column of the chunks before is missing.
            ContractError: this was loaded from a file, which holds no samples to go on from.
        """
        if self._restored:
            raise ContractError(
                code="LN611",
                where="TabularPreprocessor.partial_fit",
                saw="a preprocessor that was loaded",
                why="what quantiles are taken from is not kept in files",
                fix="fit(table) to learn anew",
            )
        table = NamedColumns(chunk, where="TabularPreprocessor.fit")
        if not self._names:
            self._check_options(table.names)
            self._names = table.names
            self.decimal_hint = self.decimal or self._found_hint(table)
        table.require(self._names, why="the chunks before had it")
        for name in self._names:
            self._learn(name, table)
        self._rows += len(table)
        self._expansion, self._finished = None, False
        return self

    def fit_transform(self, table: Any, labels: Any = None) -> np.ndarray:
        """`fit`, then `transform` of the same table."""
        return self.fit(table).transform(table)

    # ------------------------------------------------------------------ using

    def transform(self, table: Any) -> np.ndarray:
        """Features of a table.   -> (n, features), float32"""
        return self.expand(self.encode(table))

    def encode(self, table: Any, *, first_row: int = 0, unknown: Counter[tuple[str, str]] | None = None) -> np.ndarray:
        """A table in the compact form that `expand` takes, a number or a few for a column.   -> (n, codes), float32

        Args:
            table: rows with the columns that training had.
            first_row: the number of the first row, for errors.
            unknown: counts the categories that training did not show, by the names of column and category.
        """
        expansion = self.expansion
        used = [column for column in self._columns.values() if not column.left_out]
        rows = NamedColumns(table, where="TabularPreprocessor")
        rows.require([column.name for column in used], why="the model learned from it")
        codes = np.empty((len(rows), expansion.width), dtype=np.float32)
        places = [0, expansion.quantities, expansion.quantities + expansion.angles]
        for column in used:
            found = column.encode(rows[column.name], first_row=first_row, unknown=unknown)
            start = 0
            for part, width in enumerate(column.widths):
                codes[:, places[part] : places[part] + width] = found[:, start : start + width]
                places[part] += width
                start += width
        return codes

    def expand(self, codes: np.ndarray) -> np.ndarray:
        """Features of rows of codes.   (n, codes) -> (n, features)"""
        return self.expansion.expand(codes)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the features, as strings."""
        return np.array(self.expansion.names, dtype=object)

    @property
    def expansion(self) -> Expansion:
        """Which codes become which features."""
        if self._expansion is None:
            used = [column for column in self.columns if not column.left_out]
            self._expansion = Expansion(used, embed=self.encoding == "embed")
        return self._expansion

    @property
    def columns(self) -> tuple[Column, ...]:
        """What was learned of each column, in the table's order."""
        if not self._rows:
            raise NotFittedError(
                code="LN612",
                where="TabularPreprocessor",
                saw="a preprocessor that has seen no table",
                why="which columns there are, and what is in them, is learned from the training table",
                fix="fit(table) first",
            )
        if not self._finished:
            self._finish()
        return tuple(self._columns.values())

    @property
    def category_counts(self) -> tuple[int, ...]:
        """For each column of categories how many there are, one for unknown ones included."""
        return self.expansion.category_counts

    @property
    def notes(self) -> list[str]:
        """What a person should know: columns left out, categories taken together."""
        return [column.note() for column in self.columns if column.note()]

    def describe(self) -> list[dict[str, Any]]:
        """One row for each column of the table: ``name``, ``kind``, ``missing``, ``categories`` and ``left_out``.

        >>> TabularPreprocessor().fit({"job": ["cook", None, "clerk"]}).describe()
        [{'name': 'job', 'kind': 'category', 'missing': 1, 'categories': 3, 'left_out': ''}]
        """
        return [
            {name: getattr(column, name) for name in ("name", "kind", "missing")}
            | {"categories": len(column.categories) if isinstance(column, CategoryColumn) else None}
            | {"left_out": column.left_out}
            for column in self.columns
        ]

    # ------------------------------------------------------------------ saving, and scikit-learn's protocol

    def state_dict(self) -> dict[str, Any]:
        """What was learned: numbers, strings and arrays, in lists and dictionaries; nothing before `fit`."""
        if not self._rows:
            return {}
        return {"format": self.format, "rows": self._rows, "columns": [column.state() for column in self.columns]}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what `state_dict` gave; chunks cannot be added then."""
        self._start()
        if not state:
            return self
        self._rows, self.format = int(state["rows"]), int(state.get("format", 1))
        if self.format > _FORMAT:
            raise DataError(
                code="LN690",
                where="TabularPreprocessor.load_state_dict",
                saw=f"format {self.format}",
                why=f"this version of Lincoln reads formats up to {_FORMAT}",
                fix="a newer version of Lincoln",
            )
        self._finished = self._restored = True
        for saved in state["columns"]:
            if not isinstance(saved["name"], str):
                raise TypeError(f"a column named by a {type(saved['name']).__name__}")
            column = self._new_column(str(saved["kind"]), saved["name"])
            column.restore(saved)
            if isinstance(column, CategoryColumn):
                column.exact = self.format == 1
            self._columns[column.name] = column
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments by their names."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(self, **parameters: Any) -> Self:
        """Change arguments of the constructor; `fit` uses them.

        Raises:
            DataError: there is no such argument.
        """
        for name, value in parameters.items():
            if name not in _PARAMETERS:
                raise DataError(
                    code="LN610",
                    where="TabularPreprocessor.set_params",
                    saw=repr(name),
                    why="the constructor has no such argument",
                    fix=f"one of {', '.join(_PARAMETERS)}",
                )
            setattr(self, name, value)
        self.arguments = ((), self.get_params())
        return self

    # ------------------------------------------------------------------ the machinery

    def _start(self) -> None:
        self._names = []
        self._rows = 0
        self._columns = {}
        self._expansion = None
        self._finished = self._restored = False
        self.format, self.decimal_hint = _FORMAT, "."

    def _learn(self, name: str, table: NamedColumns) -> None:
        """Let one column learn from a chunk; its kind is decided by the first chunk that has a value."""
        kind = (self.kinds or {}).get(name, "")
        if kind == "drop":
            return
        values = table[name]
        column = self._columns.get(name)
        if column is None or column.missing == column.rows:
            kind = kind or self._kind_of(values, name)
            before, column = column, self._new_column(kind, name)
            column.rows = column.missing = before.rows if before else 0
            self._columns[name] = column
        column.learn(values, first_row=self._rows)

    def _new_column(self, kind: str, name: str) -> Column:
        size = min(self.sample, _MOST_SAMPLES // max(len(self._names), 1))
        return new_column(
            kind,
            name,
            tokens=self._tokens,
            size=size,
            seed=self.seed + len(self._columns),
            hint=self.decimal_hint,
            day_first=self.day_first,
        )

    def _kind_of(self, values: Values, name: str) -> str:
        return kind_of(values, self._tokens, name=name, first_row=self._rows, hint=self.decimal_hint) or "category"

    def _found_hint(self, table: NamedColumns) -> str:
        """The sign before decimals that the table's text shows; a comma only where it can be nothing else."""
        comma = any(
            shows_decimal_comma(table[name], self._tokens)
            for name in table.names
            if (self.kinds or {}).get(name) != "drop"
        )
        return "," if comma else "."

    @property
    def _tokens(self) -> frozenset[str]:
        if self.format == 1:
            return frozenset(_FIRST_TOKENS if self.missing == MISSING_TOKENS else self.missing)
        return frozenset(map(key_of, self.missing))

    def _finish(self) -> None:
        """Work out what follows from what has been seen, and which columns are of use."""
        quantities = sum(column.widths[0] for column in self._columns.values())
        fitting = min(_MOST_BINS, _BIN_COLUMNS // max(quantities, 1), self._rows // _ROWS_PER_BIN)
        bins = fitting if self.bins is None else self.bins
        options = Options(bins, self.clip, self.min_count, self.max_categories)
        for column in self._columns.values():
            column.finish(options)
            column.left_out = reason_to_leave_out(column)
        if all(column.left_out for column in self._columns.values()):
            raise DataError(
                code="LN613",
                where="TabularPreprocessor.fit",
                saw="; ".join(column.note() for column in self._columns.values()) or "no columns",
                why="there is nothing left to learn from",
                fix="a table with a column that differs from row to row",
            )
        self._finished = True

    def _check_options(self, names: Sequence[str]) -> None:
        if self.encoding not in ("one_hot", "embed"):
            raise DataError(
                code="LN614",
                where="TabularPreprocessor",
                saw=f"encoding={self.encoding!r}",
                why="no such encoding of categories is known",
                fix='encoding="one_hot", or "embed" for a network with lnc.layers.ColumnEmbedding',
            )
        for name, kind in (self.kinds or {}).items():
            check_kind(kind, name)
            if name not in names:
                raise DataError(
                    code="LN615",
                    where="TabularPreprocessor",
                    saw=f"kinds={{{name!r}: {kind!r}}}, and no column of that name",
                    why="it would have no effect",
                    fix=f"{near(name, names)!r}, perhaps" if near(name, names) else f"one of {shown_names(names)}",
                )


_PARAMETERS = tuple(inspect.signature(TabularPreprocessor).parameters)
