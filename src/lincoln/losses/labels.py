"""Whether labels, weights and predictions fit a loss: what fits is brought into one form, all else is refused.

NumPy would broadcast most misfits into numbers that look right, and train on them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import arrays, functional
from ..arrays import Array, namespace
from ..exc import DataError, MatchError
from ..layer import Layer
from ..layers import Sequential

if TYPE_CHECKING:
    from .loss import Loss

_INT64 = np.dtype(np.int64)
_TOLERANCE = 1e-5
"""How far a probability may lie outside [0, 1] by rounding."""


def element_labels(loss: Loss, predictions: Array, labels: Any) -> Array:
    """Labels for a loss that compares number with number: in the predictions' shape, dtype and library."""
    fits = type(labels) is type(predictions) is np.ndarray and labels.dtype is predictions.dtype
    if fits and labels.shape == predictions.shape:
        return labels
    labels = _as_array(loss, labels, predictions)
    if arrays.kind(labels) not in ("float", "int"):
        _refuse_kind(loss, labels, "numbers")
    shape, wanted = tuple(labels.shape), tuple(predictions.shape)
    if shape != wanted:
        if shape not in ((*wanted, 1), wanted[:-1] if wanted[-1:] == (1,) else wanted):
            _refuse_shape(loss, labels, predictions)
        labels = namespace(labels).reshape(labels, wanted)
    return arrays.cast(labels, predictions.dtype)


def binary_labels(loss: Loss, predictions: Array, labels: Any) -> Array:
    """Labels of yes-or-no questions: as `element_labels`, and between 0 and 1."""
    labels = element_labels(loss, predictions, labels)
    check_range(loss, "labels", labels, 0.0, 1.0)
    return labels


def class_labels(loss: Loss, predictions: Array, labels: Any) -> Array:
    """Labels of a choice between classes: integers from 0 to k - 1, one for every row of the predictions."""
    labels = class_numbers(loss, predictions, labels)
    check_classes(loss, predictions, labels)
    return labels


def class_numbers(loss: Loss, predictions: Array, labels: Any) -> Array:
    """Labels of a choice between classes as integers, one for every row; which ones is not looked at."""
    is_array = type(labels) is type(predictions) is np.ndarray
    if is_array and labels.dtype is _INT64 and labels.shape == predictions.shape[:-1]:
        return labels
    return _as_class_numbers(loss, labels, predictions)


def check_classes(loss: Loss, predictions: Array, labels: Array) -> None:
    """Refuse labels outside 0 to k - 1."""
    low, high = functional.label_range(labels)
    classes = predictions.shape[-1]
    if low < 0 or high >= classes:
        raise DataError(
            code="LN137",
            where=type(loss).__name__,
            saw=f"labels from {low} to {high}, {classes} output{'s' if classes > 1 else ''}",
            why=f"a label is the number of a class, from 0 to {classes - 1}",
            fix="number the classes from 0: np.unique(y, return_inverse=True)[1]"
            + (f"; or {high + 1} outputs" if low >= 0 else ""),
        )


def _as_class_numbers(loss: Loss, labels: Any, predictions: Array) -> Array:
    labels = _as_array(loss, labels, predictions)
    wanted, classes = tuple(predictions.shape[:-1]), predictions.shape[-1]
    shape = tuple(labels.shape)
    if shape == tuple(predictions.shape) and classes > 1:
        raise MatchError(
            code="LN136",
            where=type(loss).__name__,
            saw=f"labels {shape}, predictions {tuple(predictions.shape)}",
            why="it wants the number of each example's class; these look one-hot",
            fix="labels.argmax(axis=-1)",
        )
    if arrays.kind(labels) != "int":
        _refuse_kind(loss, labels, "whole numbers, the classes")
    if shape not in (wanted, (*wanted, 1)):
        _refuse_shape(loss, labels, predictions)
    xp = namespace(labels)
    return arrays.cast(xp.reshape(labels, wanted), xp.int64)


def checked_weights(loss: Loss, weights: Any, losses: Array) -> Array:
    """Example weights as ``(n,)`` of the losses' dtype and library: finite and not negative."""
    weights = _as_array(loss, weights, losses)
    if tuple(weights.shape) not in ((losses.shape[0],), (losses.shape[0], 1)):
        raise MatchError(
            code="LN138",
            where=type(loss).__name__,
            saw=f"weights {tuple(weights.shape)} for {losses.shape[0]} examples",
            why="every example has one weight",
            fix=f"weights of shape ({losses.shape[0]},)",
        )
    xp = namespace(weights)
    weights = arrays.cast(xp.reshape(weights, (-1,)), losses.dtype)
    if not bool(xp.all(weights >= 0)) or not math.isfinite(float(xp.sum(weights))):
        raise DataError(
            code="LN139",
            where=type(loss).__name__,
            saw=f"weights from {float(xp.min(weights)):g} to {float(xp.max(weights)):g}",
            why="a weight says how often an example counts",
            fix="finite weights of at least 0",
        )
    return weights


def class_weights(loss: Loss, weights: Sequence[float], predictions: Array) -> Array:
    """Class weights as ``(k,)`` of the predictions' dtype and library."""
    values = np.asarray(weights)
    if values.dtype.kind not in "iuf" or values.ndim != 1 or not (np.isfinite(values).all() and (values >= 0).all()):
        raise DataError(
            code="LN149",
            where=type(loss).__name__,
            saw=f"class_weight={weights!r}",
            why="a weight says how much a class counts",
            fix="one finite number of at least 0 for every class, in the order of the classes: class_weight=[1.0, 2.5]",
        )
    if len(weights) != predictions.shape[-1]:
        raise MatchError(
            code="LN140",
            where=type(loss).__name__,
            saw=f"{len(weights)} class weights, {predictions.shape[-1]} outputs",
            why="every class has one weight",
            fix=f"class_weight=[...] with {predictions.shape[-1]} numbers",
        )
    return arrays.like(np.asarray(weights, dtype=np.float64), predictions)


def positive_weight(loss: Loss, weight: float | Sequence[float]) -> float | tuple[float, ...]:
    """How much a label of 1 counts: one number above 0, or one for every output."""
    if isinstance(weight, Sequence | np.ndarray) and np.ndim(weight) == 1:
        return tuple(bounded(loss, "positive_weight", each, above=0.0) for each in weight)
    return bounded(loss, "positive_weight", weight, above=0.0)  # type: ignore[arg-type]


def positive_weights(loss: Loss, weights: tuple[float, ...], predictions: Array) -> Array:
    """Positive weights as ``(k,)`` of the predictions' dtype and library."""
    if len(weights) != predictions.shape[-1]:
        raise MatchError(
            code="LN556",
            where=type(loss).__name__,
            saw=f"{len(weights)} positive weights, {predictions.shape[-1]} outputs",
            why="every output has one, or all have the same",
            fix=f"positive_weight=[...] with {predictions.shape[-1]} numbers, or one number",
        )
    return arrays.like(np.asarray(weights), predictions)


def check_range(loss: Loss, name: str, values: Array, low: float, high: float) -> None:
    """Refuse values outside [low, high]; values that are not finite are left to training to report."""
    least, most = functional.value_range(values)
    if least < low - _TOLERANCE or most > high + _TOLERANCE:
        meant = {"labels": "labels between 0 and 1", "predictions": loss.takes}[name]
        remedy = {
            "labels": "labels 0 and 1 (or shares between them); for class numbers SoftmaxCrossEntropy or CrossEntropy",
            "predictions": "end the network in the activation that gives them, or take a loss on logits",
        }[name]
        raise DataError(
            code="LN141",
            where=type(loss).__name__,
            saw=f"{name} from {least:.4g} to {most:.4g}",
            why=f"it takes {meant}",
            fix=remedy,
        )


def bounded(loss: Loss, name: str, value: float, above: float, *, below: float = math.inf) -> float:
    """A number above one bound and below another, or a `DataError`."""
    if not above < value < below:
        raise DataError(
            code="LN142",
            where=type(loss).__name__,
            saw=f"{name}={value}",
            why=f"it lies above {above:g}" + (f" and below {below:g}" if below < math.inf else ""),
            fix=f"{name}={above + 0.5:g}, for example",
        )
    return float(value)


def check_ending(loss: Loss) -> None:
    """Refuse a network whose last activation does not give what the loss takes, such as softmax before logits."""
    ending = _endings(loss.network)
    kinds = [layer for layer in ending[-2:] if layer.gives]
    if len(kinds) == 2:
        raise MatchError(
            code="LN143",
            where=type(loss).__name__,
            saw=f"a network that ends in {kinds[0]!r}, {kinds[1]!r}",
            why=f"the second squeezes what are {kinds[0].gives} already",
            fix="leave one of them out",
        )
    if loss.takes and ending and ending[-1].gives not in ("", loss.takes):
        last = ending[-1]
        raise MatchError(
            code="LN144",
            where=type(loss).__name__,
            saw=f"a network that ends in {last!r}",
            why=f"that gives {last.gives}, and the loss takes {loss.takes}: the activation would be applied twice"
            if loss.takes == "logits"
            else f"that gives {last.gives}, and the loss takes {loss.takes}",
            fix="activation=None in the last Dense, or leave the last activation out"
            if loss.takes == "logits"
            else f"another last activation, or a loss on {last.gives}",
        )


def _endings(network: Layer) -> list[Layer]:
    """The layers of a chain, innermost, in order; what does more than chain its layers is one link."""
    inside = [layer for _, layer in network.children()]
    if not inside or type(network).forward is not Sequential.forward:
        return [network]
    return _endings(inside[-2])[-1:] + _endings(inside[-1]) if len(inside) > 1 else _endings(inside[-1])


def _as_array(loss: Loss, labels: Any, prototype: Array) -> Array:
    labels = arrays.detached(labels) if arrays.library(labels) else np.asarray(labels)
    if arrays.library(labels) != arrays.library(prototype):
        if arrays.kind(labels) not in ("float", "int"):
            _refuse_kind(loss, labels, "numbers")
        xp = namespace(prototype)
        labels = xp.asarray(arrays.numpy(labels), device=prototype.device)
    return labels


def _refuse_kind(loss: Loss, labels: Array, wanted: str) -> None:
    raise DataError(
        code="LN135",
        where=type(loss).__name__,
        saw=f"labels of {arrays.dtype_name(labels)}",
        why=f"it takes {wanted}",
        fix="labels.long()"
        if arrays.library(labels) == "torch"
        else "labels.astype(int) if they hold whole numbers; np.unique(y, return_inverse=True)[1] for names of classes",
    )


def _refuse_shape(loss: Loss, labels: Array, predictions: Array) -> None:
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
    raise MatchError(
        code="LN145", where=type(loss).__name__, saw=f"predictions {wanted}, labels {shape}", why=why, fix=fix
    )
