"""Probabilities that mean what they say: one temperature, found on rows that were held out."""

from __future__ import annotations

import numpy as np

from .. import functional

__all__ = ["best_temperature", "cooled", "log_ratios"]

_HOTTEST = 100.0


def cooled(p: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / T) for classes along the last axis, σ(logit p / T) for one column   (Guo, Pleiss et al. 2017)

    The order of the classes stays the same. T > 1 makes a network less sure of itself.

    >>> cooled(np.array([[0.2, 0.8]]), 2.0).round(4)
    array([[0.3333, 0.6667]])
    """
    if temperature == 1.0:
        return p
    return np.asarray(functional.softmax(_log(p) / temperature))


def best_temperature(p: np.ndarray, labels: np.ndarray, weights: np.ndarray | None) -> float:
    """T > 0 with the least -Σ w log softmax(log p / T) at the labels, between 1/100 and 100.

    The loss is convex in β = 1 / T, and its derivative Σ w (E[log p] - log p at the label), E being the mean under
    the probabilities at that temperature, is brought to 0 by bisection.

    Args:
        p: probabilities, ``(n, classes)``.
        labels: the number of each row's class, ``(n,)``.
        weights: ``(n,)``, or None.

    >>> best_temperature(np.array([[0.1, 0.9]] * 4), np.array([1, 1, 1, 0]), None)
    2.0
    """
    z = _log(np.asarray(p, dtype=np.float64))
    chosen = z[np.arange(len(z)), labels]
    w = np.ones(len(z)) if weights is None else weights

    def slope(beta: float) -> float:
        return float(w @ ((functional.softmax(beta * z) * z).sum(axis=1) - chosen))

    low, high = np.log(1.0 / _HOTTEST), np.log(_HOTTEST)
    if slope(float(np.exp(low))) >= 0.0:
        return _HOTTEST
    if slope(float(np.exp(high))) <= 0.0:
        return 1.0 / _HOTTEST
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if slope(float(np.exp(middle))) > 0.0 else (middle, high)
    return float(np.round(np.exp(-low), 12))


def log_ratios(p: np.ndarray) -> np.ndarray:
    """log p₁ / p₀ of pairs along the last axis.

    >>> log_ratios(np.array([[0.5, 0.5], [0.2, 0.8]])).round(4)
    array([0.    , 1.3863])
    """
    z = _log(p)
    return np.asarray(z[..., 1] - z[..., 0])


def _log(p: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(p, np.finfo(p.dtype).tiny)))
