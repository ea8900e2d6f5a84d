"""What all metrics share: a value for one batch, or for many batches of any size."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

import numpy as np

from ..arguments import WithArguments
from ..spelling import missing
from .matching import nothing

__all__ = ["Metric", "Tally"]

Value = TypeVar("Value")


class Tally(WithArguments, Generic[Value]):
    """What is counted over one batch (call it) or over many (`update`, then `compute`).

    A subclass writes ``reset``, ``update`` and ``compute``.

    Attributes:
        name: as it stands in tables and histories.
    """

    name: str = ""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        raise missing(self, "reset")

    def update(self, predictions: Any, labels: Any) -> None:
        """Take one more batch into account."""
        raise missing(self, "update")

    def compute(self) -> Value:
        """The value over all batches since `reset`."""
        raise missing(self, "compute")

    def __call__(self, predictions: Any, labels: Any) -> Value:
        """The value for one batch alone. What `update` has gathered stays as it is."""
        alone = self.anew()
        alone.update(predictions, labels)
        return alone.compute()

    def anew(self) -> Self:
        """Another one with the same options, which has seen no batch.

        >>> from lincoln.metrics import Accuracy
        >>> metric = Accuracy()
        >>> metric.update([1, 0], [1, 1])
        >>> metric.anew().count, metric.count
        (0, 2)
        """
        other = object.__new__(type(self))
        vars(other).update({name: value for name, value in vars(self).items() if name != "__name__"})
        other.reset()
        return other

    def as_function(self, name: str) -> Self:
        """This object as the function of that name in its module: copied, pickled and saved by its name.

        To add up over batches, make an object of the class, or `anew`.

        >>> from lincoln.metrics import r2_score
        >>> r2_score.name, type(r2_score).__name__
        ('r2_score', 'R2Score')
        """
        self.name = self.__name__ = name
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return vars(self).get("__name__") or super().__reduce_ex__(protocol)


class Metric(Tally[float]):
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

    higher_is_better: bool = True

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
        raise missing(self, "each")
