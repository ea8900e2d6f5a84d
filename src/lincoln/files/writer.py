"""From objects to a document: what each object was made of, and what it has learned since."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

import numpy as np

from .. import arrays as libraries
from ..arguments import WithArguments
from ..exc import ModelFileError
from ..layer import Layer
from ..optim import Optimizer, Schedule
from ..optim.groups import ALL_OTHERS
from ..tree import paths, place, walk
from . import plain
from .container import dtypes
from .layers import CONTAINERS, entry_of_layer, owners_of
from .names import makes_things, name_of

__all__ = ["Writer"]


class Writer:
    """Collects what things consist of: an entry for each object, and arrays by name.

    An entry names an object's class, the arguments that it was made with, and its state. Objects that stand in several
    places have one entry, to which ``{"ref": number}`` leads, and arrays that do have one name. An object's entry comes
    after those of all that it needs.

    Args:
        lenient: write functions without a name as what cannot be loaded, in place of an error. That is enough for
            a checkpoint, which goes back into objects that have them.

    Attributes:
        entries: one for each object, as JSON.
        things: the objects, in the same order.
        arrays: by their names in the file.
        named: the classes and functions that are values themselves, by their names.
    """

    def __init__(self, *, lenient: bool = False) -> None:
        self.lenient = lenient
        self.entries: list[dict[str, Any]] = []
        self.things: list[Any] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.named: dict[str, Any] = {}
        self.parameters: dict[int, str] = {}
        self.described: set[int] = set()
        self._references: dict[int, Any] = {}
        self._array_nodes: dict[int, Any] = {}
        self._inside: set[int] = set()
        self._owners: dict[int, tuple[Layer, str]] = {}
        self._begun: set[int] = set()
        self._kept: list[Any] = []

    def root(self, thing: Any) -> Any:
        """`node` of what is to be saved."""
        try:
            return self.node(thing, "")
        except RecursionError as error:
            raise _cannot(
                "", "values inside values inside values, too deep to follow", "a flatter structure"
            ) from error

    def node(self, value: Any, path: str) -> Any:
        """A value as JSON, its objects and arrays noted.

        Args:
            value: anything.
            path: where it stands, for messages and for the names of arrays.

        Raises:
            ModelFileError: it is, or contains, what files cannot hold.
        """
        node = plain.plain_node(value)
        if node is NotImplemented:
            node = self._collection(value, path)
        if node is NotImplemented:
            node = self._array(value, path)
        if node is NotImplemented:
            node = self._object(value, path)
        if node is NotImplemented:
            node = self._named(value, path)
        return node

    def plain_node(self, value: Any, path: str) -> Any:
        """A value as JSON if it consists of numbers, strings, arrays and generators alone; else NotImplemented."""
        return self.node(value, path) if _is_plain(value) else NotImplemented

    def add_array(self, name: str, array: np.ndarray) -> str:
        """Note an array; the name that it has in the file."""
        unique, number = name, 1
        while unique in self.arrays:
            number += 1
            unique = f"{name}~{number}"
        self.arrays[unique] = array
        return unique

    # ------------------------------------------------------------------ values

    def _collection(self, value: Any, path: str) -> Any:
        if type(value) is list:
            if plain.stays(value):
                return value
            return [self.node(part, f"{path}.{index}") for index, part in enumerate(value)]
        if type(value) is tuple:
            return {"tuple": [self.node(part, f"{path}.{index}") for index, part in enumerate(value)]}
        if type(value) is dict:
            return _dict(
                [[self.node(key, path), self.node(item, _join(path, str(key)))] for key, item in value.items()]
            )
        return NotImplemented

    def _array(self, value: Any, path: str) -> Any:
        """An array: one that stands in two places is to be one array again."""
        kind = libraries.library(value)
        if kind not in ("numpy", "torch") or not hasattr(value, "shape"):
            return NotImplemented
        if id(value) in self._array_nodes:
            return self._array_nodes[id(value)]
        array = libraries.numpy(value)
        if array.dtype.kind == "O":
            items = [self.node(item, f"{path}.{index}") for index, item in enumerate(array.ravel().tolist())]
            node: Any = {"objects": [list(array.shape), items]}
        elif array.dtype.kind in "mM":
            node = {"array": [self.add_array(path, array.view(np.int64)), array.dtype.str]}
        elif array.dtype.name not in dtypes():
            raise _cannot(path, f"an array of dtype {array.dtype}", "an array of numbers, booleans or strings")
        else:
            array = array.astype(array.dtype.newbyteorder("="), copy=False)
            node = {"array" if kind == "numpy" else "tensor": self.add_array(path, array)}
        self._array_nodes[id(value)] = node
        self._kept.append(value)
        return node

    def _named(self, value: Any, path: str) -> Any:
        """A class or a function, by its name."""
        name = name_of(value) if callable(value) else None
        if name is not None:
            self.named[name] = value
            return {"class" if isinstance(value, type) else "function": name}
        if not callable(value):
            raise _cannot(path, f"a {type(value).__name__}", "numbers, strings, arrays, and Lincoln's own objects")
        if self.lenient:
            return {"unnamed": str(getattr(value, "__name__", type(value).__name__))}
        raise _cannot(
            path,
            f"{getattr(value, '__name__', repr(value))}, a function that load could find under no name",
            "a function of Lincoln's; one that is defined with def at the top of a module, and "
            "lnc.load(path, registry=(function,)); or an object of a class of your own",
        )

    # ------------------------------------------------------------------ objects

    def _object(self, value: Any, path: str) -> Any:
        if id(value) in self._references:
            return self._references[id(value)]
        state = plain.generator_state(value)
        if state:
            return self._add(value, {"generator": self.node(state, path)})
        if isinstance(value, type) or not makes_things(type(value)) or name_of(value):
            return NotImplemented
        if id(value) in self._begun:
            raise _cannot(path, f"a {type(value).__name__} that holds itself", "objects that hold only others")
        self._begun.add(id(value))
        if isinstance(value, Layer):
            return self._layer(value, path)
        return self._add(value, {**self._making(value, path), **self._state(value, path)})

    def _add(self, thing: Any, entry: dict[str, Any]) -> Any:
        self.entries.append(entry)
        self.things.append(thing)
        reference = {"ref": len(self.entries) - 1}
        self._references[id(thing)] = reference
        self._kept.append(thing)
        return reference

    def _layer(self, layer: Layer, path: str) -> Any:
        """A layer's entry; the outermost one tells the state of all the layers inside."""
        outermost = id(layer) not in self._inside
        if outermost:
            self._inside.update(id(inner) for inner in walk(layer))
            self._owners.update(owners_of(layer))
        if id(layer) in self._owners:
            return self._part(layer, path)
        original = layer._twin_of
        entry = self._making(layer, path) if original is None else {"twin": self.node(original, path)}
        if outermost:
            inside = [(place(steps), inner) for steps, inner in paths(layer)]
            states = {place: entry_of_layer(self, inner, _join(path, place)) for place, inner in inside}
            entry["layers"] = {place: state for place, state in states.items() if state}
        return self._add(layer, entry)

    def _part(self, layer: Layer, path: str) -> Any:
        """A layer that another one makes by itself, by its place inside that one."""
        owner, name = self._owners[id(layer)]
        whole = self.node(owner, path)["ref"]
        number, place = whole if isinstance(whole, list) else (whole, "")
        self._references[id(layer)] = {"ref": [number, f"{place}.{name}".lstrip(".")]}
        return self._references[id(layer)]

    def _making(self, thing: Any, path: str) -> dict[str, Any]:
        """How an object was made: its class and the arguments of its constructor."""
        name = name_of(type(thing))
        if name is None:
            raise _cannot(path, f"an object of class {type(thing).__qualname__}", "objects of classes that have a name")
        args, kwargs = arguments_of(thing)
        kind: Any = type(thing)
        names = parameter_names(kind, len(args))
        return {
            "class": name,
            "args": [self.node(value, _join(path, name)) for name, value in zip(names, args, strict=True)],
            "kwargs": {name: self.node(value, _join(path, name)) for name, value in kwargs.items()},
        }

    def _state(self, thing: Any, path: str) -> dict[str, Any]:
        """What an object has learned: by its ``state_dict``, or else its public attributes."""
        entry: dict[str, Any] = {}
        if hasattr(thing, "state_dict"):
            entry["state"] = self.node(dict(thing.state_dict()), path)
        if isinstance(thing, Optimizer | Schedule) or not entry:
            nodes = {name: self.plain_node(value, _join(path, name)) for name, value in _settings(thing).items()}
            entry["attributes"] = {name: node for name, node in nodes.items() if node is not NotImplemented}
        if isinstance(thing, Optimizer):
            groups = [group for group in thing.groups if group is not ALL_OTHERS]
            entry["attributes"]["lr"] = self.node(thing.lr, _join(path, "lr"))
            entry["attributes"]["groups"] = self.node(groups, _join(path, "groups"))
        return entry


def arguments_of(thing: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments to make an object with again: what it says itself, or what its constructor was given."""
    if hasattr(thing, "saved_arguments"):
        saved: tuple[tuple[Any, ...], dict[str, Any]] = thing.saved_arguments()
        return saved
    if type(thing) in CONTAINERS:
        return tuple(thing.layers), thing.arguments[1]  # as they are now
    if isinstance(thing, WithArguments):
        return thing.arguments
    return (), dict(thing.get_params(deep=False))


@lru_cache(maxsize=1024)
def parameter_names(kind: Any, count: int) -> tuple[str, ...]:
    """What the first positional arguments of a class are called; their numbers where ``*args`` takes them."""
    names: list[str] = []
    for parameter in inspect.signature(kind).parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            break
        names.append(parameter.name)
    names = names[:count]
    return (*names, *(str(number) for number in range(count - len(names))))


def _settings(thing: Any) -> dict[str, Any]:
    """The attributes of an object that are named as arguments of its constructor, which may have been changed since.

    They are asked for one by one: an object whose ``__dict__`` has been looked at has slower attributes for good.
    """
    kind: Any = type(thing)
    names = [*_names(kind), *(("last_rate", "grad_norm") if isinstance(thing, Optimizer) else ())]
    settable = [name for name in names if getattr(getattr(kind, name, None), "fset", name) is not None]
    return {name: getattr(thing, name) for name in settable if hasattr(thing, name)}


@lru_cache(maxsize=1024)
def _names(kind: Any) -> tuple[str, ...]:
    """The names of a constructor's arguments."""
    found = inspect.signature(kind).parameters.values()
    return tuple(one.name for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD))


def _is_plain(value: Any) -> bool:
    """Whether a value consists of numbers, strings, arrays and generators alone."""
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    if libraries.library(value):
        return _storable(value)
    return plain.plain_node(value) is not NotImplemented or plain.generator_state(value) is not None


def _storable(value: Any) -> bool:
    dtype = libraries.numpy(value).dtype
    return dtype.name in dtypes() or dtype.kind in "mMUT"


def _dict(pairs: list[list[Any]]) -> Any:
    """A dictionary as a JSON object where its keys are strings, else as a list of pairs."""
    return {"dict": dict(pairs) if all(type(key) is str for key, _ in pairs) else pairs}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}".strip(".")


def _cannot(path: str, saw: str, fix: str) -> ModelFileError:
    return ModelFileError(
        code="LN502",
        where="save",
        saw=f"{path or 'the object itself'}: {saw}",
        why="a file could not hold it so that it comes back as it is",
        fix=fix,
    )
