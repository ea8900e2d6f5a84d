"""How good predictions are: numbers that add up rightly over batches of any size, and never broadcast.

Every metric takes predictions first and labels second, as arrays, lists or tensors; ``(n,)`` and ``(n, 1)`` mean the
same.
"""

from .classification import Accuracy, ConfusionCounts, TopKError, accuracy, confusion_counts
from .metric import Metric
from .regression import (
    MeanAbsoluteError,
    MeanSquaredError,
    R2Score,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
)

__all__ = [
    "Accuracy",
    "ConfusionCounts",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "R2Score",
    "TopKError",
    "accuracy",
    "confusion_counts",
    "mean_absolute_error",
    "mean_squared_error",
    "r2_score",
]
