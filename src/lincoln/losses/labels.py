"""Whether labels, weights and predictions fit each other: what fits is brought into one form, all else is refused.

NumPy would broadcast most misfits into numbers that look right, and train on them. ``where`` is what errors name. What
looks at the numbers is one call each, so that the program of a network looks at those of every batch too.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from .. import arrays
from ..arrays import Array, namespace
from ..exc import DataError, MatchError
from ..functional import label_range, value_range
from ..tracing import one_line

_INT64 = np.dtype(np.int64)
_TOLERANCE = 1e-5
"""How far a probability may lie outside [0, 1] by rounding."""
_RANGES = {"probabilities": (0.0, 1.0), "log-probabilities": (-math.inf, 0.0)}


def element_labels(where: str, predictions: Array, labels: Any) -> Array:
    """Labels for a loss that compares number with number: in the predictions' shape, dtype and library."""
    fits = type(labels) is type(predictions) is np.ndarray and labels.dtype is predictions.dtype
    if fits and labels.shape == predictions.shape:
        return labels
    labels = _as_array(where, labels, predictions)
    if arrays.kind(labels) not in ("float", "int"):
        _refuse_kind(where, labels, "numbers")
    shape, wanted = tuple(labels.shape), tuple(predictions.shape)
    if shape != wanted:
        if shape not in ((*wanted, 1), wanted[:-1] if wanted[-1:] == (1,) else wanted):
            _refuse_shape(where, labels, predictions)
        labels = namespace(labels).reshape(labels, wanted)
    return _cast(labels, predictions.dtype)


def binary_labels(where: str, predictions: Array, labels: Any) -> Array:
    """Labels of yes-or-no questions: as `element_labels`, and between 0 and 1."""
    labels = element_labels(where, predictions, labels)
    check_shares(labels, where)
    return labels


def class_labels(where: str, predictions: Array, labels: Any) -> Array:
    """Labels of a choice between classes: integers from 0 to k - 1, one for every row of the predictions."""
    is_array = type(labels) is type(predictions) is np.ndarray
    if not (is_array and labels.dtype is _INT64 and labels.shape == predictions.shape[:-1]):
        labels = _as_class_numbers(where, labels, predictions)
    check_classes(labels, predictions.shape[-1], where)
    return labels


@one_line
def check_classes(labels: Array, classes: int, where: str) -> None:
    """Refuse labels outside 0 to k - 1."""
    low, high = label_range(labels)
    if low < 0 or high >= classes:
        raise DataError(
            code="LN137",
            where=where,
            saw=f"labels from {low} to {high}, {classes} output{'s' if classes > 1 else ''}",
            why=f"a label is the number of a class, from 0 to {classes - 1}",
            fix="number the classes from 0: np.unique(y, return_inverse=True)[1]"
            + (f"; or {high + 1} outputs" if low >= 0 else ""),
        )


@one_line
def check_counts(labels: Array, where: str) -> None:
    """Refuse labels below 0."""
    least, _ = value_range(labels)
    if least < 0.0:
        raise DataError(
            code="LN134",
            where=where,
            saw=f"a label of {least:g}",
            why="labels are counts",
            fix="labels of at least 0; MeanSquaredError for values of either sign",
        )


def _as_class_numbers(where: str, labels: Any, predictions: Array) -> Array:
    labels = _as_array(where, labels, predictions)
    wanted, classes = tuple(predictions.shape[:-1]), predictions.shape[-1]
    shape = tuple(labels.shape)
    if shape == tuple(predictions.shape) and classes > 1:
        raise MatchError(
            code="LN136",
            where=where,
            saw=f"labels {shape}, predictions {tuple(predictions.shape)}",
            why="it takes the number of each example's class; these look one-hot",
            fix="labels.argmax(axis=-1)",
        )
    if arrays.kind(labels) != "int":
        _refuse_kind(where, labels, "whole numbers, the classes")
    if shape not in (wanted, (*wanted, 1)):
        _refuse_shape(where, labels, predictions)
    xp = namespace(labels)
    return _cast(labels if shape == wanted else xp.reshape(labels, wanted), xp.int64)


@one_line
def check_shares(labels: Array, where: str) -> None:
    """Refuse labels outside [0, 1]."""
    _check_range(
        labels,
        0.0,
        1.0,
        where=where,
        name="labels",
        takes="labels between 0 and 1",
        fix="labels 0 and 1 (or shares between them); for class numbers SoftmaxCrossEntropy or CrossEntropy",
    )


@one_line
def check_predictions(predictions: Array, takes: Literal["probabilities", "log-probabilities"], where: str) -> None:
    """Refuse what cannot be probabilities, or log-probabilities."""
    _check_range(
        predictions,
        *_RANGES[takes],
        where=where,
        name="predictions",
        takes=takes,
        fix="end the network in the activation that gives them, or take a loss on logits",
    )


def _check_range(values: Array, low: float, high: float, *, where: str, name: str, takes: str, fix: str) -> None:
    """Refuse values outside [low, high]; values that are not finite are left to training to report."""
    least, most = value_range(values)
    if least < low - _TOLERANCE or most > high + _TOLERANCE:
        raise DataError(
            code="LN141", where=where, saw=f"{name} from {least:.4g} to {most:.4g}", why=f"it takes {takes}", fix=fix
        )


def checked_weights(where: str, weights: Any, losses: Array) -> Array:
    """Example weights as ``(n,)`` of the losses' dtype and library: finite and not negative."""
    weights = _as_array(where, weights, losses)
    if tuple(weights.shape) not in ((losses.shape[0],), (losses.shape[0], 1)):
        raise MatchError(
            code="LN138",
            where=where,
            saw=f"weights {tuple(weights.shape)} for {losses.shape[0]} examples",
            why="every example has one weight",
            fix=f"weights of shape ({losses.shape[0]},)",
        )
    weights = _cast(_flat(weights), losses.dtype)
    check_weights(weights, where)
    return weights


@one_line
def check_weights(weights: Array, where: str) -> None:
    """Refuse example weights that are negative or not finite."""
    xp = namespace(weights)
    if not bool(xp.all(weights >= 0)) or not math.isfinite(float(xp.sum(weights))):
        raise DataError(
            code="LN139",
            where=where,
            saw=f"weights from {float(xp.min(weights)):g} to {float(xp.max(weights)):g}",
            why="a weight says how often an example counts",
            fix="finite weights of at least 0",
        )


def _flat(weights: Array) -> Array:
    return weights if weights.ndim == 1 else namespace(weights).reshape(weights, (-1,))


def _cast(labels: Array, dtype: Any) -> Array:
    return labels if labels.dtype == dtype else arrays.cast(labels, dtype)


def _as_array(where: str, labels: Any, prototype: Array) -> Array:
    labels = arrays.detached(labels) if arrays.library(labels) else np.asarray(labels)
    if arrays.library(labels) != arrays.library(prototype):
        if arrays.kind(labels) not in ("float", "int"):
            _refuse_kind(where, labels, "numbers")
        xp = namespace(prototype)
        labels = xp.asarray(arrays.numpy(labels), device=prototype.device)
    return labels


def _refuse_kind(where: str, labels: Array, wanted: str) -> None:
    raise DataError(
        code="LN135",
        where=where,
        saw=f"labels of {arrays.dtype_name(labels)}",
        why=f"it takes {wanted}",
        fix="labels.long()"
        if arrays.library(labels) == "torch"
        else "labels.astype(int) if they hold whole numbers; np.unique(y, return_inverse=True)[1] for names of classes",
    )


def _refuse_shape(where: str, labels: Array, predictions: Array) -> None:
    shape, wanted = tuple(labels.shape), tuple(predictions.shape)
    if shape[:1] != wanted[:1]:
        why, fix = f"{wanted[0]} examples and {shape[0] if shape else 'no'} labels", "as many labels as examples"
    elif len(wanted) > 2 and len(shape) < 3:
        why = f"the network gives {wanted[1:]} numbers for every example"
        fix = "lnc.layers.Flatten() as the first layer makes every example one row of numbers"
    elif len(wanted) == 2 and wanted[1] == 1 and len(shape) == 2:
        why = f"NumPy would broadcast them to {shape} and train on numbers that mean nothing"
        fix = f"one column of labels for one output: labels[:, 0]; or a network with {shape[1]} outputs"
    elif arrays.kind(labels) == "int" and len(wanted) == 2 and shape in (wanted[:1], (wanted[0], 1)):
        why = "it compares every output with a label of its own; these look like numbers of classes"
        fix = f"np.eye({wanted[1]})[labels] makes them one-hot; or a loss over classes, SoftmaxCrossEntropy"
    else:
        why, fix = "every prediction has one label; broadcasting would make more", f"labels of shape {wanted}"
    raise MatchError(code="LN145", where=where, saw=f"predictions {wanted}, labels {shape}", why=why, fix=fix)
