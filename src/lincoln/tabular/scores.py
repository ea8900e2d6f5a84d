"""How good a model of a table is, in the numbers that people ask for."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import metrics
from .chunks import divided
from .columns import told_unknown
from .targets import Classes

__all__ = ["ClassScores", "ValueScores", "evaluated", "roc_auc"]


class ClassScores:
    """Accuracy, mean log loss and, of two classes, the area under the ROC curve, of rows that come in parts.

    A class that training did not show has the number -1: it counts as wrong, and has no part in the other two.

    >>> scores = ClassScores()
    >>> scores.add(np.array([[0.75, 0.25], [0.5, 0.5]]), np.array([0, 1]))
    >>> scores.result()
    {'accuracy': 0.5, 'log_loss': 0.4904..., 'roc_auc': 1.0}
    """

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, ...]] = []
        self.two = False

    def add(self, probabilities: np.ndarray, labels: np.ndarray) -> None:
        """See more rows.

        Args:
            probabilities: ``(n, classes)``.
            labels: ``(n,)``, the number of each row's class.
        """
        p = np.asarray(probabilities, dtype=np.float64)
        self.two = p.shape[1] == 2
        self._parts.append((p[np.arange(len(labels)), labels], p.argmax(axis=1) == labels, p[:, 1], labels))

    def result(self) -> dict[str, float]:
        """The scores of all rows."""
        chosen, right, second, labels = (np.concatenate(parts) for parts in zip(*self._parts, strict=True))
        known = labels >= 0
        log_loss = -np.log(np.maximum(chosen[known], np.finfo(np.float32).tiny)).mean() if known.any() else math.nan
        found = {"accuracy": float(right.mean()), "log_loss": float(log_loss)}
        return found | ({"roc_auc": roc_auc(second[known], labels[known])} if self.two else {})


class ValueScores:
    """Root mean squared error and mean absolute error in the target's unit, and R², of rows that come in parts.

    >>> scores = ValueScores()
    >>> scores.add(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    >>> scores.result()
    {'rmse': 1.4142..., 'mae': 1.0, 'r2': 0.1111...}
    """

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, predictions: np.ndarray, labels: np.ndarray) -> None:
        """See more rows: predicted and true values.   (n,), (n,)"""
        self._parts.append((predictions, labels))

    def result(self) -> dict[str, float]:
        """The scores of all rows."""
        predictions, labels = (np.concatenate(parts) for parts in zip(*self._parts, strict=True))
        return {
            "rmse": math.sqrt(metrics.mean_squared_error(predictions, labels)),
            "mae": metrics.mean_absolute_error(predictions, labels),
            "r2": metrics.r2_score(predictions, labels),
        }


def evaluated(
    model: Any,
    chunks: Iterable[Any],
    target: Any,
    *,
    unknown_classes: bool,
    unknown: Counter[tuple[str, str]] | None,
) -> dict[str, float]:
    """The scores of a `TabularModel` on a table that comes in chunks; see `TabularModel.evaluate_chunks`."""
    known, where = model.target, "TabularModel.evaluate"
    found = ClassScores() if isinstance(known, Classes) else ValueScores()
    counted = Counter[tuple[str, str]]() if unknown is None else unknown
    for chunk in chunks:
        columns, values, name = divided(chunk, model.target_name if target is None else target, where=where)
        if isinstance(known, Classes):
            labels = known.labels(values, where=where, column=name, unknown=unknown_classes)
        else:
            labels = known.numbers(values, where=where, column=name)
        predictions, probabilities = model.answers(columns, unknown=counted)
        found.add(predictions if probabilities is None else probabilities, labels)
    if unknown is None and counted:
        warnings.warn("\n".join(told_unknown(counted)), stacklevel=4)
    return found.result()


def roc_auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """The share of pairs of a positive and a negative row in which the positive one has the higher score.

    (R₊ - n₊ (n₊ + 1) / 2) / (n₊ n₋), with R₊ the sum of the positive rows' ranks, ties sharing theirs   (Mann, Whitney
    1947). Not a number where one of the two is missing.

    >>> roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    0.75
    """
    positive = np.asarray(labels) == 1
    n = int(positive.sum()) * int((~positive).sum())
    if n == 0:
        return math.nan
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    total = float(ranks[place][positive].sum())
    count = int(positive.sum())
    return (total - count * (count + 1) / 2) / n
