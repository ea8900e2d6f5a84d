"""What a pass leaves on a layer or a loss: kept for the way back, dropped when asked, never copied and never saved."""

from __future__ import annotations

from typing import Any, ClassVar

from .modes import INFERENCE, blocks, mode

__all__ = ["Recorder"]


class Recorder:
    """An object on which passes leave arrays.

    >>> class Gate(Recorder):
    ...     mask = None
    >>> gate = Gate()
    >>> gate.keep(mask=[1.0, 0.0])
    >>> gate.mask
    [1.0, 0.0]
    >>> gate.drop()
    >>> gate.mask is None
    True
    """

    own: ClassVar[bool] = False
    records: ClassVar[tuple[str, ...]] = ()
    """The attributes that every pass leaves."""
    _kept: frozenset[str] = frozenset()

    def keep(self, **arrays: Any) -> None:
        """Keep what the way back needs beside input and output: ``self.keep(mask=m)`` makes it ``self.mask``.

        In inference nothing stays after the pass. A class attribute, such as ``mask = None``, says what is there
        without one.
        """
        if self.own and blocks() and mode() == INFERENCE:
            return  # in inference a user's layer is a copy, and may read what it has kept
        own = self.__dict__
        own.update(arrays)
        if not arrays.keys() <= self._kept:
            own["_kept"] = self._kept | arrays.keys()

    def drop(self) -> None:
        """Drop what passes have left here."""
        own = self.__dict__
        for name in (*self.records, *self._kept):
            own.pop(name, None)

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: not what passes have left."""
        left = {"_kept", *self.records, *self._kept}
        return {name: value for name, value in self.__dict__.items() if name not in left}
