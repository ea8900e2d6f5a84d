"""The structure of a built network, which is fixed: where its parameters stand, and the vectors they lie in."""

from __future__ import annotations

from typing import Any

from . import tree
from .exc import ContractError
from .parameters import Parameter
from .vector import ParameterVector, Vector

__all__ = ["are_there", "fixed", "is_part", "lay_out", "lay_out_buffers"]

Slots = tuple[list[Any], list[str], list[Any]]


def lay_out(network: Any) -> ParameterVector:
    """Let a network's parameters lie in one vector, and its buffers in another: those it has, if they are still right.

    Parameters that were not there before join the others, and those that another container has taken into a vector of
    its own come back.

    Raises:
        ContractError: parameters are gone, or stand in another order.
    """
    found, own = tree.built_parameters(network), vars(network)
    vector: ParameterVector | None = network._vector
    if vector is not None and not vector.is_of(found):
        known = {id(parameter) for parameter in vector.parameters}
        if not vector.is_of([parameter for parameter in found if id(parameter) in known]):
            raise fixed(network, "other parameters than those it was built with, or another order of them")
    if vector is None or not vector.holds(found):
        for layer in tree.walk(network):
            for name in ("_learned", "_learns"):
                vars(layer).pop(name, None)
        vector = ParameterVector(found)
    own["_vector"], own["_slots"] = vector, _slots_of(network)
    lay_out_buffers(network)
    return vector


def lay_out_buffers(network: Any) -> Vector:
    """Let a network's buffers lie in one vector: the one it has, if it is still right, or a new one."""
    found = tree.built_buffers(network)
    vector: Vector | None = network._buffers
    if vector is None or not vector.holds(found):
        vector = vars(network)["_buffers"] = Vector(found)
    return vector


def are_there(places: list[Any], names: list[str], values: list[Any]) -> bool:
    """Whether each value is still the one that stands in its place.

    >>> are_there([{"W": None}], ["W"], [None])
    True
    """
    return list(map(dict.get, places, names)) == values  # what is equal here is the same object


def fixed(layer: Any, saw: str) -> ContractError:
    """The refusal of another structure.

    >>> from lincoln.layers import Linear
    >>> fixed(Linear(1), "another W").code
    'LN128'
    """
    return ContractError(
        code="LN128",
        where=repr(layer) if "\n" not in repr(layer) else type(layer).__name__,
        saw=saw,
        why="the structure of a built network is fixed: its vector of parameters and every optimizer rely on it",
        fix="a new container over the same layers: Sequential(body, other_head)",
    )


def is_part(name: str, value: Any, base: type) -> bool:
    """Whether an attribute is a parameter, or a layer or a list of layers that ``children`` would find.

    >>> is_part("size", 3, int), is_part("W", Parameter((2,)), int)
    (True, True)
    """
    if isinstance(value, list | tuple):
        return not name.startswith("_") and any(isinstance(item, base) for item in value)
    return isinstance(value, Parameter) or (isinstance(value, base) and not name.startswith("_"))


def _slots_of(network: Any) -> Slots | None:
    """The attributes that hold parameters and layers, by dictionary and name, with their values.

    None where they do not tell everything: layers that are not built yet get parameters, and those of users may keep
    lists that grow.
    """
    layers = list(tree.walk(network))
    if not all(layer.own and layer.built for layer in layers):
        return None
    inside = {id(layer) for layer in layers}
    slots: Slots = [], [], []
    for layer in layers:
        for name, value in vars(layer).items():
            parts = value if isinstance(value, list | tuple) else (value,)
            if isinstance(value, Parameter) or (not name.startswith("_") and any(id(part) in inside for part in parts)):
                for part, item in zip(slots, (vars(layer), name, value), strict=True):
                    part.append(item)
    return slots
