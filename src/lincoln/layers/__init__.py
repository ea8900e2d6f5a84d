"""The layers, one family a file."""

from ..layer import Layer
from .activations import (
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Rectifier,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .containers import Container, Dense, Parallel, Residual, Sequential
from .dropout import Dropout
from .embedding import ColumnEmbedding
from .linear import Linear
from .normalization import BatchNorm, LayerNorm
from .shape import Flatten, Reshape

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "BatchNorm",
    "ColumnEmbedding",
    "Container",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "Parallel",
    "ReLU",
    "Rectifier",
    "Reshape",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]
