"""Which rows are held out. Equal rows can stay together: then a row of weight 2 and the row given twice split alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from ..exc import DataError
from .rows import Rows

__all__ = ["hold_out"]

_LEAST = 4
"""How many rows a split needs: two to learn from and two to be judged by."""


def hold_out(
    rows: Rows, fraction: float, *, rng: np.random.RandomState, stratify: bool, together: bool, where: str
) -> tuple[Rows, Rows]:
    """Divide rows into those to learn from and those to be judged by.

    It is `sklearn.model_selection.train_test_split`, but for ``together``, for a second part of two rows where the
    fraction would be one, and for classes of one row.

    Args:
        rows: without any of weight 0 if ``together``.
        fraction: the share of the second part, which has two rows at least.
        rng: draws the order.
        stratify: whether labels are classes, which both parts are to have alike, if there are enough rows. The row of
            a class that has no other is learned from.
        together: whether equal rows stay together; then each counts once.
        where: the name of the estimator, for errors.

    Raises:
        DataError: too few rows.
    """
    first, group = _groups(rows) if together else (np.arange(len(rows)), None)
    count = len(first)
    held = max(math.ceil(fraction * count), 2)
    if held >= count or (count < _LEAST and fraction * count <= 1):
        different = f", {count} of them different" if together else ""
        raise DataError(
            code="LN661",
            where=where,
            saw=f"n_samples={len(rows)}{different}, of which {fraction:.0%} are to be held out",
            why="The validation set is too small, or what is left: it takes rows to learn from, and two others",
            fix="more rows; validation_data=(X_valid, y_valid); or no early_stopping and no calibrate",
        )
    labels = rows.y[first].reshape(count, -1)[:, 0] if stratify else None
    train, valid = _divided(count, held, labels, rng)
    if group is None:
        return rows.part(train), rows.part(valid)
    inside = np.isin(group, valid)
    return rows.part(np.flatnonzero(~inside)), rows.part(np.flatnonzero(inside))


def _divided(
    count: int, held: int, labels: np.ndarray | None, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the rows to learn from, and of those held out."""
    rows, alone = np.arange(count), np.arange(0)
    if labels is not None:
        _, group, counts = np.unique(labels, return_inverse=True, return_counts=True)
        single = counts[group] == 1
        if (counts > 1).sum() <= min(held, count - held - single.sum()):
            rows, alone, labels = rows[~single], rows[single], labels[~single]
        else:
            labels = None
    train, valid = train_test_split(rows, test_size=held, random_state=rng, stratify=labels)
    return np.concatenate([train, alone]), np.asarray(valid)


def _groups(rows: Rows) -> tuple[np.ndarray, np.ndarray | None]:
    """One row of each group of equal rows, and each row's group; None where every row is its own."""
    n = len(rows)
    _, first, group = np.unique(_digests(rows), return_index=True, return_inverse=True)
    weights = rows.weights
    if len(first) == n and (weights is None or bool((weights == weights[0]).all())):
        return np.arange(n), None
    return first, group


def _digests(rows: Rows) -> np.ndarray:
    """A number for each row that is the same for equal rows, and nearly certainly another for others."""
    mixer = np.random.default_rng(0)
    constants = mixer.integers(1, 2**63, size=rows.x.shape[1], dtype=np.uint64) | np.uint64(1)
    if isinstance(rows.x, np.ndarray):
        digests = (_mixed(rows.x) * constants).sum(axis=1, dtype=np.uint64)
    else:
        ends = np.concatenate([[np.uint64(0)], np.cumsum(_mixed(rows.x.data) * constants[rows.x.indices])])
        digests = ends[rows.x.indptr[1:]] - ends[rows.x.indptr[:-1]]
    for column in rows.y.reshape(len(rows), -1).T:
        digests = digests * np.uint64(0x9E3779B97F4A7C15) + _mixed(column)
    return np.asarray(digests)


def _mixed(values: Any) -> np.ndarray:
    """Numbers with their bits spread; 0 stays 0, so that a sparse matrix need not be filled in."""
    bits = (values + 0.0).astype(np.float64).view(np.uint64)
    bits = (bits ^ (bits >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed: np.ndarray = bits ^ (bits >> np.uint64(32))
    return mixed
