"""Metrics of probabilities and scores: how sure predictions are of what is right, and how well they rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exc import DataError
from .matching import ROUNDING, aligned, bad_shapes, check_not_nan, check_real, class_numbers, nothing
from .metric import Metric

__all__ = ["LogLoss", "RocAuc", "log_loss", "roc_auc"]

ROUNDING_OF_SUMS = 1e-3
"""How far the probabilities of all classes may add up to something other than 1."""


class LogLoss(Metric):
    """-Σ log p_c / n, p_c being the probability that was given to the label

    Predictions are ``(n, k)``, a probability for each of k classes, or ``(n,)`` or ``(n, 1)``, the probability of
    class 1; with labels of the same ``(n, k)`` they are k yes-or-no answers. Probabilities are held away from 0 and 1
    by the rounding of their dtype, as in scikit-learn.

    Raises:
        MatchError: shapes that do not fit.
        DataError: predictions that are not probabilities, or rows of them that do not add up to 1; a label that is
            not a class; no predictions at all.

    >>> round(LogLoss()([[0.5, 0.5], [0.1, 0.9]], [0, 1]), 4)
    0.3993
    >>> round(LogLoss()([0.5, 0.9], [0, 1]), 4)
    0.3993
    """

    name = "log_loss"
    higher_is_better = False

    def each(self, predictions: Any, labels: Any) -> np.ndarray:
        p, y = aligned(predictions, labels, where="LogLoss")
        check_real(p, where="LogLoss", name="predictions")
        check_not_nan(p, where="LogLoss")
        _check_probabilities(p, whole_rows=p.ndim > y.ndim)
        eps = float(np.finfo(p.dtype).eps) if p.dtype.kind == "f" else float(np.finfo(np.float64).eps)
        if p.ndim > y.ndim:
            y = class_numbers(y, p.shape[-1], where="LogLoss")
            p = np.take_along_axis(p, y[..., None], axis=-1)[..., 0].astype(np.float64)
        else:
            y = class_numbers(y, 2, where="LogLoss")
            p = np.where(y == 1, p.astype(np.float64), 1.0 - p.astype(np.float64))
        return np.asarray(-np.log(np.clip(p, eps, 1.0 - eps)))


class RocAuc(Metric):
    """The share of pairs of an example of class 1 and one of class 0 in which the first has the larger score

    Equal scores count one half: it is the area under the receiver operating characteristic (Hanley, McNeil 1982).
    Predictions are ``(n,)`` or ``(n, 1)``, any number that is larger where class 1 is likelier; or ``(n, 2)``, a score
    for each class: of probabilities that of class 1 counts, of other scores their difference. All scores are kept until
    `compute`.

    Raises:
        MatchError: shapes that do not fit; scores for more than two classes; one column after two, or two after one.
        DataError: labels other than 0 and 1, or of one class only; predictions that are NaN.

    >>> RocAuc()([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    """

    name = "roc_auc"

    def reset(self) -> None:
        """Forget all batches."""
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []

    def update(self, predictions: Any, labels: Any) -> None:
        """Take one more batch into account."""
        p, y = aligned(predictions, labels, where="RocAuc")
        check_real(p, where="RocAuc", name="predictions")
        check_not_nan(p, where="RocAuc")
        if y.ndim != 1 or (p.ndim > 1 and p.shape[-1] != 2):
            raise bad_shapes(
                f"predictions {p.shape}, labels {y.shape}",
                "one score for each example, or one for each of two classes",
                where="RocAuc",
            )
        if self.seen and p.ndim != self.seen[0][0].ndim:
            raise bad_shapes(
                f"predictions {p.shape} after {self.seen[0][0].shape}", "reset() before others", where="RocAuc"
            )
        self.seen.append((p.astype(np.float64), class_numbers(y, 2, where="RocAuc")))

    def compute(self) -> float:
        """The value over all batches since `reset`.

        Raises:
            DataError: there was none, or the labels are all of one class.
        """
        if not self.seen:
            raise nothing("RocAuc.compute")
        scores, labels = (np.concatenate(parts) for parts in zip(*self.seen, strict=True))
        positives = int(labels.sum())
        if positives in (0, len(labels)):
            raise DataError(
                code="LN561",
                where="RocAuc",
                saw=f"{len(labels):,} labels, all of class {labels[0]}",
                why="it compares examples of class 1 with examples of class 0",
                fix="data that hold both classes: train_test_split(x, y, stratify=True) gives both parts some of each",
            )
        _, places, counts = np.unique(_of_class_1(scores), return_inverse=True, return_counts=True)
        ranks = np.cumsum(counts) - (counts - 1) / 2
        below = float(ranks[places[labels == 1]].sum()) - positives * (positives + 1) / 2
        return below / (positives * (len(labels) - positives))


def _of_class_1(scores: np.ndarray) -> np.ndarray:
    """What class 1 is ranked by. A difference of probabilities would round small ones until they are equal."""
    if scores.ndim == 1:
        return scores
    inside = bool((scores >= -ROUNDING).all() and (scores <= 1.0 + ROUNDING).all())
    probabilities = inside and bool((np.abs(scores.sum(axis=1) - 1.0) <= ROUNDING_OF_SUMS).all())
    return scores[:, 1] if probabilities else np.asarray(scores[:, 1] - scores[:, 0])


def _check_probabilities(p: np.ndarray, *, whole_rows: bool) -> None:
    bad = p[(p < -ROUNDING) | (p > 1.0 + ROUNDING)]
    sums = p.sum(axis=-1)[np.abs(p.sum(axis=-1) - 1.0) > ROUNDING_OF_SUMS] if whole_rows else bad
    if bad.size or sums.size:
        raise DataError(
            code="LN562",
            where="LogLoss",
            saw=f"a prediction of {bad[0]:.4g}" if bad.size else f"a row of predictions that adds up to {sums[0]:.4g}",
            why="predictions are probabilities: from 0 to 1, and those of all classes add up to 1",
            fix="loss.probabilities(outputs) makes them from a network's outputs; predict_proba(x) of a model",
        )


log_loss = LogLoss().as_function("log_loss")
roc_auc = RocAuc().as_function("roc_auc")
