"""What `Layer` wraps around every ``forward`` and ``backward``: checks, building, recording, and the modes of a pass.

The wrapper builds a layer from its first input, records ``last_input`` and ``output``, compares every shape, and says
where things went wrong. Nothing else stands between a reader and the formula.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from . import arrays
from .arrays import Array
from .exc import BackwardError, ContractError, DataError, DimensionError, MatchError
from .parameters import Parameter

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["inference", "recording"]

RECORDED = ("last_input", "output", "output_grad", "input_grad")

_BLOCK = 256
"""How many examples go through a network at once where nothing is recorded."""

_TRAINING, _INFERENCE, _RECORDING = range(3)
_mode: ContextVar[int] = ContextVar("mode", default=_TRAINING)
_streams: ContextVar[Streams | None] = ContextVar("streams", default=None)

Forward = Callable[..., Array]


@contextmanager
def inference() -> Iterator[None]:
    """Inside this block layers behave as in evaluation and record nothing, so many threads can share a built network.

    >>> from lincoln import layers
    >>> layer = layers.ReLU()
    >>> with inference():
    ...     y = layer(np.ones((1, 2)))
    >>> layer.output is None
    True
    """
    token = _mode.set(_INFERENCE)
    try:
        yield
    finally:
        _mode.reset(token)


@contextmanager
def recording() -> Iterator[None]:
    """Inside this block every layer keeps ``output_grad`` and ``input_grad`` too: every number of a pass has a name.

    >>> from lincoln import layers
    >>> layer = layers.ReLU()
    >>> with recording():
    ...     y = layer(np.array([[-1.0, 1.0]]))
    ...     g = layer.backward(np.array([[5.0, 5.0]]))
    >>> layer.input_grad
    array([[0., 5.]])
    """
    token = _mode.set(_RECORDING)
    try:
        yield
    finally:
        _mode.reset(token)


class Streams:
    """The random generators of one network: one for initial values, and one for every layer that draws in training.

    They all come from one seed but never from each other, so that adding a dropout layer changes no initial value.
    """

    def __init__(self, seed: int | None) -> None:
        self.entropy = np.random.SeedSequence(seed).entropy
        self.initial = self._generator(0, 0)
        self.unbuilt: list[tuple[Layer, dict[str, Any]]] = []
        self._drawing = 0

    def next_drawing(self) -> np.random.Generator:
        """The generator of the next layer that draws random numbers in training."""
        self._drawing += 1
        return self._generator(1, self._drawing)

    def note(self, layer: Layer) -> None:
        """Remember a layer as it is before it is built."""
        self.unbuilt.append((layer, layer.__dict__.copy()))

    def undo(self) -> None:
        """Bring every layer that this pass began to build back to what it was: a bad first batch does no harm."""
        for layer, before in self.unbuilt:
            layer.__dict__.clear()
            layer.__dict__.update(before)

    def _generator(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.entropy, spawn_key=(purpose, number)))


def streams_of(seed: int | None) -> Streams:
    """The random streams of the network that is being built, or new ones where a layer is used on its own."""
    streams = _streams.get()
    return Streams(seed) if streams is None else streams


_builds = 0


def _count_build() -> None:
    global _builds
    _builds += 1


def builds() -> int:
    """How many layers have been built in this process: if it has not changed, no network has new parameters."""
    return _builds


def inferring() -> bool:
    """Whether this is inside an `inference` block."""
    return _mode.get() == _INFERENCE


def is_recording() -> bool:
    """Whether this is inside a `recording` block."""
    return _mode.get() == _RECORDING


def forward(formula: Forward) -> Forward:
    """Wrap a subclass's ``forward``: check the input, build the layer, record what went in and what came out."""

    @functools.wraps(formula)
    def checked(self: Layer, input: Any) -> Any:
        if self._inside:
            return formula(self, input)
        if type(input) is not ndarray or input.dtype is not self._dtype or input.shape != self._shape:
            input = _check_input(self, input)
            if not self.built:
                return _first_forward(self, formula, input)
        if _mode.get() == _INFERENCE:
            return formula(self, input) if self.own and len(input) <= _BLOCK else _inferred(self, formula, input)
        self.output = None  # a pass that fails leaves nothing to go back through
        output = formula(self, input) if self._plain else _guarded(self, formula, input)
        self.last_input = input
        self.output = output if type(output) is ndarray else _returned(self, output)
        return output

    return checked


def _inferred(self: Layer, formula: Forward, input: Any) -> Any:
    """A pass that records nothing; many examples go through Lincoln's own layers in blocks that stay in the cache."""
    if type(input) is ndarray and len(input) > _BLOCK and self._is_own_throughout():
        outputs = None
        for start in range(0, len(input), _BLOCK):
            part = formula(self, input[start : start + _BLOCK])
            if type(part) is not ndarray:
                return formula(self, input)
            if outputs is None:
                outputs = np.empty((len(input), *part.shape[1:]), dtype=part.dtype)
            outputs[start : start + _BLOCK] = part
        return outputs
    return _returned(self, formula(self if self.own else copy.copy(self), input))


def _guarded(self: Layer, formula: Forward, argument: Any) -> Any:
    """Run a method whose class may call the same method of a base class, which is then not to check and record."""
    self._inside = True
    try:
        return formula(self, argument)
    finally:
        self._inside = False


def _first_forward(self: Layer, formula: Forward, input: Any) -> Any:
    """The first pass: whoever is outermost opens the random streams and, at the end, flattens the parameters."""
    opened = None if _streams.get() is not None else Streams(self.seed)
    token = _streams.set(opened) if opened else None
    streams_of(self.seed).note(self)
    _count_build()
    self._inside = True
    try:
        self._build(input)
        output = _returned(self, formula(self, input))
    except BaseException:
        if opened:
            opened.undo()
        raise
    finally:
        self._inside = False
        if token is not None:
            _streams.reset(token)
    self.output_shape = example_shape(output)
    if opened:
        self.flatten()
    if _mode.get() == _INFERENCE:
        self.forget()
    else:
        self.last_input, self.output = input, output
    return output


def backward(formula: Forward) -> Forward:
    """Wrap a subclass's ``backward``: it needs a forward pass before it, and every gradient the shape of its array."""

    @functools.wraps(formula)
    def checked(self: Layer, output_grad: Array) -> Any:
        if self._inside:
            return formula(self, output_grad)
        output = self.output
        if output is None:
            raise BackwardError(
                code="LN120",
                where=repr(self),
                saw="backward before forward",
                why="the gradient depends on what the forward pass computed",
                fix="call forward(input) in training first; predictions under inference() record nothing",
            )
        if type(output_grad) is not ndarray or type(output) is tuple or output_grad.shape != output.shape:
            _same_shape(self, "output_grad", output_grad, "output", output)
        if type(output) is not tuple and output_grad.dtype is not output.dtype:
            output_grad = _in_dtype_of(output, output_grad)
        input_grad = formula(self, output_grad) if self._plain else _guarded(self, formula, output_grad)
        if not self.own:
            self._touch_foreign()
        if input_grad is None:
            _allow_missing(self)
        elif type(input_grad) is not ndarray or getattr(self.last_input, "shape", ()) != input_grad.shape:
            _same_shape(self, "input_grad", input_grad, "last_input", self.last_input)
        if _mode.get() == _RECORDING:
            self.output_grad, self.input_grad = output_grad, input_grad
        return input_grad

    return checked


def _admit(layer: Layer, input: Array) -> Array:
    """A batch of a kind that this layer has not met: convert it, accept it for good, or refuse it."""
    kind = arrays.kind(input) if arrays.library(input) else type(input).__name__
    if kind not in ("float", "int") or (layer.accepts == "int" and kind == "float"):
        raise DataError(
            code="LN101",
            where=repr(layer),
            saw=f"an input of {kind}",
            why=f"the layer computes with arrays of {'integers' if layer.accepts == 'int' else 'real numbers'}",
            fix="convert it first: np.asarray(x, dtype=np.float32), or integers for token ids",
        )
    mine = next((p for p in vars(layer).values() if isinstance(p, Parameter) and p.built), None)
    if mine is not None and arrays.library(input) != arrays.library(mine.value):
        raise MatchError(
            code="LN110",
            where=repr(layer),
            saw=f"an input of {arrays.library(input)}, the parameters are of {arrays.library(mine.value)}",
            why="a layer computes in the array library that it was built with",
            fix='np.asarray(x); or a new network, built after lnc.arrays.use("torch") or by a first batch of tensors'
            if arrays.library(mine.value) == "numpy"
            else 'torch.as_tensor(x, dtype=torch.float32); for a whole data pipeline lnc.arrays.use("torch")',
        )
    if layer.accepts == "float":
        wanted = arrays.dtype_name(mine.value) if mine is not None else ""
        wanted = wanted or ("float32" if kind == "int" else arrays.dtype_name(input))
        if arrays.dtype_name(input) != wanted:
            return arrays.astype(input, wanted)
    layer._dtype = input.dtype
    return input


def _check_input(layer: Layer, input: Any) -> Any:
    if type(input) is tuple:
        return tuple(_check_input(layer, part) for part in input)
    if type(input) is not ndarray:
        input = arrays.detached(input)
    if getattr(input, "dtype", None) is not layer._dtype or layer._dtype is None:
        input = _admit(layer, input)
    shape = input.shape
    if len(shape) < layer.min_dims:
        raise DimensionError(
            code="LN102",
            where=repr(layer),
            saw=f"an input of shape {tuple(shape)}",
            why=f"at least {layer.min_dims} axes are needed, the first one over the examples of the batch",
            fix="x[None] makes one example a batch of one; x[:, None] makes one feature a column",
        )
    if shape[0] == 0:
        raise DataError(
            code="LN104",
            where=repr(layer),
            saw=f"an empty batch of shape {tuple(shape)}",
            why="there is nothing to compute, and a mean over nothing is not a number",
            fix="leave empty batches out",
        )
    if layer.features is not None and shape[-1] != layer.features:
        raise MatchError(
            code="LN103",
            where=repr(layer),
            saw=f"an input of shape {tuple(shape)}",
            why=f"the layer was built for {layer.features} features on the last axis",
            fix=f"give {layer.features} features, or make a new network for {shape[-1]}",
        )
    if layer.built:
        layer._shape = shape  # the next batch of this shape needs no checks
    return input


def _same_shape(layer: Layer, name: str, array: Any, other_name: str, other: Any) -> None:
    if type(other) is tuple:
        if type(array) is not tuple or len(array) != len(other):
            _refuse_shape(layer, name, array, other_name, f"a tuple of {len(other)}")
        for part, other_part in zip(array, other, strict=True):
            if part is not None:
                _same_shape(layer, name, part, other_name, other_part)
    elif getattr(array, "shape", None) != other.shape:
        _refuse_shape(layer, name, array, other_name, f"{tuple(other.shape)}")


def _refuse_shape(layer: Layer, name: str, array: Any, other_name: str, expected: str) -> None:
    shape = getattr(array, "shape", None)
    raise MatchError(
        code="LN121",
        where=f"{layer!r}.backward",
        saw=f"{name} {type(array).__name__ if shape is None else tuple(shape)}, {other_name} {expected}",
        why="a gradient has one number for every number of the array it belongs to",
        fix="undo in backward what forward did to the shape: sum what it broadcast, transpose what it transposed",
    )


def _in_dtype_of(output: Array, output_grad: Array) -> Array:
    """The gradient in the dtype of its output: a network in float32 goes back in float32."""
    return arrays.cast(output_grad, output.dtype) if arrays.kind(output) == "float" else output_grad


def example_shape(array: Any) -> Any:
    """The shape of one example in a batch, or a tuple of such shapes for several arrays."""
    return tuple(example_shape(part) for part in array) if type(array) is tuple else tuple(array.shape[1:])


def _returned(layer: Layer, output: Any) -> Any:
    if type(output) is not tuple and not hasattr(output, "shape"):
        raise ContractError(
            code="LN122",
            where=f"{layer!r}.forward",
            saw=f"forward returned {'nothing' if output is None else type(output).__name__}",
            why="the next layer needs the output as an array",
            fix="end forward with: return output",
        )
    return output


def _allow_missing(layer: Layer) -> None:
    if layer.is_first or layer.accepts == "int":
        return
    raise ContractError(
        code="LN123",
        where=f"{layer!r}.backward",
        saw="backward returned nothing",
        why="the layer before needs the gradient with respect to its output",
        fix="end backward with: return input_grad",
    )
