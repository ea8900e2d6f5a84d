"""Normalization and its ways back: numbers brought to mean 0 and variance 1, then scaled and shifted.

All work on matrices, ``(rows, n)``. ``scale`` and ``shift`` are ``(n,)``, or None for none. A backward function gives
the gradients of the input, of ``scale`` and of ``shift``.
"""

from __future__ import annotations

import math

from ..arrays import Array, namespace
from ..kernels import accelerated
from ..tracing import one_line
from .linear import product
from .reductions import column_sums

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "normalize",
    "normalize_backward",
    "running_averages",
]

Gradients = tuple[Array, Array, Array]


@accelerated()
def batch_norm(x: Array, scale: Array | None, shift: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """y = γ (x - μ) / √(σ² + ε) + β, and each column's mean μ and variance σ².   (rows, n) -> (rows, n), (n,), (n,)

    Two passes over the rows, so that a large mean does not swallow the variance's digits.

    >>> import numpy as np
    >>> y, mean, variance = batch_norm(np.array([[1.0], [3.0]]), None, None, 0.0)
    >>> y.tolist(), mean, variance
    ([[-1.0], [1.0]], array([2.]), array([1.]))
    """
    mean = column_sums(x) / x.shape[0]
    centered = x - mean
    variance = column_sums(centered * centered) / x.shape[0]
    return _scaled_and_shifted(centered, _inverse_std(variance, eps), scale, shift), mean, variance


@accelerated()
def batch_norm_backward(
    x: Array, mean: Array, variance: Array, scale: Array | None, output_grad: Array, eps: float
) -> Gradients:
    """∂L/∂x = γ / √(σ² + ε) (g - mean of g - n · mean of g n), n being the normalized x;  ∂L/∂γ = Σ g n,  ∂L/∂β = Σ g

    Means and sums are over the rows: μ and σ² depend on x too   (Ioffe, Szegedy 2015, section 3).
    """
    inverse = _inverse_std(variance, eps)
    input_grad = x - mean
    shift_grad = column_sums(output_grad)
    scale_grad = column_sums(output_grad * input_grad) * inverse
    slope = inverse if scale is None else inverse * scale
    input_grad *= slope * inverse * scale_grad / -x.shape[0]
    input_grad += output_grad * slope
    input_grad -= slope * shift_grad / x.shape[0]
    return input_grad, scale_grad, shift_grad


@accelerated()
def normalize(x: Array, mean: Array, variance: Array, scale: Array | None, shift: Array | None, eps: float) -> Array:
    """y = γ (x - μ) / √(σ² + ε) + β with a mean and a variance that are given.   (rows, n) -> (rows, n)

    >>> import numpy as np
    >>> normalize(np.array([[5.0]]), np.array([1.0]), np.array([4.0]), None, None, 0.0)
    array([[2.]])
    """
    return _scaled_and_shifted(x - mean, _inverse_std(variance, eps), scale, shift)


@accelerated()
def normalize_backward(
    x: Array, mean: Array, variance: Array, scale: Array | None, output_grad: Array, eps: float
) -> Gradients:
    """∂L/∂x = γ / √(σ² + ε) g: here μ and σ² do not depend on x;  ∂L/∂γ = Σ g n,  ∂L/∂β = Σ g"""
    inverse = _inverse_std(variance, eps)
    scale_grad = column_sums(output_grad * (x - mean)) * inverse
    slope = inverse if scale is None else inverse * scale
    return output_grad * slope, scale_grad, column_sums(output_grad)


@accelerated()
def layer_norm(x: Array, scale: Array | None, shift: Array | None, eps: float) -> tuple[Array, Array, Array]:
    """y = γ (x - μ) / √(σ² + ε) + β, and each row's μ and 1 / √(σ² + ε).   (rows, n) -> (rows, n), (rows,), (rows,)

    >>> import numpy as np
    >>> y, mean, inverse_std = layer_norm(np.array([[1.0, 5.0]]), None, None, 0.0)
    >>> y, mean, inverse_std
    (array([[-1.,  1.]]), array([3.]), array([0.5]))
    """
    mean = _row_sums(x) / x.shape[1]
    centered = x - mean[:, None]
    inverse = _inverse_std(namespace(x).vecdot(centered, centered) / x.shape[1], eps)
    return _scaled_and_shifted(centered, inverse[:, None], scale, shift), mean, inverse


@accelerated()
def layer_norm_backward(
    x: Array, mean: Array, inverse_std: Array, scale: Array | None, output_grad: Array
) -> Gradients:
    """∂L/∂x = (h - mean of h - n · mean of h n) / √(σ² + ε) with h = γ g;  ∂L/∂γ = Σ g n,  ∂L/∂β = Σ g

    n is the normalized x. Means are over each row, sums over the rows   (Ba, Kiros, Hinton 2016).
    """
    normalized = x - mean[:, None]
    normalized *= inverse_std[:, None]
    scale_grad = column_sums(output_grad * normalized)
    h = output_grad if scale is None else output_grad * scale
    along, total = namespace(x).vecdot(h, normalized), _row_sums(h)
    normalized *= along[:, None] / -x.shape[1]
    normalized += h
    normalized -= total[:, None] / x.shape[1]
    normalized *= inverse_std[:, None]
    return normalized, scale_grad, column_sums(output_grad)


@one_line
def running_averages(
    mean: Array, variance: Array, batch_mean: Array, batch_variance: Array, n: float, momentum: float
) -> tuple[Array, Array]:
    """μ ← (1 - m) μ + m μ_batch,  σ² ← (1 - m) σ² + m σ²_batch n / (n - 1): the unbiased variance of n rows   (n,)

    The averages stay as they are where a batch is not finite, from which they could never recover, and where n is 1 or
    less, from which no variance can be told.

    >>> import numpy as np
    >>> running_averages(np.zeros(1), np.ones(1), np.array([2.0]), np.array([1.0]), 2, 0.5)
    (array([1.]), array([1.5]))
    """
    n = float(n)
    if not (n > 1.0 and math.isfinite(float(namespace(batch_variance).sum(batch_variance)))):
        return mean, variance
    unbiased = batch_variance * (n / (n - 1.0))
    return (1.0 - momentum) * mean + momentum * batch_mean, (1.0 - momentum) * variance + momentum * unbiased


def _scaled_and_shifted(centered: Array, factor: Array, scale: Array | None, shift: Array | None) -> Array:
    """In place: for an array that has just been made."""
    if scale is not None and factor.ndim == 1:
        factor, scale = factor * scale, None
    centered *= factor
    if scale is not None:
        centered *= scale
    if shift is not None:
        centered += shift
    return centered


def _inverse_std(variance: Array, eps: float) -> Array:
    return 1.0 / namespace(variance).sqrt(variance + eps)


def _row_sums(x: Array) -> Array:
    """A matrix product with ones, which is several times faster than a sum along the rows.   (rows, n) -> (rows,)"""
    xp = namespace(x)
    return product(x, xp.ones(x.shape[1], dtype=x.dtype, device=x.device))
