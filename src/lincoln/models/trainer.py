"""The one training loop: a generator of epochs. Printing, early stopping and plots are consumers of it."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from .. import arrays, modes
from ..arguments import WithArguments
from ..arrays import Array
from ..data.places import Placed, training_on
from ..exc import DataError, MatchError, TrainingError
from ..layer import Layer
from ..losses import Loss
from ..metrics import Metric
from ..optim import Optimizer
from ..programs import Runner
from ..tree import leaves
from .history import Epoch
from .refusals import Fixed, not_an_object

__all__ = ["Evaluation", "Trainer"]

_APART = 16
"""The least number of steps between two states to come back to."""

Batches = Iterable[Any] | Callable[[], Iterable[Any]]


@dataclass
class Evaluation:
    """How good a network is on some batches.

    Attributes:
        loss: mean per example.
        metrics: each metric's value, by its name.

    >>> Evaluation(loss=0.5, metrics={"accuracy": 0.9}).loss
    0.5
    """

    loss: float
    metrics: dict[str, float] = field(default_factory=dict)


class Mean:
    """A mean per example that batches are added to.

    >>> mean = Mean()
    >>> mean.add(6.0, 3)
    >>> mean.value
    2.0
    """

    def __init__(self) -> None:
        self.total = self.count = 0.0

    def add(self, total: float, count: float) -> None:
        """Add a batch: the sum over its examples, and how many they are."""
        self.total += total
        self.count += count

    @property
    def value(self) -> float:
        """The mean so far; not a number if nothing has been added."""
        return self.total / self.count if self.count else math.nan


class Trainer(WithArguments):
    """Trains the network that a loss owns.

    A network in evaluation mode is put into training mode; layers inside one in training mode keep to theirs, so that
    ``network[2].eval()`` holds a batch normalization fast.

    Args:
        loss: the loss, with its network.
        optimizer: of the same network.
        metrics: objects or classes of `lincoln.metrics`, or functions of predictions and labels; they judge the
            network's outputs on the validation batches.

    Attributes:
        epoch, step: the numbers of the running epoch, and of its step, from 1.
        mean: the mean training loss of the running epoch.
        recent: the mean training loss since somebody last replaced it by a new `Mean`.

    Raises:
        MatchError: loss and optimizer have different networks.

    >>> from lincoln import layers, losses, optim
    >>> network = layers.Linear(1, seed=0)
    >>> trainer = Trainer(losses.MeanSquaredError(network), optim.SGD(network, lr=0.1))
    >>> x = np.linspace(-1, 1, 8, dtype=np.float32)[:, None]
    >>> for epoch in trainer.epochs([(x, 2 * x)], epochs=20):
    ...     pass
    >>> round(float(network.W.value[0, 0]), 2), epoch.number
    (2.0, 20)
    """

    loss: Fixed[Loss] = Fixed()
    optimizer: Fixed[Optimizer] = Fixed()
    network: Fixed[Layer] = Fixed()

    def __init__(self, loss: Loss, optimizer: Optimizer, *, metrics: Iterable[Any] = ()) -> None:
        for part, kind in ((loss, Loss), (optimizer, Optimizer)):
            if not isinstance(part, kind):
                raise not_an_object(part, kind)
        if optimizer.network is not loss.network:
            raise MatchError(
                code="LN164",
                where="Trainer",
                saw="a loss and an optimizer with different networks",
                why="the optimizer would change a network that the loss does not see",
                fix="make both of the same object: LogLoss(network), SGD(network)",
            )
        self.loss = loss
        self.optimizer = optimizer
        self.network = loss.network
        self.metrics = tuple(metric() if isinstance(metric, type) else metric for metric in metrics)
        self.epoch = self.step = 0
        self.mean = Mean()
        self.recent = Mean()
        self._run = Runner(loss)
        self._kept: _Kept | None = None
        self._seconds = 0.0
        self._under_way = self._resumes = self._loaded = False

    def epochs(
        self,
        batches: Batches,
        *,
        valid: Batches | None = None,
        epochs: int = 1,
        on_step: Callable[[Trainer], object] | None = None,
    ) -> Iterator[Epoch]:
        """Train, and hand out an `Epoch` after each pass over the batches. Stop taking them to stop training.

        Args:
            batches: ``(x, y)`` or ``(x, y, weights)`` tuples; an object that can be gone through many times, or a
                function that gives a new iterator.
            valid: the same, to be judged after each epoch.
            epochs: how many more.
            on_step: called with this trainer after each step. Loss and layers then hold what the pass has left.

        Raises:
            TrainingError: the loss or the weights are not finite. The weights are then the last finite ones: those
                before the batch, or, with the optimizer's state, those of the start of the epoch, or of an epoch
                just before it where epochs are as short as a few steps.
            DataError: there are no batches (any more).
        """
        self._kept = None
        with training_on(batches):
            for _ in range(epochs):
                self._begin()
                if not self.network.training:
                    self.network.train()
                try:
                    train_loss = self._pass(batches, on_step)
                    seconds = self._time()
                finally:
                    self._under_way, self._seconds = False, 0.0
                result = Epoch(
                    number=self.epoch,
                    steps=self.optimizer.steps,
                    train_loss=train_loss,
                    learning_rate=self.optimizer.last_rate,
                    seconds=seconds,
                )
                if valid is not None:
                    evaluation = self.evaluate(valid)
                    result.valid_loss, result.metrics = evaluation.loss, evaluation.metrics
                self.optimizer.observe(result.monitored)
                yield result

    def evaluate(self, batches: Batches) -> Evaluation:
        """Loss and metrics over some batches, in evaluation: nothing is learned, and nothing is recorded.

        Raises:
            DataError: there are no batches (any more).
        """
        mean, judges = Mean(), [_Judge(metric) for metric in self.metrics]
        with modes.evaluation():
            for batch in _each(batches):
                self.loss(*batch)
                mean.add(self.loss.total, self.loss.count)
                for judge in judges:
                    judge.add(self.loss.last_input, batch[1])
        self.loss.drop()
        if mean.count == 0.0:
            raise _no_batches("evaluate")
        return Evaluation(mean.value, {judge.name: judge.value for judge in judges})

    @property
    def notes(self) -> list[str]:
        """Which layers the network's program calls as they are, and why."""
        return self._run.notes

    # ------------------------------------------------------------------ saving

    def saved_arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What a saved trainer is made of again."""
        return (self.loss, self.optimizer), {"metrics": list(self.metrics)}

    def state_dict(self) -> dict[str, Any]:
        """How far training has come, the place in an epoch that is under way included.

        >>> from lincoln import layers, losses, optim
        >>> network = layers.Linear(1)
        >>> Trainer(losses.MeanSquaredError(network), optim.SGD(network)).state_dict()["epoch"]
        0
        """
        return {
            "epoch": self.epoch,
            "step": self.step,
            "under_way": self._under_way or self._resumes,
            "mean": [self.mean.total, self.mean.count],
            "recent": [self.recent.total, self.recent.count],
            "seconds": self._time() if self._under_way else self._seconds,
        }

    def load_state_dict(self, state: dict[str, Any]) -> Self:
        """Go on from what `state_dict` gave: `epochs` begins in the middle of an epoch if it was there.

        The batches that the epoch has had are left out. A `DataLoader` leaves them out by itself once it has its own
        state back; of other batches the first ``step`` are passed over, so they have to come in the same order again.
        """
        self.epoch, self.step = int(state["epoch"]), int(state["step"])
        self._resumes, self._loaded = bool(state["under_way"]), True
        self.mean, self.recent = Mean(), Mean()
        self.mean.add(*state["mean"])
        self.recent.add(*state["recent"])
        self._seconds = float(state["seconds"])
        return self

    @property
    def completed(self) -> int:
        """How many epochs are over."""
        return self.epoch - (self._under_way or self._resumes)

    # ------------------------------------------------------------------ the machinery

    def _begin(self) -> None:
        """Begin an epoch, or go on with the one whose place has been loaded."""
        if not self._resumes:
            self.epoch += 1
            self.step, self.mean, self._seconds = 0, Mean(), 0.0
        self._under_way, self._resumes = True, False
        self._seconds -= time.perf_counter()

    def _time(self) -> float:
        """How long the running epoch has taken so far, interruptions left out."""
        return self._seconds + time.perf_counter()

    def _pass(self, batches: Batches, on_step: Callable[[Trainer], object] | None) -> float:
        """One epoch: its mean loss."""
        loss, optimizer, mean, run = self.loss, self.optimizer, self.mean, self._run
        value, batch, first = math.nan, ((), ()), self.step + 1
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if isinstance(batches, Placed):
                batches.train(resumed=self._loaded)
            self._loaded = False
            for batch in _each(batches, skip=self.step):
                self.step += 1
                value = run(batch)
                if not math.isfinite(value):
                    raise self._not_finite(f"a loss of {value}", batch, kept="those before this batch")
                if self.step == first and not self._kept_lately():
                    self._keep()
                optimizer.step()
                mean.add(loss.total, loss.count)
                self.recent.add(loss.total, loss.count)
                if on_step is not None:
                    on_step(self)
            if self.step == 0:
                raise _no_batches(f"epoch {self.epoch}")
            if not _all_finite(self.network.vector.value):
                raise self._not_finite(f"a loss of {value}, and then a step too long", batch)
        return mean.value

    def _kept_lately(self) -> bool:
        """Whether there is a state to come back to, of no more than a few steps before."""
        return self._kept is not None and 0 <= self.optimizer.steps - self._kept.steps < _APART

    def _keep(self) -> None:
        """Remember weights and optimizer at the start of an epoch, to come back to if they stop being numbers."""
        weights, buffers = arrays.copied(self.network.vector.value), arrays.copied(self.network.buffers.value)
        self._kept = _Kept(self.epoch, self.optimizer.steps, weights, buffers, self.optimizer.state_dict())

    def _not_finite(self, saw: str, batch: Any, *, kept: str = "not finite") -> TrainingError:
        """The error, after weights that are no longer numbers have been put back."""
        if self.network.output is None:
            self.network(batch[0])
        where = _first_not_finite(self.network, batch)
        vector, last = self.network.vector, self._kept
        comes_back = last is not None and last.weights.shape == vector.value.shape and _all_finite(last.weights)
        if last is not None and comes_back and not _all_finite(vector.value):
            vector.value[...] = last.weights
            vector.release()
            self.network.buffers.value[...] = last.buffers
            self.optimizer.load_state_dict(last.optimizer)
            kept = f"those of the start of epoch {last.epoch} again"
        is_data = where in ("the features", "the labels")
        return TrainingError(
            code="LN166",
            where=f"epoch {self.epoch}, batch {self.step}",
            saw=f"{saw}; first not finite: {where}",
            why=f"every weight would become NaN or infinite too; the weights are {kept}",
            fix=f"{where[4:]} without NaN and infinity: lnc.data.check_finite names the first"
            if is_data
            else "a smaller learning rate, clip_norm=1.0 in the optimizer, standardized features",
        )


class _Kept(NamedTuple):
    """Where training stood when an epoch began."""

    epoch: int
    steps: int
    weights: Array
    buffers: Array
    optimizer: dict[str, Any]


class _Judge:
    """A metric over several batches: as it adds up itself, or, if it is a function, over everything at once."""

    def __init__(self, metric: Any) -> None:
        self.metric = metric.anew() if isinstance(metric, Metric) else metric
        self.name = metric_name(metric)
        self._seen: list[tuple[Array, Array]] = []

    def add(self, predictions: Array, labels: Array) -> None:
        if isinstance(self.metric, Metric):
            self.metric.update(predictions, labels)
        else:
            self._seen.append((predictions, labels if arrays.library(labels) else np.asarray(labels)))

    @property
    def value(self) -> float:
        if isinstance(self.metric, Metric):
            return float(self.metric.compute())
        predictions, labels = (arrays.namespace(part[0]).concat(part) for part in zip(*self._seen, strict=True))
        return float(self.metric(predictions, labels))


def metric_name(metric: Any) -> str:
    """What a metric is called in tables and lines.

    >>> from lincoln.metrics import accuracy
    >>> metric_name(accuracy)
    'accuracy'
    """
    return str(getattr(metric, "name", "") or getattr(metric, "__name__", "") or type(metric).__name__)


def _all_finite(value: Array) -> bool:
    if math.isfinite(value.dot(value)):
        return True
    xp = arrays.namespace(value)  # the squares of finite numbers can overflow
    return bool(xp.all(xp.isfinite(value)))


def _each(batches: Batches, *, skip: int = 0) -> Iterator[Any]:
    """The batches of one pass, but for the first ones, which batches with a state of their own leave out themselves."""
    given = iter(batches() if callable(batches) else batches)
    return itertools.islice(given, skip, None) if skip and not hasattr(batches, "load_state_dict") else given


def _first_not_finite(network: Layer, batch: Any) -> str:
    """The first thing on the way forward that holds a NaN or an infinity, by name."""
    if not _finite(batch[0]):
        return "the features"
    for path, layer in leaves(network):
        place = "network" + "".join(f"[{name}]" for name in path)
        for name, parameter in layer.named_parameters():
            if not _finite(parameter.value):
                return f"{place}.{name} of {layer!r}".lstrip(".")
        if layer.output is not None and not _finite(layer.output):
            return f"the output of {place} {layer!r}"
    return "the loss itself" if _finite(batch[1]) else "the labels"


def _finite(array: Any) -> bool:
    parts = [arrays.numpy(part) for part in (array if isinstance(array, tuple) else (array,))]
    return all(bool(np.isfinite(part).all()) for part in parts if part.dtype.kind == "f")


def _no_batches(where: str) -> DataError:
    return DataError(
        code="LN165",
        where=where,
        saw="no batches",
        why="a generator is empty once it has been gone through",
        fix="an object that can be gone through again, such as a DataLoader; or a function that makes one",
    )
