"""Which kind of column a table's values make, what a new column of each kind is, and which ones are of no use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..exc import DataError
from . import values as read
from .columns import CategoryColumn, Column, NumericColumn, TruthColumn
from .date_column import DateColumn
from .dates import as_date, day_first_of
from .texts import as_number, best_decimal, decimal_of, is_truth, number_in
from .values import Text, Values

__all__ = ["check_kind", "kind_of", "new_column", "reason_to_leave_out", "shows_decimal_comma"]


def kind_of(values: Values, tokens: frozenset[str], *, name: str, first_row: int, hint: str = ".") -> str:
    """Which kind of column these values are of; nothing where there are none.

    Args:
        values: of the column.
        tokens: strings that mean that there is no value.
        name, first_row: for errors.
        hint: the sign before decimals, where values leave it open.

    Raises:
        DataError: nearly all of them are numbers, and some are not: whether it is one of numbers must be said.
    """
    if not isinstance(values, Text):
        return {"b": "boolean", "M": "date"}.get(values.dtype.kind, "numeric" if _has_numbers(values) else "")
    present = read.present(values, tokens)
    if not present:
        return ""
    if all(is_truth(value) for value in present):
        return "boolean"
    texts = [value for value in present if isinstance(value, str)]
    sign = best_decimal(texts, hint)
    found = [as_number(value, tokens, sign) is not None for value in present]
    if all(found):
        return "numeric"
    if _has_dates(present, texts):
        return "date"
    if len(present) > 20 and sum(found) >= 0.9 * len(found):
        where = "TabularPreprocessor.fit"
        read.numbers(values, tokens, where=where, column=name, first_row=first_row, decimal=sign)
    return "category"


def shows_decimal_comma(values: Values, tokens: frozenset[str]) -> bool:
    """Whether these are numbers in text whose comma can only stand before decimals, as in 18,0."""
    if not isinstance(values, Text):
        return False
    texts = [value for value in read.present(values, tokens) if isinstance(value, str)]
    return bool(texts) and number_in(texts[0], ",") is not None and decimal_of(texts) == ","


def _has_dates(present: Sequence[Any], texts: Sequence[str]) -> bool:
    others = [value for value in present if not isinstance(value, str)]
    if any(as_date(value, frozenset()) is None for value in others):
        return False
    return not texts or day_first_of(texts) is not None


def _has_numbers(values: np.ndarray) -> bool:
    return values.dtype.kind != "f" or bool((values == values).any())


def new_column(
    kind: str,
    name: str,
    *,
    tokens: frozenset[str],
    size: int,
    seed: int,
    hint: str = ".",
    day_first: bool | None = None,
) -> Column:
    """A column of this kind that has learned nothing yet.

    Args:
        kind, name: of the column.
        tokens: strings that mean that there is no value.
        size, seed: of the sample of its values.
        hint: the sign before decimals, where values leave it open.
        day_first: whether the day stands before the month in dates; None to find it from the values.
    """
    if kind == "category":
        return CategoryColumn(name, tokens=tokens)
    if kind == "date":
        return DateColumn(name, tokens=tokens, size=size, seed=seed, day_first=day_first)
    maker = {"numeric": NumericColumn, "boolean": TruthColumn}[kind]
    return maker(name, tokens=tokens, size=size, seed=seed, hint=hint)


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
