"""Losses of regression: predictions are values, labels have their shape, or ``(n,)`` for one output."""

from __future__ import annotations

from typing import ClassVar

from .. import functional
from ..arrays import Array, namespace
from ..layer import Layer
from ..settings import Settings
from .labels import check_counts
from .loss import Loss, Reduction
from .options import Bounded

__all__ = ["Huber", "MeanAbsoluteError", "MeanSquaredError", "Poisson", "Quantile"]


class MeanSquaredError(Loss):
    """L = (p - y)²,  ∂L/∂p = 2 (p - y)

    With ``reduction="sum"`` the sum of all squares, with ``"mean"`` their mean.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> from lincoln.initializers import Constant
    >>> loss = MeanSquaredError(Linear(1, weight_init=Constant(1.0)), reduction="mean")
    >>> loss(np.array([[1.0], [2.0]]), np.array([0.0, 0.0]))
    2.5
    """

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.squared_error(predictions, labels)

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.squared_error_grad(predictions, labels)


class MeanAbsoluteError(Loss):
    """L = |p - y|,  ∂L/∂p = sign(p - y)

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> from lincoln.initializers import Constant
    >>> loss = MeanAbsoluteError(Linear(1, weight_init=Constant(1.0)), reduction="mean")
    >>> loss(np.array([[1.0], [2.0]]), np.array([0.0, 0.0]))
    1.5
    """

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.absolute_error(predictions, labels)

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.absolute_error_grad(predictions, labels)


class Huber(Loss):
    """L = d² / 2 where |d| <= δ, else δ (|d| - δ / 2), with d = p - y   (Huber 1964)

    Args:
        network: the layer whose output is judged.
        delta: δ, in the labels' unit.
        reduction: ``"sum"`` or ``"mean"``.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> from lincoln.initializers import Constant
    >>> Huber(Linear(1, weight_init=Constant(1.0)))(np.array([[0.5], [3.0]]), np.array([0.0, 0.0]))
    2.625
    """

    _settings: ClassVar[Settings] = Loss._settings | {"delta": Bounded(above=0.0)}

    def __init__(self, network: Layer, *, delta: float = 1.0, reduction: Reduction = "sum") -> None:
        super().__init__(network, reduction=reduction)
        self.delta = delta

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.huber(predictions, labels, self.delta)

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.huber_grad(predictions, labels, self.delta)


class Quantile(Loss):
    """L = q (y - p) where y >= p, else (1 - q) (p - y): least at the q-quantile of y   (Koenker, Bassett 1978)

    Args:
        network: the layer whose output is judged.
        q: between 0 and 1; 0.5 gives the median.
        reduction: ``"sum"`` or ``"mean"``.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> from lincoln.initializers import Constant
    >>> Quantile(Linear(1, weight_init=Constant(1.0)), q=0.9)(np.array([[1.0]]), np.array([2.0]))
    0.9
    """

    _settings: ClassVar[Settings] = Loss._settings | {"q": Bounded(above=0.0, below=1.0)}

    def __init__(self, network: Layer, *, q: float = 0.5, reduction: Reduction = "sum") -> None:
        super().__init__(network, reduction=reduction)
        self.q = q

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.quantile(predictions, labels, self.q)

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.quantile_grad(predictions, labels, self.q)


class Poisson(Loss):
    """L = exp(a) - y a,  ∂L/∂a = exp(a) - y,  a being the logarithm of the expected count

    The negative logarithm of Poisson's law without its constant log y!. It overflows where exp(a) does: above a = 88
    in float32, 709 in float64.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> from lincoln.initializers import Constant
    >>> Poisson(Linear(1, weight_init=Constant(0.0)))(np.array([[1.0]]), np.array([3.0]))
    1.0
    """

    predictions: Array = None
    mean: Array = None
    """The predictions of the last `value`, and exp of them, which the derivative needs."""

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        labels = super().fit_labels(predictions, labels)
        check_counts(labels, type(self).__name__)
        return labels

    def value(self, predictions: Array, labels: Array) -> Array:
        losses, mean = functional.poisson(predictions, labels)
        self.keep(predictions=predictions, mean=mean)
        return losses

    def derivative(self, predictions: Array, labels: Array) -> Array:
        mean = self.mean if predictions is self.predictions else namespace(predictions).exp(predictions)
        return functional.poisson_grad(mean, labels)

    def expected(self, output: Array) -> Array:
        return namespace(output).exp(output)
