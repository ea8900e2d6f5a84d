"""The affine map and its way back."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, namespace
from ..kernels import accelerated
from .reductions import column_sums

__all__ = ["add_bias", "bias_grad", "input_grad", "linear", "product", "weight_grad"]


@accelerated()
def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    """a = x W + b along the last axis.   (..., n_in) (n_in, n_out) (n_out,) -> (..., n_out)

    >>> linear(np.array([[1.0, 2.0]]), np.array([[1.0], [10.0]]), np.array([0.5]))
    array([[21.5]])
    """
    a = product(x, weight)
    if bias is not None:
        add_bias(a if a.ndim == 2 else rows(a), bias)
    return a


@accelerated(changes=(0,))
def add_bias(a: Array, bias: Array) -> None:
    """a ← a + b, in place: for an array that has just been made.   (..., n) (n,)

    >>> a = np.zeros((1, 2))
    >>> add_bias(a, np.array([1.0, 2.0]))
    >>> a
    array([[1., 2.]])
    """
    a += bias


@accelerated()
def weight_grad(x: Array, output_grad: Array, out: Array | None = None) -> Array:
    """∂L/∂W = xᵀ ∂L/∂a, summed over all axes but the last   (..., n_in) (..., n_out) -> (n_in, n_out)

    >>> weight_grad(np.array([[1.0, 2.0]]), np.array([[3.0]]))
    array([[3.],
           [6.]])
    """
    if x.ndim > 2:
        x, output_grad = rows(x), rows(output_grad)
    return product(x.T, output_grad) if out is None else x.T.dot(output_grad, out=out)


@accelerated(changes=(1,))
def bias_grad(output_grad: Array, out: Array | None = None) -> Array:
    """∂L/∂b = Σ ∂L/∂a over every axis but the last.   (..., n_out) -> (n_out,)

    >>> bias_grad(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    """
    sums = column_sums(rows(output_grad))
    if out is None:
        return sums
    out[...] = sums
    return out


@accelerated()
def input_grad(weight: Array, output_grad: Array) -> Array:
    """∂L/∂x = ∂L/∂a Wᵀ   (n_in, n_out) (..., n_out) -> (..., n_in)

    >>> input_grad(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    array([[11.]])
    """
    return product(output_grad, weight.T)


def product(left: Array, right: Array) -> Array:
    """The matrix product.   (..., n, k) (k, m) -> (..., n, m)

    >>> product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    if type(left) is np.ndarray and left.ndim == 2 and type(right) is np.ndarray:
        return left.dot(right)  # the same BLAS as matmul, half a microsecond sooner
    return namespace(left).matmul(left, right)


def rows(x: Array) -> Array:
    """An array as a matrix with the same last axis.   (..., n) -> (rows, n)

    >>> rows(np.zeros((2, 3, 4))).shape
    (6, 4)
    """
    return x if x.ndim == 2 else namespace(x).reshape(x, (-1, x.shape[-1]))
