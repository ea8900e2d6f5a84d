"""What all metrics share: a value for one batch, or for many batches of any size."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..arguments import WithArguments
from .matching import nothing

__all__ = ["Metric"]


class Metric(WithArguments):
    """One number for how good predictions are, over one batch (call it) or over many (`update`, then `compute`).

    A subclass gives ``name`` and ``higher_is_better``. For a mean over the numbers of all batches it writes
    ``each(predictions, labels)``, one number for every prediction; for anything else ``reset``, ``update`` and
    ``compute``.

    Attributes:
        name: as it stands in tables and histories.
        higher_is_better: whether a larger value is the better one.

    >>> class Bias(Metric):
    ...     name = "bias"
    ...
    ...     def each(self, predictions, labels):
    ...         return predictions - labels
    >>> bias = Bias()
    >>> bias.update(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0]))
    >>> bias.update(np.array([2.0]), np.array([1.0]))
    >>> bias.compute()
    1.0
    """

    name: str = ""
    higher_is_better: bool = True

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.total, self.count = 0.0, 0

    def update(self, predictions: Any, labels: Any) -> None:
        """Take one more batch into account."""
        numbers = self.each(predictions, labels)
        self.total += float(numbers.sum(dtype=np.float64))
        self.count += numbers.size

    def compute(self) -> float:
        """The value over all batches since `reset`.

        Raises:
            DataError: there was none.
        """
        if self.count == 0:
            raise nothing(f"{self!r}.compute")
        return self.total / self.count

    def each(self, predictions: Any, labels: Any) -> np.ndarray:
        """One number for every prediction; the metric is their mean."""
        raise NotImplementedError(f"{type(self).__name__}.each")

    def __call__(self, predictions: Any, labels: Any) -> float:
        """The value for one batch alone. What `update` has gathered stays as it is."""
        alone = copy.copy(self)
        alone.reset()
        alone.update(predictions, labels)
        return alone.compute()
