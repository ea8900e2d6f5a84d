"""The update rules of the optimizers: each changes a flat vector of values in place, for every array library.

Values, gradients and state arrays have the same shape ``(size,)`` and dtype; numbers are Python floats, so that
float32 stays float32. The gradient is only read.
"""

from __future__ import annotations

import math

from ..arrays import Array, namespace
from ..kernels import accelerated

__all__ = ["adagrad", "adam", "gradient_norm", "moving_average", "rmsprop", "sgd", "sgd_momentum"]


@accelerated(changes=(0,))
def sgd(value: Array, grad: Array, lr: float) -> None:
    """θ ← θ - η g   (Robbins, Monro 1951)

    >>> import numpy as np
    >>> value = np.array([1.0, 2.0])
    >>> sgd(value, np.array([1.0, -1.0]), 0.5)
    >>> value
    array([0.5, 2.5])
    """
    value -= lr * grad


@accelerated(changes=(0, 2))
def sgd_momentum(value: Array, grad: Array, velocity: Array, lr: float, momentum: float, nesterov: bool) -> None:
    """θ ← θ - η v  with v ← μ v + g   (Polyak 1964)

    Nesterov's form steps along g + μ v, the velocity one step ahead (Sutskever et al. 2013, eq. 3, 4).

    >>> import numpy as np
    >>> value, velocity = np.array([1.0]), np.array([2.0])
    >>> sgd_momentum(value, np.array([1.0]), velocity, 0.5, 0.5, nesterov=False)
    >>> value, velocity
    (array([0.]), array([2.]))
    """
    velocity *= momentum
    velocity += grad
    if nesterov:
        ahead = momentum * velocity
        ahead += grad
        ahead *= lr
        value -= ahead
    else:
        value -= lr * velocity


@accelerated(changes=(0, 2, 6, 7))
def rmsprop(
    value: Array,
    grad: Array,
    square: Array,
    lr: float,
    alpha: float,
    eps: float,
    mean: Array | None = None,
    velocity: Array | None = None,
    momentum: float = 0.0,
) -> None:
    """θ ← θ - η g / (√s + ε)  with s ← α s + (1 - α) g²   (Tieleman, Hinton 2012, lecture 6.5)

    With ``mean``, m ← α m + (1 - α) g, the scale is √(s - m²) instead of √s (Graves 2013, eq. 38-45). With
    ``velocity``, the step is η v, where v ← μ v + g / (√s + ε).

    >>> import numpy as np
    >>> value, square = np.array([1.0]), np.array([0.0])
    >>> rmsprop(value, np.array([2.0]), square, 0.1, 0.75, 0.0)
    >>> value, square
    (array([0.8]), array([1.]))
    """
    xp = namespace(value)
    square *= alpha
    square += (1.0 - alpha) * (grad * grad)
    if mean is None:
        scale = xp.sqrt(square)
    else:
        mean *= alpha
        mean += (1.0 - alpha) * grad
        # A variance, but rounding can bring it just below zero where the gradient hardly changes.
        scale = xp.sqrt(xp.clip(square - mean * mean, 0.0, None))
    scale += eps
    direction = grad / scale
    if velocity is not None:
        velocity *= momentum
        velocity += direction
        direction = velocity
    value -= lr * direction


@accelerated(changes=(0, 2))
def adagrad(value: Array, grad: Array, square: Array, lr: float, eps: float) -> None:
    """θ ← θ - η g / (√s + ε)  with s ← s + g²   (Duchi, Hazan, Singer 2011, section 1.1, diagonal form)

    >>> import numpy as np
    >>> value, square = np.array([1.0]), np.array([12.0])
    >>> adagrad(value, np.array([2.0]), square, 1.0, 0.0)
    >>> value, square
    (array([0.5]), array([16.]))
    """
    square += grad * grad
    scale = namespace(value).sqrt(square)
    scale += eps
    direction = grad / scale
    direction *= lr
    value -= direction


@accelerated(changes=(0, 2, 3))
def adam(
    value: Array,
    grad: Array,
    mean: Array,
    square: Array,
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> None:
    """θ ← θ - η m̂ / (√ŝ + ε)  with m ← β₁ m + (1 - β₁) g, s ← β₂ s + (1 - β₂) g²   (Kingma, Ba 2015, algorithm 1)

    m̂ = m / (1 - β₁ᵗ) and ŝ = s / (1 - β₂ᵗ) undo the pull of the zeros that m and s start from. ``step`` is t, from 1.

    >>> import numpy as np
    >>> value, mean, square = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> adam(value, np.array([2.0]), mean, square, 1, 0.1, 0.9, 0.999, 0.0)
    >>> value.round(12), mean.round(12), square.round(12)
    (array([0.9]), array([0.2]), array([0.004]))
    """
    mean *= beta1
    mean += (1.0 - beta1) * grad
    square *= beta2
    square += (1.0 - beta2) * (grad * grad)
    scale = namespace(value).sqrt(square)
    scale /= math.sqrt(1.0 - beta2**step)
    scale += eps
    direction = mean / scale
    direction *= lr / (1.0 - beta1**step)
    value -= direction


@accelerated(changes=(0,))
def moving_average(average: Array, value: Array, decay: float) -> None:
    """θ̄ ← θ̄ + (1 - β) (θ - θ̄)   (Polyak, Juditsky 1992; the exponential form as in Tarvainen, Valpola 2017)

    >>> import numpy as np
    >>> average = np.array([0.0])
    >>> moving_average(average, np.array([4.0]), 0.75)
    >>> average
    array([1.])
    """
    average += (1.0 - decay) * (value - average)


@accelerated()
def gradient_norm(grad: Array) -> float:
    """‖g‖ = c √Σ (g / c)²  with c = max |g|, so that no square overflows; NaN or infinity where g holds one.

    >>> import numpy as np
    >>> round(gradient_norm(np.array([3e30, 4e30], dtype=np.float32)) / 1e30, 5)
    5.0
    """
    xp = namespace(grad)
    largest = max(abs(float(xp.max(grad))), abs(float(xp.min(grad))))
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    scaled = grad / largest
    return largest * math.sqrt(float(xp.sum(scaled * scaled)))
