"""Compiled twins of `lincoln.functional.activations`: row by row, each row its formula."""

import numpy as np

# pythran export sigmoid(float32[:, :] order(C))
# pythran export sigmoid(float64[:, :] order(C))


def sigmoid(a):
    out = np.empty_like(a)
    one = a.dtype.type(1)
    low = a.dtype.type(1.0020841800044864e-292 if a.itemsize == 8 else 9.860761315262648e-32)
    high = a.dtype.type(1.0 - 2.0**-53 if a.itemsize == 8 else 1.0 - 2.0**-24)
    for i in range(a.shape[0]):
        e = np.exp(-np.abs(a[i]))
        p = np.where(a[i] < a.dtype.type(0), e, one) / (one + e)
        out[i] = np.where(p < low, low, np.where(p > high, high, p))
    return out


# pythran export sigmoid_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export sigmoid_backward(float64[:, :] order(C), float64[:, :] order(C))


def sigmoid_backward(p, output_grad):
    if p.shape[0] != output_grad.shape[0] or p.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    one = p.dtype.type(1)
    for i in range(p.shape[0]):
        out[i] = p[i] * (one - p[i]) * output_grad[i]
    return out


# pythran export tanh_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export tanh_backward(float64[:, :] order(C), float64[:, :] order(C))


def tanh_backward(t, output_grad):
    if t.shape[0] != output_grad.shape[0] or t.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(t)
    one = t.dtype.type(1)
    for i in range(t.shape[0]):
        out[i] = (one - t[i] * t[i]) * output_grad[i]
    return out


# pythran export relu(float32[:, :] order(C))
# pythran export relu(float64[:, :] order(C))


def relu(a):
    out = np.empty_like(a)
    zero = a.dtype.type(0)
    for i in range(a.shape[0]):
        out[i] = np.where(a[i] < zero, zero, a[i])
    return out


# pythran export relu_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export relu_backward(float64[:, :] order(C), float64[:, :] order(C))


def relu_backward(r, output_grad):
    if r.shape[0] != output_grad.shape[0] or r.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(r)
    zero = r.dtype.type(0)
    for i in range(r.shape[0]):
        out[i] = np.where(r[i] > zero, output_grad[i], zero)
    return out


# pythran export silu(float32[:, :] order(C))
# pythran export silu(float64[:, :] order(C))


def silu(a):
    out = np.empty_like(a)
    one = a.dtype.type(1)
    zero = a.dtype.type(0)
    for i in range(a.shape[0]):
        e = np.exp(-np.abs(a[i]))
        out[i] = a[i] * (np.where(a[i] < zero, e, one) / (one + e))
    return out


# pythran export silu_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export silu_backward(float64[:, :] order(C), float64[:, :] order(C))


def silu_backward(a, output_grad):
    if a.shape[0] != output_grad.shape[0] or a.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(a)
    one = a.dtype.type(1)
    zero = a.dtype.type(0)
    for i in range(a.shape[0]):
        e = np.exp(-np.abs(a[i]))
        p = np.where(a[i] < zero, e, one) / (one + e)
        out[i] = p * (one + a[i] * (one - p)) * output_grad[i]
    return out


# pythran export softmax(float32[:, :] order(C))
# pythran export softmax(float64[:, :] order(C))


def softmax(a):
    out = np.empty_like(a)
    low = a.dtype.type(1.0020841800044864e-292 if a.itemsize == 8 else 9.860761315262648e-32)
    for i in range(a.shape[0]):
        e = np.exp(a[i] - np.max(a[i]))
        p = e / np.sum(e)
        out[i] = np.where(p < low, low, p)
    return out


# pythran export softmax_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export softmax_backward(float64[:, :] order(C), float64[:, :] order(C))


def softmax_backward(p, output_grad):
    if p.shape[0] != output_grad.shape[0] or p.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    for i in range(p.shape[0]):
        out[i] = p[i] * (output_grad[i] - np.sum(output_grad[i] * p[i]))
    return out


# pythran export log_softmax(float32[:, :] order(C))
# pythran export log_softmax(float64[:, :] order(C))


def log_softmax(a):
    out = np.empty_like(a)
    for i in range(a.shape[0]):
        shifted = a[i] - np.max(a[i])
        out[i] = shifted - np.log(np.sum(np.exp(shifted)))
    return out


# pythran export log_softmax_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export log_softmax_backward(float64[:, :] order(C), float64[:, :] order(C))


def log_softmax_backward(z, output_grad):
    if z.shape[0] != output_grad.shape[0] or z.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(z)
    for i in range(z.shape[0]):
        out[i] = output_grad[i] - np.exp(z[i]) * np.sum(output_grad[i])
    return out
