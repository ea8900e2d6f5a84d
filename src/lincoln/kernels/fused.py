"""Compiled twins of `lincoln.functional.fused`, and of the bias of `lincoln.functional.linear`."""

import numpy as np

# pythran export add_bias(float32[:, :] order(C), float32[:])
# pythran export add_bias(float64[:, :] order(C), float64[:])


def add_bias(a, bias):
    if bias.shape[0] != a.shape[1]:
        raise ValueError("a bias of another size")
    for i in range(a.shape[0]):
        a[i] += bias


# pythran export add_bias_relu(float32[:, :] order(C), float32[:])
# pythran export add_bias_relu(float64[:, :] order(C), float64[:])


def add_bias_relu(a, bias):
    if bias.shape[0] != a.shape[1]:
        raise ValueError("a bias of another size")
    out = np.empty_like(a)
    zero = a.dtype.type(0)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            z = a[i, j] + bias[j]
            a[i, j] = z
            out[i, j] = zero if z < zero else z
    return out


# pythran export relu_backward_bias_grad(float32[:, :] order(C), float32[:, :] order(C), float32[:])
# pythran export relu_backward_bias_grad(float64[:, :] order(C), float64[:, :] order(C), float64[:])


def relu_backward_bias_grad(r, output_grad, out):
    if output_grad.shape[0] != r.shape[0] or output_grad.shape[1] != r.shape[1] or out.shape[0] != r.shape[1]:
        raise ValueError("arrays of different shapes")
    masked = np.empty_like(r)
    zero = r.dtype.type(0)
    for j in range(r.shape[1]):
        out[j] = zero
    for i in range(r.shape[0]):
        for j in range(r.shape[1]):
            g = output_grad[i, j] if r[i, j] > zero else zero
            masked[i, j] = g
            out[j] += g
    return masked
