"""The values of one column, from whatever kind of table: numbers, dates, or text with every different value once."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..data.reading import column as plain
from ..exc import DataError
from .dates import as_date
from .texts import as_number, key_of, number_in

__all__ = ["Text", "Values", "as_values", "dates", "keys", "numbers", "present", "truths"]


class Text(NamedTuple):
    """A column of text, or of mixed values: each different value once, and which of them stands in which row.

    Attributes:
        codes: ``(n,)``, int64: the place in ``uniques``; -1 where there is no value.
        uniques: the different values, in the order of their first appearance.

    >>> as_values(["a", "b", None, "a"])
    Text(codes=array([ 0,  1, -1,  0]), uniques=['a', 'b'])
    """

    codes: np.ndarray
    uniques: list[Any]


Values: TypeAlias = np.ndarray | Text
"""A column: real numbers, booleans or ``datetime64`` as an array ``(n,)``; everything else as `Text`."""

_TRUTHS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "t": 1.0, "f": 0.0, "y": 1.0, "n": 0.0, "1": 1.0, "0": 0.0}
_EXACT = 2**53
"""Up to here every whole number is a float64 too."""


def as_values(column: Any) -> Values:
    """A column of any kind of table as `Values`: an array, a list, or a Series of pandas or polars.

    >>> as_values([1, 2]), as_values([1.5, None])
    (array([1, 2]), array([1.5, nan]))
    """
    if hasattr(column, "factorize") and hasattr(column, "to_numpy"):
        return _from_pandas(column)
    array = column if isinstance(column, np.ndarray) else np.asarray(_plain(column))
    if array.dtype.kind in "US":
        uniques, first, codes = np.unique(array, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return Text(np.argsort(order)[codes], uniques[order].tolist())
    if array.dtype.kind == "m":
        return array / np.timedelta64(1, "s")
    return array if array.dtype.kind in "biufM" else _from_objects(array.tolist())


def length(values: Values) -> int:
    """How many rows a column has."""
    return len(values.codes if isinstance(values, Text) else values)


def rows_of(values: Values, rows: Any) -> Values:
    """Some rows of a column."""
    return values._replace(codes=values.codes[rows]) if isinstance(values, Text) else values[rows]


def present(values: Text, missing: frozenset[str]) -> list[Any]:
    """The different values but those that mean that there is none; text without blanks around it.

    >>> present(as_values(["a ", "?", None, "b"]), frozenset("?"))
    ['a', 'b']
    """
    found = [value.strip() if isinstance(value, str) else value for value in values.uniques]
    return [value for value in found if not (isinstance(value, str) and (value in missing or key_of(value) in missing))]


def numbers(
    values: Values,
    missing: frozenset[str],
    *,
    where: str,
    column: str,
    first_row: int = 0,
    decimal: str = ".",
) -> np.ndarray:
    """A column as float64, NaN where there is no value.

    Args:
        values: the column.
        missing: strings that mean that there is no value.
        where, column: what an error calls the reader and the column.
        first_row: the number of the first row, for errors.
        decimal: the sign before decimals in text.

    Raises:
        DataError: text that is not a number; infinity.

    >>> numbers(as_values(["1", "?", "2.5"]), frozenset("?"), where="fit", column="age")
    array([1. , nan, 2.5])
    """
    if isinstance(values, Text):
        found = [as_number(value, missing, decimal) for value in values.uniques]
        bad = [number is None for number in found]
        if any(bad):
            _refuse_text(values, bad, where=where, column=column, first_row=first_row)
        result: np.ndarray = np.array([*found, math.nan], dtype=np.float64)[values.codes]
    else:
        result = _seconds(values) if values.dtype.kind == "M" else values.astype(np.float64)
    sentinels = [number for token in missing if (number := number_in(token)) is not None]
    if sentinels:  # strings such as "-999" mean the same where the column comes as numbers
        result = np.where(np.isin(result, sentinels), np.nan, result)
    if np.isinf(result).any():
        row = int(np.argmax(np.isinf(result)))
        raise DataError(
            code="LN601",
            where=where,
            saw=f"{result[row]} in row {first_row + row}, column {column!r}",
            why="a quantity without bounds cannot be scaled",
            fix=f"a finite number, or none: table[{column!r}].replace([np.inf, -np.inf], np.nan)",
        )
    return result


def truths(values: Values, missing: frozenset[str], *, where: str, column: str, first_row: int = 0) -> np.ndarray:
    """A column of yes and no as 1.0 and 0.0, NaN where there is no value: booleans, 1 and 0, true and false, y and n.

    Raises:
        DataError: anything else.

    >>> truths(as_values(["yes", "no", None]), frozenset(), where="fit", column="paid")
    array([ 1.,  0., nan])
    """
    text = values if isinstance(values, Text) else _numbers_as_text(values)
    found = [math.nan if key in missing else _TRUTHS.get(key.lower()) for key in map(key_of, text.uniques)]
    if None in found:
        place = found.index(None)
        row = first_row + int(np.argmax(text.codes == place))
        raise DataError(
            code="LN602",
            where=where,
            saw=f"{text.uniques[place]!r} in row {row}, column {column!r}",
            why="the column is one of yes and no",
            fix=f'true or false, 1 or 0, yes or no; or kinds={{{column!r}: "category"}} when fitting',
        )
    result: np.ndarray = np.array([*found, math.nan], dtype=np.float64)[text.codes]
    return result


def dates(
    values: Values,
    missing: frozenset[str],
    *,
    where: str,
    column: str,
    first_row: int = 0,
    day_first: bool = False,
) -> np.ndarray:
    """A column of dates as ``datetime64[s]``, NaT where there is no value.

    Raises:
        DataError: a value that is not a date such as 2024-03-31 18:30, or 31.03.2024 where the day is first.

    >>> dates(as_values(["2024-03-31", None]), frozenset(), where="fit", column="day")
    array(['2024-03-31T00:00:00',                 'NaT'], dtype='datetime64[s]')
    """
    if isinstance(values, Text):
        found = [as_date(value, missing, day_first=day_first) for value in values.uniques]
        bad = [date is None for date in found]
        if not any(bad):
            result: np.ndarray = np.array([*found, np.datetime64("NaT")], dtype="datetime64[s]")[values.codes]
            return result
        place = bad.index(True)
        row, shown = int(np.argmax(values.codes == place)), repr(values.uniques[place])
    elif values.dtype.kind == "M":
        return values.astype("datetime64[s]")
    else:
        row, shown = 0, repr(values[0].item())
    raise DataError(
        code="LN603",
        where=where,
        saw=f"{shown} in row {first_row + row}, column {column!r}",
        why=f"the column is one of dates{', the day first' * day_first}",
        fix="dates as 2024-03-31 or 2024-03-31 18:30; "
        f"table[{column!r}] = pd.to_datetime(table[{column!r}]) reads others",
    )


def keys(values: Values, missing: frozenset[str], key: Callable[[Any], str] = key_of) -> Text:
    """A column as categories by their names, which ``key`` gives; -1 where there is no value.

    >>> keys(np.array([1.0, 2.0, np.nan]), frozenset())
    Text(codes=array([ 0,  1, -1]), uniques=['1', '2'])
    """
    text = values if isinstance(values, Text) else _numbers_as_text(values)
    names = [key(value) for value in text.uniques]
    places: dict[str, int] = {}
    for name in names:
        if name not in missing:
            places.setdefault(name, len(places))
    recoded = np.array([*(places.get(name, -1) for name in names), -1], dtype=np.int64)
    return Text(recoded[text.codes], list(places))


def _refuse_text(values: Text, bad: list[bool], *, where: str, column: str, first_row: int) -> None:
    place = bad.index(True)
    rows = np.isin(values.codes, np.flatnonzero(bad))
    row, shown = int(np.argmax(values.codes == place)), values.uniques[place]
    more = int(rows.sum()) - 1
    raise DataError(
        code="LN600",
        where=where,
        saw=f"{shown!r} in row {first_row + row}, column {column!r}" + (f", and {more:,} more like it" if more else ""),
        why="the column is one of numbers",
        fix=f"a number there; or, if it means that there is no value, missing=(..., {shown!r}) when fitting; "
        f'or kinds={{{column!r}: "category"}}',
    )


def _from_pandas(column: Any) -> Values:
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return np.asarray(column.to_numpy())
    if getattr(dtype, "kind", "") == "M":
        naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(dtype, "tz", None) else column
        return np.asarray(naive.to_numpy(dtype="datetime64[s]"))
    if getattr(dtype, "kind", "O") in "iuf" and not (column.isna().any() and (column.abs() > _EXACT).any()):
        return plain(column)
    if getattr(dtype, "kind", "") == "m":
        return np.asarray(column.to_numpy(dtype="timedelta64[ns]") / np.timedelta64(1, "s"))
    codes, uniques = column.factorize()
    return Text(np.asarray(codes, dtype=np.int64), list(uniques))


def _from_objects(items: Iterable[Any]) -> Values:
    """Objects as text, or as numbers where there is nothing else among them."""
    items = list(items)
    if any(isinstance(item, float) for item in items) and all(_is_plain_number(item) for item in items):
        return np.array([math.nan if item is None else item for item in items], dtype=np.float64)
    places: dict[Hashable, int] = {}
    codes = np.array([-1 if _is_nothing(item) else places.setdefault(item, len(places)) for item in items], np.int64)
    return Text(codes, list(places))


def _numbers_as_text(values: np.ndarray) -> Text:
    uniques, codes = np.unique(values, return_inverse=True)
    present = ~np.isnat(uniques) if uniques.dtype.kind == "M" else uniques == uniques
    return Text(np.where(present[codes], codes, -1), uniques[present].tolist())


def _plain(column: Any) -> Any:
    """A list as an array whose elements stay what they are; other columns through their own conversion."""
    if hasattr(column, "to_numpy"):
        return column.to_numpy()
    items = list(column)
    kinds = {type(item) for item in items}
    if (
        kinds <= {int, float}
        or kinds == {bool}
        or kinds == {str}
        or all(issubclass(kind, np.generic) for kind in kinds)
    ):
        return items
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _is_plain_number(item: Any) -> bool:
    return item is None or (isinstance(item, int | float | np.number) and not isinstance(item, bool))


def _is_nothing(item: Any) -> bool:
    """None, NaN, NaT and pandas' NA."""
    return item is None or type(item).__name__ in ("NAType", "NaTType") or bool(item != item)


def _seconds(values: np.ndarray) -> np.ndarray:
    seconds = values.astype("datetime64[s]")
    return np.where(np.isnat(seconds), np.nan, seconds.astype(np.int64).astype(np.float64))
