"""``save`` and ``load``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..exc import ModelFileError
from .container import pack, unpack
from .names import Registry, makes_things, name_of
from .reader import Reader
from .writer import Writer
from .writing import FilePath, as_path, replace_file

__all__ = ["load", "save"]


def save(thing: Any, path: FilePath) -> None:
    """Write a network, a model, or anything else of Lincoln's that learns, into one file.

    The file holds the arrays in the safetensors format and, as JSON, everything else that it takes to make the thing
    again. It is replaced in one moment: whatever happens, there is the old file or the new one.

    Args:
        thing: a network, a loss or an optimizer (with their networks), a model (with loss, optimizer and history), a
            preprocessor, an estimator; built, trained or neither.
        path: where to; folders that are missing are made.

    Raises:
        ModelFileError: the thing holds something that files cannot hold, such as a lambda, named with its place; or the
            file cannot be written. What was there before is as it was.
        MissingPackageError: safetensors is not installed.

    >>> import tempfile, lincoln as lnc
    >>> path = tempfile.mkdtemp() + "/network.safetensors"
    >>> network = lnc.Sequential(lnc.Dense(4, "relu"), lnc.Dense(1), seed=0).build(3)
    >>> save(network, path)
    >>> load(path)
    Sequential(
      Dense(4, 'relu'),
      Dense(1)
    )
    """
    target = as_path(path, where="save")
    replace_file(target, packed(thing))


def load(path: FilePath, *, registry: Mapping[str, Any] | Iterable[Any] = ()) -> Any:
    """Make what a file holds again: it predicts the same, bit for bit, and can be trained on.

    Nothing that the file says is run or imported, and no pickle is ever loaded. The classes are Lincoln's own, or those
    that the caller names.

    Args:
        path: of a file that `save`, or a checkpoint, has written.
        registry: your own layers, losses and functions that the file uses; a dictionary where they have other names
            now.

    Raises:
        ModelFileError: the file is of another format, newer, damaged or changed, or names a class that is not in the
            registry; always with the path and the field.
        MissingFileError: there is no such file.
        MissingPackageError: safetensors is not installed.

    >>> import tempfile, numpy as np, lincoln as lnc
    >>> class Double(lnc.Layer):
    ...     def forward(self, input):
    ...         return 2 * input
    ...
    ...     def backward(self, output_grad):
    ...         return 2 * output_grad
    >>> path = tempfile.mkdtemp() + "/network.safetensors"
    >>> save(lnc.Sequential(Double(), lnc.layers.ReLU()), path)
    >>> load(path, registry=[Double])(np.array([[-1.0, 1.0]]))
    array([[0., 2.]])
    """
    allowed, source = Registry(registry), as_path(path, where="load")
    reader = Reader(source, *unpack(source), allowed)
    with reader.following():
        thing = reader.root()
        reader.value(reader.document.get("run"), "run")  # a checkpoint's place in its run
        reader.finish()
    return thing


def packed(thing: Any) -> bytes:
    """A thing as the bytes of a file.

    Raises:
        ModelFileError: it is, or holds, what files cannot hold.
    """
    if isinstance(thing, type) or not makes_things(type(thing)):
        raise ModelFileError(
            code="LN501",
            where="save",
            saw=f"a {type(thing).__name__}: {thing!r}"[:120],
            why="it says neither how it was made nor what it has learned",
            fix="a network, a model, a preprocessor: lnc.save(model, path); np.savez for arrays alone",
        )
    writer = Writer()
    root = writer.root(thing)
    return pack({"kind": name_of(type(thing)), "root": root, "objects": writer.entries}, writer.arrays)
