"""One run of the training loop for an estimator: curves, scores, patience, the best weights."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import check_scoring
from sklearn.utils.validation import _check_sample_weight

from .. import arrays
from ..exc import DataError, TrainingError
from ..models import Epoch, Trainer
from .divergence import divergence
from .optimizers import inverse_rate, prepare_optimizer
from .parameters import batch_size
from .rows import Batches, Rows

__all__ = ["check_weights", "train"]

_SLOWEST = 1e-6
"""The learning rate below which an adaptive one is not made smaller."""


def train(estimator: Any, rows: Rows, valid: Rows | None, *, epochs: int, part: bool) -> None:
    """Go through the rows for some epochs, or fewer if the estimator's patience ends; then bring the best weights back.

    Args:
        estimator: one that has been started.
        rows: to learn from.
        valid: to be judged by after each epoch, or None.
        epochs: at most so many.
        part: whether this is a ``partial_fit``, of which many more may come.
    """
    est, size = estimator, batch_size(estimator, len(rows))
    prepare_optimizer(est, batches=-(-len(rows) // size), epochs=epochs)
    trainer = Trainer(est._loss, est._optimizer, metrics=[] if valid is None else [_judge(est, valid)])
    trainer.epoch = len(est.history_)
    if est._latest is not None and not part:
        est.network_.load_state_dict(est._latest)
    if est.batch_size != "auto" and est.batch_size > len(rows):
        est._warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
    loader = Batches(rows, size, order=est._stream if est.shuffle else None)
    judged = None if valid is None else Batches(valid)
    by_rows = None if rows.weights is None or _weighs_losses(est) else _MeanByRows()
    est.n_iter_, est.stopped_, callbacks = 0, False, est._callbacks()
    try:
        for epoch in trainer.epochs(loader, valid=judged, epochs=epochs, on_step=by_rows):
            if by_rows is not None:
                epoch.train_loss = by_rows.take()
            _note(est, epoch, len(rows))
            if est.verbose:
                _print(_line(est, epoch))
            told = [callback(est, epoch) for callback in callbacks]
            ended = any(answer is True for answer in told)
            est.stopped_ = _patience_ends(est, part=part) or ended
            est._asked_to_stop = est.stopped_ and (est.early_stopping or ended)
            if est.stopped_:
                break
    except KeyboardInterrupt:
        est._warn("Training interrupted by user.")
    except TrainingError as error:
        if not est.early_stopping or est._best is None:
            raise divergence(est, saw=f"{error.saw}, in {error.where}", fix=error.fix) from error
        _note_divergence(est, error)
    if est.n_iter_ == est.max_iter and not (part or est.stopped_):
        est._warn(
            f"Stochastic Optimizer: Maximum iterations ({est.max_iter}) reached and the optimization hasn't converged "
            "yet.",
            ConvergenceWarning,
        )
    _end(est, part)


def check_weights(estimator: Any, weights: Any, x: Any) -> np.ndarray:
    """Example weights as ``(n,)``.

    Raises:
        ValueError: not one for each row, negative, or all zero.
    """
    checked: np.ndarray = _check_sample_weight(weights, x, dtype=np.float64)
    if checked.min() < 0 or not checked.any():
        raise DataError(
            code="LN663",
            where=type(estimator).__name__,
            saw=f"sample_weight from {checked.min():g} to {checked.max():g}",
            why="a weight says how often a row counts: sample weights are not negative, and not all of them zero",
            fix="sample_weight of at least 0; leave rows out that are to count for nothing",
        )
    return checked


def _weighs_losses(est: Any) -> bool:
    """Whether an epoch's loss is the mean by weights: if asked for, and with class weights, which are ours alone."""
    return bool(est.weights_are_counts) or getattr(est, "class_weight", None) is not None


class _MeanByRows:
    """An epoch's mean loss in which a batch counts by its rows, whatever they weigh, as in scikit-learn."""

    def __init__(self) -> None:
        self._total = self._rows = 0.0

    def __call__(self, trainer: Trainer) -> None:
        """Add the batch of a step."""
        loss, rows = trainer.loss, len(trainer.loss.last_input)
        self._total += loss.total / loss.count * rows
        self._rows += rows

    def take(self) -> float:
        """The mean so far; the next epoch begins."""
        mean = self._total / self._rows
        self._total = self._rows = 0.0
        return mean


def _judge(estimator: Any, valid: Rows) -> Callable[[Any, Any], float]:
    """The score of an epoch as a metric of the training loop."""
    if estimator.scoring is None or estimator.scoring == "loss":
        return _usual(estimator, valid)
    scorer = check_scoring(estimator, scoring=estimator.scoring)
    weighs = valid.weights is not None and _takes_weights(scorer)
    options = {"sample_weight": valid.weights} if weighs else {}
    known = estimator._named_labels(valid.y)

    def score(outputs: Any, labels: Any) -> float:
        nameless = copy.copy(estimator)  # the rows have lost their columns' names by now
        nameless.__dict__.pop("feature_names_in_", None)
        return float(scorer(nameless, valid.x, known, **options))

    return score


def _usual(estimator: Any, valid: Rows) -> Callable[[Any, Any], float]:
    def score(outputs: Any, labels: Any) -> float:
        given = arrays.numpy(outputs)
        if not np.isfinite(given).all():
            return math.nan
        return float(estimator._usual_score(given, valid.y, valid.weights))

    return score


def _takes_weights(scorer: Any) -> bool:
    parameters = inspect.signature(scorer).parameters
    return "sample_weight" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _note(est: Any, epoch: Epoch, n: int) -> None:
    """Write down an epoch, and how many have gone by without improvement."""
    est.history_.append(epoch)
    est.n_iter_ += 1
    est.t_ += n
    est.loss_ = epoch.train_loss
    est.loss_curve_.append(est.loss_)
    if epoch.valid_loss is not None:
        score = -epoch.valid_loss if est.scoring == "loss" else epoch.metrics["score"]
        if est.validation_scores_ is None:
            est.validation_scores_, est.validation_loss_curve_ = [], []
        est.validation_scores_.append(score)
        est.validation_loss_curve_.append(epoch.valid_loss)
    if est.early_stopping:
        best = -np.inf if est.best_validation_score_ is None else est.best_validation_score_
        worse = score < best + est.tol
        tie = est.ties_by_loss and score == best and epoch.valid_loss < est._best_loss
        if score > best or tie or est._best is None:
            est.best_validation_score_, est._best_loss = score, epoch.valid_loss
            est._best = est.network_.state_dict()
    else:
        best = np.inf if est.best_loss_ is None else est.best_loss_
        worse = est.loss_ > best - est.tol
        est.best_loss_ = min(best, est.loss_)
    est._unimproved = est._unimproved + 1 if worse else 0
    if est.solver == "sgd" and est.learning_rate == "invscaling":
        est._optimizer.lr = inverse_rate(est)


def _note_divergence(est: Any, error: TrainingError) -> None:
    """Write down an epoch that was not finished: early stopping ends there, with the best weights so far."""
    est.n_iter_ += 1
    est.loss_ = math.nan
    est.loss_curve_.append(math.nan)
    est.validation_scores_.append(math.nan)
    est.validation_loss_curve_.append(math.nan)
    est.stopped_ = est._asked_to_stop = True
    est._warn(f"Training diverged ({error.saw}, in {error.where}); the best weights are back.", ConvergenceWarning)


def _patience_ends(est: Any, *, part: bool) -> bool:
    """Whether it is time to stop; an adaptive learning rate is made smaller first.

    After a part it is time only where early stopping was asked for: the next part may bring what this one did not.
    """
    if est._unimproved <= est.n_iter_no_change:
        return False
    what = "Validation score" if est.early_stopping else "Training loss"
    text = f"{what} did not improve more than tol={est.tol:f} for {est.n_iter_no_change} consecutive epochs."
    adaptive = est.solver == "sgd" and est.learning_rate == "adaptive"
    if adaptive and est._optimizer.lr > _SLOWEST:
        est._optimizer.lr /= 5.0
        est._unimproved = 0
        stops, ends = False, f"Setting learning rate to {est._optimizer.lr:f}"
    else:
        stops, ends = est.early_stopping or not part, "Learning rate too small. Stopping." if adaptive else "Stopping."
    if est.verbose and (stops or est._unimproved == 0):
        _print(f"{text} {ends}")
    return bool(stops)


def _end(est: Any, part: bool) -> None:
    """Bring the best weights back; the latest ones are kept, for a fit that goes on."""
    if est.early_stopping and est._best is not None and (not part or est.stopped_):
        est._latest = est.network_.state_dict()
        est.network_.load_state_dict(est._best)
    else:
        est._latest = None


def _print(text: str) -> None:
    print(text)  # noqa: T201


def _line(est: Any, epoch: Epoch) -> str:
    text = f"Iteration {est.n_iter_}, loss = {est.loss_:.8f}"
    if epoch.valid_loss is None:
        return text
    return f"{text}, validation loss = {epoch.valid_loss:.8f}, validation score = {est.validation_scores_[-1]:f}"
