"""Compiled twins of the losses of yes-or-no questions; see `rectifiers`. On probabilities in float32 alone."""

import numpy as np

# pythran export log_loss(float32[:, :] order(C), float32[:, :] order(C), float64)


def log_loss(p, y, positive_weight):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    one = p.dtype.type(1)
    weight = p.dtype.type(positive_weight)
    low = p.dtype.type(1.0020841800044864e-292 if p.itemsize == 8 else 9.860761315262648e-32)
    high = p.dtype.type(1.0 - 2.0**-53 if p.itemsize == 8 else 1.0 - 2.0**-24)
    q = np.empty(p.size, p.dtype)
    for i in range(p.size):
        q[i] = low if at[i] < low else (high if at[i] > high else at[i])
    r[:] = np.log1p(-q)
    q[:] = np.log(q)
    for i in range(p.size):
        r[i] = -weight * label[i] * q[i] - (one - label[i]) * r[i]
    return out


# pythran export log_loss_grad(float32[:, :] order(C), float32[:, :] order(C), float64)


def log_loss_grad(p, y, positive_weight):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    at = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    one = p.dtype.type(1)
    weight = p.dtype.type(positive_weight)
    low = p.dtype.type(1.0020841800044864e-292 if p.itemsize == 8 else 9.860761315262648e-32)
    high = p.dtype.type(1.0 - 2.0**-53 if p.itemsize == 8 else 1.0 - 2.0**-24)
    for i in range(p.size):
        q = low if at[i] < low else (high if at[i] > high else at[i])
        r[i] = (one - label[i]) / (one - q) - weight * label[i] / q
    return out


# pythran export log_sigmoid_loss(float32[:, :] order(C), float32[:, :] order(C), float64)


def log_sigmoid_loss(z, y, positive_weight):
    if z.shape[0] != y.shape[0] or z.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(z)
    at = z.reshape(z.size)
    label = y.reshape(z.size)
    r = out.reshape(z.size)
    one = z.dtype.type(1)
    weight = z.dtype.type(positive_weight)
    low = z.dtype.type(1.0020841800044864e-292 if z.itemsize == 8 else 9.860761315262648e-32)
    least = z.dtype.type(-1.7976931348623157e308 if z.itemsize == 8 else -3.4028234663852886e38)
    border = z.dtype.type(-0.6931471805599453)
    inner = np.empty(z.size, z.dtype)
    near = np.empty(z.size, z.dtype)
    for i in range(z.size):
        inner[i] = least if at[i] < least else (-low if at[i] > -low else at[i])
    for i in range(z.size):
        near[i] = inner[i] if inner[i] > border else border
    near[:] = np.log(-np.expm1(near))
    for i in range(z.size):
        r[i] = border if inner[i] > border else inner[i]
    r[:] = np.log1p(-np.exp(r))
    for i in range(z.size):
        other = near[i] if inner[i] > border else r[i]
        r[i] = -weight * label[i] * inner[i] - (one - label[i]) * other
    return out


# pythran export log_sigmoid_loss_grad(float32[:, :] order(C), float32[:, :] order(C), float64)


def log_sigmoid_loss_grad(z, y, positive_weight):
    if z.shape[0] != y.shape[0] or z.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(z)
    at = z.reshape(z.size)
    label = y.reshape(z.size)
    r = out.reshape(z.size)
    one = z.dtype.type(1)
    weight = z.dtype.type(positive_weight)
    low = z.dtype.type(1.0020841800044864e-292 if z.itemsize == 8 else 9.860761315262648e-32)
    least = z.dtype.type(-1.7976931348623157e308 if z.itemsize == 8 else -3.4028234663852886e38)
    inner = np.empty(z.size, z.dtype)
    for i in range(z.size):
        inner[i] = least if at[i] < least else (-low if at[i] > -low else at[i])
    r[:] = np.expm1(inner)
    inner[:] = np.exp(inner)
    for i in range(z.size):
        r[i] = (one - label[i]) * (inner[i] / -r[i]) - weight * label[i]
    return out


# pythran export sigmoid_cross_entropy(float32[:, :] order(C), float32[:, :] order(C), float64)
# pythran export sigmoid_cross_entropy(float64[:, :] order(C), float64[:, :] order(C), float64)


def sigmoid_cross_entropy(a, y, positive_weight):
    if a.shape[0] != y.shape[0] or a.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    losses = np.empty_like(a)
    p = np.empty_like(a)
    x = a.reshape(a.size)
    label = y.reshape(a.size)
    r = losses.reshape(a.size)
    q = p.reshape(a.size)
    one = a.dtype.type(1)
    zero = a.dtype.type(0)
    weight = a.dtype.type(positive_weight)
    low = a.dtype.type(1.0020841800044864e-292 if a.itemsize == 8 else 9.860761315262648e-32)
    high = a.dtype.type(1.0 - 2.0**-53 if a.itemsize == 8 else 1.0 - 2.0**-24)
    q[:] = np.exp(-np.abs(x))
    r[:] = np.log1p(q)
    for i in range(a.size):
        up = r[i] + (-x[i] if x[i] < zero else zero)
        down = r[i] + (zero if x[i] < zero else x[i])
        r[i] = weight * label[i] * up + (one - label[i]) * down
    for i in range(a.size):
        q[i] = (q[i] if x[i] < zero else one) / (one + q[i])
    for i in range(a.size):
        q[i] = low if q[i] < low else q[i]
    for i in range(a.size):
        q[i] = high if q[i] > high else q[i]
    return losses, p


# pythran export sigmoid_cross_entropy_grad(float32[:, :] order(C), float32[:, :] order(C), float64)
# pythran export sigmoid_cross_entropy_grad(float64[:, :] order(C), float64[:, :] order(C), float64)


def sigmoid_cross_entropy_grad(p, y, positive_weight):
    if p.shape[0] != y.shape[0] or p.shape[1] != y.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(p)
    q = p.reshape(p.size)
    label = y.reshape(p.size)
    r = out.reshape(p.size)
    one = p.dtype.type(1)
    weight = p.dtype.type(positive_weight)
    for i in range(p.size):
        r[i] = q[i] * (one - label[i] + weight * label[i]) - weight * label[i]
    return out
