"""What the layers of a network have learned: parameters, buffers, and the attributes that passes have changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import arrays, tree
from ..foreign import ForeignParameter
from ..layer import UNSAVED, Layer
from ..layers import Container, Parallel, Residual, Sequential
from ..parameters import Parameter
from ..structure import lay_out

__all__ = ["entry_of_layer", "owners_of", "restore_layers"]

CONTAINERS = (Container, Sequential, Residual, Parallel)
"""The classes whose arguments are the layers that they hold."""

_MOST_INPUTS = 1 << 26
"""How many numbers an example of a network in a file may have, so that a wrong file takes no memory."""


def owners_of(layer: Layer) -> dict[int, tuple[Layer, str]]:
    """The layers inside that no constructor was given: for each the layer that made it, and its name there."""
    owners = {}
    for outer in tree.walk(layer):
        if type(outer) in CONTAINERS:
            continue
        given = set(_given_layers(outer.arguments))
        for name, child in outer.children():
            if id(child) not in given:
                owners[id(child)] = outer, name
    return owners


def _given_layers(value: Any) -> Iterator[int]:
    if isinstance(value, Layer):
        yield id(value)
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _given_layers(part)


# ---------------------------------------------------------------------- to the file


def entry_of_layer(writer: Any, layer: Layer, path: str) -> dict[str, Any]:
    """One layer's state as JSON; nothing if the file has it already."""
    if id(layer) in writer.described:
        return {}
    writer.described.add(id(layer))
    entry: dict[str, Any] = {"attributes": {}, "parameters": {}}
    for name, value in list(vars(layer).items()):
        where = f"{path}.{name}".lstrip(".")
        if isinstance(value, Parameter):
            if value.built and not isinstance(value, ForeignParameter):
                entry["parameters"][name] = _parameter(writer, value, where)
        elif _is_kept(layer, name):
            node = writer.plain_node(value, where)
            if node is not NotImplemented:
                entry["attributes"][name] = node
    frozen = [name for name, value in vars(layer).items() if isinstance(value, Parameter) and value.frozen]
    return entry | ({"frozen": frozen} if frozen else {})


def _parameter(writer: Any, parameter: Parameter, where: str) -> str:
    """The name of a parameter's array; a parameter that stands in several layers has one."""
    if id(parameter) not in writer.parameters:
        writer.parameters[id(parameter)] = writer.add_array(where, arrays.numpy(parameter.value))
    name: str = writer.parameters[id(parameter)]
    return name


def _is_kept(layer: Layer, name: str) -> bool:
    """Whether an attribute belongs to a layer's state; of private ones, those of the user's own classes."""
    if name == "_training":
        return True
    if name in UNSAVED or name in layer.records or name in layer._kept:
        return False
    return not (name.startswith("_") and (layer.own or hasattr(Layer, name)))


# ---------------------------------------------------------------------- from the file


def restore_layers(reader: Any, network: Layer, entries: dict[str, Any], field: str) -> None:
    """Bring a network and all the layers inside it into the state that a file tells."""
    found = {tree.place(path): layer for path, layer in tree.paths(network)}
    for place, entry in entries.items():
        where = f"{field}.layers[{place}]"
        if place not in found:
            reader.refuse(where, f"the network has no layer there, but at {', '.join(found)}"[:200])
        _restore_layer(reader, found[place], entry, where)
    missing = [place for place, layer in found.items() if place not in entries and id(layer) not in reader.restored]
    if missing:
        reader.refuse(f"{field}.layers", f"nothing for the layer at {missing[0] or 'the top'}")
    if network.built:
        lay_out(network)


def _restore_layer(reader: Any, layer: Layer, entry: Any, field: str) -> None:
    """Set up one layer for its saved input, unless it is built, then its parameters, then everything else."""
    reader.check(field, entry, attributes=dict, parameters=dict)
    if id(layer) in reader.restored:
        return
    reader.restored.add(id(layer))
    values = {name: reader.value(node, f"{field}.attributes.{name}") for name, node in entry["attributes"].items()}
    for name, value in values.items():
        _check_attribute(reader, layer, name, value, f"{field}.attributes.{name}")
    if layer.built and (not values.get("built") or values.get("input_shape") != layer.input_shape):
        reader.refuse(f"{field}.attributes.input_shape", f"{values.get('input_shape')}, here {layer.input_shape}")
    if values.get("built") and not layer.built:
        shape = values.get("input_shape")
        if not _is_shape(shape) or _size(shape) > max(_MOST_INPUTS, reader.size):
            reader.refuse(f"{field}.attributes.input_shape", f"{shape!r}"[:80])
        layer.input_shape = shape
        reader.call(f"{field}.attributes.input_shape", layer.setup, shape)
    if layer.own and values.get("features", layer.features) != layer.features:
        reader.refuse(f"{field}.attributes.features", f"{values['features']!r:.80}, for an input {layer.input_shape}")
    _restore_parameters(reader, layer, entry, field)
    for name, value in values.items():
        reader.check_alike(layer, name, value, f"{field}.attributes.{name}")
        setattr(layer, name, value)


def _restore_parameters(reader: Any, layer: Layer, entry: dict[str, Any], field: str) -> None:
    mine = {
        name: value
        for name, value in vars(layer).items()
        if isinstance(value, Parameter) and not isinstance(value, ForeignParameter)
    }
    named = entry["parameters"]
    unset = {name for name, parameter in mine.items() if not parameter.built and not entry["attributes"].get("built")}
    different = (mine.keys() ^ named.keys()) - (unset - named.keys())
    if different:
        name = min(different)
        saw = "no array for it" if name in mine else f"the {type(layer).__name__} has no such parameter"
        reader.refuse(f"{field}.parameters.{name}", saw)
    for name, array_name in named.items():
        where = f"{field}.parameters.{name}"
        array = reader.array(array_name, where)
        parameter = mine[name]
        if array.shape != parameter.shape or array.dtype.kind != "f":
            reader.refuse(f"arrays.{array_name}", f"{array.dtype} {array.shape}, where {name} is {parameter.shape}")
        shared = reader.parameters.setdefault(array_name, parameter)
        if shared is not parameter:
            vars(layer)[name] = shared
        _fill(reader, shared, name, array, where)
    for name in reader.names(entry.get("frozen", []), f"{field}.frozen", mine):
        mine[name].frozen = True
    for name, parameter in mine.items():
        if name not in entry.get("frozen", []):
            parameter.frozen = False


def _fill(reader: Any, parameter: Parameter, name: str, array: np.ndarray, field: str) -> None:
    """Give a parameter its value: in its own memory if it has some, so that all who look there see it."""
    if not parameter.built:
        parameter.name = parameter.name or name
        parameter.place(arrays.hand_out(array.copy()))
    elif arrays.dtype_name(parameter.value) != array.dtype.name:
        reader.refuse(field, f"{array.dtype.name}, here {arrays.dtype_name(parameter.value)}")
    else:
        parameter.value = array


def _check_attribute(reader: Any, layer: Layer, name: str, value: Any, field: str) -> None:
    """Refuse attributes that no layer of this class has, or that would take the place of a method."""
    fresh, unknown = getattr(type(layer), name, None), name in UNSAVED or not name.isidentifier()
    if (
        unknown
        or callable(fresh)
        or isinstance(fresh, property)
        or isinstance(vars(layer).get(name), Layer | Parameter)
    ):
        reader.refuse(field, f"a {type(layer).__name__} keeps nothing of its own under this name")
    if name in ("built", "_training") and type(value) is not bool:
        reader.refuse(field, f"{value!r} in place of true or false"[:120])


def _is_shape(shape: Any) -> bool:
    return type(shape) is tuple and all(
        _is_shape(part) if type(part) is tuple else type(part) is int and part >= 0 for part in shape
    )


def _size(shape: Any) -> int:
    """How many numbers an input of this shape has, or several inputs together."""
    if any(type(part) is tuple for part in shape):
        return sum(_size(part) if type(part) is tuple else part for part in shape)
    return math.prod(shape)
