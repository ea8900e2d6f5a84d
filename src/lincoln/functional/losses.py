"""Losses and their gradients, each pair once, for every array library.

A loss function gives one number for every prediction (element-wise losses) or for every row of the last axis (losses
over classes), and with it what its gradient needs, if that is not its input; its partner ``..._grad`` gives
the derivative with respect to what went in. Sums, means and example weights are the business of `lincoln.losses`.
Predictions and labels have the same shape, or labels are integers without the last axis; nothing here broadcasts them.
"""

from __future__ import annotations

import math

from ..arrays import Array, cast, namespace
from ..kernels import accelerated
from .activations import least_probability, log_softmax, sigmoid, softplus
from .reductions import label_range

__all__ = [
    "absolute_error",
    "absolute_error_grad",
    "cross_entropy",
    "cross_entropy_grad",
    "huber",
    "huber_grad",
    "log_loss",
    "log_loss_grad",
    "log_sigmoid_loss",
    "log_sigmoid_loss_grad",
    "negative_log_likelihood",
    "negative_log_likelihood_grad",
    "one_hot",
    "poisson",
    "poisson_grad",
    "quantile",
    "quantile_grad",
    "sigmoid_cross_entropy",
    "sigmoid_cross_entropy_grad",
    "softmax_cross_entropy",
    "softmax_cross_entropy_grad",
    "squared_error",
    "squared_error_grad",
]


@accelerated("elements")
def squared_error(p: Array, y: Array) -> Array:
    """(p - y)²"""
    return (p - y) * (p - y)


@accelerated("elements")
def squared_error_grad(p: Array, y: Array) -> Array:
    """2 (p - y)"""
    return 2.0 * (p - y)


@accelerated("elements")
def absolute_error(p: Array, y: Array) -> Array:
    """|p - y|"""
    return namespace(p).abs(p - y)


@accelerated("elements")
def absolute_error_grad(p: Array, y: Array) -> Array:
    """sign(p - y), 0 where they are equal"""
    return namespace(p).sign(p - y)


@accelerated("elements")
def huber(p: Array, y: Array, delta: float) -> Array:
    """d² / 2 where |d| <= δ, else δ (|d| - δ / 2), with d = p - y   (Huber 1964)"""
    xp = namespace(p)
    d = xp.abs(p - y)
    inner = xp.minimum(d, delta)
    return inner * (d - 0.5 * inner)


@accelerated("elements")
def huber_grad(p: Array, y: Array, delta: float) -> Array:
    """d, held between -δ and δ"""
    return namespace(p).clip(p - y, -delta, delta)


@accelerated("elements")
def quantile(p: Array, y: Array, q: float) -> Array:
    """q (y - p) where y >= p, else (1 - q) (p - y)   (Koenker, Bassett 1978)"""
    d = y - p
    return namespace(p).maximum(q * d, (q - 1.0) * d)


@accelerated("elements")
def quantile_grad(p: Array, y: Array, q: float) -> Array:
    """-q where y > p, 1 - q where y < p, 0 where they are equal"""
    xp = namespace(p)
    return xp.where(y > p, xp.full_like(p, -q), xp.where(y < p, xp.full_like(p, 1.0 - q), xp.zeros_like(p)))


@accelerated("elements")
def poisson(a: Array, y: Array) -> tuple[Array, Array]:
    """m - y a, and m = exp(a): -log of Poisson's law without its constant log y!, a being the logarithm of the mean m

    >>> import numpy as np
    >>> losses, mean = poisson(np.array([1.0]), np.array([3.0]))
    >>> losses.round(4), mean.round(4)
    (array([-0.2817]), array([2.7183]))
    """
    mean = namespace(a).exp(a)
    return mean - y * a, mean


@accelerated("elements")
def poisson_grad(mean: Array, y: Array) -> Array:
    """m - y: the derivative with respect to a = log m"""
    return mean - y


@accelerated("elements")
def log_loss(p: Array, y: Array, positive_weight: float | Array = 1.0) -> Array:
    """-w y log p - (1 - y) log(1 - p), p being a probability, held away from 0 and 1 by one step of its dtype

    >>> import numpy as np
    >>> log_loss(np.array([0.5, 1.0]), np.array([1.0, 1.0])).round(4)
    array([0.6931, 0.    ])
    """
    xp = namespace(p)
    p = _inside(p)
    return -positive_weight * y * xp.log(p) - (1.0 - y) * xp.log1p(-p)


@accelerated("elements")
def log_loss_grad(p: Array, y: Array, positive_weight: float | Array = 1.0) -> Array:
    """-w y / p + (1 - y) / (1 - p)"""
    p = _inside(p)
    return (1.0 - y) / (1.0 - p) - positive_weight * y / p


@accelerated("elements")
def log_sigmoid_loss(z: Array, y: Array, positive_weight: float | Array = 1.0) -> Array:
    """-w y z - (1 - y) log(1 - exp(z)), z = log p being a log-probability

    log(1 - exp(z)) is log(-expm1(z)) near 0 and log1p(-exp(z)) elsewhere   (Mächler 2012)

    >>> import numpy as np
    >>> log_sigmoid_loss(np.log([0.5, 0.9]), np.array([1.0, 0.0])).round(4)
    array([0.6931, 2.3026])
    """
    xp = namespace(z)
    z = _below_zero(z)
    near_zero = xp.log(-xp.expm1(xp.maximum(z, -1.0)))
    elsewhere = xp.log1p(-xp.exp(xp.minimum(z, -math.log(2))))
    return -positive_weight * y * z - (1.0 - y) * xp.where(z > -math.log(2), near_zero, elsewhere)


@accelerated("elements")
def log_sigmoid_loss_grad(z: Array, y: Array, positive_weight: float | Array = 1.0) -> Array:
    """-w y + (1 - y) exp(z) / (1 - exp(z))"""
    xp = namespace(z)
    z = _below_zero(z)
    return (1.0 - y) * (xp.exp(z) / -xp.expm1(z)) - positive_weight * y


@accelerated("elements")
def sigmoid_cross_entropy(a: Array, y: Array, positive_weight: float | Array = 1.0) -> tuple[Array, Array]:
    """-w y log p - (1 - y) log(1 - p) with p = σ(a), and p, which the gradient needs; safe for every logit a

    As w y log(1 + exp(-a)) + (1 - y) log(1 + exp(a)).

    >>> import numpy as np
    >>> losses, p = sigmoid_cross_entropy(np.array([0.0, -1000.0]), np.array([1.0, 1.0]), 1.0)
    >>> losses.round(4), p.round(4)
    (array([6.931e-01, 1.000e+03]), array([0.5, 0. ]))
    """
    return positive_weight * y * softplus(-a) + (1.0 - y) * softplus(a), sigmoid(a)


@accelerated("elements")
def sigmoid_cross_entropy_grad(p: Array, y: Array, positive_weight: float | Array = 1.0) -> Array:
    """(1 - y) p - w y (1 - p): the derivative with respect to the logits; p - y for w = 1

    >>> import numpy as np
    >>> sigmoid_cross_entropy_grad(np.array([0.75]), np.array([1.0]))
    array([-0.25])
    """
    return p * (1.0 - y + positive_weight * y) - positive_weight * y


@accelerated()
def cross_entropy(p: Array, labels: Array, class_weight: Array | None = None) -> Array:
    """-w_c log p_c, c being the label; p along the last axis are probabilities.   (..., k) (...) -> (...)

    >>> import numpy as np
    >>> cross_entropy(np.array([[0.2, 0.8]]), np.array([1])).round(4)
    array([0.2231])
    """
    xp = namespace(p)
    losses = -xp.log(xp.maximum(_at(p, labels), least_probability(p)))
    return losses if class_weight is None else class_weight[labels] * losses


@accelerated()
def cross_entropy_grad(p: Array, labels: Array, class_weight: Array | None = None) -> Array:
    """-w_c δ_jc / p_c"""
    return -_targets(p, labels, 0.0, class_weight) / namespace(p).maximum(p, least_probability(p))


@accelerated()
def negative_log_likelihood(z: Array, labels: Array, class_weight: Array | None = None) -> Array:
    """-w_c z_c, c being the label; z along the last axis are log-probabilities.   (..., k) (...) -> (...)

    >>> import numpy as np
    >>> negative_log_likelihood(np.log([[0.2, 0.8]]), np.array([1])).round(4)
    array([0.2231])
    """
    losses = -_at(z, labels)
    return losses if class_weight is None else class_weight[labels] * losses


@accelerated()
def negative_log_likelihood_grad(z: Array, labels: Array, class_weight: Array | None = None) -> Array:
    """-w_c δ_jc"""
    return -_targets(z, labels, 0.0, class_weight)


@accelerated()
def softmax_cross_entropy(
    a: Array, labels: Array, smoothing: float = 0.0, class_weight: Array | None = None
) -> tuple[Array, Array]:
    """-Σ_j t_j log p_j with p = softmax(a), and p, which the gradient needs.   (..., k) (...) -> (...), (..., k)

    The targets are t_j = w_j ((1 - ε) δ_jc + ε / k), c being the label. Label smoothing ε: Szegedy, Vanhoucke, Ioffe,
    Shlens, Wojna 2016, section 7.

    Raises:
        IndexError: a label that is not a class.

    >>> import numpy as np
    >>> losses, p = softmax_cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> losses.round(4), p
    (array([0.6931]), array([[0.5, 0.5]]))
    """
    xp = namespace(a)
    z = log_softmax(a)
    if smoothing == 0.0:
        return negative_log_likelihood(z, labels, class_weight), xp.exp(z)
    return -xp.sum(_targets(z, labels, smoothing, class_weight) * z, axis=-1), xp.exp(z)


@accelerated()
def softmax_cross_entropy_grad(
    p: Array, labels: Array, smoothing: float = 0.0, class_weight: Array | None = None
) -> Array:
    """p_j Σ_k t_k - t_j: the derivative with respect to the logits; p_j - δ_jc without ε and w

    >>> import numpy as np
    >>> softmax_cross_entropy_grad(np.array([[0.25, 0.75]]), np.array([1]))
    array([[ 0.25, -0.25]])
    """
    targets = _targets(p, labels, smoothing, class_weight)
    return p * namespace(p).sum(targets, axis=-1, keepdims=True) - targets


@accelerated()
def one_hot(labels: Array, prototype: Array) -> Array:
    """1 at each label and 0 elsewhere, in the shape, dtype and library of ``prototype``.   (...) -> (..., k)

    >>> import numpy as np
    >>> one_hot(np.array([1]), np.zeros((1, 3)))
    array([[0., 1., 0.]])
    """
    xp = namespace(prototype)
    classes = xp.arange(prototype.shape[-1], device=prototype.device)
    return cast(labels[..., None] == classes, prototype.dtype)


def _targets(z: Array, labels: Array, smoothing: float, class_weight: Array | None) -> Array:
    targets = one_hot(labels, z)
    if smoothing != 0.0:
        targets = (1.0 - smoothing) * targets + smoothing / z.shape[-1]
    return targets if class_weight is None else targets * class_weight


def _at(values: Array, labels: Array) -> Array:
    """Each row's value at its label."""
    if labels.shape != values.shape[:-1]:
        raise ValueError(f"labels of shape {tuple(labels.shape)} for values of shape {tuple(values.shape)}")
    low, high = label_range(labels)
    if low < 0 or high >= values.shape[-1]:
        raise IndexError(f"labels from {low} to {high} for {values.shape[-1]} classes")
    return namespace(values).take_along_axis(values, labels[..., None], axis=-1)[..., 0]


def _inside(p: Array) -> Array:
    xp = namespace(p)
    return xp.clip(p, least_probability(p), 1.0 - float(xp.finfo(p.dtype).eps) / 2)


def _below_zero(z: Array) -> Array:
    xp = namespace(z)
    return xp.clip(z, float(xp.finfo(z.dtype).min), -least_probability(z))
