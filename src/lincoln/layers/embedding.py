"""Learned vectors for categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import arrays, contract
from ..arrays import Array, namespace
from ..exc import DataError, MatchError
from ..initializers import Initializer, Normal, Shape
from ..layer import Layer
from ..parameters import Parameter

__all__ = ["ColumnEmbedding"]


class ColumnEmbedding(Layer):
    """y = x with the number c of a category in column j replaced by the learned vector E_j[c]   (Guo, Berkhahn 2016)

    ∂L/∂E_j[c] is the sum of ∂L/∂y over the rows that hold category c. The numbers of categories have no gradient:
    theirs is given as 0.

    Input ``(batch, ..., d)``, whose last ``len(counts)`` columns hold the numbers of categories, 0 to count - 1, in
    the dtype of the others; output ``(batch, ..., d - len(counts) + sum(sizes))``: the other columns as they are, then
    the vectors, column after column. float32 holds whole numbers up to 16,777,216.

    Args:
        counts: how many categories each of these columns has.
        sizes: how long each column's vectors are. If they are not given: min(50, round(1.6 count^0.56)), fastai's rule
            of thumb (Howard, Gugger 2020) with an upper limit of 50.
        weight_init: initializer of the vectors.

    Attributes:
        E: all vectors one after another, a `Parameter` of shape ``(Σ count · size,)``; `table` gives those of a column.

    Raises:
        DataError: counts or sizes that are none; a category that is no whole number from 0 to count - 1.
        MatchError: not one size for every count; fewer columns in the input than counts.

    >>> import numpy as np
    >>> embedding = ColumnEmbedding([3], sizes=[2], seed=0).build(2)
    >>> embedding.E.value = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5])
    >>> embedding(np.array([[7.0, 2.0], [8.0, 0.0]]))
    array([[7. , 2. , 2.5],
           [8. , 0. , 0.5]], dtype=float32)
    >>> embedding.backward(np.ones((2, 3)))
    array([[1., 0.],
           [1., 0.]], dtype=float32)
    >>> embedding.E.grad
    array([1., 1., 0., 0., 1., 1.], dtype=float32)
    """

    min_dims = 2
    records = (*Layer.records, "places")
    places: Any = None

    def __init__(
        self,
        counts: Sequence[int],
        sizes: Sequence[int] | None = None,
        *,
        weight_init: Initializer | None = None,
        seed: int | None = None,
    ) -> None:
        self.counts = _whole_numbers("counts", counts)
        rule = [min(50, round(1.6 * count**0.56)) for count in self.counts]
        self.sizes = _whole_numbers("sizes", rule if sizes is None else sizes)
        if len(self.sizes) != len(self.counts):
            raise MatchError(
                code="LN553",
                where="ColumnEmbedding",
                saw=f"{len(self.counts)} counts, {len(self.sizes)} sizes",
                why="every column of categories has vectors of one length",
                fix="one size for every count, or sizes=None for the usual ones",
            )
        self.weight_init = weight_init or Normal(0.1)
        self.seed = seed
        self.code_columns = len(self.counts)
        ends = np.cumsum([count * size for count, size in zip(self.counts, self.sizes, strict=True)])
        self._starts = np.concatenate([[0], ends])
        self._column = np.repeat(np.arange(len(self.counts)), self.sizes)
        self._within = np.concatenate(
            [start + np.arange(size) for start, size in zip(self._starts, self.sizes, strict=False)]
        )
        self._limits = np.array(self.counts)
        self._strides = np.array(self.sizes)

    def setup(self, input_shape: Shape) -> None:
        if input_shape[-1] < self.code_columns:
            raise MatchError(
                code="LN554",
                where=repr(self),
                saw=f"examples of shape {tuple(input_shape)}",
                why=f"their last {self.code_columns} columns are to hold the numbers of categories",
                fix=f"examples with {self.code_columns} columns or more, those of the categories last",
            )
        self.features = input_shape[-1]
        self.E = Parameter((int(self._starts[-1]),), self.weight_init)

    def table(self, column: int) -> Array:
        """The vectors of one column of categories, of which 0 is the first, as they are now.   -> (count, size)

        >>> ColumnEmbedding([3, 2], sizes=[4, 1]).build(5).table(0).shape
        (3, 4)
        """
        size = self.sizes[column]
        start = int(self._starts[column])
        return self.E.value[start : start + self.counts[column] * size].reshape(-1, size)

    def forward(self, input: Array) -> Array:
        xp, plain = namespace(input), input.shape[-1] - self.code_columns
        places = self._places(input[..., plain:])
        if not contract.inferring():
            self.places = places
        flat = xp.asarray(places.reshape(-1), device=input.device)
        vectors = xp.reshape(xp.take(self.E.value, flat), places.shape)
        return xp.concat([input[..., :plain], vectors], axis=-1)

    def backward(self, output_grad: Array) -> Array:
        xp, plain = namespace(output_grad), output_grad.shape[-1] - len(self._within)
        grads = arrays.numpy(output_grad[..., plain:])
        sums = np.bincount(self.places.reshape(-1), weights=grads.reshape(-1), minlength=self.E.size)
        self.E.accumulate(arrays.like(sums, output_grad))
        if self.is_first:
            return None
        input_grad = xp.zeros_like(self.last_input)
        input_grad[..., :plain] = output_grad[..., :plain]
        return input_grad

    def _places(self, codes: Array) -> np.ndarray:
        """Where in E every number of the vectors stands.   (..., columns) -> (..., Σ size)"""
        values = arrays.numpy(codes)
        with np.errstate(invalid="ignore"):
            whole = values.astype(np.int64)
        if not ((whole == values) & (whole >= 0) & (whole < self._limits)).all():
            self._refuse(values)
        places: np.ndarray = (whole * self._strides)[..., self._column] + self._within
        return places

    def _refuse(self, values: np.ndarray) -> None:
        bad = (values != np.floor(values)) | (values < 0) | ~(values < self._limits)
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        column = index[-1]
        rows = f"row {index[0]}" if len(index) == 2 else f"example {index[:-1]}"
        count = self.counts[column]
        raise DataError(
            code="LN555",
            where=repr(self),
            saw=f"{values[index]:g} in {rows}, column {self.input_shape[-1] - self.code_columns + column}",
            why=f"the column holds the numbers of {count} categories, whole and from 0 to {count - 1}",
            fix="number the categories as in training, one that was not met there as 0: "
            "np.unique(column, return_inverse=True)[1] + 1; with that the count is one more",
        )


def _whole_numbers(name: str, values: Sequence[int]) -> tuple[int, ...]:
    numbers = np.asarray(values)
    if numbers.ndim != 1 or numbers.size == 0 or numbers.dtype.kind not in "iu" or (numbers < 1).any():
        raise DataError(
            code="LN552",
            where="ColumnEmbedding",
            saw=f"{name}={values!r}",
            why="every column of categories has one category or more, and vectors of one number or more",
            fix=f"{name}=[4, 12], one whole number of at least 1 for every column of categories",
        )
    return tuple(int(number) for number in numbers)
