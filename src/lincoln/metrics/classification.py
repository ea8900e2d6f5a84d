"""Metrics of classes: how often the right one was predicted, and which was taken for which."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..exc import DataError
from .matching import aligned, bad_shapes, check_not_nan, check_real, class_numbers, classes
from .metric import Metric, Tally

__all__ = ["Accuracy", "ConfusionCounts", "TopKError", "accuracy", "confusion_counts"]


class Accuracy(Metric):
    """The share of predictions that are right.

    With labels of shape ``(n,)`` or ``(n, 1)``, predictions are

    - ``(n, k)``, a score for each of k classes: the largest counts, the first of equal ones. Labels are 0 to k - 1.
    - ``(n,)`` or ``(n, 1)`` of floating-point numbers: the probability of class 1, which counts from 0.5 upwards
      (with ``logprob`` from log 0.5 upwards). Floating-point numbers that are all whole are classes.
    - ``(n,)`` or ``(n, 1)`` of integers, booleans or strings: classes.

    More axes before the last one, such as time, are counted likewise; so are several yes-or-no labels an example.
    A prediction that is NaN is wrong.

    Args:
        logprob: one column of floating-point predictions holds log-probabilities, not probabilities.

    Raises:
        MatchError: shapes that do not fit; one-hot labels.
        DataError: a prediction is not a probability, a label is not a class; no predictions at all.

    >>> Accuracy()([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    >>> Accuracy(logprob=True)(np.log([[0.5], [0.2]]), [1, 0])
    1.0
    """

    name = "accuracy"

    def __init__(self, logprob: bool = False) -> None:
        self.logprob = logprob
        super().__init__()

    def each(self, predictions: Any, labels: Any) -> np.ndarray:
        found = classes(predictions, labels, where="Accuracy", logprob=self.logprob)
        return np.asarray(found.predicted == found.true)


class TopKError(Metric):
    """The share of predictions whose label is not among the k classes with the largest scores.

    Of equal scores the first counts as the larger one, so that ``TopKError(1)`` is 1 - `Accuracy`. Scores that are NaN
    are an error.

    Args:
        k: how many classes are looked at.
        logprob: the scores are log-probabilities. Their order is that of the probabilities, so it changes nothing.

    Raises:
        MatchError: scores that are not ``(n, classes)``, or fewer classes than k.
        DataError: a label is not a class; no predictions at all; k below 1.

    >>> TopKError(k=2)([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]], [2, 0])
    0.5
    """

    name = "top_5_error"
    higher_is_better = False

    def __init__(self, k: int = 5, logprob: bool = False) -> None:
        if k < 1:
            raise DataError(
                code="LN241",
                where="TopKError",
                saw=f"k={k}",
                why="the label is looked for among the k largest scores",
                fix="k=5, or any number from 1 to the number of classes",
            )
        self.k = k
        self.logprob = logprob
        self.name = f"top_{k}_error"
        super().__init__()

    def each(self, predictions: Any, labels: Any) -> np.ndarray:
        p, y = aligned(predictions, labels, where="TopKError")
        if p.ndim == y.ndim or p.shape[-1] < self.k:
            raise bad_shapes(
                f"predictions {p.shape}, labels {y.shape}, k={self.k}",
                "a score for each class, (n, classes), and a k that is not above the number of classes",
                where="TopKError",
            )
        check_real(p, where="TopKError", name="predictions")
        y = class_numbers(y, p.shape[-1], where="TopKError")[..., None]
        score = np.take_along_axis(p, y, axis=-1)
        before = (p > score) | ((p == score) & (np.arange(p.shape[-1]) < y))
        return np.asarray((before.sum(axis=-1) >= self.k) | np.isnan(p).any(axis=-1))


class ConfusionCounts(Tally[np.ndarray]):
    """How often each class was taken for each class: a table, not one number, with true classes in rows.

    Args:
        count: the number of classes; if it is not given, the table grows with the largest class seen.
        logprob: as in `Accuracy`, which also says what predictions may be.

    Attributes:
        counts: ``(classes, classes)``, int64.

    Raises:
        MatchError, DataError: as `Accuracy`; NaN; a class that is not an integer from 0 to ``count`` - 1.

    >>> table = ConfusionCounts()
    >>> table.update([0, 1, 1], [0, 0, 1])
    >>> table.update([2], [1])
    >>> table.compute()
    array([[1, 1, 0],
           [0, 1, 1],
           [0, 0, 0]])
    """

    name = "confusion_counts"

    def __init__(self, count: int = 0, *, logprob: bool = False) -> None:
        self.count = count
        self.logprob = logprob
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        self.counts = np.zeros((self.count, self.count), dtype=np.int64)

    def update(self, predictions: Any, labels: Any) -> None:
        """Count one more batch."""
        where = "ConfusionCounts"
        found = classes(predictions, labels, where=where, logprob=self.logprob)
        check_not_nan(predictions, where=where)
        predicted = class_numbers(found.predicted, self.count, where=where)
        true = class_numbers(found.true, self.count, where=where)
        old = len(self.counts)
        size = self.count or max(old, found.number, int(predicted.max()) + 1, int(true.max()) + 1)
        counts = np.bincount((true * size + predicted).ravel(), minlength=size * size).reshape(size, size)
        counts[:old, :old] += self.counts
        self.counts = counts

    def compute(self) -> np.ndarray:
        """The counts of all batches since `reset`, as a new array."""
        return self.counts.copy()

    def __call__(self, predictions: Any, labels: Any, *, count: int | None = None) -> np.ndarray:
        """The counts of one batch alone. What `update` has gathered stays as it is.

        Args:
            predictions, labels: as in `update`.
            count: the number of classes, if it is not the table's own.
        """
        alone = ConfusionCounts(self.count if count is None else count, logprob=self.logprob)
        alone.update(predictions, labels)
        return alone.counts


accuracy = Accuracy().as_function("accuracy")
confusion_counts = ConfusionCounts().as_function("confusion_counts")
