"""Initial values of parameters: each initializer is a function of a random generator and a shape.

Weights are ``(n_in, n_out)``, or ``(height, width, n_in, n_out)`` for images: the last axis counts the outputs. Values
are drawn in float64, so a network has the same start in float32 and in float64, with NumPy and with PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .arguments import WithArguments

__all__ = [
    "Constant",
    "Initializer",
    "Normal",
    "Uniform",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "orthogonal",
    "zeros",
]

if TYPE_CHECKING:
    from numpy.random import Generator

Shape: TypeAlias = tuple[int, ...]
Initializer: TypeAlias = Callable[["Generator", Shape], np.ndarray]


def fans(shape: Shape) -> tuple[int, int]:
    """The number of inputs that one output sums over, and of outputs that one input reaches.

    >>> fans((784, 50)), fans((3, 3, 16, 32))
    ((784, 50), (144, 288))
    """
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


class Normal(WithArguments):
    """Normal with a standard deviation of your choice: ``Normal(0.01)`` is the notebooks' start.

    >>> Normal(0.01)(np.random.default_rng(0), (2, 2)).shape
    (2, 2)
    """

    def __init__(self, std: float = 0.01) -> None:
        self.std = std

    def __call__(self, rng: Generator, shape: Shape) -> np.ndarray:
        return rng.normal(0.0, self.std, shape)


class Uniform(WithArguments):
    """Uniform between -bound and bound.

    >>> bool(abs(Uniform(0.1)(np.random.default_rng(0), (50,))).max() <= 0.1)
    True
    """

    def __init__(self, bound: float = 0.05) -> None:
        self.bound = bound

    def __call__(self, rng: Generator, shape: Shape) -> np.ndarray:
        return rng.uniform(-self.bound, self.bound, shape)


class Constant(WithArguments):
    """The same value everywhere.

    >>> Constant(0.5)(np.random.default_rng(0), (2,))
    array([0.5, 0.5])
    """

    def __init__(self, value: float) -> None:
        self.value = value

    def __call__(self, rng: Generator, shape: Shape) -> np.ndarray:
        return np.full(shape, float(self.value))


def zeros(rng: Generator, shape: Shape) -> np.ndarray:
    """Zeros: the usual start of a bias.

    >>> zeros(np.random.default_rng(0), (2,))
    array([0., 0.])
    """
    return np.zeros(shape)


def glorot_uniform(rng: Generator, shape: Shape) -> np.ndarray:
    """Uniform of variance 2 / (n_in + n_out), for sigmoid, tanh and no activation   (Glorot, Bengio 2010, eq. 16)

    >>> glorot_uniform(np.random.default_rng(0), (100, 100)).var().round(3)
    np.float64(0.01)
    """
    n_in, n_out = fans(shape)
    return _uniform(rng, shape, variance=2 / (n_in + n_out))


def glorot_normal(rng: Generator, shape: Shape) -> np.ndarray:
    """Normal of variance 2 / (n_in + n_out), for sigmoid, tanh and no activation   (Glorot, Bengio 2010)

    >>> glorot_normal(np.random.default_rng(0), (100, 100)).var().round(3)
    np.float64(0.01)
    """
    n_in, n_out = fans(shape)
    return _normal(rng, shape, variance=2 / (n_in + n_out))


def he_uniform(rng: Generator, shape: Shape) -> np.ndarray:
    """Uniform of variance 2 / n_in, for the ReLU family   (He, Zhang, Ren, Sun 2015, eq. 10)

    >>> he_uniform(np.random.default_rng(0), (100, 100)).var().round(2)
    np.float64(0.02)
    """
    return _uniform(rng, shape, variance=2 / fans(shape)[0])


def he_normal(rng: Generator, shape: Shape) -> np.ndarray:
    """Normal of variance 2 / n_in, for the ReLU family   (He, Zhang, Ren, Sun 2015, eq. 10)

    >>> he_normal(np.random.default_rng(0), (100, 100)).var().round(2)
    np.float64(0.02)
    """
    return _normal(rng, shape, variance=2 / fans(shape)[0])


def lecun_uniform(rng: Generator, shape: Shape) -> np.ndarray:
    """Uniform of variance 1 / n_in   (LeCun, Bottou, Orr, Müller 1998, section 4.6)

    >>> lecun_uniform(np.random.default_rng(0), (100, 100)).var().round(3)
    np.float64(0.01)
    """
    return _uniform(rng, shape, variance=1 / fans(shape)[0])


def lecun_normal(rng: Generator, shape: Shape) -> np.ndarray:
    """Normal of variance 1 / n_in   (LeCun, Bottou, Orr, Müller 1998, section 4.6)

    >>> lecun_normal(np.random.default_rng(0), (100, 100)).var().round(3)
    np.float64(0.01)
    """
    return _normal(rng, shape, variance=1 / fans(shape)[0])


def orthogonal(rng: Generator, shape: Shape) -> np.ndarray:
    """Orthonormal rows or columns, whichever are fewer   (Saxe, McClelland, Ganguli 2014)

    The Q of a normal matrix's QR factors, with the signs of R's diagonal put right so that Q is uniform over all
    orthogonal matrices (Mezzadri 2007). Axes before the last are taken together.

    >>> q = orthogonal(np.random.default_rng(0), (5, 3))
    >>> np.allclose(q.T @ q, np.eye(3))
    True
    """
    n_in, n_out = math.prod(shape[:-1]), shape[-1]
    tall = rng.normal(size=(max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return (q if n_in >= n_out else q.T).reshape(shape)


def _uniform(rng: Generator, shape: Shape, *, variance: float) -> np.ndarray:
    return Uniform(math.sqrt(3 * variance))(rng, shape)


def _normal(rng: Generator, shape: Shape, *, variance: float) -> np.ndarray:
    return Normal(math.sqrt(variance))(rng, shape)
