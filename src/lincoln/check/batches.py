"""Batches and outputs, of one array or of several: copied, changed, and as one array."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array
from ..layer import Layer
from ..tree import walk

__all__ = [
    "changed_input",
    "copied",
    "each_part",
    "float64_copy",
    "named_parts",
    "packed",
    "scaled_input",
    "unpacked",
]


def named_parts(input: Any, input_grad: Any = None) -> list[tuple[str, Array, Array]]:
    """The arrays of an input, each with its name and, once there is one, its gradient."""
    if not isinstance(input, tuple):
        return [("input", input, input_grad)]
    grads = input_grad or (None,) * len(input)
    return [(f"input {i}", part, grad) for i, (part, grad) in enumerate(zip(input, grads, strict=True))]


def each_part(change: Callable[[Array], Array], input: Any) -> Any:
    """The input, or each of several inputs, changed."""
    return tuple(each_part(change, part) for part in input) if isinstance(input, tuple) else change(input)


def copied(input: Any) -> Any:
    """A copy of the input, or of each of several inputs."""
    return each_part(lambda part: None if part is None else arrays.copied(part), input)


def float64_copy(value: Any) -> Any:
    """A copy of an input with its real numbers in float64."""
    if isinstance(value, tuple):
        return tuple(float64_copy(part) for part in value)
    if not arrays.library(value):
        value = np.asarray(value)
    if arrays.kind(value) == "float":
        value = arrays.astype(value, "float64")
    return arrays.copied(value)


def changed_input(input: Any, network: Layer, *, seed: int, rows: Any = None) -> Any:
    """Another batch like this one: its real numbers shrunk a little at random, in float64, so that all stay valid.

    Integers and the numbers of categories stay as they are.

    Args:
        input: an array, or a tuple of several.
        network: its ``code_columns`` are the columns that stay.
        seed: of the random numbers.
        rows: which rows to take, in which order; all if it is not given.

    >>> from lincoln import layers
    >>> changed_input(np.ones((1, 2)) / 2, layers.ReLU(), seed=0, rows=[0, 0]).shape
    (2, 2)
    """
    rng = np.random.default_rng(seed)
    taken = input if rows is None else each_part(lambda part: part[rows], input)
    return scaled_input(taken, network, lambda shape: np.exp(-0.3 * np.abs(rng.normal(size=shape))))


def scaled_input(input: Any, network: Layer, factors: Callable[[tuple[int, ...]], np.ndarray]) -> Any:
    """A batch times factors, in float64; integers and the numbers of categories stay as they are.

    Args:
        input: an array, or a tuple of several.
        network: its ``code_columns`` are the columns that stay.
        factors: makes an array of factors of a shape.
    """
    codes = max((layer.code_columns for layer in walk(network)), default=0)

    def scaled(part: Array) -> Array:
        part = float64_copy(part)
        if arrays.kind(part) != "float":
            return part
        drawn = factors(tuple(part.shape))
        if codes:
            drawn[..., max(0, drawn.shape[-1] - codes) :] = 1.0
        return part * arrays.like(drawn, part)

    return each_part(scaled, input)


def packed(output: Any) -> np.ndarray:
    """An output as one array: several outputs beside each other, a row for each example.

    >>> packed((np.zeros((5, 2)), np.zeros((5, 3, 4)))).shape
    (5, 14)
    """
    if not isinstance(output, tuple):
        return np.array(arrays.numpy(output))
    return np.concatenate([np.array(arrays.numpy(part)).reshape(len(part), -1) for part in output], axis=1)


def unpacked(grad: np.ndarray, output: Any) -> Any:
    """A gradient of the packed output as one of the output itself."""
    if not isinstance(output, tuple):
        return arrays.like(grad, output)
    widths = [math.prod(part.shape[1:]) for part in output]
    parts = zip(np.split(grad, np.cumsum(widths)[:-1], axis=1), output, strict=True)
    return tuple(arrays.like(part.reshape(tuple(one.shape)), one) for part, one in parts)
