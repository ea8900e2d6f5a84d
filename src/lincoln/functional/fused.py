"""Neighboring formulas in one pass over the data, with the same bits as one after the other."""

from __future__ import annotations

from ..arrays import Array
from ..kernels import accelerated
from .activations import relu, relu_backward
from .linear import add_bias, bias_grad, product, rows

__all__ = ["add_bias_relu", "linear_relu", "relu_backward_bias_grad"]


@accelerated(changes=(0,))
def add_bias_relu(a: Array, bias: Array) -> Array:
    """a ← a + b, in place, and r = max(a, 0).   (rows, n) (n,) -> (rows, n)

    >>> import numpy as np
    >>> a = np.zeros((1, 2))
    >>> add_bias_relu(a, np.array([1.0, -2.0])), a
    (array([[1., 0.]]), array([[ 1., -2.]]))
    """
    add_bias(a, bias)
    return relu(a)


@accelerated()
def linear_relu(x: Array, weight: Array, bias: Array | None) -> tuple[Array, Array]:
    """a = x W + b and r = max(a, 0).   (..., n_in) (n_in, n_out) (n_out,) -> (..., n_out), (..., n_out)

    >>> import numpy as np
    >>> linear_relu(np.array([[1.0]]), np.array([[1.0, -1.0]]), np.array([0.5, 0.5]))
    (array([[ 1.5, -0.5]]), array([[1.5, 0. ]]))
    """
    a = product(x, weight)
    if bias is None:
        return a, relu(a)
    if a.ndim == 2:
        return a, add_bias_relu(a, bias)
    return a, add_bias_relu(rows(a), bias).reshape(a.shape)


@accelerated(changes=(2,))
def relu_backward_bias_grad(r: Array, output_grad: Array, out: Array) -> Array:
    """∂L/∂a = ∂L/∂r where r > 0, else 0, and out ← Σ ∂L/∂a over the rows.   (rows, n) (rows, n) (n,) -> (rows, n)

    >>> import numpy as np
    >>> out = np.zeros(2)
    >>> relu_backward_bias_grad(np.array([[0.0, 3.0]]), np.array([[5.0, 5.0]]), out), out
    (array([[0., 5.]]), array([0., 5.]))
    """
    grad = relu_backward(r, output_grad)
    bias_grad(grad, out)
    return grad
