"""Compiled twins of `lincoln.functional.reductions`."""

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


# pythran export column_sums(float32[:, :] order(C))
# pythran export column_sums(float64[:, :] order(C))


def column_sums(values):
    out = np.zeros(values.shape[1], values.dtype)
    for i in range(values.shape[0]):
        out += values[i]
    return out


# pythran export bias_grad(float32[:, :] order(C), float32[:])
# pythran export bias_grad(float64[:, :] order(C), float64[:])


def bias_grad(output_grad, out):
    if out.shape[0] != output_grad.shape[1]:
        raise ValueError("a sum for every column")
    for j in range(output_grad.shape[1]):
        out[j] = output_grad.dtype.type(0)
    for i in range(output_grad.shape[0]):
        out += output_grad[i]
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
