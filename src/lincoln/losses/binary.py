"""Losses of yes-or-no questions: one number for each question, labels 0 or 1 (or between them).

Labels are ``(n,)`` or ``(n, 1)`` for one question, else ``(n, k)`` like the predictions: k questions, of which any
number may be answered with yes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .. import functional
from ..arrays import Array, namespace
from ..layer import Layer
from ..settings import Settings
from .labels import binary_labels, check_predictions
from .loss import Loss, Reduction
from .options import positive_weight_of, positive_weights

__all__ = ["LogLoss", "LogSigmoidLoss", "SigmoidCrossEntropy"]


class Question(Loss):
    """What these losses share: their labels, and how much a label of 1 counts."""

    _settings: ClassVar[Settings] = Loss._settings | {"positive_weight": positive_weight_of}

    def __init__(
        self, network: Layer, *, positive_weight: float | Sequence[float] = 1.0, reduction: Reduction = "sum"
    ) -> None:
        super().__init__(network, reduction=reduction)
        self.positive_weight = positive_weight

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        return binary_labels(type(self).__name__, predictions, labels)

    def weight_like(self, predictions: Array) -> float | Array:
        """The positive weight, as an array if there is one for each output."""
        return positive_weights(type(self).__name__, self.positive_weight, predictions)


class LogLoss(Question):
    """L = -w y log p - (1 - y) log(1 - p),  ∂L/∂p = -w y / p + (1 - y) / (1 - p)

    For a network that ends in a `Sigmoid`. Probabilities that round to 0 or 1 are taken one step inside, as `Sigmoid`
    gives them, so that even the worst mistake still has its gradient p - y on the logit; its value then stays at 16
    in float32. `SigmoidCrossEntropy`, on logits, has the full value too.

    Args:
        network: the layer whose output is judged.
        positive_weight: w, how much a label of 1 counts against a label of 0; one number, or one for each output.
        reduction: ``"sum"`` or ``"mean"``.

    >>> import numpy as np
    >>> from lincoln.layers import Dense
    >>> loss = LogLoss(Dense(1, seed=0))
    >>> round(loss(np.zeros((2, 3)), np.array([0.0, 1.0])) / 2, 4)
    0.6931
    """

    takes = "probabilities"

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        check_predictions(predictions, "probabilities", type(self).__name__)
        return super().fit_labels(predictions, labels)

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.log_loss(predictions, labels, self.weight_like(predictions))

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.log_loss_grad(predictions, labels, self.weight_like(predictions))

    def probabilities(self, output: Array) -> Array:
        return output


class LogSigmoidLoss(Question):
    """L = -w y z - (1 - y) log(1 - exp(z)),  ∂L/∂z = -w y + (1 - y) exp(z) / (1 - exp(z)),  z = log p

    For a network that ends in a `LogSigmoid`.

    Args:
        network: the layer whose output is judged.
        positive_weight: w, how much a label of 1 counts against a label of 0; one number, or one for each output.
        reduction: ``"sum"`` or ``"mean"``.

    >>> import numpy as np
    >>> from lincoln.layers import Dense
    >>> loss = LogSigmoidLoss(Dense(1, activation="log_sigmoid", seed=0))
    >>> round(loss(np.zeros((2, 3)), np.array([0.0, 1.0])) / 2, 4)
    0.6931
    """

    takes = "log-probabilities"

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        check_predictions(predictions, "log-probabilities", type(self).__name__)
        return super().fit_labels(predictions, labels)

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.log_sigmoid_loss(predictions, labels, self.weight_like(predictions))

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.log_sigmoid_loss_grad(predictions, labels, self.weight_like(predictions))

    def probabilities(self, output: Array) -> Array:
        return namespace(output).exp(output)


class SigmoidCrossEntropy(Question):
    """L = -w y log σ(a) - (1 - y) log(1 - σ(a)),  ∂L/∂a = σ(a) - y for w = 1

    For a network that ends in logits a; safe for every finite logit.

    Args:
        network: the layer whose output is judged.
        positive_weight: w, how much a label of 1 counts against a label of 0; one number, or one for each output.
        reduction: ``"sum"`` or ``"mean"``.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> round(SigmoidCrossEntropy(Linear(1, seed=0))(np.zeros((1, 3)), np.array([1])), 4)
    0.6931
    """

    takes = "logits"
    predictions: Array = None
    p: Array = None
    """The logits of the last `value`, and their probabilities, which the derivative needs."""

    def value(self, predictions: Array, labels: Array) -> Array:
        losses, p = functional.sigmoid_cross_entropy(predictions, labels, self.weight_like(predictions))
        self.keep(predictions=predictions, p=p)
        return losses

    def derivative(self, predictions: Array, labels: Array) -> Array:
        p = self.p if predictions is self.predictions else functional.sigmoid(predictions)
        return functional.sigmoid_cross_entropy_grad(p, labels, self.weight_like(predictions))

    def probabilities(self, output: Array) -> Array:
        return functional.sigmoid(output)
