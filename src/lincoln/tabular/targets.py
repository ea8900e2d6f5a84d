"""What is to be predicted: classes or values, found out from the target column, and coded for the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exc import DataError
from .values import Text, Values, as_number, numbers

__all__ = ["Classes", "Quantity", "Target", "TargetReader", "made_target", "restored_target"]

_MOST_CLASSES = 20
"""How many different whole numbers are taken for classes, if it is not said what they are."""
_TOKENS = frozenset(("", "?", "NaN", "nan"))
"""Strings that mean that a row has no target; None, NA and null may be names of classes."""


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
    """

    task = "classification"

    def __init__(self, names: np.ndarray) -> None:
        self.names = names
        self.outputs = len(names)

    def labels(self, values: Values, *, where: str, column: str) -> np.ndarray:
        """The number of each row's class.   -> (n,), int64

        Raises:
            DataError: a class that training did not have; a row without one.
        """
        textual = self.names.dtype.kind == "U"
        found_as = {name: number for number, name in enumerate(self.names.tolist())}
        if isinstance(values, Text):
            uniques, codes = values.uniques, values.codes
        else:
            found, codes = np.unique(values, return_inverse=True)
            uniques = found.tolist()
        coded = np.array([*(found_as.get(_as_class(value, textual), -1) for value in uniques), -1], dtype=np.int64)
        labels: np.ndarray = coded[codes]
        if (labels < 0).any():
            row = int(np.argmax(labels < 0))
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
        return {"task": self.task, "classes": self.names.tolist(), "kind": self.names.dtype.kind}


class Quantity:
    """A target of one value, standardized for the network: t = (y - mean) / std.

    Attributes:
        mean, std: of the training values.
        low, high: the least and the largest of them, between which predictions stay.
    """

    task = "regression"
    outputs = 1

    def __init__(self, *, mean: float, std: float, low: float, high: float) -> None:
        self.mean, self.std, self.low, self.high = mean, std, low, high

    def numbers(self, values: Values, *, where: str, column: str) -> np.ndarray:
        """The values as float64.

        Raises:
            DataError: a value that is not a number.
        """
        return _numbers(values, where, column)

    def labels(self, values: Values, *, where: str, column: str) -> np.ndarray:
        """Standardized values.   -> (n,), float32"""
        return ((self.numbers(values, where=where, column=column) - self.mean) / self.std).astype(np.float32)

    def inverse(self, outputs: np.ndarray) -> np.ndarray:
        """Predictions in the target's own unit, between the least and the largest that training had."""
        return np.clip(outputs.astype(np.float64) * self.std + self.mean, self.low, self.high)

    def state(self) -> dict[str, Any]:
        """What `restored_target` needs."""
        return {"task": self.task} | {name: getattr(self, name) for name in ("mean", "std", "low", "high")}


Target = Classes | Quantity


def made_target(values: Values, *, task: str | None, name: str) -> Target:
    """What a target column is: one of classes, or one of values.

    Text, booleans, two different values, and at most twenty different whole numbers, with two rows or more for each on
    the average, are classes; everything else is a quantity.

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
        return _checked_classes(values, classes, name)
    y = _numbers(values, "TabularModel.fit", name)
    return Quantity(mean=float(y.mean()), std=float(y.std()), low=float(y.min()), high=float(y.max()))


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
        return Quantity(**{name: float(state[name]) for name in ("mean", "std", "low", "high")})
    kinds = {"b": np.bool_, "i": np.int64, "u": np.uint64, "f": np.float64}
    return Classes(np.array(state["classes"], dtype=kinds.get(str(state["kind"]))))


def _class_names(values: Values) -> np.ndarray:
    """The different values, sorted, in their own type; text that is all numbers as numbers."""
    if not isinstance(values, Text):
        return np.unique(values)
    if all(isinstance(value, bool | np.bool) for value in values.uniques):
        return np.unique(np.array(values.uniques, dtype=bool))
    return np.unique(np.array([_name(value) for value in values.uniques]))


def _checked_classes(values: Values, classes: np.ndarray, name: str) -> Classes:
    rows = len(values.codes if isinstance(values, Text) else values)
    if len(classes) > max(2, rows // 2):
        raise DataError(
            code="LN625",
            where="TabularModel.fit",
            saw=f"{len(classes):,} different values of the target {name!r} in {rows:,} rows",
            why="a class is learned from several rows",
            fix="another target; or, if it is a quantity, a column of numbers"
            + (' and task="regression"' if classes.dtype.kind in "iuf" else ""),
        )
    return Classes(classes)


def _numbers(values: Values, where: str, name: str) -> np.ndarray:
    if isinstance(values, Text) and any(as_number(value, _TOKENS) is None for value in values.uniques):
        bad = next(value for value in values.uniques if as_number(value, _TOKENS) is None)
        raise DataError(
            code="LN626",
            where=where,
            saw=f"{bad!r} in row {int(np.argmax(values.codes == values.uniques.index(bad)))} of the target {name!r}",
            why="regression predicts numbers",
            fix='numbers in the target; or task="classification"',
        )
    return numbers(values, _TOKENS, where=where, column=name)


def _without_value(values: Values) -> np.ndarray:
    if isinstance(values, Text):
        tokens = [isinstance(value, str) and value.strip() in _TOKENS for value in values.uniques]
        without: np.ndarray = np.array([*tokens, True], dtype=bool)[values.codes]
        return without
    return np.asarray(np.isnan(values)) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)


def _name(value: Any) -> str:
    return str(value).strip()


def _as_class(value: Any, textual: bool) -> Any:
    """A value in the form that classes have: their names without blanks around them, or numbers."""
    if textual:
        return _name(value)
    return as_number(value, _TOKENS) if isinstance(value, str) else value
