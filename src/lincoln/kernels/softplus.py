"""Compiled twins of softplus and the log-sigmoid of `lincoln.functional.activations`; see `rectifiers`."""

import numpy as np

# pythran export softplus(float32[:, :] order(C))
# pythran export softplus(float64[:, :] order(C))


def softplus(a):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    s = out.reshape(a.size)
    zero = a.dtype.type(0)
    s[:] = np.exp(-np.abs(x))
    s[:] = np.log1p(s)
    for i in range(a.size):
        s[i] += zero if x[i] < zero else x[i]
    return out


# pythran export softplus_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export softplus_backward(float64[:, :] order(C), float64[:, :] order(C))


def softplus_backward(a, output_grad):
    if a.shape[0] != output_grad.shape[0] or a.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(a)
    x = a.reshape(a.size)
    g = output_grad.reshape(a.size)
    d = out.reshape(a.size)
    one = a.dtype.type(1)
    low = a.dtype.type(1.0020841800044864e-292 if a.itemsize == 8 else 9.860761315262648e-32)
    d[:] = np.exp(-x)
    for i in range(a.size):
        d[i] = one / (one + d[i])
    for i in range(a.size):
        d[i] = (low if d[i] < low else d[i]) * g[i]
    return out


# pythran export log_sigmoid(float32[:, :] order(C))
# pythran export log_sigmoid(float64[:, :] order(C))


def log_sigmoid(a):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    z = out.reshape(a.size)
    zero = a.dtype.type(0)
    most = -a.dtype.type(1.0020841800044864e-292 if a.itemsize == 8 else 9.860761315262648e-32)
    z[:] = np.exp(-np.abs(x))
    z[:] = np.log1p(z)
    for i in range(a.size):
        z[i] = (zero if x[i] > zero else x[i]) - z[i]
    for i in range(a.size):
        z[i] = most if z[i] > most else z[i]
    return out


# pythran export log_sigmoid_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export log_sigmoid_backward(float64[:, :] order(C), float64[:, :] order(C))


def log_sigmoid_backward(z, output_grad):
    if z.shape[0] != output_grad.shape[0] or z.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(z)
    g = output_grad.reshape(z.size)
    d = out.reshape(z.size)
    d[:] = np.expm1(z.reshape(z.size))
    for i in range(z.size):
        d[i] = -d[i] * g[i]
    return out
