"""Gradients against central differences, in float64: element by element, and along a random direction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import arrays
from ..exc import DataError
from ..initializers import Shape
from ..layer import Layer
from ..tables import table
from .causes import likely_cause
from .probe import KINK, Probe

__all__ = ["GradientReport", "GradientRow", "check_gradients", "gradient_report", "measure", "numeric_derivative"]

_EVERY_ELEMENT = 256


@dataclass
class GradientRow:
    """One array's gradient: where analytic and numeric value differ most, and the whole array's relative error.

    The relative error is the largest difference over the largest gradient of the array, or over the smallest gradient
    that can be measured, where rounding drowns that one.
    """

    name: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    error: float
    ok: bool
    cause: str = ""


@dataclass
class GradientReport:
    """What `check_gradients` found: true if every gradient is right; ``str(report)`` is the table.

    Attributes:
        rows: one `GradientRow` for the input and each parameter.
        worst: the largest relative error.
    """

    title: str
    tolerance: float
    rows: list[GradientRow] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return all(row.ok for row in self.rows)

    @property
    def worst(self) -> float:
        """The largest relative error."""
        return max((row.error for row in self.rows), default=0.0)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        cells = [
            [row.name, f"{row.analytic:.6g}", f"{row.numeric:.6g}", f"{row.error:.1e}", "yes" if row.ok else "NO"]
            for row in self.rows
        ]
        lines = [
            f"gradients of {self.title}",
            table(["parameter", "analytic", "numeric", "relative error", "ok"], cells),
        ]
        for row in self.rows:
            if not row.ok:
                place = f"[{', '.join(map(str, row.index))}]" if row.index else ""
                lines.append(f"{row.name}{place} is wrong: {row.analytic:.6g}, not {row.numeric:.6g}")
                lines.append(f"  likely cause: {row.cause}")
        return "\n".join(lines)


def check_gradients(
    subject: Any,
    input: Any = None,
    labels: Any = None,
    *,
    input_shape: Shape | None = None,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> GradientReport:
    """Print a table of analytic against numeric gradients, with the likely cause of what is wrong; return it too.

    Works on a copy in float64: nothing of the subject changes.

    Args:
        subject: a layer, a network, or a loss (whose network is checked with it).
        input: a batch of inputs, few rows being best; not needed if ``input_shape`` is given.
        labels: for a loss.
        input_shape: of a batch, batch axis first, to be filled with random numbers.
        tolerance: the largest relative error that passes.
        seed: of the random numbers.

    Returns:
        A `GradientReport`, true if all gradients are right.

    Raises:
        DataError: neither input nor input_shape; a loss without labels.

    >>> from lincoln import layers
    >>> report = check_gradients(layers.Sigmoid(), np.array([[0.0, 1.0]]))
    gradients of Sigmoid()
    parameter  analytic   numeric    relative error  ok
    input      ...        ...        ...             yes
    """
    report = gradient_report(subject, input, labels, input_shape=input_shape, tolerance=tolerance, seed=seed)
    print(report)  # noqa: T201
    return report


def gradient_report(
    subject: Any,
    input: Any = None,
    labels: Any = None,
    *,
    input_shape: Shape | None = None,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> GradientReport:
    """As `check_gradients`, without printing.

    >>> from lincoln import layers
    >>> gradient_report(layers.Linear(3), input_shape=(4, 2)).ok
    True
    """
    rng = np.random.default_rng(seed)
    if input is None and input_shape is not None:
        input = arrays.hand_out(rng.normal(size=input_shape))
    is_loss = not isinstance(subject, Layer)
    if input is None or (is_loss and labels is None):
        raise DataError(
            code="LN150",
            where="check_gradients",
            saw="no input" if input is None else "a loss without labels",
            why="gradients are checked at a batch",
            fix="check_gradients(layer, x), check_gradients(layer, input_shape=(4, 3)) or check_gradients(loss, x, y)",
        )
    probe = Probe(subject, input, labels, seed=seed)
    title = f"{subject!r} on {probe.network!r}" if is_loss else repr(subject)
    rows = measure(probe, tolerance=tolerance, rng=rng)
    return GradientReport(title if "\n" not in title else type(subject).__name__, tolerance, rows)


def measure(probe: Probe, *, tolerance: float, rng: np.random.Generator) -> list[GradientRow]:
    """A `GradientRow` for every array that the probe can nudge."""
    analytic = probe.analytic()
    names = sorted(probe.places, key=lambda name: not name.startswith("input"))
    return [_row(probe, name, analytic[name], tolerance=tolerance, rng=rng) for name in names]


def _row(probe: Probe, name: str, analytic: np.ndarray, *, tolerance: float, rng: np.random.Generator) -> GradientRow:
    indices = list(np.ndindex(analytic.shape))
    if len(indices) > _EVERY_ELEMENT:
        chosen = rng.choice(len(indices), size=_EVERY_ELEMENT // 4, replace=False)
        indices = [indices[i] for i in chosen]
    numeric = analytic.copy()
    for index in indices:
        numeric[index] = numeric_derivative(probe, name, index, float(analytic[index]), tolerance=tolerance)
    scale = max(float(np.abs(analytic).max()), float(np.abs(numeric).max()), probe.noise / tolerance) or 1.0
    difference = np.abs(analytic - numeric)
    worst = tuple(int(i) for i in np.unravel_index(difference.argmax(), difference.shape))
    row = GradientRow(
        name, worst, float(analytic[worst]), float(numeric[worst]), float(difference[worst]) / scale, ok=True
    )
    if row.error <= tolerance and len(indices) < analytic.size:
        _check_direction(probe, row, analytic, tolerance=tolerance, rng=rng)
    row.ok = row.ok and row.error <= tolerance and bool(np.isfinite(difference).all())
    if not row.ok and not row.cause:
        examples = len(probe.output_grad) if probe.output_grad.ndim else len(probe.input)
        row.cause = likely_cause(analytic, numeric, examples=examples, output_grad=probe.output_grad)
    return row


def numeric_derivative(probe: Probe, name: str, where: Any, analytic: float, *, tolerance: float) -> float:
    """The central difference; at a kink the analytic value itself, if it lies between the slopes of both sides."""
    central = probe.slope(name, where)
    scale = max(abs(central), abs(analytic), 1e-3)
    if abs(central - analytic) <= tolerance * scale:
        return central
    left, right = probe.sides(name, where)
    if abs(left - right) <= KINK * scale and probe.is_smooth(name, where, within=0.1 * tolerance * scale):
        return central
    if min(left, right) - KINK * scale <= analytic <= max(left, right) + KINK * scale:
        return analytic
    return (left + right) / 2


def _check_direction(
    probe: Probe, row: GradientRow, analytic: np.ndarray, *, tolerance: float, rng: np.random.Generator
) -> None:
    """A few evaluations that see every element of a large array: the slope along one random direction.

    Where many elements have a kink at once it says nothing.
    """
    direction = rng.normal(size=analytic.shape)
    direction /= np.linalg.norm(direction)
    expected = float((analytic * direction).sum())
    slope = numeric_derivative(probe, row.name, direction, expected, tolerance=tolerance)
    scale = max(float(np.linalg.norm(analytic)) / np.sqrt(analytic.size), abs(expected), probe.noise / tolerance) or 1.0
    error = abs(slope - expected) / scale
    if error > tolerance and not probe.has_kink(row.name, direction, scale):
        row.ok, row.index, row.analytic, row.numeric, row.error = False, (), expected, slope, error
        row.cause = "some element outside the sample of single elements: the slope along a random direction is wrong"
