"""What losses are constructed with: numbers within bounds, and how much each class or each label of 1 counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

import numpy as np

from .. import arrays
from ..arrays import Array
from ..exc import DataError, MatchError
from ..tracing import one_line


def bounded(where: str, name: str, value: float, above: float, *, below: float = math.inf) -> float:
    """A number above one bound and below another, or a `DataError`."""
    if not isinstance(value, Real) or not above < value < below:
        raise DataError(
            code="LN142",
            where=where,
            saw=f"{name}={value}",
            why=f"it must lie above {above:g}" + (f" and below {below:g}" if below < math.inf else ""),
            fix=f"{name}={above + 0.5:g}, for example",
        )
    return float(value)


def class_weight(where: str, weights: Sequence[float] | None) -> tuple[float, ...] | None:
    """How much each class counts, or None: finite numbers of at least 0."""
    if weights is None:
        return None
    values = arrays.numpy(weights)
    if values.dtype.kind not in "iuf" or values.ndim != 1 or not (np.isfinite(values).all() and (values >= 0).all()):
        raise DataError(
            code="LN149",
            where=where,
            saw=f"class_weight={weights!r}",
            why="a weight says how much a class counts",
            fix="one finite number of at least 0 for every class, in the order of the classes: class_weight=[1.0, 2.5]",
        )
    return tuple(values.tolist())


def class_weights(where: str, weights: tuple[float, ...], predictions: Array) -> Array:
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


def positive_weight(where: str, weight: float | Sequence[float]) -> float | tuple[float, ...]:
    """How much a label of 1 counts: one number above 0, or one for every output."""
    if arrays.library(weight):
        weight = arrays.numpy(weight).tolist()
    if isinstance(weight, Sequence) and np.ndim(weight) == 1:
        return tuple(bounded(where, "positive_weight", each, above=0.0) for each in weight)
    return bounded(where, "positive_weight", weight, above=0.0)  # type: ignore[arg-type]


def positive_weights(where: str, weights: float | tuple[float, ...], predictions: Array) -> float | Array:
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
