"""The estimator that predicts values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d

from .. import losses
from ..exc import MatchError
from ..layer import Layer
from ..losses import Loss
from .objectives import regressor_loss
from .perceptron import Perceptron

__all__ = ["MLPRegressor"]


class MLPRegressor(RegressorMixin, Perceptron):  # type: ignore[misc]
    """A network that predicts values, with scikit-learn's parameters and what its `MLPRegressor` never had.

    The same ``random_state`` draws the same initial weights, validation rows and batches as scikit-learn's, and the
    same steps are taken: losses and weights are scikit-learn's to rounding, as long as only its own parameters are
    used and there is a hidden layer.

    Args:
        loss: ``"squared_error"``, half the square as in scikit-learn; ``"absolute_error"``, ``"huber"``,
            ``"quantile"``, the median's; ``"poisson"``, half the deviance; a class of `lincoln.losses`, or a function
            of the network that gives a loss.
        hidden_layer_sizes: the widths of the hidden layers; ``()`` for none: linear regression, from weights of 0.
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
        dropout: the share of each hidden layer's outputs that is dropped in training, or a list.
        batch_norm: normalize over the batch before each activation.
        residual: a shortcut around each hidden layer that is as wide as the one before it.
        network: any network in place of all that, whole with its last layer. A copy of it is trained; one that has
            learned already goes on from what it knows.
        validation_data: ``(X, y)`` or ``(X, y, sample_weight)``, in place of rows held out.
        scoring: what early stopping goes by: R² if None; ``"loss"`` for the validation loss; else the name of
            a scorer of scikit-learn, or a function of estimator, X and y.
        callbacks: a function, or several, called with the estimator and the `Epoch` after each epoch. One that
            returns True ends the training.
        dtype: ``"auto"`` for that of X, ``"float32"`` or ``"float64"``.
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
        history_: a `History` of all epochs, to tabulate or plot.
        network_: the trained network itself.

    Raises:
        ValueError: data or parameters that cannot be learned from or with, when ``fit`` is called.
        DivergenceError: the loss or the weights are no longer finite: a ValueError too.

    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> model = MLPRegressor("huber", 32, learning_rate_init=0.01, random_state=0, tol=0.001).fit(X, X[:, 0] ** 2)
    >>> model.predict([[2.0, 0.0, 0.0]]).round()
    array([4.])
    """

    def __init__(
        self,
        loss: Any = "squared_error",
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
        dropout: float | Sequence[float] = 0.0,
        batch_norm: bool = False,
        residual: bool = False,
        network: Layer | None = None,
        validation_data: tuple[Any, ...] | None = None,
        scoring: Any = None,
        callbacks: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
        dtype: str = "auto",
        weights_are_counts: bool = False,
        ties_by_loss: bool = False,
    ) -> None:
        self.__dict__.update({name: value for name, value in locals().items() if name != "self"})

    def predict(self, X: Any) -> np.ndarray:
        """The expected values: ``(n,)`` for one output, else ``(n, outputs)``."""
        return self._named_labels(self._answer(self._outputs(self._features(X))))

    @property
    def out_activation_(self) -> str:
        """What turns the network's outputs into expected values: ``"exp"`` for counts, else ``"identity"``."""
        return "exp" if isinstance(self._loss.loss, losses.Poisson) else "identity"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    # ------------------------------------------------------------------ what labels and outputs mean

    def _make_loss(self, network: Any) -> Loss:
        """The loss that the parameters ask for."""
        return regressor_loss(self, network)

    def _checked_labels(self, y: Any, *, fresh: bool) -> np.ndarray:
        """Values as ``(n, outputs)``."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        values = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
        if fresh:
            self.n_outputs_ = values.shape[1]
        if values.shape[1] != self.n_outputs_:
            raise MatchError(
                code="LN670",
                where="MLPRegressor",
                saw=f"{values.shape[1]} values a row",
                why=f"the network was made for {self.n_outputs_}",
                fix="as many as in the first fit; warm_start=False starts anew",
            )
        return values

    def _named_labels(self, labels: np.ndarray) -> np.ndarray:
        """Values as they were given."""
        return labels[:, 0] if labels.shape[1] == 1 else labels

    def _answer(self, outputs: np.ndarray) -> np.ndarray:
        """The expected values."""
        return np.asarray(self._loss.expected(outputs))

    def _usual_score(self, outputs: np.ndarray, labels: np.ndarray, weights: np.ndarray | None) -> float:
        """R², the share of the values' variance that is predicted."""
        return float(r2_score(labels, self._answer(outputs), sample_weight=weights))
