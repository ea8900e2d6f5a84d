"""How `Trainer` takes a training step: by the program of the batch's kind, once that agrees with the layers."""

from __future__ import annotations

import copy
import math
import operator
import warnings
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

import numpy as np

from .. import modes
from ..exc import LincolnError, ProgramWarning
from ..losses import Loss
from ..parameters import Buffer
from ..patches import patches
from ..tracing import NotTraceableError
from .binding import same
from .listing import Program, fits, kind_of
from .reach import is_users
from .reads import is_setting, shares, unchanged
from .recipe import owners

__all__ = ["Runner"]

_is_fresh = operator.attrgetter("_fresh")

_MOST = 16
"""How many kinds of batch get a program each; batches of more kinds go through the layers."""


class Changes:
    """How often an attribute of a network's layers, or of its loss, has been set since it was built."""

    __slots__ = ("__weakref__", "count")

    def __init__(self) -> None:
        self.count = 0


class Bound:
    """A program on the arrays of one loss and network, and what it relies on."""

    def __init__(self, program: Program, loss: Loss) -> None:
        self.kind = program.kind
        self.fits = fits(program.kind)
        self.vector, self.buffers = loss.network.vector, loss.network.buffers
        self.step = program.bind(loss)
        self.listing = program.listing
        named = {(id(found.space), found.name): found for r in program.recipe.reads.values() for found in r.watched}
        self._places = [(found.space, found.name) for found in named.values()]
        self._values = [found.value for found in named.values()]
        if any("frozen" in reads.names for reads in program.recipe.reads.values()):
            parameters = list(loss.network.parameters())
            self._places += [(_Attributes(parameter), "frozen") for parameter in parameters]
            self._values += [parameter.frozen for parameter in parameters]
        self._owners = owners(loss)
        self._left = {(id(store.place.find_owner(self._owners)), store.place.name) for store in program.recipe.stores}
        self._settings = list(self._read_settings())
        numbers = [value for _, value in self._settings if isinstance(value, list | np.ndarray) and _are_numbers(value)]
        self._contents = [(value, np.array(value)) for value in numbers]

    def holds(self) -> bool:
        """Whether settings of layers and loss are what they were when it was written down."""
        now = list(self._read_settings())
        return len(now) == len(self._settings) and all(
            name == other and unchanged(value, before)
            for (name, value), (other, before) in zip(now, self._settings, strict=True)
        )

    def _read_settings(self) -> Iterator[tuple[str, Any]]:
        """What layers and loss are set to, in order."""
        for owner in self._owners:
            yield "__class__", type(owner)
            yield "_training", getattr(owner, "_training", True)
            for name, value in sorted(vars(owner).items()):
                if is_setting(owner, name, value) and (id(owner), name) not in self._left:
                    yield name, value

    def is_ready(self) -> bool:
        """Whether it can take the next step: its arrays, the mode and what users' layers read are as they were."""
        vector = self.vector
        if not (vector.intact and self.buffers.intact) or (modes.sums() and modes.is_accumulating()):
            return False
        if modes.blocks() and modes.mode() != modes.TRAINING:
            return False
        if self._contents and not all(same(value, before) for value, before in self._contents):
            return False
        if not self._places:
            return True
        now = [space.get(name) for space, name in self._places]
        return all(map(operator.is_, now, self._values)) or all(map(unchanged, now, self._values))


class Runner:
    """Takes training steps of a loss: the value, and every parameter's gradient.

    On the first batch of each kind (shapes, dtypes, settings of the layers) the program is compared with the layers,
    bit for bit. If a bit differs, it says so once, and the layers are used.

    Args:
        loss: the loss, with its network.

    Attributes:
        notes: why layers, or the whole network, stay calls.
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.notes: list[str] = []
        self._bound: list[Bound] = []
        self._ready: dict[Any, Bound] = {}
        self._last: Bound | None = None
        self._refused: set[Any] = set()
        self._changes = Changes()
        self._seen = 0
        self._patches = patches.count

    def __call__(self, batch: tuple[Any, ...]) -> float:
        """The loss of a batch; unless it is not finite, every parameter has its gradient afterwards."""
        if patches.count != self._patches:  # a method of a class has been replaced
            self._start_again()
        bound = self._last
        if bound is None or self._changes.count != self._seen or not bound.fits(*batch) or not bound.is_ready():
            kind = kind_of(batch)
            bound = self._last = self._find(kind)
            if bound is None:
                return self._by_layers(batch) if kind is None else self._first(batch, kind)
        if any(map(_is_fresh, bound.vector.parameters)):
            bound.vector.release()
        try:
            value = bound.step(*batch)
        except BaseException as error:
            self.loss.forget()
            place = bound.listing.place_of(error)
            if place:
                error.add_note(f"in {place}")
            raise
        if not math.isfinite(value):
            bound.vector.release()
        return value

    def _find(self, kind: Any) -> Bound | None:
        """The program for a batch of that kind, as layers and loss are now set, if there is one."""
        if self._changes.count != self._seen:
            self._ready.clear()
            self._seen = self._changes.count
        ready = self._ready.pop(kind, None)
        if ready is not None and ready.is_ready():
            self._ready[kind] = ready
            return ready
        if kind is None or not self.loss.network.built or _is_other_mode():
            return None
        self._watch()
        vector, buffers = self.loss.network.vector, self.loss.network.buffers
        self._bound = [bound for bound in self._bound if bound.vector is vector and bound.buffers is buffers]
        for bound in self._bound:
            if bound.kind == kind and bound.holds() and bound.is_ready():
                self._ready[kind] = bound
                return bound
        return None

    def _start_again(self) -> None:
        """Forget all programs: they hold what classes did before."""
        self._patches, self._last = patches.count, None
        self._bound.clear()
        self._ready.clear()
        self._refused.clear()

    def _watch(self) -> None:
        """Have every layer, and the loss, count what is set on them."""
        for owner in owners(self.loss):
            owner.__dict__.setdefault("_watchers", WeakSet()).add(self._changes)

    def _by_layers(self, batch: tuple[Any, ...]) -> float:
        value = self.loss(*batch)
        if math.isfinite(value):
            self.loss.backward()
        return value

    def _first(self, batch: tuple[Any, ...], kind: Any) -> float:
        """A batch for which there is no program: the layers take it, and a program is tried on a copy."""
        network = self.loss.network
        tried = network.built and not (_is_other_mode() or modes.is_accumulating())
        if not tried or kind in self._refused or len(self._bound) >= _MOST:
            return self._by_layers(batch)
        reason = self._shared()
        if reason:
            self._refuse(kind, f"{reason}; a copy would share it, so that no program is tried", tell=False)
            return self._by_layers(batch)
        program, copied = self._write_down(batch)
        value = self._by_layers(batch)
        if program is None or not math.isfinite(value):
            return value
        difference = self._difference(program, copied, batch, value)
        if difference:
            self._refuse(kind, f"the program's {difference} differs from that of the layers, which are used")
            return value
        for note in program.notes:
            if note not in self.notes:
                self.notes.append(note)
        self._bound.append(Bound(program, self.loss))
        return value

    def _shared(self) -> str:
        """What users' code could change for good when a program is tried on a copy; empty if nothing."""
        everything = owners(self.loss)
        inside = {id(owner) for owner in everything}
        reasons = ((owner, shares(owner, inside)) for owner in everything if is_users(owner))
        return next((f"{type(owner).__name__}: {reason}" for owner, reason in reasons if reason), "")

    def _write_down(self, batch: tuple[Any, ...]) -> tuple[Program | None, Any]:
        """The program of a batch, and a copy of loss and network to try it on."""
        try:
            copied = copy.deepcopy(self.loss)
        except Exception as error:
            self._refuse(kind_of(batch), f"no program is tried, because there is no copy: {error}", tell=False)
            return None, None
        try:
            return Program(self.loss, batch), copied
        except LincolnError:
            return None, None  # the layers will say what is wrong with the batch
        except Exception as error:
            self._refuse(kind_of(batch), f"{error}", tell=not isinstance(error, NotTraceableError))
            return None, None

    def _refuse(self, kind: Any, why: str, *, tell: bool = True) -> None:
        self._refused.add(kind)
        if why not in self.notes:
            self.notes.append(why)
            if tell:
                warnings.warn(f"{type(self.loss.network).__name__}: {why}", ProgramWarning, stacklevel=5)

    def _difference(self, program: Program, copied: Loss, batch: tuple[Any, ...], value: float) -> str:
        """What the program leaves otherwise than the layers have left it; empty if it is all the same."""
        copied.network.vector  # noqa: B018 - lays the copied parameters out
        try:
            given = program.bind(copied)(*batch)
        except Exception as error:
            return f"step raises {type(error).__name__} ({error}); it"
        if not same(given, value):
            return "loss"
        theirs, ours = copied.network.vector, self.loss.network.vector
        for name, parameter in self.loss.network.named_parameters():
            span = slice(parameter.start, parameter.start + parameter.size)
            if parameter._fresh and not same(theirs.grad[span], ours.grad[span]):
                return f"gradient of {name}"
        everything, copies = owners(self.loss), owners(copied)
        for own, other in zip(everything, copies, strict=True):
            for name, kept in vars(own).items():
                if isinstance(kept, Buffer) and not same(kept.value, vars(other)[name].value):
                    return f"{name} of {own!r}"
                if isinstance(kept, np.random.Generator) and _state(kept) != _state(vars(other)[name]):
                    return f"stream of random numbers in {own!r}"
        for store in program.recipe.stores:
            kept, other = store.place.find(everything), store.place.find(copies)
            if not same(kept, other):
                return f"{store.place.name} of {program.titles[store.place.layer]}"
        return ""

    def __reduce__(self) -> tuple[Any, ...]:
        """What is copied and pickled: the loss. A copy makes its own programs."""
        return Runner, (self.loss,)


def _is_other_mode() -> bool:
    """Whether this is inside a block of inference or of recording."""
    return bool(modes.blocks()) and modes.mode() != modes.TRAINING


def _state(generator: np.random.Generator) -> str:
    return repr(generator.bit_generator.state)


def _are_numbers(value: Any) -> bool:
    """Whether a list or an array holds numbers alone, which can be changed in place."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiub"
    return all(isinstance(each, float | int | np.generic) for each in value)


class _Attributes:
    """An object's attributes, looked at as a dictionary is."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def get(self, name: str) -> Any:
        return getattr(self._owner, name)
