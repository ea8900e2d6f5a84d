"""How good a model of a table is, in the numbers that people ask for."""

from __future__ import annotations

import math

import numpy as np

from .. import metrics

__all__ = ["classification_scores", "regression_scores", "roc_auc"]


def classification_scores(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, mean log loss, and of two classes the area under the ROC curve.

    Args:
        probabilities: ``(n, classes)``.
        labels: ``(n,)``, the number of each row's class.

    >>> classification_scores(np.array([[0.75, 0.25], [0.5, 0.5]]), np.array([0, 1]))
    {'accuracy': 0.5, 'log_loss': 0.4904..., 'roc_auc': 1.0}
    """
    p = np.asarray(probabilities, dtype=np.float64)
    chosen = np.maximum(p[np.arange(len(labels)), labels], np.finfo(np.float32).tiny)
    found = {"accuracy": float((p.argmax(axis=1) == labels).mean()), "log_loss": float(-np.log(chosen).mean())}
    return found | ({"roc_auc": roc_auc(p[:, 1], labels)} if p.shape[1] == 2 else {})


def regression_scores(predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Root mean squared error and mean absolute error in the target's unit, and R².

    >>> regression_scores(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    {'rmse': 1.4142..., 'mae': 1.0, 'r2': 0.1111...}
    """
    return {
        "rmse": math.sqrt(metrics.mean_squared_error(predictions, labels)),
        "mae": metrics.mean_absolute_error(predictions, labels),
        "r2": metrics.r2_score(predictions, labels),
    }


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
