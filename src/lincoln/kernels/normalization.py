"""Compiled twins of `lincoln.functional.normalization`: a row at a time, a pass or two over the rows."""

import numpy as np

# pythran export layer_norm(float32[:, :] order(C), float32[:], float32[:], float64)
# pythran export layer_norm(float64[:, :] order(C), float64[:], float64[:], float64)


def layer_norm(x, scale, shift, eps):
    rows, n = x.shape
    if scale.shape[0] != n or shift.shape[0] != n or n == 0:
        raise ValueError("one scale and one shift for every column")
    out = np.empty_like(x)
    mean = np.empty(rows, x.dtype)
    inverse_std = np.empty(rows, x.dtype)
    size = x.dtype.type(n)
    e = x.dtype.type(eps)
    for i in range(rows):
        m = np.sum(x[i]) / size
        out[i] = x[i] - m
        inverse = x.dtype.type(1) / np.sqrt(np.sum(out[i] * out[i]) / size + e)
        out[i] = out[i] * inverse * scale + shift
        mean[i] = m
        inverse_std[i] = inverse
    return out, mean, inverse_std


# pythran export layer_norm_backward(float32[:, :] order(C), float32[:], float32[:], float32[:], float32[:, :] order(C))
# pythran export layer_norm_backward(float64[:, :] order(C), float64[:], float64[:], float64[:], float64[:, :] order(C))


def layer_norm_backward(x, mean, inverse_std, scale, output_grad):
    rows, n = x.shape
    if output_grad.shape[0] != rows or output_grad.shape[1] != n or scale.shape[0] != n:
        raise ValueError("arrays of different shapes")
    if mean.shape[0] != rows or inverse_std.shape[0] != rows:
        raise ValueError("one mean for every row")
    out = np.empty_like(x)
    scale_grad = np.zeros(n, x.dtype)
    shift_grad = np.zeros(n, x.dtype)
    h = np.empty(n, x.dtype)
    size = x.dtype.type(n)
    for i in range(rows):
        inverse = inverse_std[i]
        out[i] = (x[i] - mean[i]) * inverse
        scale_grad += output_grad[i] * out[i]
        shift_grad += output_grad[i]
        h[:] = output_grad[i] * scale
        level = np.sum(h) / size
        along = np.sum(h * out[i]) / size
        out[i] = (h - level - out[i] * along) * inverse
    return out, scale_grad, shift_grad


# pythran export batch_norm(float32[:, :] order(C), float32[:], float32[:], float64)
# pythran export batch_norm(float64[:, :] order(C), float64[:], float64[:], float64)


def batch_norm(x, scale, shift, eps):
    rows, n = x.shape
    if scale.shape[0] != n or shift.shape[0] != n or rows == 0:
        raise ValueError("one scale and one shift for every column")
    size = x.dtype.type(rows)
    mean = np.zeros(n, x.dtype)
    for i in range(rows):
        mean += x[i]
    for j in range(n):
        mean[j] = mean[j] / size
    out = np.empty_like(x)
    variance = np.zeros(n, x.dtype)
    for i in range(rows):
        out[i] = x[i] - mean
        variance += out[i] * out[i]
    factor = np.empty(n, x.dtype)
    for j in range(n):
        variance[j] = variance[j] / size
        factor[j] = scale[j] / np.sqrt(variance[j] + x.dtype.type(eps))
    for i in range(rows):
        out[i] = out[i] * factor + shift
    return out, mean, variance


# pythran export batch_norm_backward(
#     float32[:, :] order(C), float32[:], float32[:], float32[:], float32[:, :] order(C), float64)
# pythran export batch_norm_backward(
#     float64[:, :] order(C), float64[:], float64[:], float64[:], float64[:, :] order(C), float64)


def batch_norm_backward(x, mean, variance, scale, output_grad, eps):
    rows, n = x.shape
    if output_grad.shape[0] != rows or output_grad.shape[1] != n or scale.shape[0] != n:
        raise ValueError("arrays of different shapes")
    if mean.shape[0] != n or variance.shape[0] != n or rows == 0:
        raise ValueError("one mean and one variance for every column")
    size = x.dtype.type(rows)
    scale_grad = np.zeros(n, x.dtype)
    shift_grad = np.zeros(n, x.dtype)
    for i in range(rows):
        scale_grad += output_grad[i] * (x[i] - mean)
        shift_grad += output_grad[i]
    slope = np.empty(n, x.dtype)
    along = np.empty(n, x.dtype)
    level = np.empty(n, x.dtype)
    for j in range(n):
        inverse = x.dtype.type(1) / np.sqrt(variance[j] + x.dtype.type(eps))
        scale_grad[j] = scale_grad[j] * inverse
        slope[j] = inverse * scale[j]
        along[j] = slope[j] * inverse * scale_grad[j] / size
        level[j] = slope[j] * shift_grad[j] / size
    out = np.empty_like(x)
    for i in range(rows):
        out[i] = output_grad[i] * slope - (x[i] - mean) * along - level
    return out, scale_grad, shift_grad
