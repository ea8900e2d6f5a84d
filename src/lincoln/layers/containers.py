"""Layers made of layers: one after another, with a shortcut, or side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, overload

from .. import tree
from ..arrays import Array, namespace
from ..exc import ContractError, DataError, MatchError
from ..initializers import Initializer, zeros
from ..layer import Layer
from ..parameters import Parameter
from ..spelling import explain
from .activations import ACTIVATIONS
from .linear import Linear

__all__ = ["Container", "Dense", "Parallel", "Residual", "Sequential"]


class Container(Layer):
    """A layer made of layers, found by their index: ``container[0]``.

    Raises:
        ContractError: something that is not a layer, or one layer object in two places.

    >>> from lincoln.layers import ReLU, Tanh
    >>> len(Container(ReLU(), Tanh()))
    2
    """

    _learns: tuple[int, ...] | None = None

    def __init__(self, *layers: Layer, seed: int | None = None) -> None:
        self.layers = layers
        self.seed = seed
        _check_layers(self)

    @property
    def accepts(self) -> str:  # type: ignore[override]
        """``"int"`` if a layer that its input goes into wants integers; else ``"any"``: the layers inside convert."""
        return "int" if any(layer.accepts == "int" for layer in self._first()) else "any"

    def _first(self) -> Sequence[Layer]:
        """The layers that the input goes into."""
        return self.layers

    def children(self) -> Iterator[tuple[str, Layer]]:
        for index, layer in enumerate(self.layers):
            yield str(index), layer

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Any:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __repr__(self) -> str:
        parts = [repr(layer) for layer in self.layers]
        parts += [f"{name}={value!r}" for name, value in self.arguments[1].items() if name != "seed"]
        inner = ",\n".join(parts).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {inner}\n)" if parts else f"{type(self).__name__}()"

    def _learners(self) -> tuple[int, ...]:
        """The indices of the layers that have parameters; found once if all are Lincoln's own, which stay as built."""
        found = tuple(index for index, layer in enumerate(self.layers) if tree.learns(layer))
        if tree.is_own(self):
            self.__dict__["_learns"] = found
        return found

    def _name_place(self, error: Exception, index: int) -> None:
        """Add to an error the path to the layer that it came from, and what may have led to it."""
        layer = self.layers[index]
        explain(layer, error)
        shown = repr(layer) if "\n" not in repr(layer) else type(layer).__name__
        error.add_note(f"in {type(self).__name__}[{index}], {shown}")


class Sequential(Container):
    """Layers one after another: each one's output is the next one's input.

    Args:
        layers: any number of layers.
        seed: of the random numbers of this network: initial values, dropout. A layer inside with a seed of its own
            keeps to that.

    Raises:
        ContractError: something that is not a layer, or one layer object in two places.

    >>> import numpy as np
    >>> network = Sequential(Dense(10), Dense(1), seed=0)
    >>> network(np.zeros((4, 30), dtype=np.float32)).shape
    (4, 1)
    >>> network[0].W.shape
    (30, 10)
    >>> network
    Sequential(
      Dense(10),
      Dense(1)
    )
    """

    def __init__(self, *layers: Layer, seed: int | None = None) -> None:
        super().__init__(*layers, seed=seed)
        self.prefer_initializer(None)

    def _first(self) -> Sequence[Layer]:
        """The first layer that does more than change the shape."""
        return [layer for layer in self.layers if layer.accepts != "any"][:1]

    def forward(self, input: Array) -> Array:
        index = 0
        try:
            for index, layer in enumerate(self.layers):  # noqa: B007
                input = layer.forward(input)
        except Exception as error:
            self._name_place(error, index)
            raise
        return input

    def backward(self, output_grad: Array) -> Array:
        index = len(self.layers)
        try:
            for layer in reversed(self.layers):
                index -= 1
                output_grad = layer.backward(output_grad)
                if output_grad is None:  # its input holds integers: nothing below has a gradient
                    return None
        except Exception as error:
            self._name_place(error, index)
            raise
        return output_grad

    def learn(self, output_grad: Array) -> None:
        """Down to the lowest layer that has parameters, and no further."""
        learners = self._learners() if self._learns is None else self._learns
        lowest, index = learners[0] if learners else len(self.layers), len(self.layers)
        try:
            for layer in reversed(self.layers[lowest:]):
                index -= 1
                if index == lowest:
                    layer.learn(output_grad)
                    return
                output_grad = layer.backward(output_grad)
                if output_grad is None:
                    return
        except Exception as error:
            self._name_place(error, index)
            raise

    def prefer_initializer(self, initializer: Initializer | None) -> Initializer | None:
        for layer in reversed(self.layers):
            initializer = layer.prefer_initializer(initializer)
        return initializer


class Dense(Sequential):
    """A `Linear` layer and its activation.

    Args:
        size: the number of outputs.
        activation: a layer, or its name (``"sigmoid"``, ``"relu"``, ...), or None for none.
        bias, weight_init, bias_init: as in `Linear`.

    Attributes:
        W, B: the parameters of its linear layer.

    Raises:
        DataError: no activation has that name.

    >>> import numpy as np
    >>> dense = Dense(10, activation="relu").build(5, seed=0)
    >>> dense.W
    Parameter(W, (5, 10))
    """

    def __init__(
        self,
        size: int,
        activation: Layer | str | None = "sigmoid",
        *,
        bias: bool = True,
        weight_init: Initializer | None = None,
        bias_init: Initializer = zeros,
        seed: int | None = None,
    ) -> None:
        linear = Linear(size, bias=bias, weight_init=weight_init, bias_init=bias_init)
        follower = _activation(activation)
        super().__init__(*((linear,) if follower is None else (linear, follower)), seed=seed)

    @property
    def activation(self) -> Layer | None:
        """The layer after the linear one, or None."""
        return self.layers[1] if len(self) > 1 else None

    @property
    def W(self) -> Parameter:
        """The weights, of shape ``(n_in, size)``."""
        weights: Parameter = self[0].W
        return weights

    @property
    def B(self) -> Parameter | None:
        """The bias, of shape ``(size,)``, or None."""
        bias: Parameter | None = self[0].B
        return bias

    def __repr__(self) -> str:
        return Layer.__repr__(self)


class Residual(Sequential):
    """y = x + f(x), f being the layers inside, one after another   (He, Zhang, Ren, Sun 2016)

    ∂L/∂x = ∂L/∂y + (∂f/∂x)ᵀ ∂L/∂y

    Raises:
        MatchError: f changes the shape, so the two cannot be added.

    >>> import numpy as np
    >>> Residual(Linear(3, weight_init=zeros))(np.ones((1, 3)))
    array([[1., 1., 1.]])
    """

    def forward(self, input: Array) -> Array:
        inner = super().forward(input)
        came, given = _shape(input), _shape(inner)
        if given != came:
            raise MatchError(
                code="LN114",
                where="Residual",
                saw=f"input {came}, output of the layers inside {given}",
                why="the two are added, number by number",
                fix=f"end the inner layers with as many features as came in, such as Linear({input.shape[-1]})"
                if type(input) is not tuple
                else "end the inner layers with as many arrays as came in, of the same shapes",
            )
        return _added([input, inner])

    def backward(self, output_grad: Array) -> Array:
        return _added([output_grad, super().backward(output_grad)])

    def learn(self, output_grad: Array) -> None:
        super().learn(output_grad)


class Parallel(Container):
    """Layers side by side on the same input, their outputs concatenated along the last axis or added.

    Args:
        layers: the branches.
        combine: ``"concatenate"`` or ``"add"``.
        seed: of the random numbers of this network.

    Raises:
        MatchError: the branches' outputs do not fit together.
        DataError: another ``combine``.

    >>> import numpy as np
    >>> Parallel(Linear(2), Linear(3))(np.ones((4, 7))).shape
    (4, 5)
    """

    def __init__(
        self, *layers: Layer, combine: Literal["concatenate", "add"] = "concatenate", seed: int | None = None
    ) -> None:
        if combine not in ("concatenate", "add") or not layers:
            raise DataError(
                code="LN115",
                where="Parallel",
                saw=f"{len(layers)} branches, combine={combine!r}",
                why="the outputs of one branch or more are put side by side or added",
                fix='Parallel(one, two, combine="concatenate") or combine="add"',
            )
        super().__init__(*layers, seed=seed)
        self.combine = combine

    def forward(self, input: Array) -> Array:
        outputs = []
        for index, layer in enumerate(self.layers):
            try:
                outputs.append(layer(input))
            except Exception as error:
                self._name_place(error, index)
                raise
        self._check_fit(outputs)
        if self.combine == "concatenate":
            return namespace(outputs[0]).concat(outputs, axis=-1)
        return _added(outputs)

    def backward(self, output_grad: Array) -> Array:
        return _added([self._back(index, layer.backward, output_grad) for index, layer in enumerate(self.layers)])

    def learn(self, output_grad: Array) -> None:
        for index in self._learners() if self._learns is None else self._learns:
            self._back(index, self.layers[index].learn, output_grad)

    def _back(self, index: int, back: Callable[[Array], Array], output_grad: Array) -> Array:
        """One branch's way back, from its part of the gradient."""
        if self.combine == "concatenate":
            start = sum(layer.output.shape[-1] for layer in self.layers[:index])
            output_grad = output_grad[..., start : start + self.layers[index].output.shape[-1]]
        try:
            return back(output_grad)
        except Exception as error:
            self._name_place(error, index)
            raise

    def prefer_initializer(self, initializer: Initializer | None) -> Initializer | None:
        for layer in self.layers:
            layer.prefer_initializer(initializer)
        return None

    def _check_fit(self, outputs: list[Any]) -> None:
        concatenates, shapes = self.combine == "concatenate", [_shape(output) for output in outputs]
        comparable = [shape[:-1] for shape in shapes] if concatenates else shapes
        several = concatenates and any(type(output) is tuple for output in outputs)
        if several or (concatenates and () in comparable) or any(shape != comparable[0] for shape in comparable):
            raise MatchError(
                code="LN116",
                where="Parallel",
                saw=f"branch outputs of shapes {', '.join(map(str, shapes))}",
                why=f'combine="{self.combine}" would broadcast them or fail',
                fix="give the branches outputs that differ in the last axis at most, the batch axis not being the last"
                if concatenates
                else "give all branches outputs of one shape",
            )


def _shape(array: Any) -> tuple[Any, ...]:
    """The shape of an array, or those of several."""
    return tuple(map(_shape, array)) if type(array) is tuple else tuple(array.shape)


def _added(parts: Sequence[Any]) -> Any:
    """The sum of outputs or of gradients, where each is several arrays of one after another; None if one is None."""
    if any(part is None for part in parts):
        return None
    several = type(parts[0]) is tuple
    return tuple(map(_added, zip(*parts, strict=True))) if several else sum(parts[1:], start=parts[0])


def _activation(activation: Layer | str | None) -> Layer | None:
    if not isinstance(activation, str):
        return activation
    if activation not in ACTIVATIONS:
        raise DataError(
            code="LN117",
            where="Dense",
            saw=f"activation={activation!r}",
            why="no activation of that name is known",
            fix=f"one of {', '.join(sorted(ACTIVATIONS))}; or a layer object; or None",
        )
    return ACTIVATIONS[activation]()


def _instead_of(part: Any) -> str:
    """What was probably meant by something that is not a layer."""
    if isinstance(part, type):
        return f"{part.__name__}(), an object of the class"
    if isinstance(part, list | tuple):
        return "the layers one by one, without brackets: Sequential(*layers)"
    if isinstance(part, str) and part in ACTIVATIONS:
        return f"lnc.layers.{ACTIVATIONS[part].__name__}()"
    if isinstance(part, int):
        return "the number of outputs alone, such as Dense(3): the number of inputs comes with the first batch"
    return "an object of a class that derives from lnc.Layer"


def _check_layers(container: Container) -> None:
    """Every part is a layer, and every layer object stands in one place only."""
    for index, layer in enumerate(container.layers):
        if not isinstance(layer, Layer):
            raise ContractError(
                code="LN118",
                where=f"{type(container).__name__}[{index}]",
                saw=f"a {'class' if isinstance(layer, type) else type(layer).__name__}: {layer!r}",
                why="a network is made of layer objects",
                fix=_instead_of(layer),
            )
    places: dict[int, str] = {}
    for index, layer in enumerate(container.layers):
        for inner in tree.walk(layer):
            place = f"[{index}] {type(layer).__name__}"
            if id(inner) in places:
                raise ContractError(
                    code="LN119",
                    where=type(container).__name__,
                    saw=f"the same {type(inner).__name__} object in {places[id(inner)]} and in {place}",
                    why="its second forward pass would overwrite what its first left for backward",
                    fix="layer.twin(): a second layer on the same parameters; or a new layer",
                )
            places[id(inner)] = place
