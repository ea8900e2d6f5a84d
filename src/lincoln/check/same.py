"""Whether an array still holds what it held."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import arrays

__all__ = ["same"]


def same(one: Any, other: Any) -> bool:
    """Whether two arrays are equal, NaN included; fast where they are.

    >>> same(np.array([1.0, np.nan]), np.array([1.0, np.nan])), same(np.zeros(2), np.zeros(3))
    (True, False)
    """
    one, other = np.asarray(arrays.numpy(one)), np.asarray(arrays.numpy(other))
    if one.shape != other.shape:
        return False
    return bool((one == other).all()) or np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
