"""A layer or a loss as a function of one list of float64 arrays, to be nudged and measured."""

from __future__ import annotations

import copy
import math
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import arrays, modes
from ..arrays import Array
from ..foreign import ForeignParameter
from ..layer import Layer
from ..patches import patches
from ..tree import walk

__all__ = ["Probe", "in_dtype", "named_parts", "undisturbed"]

_STEP = 1e-3
_NEAR = 1e-7
KINK = 1e-4
"""How far the slopes to the left and to the right may differ, relative to the gradient, where there is no kink."""


class Probe:
    """A copy, in float64, of a layer or of a loss with its network, that answers two questions about one batch.

    Args:
        subject: a `Layer`, or a loss (anything with a ``network`` and a ``gradient``). It is not changed.
        input: the batch; a tuple for layers with several inputs.
        labels: for a loss.
        seed: of the random numbers that the outputs are weighted with.

    Attributes:
        places: the arrays that can be nudged, by name: the parameters and ``"input"``, or ``"input 0"``, ``"input 1"``
            where there are several; inputs that are no real numbers cannot, nor the columns of one that a layer reads
            as the numbers of categories.
        output_grad: the weights of the outputs: the derivative that is asked for is that of their weighted sum.
    """

    def __init__(self, subject: Any, input: Any, labels: Any = None, *, seed: int = 0) -> None:
        self.input = _float64_copy(input)
        self.subject = in_dtype(_built(subject, self.input), "float64")
        self.network: Layer = getattr(self.subject, "network", self.subject)
        vars(self.subject)["_checked"] = patches.count  # what is being checked does not check itself
        self.labels = labels
        self.is_loss = self.network is not self.subject
        self._generators = [
            (rng, rng.bit_generator.state) for layer in walk(self.network) for rng in _generators_of(layer)
        ]
        output = self.outputs()
        self._generators += [
            (rng, rng.bit_generator.state)
            for layer in walk(self.network)
            for rng in _generators_of(layer)
            if all(rng is not known for known, _ in self._generators)
        ]
        # not default_rng(seed), which draws the inputs: with output_grad equal to them a transpose would not show
        self.output_grad = np.asarray(np.random.default_rng([seed, 1]).normal(size=output.shape))
        self.places = self._places()

    def outputs(self) -> np.ndarray:
        """The layer's outputs, or the loss, for the arrays as they are now, with the same random numbers each time."""
        for rng, state in self._generators:
            rng.bit_generator.state = state
        if self.is_loss:
            return np.asarray(self.subject(self.input, self.labels))
        return np.array(arrays.numpy(self.network.forward(self.input)))

    def analytic(self) -> dict[str, np.ndarray]:
        """The gradients that the hand-written backward pass gives, by the names of `places`."""
        with modes.recording():
            self.outputs()
            self.network.clear_grad()
            if self.is_loss:
                self.subject.backward()
            else:
                self.network.backward(arrays.like(self.output_grad, self.network.output))
        grads = {}
        self.network.vector.collect()
        for name, parameter in self.network.named_parameters():
            grads[name] = np.array(arrays.numpy(parameter.grad))
        for name, _, grad in named_parts(self.input, self.network.input_grad):
            if name in self.places:
                shape = tuple(self.places[name].shape)
                grads[name] = np.zeros(shape) if grad is None else np.array(arrays.numpy(grad)[..., : shape[-1]])
        return grads

    def slope(self, name: str, where: Any, *, step: float = _STEP) -> float:
        """The derivative of the weighted outputs with respect to one number, or along a direction, of one array.

        By the five-point formula (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, whose error falls with h⁴.

        Args:
            name: of the array, among `places`.
            where: an index, or a direction: an array of the same shape.
            step: h.
        """
        near = self._rise(name, where, step)
        far = self._rise(name, where, 2 * step)
        return (8 * near - far) / (12 * step)

    def is_smooth(self, name: str, where: Any, *, within: float) -> bool:
        """Whether a smaller step gives the same slope: not where a kink, or a jump of the curvature, is near."""
        return abs(self.slope(name, where) - self.slope(name, where, step=_STEP / 8)) <= within

    def sides(self, name: str, where: Any) -> tuple[float, float]:
        """The slopes to the left and to the right, measured so near that a kink lies between them or nowhere."""
        here = self.outputs()
        above, below = self._at(name, where, _NEAR), self._at(name, where, -_NEAR)
        return self._weighted(here - below) / _NEAR, self._weighted(above - here) / _NEAR

    def has_kink(self, name: str, where: Any, scale: float) -> bool:
        """Whether the slopes to the left and to the right differ, on that scale."""
        left, right = self.sides(name, where)
        return abs(left - right) > KINK * scale

    @property
    def noise(self) -> float:
        """How large an error of `slope` rounding alone can make."""
        size = float(np.abs(self.outputs() * (1.0 if self.is_loss else self.output_grad)).sum())
        return 8 * float(np.finfo(np.float64).eps) * size / _STEP

    def _rise(self, name: str, where: Any, step: float) -> float:
        return self._weighted(self._at(name, where, step) - self._at(name, where, -step))

    def _at(self, name: str, where: Any, distance: float) -> np.ndarray:
        """The outputs with one array moved; the array is moved back."""
        array = self.places[name]
        kept = arrays.copied(array)
        if isinstance(where, np.ndarray):
            array[...] = kept + arrays.like(distance * where, kept)
        else:
            array[where] = kept[where] + distance
        self._push()
        outputs = self.outputs()
        array[...] = kept
        self._push()
        return outputs

    def _weighted(self, difference: np.ndarray) -> float:
        return float((difference if self.is_loss else difference * self.output_grad).sum())

    def _push(self) -> None:
        for parameter in self._foreign:
            parameter.push()

    def _places(self) -> dict[str, Array]:
        self._foreign = [p for _, p in self.network.named_parameters() if isinstance(p, ForeignParameter)]
        places = {name: parameter.value for name, parameter in self.network.named_parameters()}
        inputs = [(name, part) for name, part, _ in named_parts(self.input) if arrays.kind(part) == "float"]
        places |= {name: self._numeric(part) for name, part in inputs}
        return {name: place for name, place in places.items() if math.prod(place.shape)}

    def _numeric(self, part: Array) -> Array:
        """A view of the columns that can be nudged."""
        codes = max((layer.code_columns for layer in walk(self.network) if layer.last_input is part), default=0)
        return part[..., : part.shape[-1] - codes] if codes else part


def in_dtype(subject: Any, dtype: str) -> Any:
    """A deep copy in that dtype, whatever kind of arrays its layers keep their parameters in.

    >>> from lincoln import layers
    >>> in_dtype(layers.Linear(2).build(3, seed=0), "float64").W.value.dtype
    dtype('float64')
    """
    twin = copy.deepcopy(subject)
    network: Layer = getattr(twin, "network", twin)
    converted: dict[int, Any] = {}
    for layer in walk(network):
        for name, value in list(vars(layer).items()):
            if _holds_floats(value):
                setattr(layer, name, _as_dtype(value, dtype, converted))
    if network.built:
        network.astype(dtype)
    return twin


def _built(subject: Any, input: Any) -> Any:
    """A copy with a network that has gone forward once: one whose input holds integers is built in float32."""
    built = copy.deepcopy(subject)
    network: Layer = getattr(built, "network", built)
    if not network.built:
        with modes.evaluation():
            network(_float64_copy(input))
    return built


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put the global random generators back afterwards: user code that is only being checked may draw from them."""
    torch = sys.modules.get("torch")
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    torch_state = torch.get_rng_state() if torch else None
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        if torch:
            torch.set_rng_state(torch_state)


def _holds_floats(value: Any) -> bool:
    if isinstance(value, dict | tuple):
        parts = value.values() if isinstance(value, dict) else value
        return bool(value) and all(_holds_floats(part) for part in parts)
    return bool(arrays.library(value)) and getattr(value, "shape", ()) != () and arrays.kind(value) == "float"


def _as_dtype(value: Any, dtype: str, converted: dict[int, Any]) -> Any:
    """Arrays, also in tuples and dictionaries, in another dtype; what was one object before stays one object."""
    if isinstance(value, tuple):
        return tuple(_as_dtype(part, dtype, converted) for part in value)
    if isinstance(value, dict):
        return {key: _as_dtype(part, dtype, converted) for key, part in value.items()}
    if id(value) not in converted:
        converted[id(value)] = (value, arrays.astype(value, dtype))
    return converted[id(value)][1]


def named_parts(input: Any, input_grad: Any = None) -> list[tuple[str, Array, Array]]:
    """The arrays of an input, each with its name and, once there is one, its gradient."""
    if not isinstance(input, tuple):
        return [("input", input, input_grad)]
    grads = input_grad or (None,) * len(input)
    return [(f"input {i}", part, grad) for i, (part, grad) in enumerate(zip(input, grads, strict=True))]


def _float64_copy(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_float64_copy(part) for part in value)
    if not arrays.library(value):
        value = np.asarray(value)
    if arrays.kind(value) == "float":
        value = arrays.astype(value, "float64")
    return arrays.copied(value)


def _generators_of(layer: Layer) -> list[np.random.Generator]:
    return [value for value in vars(layer).values() if isinstance(value, np.random.Generator)]
