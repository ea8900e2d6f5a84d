"""The same pass again: what layers draw, update and count is put back before each one."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import arrays, tree
from ..layer import UNSAVED, Layer
from ..parameters import Parameter

__all__ = ["Replay", "undisturbed"]


class Replay:
    """Called before a pass, it puts the random generators and the buffers of a network back to what they were.

    >>> from lincoln import layers
    >>> dropout = layers.Dropout(0.5)
    >>> x = dropout(np.ones((1, 9)))
    >>> replay = Replay(dropout)
    >>> replay(); one = dropout(np.ones((1, 9)))
    >>> replay(); bool((one == dropout(np.ones((1, 9)))).all())
    True
    """

    def __init__(self, network: Layer) -> None:
        self._network = network
        self._generators: list[tuple[np.random.Generator, Any]] = []
        self._attributes: list[tuple[Layer, dict[str, Any]]] = []
        self._global_state: Any = None
        self.note_new()
        self.note_buffers()

    @property
    def draws(self) -> bool:
        """Whether a layer holds a random generator."""
        return bool(self._generators)

    def note_new(self) -> None:
        """Note the state of generators that a pass has made."""
        for layer in tree.walk(self._network):
            for value in vars(layer).values():
                if isinstance(value, np.random.Generator) and all(value is not known for known, _ in self._generators):
                    self._generators.append((value, value.bit_generator.state))

    def note_buffers(self) -> None:
        """Note what the buffers hold."""
        found = tree.built_buffers(self._network)
        self._buffers = [(buffer, arrays.copied(buffer.value)) for buffer in found]

    def note_attributes(self) -> None:
        """Note every other attribute too, for layers that keep in them what changes from pass to pass."""
        self._attributes = [
            (layer, {name: copy.deepcopy(value) for name, value in vars(layer).items() if _is_plain(name, value)})
            for layer in tree.walk(self._network)
            if not tree.keeps_bare_arrays(layer)
        ]

    def note_global_generators(self) -> None:
        """Note the state of the generators that belong to no layer."""
        self._global_state = _global_state()

    def __call__(self) -> None:
        for layer, attributes in self._attributes:
            for name in [name for name, value in vars(layer).items() if _is_plain(name, value)]:
                del vars(layer)[name]
            vars(layer).update(copy.deepcopy(attributes))
        for rng, state in self._generators:
            rng.bit_generator.state = state
        for buffer, value in self._buffers:
            buffer.value = value
        if self._global_state is not None:
            _set_global_state(self._global_state)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put the global random generators back afterwards: user code that is only being checked may draw from them."""
    before = _global_state()
    try:
        yield
    finally:
        _set_global_state(before)


def _global_state() -> tuple[Any, ...]:
    torch = sys.modules.get("torch")
    return np.random.get_state(), random.getstate(), torch.get_rng_state() if torch else None  # noqa: NPY002


def _set_global_state(state: tuple[Any, ...]) -> None:
    torch = sys.modules.get("torch")
    np.random.set_state(state[0])  # noqa: NPY002
    random.setstate(state[1])
    if torch and state[2] is not None:
        torch.set_rng_state(state[2])


def _is_plain(name: str, value: Any) -> bool:
    """Whether an attribute is the layer's own affair: no parameter, no layer, nothing of the contract's."""
    if name in UNSAVED or name in Layer.records or name in vars(Layer) or isinstance(value, Parameter | Layer):
        return False
    if isinstance(value, list | tuple | dict):
        parts = value.values() if isinstance(value, dict) else value
        return not any(isinstance(part, Parameter | Layer) for part in parts)
    return True
