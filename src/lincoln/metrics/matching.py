"""Predictions and labels brought to shapes that belong together, or refused: nothing is ever broadcast."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import arrays
from ..exc import DataError, MatchError

__all__ = ["Classes", "aligned", "bad_shapes", "check_not_nan", "check_real", "class_numbers", "classes", "numbers"]

ROUNDING = 1e-6
"""How far a probability may lie outside 0 to 1 by rounding alone."""


class Classes(NamedTuple):
    """Predicted classes and true ones, in arrays of one shape, and the number of classes that there can be (or 0)."""

    predicted: np.ndarray
    true: np.ndarray
    number: int


def aligned(predictions: Any, labels: Any, *, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Both as NumPy arrays: of the same shape, or predictions with one more axis, of two classes or more, at the end.

    A last axis of one column is taken off where that makes them fit.

    Raises:
        MatchError: they do not fit.
        DataError: there are none.

    >>> p, y = aligned([[1.0], [2.0]], [1.0, 2.0], where="MeanSquaredError")
    >>> p.shape, y.shape
    ((2,), (2,))
    """
    p, y = arrays.numpy(predictions), arrays.numpy(labels)
    if p.ndim and 0 in p.shape:
        raise nothing(where)
    one_column = _column(p), _column(y)
    for first, second in (one_column,) if p.shape == y.shape else ((p, y), one_column):
        scores = first.ndim > 1 and first.shape[-1] > 1 and first.shape[:-1] == second.shape
        if second.ndim and (first.shape == second.shape or scores):
            return first, second
    raise bad_shapes(
        f"predictions {p.shape}, labels {y.shape}",
        "predictions and labels of the same number, one column each; or a score for each class, (n, classes)",
        where=where,
    )


def numbers(predictions: Any, labels: Any, *, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 arrays of the same shape.

    Raises:
        MatchError: the shapes differ by more than one column's axis.
        DataError: strings, objects or complex numbers; nothing at all.

    >>> numbers([1, 2], [[1], [2]], where="MeanSquaredError")
    (array([1., 2.]), array([1., 2.]))
    """
    p, y = aligned(predictions, labels, where=where)
    if p.shape != y.shape:
        raise bad_shapes(
            f"predictions {p.shape}, labels {y.shape}", "one label for every predicted number", where=where
        )
    check_real(p, where=where, name="predictions")
    check_real(y, where=where, name="labels")
    return p.astype(np.float64), y.astype(np.float64)


def classes(predictions: Any, labels: Any, *, where: str, logprob: bool) -> Classes:
    """The predicted class and the true one of every prediction, as `Accuracy` reads them; NaN predicts class -1.

    >>> classes([[0.2, 0.8]], [1], where="Accuracy", logprob=False)
    Classes(predicted=array([1]), true=array([1]), number=2)
    """
    p, y = aligned(predictions, labels, where=where)
    if p.ndim > y.ndim:
        check_real(p, where=where, name="predictions")
        predicted = np.where(np.isnan(p).any(axis=-1), -1, p.argmax(axis=-1))
        return Classes(predicted, class_numbers(y, p.shape[-1], where=where), p.shape[-1])
    if p.dtype.kind == "f" and (logprob or not np.array_equal(p, np.rint(p), equal_nan=True)):
        _check_not_one_hot(p, y, where=where, logprob=logprob)
        return Classes(_thresholded(p, where=where, logprob=logprob), class_numbers(y, 2, where=where), 2)
    if (p.dtype.kind in "biuf") != (y.dtype.kind in "biuf"):
        raise DataError(
            code="LN244",
            where=where,
            saw=f"predictions of {p.dtype}, labels of {y.dtype}",
            why="a number is never equal to a name, so every prediction would count as wrong",
            fix="the same names on both sides; numbers for names: np.unique(labels, return_inverse=True)[1]",
        )
    return Classes(p, y, 0)


def class_numbers(values: np.ndarray, count: int, *, where: str) -> np.ndarray:
    """Classes as int64, each from 0 to ``count`` - 1; with a count of 0 there is no upper limit.

    Raises:
        DataError: a value that is not such a class, which is shown.

    >>> class_numbers(np.array([0.0, 2.0]), 3, where="Accuracy")
    array([0, 2])
    """
    if values.dtype.kind not in "biuf":
        bad = values.ravel()[:1]
    else:
        bad = values[(values != np.rint(values)) | (values < 0) | (values >= (count or np.inf))]
    if bad.size:
        raise DataError(
            code="LN245",
            where=where,
            saw=f"the class {bad[0].item() if isinstance(bad[0], np.generic) else bad[0]!r}",
            why=f"classes are whole numbers from 0{f' to {count - 1}' if count else ' upwards'}",
            fix="np.unique(labels, return_inverse=True)[1] numbers them so",
        )
    return values.astype(np.int64)


def check_real(values: np.ndarray, *, where: str, name: str) -> None:
    """Refuse strings, objects and complex numbers where quantities are compared.

    >>> check_real(np.zeros(2), where="TopKError", name="predictions")
    """
    if values.dtype.kind not in "biuf":
        raise DataError(
            code="LN249",
            where=where,
            saw=f"{name} of type {values.dtype}",
            why="only real numbers can be compared and subtracted",
            fix="np.asarray(x, dtype=np.float64)",
        )


def check_not_nan(predictions: Any, *, where: str) -> None:
    """Refuse predictions that are NaN where each must be counted for some class.

    >>> check_not_nan(np.zeros(2), where="Accuracy")
    """
    p = arrays.numpy(predictions)
    bad = np.isnan(p) if p.dtype.kind == "f" else np.zeros(1, dtype=bool)
    if bad.any():
        raise DataError(
            code="LN243",
            where=where,
            saw=f"{int(bad.sum()):,} of {p.size:,} predictions are NaN, the first in row {int(np.argwhere(bad)[0, 0])}",
            why="a prediction that is not a number stands for no class",
            fix="look for NaN in the features (data.check_finite) and for a loss that ran off (a smaller lr)",
        )


def bad_shapes(saw: str, fix: str, *, where: str) -> MatchError:
    """The error for shapes that only broadcasting would make fit.

    >>> bad_shapes("predictions (3,)", "three labels", where="Accuracy").code
    'LN240'
    """
    return MatchError(
        code="LN240",
        where=where,
        saw=saw,
        why="NumPy would compare every prediction with every label, or not at all",
        fix=fix,
    )


def nothing(where: str) -> DataError:
    """The error for a metric that has seen no predictions.

    >>> nothing("Accuracy").code
    'LN246'
    """
    return DataError(
        code="LN246",
        where=where,
        saw="no predictions",
        why="a mean over nothing is not a number",
        fix="update(predictions, labels) with a batch of one example or more, then compute()",
    )


def _column(array: np.ndarray) -> np.ndarray:
    return array[..., 0] if array.ndim > 1 and array.shape[-1] == 1 else array


def _thresholded(p: np.ndarray, *, where: str, logprob: bool) -> np.ndarray:
    """1 for a probability of one half or more, 0 for less, -1 for NaN."""
    low, high, half = (-np.inf, 0.0, math.log(0.5)) if logprob else (0.0, 1.0, 0.5)
    bad = p[(p < low - ROUNDING) | (p > high + ROUNDING)]
    if bad.size:
        raise DataError(
            code="LN247",
            where=where,
            saw=f"a prediction of {bad[0]:.4g}",
            why=f"in one column a {'log-probability is at most 0' if logprob else 'probability lies between 0 and 1'}",
            fix="from logits: 1 / (1 + np.exp(-a)), or classes: (a >= 0).astype(int); "
            "from log-probabilities: Accuracy(logprob=True)",
        )
    return np.where(np.isnan(p), -1, p >= half)


def _check_not_one_hot(p: np.ndarray, y: np.ndarray, *, where: str, logprob: bool) -> None:
    """Refuse rows of probabilities beside one-hot rows: number by number, even a bad prediction is mostly right."""
    if p.ndim < 2 or y.dtype.kind not in "biuf":
        return
    sums = (np.exp(p) if logprob else p).sum(axis=-1)
    if np.allclose(sums, 1.0, atol=1e-3) and np.isin(y, (0, 1)).all() and (y.sum(axis=-1) == 1).all():
        raise MatchError(
            code="LN248",
            where=where,
            saw=f"probabilities {p.shape} that add up to 1, one-hot labels {y.shape}",
            why="compared number by number, most zeros would be right whatever is predicted",
            fix="labels as class numbers: labels.argmax(axis=-1)",
        )
