"""How good predictions are: numbers that add up rightly over batches of any size, and never broadcast.

Every metric takes predictions first and labels second, as arrays, lists or tensors; ``(n,)`` and ``(n, 1)`` mean the
same.
"""

from .classification import Accuracy, ConfusionCounts, TopKError, accuracy, confusion_counts
from .metric import Metric
from .probabilities import LogLoss, RocAuc, log_loss, roc_auc
from .regression import (
    MeanAbsoluteError,
    MeanSquaredError,
    R2Score,
    RootMeanSquaredError,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_error,
)

__all__ = [
    "Accuracy",
    "ConfusionCounts",
    "LogLoss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "R2Score",
    "RocAuc",
    "RootMeanSquaredError",
    "TopKError",
    "accuracy",
    "confusion_counts",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "r2_score",
    "roc_auc",
    "root_mean_squared_error",
]
