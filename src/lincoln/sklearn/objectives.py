"""What an estimator's training minimizes: a loss's mean per example, with scikit-learn's penalty on the weights."""

from __future__ import annotations

import inspect
from typing import Any

from .. import functional, losses, modes
from ..arrays import Array, namespace
from ..exc import DataError
from ..layer import Layer
from ..layers import LogSigmoid, LogSoftmax, Sigmoid, Softmax
from ..losses import Loss
from ..models.model import last_layer
from ..parameters import Parameter
from ..tree import walk
from .normalization import WeightedBatchNorm

__all__ = ["Objective", "PoissonDeviance", "SquaredError", "classifier_loss", "regressor_loss"]


class SquaredError(Loss):
    """L = (p - y)² / 2,  ∂L/∂p = p - y

    The descent is that of the sum over the outputs, and what is reported is the mean over them, as in scikit-learn.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> loss = SquaredError(Linear(2, seed=0))
    >>> loss(np.zeros((1, 3)), np.array([[1.0, 3.0]])), loss.total
    (5.0, 2.5)
    """

    def value(self, predictions: Array, labels: Array) -> Array:
        error = predictions - labels
        return 0.5 * error * error

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return predictions - labels

    def judge(self, predictions: Array, labels: Array, weights: Array | None = None) -> float:
        value = super().judge(predictions, labels, weights)
        if self.reduction == "sum":
            self.__dict__["total"] = self.total / self.last_input.shape[-1]
        return value


class PoissonDeviance(losses.Poisson):
    """L = exp(a) - y a + y log y - y,  ∂L/∂a = exp(a) - y: half the deviance, 0 where exp(a) is y

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> loss = PoissonDeviance(Linear(1, seed=0))
    >>> loss(np.zeros((1, 3)), np.array([1.0]))
    0.0
    """

    def value(self, predictions: Array, labels: Array) -> Array:
        xp = namespace(labels)
        return super().value(predictions, labels) + labels * xp.log(xp.where(labels > 0, labels, 1.0)) - labels


class Objective(Loss):
    """L = (Σ w ℓ + α/2 Σ W²) / Σ w,  ∂L/∂W = (Σ w ∂ℓ/∂W + α W) / Σ w

    ℓ is the loss of an example, w are the examples' weights, 1 if none are given, and W all parameters with two axes
    or more, so no biases. In evaluation there is no penalty.

    Args:
        loss: of the network. With ``reduction="sum"``, the default of most, ℓ is the sum over an example's
            outputs, and with ``"mean"`` their mean.
        alpha: α, not below 0.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> network = Linear(1, seed=0).build(2, dtype="float64")
    >>> network.W.value = [[3.0], [4.0]]
    >>> Objective(SquaredError(network), alpha=0.5)(np.zeros((5, 2)), np.zeros(5))
    1.25
    """

    def __init__(self, loss: Loss, *, alpha: float) -> None:
        super().__init__(loss.network, reduction="mean")
        self.loss = loss
        self.alpha = alpha
        self.sums = loss.reduction == "sum"
        self.norms = tuple(layer for layer in walk(self.network) if isinstance(layer, WeightedBatchNorm))

    def __call__(self, *batch: Any) -> float:
        loss = self.loss
        for norm in self.norms:
            norm.keep(weights=batch[2] if len(batch) > 2 else None)
        value = loss(*batch)
        total, count = loss.total, loss.count
        if self.sums:
            value = value / count
        if self.alpha and not modes.is_inference():
            penalty = 0.5 * self.alpha * sum(_square(weights.value) for weights in self._weights())
            value, total = value + penalty / count, total + penalty
        self.__dict__.update(last_input=loss.last_input, count=count, total=total)
        return value

    def forward(self, input: Array, labels: Array, weights: Array | None = None) -> float:
        return self(input, labels) if weights is None else self(input, labels, weights)

    def gradient(self) -> Array:
        """The derivative of the mean, the penalty left out."""
        grad = self.loss.gradient()
        return grad * (1.0 / self.count) if self.sums else grad

    def backward(self) -> None:
        super().backward()
        if self.alpha:
            factor = self.alpha / self.count
            for weights in self._weights():
                weights.accumulate(factor * weights.value)

    def _weights(self) -> list[Parameter]:
        """The parameters that the penalty counts: all with two axes or more."""
        return [parameter for parameter in self.network.parameters() if len(parameter.shape) > 1]

    def probabilities(self, output: Array) -> Array:
        return self.loss.probabilities(output)

    def expected(self, output: Array) -> Array:
        return self.loss.expected(output)

    def drop(self) -> None:
        super().drop()
        self.loss.drop()


def _square(values: Array) -> float:
    return functional.total(values * values)


_AFTER: dict[type, Any] = {
    Sigmoid: losses.LogLoss,
    LogSigmoid: losses.LogSigmoidLoss,
    Softmax: losses.CrossEntropy,
    LogSoftmax: losses.NLLLoss,
}
"""The loss for the last layer of a network, where that is not linear."""
_REGRESSION: dict[str, Any] = {
    "squared_error": SquaredError,
    "absolute_error": losses.MeanAbsoluteError,
    "huber": losses.Huber,
    "quantile": losses.Quantile,
    "poisson": PoissonDeviance,
}


def regressor_loss(estimator: Any, network: Layer) -> Loss:
    """The loss that a regressor's parameter asks for, of this network."""
    return _made(estimator, network, _REGRESSION)


def classifier_loss(estimator: Any, network: Layer, *, multilabel: bool) -> Loss:
    """The loss that a classifier's parameter asks for, of this network; by itself the one that fits its last layer."""
    last = last_layer(network)
    one_each = multilabel or network.output_shape[-1] == 1
    on_logits = losses.SigmoidCrossEntropy if one_each else losses.SoftmaxCrossEntropy
    return _made(estimator, network, {"log_loss": _AFTER.get(type(last), on_logits)})


def _made(estimator: Any, network: Layer, named: dict[str, Any]) -> Loss:
    asked = estimator.loss
    maker = named.get(asked) if isinstance(asked, str) else asked
    made = None
    if callable(maker) and not isinstance(maker, Loss):
        takes_reduction = isinstance(maker, type) and "reduction" in inspect.signature(maker).parameters
        divides = network.output_shape == (1,) or maker is losses.SoftmaxCrossEntropy
        made = maker(network, reduction="mean" if divides else "sum") if takes_reduction else maker(network)
    if isinstance(made, Loss) and made.network is network:
        return made
    raise DataError(
        code="LN658",
        where=type(estimator).__name__,
        saw=f"loss={asked!r}",
        why="it does not give a loss of the network that the estimator trains",
        fix=f"one of {', '.join(map(repr, named))}; a class such as lnc.losses.Huber; or a function of the network, "
        "such as lambda network: lnc.losses.Huber(network, delta=2.0)",
    )
