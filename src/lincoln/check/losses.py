"""What is wrong with a user's loss, as its first batch shows: its derivative, and changes in place.

The network is replaced by its outputs, which can then be nudged. Losses of both forms are run as training runs them.
"""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np

from .. import arrays
from ..patches import patches
from .causes import likely_cause
from .same import same

__all__ = ["loss_problem"]

_STEP = 1e-3
_NEAR = 1e-7
_TOLERANCE = 1e-4
_MOST = 256
"""How many numbers of the outputs are looked at, if that is more than two rows: as many as can be nudged one by one."""


class _Outputs:
    """Stands for a network that gives certain outputs, whatever goes in, and keeps the gradient that comes back."""

    _vector = None

    def __init__(self) -> None:
        self.output: Any = None
        self.grad: Any = None

    def forward(self, input: Any) -> Any:
        """The outputs."""
        return self.output

    __call__ = forward

    def backward(self, output_grad: Any) -> None:
        """Keep the gradient."""
        self.grad = output_grad

    learn = backward

    def clear_grad(self) -> None:
        """There are no parameters."""


class _Judged:
    """A copy of a loss as a function of outputs in float64."""

    def __init__(self, loss: Any) -> None:
        predictions, (labels, weights) = loss.last_input, loss._given or (loss.labels, None)
        rows = max(2, _MOST // max(1, int(np.prod(predictions.shape[1:]))))
        self.outputs = _Outputs()
        self.loss = copy.deepcopy(loss, {id(loss.network): self.outputs})
        vars(self.loss)["_checked"] = patches.count
        self.input = loss.network.last_input
        if len(predictions) > rows:
            self.input = _rows(self.input, rows)
            labels, weights = _rows(labels, rows), None if weights is None else weights[:rows]
        self.given = arrays.copied(predictions[:rows])
        self.start = arrays.astype(self.given, "float64")
        self.labels, self.weights = labels, weights

    def value(self, outputs: Any) -> tuple[float, str]:
        """The loss of some outputs, and what it has written into."""
        outputs, labels = arrays.copied(outputs), copy.deepcopy(self.labels)
        self.outputs.output, before = outputs, arrays.copied(outputs)
        given = (self.input, labels) if self.weights is None else (self.input, labels, self.weights)
        value = float(self.loss(*given))
        self._given = outputs, before, labels
        return value, self._written()

    def gradient(self) -> tuple[np.ndarray, str]:
        """The gradient that the loss sends back after `value`, and what that has written into."""
        self.loss.backward()
        return np.array(arrays.numpy(self.outputs.grad)), self._written()

    def _written(self) -> str:
        outputs, before, labels = self._given
        if not same(outputs, before):
            return "predictions"
        return "" if same(labels, self.labels) else "labels"


def _rows(batch: Any, rows: int) -> Any:
    return tuple(part[:rows] for part in batch) if isinstance(batch, tuple) else batch[:rows]


def loss_problem(loss: Any) -> str:
    """What is wrong with a loss's value and gradient, or nothing."""
    judged = _Judged(loss)
    for start in (judged.given, judged.start):  # labels are converted for outputs in float64: then a copy is changed
        value, written = judged.value(start)
        if written:
            return _says_written(loss, written, ("value", "forward"))
        analytic, written = judged.gradient()
        if written:
            return _says_written(loss, written, ("derivative", "gradient", "backward"))
    if judged.value(judged.start)[0] != value:
        return ""
    return _derivative_problem(judged, analytic, value)


def _says_written(loss: Any, what: str, methods: tuple[str, ...]) -> str:
    need = "the layers need them on the way back" if what == "predictions" else "the next epoch needs them as they were"
    return (
        f"{_method(loss, methods)} changes the {what} in place, and {need}: "
        f"write into a new array (error = predictions - labels for predictions -= labels)"
    )


def _method(loss: Any, methods: tuple[str, ...]) -> str:
    """Which of these methods the user has written: that of the first form or that of the notebooks."""
    users = [kind for kind in type(loss).__mro__ if kind.__module__.partition(".")[0] != "lincoln"]
    return next((name for kind in users for name in methods if name in vars(kind)), methods[0])


def _derivative_problem(judged: _Judged, analytic: np.ndarray, value: float) -> str:
    start = arrays.numpy(judged.start)
    room = np.minimum(np.minimum(np.abs(start), np.abs(1 - start)), 1.0)  # outputs may have to lie between 0 and 1
    direction = np.random.default_rng(0).normal(size=start.shape) * np.where(room == 0, 1.0, room)

    def at(move: Any) -> float:
        return judged.value(arrays.like(start + move, judged.start))[0]

    is_single = float(np.float32(value)) == value and value != 0.0  # computed in float32 inside
    noise = 8 * float(np.finfo(np.float32 if is_single else np.float64).eps) * abs(value)
    expected, slope = float((analytic * direction).sum()), _slope(at, direction)
    scale = max(float(np.linalg.norm(analytic * direction)), abs(slope), 1e-8)
    if not np.isfinite(slope) or abs(slope - expected) <= _TOLERANCE * scale + noise / _STEP:
        return ""
    if start.size > _MOST and _lies_between(at, direction, expected, within=_TOLERANCE * scale + noise / _NEAR):
        return ""
    numeric = np.array(analytic)
    for index in itertools.islice(np.ndindex(start.shape), _MOST):
        numeric[index] = _element(at, index, start.shape, float(analytic[index]), noise)
    largest = max(float(np.abs(analytic).max()), float(np.abs(numeric).max()), 1e-8)
    if start.size <= _MOST and np.abs(numeric - analytic).max() <= 10 * (_TOLERANCE * largest + noise / _STEP):
        return ""
    cause = likely_cause(analytic, numeric, examples=len(start), output_grad=np.zeros((1, 1)))
    return (
        f"{_method(judged.loss, ('derivative', 'gradient', 'backward'))} disagrees with "
        f"{_method(judged.loss, ('value', 'forward'))}; likely cause: {cause}"
    )


def _slope(at: Any, direction: np.ndarray) -> float:
    """By the five-point formula."""
    near, far = (at(step * direction) - at(-step * direction) for step in (_STEP, 2 * _STEP))
    return float((8 * near - far) / (12 * _STEP))


def _lies_between(at: Any, direction: np.ndarray, expected: float, *, within: float) -> bool:
    """Whether a derivative lies between the slopes of both sides, as it may at a kink."""
    here, near = at(0.0), _NEAR * direction
    left, right = (here - at(-near)) / _NEAR, (at(near) - here) / _NEAR
    return bool(min(left, right) - within <= expected <= max(left, right) + within)


def _element(at: Any, index: Any, shape: Any, analytic: float, noise: float) -> float:
    """One derivative; at a kink the analytic value itself, if it lies between the slopes of both sides."""
    move = np.zeros(shape)
    move[index] = 0.1
    slope = _slope(at, move) / 0.1
    tolerance = _TOLERANCE * max(abs(slope), abs(analytic), 1e-3) + 10 * noise / _STEP
    if abs(slope - analytic) <= tolerance:
        return slope
    move[index] = 1.0
    return analytic if _lies_between(at, move, analytic, within=noise / _NEAR + 1e-4) else slope
