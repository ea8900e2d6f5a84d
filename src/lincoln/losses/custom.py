"""A loss made of two functions."""

from __future__ import annotations

from collections.abc import Callable

from ..arrays import Array
from ..exc import ContractError, MatchError
from ..layer import Layer
from .loss import Loss, Reduction

__all__ = ["Custom"]


class Custom(Loss):
    """L = f(p, y),  ∂L/∂p = f'(p, y), with two functions of your own of predictions and labels, both of one shape

    ``lnc.check_gradients(loss, x, y)`` tells whether the second is the derivative of the first.

    Args:
        network: the layer whose output is judged.
        value: f, which gives the loss of every prediction, or of every row: neither a sum nor a mean.
        derivative: f', which gives the derivative of f with respect to every prediction.
        reduction: ``"sum"`` or ``"mean"``.

    Raises:
        ContractError: not functions.
        MatchError: ``value`` does not give one number for every prediction or row.

    >>> import numpy as np
    >>> from lincoln.initializers import Constant
    >>> from lincoln.layers import Linear
    >>> loss = Custom(
    ...     Linear(1, weight_init=Constant(1.0)),
    ...     value=lambda p, y: np.log(np.cosh(p - y)),
    ...     derivative=lambda p, y: np.tanh(p - y),
    ... )
    >>> round(loss(np.array([[1.0], [3.0]]), np.array([1.0, 1.0])), 4)
    1.325
    """

    own = False

    def __init__(
        self,
        network: Layer,
        *,
        value: Callable[[Array, Array], Array],
        derivative: Callable[[Array, Array], Array],
        reduction: Reduction = "sum",
    ) -> None:
        super().__init__(network, reduction=reduction)
        for name, function in (("value", value), ("derivative", derivative)):
            if not callable(function):
                raise ContractError(
                    code="LN557",
                    where="Custom",
                    saw=f"{name}={function!r}",
                    why="it is called with the predictions and the labels of every batch",
                    fix=f"{name}=lambda p, y: {'(p - y) ** 2' if name == 'value' else '2 * (p - y)'}",
                )
        self.functions = value, derivative

    def value(self, predictions: Array, labels: Array) -> Array:
        losses = self.functions[0](predictions, labels)
        if losses is not None and getattr(losses, "shape", ()) not in (predictions.shape, predictions.shape[:-1]):
            raise MatchError(
                code="LN558",
                where=repr(self),
                saw=f"losses of shape {tuple(getattr(losses, 'shape', ()))}, predictions {tuple(predictions.shape)}",
                why="weights and means need the loss of every prediction, or of every row",
                fix='leave sum() and mean() to the loss: value=lambda p, y: (p - y) ** 2, reduction="mean"',
            )
        return losses

    def derivative(self, predictions: Array, labels: Array) -> Array:
        return self.functions[1](predictions, labels)

    def __repr__(self) -> str:
        names = [getattr(function, "__name__", repr(function)) for function in self.functions]
        shown = f"Custom(value={names[0]}, derivative={names[1]}"
        return f"{shown})" if self.reduction == "sum" else f"{shown}, reduction={self.reduction!r})"
