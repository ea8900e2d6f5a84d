"""Neural networks whose layers have hand-written ``forward`` and ``backward`` methods: to read, to trust, to use."""

from . import (
    arrays,
    check,
    data,
    datasets,
    exc,
    functional,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optim,
    utils,
)
from .check import check_gradients, check_layer
from .contract import inference, recording
from .layers import Container, Dense, Layer, Parallel, Residual, Sequential
from .losses import Loss
from .parameters import Parameter

__version__ = "0.1.0"

__all__ = [
    "Container",
    "Dense",
    "Layer",
    "Loss",
    "Parallel",
    "Parameter",
    "Residual",
    "Sequential",
    "arrays",
    "check",
    "check_gradients",
    "check_layer",
    "data",
    "datasets",
    "exc",
    "functional",
    "inference",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optim",
    "recording",
    "utils",
]
