"""The affine layer."""

from __future__ import annotations

import math

import numpy as np

from .. import functional
from ..arrays import Array
from ..exc import DataError
from ..initializers import Initializer, Shape, glorot_uniform, zeros
from ..layer import Layer
from ..parameters import Parameter

__all__ = ["Linear"]


class Linear(Layer):
    """a = x W + b along the last axis.

    Input ``(batch, ..., n_in)``, output ``(batch, ..., size)``. ``n_in`` is learned from the first batch.

    Args:
        size: the number of outputs.
        bias: whether there is a ``B``.
        weight_init: initializer of ``W``; if none is given, the one that suits the activation that follows: He for
            the ReLU family, LeCun or Glorot for the others.
        bias_init: initializer of ``B``.

    Attributes:
        W: the weights, a `Parameter` of shape ``(n_in, size)``.
        B: the bias, a `Parameter` of shape ``(size,)``, or None.

    Raises:
        MatchError: another number of features than the layer was built for.
        DimensionError: an input without a batch axis.

    >>> import numpy as np
    >>> linear = Linear(1, seed=0)
    >>> linear(np.ones((4, 3), dtype=np.float32)).shape
    (4, 1)
    >>> linear.backward(np.ones((4, 1), dtype=np.float32)).shape
    (4, 3)
    >>> linear.B.grad
    array([4.], dtype=float32)
    """

    min_dims = 2

    def __init__(
        self,
        size: int,
        *,
        bias: bool = True,
        weight_init: Initializer | None = None,
        bias_init: Initializer = zeros,
        seed: int | None = None,
    ) -> None:
        self.size = _checked_size(size)
        self.bias = bias
        self.weight_init = weight_init
        self.bias_init = bias_init
        self.seed = seed
        self._suitable_init: Initializer = glorot_uniform

    def setup(self, input_shape: Shape) -> None:
        self.features = input_shape[-1]
        self.W = Parameter((self.features, self.size), self.weight_init or self._suitable_init)
        self.B = Parameter((self.size,), self.bias_init) if self.bias else None

    def forward(self, input: Array) -> Array:
        return functional.linear(input, self.W.value, self.B.value if self.B else None)

    def backward(self, output_grad: Array) -> Array:
        self._accumulate(output_grad)
        return functional.input_grad(self.W.value, output_grad)

    def learn(self, output_grad: Array) -> None:
        self._accumulate(output_grad)

    def multiply_adds(self) -> int:
        return int(math.prod(self.input_shape)) * self.size

    def _accumulate(self, output_grad: Array) -> None:
        self.W.accumulate_result(functional.weight_grad, self.last_input, output_grad)
        if self.B:
            self.B.accumulate_result(functional.bias_grad, output_grad)

    def prefer_initializer(self, initializer: Initializer | None) -> Initializer | None:
        self._suitable_init = initializer or self._suitable_init
        return None


def _checked_size(size: int) -> int:
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise DataError(
            code="LN113",
            where="Linear",
            saw=f"size={size!r}",
            why="it is the number of outputs",
            fix="a whole number of at least 1, such as Linear(10)",
        )
    return int(size)
