"""Sums, ranges and choices of rows."""

from __future__ import annotations

from ..arrays import Array, namespace
from ..kernels import accelerated

__all__ = ["column_sums", "label_range", "take_rows", "total", "value_range"]


@accelerated()
def column_sums(values: Array) -> Array:
    """Σ over the rows.   (rows, n) -> (n,)

    >>> import numpy as np
    >>> column_sums(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    """
    return namespace(values).sum(values, axis=0)


@accelerated()
def total(values: Array) -> float:
    """The sum of all elements, as a number; the compiled twin adds up in float64.

    >>> import numpy as np
    >>> total(np.array([[1.0, 2.0]]))
    3.0
    """
    return float(namespace(values).sum(values))


@accelerated()
def value_range(values: Array) -> tuple[float, float]:
    """The smallest and the largest of real numbers.

    >>> import numpy as np
    >>> value_range(np.array([[2.0, 0.5]]))
    (0.5, 2.0)
    """
    xp = namespace(values)
    return float(xp.min(values)), float(xp.max(values))


@accelerated()
def label_range(labels: Array) -> tuple[int, int]:
    """The smallest and the largest of integer labels.

    >>> import numpy as np
    >>> label_range(np.array([2, 0, 1]))
    (0, 2)
    """
    xp = namespace(labels)
    return int(xp.min(labels)), int(xp.max(labels))


@accelerated()
def take_rows(values: Array, rows: Array) -> Array:
    """Some rows of an array, as a new one.   (n, ...) (b,) -> (b, ...)

    Raises:
        IndexError: a row beyond the last one, or below 0.

    >>> import numpy as np
    >>> take_rows(np.array([[1.0], [2.0], [3.0]]), np.array([2, 0]))
    array([[3.],
           [1.]])
    """
    if 0 not in rows.shape and label_range(rows)[0] < 0:
        raise IndexError("a row outside the array")
    return namespace(values).take(values, rows, axis=0)
