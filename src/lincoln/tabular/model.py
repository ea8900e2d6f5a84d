"""A model of a table: preprocessing, a network, its training, and predictions as classes or values."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np

from .. import arrays, functional, modes
from ..arguments import WithArguments
from ..data import DataLoader, Dataset
from ..exc import MatchError, NotFittedError
from ..layer import Layer
from ..models import History
from . import recipe
from .chunks import Chunks, check_length, divided
from .columns import told_unknown
from .preprocessor import TabularPreprocessor
from .scores import evaluated
from .store import in_places, places_of_rows
from .targets import Classes, Quantity, Target, made_target, restored_target
from .training import Hook, Run
from .values import Values, length

__all__ = ["TabularModel"]

_ROWS = 4096
"""How many rows go through the network at once where nothing is learned."""


class TabularModel(WithArguments):
    """Learns to predict one column of a table from the others: a class, or a value.

    Everything that is not given follows from the table by fixed rules: which columns there are and how they become
    numbers (`TabularPreprocessor`), the task, the size of batches, and how long is trained. The network is a chain
    of linear layers; the weights of the epoch that was best on held-out rows are kept.

    Args:
        task: ``"classification"`` or ``"regression"``; None to find it: text, booleans, two different values, and at
            most twenty different whole numbers are classes.
        hidden: the sizes of hidden layers; an empty tuple makes a linear model.
        dropout: the share of hidden units that is dropped in training.
        epochs: how many passes over the rows at most.
        batch_size: how many rows a step learns from.
        lr: the largest learning rate.
        weight_decay: of `AdamW`.
        label_smoothing: of the classes.
        patience: how many epochs without a better validation loss are allowed.
        valid_share: the share of rows that is held out to judge each epoch; 0 for none.
        preprocessor: one with settings of its own; it is copied, and learns anew.
        seed: of the split, the initial weights, the order of rows, and dropout.

    Attributes:
        task, target_name: what is predicted; the name is ``""`` where the target was an array.
        classes: the classes in the order of `predict_proba`; None for values.
        preprocessor, network: as they were made and trained.
        settings: every setting, as it was given or chosen.
        history, best_epoch: the epochs, and the number of the one whose weights were kept.
        total_epochs, total_steps: how many there will be at most, known when training begins.
        rows: how many rows training and validation have, as a pair.
        about: what else the model's file is to hold: plain values by their names, such as the metrics of a test.

    Raises:
        DataError, MatchError: a table that cannot be learned from; the message names column, row and value.
        NotFittedError: a prediction before `fit`.

    >>> rng = np.random.default_rng(0)
    >>> size = rng.uniform(1, 9, 200)
    >>> table = {"size": size, "color": np.where(size > 5, "red", "blue"), "price": 3.0 * size}
    >>> model = TabularModel().fit(table, "price")
    >>> model.task, model.predict({"color": ["red", "blue"], "size": [8.0, 2.0]}).shape
    ('regression', (2,))
    >>> model.evaluate(table)["r2"] > 0.9
    True
    """

    best_epoch: int = 0
    total_epochs: int = 0
    total_steps: int = 0
    rows: tuple[int, int] = (0, 0)
    target_name: str = ""

    def __init__(
        self,
        *,
        task: str | None = None,
        hidden: Sequence[int] | None = None,
        dropout: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        weight_decay: float | None = None,
        label_smoothing: float | None = None,
        patience: int | None = None,
        valid_share: float | None = None,
        preprocessor: TabularPreprocessor | None = None,
        seed: int = 0,
    ) -> None:
        self.asked_task = task
        self.given = {
            "hidden": hidden,
            "dropout": dropout,
            "epochs": epochs,
            "batch_size": batch_size,
            "lr": lr,
            "weight_decay": weight_decay,
            "label_smoothing": label_smoothing,
            "patience": patience,
            "valid_share": valid_share,
        }
        self.seed = seed
        self.preprocessor = _fresh(preprocessor or TabularPreprocessor(seed=seed))
        self.settings: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.history = History()
        self._network: Layer | None = None
        self._target: Target | None = None

    # ------------------------------------------------------------------ learning

    def fit(
        self,
        table: Any,
        target: Any,
        *,
        valid: tuple[Any, Any] | None = None,
        sample_weight: Any = None,
        on_start: Hook | None = None,
        on_step: Hook | None = None,
        on_epoch: Hook | None = None,
        checkpoint: Any = None,
        resume: Any = None,
    ) -> Self:
        """Learn from a table, anew.

        Args:
            table: the rows; see `TabularPreprocessor`.
            target: the name of the column to predict, or that column itself, one entry for each row.
            valid: a table and a target to judge each epoch on; if not given, some rows are held out for it. What
                columns hold is learned from all rows of ``table``.
            sample_weight: ``(n,)``, how much each row counts.
            on_start: called with this model before the first step; how long it will take is known then.
            on_step: called with this model and the number of steps so far, after each step.
            on_epoch: called with this model and each `Epoch`; a true answer ends the training.
            checkpoint: a path, or a `lincoln.files.Checkpoint`, to write down where training stands.
            resume: the path of a checkpoint to go on from, bit for bit, with the same table and settings.
        """
        columns, values, name = divided(table, target, where="TabularModel.fit")
        if sample_weight is not None:
            check_length(length(values), sample_weight, "sample_weight", where="TabularModel.fit")
        hooks = {"on_start": on_start, "on_step": on_step, "on_epoch": on_epoch}
        run = Run(self, valid=valid, checkpoint=checkpoint, resume=resume, **hooks)
        return self._fit(Chunks(lambda: [(columns, values)], name), run, weights=sample_weight)

    def fit_chunks(
        self,
        chunks: Callable[[], Iterable[Any]],
        target: str,
        *,
        folder: str | os.PathLike[str] | None = None,
        valid: tuple[Any, Any] | None = None,
        on_read: Hook | None = None,
        on_start: Hook | None = None,
        on_step: Hook | None = None,
        on_epoch: Hook | None = None,
        checkpoint: Any = None,
        resume: Any = None,
    ) -> Self:
        """Learn from a table that is too large for memory: it is read twice, chunk by chunk.

        The first time to learn what its columns hold, the second time to keep it in a compact form, four bytes for a
        column and row, in memory or in a file. Features are made from that for one batch at a time.

        Args:
            chunks: a function that gives the chunks of the table from the first to the last, every time it is called.
            target: the name of the column to predict.
            folder: where the file lies if there is one; it vanishes with the process.
            on_read: called with this model, 1 or 2 for the time of reading, and the number of rows read so far.
            valid, on_start, on_step, on_epoch, checkpoint, resume: as in `fit`.

        Raises:
            DataError: the chunks have another number of rows the second time.
        """

        def pairs() -> Iterator[tuple[Any, Values]]:
            for chunk in chunks():
                columns, values, _ = divided(chunk, target, where="TabularModel.fit")
                yield columns, values

        hooks = {"on_start": on_start, "on_step": on_step, "on_epoch": on_epoch}
        run = Run(self, valid=valid, checkpoint=checkpoint, resume=resume, **hooks)
        return self._fit(Chunks(pairs, target, on_read=on_read and partial(on_read, self), folder=folder), run)

    def _fit(self, chunks: Chunks, run: Run, *, weights: Any = None) -> Self:
        learner = _fresh(self.preprocessor)
        values = chunks.learn(learner)
        self.preprocessor = _fresh(learner).load_state_dict(learner.state_dict())  # without its sample of the data
        self._target = made_target(values, task=self.asked_task, name=chunks.target, hint=learner.decimal_hint)
        self.target_name, self.history = chunks.target, History()
        labels = self._target.labels(values, where="TabularModel.fit", column=chunks.target)
        given = self.given if run.valid is None else self.given | {"valid_share": 0.0}
        n = len(labels)
        share = recipe.settings_for(n, given)["valid_share"]
        splitting, initial, shuffling = map(np.random.default_rng, np.random.SeedSequence(self.seed).spawn(3))
        places, n_train = places_of_rows(labels, share, stratify=self.task == "classification", rng=splitting)
        self.settings = recipe.settings_for(n_train, given | {"valid_share": share})
        data = [chunks.encode(self.preprocessor, places), in_places(labels, places)]
        if weights is not None:
            data.append(in_places(np.asarray(weights, dtype=np.float32), places))
        self._network = recipe.made_network(
            self.preprocessor, self._target.outputs, self.settings, seed=int(initial.integers(2**32))
        )
        train = Dataset(*(part[:n_train] for part in data))
        held_out = Dataset(*(part[n_train:] for part in data)) if n_train < n else run.given_valid()
        self.rows = n_train, 0 if held_out is None else len(held_out)
        loader = DataLoader(train, batch_size=self.settings["batch_size"], shuffle=True, seed=shuffling)
        self.total_epochs = self.settings["epochs"]
        self.total_steps = self.total_epochs * len(loader)
        run.train(loader, held_out)
        return self

    # ------------------------------------------------------------------ using

    def predict(self, table: Any) -> np.ndarray:
        """The most probable class of each row, or its value in the target's unit.   -> (n,)

        Categories that training did not show are counted in a warning.
        """
        return self.answers(table)[0]

    def predict_proba(self, table: Any) -> np.ndarray:
        """The probability of each class.   -> (n, classes), float32

        Raises:
            MatchError: the model predicts values.
        """
        if isinstance(self.target, Quantity):
            raise MatchError(
                code="LN636",
                where="TabularModel.predict_proba",
                saw="a model that predicts values",
                why="only classes have probabilities",
                fix='predict(table); or TabularModel(task="classification")',
            )
        _, probabilities = self.answers(table)
        return np.asarray(probabilities)

    def answers(
        self, table: Any, *, unknown: Counter[tuple[str, str]] | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """What `predict` and `predict_proba` give, in one pass; None for the probabilities of values.

        Args:
            table: the rows.
            unknown: counts the categories that training did not show, by the names of column and category; if not
                given, there is a warning of them.
        """
        target, found = self.target, Counter[tuple[str, str]]() if unknown is None else unknown
        outputs = self._outputs(table, found)
        if unknown is None and found:
            warnings.warn("\n".join(told_unknown(found)), stacklevel=3)
        if isinstance(target, Quantity):
            return target.inverse(outputs[:, 0]), None
        return np.asarray(target.names[outputs.argmax(axis=1)]), np.asarray(functional.softmax(outputs))

    def evaluate(self, table: Any, target: Any = None) -> dict[str, float]:
        """How good predictions are.

        Args:
            table: rows as in training.
            target: a column's name, or the column itself; the one that was trained for if it is not given.

        Returns:
            ``accuracy``, ``log_loss`` and, of two classes, ``roc_auc``; or ``rmse``, ``mae`` and ``r2`` in the target's
            unit.
        """
        return self.evaluate_chunks([table], target)

    def evaluate_chunks(
        self,
        chunks: Iterable[Any],
        target: Any = None,
        *,
        unknown_classes: bool = False,
        unknown: Counter[tuple[str, str]] | None = None,
    ) -> dict[str, float]:
        """What `evaluate` gives, of a table that comes chunk by chunk.

        Args:
            chunks: of the table, with the target in each.
            target: as in `evaluate`.
            unknown_classes: whether rows of classes that training did not show count as wrong, and are not refused.
            unknown: as in `answers`.
        """
        return evaluated(self, chunks, target, unknown_classes=unknown_classes, unknown=unknown)

    @property
    def task(self) -> str:
        """``"classification"`` or ``"regression"``; ``""`` before `fit`, if it is to be found."""
        return self.asked_task or "" if self._target is None else self._target.task

    @property
    def classes(self) -> np.ndarray | None:
        """The classes, in the order of `predict_proba`; None for values, and before `fit`."""
        return self._target.names if isinstance(self._target, Classes) else None

    @property
    def target(self) -> Target:
        """What is predicted."""
        if self._target is None:
            raise _not_fitted()
        return self._target

    @property
    def network(self) -> Layer:
        """The network; its input is what ``preprocessor.encode`` gives."""
        if self._network is None:
            raise _not_fitted()
        return self._network

    @property
    def notes(self) -> list[str]:
        """What a person should know of how the table was understood."""
        return self.preprocessor.notes

    # ------------------------------------------------------------------ saving

    def state_dict(self) -> dict[str, Any]:
        """All that has been learned: numbers, strings and arrays, in lists and dictionaries; nothing before `fit`."""
        if self._target is None or self._network is None:
            return {}
        return {
            "target": self._target.state(),
            "target_name": self.target_name,
            "settings": self.settings | {"hidden": list(self.settings["hidden"])},
            "rows": list(self.rows),
            "best_epoch": self.best_epoch,
            "about": self.about,
            "preprocessor": self.preprocessor.state_dict(),
            "network": self._network.state_dict(),
            "history": self.history.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over what `state_dict` gave: the same predictions, bit for bit."""
        if not state:
            return self
        target = restored_target(state["target"])
        preprocessor = _fresh(self.preprocessor).load_state_dict(state["preprocessor"])
        settings = dict(state["settings"]) | {"hidden": tuple(state["settings"]["hidden"])}
        network = recipe.made_network(preprocessor, target.outputs, settings, seed=0)
        network.load_state_dict(state["network"])
        self.history = History().load_state_dict(state["history"])
        self._target, self._network, self.preprocessor, self.settings = target, network, preprocessor, settings
        if not isinstance(state["target_name"], str):
            raise TypeError(f"a target named by a {type(state['target_name']).__name__}")
        self.target_name, self.best_epoch = state["target_name"], int(state["best_epoch"])
        self.about = dict(state["about"])
        train, valid = state["rows"]
        self.rows = int(train), int(valid)
        return self

    def _outputs(self, table: Any, unknown: Counter[tuple[str, str]]) -> np.ndarray:
        network = self.network
        codes = self.preprocessor.encode(table, unknown=unknown)
        kind = network.vector.value
        parts = (arrays.like(codes[start : start + _ROWS], kind) for start in range(0, len(codes), _ROWS))
        with modes.evaluation():
            return np.concatenate([arrays.numpy(network(part)) for part in parts])


def _fresh(preprocessor: TabularPreprocessor) -> TabularPreprocessor:
    """A preprocessor of the same settings that has learned nothing."""
    return type(preprocessor)(**preprocessor.get_params())


def _not_fitted() -> NotFittedError:
    return NotFittedError(
        code="LN637",
        where="TabularModel",
        saw="a model that has seen no table",
        why="there is nothing that it could predict with",
        fix="model.fit(table, target) first",
    )
