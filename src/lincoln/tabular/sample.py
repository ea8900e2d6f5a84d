"""Quantiles of a column that comes in chunks, and the bins that follow from them."""

from __future__ import annotations

import numpy as np

__all__ = ["Sample", "bin_edges"]


class Sample:
    """The values themselves while there are at most ``size`` of them; of more, so many drawn uniformly   (Vitter 1985)

    Algorithm R: the t-th value takes a random place among t; if that is one of the kept ones, it replaces it.

    Args:
        size: how many values are kept.
        seed: of the drawing.

    Attributes:
        values: what is kept, float64.
        seen: how many values there have been.

    >>> sample = Sample(100, seed=0)
    >>> sample.add(np.arange(3.0))
    >>> sample.values
    array([0., 1., 2.])
    """

    def __init__(self, size: int, *, seed: int) -> None:
        self.size = size
        self.rng = np.random.default_rng(seed)
        self.values = np.zeros(0)
        self.seen = 0

    def add(self, values: np.ndarray) -> None:
        """See more values."""
        room = min(self.size - len(self.values), len(values))
        if room:
            self.values = np.concatenate([self.values, values[:room]])
        rest = values[room:]
        places = self.rng.integers(0, np.arange(self.seen + room, self.seen + len(values)) + 1) if len(rest) else rest
        kept = places < self.size
        self.values[places[kept].astype(np.int64)] = rest[kept]
        self.seen += len(values)


def bin_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """At most ``bins`` + 1 increasing edges between which the values are spread as evenly as they can be.

    A value that is more frequent than a bin's share counts as one bin's share only, so that the many equal values of a
    column leave bins for the others. Where there are no more different values than edges, these are the edges.

    >>> bin_edges(np.array([0.0, 0.0, 0.0, 0.0, 5.0, 6.0, 7.0, 8.0]), 2)
    array([0.  , 5.25, 8.  ])
    """
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= bins + 1:
        return different
    mass = counts.astype(np.float64)
    for _ in range(2):
        mass = np.minimum(mass, mass.sum() / bins)
    middle = np.cumsum(mass) - mass / 2
    edges: np.ndarray = np.unique(np.interp(np.linspace(middle[0], middle[-1], bins + 1), middle, different))
    return edges
