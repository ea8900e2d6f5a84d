"""Learned vectors in the place of the numbers of categories, and the way back to them.

The last columns of ``x`` hold the numbers of categories; all vectors stand one after another in one flat array.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import arrays
from ..arrays import Array, namespace
from ..exc import DataError
from ..tracing import one_line

__all__ = ["category_places", "category_vectors", "category_vectors_grad", "other_columns_grad"]


@one_line
def category_places(x: Array, counts: Sequence[int], sizes: Sequence[int], where: str) -> np.ndarray:
    """Where in the flat array every number of the vectors stands.   (..., n) -> (..., Σ size), integers

    Args:
        x: whose last columns hold the numbers of categories.
        counts: how many categories each of these columns has.
        sizes: how long its vectors are.
        where: for the error, who asks.

    Raises:
        DataError: a number of a category that is not whole, or not one from 0 to count - 1.

    >>> category_places(np.array([[7.0, 2.0]]), [3], [2], "")
    array([[4, 5]])
    """
    values = arrays.numpy(x[..., x.shape[-1] - len(counts) :])
    limits, strides = np.array(counts), np.array(sizes)
    with np.errstate(invalid="ignore"):
        whole = values.astype(np.int64)
    if not ((whole == values) & (whole >= 0) & (whole < limits)).all():
        raise _no_category(values, limits, x.shape[-1] - len(counts), where)
    column = np.repeat(np.arange(len(sizes)), strides)
    starts = np.cumsum(limits * strides) - limits * strides
    within = np.concatenate([start + np.arange(size) for start, size in zip(starts, sizes, strict=True)])
    places: np.ndarray = (whole * strides)[..., column] + within
    return places


@one_line
def category_vectors(x: Array, vectors: Array, places: np.ndarray, others: int) -> Array:
    """The first ``others`` columns as they are, then the vectors.   (..., n), (m,), (..., k) -> (..., others + k)

    >>> category_vectors(np.array([[7.0, 2.0]]), np.arange(6.0), np.array([[4, 5]]), 1)
    array([[7., 4., 5.]])
    """
    xp = namespace(x)
    flat = xp.asarray(places.reshape(-1), device=x.device)
    return xp.concat([x[..., :others], xp.reshape(xp.take(vectors, flat), places.shape)], axis=-1)


@one_line
def category_vectors_grad(output_grad: Array, places: np.ndarray, size: int) -> Array:
    """∂L/∂E: the sum of the output's gradient over the places where a number of the vectors stands.   -> (size,)

    >>> category_vectors_grad(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([[0], [0]]), 2)
    array([5., 0.])
    """
    grads = arrays.numpy(output_grad[..., output_grad.shape[-1] - places.shape[-1] :])
    sums = np.bincount(places.reshape(-1), weights=grads.reshape(-1), minlength=size)
    return arrays.like(sums, output_grad)


@one_line
def other_columns_grad(output_grad: Array, others: int, codes: int) -> Array:
    """∂L/∂x: that of the first columns as it is, then 0 for the numbers of categories.   -> (..., others + codes)

    >>> other_columns_grad(np.array([[1.0, 2.0, 3.0]]), 1, 1)
    array([[1., 0.]])
    """
    xp = namespace(output_grad)
    zeros = xp.zeros((*output_grad.shape[:-1], codes), dtype=output_grad.dtype, device=output_grad.device)
    return xp.concat([output_grad[..., :others], zeros], axis=-1)


def _no_category(values: np.ndarray, limits: np.ndarray, others: int, where: str) -> DataError:
    bad = (values != np.floor(values)) | (values < 0) | ~(values < limits)
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    rows = f"row {index[0]}" if len(index) == 2 else f"example {index[:-1]}"
    count = limits[index[-1]]
    return DataError(
        code="LN555",
        where=where,
        saw=f"{values[index]:g} in {rows}, column {others + index[-1]}",
        why=f"the column holds the numbers of {count} categories, whole and from 0 to {count - 1}",
        fix="number the categories as in training, one that was not met there as 0: "
        "np.unique(column, return_inverse=True)[1] + 1; with that the count is one more",
    )
