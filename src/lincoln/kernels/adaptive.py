"""Compiled twins of the update rules of `lincoln.functional.updates` that divide by a size of the gradients."""

# Loops with their constants bound before, as in `updates`. What is left out of a rule is None: a variant of its own.

import math

import numpy as np

# pythran export rmsprop(float32[:], float32[:], float32[:], float64, float64, float64, None, None, float64)
# pythran export rmsprop(float64[:], float64[:], float64[:], float64, float64, float64, None, None, float64)
# pythran export rmsprop(float32[:], float32[:], float32[:], float64, float64, float64, None, float32[:], float64)
# pythran export rmsprop(float64[:], float64[:], float64[:], float64, float64, float64, None, float64[:], float64)
# pythran export rmsprop(float32[:], float32[:], float32[:], float64, float64, float64, float32[:], None, float64)
# pythran export rmsprop(float64[:], float64[:], float64[:], float64, float64, float64, float64[:], None, float64)
# pythran export rmsprop(float32[:], float32[:], float32[:], float64, float64, float64, float32[:], float32[:], float64)
# pythran export rmsprop(float64[:], float64[:], float64[:], float64, float64, float64, float64[:], float64[:], float64)


def rmsprop(value, grad, square, lr, alpha, eps, mean, velocity, momentum):
    size = value.shape[0]
    if grad.shape[0] != size or square.shape[0] != size:
        raise ValueError("vectors of different sizes")
    if mean is not None:
        if mean.shape[0] != size:  # a condition of its own: only so does Pythran leave it out for None
            raise ValueError("vectors of different sizes")
    if velocity is not None:
        if velocity.shape[0] != size:  # a condition of its own: only so does Pythran leave it out for None
            raise ValueError("vectors of different sizes")
    zero = value.dtype.type(0)
    rate = value.dtype.type(lr)
    stays = value.dtype.type(alpha)
    new = value.dtype.type(1.0 - alpha)
    small = value.dtype.type(eps)
    push = value.dtype.type(momentum)
    scale = np.empty_like(value)
    for i in range(size):
        s = stays * square[i] + new * (grad[i] * grad[i])
        square[i] = s
        scale[i] = s
    if mean is not None:
        for i in range(size):
            m = stays * mean[i] + new * grad[i]
            mean[i] = m
            scale[i] -= m * m
        for i in range(size):
            scale[i] = zero if scale[i] < zero else scale[i]
    for i in range(size):
        scale[i] = np.sqrt(scale[i]) + small
    if velocity is None:
        for i in range(size):
            value[i] -= rate * (grad[i] / scale[i])
    else:
        for i in range(size):
            v = push * velocity[i] + grad[i] / scale[i]
            velocity[i] = v
            value[i] -= rate * v


# pythran export adagrad(float32[:], float32[:], float32[:], float64, float64)
# pythran export adagrad(float64[:], float64[:], float64[:], float64, float64)


def adagrad(value, grad, square, lr, eps):
    size = value.shape[0]
    if grad.shape[0] != size or square.shape[0] != size:
        raise ValueError("vectors of different sizes")
    rate = value.dtype.type(lr)
    small = value.dtype.type(eps)
    for i in range(size):
        s = square[i] + grad[i] * grad[i]
        square[i] = s
        value[i] -= rate * (grad[i] / (np.sqrt(s) + small))


# pythran export moving_average(float32[:], float32[:], float64)
# pythran export moving_average(float64[:], float64[:], float64)


def moving_average(average, value, decay):
    if value.shape[0] != average.shape[0]:
        raise ValueError("vectors of different sizes")
    new = average.dtype.type(1.0 - decay)
    for i in range(average.shape[0]):
        average[i] += new * (value[i] - average[i])


# pythran export gradient_norm(float32[:])
# pythran export gradient_norm(float64[:])


def gradient_norm(grad):
    if grad.shape[0] == 0:
        raise ValueError("no gradient")
    whole = grad.shape[0] - grad.shape[0] % 4
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    for i in range(0, whole, 4):  # four sums at once: each addition has to wait for the one before
        a += float(grad[i]) * float(grad[i])
        b += float(grad[i + 1]) * float(grad[i + 1])
        c += float(grad[i + 2]) * float(grad[i + 2])
        d += float(grad[i + 3]) * float(grad[i + 3])
    for i in range(whole, grad.shape[0]):
        a += float(grad[i]) * float(grad[i])
    squares = (a + b) + (c + d)
    if squares > 1e-280 and squares < 1e280:
        return math.sqrt(squares)
    largest = float(np.max(np.abs(grad)))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    shares = 0.0
    for i in range(grad.shape[0]):
        share = float(grad[i]) / largest
        shares += share * share
    return largest * math.sqrt(shares)
