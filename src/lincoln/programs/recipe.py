"""What one traced pass has written down: its calls, what it leaves, and where the things stand that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..losses import Loss
from ..tracing import Traced
from ..tree import walk
from .reads import Reads

__all__ = ["LOSS", "Call", "Method", "Place", "Recipe", "Store", "owners", "traced_in"]

LOSS = -1
"""The number of the loss, where layers have theirs: 0 and up, in the order of `walk`."""


@dataclass(frozen=True)
class Place:
    """An attribute of a layer or of the loss: the same place in a copy holds the copy of the same thing."""

    layer: int
    name: str = ""

    def find(self, owners: list[Any]) -> Any:
        """What stands there; the owners are those of `owners`."""
        return getattr(owners[self.layer], self.name) if self.name else owners[self.layer]

    def find_owner(self, owners: list[Any]) -> Any:
        """The layer or loss that it belongs to."""
        return owners[self.layer]


@dataclass(frozen=True)
class Method:
    """A method of a layer, or of the loss, that stays one call."""

    place: Place
    name: str


@dataclass(eq=False)
class Call:
    """One call of a pass.

    Attributes:
        function: what was called; None where a value is only put into its target.
        operands, named: its arguments: `Traced` arrays, and everything else as it was.
        results: the arrays that it gave.
        gives_tuple: whether it gave them as a tuple.
        layer: the number of the layer in which it was called.
        direction: ``"forward"`` or ``"backward"``.
        target: the parameter whose gradient, or the buffer whose value, the operand is put into.
        adds: whether it is added to what is there.
        lasting: whether it is done though nobody uses its results: checks, random numbers, methods.
    """

    function: Any
    operands: tuple[Any, ...]
    named: dict[str, Any]
    results: tuple[Traced, ...]
    gives_tuple: bool
    layer: int
    direction: str
    target: Place | None = None
    adds: bool = False
    lasting: bool = False

    def uses(self) -> Iterator[Traced]:
        """The traced arrays among its arguments, each as often as it stands there."""
        yield from traced_in((*self.operands, *self.named.values()))


@dataclass(frozen=True)
class Store:
    """What a pass leaves on a layer or on the loss."""

    place: Place
    value: Any


@dataclass
class Recipe:
    """What one pass has written down.

    Attributes:
        calls: in the order in which they were made.
        stores: what the pass leaves.
        inputs: the batch.
        value: the loss.
        sources: parameters, buffers and other arrays that stand in the network, with their places.
        outputs: the number of the layer whose output an array is, by the array's id.
        makers: the function that gave an array, by the array's id.
        input_grads: the array whose gradient an array is, by the gradient's id.
        stays: layers that stay calls: number and reason.
        reads: what user-written layers read, by number.
        parameters: the places of parameters, whose gradients calls write.
        constants: places of other things that calls are given, by id.
        owners: the layers of the copy, and the copied loss.
        states: of random generators before the pass, by id.
        before: values of buffers before the pass, by the id of their array.
    """

    inputs: tuple[Any, ...] = ()
    value: Any = None
    calls: list[Call] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    sources: dict[int, tuple[Traced, Place]] = field(default_factory=dict)
    outputs: dict[int, int] = field(default_factory=dict)
    makers: dict[int, Any] = field(default_factory=dict)
    input_grads: dict[int, Traced] = field(default_factory=dict)
    stays: dict[int, str] = field(default_factory=dict)
    reads: dict[int, Reads] = field(default_factory=dict)
    parameters: set[Place] = field(default_factory=set)
    constants: dict[int, Place] = field(default_factory=dict)
    owners: list[Any] = field(default_factory=list)
    states: dict[int, dict[str, Any]] = field(default_factory=dict)
    before: dict[int, np.ndarray] = field(default_factory=dict)


def owners(loss: Loss) -> list[Any]:
    """Everything that a `Place` can name: the layers in the order of `walk`, losses inside the loss, the loss last."""
    return [*walk(loss.network), *(inner for inner in vars(loss).values() if isinstance(inner, Loss)), loss]


def traced_in(operands: Any) -> Iterator[Traced]:
    """The traced arrays among operands, those inside tuples and lists included, each as often as it stands there."""
    for operand in operands:
        if type(operand) is Traced:
            yield operand
        elif type(operand) in (tuple, list):
            yield from traced_in(operand)
