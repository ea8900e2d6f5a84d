"""What is to be predicted: classes or values, found out from the target column, and coded for the loss."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..exc import DataError
from .texts import PLAIN, as_number, best_decimal, decimal_of, is_truth, key_of
from .values import Text, Values, as_values, length, numbers, present

__all__ = ["Classes", "Quantity", "Target", "TargetReader", "made_target", "restored_target", "task_of"]

_MOST_CLASSES = 20
"""How many different whole numbers are taken for classes, if it is not said what they are."""
_TOKENS = frozenset(("", "?", "NaN", "nan"))
"""Strings that mean that a row has no target; None, NA and null may be names of classes."""


_NARROW = 1e-6
"""How narrow the middle half of a quantity may be, in standard deviations, before float32 makes it one number."""


class TargetReader:
    """Gathers a target that comes in chunks: numbers, or text with every different value once.

    >>> reader = TargetReader("pay")
    >>> reader.add(np.array([1, 2]))
    >>> reader.add(np.array([3]))
    >>> reader.values()
    array([1, 2, 3])
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._chunks: list[np.ndarray] = []
        self._places: dict[Any, int] | None = None
        self._rows = 0

    def add(self, values: Values) -> None:
        """Take one more chunk.

        Raises:
            DataError: a row has no target; text in one chunk and numbers in another.
        """
        nothing = _without_value(values)
        if nothing.any():
            raise DataError(
                code="LN620",
                where="TabularModel.fit",
                saw=f"no value in row {self._rows + int(np.argmax(nothing))} of the target {self.name!r}, "
                f"and {int(nothing.sum()) - 1:,} more",
                why="a row without a target has nothing to teach",
                fix=f"table = table[table[{self.name!r}].notna() & ~table[{self.name!r}].isin(['', '?'])]",
            )
        if self._chunks and isinstance(values, Text) != (self._places is not None):
            raise DataError(
                code="LN621",
                where="TabularModel.fit",
                saw=f"the target {self.name!r}: text in one part of the table, numbers in another",
                why="it is one of classes or one of quantities",
                fix=f"read the column as one type: dtype={{{self.name!r}: str}}",
            )
        self._chunks.append(self._joined(values) if isinstance(values, Text) else values)
        self._rows += len(nothing)

    def values(self) -> Values:
        """All chunks as one column."""
        joined = np.concatenate(self._chunks)
        return joined if self._places is None else Text(joined.astype(np.int64), list(self._places))

    def _joined(self, text: Text) -> np.ndarray:
        self._places = {} if self._places is None else self._places
        places = [self._places.setdefault(value, len(self._places)) for value in text.uniques]
        joined: np.ndarray = np.array(places, dtype=np.int32)[text.codes]
        return joined


class Classes:
    """A target of classes, which the network tells apart by one logit each.

    Attributes:
        names: the classes, sorted: strings, whole numbers or booleans.
        decimal: the sign before decimals, where classes are numbers that come as text.
    """

    task = "classification"

    def __init__(self, names: np.ndarray, *, decimal: str = ".") -> None:
        self.names = names
        self.outputs = len(names)
        self.decimal = decimal

    def labels(self, values: Values, *, where: str, column: str, unknown: bool = False) -> np.ndarray:
        """The number of each row's class.   -> (n,), int64

        Args:
            values: the column.
            where, column: what an error calls the reader and the column.
            unknown: whether classes that training did not have are allowed; their number is -1.

        Raises:
            DataError: a class that training did not have; a row without one.
        """
        found_as = {self._key(name): number for number, name in enumerate(self.names.tolist())}
        if isinstance(values, Text):
            uniques, codes = values.uniques, values.codes
        else:
            found, codes = np.unique(values, return_inverse=True)
            uniques = found.tolist()
        coded = np.array([*(found_as.get(self._key(value), -1) for value in uniques), -1], dtype=np.int64)
        labels: np.ndarray = coded[codes]
        refused = np.asarray(codes) < 0 if unknown else labels < 0
        if refused.any():
            row = int(np.argmax(refused))
            shown = repr(uniques[codes[row]]) if codes[row] >= 0 else "no class"
            raise DataError(
                code="LN622",
                where=where,
                saw=f"{shown} in row {row} of the target {column!r}",
                why=f"the classes are {', '.join(map(repr, self.names.tolist()[:10]))}",
                fix="rows of these classes only; or fit again with rows of every class",
            )
        return labels

    def state(self) -> dict[str, Any]:
        """What `restored_target` needs."""
        return {
            "task": self.task,
            "classes": self.names.tolist(),
            "kind": self.names.dtype.kind,
            "decimal": self.decimal,
        }

    def knows(self, value: Any) -> bool:
        """Whether a value is one of the classes."""
        return self._key(value) in set(map(self._key, self.names.tolist()))

    def _key(self, value: Any) -> Any:
        """What tells a class from others, however its column was read: a number, or a name."""
        if self.names.dtype.kind in "iuf":
            number = as_number(value, _TOKENS, self.decimal)
            return str(value) if number is None else number
        return key_of(value) if is_truth(value) else _name(value)


class Quantity:
    """A target of one value, standardized for the network: t = (y - mean) / std.

    Attributes:
        mean, std: of the training values.
        low, high: the least and the largest of them, between which predictions stay.
        decimal: the sign before decimals in text.
    """

    task = "regression"
    outputs = 1

    def __init__(self, *, mean: float, std: float, low: float, high: float, decimal: str = "") -> None:
        self.mean, self.std, self.low, self.high, self.decimal = mean, std, low, high, decimal

    def numbers(self, values: Values, *, where: str, column: str) -> np.ndarray:
        """The values as float64.

        Raises:
            DataError: a value that is not a number.
        """
        return _numbers(values, where, column, self.decimal)

    def labels(self, values: Values, *, where: str, column: str) -> np.ndarray:
        """Standardized values.   -> (n,), float32"""
        return ((self.numbers(values, where=where, column=column) - self.mean) / self.std).astype(np.float32)

    def inverse(self, outputs: np.ndarray) -> np.ndarray:
        """Predictions in the target's own unit, between the least and the largest that training had."""
        return np.clip(outputs.astype(np.float64) * self.std + self.mean, self.low, self.high)

    def state(self) -> dict[str, Any]:
        """What `restored_target` needs."""
        names = ("mean", "std", "low", "high", "decimal")
        return {"task": self.task} | {name: getattr(self, name) for name in names}


Target = Classes | Quantity


def made_target(values: Values, *, task: str | None, name: str, hint: str = ".") -> Target:
    """What a target column is: one of classes, or one of values.

    Text, booleans, two different values, and at most twenty different whole numbers, with two rows or more for each on
    the average, are classes; everything else is a quantity.

    Args:
        values: the column.
        task: what was said about it, if anything.
        name: of the column.
        hint: the sign before decimals in text, where values leave it open.

    Raises:
        DataError: another task than the two; one class or one value only; too many classes for the rows.

    >>> made_target(np.array([0, 1, 1]), task=None, name="y").task
    'classification'
    >>> made_target(np.array([0.5, 1.5, 2.5]), task=None, name="y").task
    'regression'
    """
    if task not in (None, "classification", "regression"):
        raise DataError(
            code="LN623",
            where="TabularModel",
            saw=f"task={task!r}",
            why="no such task is known",
            fix='task="classification" or task="regression"; or None, to find it from the target',
        )
    values, decimal = _written_numbers(values, hint)
    classes = _class_names(values)
    if len(classes) < 2:
        raise DataError(
            code="LN624",
            where="TabularModel.fit",
            saw=f"the target {name!r} is {classes.tolist()[0]!r} in every row",
            why="there is nothing to learn",
            fix="rows with different values of the target; or another target",
        )
    if (task or found_task(values, classes)) == "classification":
        return _checked_classes(values, classes, name, decimal)
    y = _numbers(values, "TabularModel.fit", name)
    _check_spread(y, name)
    return Quantity(mean=float(y.mean()), std=float(y.std()), low=float(y.min()), high=float(y.max()), decimal=decimal)


def task_of(column: Any, task: str | None, *, hint: str = ".") -> str:
    """The task that a target column has: the one that was said, or what its values suggest.

    >>> task_of([1.5, 2.5, 3.5], None), task_of(["low", "high"], None)
    ('regression', 'classification')
    """
    values, _ = _written_numbers(as_values(column), hint)
    return task or found_task(values, _class_names(values))


def found_task(values: Values, classes: np.ndarray) -> str:
    """The task that the different values of a target suggest."""
    if len(classes) == 2 or classes.dtype.kind == "b":
        return "classification"
    if isinstance(values, Text):
        all_numbers = all(as_number(value, _TOKENS) is not None for value in values.uniques)
        return "regression" if all_numbers and len(classes) > _MOST_CLASSES else "classification"
    whole = classes.dtype.kind in "iu" or bool((classes == np.round(classes)).all())
    few = len(classes) <= min(_MOST_CLASSES, len(values) // 2)
    return "classification" if whole and few else "regression"


def restored_target(state: dict[str, Any]) -> Target:
    """The target whose `state` this is."""
    if state["task"] == "regression":
        learned = {name: float(state[name]) for name in ("mean", "std", "low", "high")}
        return Quantity(**learned, decimal=str(state.get("decimal", "")))
    kinds = {"b": np.bool_, "i": np.int64, "u": np.uint64, "f": np.float64}
    return Classes(
        np.array(state["classes"], dtype=kinds.get(str(state["kind"]))), decimal=str(state.get("decimal", "."))
    )


def _class_names(values: Values) -> np.ndarray:
    """The different values, sorted, in their own type; text that is all numbers as numbers."""
    if not isinstance(values, Text):
        return np.unique(values)
    if all(is_truth(value) for value in values.uniques):
        return np.unique([key_of(value) == "true" for value in values.uniques])
    return np.unique(np.array([_name(value) for value in values.uniques]))


def _checked_classes(values: Values, classes: np.ndarray, name: str, decimal: str) -> Classes:
    rows = length(values)
    if len(classes) > max(2, rows // 2):
        raise DataError(
            code="LN625",
            where="TabularModel.fit",
            saw=f"{len(classes):,} different values of the target {name!r} in {rows:,} rows",
            why="a class is learned from several rows",
            fix="another target; or, if it is a quantity, a column of numbers"
            + (' and task="regression"' if classes.dtype.kind in "iuf" else ""),
        )
    return Classes(classes, decimal=decimal or ".")


def _written_numbers(values: Values, hint: str) -> tuple[Values, str]:
    """Text such as 3,504 or 18,0 as numbers, with the sign before the decimals; other values as they are."""
    if not isinstance(values, Text) or not all(isinstance(value, str) for value in values.uniques):
        return values, ""
    texts = [value.strip() for value in values.uniques]
    sign = decimal_of(texts, hint)
    if not sign or all(re.fullmatch(PLAIN, text) for text in texts):
        return values, ""
    return numbers(values, _TOKENS, where="TabularModel.fit", column="", decimal=sign), sign


def _check_spread(y: np.ndarray, name: str) -> None:
    """Refuse values of which one is so far away that the others cannot be told apart.

    Raises:
        DataError: there is one.
    """
    low, middle, high = np.quantile(y, (0.25, 0.5, 0.75))
    with np.errstate(over="ignore", invalid="ignore"):
        std = y.std()
    if (np.isfinite(std) and high - low >= _NARROW * std) or (high == low and np.isfinite(std)):
        return
    row = int(np.argmax(np.abs(y / 2 - middle / 2)))
    raise DataError(
        code="LN691",
        where="TabularModel.fit",
        saw=f"{y[row]:.6g} in row {row} of the target {name!r}; half of the values lie from {low:.6g} to {high:.6g}",
        why="beside it, all the others are one number to the network",
        fix="mend the value, or leave the row out",
    )


def _numbers(values: Values, where: str, name: str, decimal: str = "") -> np.ndarray:
    texts = present(values, _TOKENS) if isinstance(values, Text) else []
    sign = decimal or best_decimal(map(str, texts))
    if isinstance(values, Text) and any(as_number(value, _TOKENS, sign) is None for value in values.uniques):
        bad = next(value for value in values.uniques if as_number(value, _TOKENS, sign) is None)
        raise DataError(
            code="LN626",
            where=where,
            saw=f"{bad!r} in row {int(np.argmax(values.codes == values.uniques.index(bad)))} of the target {name!r}",
            why="regression predicts numbers",
            fix='numbers in the target; or task="classification"',
        )
    return numbers(values, _TOKENS, where=where, column=name, decimal=sign)


def _without_value(values: Values) -> np.ndarray:
    if isinstance(values, Text):
        tokens = [isinstance(value, str) and value.strip() in _TOKENS for value in values.uniques]
        without: np.ndarray = np.array([*tokens, True], dtype=bool)[values.codes]
        return without
    return np.asarray(np.isnan(values)) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)


def _name(value: Any) -> str:
    return str(value).strip()
