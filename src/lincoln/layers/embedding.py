"""Learned vectors for categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..exc import DataError, MatchError
from ..functional.embedding import category_places, category_vectors, category_vectors_grad, other_columns_grad
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
        DataError: counts or sizes that are none; a category that is not a whole number from 0 to count - 1.
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
        self._where = repr(self)
        self.E = Parameter((self._start_of(len(self.counts)),), self.weight_init)

    def table(self, column: int) -> Array:
        """The vectors of one column of categories, of which 0 is the first, as they are now.   -> (count, size)

        >>> ColumnEmbedding([3, 2], sizes=[4, 1]).build(5).table(0).shape
        (3, 4)
        """
        start = self._start_of(column)
        return self.E.value[start : self._start_of(column + 1)].reshape(-1, self.sizes[column])

    def forward(self, input: Array) -> Array:
        places = category_places(input, self.counts, self.sizes, self._where)
        self.keep(places=places)
        return category_vectors(input, self.E.value, places, input.shape[-1] - self.code_columns)

    def backward(self, output_grad: Array) -> Array:
        self._accumulate(output_grad)
        return other_columns_grad(output_grad, self.last_input.shape[-1] - self.code_columns, self.code_columns)

    def learn(self, output_grad: Array) -> None:
        self._accumulate(output_grad)

    def _accumulate(self, output_grad: Array) -> None:
        self.E.accumulate(category_vectors_grad(output_grad, self.places, self.E.size))

    def _start_of(self, column: int) -> int:
        """Where in E the vectors of a column begin."""
        return sum(count * size for count, size in zip(self.counts[:column], self.sizes[:column], strict=True))


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
