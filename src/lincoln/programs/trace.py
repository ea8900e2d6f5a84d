"""One pass of traced arrays through a loss and its network, and the list of calls that it writes down.

The pass goes through a copy of both and leaves nothing on the originals. A layer that does what no list of calls can
do again stays one call, ``layer.forward(a)``, and its reason is noted.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import contract, modes
from ..exc import LincolnError
from ..layer import Layer
from ..losses import Loss
from ..parameters import Buffer, Parameter
from ..patches import unwrapped
from ..tracing import NotTraceableError, Traced, find
from ..tree import walk
from .reach import is_users
from .reads import Reads, is_setting, why_not
from .recipe import LOSS, Call, Method, Place, Recipe, Store, owners, traced_in

__all__ = ["trace"]


def trace(loss: Loss, batch: tuple[Any, ...]) -> Recipe:
    """Send a batch through a copy of a loss and its network, and back.

    Raises:
        NotTraceableError: not even the layers that stay calls make a list of calls of it.
        LincolnError: the batch is refused.
    """
    stays: dict[int, str] = {}
    while True:
        tracer = _Tracer(copy.deepcopy(loss), stays)
        try:
            return tracer.run(batch)
        except _Stays as reason:
            if reason.layer in stays:
                raise NotTraceableError(reason.text) from reason
            stays[reason.layer] = reason.text


class _Stays(BaseException):
    """A layer has to stay a call. Not an Exception, so that no layer's own handling of errors takes it."""

    def __init__(self, layer: int, text: str) -> None:
        super().__init__(text)
        self.layer = layer
        self.text = text


class _Tracer:
    """Writes down the calls of one pass; a `lincoln.tracing.Trace`."""

    def __init__(self, loss: Loss, stays: dict[int, str]) -> None:
        self.loss = loss
        self.owners = owners(loss)
        self.numbers = {id(owner): number for number, owner in enumerate(self.owners[:-1])}
        self.recipe = Recipe(stays=dict(stays), owners=self.owners)
        self._inside = [(LOSS, "forward")]
        self._written: set[Place] = set()
        self._kept: dict[int, Place] = {}
        self._left: dict[int, tuple[Any, Any]] = {}
        self._whole = self._inside_of(stays)

    def run(self, batch: tuple[Any, ...]) -> Recipe:
        """The whole pass."""
        self._look_at_owners()
        before = [dict(vars(owner)) for owner in self.owners]
        self.recipe.inputs = tuple(self._input(part) for part in batch)
        with modes.training():
            if LOSS in self.recipe.stays:
                self._through_network()
            else:
                with self._in(LOSS, "forward"):
                    self.recipe.value = self.loss(*self.recipe.inputs)
                with self._in(LOSS, "backward"):
                    self.loss.backward()
        self._look_at_generators()
        self._collect_stores(before)
        return self.recipe

    # ------------------------------------------------------------------ what arrays and layers tell

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call a function on the arrays behind its traced arguments; its results, traced."""
        layer, direction = self._inside[-1]
        if layer in self.recipe.reads and _is_users_code():
            self.recipe.reads[layer].explain((*args, *named.values()))
        value = function(*_values(args), **{name: _values((arg,))[0] for name, arg in named.items()})
        gives_tuple = isinstance(value, tuple)
        results = () if value is None else tuple(Traced(v, self) for v in (value if gives_tuple else (value,)))
        lasting = value is None or any(isinstance(arg, np.random.Generator) for arg in args)
        self._write(Call(function, args, named, results, gives_tuple, layer, direction, lasting=lasting))
        if value is None:
            return None
        return results if gives_tuple else results[0]

    def forward(self, layer: Layer, formula: Callable[..., Any], input: Any) -> Any:
        """A layer's way forward."""
        number = self._number(layer)
        if number in self.recipe.stays:
            output = self._method(Method(Place(number), "forward"), (input,))
            self._left[number] = layer.last_input, layer.output
        else:
            with self._in(number, "forward"):
                input = contract.admit(layer, input)
                output = formula(layer, input)
                if find((output,)) is None:
                    raise NotTraceableError("an output that does not depend on the input")
        self._remember_output(output, number)
        layer.__dict__["last_input"], layer.__dict__["output"] = input, output
        return output

    def backward(self, layer: Layer, formula: Callable[..., Any], output_grad: Any) -> Any:
        """A layer's way back, or its ``learn``."""
        number = self._number(layer)
        if number in self.recipe.stays:
            kept = layer.last_input, layer.output
            layer.__dict__["last_input"], layer.__dict__["output"] = self._left[number]
            name = "backward" if unwrapped(type(layer).backward) is formula else "learn"
            input_grad = self._method(Method(Place(number), name), (output_grad,))
            layer.__dict__["last_input"], layer.__dict__["output"] = kept
        else:
            with self._in(number, "backward"):
                input_grad = formula(layer, contract.admit_grad(layer, output_grad))
        if type(input_grad) is Traced and type(layer.last_input) is Traced:
            self.recipe.input_grads.setdefault(id(input_grad), layer.last_input)
        return input_grad

    def accumulate(self, parameter: Parameter, grad: Traced) -> None:
        """A parameter gets a gradient."""
        self._give(parameter, grad)

    def assign(self, buffer: Buffer, value: Traced) -> None:
        """A buffer gets a value."""
        self._give(buffer, value)
        buffer._value.value[...] = value.value

    # ------------------------------------------------------------------ the machinery

    def _look_at_owners(self) -> None:
        """Put traced arrays in place of parameters and buffers, and look at what users' layers read."""
        for number, owner in enumerate(self.owners):
            number = LOSS if owner is self.loss else number
            if number in self._whole:
                continue
            if isinstance(owner, Loss) and not owner.own:
                number = LOSS
            if is_users(owner):
                reason = why_not(owner, set(self.numbers))
                if reason:
                    raise _Stays(number, reason)
                self.recipe.reads[number] = Reads(owner)
            for name, value in list(vars(owner).items()):
                if isinstance(value, Parameter) and value.built:
                    self._kept.setdefault(id(value), Place(number, name))
                    if type(value._value) is not Traced:
                        value._value = self._source(value._value, Place(number, name))
                        if isinstance(value, Buffer):
                            self.recipe.before[id(value._value.value)] = value._value.value.copy()
                        else:
                            self.recipe.parameters.add(Place(number, name))
                elif type(value) is np.ndarray and number in self.recipe.reads:
                    vars(owner)[name] = self._source(value, Place(number, name))  # its numbers may change
                elif isinstance(value, np.ndarray | np.random.Generator):
                    self.recipe.constants[id(value)] = Place(number, name)
                if isinstance(value, np.random.Generator):
                    self.recipe.states[id(value)] = copy.deepcopy(dict(value.bit_generator.state))

    def _source(self, value: Any, place: Place) -> Traced:
        traced = Traced(value, self)
        self.recipe.sources[id(traced)] = traced, place
        return traced

    def _input(self, part: Any) -> Any:
        return tuple(self._input(inner) for inner in part) if type(part) is tuple else Traced(part, self)

    def _inside_of(self, stays: dict[int, str]) -> set[int]:
        """The layers that stay calls, and all inside them."""
        whole = {LOSS} & stays.keys()
        for number in stays:
            if number != LOSS:
                whole |= {self.numbers[id(layer)] for layer in walk(self.owners[number])}
        return whole

    def _number(self, layer: Layer) -> int:
        if id(layer) not in self.numbers:
            raise NotTraceableError(f"a layer that stands nowhere in the network, {layer!r}")
        return self.numbers[id(layer)]

    def _through_network(self) -> None:
        """The pass where the loss stays two calls."""
        loss, (x, *others) = self.loss, self.recipe.inputs
        for name in ("__call__", "forward", "backward"):
            if getattr(type(loss), name) is not getattr(Loss, name):
                raise NotTraceableError(self.recipe.stays[LOSS])
        output = loss.network(x)
        self.recipe.value = self._method(Method(Place(LOSS), "judge"), (output, *others))
        grad = self._method(Method(Place(LOSS), "gradient"), ())
        loss.network.learn(grad)

    def _method(self, method: Method, operands: tuple[Any, ...]) -> Any:
        owner = method.place.find(self.owners)
        value = getattr(owner, method.name)(*_values(operands))
        gives_tuple = isinstance(value, tuple)
        results = () if value is None else tuple(Traced(v, self) for v in (value if gives_tuple else (value,)))
        direction = "forward" if method.name in ("forward", "judge") else "backward"
        self._write(Call(method, operands, {}, results, gives_tuple, method.place.layer, direction, lasting=True))
        return None if value is None else results if gives_tuple else results[0]

    def _write(self, call: Call) -> None:
        self.recipe.calls.append(call)
        self.recipe.makers |= {id(result): call.function for result in call.results}

    def _give(self, kept: Parameter, value: Traced) -> None:
        layer, direction = self._inside[-1]
        if id(kept) not in self._kept:
            raise NotTraceableError(f"a parameter that stands in a staying layer, {kept!r}")
        place = self._kept[id(kept)]
        adds = place in self._written and not isinstance(kept, Buffer)
        self._written.add(place)
        self._write(Call(None, (value,), {}, (), False, layer, direction, target=place, adds=adds, lasting=True))

    def _remember_output(self, output: Any, number: int) -> None:
        for part in traced_in((output,)):
            self.recipe.outputs.setdefault(id(part), number)

    @contextmanager
    def _in(self, number: int, direction: str) -> Iterator[None]:
        self._inside.append((number, direction))
        try:
            yield
        except LincolnError:
            raise
        except NotTraceableError as error:
            raise _Stays(number, f"it asks for {error}") from error
        except Exception as error:
            raise _Stays(number, f"it raises {type(error).__name__} for traced arrays: {error}") from error
        finally:
            self._inside.pop()

    def _look_at_generators(self) -> None:
        """Random numbers are drawn by calls that are given their generator, or the layer stays a call."""
        given = {id(operand) for call in self.recipe.calls for operand in call.operands}
        for number, owner in enumerate(self.owners):
            for name, value in vars(owner).items():
                before = self.recipe.states.get(id(value)) if id(value) not in given else None
                if before is not None and value.bit_generator.state != before:
                    raise _Stays(LOSS if owner is self.loss else number, f"it draws from self.{name} by itself")

    def _collect_stores(self, before: list[dict[str, Any]]) -> None:
        """What the pass has left on layers and loss; a user's layer that changes anything else stays a call."""
        for number, (owner, old) in enumerate(zip(self.owners, before, strict=True)):
            number = LOSS if owner is self.loss else number
            if number in self._whole:
                continue
            for name, value in vars(owner).items():
                if isinstance(value, Parameter):
                    continue
                if name in old and old[name] is value:
                    continue
                if find((value,)) is not None:
                    self.recipe.stores.append(Store(Place(number, name), value))
                elif (
                    number in self.recipe.reads
                    and not (name.startswith("_") or (number == LOSS and hasattr(Loss, name)))
                    and not _same(old.get(name, old), value)
                ):
                    raise _Stays(number, f"it changes self.{name} in a pass")
                elif (
                    isinstance(owner, Layer)
                    and name not in (*owner.records, *owner._kept)
                    and is_setting(owner, name, value)
                ):
                    raise NotTraceableError(f"a layer that another changes: {name} of {owner!r}")
                elif isinstance(value, float | int | None) and (number == LOSS or not name.startswith("_")):
                    self.recipe.stores.append(Store(Place(number, name), value))


def _is_users_code() -> bool:
    """Whether the call that is being written down was made by code that is not Lincoln's own."""
    frame = sys._getframe(2)
    while frame.f_back is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith(_BETWEEN):
            return module.partition(".")[0] != "lincoln"
        frame = frame.f_back
    return True


_BETWEEN = ("numpy", "lincoln.arrays", "lincoln.kernels", "lincoln.programs", "lincoln.tracing")
"""Modules that stand between a call and who made it."""


def _same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and isinstance(new, float | int | str | tuple | None) and bool(old == new)


def _values(operands: Any) -> tuple[Any, ...]:
    """Operands with arrays in place of traced ones."""
    return tuple(
        operand.value
        if type(operand) is Traced
        else type(operand)(_values(operand))
        if type(operand) in (tuple, list)
        else operand
        for operand in operands
    )
