"""What is wrong with a file that cannot be read, and in which line: the slow second look after a reader gave up."""

from __future__ import annotations

from pathlib import Path

from ..exc import DataError
from .layout import Layout, csv_rows, open_quote, shown, value

__all__ = ["bad_bytes", "damaged_parquet", "find_trouble", "swallows_lines"]

LONGEST = 1 << 20
"""How many characters a value may have before it is taken for a quotation mark that was not closed."""


def find_trouble(layout: Layout, error: BaseException) -> DataError:
    """The error that names the line of a CSV file at which its reader stopped."""
    return bad_bytes(layout) or _bad_record(layout) or _unknown(layout, error)


def damaged_parquet(path: Path, error: BaseException) -> DataError:
    """The error for a parquet file that cannot be read."""
    return DataError(
        code="LN719",
        where=path.name,
        saw=str(error).splitlines()[0] if str(error) else type(error).__name__,
        why="the file begins as a parquet file does, but it is damaged or not whole",
        fix="write or copy the file again",
    )


def swallows_lines(text: str, delimiter: str, columns: int) -> bool:
    r"""Whether a value looks like lines of the table that an open quotation mark made a part of it.

    >>> swallows_lines("two\nlines", ",", 3), swallows_lines("a\n1,2,3\n4", ",", 3)
    (False, True)
    """
    return columns > 2 and any(line.count(delimiter) >= columns - 1 for line in text.split("\n")[1:])


def bad_bytes(layout: Layout) -> DataError | None:
    """The error for the first line whose bytes are not text in the file's encoding."""
    if layout.encoding.lower().startswith("utf-16"):
        return None
    with layout.open() as file:
        try:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode(layout.encoding)
                except UnicodeDecodeError as error:
                    return _not_decodable(layout, number, line, error)
        except (EOFError, OSError):
            return None
    return None


def _not_decodable(layout: Layout, number: int, line: bytes, error: UnicodeDecodeError) -> DataError:
    before = line[: error.start].decode(layout.encoding, "replace")
    place = before.count(layout.delimiter)
    column = f", column {layout.names[place]!r}" if place < len(layout.names) else ""
    around = line[max(0, error.start - 12) : error.start + 12]
    return DataError(
        code="LN705",
        where=f"{layout.path.name}, line {number}{column}",
        saw=f"bytes that are not {layout.encoding}: {around!r}",
        why="the file was written in another encoding, or is damaged here",
        fix="--encoding cp1252 (Windows, Western Europe), latin-1, or the encoding that it was saved in",
    )


def _bad_record(layout: Layout) -> DataError | None:
    """The error for the first row with more or fewer values than there are columns, or with an endless one."""
    width = len(layout.names)
    for line, row in csv_rows(layout):
        if line <= layout.header_lines:
            continue
        longest = max(row, key=len)
        if len(longest) > LONGEST or any(swallows_lines(one, layout.delimiter, width) for one in row):
            return open_quote(layout.path.name, line, longest)
        if len(row) != width:
            return _ragged(layout, line, row)
    return None


def _ragged(layout: Layout, line: int, row: list[str]) -> DataError:
    more = len(row) > len(layout.names)
    sign = {"\t": "tab"}.get(layout.delimiter, layout.delimiter)
    first = f"the first too many is {value(row[len(layout.names)])}" if more else f"the last is {value(row[-1])}"
    return DataError(
        code="LN706",
        where=f"{layout.path.name}, line {line}",
        saw=f"{len(row)} values: {shown([value(one) for one in row], 4)}; {first}",
        why=f"the header names {len(layout.names)} columns: {shown(layout.names, 6)}",
        fix=f"mend the line (a value that holds {sign!r} stands in quotation marks); --skip-bad-rows leaves such "
        "lines out; --delimiter if the columns are divided by another sign",
    )


def _unknown(layout: Layout, error: BaseException) -> DataError:
    return DataError(
        code="LN722",
        where=layout.path.name,
        saw=str(error).splitlines()[0] if str(error) else type(error).__name__,
        why=f"it cannot be read as {layout.encoding} text with columns divided by {layout.delimiter!r}",
        fix="--encoding and --delimiter say how the file was written",
    )
