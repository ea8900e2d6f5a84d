"""Numeric derivatives that know how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from .probe import KINK, Probe

__all__ = ["Slope", "derivative", "directions", "moving_together", "numeric_derivative"]

_STEPS = tuple(2.0**-k for k in (4, 7, 10, 13, 17, 20, 24, 27))
_ROWS = 32
_SIDES = 1e4
"""How many times more than a slope those of the two sides suffer from rounding, their steps being so much shorter."""
_ROUGH = 1e-2
"""How far the slopes of different steps differ where there is a kink among them."""
_TRUSTED = 4.0
"""How many times two steps' disagreement may be the error of what they agree on."""

Slope = tuple[float, float]
"""A derivative, and how large its error may be."""


def numeric_derivative(probe: Probe, name: str, where: Any, analytic: float, *, tolerance: float) -> float:
    """The numeric derivative; at a kink the analytic value itself, if it lies between the slopes of both sides."""
    return derivative(probe, name, where, analytic, tolerance=tolerance)[0]


def derivative(probe: Probe, name: str, where: Any, analytic: float, *, tolerance: float) -> Slope:
    """As `numeric_derivative`, with its error: measured once where that agrees with ``analytic``, else with care.

    The error is 0 at a kink alone.
    """
    value, error = probe.measured_slope(name, where)
    if abs(value - analytic) <= tolerance * max(abs(value), abs(analytic)) + error:
        return value, error
    left, right = probe.sides(name, where)
    rounding = probe.noise * _SIDES
    scale = max(abs(left), abs(right), abs(analytic))
    is_between = min(left, right) - KINK * scale <= analytic <= max(left, right) + KINK * scale
    is_kink = abs(left - right) > KINK * scale + rounding
    if is_kink and is_between:
        return analytic, 0.0
    value, error, spread = _careful(probe, name, where)
    if abs(value - analytic) <= tolerance * max(abs(value), abs(analytic)) + error:
        return value, error
    if is_between and spread > _ROUGH * scale > rounding:
        return analytic, 0.0  # a kink so near that no step but the shortest lies on one side of it
    return ((left + right) / 2, rounding) if is_kink else (value, error)


def _careful(probe: Probe, name: str, where: Any) -> tuple[float, float, float]:
    """The slope at the two neighboring steps that agree best, its error, and how far the slopes of all steps differ.

    Long steps suffer from curvature, short ones from rounding.
    """
    slopes = [probe.measured_slope(name, where, step=step) for step in _STEPS]
    best = (slopes[2][0], float("inf"))
    for (longer, _), (shorter, rounding) in pairwise(slopes):
        error = _TRUSTED * abs(longer - shorter) + rounding
        if error < best[1]:
            best = (shorter, error)
    spread = max(slope for slope, _ in slopes) - min(slope for slope, _ in slopes)
    return (*(best if np.isfinite(best[1]) else slopes[2]), spread)


def directions(shape: tuple[int, ...], rng: np.random.Generator, slices: int) -> Iterator[np.ndarray]:
    """Random directions of a large array: one of all of it, and one of each row and of each column, or of so many."""
    yield _unit(rng.normal(size=shape))
    for axis in {0, len(shape) - 1} if len(shape) > 1 else ():
        length = shape[axis]
        chosen = range(length) if length <= slices else rng.choice(length, size=slices, replace=False)
        for index in chosen:
            direction = np.zeros(shape)
            part: Any = np.moveaxis(direction, axis, 0)[index]
            part[...] = rng.normal(size=part.shape)
            yield _unit(direction)


def moving_together(shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """All numbers of each row together, in one direction: where they tie, as in a maximum, they stay tied."""
    for index in range(min(shape[0], _ROWS) if len(shape) > 1 else 0):
        direction = np.zeros(shape)
        direction[index] = 1.0
        yield _unit(direction)


def _unit(direction: np.ndarray) -> np.ndarray:
    unit: np.ndarray = direction / np.linalg.norm(direction)
    return unit
