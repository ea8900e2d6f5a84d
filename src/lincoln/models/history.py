"""What training leaves behind: one row for each epoch, to look at, to plot, to put into a table."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from ..exc import DataError, MissingPackageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Epoch", "History"]


@dataclass
class Epoch:
    """One pass over the training batches.

    Attributes:
        number: from 1.
        steps: the optimizer's steps so far, in all epochs.
        train_loss: mean per example over the epoch, each batch judged before its step.
        valid_loss: mean per example after the epoch; None without validation data.
        metrics: each metric's value on the validation data, by its name.
        learning_rate: the last step's.
        seconds: how long the epoch took, without validation.

    >>> Epoch(number=1, steps=10, train_loss=0.5).valid_loss is None
    True
    """

    number: int
    steps: int
    train_loss: float
    valid_loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    learning_rate: float = 0.0
    seconds: float = 0.0

    @property
    def monitored(self) -> float:
        """The loss that early stopping and schedules look at: of validation, or else of training."""
        return self.train_loss if self.valid_loss is None else self.valid_loss


_COLUMNS = ("number", "steps", "train_loss", "valid_loss", "learning_rate", "seconds")


class History:
    """The epochs of a training run, in order.

    >>> history = History()
    >>> history.append(Epoch(number=1, steps=10, train_loss=0.7, valid_loss=0.8))
    >>> history.append(Epoch(number=2, steps=20, train_loss=0.5, valid_loss=0.9))
    >>> history["train_loss"], history.best.number, len(history)
    ([0.7, 0.5], 1, 2)
    """

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []

    def append(self, epoch: Epoch) -> None:
        """Add an epoch at the end."""
        self.epochs.append(epoch)

    @property
    def best(self) -> Epoch:
        """The epoch with the lowest validation loss, or training loss if there is no validation.

        Raises:
            DataError: there is no epoch yet.
        """
        if not self.epochs:
            raise _empty("History.best")
        return min(self.epochs, key=lambda epoch: epoch.monitored)

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __getitem__(self, name: str) -> list[Any]:
        """One column: ``history["train_loss"]``, or a metric by its name; None where an epoch has no value.

        Raises:
            DataError: no epoch has a value of that name.
        """
        rows = self.rows()
        names = list(dict.fromkeys(key for row in rows for key in row))
        if rows and name not in names:
            raise DataError(
                code="LN160",
                where="History",
                saw=repr(name),
                why="no epoch has a value of that name",
                fix=f"one of {', '.join(names)}",
            )
        return [row.get(name) for row in rows]

    def state_dict(self) -> dict[str, Any]:
        """Every value of an epoch as a list over the epochs, the metrics by their names.

        >>> history = History()
        >>> history.append(Epoch(number=1, steps=10, train_loss=0.5))
        >>> history.state_dict()["train_loss"]
        [0.5]
        """
        columns: dict[str, Any] = {name: [getattr(epoch, name) for epoch in self.epochs] for name in _COLUMNS}
        names = dict.fromkeys(name for epoch in self.epochs for name in epoch.metrics)
        return columns | {"metrics": {name: [epoch.metrics.get(name) for epoch in self.epochs] for name in names}}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Hold the epochs that `state_dict` gave."""
        metrics: list[dict[str, float]] = [{} for _ in state["number"]]
        for name, values in state["metrics"].items():
            for row, value in zip(metrics, values, strict=True):
                row |= {} if value is None else {name: value}
        rows = zip(*(state[name] for name in _COLUMNS), metrics, strict=True)
        self.epochs = [Epoch(**dict(zip((*_COLUMNS, "metrics"), row, strict=True))) for row in rows]
        return self

    def rows(self) -> list[dict[str, Any]]:
        """One flat dictionary for each epoch, the metrics by their names beside the rest.

        >>> History().rows()
        []
        """
        flat = []
        for epoch in self.epochs:
            row = asdict(epoch)
            metrics = row.pop("metrics")
            flat.append(row | metrics)
        return flat

    def to_frame(self) -> Any:
        """A pandas DataFrame with one row for each epoch.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingPackageError(
                code="LN161",
                where="History.to_frame",
                saw="no package pandas",
                why="the frame is pandas'",
                fix='pip install -e ".[pandas]"; or history.rows(), plain dictionaries',
            ) from error
        return pd.DataFrame(self.rows())

    def plot(self, path: str | Path | None = None, *, title: str = "") -> Any:
        """Draw the losses over the epochs, and the metrics beside them if there are any.

        Args:
            path: where to save the picture; its ending says the format.
            title: written above.

        Returns:
            The matplotlib figure.

        Raises:
            MissingPackageError: matplotlib is not installed.
            DataError: there is no epoch yet.
        """
        if not self.epochs:
            raise _empty("History.plot")
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise MissingPackageError(
                code="LN162",
                where="History.plot",
                saw="no package matplotlib",
                why="it draws the picture",
                fix='pip install -e ".[plot]"',
            ) from error
        metrics = list(dict.fromkeys(name for epoch in self.epochs for name in epoch.metrics))
        valid = ["valid_loss"] if any(epoch.valid_loss is not None for epoch in self.epochs) else []
        figure = Figure(figsize=(9.6 if metrics else 5.6, 3.6), layout="constrained")
        panels = figure.subplots(1, 2 if metrics else 1, squeeze=False)[0]
        self._draw(panels[0], ["train_loss", *valid])
        panels[0].set_ylabel("loss, mean per example")
        if metrics:
            self._draw(panels[1], metrics)
        figure.suptitle(title)
        if path is not None:
            from pathlib import Path

            path = Path(os.fsdecode(path))
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, dpi=120)
        return figure

    def _draw(self, panel: Any, names: list[str]) -> None:
        for name in names:
            values = [math.nan if value is None else value for value in self[name]]
            panel.plot(self["number"], values, label=name.replace("_", " "))
        panel.set_xlabel("epoch")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(alpha=0.3)
        panel.legend()

    def __repr__(self) -> str:
        if not self.epochs:
            return "History(no epochs)"
        last = self.epochs[-1]
        return f"History({len(self)} epochs, train_loss={last.train_loss:.4g})"


def _empty(where: str) -> DataError:
    return DataError(
        code="LN163", where=where, saw="no epoch", why="nothing has been trained yet", fix="model.fit(...) first"
    )
