"""How a table lies in a file: its format, encoding, delimiter and header, found from the file's beginning."""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..exc import DataError
from .texts import MISSING_TOKENS, PLAIN, decimal_of, number_in

__all__ = ["Layout", "csv_rows", "find_layout", "near_miss", "short", "shown", "value"]

HEAD = 1 << 18
"""How many bytes of a file are looked at to find out what it is."""

_LONG = 40
"""How many characters of a value or a name a message shows."""

DELIMITERS = (",", ";", "\t", "|")
NUMBER = f"^{PLAIN}$"
_WESTERN = re.compile(r"[^\W\d_a-zA-Z]|[€£¥$°µ§²³½¼«»–—‘’“”„…·•\u00a0]")
"""Signs beyond ASCII that texts of Windows in Western Europe have."""
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""A sign beyond ASCII in UTF-8."""
_BEGINNINGS = {
    b"PK\x03\x04": ("an Excel workbook or a zip archive", "save the sheet as CSV (UTF-8), or unpack the archive"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "save the sheet as CSV (UTF-8)"),
    b"SQLite format 3": ("an SQLite database", "write the table to a CSV file: sqlite3 -header -csv"),
    b"ARROW1": ("a Feather file", "pandas.read_feather(path).to_parquet(other)"),
    b"\x89HDF": ("an HDF5 file", "pandas.read_hdf(path).to_parquet(other)"),
    b"\x93NUMPY": ("a NumPy array", "np.savetxt(path, array, delimiter=',', header=names, comments='')"),
    b"BZh": ("a file compressed by bzip2", "bunzip2 it first"),
    b"\xfd7zXZ": ("a file compressed by xz", "unxz it first"),
    b"(\xb5/\xfd": ("a file compressed by zstd", "unzstd it first"),
    b"%PDF": ("a PDF document", "a CSV or parquet file"),
}


@dataclass(frozen=True)
class Layout:
    """What a file is.

    Attributes:
        path: of the file.
        format: ``"csv"`` or ``"parquet"``.
        encoding, delimiter: of a CSV file.
        names: the columns' names as the header has them, without the white space around them.
        header_lines: how many lines of the file the header takes.
        compressed: whether it is a CSV file compressed by gzip.
        decimal: the sign before decimals: a comma where a column of the file's beginning can have no other.
        guessed: whether the encoding is a guess: a text is not UTF-8, and looks like one of Windows.

    >>> Layout(Path("people.csv"), "csv", names=("age", "income")).delimiter
    ','
    """

    path: Path
    format: str
    encoding: str = "utf-8"
    delimiter: str = ","
    names: tuple[str, ...] = ()
    header_lines: int = 1
    compressed: bool = False
    decimal: str = "."
    guessed: bool = False

    def open(self) -> BinaryIO:
        """The file's bytes, unpacked."""
        return gzip.open(self.path) if self.compressed else self.path.open("rb")  # type: ignore[return-value]


def find_layout(
    path: str | Path, *, delimiter: str | None = None, encoding: str | None = None, header: bool = True
) -> Layout:
    """Look at the beginning of a file.

    Args:
        path: of the file; its name's ending is not trusted.
        delimiter, encoding: where they are known; found otherwise.
        header: whether a CSV file's first line holds the names of the columns.

    Raises:
        DataError: no such file, or one that holds no table.

    >>> find_layout("nothing.csv")
    Traceback (most recent call last):
    lincoln.exc.DataError: LN701 DataError in nothing.csv
      saw:  no such file
      ...
    """
    path = Path(path)
    head, compressed = _beginning(path)
    if head.startswith(b"PAR1"):
        return Layout(path, "parquet")
    if not head.strip():
        raise DataError(
            code="LN703",
            where=path.name,
            saw="an empty file" if not head else "a file of blank lines",
            why="there is nothing to read",
            fix="a CSV file with a header line and rows, or a parquet file",
        )
    found = _encoding(path, head, encoding)
    guessed, encoding = found == "cp1252" and encoding is None, found
    text = _text(path, head, encoding)
    if not text.strip():
        raise _not_text(path, head)
    delimiter = delimiter or _delimiter(text)
    names, lines = _header(path, text, delimiter=delimiter, header=header)
    decimal = found_decimal(zip(*_whole_rows(text, delimiter, len(names))[lines and 1 :], strict=True))
    return Layout(path, "csv", encoding, delimiter, names, lines, compressed, decimal, guessed)


def csv_rows(layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Each row of a CSV file with the number of its first line, counted from 1 as an editor does; the header too.

    Slow, and never stopped by what is wrong with a row: it is there to say where the mistake is.
    """
    with layout.open() as file:
        text = io.TextIOWrapper(file, encoding=layout.encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=layout.delimiter)
        limit = csv.field_size_limit(1 << 30)
        line = 1
        try:
            for row in reader:
                if row:
                    yield line, row
                line = reader.line_num + 1
        finally:
            csv.field_size_limit(limit)


def found_decimal(columns: Iterable[Iterable[str | None]]) -> str:
    """The sign before decimals in columns of text: a comma if one of them holds numbers that have no other.

    >>> found_decimal([["a", "b"], ["18,0", ""]]), found_decimal([["3,504", "12.0"]])
    (',', '.')
    """
    for column in columns:
        texts = [text for value in column if (text := (value or "").strip()) not in MISSING_TOKENS]
        if texts and number_in(texts[0], ",") is not None and decimal_of(texts) == ",":
            return ","
    return "."


def near_miss(name: str, names: Sequence[str]) -> str:
    """The name among others that was probably meant; empty where none is like it.

    >>> near_miss("incme", ["age", "income"]), near_miss("Age", ["age", "income"]), near_miss("x", ["age"])
    ('income', 'age', '')
    """
    by_letters = {_letters(one): one for one in reversed(names)}
    found = difflib.get_close_matches(_letters(name), list(by_letters), n=1, cutoff=0.6)
    return by_letters[found[0]] if found else ""


def shown(names: Sequence[object], most: int = 12) -> str:
    """Names one after the other; of many, the first ones and how many more there are.

    >>> shown(["a", "b", "c"], 2)
    'a, b, ... (1 more)'
    """
    text = ", ".join(short(str(name)) for name in names[:most])
    return text + (f", ... ({len(names) - most} more)" if len(names) > most else "")


def short(text: str) -> str:
    """A text as it is, or its beginning where it is long."""
    return text if len(text) <= _LONG else f"{text[:_LONG]}... ({len(text):,} characters)"


def value(text: str) -> str:
    """A value as Python writes it, or its beginning.

    >>> value("a"), value("x" * 50)
    ("'a'", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'... (50 characters)")
    """
    return repr(text) if len(text) <= _LONG else f"{text[:_LONG]!r}... ({len(text):,} characters)"


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower() or name


def _beginning(path: Path) -> tuple[bytes, bool]:
    """The first bytes of a file, unpacked, and whether it is compressed."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OSError("a pipe or a device, which cannot be read twice")
        with path.open("rb") as file:
            head = file.read(HEAD)
        compressed = head.startswith(b"\x1f\x8b")
        if compressed:
            with gzip.open(path) as unpacked:
                head = unpacked.read(HEAD)
    except FileNotFoundError as error:
        raise _no_file(path) from error
    except (OSError, EOFError) as error:
        raise DataError(
            code="LN702",
            where=path.name or str(path),
            saw="a folder" if path.is_dir() else f"{type(error).__name__}: {error}",
            why="it cannot be read as a file",
            fix="the path of a CSV or parquet file that this user may read",
        ) from error
    for beginning, (what, fix) in _BEGINNINGS.items():
        if head.startswith(beginning):
            raise DataError(code="LN723", where=path.name, saw=what, why="it is not a CSV or parquet file", fix=fix)
    return head, compressed


def _no_file(path: Path) -> DataError:
    folder = path.parent
    beside = sorted(one.name for one in folder.iterdir() if one.is_file()) if folder.is_dir() else []
    meant = near_miss(path.name, beside)
    return DataError(
        code="LN701",
        where=str(path),
        saw="no such file" if folder.is_dir() else f"no folder {folder}",
        why="there is nothing to read",
        fix=f"{folder / meant}?" if meant else "the path of a CSV or parquet file",
    )


def _encoding(path: Path, head: bytes, encoding: str | None) -> str:
    if encoding:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise DataError(
                code="LN724",
                where=path.name,
                saw=f"encoding {encoding!r}",
                why="no encoding has that name",
                fix="--encoding utf-8, latin-1, cp1252 or utf-16",
            ) from error
        return encoding
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        raise _not_text(path, head)
    return "cp1252" if _is_western(head) else "utf-8"


def _is_western(head: bytes) -> bool:
    """Whether bytes are no UTF-8, not even with some damage, and have only letters and signs of cp1252 beyond ASCII."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return False
    except UnicodeDecodeError:
        if _UTF_8.search(head):
            return False
    strange = bytes(byte for byte in set(head) if byte > 127).decode("cp1252", "replace")
    return all(_WESTERN.fullmatch(sign) for sign in strange)


def _not_text(path: Path, head: bytes) -> DataError:
    zeros = head[:2000].count(b"\0") * 3 > len(head[:2000])
    found = re.search(rb"[\x00-\x08\x0e-\x1f]|[\x80-\xff]{3}", head)
    place = found.start() if found else 0
    return DataError(
        code="LN725",
        where=f"{path.name}, line {head[:place].count(bytes([10])) + 1}",
        saw=f"bytes that are not text: {head[max(0, place - 8) : place + 8]!r}",
        why="a CSV file holds text",
        fix="--encoding utf-16-le or utf-16-be, if it is such a text"
        if zeros
        else "remove these bytes, if the rest is text; or a CSV or parquet file",
    )


def _text(path: Path, head: bytes, encoding: str) -> str:
    """The head as text up to its last whole line; bytes that do not belong are found later, with their line."""
    try:
        text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
    except (UnicodeError, TypeError, LookupError) as error:
        raise _not_text(path, head) from error
    text = text.removeprefix("\ufeff")
    if len(head) == HEAD and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    strange = sum(ord(sign) < 32 and sign not in "\t\n\r\f" for sign in text[:4000])
    if strange > len(text[:4000]) // 20 or text[:4000].count("\ufffd") > max(20, len(text[:4000]) // 10):
        raise _not_text(path, head)
    return text


def _delimiter(text: str) -> str:
    """The sign that divides the most of the first lines into as many values as the header has."""
    best, score = DELIMITERS[0], (0.0, 0)
    for delimiter in DELIMITERS:
        rows = _rows(text, delimiter, most=100)
        width = len(rows[0]) if rows else 0
        whole = sum(len(row) == width for row in rows) / max(len(rows), 1)
        if width > 1 and (whole, width) > score:
            best, score = delimiter, (whole, width)
    return best


def _rows(text: str, delimiter: str, *, most: int) -> list[list[str]]:
    limit = csv.field_size_limit(1 << 30)
    try:
        found: list[list[str]] = []
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(found) == most:
                break
            if row:
                found.append(row)
        return found
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(limit)


def _whole_rows(text: str, delimiter: str, width: int) -> list[list[str]]:
    return [row for row in _rows(text, delimiter, most=1000) if len(row) == width]


def _header(path: Path, text: str, *, delimiter: str, header: bool) -> tuple[tuple[str, ...], int]:
    """The names of the columns, and how many lines of the file they take."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    limit = csv.field_size_limit(1 << 30)
    try:
        first = next(filter(None, reader))
    except (csv.Error, StopIteration) as error:
        raise _not_text(path, text.encode()) from error
    finally:
        csv.field_size_limit(limit)
    if not header:
        return tuple(f"column {number + 1}" for number in range(len(first))), 0
    names = [name.strip() for name in first]
    if max(map(len, names)) > 1000 or any("\n" in name and delimiter in name for name in names):
        raise open_quote(path.name, 1, max(names, key=len))
    if all(re.match(NUMBER, name) for name in names):
        raise DataError(
            code="LN714",
            where=path.name,
            saw=f"a first line of numbers: {shown(names, 6)}",
            why="the first line names the columns",
            fix='a header line; or --no-header, and the columns are called "column 1", "column 2", ...',
        )
    return tuple(name or f"column {number + 1}" for number, name in enumerate(names)), reader.line_num


def open_quote(where: str, line: int, text: str) -> DataError:
    """The error for a quotation mark that swallows lines."""
    return DataError(
        code="LN707",
        where=f"{where}, line {line}",
        saw=f"a value of {len(text):,} characters over {text.count(chr(10)) + 1} lines: {text[:40]!r}...",
        why='a quotation mark (") is opened and not closed, so that the lines after it belong to the value',
        fix=f'close or remove the quotation mark in line {line}; inside a quoted value it is doubled: ""',
    )
