"""Compiled twins of `lincoln.functional.updates`: one pass over the vectors, without temporaries."""

# Loops with their constants bound before: what compilers turn into vector instructions. No power, no branch inside.

import math

import numpy as np

# pythran export sgd(float32[:], float32[:], float64)
# pythran export sgd(float64[:], float64[:], float64)


def sgd(value, grad, lr):
    if grad.shape[0] != value.shape[0]:
        raise ValueError("vectors of different sizes")
    rate = value.dtype.type(lr)
    for i in range(value.shape[0]):
        value[i] -= rate * grad[i]


# pythran export sgd_momentum(float32[:], float32[:], float32[:], float64, float64, bool)
# pythran export sgd_momentum(float64[:], float64[:], float64[:], float64, float64, bool)


def sgd_momentum(value, grad, velocity, lr, momentum, nesterov):
    if grad.shape[0] != value.shape[0] or velocity.shape[0] != value.shape[0]:
        raise ValueError("vectors of different sizes")
    rate = value.dtype.type(lr)
    keep = value.dtype.type(momentum)
    if nesterov:
        for i in range(value.shape[0]):
            v = keep * velocity[i] + grad[i]
            velocity[i] = v
            value[i] -= rate * (grad[i] + keep * v)
    else:
        for i in range(value.shape[0]):
            v = keep * velocity[i] + grad[i]
            velocity[i] = v
            value[i] -= rate * v


# pythran export adam(float32[:], float32[:], float32[:], float32[:], int, float64, float64, float64, float64)
# pythran export adam(float64[:], float64[:], float64[:], float64[:], int, float64, float64, float64, float64)


def adam(value, grad, mean, square, step, lr, beta1, beta2, eps):
    size = value.shape[0]
    if grad.shape[0] != size or mean.shape[0] != size or square.shape[0] != size:
        raise ValueError("vectors of different sizes")
    rate = value.dtype.type(lr / (1.0 - beta1**step))
    correction = value.dtype.type(1.0 / math.sqrt(1.0 - beta2**step))
    b1 = value.dtype.type(beta1)
    b2 = value.dtype.type(beta2)
    c1 = value.dtype.type(1.0 - beta1)
    c2 = value.dtype.type(1.0 - beta2)
    small = value.dtype.type(eps)
    for i in range(value.shape[0]):
        g = grad[i]
        m = b1 * mean[i] + c1 * g
        s = b2 * square[i] + c2 * (g * g)
        mean[i] = m
        square[i] = s
        value[i] -= rate * m / (np.sqrt(s) * correction + small)
