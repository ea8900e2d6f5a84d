"""From a document back to objects: made by their classes from what a file says, then brought into their saved state."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

import numpy as np

from .. import arrays as libraries
from .. import tree
from ..arguments import WithArguments
from ..exc import LincolnError, MissingPackageError, ModelFileError
from ..layer import Layer
from ..optim import Optimizer
from . import plain
from .layers import restore_layers
from .names import Registry, is_own, makes_things, name_of

__all__ = ["Reader"]

_LARGEST_SIZE = 1 << 24
_NUMBERS = (int, float, np.number)

Decoder: TypeAlias = Callable[["Reader", Any, str], Any]


class Reader:
    """Makes the objects of a document, one after another, and hands out the values of its nodes.

    Every mistake in the document is a `ModelFileError` that names the field.

    Args:
        path: of the file, for messages.
        document: what `Writer` collected, as it came from a file.
        arrays: those of the file.
        registry: classes and functions that the file may name, beside Lincoln's own.

    Attributes:
        things: the objects, in the order of their entries.
        restored: the ids of the layers that have their state.
        parameters: the parameters that have their values, by the names of their arrays.
        size: how many numbers all arrays hold.
    """

    def __init__(
        self, path: Any, document: Mapping[str, Any], arrays: Mapping[str, np.ndarray], registry: Registry
    ) -> None:
        self.path = path
        self.document = document
        self.registry = registry
        self.things: list[Any] = []
        self.restored: set[int] = set()
        self.parameters: dict[str, Any] = {}
        self.size = sum(array.size for array in arrays.values())
        self._arrays = arrays
        self._used: set[str] = set()
        self._shared: dict[str, Any] = {}
        self._into = False

    # ------------------------------------------------------------------ what saving.py and checkpoint.py ask for

    def root(self) -> Any:
        """The thing that was saved, in its saved state."""
        for number, entry in enumerate(self.objects()):
            self.things.append(self._made(entry, f"objects[{number}]"))
            self.restore(number)
        thing = self.value(self.document.get("root"), "root")
        if name_of(type(thing)) != self.document.get("kind"):
            self.refuse("kind", f"{self.document.get('kind')!r:.80}, the root is a {type(thing).__name__}")
        return thing

    def restore_into(self, there: Mapping[int, Any]) -> None:
        """Bring objects that are there already into their saved state; those that are not are made.

        Args:
            there: the objects, by the numbers of their entries.
        """
        self._into = True
        for number, entry in enumerate(self.objects()):
            self.things.append(there[number] if number in there else self._made(entry, f"objects[{number}]"))
            self.restore(number)

    def objects(self) -> list[Any]:
        """The entries of the objects."""
        entries = self.document.get("objects")
        if not isinstance(entries, list):
            self.refuse("objects", "no list")
        return entries

    def restore(self, number: int) -> None:
        """Bring one object into the state that its entry tells."""
        entry, thing, field = self.objects()[number], self.things[number], f"objects[{number}]"
        if "layers" in entry:
            self.check(field, entry, layers=dict)
            if not isinstance(thing, Layer):
                self.refuse(f"{field}.layers", f"a {type(thing).__name__} is not a network")
            self.call(field, restore_layers, self, thing, entry["layers"], field)
        if "attributes" in entry:
            self._set_attributes(thing, entry, field)
        if "state" in entry:
            state = self.value(entry["state"], f"{field}.state")
            if not isinstance(state, dict) or not hasattr(thing, "load_state_dict"):
                self.refuse(f"{field}.state", f"a {type(state).__name__}, for a {type(thing).__name__}")
            if isinstance(thing, Optimizer):
                self._check_remembered(state, f"{field}.state")
            self.call(f"{field}.state", thing.load_state_dict, state)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Refuse documents that are too deep to follow, inside this block."""
        try:
            yield
        except RecursionError:
            self.refuse("objects", "values inside values inside values, too deep to follow")

    def finish(self) -> None:
        """Refuse a file with arrays that nothing has asked for."""
        left = sorted(self._arrays.keys() - self._used)
        if left:
            self.refuse(f"arrays.{left[0]}", "an array that nothing in the file uses")

    # ------------------------------------------------------------------ values

    def value(self, node: Any, field: str) -> Any:
        """The value that a node stands for."""
        if node is None or type(node) in (bool, int, float, str):
            return node
        if type(node) is list:
            return [self.value(part, f"{field}[{index}]") for index, part in enumerate(node)]
        if type(node) is not dict or len(node) != 1:
            self.refuse(field, f"{node!r}"[:80])
        ((tag, content),) = node.items()
        if tag not in _DECODERS:
            self.refuse(field, f"a value of unknown kind {tag!r}"[:80])
        try:
            return _DECODERS[tag](self, content, field)
        except (ModelFileError, MissingPackageError, RecursionError):
            raise
        except Exception as error:  # whatever a wrong node makes of NumPy's constructors
            self.refuse(field, f"no {tag}: {type(error).__name__}: {error}"[:200])

    def array(self, name: Any, field: str) -> np.ndarray:
        """An array of the file, to be read only."""
        if type(name) is not str or name not in self._arrays:
            self.refuse(field, f"no array {name!r} in the file"[:200])
        self._used.add(name)
        return self._arrays[name]

    def shared_array(self, name: Any, field: str, make: Callable[[np.ndarray], Any]) -> Any:
        """An array of the file as the one new array that all who name it get."""
        array = self.array(name, field)
        if name not in self._shared:
            self._shared[name] = make(array.copy())
        return self._shared[name]

    def names(self, value: Any, field: str, known: Container[str]) -> list[str]:
        """A list of names that are all known."""
        if not isinstance(value, list) or not all(type(name) is str and name in known for name in value):
            self.refuse(field, f"{value!r}"[:80])
        return value

    # ------------------------------------------------------------------ refusals

    def check(self, field: str, entry: Any, **kinds: type) -> None:
        """Refuse an entry that is not an object with these parts, each of its kind."""
        if not isinstance(entry, dict):
            self.refuse(field, f"{entry!r}"[:80])
        for name, kind in kinds.items():
            if not isinstance(entry.get(name), kind):
                self.refuse(f"{field}.{name}", f"a {type(entry.get(name)).__name__} in place of a {kind.__name__}")

    def check_alike(self, thing: Any, name: str, value: Any, field: str) -> None:
        """Refuse a value for an attribute of Lincoln's own classes that is not of the kind of the fresh one."""
        fresh = vars(thing).get(name) if isinstance(thing, Layer) else getattr(thing, name, None)
        if isinstance(value, WithArguments):
            self.refuse(field, f"a {type(value).__name__}, which is not a number, text or array")
        if not is_own(type(thing)):
            return
        if isinstance(value, type | np.dtype) or (
            fresh is None and isinstance(value, tuple) and isinstance(thing, Optimizer)
        ):
            self.refuse(field, f"{value!r:.80} in place of a number")
        if isinstance(fresh, tuple) and value is not None:
            self._check_as_long(fresh, value, field)
        if fresh is None or (value is None and not isinstance(fresh, tuple)):
            return
        numbers = all(isinstance(part, _NUMBERS) and type(part) is not bool for part in (fresh, value))
        if not numbers and type(fresh) is not type(value):
            self.refuse(field, f"a {type(value).__name__} in place of a {type(fresh).__name__}")
        if isinstance(fresh, np.ndarray) and (fresh.shape, fresh.dtype) != (value.shape, value.dtype):
            self.refuse(field, f"an array {value.shape} {value.dtype} in place of {fresh.shape} {fresh.dtype}")

    def call(self, field: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """What a constructor or a method makes of values from the file; it may refuse them."""
        try:
            return function(*args, **kwargs)
        except (ModelFileError, MissingPackageError, RecursionError):
            raise
        except Exception as error:
            raise ModelFileError(
                code="LN511",
                where=f'load("{self.path}")',
                saw=f"{field}: {_shown(error)}"[:600],
                why=f"{getattr(function, '__qualname__', function)} refuses what the file says",
                fix="load with the classes, and the version of lincoln-nn, with which the file was written",
            ) from error

    def refuse(self, field: str, saw: str) -> NoReturn:
        """Refuse a document that no `Writer` would have written."""
        raise ModelFileError(
            code="LN509",
            where=f'load("{self.path}")',
            saw=f"{field}: {saw}",
            why="what the file says there cannot be brought back to an object",
            fix="lnc.save(model, path) in the program that has the model; files are not edited by hand",
        )

    # ------------------------------------------------------------------ objects

    def _made(self, entry: Any, field: str) -> Any:
        """A new object, by its class from its arguments; or a twin; or a generator."""
        self.check(field, entry)
        if "twin" in entry:
            original = self.value(entry["twin"], f"{field}.twin")
            if not isinstance(original, Layer):
                self.refuse(f"{field}.twin", f"a {type(original).__name__} is not a layer")
            return self.call(field, original.twin)
        if "generator" in entry:
            return self.call(f"{field}.generator", plain.generator_from, self.value(entry["generator"], field))
        self.check(field, entry, args=list, kwargs=dict)
        kind = self.named(entry.get("class"), f"{field}.class")
        if not makes_things(kind):
            self.refuse(f"{field}.class", f"{entry['class']} is not a class of objects that are saved")
        args = [self.value(node, f"{field}.args[{index}]") for index, node in enumerate(entry["args"])]
        kwargs = {name: self.value(node, f"{field}.kwargs.{name}") for name, node in entry["kwargs"].items()}
        if is_own(kind) and issubclass(kind, Layer):
            self._check_sizes((args, {**kwargs, "seed": None}), field)
        return self.call(field, kind, *args, **kwargs)

    def _check_sizes(self, value: Any, field: str) -> None:
        """Refuse a layer that would take memory for more numbers than there could be."""
        if type(value) is int and value > max(_LARGEST_SIZE, self.size):
            self.refuse(field, f"a layer of size {value}, in a file of {self.size} numbers"[:200])
        if isinstance(value, list | tuple | dict):
            for part in value.values() if isinstance(value, dict) else value:
                self._check_sizes(part, field)

    def named(self, name: Any, field: str) -> Any:
        """The class or function of a name: one of Lincoln's, or one of the caller's."""
        found = self.registry.find(name) if type(name) is str else None
        if found is not None:
            return found
        theirs = type(name) is str and name.isidentifier()
        raise ModelFileError(
            code="LN510",
            where=f'load("{self.path}")',
            saw=f"{field}: {name!r}"[:200],
            why="it is not a class or function of Lincoln's, and files do not say where to find others",
            fix=f"lnc.load(path, registry=({name},))" if theirs else "pip install --upgrade lincoln-nn",
        )

    def _check_as_long(self, fresh: tuple[Any, ...], value: Any, field: str) -> None:
        alike = isinstance(value, tuple) and [type(part) for part in value] == [type(part) for part in fresh]
        if not alike:
            self.refuse(field, f"{value!r:.80} in place of {fresh}"[:200])

    def _check_remembered(self, state: dict[str, Any], field: str) -> None:
        """Refuse what no optimizer's state can hold: a count below 0, anything but vectors of real numbers."""
        for name, value in state.items():
            vector = isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind == "f"
            if name.startswith("state.") and not vector:
                self.refuse(f"{field}.{name}", "no vector of real numbers")
        steps, missed = state.get("steps"), state.get("missed")
        if type(steps) is not int or steps < 0:
            self.refuse(f"{field}.steps", f"{steps!r:.80} in place of a count")
        if not isinstance(missed, np.ndarray) or not ((missed >= 0) & (missed <= steps)).all():
            self.refuse(f"{field}.missed", f"{missed!r:.80} in place of counts up to {steps}")

    def _set_attributes(self, thing: Any, entry: dict[str, Any], field: str) -> None:
        self.check(field, entry, attributes=dict)
        for name, node in entry["attributes"].items():
            where = f"{field}.attributes.{name}"
            if self._into and isinstance(node, dict) and "unnamed" in node:
                continue  # the function that is there already stays
            value = self.value(node, where)
            if name.startswith("_") or not hasattr(thing, name) or callable(getattr(type(thing), name, None)):
                self.refuse(where, f"a {type(thing).__name__} has no such setting")
            if name not in ("lr", "groups"):  # they check for themselves what they are set to
                self.check_alike(thing, name, value, where)
            self.call(where, setattr, thing, name, value)


def _shown(error: Exception) -> str:
    """An error in one line."""
    if isinstance(error, LincolnError) and error.code:
        return f"{error.saw}: {error.why} ({error.code})"
    return f"{type(error).__name__}: {error}".splitlines()[0]


# ---------------------------------------------------------------------- the kinds of nodes


def _tuple(reader: Reader, content: Any, field: str) -> Any:
    return tuple(reader.value(part, f"{field}[{index}]") for index, part in enumerate(_list(content)))


def _dict(reader: Reader, content: Any, field: str) -> Any:
    if isinstance(content, dict):
        return {key: reader.value(part, f"{field}.{key}") for key, part in content.items()}
    pairs = [[reader.value(part, field) for part in _list(pair)] for pair in _list(content)]
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("one key twice")
    return made


def _reference(reader: Reader, content: Any, field: str) -> Any:
    number, place = content if isinstance(content, list) else (content, "")
    if type(number) is not int or not 0 <= number < len(reader.things):
        reader.refuse(field, f"no object {number!r} before it"[:80])
    thing = reader.things[number]
    return {tree.place(path): layer for path, layer in tree.paths(thing)}[place] if place else thing


def _array(reader: Reader, content: Any, field: str) -> Any:
    name, dtype = content if isinstance(content, list) else (content, "")
    if dtype and np.dtype(dtype).kind not in "mM":
        raise ValueError(f"dtype {dtype}")
    return reader.shared_array(name, field, lambda array: array.view(dtype) if dtype else array)


def _tensor(reader: Reader, content: Any, field: str) -> Any:
    return reader.shared_array(content, field, lambda array: libraries._import_torch().from_numpy(array))


def _objects(reader: Reader, content: Any, field: str) -> Any:
    shape, items = content
    array = np.empty(len(_list(items)), dtype=object)
    array[:] = [reader.value(item, f"{field}[{index}]") for index, item in enumerate(items)]
    return array.reshape(shape)


def _named(reader: Reader, content: Any, field: str) -> Any:
    return reader.named(content, field)


def _unnamed(reader: Reader, content: Any, field: str) -> Any:
    reader.refuse(field, f"{content!r:.80}, a function that the checkpoint could not hold")


def _plain(tag: str) -> Decoder:
    return lambda reader, content, field: plain.plain_value(tag, content)


def _list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise TypeError(f"a {type(content).__name__} in place of a list")
    return content


_DECODERS: dict[str, Decoder] = {
    "tuple": _tuple,
    "dict": _dict,
    "ref": _reference,
    "array": _array,
    "tensor": _tensor,
    "objects": _objects,
    "class": _named,
    "function": _named,
    "unnamed": _unnamed,
    **{tag: _plain(tag) for tag in ("float", "scalar", "dtype", "type", "strings")},
}
