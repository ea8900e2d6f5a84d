"""What classifiers and regressors share: a network, its loss and optimizer, and ``fit``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from .. import arrays, modes
from ..arguments import WithArguments
from ..data import DataLoader, Dataset, as_batches, check_finite
from ..data.reading import check_columns, check_lengths, column_names, labelled, read
from ..exc import DataError, MatchError, NotFittedError
from ..layer import Layer
from ..losses import Loss
from ..optim import Optimizer
from .display import Display
from .history import History
from .refusals import Fixed
from .run import Run, checkpoint_of
from .stopping import EarlyStopping
from .trainer import Evaluation, Mean, Trainer, metric_name

if TYPE_CHECKING:
    from pathlib import Path

    from ..files import Checkpoint

__all__ = ["Model"]

_ROWS = 1024
"""How many examples go through the network at once where nothing is learned."""


class Model(WithArguments):
    """A network with its loss, optimizer and metric; a subclass says what labels and outputs mean.

    Args:
        network: the layers.
        loss: a loss of this network, or its class; chosen by the subclass if it is not given.
        optimizer: an optimizer of this network, or its class; likewise.
        metric: a function of the network's outputs and the labels, or an object of `lincoln.metrics`, or its class;
            likewise.
        batch_gen: batches ``(x, y)`` to train on: an object that can be gone through many times, or a function called
            as ``batch_gen(features, labels, size=batch_size)``. If it is not given, shuffled batches of the arrays
            that ``fit`` gets.
        valid_gen: batches to judge on after each epoch, or a function that gives them.
        seed: of the shuffling; the network's own seed if it is not given.

    Attributes:
        history: the epochs so far, a `History`.
        trainer: the training loop.
        feature_names: what the columns are called, if a DataFrame was learned from.

    Raises:
        MatchError: the loss or the optimizer is of another network.
    """

    network: Fixed[Layer] = Fixed()
    loss: Fixed[Loss] = Fixed()
    optimizer: Fixed[Optimizer] = Fixed()
    metric: Fixed[Any] = Fixed()
    trainer: Fixed[Trainer] = Fixed()

    def __init__(
        self,
        network: Layer,
        loss: Loss | type[Loss] | None = None,
        optimizer: Optimizer | type[Optimizer] | None = None,
        metric: Any = None,
        batch_gen: Any = None,
        valid_gen: Any = None,
        *,
        seed: int | None = None,
    ) -> None:
        self.network = network
        self.loss = self._made(loss or self.default_loss(), Loss)
        self.optimizer = self._made(optimizer or self.default_optimizer(), Optimizer)
        self.metric = self.default_metric() if metric is None else metric() if isinstance(metric, type) else metric
        self.batch_gen = batch_gen
        self.valid_gen = valid_gen
        self.seed = seed
        self.history = History()
        self.feature_names: list[str | int] | None = None
        if self.loss.network is not network:
            raise MatchError(
                code="LN170",
                where=type(self).__name__,
                saw="a loss of another network",
                why="the model would train one network and predict with another",
                fix=f"{type(self.loss).__name__}(network) of the same network, or the class alone",
            )
        self.trainer = Trainer(self.loss, self.optimizer, metrics=[self.metric])

    # ------------------------------------------------------------------ what a subclass says

    learned: ClassVar[tuple[str, ...]] = ()
    """The attributes that are learned from the training data, such as the classes."""

    def default_loss(self) -> Any:
        """The loss to use if none is given."""
        raise NotImplementedError

    def default_optimizer(self) -> Any:
        """The optimizer to use if none is given."""
        raise NotImplementedError

    def default_metric(self) -> Any:
        """The metric to use if none is given."""
        raise NotImplementedError

    def learn_labels(self, labels: np.ndarray) -> None:
        """Look at the training labels before training, for example to number the classes; the network is built."""

    def network_labels(self, labels: np.ndarray) -> np.ndarray:
        """Labels as the loss wants them, one row for each example."""
        raise NotImplementedError

    # ------------------------------------------------------------------ what a user calls

    def fit(
        self,
        features: Any = None,
        labels: Any = None,
        epochs: int = 500,
        print_every: int | None = 100,
        batch_size: int = 32,
        *,
        valid: tuple[Any, ...] | None = None,
        sample_weight: Any = None,
        early_stopping: EarlyStopping | int | bool | None = None,
        progress: bool = False,
        checkpoint: Checkpoint | str | Path | None = None,
        resume: str | Path | None = None,
    ) -> Self:
        """Train for some epochs, from the weights as they are.

        Args:
            features, labels: the training data; not needed if ``batch_gen`` holds batches.
            epochs: how many more passes over the data.
            print_every: write a line to stderr after every so many steps: the mean loss per example since the last
                line, and the metric on the validation data, or else on the training data. None for no lines.
            batch_size: how many examples a step learns from.
            valid: features and labels to judge on after each epoch; a third part weights the examples in the loss.
            sample_weight: how much each training example counts, ``(n,)``; 2 is like the example given twice.
            early_stopping: when to stop; a number is its patience in epochs, True the usual one. The best weights are
                brought back.
            progress: show how far it has got on stderr: a bar in a terminal, a few lines elsewhere.
            checkpoint: a file, or a `lincoln.files.Checkpoint`, to write down in how far training has come.
            resume: such a file to go on from, bit for bit as if it had never been interrupted; ``epochs`` then counts
                from where that training began. If there is no such file training begins anew, so that one and the same
                call can be repeated after a crash. Where ``checkpoint`` is not given, it is the same file.

        Raises:
            DataError, MatchError: data that cannot be learned from.
            ModelFileError: a checkpoint of another model or other data, or that cannot be written or read.
            TrainingError: the loss is not finite; the last finite weights are kept.
        """
        if valid is not None and not (isinstance(valid, tuple | list) and len(valid) in (2, 3)):
            raise DataError(
                code="LN179",
                where=f"{type(self).__name__}.fit",
                saw=f"valid={type(valid).__name__}",
                why="it is what each epoch is judged on: features and their labels",
                fix="valid=(x_valid, y_valid); lnc.data.train_test_split(x, y) divides what there is",
            )
        batches, judged = self._training_batches(features, labels, batch_size, sample_weight)
        validation = self._given(self.valid_gen) if valid is None else self._loader(*valid)
        stopping = _stopping(early_stopping)
        self.trainer.recent = Mean()
        target = checkpoint_of(resume if checkpoint is None else checkpoint)
        run = Run(self.trainer, epochs=epochs, stopping=stopping, checkpoint=target)
        run.start(self, resume=resume, batches=batches, valid=validation)
        display = Display(epochs=epochs, bar=progress, done=run.done)
        if run.resumed:
            display.line(f"Resumed from {resume}: {run.done} of {epochs} epochs done, {run.left} to come")
        on_step = run.on_step(self._printer(display, print_every, judged if validation is None else validation))
        try:
            for epoch in self.trainer.epochs(batches, valid=validation, epochs=run.left, on_step=on_step):
                self.history.append(epoch)
                display.epoch(epoch)
                if run.on_epoch(epoch):
                    break
            run.finish()
        except BaseException:
            self.network.clear_grad()
            raise
        finally:
            display.close()
            if stopping:
                stopping.restore(self.network)
            self.loss.forget()
        return self

    def saved_arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What a saved model is made of again: all that it was made of, but for the data."""
        bound = inspect.signature(type(self)).bind_partial(*self.arguments[0], **self.arguments[1])
        parts: dict[str, Any] = {"network": self.network, "loss": self.loss, "optimizer": self.optimizer}
        parts |= dict.fromkeys(bound.arguments.keys() & {"batch_gen", "valid_gen"})
        bound.arguments |= {name: part for name, part in parts.items() if name in bound.signature.parameters}
        return bound.args, bound.kwargs

    def state_dict(self) -> dict[str, Any]:
        """What has been learned beside the network's and the optimizer's state: the history, the classes' names.

        >>> from lincoln import Dense, models
        >>> models.Regressor(Dense(1, None)).state_dict()
        {'history': {...}, 'epoch': 0, 'feature_names': None, '_one_column': True}
        """
        learned = {name: getattr(self, name) for name in self.learned}
        names = {"feature_names": self.feature_names}
        return {"history": self.history.state_dict(), "epoch": self.trainer.completed} | names | learned

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what `state_dict` gave."""
        history = History().load_state_dict(state["history"])
        learned = {name: state[name] for name in self.learned}
        self.trainer.epoch, self.history = int(state["epoch"]), history
        self.feature_names = state.get("feature_names")
        for name, value in learned.items():
            setattr(self, name, value)
        return self

    def evaluate(self, features: Any, labels: Any = None) -> Evaluation:
        """Loss and metric on data that are given as features and labels, or as batches.

        Raises:
            NotFittedError: nothing has been trained yet.
        """
        self._require_fitted("evaluate")
        return self.trainer.evaluate(self._given(features) if labels is None else self._loader(features, labels))

    def outputs(self, features: Any) -> np.ndarray:
        """The network's outputs for features, in evaluation, some rows at a time.

        Raises:
            NotFittedError: nothing has been trained yet.
        """
        self._require_fitted("predict")
        check_columns(features, self.feature_names, where=f"{type(self).__name__}.predict")
        check_finite(features, where=f"{type(self).__name__}.predict")
        dataset = Dataset(features, np.zeros(len(features), dtype=np.int64), dtype=self._dtype())
        with modes.evaluation():
            parts = [arrays.numpy(self.network(x)) for x, _ in DataLoader(dataset, batch_size=_ROWS)]
        return np.concatenate(parts)

    # ------------------------------------------------------------------ the machinery

    def _made(self, maker: Any, kind: type) -> Any:
        """A loss or an optimizer: as it is, or made by its class or by another function of the network."""
        made = maker(self.network) if callable(maker) and not isinstance(maker, kind) else maker
        if isinstance(made, kind):
            return made
        name = kind.__name__.lower()
        raise DataError(
            code="LN178",
            where=type(self).__name__,
            saw=f"{name}={maker!r}",
            why=f"it is no {name} of the network",
            fix=f"an object or a class of lnc.{'losses' if kind is Loss else 'optim'}, such as "
            + (
                "lnc.losses.SoftmaxCrossEntropy"
                if kind is Loss
                else "lnc.optim.Adam, or lnc.optim.Adam(network, lr=0.01)"
            ),
        )

    def _dtype(self) -> str:
        value = self.network.vector.value
        return arrays.dtype_name(value) if self.network.built and value.shape[0] else "float32"

    def _loader(self, features: Any, labels: Any, weights: Any = None) -> DataLoader:
        check_columns(features, self.feature_names, where=type(self).__name__)
        check_finite(features, where=type(self).__name__)
        labels = arrays.numpy(labels)
        rows = labelled(labels, weights)
        if len(rows) < len(labels):
            check_lengths(features, labels, where=type(self).__name__)
            features, labels = read(features, where=type(self).__name__, name="features")[rows], labels[rows]
            weights = arrays.numpy(weights)[rows]
        encoded = self.network_labels(labels)
        return DataLoader(Dataset(features, encoded, weights, dtype=self._dtype()), batch_size=_ROWS)

    def _given(self, batches: Any) -> Any:
        """Batches from elsewhere in the network's dtype, no pass begun; a function of them is left to the trainer."""
        return batches if batches is None or callable(batches) else as_batches(batches, dtype=self._dtype()).anew()

    def _training_batches(self, features: Any, labels: Any, batch_size: int, weights: Any) -> tuple[Any, Any]:
        """Batches to train on, and batches to judge the training on, if there are arrays to take them from."""
        if features is None or labels is None:
            if features is not None or self.batch_gen is None or callable(self.batch_gen):
                raise DataError(
                    code="LN168",
                    where=f"{type(self).__name__}.fit",
                    saw="no labels" if features is not None else "no features",
                    why="there is nothing to learn from",
                    fix="fit(features, labels), or batch_gen=... with batches to go through",
                )
            if weights is not None:
                raise self._no_place_for_weights()
            return self._given(self.batch_gen), None
        if not self.network.built:
            first, _ = Dataset(features[:1], [0])[:]
            with modes.evaluation():
                self.network(first)
        found = arrays.numpy(labels)
        self.learn_labels(found[labelled(found, weights)])
        judged = self._loader(features, labels, weights)
        self.feature_names = self.feature_names or column_names(features)
        if self.batch_gen is None:
            return DataLoader(judged.dataset, batch_size=batch_size, shuffle=True, seed=self._shuffling()), judged
        if weights is not None:
            raise self._no_place_for_weights()
        if not callable(self.batch_gen):
            return self._given(self.batch_gen), judged
        generate: Callable[..., Any] = self.batch_gen
        encoded = self.network_labels(arrays.numpy(labels))
        return (lambda: generate(features, encoded, size=batch_size)), judged

    def _no_place_for_weights(self) -> DataError:
        return DataError(
            code="LN524",
            where=f"{type(self).__name__}.fit",
            saw="sample_weight beside batch_gen",
            why="the batches come from elsewhere, and it is not known here which weights belong to which rows",
            fix="batches (x, y, weights); or fit(features, labels, sample_weight=...) without batch_gen",
        )

    def _shuffling(self) -> np.random.Generator:
        seed = self.network.seed if self.seed is None else self.seed
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2, self.trainer.epoch)))

    def _printer(self, display: Display, every: int | None, judged: Any) -> Callable[[Trainer], None] | None:
        if not every:
            return None

        def print_line(trainer: Trainer) -> None:
            if trainer.optimizer.steps % every:
                return
            metric = ""
            if judged is not None:
                metric = f"  {_shown(metric_name(self.metric), *trainer.evaluate(judged).metrics.values())}"
            display.line(f"Epoch {trainer.epoch}.. Train loss: {trainer.recent.value:.4f}..{metric}")
            trainer.recent = Mean()

        return print_line

    def _require_fitted(self, what: str) -> None:
        if not self.network.built:
            raise NotFittedError(
                code="LN169",
                where=f"{type(self).__name__}.{what}",
                saw="a network that is not built",
                why="nothing has been trained yet",
                fix="fit(features, labels) first",
            )


def last_layer(network: Layer) -> Layer:
    """The innermost layer at the end of a network.

    >>> from lincoln.layers import Dense
    >>> last_layer(Dense(3))
    Sigmoid()
    """
    inside = [layer for _, layer in network.children()]
    return last_layer(inside[-1]) if inside else network


def _stopping(asked: EarlyStopping | int | None) -> EarlyStopping | None:
    """What ``early_stopping`` asks for: an object, a patience, the usual patience for True, nothing for False."""
    if isinstance(asked, bool):
        return EarlyStopping() if asked else None
    return EarlyStopping(asked) if isinstance(asked, int) else asked


def _shown(name: str, value: float) -> str:
    title = name[:1].upper() + name[1:].replace("_", " ")
    return f"{title}: {value:.3%}" if name.startswith("accuracy") else f"{title}: {value:.3f}"
