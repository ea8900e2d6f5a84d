"""Datasets and the batches drawn from them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

from .. import arrays, functional
from ..arrays import Array
from ..exc import DataError, MatchError
from . import reading

__all__ = ["Batches", "DataLoader", "Dataset", "FlatGenerator", "as_batches", "generate_batches"]

Batch: TypeAlias = tuple[Array, Array]


class Dataset:
    """Features and their labels, example by example.

    Rows come out as new arrays: floating-point numbers in ``dtype``, labels that are integers as ``int64``, and the
    labels in the shape they were given. Tensors come out as tensors, everything else as `lincoln.arrays.use` says.

    Args:
        features: ``(n, ...)``: an array, list, DataFrame or tensor of numbers.
        labels: ``(n,)`` or ``(n, ...)``.
        dtype: of the features, ``"float32"`` or ``"float64"``; ``"int64"`` for token ids.

    Attributes:
        features, labels: the arrays that rows are drawn from.

    Raises:
        DataError: strings, objects or complex numbers, named with their row and column; no data; another ``dtype``.
        MatchError: more or fewer labels than examples.

    >>> data = Dataset([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0, 1, 1])
    >>> len(data), data[0]
    (3, (array([1., 2.], dtype=float32), np.int64(0)))
    >>> data[[2, 0]]
    (array([[5., 6.],
           [1., 2.]], dtype=float32), array([1, 0]))
    >>> data
    Dataset(3 examples, features (2,) float32, labels () int64)
    """

    def __init__(self, features: Any, labels: Any, *, dtype: str = "float32") -> None:
        x, y = reading.pair(features, labels, where="Dataset")
        self.dtype, self.label_dtype = reading.batch_dtypes(x, y, dtype=dtype, where="Dataset")
        self.features = reading.stored(x, self.dtype)
        self.labels = arrays.astype(y, self.label_dtype)
        self._own = False

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: Any) -> Batch:
        """One example by its number; several by a slice, an array of numbers or a mask."""
        if not isinstance(index, slice | np.ndarray):
            if _is_number(index):
                place = range(len(self))[index]
                x, y = self[place : place + 1]
                return x[0], y[0]
            index = arrays.numpy(index)
        return _rows(self.features, index, self.dtype), _rows(self.labels, index, self.label_dtype)

    def is_plain(self) -> bool:
        """Whether rows come out as they lie in memory: NumPy arrays already in the dtype of the batches."""
        return arrays.in_use() == "numpy" and all(
            isinstance(array, np.ndarray) and array.dtype == dtype and array.flags.c_contiguous
            for array, dtype in ((self.features, self.dtype), (self.labels, self.label_dtype))
        )

    def take(self, rows: np.ndarray) -> Batch:
        """Rows by their numbers, from a dataset that is plain."""
        return functional.take_rows(self.features, rows), self.labels.take(rows, axis=0)

    def __setitem__(self, index: Any, example: tuple[Any, Any]) -> None:
        """Replace examples by others, here only: the arrays that the dataset was made of stay as they are."""
        if not self._own:
            self.features, self.labels = _copy(self.features), _copy(self.labels)
            self._own = True
        x, y = example
        _assign(self.features, index, x)
        _assign(self.labels, index, y)

    def __repr__(self) -> str:
        x, y = tuple(self.features.shape[1:]), tuple(self.labels.shape[1:])
        return f"Dataset({len(self)} examples, features {x} {self.dtype}, labels {y} {self.label_dtype})"


class Examples:
    """A dataset that gives one example at a time, such as PyTorch's, read as `Dataset` is."""

    def __init__(self, source: Any, *, dtype: str = "float32") -> None:
        self.source = source
        self.dtype = dtype

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, rows: slice | np.ndarray) -> Batch:
        numbers = range(len(self))[rows] if isinstance(rows, slice) else rows.tolist()
        examples = [_as_pair(self.source[number], "DataLoader", "an example") for number in numbers]
        x, y = ([example[part] for example in examples] for part in (0, 1))
        return reading.batch(_stack(x), _stack(y), dtype=self.dtype, where="DataLoader")

    def __repr__(self) -> str:
        return f"{type(self.source).__name__} of {len(self)} examples"


class DataLoader:
    """Batches of a dataset, any number of times over; with ``shuffle`` in a new order each time.

    Each pass over it is one epoch and yields ``(x, y)`` tuples of new, contiguous arrays.

    Args:
        data: a `Dataset`; a tuple ``(features, labels)``; or whatever gives ``(x, y)`` for every number below its
            length, such as a PyTorch dataset.
        batch_size: how many examples a batch has; None for all in one.
        shuffle: whether to draw a new order for each epoch.
        seed: of the order; a generator may be given too. The global generators are never touched.
        drop_last: leave out a last batch that is smaller than the others. Otherwise it comes like the others.
        dtype: of the features, ``"float32"`` if not given; ``"int64"`` for token ids. A `Dataset` has its own.

    Attributes:
        dataset: where the rows come from.
        rng: the generator of the order; ``rng.bit_generator.state`` belongs into a checkpoint.

    Raises:
        DataError: a batch size below 1, or none that ``drop_last`` leaves over; data that are no examples with labels.
        MatchError: a ``dtype`` that is not the dataset's own.

    >>> loader = DataLoader((np.arange(10.0).reshape(5, 2), [0, 1, 0, 1, 0]), batch_size=2)
    >>> [x.shape for x, y in loader]
    [(2, 2), (2, 2), (1, 2)]
    >>> len(loader)
    3
    >>> loader
    DataLoader(Dataset(5 examples, features (2,) float32, labels () int64), batch_size=2)
    """

    def __init__(
        self,
        data: Any,
        *,
        batch_size: int | None = 32,
        shuffle: bool = False,
        seed: int | np.random.Generator | None = None,
        drop_last: bool = False,
        dtype: str | None = None,
    ) -> None:
        self.dataset = _as_dataset(data, dtype)
        self.batch_size = _check_size(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.rng = np.random.default_rng(seed)
        if len(self) == 0:
            raise DataError(
                code="LN218",
                where="DataLoader",
                saw=f"{len(self.dataset)} examples, batch_size={batch_size}, drop_last={drop_last}",
                why="not one batch is left",
                fix="a smaller batch_size, or drop_last=False",
            )

    def __len__(self) -> int:
        n = len(self.dataset)
        size = self.batch_size or max(n, 1)
        return n // size if self.drop_last else -(-n // size)

    def __iter__(self) -> Iterator[Batch]:
        n = len(self.dataset)
        size = self.batch_size or n
        order = self.rng.permutation(n) if self.shuffle else None
        draw = self.dataset.__getitem__
        if order is not None and isinstance(self.dataset, Dataset) and self.dataset.is_plain():
            draw = self.dataset.take
        for start in range(0, len(self) * size, size):
            yield draw(slice(start, min(start + size, n)) if order is None else order[start : start + size])

    def __repr__(self) -> str:
        chosen = "".join(f", {name}=True" for name in ("shuffle", "drop_last") if getattr(self, name))
        return f"DataLoader({self.dataset!r}, batch_size={self.batch_size}{chosen})"


class Batches:
    """Batches that come from elsewhere, such as a PyTorch ``DataLoader``, in the form that `DataLoader` gives them.

    Args:
        source: gives ``(x, y)`` batches every time it is iterated over.
        dtype: of the features, ``"float32"`` or ``"float64"``; ``"int64"`` for token ids.

    Raises:
        DataError: the source can be read only once, as a generator can; a batch is no pair.

    >>> batches = Batches([([[1, 2]], [1]), ([[3, 4]], [0])])
    >>> len(batches), [x.tolist() for x, y in batches]
    (2, [[[1.0, 2.0]], [[3.0, 4.0]]])
    """

    def __init__(self, source: Iterable[Any], *, dtype: str = "float32") -> None:
        if not hasattr(source, "__iter__") or hasattr(source, "__next__"):
            raise DataError(
                code="LN221",
                where=type(self).__name__,
                saw=f"a {type(source).__name__}",
                why="every epoch goes over the batches anew, and this can be read once or not at all",
                fix="an object whose __iter__ starts again, such as a DataLoader; or a list of the batches",
            )
        self.source = source
        self.dtype = dtype

    def __len__(self) -> int:
        return len(self.source)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Batch]:
        where = type(self).__name__
        for item in self.source:
            x, y = _as_pair(item, where, "a batch")
            yield reading.batch(x, y, dtype=self.dtype, where=where)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"


class FlatGenerator(Batches):
    """The batches of another loader with every example as one row, and labels as one column.   -> (n, features), (n, 1)

    Args:
        dataloader: a `DataLoader`, a PyTorch one, or anything that gives ``(x, y)`` batches time and again.
        dtype: of the features.

    Raises:
        DataError: the loader can be read only once; a batch is no pair.
        MatchError: more than one label for an example.

    >>> loader = DataLoader((np.zeros((3, 28, 28)), [7, 2, 1]), batch_size=2)
    >>> [(x.shape, y.shape) for x, y in FlatGenerator(loader)]
    [((2, 784), (2, 1)), ((1, 784), (1, 1))]
    """

    def __init__(self, dataloader: Iterable[Any], *, dtype: str = "float32") -> None:
        super().__init__(dataloader, dtype=dtype)
        self.dataloader = dataloader

    def __iter__(self) -> Iterator[Batch]:
        for x, y in super().__iter__():
            n = len(x)
            if tuple(y.shape) not in ((n,), (n, 1)):
                raise MatchError(
                    code="LN222",
                    where="FlatGenerator",
                    saw=f"{n} examples, labels {tuple(y.shape)}",
                    why="as one column they would be more labels than examples",
                    fix="one label for each example: y.argmax(axis=1) for one-hot rows; or use the loader as it is",
                )
            yield x.reshape(n, -1), y.reshape(n, 1)


def as_batches(source: Any, *, dtype: str = "float32") -> DataLoader | Batches:
    """Batches from anywhere: Lincoln's own loaders as they are, others seen through `Batches`.

    Raises:
        DataError: the source can be read only once.

    >>> as_batches(DataLoader(([[1.0]], [1])))
    DataLoader(Dataset(1 examples, features (1,) float32, labels () int64), batch_size=32)
    """
    return source if isinstance(source, DataLoader | Batches) else Batches(source, dtype=dtype)


def generate_batches(
    features: Any, labels: Any, size: int = 32, shuffle: bool = True, *, seed: int | np.random.Generator | None = None
) -> Iterator[Batch]:
    """The batches of one epoch, with every example as one row and float labels as one column.

    Args:
        features: ``(n, ...)``, given out as ``(size, features)`` in float32.
        labels: ``(n,)`` or ``(n, 1)``, given out as ``(size, 1)`` in float32.
        size: of a batch; the last one may be smaller.
        shuffle: whether to draw a random order.
        seed: of the order.

    Raises:
        DataError, MatchError: as `DataLoader` and `FlatGenerator`, at the call.

    >>> x, y = next(generate_batches(np.eye(3), [1, 0, 1], size=2, shuffle=False))
    >>> x.shape, y.tolist(), y.dtype
    ((2, 3), [[1.0], [0.0]], dtype('float32'))
    """
    loader = DataLoader((features, labels), batch_size=size, shuffle=shuffle, seed=seed)
    return ((x, arrays.astype(y, "float32")) for x, y in FlatGenerator(loader))


def _rows(array: Array, index: Any, dtype: str) -> Array:
    """New, contiguous rows of an array, as what they are to be handed out as."""
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


def _copy(array: Array) -> Array:
    return arrays.namespace(array).asarray(array, copy=True)


def _is_number(index: Any) -> bool:
    try:
        operator.index(index)
    except TypeError:
        return False
    return True


def _stack(items: list[Any]) -> Any:
    if arrays.library(items[0]) == "torch":
        return arrays.namespace(items[0]).stack([item.detach() for item in items])
    return [arrays.numpy(item) for item in items]


def _as_pair(item: Any, where: str, name: str) -> tuple[Any, Any]:
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise DataError(
            code="LN220",
            where=where,
            saw=f"{name} that is a {type(item).__name__}"
            + (f" of {len(item)}" if isinstance(item, tuple | list | dict) else ""),
            why="it is taken apart into features and labels",
            fix="give (features, labels) tuples",
        )
    return item[0], item[1]


def _as_dataset(data: Any, dtype: str | None) -> Dataset | Examples:
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
    if isinstance(data, tuple) and len(data) == 2:
        return Dataset(data[0], data[1], dtype=dtype or "float32")
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


def _check_size(batch_size: int | None) -> int | None:
    if batch_size is None:
        return None
    if not _is_number(batch_size) or operator.index(batch_size) < 1:
        raise DataError(
            code="LN217",
            where="DataLoader",
            saw=f"batch_size={batch_size!r}",
            why="a batch has one example or more",
            fix="batch_size=32, or None for all examples in one batch",
        )
    return operator.index(batch_size)
