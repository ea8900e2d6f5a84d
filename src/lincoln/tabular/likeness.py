"""Which columns of a table are alike: the same values, values that change places one to one, or a multiple."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .reading import Values

__all__ = ["Likeness"]

MOST_PAIRS = 10_000
CLOSE = 1e-9


class Likeness:
    """Compares the columns of a table, part by part.

    Two columns number their different values in the order of their first appearance; where these numbers are equal in
    every row, one column's value tells the other's.

    Args:
        columns: their names.
        target: the column whose copies are looked for; None if there is none.
    """

    def __init__(self, columns: Sequence[str], target: str | None) -> None:
        self.columns = tuple(columns)
        self.target = target
        self.rows = 0
        self._orders: dict[str, Any] = dict.fromkeys(columns, 0)
        self._values: dict[str, Any] = dict.fromkeys(columns, 0)
        self._pairs: dict[str, dict[str, str]] = {name: {} for name in columns if name != target}
        self._lines: dict[str, tuple[float, float]] | None = None

    def add(self, part: Mapping[str, Values]) -> None:
        """Look at some more rows."""
        orders = {name: zlib.crc32(part[name].codes.tobytes()) for name in self.columns}
        self._orders = {name: hash((self._orders[name], orders[name])) for name in self.columns}
        found = Counter(orders.values())
        for name in self.columns:
            if found[orders[name]] > 1:
                self._values[name] = hash((self._values[name], _content(part[name])))
        if self.target is not None and len(part[self.target].codes):
            self.rows += len(part[self.target].codes)
            self._compare(part, part[self.target])

    def same(self) -> list[tuple[str, str]]:
        """The pairs of columns that hold the same in every row, the target left out."""
        first: dict[Any, str] = {}
        pairs = []
        for name in self.columns:
            key = (self._orders[name], self._values[name])
            if name == self.target:
                continue
            if key in first:
                pairs.append((first[key], name))
            first.setdefault(key, name)
        return pairs

    def copies(self) -> dict[str, str]:
        """The columns that tell the target in every row, and how."""
        target = self.target
        if target is None:
            return {}
        found = {}
        for name in self.columns:
            if name == target:
                continue
            alike = self._orders[name] == self._orders[target]
            if alike and self._values[name] == self._values[target]:
                found[name] = "it holds the same value in every row"
            elif alike and 1 < len(self._pairs.get(name, ())) <= self.rows // 2:
                found[name] = "each of its values goes with one value of the target, in every row"
            elif name in (self._lines or {}):
                found[name] = "it is the target times a number, plus a number, in every row"
        return found

    def pair(self, column: str) -> tuple[str, str]:
        """A value of a column, and the target's value that always goes with it."""
        return next(((mine, other) for mine, other in self._pairs.get(column, {}).items()), ("", ""))

    def _compare(self, part: Mapping[str, Values], target: Values) -> None:
        """Go on only with the columns whose values still tell the target's."""
        order = self._orders[str(self.target)]
        self._pairs = {
            name: pairs
            for name, pairs in self._pairs.items()
            if self._orders[name] == order and _go_together(pairs, part[name], target)
        }
        y = target.numbers[target.codes]
        if self._lines is None:
            self._lines = {name: line for name in self._numeric(part) if (line := _line(_column(part[name]), y))}
        self._lines = {
            name: (slope, shift)
            for name, (slope, shift) in self._lines.items()
            if np.allclose(slope * _column(part[name]) + shift, y, rtol=CLOSE, atol=CLOSE * (abs(shift) + 1e-300))
        }

    def _numeric(self, part: Mapping[str, Values]) -> list[str]:
        return [name for name in self.columns if name != self.target and part[name].is_number[part[name].codes].all()]


def _column(values: Values) -> np.ndarray:
    found: np.ndarray = values.numbers[values.codes]
    return found


def _go_together(pairs: dict[str, str], values: Values, target: Values) -> bool:
    """Add the values of two columns that change together; false once one of them has gone with another before."""
    if len(values.texts) != len(target.texts) or len(pairs) + len(values.texts) > MOST_PAIRS:
        return False
    for mine, other in zip(values.texts.to_pylist(), target.texts.to_pylist(), strict=True):
        if pairs.setdefault(mine, other) != other:
            return False
    return len(set(pairs.values())) == len(pairs)


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """Slope and shift of the line through the first and the last of the points by x; None where there is none."""
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or len(np.unique(y[:1000])) < 3:
        return None
    low, high = int(x.argmin()), int(x.argmax())
    if x[low] == x[high] or y[low] == y[high]:
        return None
    slope = (y[high] - y[low]) / (x[high] - x[low])
    return float(slope), float(y[low] - slope * x[low])


def _content(values: Values) -> int:
    """A number that tells different texts, in their order, apart."""
    return zlib.crc32("\x1f".join(text or "" for text in values.texts.to_pylist()).encode("utf-8", "replace"))
