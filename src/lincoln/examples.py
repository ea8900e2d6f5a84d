"""One small example of every public layer and loss, which the tests, ``lincoln check`` and the docs go through."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from . import layers, losses
from .layer import Layer

__all__ = [
    "CODES",
    "LAST_AXIS",
    "LAYERS",
    "LOSSES",
    "SEVERAL",
    "Draw",
    "LayerExample",
    "LossExample",
    "Shape",
    "classes",
    "codes_last",
    "counts",
    "normal",
    "truths",
]

Shape: TypeAlias = tuple[int, ...]
Draw: TypeAlias = Callable[[np.random.Generator, Shape], np.ndarray]
"""A function of a random generator and a shape that draws a batch, or labels for outputs of that shape."""

LAST_AXIS: tuple[Shape, ...] = ((2, 1), (1, 3), (2, 7), (2, 3, 4), (2, 1, 2, 3))
"""Shapes of a batch for every layer that works on the last axis alone."""
SEVERAL = LAST_AXIS[1:]
"""The same with more than one feature: of a single one nothing but rounding is left when its mean is taken off."""
CODES = (3, 4)
"""How many categories the last two columns hold in the example of `lincoln.layers.ColumnEmbedding`."""


# ---------------------------------------------------------------------- batches and labels


def normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Real numbers."""
    return rng.normal(size=shape)


def codes_last(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Real numbers, but in the last two columns categories, three in the first of them and four in the second."""
    return np.concatenate([rng.normal(size=(*shape[:-1], shape[-1] - 2)), rng.integers(0, CODES, (*shape[:-1], 2))], -1)


def truths(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """A label 0 or 1 for each output."""
    return rng.integers(0, 2, size=shape).astype(float)


def counts(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """A count for each output."""
    return rng.poisson(2.0, size=shape).astype(float)


def classes(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """The number of a class for each row of outputs."""
    return rng.integers(0, shape[-1], size=shape[:-1])


# ---------------------------------------------------------------------- rows


@dataclass(frozen=True)
class LayerExample:
    """A layer and batches for it.

    Attributes:
        layer: not built; `fresh` gives a copy to be used.
        input: the shape of a batch.
        others: more shapes that it takes.
        draw: makes a batch.
        training: whether the test compares what the layer does in training, where it differs.

    >>> LAYERS[0].name
    'Linear(4) (3, 5)'
    >>> LAYERS[0].fresh()(LAYERS[0].batch((3, 5))).shape
    (3, 4)
    """

    layer: Layer
    input: Shape
    others: tuple[Shape, ...] = LAST_AXIS
    draw: Draw = normal
    training: bool = False

    @property
    def name(self) -> str:
        """The layer and the shape in one line."""
        shown = re.sub(r"(?<=\() | (?=\))", "", re.sub(r"\s+", " ", repr(self.layer)))
        return f"{shown} {self.input}{' in training' * self.training}"

    @property
    def covers(self) -> str:
        """The name of the class."""
        return type(self.layer).__name__

    def fresh(self) -> Layer:
        """A new layer like this one."""
        return copy.deepcopy(self.layer)

    def batch(self, shape: Shape, *, seed: int = 0) -> np.ndarray:
        """A batch of that shape, in float64."""
        return self.draw(np.random.default_rng(seed), shape)


@dataclass(frozen=True)
class LossExample:
    """A loss, the network that it is made for, and its labels.

    Attributes:
        loss: makes the loss from a network.
        ending: the last activation of the network; None where the loss takes outputs as they are.
        labels: draws labels for outputs of a shape.
        outputs: how many the network has.

    >>> LOSSES[0].name, LOSSES[0].network()
    ('LogLoss() of 1', Dense(1, seed=0))
    """

    loss: Callable[..., losses.Loss]
    ending: str | None
    labels: Draw
    outputs: int = 3

    @property
    def name(self) -> str:
        """The loss and the number of outputs in one line."""
        return f"{self.loss(layers.Sequential())!r} of {self.outputs}"

    @property
    def covers(self) -> str:
        """The name of the class."""
        return type(self.loss(layers.Sequential())).__name__

    def network(self, *, seed: int = 0) -> Layer:
        """A small network whose outputs the loss takes."""
        return layers.Dense(self.outputs, activation=self.ending, seed=seed)


# ---------------------------------------------------------------------- the table

LAYERS: tuple[LayerExample, ...] = (
    LayerExample(layers.Linear(4), (3, 5)),
    LayerExample(layers.Sigmoid(), (3, 5)),
    LayerExample(layers.Tanh(), (3, 5)),
    LayerExample(layers.ReLU(), (3, 5)),
    LayerExample(layers.LeakyReLU(), (3, 5)),
    LayerExample(layers.ELU(), (3, 5)),
    LayerExample(layers.SiLU(), (3, 5)),
    LayerExample(layers.GELU(), (3, 5)),
    LayerExample(layers.Softplus(), (3, 5)),
    LayerExample(layers.LogSigmoid(), (3, 5)),
    LayerExample(layers.Softmax(), (3, 5)),
    LayerExample(layers.LogSoftmax(), (3, 5)),
    LayerExample(layers.Dense(3, activation="tanh"), (3, 5)),
    LayerExample(layers.Sequential(layers.Linear(4), layers.Tanh(), layers.Linear(2)), (3, 5)),
    LayerExample(
        layers.Residual(layers.Linear(4), layers.Tanh(), layers.Linear(5)), (3, 5), others=((2, 5), (2, 3, 5))
    ),
    LayerExample(layers.Parallel(layers.Linear(2), layers.Dense(3, "tanh")), (3, 5)),
    LayerExample(layers.Flatten(), (3, 2, 4), others=((2, 1), (3,), (2, 3, 1, 2))),
    LayerExample(layers.Reshape(2, 3), (4, 6), others=((2, 3, 2), (1, 6))),
    LayerExample(layers.Dropout(0.4), (3, 5)),
    LayerExample(layers.BatchNorm(), (6, 5), training=True),
    LayerExample(layers.LayerNorm(), (3, 5), others=SEVERAL),
    LayerExample(
        layers.ColumnEmbedding(CODES, sizes=(2, 3)),
        (6, 4),
        others=((2, 3), (1, 5), (5, 2), (2, 3, 4)),
        draw=codes_last,
    ),
)
"""Every public layer."""


def _fourth_power(p: Any, y: Any) -> Any:
    return (p - y) ** 4 / 4


def _cube(p: Any, y: Any) -> Any:
    return (p - y) ** 3


LOSSES: tuple[LossExample, ...] = (
    LossExample(losses.LogLoss, "sigmoid", truths, outputs=1),
    LossExample(losses.LogSigmoidLoss, "log_sigmoid", truths, outputs=1),
    LossExample(losses.SigmoidCrossEntropy, None, truths, outputs=1),
    LossExample(losses.CrossEntropy, "softmax", classes),
    LossExample(losses.NLLLoss, "log_softmax", classes),
    LossExample(losses.SoftmaxCrossEntropy, None, classes),
    LossExample(losses.MeanSquaredError, None, normal),
    LossExample(losses.MeanAbsoluteError, None, normal),
    LossExample(losses.Huber, None, normal),
    LossExample(losses.Quantile, None, normal),
    LossExample(losses.Poisson, None, counts),
    LossExample(partial(losses.Custom, value=_fourth_power, derivative=_cube), None, normal),
)
"""Every public loss."""
