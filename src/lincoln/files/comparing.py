"""Whether a checkpoint belongs to what is about to go on from it: made with the same arguments."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from ..exc import ModelFileError
from .writer import Writer, parameter_names

__all__ = ["Comparison"]


class Comparison:
    """Walks through a document and the objects that it is to be loaded into, side by side, from the root on.

    Args:
        path: of the checkpoint, for messages.
        document, arrays: what the checkpoint holds.
        writer: what has described the objects that are there now.

    Attributes:
        matches: for the numbers of the checkpoint's objects, the objects that are there now.

    Raises:
        ModelFileError: they are made with different arguments; it names the first one.
    """

    def __init__(self, path: Any, document: dict[str, Any], arrays: dict[str, np.ndarray], writer: Writer) -> None:
        self.path = path
        self.matches: dict[int, Any] = {}
        self._objects = document.get("objects", [])
        self._arrays = arrays
        self._writer = writer

    def compare(self, saved: Any, here: Any, field: str) -> None:
        """Compare two nodes."""
        if _number(saved) is not None and _number(here) is not None:
            self._objects_alike(saved["ref"], here["ref"], field)
        elif isinstance(saved, list) and isinstance(here, list) and len(saved) == len(here):
            for index, pair in enumerate(zip(saved, here, strict=True)):
                self.compare(*pair, f"{field}.{index}".lstrip("."))
        elif _array_name(saved) and _array_name(here):
            self._arrays_alike(_array_name(saved), _array_name(here), field)
        elif _one_key(saved) and _one_key(here) and saved.keys() == here.keys() and saved != here:
            ((tag, content),) = saved.items()
            self._contents_alike(content, here[tag], field)
        elif saved != here:
            differ(self.path, field, self._shown(saved, self._objects), self._shown(here, self._writer.entries))

    def _contents_alike(self, saved: Any, here: Any, field: str) -> None:
        if not (isinstance(saved, dict) and isinstance(here, dict) and saved.keys() == here.keys()):
            self.compare(saved, here, field)
            return
        for name in saved:
            self.compare(saved[name], here[name], f"{field}.{name}")

    def _objects_alike(self, saved: Any, here: Any, field: str) -> None:
        """Compare how two objects were made, once."""
        if isinstance(saved, list) or isinstance(here, list):
            if saved != here:
                differ(self.path, field, f"the layer at {saved}", f"that at {here}")
            return
        if saved in self.matches:
            if self.matches[saved] is not self._writer.things[here]:
                differ(self.path, field, "an object that stands in another place too", "one that does not")
            return
        theirs, ours = self._objects[saved], self._writer.entries[here]
        kinds = [_kind(entry) for entry in (theirs, ours)]
        if kinds[0] != kinds[1]:
            differ(self.path, field, *kinds)
        if "generator" in ours:
            return  # it comes back with its state, as a new one
        self.matches[saved] = self._writer.things[here]
        if "twin" in ours:
            self.compare(theirs["twin"], ours["twin"], field)
        elif "class" in ours:
            self._arguments_alike(theirs, ours, type(self._writer.things[here]), field)

    def _arguments_alike(self, theirs: dict[str, Any], ours: dict[str, Any], kind: type, field: str) -> None:
        saved, here = (_arguments(entry, kind) for entry in (theirs, ours))
        for name in {**saved, **here}:
            where = f"{field}.{name}".lstrip(".")
            if name not in saved or name not in here:
                absent = "nothing" if name.isdigit() else "its default"
                shown = [
                    self._shown(part[name], objects) if name in part else absent
                    for part, objects in ((saved, self._objects), (here, self._writer.entries))
                ]
                differ(self.path, where, *shown)
            self.compare(saved[name], here[name], where)

    def _arrays_alike(self, saved: str, here: str, field: str) -> None:
        theirs, ours = self._arrays.get(saved), self._writer.arrays[here]
        if (
            theirs is None
            or theirs.dtype != ours.dtype
            or not np.array_equal(theirs, ours, equal_nan=ours.dtype.kind == "f")
        ):
            differ(self.path, field, "an array", "another one")

    def _shown(self, node: Any, objects: list[Any]) -> str:
        number = _number(node)
        if isinstance(number, int) and number < len(objects):
            return _kind(objects[number])
        return f"{node!r}"[:80]


def differ(path: Any, field: str, saved: str, here: str) -> NoReturn:
    """Refuse to go on from a checkpoint of another run."""
    raise ModelFileError(
        code="LN520",
        where=f'resume from "{path}"',
        saw=f"{field or 'the model'}: {saved} in the checkpoint, {here} here",
        why="training goes on bit for bit only with what it was begun with",
        fix=f"the same {field.partition('.')[0] or 'model'} as then; or another path, to begin anew",
    )


def _arguments(entry: dict[str, Any], kind: type) -> dict[str, Any]:
    names = parameter_names(kind, len(entry["args"]))
    arguments: dict[str, Any] = dict(zip(names, entry["args"], strict=True)) | entry["kwargs"]
    return arguments


def _kind(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "nothing"
    return str(entry.get("class", "a twin" if "twin" in entry else "a generator"))


def _one_key(node: Any) -> bool:
    return isinstance(node, dict) and len(node) == 1


def _number(node: Any) -> Any:
    return node.get("ref") if _one_key(node) else None


def _array_name(node: Any) -> str:
    name = (node.get("array") or node.get("tensor")) if _one_key(node) else ""
    return name if isinstance(name, str) else ""
