"""Checkpoints: all that training needs to go on, bit for bit, as if it had never stopped."""

from __future__ import annotations

import hashlib
import inspect
import math
import time
from typing import Any, Self

from .. import arrays
from ..arguments import WithArguments
from ..exc import ContractError, ModelFileError
from .comparing import Comparison, differ
from .container import pack, unpack
from .names import Registry, name_of
from .reader import Reader
from .writer import Writer
from .writing import FilePath, as_path, replace_file

__all__ = ["Checkpoint"]

_SHARE = 0.01
"""The share of the time that writing may take if nothing is said about when to write."""
_LEAST_SECONDS = 1.0
_SAMPLE = 1 << 22
"""How many numbers of an array tell it from others."""


class Checkpoint(WithArguments):
    """Writes down now and then where training stands, in a file from which it can go on bit for bit.

    What is written: the parameters and buffers of the network, the generators of its layers, the optimizer with its
    schedule, the place in the epoch and in the order of its batches, the running means, the history, what early
    stopping has seen. The file is replaced in one moment, so a kill at any time leaves a whole one. It is also a model
    file: `load` gives the model as it stood.

    Args:
        path: of the file.
        every: write after every so many steps, and after each epoch.
        seconds: write when so many seconds have passed since the last time, after a step or an epoch. If neither is
            given, that is as often as costs about one percent of the time, and not more than once a second.

    Raises:
        ContractError: numbers that are not above 0.

    >>> import tempfile, numpy as np, lincoln as lnc
    >>> path = tempfile.mkdtemp() + "/run.safetensors"
    >>> x, y = np.eye(4), np.array([0, 1, 0, 1])
    >>> def model():
    ...     return lnc.models.Classifier(lnc.Sequential(lnc.Dense(3), lnc.Dense(1), seed=0))
    >>> half = model().fit(x, y, epochs=5, print_every=None, checkpoint=Checkpoint(path, every=2))
    >>> whole = model().fit(x, y, epochs=10, print_every=None)
    >>> goes_on = model().fit(x, y, epochs=10, print_every=None, resume=path)
    >>> bool((goes_on.network.vector.value == whole.network.vector.value).all())
    True
    """

    def __init__(self, path: FilePath, *, every: int | None = None, seconds: float | None = None) -> None:
        if (every is not None and every < 1) or (seconds is not None and not seconds > 0.0):
            raise ContractError(
                code="LN521",
                where="Checkpoint",
                saw=f"every={every}, seconds={seconds}",
                why="they are the steps and the seconds between two writings",
                fix="Checkpoint(path, every=100), Checkpoint(path, seconds=60.0), or Checkpoint(path)",
            )
        self.path = as_path(path, where="Checkpoint")
        self.every = every
        self.seconds = seconds
        self._root: Any = None
        self._parts: dict[str, Any] = {}
        self._prints: dict[str, Any] = {}
        self._due = math.inf

    # ------------------------------------------------------------------ what training calls

    def watch(self, root: Any, **parts: Any) -> Self:
        """Say whose state belongs in the file.

        Args:
            root: a model or a `Trainer`.
            parts: whatever else the run needs, by names of your own: the loader, early stopping, a weight average; each
                with ``state_dict`` and ``load_state_dict``. Of loaders the data are compared too when training goes on.

        Raises:
            ContractError: a part has no ``state_dict``.
        """
        for name, part in parts.items():
            if not hasattr(part, "load_state_dict"):
                raise ContractError(
                    code="LN522",
                    where="Checkpoint.watch",
                    saw=f"{name}: a {type(part).__name__} without state_dict and load_state_dict",
                    why="its state could not be brought back",
                    fix="leave it out if it has no state; a DataLoader for batches",
                )
        self._root, self._parts = root, parts
        self._prints = {name: _fingerprint(part) for name, part in parts.items()}
        self._plan(0.0)
        return self

    def resume(self) -> bool:
        """Bring all that is watched into the state that the file holds; false if there is no file.

        Raises:
            ModelFileError: it is not a checkpoint, or a damaged one, or one of another model or of other data: then
                nothing has been changed.
        """
        if not self.path.exists():
            return False
        document, found = unpack(self.path)
        if "run" not in document:
            raise ModelFileError(
                code="LN523",
                where=f'resume from "{self.path}"',
                saw="a model file without a field run",
                why="it does not say where training stood",
                fix="the path of a checkpoint; lnc.load(path) gives the model of a model file",
            )
        writer = Writer(lenient=True)
        here = writer.root(self._root)
        reader = Reader(self.path, document, found, Registry(writer.named))
        comparison = Comparison(self.path, document, found, writer)
        with reader.following():
            self._restore(reader, comparison, here)
        self._plan(0.0)
        return True

    def _restore(self, reader: Reader, comparison: Comparison, here: Any) -> None:
        """Compare first, then bring back: nothing is changed by what does not belong here."""
        document = reader.document
        reader.call("objects", comparison.compare, document.get("root"), here, "")
        run = self._compared_run(reader, document["run"])
        reader.restore_into(comparison.matches)
        for name, part in self._parts.items():
            reader.call(f"run.{name}", part.load_state_dict, reader.value(run[name], f"run.{name}"))
        reader.finish()

    def on_step(self, trainer: Any) -> None:
        """Write if it is time; to be called after each step: ``trainer.epochs(..., on_step=checkpoint.on_step)``."""
        if (self.every and not trainer.optimizer.steps % self.every) or time.perf_counter() >= self._due:
            self.write()

    def on_epoch(self) -> None:
        """Write if it is time; to be called after each epoch, when everything else has seen it."""
        if self.every is not None or time.perf_counter() >= self._due:
            self.write()

    def write(self) -> None:
        """Write where training stands now.

        Raises:
            ModelFileError: the file cannot be written, or something that is watched cannot be put into files.
        """
        started = time.perf_counter()
        writer = Writer(lenient=True)
        root = writer.root(self._root)
        run = {name: writer.node(part.state_dict(), f"run.{name}") for name, part in self._parts.items()}
        document = {
            "kind": name_of(type(self._root)),
            "root": root,
            "objects": writer.entries,
            "run": {"dict": run},
            "data": self._prints,
        }
        replace_file(self.path, pack(document, writer.arrays))
        self._plan(time.perf_counter() - started)

    # ------------------------------------------------------------------ the machinery

    def _plan(self, took: float) -> None:
        """Work out when to write next, from how long the last time took."""
        wait = max(_LEAST_SECONDS, took / _SHARE) if self.every is None else math.inf
        self._due = time.perf_counter() + (wait if self.seconds is None else self.seconds)

    def _compared_run(self, reader: Reader, run: Any) -> dict[str, Any]:
        """The states of the parts, once they and their data have been found to be the same as here."""
        reader.check("run", run, dict=dict)
        states: dict[str, Any] = run["dict"]
        prints: Any = reader.document.get("data")
        reader.check("data", prints)
        for name in {**states, **self._parts}:
            if name not in states or name not in self._parts:
                differ(self.path, name, *("there" if name in part else "not there" for part in (states, self._parts)))
            theirs, ours = prints.get(name), self._prints[name]
            reader.check(f"data.{name}", theirs)
            for key in {**theirs, **ours}:
                if theirs.get(key) != ours.get(key):
                    differ(self.path, f"{name}.{key}", f"{theirs.get(key)}", f"{ours.get(key)}")
        return states


def _fingerprint(part: Any) -> dict[str, Any]:
    """What a part was told, and what tells the data of a loader from others, as JSON; that of its source too."""
    told = {name: getattr(part, name, None) for name in inspect.signature(type(part)).parameters}
    print_of: dict[str, Any] = {name: value for name, value in told.items() if type(value) in (bool, int, float, str)}
    dataset = getattr(part, "dataset", None)
    for name in ("features", "labels", "weights"):
        array = getattr(dataset, name, None)
        if array is not None:
            print_of[name] = f"{tuple(array.shape)} {arrays.dtype_name(array)}, checksum {_digest(array)}"
    source = getattr(part, "source", None)
    if hasattr(source, "load_state_dict"):
        print_of |= {f"source.{name}": value for name, value in _fingerprint(source).items()}
    return print_of


def _digest(array: Any) -> str:
    """A checksum over some rows from everywhere in an array, over all of them if it is small."""
    rows = -(-math.prod(array.shape) // _SAMPLE) or 1
    return hashlib.sha256(arrays.numpy(array[::rows]).tobytes()).hexdigest()[:8]
