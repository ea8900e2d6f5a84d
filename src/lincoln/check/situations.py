"""The passes in which a wrong gradient hides: other batches, other sizes, the other mode, float32, large gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from .. import arrays
from ..tree import walk
from .batches import changed_input, each_part, named_parts, scaled_input
from .measuring import QUICK, GradientRow, measure
from .probe import Probe, gradients_of, in_dtype

__all__ = ["further_rows", "what_varies"]

_MANY = 66
_LARGEST = 100_000
_FACTOR = 2.0**13
_DIGITS = 1e-4
"""How far float32 may be from float64, relative to the largest gradient of an array."""

_BLUR = 1e-6
_BLURRED = 20.0
"""How many times a change of the inputs by that share of them, about ten roundings, may show in float32."""

Rows = list[GradientRow]


def what_varies(probe: Probe) -> list[str]:
    """Why two passes over the same batch differ: nothing, once the layers' attributes are put back before each."""
    if _repeats(probe):
        return []
    probe.replay.note_attributes()
    if _repeats(probe):
        return []
    probe.replay.note_global_generators()
    source = "a global generator, such as np.random" if _repeats(probe) else "a generator that the layer does not keep"
    return [
        f"forward is stochastic: it gives other outputs for the same input, from {source}. "
        "The check can repeat what the layer's own generator draws: self.rng = self.generator() in setup, "
        "then self.rng.normal(size=...) in forward"
    ]


def further_rows(probe: Probe, rows: Rows, *, tolerance: float, rng: np.random.Generator) -> tuple[Rows, list[str]]:
    """Look at a right layer in one situation after another; where it is wrong, the rows say in which."""

    def look(there: Probe) -> Rows:
        return measure(there, tolerance=tolerance, rng=rng, effort=QUICK)

    for name, situation in _SITUATIONS.items():
        when = name or f"in {'evaluation' if probe.network._training else 'training'}"
        try:
            found = situation(probe, look)
        except Exception as error:
            told = " ".join(line.strip() for line in str(error).splitlines())
            return rows, [f"backward fails {when}: {type(error).__name__}: {told}"]
        wrong = {row.name: row for row in found if not row.ok}
        if wrong:
            for row in wrong.values():
                row.when = when
            return [wrong.get(row.name, row) for row in rows], []
    return rows, []


def _repeats(probe: Probe) -> bool:
    return np.array_equal(probe.outputs(), probe.outputs(), equal_nan=True)


def _look_at(probe: Probe, input: Any, labels: Any, look: Callable[[Probe], Rows]) -> Rows:
    """The rows at another batch; none if the layer does not take it."""
    try:
        there = probe.at(input, labels)
        is_finite = bool(np.isfinite(there.outputs()).all())
    except Exception:
        return []
    return look(there) if is_finite else []


# ---------------------------------------------------------------------- the situations


def _large_gradients(probe: Probe, look: Callable[[Probe], Rows]) -> Rows:
    """The way back is linear: ten times the output gradient gives ten times every gradient."""
    if probe.is_loss:
        return []
    once, rows = probe.analytic(), []
    for times in (_FACTOR, 1 / _FACTOR):
        scaled = {name: grad / times for name, grad in probe.analytic(times=times).items()}
        for name in probe.places:
            allowed = 1e-9 * float(np.abs(once[name]).max(initial=0.0))
            rows.append(_compared(name, scaled[name], once[name], allowed, _NOT_LINEAR))
    return rows


_NOT_LINEAR = (
    "not proportional to output_grad: it is clipped, rounded, or output_grad enters otherwise than as a factor"
)


def _another_batch(probe: Probe, look: Callable[[Probe], Rows]) -> Rows:
    order = np.arange(_length(probe.input))[::-1].copy()
    return _look_at(probe, changed_input(probe.input, probe.network, seed=6, rows=order), _labels(probe, order), look)


def _larger_inputs(probe: Probe, look: Callable[[Probe], Rows]) -> Rows:
    """Up to ten times larger numbers, where a function has its far ends."""
    rng = np.random.default_rng(10)
    larger = scaled_input(probe.input, probe.network, lambda shape: 10 ** rng.uniform(0, 1, size=shape))
    return _look_at(probe, larger, probe.labels, look)


def _learn(probe: Probe, look: Callable[[Probe], Rows]) -> Rows:
    """``learn`` gives parameters the same gradients as ``backward``."""
    right = probe.analytic()
    learned = probe.learned()
    rows = []
    for name, found in learned.items():
        allowed = 1e-9 * float(np.abs(right[name]).max(initial=0.0))
        rows.append(_compared(name, found, right[name], allowed, "learn and backward differ: they go apart here"))
    return rows


def _one_row(probe: Probe, look: Callable[[Probe], Rows]) -> Rows:
    if _length(probe.input) == 1:
        return []
    return _look_at(probe, each_part(lambda part: part[:1], probe.input), _labels(probe, np.arange(1)), look)


def _many_rows(probe: Probe, look: Callable[[Probe], Rows]) -> Rows:
    rows = _length(probe.input)
    if rows >= _MANY or _MANY * max(math.prod(part.shape[1:]) for _, part, _ in named_parts(probe.input)) > _LARGEST:
        return []
    order = np.arange(_MANY) % rows
    return _look_at(probe, changed_input(probe.input, probe.network, seed=7, rows=order), _labels(probe, order), look)


def _other_mode(probe: Probe, look: Callable[[Probe], Rows]) -> Rows:
    before, grads = probe.outputs(), probe.analytic()
    with _in_mode(probe, not probe.network._training):
        with suppress(Exception):  # what fails is looked at below
            now = probe.analytic()
            if np.array_equal(probe.outputs(), before) and all(np.array_equal(now[n], grads[n]) for n in probe.places):
                return []
        return _look_at(probe, probe.input, probe.labels, look)


def _single_precision(probe: Probe, look: Callable[[Probe], Rows]) -> Rows:
    """Float32 against float64 at two batches: at one of them a rounded number may fall on the other side of a kink."""
    rows: Rows = []
    with _in_mode(probe, probe.network._training and not probe.replay.draws):
        for seed in (8, 9):
            rows = _rounded(probe, changed_input(probe.input, probe.network, seed=seed), seed)
            if all(row.ok for row in rows):
                return []
    return rows


def _rounded(probe: Probe, input: Any, seed: int) -> Rows:
    exactly = _in_dtype(_in_dtype(input, "float32"), "float64")
    probe.replay()
    try:
        single = in_dtype(probe.subject, "float32")
        double = in_dtype(single, "float64")
        right = gradients_of(double, exactly, probe.labels, probe.output_grad)
        near = gradients_of(double, _blurred(exactly, seed), probe.labels, probe.output_grad)
        found = gradients_of(single, _in_dtype(exactly, "float32"), probe.labels, probe.output_grad)
    except Exception:
        return []
    rows: Rows = []
    given = 1.0 if probe.is_loss else float(np.abs(probe.output_grad).max(initial=0.0))
    for name, exact in right.items():
        largest = float(np.abs(exact).max(initial=0.0))
        # small gradients may be what is left of large ones, of the size of output_grad
        allowed = _DIGITS * max(largest, given) + _BLURRED * float(np.abs(near[name] - exact).max(initial=0.0))
        if 1e-25 < largest < 1e25 and np.isfinite(allowed):
            rows.append(_compared(name, found[name], exact, allowed, _LOST))
    return rows


_LOST = "lost in float32: a number that float32 cannot hold, or a dtype that is written down in the code"

# the other mode has its name from the one that the layer is in
_SITUATIONS: dict[str, Callable[[Probe, Callable[[Probe], Rows]], Rows]] = {
    "when output_grad is large or small": _large_gradients,
    "in learn": _learn,
    "at another batch after the first": _another_batch,
    "at larger inputs": _larger_inputs,
    "in a batch of one": _one_row,
    f"in a batch of {_MANY}": _many_rows,
    "": _other_mode,
    "in float32": _single_precision,
}


# ---------------------------------------------------------------------- batches, labels, rows


def _compared(name: str, found: np.ndarray, right: np.ndarray, allowed: float, cause: str) -> GradientRow:
    """A row for gradients that are to be equal."""
    difference = np.abs(found - right)
    worst = tuple(int(i) for i in np.unravel_index(difference.argmax(), difference.shape))
    one, other = float(found[worst]), float(right[worst])
    largest = float(np.abs(right).max(initial=0.0))
    ok = bool((difference <= allowed).all())
    return GradientRow(name, worst, one, other, float(difference[worst]) / (largest or 1.0), ok, "" if ok else cause)


def _length(input: Any) -> int:
    return min(len(part) for _, part, _ in named_parts(input))


def _labels(probe: Probe, order: np.ndarray) -> Any:
    """The labels of those rows."""
    if not probe.is_loss:
        return None
    return (probe.labels if arrays.library(probe.labels) else np.asarray(probe.labels))[order]


def _in_dtype(input: Any, dtype: str) -> Any:
    return each_part(lambda part: arrays.astype(part, dtype) if arrays.kind(part) == "float" else part, input)


def _blurred(input: Any, seed: int) -> Any:
    """The real numbers moved by as much as float32 rounds them a few times."""
    rng = np.random.default_rng(seed)

    def blurred(part: Any) -> Any:
        noise = rng.uniform(-_BLUR, _BLUR, size=tuple(part.shape))
        return part * arrays.like(1 + noise, part) if arrays.kind(part) == "float" else part

    return each_part(blurred, input)


@contextmanager
def _in_mode(probe: Probe, training: bool) -> Iterator[None]:
    """All layers in training, or in evaluation, and back again."""
    before = [(layer, layer._training) for layer in walk(probe.network)]
    try:
        for layer, _ in before:
            layer.set_training(training)
        yield
    finally:
        for layer, was in before:
            layer.set_training(was)
