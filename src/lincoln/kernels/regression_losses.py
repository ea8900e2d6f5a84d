"""Compiled twins of the losses of regression of `lincoln.functional.losses`, in float32; see `rectifiers`."""

import numpy as np

# pythran export squared_error(float32[:, :] order(C), float32[:, :] order(C))


def squared_error(p, y):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    for i in range(p.size):
        d = at[i] - label[i]
        r[i] = d * d
    return out


# pythran export squared_error_grad(float32[:, :] order(C), float32[:, :] order(C))


def squared_error_grad(p, y):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    two = p.dtype.type(2)
    for i in range(p.size):
        r[i] = two * (at[i] - label[i])
    return out


# pythran export absolute_error(float32[:, :] order(C), float32[:, :] order(C))


def absolute_error(p, y):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    for i in range(p.size):
        r[i] = abs(at[i] - label[i])
    return out


# pythran export absolute_error_grad(float32[:, :] order(C), float32[:, :] order(C))


def absolute_error_grad(p, y):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    zero = p.dtype.type(0)
    one = p.dtype.type(1)
    for i in range(p.size):
        d = at[i] - label[i]
        r[i] = -one if d < zero else (one if d > zero else d)
    return out


# pythran export huber(float32[:, :] order(C), float32[:, :] order(C), float64)


def huber(p, y, delta):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    half = p.dtype.type(0.5)
    most = p.dtype.type(delta)
    for i in range(p.size):
        d = abs(at[i] - label[i])
        inner = most if d > most else d
        r[i] = inner * (d - half * inner)
    return out


# pythran export huber_grad(float32[:, :] order(C), float32[:, :] order(C), float64)


def huber_grad(p, y, delta):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    most = p.dtype.type(delta)
    for i in range(p.size):
        d = at[i] - label[i]
        r[i] = most if d > most else (-most if d < -most else d)
    return out


# pythran export quantile(float32[:, :] order(C), float32[:, :] order(C), float64)


def quantile(p, y, q):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    above = p.dtype.type(q)
    below = p.dtype.type(q - 1.0)
    for i in range(p.size):
        d = label[i] - at[i]
        over = above * d
        under = below * d
        r[i] = under if over < under else over
    return out


# pythran export quantile_grad(float32[:, :] order(C), float32[:, :] order(C), float64)


def quantile_grad(p, y, q):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    zero = p.dtype.type(0)
    above = p.dtype.type(-q)
    below = p.dtype.type(1.0 - q)
    for i in range(p.size):
        r[i] = above if label[i] > at[i] else (below if label[i] < at[i] else zero)
    return out


# pythran export poisson(float32[:, :] order(C), float32[:, :] order(C))


def poisson(a, y):
    if a.shape[0] != y.shape[0] or a.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    losses = np.empty_like(a)
    means = np.empty_like(a)
    x = a.reshape(a.size)
    label = y.reshape(a.size)
    r = losses.reshape(a.size)
    m = means.reshape(a.size)
    m[:] = np.exp(x)
    for i in range(a.size):
        r[i] = m[i] - label[i] * x[i]
    return losses, means


# pythran export poisson_grad(float32[:, :] order(C), float32[:, :] order(C))


def poisson_grad(mean, y):
    if mean.shape[0] != y.shape[0] or mean.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(mean)
    m = mean.reshape(mean.size)
    label = y.reshape(mean.size)
    r = out.reshape(mean.size)
    for i in range(mean.size):
        r[i] = m[i] - label[i]
    return out
