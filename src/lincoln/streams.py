"""The random numbers of a network that is being built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

__all__ = ["Streams", "building", "is_building", "streams_of"]

_streams: ContextVar[Streams | None] = ContextVar("streams", default=None)


class Streams:
    """The random generators of one network: one for initial values, and one for every layer that draws in training.

    They all come from one seed but never from each other, so that adding a dropout layer changes no initial value.

    >>> one, two = Streams(0), Streams(0)
    >>> number = one.next_drawing().random()
    >>> bool(one.initial.random() == two.initial.random())
    True
    """

    def __init__(self, seed: int | None, *, around: Streams | None = None) -> None:
        self.entropy = np.random.SeedSequence(seed).entropy
        self.initial = self._generator(0, 0)
        self._unbuilt: list[tuple[Any, dict[str, Any]]] = [] if around is None else around._unbuilt
        self._drawing = 0

    def next_drawing(self) -> np.random.Generator:
        """The generator of the next layer that draws random numbers in training."""
        self._drawing += 1
        return self._generator(1, self._drawing)

    def note(self, layer: Any) -> None:
        """Remember a layer as it is before it is built."""
        self._unbuilt.append((layer, layer.__dict__.copy()))

    def undo(self) -> None:
        """Bring every layer that this pass began to build back to what it was: a bad first batch does no harm."""
        for layer, before in self._unbuilt:
            layer.__dict__.clear()
            layer.__dict__.update(before)

    def _generator(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.entropy, spawn_key=(purpose, number)))


@contextmanager
def building(seed: int | None) -> Iterator[Streams]:
    """The streams of the network that is being built: opened by its outermost layer, which undoes all that fails.

    A layer inside that has a seed of its own opens streams of its own, for itself and what is inside it.
    """
    outer = _streams.get()
    if outer is not None and seed is None:
        yield outer
        return
    streams = Streams(seed, around=outer)
    token = _streams.set(streams)
    try:
        yield streams
    except BaseException:
        if outer is None:
            streams.undo()
        raise
    finally:
        _streams.reset(token)


def is_building() -> bool:
    """Whether a network is going forward for the first time.

    >>> is_building()
    False
    """
    return _streams.get() is not None


def streams_of(seed: int | None) -> Streams:
    """The random streams of the network that is being built, or new ones where a layer is used on its own."""
    streams = _streams.get()
    return Streams(seed) if streams is None else streams
