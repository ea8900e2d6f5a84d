"""The gradients that ``lincoln check`` compares with differences: those of every example, or of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import examples
from ..check import GradientReport, gradient_report
from ..exc import MatchError

__all__ = ["all_reports", "model_reports"]


def all_reports(seed: int) -> Iterator[tuple[str, GradientReport]]:
    """The report of every layer, then of every loss, by its name."""
    for row in examples.LAYERS:
        layer = row.fresh()
        layer.seed = seed
        yield row.covers, gradient_report(layer, row.batch(row.input, seed=seed), seed=seed)
    rng = np.random.default_rng(seed)
    for each in examples.LOSSES:
        x, y = rng.normal(size=(3, 4)), each.labels(rng, (3, each.outputs))
        yield each.covers, gradient_report(each.loss(each.network(seed=seed)), x, y, seed=seed)


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


def _labels_for(loss: Any, network: Any, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Labels of the kind that the loss takes."""
    outputs = np.asarray(network(x))
    draw = {row.covers: row.labels for row in examples.LOSSES}.get(type(loss).__name__, examples.truths)
    return draw(rng, outputs.shape)
