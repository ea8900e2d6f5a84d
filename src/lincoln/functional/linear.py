"""The affine map and its way back."""

from __future__ import annotations

from ..arrays import Array, namespace
from .passes import add_bias, column_sums, product

__all__ = ["bias_grad", "input_grad", "linear", "weight_grad"]


def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    """a = x W + b along the last axis.   (..., n_in) (n_in, n_out) (n_out,) -> (..., n_out)

    >>> import numpy as np
    >>> linear(np.array([[1.0, 2.0]]), np.array([[1.0], [10.0]]), np.array([0.5]))
    array([[21.5]])
    """
    a = product(x, weight)
    if bias is not None:
        add_bias(a if a.ndim == 2 else rows(a), bias)
    return a


def weight_grad(x: Array, output_grad: Array, out: Array | None = None) -> Array:
    """∂L/∂W = xᵀ ∂L/∂a, summed over all axes but the last   (..., n_in) (..., n_out) -> (n_in, n_out)

    >>> import numpy as np
    >>> weight_grad(np.array([[1.0, 2.0]]), np.array([[3.0]]))
    array([[3.],
           [6.]])
    """
    if out is not None:
        return rows(x).T.dot(rows(output_grad), out=out)
    return product(rows(x).T, rows(output_grad))


def bias_grad(output_grad: Array, out: Array | None = None) -> Array:
    """∂L/∂b = Σ ∂L/∂a over every axis but the last.   -> (n_out,)"""
    sums = column_sums(rows(output_grad))
    if out is None:
        return sums
    out[...] = sums
    return out


def input_grad(weight: Array, output_grad: Array) -> Array:
    """∂L/∂x = ∂L/∂a Wᵀ   -> (..., n_in)"""
    return product(output_grad, weight.T)


def rows(x: Array) -> Array:
    """An array as a matrix with the same last axis.   (..., n) -> (rows, n)"""
    return x if x.ndim == 2 else namespace(x).reshape(x, (-1, x.shape[-1]))
