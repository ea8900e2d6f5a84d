"""One call of ``fit``: what it does after each epoch, and how it goes on after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from .history import Epoch
from .stopping import EarlyStopping
from .trainer import Trainer

if TYPE_CHECKING:
    from ..files import Checkpoint

__all__ = ["Run"]

OnStep = Callable[[Trainer], object]


class Run:
    """The epochs of one ``fit``, with early stopping and a checkpoint if they are wanted.

    Args:
        trainer: the training loop.
        epochs: how many there will be, those before an interruption included.
        stopping: when to stop; None to run all epochs.
        checkpoint: where to write how far it has come.

    Attributes:
        resumed: whether it goes on from a checkpoint.

    >>> from lincoln import layers, losses, optim
    >>> network = layers.Linear(1)
    >>> Run(Trainer(losses.MeanSquaredError(network), optim.SGD(network)), epochs=3).left
    3
    """

    def __init__(
        self,
        trainer: Trainer,
        *,
        epochs: int,
        stopping: EarlyStopping | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.trainer = trainer
        self._epochs = epochs
        self.stopping = stopping
        self.checkpoint = checkpoint
        self.resumed = False
        self._first = trainer.completed

    def start(self, root: Any, *, resume: Any, **parts: Any) -> None:
        """Begin, or go on from a checkpoint if there is one.

        Args:
            root: the model.
            resume: the checkpoint to go on from; None to begin anew.
            parts: loaders and whatever else has a state in this run.
        """
        if self.stopping:
            self.stopping.start()
            parts["early_stopping"] = self.stopping
        if resume is None and self.checkpoint is None:
            return
        from ..files import Checkpoint

        states = {name: part for name, part in parts.items() if hasattr(part, "load_state_dict")}
        states |= {"trainer": self.trainer, "run": self}
        if resume is not None:
            self.resumed = Checkpoint(resume).watch(root, **states).resume()
        if self.checkpoint is not None:
            self.checkpoint.watch(root, **states).write()

    @property
    def done(self) -> int:
        """How many of its epochs are over."""
        return self.trainer.completed - self._first

    @property
    def left(self) -> int:
        """How many epochs are still to come, one that is under way included."""
        return 0 if self.stopping and self.stopping.over else max(0, self._epochs - self.done)

    def on_step(self, then: OnStep | None) -> OnStep | None:
        """What is called after each step: the function that was given first, then the checkpoint."""
        if self.checkpoint is None:
            return then
        write = self.checkpoint.on_step
        if then is None:
            return write
        first = then

        def both(trainer: Trainer) -> None:
            first(trainer)
            write(trainer)

        return both

    def on_epoch(self, epoch: Epoch) -> bool:
        """Look at an epoch that is over; true if it is time to stop."""
        stop = self.stopping is not None and self.stopping.update(epoch, self.trainer.network)
        if self.checkpoint is not None and not stop:
            self.checkpoint.on_epoch()
        return stop

    def finish(self) -> None:
        """Write down that there is nothing left to do, before the best weights are brought back."""
        if self.checkpoint is not None:
            self.checkpoint.write()

    def state_dict(self) -> dict[str, int]:
        """How many epochs the network had seen when the run began."""
        return {"first": self._first}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what `state_dict` gave."""
        self._first = int(state["first"])
        return self


def checkpoint_of(given: Any) -> Checkpoint | None:
    """What ``checkpoint`` asks for: an object, or the path of the file."""
    if given is None:
        return None
    from ..files import Checkpoint

    return given if isinstance(given, Checkpoint) else Checkpoint(given)
