"""Neural networks whose layers have hand-written ``forward`` and ``backward`` methods: to read, to trust, to use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import arrays, exc, functional, initializers, layers, losses
from .layers import Container, Dense, Layer, Parallel, Residual, Sequential
from .losses import Loss
from .modes import accumulating, inference, recording
from .parameters import Buffer, Parameter

if TYPE_CHECKING:
    from . import check, data, datasets, files, metrics, models, optim, programs, sklearn, tabular, utils
    from .check import check_gradients, check_layer
    from .files import load, save
    from .programs import program

__version__ = "0.1.0"

__all__ = [
    "Buffer",
    "Container",
    "Dense",
    "Layer",
    "Loss",
    "Parallel",
    "Parameter",
    "Residual",
    "Sequential",
    "accumulating",
    "arrays",
    "check",
    "check_gradients",
    "check_layer",
    "data",
    "datasets",
    "exc",
    "explain",
    "files",
    "functional",
    "inference",
    "initializers",
    "layers",
    "load",
    "losses",
    "metrics",
    "models",
    "optim",
    "program",
    "programs",
    "recording",
    "save",
    "sklearn",
    "tabular",
    "utils",
]

_LOADED_ON_USE = (
    "check",
    "data",
    "datasets",
    "files",
    "metrics",
    "models",
    "optim",
    "programs",
    "sklearn",
    "tabular",
    "utils",
)


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for, so that ``import lincoln`` stays fast."""
    if name in _LOADED_ON_USE:
        return import_module(f"{__name__}.{name}")
    if name in ("check_gradients", "check_layer"):
        return getattr(import_module(f"{__name__}.check"), name)
    if name in ("explain", "program"):
        return getattr(import_module(f"{__name__}.programs"), name)
    if name in ("load", "save"):
        return getattr(import_module(f"{__name__}.files"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
