"""Compiled twins of softmax and log-softmax of `lincoln.functional.activations`."""

# exp of all rows at once: one row may be too short for vector instructions.

import numpy as np

# pythran export softmax(float32[:, :] order(C))
# pythran export softmax(float64[:, :] order(C))


def softmax(a):
    out = np.empty_like(a)
    flat = out.reshape(a.size)
    k = a.shape[1]
    low = a.dtype.type(1.0020841800044864e-292 if a.itemsize == 8 else 9.860761315262648e-32)
    for i in range(a.shape[0]):
        largest = np.max(a[i])
        for j in range(k):
            out[i, j] = a[i, j] - largest
    flat[:] = np.exp(flat)
    for i in range(a.shape[0]):
        total = np.sum(out[i])
        for j in range(k):
            out[i, j] = out[i, j] / total
    for i in range(a.size):
        flat[i] = low if flat[i] < low else flat[i]
    return out


# pythran export softmax_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export softmax_backward(float64[:, :] order(C), float64[:, :] order(C))


def softmax_backward(p, output_grad):
    if p.shape[0] != output_grad.shape[0] or p.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    for i in range(p.shape[0]):
        along = np.sum(output_grad[i] * p[i])
        for j in range(p.shape[1]):
            out[i, j] = p[i, j] * (output_grad[i, j] - along)
    return out


# pythran export log_softmax(float32[:, :] order(C))
# pythran export log_softmax(float64[:, :] order(C))


def log_softmax(a):
    n, k = a.shape
    out = np.empty_like(a)
    powers = np.empty(a.size, a.dtype)
    totals = np.empty(n, a.dtype)
    for i in range(n):
        largest = np.max(a[i])
        for j in range(k):
            out[i, j] = a[i, j] - largest
    powers[:] = np.exp(out.reshape(a.size))
    for i in range(n):
        totals[i] = np.sum(powers[i * k : i * k + k])
    totals[:] = np.log(totals)
    for i in range(n):
        for j in range(k):
            out[i, j] -= totals[i]
    return out


# pythran export log_softmax_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export log_softmax_backward(float64[:, :] order(C), float64[:, :] order(C))


def log_softmax_backward(z, output_grad):
    if z.shape[0] != output_grad.shape[0] or z.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(z)
    p = out.reshape(z.size)
    p[:] = np.exp(z.reshape(z.size))
    for i in range(z.shape[0]):
        total = np.sum(output_grad[i])
        for j in range(z.shape[1]):
            out[i, j] = output_grad[i, j] - out[i, j] * total
    return out
