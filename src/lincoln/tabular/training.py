"""The training of a model of a table: what surrounds the training loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import metrics
from ..data import DataLoader, Dataset
from ..models import EarlyStopping, Trainer
from . import recipe
from .chunks import divided

if TYPE_CHECKING:
    from ..files import Checkpoint

__all__ = ["Hook", "Run"]

Hook = Callable[..., object]
_ROWS = 4096
"""How many validation rows go through the network at once."""


class Run:
    """One run of training.

    Args:
        model: that is to be trained.
        valid: a table and its target to judge each epoch on, or None.
        on_start, on_step, on_epoch: what is called in between; see `TabularModel.fit`.
        checkpoint, resume: a path or a `Checkpoint` to write to; a path to go on from.
    """

    def __init__(
        self,
        model: Any,
        *,
        valid: tuple[Any, Any] | None,
        on_start: Hook | None,
        on_step: Hook | None,
        on_epoch: Hook | None,
        checkpoint: Any,
        resume: Any,
    ) -> None:
        self.model = model
        self.valid = valid
        self.on_start, self.on_step, self.on_epoch = on_start, on_step, on_epoch
        self.checkpoint = checkpoint
        self.resume = resume

    def given_valid(self) -> Dataset | None:
        """The validation table that was given, as codes and labels."""
        if self.valid is None:
            return None
        where = "TabularModel.fit, valid"
        columns, values, name = divided(*self.valid, where=where)
        codes = self.model.preprocessor.encode(columns)
        return Dataset(codes, self.model.target.labels(values, where=where, column=name))

    def train(self, loader: DataLoader, valid: Dataset | None) -> None:
        """Train, and bring the weights of the best epoch back."""
        model = self.model
        network, settings = model.network, model.settings
        loss = recipe.made_loss(network, task=model.task, settings=settings)
        optimizer = recipe.made_optimizer(network, steps=model.total_steps, settings=settings)
        metric = metrics.Accuracy() if model.task == "classification" else metrics.R2Score()
        trainer = Trainer(loss, optimizer, metrics=[metric])
        stopping = EarlyStopping(settings["patience"])
        judged = None if valid is None else DataLoader(valid, batch_size=_ROWS)
        checkpoint = self._checkpoint(trainer, loader=loader, stopping=stopping, history=model.history)
        if self.on_start is not None:
            self.on_start(model)
        try:
            over = judged is not None and stopping.over
            left = 0 if over else model.total_epochs - trainer.completed
            for epoch in trainer.epochs(loader, valid=judged, epochs=left, on_step=self._step(checkpoint)):
                model.history.append(epoch)
                stop = stopping.update(epoch, network) and judged is not None
                model.best_epoch = stopping.best_epoch
                stop = bool(self.on_epoch is not None and self.on_epoch(model, epoch)) or stop
                if checkpoint is not None:
                    checkpoint.on_epoch()
                if stop:
                    break
        finally:
            network.clear_grad()
            if judged is not None:
                stopping.restore(network)
            loss.forget()
        model.best_epoch = stopping.best_epoch if judged is not None else len(model.history)

    def _step(self, checkpoint: Checkpoint | None) -> Callable[[Trainer], object] | None:
        if checkpoint is None and self.on_step is None:
            return None

        def each_step(trainer: Trainer) -> None:
            if checkpoint is not None:
                checkpoint.on_step(trainer)
            if self.on_step is not None:
                self.on_step(self.model, trainer.optimizer.steps)

        return each_step

    def _checkpoint(self, trainer: Trainer, **parts: Any) -> Checkpoint | None:
        """What writes checkpoints, after it has brought back the one that is to go on."""
        if self.checkpoint is None and self.resume is None:
            return None
        from ..files import Checkpoint

        if self.resume is not None:
            Checkpoint(self.resume).watch(trainer, **parts).resume()
        given = self.resume if self.checkpoint is None else self.checkpoint
        checkpoint = given if isinstance(given, Checkpoint) else Checkpoint(given)
        checkpoint.watch(trainer, **parts).write()
        return checkpoint
