"""Splitting data into a part to learn from and a part to test with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import arrays
from ..exc import DataError
from .reading import check_lengths

__all__ = ["train_test_split"]


def train_test_split(
    features: Any,
    labels: Any,
    *,
    weights: Any = None,
    test_size: float = 0.2,
    stratify: bool = True,
    seed: int | np.random.Generator | None = None,
) -> tuple[Any, ...]:
    """Features and labels in random order, divided into ``x_train, x_test, y_train, y_test``.

    Args:
        features, labels: arrays, lists, DataFrames or tensors of the same length; each part is of the same kind.
        weights: of the examples; if they are given, ``weights_train, weights_test`` come after the others.
        test_size: the share of the test part, between 0 and 1, rounded up; or, as an integer, its number of examples.
        stratify: give each class the same share in both parts, as nearly as whole examples allow, and every class at
            least one training example. Labels that are floating-point numbers other than 0 and 1, and labels of
            several columns, are not classes: they are split without regard to their values.
        seed: of the random order.

    Raises:
        MatchError: more or fewer labels or weights than examples.
        DataError: ``test_size`` leaves nothing for one of the parts, or a class has only one example.

    >>> x_train, x_test, y_train, y_test = train_test_split(np.eye(10), [0] * 5 + [1] * 5, seed=0)
    >>> x_train.shape, y_test.tolist()
    ((8, 10), [0, 1])
    """
    check_lengths(features, labels, where="train_test_split")
    if weights is not None:
        check_lengths(features, weights, where="train_test_split", name="weights")
    n = len(labels)
    n_test = _check_test_size(test_size, n)
    rng = np.random.default_rng(seed)
    classes = _classes(labels) if stratify else None
    if classes is None:
        order = rng.permutation(n)
        test, train = order[:n_test], order[n_test:]
    else:
        test, train = _stratified(classes, n_test, rng)
    wanted = (features, labels) if weights is None else (features, labels, weights)
    return tuple(_take(values, rows) for values in wanted for rows in (train, test))


def _stratified(classes: np.ndarray, n_test: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the test part and of the training part, each in random order."""
    quotas = _quotas(np.bincount(classes), n_test)
    test, train = [], []
    for number, quota in enumerate(quotas):
        rows = rng.permutation(np.flatnonzero(classes == number))
        test.append(rows[:quota])
        train.append(rows[quota:])
    return rng.permutation(np.concatenate(test)), rng.permutation(np.concatenate(train))


def _quotas(counts: np.ndarray, n_test: int) -> np.ndarray:
    """How many test examples each class gives: its share, the largest remainders rounded up, one always kept back."""
    if n_test > counts.sum() - len(counts):
        raise _bad_test_size(
            f"{n_test} test examples of {counts.sum()}", f"each of the {len(counts)} classes keeps one to learn from"
        )
    shares = counts * (n_test / counts.sum())
    quotas: np.ndarray = np.minimum(np.floor(shares), counts - 1).astype(np.int64)
    while quotas.sum() < n_test:
        wanting = np.where(quotas < counts - 1, shares - quotas, -np.inf)
        quotas[np.argmax(wanting)] += 1
    return quotas


def _classes(labels: Any) -> np.ndarray | None:
    """The class of every example as a number from 0; None where the labels are not classes."""
    values = arrays.numpy(labels)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or (values.dtype.kind == "f" and not np.isin(values, (0, 1)).all()):
        return None
    try:
        names, classes, counts = np.unique(values, return_inverse=True, return_counts=True)
    except TypeError as error:
        raise DataError(
            code="LN225",
            where="train_test_split",
            saw=f"labels of different types: {', '.join(sorted({type(value).__name__ for value in values}))}",
            why="they cannot be told apart as classes; a missing label is often a float among strings",
            fix="leave rows without a label out, or stratify=False",
        ) from error
    if counts.min() < 2:
        raise DataError(
            code="LN224",
            where="train_test_split",
            saw=f"only one example of class {names[np.argmin(counts)]}",
            why="a class cannot be both learned and tested with one example",
            fix="leave the class out, or merge it with another; stratify=False if the labels are not classes",
        )
    return np.asarray(classes)


def _check_test_size(test_size: float, n: int) -> int:
    whole = isinstance(test_size, int | np.integer)
    n_test = int(test_size) if whole else math.ceil(n * test_size - 1e-9) if 0 < test_size < 1 else 0
    if not 0 < n_test < n:
        raise _bad_test_size(f"test_size={test_size!r} of {n} examples", "each part needs at least one example")
    return n_test


def _bad_test_size(saw: str, why: str) -> DataError:
    return DataError(
        code="LN223",
        where="train_test_split",
        saw=saw,
        why=why,
        fix="a share between 0 and 1, such as test_size=0.2; or a number of examples, such as test_size=100",
    )


def _take(values: Any, rows: np.ndarray) -> Any:
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if arrays.library(values) == "torch":
        return values[arrays.namespace(values).asarray(rows, device=values.device)]
    return np.asarray(values)[rows]
