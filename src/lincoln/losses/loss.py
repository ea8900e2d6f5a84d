"""The contract of losses."""

from __future__ import annotations

import functools
import math
from typing import Any, ClassVar, Literal

from .. import functional, modes
from ..arguments import WithArguments
from ..arrays import Array
from ..exc import BackwardError, MatchError
from ..layer import Layer
from ..patches import Patchable, patches, unwrapped, wrappers
from ..records import Recorder
from ..settings import Checked, Settings
from ..spelling import missing
from ..tracing import Traced, find, one_line
from ..tree import is_own
from .ending import check_ending
from .labels import checked_weights, element_labels
from .options import reduction_of
from .refusals import check_network, check_shape, make_room, misshapen, not_kept, nothing_returned

__all__ = ["Loss", "Reduction"]

Reduction = Literal["sum", "mean"]


class Loss(Checked, WithArguments, Recorder, metaclass=Patchable):
    """The head of a network: it runs the network forward, judges its output, and starts the way back.

    A subclass writes ``value(predictions, labels)``, the loss of every element or of every row, and
    ``derivative(predictions, labels)``; sums, means, weights and checks are here. Or it writes
    ``forward(input, labels)``, which calls ``self.network`` and keeps ``self.last_input`` and ``self.labels``, together
    with ``gradient()``, the derivative of that number with respect to the network's output.

    Args:
        network: the layer, usually a `Sequential`, whose output is judged.
        reduction: ``"sum"`` over the batch, or ``"mean"``: over examples and outputs, weighted if there are weights. A
            ``forward`` of one's own does what it does; here it says which of the two that is.

    Attributes:
        last_input: the network's output for the last batch, which the loss took in.
        labels: the last batch's labels, in the form in which they were used.
        losses: the last batch's losses before they were summed.
        total, count: the last batch's loss as a sum over examples, and the number of examples (the sum of their
            weights): what a report of the mean per example over several batches adds up.

    Raises:
        MatchError: labels or weights do not fit the network's output, or the network ends in the wrong activation.
        DataError: labels or predictions that the loss is not made for.
        BackwardError: ``backward`` before a forward pass.

    >>> import numpy as np
    >>> from lincoln.layers import Linear
    >>> class Cauchy(Loss):
    ...     def value(self, predictions, labels):
    ...         return np.log1p((predictions - labels) ** 2)
    ...
    ...     def derivative(self, predictions, labels):
    ...         error = predictions - labels
    ...         return 2 * error / (1 + error**2)
    >>> network = Linear(1, seed=0)
    >>> loss = Cauchy(network)
    >>> value = loss(np.ones((4, 3)), np.zeros(4))
    >>> loss.backward()
    >>> network.W.grad.shape
    (3, 1)
    """

    last_input: Any = None
    labels: Any = None
    losses: Any = None
    total: float = 0.0
    count: float = 0.0
    own: ClassVar[bool] = False
    """Whether the class is one of Lincoln's own, whose formulas its tests have checked."""
    takes: ClassVar[str] = ""
    """What the network's output must be: ``"logits"``, ``"probabilities"``, ``"log-probabilities"``, or anything."""

    _settings: ClassVar[Settings] = {"reduction": reduction_of}
    records: ClassVar[tuple[str, ...]] = ("last_input", "labels", "losses", "_shares", "_gone_back", "_given")
    _watchers: Any = ()
    _shares: Any = None
    _gone_back: Any = None
    _scale: float | None = None
    """What the derivative is multiplied by; None in a sum."""
    _checked: int | None = None
    """How often classes had been patched when the first step was checked."""
    _given: Any = None
    """Labels and weights of the first batch as they came, for that check."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "own" not in vars(cls):
            type.__setattr__(cls, "own", cls.__module__.partition(".")[0] == __package__.partition(".")[0])
        cls.rewrap("backward")

    @classmethod
    def rewrap(cls, name: str) -> None:
        """Called when a method of the class has been replaced: the first step is checked around it too."""
        if name == "backward" in vars(cls):
            type.__setattr__(cls, name, _checked_once(unwrapped(vars(cls)[name])))

    def __init__(self, network: Layer, *, reduction: Reduction = "sum") -> None:
        self.reduction = reduction
        check_network(type(self).__name__, network)
        self.network = network
        check_ending(type(self).__name__, network, self.takes)

    # ------------------------------------------------------------------ what a subclass writes

    def value(self, predictions: Array, labels: Array) -> Array:
        """The loss of every element, or of every row of the last axis."""
        raise missing(self, "value")

    def derivative(self, predictions: Array, labels: Array) -> Array:
        """The derivative of `value` with respect to the predictions, in their shape."""
        raise missing(self, "derivative" if type(self).forward is Loss.forward else "gradient")

    def fit_labels(self, predictions: Array, labels: Array) -> Array:
        """Labels in the shape, dtype and library that `value` wants, or a `MatchError`."""
        return element_labels(type(self).__name__, predictions, labels)

    def share_of(self, labels: Array) -> Array | None:
        """How much every row counts in a mean, beside its example's weight; None if all count the same."""
        return None

    def probabilities(self, output: Array) -> Array:
        """The network's output as probabilities; for losses of classifiers."""
        raise MatchError(
            code="LN131",
            where=type(self).__name__,
            saw="probabilities asked for",
            why="the loss is one of regression",
            fix="predict(...); or a loss over classes, such as SoftmaxCrossEntropy",
        )

    def expected(self, output: Array) -> Array:
        """The network's output as expected values; for losses of regression."""
        return output

    # ------------------------------------------------------------------ what a user calls

    def __call__(self, input: Array, labels: Array, weights: Array | None = None) -> float:
        """The loss of one batch.

        Args:
            input: features, batch axis first.
            labels: one row for every example.
            weights: of the examples, shape ``(n,)``; a weight of 2 counts like the example given twice, one of 0 for
                nothing, even if the label is NaN.
        """
        if modes.shared and modes.is_in_doubt():  # another thread predicts: here it is meant to train
            with modes.training():
                return self(input, labels, weights)
        own = self.__dict__
        own.pop("count", None)
        own["_gone_back"] = None
        if not self.own and self._checked != patches.count and find((labels,)) is None:
            own["_given"] = labels, weights
        loss = self.forward(input, labels) if weights is None else self.forward(input, labels, weights)
        if loss is None:
            raise nothing_returned(self, "forward")
        if "count" not in own:  # a forward of the subclass's own has not said how many examples there were
            own["count"] = float(len(labels))
            own["total"] = _number(loss) * (1.0 if self.reduction == "sum" else own["count"])
        return loss

    def forward(self, input: Array, labels: Array, weights: Array | None = None) -> float:
        """Run the network forward, then the loss."""
        self.__dict__["last_input"] = None  # a batch that is refused leaves nothing to go back through
        return self.judge(self.network.forward(input), labels, weights)

    def judge(self, predictions: Array, labels: Array, weights: Array | None = None) -> float:
        """The loss of what the network has given for a batch."""
        own = self.__dict__
        own["last_input"] = None
        own["labels"] = labels = self.fit_labels(predictions, labels)
        own["losses"] = losses = self.value(predictions, labels)
        if losses is None:
            raise nothing_returned(self, "value")
        if not self.own and getattr(losses, "shape", ()) != predictions.shape:
            check_shape(self, losses, predictions)
        own["last_input"] = predictions
        return self._reduce(weights)

    def gradient(self) -> Array:
        """The derivative of the last batch's loss with respect to the network's output."""
        self._require_forward()
        grad = self.derivative(self.last_input, self.labels)
        if grad is None:
            raise nothing_returned(self, "derivative")
        if self._shares is not None:
            grad = functional.weighted_rows(grad, self._shares)
        return grad if self._scale is None else grad * self._scale

    def backward(self) -> None:
        """Send the gradient back through the network: every parameter has its gradient afterwards.

        Inside `recording` it is `Layer.backward` of the network; otherwise `Layer.learn`, which computes no input
        gradient that training does not need.
        """
        self._require_forward()
        is_first = self._checked != patches.count
        if self.network.output is not self.last_input:
            if is_first and type(self).forward is not Loss.forward:
                raise not_kept(self)
            raise BackwardError(
                code="LN146",
                where=repr(self),
                saw="a pass of the network, or one of the loss under inference(), since the loss was computed",
                why="the gradient belongs to one batch, and the layers have recorded another",
                fix="loss(x, y), then loss.backward(), nothing in between; look at other data under lnc.inference()",
            )
        if self._gone_back is self.last_input:
            raise BackwardError(
                code="LN148",
                where=repr(self),
                saw="backward a second time for the same batch",
                why="its gradients would count twice, or mix with weights that a step has changed since",
                fix="loss(x, y) before every loss.backward()",
            )
        make_room(self)
        grad = self.gradient()
        if grad is None:
            raise nothing_returned(self, "gradient")
        if grad.shape != self.last_input.shape:
            raise misshapen(self, tuple(grad.shape), tuple(self.last_input.shape))
        checks = _first_checks(self) if is_first else None
        blamed = checks.before_backward(self) if checks else ()
        if is_first:
            self._mark_checked()
        try:
            if modes.blocks() and modes.is_recording():
                self.network.backward(grad)
            else:
                self.network.learn(grad)
        except BaseException:
            self.network.clear_grad()
            raise
        self.__dict__["_gone_back"] = self.last_input
        if checks:
            checks.after_backward(self.network, blamed)

    def __setattr__(self, name: str, value: Any) -> None:
        """Tell the watchers of every change, except for what a pass leaves."""
        if name not in self.records:
            for watcher in self._watchers:
                watcher.count += 1
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: not what passes have left, nor the watchers."""
        return {name: value for name, value in super().__getstate__().items() if name != "_watchers"}

    def forget(self) -> None:
        """Drop what passes have left, here and in the network."""
        self.drop()
        self.network.forget()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.arguments[1].items() if name != "network")
        return f"{type(self).__name__}({shown})"

    def _mark_checked(self) -> None:
        own = self.__dict__
        own["_checked"] = patches.count
        own.pop("_given", None)

    def _require_forward(self) -> None:
        if self.last_input is None:
            if "count" in self.__dict__ and self._checked != patches.count and type(self).forward is not Loss.forward:
                raise not_kept(self)
            raise BackwardError(
                code="LN132",
                where=repr(self),
                saw="backward before forward",
                why="the gradient depends on the batch",
                fix="loss(x, y) first, then loss.backward()",
            )

    def _reduce(self, weights: Array | None) -> float:
        own, losses, share = self.__dict__, self.losses, self.share_of(self.labels)
        examples, own["_shares"], own["_scale"] = float(len(losses)), None, None
        if weights is not None:
            own["_shares"] = weights = checked_weights(type(self).__name__, weights, losses)
            examples = functional.total(weights)
            losses = functional.weighted_losses(losses, self.last_input, weights)
            share = weights if share is None else functional.weighted_rows(share, weights)
        total = functional.total(losses)
        own["count"] = examples
        if self.reduction == "sum":
            own["total"] = total
            return total
        divisor = examples if losses.ndim == 1 and share is None else _sum_over(share, losses)
        own["_scale"] = 1.0 / divisor if share is None else _inverse(divisor)
        loss: float = total * own["_scale"]
        own["total"] = loss * examples
        return loss


def _first_checks(loss: Loss) -> Any:
    """The checks of the first step; they are not even loaded where network and loss are Lincoln's own."""
    if type(loss.last_input) is Traced or (loss.own and is_own(loss.network)):
        return None
    from ..check import first_step

    return first_step


def _checked_once(backward: Any) -> Any:
    """A user's ``backward``, around which the first step is checked too."""

    @functools.wraps(backward)
    def checked(self: Any, *args: Any, **options: Any) -> Any:
        if self._checked == patches.count:
            return backward(self, *args, **options)
        checks = _first_checks(self)
        blamed = checks.before_backward(self) if checks else ()
        self._mark_checked()
        result = backward(self, *args, **options)
        if checks:
            checks.after_backward(self.network, blamed)
        return result

    wrappers.add(checked.__code__)  # type: ignore[attr-defined]
    return checked


@one_line
def _number(loss: Any) -> float:
    return float(loss)


@one_line
def _inverse(weight: float) -> float:
    """What a mean multiplies by; a batch whose weights are all 0 counts for nothing."""
    return 1.0 / weight if weight else 0.0


def _sum_over(share: Array | None, losses: Array) -> float:
    """The sum of all shares over the shape of the losses: what a weighted mean divides by."""
    size = int(math.prod(losses.shape))
    if share is None:
        return float(size)
    return functional.total(share) * size / int(math.prod(share.shape))
