"""The layer contract, as its users see it: a subclass writes the mathematics, the base class does the rest.

`contract` wraps ``forward``, ``backward`` and ``learn`` of every subclass with the checks and the recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from . import arrays, contract, streams, structure, tree
from .arguments import WithArguments
from .arrays import Array
from .exc import ContractError, NotFittedError
from .initializers import Initializer, Shape
from .modes import INFERENCE, blocks, evaluation, mode
from .parameters import Buffer, Parameter
from .patches import Patchable
from .records import Recorder
from .settings import Checked
from .spelling import missing
from .vector import ParameterVector, Vector

__all__ = ["Layer"]

_DERIVED = frozenset({"_adopted", "_buffers", "_checked", "_learned", "_learns", "_slots", "_vector", "_watchers"})
"""Attributes that follow from the others: a copy finds its own."""

UNSAVED = _DERIVED | {"arguments", "_dtype", "_kept", "_shape", "_twin_of", "_went_back"}
"""Attributes that no file holds: they come with the constructor, or with the next pass."""


class Layer(Checked, WithArguments, Recorder, metaclass=Patchable):
    """A function with parameters that knows its own derivative.

    A subclass writes ``forward(self, input)`` and ``backward(self, output_grad)``; with parameters, also
    ``setup(self, input_shape)``, which declares them. ``backward`` finds the forward pass in ``self.last_input``
    and ``self.output``, and in what ``forward`` gave to ``self.keep(name=array)``; it gives parameters their gradients
    with ``self.W.accumulate(...)`` and returns the gradient with respect to the input. Layers with several inputs take
    a tuple and return a tuple. An input of integers may have None for its gradient.

    Once a layer is built, its layers and parameters are fixed. Another structure is a new container over the same.

    To be used: ``layer(x)``, ``backward``, ``learn``; ``build``, ``summary``, ``astype``; ``train``, ``eval``,
    ``freeze``; ``parameters``, ``named_parameters``, ``named_buffers``, ``vector``, ``buffers``, ``grads``,
    ``clear_grad``; ``state_dict``, ``load_state_dict``; ``twin``, ``forget``. To be called in a subclass: ``keep``,
    ``generator``, ``training``. To be replaced in one: ``setup``, ``forward``, ``backward``, ``learn``,
    ``multiply_adds``; in containers ``children`` and ``prefer_initializer`` too.

    Attributes:
        last_input, output: what the last forward pass took and gave, batch axis first; None before it.
        output_grad, input_grad: what the last backward pass took and gave; `NotRecordedError` outside `recording`.
        input_shape, output_shape: of one example, without the batch axis; None before the first pass.
        built: whether the first pass, or ``build``, has given the layer its parameters.
        features: the size that the input's last axis must have; None if any will do. ``setup`` sets it.
        min_dims: the least number of axes of an input, the batch axis included.
        code_columns: how many of the input's last columns hold whole numbers that stand for something, such as
            categories: gradient checks leave them alone.
        accepts: ``"float"``, ``"int"`` or ``"any"``: what the input's elements must be. Integers given to a float
            layer are converted.
        gives: what the outputs are, for losses to compare: ``"probabilities"``, ``"log-probabilities"`` or unknown.
        own: whether the class is one of Lincoln's own, whose gradients its tests have checked.

    Raises:
        MatchError: input, ``output_grad`` or ``input_grad`` have the wrong shape or are the wrong kind of array.
        DimensionError: the input has too few axes.
        BackwardError: ``backward`` before ``forward``.
        ContractError: ``forward`` or ``backward`` returned nothing; a change of the structure of a built layer.
        DataError: an empty batch; objects, strings or complex numbers.

    >>> class Swish(Layer):
    ...     def forward(self, input):
    ...         return input / (1 + np.exp(-input))
    ...
    ...     def backward(self, output_grad):
    ...         s = 1 / (1 + np.exp(-self.last_input))
    ...         return output_grad * s * (1 + self.last_input * (1 - s))
    >>> swish = Swish()
    >>> swish(np.array([[0.0, 1.0]])).round(4)
    array([[0.    , 0.7311]])
    >>> swish.backward(np.ones((1, 2))).round(4)
    array([[0.5   , 0.9277]])
    """

    last_input: Any = None
    output: Any = None
    output_grad: Any = contract.Recorded()
    input_grad: Any = contract.Recorded()
    input_shape: Any = None
    output_shape: Any = None
    features: int | None = None
    min_dims: int = 1
    code_columns: int = 0
    accepts: str = "float"
    gives: ClassVar[str] = ""
    records: ClassVar[tuple[str, ...]] = contract.PASSES
    seed: int | None = None
    built: bool = False
    own: ClassVar[bool] = False

    _training: bool = True
    _checked: int | None = None
    _dtype: Any = None
    _shape: Any = None
    _vector: ParameterVector | None = None
    _buffers: Vector | None = None
    _slots: tuple[list[Any], list[str], list[Any]] | None = None
    _twin_of: Layer | None = None
    _learned: tuple[Parameter, ...] | None = None
    _went_back: bool = False
    _yields_parameters: ClassVar[bool] = False
    _checked_forward: ClassVar[Any] = None
    _checked_backward: ClassVar[Any] = None
    _checked_learn: ClassVar[Any] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        type.__setattr__(cls, "own", cls.__module__.partition(".")[0] == __package__)
        type.__setattr__(cls, "_yields_parameters", cls.parameters is not Layer.parameters)
        contract.wrap(cls, Layer)

    @classmethod
    def rewrap(cls, name: str) -> None:
        """The contract wraps a method that has been replaced."""
        contract.rewrap(cls, Layer, name)

    def __init__(self) -> None:
        """Nothing to do: subclasses need not call it."""

    # ------------------------------------------------------------------ what a subclass writes

    def setup(self, input_shape: Any) -> None:
        """Declare parameters as attributes, knowing the shape of one example: ``self.W = Parameter(shape, init)``.

        Runs once, just before the first forward pass.
        """

    def forward(self, input: Array) -> Array:
        """The output for a batch of inputs.   (batch, ...) -> (batch, ...)"""
        raise missing(self, "forward")

    def backward(self, output_grad: Array) -> Array:
        """The gradient with respect to the last input, from the gradient with respect to the output."""
        raise missing(self, "backward")

    def learn(self, output_grad: Array) -> None:
        """Give the parameters their gradients, and no more: `backward`, where the input's gradient is not wanted.

        A layer need not have one of its own. Where the input's gradient is costly, it saves that cost.
        """
        self.backward(output_grad)

    def multiply_adds(self) -> int:
        """How many multiply-adds the matrix products of one example's forward pass take."""
        return 0

    def children(self) -> Iterator[tuple[str, Layer]]:
        """The layers that this layer holds, each with the name to find it by."""
        for name, value in list(vars(self).items()):
            if isinstance(value, Layer) and not name.startswith("_"):
                yield name, value
            elif isinstance(value, list | tuple) and not name.startswith("_"):
                for index, item in enumerate(value):
                    if isinstance(item, Layer):
                        yield f"{name}.{index}", item

    def prefer_initializer(self, initializer: Initializer | None) -> Initializer | None:
        """Learn which initializer suits what follows; say which one suits this layer, for what stands before it."""
        return initializer

    def generator(self) -> np.random.Generator:
        """A random generator of this layer's own, from the network's seed. To be called in ``setup``."""
        return streams.streams_of(self.seed).next_drawing()

    # ------------------------------------------------------------------ what a user calls

    def __call__(self, input: Array) -> Array:
        return self.forward(input)

    @property
    def training(self) -> bool:
        """Whether layers that behave differently in training (dropout) should do so now."""
        return self._training and not (blocks() and mode() == INFERENCE)

    def train(self) -> Self:
        """Training behavior from now on, for this layer and all inside it."""
        for layer in tree.walk(self):
            layer.set_training(True)
        return self

    def eval(self) -> Self:
        """Evaluation behavior from now on, for this layer and all inside it."""
        for layer in tree.walk(self):
            layer.set_training(False)
        return self

    def set_training(self, training: bool) -> None:
        """Training or evaluation behavior from now on, for this one layer."""
        if training is not self._training:
            self._training = training

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter of this layer and of the layers inside it, once, each with its path, such as ``0.W``."""
        return tree.named_parameters(self)

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter of this layer and of the layers inside it, once."""
        for _, parameter in tree.named_parameters(self):
            yield parameter

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Every `Buffer` of this layer and of those inside it, once, each with its path, such as ``1.running_mean``."""
        return tree.named_buffers(self)

    def grads(self) -> Iterator[Array]:
        """The gradient of every parameter, in the order of `parameters`."""
        for parameter in self.parameters():
            yield parameter.grad

    @property
    def vector(self) -> ParameterVector:
        """All parameters of this network as one flat vector. The network must be built.

        Each time it is asked for, the parameters are compared with those of the network as it is now.

        Raises:
            ContractError: a parameter that was in it is no longer the network's.
        """
        vector, slots = self._vector, self._slots
        if vector is not None and vector.intact and slots is not None and structure.are_there(*slots):
            return vector
        return structure.lay_out(self)

    @property
    def buffers(self) -> Vector:
        """All buffers of this network as one flat vector. The network must be built."""
        buffers, slots = self._buffers, self._slots
        if buffers is not None and buffers.intact and slots is not None and structure.are_there(*slots):
            return buffers
        return structure.lay_out_buffers(self)

    def clear_grad(self) -> None:
        """Set every parameter's gradient to zero. Not needed between an optimizer's steps, which use gradients up."""
        for _, parameter in tree.named_parameters(self):
            parameter.clear_grad()

    def freeze(self, frozen: bool = True) -> Self:
        """Let optimizers leave this layer's parameters as they are (or no longer, with False).

        Raises:
            ContractError: the layer is not built, so it has no parameters yet.
        """
        tree.freeze(self, frozen)
        return self

    def build(self, input_shape: Shape | int, *, seed: int | None = None, dtype: str = "float32") -> Self:
        """Fill the parameters before any data come, by passing one example of zeros through.

        Args:
            input_shape: of one example, without the batch axis; an integer for so many features.
            seed: for the initial values; the network's own seed if it is not given.
            dtype: ``"float32"`` or ``"float64"``.

        >>> from lincoln import layers
        >>> layers.Linear(2).build(3, seed=0).W.value.shape
        (3, 2)
        """
        if seed is not None and self.built:
            raise ContractError(
                code="LN126",
                where=f"{type(self).__name__}.build",
                saw=f"seed={seed} for a network that is built",
                why="its initial values have been drawn already",
                fix="a new network, or build(input_shape) without a seed",
            )
        if seed is not None:
            self.seed = seed
        shape = (input_shape,) if isinstance(input_shape, int) else tuple(input_shape)
        example = arrays.hand_out(np.zeros((1, *shape), dtype="int64" if self.accepts == "int" else dtype))
        with evaluation():
            self(example)
        return self

    def astype(self, dtype: str) -> Self:
        """Compute in ``"float32"`` or ``"float64"`` from now on, the parameters converted; `forget` included.

        >>> from lincoln import layers
        >>> layers.Linear(2).build(3, seed=0).astype("float64").W.value.dtype
        dtype('float64')
        """
        for layer in tree.walk(self.forget()):
            layer._dtype = layer._shape = None
        for kept in (*tree.built_parameters(self), *tree.built_buffers(self)):
            kept.place(arrays.astype(kept.value, dtype))
        self.__dict__.update(_vector=None, _buffers=None)
        structure.lay_out(self)
        return self

    def forget(self) -> Self:
        """Drop what passes have left, here and in all layers inside: the layer then holds no data."""
        for layer in tree.walk(self):
            layer.drop()
        return self

    def twin(self) -> Self:
        """A second layer on the same parameters, whose gradients then add up (siamese networks, tied weights).

        Raises:
            ContractError: the layer keeps its parameters as bare arrays, whose gradients could not add up.

        >>> from lincoln import layers
        >>> one = layers.Linear(2).build(3, seed=0)
        >>> two = one.twin()
        >>> two.W is one.W
        True
        """
        return tree.twin(self)  # type: ignore[no-any-return]

    def state_dict(self) -> dict[str, np.ndarray]:
        """Every parameter's and every buffer's value as a new NumPy array, by its path.

        >>> from lincoln import layers
        >>> sorted(layers.Linear(2).build(3, seed=0).state_dict())
        ['B', 'W']
        """
        return tree.state_dict(self)

    def load_state_dict(self, state: dict[str, np.ndarray]) -> Self:
        """Set every parameter and every buffer to the values of `state_dict`. The network must be built.

        Raises:
            MatchError: names or shapes differ; nothing has been changed then.
        """
        tree.load_state_dict(self, state)
        return self

    def summary(self, input_shape: Shape | int | None = None) -> str:
        """A table of the layers: input, output, parameters, initializer, multiply-adds of one example.

        Args:
            input_shape: of one example; needed only if the network is not built yet.

        >>> from lincoln import layers
        >>> print(layers.Dense(2).summary(3))
        layer             in    out   parameters  initializer            multiply-adds
        Dense(2)          (3,)  (2,)
          0 Linear(2)     (3,)  (2,)  8           glorot_uniform, zeros  6
          1 Sigmoid()     (2,)  (2,)
        total                         8                                  6
        """
        if input_shape is not None and not self.built:
            self.build(input_shape)
        return tree.summary(self)

    # ------------------------------------------------------------------ the machinery

    def __setattr__(self, name: str, value: Any) -> None:
        if self.built:
            self._before_change(name, value)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if self.built:
            self._before_change(name, None)
        object.__delattr__(self, name)

    def _before_change(self, name: str, value: Any) -> None:
        """Refuse another structure of a built layer; tell the watchers of every other change."""
        before = self.__dict__.get(name)
        if value is before is not None:
            return
        is_structure = any(structure.is_part(name, part, Layer) for part in (before, value))
        if is_structure and not streams.is_building():
            raise structure.fixed(self, f"another {name}")
        self._changed()

    def _changed(self) -> None:
        """Tell the watchers, each of which counts, that something about the layer has changed."""
        for watcher in self.__dict__.get("_watchers", ()):
            watcher.count += 1

    if not TYPE_CHECKING:  # for type checkers a layer has the attributes that are declared

        def __getattr__(self, name: str) -> Any:
            """Called only for attributes that are missing."""
            if self.built or name.startswith("_") or hasattr(type(self), name):
                return object.__getattribute__(self, name)
            raise NotFittedError(
                code="LN127",
                where=WithArguments.__repr__(self),
                saw=f"a question for {name}, of a layer that is not built",
                why="parameters get their shapes and values from the first batch",
                fix="network.build(n_features), or a first batch, before",
            )

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: not what passes have left, nor what follows from the rest."""
        return {name: value for name, value in super().__getstate__().items() if name not in _DERIVED}
