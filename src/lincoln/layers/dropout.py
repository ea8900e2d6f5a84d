"""Dropout."""

from __future__ import annotations

from typing import ClassVar

from .. import functional
from ..arrays import Array
from ..initializers import Shape
from ..layer import Layer
from ..settings import Range, Settings

__all__ = ["Dropout"]


_RATE = Range(
    "[0, 1)",
    "a rate of at least 0 and below 1, such as 0.5",
    code="LN112",
    why="it is the share of the inputs that is dropped, and something must remain",
)


class Dropout(Layer):
    """In training y = x m / (1 - rate) with a new mask m of zeros and ones for every batch; in evaluation y = x.

    The division keeps the expected value as it was   (Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov
    2014).

    Args:
        rate: the share of the inputs that is dropped, 0 <= rate < 1.

    Attributes:
        mask: the last batch's m / (1 - rate), in the input's shape.

    Raises:
        DataError: a rate outside [0, 1).

    >>> import numpy as np
    >>> dropout = Dropout(0.5, seed=0)
    >>> dropout(np.ones((1, 8)))
    array([[0., 2., 0., 2., 2., 2., 0., 0.]])
    >>> dropout.eval()(np.ones((1, 8)))
    array([[1., 1., 1., 1., 1., 1., 1., 1.]])
    """

    _settings: ClassVar[Settings] = {"rate": _RATE}
    mask: Array = None

    def __init__(self, rate: float = 0.5, *, seed: int | None = None) -> None:
        self.rate = rate
        self.seed = seed

    def setup(self, input_shape: Shape) -> None:
        self.rng = self.generator()

    def forward(self, input: Array) -> Array:
        if not self.training:
            return input
        mask = functional.dropout_mask(self.rng, input, self.rate)
        self.keep(mask=mask)
        return input * mask

    def backward(self, output_grad: Array) -> Array:
        if self.output is self.last_input:
            return output_grad
        return output_grad * self.mask
