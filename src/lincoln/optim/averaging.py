"""The running average of a network's weights, which often predicts better than the last weights do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np

from .. import arrays, functional
from ..arguments import WithArguments
from ..arrays import Array
from ..exc import MatchError, NotFittedError
from ..layer import Layer
from ..settings import Checked, Range, Settings
from ..vector import ParameterVector
from .common import checked_network, of_kind

__all__ = ["WeightAverage"]


class WeightAverage(Checked, WithArguments):
    """θ̄ ← β θ̄ + (1 - β) θ, from θ̄ = θ at the first update   (Polyak, Juditsky 1992)

    There is no correction for the start: after t updates the first weights still count for β^(t - 1). Where training
    is shorter than a few times 1 / (1 - β) steps, take a smaller decay.

    Args:
        network: whose weights are averaged; it need not be built yet.
        decay: β, in [0, 1); 0.999 averages over about the last thousand steps.

    Attributes:
        updates: how many there have been.

    Raises:
        DataError: a decay outside its range.
        ContractError: not a network.

    >>> from lincoln import layers
    >>> layer = layers.Linear(1).build(1, dtype="float64")
    >>> average = WeightAverage(layer, decay=0.75)
    >>> for weight in (0.0, 4.0):
    ...     layer.W.value = np.array([[weight]])
    ...     average.update()
    >>> with average.apply():
    ...     layer.W.value
    array([[1.]])
    >>> layer.W.value
    array([[4.]])
    """

    _settings: ClassVar[Settings] = {"decay": Range("[0, 1)", "decay=0.999")}

    def __init__(self, network: Layer, decay: float = 0.999) -> None:
        self.network = checked_network(network, type(self).__name__)
        self.decay = decay
        self.updates = 0
        self._average: Array = None

    def update(self) -> None:
        """Take the weights as they are now into the average; call it after each step of the optimizer.

        Raises:
            NotFittedError: the network is not built.
            MatchError: the number of the network's parameters has changed.
        """
        vector = self.network.vector
        if not vector.parameters:
            raise self._too_early("a network without parameters: it may not be built yet")
        if self.updates == 0:
            self._average = arrays.copied(vector.value)
        else:
            self._average = self._fitting(vector)
            functional.moving_average(self._average, vector.value, self.decay)
        self.updates += 1

    @contextmanager
    def apply(self) -> Iterator[None]:
        """Inside this block the network has the averaged weights; after it, whatever happens, its own again.

        Changes of the weights inside the block are lost at its end.

        Raises:
            NotFittedError: there has been no update.
        """
        if self.updates == 0:
            raise self._too_early("no update")
        vector = self.network.vector
        average = self._fitting(vector)
        own = arrays.copied(vector.value)
        _set_values(vector, average)
        try:
            yield
        finally:
            _set_values(self.network.vector, own)

    def state_dict(self) -> dict[str, Any]:
        """The average as a new NumPy array, and the number of updates; no average before the first.

        >>> from lincoln import layers
        >>> WeightAverage(layers.Linear(1)).state_dict()
        {'updates': 0}
        """
        state: dict[str, Any] = {"updates": self.updates}
        return state | ({"average": np.array(arrays.numpy(self._average))} if self.updates else {})

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what `state_dict` gave. A size that does not fit is refused when the average is used."""
        self.updates = int(state["updates"])
        self._average = np.array(state["average"]) if self.updates else None
        return self

    def _fitting(self, vector: ParameterVector) -> Array:
        """The average in the array library, dtype and device of the vector."""
        if self._average.shape != vector.value.shape:
            raise MatchError(
                code="LN411",
                where=type(self).__name__,
                saw=f"an average of {self._average.shape[0]:,} numbers, the network has {vector.size:,}",
                why="the average belongs to another network, or to this one before it was changed",
                fix="make a new WeightAverage(network) for the changed network",
            )
        return of_kind(self._average, vector.value)

    def _too_early(self, saw: str) -> NotFittedError:
        return NotFittedError(
            code="LN412",
            where=type(self).__name__,
            saw=saw,
            why="the average starts from the weights at the first update",
            fix="average.update() after optimizer.step()",
        )


def _set_values(vector: ParameterVector, values: Array) -> None:
    vector.value[...] = values
    for foreign in vector.foreign:
        foreign.push()
