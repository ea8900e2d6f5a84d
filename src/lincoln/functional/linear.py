"""The affine map and its way back."""

from __future__ import annotations

from ..arrays import Array, namespace

__all__ = ["linear", "linear_bias_grad", "linear_input_grad", "linear_weight_grad"]


def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    """a = x W + b along the last axis.   (..., n_in) (n_in, n_out) (n_out,) -> (..., n_out)

    >>> import numpy as np
    >>> linear(np.array([[1.0, 2.0]]), np.array([[1.0], [10.0]]), np.array([0.5]))
    array([[21.5]])
    """
    a = namespace(x).matmul(x, weight)
    return a if bias is None else a + bias


def linear_weight_grad(x: Array, output_grad: Array) -> Array:
    """∂L/∂W = xᵀ ∂L/∂a, summed over every axis but the last.   -> (n_in, n_out)"""
    return rows(x).T @ rows(output_grad)


def linear_bias_grad(output_grad: Array) -> Array:
    """∂L/∂b = Σ ∂L/∂a over every axis but the last.   -> (n_out,)"""
    return namespace(output_grad).sum(rows(output_grad), axis=0)


def linear_input_grad(weight: Array, output_grad: Array) -> Array:
    """∂L/∂x = ∂L/∂a Wᵀ   -> (..., n_in)"""
    return namespace(output_grad).matmul(output_grad, weight.T)


def rows(x: Array) -> Array:
    """An array as a matrix with the same last axis.   (..., n) -> (rows, n)"""
    return x if x.ndim == 2 else namespace(x).reshape(x, (-1, x.shape[-1]))
