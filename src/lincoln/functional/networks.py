"""A whole network of linear layers with rectifiers between them, as one function and its way back; NumPy only.

Its layers say the same one by one, and are what to read first. A training step of a narrow network spends much of its
time on the way from one Python call to the next: here are fewer of them, and in the compiled twins of
`rectifier_network` and `rectifier_network_backward` none.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ..arrays import Array
from ..kernels import accelerated, accelerated_in_place
from .linear import bias_grad, input_grad, linear
from .passes import add_bias_relu, product, relu_backward_sums

__all__ = [
    "rectifier_layers",
    "rectifier_layers_backward",
    "rectifier_network",
    "rectifier_network_backward",
]

Parts: TypeAlias = list[tuple[Array, Array]]
"""Weights and bias of every layer, or their gradients."""


def rectifier_layers(x: Array, values: Parts) -> list[Array]:
    """r ← max(r W + b, 0) from layer to layer, the last one without max: x and what comes out of every layer.

    >>> values = [(np.ones((2, 1)), np.ones(1)), (np.ones((1, 1)), np.ones(1))]
    >>> rectifier_layers(np.array([[1.0, -2.0]]), values)[1:]
    [array([[0.]]), array([[1.]])]
    """
    units = [x]
    for weight, bias in values[:-1]:
        a = product(units[-1], weight)
        add_bias_relu(a, bias)
        units.append(a)
    weight, bias = values[-1]
    units.append(linear(units[-1], weight, bias))
    return units


def rectifier_layers_backward(units: list[Array], output_grad: Array, values: Parts, grads: Parts) -> None:
    """∂L/∂W and ∂L/∂b of every layer, into ``grads``.

    >>> units, values = [np.array([[2.0]]), np.array([[7.0]])], [(np.ones((1, 1)), np.ones(1))]
    >>> grads = [(np.zeros((1, 1)), np.zeros(1))]
    >>> rectifier_layers_backward(units, np.array([[3.0]]), values, grads)
    >>> grads
    [(array([[6.]]), array([3.]))]
    """
    grads[-1][1][...] = bias_grad(output_grad)
    for layer in range(len(grads) - 1, 0, -1):
        units[layer].T.dot(output_grad, out=grads[layer][0])
        output_grad = input_grad(values[layer][0], output_grad)
        relu_backward_sums(units[layer], output_grad, grads[layer - 1][1])
    units[0].T.dot(output_grad, out=grads[0][0])


@accelerated
def rectifier_network(x: Array, value: Array, widths: Array) -> tuple[Array, Array]:
    """`rectifier_layers` of a network whose parameters lie in one vector.

    Args:
        x: ``(n, widths[0])``.
        value: W and b of every layer, one after another.
        widths: int64, the number of inputs, and the number of outputs of every layer.

    Returns:
        The output, ``(n, widths[-1])``, and what the way back needs: a row for each unit, inputs included.

    Raises:
        ValueError: sizes that do not fit.

    >>> value = np.array([1.0, 1.0, 5.0, 2.0, 0.5])
    >>> rectifier_network(np.array([[1.0, -2.0]]), value, np.array([2, 1, 1]))
    (array([[8.5]]), array([[ 1. ],
           [-2. ],
           [ 4. ],
           [ 8.5]]))
    """
    units = rectifier_layers(x, parts_of(value, widths))
    return units[-1], np.concatenate(units, axis=1).T.copy()


@accelerated_in_place(3)
def rectifier_network_backward(units: Array, output_grad: Array, value: Array, grad: Array, widths: Array) -> None:
    """∂L/∂W and ∂L/∂b of every layer, into ``grad``, where they lie as ``value`` does.

    Raises:
        ValueError: sizes that do not fit.

    >>> grad = np.zeros(5)
    >>> units, value = np.array([[1.0], [-2.0], [4.0], [8.5]]), np.array([1.0, 1.0, 5.0, 2.0, 0.5])
    >>> rectifier_network_backward(units, np.array([[1.0]]), value, grad, np.array([2, 1, 1]))
    >>> grad
    array([ 2., -4.,  2.,  4.,  1.])
    """
    outputs = np.split(units.T, np.cumsum(widths)[:-1], axis=1)
    rectifier_layers_backward(outputs, output_grad, parts_of(value, widths), parts_of(grad, widths))


def parts_of(vector: Array, widths: Array) -> Parts:
    """Weights and bias of every layer, as views into the vector.

    Raises:
        ValueError: layers of another size than the vector.

    >>> parts_of(np.arange(5.0), np.array([2, 1, 1]))
    [(array([[0.],
           [1.]]), array([2.])), (array([[3.]]), array([4.]))]
    """
    parts, start = [], 0
    for n_in, n_out in zip(widths.tolist(), widths[1:].tolist(), strict=False):
        stop = start + n_in * n_out
        parts.append((vector[start:stop].reshape(n_in, n_out), vector[stop : stop + n_out]))
        start = stop + n_out
    if start != len(vector):
        raise ValueError(f"{len(vector)} numbers for layers of {start}")
    return parts
