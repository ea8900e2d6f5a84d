"""Compiled twins of the losses over classes of `lincoln.functional.losses`; on probabilities in float32 alone."""

# exp of all rows at once: one row may be too short for vector instructions. Without class weights there is no array of
# them: a variant of its own is compiled for None.

import numpy as np


def _checked_rows(values, labels):
    """How many rows there are. Pythran leaves out the call of a function whose result nobody uses."""
    if labels.shape[0] != values.shape[0] or values.shape[1] == 0:
        raise ValueError("a label for every row, and one class or more")
    for i in range(labels.shape[0]):
        if labels[i] < 0 or labels[i] >= values.shape[1]:
            raise IndexError("a label outside the classes")
    return labels.shape[0]


def _weights(values, class_weight):
    """The weight of every class."""
    weights = np.ones(values.shape[1], values.dtype)
    if class_weight is not None:
        if class_weight.shape[0] != values.shape[1]:
            raise ValueError("a weight for every class")
        weights[:] = class_weight
    return weights


# pythran export softmax_cross_entropy(float32[:, :] order(C), int64[:], float64, None)
# pythran export softmax_cross_entropy(float32[:, :] order(C), int64[:], float64, float32[:])
# pythran export softmax_cross_entropy(float64[:, :] order(C), int64[:], float64, None)
# pythran export softmax_cross_entropy(float64[:, :] order(C), int64[:], float64, float64[:])


def softmax_cross_entropy(a, labels, smoothing, class_weight):
    n = _checked_rows(a, labels)
    weights = _weights(a, class_weight)
    k = a.shape[1]
    shifted = np.empty_like(a)
    losses = np.empty(n, a.dtype)
    for i in range(n):
        largest = np.max(a[i])
        for j in range(k):
            shifted[i, j] = a[i, j] - largest
    p = np.empty_like(a)
    flat = p.reshape(a.size)
    flat[:] = np.exp(shifted.reshape(a.size))
    for i in range(n):
        losses[i] = np.sum(p[i])
        for j in range(k):
            p[i, j] = p[i, j] / losses[i]
    losses[:] = np.log(losses)
    share = a.dtype.type(smoothing / k)
    rest = a.dtype.type(1.0 - smoothing)
    for i in range(n):
        level = losses[i]
        losses[i] = rest * weights[labels[i]] * (level - shifted[i, labels[i]])
        if smoothing != 0.0:
            losses[i] += share * np.sum(weights * (level - shifted[i]))
    return losses, p


# pythran export softmax_cross_entropy_grad(float32[:, :] order(C), int64[:], float64, None)
# pythran export softmax_cross_entropy_grad(float32[:, :] order(C), int64[:], float64, float32[:])
# pythran export softmax_cross_entropy_grad(float64[:, :] order(C), int64[:], float64, None)
# pythran export softmax_cross_entropy_grad(float64[:, :] order(C), int64[:], float64, float64[:])


def softmax_cross_entropy_grad(p, labels, smoothing, class_weight):
    n = _checked_rows(p, labels)
    weights = _weights(p, class_weight)
    k = p.shape[1]
    out = np.empty_like(p)
    share = p.dtype.type(smoothing / k)
    rest = p.dtype.type(1.0 - smoothing)
    spread = share * np.sum(weights)
    weights *= share
    for i in range(n):
        target = rest if class_weight is None else rest * class_weight[labels[i]]
        whole = target + spread
        for j in range(k):
            out[i, j] = p[i, j] * whole - weights[j]
        out[i, labels[i]] -= target
    return out


# pythran export cross_entropy(float32[:, :] order(C), int64[:], None)
# pythran export cross_entropy(float32[:, :] order(C), int64[:], float32[:])


def cross_entropy(p, labels, class_weight):
    n = _checked_rows(p, labels)
    weights = _weights(p, class_weight)
    losses = np.empty(n, p.dtype)
    low = p.dtype.type(1.0020841800044864e-292 if p.itemsize == 8 else 9.860761315262648e-32)
    for i in range(n):
        chosen = p[i, labels[i]]
        losses[i] = low if chosen < low else chosen
    losses[:] = np.log(losses)
    for i in range(n):
        losses[i] = -weights[labels[i]] * losses[i]
    return losses


# pythran export cross_entropy_grad(float32[:, :] order(C), int64[:], None)
# pythran export cross_entropy_grad(float32[:, :] order(C), int64[:], float32[:])


def cross_entropy_grad(p, labels, class_weight):
    n = _checked_rows(p, labels)
    weights = _weights(p, class_weight)
    out = np.empty_like(p)
    zero = p.dtype.type(0)
    low = p.dtype.type(1.0020841800044864e-292 if p.itemsize == 8 else 9.860761315262648e-32)
    for i in range(n):
        for j in range(p.shape[1]):
            out[i, j] = zero / (low if p[i, j] < low else p[i, j])  # NaN stays NaN
        chosen = p[i, labels[i]]
        out[i, labels[i]] = -weights[labels[i]] / (low if chosen < low else chosen)
    return out


# pythran export negative_log_likelihood(float32[:, :] order(C), int64[:], None)
# pythran export negative_log_likelihood(float32[:, :] order(C), int64[:], float32[:])


def negative_log_likelihood(z, labels, class_weight):
    n = _checked_rows(z, labels)
    weights = _weights(z, class_weight)
    losses = np.empty(n, z.dtype)
    for i in range(n):
        losses[i] = -weights[labels[i]] * z[i, labels[i]]
    return losses


# pythran export negative_log_likelihood_grad(float32[:, :] order(C), int64[:], None)
# pythran export negative_log_likelihood_grad(float32[:, :] order(C), int64[:], float32[:])


def negative_log_likelihood_grad(z, labels, class_weight):
    n = _checked_rows(z, labels)
    weights = _weights(z, class_weight)
    out = np.zeros_like(z)
    for i in range(n):
        out[i, labels[i]] = -weights[labels[i]]
    return out
