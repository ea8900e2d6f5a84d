"""Tables from CSV and parquet files, in parts of bounded size, with messages that name the line of what is wrong."""

from __future__ import annotations

import gzip
import shlex
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from ..exc import DataError, MissingPackageError
from .layout import NUMBER, Layout, csv_rows, find_layout, found_decimal, near_miss, short, shown, value
from .lines import bad_bytes, damaged_parquet, find_trouble
from .texts import MISSING_TOKENS, number_in

__all__ = ["Part", "TableFile", "Values", "quoted"]

BLOCK = 4 << 20
"""How many bytes of a CSV file, and how many values of a parquet file, are read at a time."""

NUMERIC = f"({NUMBER})|(^[+-]?(?i:inf|infinity)$)"
_WRITTEN = r"^[-+$€£¥\s]*[\d.,][-+\d.,'’eE%$€£¥\s\x{a0}\x{202f}]*$"
"""What a number looks like that is not written as programs do it."""


@dataclass
class Values:
    """One column of a part of a table: the different values once, and which of them each row has.

    Attributes:
        texts: the different values as text, without white space around them (a pyarrow array).
        numbers: the same as numbers, NaN where they are none; one more at the end stands for no value at all.
        is_missing, is_number, is_written: about each of those; the last of numbers such as ``3,504`` or ``12.0%``.
        codes: ``(rows,)``, the place of each row's value among them.
    """

    texts: Any
    numbers: np.ndarray
    is_missing: np.ndarray
    is_number: np.ndarray
    is_written: np.ndarray
    codes: np.ndarray

    def text(self, row: int) -> str:
        """The value of one row as text."""
        return str(self.texts[int(self.codes[row])].as_py())


@dataclass
class Part:
    """Some rows of a table.

    Attributes:
        start: how many rows came before.
        columns: the values of each column, by its name.
        rows: how many rows these are.
        bytes_read: how much of the file has been read so far.
    """

    start: int
    columns: dict[str, Values]
    rows: int
    bytes_read: int


class TableFile:
    r"""A table in a CSV or parquet file.

    Args:
        path: of the file; a CSV file may be compressed by gzip.
        delimiter, encoding: of a CSV file; found from its beginning where they are not given.
        decimal: the sign before a number's decimals; found from the file's beginning if not given.
        header: whether the first line holds the names of the columns.
        missing: texts that mean "no value", beside the usual ones (empty, ``?``, ``NA``, ``NaN``, ``null``, ...).
        not_missing: those of the usual ones that are values.
        drop: columns that are left out.
        skip_bad_rows: leave out lines with more or fewer values than the header has names.

    Attributes:
        layout: what kind of file it is.
        columns: the names of the columns that are read.
        skipped: how many lines were left out in the last pass.
        tokens: all texts that mean "no value".

    Raises:
        DataError: no such file, no table in it, a name to drop that no column has.
        MissingPackageError: pyarrow is not installed.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "people.csv")
    ...     _ = path.write_text("age;city\n31;Rome\n27;Oslo\n", "utf-8")
    ...     table = TableFile(path)
    ...     table.columns, sum(part.rows for part in table.parts())
    (('age', 'city'), 2)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        delimiter: str | None = None,
        encoding: str | None = None,
        decimal: str | None = None,
        header: bool = True,
        missing: Sequence[str] = (),
        not_missing: Sequence[str] = (),
        drop: Sequence[str] = (),
        skip_bad_rows: bool = False,
    ) -> None:
        _pyarrow()
        self.layout = find_layout(path, delimiter=delimiter, encoding=encoding, header=header)
        if any("\ufffd" in name for name in self.layout.names) and (error := bad_bytes(self.layout)) is not None:
            raise error
        self.tokens = tuple(token for token in (*MISSING_TOKENS, *missing) if token not in not_missing)
        self.skip_bad_rows = skip_bad_rows
        self.skipped = 0
        self.size = self.layout.path.stat().st_size
        if self.layout.format == "parquet":
            self.layout = Layout(self.layout.path, "parquet", names=_parquet_names(self.layout.path))
        self.drop(drop)
        self.decimal = decimal or (self._parquet_decimal() if self.layout.format == "parquet" else self.layout.decimal)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.layout.path.name

    def drop(self, columns: Sequence[str]) -> Self:
        """Leave columns out.

        Raises:
            DataError: there is no such column.
        """
        for column in columns:
            self.require(column, "--drop")
        self.columns = tuple(name for name in self.layout.names if name not in columns)
        return self

    def check_names(self, columns: Sequence[str]) -> None:
        """Refuse two columns of one name among those that are wanted.

        Raises:
            DataError: there are two.
        """
        counts = Counter(self.layout.names)
        twice = next((name for name in columns if counts[name] > 1), None)
        if twice is not None:
            places = [str(number + 1) for number, name in enumerate(self.layout.names) if name == twice]
            raise DataError(
                code="LN708",
                where=f"{self.name}, line 1",
                saw=f"the name {value(twice)} for the columns {' and '.join(places)}",
                why="a column is known by its name",
                fix=f"another name in the header; in training --drop {quoted(twice)} leaves them all out",
            )

    def require(self, column: str, option: str, *, columns: Sequence[str] | None = None) -> None:
        """Refuse the name of a column that is not there, and say which one may be meant.

        Raises:
            DataError: there is no such column.
        """
        names = self.layout.names if columns is None else columns
        if column in names:
            return
        alone = len(self.layout.names) == 1 and self.layout.format == "csv"
        meant = near_miss(column, names)
        fix = f"{option} {quoted(meant)}?" if meant else f"{option} with one of these names"
        if alone:
            fix = '--delimiter ";" (or "tab", "|", " "), if the columns are divided by another sign'
        raise DataError(
            code="LN709",
            where=self.name,
            saw=f"no column {value(column)} among the {len(names)}: {shown(names)}",
            why=f"{option} names a column of the table" + (", which seems to have only one" if alone else ""),
            fix=fix,
        )

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[Part]:
        """The rows of the table from the first to the last, some at a time; can be gone through many times.

        Args:
            columns: those wanted; all but the dropped ones if not given.

        Raises:
            DataError: a line that cannot be read.
        """
        wanted = self.columns if columns is None else tuple(columns)
        self.skipped = 0
        batches = self._parquet if self.layout.format == "parquet" else self._csv
        start = 0
        for batch, bytes_read in batches(wanted):
            values = {name: self._values(batch.column(number), name) for number, name in enumerate(wanted)}
            yield Part(start, values, batch.num_rows, bytes_read)
            start += batch.num_rows

    def line(self, row: int) -> str:
        """Where a row (from 0) stands in the file: the number of its line, or of its row in a parquet file."""
        if self.layout.format == "parquet":
            return f"row {row + 1}"
        width, lines = len(self.layout.names), self.layout.header_lines
        rows = (line for line, row in csv_rows(self.layout) if line > lines and len(row) == width)
        found = next((line for number, line in enumerate(rows) if number == row), None)
        return f"row {row + 1}" if found is None else f"line {found}"

    # ------------------------------------------------------------------ the two formats

    def _csv(self, wanted: Sequence[str]) -> Iterator[tuple[Any, int]]:
        import pyarrow as pa
        from pyarrow import csv

        if all(line <= self.layout.header_lines for line, _ in islice(csv_rows(self.layout), 2)):
            return  # nothing follows the header, which pyarrow would call an error
        numbers = [str(self.layout.names.index(name)) for name in wanted]
        text = pa.dictionary(pa.int32(), pa.string())
        with self.layout.path.open("rb") as raw, _unpacked(raw, self.layout) as file:
            try:
                batches = csv.open_csv(
                    file,
                    read_options=csv.ReadOptions(
                        column_names=[str(number) for number in range(len(self.layout.names))],
                        skip_rows=self.layout.header_lines,
                        encoding="utf8" if self.layout.encoding == "utf-8" else self.layout.encoding,
                        block_size=BLOCK,
                    ),
                    parse_options=csv.ParseOptions(
                        delimiter=self.layout.delimiter,
                        newlines_in_values=True,
                        invalid_row_handler=self._skip if self.skip_bad_rows else None,
                    ),
                    convert_options=csv.ConvertOptions(
                        column_types=dict.fromkeys(numbers, text), include_columns=numbers, null_values=[]
                    ),
                )
                for batch in batches:
                    yield batch, raw.tell()
            except (pa.ArrowException, UnicodeError, EOFError, OSError, zlib.error) as error:
                raise find_trouble(self.layout, error) from error

    def _skip(self, row: Any) -> str:
        self.skipped += 1
        return "skip"

    def _parquet(self, wanted: Sequence[str]) -> Iterator[tuple[Any, int]]:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self.layout.path) as file:
                rows, done = max(file.metadata.num_rows, 1), 0
                size = max(1024, min(1 << 16, (BLOCK // 4) // max(len(wanted), 1)))
                for batch in file.iter_batches(size, columns=list(wanted)):
                    done += batch.num_rows
                    yield batch.select(list(wanted)), self.size * done // rows
        except (pa.ArrowException, OSError) as error:
            raise damaged_parquet(self.layout.path, error) from error

    def _values(self, array: Any, name: str) -> Values:
        """A column as its different values and their places; text is told apart into missing, numbers and other."""
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
        if not (_is_text(kind) or _is_number(kind) or _is_other(kind)):
            raise DataError(
                code="LN720",
                where=f"{self.name}, column {name!r}",
                saw=f"values of type {short(str(kind))}",
                why="a network is given numbers, texts, booleans and dates",
                fix=f"--drop {quoted(name)}",
            )
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        values = array.dictionary
        if _is_text(kind):
            texts = pc.utf8_trim_whitespace(values)
            is_missing = pc.is_in(texts, value_set=pa.array(self.tokens, kind))
            is_number = pc.and_not(pc.match_substring_regex(texts, NUMERIC), is_missing)
            numbers = pc.cast(pc.if_else(is_number, texts, pa.scalar(None, kind)), pa.float64())
        else:
            texts = pc.cast(values, pa.string())
            numbers = (
                pc.cast(values, pa.float64(), safe=False) if _is_number(kind) else pa.nulls(len(values), pa.float64())
            )
            is_missing = pc.is_null(values, nan_is_null=True)
            is_number = pc.and_not(pc.is_valid(numbers), is_missing)
        found = Values(
            texts=texts,
            numbers=np.append(numbers.to_numpy(zero_copy_only=False), np.nan),
            is_missing=np.append(is_missing.to_numpy(zero_copy_only=False), True),
            is_number=np.append(is_number.to_numpy(zero_copy_only=False), False),
            is_written=np.zeros(len(texts) + 1, dtype=bool),
            codes=pc.fill_null(array.indices, len(texts)).to_numpy(),
        )
        self._add_written(found)
        self._leave_out(found)
        return found

    def _add_written(self, values: Values) -> None:
        """Read numbers such as 3,504 or 12.0% too."""
        import pyarrow.compute as pc

        looks = pc.match_substring_regex(values.texts, _WRITTEN).to_numpy(zero_copy_only=False)
        for place in np.flatnonzero(looks.astype(bool) & ~values.is_number[:-1] & ~values.is_missing[:-1]):
            number = number_in(values.texts[int(place)].as_py(), self.decimal)
            if number is not None:
                values.numbers[place], values.is_number[place], values.is_written[place] = number, True, True

    def _leave_out(self, values: Values) -> None:
        """Take the numbers that mean "no value", such as -999, for missing ones, however they are written."""
        sentinels = [number for token in self.tokens if (number := number_in(token)) is not None]
        values.is_missing |= np.isin(values.numbers, sentinels)
        values.is_number &= ~values.is_missing

    def _parquet_decimal(self) -> str:
        """The sign before decimals in the first rows of the columns of text."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(self.layout.path) as file:
                names = [field.name for field in file.schema_arrow if _is_text(field.type)]
                batch = next(file.iter_batches(1000, columns=names), None) if names else None
                return "." if batch is None else found_decimal(column.to_pylist() for column in batch.columns)
        except (pa.ArrowException, OSError) as error:
            raise damaged_parquet(self.layout.path, error) from error


def quoted(name: str) -> str:
    """A name as it is written on a command line.

    >>> quoted("age"), quoted("hours per week")
    ('age', "'hours per week'")
    """
    return shlex.quote(name)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _is_other(kind: Any) -> bool:
    """Whether values are of another type that can be written as text."""
    from pyarrow import types

    return bool(types.is_boolean(kind) or types.is_timestamp(kind) or types.is_date(kind) or types.is_null(kind))


@contextmanager
def _unpacked(raw: BinaryIO, layout: Layout) -> Iterator[BinaryIO]:
    if not layout.compressed:
        yield raw
        return
    with gzip.open(raw) as file:
        yield file  # type: ignore[misc]


def _pyarrow() -> None:
    try:
        import pandas as pd  # noqa: F401
        import pyarrow.csv
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(
            code="LN721",
            where="TableFile",
            saw=f"no package {error.name}",
            why="tables are read with pyarrow and pandas",
            fix='pip install -e ".[cli]"',
        ) from error


def _parquet_names(path: Path) -> tuple[str, ...]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return tuple(parquet.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise damaged_parquet(path, error) from error
