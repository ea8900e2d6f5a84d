"""Losses: the head of a network, which runs it forward and starts the way back.

A batch's loss is the sum over its examples unless ``reduction="mean"`` asks for the mean. Labels ``(n,)`` and
``(n, 1)`` mean the same; nothing else that differs in shape is accepted, because it would broadcast.
"""

from .binary import LogLoss, LogSigmoidLoss, SigmoidCrossEntropy
from .classes import CrossEntropy, NLLLoss, SoftmaxCrossEntropy
from .custom import Custom
from .loss import Loss
from .regression import Huber, MeanAbsoluteError, MeanSquaredError, Poisson, Quantile

__all__ = [
    "CrossEntropy",
    "Custom",
    "Huber",
    "LogLoss",
    "LogSigmoidLoss",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "NLLLoss",
    "Poisson",
    "Quantile",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
]
