"""Compiled twins of `lincoln.functional.passes`."""

import numpy as np

# pythran export take_rows(float32[:, :] order(C), int64[:])
# pythran export take_rows(float64[:, :] order(C), int64[:])


def take_rows(values, rows):
    out = np.empty((rows.shape[0], values.shape[1]), values.dtype)
    for i in range(rows.shape[0]):
        if rows[i] < 0 or rows[i] >= values.shape[0]:
            raise IndexError("a row outside the array")
        out[i] = values[rows[i]]
    return out


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
    zero = a.dtype.type(0)
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            z = a[i, j] + bias[j]
            a[i, j] = zero if z < zero else z


# pythran export relu_backward_sums(float32[:, :] order(C), float32[:, :] order(C), float32[:])
# pythran export relu_backward_sums(float64[:, :] order(C), float64[:, :] order(C), float64[:])


def relu_backward_sums(r, grad, sums):
    if grad.shape[0] != r.shape[0] or grad.shape[1] != r.shape[1] or sums.shape[0] != r.shape[1]:
        raise ValueError("arrays of different shapes")
    zero = r.dtype.type(0)
    for j in range(r.shape[1]):
        sums[j] = zero
    for i in range(r.shape[0]):
        for j in range(r.shape[1]):
            g = grad[i, j] if r[i, j] > zero else zero
            grad[i, j] = g
            sums[j] += g


# pythran export column_sums(float32[:, :] order(C))
# pythran export column_sums(float64[:, :] order(C))


def column_sums(values):
    out = np.zeros(values.shape[1], values.dtype)
    for i in range(values.shape[0]):
        out += values[i]
    return out


# pythran export softmax_nll(float32[:, :] order(C), int64[:])
# pythran export softmax_nll(float64[:, :] order(C), int64[:])


def softmax_nll(a, labels):
    n, k = a.shape
    if labels.shape[0] != n or k == 0:
        raise ValueError("a label for every row, and one class or more")
    shifted = np.empty(n * k, a.dtype)
    losses = np.empty(n, a.dtype)
    for i in range(n):
        if labels[i] < 0 or labels[i] >= k:
            raise IndexError("a label outside the classes")
        largest = a[i, 0]
        bad = largest != largest
        for j in range(1, k):
            largest = max(largest, a[i, j])
            bad = bad or a[i, j] != a[i, j]
        if bad:
            largest = a.dtype.type(np.nan)
        for j in range(k):
            shifted[i * k + j] = a[i, j] - largest
        losses[i] = largest - a[i, labels[i]]
    powers = np.exp(shifted)  # all at once: rows may be too short for vector instructions
    totals = np.empty(n, a.dtype)
    p = np.empty_like(a)
    for i in range(n):
        total = a.dtype.type(0)
        for j in range(k):
            total += powers[i * k + j]
        totals[i] = total
        share = a.dtype.type(1) / total
        for j in range(k):
            p[i, j] = powers[i * k + j] * share
    losses += np.log(totals)
    return losses, p


# pythran export softmax_nll_grad(float32[:, :] order(C), int64[:], float64)
# pythran export softmax_nll_grad(float64[:, :] order(C), int64[:], float64)


def softmax_nll_grad(p, labels, scale):
    if labels.shape[0] != p.shape[0]:
        raise ValueError("a label for every row")
    out = p.copy()
    factor = p.dtype.type(scale)
    for i in range(p.shape[0]):
        if labels[i] < 0 or labels[i] >= p.shape[1]:
            raise IndexError("a label outside the classes")
        out[i, labels[i]] -= p.dtype.type(1)
        out[i] *= factor
    return out


# pythran export sigmoid_nll(float32[:, :] order(C), float32[:, :] order(C))
# pythran export sigmoid_nll(float64[:, :] order(C), float64[:, :] order(C))


def sigmoid_nll(a, labels):
    if labels.shape[0] != a.shape[0] or labels.shape[1] != a.shape[1]:
        raise ValueError("arrays of different shapes")
    z = a.reshape(a.size)
    y = labels.reshape(a.size)
    losses = np.empty_like(a)
    p = np.empty_like(a)
    flat_losses = losses.reshape(a.size)
    flat_p = p.reshape(a.size)
    one = a.dtype.type(1)
    zero = a.dtype.type(0)
    low = a.dtype.type(1.0020841800044864e-292 if a.itemsize == 8 else 9.860761315262648e-32)
    high = a.dtype.type(1.0 - 2.0**-53 if a.itemsize == 8 else 1.0 - 2.0**-24)
    e = np.exp(-np.abs(z))
    share = np.where(z < zero, e, one) / (one + e)
    flat_p[:] = np.where(share < low, low, np.where(share > high, high, share))
    flat_losses[:] = np.log1p(e) + np.where(z < zero, -y * z, (one - y) * z)
    return losses, p


# pythran export sigmoid_nll_grad(float32[:, :] order(C), float32[:, :] order(C), float64)
# pythran export sigmoid_nll_grad(float64[:, :] order(C), float64[:, :] order(C), float64)


def sigmoid_nll_grad(p, labels, scale):
    if labels.shape[0] != p.shape[0] or labels.shape[1] != p.shape[1]:
        raise ValueError("arrays of different shapes")
    q = p.reshape(p.size)
    y = labels.reshape(p.size)
    out = np.empty_like(p)
    flat = out.reshape(p.size)
    factor = p.dtype.type(scale)
    for i in range(p.size):
        flat[i] = (q[i] - y[i]) * factor
    return out


# pythran export value_range(float32[:, :] order(C))
# pythran export value_range(float64[:, :] order(C))


def value_range(values):
    if values.size == 0:
        raise ValueError("no values")
    flat = values.reshape(values.size)
    low = flat[0]
    high = flat[0]
    for i in range(flat.shape[0]):
        low = min(low, flat[i])
        high = max(high, flat[i])
    return float(low), float(high)


# pythran export label_range(int64[:])


def label_range(labels):
    if labels.shape[0] == 0:
        raise ValueError("no labels")
    low = labels[0]
    high = labels[0]
    for i in range(labels.shape[0]):
        low = min(low, labels[i])
        high = max(high, labels[i])
    return low, high


# pythran export total(float32[:])
# pythran export total(float64[:])
# pythran export total(float32[:, :] order(C))
# pythran export total(float64[:, :] order(C))


def total(values):
    flat = values.reshape(values.size)
    whole = flat.shape[0] - flat.shape[0] % 4
    a = 0.0
    b = 0.0
    c = 0.0
    d = 0.0
    for i in range(0, whole, 4):  # four sums at once: each addition has to wait for the one before
        a += flat[i]
        b += flat[i + 1]
        c += flat[i + 2]
        d += flat[i + 3]
    for i in range(whole, flat.shape[0]):
        a += flat[i]
    return (a + b) + (c + d)
