"""Groups: parameters that an optimizer treats differently from the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ..arguments import WithArguments
from ..parameters import Parameter
from ..settings import Checked, Range, Settings

__all__ = ["Group", "biases_and_norms"]


def biases_and_norms(parameter: Parameter) -> bool:
    """Whether a parameter has one axis at most, as biases and the scales and shifts of normalization layers have.

    >>> biases_and_norms(Parameter((10,))), biases_and_norms(Parameter((30, 10)))
    (True, False)
    """
    return len(parameter.shape) <= 1


class Group(Checked, WithArguments):
    """Parameters that an optimizer treats differently from the others.

    Args:
        select: a function of a `Parameter` that says whether it belongs here.
        lr_factor: the learning rate is multiplied by it; with 0 the parameters stay as they are, but their
            gradients count for the norm.
        weight_decay: in the place of the optimizer's; None keeps the optimizer's.

    Raises:
        DataError: a number outside its range.

    >>> Group(biases_and_norms, weight_decay=0.0)
    Group(biases_and_norms, weight_decay=0.0)
    """

    _settings: ClassVar[Settings] = {
        "lr_factor": Range("[0, inf)", "lr_factor=0.1"),
        "weight_decay": Range("[0, inf)", "weight_decay=0.0", optional=True),
    }

    def __init__(
        self, select: Callable[[Parameter], bool], *, lr_factor: float = 1.0, weight_decay: float | None = None
    ) -> None:
        self.select = select
        self.lr_factor = lr_factor
        self.weight_decay = weight_decay


def _every(parameter: Parameter) -> bool:
    return True


ALL_OTHERS = Group(_every)
