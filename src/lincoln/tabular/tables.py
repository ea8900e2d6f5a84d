"""Tables of any kind, read as named columns: data frames, dictionaries of columns, arrays with or without fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import arrays
from ..exc import DataError, MatchError
from .values import Values, as_values

__all__ = ["NamedColumns", "near", "shown_names"]


class NamedColumns:
    """A table's columns by their names, each read when it is asked for.

    Args:
        table: a DataFrame of pandas or polars, a dictionary of columns, a structured array, or an array ``(n, d)``,
            whose columns are then called ``x0``, ``x1`` and so on.
        where: what an error calls the reader.

    Attributes:
        names: of the columns, in order, as strings.

    Raises:
        DataError: no table; two columns of one name; columns of different lengths; no rows.

    >>> table = NamedColumns({"age": [39, 50], "job": ["clerk", None]}, where="fit")
    >>> table.names, len(table), table["age"]
    (['age', 'job'], 2, array([39, 50]))
    """

    def __init__(self, table: Any, *, where: str) -> None:
        self.where = where
        self._columns = _columns(table, where)
        self.names = list(self._columns)
        lengths = {name: len(column) for name, column in self._columns.items()}
        if len(set(lengths.values())) > 1:
            first = self.names[0]
            other = next(name for name in self.names if lengths[name] != lengths[first])
            raise MatchError(
                code="LN604",
                where=where,
                saw=f"{lengths[first]} rows in column {first!r}, {lengths[other]} in column {other!r}",
                why="a row has a place in every column",
                fix="columns of one length",
            )
        self._length = lengths[self.names[0]] if lengths else 0
        if self._length == 0:
            raise DataError(
                code="LN605",
                where=where,
                saw=f"a table of 0 rows, {len(self.names)} columns"
                if lengths
                else "a table without columns, or of its target alone",
                why="there is nothing in it to learn from, or to predict for",
                fix="look where the rows or columns were lost: a filter that lets nothing through?",
            )

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> Values:
        try:
            return as_values(self._columns[name])
        except TypeError as error:
            raise DataError(
                code="LN616",
                where=self.where,
                saw=f"column {name!r}: {error}",
                why="a value is a number, a text, a date, or yes or no",
                fix=f'its parts as columns of their own; or kinds={{{name!r}: "drop"}}',
            ) from error

    def but(self, name: str) -> dict[str, Any]:
        """All columns but the one of that name, as a dictionary, as they were given."""
        return {other: column for other, column in self._columns.items() if other != name}

    def require(self, wanted: Sequence[str], *, why: str) -> None:
        """Refuse the table if columns are missing, with the names that come near to theirs.

        Raises:
            MatchError: a wanted column is not there.
        """
        missing = [name for name in wanted if name not in self._columns]
        if not missing:
            return
        unused = [name for name in self.names if name not in wanted]
        hints = {name: near(name, unused) for name in missing}
        renames = {hint: name for name, hint in hints.items() if hint}
        fix = f"table.rename(columns={renames!r})" if renames else "the same columns as in training"
        raise MatchError(
            code="LN606",
            where=self.where,
            saw="no column "
            + ", ".join(f"{name!r}" + (f" (but {hints[name]!r})" if hints[name] else "") for name in missing),
            why=why,
            fix=fix + f"; the table has {shown_names(self.names)}",
        )


def near(name: str, names: Sequence[str]) -> str:
    """The one of the names that is most like this one, or nothing.

    >>> near("incom", ["age", "income"]), near("incom", ["age"])
    ('income', '')
    """
    import difflib

    lowered = {other.lower().strip(): other for other in reversed(names)}
    found = difflib.get_close_matches(name.lower().strip(), lowered, n=1)
    return lowered[found[0]] if found else ""


def shown_names(names: Sequence[str], most: int = 12) -> str:
    """Names for a message, not too many of them."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + rest


def _columns(table: Any, where: str) -> dict[str, Any]:
    names, columns = _named(table, where)
    names = [str(name) for name in names]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise DataError(
            code="LN607",
            where=where,
            saw=f"the column {doubles[0]!r} {names.count(doubles[0])} times",
            why="columns are known by their names",
            fix="a name of its own for every column: table.columns = [...]",
        )
    return dict(zip(names, columns, strict=True))


def _named(table: Any, where: str) -> tuple[Sequence[Any], list[Any]]:
    if isinstance(table, Mapping):
        return list(table), list(table.values())
    if hasattr(table, "columns") and hasattr(table, "iloc"):
        return list(table.columns), [table.iloc[:, place] for place in range(table.shape[1])]
    if hasattr(table, "get_columns"):
        return list(table.columns), list(table.get_columns())
    array = arrays.numpy(table) if arrays.library(table) or isinstance(table, list) else None
    if array is not None and array.dtype.names:
        return array.dtype.names, [array[name] for name in array.dtype.names]
    if array is not None and array.ndim == 2:
        return [f"x{place}" for place in range(array.shape[1])], list(array.T)
    raise DataError(
        code="LN608",
        where=where,
        saw=f"a {type(table).__name__}" + ("" if array is None else f" of shape {array.shape}"),
        why="a table has rows and columns",
        fix="a DataFrame, a dictionary of columns, a structured array, or an array of two axes: x.reshape(-1, 1)",
    )
