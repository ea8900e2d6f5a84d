"""Activation functions and their ways back, each pair once, for every array library.

A backward function takes what the forward pass left (its output where that is enough, its input otherwise) and
``output_grad``, the gradient of the loss with respect to the output; it gives the gradient with respect to the input.
All work on arrays of any shape; softmax and log-softmax along the last axis. Inputs are never changed.
"""

from __future__ import annotations

import math

from ..arrays import Array, namespace
from ..kernels import accelerated

__all__ = [
    "elu",
    "elu_backward",
    "gelu",
    "gelu_backward",
    "gelu_tanh",
    "gelu_tanh_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "log_sigmoid",
    "log_sigmoid_backward",
    "log_softmax",
    "log_softmax_backward",
    "normal_cdf",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "tanh",
    "tanh_backward",
]


@accelerated("elements")
def sigmoid(a: Array) -> Array:
    """p = 1 / (1 + exp(-a)), through exp(-|a|), which cannot overflow.

    The result stays strictly between 0 and 1. A probability that rounded to exactly 1 would have the slope
    p (1 - p) = 0, and no loss could ever teach it that it is wrong; the last number below 1 still can. At the other
    end it stops at `least_probability`.

    >>> import numpy as np
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).round(3)
    array([0. , 0.5, 1. ])
    """
    xp = namespace(a)
    return xp.clip(_logistic(a), least_probability(a), 1.0 - float(xp.finfo(a.dtype).eps) / 2)


@accelerated("elements")
def sigmoid_backward(p: Array, output_grad: Array) -> Array:
    """∂L/∂a = p (1 - p) ∂L/∂p, from the output p."""
    return p * (1.0 - p) * output_grad


@accelerated("elements")
def tanh(a: Array) -> Array:
    """t = (exp(a) - exp(-a)) / (exp(a) + exp(-a))

    >>> import numpy as np
    >>> tanh(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7616])
    """
    return namespace(a).tanh(a)


@accelerated("elements")
def tanh_backward(t: Array, output_grad: Array) -> Array:
    """∂L/∂a = (1 - t²) ∂L/∂t, from the output t."""
    return (1.0 - t * t) * output_grad


@accelerated("elements")
def relu(a: Array) -> Array:
    """r = max(a, 0)

    >>> import numpy as np
    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return namespace(a).maximum(a, 0.0)


@accelerated("elements")
def relu_backward(r: Array, output_grad: Array) -> Array:
    """∂L/∂a = ∂L/∂r where r > 0, else 0: the slope at 0 itself is taken as 0. From the output r."""
    xp = namespace(r)
    return xp.where(r > 0, output_grad, 0.0)


@accelerated("elements")
def leaky_relu(a: Array, slope: float) -> Array:
    """r = a where a > 0, else slope · a   (Maas, Hannun, Ng 2013)

    >>> import numpy as np
    >>> leaky_relu(np.array([-2.0, 3.0]), 0.01)
    array([-0.02,  3.  ])
    """
    return namespace(a).where(a > 0, a, slope * a)


@accelerated("elements")
def leaky_relu_backward(a: Array, output_grad: Array, slope: float) -> Array:
    """∂L/∂a = ∂L/∂r where a > 0, else slope · ∂L/∂r. From the input a."""
    return namespace(a).where(a > 0, output_grad, slope * output_grad)


@accelerated("elements")
def elu(a: Array, alpha: float) -> Array:
    """r = a where a > 0, else α (exp(a) - 1)   (Clevert, Unterthiner, Hochreiter 2016)

    >>> import numpy as np
    >>> elu(np.array([-1.0, 3.0]), 1.0).round(4)
    array([-0.6321,  3.    ])
    """
    xp = namespace(a)
    return xp.where(a > 0, a, alpha * xp.expm1(_negative_part(a)))


@accelerated("elements")
def elu_backward(a: Array, output_grad: Array, alpha: float) -> Array:
    """∂L/∂a = ∂L/∂r where a > 0, else α exp(a) ∂L/∂r. From the input a."""
    xp = namespace(a)
    return xp.where(a > 0, output_grad, alpha * xp.exp(_negative_part(a)) * output_grad)


@accelerated("elements")
def silu(a: Array) -> Array:
    """s = a σ(a)   (Elfwing, Uchibe, Doya 2018; also called swish)

    >>> import numpy as np
    >>> silu(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.7311])
    """
    return a * _logistic(a)


@accelerated("elements")
def silu_backward(a: Array, output_grad: Array) -> Array:
    """∂L/∂a = σ(a) (1 + a (1 - σ(a))) ∂L/∂s. From the input a."""
    p = _logistic(a)
    return p * (1.0 + a * (1.0 - p)) * output_grad


@accelerated("elements")
def gelu(a: Array) -> Array:
    """g = a Φ(a), Φ being the standard normal's distribution function   (Hendrycks, Gimpel 2016)

    >>> import numpy as np
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    return a * normal_cdf(a)


@accelerated("elements")
def gelu_backward(a: Array, output_grad: Array) -> Array:
    """∂L/∂a = (Φ(a) + a φ(a)) ∂L/∂g, φ being the standard normal's density. From the input a."""
    xp = namespace(a)
    density = xp.exp(-0.5 * a * a) / math.sqrt(2 * math.pi)
    return (normal_cdf(a) + a * density) * output_grad


# Chebyshev coefficients of log(erfc(z) exp(z²) / t) in y = 2 t - 1, where t = 2 / (2 + z), z >= 0; interpolated at 60
# nodes in 50-digit arithmetic and cut where they fall below the rounding of float64.
_ERFC = (
    -0.6513268598908547,
    0.6419697923564902,
    0.019476473204185836,
    -0.009561514786808632,
    -0.0009465953444820369,
    0.00036683949785276145,
    4.252332480690777e-05,
    -2.0278578112534242e-05,
    -1.6242900046470256e-06,
    1.3036558355805232e-06,
    1.5626441722066142e-08,
    -8.523809591492654e-08,
    6.5290544390988515e-09,
    5.059343495551469e-09,
    -9.91364156493033e-10,
    -2.273651222931836e-10,
    9.646791102015527e-11,
    2.3940380830391146e-12,
    -6.886027526497553e-12,
    8.944879273090725e-13,
    3.130921399342958e-13,
    -1.1270822361367252e-13,
    3.810905255189232e-16,
    7.106097613609237e-15,
    -1.5230282014571043e-15,
    -9.457494571291233e-17,
    1.210237189224279e-16,
)


@accelerated("elements")
def normal_cdf(a: Array) -> Array:
    """Φ(a) = erfc(-a / √2) / 2, the standard normal's distribution function, to 1e-14 in both tails.

    The Array API has no error function: erfc(z) = t exp(-z² + c(t)) with a Chebyshev series c, summed by
    Clenshaw's recurrence (Clenshaw 1955).

    >>> import numpy as np
    >>> normal_cdf(np.array([-40.0, -1.0, 0.0, 1.0])).round(6)
    array([0.      , 0.158655, 0.5     , 0.841345])
    """
    xp = namespace(a)
    z = xp.abs(a) / math.sqrt(2)
    t = 2.0 / (2.0 + z)
    y = 4.0 * t - 2.0
    newer = older = xp.zeros_like(t)
    for coefficient in _ERFC[:0:-1]:
        newer, older = y * newer - older + coefficient, newer
    exponent = 0.5 * y * newer - older + _ERFC[0] - z * z
    tail = 0.5 * t * xp.exp(exponent)
    return xp.where(a < 0, tail, 1.0 - tail)


_ROOT = math.sqrt(2 / math.pi)


@accelerated("elements")
def gelu_tanh(a: Array) -> Array:
    """g = a (1 + tanh u) / 2 with u = √(2/π) (a + 0.044715 a³): the approximation that GPT-2 uses.

    >>> import numpy as np
    >>> gelu_tanh(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1588,  0.    ,  0.8412])
    """
    xp = namespace(a)
    return 0.5 * a * (1.0 + xp.tanh(_ROOT * (a + 0.044715 * a * a * a)))


@accelerated("elements")
def gelu_tanh_backward(a: Array, output_grad: Array) -> Array:
    """∂L/∂a = ((1 + t) / 2 + a (1 - t²) u' / 2) ∂L/∂g with t = tanh u, u' = √(2/π) (1 + 3 · 0.044715 a²)."""
    xp = namespace(a)
    t = xp.tanh(_ROOT * (a + 0.044715 * a * a * a))
    slope = _ROOT * (1.0 + 3 * 0.044715 * a * a)
    return (0.5 * (1.0 + t) + 0.5 * a * (1.0 - t * t) * slope) * output_grad


@accelerated("elements")
def softplus(a: Array) -> Array:
    """s = log(1 + exp(a)), as max(a, 0) + log(1 + exp(-|a|)), which cannot overflow.

    >>> import numpy as np
    >>> softplus(np.array([-1000.0, 0.0, 1000.0])).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+03])
    """
    xp = namespace(a)
    return relu(a) + xp.log1p(xp.exp(-xp.abs(a)))


@accelerated("elements")
def softplus_backward(a: Array, output_grad: Array) -> Array:
    """∂L/∂a = σ(a) ∂L/∂s. From the input a."""
    return sigmoid(a) * output_grad


@accelerated("elements")
def log_sigmoid(a: Array) -> Array:
    """z = log σ(a) = -log(1 + exp(-a))

    The result stays strictly below 0: where it would round to 0, a loss on it could not teach any more.

    >>> import numpy as np
    >>> log_sigmoid(np.array([-1000.0, 0.0, 1000.0])).round(4)
    array([-1.000e+03, -6.931e-01, -0.000e+00])
    """
    xp = namespace(a)
    return xp.minimum(-softplus(-a), -least_probability(a))


@accelerated("elements")
def log_sigmoid_backward(z: Array, output_grad: Array) -> Array:
    """∂L/∂a = (1 - exp(z)) ∂L/∂z, through expm1, which keeps its digits near z = 0. From the output z."""
    return -namespace(z).expm1(z) * output_grad


@accelerated("rows")
def softmax(a: Array) -> Array:
    """p_j = exp(a_j) / Σ_k exp(a_k) along the last axis, shifted by each row's maximum so that exp cannot overflow.

    No probability is exactly 0, for the reason that `sigmoid` gives.

    >>> import numpy as np
    >>> softmax(np.array([[1.0, 2.0], [1000.0, 1000.0]])).round(4)
    array([[0.2689, 0.7311],
           [0.5   , 0.5   ]])
    """
    xp = namespace(a)
    e = xp.exp(a - xp.max(a, axis=-1, keepdims=True))
    p = e / xp.sum(e, axis=-1, keepdims=True)
    return xp.maximum(p, least_probability(p))


@accelerated("rows")
def softmax_backward(p: Array, output_grad: Array) -> Array:
    """∂L/∂a = p (g - Σ g p): the Jacobian p_j (δ_jk - p_k) applied without ever being built. From the output p."""
    xp = namespace(p)
    return p * (output_grad - xp.sum(output_grad * p, axis=-1, keepdims=True))


@accelerated("rows")
def log_softmax(a: Array) -> Array:
    """z_j = a_j - log Σ_k exp(a_k) along the last axis, shifted by each row's maximum.

    >>> import numpy as np
    >>> log_softmax(np.array([[1.0, 2.0], [1000.0, 0.0]])).round(4)
    array([[-1.3133e+00, -3.1330e-01],
           [ 0.0000e+00, -1.0000e+03]])
    """
    xp = namespace(a)
    shifted = a - xp.max(a, axis=-1, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


@accelerated("rows")
def log_softmax_backward(z: Array, output_grad: Array) -> Array:
    """∂L/∂a = g - exp(z) Σ g: the Jacobian δ_jk - p_k applied without ever being built. From the output z."""
    xp = namespace(z)
    return output_grad - xp.exp(z) * xp.sum(output_grad, axis=-1, keepdims=True)


def least_probability(p: Array) -> float:
    """The least number that a probability of that dtype is taken to be: about 1e-31 in float32, 1e-292 in float64.

    Its reciprocal, the slope of -log p, leaves room to be multiplied by weights without overflow.
    """
    limits = namespace(p).finfo(p.dtype)
    return float(limits.smallest_normal) / float(limits.eps)


def _logistic(a: Array) -> Array:
    """1 / (1 + exp(-a)), which may round to 0 or 1."""
    xp = namespace(a)
    e = xp.exp(-xp.abs(a))
    return xp.where(a >= 0, 1.0, e) / (1.0 + e)


def _negative_part(a: Array) -> Array:
    """min(a, 0): the side on which an exponential is wanted, so that the other side cannot overflow."""
    return -relu(-a)
