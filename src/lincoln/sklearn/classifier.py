"""The estimator that chooses between classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from ..exc import DataError
from ..layer import Layer
from ..losses import Loss
from .calibration import best_temperature, cooled, log_ratios
from .objectives import classifier_loss
from .perceptron import Perceptron, _learns_in_parts
from .rows import Rows

__all__ = ["MLPClassifier"]


class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]
    """A network that chooses between classes, with scikit-learn's parameters and what its `MLPClassifier` never had.

    The same ``random_state`` draws the same initial weights, validation rows and batches as scikit-learn's, and the
    same steps are taken: losses and weights are scikit-learn's to rounding, as long as only its own parameters are
    used and there is a hidden layer.

    Args:
        hidden_layer_sizes: the widths of the hidden layers; ``()`` for none: logistic regression, from weights of 0.
        activation: ``"relu"``, ``"tanh"``, ``"logistic"``, ``"identity"``, or another that `lincoln.Dense` knows; a
            layer or its class; or a list with one for each hidden layer.
        solver: ``"adam"``, ``"sgd"``, ``"lbfgs"``, ``"adamw"``, ``"rmsprop"``, ``"adagrad"``; an optimizer's class;
            or a function of the network that gives an optimizer.
        alpha: α of the penalty α/2 Σ W², which is added to the sum of a batch's losses before that is divided by the
            batch's size. Biases and normalization are not penalized.
        batch_size: ``"auto"`` is min(200, n); with no hidden layer it is fewer, down to 32, for n below 4000.
        learning_rate: with ``"sgd"``, ``"constant"``, ``"invscaling"`` or ``"adaptive"``; with any solver but
            ``"lbfgs"``, ``"cosine"`` or ``"one_cycle"`` over ``max_iter`` epochs, ``"plateau"``, a schedule, or a
            function of the number of the step.
        learning_rate_init: the learning rate, or its peak.
        power_t: p of ``"invscaling"``, whose rate is learning_rate_init / (t + 1)ᵖ after t rows.
        max_iter: the most epochs that a ``fit`` takes.
        shuffle: whether each epoch goes through the rows in another order.
        random_state: a number or a ``RandomState``. None gives other numbers each time; the global generator is
            never touched.
        tol: the least improvement that counts.
        verbose: print a line for each epoch.
        warm_start: go on from where the last ``fit`` left off, bit for bit as if it had not stopped.
        momentum, nesterovs_momentum: of ``"sgd"``.
        early_stopping: stop by the score on validation rows, and bring the best weights back.
        validation_fraction: the share of the rows that is held out for it.
        beta_1, beta_2, epsilon: of ``"adam"``.
        n_iter_no_change: how many epochs without improvement are allowed.
        max_fun: the most evaluations of ``"lbfgs"``.
        loss: ``"log_loss"``; a class of `lincoln.losses`, or a function of the network that gives a
            loss.
        dropout: the share of each hidden layer's outputs that is dropped in training, or a list.
        batch_norm: normalize over the batch before each activation.
        residual: a shortcut around each hidden layer that is as wide as the one before it.
        network: any network in place of all that, whole with its last layer. A copy of it is trained; one that has
            learned already goes on from what it knows.
        class_weight: a dictionary with a number for each class, or ``"balanced"``: inversely to how often it occurs.
        validation_data: ``(X, y)`` or ``(X, y, sample_weight)``, in place of rows held out.
        scoring: what early stopping goes by: accuracy if None; ``"loss"`` for the validation loss; else the name of
            a scorer of scikit-learn, or a function of estimator, X and y.
        callbacks: a function, or several, called with the estimator and the `Epoch` after each epoch. One that
            returns True ends the training.
        calibrate: find, on rows held out, the temperature with which probabilities are as often right as they say.
        dtype: ``"auto"`` for that of X, ``"float32"`` or ``"float64"``.
        stratify: whether rows held out have every class in its share. As in scikit-learn, two classes always have.
        weights_are_counts: whether a weight of 2 is the row given twice and a weight of 0 the row left out, in what is
            held out and in the loss that is reported too: equal rows then stay together, and an epoch's loss is the
            mean by weights. As in scikit-learn, weights count within their batch alone if False.
        ties_by_loss: of equal validation scores, keep the weights with the lowest validation loss, not the first.

    Attributes:
        coefs_, intercepts_: the weights, ``(n_in, n_out)``, and the biases of each affine layer.
        loss_, loss_curve_, best_loss_: the training loss of the last epoch, of each, and the lowest.
        validation_loss_curve_, validation_scores_, best_validation_score_: the same on validation rows, if any.
        n_iter_, t_: epochs of the last ``fit``; rows that have been learned from in all.
        stopped_: whether patience, or a callback, has ended the training. With ``early_stopping`` the best weights
            are in place then, and ``partial_fit`` changes nothing any more, and warns.
        n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_: as in scikit-learn.
        classes_: the labels, in the order of the outputs.
        temperature_: 1 without ``calibrate``.
        history_: a `History` of all epochs, to tabulate or plot.
        network_: the trained network itself.

    Raises:
        ValueError: data or parameters that cannot be learned from or with, when ``fit`` is called.
        DivergenceError: the loss or the weights are no longer finite: a ValueError too.

    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    >>> model = MLPClassifier((16, 16), dropout=[0.1, 0.0], early_stopping=True, n_iter_no_change=50, random_state=0)
    >>> model = model.fit(X, y)
    >>> model.predict([[1.0, 1.0, 0.0], [1.0, -1.0, 0.0]])
    array(['same', 'other'], dtype='<U5')
    """

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        dropout: float | Sequence[float] = 0.0,
        batch_norm: bool = False,
        residual: bool = False,
        network: Layer | None = None,
        class_weight: Any = None,
        validation_data: tuple[Any, ...] | None = None,
        scoring: Any = None,
        callbacks: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
        calibrate: bool = False,
        dtype: str = "auto",
        stratify: bool = False,
        weights_are_counts: bool = False,
        ties_by_loss: bool = False,
    ) -> None:
        self.__dict__.update({name: value for name, value in locals().items() if name != "self"})

    @available_if(_learns_in_parts)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on a part of the data. Only ``early_stopping`` or a callback ends it: see ``stopped_``.

        Args:
            X, y, sample_weight: as in `fit`.
            classes: all classes that will ever come; needed the first time. Not for labels that are not exclusive.

        Raises:
            ValueError: data or parameters that cannot be learned from or with.
        """
        if not hasattr(self, "network_"):
            self._announced = _announced(y, classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise DataError(
                code="LN665",
                where="MLPClassifier.partial_fit",
                saw=f"classes={np.unique(classes)!r}",
                why=f"`classes` is not the same as on last call to partial_fit, was: {self.classes_!r}",
                fix="the same classes each time, or none after the first time",
            )
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, ``(n,)``; for labels that are not exclusive 0 or 1 each, ``(n, k)``."""
        return self._named_labels(self._answer(self._outputs(self._features(X))))

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class in the order of ``classes_``, ``(n, k)``; calibrated if asked for."""
        p = self._probabilities(self._outputs(self._features(X)))
        if self.temperature_ != 1.0:
            p = cooled(p, self.temperature_)
        return p if p.ndim == 2 else p[..., 1]

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def decision_function(self, X: Any) -> np.ndarray:
        """Logits: ``(n,)`` for two classes, above 0 for the second; else ``(n, k)``, the highest the class's."""
        outputs = self._outputs(self._features(X))
        if self._loss.loss.takes != "logits":
            p = self._probabilities(outputs)
            outputs = log_ratios(p if self.multilabel_ or len(self.classes_) <= 2 else np.stack([1.0 - p, p], axis=-1))
        outputs = outputs / self.temperature_
        if self.multilabel_ or len(self.classes_) > 2:
            return outputs
        return outputs.reshape(-1) if outputs.size == len(outputs) else outputs[:, 1] - outputs[:, 0]

    @property
    def out_activation_(self) -> str:
        """What turns the network's outputs into probabilities: ``"logistic"`` or ``"softmax"``."""
        return "softmax" if self.network_.output_shape[-1] > 1 and not self.multilabel_ else "logistic"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    # ------------------------------------------------------------------ what labels and outputs mean

    def _make_loss(self, network: Any) -> Loss:
        """The loss that the parameters ask for."""
        self.temperature_ = 1.0
        return classifier_loss(self, network, multilabel=self.multilabel_)

    def _checked_labels(self, y: Any, *, fresh: bool) -> np.ndarray:
        """The number of each row's class, ``(n,)``, as a float column for one output; or 0 and 1 for each label."""
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise DataError(
                code="LN667",
                where="MLPClassifier",
                saw=f"labels {y.shape} with more than two values",
                why="several labels a row are yes-or-no questions here, or else there is one class a row",
                fix="sklearn.multioutput.MultiOutputClassifier(MLPClassifier()), one network for each column",
            )
        multilabel = kind == "multilabel-indicator"
        y = (y if isinstance(y, np.ndarray) else y.toarray()) if multilabel else column_or_1d(y, warn=True)
        if fresh:
            self._learn_classes(y, multilabel)
        if multilabel != self.multilabel_ or (multilabel and y.shape[1] != self.n_outputs_):
            raise _other_labels(self, f"labels of shape {y.shape}", np.unique(y))
        if multilabel:
            return np.asarray(y, dtype=np.float64)
        numbers: np.ndarray = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[numbers] != y
        if unknown.any():
            raise _other_labels(self, f"a label {y[unknown].tolist()[0]!r}", np.unique(y))
        return numbers[:, None].astype(np.float64) if self.n_outputs_ == 1 and self.network is None else numbers

    def _rows(self, X: Any, y: Any, sample_weight: Any, *, fresh: bool, part: bool = False) -> Rows:
        """What there is to learn from; all classes are there again in a fit that goes on."""
        rows = super()._rows(X, y, sample_weight, fresh=fresh, part=part)
        if not (fresh or part or self.multilabel_):
            known = self.classes_[np.unique(rows.y).astype(np.int64)]
            if len(known) < len(self.classes_):
                raise _other_labels(self, f"classes {known.tolist()} alone", known)
        return rows

    def _weights_of_labels(
        self, labels: np.ndarray, weights: np.ndarray | None, *, training: bool, part: bool
    ) -> np.ndarray | None:
        """The examples' weights, times what their classes weigh in the training data, or in all its parts so far."""
        if self.class_weight is None:
            return weights
        if self.multilabel_:
            return np.asarray(compute_sample_weight(self.class_weight, labels) * (1.0 if weights is None else weights))
        numbers = labels.reshape(-1).astype(np.int64)
        if training:
            self._weight_of_class = self._class_weights(numbers, weights, part=part)
        return self._weight_of_class[numbers] * (1.0 if weights is None else weights)

    def _named_labels(self, labels: np.ndarray) -> np.ndarray:
        """Labels as they were given."""
        numbers = labels.astype(np.int64)
        return numbers if self.multilabel_ else self.classes_[numbers.reshape(-1)]

    def _answer(self, outputs: np.ndarray) -> np.ndarray:
        """The number of the most probable class; for labels that are not exclusive, 0 or 1 each."""
        if self.multilabel_ or outputs.shape[1] == 1:
            answer = np.asarray(self._loss.probabilities(outputs) > 0.5, dtype=np.int64)
        else:
            answer = np.asarray(outputs.argmax(axis=1))
        return answer if self.multilabel_ else np.minimum(answer, len(self.classes_) - 1)

    def _usual_score(self, outputs: np.ndarray, labels: np.ndarray, weights: np.ndarray | None) -> float:
        """The accuracy: the share of rows whose class, or whose every label, is right."""
        right = self._answer(outputs).reshape(labels.shape) == labels
        return float(np.average(right if labels.ndim == 1 else right.all(axis=1), weights=weights))

    def _stratifies(self) -> bool:
        """Whether what is held out is to have classes in their shares."""
        return not self.multilabel_ and bool(self.stratify or len(self.classes_) <= 2)

    def _calibrates(self) -> bool:
        """Whether rows are wanted to calibrate on."""
        return bool(self.calibrate)

    def _calibrate_on(self, rows: Rows) -> None:
        """Find the temperature with which probabilities fit rows that were not learned from."""
        p = self._probabilities(self._outputs(rows.x))
        weights = rows.weights
        if weights is not None and p.ndim == 3:
            weights = np.repeat(weights, p.shape[1])
        self.temperature_ = best_temperature(p.reshape(-1, p.shape[-1]), rows.y.reshape(-1).astype(np.int64), weights)

    def _probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """``(n, classes)``; ``(n, labels, 2)`` for labels that are not exclusive."""
        p = np.asarray(self._loss.probabilities(outputs))
        if self.multilabel_:
            return np.stack([1.0 - p, p], axis=-1)
        return np.concatenate([1.0 - p, p], axis=1) if p.shape[1] == 1 else p

    def _learn_classes(self, y: np.ndarray, multilabel: bool) -> None:
        announced = self.__dict__.pop("_announced", None)
        self.multilabel_ = multilabel
        if multilabel:
            self.classes_ = np.arange(y.shape[1])
            self.n_outputs_ = y.shape[1]
            return
        self.classes_ = np.unique(y) if announced is None else announced
        self.n_outputs_ = len(self.classes_) if len(self.classes_) > 2 else 1

    def _class_weights(self, numbers: np.ndarray, weights: np.ndarray | None, *, part: bool) -> np.ndarray:
        if self.class_weight != "balanced":
            return np.asarray(compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_[numbers]))
        counts = np.bincount(numbers, weights=weights, minlength=len(self.classes_)).astype(np.float64)
        self._class_counts = counts + (self.__dict__.get("_class_counts", 0.0) if part else 0.0)
        return np.asarray(
            self._class_counts.sum() / (len(counts) * np.where(self._class_counts, self._class_counts, 1.0))
        )


def _announced(y: Any, classes: Any) -> np.ndarray | None:
    """The classes that the first part is said to be of."""
    if classes is not None:
        return np.unique(classes)
    if type_of_target(y) == "multilabel-indicator":
        return None
    raise DataError(
        code="LN666",
        where="MLPClassifier.partial_fit",
        saw="no classes",
        why="classes must be passed on the first call to partial_fit: the first part need not have them all",
        fix="partial_fit(X, y, classes=np.unique(all_labels))",
    )


def _other_labels(estimator: Any, saw: str, classes: np.ndarray) -> DataError:
    if estimator.warm_start:
        why = (
            "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously got "
            f"{estimator.classes_}, `y` has {classes}"
        )
    else:
        why = f"`y` has classes not in `self.classes_`. `self.classes_` has {estimator.classes_}. 'y' has {classes}."
    return DataError(
        code="LN669",
        where="MLPClassifier",
        saw=saw,
        why=why,
        fix="labels of the classes of the first fit; warm_start=False starts anew",
    )
