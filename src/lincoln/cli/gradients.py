"""One small example of every public layer and loss, whose gradients ``lincoln check`` compares with differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..check import GradientReport, gradient_report
from ..exc import MatchError

__all__ = ["all_reports", "model_reports"]

_SHAPE = (3, 4)


def all_reports(seed: int) -> Iterator[tuple[str, GradientReport]]:
    """The report of every layer, then of every loss, by its name."""
    rng = np.random.default_rng(seed)
    for name, make in layer_examples().items():
        yield name, gradient_report(make(), _inputs(name, rng), seed=seed)
    for name, (of_network, ending, labels) in loss_examples().items():
        loss = of_network(_network(ending, seed))
        yield name, gradient_report(loss, rng.normal(size=_SHAPE), labels(rng), seed=seed)


def model_reports(thing: Any, seed: int) -> Iterator[tuple[str, GradientReport]]:
    """The report of a network, or of each network and the loss that a model holds, at random inputs."""
    from ..layer import Layer
    from ..losses import Loss

    network = thing if isinstance(thing, Layer) else getattr(thing, "network", None)
    loss = thing if isinstance(thing, Loss) else getattr(thing, "loss", None)
    if not isinstance(network, Layer) or network.input_shape is None:
        raise MatchError(
            code="LN748",
            where="lincoln check",
            saw=f"a {type(thing).__name__}" + (" that is not built" if isinstance(network, Layer) else ""),
            why="gradients are those of a network that knows the shape of its input",
            fix="a file of a trained model or network",
        )
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, *network.input_shape))
    yield type(network).__name__, gradient_report(network, x, seed=seed)
    if isinstance(loss, Loss):
        yield type(loss).__name__, gradient_report(loss, x, _labels_for(loss, network, x, rng), seed=seed)


def layer_examples() -> dict[str, Callable[[], Any]]:
    """A small example of every public layer that is no base of others."""
    from .. import layers

    special: dict[str, Callable[[], Any]] = {
        "Linear": lambda: layers.Linear(5, seed=0),
        "Dense": lambda: layers.Dense(5, "tanh", seed=0),
        "Sequential": lambda: layers.Sequential(layers.Dense(5, "tanh"), layers.Linear(2), seed=0),
        "Residual": lambda: layers.Residual(layers.Dense(4, "tanh"), seed=0),
        "Parallel": lambda: layers.Parallel(layers.Dense(2, "tanh"), layers.Linear(3), seed=0),
        "Reshape": lambda: layers.Reshape(2, 2),
        "Dropout": lambda: layers.Dropout(0.5, seed=0),
        "ColumnEmbedding": lambda: layers.ColumnEmbedding((3, 5), sizes=(2, 3), seed=0),
    }
    bases = {"Activation", "Container", "Layer", "Rectifier"}
    names = [name for name in layers.__all__ if name not in bases]
    return {name: special.get(name) or getattr(layers, name) for name in names}


def loss_examples() -> dict[str, tuple[Callable[[Any], Any], str | None, Callable[[np.random.Generator], Any]]]:
    """A small example of every public loss, the last activation of its network, and labels."""
    from .. import losses

    special: dict[str, tuple[Callable[[Any], Any], str | None, Callable[[np.random.Generator], Any]]] = {
        "LogLoss": (losses.LogLoss, "sigmoid", _truths),
        "LogSigmoidLoss": (losses.LogSigmoidLoss, "log_sigmoid", _truths),
        "SigmoidCrossEntropy": (losses.SigmoidCrossEntropy, None, _truths),
        "CrossEntropy": (losses.CrossEntropy, "softmax", _classes),
        "NLLLoss": (losses.NLLLoss, "log_softmax", _classes),
        "SoftmaxCrossEntropy": (losses.SoftmaxCrossEntropy, None, _classes),
        "Poisson": (losses.Poisson, None, _counts),
        "Custom": (_log_cosh, None, _values),
    }
    names = [name for name in losses.__all__ if name != "Loss"]
    return {name: special.get(name) or (getattr(losses, name), None, _values) for name in names}


def _network(ending: str | None, seed: int) -> Any:
    from .. import layers

    return layers.Dense(3, ending, seed=seed)


def _inputs(name: str, rng: np.random.Generator) -> np.ndarray:
    values = rng.normal(size=_SHAPE)
    if name == "ColumnEmbedding":
        values[:, -2:] = rng.integers(0, (3, 5), size=(_SHAPE[0], 2))
    return values


def _labels_for(loss: Any, network: Any, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels of the kind that the loss takes."""
    outputs = np.asarray(network(x))
    kinds = {"SoftmaxCrossEntropy": _classes, "CrossEntropy": _classes, "NLLLoss": _classes}
    if type(loss).__name__ in kinds:
        return np.asarray(rng.integers(0, outputs.shape[-1], size=outputs.shape[:-1]))
    return rng.integers(0, 2, size=outputs.shape).astype(np.float64)


def _truths(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 2, size=(_SHAPE[0], 3)).astype(np.float64)


def _classes(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 3, size=_SHAPE[0])


def _counts(rng: np.random.Generator) -> np.ndarray:
    return rng.poisson(2.0, size=(_SHAPE[0], 3)).astype(np.float64)


def _values(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(_SHAPE[0], 3))


def _log_cosh(network: Any) -> Any:
    from .. import losses

    return losses.Custom(network, value=lambda p, y: np.log(np.cosh(p - y)), derivative=lambda p, y: np.tanh(p - y))
