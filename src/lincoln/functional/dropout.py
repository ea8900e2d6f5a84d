"""The mask of dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array
from ..kernels import accelerated

__all__ = ["dropout_mask"]


@accelerated()
def dropout_mask(rng: np.random.Generator, prototype: Array, rate: float) -> Array:
    """m / (1 - rate), m being 0 with probability ``rate`` and else 1, in an array's shape, dtype and library.

    >>> dropout_mask(np.random.default_rng(0), np.zeros((1, 4)), 0.5)
    array([[2., 2., 2., 0.]])
    """
    uniform: Any = rng.random(tuple(prototype.shape), dtype=np.float32)
    if type(prototype) is np.ndarray and prototype.dtype == np.float32:
        return kept(uniform, rate)
    return arrays.like((uniform >= rate) / (1.0 - rate), prototype)


@accelerated("elements")
def kept(uniform: Array, rate: float) -> Array:
    """1 / (1 - rate) where a uniform random number is at least ``rate``, else 0.

    >>> kept(np.array([0.25, 0.75], dtype=np.float32), 0.5)
    array([0., 2.], dtype=float32)
    """
    return np.asarray((uniform >= rate) / (1.0 - rate), dtype=uniform.dtype)
