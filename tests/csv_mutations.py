"""A small table as a CSV file, and everything that happens to CSV files, by the number of a seed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import numpy as np

Rows = list[list[str]]

NAMES = ["age", "height", "city", "member", "income"]
CITIES = ["Rome", "Oslo", "Lima", "New York"]


def people(rows: int = 60, *, seed: int = 0) -> Rows:
    """A header and rows: two numbers, two categories, and a target of two classes that follows from the age."""
    rng = np.random.default_rng(seed)
    table = [list(NAMES)]
    for _ in range(rows):
        age = int(rng.integers(18, 80))
        income = "high" if age + rng.normal() * 5 > 45 else "low"
        city, member = CITIES[rng.integers(4)], ["yes", "no"][rng.integers(2)]
        table.append([str(age), f"{rng.normal(170, 10):.1f}", city, member, income])
    return table


def text(rows: Rows, delimiter: str = ",", end: str = "\n") -> str:
    """Rows as CSV."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)
    return file.getvalue()


def cell(value: str) -> Callable[[Rows, np.random.Generator], Rows]:
    """Put a value into some cells below the header."""

    def change(rows: Rows, rng: np.random.Generator) -> Rows:
        for _ in range(rng.integers(1, 4)):
            row = rows[rng.integers(1, len(rows))]
            if row:
                row[rng.integers(len(row))] = value
        return rows

    return change


def column(name: str, value: Callable[[list[str], int], str]) -> Callable[[Rows, np.random.Generator], Rows]:
    """Add a column at a random place."""

    def change(rows: Rows, rng: np.random.Generator) -> Rows:
        place = int(rng.integers(len(rows[0]) + 1))
        return [[*row[:place], name if i == 0 else value(row, i), *row[place:]] for i, row in enumerate(rows)]

    return change


def shuffled(rows: Rows, rng: np.random.Generator) -> Rows:
    order = rng.permutation(len(rows[0]))
    return [[row[i] for i in order] if len(row) == len(order) else row for row in rows]


def ragged(rows: Rows, rng: np.random.Generator) -> Rows:
    row = rows[rng.integers(1, len(rows))]
    row[:] = [*row, "more"] if rng.integers(2) else row[:-1]
    return rows


def renamed(rows: Rows, rng: np.random.Generator) -> Rows:
    rows[0][rng.integers(len(rows[0]))] = ["", " ", "income ", "Income", "age", "5", "a\nb", "ä,ö", '"', "x" * 2000][
        rng.integers(10)
    ]
    return rows


def few(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[: int(rng.integers(0, 6))]


def repeated(rows: Rows, rng: np.random.Generator) -> Rows:
    place = int(rng.integers(1, len(rows) + 1))
    return [*rows[:place], rows[0], *rows[place:]]


def emptied(rows: Rows, rng: np.random.Generator) -> Rows:
    place = int(rng.integers(len(rows[0])))
    return [rows[0], *([*row[:place], "", *row[place + 1 :]] for row in rows[1:])]


def one_class(rows: Rows, rng: np.random.Generator) -> Rows:
    return [rows[0], *([*row[:-1], "high"] for row in rows[1:])]


def reverted(rows: Rows, rng: np.random.Generator) -> Rows:
    return [list(row) for row in zip(*rows, strict=False)]


ROW_CHANGES: list[Callable[[Rows, np.random.Generator], Rows]] = [
    *map(
        cell, ["", "?", "NaN", "abc", "inf", "-1e999", "1,5", "12 %", "$5", " 3 ", "\x00", "\x1b[31m", "=1+1", "0x1F"]
    ),
    *map(cell, ['"', "a\nb", "é", "日本", "\ufeff", "x" * 100_000, "1_000", "٣", "True", "2024-02-30", "\r"]),
    column("constant", lambda row, i: "7"),
    column("income_copy", lambda row, i: row[-1]),
    column("code", lambda row, i: {"high": "1", "low": "2"}.get(row[-1], "3")),
    column("id", lambda row, i: str(i)),
    column("", lambda row, i: str(i)),
    column("age", lambda row, i: row[0]),
    column("when", lambda row, i: f"2024-01-{i % 28 + 1:02d}"),
    column("nothing", lambda row, i: ""),
    column("name", lambda row, i: f"person {i}"),
    shuffled,
    ragged,
    renamed,
    few,
    repeated,
    emptied,
    one_class,
    reverted,
]


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(rng.integers(len(data) + 1))]


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    found = bytearray(data)
    for _ in range(rng.integers(1, 10)):
        if found:
            found[rng.integers(len(found))] = rng.integers(256)
    return bytes(found)


def inserted(data: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(len(data) + 1))
    junk = [b'"', b"\x00", b"\xff\xfe", b"\n\n\n", b"\r", b",,,", rng.bytes(50), b"PAR1", b'""', b"\xc3"][
        rng.integers(10)
    ]
    return data[:place] + junk + data[place:]


def lost(data: bytes, rng: np.random.Generator) -> bytes:
    start, stop = sorted(int(place) for place in rng.integers(len(data) + 1, size=2))
    return data[:start] + data[min(stop, start + 30) :]


BYTE_CHANGES: list[Callable[[bytes, np.random.Generator], bytes]] = [
    cut,
    flipped,
    inserted,
    lost,
    lambda data, rng: b"\xef\xbb\xbf" + data,
    lambda data, rng: data.decode("utf-8", "replace").encode("utf-16"),
    lambda data, rng: data.decode("utf-8", "replace").encode("utf-16-le"),
    lambda data, rng: data.decode("utf-8", "replace").encode("latin-1", "replace") + b"30,1.8,M\xfcnchen,yes,low\n",
    lambda data, rng: data.replace(b"\n", b"\r\n"),
    lambda data, rng: data.replace(b"\n", b"\r"),
    lambda data, rng: data.replace(b",", [b";", b"\t", b"|", b" ", b":"][rng.integers(5)]),
    lambda data, rng: b"\n\n" + data,
    lambda data, rng: b"# a comment\n" + data,
    lambda data, rng: data.rstrip(b"\n"),
    lambda data, rng: data + b"\n\n",
    lambda data, rng: b"PAR1" + data,
    lambda data, rng: b"PK\x03\x04" + data,
    lambda data, rng: data.replace(b".", b","),
    lambda data, rng: rng.bytes(500),
    lambda data, rng: b"",
]


def mutated(seed: int) -> bytes:
    """A CSV file to which one to three things have happened."""
    rng = np.random.default_rng(seed)
    rows = people()
    for _ in range(rng.integers(0, 3)):
        if rows and rows[0]:
            rows = ROW_CHANGES[rng.integers(len(ROW_CHANGES))](rows, rng)
    data = text(rows, ",;\t"[rng.choice(3, p=[0.8, 0.1, 0.1])]).encode("utf-8", "replace")
    if rng.integers(2):
        data = BYTE_CHANGES[rng.integers(len(BYTE_CHANGES))](data, rng)
    return data
