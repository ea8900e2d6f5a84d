"""Gradients against central differences, in float64: element by element, and along random directions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import arrays, tree
from ..exc import DataError
from ..initializers import Shape
from ..layer import Layer
from ..tables import table
from .differences import numeric_derivative
from .measuring import GradientRow, measure
from .probe import Probe, undisturbed
from .situations import further_rows, what_varies
from .watching import Watch, changes_in_place

__all__ = ["GradientReport", "GradientRow", "check_gradients", "gradient_report", "measure", "numeric_derivative"]


@dataclass
class GradientReport:
    """What `check_gradients` found: true if every gradient is right; ``str(report)`` is the table.

    Attributes:
        rows: one `GradientRow` for the input and each parameter; none where a problem leaves nothing to measure.
        problems: what is wrong beside the numbers, such as an array that is changed in place.
        layers: for a network, the reports of the layers inside that are wrong by themselves, each with its place.
        worst: the largest relative error.
    """

    title: str
    tolerance: float
    rows: list[GradientRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    layers: list[tuple[str, GradientReport]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return not self.problems and all(row.ok for row in self.rows)

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
        lines = [f"gradients of {self.title}"]
        if cells:
            lines.append(table(["parameter", "analytic", "numeric", "relative error", "ok"], cells))
        return "\n".join([*lines, *self.findings])

    @property
    def findings(self) -> list[str]:
        """What is wrong, line by line, with the likely causes."""
        lines = list(self.problems)
        for row in self.rows:
            if not row.ok:
                place = f"[{', '.join(map(str, row.index))}]" if row.index else ""
                when = f" {row.when}" if row.when else ""
                lines.append(f"{row.name}{place} is wrong{when}: {row.analytic:.6g}, not {row.numeric:.6g}")
                lines.append(f"  likely cause: {row.cause}")
        for place, report in self.layers:
            lines.append(f"the fault is in layer {place}, {report.title}:")
            lines += [f"  {line}" for line in report.findings]
        return lines


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

    Works on a copy in float64: nothing of the subject changes. The copy's parameters are moved away from their initial
    values, at which many mistakes do not show. It is looked at with the batch, another one, a batch of one and one of
    66 rows, in training and in evaluation, with large and small output gradients, and in float32.

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
    with undisturbed(), np.errstate(all="ignore"):
        probe = Probe(subject, input, labels, seed=seed, moved=True)
        title = f"{subject!r} on {probe.network!r}" if is_loss else repr(subject)
        report = GradientReport(title if "\n" not in title else type(subject).__name__, tolerance)
        _examine(report, probe, rng)
    return report


def _examine(report: GradientReport, probe: Probe, rng: np.random.Generator) -> None:
    """Look for everything, what spoils the measurements first; stop where something is found."""
    report.problems, watch = changes_in_place(probe)
    if report.problems:
        return
    report.problems = what_varies(probe)
    if not report.problems:
        report.rows = measure(probe, tolerance=report.tolerance, rng=rng)
    if report.ok:
        report.rows, report.problems = further_rows(probe, report.rows, tolerance=report.tolerance, rng=rng)
    if not report.ok:
        report.layers = _wrong_layers(report, probe, watch)
        for row in report.rows:
            if report.layers and not row.ok:
                row.cause = f"the fault in layer {', '.join(place for place, _ in report.layers)}, see below"


def _wrong_layers(report: GradientReport, probe: Probe, watch: Watch) -> list[tuple[str, GradientReport]]:
    """The reports of the layers inside that are wrong on their own inputs, as the network has recorded them.

    Layers that hold others are asked only where all those are right, the innermost ones first.
    """
    inside = [(path, layer) for path, layer in tree.paths(probe.network) if path and not layer.own]
    holds = {path[:-1] for path, _ in tree.paths(probe.network) if path}
    for wanted in (
        [each for each in inside if each[0] not in holds],
        sorted((each for each in inside if each[0] in holds), key=lambda each: -len(each[0])),
    ):
        found = [(tree.place(path), _layer_report(layer, watch, report.tolerance)) for path, layer in wanted]
        wrong = [(place, one) for place, one in found if one is not None and not one.ok]
        if wrong:
            return wrong
    return []


def _layer_report(layer: Layer, watch: Watch, tolerance: float) -> GradientReport | None:
    """The report of one layer of a network at the input that it had there; None if it cannot be asked."""
    call = watch.calls.get(id(layer))
    if call is None:
        return None
    title = repr(layer)
    report = GradientReport(title if "\n" not in title else type(layer).__name__, tolerance)
    try:
        _examine(report, Probe(layer, call.input), np.random.default_rng(0))
    except Exception:
        return None
    return report
