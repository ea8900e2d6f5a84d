"""What is wrong with a user's layer, as its first batch shows: gradients, changes in place, what never learns."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from .. import arrays, modes
from ..foreign import ForeignParameter
from ..layer import Layer
from ..parameters import Buffer, Parameter
from ..spelling import lost_axis
from ..tree import keeps_bare_arrays
from .batches import named_parts
from .causes import likely_cause
from .gradients import numeric_derivative
from .probe import Probe
from .same import same

__all__ = ["bare_weights", "gradient_problem", "lost_gradients"]

_ROWS = 4
_TOLERANCE = 1e-4
_OTHERS = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, 1e4))
"""How much of the first batch, and of random numbers, goes in to see whether forward writes into its input.

The first batch may be what forward has made of it already, and would make of it again; a bound may lie above it.
"""

Arrays = dict[str, Any]


def gradient_problem(layer: Layer) -> str:
    """What is wrong with a layer's two passes, or nothing: on a copy in float64, and its last batch's first rows."""
    try:
        return _problem(layer)
    except ValueError as error:
        hint = lost_axis(error)
        if hint:
            return (
                f"an axis is lost on the way, so that numbers of other examples are used: {str(error).strip()}; {hint}"
            )
        raise


def _problem(layer: Layer) -> str:
    probe = Probe(layer, _first_rows(layer))
    problem = _forward_writes(probe)
    if problem:
        return problem
    is_repeatable = same(probe.outputs(), probe.outputs())
    problem = _backward_writes(probe)
    if problem or not is_repeatable:
        return problem
    analytic, rng = probe.analytic(), np.random.default_rng(0)
    for name in probe.places:
        problem = _direction_problem(probe, name, analytic[name], rng)
        if problem:
            return f"backward disagrees with forward. {problem}"
    for name, learned in probe.learned().items():
        if not np.allclose(learned, analytic[name], rtol=1e-6, atol=1e-9 * np.abs(analytic[name]).max(initial=0.0)):
            return f"learn and backward give {name} different gradients: both are to give those of the same formula"
    return ""


def _first_rows(layer: Layer) -> Any:
    """A few rows: another number of them than of features, or what is broadcast along the wrong axis would not show."""
    batch = layer.last_input
    parts = batch if isinstance(batch, tuple) else (batch,)
    sizes = {size for array in (*parts, layer.output) for size in getattr(array, "shape", ())[1:]}
    rows = next(rows for rows in itertools.count(_ROWS) if rows not in sizes)
    return tuple(part[:rows] for part in batch) if isinstance(batch, tuple) else batch[:rows]


# ---------------------------------------------------------------------- changes in place


def _forward_writes(probe: Probe) -> str:
    """Whether forward writes into what it is given; tried on the batch, on its mirror image and on random numbers."""
    parts: Arrays = {name: probe.places.get(name, part) for name, part, _ in named_parts(probe.input)}
    given, rng = _copies(parts), np.random.default_rng(0)
    for own, random in _OTHERS:
        for name in sorted(parts.keys() & probe.places.keys()):
            parts[name][...] = own * given[name] + arrays.like(random * rng.normal(size=given[name].shape), given[name])
        before = _copies(parts)
        with suppress(Exception):  # the layer may refuse such numbers
            probe.outputs()
        if _changed(parts, before):
            return (
                "forward changes its input in place, which other layers and the data still need: "
                "x = input.copy() first, or operations that make a new array (x = x * m for x *= m)"
            )
    for name, part in parts.items():
        part[...] = given[name]
    return ""


def _backward_writes(probe: Probe) -> str:
    """Whether backward writes into what it is given, into what forward has kept, or into the weights."""
    network = probe.network
    with modes.recording():
        probe.outputs()
        output_grad = arrays.like(probe.output_grad, network.output)
        kept = {name: part for name, part, _ in named_parts(network.last_input)}
        weights = {name: parameter.value for name, parameter in network.named_parameters()}
        groups: list[tuple[Arrays, Callable[[str], str]]] = [
            ({"output_grad": output_grad}, lambda name: f"{name} in place, which other layers still need"),
            (kept, lambda name: f"self.last_input in place ({name}), the output of the layer before it"),
            ({"self.output": network.output}, lambda name: f"{name} in place, the input of the layer after it"),
            (weights, lambda name: f"the parameter {name}, which only an optimizer's step changes"),
        ]
        befores = [_copies(group) for group, _ in groups]
        network.clear_grad()
        network.backward(output_grad)
    for (group, says), before in zip(groups, befores, strict=True):
        for name in _changed(group, before):
            return f"backward changes {says(name)}: write the result into a new array (g = output_grad * m)"
    return ""


def _copies(group: Arrays) -> Arrays:
    return {name: arrays.copied(array) for name, array in group.items()}


def _changed(group: Arrays, before: Arrays) -> list[str]:
    return [name for name, array in group.items() if not same(array, before[name])]


# ---------------------------------------------------------------------- gradients


def _direction_problem(probe: Probe, name: str, analytic: np.ndarray, rng: np.random.Generator) -> str:
    direction = rng.random(size=analytic.shape) - 0.5
    expected = float(np.vdot(analytic, direction))
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
    for index in itertools.islice(np.ndindex(analytic.shape), 256 if analytic.size <= 10_000 else 32):
        numeric[index] = numeric_derivative(probe, name, index, float(analytic[index]), tolerance=_TOLERANCE)
    return numeric


# ---------------------------------------------------------------------- what never learns


def lost_gradients(layer: Layer) -> list[str]:
    """What has kept gradients from a layer's parameters in the first way back."""
    found = []
    for name, parameter in vars(layer).items():
        is_learned = isinstance(parameter, Parameter) and not isinstance(parameter, Buffer | ForeignParameter)
        if not is_learned or not parameter.built or parameter.frozen or parameter._fresh:
            continue
        if arrays.numpy(parameter._grad).any():
            found.append(
                f"the gradient of {name} was written into self.{name}.grad, which no optimizer takes for new, "
                f"so that {name} would not learn: self.{name}.accumulate(grad)"
            )
        elif not _names(layer) & {"accumulate", "accumulate_result"}:
            found.append(
                f"{name} got no gradient, so that it does not learn: self.{name}.accumulate(grad) in backward; "
                f"or a Buffer, if it is not to learn"
            )
    return found


def _names(layer: Layer) -> set[str]:
    """Every name that the code of a user's class uses."""
    functions = [
        getattr(value, "__wrapped__", value)
        for kind in type(layer).__mro__
        if kind.__module__.partition(".")[0] != "lincoln"
        for value in vars(kind).values()
    ]
    return {name for function in functions if hasattr(function, "__code__") for name in function.__code__.co_names}


def bare_weights(layer: Layer) -> list[str]:
    """The bare arrays, made by the layer itself, that its output depends on as it would on a weight.

    Not those that a pass makes anew or changes, that the layer was constructed with, or that cannot be written to.
    """
    names = [] if keeps_bare_arrays(layer) else [name for name, _ in _bare_arrays(layer)]
    if not names:
        return []
    probe = Probe(layer, _first_rows(layer))
    twin = probe.network
    before = {name: (array, arrays.copied(array)) for name, array in _bare_arrays(twin) if name in names}
    probe.input = copy.deepcopy(probe.input)  # an attribute that is the input is another one now
    expected = probe.outputs()
    if not same(expected, probe.outputs()):
        return []
    now = dict(_bare_arrays(twin))
    stay = [n for n, (a, values) in before.items() if now.get(n) is a and not _changed({n: a}, {n: values})]
    return [_says_bare(name) for name in stay if _matters(probe, now[name], expected)]


def _says_bare(name: str) -> str:
    return (
        f"self.{name} is a bare array that forward uses like a weight, so that it neither learns nor is saved: "
        f"lnc.Parameter(shape, initializer) in setup, and accumulate in backward, if it is to learn; "
        f"lnc.Buffer(shape, initializer) if it is to stay as it is"
    )


def _bare_arrays(layer: Layer) -> Iterator[tuple[str, Any]]:
    """The arrays of real numbers among a layer's attributes, and in its lists and dictionaries."""
    given = [*layer.arguments[0], *layer.arguments[1].values()]
    for name, value in list(vars(layer).items()):
        if name.startswith("_") or name in layer.records or name in layer._kept or name == "arguments":
            continue
        inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for label, array in [(name, value), *((f"{name}[{key!r}]", item) for key, item in inside)]:
            if _is_weight_like(array) and not any(_is_same(array, other) for other in given):
                yield label, array


def _is_weight_like(array: Any) -> bool:
    is_array = bool(arrays.library(array)) and bool(getattr(array, "shape", ())) and arrays.kind(array) == "float"
    return is_array and bool(getattr(getattr(array, "flags", None), "writeable", True))


def _is_same(array: Any, argument: Any) -> bool:
    """Whether an array is what the layer was constructed with."""
    if array is argument or isinstance(argument, str | int | float | None):
        return array is argument
    try:
        given = np.asarray(arrays.numpy(argument), dtype=np.float32)
        return np.array_equal(np.asarray(arrays.numpy(array), dtype=np.float32), given)
    except Exception:
        return False


def _matters(probe: Probe, array: Any, expected: np.ndarray) -> bool:
    """Whether the outputs change with an array."""
    kept = arrays.copied(array)
    array[...] = kept * 1.25 + 0.125
    outputs = probe.outputs()
    array[...] = kept
    return not same(outputs, expected)
