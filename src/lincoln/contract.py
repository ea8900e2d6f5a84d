"""What `Layer` wraps around every ``forward``, ``backward`` and ``learn``: checks, building, and recording.

The wrapper builds a layer from its first input, records ``last_input`` and ``output``, compares every shape, and says
where things went wrong. Nothing else stands between a reader and the formula. Where a class calls the method of its
base class, only the wrapper of the most derived one acts.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy import ndarray

from . import arrays, streams, structure, tree
from .admission import admit, admit_grad, check_input_grad, example_shape, returned
from .arrays import Array
from .exc import ContractError, NotRecordedError
from .foreign import touch
from .modes import INFERENCE, RECORDING, blocks, is_accumulating, is_in_doubt, is_recording, mode, shared
from .parameters import STALE, Buffer, Parameter
from .patches import unwrapped, wrappers
from .spelling import explain
from .tracing import find

__all__ = ["admit", "admit_grad", "check_input_grad", "record", "rewrap", "wrap"]

PASSES = ("last_input", "output", "output_grad", "input_grad")
"""The attributes in which every pass is recorded."""

_BLOCK = 256
"""How many examples go through a network at once where nothing is recorded."""

_MISSING = object()

_is_going_back: ContextVar[bool] = ContextVar("is_going_back", default=False)
"""Whether a backward pass is under way, in which gradients add up."""

Formula = Callable[..., Any]


def wrap(cls: Any, base: type) -> None:
    """Wrap the passes that a class writes, or gets from a class that is not a layer, and see which belong together.

    A ``learn`` that was written for another ``backward`` than the class has would leave that one out. In its place
    stands that of the base of all layers, which calls ``backward``.
    """
    order = [next(i for i, c in enumerate(cls.__mro__) if name in vars(c)) for name in ("backward", "learn")]
    for name, wrapper in (("forward", _forward), ("backward", _backward), ("learn", _learn)):
        owner = next(c for c in cls.__mro__ if name in vars(c))
        formula = vars(owner)[name]
        if formula in (vars(owner).get(f"_checked_{name}"), vars(base)[name]):
            continue
        if owner is cls or not issubclass(owner, base):
            checked = wrapper(unwrapped(formula))
            wrappers.add(checked.__code__)
            type.__setattr__(cls, name, checked)
            type.__setattr__(cls, f"_checked_{name}", checked)
    if order[0] < order[1] and not _calls_learn(cls):
        type.__setattr__(cls, "learn", vars(base)["learn"])


def _calls_learn(cls: Any) -> bool:
    """Whether a class's ``backward`` calls ``self.learn``: the two belong together then."""
    code = getattr(unwrapped(cls.backward), "__code__", None)
    return code is not None and "learn" in code.co_names


def rewrap(cls: Any, base: type, name: str) -> None:
    """Wrap a pass that has been replaced on a class; ``learn`` goes on belonging to the class's ``backward``.

    A new ``backward`` puts a ``learn`` aside that was written for the old one, until the old one is back.
    """
    own = vars(cls)
    if name not in ("forward", "backward", "learn"):
        return
    if name not in own and f"_checked_{name}" in own:
        type.__delattr__(cls, f"_checked_{name}")
    if name != "forward":
        aside = own.get("_aside")
        if name == "backward" and aside is not None:
            type.__setattr__(cls, "learn", aside)
        elif name == "backward" and own.get("learn") is vars(base)["learn"]:
            type.__delattr__(cls, "learn")
        type.__setattr__(cls, "_aside", None)
        if name == "backward" in own["_replaced"] and "learn" in own and "learn" not in own["_replaced"]:
            type.__setattr__(cls, "_aside", own["learn"])
            type.__setattr__(cls, "learn", vars(base)["learn"])
    wrap(cls, base)


# ---------------------------------------------------------------------- forward


def _forward(formula: Formula) -> Formula:
    """Check the input, build the layer, record what went in and what came out."""

    @functools.wraps(formula)
    def checked(self: Any, input: Any) -> Any:
        if type(self)._checked_forward is not checked:
            return formula(self, input)
        if type(input) is not ndarray or input.dtype is not self._dtype or input.shape != self._shape:
            traced = find((input,))
            if traced is not None:
                return traced.trace.forward(self, formula, input)
            input = admit(self, input)
            if not self.built:
                return _first_forward(self, formula, input)
        if (blocks() or shared) and _mode_for(self) == INFERENCE:
            return formula(self, input) if self.own and len(input) <= _BLOCK else _inferred(self, formula, input)
        own = self.__dict__
        own["output"] = None  # a pass that fails leaves nothing to go back through
        output = formula(self, input)
        own["last_input"] = input
        own["output"] = output if type(output) is ndarray else returned(self, output)
        own["_went_back"] = False
        learned = self._learned
        for parameter in _learned_by(self) if learned is None else learned:
            if parameter._fresh and not (_is_going_back.get() or is_accumulating()):
                parameter._fresh = STALE
        return output

    return checked


def _learned_by(layer: Any) -> tuple[Parameter, ...]:
    """The parameters of a layer itself, whose gradients each pass replaces; they are looked up once."""
    if layer._learned is None:
        own = layer.__dict__
        own["_learned"] = tuple(p for p in own.values() if isinstance(p, Parameter) and not isinstance(p, Buffer))
    learned: tuple[Parameter, ...] = layer._learned
    return learned


def _mode_for(layer: Any) -> int:
    """The mode of a pass of a layer."""
    if is_in_doubt():
        raise ContractError(
            code="LN129",
            where=repr(layer),
            saw="a call in a thread without a block, while another thread is inside lnc.inference()",
            why="a block holds for the thread that it is in: here the network would train, with dropout on",
            fix="put `with lnc.inference():` inside the function that the thread runs; to train here, "
            "loss(x, y) or `with lnc.recording():`",
        )
    return mode()


def _inferred(self: Any, formula: Formula, input: Any) -> Any:
    """A pass that records nothing; many examples go through Lincoln's own layers in blocks that stay in the cache."""
    if not self.own:
        return _inferred_on_a_copy(self, formula, input)
    if type(input) is ndarray and len(input) > _BLOCK and tree.is_own(self):
        outputs = None
        for start in range(0, len(input), _BLOCK):
            part = formula(self, input[start : start + _BLOCK])
            if type(part) is not ndarray:
                return formula(self, input)
            if outputs is None:
                outputs = np.empty((len(input), *part.shape[1:]), dtype=part.dtype)
            outputs[start : start + _BLOCK] = part
        return outputs
    return returned(self, formula(self, input))


def _inferred_on_a_copy(self: Any, formula: Formula, input: Any) -> Any:
    """A pass of a user's layer, which may set its attributes: other threads see them only when it has ended.

    What it has set is then the layer's. Going back through an earlier pass would use it too, and is refused.
    """
    double = copy.copy(self)
    after = double.__dict__
    before = after.copy()
    output = returned(self, formula(double, input))
    changed = {name: value for name, value in after.items() if before.get(name, _MISSING) is not value}
    gone = before.keys() - after.keys()
    for name in (*PASSES, *double._kept, "_kept"):
        changed.pop(name, None)
    if changed or gone:
        own = self.__dict__
        own.update(changed)
        for name in (*gone, "output"):
            own.pop(name, None)
        self._changed()
    return output


def _first_forward(self: Any, formula: Formula, input: Any) -> Any:
    """The first pass: the outermost layer opens the random streams and, at the end, lays out the parameters."""
    is_outermost, current = not streams.is_building(), _mode_for(self)
    with streams.building(self.seed):
        _construct(self, input)
        try:
            output = returned(self, formula(self, input))
        except (AttributeError, TypeError, ValueError) as error:
            explain(self, error)
            raise
    self.__dict__["output_shape"] = example_shape(output)
    if is_outermost:
        structure.lay_out(self)
    if current == INFERENCE:
        self.forget()
    else:
        record(self, input, output)
    return output


def _construct(layer: Any, input: Any) -> None:
    """Declare a layer's parameters and fill them, or take them from the layer that it is a twin of."""
    own, original = layer.__dict__, layer._twin_of
    streams.streams_of(layer.seed).note(layer)
    own["input_shape"] = example_shape(input)
    if original is not None and not original.built:
        _construct(original, input)
    layer.setup(own["input_shape"])
    if original is not None:
        own.update({name: value for name, value in vars(original).items() if isinstance(value, Parameter)})
    else:
        _fill(layer, input[0] if type(input) is tuple else input)
    own["built"] = True


def _fill(layer: Any, prototype: Array) -> None:
    for name, value in vars(layer).items():
        if isinstance(value, Parameter) and not value.built:
            value.name = value.name or name
            if arrays.kind(prototype) != "float":
                prototype = arrays.astype(prototype, "float32")
            value.fill(streams.streams_of(layer.seed).initial, prototype)


def record(layer: Any, input: Any, output: Any) -> None:
    """Leave on a layer what a pass forward leaves.

    >>> from lincoln.layers import ReLU
    >>> relu = ReLU()
    >>> record(relu, np.zeros(1), np.ones(1))
    >>> relu.output
    array([1.])
    """
    own = layer.__dict__
    own["last_input"], own["output"] = input, returned(layer, output)


class Recorded:
    """An attribute that a pass inside `recording` leaves: after a pass outside of it, it says so and is not None."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, layer: Any, kind: type) -> Any:
        """Called only where no pass has left the attribute."""
        if layer is None or layer.output is None or is_recording():
            return None
        raise NotRecordedError(
            code="LN619",
            where=repr(layer) if "\n" not in repr(layer) else type(layer).__name__,
            saw=f"a question for {self._name}, which the last pass has not kept",
            why="outside of lnc.recording() the gradients between layers are let go: training needs less memory",
            fix="with lnc.recording(): loss(x, y); loss.backward()",
        )


# ---------------------------------------------------------------------- backward


def _whole_pass(layer: Any, checked: Formula, output_grad: Any) -> Any:
    """The outermost call of a way back. A second one through the same pass gives the gradients anew."""
    if layer._went_back and not is_accumulating():
        for _, parameter in tree.named_parameters(layer):
            if parameter._fresh:
                parameter._fresh = STALE
    token = _is_going_back.set(True)
    try:
        return checked(layer, output_grad)
    except BaseException as error:
        for _, parameter in tree.named_parameters(layer):  # those of half a pass are of no use
            parameter.clear_grad()
        if is_accumulating():
            error.add_note("The gradients that had been added up are gone: begin the block of accumulating anew.")
        raise
    finally:
        _is_going_back.reset(token)


def _backward(formula: Formula) -> Formula:
    """It needs a forward pass before it, and every gradient the shape of its array."""

    @functools.wraps(formula)
    def checked(self: Any, output_grad: Array) -> Any:
        if type(self)._checked_backward is not checked:
            return formula(self, output_grad)
        if not _is_going_back.get():
            return _whole_pass(self, checked, output_grad)
        output = self.output
        if (
            type(output_grad) is not ndarray
            or type(output) is not ndarray
            or output_grad.shape != output.shape
            or output_grad.dtype is not output.dtype
        ):
            traced = find((output_grad, output))
            if traced is not None:
                return traced.trace.backward(self, formula, output_grad)
            output_grad = admit_grad(self, output_grad)
        input_grad = formula(self, output_grad)
        self.__dict__["_went_back"] = True
        if not self.own:
            touch(self)
        if type(input_grad) is not ndarray or getattr(self.last_input, "shape", ()) != input_grad.shape:
            check_input_grad(self, input_grad)
        if blocks() and mode() == RECORDING:
            own = self.__dict__
            own["output_grad"], own["input_grad"] = output_grad, input_grad
        return input_grad

    return checked


def _learn(formula: Formula) -> Formula:
    """As backward, but it returns nothing."""

    @functools.wraps(formula)
    def checked(self: Any, output_grad: Array) -> None:
        if type(self)._checked_learn is not checked:
            formula(self, output_grad)
            return
        if not _is_going_back.get():
            _whole_pass(self, checked, output_grad)
            return
        output = self.output
        if (
            type(output_grad) is not ndarray
            or type(output) is not ndarray
            or output_grad.shape != output.shape
            or output_grad.dtype is not output.dtype
        ):
            traced = find((output_grad, output))
            if traced is not None:
                traced.trace.backward(self, formula, output_grad)
                return
            output_grad = admit_grad(self, output_grad)
        formula(self, output_grad)
        self.__dict__["_went_back"] = True
        if not self.own:
            touch(self)

    return checked
