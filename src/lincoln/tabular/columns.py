"""What is learned about one column of a table, and how its values become numbers: one class for each kind of column.

A column learns from one chunk of values after another, in bounded memory, and then encodes values compactly: one
float32 for a quantity or a category, NaN or 0 where there is no value. `expansion` makes features of these.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from . import values as read
from .sample import Sample, bin_edges
from .tables import shown_names
from .texts import PLAIN, best_decimal, exact_key_of, key_of
from .values import Text, Values

__all__ = ["CategoryColumn", "Column", "NumericColumn", "Options", "TruthColumn", "told_unknown"]

_MOST_KEYS = 100_000
"""How many different categories are counted before the rarest half is forgotten."""
_FARTHEST = 1e30
"""How far from the median a value can lie, in distances of the quartiles: what float32 can hold."""
MISSING, OTHER = "(missing)", "(other)"


class Options(NamedTuple):
    """The options of `TabularPreprocessor` for how columns become numbers."""

    bins: int
    clip: float
    min_count: int
    max_categories: int


class Column:
    """One column: its name, what has been seen of it, and the notes that a person should read.

    Attributes:
        name: of the column.
        rows, missing: how many values have been seen, and how many rows had none.
        left_out: why it gives no features, or nothing.
    """

    kind: ClassVar[str] = ""
    widths: tuple[int, int, int] = (0, 0, 0)
    """How many of its codes are quantities, angles, and numbers of categories."""
    left_out: str = ""

    def __init__(self, name: str, *, tokens: frozenset[str]) -> None:
        self.name = name
        self.tokens = tokens
        self.rows = self.missing = 0

    def learn(self, values: Values, *, first_row: int = 0) -> None:
        """Take one more chunk of training values into account."""
        raise NotImplementedError

    def finish(self, options: Options) -> None:
        """Work out what follows from everything that has been seen."""
        raise NotImplementedError

    @property
    def constant(self) -> bool:
        """Whether nothing can be learned from it."""
        raise NotImplementedError

    def encode(
        self, values: Values, *, first_row: int = 0, unknown: Counter[tuple[str, str]] | None = None
    ) -> np.ndarray:
        """Values as compact numbers.   (n,) -> (n, width), float32

        Args:
            values: of the column.
            first_row: the number of the first one, for errors.
            unknown: counts the categories that training did not show, by the column's name and theirs.
        """
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """What `restore` needs."""
        return {name: getattr(self, name) for name in ("kind", "name", "rows", "missing", "left_out")}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.rows, self.missing, self.left_out = int(state["rows"]), int(state["missing"]), str(state["left_out"])

    def note(self) -> str:
        """What a person should know about it, or nothing."""
        return f"column {self.name!r} is left out: {self.left_out}" if self.left_out else ""


class NumericColumn(Column):
    """z = t / √(1 + (t/c)²) with t = (x - median) / (q₇₅ - q₂₅): robust, smooth, and between -c and c

    The clipping follows RealMLP   (Holzmüller, Grinsztajn, Steinwart 2024). Where the quartiles are one number, half
    the range takes the place of their difference.

    Attributes:
        sample: the values that quantiles are taken from: all of them while they fit.
        edges: of the bins of the piecewise-linear encoding, in units of z; of the training values' quantiles.
        decimal: the sign before decimals in text, found in the first values that tell; nothing before that.
        hint: the sign where values leave it open.
    """

    kind = "numeric"
    widths = (1, 0, 0)
    decimal: str = ""

    def __init__(self, name: str, *, tokens: frozenset[str], size: int, seed: int, hint: str = ".") -> None:
        super().__init__(name, tokens=tokens)
        self.hint = hint
        self.sample = Sample(size, seed=seed)
        self.low, self.high = math.inf, -math.inf
        self.center, self.scale, self.clip = 0.0, 1.0, math.inf
        self.edges = np.zeros(0)

    def numbers(self, values: Values, *, where: str, first_row: int) -> np.ndarray:
        """The column's values as float64."""
        sign = self.decimal or self._decimal(values) or self.hint
        return read.numbers(values, self.tokens, where=where, column=self.name, first_row=first_row, decimal=sign)

    def _decimal(self, values: Values) -> str:
        """The sign before decimals in these values, if there is text among them that tells; nothing otherwise."""
        texts = list(map(str, read.present(values, self.tokens))) if isinstance(values, Text) else []
        tells = any(re.fullmatch(PLAIN, text) is None for text in texts)
        return best_decimal(texts, self.hint) if tells else ""

    def learn(self, values: Values, *, first_row: int = 0) -> None:
        self.decimal = self.decimal or self._decimal(values)
        self.learn_numbers(self.numbers(values, where="TabularPreprocessor.fit", first_row=first_row))

    def learn_numbers(self, numbers: np.ndarray) -> None:
        """Take numbers, NaN among them, into account."""
        present = numbers[~np.isnan(numbers)]
        self.rows += len(numbers)
        self.missing += len(numbers) - len(present)
        if len(present):
            self.low, self.high = min(self.low, float(present.min())), max(self.high, float(present.max()))
        self.sample.add(present)

    def finish(self, options: Options) -> None:
        self.clip = options.clip
        if self.constant:
            self.center = self.low if self.low <= self.high else 0.0
            return
        kept = self.sample.values
        q25, self.center, q75 = (float(q) for q in np.quantile(kept, (0.25, 0.5, 0.75)))
        scale = (q75 - q25) or (self.high / 2 - self.low / 2) or 1.0
        self.scale = min(scale, np.finfo(np.float64).max)
        edges = self.squeezed(bin_edges(kept, options.bins)) if options.bins else np.zeros(0)
        self.edges = np.unique(edges.round(6))  # narrower bins would be lost in float32

    @property
    def constant(self) -> bool:
        return not self.low < self.high and self.missing in (0, self.rows)

    def squeezed(self, numbers: np.ndarray) -> np.ndarray:
        """Numbers in units of z."""
        with np.errstate(over="ignore"):
            t = np.clip(numbers / self.scale - self.center / self.scale, -_FARTHEST, _FARTHEST)
        z: np.ndarray = t / np.hypot(1.0, t / self.clip)
        return z

    def encode(
        self, values: Values, *, first_row: int = 0, unknown: Counter[tuple[str, str]] | None = None
    ) -> np.ndarray:
        numbers = self.numbers(values, where="TabularPreprocessor", first_row=first_row)
        return self.squeezed(numbers).astype(np.float32)[:, None]

    def state(self) -> dict[str, Any]:
        learned = {name: getattr(self, name) for name in ("low", "high", "center", "scale", "clip")}
        return super().state() | learned | {"edges": self.edges, "decimal": self.decimal, "hint": self.hint}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.low, self.high, self.center = float(state["low"]), float(state["high"]), float(state["center"])
        self.scale, self.clip = float(state["scale"]), float(state["clip"])
        self.edges = np.asarray(state["edges"], dtype=np.float64)
        self.decimal, self.hint = str(state.get("decimal", "")), str(state.get("hint", "."))


class TruthColumn(NumericColumn):
    """A column of yes and no: as a quantity of 1 and 0."""

    kind = "boolean"

    def numbers(self, values: Values, *, where: str, first_row: int) -> np.ndarray:
        return read.truths(values, self.tokens, where=where, column=self.name, first_row=first_row)


class CategoryColumn(Column):
    """A column of names. A code is the number of a category from 1 on; 0 stands for what training did not show.

    Rows without a value are a category of their own, and so are the rare ones together, if training had any.

    Attributes:
        categories: their names in order: the most frequent first, then ``(other)`` and ``(missing)``.
        exact: whether names are taken as they are written, which models of the first format do.
    """

    kind = "category"
    widths = (0, 0, 1)

    def __init__(self, name: str, *, tokens: frozenset[str]) -> None:
        super().__init__(name, tokens=tokens)
        self.counts: dict[str, int] = {}
        self.categories: list[str] = []
        self.overflowed = self.exact = False
        self._codes: dict[str, int] | None = None

    def learn(self, values: Values, *, first_row: int = 0) -> None:
        text = self._keys(values)
        self.rows += len(text.codes)
        counts = np.bincount(text.codes + 1, minlength=len(text.uniques) + 1).tolist()
        self.missing += counts[0]
        for name, count in zip(text.uniques, counts[1:], strict=True):
            if count:
                self.counts[name] = self.counts.get(name, 0) + count
        if len(self.counts) > _MOST_KEYS:
            self.overflowed = True
            self.counts = dict(self._by_count()[: _MOST_KEYS // 2])

    def finish(self, options: Options) -> None:
        frequent = [name for name, count in self._by_count() if count >= options.min_count][: options.max_categories]
        grouped = self.overflowed or len(frequent) < len(self.counts)
        self.categories = frequent + [OTHER] * grouped + [MISSING] * bool(self.missing)
        self._codes = None

    def _keys(self, values: Values) -> Text:
        return read.keys(values, self.tokens, exact_key_of if self.exact else key_of)

    def _by_count(self) -> list[tuple[str, int]]:
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))

    @property
    def constant(self) -> bool:
        return len(self.categories) < 2

    def encode(
        self, values: Values, *, first_row: int = 0, unknown: Counter[tuple[str, str]] | None = None
    ) -> np.ndarray:
        if self._codes is None:
            self._codes = {name: number for number, name in enumerate(self.categories, start=1)}
        text = self._keys(values)
        other, nothing = self._codes.get(OTHER, 0), self._codes.get(MISSING, 0)
        found = [*(self._codes.get(name, other) for name in text.uniques), nothing]
        if unknown is not None and not other:
            counts = np.bincount(text.codes + 1, minlength=len(text.uniques) + 1)[1:].tolist()
            pairs = zip(text.uniques, counts, strict=True)
            unknown.update({(self.name, name): n for name, n in pairs if n and name not in self._codes})
        codes: np.ndarray = np.array(found, dtype=np.float32)[text.codes][:, None]
        return codes

    def state(self) -> dict[str, Any]:
        return super().state() | {"categories": list(self.categories), "seen": len(self.counts)}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.categories, self._codes = [str(name) for name in state["categories"]], None

    def note(self) -> str:
        if self.left_out or OTHER not in self.categories:
            return super().note()
        kept = sum(name not in (OTHER, MISSING) for name in self.categories)
        return f"column {self.name!r}: {kept} categories kept, rarer ones taken together as {OTHER}"


def told_unknown(unknown: Mapping[tuple[str, str], int]) -> list[str]:
    """In words, what `TabularPreprocessor.encode` has counted of unknown categories: one line for each column.

    >>> told_unknown({("job", "pilot"): 3, ("job", "nurse"): 1})
    ["column 'job': 4 values are of categories that training did not show: 'pilot', 'nurse'"]
    """
    lines = []
    for column in dict.fromkeys(column for column, _ in unknown):
        counts = {name: count for (other, name), count in unknown.items() if other == column}
        names = sorted(counts, key=lambda name: -counts[name])
        many = f"{sum(counts.values()):,} value" + ("s are" if sum(counts.values()) > 1 else " is")
        lines.append(f"column {column!r}: {many} of categories that training did not show: {shown_names(names, 5)}")
    return lines
