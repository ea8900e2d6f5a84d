"""Compiled twins of the Gaussian error units of `lincoln.functional.activations`; see `rectifiers`."""

# The series is the function's own, cut where its terms fall below the rounding of float32 and written in powers of y;
# float64 goes to the function. Blocks: what lies between two loops then stays in the nearest cache.

import numpy as np

BLOCK = 1024


def _tails(x, start, count, tails):
    """Φ(-|x|) for a block."""
    shares = np.empty(BLOCK, x.dtype)
    zero = np.float32(0)
    one = np.float32(1)
    two = np.float32(2)
    half = np.float32(0.5)
    root = np.float32(0.7071067811865476)
    c0 = np.float32(-0.6717940760543342)
    c1 = np.float32(0.6726422171554879)
    c2 = np.float32(0.04734310629090101)
    c3 = np.float32(-0.046874888178861346)
    c4 = np.float32(-0.009873768747331391)
    c5 = np.float32(0.008703812035218805)
    c6 = np.float32(0.0017765646350106866)
    c7 = np.float32(-0.0020487347604965724)
    c8 = np.float32(-0.00020790912059481928)
    c9 = np.float32(0.00033373589390861395)
    tails[:] = zero  # the last block may be a part of one
    for i in range(count):
        tails[i] = root * (-x[start + i] if x[start + i] < zero else x[start + i])
    for i in range(BLOCK):
        shares[i] = two / (two + tails[i])
    for i in range(BLOCK):
        y = two * shares[i] - one
        high = c5 + y * (c6 + y * (c7 + y * (c8 + y * c9)))
        tails[i] = c0 + y * (c1 + y * (c2 + y * (c3 + y * (c4 + y * high)))) - tails[i] * tails[i]
    tails[:] = np.exp(tails)
    for i in range(BLOCK):
        tails[i] = half * shares[i] * tails[i]


# pythran export gelu(float32[:, :] order(C))


def gelu(a):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    g = out.reshape(a.size)
    zero = np.float32(0)
    one = np.float32(1)
    tails = np.empty(BLOCK, a.dtype)
    for start in range(0, a.size, BLOCK):
        count = min(BLOCK, a.size - start)
        _tails(x, start, count, tails)
        for i in range(count):
            tails[i] = tails[i] if x[start + i] < zero else one - tails[i]
        for i in range(count):
            g[start + i] = x[start + i] * tails[i]
    return out


# pythran export gelu_backward(float32[:, :] order(C), float32[:, :] order(C))


def gelu_backward(a, output_grad):
    if a.shape[0] != output_grad.shape[0] or a.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(a)
    x = a.reshape(a.size)
    g = output_grad.reshape(a.size)
    d = out.reshape(a.size)
    zero = np.float32(0)
    one = np.float32(1)
    tails = np.empty(BLOCK, a.dtype)
    densities = np.empty(BLOCK, a.dtype)
    half = np.float32(0.5)
    level = np.float32(0.3989422804014327)
    for start in range(0, a.size, BLOCK):
        count = min(BLOCK, a.size - start)
        _tails(x, start, count, tails)
        for i in range(count):
            densities[i] = -half * x[start + i] * x[start + i]
        densities[:] = np.exp(densities)
        for i in range(count):
            tails[i] = tails[i] if x[start + i] < zero else one - tails[i]
        for i in range(count):
            d[start + i] = (tails[i] + x[start + i] * (level * densities[i])) * g[start + i]
    return out


# pythran export gelu_tanh(float32[:, :] order(C))
# pythran export gelu_tanh(float64[:, :] order(C))


def gelu_tanh(a):
    out = np.empty_like(a)
    x = a.reshape(a.size)
    g = out.reshape(a.size)
    root = a.dtype.type(0.7978845608028654)
    cubic = a.dtype.type(0.044715)
    one = a.dtype.type(1)
    half = a.dtype.type(0.5)
    for i in range(a.size):
        g[i] = root * (x[i] + cubic * x[i] * x[i] * x[i])
    g[:] = np.tanh(g)
    for i in range(a.size):
        g[i] = half * x[i] * (one + g[i])
    return out


# pythran export gelu_tanh_backward(float32[:, :] order(C), float32[:, :] order(C))
# pythran export gelu_tanh_backward(float64[:, :] order(C), float64[:, :] order(C))


def gelu_tanh_backward(a, output_grad):
    if a.shape[0] != output_grad.shape[0] or a.shape[1] != output_grad.shape[1]:
        raise ValueError("arrays of different shapes")
    out = np.empty_like(a)
    x = a.reshape(a.size)
    g = output_grad.reshape(a.size)
    d = out.reshape(a.size)
    root = a.dtype.type(0.7978845608028654)
    cubic = a.dtype.type(0.044715)
    three = a.dtype.type(3 * 0.044715)
    one = a.dtype.type(1)
    half = a.dtype.type(0.5)
    for i in range(a.size):
        d[i] = root * (x[i] + cubic * x[i] * x[i] * x[i])
    d[:] = np.tanh(d)
    for i in range(a.size):
        t = d[i]
        slope = root * (one + three * x[i] * x[i])
        d[i] = (half * (one + t) + half * x[i] * (one - t * t) * slope) * g[i]
    return out
