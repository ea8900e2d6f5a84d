"""The layer contract, as its users see it: a subclass writes the mathematics, the base class does the rest.

`contract` wraps ``forward`` and ``backward`` of every subclass with the checks and the recording.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np

from . import arrays, contract
from .arrays import Array
from .exc import ContractError, MatchError, NotFittedError
from .initializers import Initializer, Shape
from .parameters import Buffer, ForeignParameter, Parameter, ParameterVector
from .recorded import Recorded
from .summary import summarize

__all__ = ["Layer"]

_NO_CODE = (lambda: None).__code__


class Layer(Recorded):
    """A function with parameters that knows its own derivative.

    A subclass writes ``forward(self, input)`` and ``backward(self, output_grad)``; with parameters, also
    ``setup(self, input_shape)``, which declares them. ``backward`` finds the forward pass in ``self.last_input``
    and ``self.output``, gives parameters their gradients with ``self.W.accumulate(...)`` and returns the gradient
    with respect to the input. Layers with several inputs take a tuple and return a tuple.

    Attributes:
        last_input, output: what the last forward pass took and gave, batch axis first; None before it.
        output_grad, input_grad: what the last backward pass took and gave, kept inside `recording`.
        input_shape, output_shape: of one example, without the batch axis; None before the first pass.
        features: the size that the input's last axis must have; None if any will do. ``setup`` sets it.
        min_dims: the least number of axes of an input, the batch axis included.
        code_columns: how many of the input's last columns hold whole numbers that stand for something, such as
            categories: gradient checks leave them alone.
        accepts: ``"float"``, ``"int"`` or ``"any"``: what the input's elements must be. Integers given to a float
            layer are converted.

    Raises:
        MatchError: input, ``output_grad`` or ``input_grad`` have the wrong shape or are the wrong kind of array.
        DimensionError: the input has too few axes.
        BackwardError: ``backward`` before ``forward``.
        ContractError: ``forward`` or ``backward`` returned nothing.
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
    output_grad: Any = None
    input_grad: Any = None
    input_shape: Any = None
    output_shape: Any = None
    features: int | None = None
    min_dims: int = 1
    code_columns: int = 0
    accepts: str = "float"
    gives: ClassVar[str] = ""
    """What the outputs are, for losses to compare: ``"probabilities"``, ``"log-probabilities"`` or unknown."""
    records: ClassVar[tuple[str, ...]] = contract.RECORDED
    """The attributes that a pass leaves behind: not copied, not saved, dropped by `forget`."""
    seed: int | None = None
    built: bool = False
    own: ClassVar[bool] = False
    """Whether the class is one of Lincoln's own, whose gradients its tests have checked."""

    _training: bool = True
    _inside: bool = False
    is_first: bool = False
    """Whether nothing below the layer learns, so that ``backward`` may return None instead of an input gradient."""
    _plain: ClassVar[bool] = False
    """Whether ``forward`` and ``backward`` certainly do not call those of a base class."""
    _dtype: Any = None
    _shape: Any = None
    _vector: ParameterVector | None = None
    _builds: int = 0
    _twin_of: Layer | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.own = cls.__module__.partition(".")[0] == __package__
        cls._plain = all(
            sum(name in vars(base) for base in cls.__mro__ if base is not Layer) < 2 for name in ("forward", "backward")
        )
        if "forward" in cls.__dict__:
            cls.forward = contract.forward(cls.__dict__["forward"])  # type: ignore[method-assign]
        if "backward" in cls.__dict__:
            cls.backward = contract.backward(cls.__dict__["backward"])  # type: ignore[method-assign]
        for name in getattr(cls.__dict__.get("setup"), "__code__", _NO_CODE).co_names:
            if not name.startswith("_") and not hasattr(cls, name):
                setattr(cls, name, _BeforeBuilding(name))

    def __init__(self) -> None:
        """Nothing to do: subclasses need not call it."""

    # ------------------------------------------------------------------ what a subclass writes

    def setup(self, input_shape: Any) -> None:
        """Declare parameters as attributes, knowing the shape of one example: ``self.W = Parameter(shape, init)``.

        Runs once, just before the first forward pass.
        """

    def forward(self, input: Array) -> Array:
        """The output for a batch of inputs.   (batch, ...) -> (batch, ...)"""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def backward(self, output_grad: Array) -> Array:
        """The gradient with respect to the last input, from the gradient with respect to the output."""
        raise NotImplementedError(f"{type(self).__name__}.backward")

    def multiply_adds(self) -> int:
        """How many multiplications with addition one example's forward pass takes, matrix products alone."""
        return 0

    # ------------------------------------------------------------------ what a user calls

    def __call__(self, input: Array) -> Array:
        return self.forward(input)

    @property
    def training(self) -> bool:
        """Whether layers that behave differently in training (dropout) should do so now."""
        return self._training and not contract.inferring()

    def train(self) -> Self:
        """Training behavior from now on, for this layer and all inside it."""
        for layer in walk(self):
            layer.set_training(True)
        return self

    def eval(self) -> Self:
        """Evaluation behavior from now on, for this layer and all inside it."""
        for layer in walk(self):
            layer.set_training(False)
        return self

    def set_training(self, training: bool) -> None:
        """Training or evaluation behavior from now on, for this one layer."""
        self._training = training

    def children(self) -> Iterator[tuple[str, Layer]]:
        """The layers that this layer holds, each with the name to find it by."""
        for name, value in list(vars(self).items()):
            if isinstance(value, Layer) and not name.startswith("_"):
                yield name, value
            elif isinstance(value, list | tuple) and not name.startswith("_"):
                for index, item in enumerate(value):
                    if isinstance(item, Layer):
                        yield f"{name}.{index}", item

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter of this layer and of the layers inside it, once, each with its path, such as ``0.W``."""
        seen: set[int] = set()
        for name, parameter in self._named_parameters(prefix):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield name, parameter

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter of this layer and of the layers inside it, once."""
        for _, parameter in self.named_parameters():
            yield parameter

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Buffer]]:
        """Every `Buffer` of this layer and of the layers inside it, each with its path, such as ``1.running_mean``."""
        for name, value in list(vars(self).items()):
            if isinstance(value, Buffer):
                yield f"{prefix}{name}", value
        for name, child in self.children():
            yield from child.named_buffers(f"{prefix}{name}.")

    def grads(self) -> Iterator[Array]:
        """The gradient of every parameter, in the order of `parameters`."""
        for parameter in self.parameters():
            yield parameter.grad

    @property
    def vector(self) -> ParameterVector:
        """All parameters of this network as one flat vector. The network must be built."""
        if self._vector is None or not self._vector.intact or self._builds != contract.builds():
            self.flatten()
        return self._vector or ParameterVector([])

    def clear_grad(self) -> None:
        """Set every parameter's gradient to zero. Not needed between an optimizer's steps, which use gradients up."""
        for parameter in Layer.parameters(self):
            parameter.clear_grad()

    def freeze(self, frozen: bool = True) -> Self:
        """Let optimizers leave this layer's parameters as they are (or no longer, with False).

        Raises:
            ContractError: the layer is not built, so it has no parameters yet.
        """
        if not self.built:
            raise ContractError(
                code="LN124",
                where=f"{self!r}.freeze",
                saw="a layer that is not built yet",
                why="its parameters, which are to be frozen, come with the first batch",
                fix="network.build(input_shape) first, or a first batch",
            )
        for parameter in Layer.parameters(self):
            parameter.frozen = frozen
        return self

    def build(self, input_shape: Shape | int, *, seed: int | None = None, dtype: str = "float32") -> Self:
        """Fill the parameters before any data come, by passing one example of zeros through.

        Args:
            input_shape: of one example, without the batch axis; an integer for plain features.
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
        if self.accepts == "int":
            dtype = "int64"
        example = arrays.hand_out(np.zeros((1, *shape), dtype=dtype))
        with contract.inference():
            self(example)
        return self

    def astype(self, dtype: str) -> Self:
        """Compute in ``"float32"`` or ``"float64"`` from now on, the parameters converted; `forget` included.

        >>> from lincoln import layers
        >>> layers.Linear(2).build(3, seed=0).astype("float64").W.value.dtype
        dtype('float64')
        """
        self.forget()
        for layer in walk(self):
            layer._dtype = layer._shape = None
        for parameter in Layer.parameters(self):
            if parameter.built:
                parameter.place(arrays.astype(parameter.value, dtype))
        for _, buffer in self.named_buffers():
            buffer.place(arrays.astype(buffer.value, dtype))
        self._vector = None
        self.flatten()
        return self

    def flatten(self) -> None:
        """Lay all parameters into one vector; done by itself when the network is built."""
        self._builds = contract.builds()
        built = [p for p in Layer.parameters(self) if p.built]
        if self._vector is None or not self._vector.holds(built):
            self._vector = ParameterVector(built) if built else None

    def forget(self) -> Self:
        """Drop what passes have recorded, here and in all layers inside: the layer then holds no data."""
        for layer in walk(self):
            for name in layer.records:
                layer.__dict__.pop(name, None)
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
        if self._keeps_bare_arrays():
            raise ContractError(
                code="LN125",
                where=f"{self!r}.twin",
                saw="a layer whose own parameters() yields bare arrays",
                why="each of the two would overwrite the other's gradients",
                fix="self.W = lnc.Parameter(shape, initializer) in setup(self, input_shape), "
                "and self.W.accumulate(grad) in backward",
            )
        twin = copy.copy(self)
        twin._twin_of = self
        for name, value in list(vars(self).items()):
            if name.startswith("_"):
                continue
            if isinstance(value, Layer):
                setattr(twin, name, value.twin())
            elif isinstance(value, list | tuple) and any(isinstance(item, Layer) for item in value):
                setattr(twin, name, type(value)(v.twin() if isinstance(v, Layer) else v for v in value))
        return twin

    def state_dict(self) -> dict[str, np.ndarray]:
        """Every parameter's and every buffer's value as a new NumPy array, by its path.

        >>> from lincoln import layers
        >>> sorted(layers.Linear(2).build(3, seed=0).state_dict())
        ['B', 'W']
        """
        return {name: np.array(arrays.numpy(kept.value)) for name, kept in self._state()}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> Self:
        """Set every parameter and every buffer to the values of `state_dict`. The network must be built.

        Raises:
            MatchError: names or shapes differ; nothing has been changed then.
        """
        mine = dict(self._state())
        wrong = [n for n in mine.keys() & state.keys() if not mine[n].fits(state[n])]
        if mine.keys() != state.keys() or wrong:
            different = sorted(mine.keys() ^ state.keys()) or sorted(wrong)
            raise MatchError(
                code="LN109",
                where=f"{type(self).__name__}.load_state_dict",
                saw=f"{', '.join(different)}: missing, unknown, of another shape or no numbers",
                why="the saved values belong to a network of another structure",
                fix="make the network as it was, and build(input_shape) it, before loading",
            )
        for name, parameter in mine.items():
            parameter.value = np.asarray(state[name])
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
        return summarize(self)

    # ------------------------------------------------------------------ for those who write layers and containers

    def generator(self) -> np.random.Generator:
        """A random generator of this layer's own, from the network's seed. To be called in ``setup``."""
        return contract.streams_of(self.seed).next_drawing()

    def skip_input_grad(self, skip: bool) -> None:
        """Tell the layer that nothing below it learns, so its input gradient is not wanted."""
        self.is_first = skip

    def prefer_initializer(self, initializer: Initializer | None) -> Initializer | None:
        """Learn which initializer suits what follows; say which one suits this layer, for what stands before it."""
        return initializer

    # ------------------------------------------------------------------ the machinery

    def _state(self) -> Iterator[tuple[str, Parameter]]:
        """All that the layer has learned, by its path."""
        yield from self.named_parameters()
        yield from self.named_buffers()

    def _named_parameters(self, prefix: str) -> Iterator[tuple[str, Parameter]]:
        if self._keeps_bare_arrays():
            yield from self._foreign_parameters(prefix)
        for name, value in list(vars(self).items()):
            if isinstance(value, Parameter) and not isinstance(value, Buffer):
                yield f"{prefix}{name}", value
        for name, child in self.children():
            yield from child._named_parameters(f"{prefix}{name}.")

    def _keeps_bare_arrays(self) -> bool:
        """Whether the subclass has a ``parameters()`` of its own, as the notebooks' layers have."""
        return type(self).parameters is not Layer.parameters and not any(True for _ in self.children())

    def _foreign_parameters(self, prefix: str) -> Iterator[tuple[str, Parameter]]:
        """Parameters of a layer that keeps bare arrays and yields them from its own ``parameters()``."""
        values: list[Any] = list(self.parameters())
        adopted: list[ForeignParameter] = self.__dict__.setdefault("_adopted", [])
        if not adopted and all(value is not None and not isinstance(value, Parameter) for value in values):
            adopted.extend(ForeignParameter(self, index) for index in range(len(values)))
        for parameter in adopted:
            yield f"{prefix}{parameter.name}", parameter

    def _is_own_throughout(self) -> bool:
        """Whether this layer and all inside it are Lincoln's own, which treat every example of a batch by itself."""
        return all(layer.own for layer in walk(self))

    def _touch_foreign(self) -> None:
        """Note that the layer has gone backward, so that the gradients it keeps by itself are new."""
        for parameter in self.__dict__.get("_adopted", ()):
            parameter.touched = True

    def _build(self, input: Any) -> None:
        self.input_shape = contract.example_shape(input)
        original = self._twin_of
        if original is not None:
            if not original.built:
                contract.streams_of(self.seed).note(original)
                original._build(input)
            self.setup(self.input_shape)
            for name, value in vars(original).items():
                if isinstance(value, Parameter):
                    setattr(self, name, value)
        else:
            self.setup(self.input_shape)
            self._fill(input[0] if type(input) is tuple else input)
        self.built = True

    def _fill(self, prototype: Array) -> None:
        for name, value in vars(self).items():
            if isinstance(value, Parameter) and not value.built:
                value.name = value.name or name
                if arrays.kind(prototype) != "float":
                    prototype = arrays.astype(prototype, "float32")
                value.fill(contract.streams_of(self.seed).initial, prototype)

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: not what passes recorded."""
        state = self.__dict__.copy()
        for name in (*self.records, "_vector", "_adopted"):
            state.pop(name, None)
        return state


class _BeforeBuilding:
    """Stands for an attribute that ``setup`` will make, such as a parameter, and tells who asks for it too early.

    It is found on the class only, so that layers need no ``__getattr__``, which would make every attribute slower.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, layer: Layer | None, owner: type) -> Any:
        for base in owner.__mro__:
            found = vars(base).get(self.name, self)
            if type(found) is not _BeforeBuilding:  # of a second base class, where it has a value
                return found.__get__(layer, owner) if hasattr(found, "__get__") else found
        if layer is None or layer.built:
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}")
        raise NotFittedError(
            code="LN127",
            where=repr(layer),
            saw=f"a question for {self.name}, of a layer that is not built",
            why="parameters get their shapes and values from the first batch",
            fix="network.build(n_features), or a first batch, before",
        )


def walk(layer: Layer) -> Iterator[Layer]:
    """A layer and all the layers inside it, from the outside in."""
    yield layer
    for _, child in layer.children():
        yield from walk(child)
