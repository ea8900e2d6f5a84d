"""How far the passes over batches have come, and which of them is the one that a checkpoint holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Self

__all__ = ["Passes", "Place", "Placed", "training_on"]


class Place:
    """How far a pass has come.

    Args:
        given: how many batches it has given out.
        before: the state of the generator before it drew the pass's order, if there is one.

    Attributes:
        trains: whether it is a pass of training.
    """

    def __init__(self, given: int = 0, before: Any = None) -> None:
        self.given = given
        self.before = before
        self.trains = False


class Passes:
    """The passes over batches that are under way.

    Attributes:
        loaded: the state that has been loaded and that no training has begun with.

    >>> passes = Passes()
    >>> with passes.begun() as first:
    ...     first.given = 3
    ...     with passes.begun() as second:
    ...         second.given = 1
    ...     print(passes.place.given)
    3
    >>> passes.place.given
    0
    """

    def __init__(self) -> None:
        self.loaded: Mapping[str, Any] | None = None
        self._open: list[Place] = []
        self._next: Place | None = None
        self._training = self._turn = False

    @property
    def place(self) -> Place:
        """Where an epoch stands that is to go on; or the pass of training, or else the one that has begun last."""
        counted = [place for place in self._open if place.trains or not self._training]
        return self._next or (counted[-1] if counted else Place())

    @contextlib.contextmanager
    def begun(self) -> Iterator[Place]:
        """A new pass, or the rest of one; it is over when it has ended, and when nobody holds its iterator any more."""
        place, self._next = self._next or Place(), None
        place.trains, self._turn = self._turn, False
        self._open.append(place)
        try:
            yield place
        finally:
            self._open.remove(place)

    def anew(self) -> Passes:
        """Those of the same batches elsewhere: none is under way, and an epoch that is to go on goes on there."""
        other = Passes()
        other._next, self._next = self._next, None
        other.loaded, self.loaded = self.loaded, None
        return other

    def go_on(self, place: Place, state: Mapping[str, Any]) -> None:
        """Begin the next pass at this place, which this state tells."""
        self._next, self.loaded, self._training = place, state, False

    def train(self) -> None:
        """Let the next pass be one of training: from here on no others are counted."""
        self._training = self._turn = True
        self.loaded = None

    def trained(self) -> None:
        """Training is over: all passes count again."""
        self._training = self._turn = False


class Placed:
    """Batches that know how far a pass over them has come."""

    _passes: Passes

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what ``state_dict`` gave."""
        raise NotImplementedError(f"{type(self).__name__}.load_state_dict")

    def train(self, resumed: bool) -> None:
        """Let the next pass be one of training, whose place is the one that ``state_dict`` tells.

        Args:
            resumed: whether training goes on: at the place that has been loaded, whatever has looked at batches since.
        """
        if resumed and self._passes.loaded is not None:
            self.load_state_dict(self._passes.loaded)
        self._passes.train()

    def trained(self) -> None:
        """Let all passes count again, those of a loop of one's own too."""
        self._passes.trained()


@contextlib.contextmanager
def training_on(batches: Any) -> Iterator[None]:
    """A block in which passes of training are the only ones that count, once the first has begun."""
    try:
        yield
    finally:
        if isinstance(batches, Placed):
            batches.trained()
