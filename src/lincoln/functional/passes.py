"""What every training step does around its matrix products, each function one pass over its data."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, namespace
from ..kernels import accelerated, accelerated_in_place
from .activations import log_softmax, relu, relu_backward, sigmoid
from .losses import negative_log_likelihood, one_hot, sigmoid_cross_entropy

__all__ = [
    "add_bias",
    "add_bias_relu",
    "column_sums",
    "label_range",
    "product",
    "relu_backward_sums",
    "sigmoid_nll",
    "sigmoid_nll_grad",
    "softmax_nll",
    "softmax_nll_grad",
    "take_rows",
    "total",
    "value_range",
]


def product(left: Array, right: Array) -> Array:
    """The matrix product.   (..., n, k) (k, m) -> (..., n, m)

    >>> import numpy as np
    >>> product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    if type(left) is np.ndarray and left.ndim == 2 and type(right) is np.ndarray:
        return left.dot(right)  # the same BLAS as matmul, half a microsecond sooner
    return namespace(left).matmul(left, right)


@accelerated
def take_rows(values: Array, rows: Array) -> Array:
    """Some rows of an array, as a new one.   (n, ...) (b,) -> (b, ...)

    Raises:
        IndexError: a row beyond the last one.

    >>> import numpy as np
    >>> take_rows(np.array([[1.0], [2.0], [3.0]]), np.array([2, 0]))
    array([[3.],
           [1.]])
    """
    return namespace(values).take(values, rows, axis=0)


@accelerated_in_place(0)
def add_bias(a: Array, bias: Array) -> None:
    """a ← a + b, in place: for an array that has just been made.   (..., n) (n,)

    >>> import numpy as np
    >>> a = np.zeros((1, 2))
    >>> add_bias(a, np.array([1.0, 2.0]))
    >>> a
    array([[1., 2.]])
    """
    a += bias


@accelerated_in_place(0)
def add_bias_relu(a: Array, bias: Array) -> None:
    """a ← max(a + b, 0), in place: for an array that has just been made.   (rows, n) (n,)

    >>> import numpy as np
    >>> a = np.zeros((1, 2))
    >>> add_bias_relu(a, np.array([1.0, -2.0]))
    >>> a
    array([[1., 0.]])
    """
    a += bias
    a[...] = relu(a)


@accelerated_in_place(1, 2)
def relu_backward_sums(r: Array, grad: Array, sums: Array) -> None:
    """g ← g where r > 0, else 0, in place, and its column sums.   (rows, n) (rows, n) (n,)

    >>> import numpy as np
    >>> grad, sums = np.array([[5.0, 5.0]]), np.zeros(2)
    >>> relu_backward_sums(np.array([[0.0, 3.0]]), grad, sums)
    >>> grad, sums
    (array([[0., 5.]]), array([0., 5.]))
    """
    grad[...] = relu_backward(r, grad)
    sums[...] = column_sums(grad)


@accelerated
def column_sums(values: Array) -> Array:
    """Σ over the rows.   (rows, n) -> (n,)

    >>> import numpy as np
    >>> column_sums(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    """
    return namespace(values).sum(values, axis=0)


@accelerated
def softmax_nll(a: Array, labels: Array) -> tuple[Array, Array]:
    """-log p_c with p = softmax(a), and p, which the gradient wants again.   (..., k) (...) -> (...), (..., k)

    Raises:
        IndexError: a label that is no class.

    >>> import numpy as np
    >>> losses, p = softmax_nll(np.array([[0.0, 0.0]]), np.array([1]))
    >>> losses.round(4), p
    (array([0.6931]), array([[0.5, 0.5]]))
    """
    if labels.shape != a.shape[:-1]:
        raise ValueError(f"labels of shape {tuple(labels.shape)} for logits of shape {tuple(a.shape)}")
    low, high = label_range(labels)
    if low < 0 or high >= a.shape[-1]:
        raise IndexError(f"labels from {low} to {high} for {a.shape[-1]} classes")
    z = log_softmax(a)
    return negative_log_likelihood(z, labels), namespace(z).exp(z)


@accelerated
def softmax_nll_grad(p: Array, labels: Array, scale: float = 1.0) -> Array:
    """s (p_j - δ_jc): the derivative of s times the sum of `softmax_nll` with respect to the logits

    >>> import numpy as np
    >>> softmax_nll_grad(np.array([[0.5, 0.5]]), np.array([1]), 0.5)
    array([[ 0.25, -0.25]])
    """
    return (p - one_hot(labels, p)) * scale


@accelerated
def sigmoid_nll(a: Array, labels: Array) -> tuple[Array, Array]:
    """-y log p - (1 - y) log(1 - p) with p = σ(a), and p, which the gradient wants again.

    >>> import numpy as np
    >>> losses, p = sigmoid_nll(np.array([[0.0]]), np.array([[1.0]]))
    >>> losses.round(4), p
    (array([[0.6931]]), array([[0.5]]))
    """
    return sigmoid_cross_entropy(a, labels, 1.0), sigmoid(a)


@accelerated
def sigmoid_nll_grad(p: Array, labels: Array, scale: float = 1.0) -> Array:
    """s (p - y): the derivative of s times the sum of `sigmoid_nll` with respect to the logits

    >>> import numpy as np
    >>> sigmoid_nll_grad(np.array([[0.75]]), np.array([[1.0]]), 2.0)
    array([[-0.5]])
    """
    return (p - labels) * scale


@accelerated
def value_range(values: Array) -> tuple[float, float]:
    """The smallest and the largest of real numbers.

    >>> import numpy as np
    >>> value_range(np.array([[2.0, 0.5]]))
    (0.5, 2.0)
    """
    xp = namespace(values)
    return float(xp.min(values)), float(xp.max(values))


@accelerated
def label_range(labels: Array) -> tuple[int, int]:
    """The smallest and the largest of integer labels.

    >>> import numpy as np
    >>> label_range(np.array([2, 0, 1]))
    (0, 2)
    """
    xp = namespace(labels)
    return int(xp.min(labels)), int(xp.max(labels))


@accelerated
def total(values: Array) -> float:
    """The sum of all elements, as a number; the compiled twin adds up in float64.

    >>> import numpy as np
    >>> total(np.array([[1.0, 2.0]]))
    3.0
    """
    return float(namespace(values).sum(values))
