"""A layer or a loss as a function of one list of float64 arrays, to be nudged and measured."""

from __future__ import annotations

import copy
import math
import warnings
from typing import Any

import numpy as np

from .. import arrays, modes
from ..arrays import Array
from ..exc import GradientWarning
from ..foreign import ForeignParameter
from ..layer import Layer
from ..patches import patches
from ..tree import walk
from .batches import changed_input, copied, float64_copy, named_parts, packed, unpacked
from .replay import Replay, undisturbed

__all__ = ["Probe", "gradients_of", "in_dtype", "undisturbed"]

_STEP = 2.0**-10
_NEAR = 1e-7
_ROUNDING = 4 * float(np.finfo(np.float64).eps)
KINK = 1e-4
"""How far the slopes to the left and to the right may differ, relative to the gradient, where there is no kink."""


class Probe:
    """A copy, in float64, of a layer or of a loss with its network, that answers two questions about one batch.

    Args:
        subject: a `Layer`, or a loss (anything with a ``network`` and a ``gradient``). It is not changed.
        input: the batch; a tuple for layers with several inputs.
        labels: for a loss.
        seed: of the random numbers that the outputs are weighted with.
        moved: whether parameters are moved away from their initial values, and buffers by passes in training: at a gain
            of 1 and a bias of 0 most mistakes do not show.

    Attributes:
        places: the arrays that can be nudged, by name: the parameters and ``"input"``, or ``"input 0"``, ``"input 1"``
            where there are several; inputs that are no real numbers cannot, nor the columns of one that a layer reads
            as the numbers of categories.
        output_grad: the weights of the outputs: the derivative that is asked for is that of their weighted sum.
        booleans: the names of the gradients that came as booleans.
        given_labels: the copy of the labels that the last pass took.
    """

    def __init__(self, subject: Any, input: Any, labels: Any = None, *, seed: int = 0, moved: bool = False) -> None:
        self.input = float64_copy(input)
        self.subject = in_dtype(_built(subject, self.input), "float64")
        self.network: Layer = getattr(self.subject, "network", self.subject)
        self.labels = self.given_labels = copied(labels) if arrays.library(labels) else labels
        self.seed = seed
        self.is_loss = self.network is not self.subject
        self.booleans: set[str] = set()
        if self.is_loss:
            vars(self.subject)["_checked"] = patches.count  # what is being checked does not check itself
        self.replay = Replay(self.network)
        if moved:
            self._move()
        self._look()

    def at(self, input: Any, labels: Any = None) -> Probe:
        """The same layer, with all that earlier passes have left on it, at another batch."""
        other = copy.copy(self)
        other.input, other.labels, other.booleans = float64_copy(input), labels, set()
        other._look()
        return other

    def outputs(self) -> np.ndarray:
        """The layer's outputs, or the loss, for the arrays as they are now, with the same random numbers each time."""
        self.replay()
        return packed(self._forward(self.input))

    def analytic(self, *, times: float = 1.0) -> dict[str, np.ndarray]:
        """The gradients that the hand-written backward pass gives, by the names of `places`.

        Args:
            times: a factor for ``output_grad``, which a loss does not have.
        """
        self.replay()
        self._copy_labels()
        grads = gradients_of(self.subject, self.input, self.given_labels, times * self.output_grad)
        found = {name: self._of_place(name, grads[name]) for name in self.places}
        self.booleans = {name for name in found if grads[name].dtype == bool}
        return found

    def learned(self) -> dict[str, np.ndarray]:
        """The gradients that ``learn`` gives to the parameters, by the names of `places`."""
        self.outputs()
        self.network.clear_grad()
        if self.is_loss:
            self.subject.backward()
        else:
            self.network.learn(unpacked(self.output_grad, self.network.output))
        self.network.vector.collect()
        named = self.network.named_parameters()
        return {name: np.array(arrays.numpy(parameter.grad)) for name, parameter in named if name in self.places}

    def slope(self, name: str, where: Any, *, step: float = _STEP) -> float:
        """The derivative of the weighted outputs with respect to one number, or along a direction, of one array.

        By the five-point formula (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, whose error falls with h⁴.

        Args:
            name: of the array, among `places`.
            where: an index, or a direction: an array of the same shape.
            step: h.
        """
        return self.measured_slope(name, where, step=step)[0]

    def measured_slope(self, name: str, where: Any, *, step: float = _STEP) -> tuple[float, float]:
        """`slope`, and how large an error rounding of the outputs that change can have made."""
        near, moved = self._rise(name, where, step)
        far, _ = self._rise(name, where, 2 * step)
        return (8 * near - far) / (12 * step), _ROUNDING * moved / step

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
        return 2 * _ROUNDING * size / _STEP

    # ------------------------------------------------------------------ passes

    def _look(self) -> None:
        """One pass forward at a copy of the batch, to see the shape of the outputs and what can be nudged."""
        self.replay()
        taken = copied(self.input)
        output = self._forward(taken)
        self.replay.note_new()
        shape = packed(output).shape
        # not default_rng(seed), which draws the inputs: with output_grad equal to them a transpose would not show
        self.output_grad = np.asarray(np.random.default_rng([self.seed, 1]).normal(size=shape))
        self._find_places(taken)

    def _forward(self, input: Any) -> Any:
        if not self.is_loss:
            return self.network.forward(input)
        self._copy_labels()
        return np.asarray(self.subject(input, self.given_labels))

    def _copy_labels(self) -> None:
        """Labels for one pass, which may change them."""
        self.given_labels = copied(self.labels) if arrays.library(self.labels) else self.labels

    def _of_place(self, name: str, grad: np.ndarray) -> np.ndarray:
        """A gradient without the columns that cannot be nudged."""
        shape = tuple(self.places[name].shape)
        grad = grad.astype(np.float64)
        if grad.shape == () and shape:
            return np.zeros(shape)
        return grad[..., : shape[-1]] if shape else grad

    # ------------------------------------------------------------------ nudges

    def _rise(self, name: str, where: Any, step: float) -> tuple[float, float]:
        """The rise of the weighted sum over two steps, and the size of the outputs that change."""
        above, below = self._at(name, where, step), self._at(name, where, -step)
        weights = np.abs(above if self.is_loss else above * self.output_grad)
        # where no output changes, the change may be too small for the largest one
        return self._weighted(above - below), float(np.sum(weights, where=above != below) + weights.max(initial=0.0))

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

    def _find_places(self, taken: Any) -> None:
        self._foreign = [p for _, p in self.network.named_parameters() if isinstance(p, ForeignParameter)]
        places = {name: parameter.value for name, parameter in self.network.named_parameters()}
        parts = zip(named_parts(self.input), named_parts(taken), strict=True)
        for (name, mine, _), (_, seen, _) in parts:
            if arrays.kind(mine) == "float":
                places[name] = self._numeric(mine, seen)
        self.places = {name: place for name, place in places.items() if math.prod(place.shape)}

    def _numeric(self, part: Array, seen: Array) -> Array:
        """A view of the columns that can be nudged; ``seen`` is the copy that the layers have taken."""
        codes = max((layer.code_columns for layer in walk(self.network) if layer.last_input is seen), default=0)
        return part[..., : part.shape[-1] - codes] if codes else part

    def _move(self) -> None:
        """Move parameters at random, their signs kept, and buffers by passes in training over batches of other sizes.

        Where the layer cannot be computed at those values, they stay as they were.
        """
        before = self.network.state_dict()
        rng = np.random.default_rng([self.seed, 2])
        try:
            for _, parameter in self.network.named_parameters():
                value = np.array(arrays.numpy(parameter.value))
                drawn = rng.normal(size=value.shape)
                moved = np.where(value == 0, 0.3 * np.abs(drawn), value * np.exp(0.3 * drawn))
                parameter.value = arrays.like(moved, parameter.value)
            self._warm_up()
            self.replay.note_buffers()
            self.replay()
            is_finite = bool(np.isfinite(packed(self._forward(copied(self.input)))).all())
        except Exception:
            is_finite = False
        if not is_finite:
            self.network.load_state_dict(before)
            self.replay.note_buffers()

    def _warm_up(self) -> None:
        """Two passes in training: the buffers then hold what they hold in the middle of training."""
        training = [(layer, layer._training) for layer in walk(self.network)]
        self.network.train()
        try:
            for seed in (3, 4):
                self._forward(changed_input(self.input, self.network, seed=seed))
        finally:
            for layer, was in training:
                layer.set_training(was)


def gradients_of(subject: Any, input: Any, labels: Any, output_grad: np.ndarray) -> dict[str, np.ndarray]:
    """One pass both ways: the gradients of the inputs and of every parameter, by name.

    Args:
        subject: a layer, or a loss, which starts its way back itself.
        input: the batch.
        labels: for a loss.
        output_grad: for a layer; that of several outputs one after another.
    """
    network: Layer = getattr(subject, "network", subject)
    with modes.recording(), warnings.catch_warnings():
        warnings.simplefilter("ignore", GradientWarning)
        if network is subject:
            output = network.forward(input)
            network.clear_grad()
            network.backward(unpacked(output_grad, output))
        else:
            subject(input, labels)
            network.clear_grad()
            subject.backward()
    network.vector.collect()
    grads = {name: np.array(arrays.numpy(parameter.grad)) for name, parameter in network.named_parameters()}
    for name, _, grad in named_parts(input, network.input_grad):
        grads[name] = np.zeros(()) if grad is None else np.array(arrays.numpy(grad))
    return grads


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
            network(float64_copy(input))
    return built


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
