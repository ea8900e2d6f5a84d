"""Metrics of quantities: how far predictions lie from what was measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from .matching import bad_shapes, nothing, numbers
from .metric import Metric

__all__ = [
    "MeanAbsoluteError",
    "MeanSquaredError",
    "R2Score",
    "RootMeanSquaredError",
    "mean_absolute_error",
    "mean_squared_error",
    "r2_score",
    "root_mean_squared_error",
]


class MeanSquaredError(Metric):
    """Σ (p - y)² / n

    Raises:
        MatchError: predictions and labels of different shapes; ``(n,)`` and ``(n, 1)`` mean the same.
        DataError: values that are not numbers; no predictions at all.

    >>> MeanSquaredError()([1.0, 2.0], [[1.0], [4.0]])
    2.0
    """

    name = "mean_squared_error"
    higher_is_better = False

    def each(self, predictions: Any, labels: Any) -> np.ndarray:
        p, y = numbers(predictions, labels, where="MeanSquaredError")
        return np.asarray((p - y) ** 2)


class MeanAbsoluteError(Metric):
    """Σ |p - y| / n

    Raises:
        MatchError: predictions and labels of different shapes; ``(n,)`` and ``(n, 1)`` mean the same.
        DataError: values that are not numbers; no predictions at all.

    >>> MeanAbsoluteError()([1.0, 2.0], [[1.0], [4.0]])
    1.0
    """

    name = "mean_absolute_error"
    higher_is_better = False

    def each(self, predictions: Any, labels: Any) -> np.ndarray:
        p, y = numbers(predictions, labels, where="MeanAbsoluteError")
        return np.asarray(np.abs(p - y))


class RootMeanSquaredError(Metric):
    """√(Σ (p - y)² / n), in the labels' unit; the mean over the columns if there are several

    Raises:
        MatchError: predictions and labels of different shapes, or batches of different columns.
        DataError: values that are not numbers; no predictions at all.

    >>> RootMeanSquaredError()([1.0, 5.0], [4.0, 1.0]) == 12.5**0.5
    True
    """

    name = "root_mean_squared_error"
    higher_is_better = False

    def reset(self) -> None:
        """Forget all batches."""
        self.count = 0
        self.error = np.zeros(())

    def update(self, predictions: Any, labels: Any) -> None:
        """Take one more batch into account."""
        p, y = numbers(predictions, labels, where="RootMeanSquaredError")
        if self.count:
            _check_columns(y, self.error, where="RootMeanSquaredError")
        self.error = self.error + np.square(p - y).sum(axis=0)
        self.count += len(y)

    def compute(self) -> float:
        """The value over all batches since `reset`.

        Raises:
            DataError: there was none.
        """
        if self.count == 0:
            raise nothing("RootMeanSquaredError.compute")
        return float(np.mean(np.sqrt(self.error / self.count)))


class R2Score(Metric):
    """1 - Σ (p - y)² / Σ (y - mean of y)², the mean over the columns if there are several

    1 is perfect, 0 as good as the labels' own mean. Labels that are all equal leave nothing to explain: 1 for
    predictions without error, 0 for all others.

    Raises:
        MatchError: predictions and labels of different shapes, or batches of different columns.
        DataError: values that are not numbers; no predictions at all.

    >>> R2Score()([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
    0.5
    """

    name = "r2"

    def reset(self) -> None:
        """Forget all batches."""
        self.count = 0
        self.origin = self.mean = self.spread = self.error = np.zeros(())

    def update(self, predictions: Any, labels: Any) -> None:
        """Take one more batch into account; means and spreads are joined as in Chan, Golub, LeVeque 1979.

        Labels are counted from the first one, so that those of a constant column are exactly 0, and so is their spread.
        """
        p, y = numbers(predictions, labels, where="R2Score")
        if self.count:
            _check_columns(y, self.mean, where="R2Score")
        else:
            self.origin = y[0]
        self.error = self.error + np.square(p - y).sum(axis=0)
        y = y - self.origin
        n, mean = len(y), y.mean(axis=0)
        shift = mean - self.mean
        between = np.square(shift) * (self.count * n / (self.count + n))
        self.spread = self.spread + np.square(y - mean).sum(axis=0) + between
        self.count += n
        self.mean = self.mean + shift * (n / self.count)

    def compute(self) -> float:
        """The value over all batches since `reset`.

        Raises:
            DataError: there was none.
        """
        if self.count == 0:
            raise nothing("R2Score.compute")
        unexplained = np.where(self.error == 0.0, 0.0, 1.0)
        np.divide(self.error, self.spread, out=unexplained, where=self.spread != 0.0)
        return float(np.mean(1.0 - unexplained))


def _check_columns(labels: np.ndarray, known: np.ndarray, *, where: str) -> None:
    if labels.shape[1:] != known.shape:
        raise bad_shapes(
            f"columns {labels.shape[1:]} after columns {known.shape}", "reset() before other data", where=where
        )


mean_squared_error = MeanSquaredError().as_function("mean_squared_error")
mean_absolute_error = MeanAbsoluteError().as_function("mean_absolute_error")
root_mean_squared_error = RootMeanSquaredError().as_function("root_mean_squared_error")
r2_score = R2Score().as_function("r2_score")
