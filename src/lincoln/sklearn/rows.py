"""The rows of a table that an estimator learns from: features dense or sparse, labels, weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import arrays, functional

__all__ = ["ROWS_AT_ONCE", "Batches", "Rows", "dense"]

ROWS_AT_ONCE = 1024
"""How many examples go through the network at once where nothing is learned."""


_BYTES_TOGETHER = 1 << 18
"""How much of a shuffled table is gathered at once: small batches cost less together, and the cache holds them."""


class Rows:
    """Features, labels and weights that scikit-learn has checked; sparse features become dense batch by batch.

    Args:
        x: ``(n, features)``, a NumPy array or a SciPy CSR matrix, in the network's dtype.
        y: ``(n,)`` or ``(n, outputs)``, as the loss wants them.
        weights: ``(n,)``, or None.

    >>> rows = Rows(np.eye(3), np.arange(3), np.ones(3))
    >>> rows.part(np.array([2, 0])).y
    array([2, 0])
    """

    def __init__(self, x: Any, y: np.ndarray, weights: np.ndarray | None = None) -> None:
        self.x = x
        self.y = y
        self.weights = weights
        self.dtype = str(x.dtype)

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def batch(self, index: Any) -> Any:
        """Some of the rows, by a slice or by their numbers, as what a loss is called with."""
        if isinstance(index, slice) or not isinstance(self.x, np.ndarray):
            x, y = dense(self.x[index]), self.y[index]
        else:
            x, y = functional.take_rows(self.x, index), self.y.take(index, axis=0)
        parts = (x, y) if self.weights is None else (x, y, self.weights[index])
        return parts if arrays.in_use() == "numpy" else tuple(arrays.hand_out(part) for part in parts)

    def part(self, rows: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(self.x[rows], self.y[rows], None if self.weights is None else self.weights[rows])

    def __repr__(self) -> str:
        return f"Rows({len(self)} examples of {self.x.shape[1]} features)"


class Batches:
    """The batches of each epoch: rows as they lie, or in the order that ``order.permutation(n)`` gives.

    A batch whose rows all weigh 0 is left out: there is no mean over it.

    >>> [len(y) for x, y in Batches(Rows(np.eye(3), np.arange(3)), 2)]
    [2, 1]
    """

    def __init__(self, rows: Rows, size: int = ROWS_AT_ONCE, *, order: Any = None) -> None:
        self.rows = rows
        self.size = size
        self.order = order

    def __iter__(self) -> Iterator[Any]:
        if self.rows.weights is None:
            return self._all()
        return (batch for batch in self._all() if batch[2].any())

    def _all(self) -> Iterator[Any]:
        n, size, rows = len(self.rows), self.size, self.rows
        if self.order is None:
            for start in range(0, n, size):
                yield rows.batch(slice(start, start + size))
            return
        order = self.order.permutation(n)
        together = size * max(1, _BYTES_TOGETHER // (size * rows.x.shape[1] * rows.x.dtype.itemsize))
        for first in range(0, n, together):
            parts = rows.batch(order[first : first + together])
            for start in range(0, len(parts[0]), size):
                yield tuple([part[start : start + size] for part in parts])


def dense(x: Any) -> np.ndarray:
    """Rows of a table as a NumPy array.

    >>> dense(np.eye(1))
    array([[1.]])
    """
    return x if isinstance(x, np.ndarray) else np.asarray(x.toarray())
