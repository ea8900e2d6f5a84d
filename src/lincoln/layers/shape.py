"""Layers that change an example's shape and nothing else."""

from __future__ import annotations

import math

from ..arrays import Array, namespace
from ..exc import MatchError
from ..initializers import Shape
from ..layer import Layer

__all__ = ["Flatten", "Reshape"]


class Reshape(Layer):
    """The same numbers in another shape; the batch axis stays.

    Args:
        shape: of one example; one entry may be -1 and is then worked out.

    Raises:
        MatchError: the shape holds another number of elements than an example.

    >>> import numpy as np
    >>> Reshape(2, -1)(np.zeros((5, 6))).shape
    (5, 2, 3)
    """

    accepts = "any"

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def setup(self, input_shape: Shape) -> None:
        """Refuse examples that do not fit; later ones of another shape are asked again."""
        known, size = math.prod(n for n in self.shape if n != -1), math.prod(input_shape)
        fits = known == size if -1 not in self.shape else known > 0 and size % known == 0
        if not fits or self.shape.count(-1) > 1:
            raise MatchError(
                code="LN111",
                where=repr(self),
                saw=f"examples of shape {input_shape}, {size} numbers",
                why=f"they cannot be laid out as {self.shape}",
                fix=f"a shape whose product is {size}, or one entry of -1",
            )

    def forward(self, input: Array) -> Array:
        if tuple(input.shape[1:]) != self.input_shape:
            self.setup(tuple(input.shape[1:]))
        return namespace(input).reshape(input, (input.shape[0], *self.shape))

    def backward(self, output_grad: Array) -> Array:
        return namespace(output_grad).reshape(output_grad, self.last_input.shape)


class Flatten(Reshape):
    """Each example as one row of numbers.   (batch, ...) -> (batch, n)

    >>> import numpy as np
    >>> Flatten()(np.zeros((5, 28, 28))).shape
    (5, 784)
    """

    def __init__(self) -> None:
        super().__init__(-1)
