"""Compiled twin of `lincoln.functional.dropout`."""

import numpy as np

# pythran export kept(float32[:, :] order(C), float64)


def kept(uniform, rate):
    out = np.empty_like(uniform)
    u = uniform.reshape(uniform.size)
    m = out.reshape(uniform.size)
    border = np.float32(rate)
    zero = np.float32(0)
    scale = np.float32(1.0 / (1.0 - rate))
    for i in range(uniform.size):
        m[i] = scale if u[i] >= border else zero
    return out
