"""Lists, tables and tensors read as arrays of numbers, or refused by name before they can do harm."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array
from ..exc import DataError, DimensionError, MatchError

__all__ = [
    "batch",
    "batch_dtypes",
    "check_columns",
    "check_finite",
    "check_lengths",
    "column",
    "column_names",
    "labelled",
    "pair",
    "read",
    "real",
    "stored",
    "weights",
]

SIZES = {"float32": 4, "float64": 8, "int64": 8}


def read(values: Any, *, where: str, name: str) -> Array:
    """Values of any kind as an array of real numbers with at least one axis: a tensor as itself, all else as NumPy's.

    Args:
        values: an array, list, DataFrame, Series or tensor.
        where, name: what an error calls the reader and the values.

    Raises:
        DataError: strings, objects, complex numbers or dates; rows of different lengths; nothing at all.
        DimensionError: a single number.

    >>> read([[1, 2], [3, 4]], where="Dataset", name="features")
    array([[1, 2],
           [3, 4]])
    """
    if arrays.library(values) == "torch" and arrays.kind(values) in ("float", "int"):
        array = values.detach()
    else:
        array = _as_numpy(values, where, name)
    if array.ndim == 0:
        raise DimensionError(
            code="LN213",
            where=where,
            saw=f"{name}: the single number {array!r}",
            why="the first axis counts the examples",
            fix="a list or an array, one entry for each example",
        )
    if 0 in array.shape:
        raise DataError(
            code="LN212",
            where=where,
            saw=f"{name} of shape {tuple(array.shape)}",
            why="there is nothing in them to learn from",
            fix="look where the rows or columns were lost: a filter that lets nothing through?",
        )
    return array


def pair(features: Any, labels: Any, *, where: str) -> tuple[Array, Array]:
    """Features and labels read as arrays of the features' library, and of one length.

    Raises:
        MatchError: there are more labels than examples, or fewer.

    >>> pair([[1.0], [2.0]], [0, 1], where="Dataset")[1]
    array([0, 1])
    """
    if type(features) is tuple:
        check_lengths(features, read(labels, where=where, name="labels"), where=where)
    x, y = read(features, where=where, name="features"), read(labels, where=where, name="labels")
    check_lengths(x, y, where=where)
    if arrays.library(x) != arrays.library(y):
        y = arrays.namespace(x).asarray(arrays.numpy(y), device=x.device)
    return x, y


def check_lengths(features: Any, labels: Any, *, where: str, name: str = "labels") -> None:
    """Refuse features and labels of different numbers of examples.

    >>> check_lengths([1, 2], [0, 1], where="Dataset")
    """
    if len(features) != len(labels):
        if type(features) is tuple and _rows_of_each(features) == len(labels):
            raise _several_inputs(features, where)
        raise MatchError(
            code="LN211",
            where=where,
            saw=f"{len(features)} examples, {len(labels)} {name}",
            why=f"every example has its {name.removesuffix('s')}, in the same order",
            fix="select the same rows from both, and give features before labels",
        )


def batch_dtypes(features: Array, labels: Array, *, dtype: str, where: str) -> tuple[str, str]:
    """The dtypes that features and labels have in a batch: ``dtype``, and ``int64`` for labels that are integers.

    Raises:
        DataError: a dtype that layers do not compute with, or ``int64`` for floating-point features.

    >>> batch_dtypes(np.zeros((1, 2)), np.zeros(1, dtype=np.uint8), dtype="float32", where="Dataset")
    ('float32', 'int64')
    """
    if dtype not in SIZES or (dtype == "int64" and arrays.kind(features) == "float"):
        raise DataError(
            code="LN216",
            where=where,
            saw=f"dtype={dtype!r}, features of {arrays.dtype_name(features)}",
            why="features are float32 or float64; int64 is for integers, such as token ids",
            fix='dtype="float32"',
        )
    return dtype, "int64" if arrays.kind(labels) == "int" else real(dtype)


def real(dtype: str) -> str:
    """The dtype of the real numbers beside features of a dtype.

    >>> real("int64"), real("float64")
    ('float32', 'float64')
    """
    return "float32" if dtype == "int64" else dtype


def stored(array: Array, dtype: str) -> Array:
    """An array to draw rows from: contiguous, and in the dtype of the batches unless that takes more memory.

    Images of bytes stay bytes, and become floating-point numbers batch by batch.

    >>> stored(np.zeros((2, 2), dtype=np.uint8), "float32").dtype, stored(np.zeros((2, 2)), "float32").dtype
    (dtype('uint8'), dtype('float32'))
    """
    if array.dtype.itemsize >= SIZES[dtype]:
        array = arrays.astype(array, dtype)
    return np.ascontiguousarray(array) if isinstance(array, np.ndarray) else array


def weights(values: Any, features: Array, *, dtype: str, where: str) -> Array:
    """Weights of all examples, ``(n,)`` or ``(n, 1)``, as ``(n,)`` numbers of the features' library.

    Raises:
        MatchError: more or fewer weights than examples.
        DataError: one that is negative or not finite, named with its row; all of them 0.

    >>> weights([1, 2], np.zeros((2, 3)), dtype="float32", where="Dataset")
    array([1., 2.], dtype=float32)
    """
    given = arrays.numpy(read(values, where=where, name="weights"))
    n = len(features)
    if given.shape not in ((n,), (n, 1)):
        raise MatchError(
            code="LN559",
            where=where,
            saw=f"{n} examples, weights {given.shape}",
            why="every example has one weight",
            fix=f"weights of shape ({n},), in the order of the examples",
        )
    given = given.reshape(n).astype(real(dtype), copy=False)
    bad = np.flatnonzero(~np.isfinite(given) | (given < 0))
    if bad.size or not given.any():
        raise DataError(
            code="LN560",
            where=where,
            saw=f"weights: {given[bad[0]]} in row {bad[0]}" if bad.size else f"{n} weights that are all 0",
            why="a weight says how often an example counts",
            fix="finite numbers, 0 or more and not all of them 0; 0 leaves an example out",
        )
    return given if arrays.library(features) == "numpy" else arrays.like(given, arrays.astype(features, real(dtype)))


def labelled(labels: np.ndarray, example_weights: Any) -> np.ndarray:
    """The numbers of the rows to learn from: all but those of weight 0 whose label is missing.

    >>> labelled(np.array([1.0, np.nan]), [1.0, 0.0])
    array([0])
    """
    given = np.ones(1) if example_weights is None else arrays.numpy(example_weights).reshape(-1)
    if given.shape != labels.shape[:1] or given.all():
        return np.arange(len(labels))
    missing = np.array([any(one is None or one != one for one in row.ravel().tolist()) for row in labels[:, None]])
    return np.flatnonzero((given != 0) | ~missing)


def column_names(values: Any) -> list[str | int] | None:
    """What the columns of a DataFrame or a table of PyArrow are called; None for what has no names.

    >>> column_names(np.eye(2)) is None
    True
    """
    columns = getattr(values, "column_names", None)  # PyArrow's columns are the arrays themselves
    if columns is None:
        columns = getattr(values, "columns", None)
    return None if columns is None else [int(name) if isinstance(name, Integral) else str(name) for name in columns]


def check_columns(values: Any, names: list[str | int] | None, *, where: str) -> None:
    """Refuse a DataFrame whose columns are not those that were learned from, in the same order.

    Columns that are only numbered, 0, 1, ..., have no names that could differ, but an order.

    Raises:
        MatchError: other names, or another order.

    >>> check_columns(np.eye(2), ["a", "b"], where="Standardizer.transform")
    """
    given = column_names(values)
    if given is None or names is None or given == names:
        return
    reordered = sorted(given, key=repr) == sorted(names, key=repr)
    if not reordered and any(one == list(range(len(one))) for one in (given, names)):
        return
    new, gone = [name for name in given if name not in names], [name for name in names if name not in given]
    place = next((i for i, (one, other) in enumerate(zip(given, names, strict=False)) if one != other), 0)
    raise MatchError(
        code="LN580",
        where=where,
        saw=f"column {place} is {given[place]!r}; in fit it was {names[place]!r}"
        if reordered
        else f"columns that fit has not seen: {_listed(new)}; missing: {_listed(gone)}",
        why="a column is known by its place, so the values of one would be taken for those of another",
        fix=f"the columns of fit in their order: x[[{_listed(names)}]]",
    )


def column(values: Any) -> np.ndarray:
    """One column of a table: integers stay what they are; where numbers are missing, all become floats, those NaN.

    >>> column(np.array([2**53 + 1]))
    array([9007199254740993])
    """
    kind = getattr(values.dtype, "kind", "O")
    if isinstance(values.dtype, np.dtype) or kind not in "biuf":
        return np.asarray(values)
    if kind in "iu" and not values.isna().any():
        return np.asarray(values.to_numpy(dtype="uint64" if kind == "u" else "int64"))
    return np.asarray(values.to_numpy(dtype="float64", na_value=np.nan))


def _listed(names: list[str | int]) -> str:
    return ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "") if names else "none"


def batch(features: Any, labels: Any, example_weights: Any = None, *, dtype: str, where: str) -> tuple[Array, ...]:
    """One batch from anywhere as arrays of one library, in the dtypes of `batch_dtypes`.

    >>> batch([[1], [2]], [0, 1], dtype="float32", where="as_batches")
    (array([[1.],
           [2.]], dtype=float32), array([0, 1]))
    """
    x, y = pair(features, labels, where=where)
    x_dtype, y_dtype = batch_dtypes(x, y, dtype=dtype, where=where)
    parts = _handed_out(arrays.astype(x, x_dtype)), _handed_out(arrays.astype(y, y_dtype))
    if example_weights is None:
        return parts
    return *parts, _handed_out(arrays.astype(read(example_weights, where=where, name="weights"), real(dtype)))


def check_finite(values: Any, *, where: str = "check_finite", name: str = "features") -> None:
    """Refuse NaN and infinity, naming the first row and column that holds one. For finite data it takes one sum.

    Args:
        values: an array, list, DataFrame or tensor.
        where, name: what the error calls the reader and the values.

    Raises:
        DataError: a number is not finite.

    >>> check_finite(np.ones((2, 3)))
    >>> check_finite([[1.0, 2.0], [3.0, float("nan")]])
    Traceback (most recent call last):
    ...
    lincoln.exc.DataError: LN214 DataError in check_finite
      saw:  features: nan in row 1, column 1 (1 of 4 numbers is not finite)
      why:  one such number makes the loss and, one step later, every parameter NaN
      fix:  leave the row out, or fill it in: np.nan_to_num(x), or the column's median
    """
    array = arrays.numpy(read(values, where=where, name=name))
    with np.errstate(all="ignore"):
        finite = array.dtype.kind != "f" or bool(np.isfinite(array.sum()))
    if finite:
        return
    bad = ~np.isfinite(array)
    count = int(bad.sum())
    if count:
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            code="LN214",
            where=where,
            saw=f"{name}: {array[index]} in {_place(index, column_names(values))} "
            f"({count:,} of {array.size:,} numbers {'is' if count == 1 else 'are'} not finite)",
            why="one such number makes the loss and, one step later, every parameter NaN",
            fix="leave the row out, or fill it in: np.nan_to_num(x), or the column's median",
        )


def _handed_out(array: Array) -> Array:
    return arrays.hand_out(array) if isinstance(array, np.ndarray) else array


def _as_numpy(values: Any, where: str, name: str) -> np.ndarray:
    try:
        array = arrays.numpy(values)
    except ValueError as error:
        if type(values) is tuple and _rows_of_each(values):
            raise _several_inputs(values, where) from error
        raise DataError(
            code="LN215",
            where=where,
            saw=f"{name}: {error}",
            why="every example has the same shape",
            fix="cut or pad the rows to one length",
        ) from error
    if array.dtype.kind not in "biuf" and hasattr(values, "items") and hasattr(values, "columns"):
        columns = [column(one) for _, one in values.items()]
        for number, one in enumerate(columns):
            if one.dtype.kind not in "biufO":  # what has no dtype in common with numbers
                _refuse(one[:, None], values, where, name, first=number)
        array = np.column_stack(columns)
    elif array.dtype.kind == "O" and hasattr(values, "to_numpy"):
        array = column(values)
    if array.dtype.kind not in "biuf":
        _refuse(array, values, where, name)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _rows_of_each(parts: tuple[Any, ...]) -> int:
    """How many examples several arrays have, each of them; 0 if they are not such arrays."""
    lengths = {part.shape[0] if getattr(part, "shape", ()) else 0 for part in parts}
    return lengths.pop() if len(lengths) == 1 else 0


def _several_inputs(parts: tuple[Any, ...], where: str) -> DataError:
    return DataError(
        code="LN583",
        where=where,
        saw=f"features: a tuple of {len(parts)} arrays, {', '.join(str(tuple(part.shape)) for part in parts)}",
        why="datasets and models take one array of features",
        fix="np.concatenate([...], axis=1) for one array; or lnc.models.Trainer with batches ((a, b), y), "
        "which go into the network as they are",
    )


def _refuse(array: np.ndarray, values: Any, where: str, name: str, *, first: int = 0) -> None:
    """The error for the first value that is not a real number; the array's first column is this one of the values."""
    index = next(_not_numbers(array), (0,) * array.ndim)
    labels = column_names(values)
    fix = "x.astype(np.float32), or leave the column out; categories as numbers: np.unique(column, return_inverse=True)"
    if hasattr(values, "toarray"):
        fix = "x.toarray(): sparse matrices are not supported"
    elif array.dtype.kind == "c":
        fix = "np.abs(x), or real and imaginary parts as two columns: np.concatenate([x.real, x.imag], axis=-1)"
    elif array.dtype.kind in "mM":
        fix = "a number of days or seconds: (x - x.min()) / np.timedelta64(1, 'D')"
    raise DataError(
        code="LN210",
        where=where,
        saw=f"{name} of type {array.dtype}: {_short(array[index])} in "
        + _place((index[0], index[1] + first) if first else index, labels),
        why="networks compute with real numbers",
        fix=fix,
    )


def _not_numbers(array: np.ndarray) -> Iterator[tuple[int, ...]]:
    return (
        index
        for index in np.ndindex(array.shape)
        if not isinstance(array[index], int | float | np.integer | np.floating | np.bool)
    )


def _place(index: tuple[int, ...], columns: Any) -> str:
    """Where a value stands, in words: its row, and its column's name or number."""
    if len(index) == 2:
        return f"row {index[0]}, column {index[1] if columns is None else repr(str(columns[index[1]]))}"
    return f"row {index[0]}" if len(index) == 1 else f"index {index}"


def _short(value: Any) -> str:
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 40 else f"{text[:37]}..."
