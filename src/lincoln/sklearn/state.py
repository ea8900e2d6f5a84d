"""What an estimator has learned, as plain data; and an estimator made of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import arrays
from ..layers import Dropout
from ..models import Epoch, History
from ..tree import walk
from .optimizers import Course, has_its_optimizer, prepare_optimizer

__all__ = ["load_state", "state_of"]

_PLAIN = (
    "n_features_in_",
    "n_outputs_",
    "multilabel_",
    "temperature_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "loss_curve_",
    "validation_scores_",
    "validation_loss_curve_",
    "stopped_",
    "_asked_to_stop",
    "_rate",
    "_unimproved",
    "_best",
    "_latest",
    "_best_loss",
    "_weight_of_class",
    "_class_counts",
)
_NAMES = ("classes_", "feature_names_in_")


def state_of(estimator: Any) -> dict[str, Any]:
    """Arrays, numbers, strings, and lists and dictionaries of them; nothing in it is the estimator's own array."""
    known = vars(estimator)
    state = {name: known[name] for name in _PLAIN if name in known}
    for name in _NAMES:
        if name in known:
            values = known[name]
            state[name] = {"values": values.tolist() if values.dtype == object else values.copy()}
    return state | {
        "dtype": arrays.dtype_name(estimator.network_.vector.value),
        "network": estimator.network_.state_dict(),
        "generators": [layer.rng.bit_generator.state for layer in _drawing(estimator.network_)],
        "optimizer": estimator._optimizer.state_dict() if has_its_optimizer(estimator) else None,
        "history": estimator.history_.rows(),
        "stream": estimator._stream.state_dict(),
    }


def load_state(estimator: Any, state: dict[str, Any]) -> None:
    """Give an estimator the state of another."""
    for name in _PLAIN:
        vars(estimator).pop(name, None)
    for name in _NAMES:
        vars(estimator).pop(name, None)
        if name in state:
            values = state[name]["values"]
            setattr(estimator, name, np.array(values, dtype=object) if isinstance(values, list) else values)
    estimator.n_outputs_ = state["n_outputs_"]
    estimator.multilabel_ = state.get("multilabel_", False)
    estimator._begin(state["n_features_in_"], state["dtype"])
    for name in _PLAIN:
        if name in state:
            setattr(estimator, name, state[name])
    estimator.network_.load_state_dict(state["network"])
    for layer, generator in zip(_drawing(estimator.network_), state["generators"], strict=True):
        layer.rng.bit_generator.state = generator
    if state["optimizer"] is not None:
        prepare_optimizer(estimator, batches=1, epochs=1)
        saved = state["optimizer"]
        if isinstance(estimator._optimizer.lr, Course):  # files of older releases do not tell its course: it is over
            saved = {"schedule.start": 0, "schedule.steps": saved["steps"]} | saved
        estimator._optimizer.load_state_dict(saved)
    estimator.history_ = _history(state["history"])
    estimator._stream.load_state_dict(state["stream"])


def _drawing(network: Any) -> list[Any]:
    return [layer for layer in walk(network) if isinstance(layer, Dropout)]


def _history(rows: list[dict[str, Any]]) -> History:
    history, fields = History(), set(Epoch.__dataclass_fields__)
    for row in rows:
        metrics = {name: value for name, value in row.items() if name not in fields}
        history.append(Epoch(**{name: value for name, value in row.items() if name in fields}, metrics=metrics))
    return history
