"""Normalization over the batch, and over the features of each example."""

from __future__ import annotations

from typing import Any, ClassVar

from .. import functional
from ..arrays import Array, namespace
from ..functional.linear import rows
from ..functional.normalization import running_averages
from ..initializers import Constant, Shape, zeros
from ..layer import Layer
from ..parameters import Buffer, Parameter
from ..settings import Range, Settings

__all__ = ["BatchNorm", "LayerNorm"]


_MOMENTUM = Range(
    "[0, 1]",
    "a number from 0 to 1, such as 0.1",
    code="LN550",
    why="it is how much the latest batch counts in the running averages",
)
_EPS = Range(
    "(0, inf)",
    "a small number above 0, such as 1e-5",
    code="LN551",
    why="it keeps the division finite where all numbers are equal",
)


class BatchNorm(Layer):
    """y = γ (x - μ) / √(σ² + ε) + β with the mean μ and the variance σ² of every feature   (Ioffe, Szegedy 2015)

    In training μ and σ² are those of the batch, over all axes but the last; in evaluation they are running averages
    of the batches seen in training. A batch with one number for each feature has no variance: it is normalized with
    the running averages in training too, and leaves them as they are, so that a last batch of one example does no
    harm. Example weights do not count in μ and σ².

    Input ``(batch, ..., n)``, output the same.

    Args:
        momentum: how much the latest batch counts in the running averages, 0 <= momentum <= 1.
        eps: ε, added to the variance.
        scale: whether there is a γ.
        shift: whether there is a β; it makes a bias in the layer before useless.

    Attributes:
        gamma, beta: `Parameter` objects of shape ``(n,)``, from 1 and from 0, or None.
        running_mean, running_var: `Buffer` objects of shape ``(n,)``, from 0 and from 1; the variance is the unbiased
            one, divided by the number of rows less one. They are saved with the parameters.

    Raises:
        DataError: a momentum outside [0, 1], an eps that is not above 0.
        MatchError: another number of features than the layer was built for.

    >>> import numpy as np
    >>> norm = BatchNorm(momentum=0.5)
    >>> norm(np.array([[1.0], [3.0]])).round(3)
    array([[-1.],
           [ 1.]])
    >>> norm.running_mean.value, norm.running_var.value
    (array([1.]), array([1.5]))
    >>> norm.eval()(np.array([[1.0]])).round(3)
    array([[0.]])
    """

    min_dims = 2
    _settings: ClassVar[Settings] = {"momentum": _MOMENTUM, "eps": _EPS}
    mean: Array = None
    variance: Array = None

    def __init__(self, momentum: float = 0.1, eps: float = 1e-5, *, scale: bool = True, shift: bool = True) -> None:
        self.momentum = momentum
        self.eps = eps
        self.scale = scale
        self.shift = shift

    def setup(self, input_shape: Shape) -> None:
        self.features = input_shape[-1]
        self.gamma = Parameter((self.features,), Constant(1.0)) if self.scale else None
        self.beta = Parameter((self.features,), zeros) if self.shift else None
        self.running_mean = Buffer((self.features,), zeros)
        self.running_var = Buffer((self.features,), Constant(1.0))

    def forward(self, input: Array) -> Array:
        x, scale, shift = rows(input), _value(self.gamma), _value(self.beta)
        if self.training and len(x) > 1:
            y, mean, variance = functional.batch_norm(x, scale, shift, self.eps)
            self.keep(mean=mean, variance=variance)
            self._follow(mean, variance, len(x))
        else:
            y = functional.normalize(x, self.running_mean.value, self.running_var.value, scale, shift, self.eps)
            self.keep(mean=None, variance=None)
        return _shaped(y, input)

    def backward(self, output_grad: Array) -> Array:
        x, g, scale = rows(self.last_input), rows(output_grad), _value(self.gamma)
        if self.mean is None:
            mean, variance = self.running_mean.value, self.running_var.value
            grads = functional.normalize_backward(x, mean, variance, scale, g, self.eps)
        else:
            grads = functional.batch_norm_backward(x, self.mean, self.variance, scale, g, self.eps)
        _accumulate(self.gamma, grads[1])
        _accumulate(self.beta, grads[2])
        return _shaped(grads[0], output_grad)

    def _follow(self, mean: Array, variance: Array, n: Any) -> None:
        """Let the running averages follow a batch of n rows."""
        means, variances = running_averages(
            self.running_mean.value, self.running_var.value, mean, variance, n, self.momentum
        )
        self.running_mean.value, self.running_var.value = means, variances


class LayerNorm(Layer):
    """y = γ (x - μ) / √(σ² + ε) + β with the mean μ and the variance σ² of every example's features

    Over the last axis, in training and evaluation alike   (Ba, Kiros, Hinton 2016). Input ``(batch, ..., n)``, output
    the same.

    Args:
        eps: ε, added to the variance.
        scale: whether there is a γ.
        shift: whether there is a β.

    Attributes:
        gamma, beta: `Parameter` objects of shape ``(n,)``, from 1 and from 0, or None.

    Raises:
        DataError: an eps that is not above 0.
        MatchError: another number of features than the layer was built for.

    >>> import numpy as np
    >>> LayerNorm()(np.array([[1.0, 5.0], [20.0, 10.0]])).round(3)
    array([[-1.,  1.],
           [ 1., -1.]])
    """

    min_dims = 2
    _settings: ClassVar[Settings] = {"eps": _EPS}
    mean: Array = None
    inverse_std: Array = None

    def __init__(self, eps: float = 1e-5, *, scale: bool = True, shift: bool = True) -> None:
        self.eps = eps
        self.scale = scale
        self.shift = shift

    def setup(self, input_shape: Shape) -> None:
        self.features = input_shape[-1]
        self.gamma = Parameter((self.features,), Constant(1.0)) if self.scale else None
        self.beta = Parameter((self.features,), zeros) if self.shift else None

    def forward(self, input: Array) -> Array:
        y, mean, inverse_std = functional.layer_norm(rows(input), _value(self.gamma), _value(self.beta), self.eps)
        self.keep(mean=mean, inverse_std=inverse_std)
        return _shaped(y, input)

    def backward(self, output_grad: Array) -> Array:
        x, g, scale = rows(self.last_input), rows(output_grad), _value(self.gamma)
        grads = functional.layer_norm_backward(x, self.mean, self.inverse_std, scale, g)
        _accumulate(self.gamma, grads[1])
        _accumulate(self.beta, grads[2])
        return _shaped(grads[0], output_grad)


def _value(parameter: Parameter | None) -> Array | None:
    return None if parameter is None else parameter.value


def _accumulate(parameter: Parameter | None, grad: Array) -> None:
    if parameter is not None:
        parameter.accumulate(grad)


def _shaped(matrix: Array, like: Array) -> Array:
    return matrix if like.ndim == 2 else namespace(matrix).reshape(matrix, like.shape)
