"""What is said of a loss that a user has written, where it breaks the contract."""

from __future__ import annotations

import math
import warnings
import weakref
from typing import Any

from ..arrays import Array
from ..exc import BackwardError, ContractError, LearningWarning, MatchError
from ..layer import Layer
from ..modes import is_accumulating
from ..parameters import keeps_axes

__all__ = ["check_network", "check_shape", "make_room", "misshapen", "not_kept", "nothing_returned"]


def check_network(where: str, network: Any) -> None:
    """Refuse what is not a network, such as the class of one."""
    if not isinstance(network, Layer):
        is_class = isinstance(network, type)
        raise ContractError(
            code="LN617",
            where=where,
            saw=f"the class {network.__name__}" if is_class else f"a {type(network).__name__} in place of a network",
            why="a loss runs a network forward and back: an object, with parameters of its own",
            fix=f"{where}({network.__name__}(...)), an object of the class"
            if is_class
            else f"{where}(network): a Sequential of layers, or one layer",
        )


def check_shape(loss: Any, losses: Any, predictions: Array) -> None:
    """Refuse losses that are neither one for every prediction nor one for every row or example."""
    wanted, shape = tuple(predictions.shape), tuple(getattr(losses, "shape", ()))
    axes = len(shape)
    if axes and (shape == wanted[:axes] or shape == (*wanted[: axes - 1], 1)):
        return
    is_total = not axes or shape == (1,)
    raise MatchError(
        code="LN595",
        where=f"{loss!r}.value",
        saw=f"losses of shape {shape}, predictions {wanted}",
        why="value gives the loss of every prediction, or of every row; "
        + ("this looks like their sum or mean" if is_total else "here numbers were broadcast against each other"),
        fix='leave sum() and mean() to the loss: return (predictions - labels) ** 2, and reduction="mean"'
        if is_total
        else f"bring all arrays in value into the shape {wanted}, or {wanted[:-1]} for rows: "
        "weights[:, None], sum(axis=-1)",
    )


def make_room(loss: Any) -> None:
    """Let the gradients that no step has used make room for those of a loss; warn if they are another loss's."""
    vector = loss.network._vector
    if vector is None:
        return
    unused = vector.any_fresh() and not is_accumulating()
    if unused:
        vector.make_room()
    other = vector.giver() if vector.giver is not None else None
    if other is loss:
        return
    if other is not None and unused:
        warnings.warn(
            f"{loss!r} replaces the gradients of {other!r}, which no step has used. "
            "To add them up: `with lnc.accumulating():` around both.",
            LearningWarning,
            stacklevel=3,
        )
    vector.giver = weakref.ref(loss)


def not_kept(loss: Any) -> BackwardError:
    """The error where a forward of a user's own has not kept the network's output."""
    kept = "nothing" if loss.last_input is None else "another array than the network's last output"
    return BackwardError(
        code="LN596",
        where=repr(loss),
        saw=f"{kept} in self.last_input",
        why="a forward of one's own keeps what the network gave, which gradient and backward go on from",
        fix="in forward: self.last_input = p = self.network(input), self.labels = labels; then no pass but backward",
    )


def misshapen(loss: Any, shape: tuple[int, ...], wanted: tuple[int, ...]) -> MatchError:
    """The error for a gradient that does not have the shape of the network's output."""
    is_broadcast = math.prod(shape) > math.prod(wanted)
    return MatchError(
        code="LN133",
        where=f"{loss!r}.gradient",
        saw=f"a gradient {shape}, the network's output was {wanted}",
        why="every output has a derivative of its own",
        fix="labels of the predictions' shape, labels[:, None]: here they were broadcast"
        if is_broadcast
        else keeps_axes(shape, wanted) or "do not sum the gradient over outputs",
    )


def nothing_returned(loss: Any, method: str) -> ContractError:
    """The error where a method has returned None."""
    return ContractError(
        code="LN147",
        where=f"{loss!r}.{method}",
        saw=f"{method} returned nothing",
        why="training needs its result",
        fix=f"end {method} with a return",
    )
