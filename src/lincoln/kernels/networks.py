"""Compiled twins of `lincoln.functional.networks`: a small network's way forward and its way back, a call for each."""

# Every unit has a row, and the examples lie along it: vector instructions then work on neighboring examples, and no
# layer is too narrow for them. Separate names for all numbers, and few functions: g++ inlines no longer ones.

import numpy as np

# pythran export rectifier_network(float32[:, :] order(C), float32[:], int64[:])
# pythran export rectifier_network(float64[:, :] order(C), float64[:], int64[:])


def rectifier_network(x, value, widths):
    n = x.shape[0]
    depth = widths.shape[0] - 1
    size = 0
    for layer in range(depth):
        if widths[layer] < 1 or widths[layer + 1] < 1:
            raise ValueError("a layer without units")
        size += (widths[layer] + 1) * widths[layer + 1]
    if depth < 1 or x.shape[1] != widths[0] or value.shape[0] != size:
        raise ValueError("arrays that do not fit")
    units = np.empty((np.sum(widths), n), x.dtype)
    units[: x.shape[1]] = x.T
    zero = x.dtype.type(0)
    start = 0
    below = 0
    for layer in range(depth):
        n_in = widths[layer]
        n_out = widths[layer + 1]
        for j in range(n_out):
            row = below + n_in + j
            bias = value[start + n_in * n_out + j]
            for i in range(n):
                units[row, i] = bias
            for k in range(0, n_in - 3, 4):
                w0 = value[start + k * n_out + j]
                w1 = value[start + (k + 1) * n_out + j]
                w2 = value[start + (k + 2) * n_out + j]
                w3 = value[start + (k + 3) * n_out + j]
                for i in range(n):
                    units[row, i] += (w0 * units[below + k, i] + w1 * units[below + k + 1, i]) + (
                        w2 * units[below + k + 2, i] + w3 * units[below + k + 3, i]
                    )
            for k in range(n_in - n_in % 4, n_in):
                w = value[start + k * n_out + j]
                for i in range(n):
                    units[row, i] += w * units[below + k, i]
            if layer < depth - 1:
                for i in range(n):
                    a = units[row, i]
                    units[row, i] = zero if a < zero else a
        start += n_in * n_out + n_out
        below += n_in
    output = np.empty((n, widths[depth]), x.dtype)
    output[:] = units[below:].T
    return output, units


# pythran export rectifier_network_backward(
#     float32[:, :] order(C), float32[:, :] order(C), float32[:], float32[:], int64[:])
# pythran export rectifier_network_backward(
#     float64[:, :] order(C), float64[:, :] order(C), float64[:], float64[:], int64[:])


def rectifier_network_backward(units, output_grad, value, grad, widths):
    n = units.shape[1]
    depth = widths.shape[0] - 1
    size = 0
    for layer in range(depth):
        if widths[layer] < 1 or widths[layer + 1] < 1:
            raise ValueError("a layer without units")
        size += (widths[layer] + 1) * widths[layer + 1]
    if depth < 1 or value.shape[0] != size or grad.shape[0] != size or units.shape[0] != np.sum(widths):
        raise ValueError("arrays that do not fit")
    if output_grad.shape[0] != n or output_grad.shape[1] != widths[depth]:
        raise ValueError("arrays that do not fit")
    g = np.empty((np.max(widths), n), units.dtype)
    back = np.empty((np.max(widths), n), units.dtype)
    g[: output_grad.shape[1]] = output_grad.T
    zero = units.dtype.type(0)
    start = size
    below = units.shape[0] - widths[depth]
    for above in range(depth):
        layer = depth - 1 - above
        n_in = widths[layer]
        n_out = widths[layer + 1]
        start -= n_in * n_out + n_out
        below -= n_in
        for j in range(n_out):
            grad[start + n_in * n_out + j] = np.sum(g[j])
        for k in range(n_in):
            for j in range(n_out):
                grad[start + k * n_out + j] = np.sum(units[below + k] * g[j])
        if layer > 0:
            for k in range(n_in):
                for i in range(n):
                    back[k, i] = zero
                for j in range(n_out):
                    w = value[start + k * n_out + j]
                    for i in range(n):
                        back[k, i] += w * g[j, i]
            for k in range(n_in):
                for i in range(n):
                    g[k, i] = back[k, i] if units[below + k, i] > zero else zero
