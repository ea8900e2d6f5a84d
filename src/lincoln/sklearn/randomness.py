"""The random numbers of an estimator: drawn as scikit-learn draws them, and taken up again where a fit left off."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["Stream"]


class Stream:
    """One generator for initial weights, then a validation split, then the order of each epoch, one after the other.

    The same ``random_state`` gives the weights, the split and the batches that scikit-learn's estimators draw. A fit
    that goes on with as many rows as before gets the same split, and goes on with the orders of the epochs.

    Args:
        random_state: a number, a ``RandomState``, or None for one of its own: the global generator is left alone.

    >>> stream = Stream(0)
    >>> _ = stream.enter(3)
    >>> stream.permutation(3)
    array([2, 1, 0])
    """

    def __init__(self, random_state: Any = None) -> None:
        fresh = np.random.RandomState() if random_state is None else random_state
        self.rng: np.random.RandomState = check_random_state(fresh)
        self.begun: Any = None
        self.rows = -1
        self.epochs = 0
        self.order: Any = None

    def enter(self, rows: int) -> np.random.RandomState:
        """Begin a fit on so many rows: the generator that the split is to be drawn from."""
        if rows == self.rows:
            return _generator(self.begun)
        self.begun, self.rows, self.epochs, self.order = self.rng.get_state(legacy=False), rows, 0, None
        return self.rng

    def go_on(self, splitter: np.random.RandomState, rows: int) -> None:
        """After the split: come to where the last fit's epochs, on so many rows, ended."""
        if splitter is self.rng or (self.order is not None and len(self.order) == rows):
            return
        self.rng, self.order = splitter, None
        again, self.epochs = self.epochs, 0
        for _ in range(again):
            self.permutation(rows)

    def enter_part(self, random_state: Any, *, first: bool) -> np.random.RandomState:
        """Begin a ``partial_fit``: the split's generator, the same for every part.

        Orders go on, but every part after the first begins with the numbers of a seed again, as in scikit-learn.
        """
        if isinstance(random_state, numbers.Integral) and not first:
            self.rng = check_random_state(random_state)
        if self.begun is None:
            self.begun = self.rng.get_state(legacy=False)
        self.rows, self.order = -1, None
        return _generator(self.begun)

    def permutation(self, rows: int) -> np.ndarray:
        """The order of the next epoch: the last one's, shuffled."""
        drawn = self.rng.permutation(rows)
        self.order = drawn if self.order is None or len(self.order) != rows else self.order[drawn]
        self.epochs += 1
        return np.asarray(self.order)

    def state_dict(self) -> dict[str, Any]:
        """All that it takes to go on, but the last order, which is found again."""
        return {"now": self.rng.get_state(legacy=False), "begun": self.begun, "rows": self.rows, "epochs": self.epochs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.rng, self.order = _generator(state["now"]), None
        self.begun, self.rows, self.epochs = state["begun"], state["rows"], state["epochs"]


def _generator(state: Any) -> np.random.RandomState:
    generator = np.random.RandomState()
    generator.set_state(state)
    return generator
