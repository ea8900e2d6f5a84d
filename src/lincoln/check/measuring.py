"""Each array's gradient compared with numeric derivatives, every element on its own scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .differences import derivative, directions, moving_together
from .probe import Probe
from .suspects import suspect

__all__ = ["QUICK", "GradientRow", "measure"]

_EVERY_ELEMENT_FOR_A_CAUSE = 2048


@dataclass
class GradientRow:
    """One array's gradient: where analytic and numeric value differ most, and how much.

    The relative error is the difference over the larger of the two values, or over the smallest gradient that can be
    measured, where rounding drowns that one.

    Attributes:
        when: what is special about the pass in which it is wrong, such as ``"in a batch of one"``.
        cause: the likely cause of what is wrong.
    """

    name: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    ok: bool
    cause: str = ""
    when: str = ""


@dataclass(frozen=True)
class Effort:
    """How closely to look.

    Attributes:
        every: the size up to which an array is measured element by element.
        sample: how many single elements of a larger one.
        slices: of how many of its rows and of its columns, beside the whole, a random direction.
    """

    every: int
    sample: int
    slices: int


THOROUGH, QUICK = Effort(256, 64, 32), Effort(12, 0, 2)


def measure(
    probe: Probe, *, tolerance: float, rng: np.random.Generator, effort: Effort = THOROUGH
) -> list[GradientRow]:
    """A `GradientRow` for every array that the probe can nudge."""
    analytic = probe.analytic()
    names = sorted(probe.places, key=lambda name: not name.startswith("input"))
    return [_row(probe, name, analytic[name], tolerance=tolerance, rng=rng, effort=effort) for name in names]


def _row(
    probe: Probe, name: str, analytic: np.ndarray, *, tolerance: float, rng: np.random.Generator, effort: Effort
) -> GradientRow:
    everywhere: list[Any] = list(np.ndindex(analytic.shape))
    is_large = analytic.size > effort.every
    chosen = rng.choice(analytic.size, size=effort.sample, replace=False) if is_large else range(analytic.size)
    numeric, row = _elements(probe, name, analytic, [everywhere[i] for i in chosen], tolerance=tolerance)
    if row.ok and is_large:
        chosen_directions = directions(analytic.shape, rng, effort.slices)
        _check_directions(probe, row, analytic, chosen_directions, _OUTSIDE, tolerance=tolerance)
    if not row.ok and is_large and analytic.size <= _EVERY_ELEMENT_FOR_A_CAUSE:
        numeric, row = _elements(probe, name, analytic, everywhere, tolerance=tolerance)
    if not row.ok and not row.cause:
        row.cause = suspect(probe, name, analytic, numeric, tolerance=tolerance)
    return row


def _elements(
    probe: Probe, name: str, analytic: np.ndarray, indices: list[Any], *, tolerance: float
) -> tuple[np.ndarray, GradientRow]:
    """The numeric derivatives at these indices, the analytic ones at all others; and the row that they give."""
    numeric, errors, kinks = analytic.copy(), np.zeros(analytic.shape), False
    for index in indices:
        numeric[index], rounding = derivative(probe, name, index, float(analytic[index]), tolerance=tolerance)
        kinks = kinks or rounding == 0.0
        scale = max(abs(float(analytic[index])), abs(float(numeric[index]))) + rounding / tolerance
        errors[index] = abs(analytic[index] - numeric[index]) / scale if scale else 0.0
    worst = tuple(int(i) for i in np.unravel_index(errors.argmax(), errors.shape))
    ok = bool((errors <= tolerance).all()) and bool(np.isfinite(analytic).all())
    row = GradientRow(name, worst, float(analytic[worst]), float(numeric[worst]), float(errors[worst]), ok=ok)
    if ok and kinks:
        _check_directions(probe, row, analytic, moving_together(analytic.shape), _TIES, tolerance=tolerance)
    return numeric, row


_OUTSIDE = "some element outside the sample of single elements: the slope along a random direction is wrong"
_TIES = "ties: numbers that tie, as in a maximum, share one gradient, and here each of them has all of it, or none"


def _check_directions(
    probe: Probe,
    row: GradientRow,
    analytic: np.ndarray,
    several: Iterable[np.ndarray],
    cause: str,
    *,
    tolerance: float,
) -> None:
    """The slopes along directions that move many elements at once. Where many have a kink at once they say nothing."""
    for direction in several:
        expected = float((analytic * direction).sum())
        slope, rounding = derivative(probe, row.name, direction, expected, tolerance=tolerance)
        touched = analytic[direction != 0]
        scale = max(float(np.linalg.norm(touched)) / np.sqrt(touched.size), abs(expected)) + rounding / tolerance
        error = abs(slope - expected) / scale if scale else 0.0
        if error > tolerance and not probe.has_kink(row.name, direction, scale):
            row.ok, row.index, row.analytic, row.numeric, row.error = False, (), expected, slope, error
            row.cause = cause
            return
