"""The check that runs by itself: each user-written layer, once, in the first training step of its network."""

from __future__ import annotations

import os
import warnings

import numpy as np

from .. import arrays
from ..exc import GradientWarning
from ..layer import Layer
from ..tree import walk
from .causes import likely_cause
from .gradients import numeric_derivative
from .probe import Probe, undisturbed

__all__ = ["check_user_layers"]

_ROWS = 4
_TOLERANCE = 1e-4


def check_user_layers(network: Layer) -> None:
    """Check the gradients of every layer inside that is not Lincoln's own, and warn of what is wrong.

    In float64, on the first rows of the batch that has just gone forward, along one random direction for the input
    and for each parameter. ``LINCOLN_CHECKS=off`` in the environment switches it off.

    Warns:
        GradientWarning: a layer's backward pass disagrees with its forward pass; with the likely cause.

    >>> from lincoln import layers
    >>> check_user_layers(layers.ReLU())
    """
    if os.environ.get("LINCOLN_CHECKS", "").lower() == "off":
        return
    for layer in walk(network):
        if not layer.own and layer.last_input is not None:
            problem = _problem(layer)
            if problem:
                warnings.warn(
                    f"{layer!r}: backward disagrees with forward. {problem}. "
                    "lnc.check_gradients(layer, x) shows every number; LINCOLN_CHECKS=off switches this check off.",
                    GradientWarning,
                    stacklevel=4,
                )


def _problem(layer: Layer) -> str:
    """What is wrong with a layer's gradients, or nothing: where the layer fails, the real pass will say so itself."""
    rows = layer.last_input
    rows = tuple(part[:_ROWS] for part in rows) if isinstance(rows, tuple) else rows[:_ROWS]
    with undisturbed():
        try:
            probe = Probe(layer, rows)
            if not np.array_equal(probe.outputs(), probe.outputs()):
                return ""
            if _changes_its_input(probe):
                return "forward changes its input in place, which other layers and the data still need"
            analytic = probe.analytic()
        except Exception:
            return ""
        rng = np.random.default_rng(0)
        for name in probe.places:
            problem = _direction_problem(probe, name, analytic[name], rng)
            if problem:
                return problem
    return ""


def _changes_its_input(probe: Probe) -> bool:
    """Whether forward writes into what it is given; tried on the batch and on its mirror image."""
    place = probe.places.get("input")
    if place is None:
        return False
    given = arrays.copied(place)
    for batch in (given, -given):
        place[...] = batch
        probe.outputs()
        if not np.array_equal(arrays.numpy(place), arrays.numpy(batch)):
            return True
    place[...] = given
    return False


def _direction_problem(probe: Probe, name: str, analytic: np.ndarray, rng: np.random.Generator) -> str:
    direction = rng.normal(size=analytic.shape)
    expected = float((analytic * direction).sum())
    scale = max(float(np.linalg.norm(analytic)), 1e-8)
    slope = probe.slope(name, direction)
    scale = max(scale, abs(slope))
    if abs(slope - expected) <= _TOLERANCE * scale + probe.noise:
        return ""
    left, right = probe.sides(name, direction)
    if min(left, right) - _TOLERANCE * scale <= expected <= max(left, right) + _TOLERANCE * scale:
        return ""
    numeric = _every_element(probe, name, analytic)
    if probe.has_kink(name, direction, scale) and np.abs(numeric - analytic).max() <= _TOLERANCE * scale:
        return ""
    cause = likely_cause(analytic, numeric, examples=len(probe.output_grad), output_grad=probe.output_grad)
    what = name.replace("input", "input_grad") if name.startswith("input") else f"The gradient of parameter {name}"
    return f"{what} is wrong; likely cause: {cause}"


def _every_element(probe: Probe, name: str, analytic: np.ndarray) -> np.ndarray:
    """All derivatives of a small array, or those of its first elements: enough to recognize a pattern."""
    numeric = np.array(analytic)
    for index in list(np.ndindex(analytic.shape))[:256]:
        numeric[index] = numeric_derivative(probe, name, index, float(analytic[index]), tolerance=_TOLERANCE)
    return numeric
