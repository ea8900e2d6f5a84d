"""Example weights on losses and on their gradients: a row of weight 0 counts for nothing, whatever its label."""

from __future__ import annotations

from ..arrays import Array, namespace
from ..kernels import accelerated

__all__ = ["weighted_losses", "weighted_rows"]


@accelerated()
def weighted_losses(losses: Array, predictions: Array, weights: Array) -> Array:
    """w L, and 0 where w = 0, even if L is NaN for its label's sake.   (n, ...) (n, ...) (n,) -> (n, ...)

    Predictions that are not finite are never passed over: the network itself is at fault there.

    >>> import numpy as np
    >>> weighted_losses(np.array([1.0, np.nan]), np.array([0.5, 0.5]), np.array([2.0, 0.0]))
    array([2., 0.])
    """
    xp, unused = namespace(losses), weights == 0.0
    if bool(xp.any(unused)):
        finite = xp.all(xp.isfinite(xp.reshape(predictions, (predictions.shape[0], -1))), axis=1)
        losses = _without(losses, unused & finite)
    return losses * _spread(weights, losses.ndim)


@accelerated()
def weighted_rows(values: Array, weights: Array) -> Array:
    """w v, and 0 where w = 0, whatever v is: for the gradients of losses.   (n, ...) (n,) -> (n, ...)

    >>> import numpy as np
    >>> weighted_rows(np.array([[1.0], [np.nan]]), np.array([2.0, 0.0]))
    array([[2.],
           [0.]])
    """
    unused = weights == 0.0
    if bool(namespace(values).any(unused)):
        values = _without(values, unused)
    return values * _spread(weights, values.ndim)


def _without(values: Array, rows: Array) -> Array:
    """The values with 0 in some rows, whatever stood there."""
    xp = namespace(values)
    return xp.where(_spread(rows, values.ndim), xp.zeros_like(values), values)


def _spread(rows: Array, ndim: int) -> Array:
    """One number for every row, with as many axes of length 1 behind as it takes to multiply by them."""
    return namespace(rows).reshape(rows, (rows.shape[0], *(1,) * (ndim - 1)))
