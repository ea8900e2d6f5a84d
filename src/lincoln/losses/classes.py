"""Losses of a choice between k classes: predictions are one number for each class along the last axis.

Labels are the numbers of the classes, integers from 0 to k - 1, ``(n,)`` or ``(n, 1)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .. import functional
from ..arrays import Array, namespace
from ..layer import Layer
from ..settings import Settings
from .labels import check_predictions, class_labels
from .loss import Loss, Reduction
from .options import Bounded, class_weight_of, class_weights, weights_of

__all__ = ["CrossEntropy", "NLLLoss", "SoftmaxCrossEntropy"]


class Choice(Loss):
    """What these losses share: their labels, and how much each class counts."""

    _settings: ClassVar[Settings] = Loss._settings | {"class_weight": class_weight_of}

    def __init__(
        self, network: Layer, *, class_weight: Sequence[float] | None = None, reduction: Reduction = "sum"
    ) -> None:
        super().__init__(network, reduction=reduction)
        self.class_weight = class_weight

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        return class_labels(type(self).__name__, predictions, labels)

    def share_of(self, labels: Array) -> Array | None:
        weight = self.weight_like(self.last_input)
        return None if weight is None else weights_of(labels, weight)

    def weight_like(self, predictions: Array) -> Array | None:
        """The class weights as an array, if there are any."""
        if self.class_weight is None:
            return None
        return class_weights(type(self).__name__, self.class_weight, predictions)


class CrossEntropy(Choice):
    """L = -w_c log p_c,  ∂L/∂p_j = -w_c δ_jc / p_c,  c being the label

    For a network that ends in a `Softmax`.

    Args:
        network: the layer whose output is judged.
        class_weight: w, one number for every class; all 1 if it is not given.
        reduction: ``"sum"``, or ``"mean"``, in which a row counts as much as its label's class weight.

    >>> import numpy as np
    >>> from lincoln.layers import Dense
    >>> loss = CrossEntropy(Dense(2, activation="softmax", seed=0))
    >>> round(loss(np.zeros((1, 3)), np.array([1])), 4)
    0.6931
    """

    takes = "probabilities"

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        check_predictions(predictions, "probabilities", type(self).__name__)
        return super().fit_labels(predictions, labels)

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.cross_entropy(predictions, labels, self.weight_like(predictions))

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.cross_entropy_grad(predictions, labels, self.weight_like(predictions))

    def probabilities(self, output: Array) -> Array:
        return output


class NLLLoss(Choice):
    """L = -w_c z_c,  ∂L/∂z_j = -w_c δ_jc,  c being the label and z log-probabilities

    For a network that ends in a `LogSoftmax`.

    Args:
        network: the layer whose output is judged.
        class_weight: w, one number for every class; all 1 if it is not given.
        reduction: ``"sum"``, or ``"mean"``, in which a row counts as much as its label's class weight.

    >>> import numpy as np
    >>> from lincoln.layers import Dense
    >>> loss = NLLLoss(Dense(2, activation="log_softmax", seed=0))
    >>> round(loss(np.zeros((1, 3)), np.array([1])), 4)
    0.6931
    """

    takes = "log-probabilities"

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        check_predictions(predictions, "log-probabilities", type(self).__name__)
        return super().fit_labels(predictions, labels)

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.negative_log_likelihood(predictions, labels, self.weight_like(predictions))

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.negative_log_likelihood_grad(predictions, labels, self.weight_like(predictions))

    def probabilities(self, output: Array) -> Array:
        return namespace(output).exp(output)


class SoftmaxCrossEntropy(Choice):
    """L = -Σ_j q_j w_j log softmax(a)_j with q = (1 - ε) δ_jc + ε / k;  ∂L/∂a = p - δ_jc for ε = 0, w = 1

    For a network that ends in logits a; safe for every finite logit.

    Args:
        network: the layer whose output is judged.
        label_smoothing: ε, 0 <= ε < 1   (Szegedy, Vanhoucke, Ioffe, Shlens, Wojna 2016, section 7).
        class_weight: w, one number for every class.
        reduction: ``"sum"``, or ``"mean"``, in which a row counts as much as its label's class weight.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> round(SoftmaxCrossEntropy(Linear(2, seed=0))(np.zeros((1, 3)), np.array([1])), 4)
    0.6931
    """

    takes = "logits"
    predictions: Array = None
    p: Array = None
    """The logits of the last `value`, and their probabilities, which the derivative needs."""
    _settings: ClassVar[Settings] = Choice._settings | {"label_smoothing": Bounded(above=0.0, below=1.0, zero=True)}

    def __init__(
        self,
        network: Layer,
        *,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        reduction: Reduction = "sum",
    ) -> None:
        super().__init__(network, class_weight=class_weight, reduction=reduction)
        self.label_smoothing = label_smoothing

    def value(self, predictions: Array, labels: Array) -> Array:
        weight = self.weight_like(predictions)
        losses, p = functional.softmax_cross_entropy(predictions, labels, self.label_smoothing, weight)
        self.keep(predictions=predictions, p=p)
        return losses

    def derivative(self, predictions: Array, labels: Array) -> Array:
        p = self.p if predictions is self.predictions else functional.softmax(predictions)
        return functional.softmax_cross_entropy_grad(p, labels, self.label_smoothing, self.weight_like(predictions))

    def probabilities(self, output: Array) -> Array:
        return functional.softmax(output)
