"""Example weights on losses and on their gradients: a row of weight 0 counts for nothing, whatever its label."""

from __future__ import annotations

from ..arrays import Array, namespace
from ..kernels import accelerated

__all__ = ["weighted_grad", "weighted_losses"]


@accelerated()
def weighted_losses(losses: Array, predictions: Array, weights: Array) -> Array:
    """w L, and 0 where w = 0, even if L is NaN for its label's sake.   (n, ...) (n, ...) (n,) -> (n, ...)

    Predictions that are not finite are never passed over: the network itself is at fault there.

    >>> import numpy as np
    >>> weighted_losses(np.array([1.0, np.nan]), np.array([0.5, 0.5]), np.array([2.0, 0.0]))
    array([2., 0.])
    """
    xp = namespace(losses)
    finite = xp.all(xp.isfinite(xp.reshape(predictions, (predictions.shape[0], -1))), axis=1)
    return _times(losses, weights, (weights == 0.0) & finite)


@accelerated()
def weighted_grad(grad: Array, weights: Array) -> Array:
    """w ∂L/∂p, and 0 where w = 0.   (n, ...) (n,) -> (n, ...)

    >>> import numpy as np
    >>> weighted_grad(np.array([[1.0], [np.nan]]), np.array([2.0, 0.0]))
    array([[2.],
           [0.]])
    """
    return _times(grad, weights, weights == 0.0)


def _times(values: Array, weights: Array, unused: Array) -> Array:
    """Rows multiplied by their weights, and 0 in those that are unused."""
    xp = namespace(values)
    rows = (weights.shape[0], *(1,) * (values.ndim - 1))
    return xp.where(xp.reshape(unused, rows), xp.zeros_like(values), values) * xp.reshape(weights, rows)
