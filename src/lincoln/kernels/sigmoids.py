"""Compiled twins of the functions of `lincoln.functional.activations` around the sigmoid; see `rectifiers`."""

# 1 / (1 + exp(-a)) is right where exp overflows too: 1 / infinity = 0.

import numpy as np

# pythran export sigmoid(float32[:, :] order(C))
# pythran export sigmoid(float64[:, :] order(C))


def sigmoid(a):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    p = out.reshape(a.size)
    one = a.dtype.type(1)
    low = a.dtype.type(1.0020841800044864e-292 if a.itemsize == 8 else 9.860761315262648e-32)
    high = a.dtype.type(1.0 - 2.0**-53 if a.itemsize == 8 else 1.0 - 2.0**-24)
    p[:] = np.exp(-x)
    for i in range(a.size):
        p[i] = one / (one + p[i])
    for i in range(a.size):
        p[i] = low if p[i] < low else p[i]
    for i in range(a.size):
        p[i] = high if p[i] > high else p[i]
    return out


# pythran export sigmoid_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export sigmoid_backward(float64[:, :] order(C), float64[:, :] order(C))


def sigmoid_backward(p, output_grad):
    if p.shape[0] != output_grad.shape[0] or p.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    q = p.reshape(p.size)
    g = output_grad.reshape(p.size)
    d = out.reshape(p.size)
    one = p.dtype.type(1)
    for i in range(p.size):
        d[i] = q[i] * (one - q[i]) * g[i]
    return out


# pythran export tanh(float32[:, :] order(C))
# pythran export tanh(float64[:, :] order(C))


def tanh(a):
    out = np.empty_like(a)
    t = out.reshape(a.size)
    t[:] = np.tanh(a.reshape(a.size))
    return out


# pythran export tanh_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export tanh_backward(float64[:, :] order(C), float64[:, :] order(C))


def tanh_backward(t, output_grad):
    if t.shape[0] != output_grad.shape[0] or t.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(t)
    x = t.reshape(t.size)
    g = output_grad.reshape(t.size)
    d = out.reshape(t.size)
    one = t.dtype.type(1)
    for i in range(t.size):
        d[i] = (one - x[i] * x[i]) * g[i]
    return out


# pythran export silu(float32[:, :] order(C))
# pythran export silu(float64[:, :] order(C))


def silu(a):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    s = out.reshape(a.size)
    one = a.dtype.type(1)
    s[:] = np.exp(-x)
    for i in range(a.size):
        s[i] = x[i] / (one + s[i])
    return out


# pythran export silu_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export silu_backward(float64[:, :] order(C), float64[:, :] order(C))


def silu_backward(a, output_grad):
    if a.shape[0] != output_grad.shape[0] or a.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(a)
    x = a.reshape(a.size)
    g = output_grad.reshape(a.size)
    d = out.reshape(a.size)
    one = a.dtype.type(1)
    d[:] = np.exp(-x)
    for i in range(a.size):
        d[i] = one / (one + d[i])
    for i in range(a.size):
        d[i] = d[i] * (one + x[i] * (one - d[i])) * g[i]
    return out
