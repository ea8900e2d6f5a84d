"""Where the rows of a large table lie in compact form: training rows first, validation rows last, nothing twice."""

from __future__ import annotations

import math
import os

import numpy as np

from ..data import train_test_split
from ..exc import DataError

__all__ = ["in_places", "places_of_rows", "room_for_codes"]

_IN_MEMORY = 512 * 2**20
"""How many bytes of codes are kept in memory; more lie in a temporary file."""


def room_for_codes(rows: int, width: int, *, folder: str | os.PathLike[str] | None = None) -> np.ndarray:
    """An array ``(rows, width)`` of float32 to be filled: in memory, or in a file that vanishes with it if it is large.

    Args:
        rows, width: how large.
        folder: where the file is to lie; the system's folder for temporary files if it is not given.

    >>> room_for_codes(2, 3).shape
    (2, 3)
    """
    if rows * width * 4 <= _IN_MEMORY:
        return np.empty((rows, width), dtype=np.float32)
    import tempfile

    with tempfile.TemporaryFile(dir=folder) as file:  # the mapping keeps it alive
        return np.asarray(np.memmap(file, dtype=np.float32, mode="w+", shape=(rows, width)))


def places_of_rows(
    labels: np.ndarray, share: float, *, stratify: bool, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """For each row its place in the store, and how many of the places, the first ones, are for training.

    Args:
        labels: ``(n,)``.
        share: of the rows that is for validation.
        stratify: whether classes are to have that share each, as far as they have rows enough.
        rng: draws which rows.

    Raises:
        DataError: fewer than two rows.

    >>> places_of_rows(np.arange(4.0), 0.25, stratify=False, rng=np.random.default_rng(0))
    (array([0, 1, 3, 2]), 3)
    """
    n = len(labels)
    if n < 2:
        raise DataError(
            code="LN631",
            where="TabularModel.fit",
            saw=f"a table of {n} row",
            why="rows are compared with each other, and some are held out",
            fix="more rows",
        )
    held_out = min(math.ceil(n * share - 1e-9), n - 1)
    places = np.arange(n)
    if held_out == 0:
        return places, n
    counts = np.bincount(labels) if stratify else np.zeros(0, dtype=np.int64)
    stratify = stratify and counts[counts > 0].min() > 1 and held_out <= n - len(counts)
    train, valid, _, _ = train_test_split(places, labels, test_size=held_out, stratify=bool(stratify), seed=rng)
    places[np.sort(train)] = np.arange(len(train))
    places[np.sort(valid)] = np.arange(len(train), n)
    return places, len(train)


def in_places(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A new array with each row's value in its place.

    >>> in_places(np.array([5, 6, 7]), np.array([0, 2, 1]))
    array([5, 7, 6])
    """
    placed = np.empty_like(values)
    placed[places] = values
    return placed
