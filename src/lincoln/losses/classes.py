"""Losses of a choice between k classes: predictions are one number for each class along the last axis.

Labels are the numbers of the classes, integers from 0 to k - 1, ``(n,)`` or ``(n, 1)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import functional
from ..arrays import Array, namespace
from ..layer import Layer
from . import labels as fit
from .loss import Loss, Reduction

__all__ = ["CrossEntropy", "NLLLoss", "SoftmaxCrossEntropy"]


class Choice(Loss):
    """What these losses share: their labels, and how much each class counts."""

    def __init__(
        self, network: Layer, *, class_weight: Sequence[float] | None = None, reduction: Reduction = "sum"
    ) -> None:
        super().__init__(network, reduction=reduction)
        self.class_weight = class_weight

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        return fit.class_labels(self, predictions, labels)

    def share_of(self, labels: Array) -> Array | None:
        weight = self._weight_like(self.last_input)
        return None if weight is None else weight[labels]

    def _weight_like(self, predictions: Array) -> Array | None:
        return None if self.class_weight is None else fit.class_weights(self, self.class_weight, predictions)


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
        fit.check_range(self, "predictions", predictions, low=0.0, high=1.0)
        return super().fit_labels(predictions, labels)

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.cross_entropy(predictions, labels, self._weight_like(predictions))

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.cross_entropy_grad(predictions, labels, self._weight_like(predictions))

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
        fit.check_range(self, "predictions", predictions, low=-math.inf, high=0.0)
        return super().fit_labels(predictions, labels)

    def value(self, predictions: Array, labels: Array) -> Array:
        return functional.negative_log_likelihood(predictions, labels, self._weight_like(predictions))

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return functional.negative_log_likelihood_grad(predictions, labels, self._weight_like(predictions))

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
    records = (*Loss.records, "_p", "_p_of")
    _p: Any = None
    _p_of: Any = None

    def __init__(
        self,
        network: Layer,
        *,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        reduction: Reduction = "sum",
    ) -> None:
        super().__init__(network, class_weight=class_weight, reduction=reduction)
        if label_smoothing != 0.0:
            fit.bounded(self, "label_smoothing", label_smoothing, above=0.0, below=1.0)
        self.label_smoothing = label_smoothing

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        if self._is_plain() and type(self).value is SoftmaxCrossEntropy.value:  # which looks at them anyway
            return fit.class_numbers(self, predictions, labels)
        return super().fit_labels(predictions, labels)

    def value(self, predictions: Array, labels: Array) -> Array:
        if self._is_plain():
            try:
                losses, self._p = functional.softmax_nll(predictions, labels)
            except IndexError:
                fit.check_classes(self, predictions, labels)
                raise
            self._p_of = predictions
            return losses
        z, weight = functional.log_softmax(predictions), self._weight_like(predictions)
        return functional.softmax_cross_entropy(z, labels, self.label_smoothing, weight)

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return SoftmaxCrossEntropy.scaled_derivative(self, predictions, labels, 1.0)

    def scaled_derivative(self, predictions: Array, labels: Array, scale: float) -> Array:
        if self._is_plain():
            p = self._p if predictions is self._p_of else functional.softmax(predictions)
            return functional.softmax_nll_grad(p, labels, scale)
        z, weight = functional.log_softmax(predictions), self._weight_like(predictions)
        return functional.softmax_cross_entropy_grad(z, labels, self.label_smoothing, weight) * scale

    def probabilities(self, output: Array) -> Array:
        return functional.softmax(output)

    def _is_plain(self) -> bool:
        return self.class_weight is None and self.label_smoothing == 0.0
