"""Optimizers, learning rate schedules and weight averaging, all on the flat parameter vector."""

from .averaging import WeightAverage
from .groups import Group, biases_and_norms
from .optimizer import LearningRate, Optimizer
from .rules import SGD, Adagrad, Adam, AdamW, RMSprop
from .schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
)

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Constant",
    "CosineDecay",
    "ExponentialDecay",
    "Group",
    "LearningRate",
    "OneCycle",
    "Optimizer",
    "RMSprop",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "WeightAverage",
    "biases_and_norms",
]
