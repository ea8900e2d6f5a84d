"""Passes under watch: what goes into each layer and comes out of it is copied, and compared when the layer is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import arrays, tree
from ..layer import Layer
from .batches import changed_input, copied
from .probe import Probe

__all__ = ["Call", "Watch", "changes_in_place"]


@dataclass
class Call:
    """One layer's pass both ways, as it was: copies, and beside them the arrays that the layer returned."""

    input: Any
    output: Any
    output_copy: Any
    output_grad: Any = None
    input_grad: Any = None
    input_grad_copy: Any = None


@dataclass
class Watch:
    """The layers of a network under watch.

    Attributes:
        calls: the last `Call` of each layer, by the layer's id.
        changes: what was changed in place, each in one sentence.
    """

    network: Layer
    calls: dict[int, Call] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Put the watch around every layer's passes, and take it away again."""
        layers = list(tree.paths(self.network))
        for path, layer in layers:
            title = _title(path, layer)
            layer.__dict__["forward"] = self._forward(layer, title)
            layer.__dict__["backward"] = self._backward(layer, title, "backward")
            layer.__dict__["learn"] = self._backward(layer, title, "learn")
        try:
            yield
        finally:
            for _, layer in layers:
                for name in ("forward", "backward", "learn"):
                    layer.__dict__.pop(name, None)

    def _forward(self, layer: Layer, title: str) -> Callable[[Any], Any]:
        method = layer.forward

        def forward(input: Any) -> Any:
            before, known = copied(input), len(self.changes)
            held = _own_values(layer)
            output = method(input)
            if len(self.changes) == known:
                self._compare(f"{title}: forward changes its input in place", input, before, _mend("input"))
                self._compare_values(f"{title}: forward", layer, held)
                self._compare_outputs(layer, title)
            self.calls[id(layer)] = Call(before, output, copied(output))
            return output

        return forward

    def _backward(self, layer: Layer, title: str, name: str) -> Callable[[Any], Any]:
        method = getattr(layer, name)

        def backward(output_grad: Any) -> Any:
            before, known = copied(output_grad), len(self.changes)
            held, call = _own_values(layer), self.calls.get(id(layer))
            is_spoiled = call is not None and _differ(call.output, call.output_copy)
            input_grad = method(output_grad)
            if call is None:
                return input_grad
            if len(self.changes) == known and not is_spoiled:
                what = f"{title}: backward changes"
                self._compare(f"{what} output_grad in place", output_grad, before, _mend("output_grad"))
                self._compare(f"{what} output in place", call.output, call.output_copy, _mend("output"))
                self._compare(f"{what} last_input in place", layer.last_input, call.input, _mend("last_input"))
                self._compare_values(f"{title}: backward", layer, held)
            call.output_grad = before
            if name == "backward":
                call.input_grad, call.input_grad_copy = input_grad, copied(input_grad)
            return input_grad

        return backward

    def _compare_outputs(self, layer: Layer, title: str) -> None:
        """Whether the outputs of the layers inside are still what they returned."""
        for name, child in layer.children():
            call = self.calls.get(id(child))
            if call is not None:
                what = f"{title}: forward changes in place what layer {name}, {_short(child)}, has returned"
                why = ", which that layer's backward may still need: output = output + x makes a new array"
                self._compare(what, call.output, call.output_copy, why)

    def compare_with_next(self, call: Call, title: str) -> None:
        """Whether what a pass returned is still there after the next pass."""
        for name, array, kept in (
            ("forward", call.output, call.output_copy),
            ("backward", call.input_grad, call.input_grad_copy),
        ):
            what = f"{title}: {name} writes into the array that it returned before"
            self._compare(what, array, kept, ", which others may still need: return a new array each time")

    def _compare(self, what: str, now: Any, before: Any, mend: str) -> None:
        if _differ(now, before):
            self.changes.append(f"{what}{mend}")

    def _compare_values(self, what: str, layer: Layer, before: dict[str, np.ndarray]) -> None:
        for name, value in _own_values(layer).items():
            if name in before and not np.array_equal(value, before[name], equal_nan=True):
                self.changes.append(f"{what} changes parameter {name} in place, which is the optimizer's to change")


def changes_in_place(probe: Probe) -> tuple[list[str], Watch]:
    """What two passes both ways change that is not theirs to change, and what the first of them has left.

    The passes take copies of the batch.
    """
    watch = Watch(probe.network)
    with watch.watching():
        first = _pass(probe, copied(probe.input), watch)
        calls = dict(watch.calls)
        if not watch.changes:
            with suppress(Exception), _larger_parameters(probe.network):  # which may be none for this layer
                _pass(probe, changed_input(probe.input, probe.network, seed=5), watch)
    if not watch.changes and not first:
        for path, layer in tree.leaves(probe.network):
            if id(layer) in calls:
                watch.compare_with_next(calls[id(layer)], _title(path, layer))
    watch.calls = calls
    return list(dict.fromkeys(watch.changes + first)), watch


def _pass(probe: Probe, input: Any, watch: Watch) -> list[str]:
    """One pass both ways; what a loss has changed, beside the layers."""
    if not probe.is_loss:
        probe.at(input).analytic()
        return []
    found, title, before = [], repr(probe.subject), probe.labels
    one = probe.at(input, before)
    one.analytic()
    if arrays.library(before) and _differ(one.given_labels, before):
        found.append(f"{title} changes the labels in place")
    call = watch.calls.get(id(probe.network))
    if call is not None and not watch.changes and _differ(call.output, call.output_copy):
        found.append(f"{title} changes the predictions in place, which the network still needs")
    return found


@contextmanager
def _larger_parameters(network: Layer) -> Iterator[None]:
    """Larger values for the parameters, and back again: a layer that holds them in bounds has to do so once more."""
    before = [(parameter, arrays.copied(parameter.value)) for _, parameter in network.named_parameters()]
    try:
        for parameter, value in before:
            parameter.value = 1.5 * value
        yield
    finally:
        for parameter, value in before:
            parameter.value = value


def _own_values(layer: Layer) -> dict[str, np.ndarray]:
    """Copies of the parameters of one layer itself."""
    return {
        name: np.array(arrays.numpy(parameter.value))
        for name, parameter in tree.parameters_of(layer)
        if parameter.built
    }


def _differ(now: Any, before: Any) -> bool:
    if isinstance(before, tuple):
        return any(_differ(one, other) for one, other in zip(now, before, strict=True))
    if before is None:
        return False
    one, other = arrays.numpy(now), arrays.numpy(before)
    return one.shape != other.shape or not np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _mend(name: str) -> str:
    return f", which other layers may still need: {name} = {name} * 2 makes a new array, {name} *= 2 does not"


def _title(path: tuple[str, ...], layer: Layer) -> str:
    return f"layer {tree.place(path)}, {_short(layer)}" if path else _short(layer)


def _short(layer: Layer) -> str:
    return repr(layer) if "\n" not in repr(layer) else type(layer).__name__
