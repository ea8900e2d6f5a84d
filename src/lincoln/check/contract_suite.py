"""The whole layer contract as one suite: what holds for the built-in layers can be asked of a user's own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from .. import arrays, modes
from ..admission import example_shape
from ..arrays import Array
from ..exc import CheckError
from ..foreign import ForeignParameter
from ..initializers import Shape
from ..layer import Layer
from ..tables import table
from .batches import copied, each_part, named_parts, packed, scaled_input, unpacked
from .gradients import gradient_report
from .probe import Probe, in_dtype, undisturbed

__all__ = ["ContractReport", "check_layer"]

_LARGE = 100.0
"""The size of the largest input at which float32 must not overflow where float64 does not: exp(100) is too large."""
_MODERATE = 1e30


@dataclass
class ContractReport:
    """What `check_layer` found: true if the layer keeps every part of the contract; ``str(report)`` is the table.

    Attributes:
        rows: the name of each part and what is wrong with it: nothing, if it holds.
    """

    title: str
    rows: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every part of the contract holds."""
        return not any(problem for _, problem in self.rows)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        cells = [[name, "NO" if problem else "yes"] for name, problem in self.rows]
        problems = [f"{name}: {problem}" for name, problem in self.rows if problem]
        return "\n".join([f"contract of {self.title}", table(["part", "ok"], cells), *problems])


def check_layer(layer: Layer, input_shape: Shape, *, input: Any = None, seed: int = 0) -> ContractReport:
    """Print whether a layer keeps the contract, part by part, and return it too. Works on copies of the layer.

    Args:
        layer: built or not.
        input_shape: of a batch, batch axis first, with two examples or more.
        input: a batch to use instead of random numbers, such as integers, or a tuple of several inputs.
        seed: of the random numbers.

    Returns:
        A `ContractReport`, true if all parts hold.

    >>> from lincoln import layers
    >>> check_layer(layers.Linear(3), (4, 2)).ok
    contract of Linear(3)
    part                      ok
    gradients                 yes
    batch of one              yes
    float32 in, float32 out   yes
    non-contiguous input      yes
    inputs left unchanged     yes
    passes do not interfere   yes
    output shape as declared  yes
    inference                 yes
    saved and loaded          yes
    twin                      yes
    True
    """
    report = contract_report(layer, input_shape, input=input, seed=seed)
    print(report)  # noqa: T201
    return report


def contract_report(layer: Layer, input_shape: Shape, *, input: Any = None, seed: int = 0) -> ContractReport:
    """As `check_layer`, without printing.

    >>> from lincoln import layers
    >>> contract_report(layers.ReLU(), (4, 2)).ok
    True
    """
    if input is None:
        input = arrays.hand_out(np.random.default_rng(seed).normal(size=input_shape))
    report = ContractReport(repr(layer) if "\n" not in repr(layer) else type(layer).__name__)
    with undisturbed():
        bench = _Bench(layer, input, seed)
        report.rows = [(name, _problem(part, bench)) for name, part in _PARTS.items()]
    return report


def _problem(part: Callable[[_Bench], None], bench: _Bench) -> str:
    """What is wrong with one part of the contract; nothing if it holds."""
    try:
        part(bench)
    except CheckError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


class _Bench:
    """A layer to be copied and a batch to be used, so that each part of the suite starts afresh."""

    def __init__(self, layer: Layer, input: Array, seed: int) -> None:
        built = copy.deepcopy(layer)
        built.seed = seed
        with modes.evaluation():
            built(_in_dtype(copied(input), "float32"))
        self.layer: Layer = _moved(built.forget(), input, seed)
        self._pristine = _in_dtype(copied(input), "float64")
        self.seed = seed

    @property
    def input(self) -> Any:
        """The batch, copied each time: a layer that changes its input in place changes nobody else's."""
        return copied(self._pristine)

    @property
    def first_row(self) -> Any:
        """A batch of one."""
        return each_part(lambda part: part[:1], self.input)

    def fresh(self) -> Layer:
        return copy.deepcopy(self.layer)

    def output_grad(self, output: Any) -> Any:
        return unpacked(np.random.default_rng(self.seed + 1).normal(size=packed(output).shape), output)

    def run(self, layer: Layer, input: Array) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """One pass both ways: the output, and the gradients of the input and of every parameter."""
        with modes.recording():
            output = layer.forward(input)
            layer.backward(self.output_grad(output))
        layer.vector.collect()
        grads = {name: np.array(arrays.numpy(p.grad)) for name, p in layer.named_parameters()}
        for name, _, grad in named_parts(input, layer.input_grad):
            if grad is not None:
                grads[name] = np.array(arrays.numpy(grad))
        return packed(output), grads


def _gradients(bench: _Bench) -> None:
    report = gradient_report(bench.fresh(), bench.input, seed=bench.seed)
    _demand(report.ok, str(report))


def _batch_of_one(bench: _Bench) -> None:
    layer = bench.fresh().eval()
    one, _ = bench.run(layer, bench.first_row)
    several, _ = bench.run(bench.fresh().eval(), bench.input)
    _close("the output of one example alone and in its batch", one, several[:1])


def _dtypes(bench: _Bench) -> None:
    if not any(arrays.kind(part) == "float" for _, part, _ in named_parts(bench.input)):
        return
    for dtype in ("float32", "float64"):
        layer = in_dtype(bench.layer, dtype)
        input = _in_dtype(bench.input, dtype)
        output = layer.forward(input)
        input_grad = layer.backward(_in_dtype(bench.output_grad(output), dtype))
        results = [(name.replace("input", "output"), part) for name, part, _ in named_parts(output)]
        results += [(f"{name}_grad", grad) for name, _, grad in named_parts(input, input_grad)]
        for name, array in results:
            if array is not None:
                _demand(arrays.dtype_name(array) == dtype, f"{dtype} in, but {name} is {arrays.dtype_name(array)}")
    _no_overflow(bench)


def _no_overflow(bench: _Bench) -> None:
    """Large inputs in float32: where float64 has a moderate result, float32 has one too."""
    largest = max(float(np.abs(arrays.numpy(part)).max()) for _, part, _ in named_parts(bench.input)) or 1.0
    for size in (_LARGE, -_LARGE):
        large = scaled_input(bench.input, bench.layer, partial(np.full, fill_value=size / largest))
        exact, rounded = (_results(bench, large, dtype) for dtype in ("float64", "float32"))
        for name, right in exact.items():
            is_lost = np.isfinite(right) & (np.abs(right) < _MODERATE) & ~np.isfinite(rounded[name])
            where = f"at an input of {_LARGE:g}, where float64 gives a number"
            _demand(not is_lost.any(), f"{name} overflows in float32 {where}")


def _results(bench: _Bench, input: Any, dtype: str) -> dict[str, np.ndarray]:
    """The output and all gradients in evaluation, in that dtype."""
    layer = in_dtype(bench.layer, dtype).eval()
    with np.errstate(all="ignore"):
        output, grads = bench.run(layer, _in_dtype(input, dtype))
    return {"the output": output} | {f"the gradient of {name}": grad for name, grad in grads.items()}


def _non_contiguous(bench: _Bench) -> None:
    strided = each_part(lambda part: arrays.namespace(part).stack([part, part], axis=-1)[..., 0], bench.input)
    contiguous, grads = bench.run(bench.fresh(), bench.input)
    odd, odd_grads = bench.run(bench.fresh(), strided)
    _close("outputs of a contiguous and of a strided input", odd, contiguous)
    for name, grad in grads.items():
        _close(f"gradients of {name} for a contiguous and for a strided input", odd_grads[name], grad)


def _unchanged(bench: _Bench) -> None:
    layer = bench.fresh()
    input = bench.input
    output = layer.forward(input)
    kept = packed(output)
    grad = bench.output_grad(output)
    layer.backward(grad)
    for (name, now, _), (_, before, _) in zip(named_parts(input), named_parts(bench.input), strict=True):
        _demand(np.array_equal(arrays.numpy(now), arrays.numpy(before)), f"the {name} was changed in place")
    _demand(np.array_equal(packed(output), kept), "backward changed the output in place")
    untouched = packed(bench.output_grad(output))
    _demand(np.array_equal(packed(grad), untouched), "backward changed output_grad in place")


def _no_interference(bench: _Bench) -> None:
    layer = bench.fresh().eval()
    first, first_grads = bench.run(layer, bench.input)
    bench.run(layer, bench.first_row)
    layer.clear_grad()
    again, again_grads = bench.run(layer, bench.input)
    _close("outputs of the same batch, with another batch between", again, first)
    for name, grad in first_grads.items():
        _close(f"gradients of {name}, with another batch between", again_grads[name], grad)


def _output_shape(bench: _Bench) -> None:
    layer = bench.fresh()
    for batch in (bench.input, bench.first_row):
        output = layer.forward(batch)
        given, found = (len(part[0] if isinstance(part, tuple) else part) for part in (batch, output))
        _demand(given == found, f"the output has {found} rows for {given} examples")
        shape, declared = example_shape(output), layer.output_shape
        _demand(shape == declared, f"the output of an example is {shape}, output_shape says {declared}")


def _inference(bench: _Bench) -> None:
    layer = bench.fresh().eval()
    in_eval = packed(layer.forward(bench.input))
    layer.forget().train()
    with modes.evaluation():
        output = packed(layer.forward(bench.input))
    _close("outputs of eval() and of inference()", output, in_eval)
    _demand(layer.last_input is None, "inference() left last_input on the layer")


def _saved(bench: _Bench) -> None:
    layer = bench.fresh().eval()
    output = packed(layer.forward(bench.input))
    double = copy.deepcopy(layer)
    _demand(double.last_input is None, "a copy holds the data of the last pass")
    _close("outputs of the layer and of its copy", packed(double.forward(bench.input)), output)
    other = bench.fresh().eval().load_state_dict(layer.state_dict())
    _close("outputs after load_state_dict", packed(other.forward(bench.input)), output)


def _twin(bench: _Bench) -> None:
    layer = bench.fresh().eval()
    if any(isinstance(parameter, ForeignParameter) for _, parameter in layer.named_parameters()):
        return  # a layer that keeps bare arrays has no twin: it refuses to make one
    _, alone = bench.run(layer, bench.input)
    layer.clear_grad()
    twin = layer.twin()
    bench.run(layer, bench.input)
    with modes.accumulating():
        bench.run(twin, bench.input)
    layer.vector.collect()
    for name, parameter in layer.named_parameters():
        _close(f"the gradient of {name} after layer and twin", arrays.numpy(parameter.grad), 2 * alone[name])


_PARTS: dict[str, Callable[[_Bench], None]] = {
    "gradients": _gradients,
    "batch of one": _batch_of_one,
    "float32 in, float32 out": _dtypes,
    "non-contiguous input": _non_contiguous,
    "inputs left unchanged": _unchanged,
    "passes do not interfere": _no_interference,
    "output shape as declared": _output_shape,
    "inference": _inference,
    "saved and loaded": _saved,
    "twin": _twin,
}


def _moved(layer: Layer, input: Any, seed: int) -> Layer:
    """The layer in float64, away from its initial values where that can be."""
    try:
        probe = Probe(layer, input, seed=seed, moved=True)
        probe.replay()
        moved: Layer = probe.network.forget()
    except Exception:
        moved = in_dtype(layer, "float64")
    return moved


def _in_dtype(input: Any, dtype: str) -> Any:
    return each_part(lambda part: arrays.astype(part, dtype) if arrays.kind(part) == "float" else part, input)


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CheckError(otherwise)


def _close(what: str, one: np.ndarray, other: np.ndarray) -> None:
    _demand(one.shape == other.shape, f"{what} differ in shape: {one.shape}, {other.shape}")
    scale = max(float(np.abs(other).max(initial=0.0)), 1e-12)
    difference = float(np.abs(one - other).max(initial=0.0))
    _demand(difference <= 1e-9 * scale, f"{what} differ by {difference:.2g}")
