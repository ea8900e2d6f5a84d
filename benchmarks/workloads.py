"""The work that is measured: five networks, their data, their optimizer, as every contestant has to do them."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np


class Workload(NamedTuple):
    """A network of dense layers with ReLU between them, softmax cross-entropy after them, and data to train it on.

    Attributes:
        features, hidden, classes: the sizes of the input, of each hidden layer and of the output.
        examples, batch: rows of the data, and how many of them a step learns from.
        optimizer, lr: ``"sgd"`` without momentum or ``"adam"`` with its usual constants, and the learning rate.
    """

    name: str
    features: int
    hidden: tuple[int, ...]
    classes: int
    examples: int
    batch: int
    optimizer: str
    lr: float

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """``(n_in, n_out)`` of each linear layer."""
        widths = (self.features, *self.hidden, self.classes)
        return list(pairwise(widths))

    @property
    def steps(self) -> int:
        """Steps in an epoch: whole batches only."""
        return self.examples // self.batch

    def data(self, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Standard normal features; the class is the largest of the first ones.   -> (n, features), (n,)"""
        x = np.random.default_rng(seed).standard_normal((self.examples, self.features), dtype=np.float32)
        return x, x[:, : self.classes].argmax(axis=1)

    def start(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights and bias of each layer for the contestants that have no initializer: He et al. 2015."""
        rng = np.random.default_rng(0)
        return [
            (rng.standard_normal((n_in, n_out), dtype=np.float32) * np.sqrt(2 / n_in, dtype=np.float32), zeros(n_out))
            for n_in, n_out in self.sizes
        ]


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, dtype=np.float32)


WORKLOADS = {
    work.name: work
    for work in (
        Workload("tiny", 30, (10,), 2, 569, 128, "sgd", 0.01),
        Workload("tab", 50, (128, 128), 2, 20_000, 256, "adam", 1e-3),
        Workload("seed3", 784, (50,), 10, 6_000, 64, "sgd", 0.01),
        Workload("mnist", 784, (500,), 10, 12_800, 128, "sgd", 0.003),
        Workload("deep", 784, (1024, 1024), 10, 5_120, 256, "adam", 1e-3),
    )
}
