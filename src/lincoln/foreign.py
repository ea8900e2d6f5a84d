"""Parameters in the notebooks' form: bare arrays that a user's layer keeps by itself."""

from __future__ import annotations

from typing import Any

from . import arrays
from .arrays import Array
from .parameters import Parameter

__all__ = ["ForeignParameter", "adopted", "touch"]


class ForeignParameter(Parameter):
    """A parameter that a user's layer keeps by itself, as a bare array that its ``parameters()`` yields.

    It has its place in the flat vector like every other; the optimizer copies value and gradient in before a step
    and the value out after it. ``touched`` says whether the layer has gone backward since the last copy.
    """

    __slots__ = ("index", "layer", "touched")

    def __init__(self, layer: Any, index: int) -> None:
        self.layer = layer
        self.index = index
        self.touched = True
        value = self._theirs("parameters")
        super().__init__(tuple(value.shape))
        self.name = str(index)
        self.place(arrays.copied(value))

    @property
    def shown_initializer(self) -> str:
        """The layer's own affair."""
        return "its own"

    @property
    def value(self) -> Array:
        """The layer's own value, copied into the vector. Assigning changes both."""
        self._pull_value()
        return self._value

    @value.setter
    def value(self, value: Array) -> None:
        self._assign(value)
        self.push()

    @property
    def grad(self) -> Array:
        """The layer's own gradient, copied into the vector if it is new."""
        self._pull_grad()
        return self._grad

    @grad.setter
    def grad(self, grad: Array) -> None:
        raise self._assigned_grad()

    def clear_grad(self) -> None:
        """Set the gradient to zero, and no longer use the layer's own."""
        super().clear_grad()
        self.touched = False

    def pull(self) -> None:
        """Copy the layer's own value and gradient into the vector."""
        self._pull_value()
        self._pull_grad()

    def push(self) -> None:
        """Copy the value in the vector back into the layer's own array."""
        self._theirs("parameters")[...] = self._value

    def _pull_value(self) -> None:
        self._value[...] = self._theirs("parameters")

    def _pull_grad(self) -> None:
        grad = self._theirs("grads") if self.touched else None
        if grad is not None:
            self._grad[...] = grad
            self._fresh = True
        self.touched = False

    def _theirs(self, which: str) -> Array:
        return list(getattr(self.layer, which)())[self.index]


def adopted(layer: Any) -> list[ForeignParameter]:
    """The parameters of a layer that keeps bare arrays; none before the layer has made its arrays."""
    values: list[Any] = list(layer.parameters())
    found: list[ForeignParameter] = layer.__dict__.setdefault("_adopted", [])
    if not found and all(value is not None and not isinstance(value, Parameter) for value in values):
        found.extend(ForeignParameter(layer, index) for index in range(len(values)))
    return found


def touch(layer: Any) -> None:
    """Note that a layer has gone backward, so that the gradients it keeps by itself are new."""
    for parameter in layer.__dict__.get("_adopted", ()):
        parameter.touched = True
