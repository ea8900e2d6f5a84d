"""From a wrong gradient to its likely cause, where the layer itself can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import arrays
from .causes import likely_cause, same
from .differences import numeric_derivative
from .probe import Probe

__all__ = ["suspect"]

_ELEMENTS = 64


def suspect(probe: Probe, name: str, analytic: np.ndarray, numeric: np.ndarray, *, tolerance: float) -> str:
    """The likely cause of a wrong gradient: as `likely_cause`, and what experiments with the layer tell.

    Args:
        probe: of the layer.
        name: of the array whose gradient is wrong.
        analytic, numeric: its gradient, as the layer gives it and as it should be.
        tolerance: the largest relative error that passes.
    """
    if name in probe.booleans:
        return "a boolean: the mask itself was returned, not output_grad * mask"
    back = -0.5 * analytic
    if not probe.is_loss and analytic.any() and np.isfinite(analytic).all():
        back = probe.analytic(times=-0.5)[name]
        if same(back, analytic):
            return "output_grad is unused: this is the local derivative alone"
    if not numeric.any() and analytic.any() and _is_remembered(probe, name):
        return "the output is remembered from an earlier pass: forward does not look at the numbers that it is given"
    cause = likely_cause(
        analytic,
        numeric,
        examples=_examples(probe),
        output_grad=probe.output_grad,
        input=_first_input(probe),
    )
    if cause.startswith(_VAGUE):
        cause = _factor(probe, analytic, numeric) or _experiment(probe, name, analytic, tolerance) or cause
    if cause.startswith("no known") and not same(back, -0.5 * analytic):
        return "not proportional to output_grad: twice the output_grad does not give twice the gradient"
    return cause


_VAGUE = ("no known pattern", "a mask", "transposed", "passed on", "one place alone")
"""The beginnings of causes that an experiment may name better."""


def _examples(probe: Probe) -> int:
    first = probe.input[0] if isinstance(probe.input, tuple) else probe.input
    return len(first) if probe.is_loss or not probe.output_grad.ndim else len(probe.output_grad)


def _first_input(probe: Probe) -> np.ndarray:
    return np.array(arrays.numpy(probe.input[0] if isinstance(probe.input, tuple) else probe.input))


def _is_remembered(probe: Probe, name: str) -> bool:
    """Whether another array with other numbers gives other outputs, where the same array with others does not."""
    if not name.startswith("input") or isinstance(probe.input, tuple):
        return False
    return not np.array_equal(probe.at(probe.input * 0.5, probe.labels).outputs(), probe.outputs())


def _factor(probe: Probe, analytic: np.ndarray, numeric: np.ndarray) -> str:
    """Which array the gradient lacks as a factor, or has once too often."""
    for name, place in probe.places.items():
        value = np.array(arrays.numpy(place))
        if value.size < 2 or value.ndim > analytic.ndim or value.shape != analytic.shape[-value.ndim :]:
            continue
        lacking, extra = _ratio(numeric, analytic * value), _ratio(analytic, numeric * value)
        if lacking:
            return f"a factor forgotten: times {_times(lacking)}{name} it would be right"
        if extra:
            return f"a factor too many: it is {_times(extra)}{name} times what it should be"
    return ""


def _ratio(one: np.ndarray, other: np.ndarray) -> float:
    """The number that one array is of another; 0 if there is none."""
    at = np.unravel_index(np.abs(other).argmax(), other.shape)
    factor = float(one[at] / other[at]) if other[at] else 0.0
    return factor if factor and same(one, factor * other) else 0.0


def _times(factor: float) -> str:
    return "" if abs(factor - 1) < 1e-4 else f"{factor:.5g} "


def _experiment(probe: Probe, name: str, analytic: np.ndarray, tolerance: float) -> str:
    """Which change of one parameter would make this gradient right: the layer has gone back through that one."""
    if analytic.size > _ELEMENTS * 4 or any(True for _ in probe.network.children()):
        return ""
    for other, place in probe.places.items():
        if other == name or other.startswith("input"):
            continue
        value = np.array(arrays.numpy(place))
        for cause, changed in _changes(other, value):
            if not same(changed, value) and _explains(probe, name, other, changed, analytic, tolerance):
                return cause
    return ""


def _changes(name: str, value: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield f"a factor forgotten: right if {name} were 1", np.ones_like(value)
    yield f"a term forgotten: right if {name} were 0", np.zeros_like(value)
    if value.ndim >= 2 and value.shape[-1] == value.shape[-2]:
        turned = np.swapaxes(value, -1, -2)
        yield (
            f"not transposed: right if {name} were {name}.T, as in output_grad @ {name} for output_grad @ {name}.T",
            turned,
        )
    for axis in range(value.ndim):
        if value.shape[axis] > 1:
            yield f"flipped: right if {name} were reversed along axis {axis}", np.flip(value, axis)
    yield f"the sign of a parameter: right if {name} were -{name}", -value


def _explains(probe: Probe, name: str, other: str, changed: np.ndarray, analytic: np.ndarray, tolerance: float) -> bool:
    """Whether the gradient would be right with another value of that parameter; a few elements tell."""
    parameter = dict(probe.network.named_parameters())[other]
    kept = arrays.copied(parameter.value)
    order: list[Any] = list(np.ndindex(analytic.shape))[:_ELEMENTS]
    try:
        parameter.value = arrays.like(changed, kept)
        numeric = [numeric_derivative(probe, name, i, float(analytic[i]), tolerance=tolerance) for i in order]
    finally:
        parameter.value = kept
    return same(np.array([analytic[i] for i in order]), np.array(numeric))
