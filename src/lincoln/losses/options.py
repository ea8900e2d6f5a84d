"""What losses are constructed with: numbers within bounds, and how much each class or each label of 1 counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array
from ..exc import DataError, MatchError
from ..tracing import one_line


def reduction_of(loss: Any, name: str, value: Any) -> Any:
    """What a batch's losses become: their sum or their mean, or a `DataError`."""
    if isinstance(value, str) and value in ("sum", "mean"):
        return value
    raise DataError(
        code="LN130",
        where=type(loss).__name__,
        saw=f"{name}={value!r}",
        why="a batch's loss is one number",
        fix='reduction="sum" or reduction="mean"; loss.losses holds the last batch\'s losses one by one',
    )


@dataclass(frozen=True)
class Bounded:
    """A number above one bound and below another; ``zero``: or 0."""

    above: float
    below: float = math.inf
    zero: bool = False

    def __call__(self, loss: Any, name: str, value: Any) -> float:
        """The number as Python's own, or a `DataError`."""
        above, below = self.above, self.below
        if not isinstance(value, Real) or not (above < float(value) < below or (self.zero and value == 0)):
            raise DataError(
                code="LN142",
                where=type(loss).__name__,
                saw=f"{name}={value}",
                why=f"it must lie above {above:g}" + (f" and below {below:g}" if below < math.inf else ""),
                fix=f"{name}={above + 0.5:g}, for example",
            )
        return float(value)


_POSITIVE = Bounded(above=0.0)


def class_weight_of(loss: Any, name: str, weights: Any) -> tuple[float, ...] | None:
    """How much each class counts, or None: finite numbers of at least 0."""
    if weights is None:
        return None
    values = arrays.numpy(weights)
    if values.dtype.kind not in "iuf" or values.ndim != 1 or not (np.isfinite(values).all() and (values >= 0).all()):
        raise DataError(
            code="LN149",
            where=type(loss).__name__,
            saw=f"{name}={weights!r}",
            why="a weight says how much a class counts",
            fix="one finite number of at least 0 for every class, in the order of the classes: class_weight=[1.0, 2.5]",
        )
    return tuple(values.tolist())


def class_weights(where: str, weights: Sequence[float], predictions: Array) -> Array:
    """Class weights as ``(k,)`` of the predictions' dtype and library."""
    if len(weights) != predictions.shape[-1]:
        raise MatchError(
            code="LN140",
            where=where,
            saw=f"{len(weights)} class weights, {predictions.shape[-1]} outputs",
            why="every class has one weight",
            fix=f"class_weight=[...] with {predictions.shape[-1]} numbers",
        )
    return arrays.like(np.asarray(weights, dtype=np.float64), predictions)


@one_line
def weights_of(labels: Array, weights: Array) -> Array:
    """The class weight of every label.   (...) (k,) -> (...)

    >>> weights_of(np.array([1, 0]), np.array([1.0, 2.5]))
    array([2.5, 1. ])
    """
    return weights[labels]


def positive_weight_of(loss: Any, name: str, weight: Any) -> float | tuple[float, ...]:
    """How much a label of 1 counts: one number above 0, or one for every output."""
    if arrays.library(weight):
        weight = arrays.numpy(weight).tolist()
    if isinstance(weight, Sequence) and np.ndim(weight) == 1:
        return tuple(_POSITIVE(loss, name, each) for each in weight)
    return _POSITIVE(loss, name, weight)


def positive_weights(where: str, weights: float | Sequence[float], predictions: Array) -> float | Array:
    """Positive weights as ``(k,)`` of the predictions' dtype and library, or the one number."""
    if isinstance(weights, float) or np.ndim(weights) == 0:
        return float(weights)  # type: ignore[arg-type]
    if len(weights) != predictions.shape[-1]:
        raise MatchError(
            code="LN556",
            where=where,
            saw=f"{len(weights)} positive weights, {predictions.shape[-1]} outputs",
            why="every output has one, or all have the same",
            fix=f"positive_weight=[...] with {predictions.shape[-1]} numbers, or one number",
        )
    return arrays.like(np.asarray(weights), predictions)
