"""Batch normalization in which example weights count."""

from __future__ import annotations

from typing import Any

from ..arrays import Array
from ..functional.normalization import normalize
from ..layers import BatchNorm

__all__ = ["WeightedBatchNorm"]


class WeightedBatchNorm(BatchNorm):
    """y = γ n + β,  n = (x - μ) / √(σ² + ε)  with  μ = Σ p x,  σ² = Σ p (x - μ)²  and  p = w / Σ w

    ∂L/∂x = γ / √(σ² + ε) (g - p Σ g - p n Σ g n): a row of weight 2 is normalized and goes back as two equal rows do.
    Without weights it is `BatchNorm` itself.

    Attributes:
        weights: w of the coming batch, shape ``(n,)``; to be set before each pass, or None.

    >>> import numpy as np
    >>> norm = WeightedBatchNorm()
    >>> norm.weights = np.array([1.0, 3.0])
    >>> norm(np.array([[1.0], [3.0]])).round(3)
    array([[-1.732],
           [ 0.577]])
    """

    weights: Any = None

    def forward(self, input: Array) -> Array:
        if self.weights is None or not self.training:
            return super().forward(input)
        total = self.weights.sum()
        share = self.weights / total
        mean = share @ input
        variance = share @ (input - mean) ** 2
        self.keep(mean=mean, variance=variance)
        self._follow(mean, variance, total)
        scale, shift = (None if p is None else p.value for p in (self.gamma, self.beta))
        return normalize(input, mean, variance, scale, shift, self.eps)

    def backward(self, output_grad: Array) -> Array:
        if self.weights is None:
            return super().backward(output_grad)
        p = (self.weights / self.weights.sum())[:, None]
        inverse = (self.variance + self.eps) ** -0.5
        normalized = (self.last_input - self.mean) * inverse
        scale_grad, shift_grad = (output_grad * normalized).sum(axis=0), output_grad.sum(axis=0)
        input_grad = inverse * (output_grad - p * shift_grad - p * normalized * scale_grad)
        if self.beta is not None:
            self.beta.accumulate(shift_grad)
        if self.gamma is None:
            return input_grad
        self.gamma.accumulate(scale_grad)
        return self.gamma.value * input_grad
