"""Which rows are held out: equal rows stay together, so that a row of weight 2 and the row given twice split alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from ..exc import DataError
from .rows import Rows

__all__ = ["hold_out"]

_LEAST = 4
"""How many different rows a split needs: two to learn from and two to be judged by."""


def hold_out(
    rows: Rows, fraction: float, *, rng: np.random.RandomState, stratify: bool, where: str
) -> tuple[Rows, Rows]:
    """Divide rows into those to learn from and those to be judged by.

    Where all rows differ and none has a weight of its own, it is `sklearn.model_selection.train_test_split`.

    Args:
        rows: without any of weight 0.
        fraction: the share of the second part, which has two rows at least.
        rng: draws the order.
        stratify: whether labels are classes, which both parts are to have alike, if there are enough of each.
        where: the name of the estimator, for errors.

    Raises:
        DataError: fewer than four different rows.
    """
    first, group = _groups(rows)
    count = len(first)
    if count < _LEAST:
        raise DataError(
            code="LN661",
            where=where,
            saw=f"n_samples={len(rows)}, {count} of them different, of which {fraction:.0%} are to be held out",
            why=f"it takes {_LEAST} different rows to learn from some and be judged by others",
            fix="more rows; validation_data=(X_valid, y_valid); or no early_stopping and no calibrate",
        )
    held = min(max(math.ceil(fraction * count - 1e-9), 2), count - 2)
    labels = rows.y[first].reshape(count, -1)[:, 0] if stratify else None
    train, valid = train_test_split(
        np.arange(count), test_size=held, random_state=rng, stratify=_usable(labels, held, count)
    )
    if group is None:
        return rows.part(train), rows.part(valid)
    inside = np.isin(group, valid)
    return rows.part(np.flatnonzero(~inside)), rows.part(np.flatnonzero(inside))


def _usable(labels: np.ndarray | None, held: int, count: int) -> np.ndarray | None:
    """The classes, if there are enough of each for both parts."""
    if labels is None:
        return None
    counts = np.unique(labels, return_counts=True)[1]
    return labels if counts.min() > 1 and len(counts) <= min(held, count - held) else None


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
