"""What training says while it goes on: to stderr, as lines of text when nobody watches a terminal."""

from __future__ import annotations

import sys
from typing import Any

from .history import Epoch

__all__ = ["Display"]

_LINES = 10
"""How many lines a run prints in place of a bar."""


class Display:
    """Writes lines to stderr; with ``bar``, also a progress bar if stderr is a terminal and tqdm is installed.

    Where it is not, a bar becomes about ten lines of text over the whole run.

    Args:
        epochs: how many there will be.
        bar: whether to show how far it has got.
        done: how many epochs there have been before.

    >>> Display(epochs=3, bar=False).line("to stderr")
    """

    def __init__(self, *, epochs: int, bar: bool, done: int = 0) -> None:
        self.epochs = epochs
        self.shows = bar
        self._done = done
        self._bar = _terminal_bar(epochs, done) if bar else None

    def line(self, text: str) -> None:
        """Write one line."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    def epoch(self, epoch: Epoch) -> None:
        """Tell that an epoch is over."""
        self._done += 1
        if self._bar is not None:
            self._bar.set_postfix_str(_losses(epoch), refresh=False)
            self._bar.update()
        elif self.shows and (self._done % max(1, self.epochs // _LINES) == 0 or self._done == self.epochs):
            self.line(f"epoch {self._done}/{self.epochs}  {_losses(epoch)}")

    def close(self) -> None:
        """Finish the bar."""
        if self._bar is not None:
            self._bar.close()


def _losses(epoch: Epoch) -> str:
    parts = [f"train loss {epoch.train_loss:.4f}"]
    if epoch.valid_loss is not None:
        parts.append(f"valid loss {epoch.valid_loss:.4f}")
    return "  ".join(parts + [f"{name} {value:.4f}" for name, value in epoch.metrics.items()])


def _terminal_bar(epochs: int, done: int) -> Any:
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=epochs, initial=done, unit="epoch", file=sys.stderr, dynamic_ncols=True)
