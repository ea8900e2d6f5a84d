"""Datasets: examples with their labels, and with their weights if they have any, by number."""

from __future__ import annotations

import operator
from typing import Any, TypeAlias

import numpy as np

from .. import arrays, functional
from ..arrays import Array
from ..exc import DataError, MatchError
from . import reading

__all__ = ["Batch", "Dataset", "Examples", "as_dataset", "is_number", "parts_of"]

Batch: TypeAlias = tuple[Array, ...]


class Dataset:
    """Features and their labels, example by example; with weights ``(x, y, weights)`` instead of ``(x, y)``.

    Rows come out as new arrays: floating-point numbers in ``dtype``, labels that are integers as ``int64``, and the
    labels in the shape they were given. Tensors come out as tensors, everything else as `lincoln.arrays.use` says.

    Args:
        features: ``(n, ...)``: an array, list, DataFrame or tensor of numbers.
        labels: ``(n,)`` or ``(n, ...)``.
        weights: ``(n,)``, how much each example counts; all the same if they are not given.
        dtype: of the features, ``"float32"`` or ``"float64"``; ``"int64"`` for token ids.

    Attributes:
        features, labels, weights: the arrays that rows are drawn from; ``weights`` may be None.

    Raises:
        DataError: strings, objects or complex numbers, named with their row and column; no data; another ``dtype``;
            weights that are negative or not finite, or all of them 0.
        MatchError: more or fewer labels or weights than examples.

    >>> data = Dataset([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0, 1, 1])
    >>> len(data), data[0]
    (3, (array([1., 2.], dtype=float32), np.int64(0)))
    >>> data[[2, 0]]
    (array([[5., 6.],
           [1., 2.]], dtype=float32), array([1, 0]))
    >>> data
    Dataset(3 examples, features (2,) float32, labels () int64)
    """

    def __init__(self, features: Any, labels: Any, weights: Any = None, *, dtype: str = "float32") -> None:
        x, y = reading.pair(features, labels, where="Dataset")
        self.dtype, self.label_dtype = reading.batch_dtypes(x, y, dtype=dtype, where="Dataset")
        self.features = reading.stored(x, self.dtype)
        self.labels = arrays.astype(y, self.label_dtype)
        self.weights = None if weights is None else reading.weights(weights, x, dtype=self.dtype, where="Dataset")
        self._own = False

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: Any) -> Batch:
        """One example by its number; several by a slice, an array of numbers or a mask."""
        if not isinstance(index, slice | np.ndarray):
            if is_number(index):
                place = range(len(self))[index]
                return tuple(rows[0] for rows in self[place : place + 1])
            index = arrays.numpy(index)
        return tuple([_rows(array, index, dtype) for array, dtype in self._parts()])

    def needs_no_conversion(self) -> bool:
        """Whether rows come out as they lie in memory: NumPy arrays already in the dtype of the batches."""
        return arrays.in_use() == "numpy" and all(
            isinstance(array, np.ndarray) and array.dtype == dtype and array.flags.c_contiguous
            for array, dtype in self._parts()
        )

    def take(self, rows: np.ndarray) -> Batch:
        """Rows by their numbers, from a dataset that `needs_no_conversion`."""
        x, y = functional.take_rows(self.features, rows), self.labels.take(rows, axis=0)
        return (x, y) if self.weights is None else (x, y, self.weights.take(rows))

    def __setitem__(self, index: Any, example: tuple[Any, ...]) -> None:
        """Replace examples by others, here only: the arrays that the dataset was made of stay as they are."""
        if not self._own:
            self.features, self.labels = arrays.copied(self.features), arrays.copied(self.labels)
            self.weights = None if self.weights is None else arrays.copied(self.weights)
            self._own = True
        for (array, _), part in zip(self._parts(), example, strict=True):
            _assign(array, index, part)

    def __repr__(self) -> str:
        x, y = tuple(self.features.shape[1:]), tuple(self.labels.shape[1:])
        weighted = "" if self.weights is None else ", with weights"
        return f"Dataset({len(self)} examples, features {x} {self.dtype}, labels {y} {self.label_dtype}{weighted})"

    def _parts(self) -> list[tuple[Array, str]]:
        """The arrays that rows are drawn from, and the dtype that each is handed out in."""
        parts = [(self.features, self.dtype), (self.labels, self.label_dtype)]
        return parts if self.weights is None else [*parts, (self.weights, reading.real(self.dtype))]


class Examples:
    """A dataset that gives one example at a time, such as PyTorch's, read as `Dataset` is."""

    def __init__(self, source: Any, *, dtype: str = "float32") -> None:
        self.source = source
        self.dtype = dtype

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, rows: slice | np.ndarray) -> Batch:
        numbers = range(len(self))[rows] if isinstance(rows, slice) else rows.tolist()
        examples = [parts_of(self.source[number], "DataLoader", "an example") for number in numbers]
        parts = (_stack(list(part)) for part in zip(*examples, strict=True))
        return reading.batch(*parts, dtype=self.dtype, where="DataLoader")

    def __repr__(self) -> str:
        return f"{type(self.source).__name__} of {len(self)} examples"


def as_dataset(data: Any, dtype: str | None) -> Dataset | Examples:
    """What a loader is given, as something to draw rows from.

    >>> as_dataset(([[1.0]], [1]), None)
    Dataset(1 examples, features (1,) float32, labels () int64)
    """
    if isinstance(data, Dataset):
        if dtype not in (None, data.dtype):
            raise MatchError(
                code="LN227",
                where="DataLoader",
                saw=f"dtype={dtype!r}, a Dataset of {data.dtype}",
                why="the dataset has converted its numbers already",
                fix=f"Dataset(features, labels, dtype={dtype!r})",
            )
        return data
    if isinstance(data, tuple) and len(data) in (2, 3):
        return Dataset(*data, dtype=dtype or "float32")
    by_number = hasattr(data, "__len__") and hasattr(data, "__getitem__") and not isinstance(data, dict)
    if not by_number or arrays.library(data) or hasattr(data, "to_numpy"):
        raise DataError(
            code="LN219",
            where="DataLoader",
            saw=f"a {type(data).__name__}",
            why="batches are drawn from examples with their labels, by number",
            fix="DataLoader((features, labels)); for batches that exist already: data.as_batches(batches)",
        )
    return Examples(data, dtype=dtype or "float32")


def parts_of(item: Any, where: str, name: str) -> tuple[Any, ...]:
    """A batch or an example taken apart into features, labels and perhaps weights.

    >>> parts_of([1.0, 2], "Batches", "a batch")
    (1.0, 2)
    """
    if not isinstance(item, tuple | list) or len(item) not in (2, 3):
        raise DataError(
            code="LN220",
            where=where,
            saw=f"{name} that is a {type(item).__name__}"
            + (f" of {len(item)}" if isinstance(item, tuple | list | dict) else ""),
            why="it is taken apart into features and labels",
            fix="give (features, labels) tuples, or (features, labels, weights)",
        )
    return tuple(item)


def is_number(index: Any) -> bool:
    """Whether something can stand for one place in a list.

    >>> is_number(np.int64(3)), is_number(3.0)
    (True, False)
    """
    try:
        operator.index(index)
    except TypeError:
        return False
    return True


def _rows(array: Array, index: Any, dtype: str) -> Array:
    """New, contiguous rows of an array, in the kind and dtype in which they are handed out."""
    if isinstance(array, np.ndarray):
        if isinstance(index, slice):
            return arrays.hand_out(array[index].astype(dtype, order="C"))
        rows = array.take(index, axis=0) if index.dtype.kind in "iu" else array[index]
        return arrays.hand_out(rows.astype(dtype, copy=False))
    if isinstance(index, slice):
        return arrays.astype(array[index].clone(), dtype)
    index = arrays.namespace(array).asarray(index, device=array.device)
    return arrays.astype(array[index], dtype)


def _assign(array: Array, index: Any, value: Any) -> None:
    if not isinstance(array, np.ndarray):
        value = arrays.like(arrays.numpy(value), array)
    array[index] = value


def _stack(items: list[Any]) -> Any:
    if arrays.library(items[0]) == "torch":
        return arrays.namespace(items[0]).stack([item.detach() for item in items])
    return [arrays.numpy(item) for item in items]
