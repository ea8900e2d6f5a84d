"""The affine map and its way back."""

from __future__ import annotations

from ..arrays import Array, namespace
from .passes import add_bias, column_sums, product

__all__ = ["linear", "linear_bias_grad", "linear_input_grad"]


def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    """a = x W + b along the last axis.   (..., n_in) (n_in, n_out) (n_out,) -> (..., n_out)

    Its derivative with respect to W is ∂L/∂W = xᵀ ∂L/∂a, a matrix product like this one.

    >>> import numpy as np
    >>> linear(np.array([[1.0, 2.0]]), np.array([[1.0], [10.0]]), np.array([0.5]))
    array([[21.5]])
    """
    a = product(x, weight)
    if bias is not None:
        add_bias(a if a.ndim == 2 else rows(a), bias)
    return a


def linear_bias_grad(output_grad: Array) -> Array:
    """∂L/∂b = Σ ∂L/∂a over every axis but the last.   -> (n_out,)"""
    return column_sums(rows(output_grad))


def linear_input_grad(weight: Array, output_grad: Array) -> Array:
    """∂L/∂x = ∂L/∂a Wᵀ   -> (..., n_in)"""
    return product(output_grad, weight.T)


def rows(x: Array) -> Array:
    """An array as a matrix with the same last axis.   (..., n) -> (rows, n)"""
    return x if x.ndim == 2 else namespace(x).reshape(x, (-1, x.shape[-1]))
