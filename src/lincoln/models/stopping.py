"""Early stopping, which brings the best weights back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np

from ..arguments import WithArguments
from ..exc import DataError
from ..layer import Layer
from ..settings import Checked, Settings
from .history import Epoch

__all__ = ["EarlyStopping"]


def _patience(stopping: EarlyStopping, name: str, value: Any) -> Any:
    """How many epochs, or how large an improvement, it waits for."""
    if isinstance(value, Real) and float(value) >= (1 if name == "patience" else 0):
        return value
    raise DataError(
        code="LN167",
        where=type(stopping).__name__,
        saw=f"{name}={value!r}",
        why="it waits at least one epoch for the loss to fall",
        fix="EarlyStopping(patience=10)",
    )


class EarlyStopping(Checked, WithArguments):
    """Stop when the loss has not fallen for some epochs, and go back to the weights with which it was lowest.

    It looks at the validation loss, or at the training loss where there is no validation   (Prechelt 1998).

    Args:
        patience: how many epochs without improvement are allowed.
        min_delta: how far below the best loss so far counts as an improvement.

    Attributes:
        best: the lowest loss seen.
        best_epoch: the number of its epoch.

    Raises:
        DataError: a patience below 1, or a negative ``min_delta``.

    >>> stopping = EarlyStopping(patience=1)
    >>> from lincoln import layers
    >>> network = layers.Linear(1).build(1)
    >>> [stopping.update(Epoch(n, n, loss), network) for n, loss in enumerate([3.0, 2.0, 2.5], start=1)]
    [False, False, True]
    >>> stopping.best_epoch
    2
    """

    _settings: ClassVar[Settings] = {"patience": _patience, "min_delta": _patience}

    def __init__(self, patience: int = 10, *, min_delta: float = 0.0) -> None:
        self.patience = patience
        self.min_delta = min_delta
        self.start()

    def start(self) -> None:
        """Forget what was seen: for a new run."""
        self.best = math.inf
        self.best_epoch = 0
        self._waited = 0
        self._best: dict[str, np.ndarray] | None = None

    def update(self, epoch: Epoch, network: Layer) -> bool:
        """Look at an epoch; true if it is time to stop."""
        if epoch.monitored < self.best - self.min_delta:
            self.best, self.best_epoch, self._waited = epoch.monitored, epoch.number, 0
            self._best = network.state_dict()
        else:
            self._waited += 1
        return self.over

    @property
    def over(self) -> bool:
        """Whether its patience has run out."""
        return self._waited >= self.patience

    def restore(self, network: Layer) -> None:
        """Give the network the best weights back."""
        if self._best is not None:
            network.load_state_dict(self._best)
            network.vector.release()
            self._best = None

    def state_dict(self) -> dict[str, Any]:
        """What has been seen so far, the best weights included.

        >>> EarlyStopping().state_dict()
        {'best': inf, 'best_epoch': 0, 'waited': 0, 'weights': None}
        """
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self._waited, "weights": self._best}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what `state_dict` gave."""
        self.best, self.best_epoch = float(state["best"]), int(state["best_epoch"])
        self._waited, self._best = int(state["waited"]), state["weights"]
        return self
