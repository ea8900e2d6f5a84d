"""A whole network of linear layers with rectifiers between them, as one function and its way back.

Its layers say the same one by one, and are what to read first; a training step of a small network spends most of its
time on the way from one Python call to the next, and these two have twins that are compiled.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from ..kernels import accelerated, accelerated_in_place
from .activations import relu, relu_backward
from .linear import linear, linear_bias_grad, linear_input_grad

__all__ = ["rectifier_network", "rectifier_network_backward"]


@accelerated
def rectifier_network(x: Array, value: Array, widths: Array) -> tuple[Array, Array]:
    """r ← max(r W + b, 0) from layer to layer, the last one without max; NumPy only.

    Args:
        x: ``(n, widths[0])``.
        value: W and b of every layer, one after another, as they lie in a network's vector.
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
    last, units = len(widths) - 2, [x]
    for layer, (weight, bias) in enumerate(_parts(value, widths)):
        a = linear(units[-1], weight, bias)
        units.append(a if layer == last else relu(a))
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
    parts = list(zip(_parts(value, widths), _parts(grad, widths), outputs[:-1], strict=True))
    for layer in reversed(range(len(parts))):
        (weight, _), (weight_grad, bias_grad), below = parts[layer]
        weight_grad[...] = below.T @ output_grad
        bias_grad[...] = linear_bias_grad(output_grad)
        if layer:
            output_grad = relu_backward(below, linear_input_grad(weight, output_grad))


def _parts(vector: Array, widths: Array) -> list[tuple[Array, Array]]:
    """Weights and bias of every layer, as views into the vector."""
    parts, start = [], 0
    for n_in, n_out in zip(widths.tolist(), widths[1:].tolist(), strict=False):
        stop = start + n_in * n_out
        parts.append((vector[start:stop].reshape(n_in, n_out), vector[stop : stop + n_out]))
        start = stop + n_out
    if start != len(vector):
        raise ValueError(f"{len(vector)} numbers for layers of {start}")
    return parts
