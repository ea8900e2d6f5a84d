"""Compiled twins of the rectifiers of `lincoln.functional.activations`."""

# As everywhere here: one long row; exp and its like on whole arrays, which take vector instructions; what is left in
# loops that make one choice or one division each, which g++ turns into the fastest vector instructions. NaN fails every
# comparison, so that the side that passes it on is the second one.

import numpy as np

# pythran export relu(float32[:, :] order(C))
# pythran export relu(float64[:, :] order(C))


def relu(a):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    r = out.reshape(a.size)
    zero = a.dtype.type(0)
    for i in range(a.size):
        r[i] = zero if x[i] < zero else x[i]
    return out


# pythran export relu_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export relu_backward(float64[:, :] order(C), float64[:, :] order(C))


def relu_backward(r, output_grad):
    if r.shape[0] != output_grad.shape[0] or r.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(r)
    x = r.reshape(r.size)
    g = output_grad.reshape(r.size)
    d = out.reshape(r.size)
    zero = r.dtype.type(0)
    for i in range(r.size):
        d[i] = g[i] if x[i] > zero else zero
    return out


# pythran export leaky_relu(float32[:, :] order(C), float64)
# pythran export leaky_relu(float64[:, :] order(C), float64)


def leaky_relu(a, slope):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    r = out.reshape(a.size)
    zero = a.dtype.type(0)
    s = a.dtype.type(slope)
    for i in range(a.size):
        r[i] = x[i] if x[i] > zero else s * x[i]
    return out


# pythran export leaky_relu_backward(float32[:, :] order(C), float32[:, :] order(C), float64)
# pythran export leaky_relu_backward(float64[:, :] order(C), float64[:, :] order(C), float64)


def leaky_relu_backward(a, output_grad, slope):
    if a.shape[0] != output_grad.shape[0] or a.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(a)
    x = a.reshape(a.size)
    g = output_grad.reshape(a.size)
    d = out.reshape(a.size)
    zero = a.dtype.type(0)
    s = a.dtype.type(slope)
    for i in range(a.size):
        d[i] = g[i] if x[i] > zero else s * g[i]
    return out


# pythran export elu(float32[:, :] order(C), float64)
# pythran export elu(float64[:, :] order(C), float64)


def elu(a, alpha):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    r = out.reshape(a.size)
    zero = a.dtype.type(0)
    s = a.dtype.type(alpha)
    r[:] = np.expm1(x)
    for i in range(a.size):
        r[i] = x[i] if x[i] > zero else s * r[i]
    return out


# pythran export elu_backward(float32[:, :] order(C), float32[:, :] order(C), float64)
# pythran export elu_backward(float64[:, :] order(C), float64[:, :] order(C), float64)


def elu_backward(a, output_grad, alpha):
    if a.shape[0] != output_grad.shape[0] or a.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(a)
    x = a.reshape(a.size)
    g = output_grad.reshape(a.size)
    d = out.reshape(a.size)
    zero = a.dtype.type(0)
    s = a.dtype.type(alpha)
    d[:] = np.exp(x)
    for i in range(a.size):
        d[i] = g[i] if x[i] > zero else s * d[i] * g[i]
    return out
