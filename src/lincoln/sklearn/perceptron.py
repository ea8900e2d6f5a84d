"""What both estimators share: fitting, going on, and what a fit leaves behind."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import arrays, modes
from ..data.reading import column
from ..exc import DataError
from ..losses import Loss
from ..models import History
from . import lbfgs, networks, state
from .objectives import Objective
from .parameters import check_parameters
from .randomness import Stream
from .rows import ROWS_AT_ONCE, Rows, dense
from .splitting import hold_out
from .training import check_weights, train

__all__ = ["Perceptron"]


def _learns_in_parts(estimator: Any) -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit needs a solver that learns batch by batch; lbfgs takes all rows at once")
    return True


class Perceptron(BaseEstimator):  # type: ignore[misc]
    """A network behind scikit-learn's interface; a subclass says what labels and outputs mean."""

    # ------------------------------------------------------------------ what a subclass says

    def _make_loss(self, network: Any) -> Loss:
        """The loss that the parameters ask for."""
        raise NotImplementedError

    def _checked_labels(self, y: Any, *, fresh: bool) -> np.ndarray:
        """Labels as the loss wants them; when ``fresh``, learn what they are."""
        raise NotImplementedError

    def _weights_of_labels(
        self, labels: np.ndarray, weights: np.ndarray | None, *, training: bool, part: bool
    ) -> np.ndarray | None:
        """The examples' weights, times what their labels weigh."""
        return weights

    def _named_labels(self, labels: np.ndarray) -> np.ndarray:
        """Labels as they were given."""
        return labels

    def _answer(self, outputs: np.ndarray) -> np.ndarray:
        """The network's outputs as labels, of the form the loss wants."""
        raise NotImplementedError

    def _usual_score(self, outputs: np.ndarray, labels: np.ndarray, weights: np.ndarray | None) -> float:
        """How good outputs are, if no ``scoring`` is given."""
        raise NotImplementedError

    def _stratifies(self) -> bool:
        """Whether what is held out is to have labels in their shares."""
        return False

    def _calibrates(self) -> bool:
        """Whether rows are wanted to calibrate on."""
        return False

    def _calibrate_on(self, rows: Rows) -> None:
        """Calibrate what the network says on rows that it did not learn from."""

    # ------------------------------------------------------------------ what a user calls

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None) -> Self:
        """Train on a table, from the start; with ``warm_start``, from where the last fit left off.

        Args:
            X: ``(n, features)``: an array, a DataFrame, or a sparse matrix, which stays sparse.
            y: ``(n,)``, or ``(n, outputs)``.
            sample_weight: ``(n,)``, how much each row counts in its batch; see ``weights_are_counts``.
            validation_data: ``(X, y)`` or ``(X, y, sample_weight)`` to be judged by, in place of the parameter of
                that name.

        Raises:
            ValueError: data or parameters that cannot be learned from or with.
            DivergenceError: the loss or the weights are no longer finite: a ValueError too.
        """
        check_parameters(self)
        fresh = not (self.warm_start and hasattr(self, "network_"))
        rows = self._rows(X, y, sample_weight, fresh=fresh)
        given = self._validation(validation_data, rows.dtype)
        if fresh:
            self._begin(rows.x.shape[1], rows.dtype)
        splitter = self._stream.enter(len(rows))
        rows, valid = self._divided(rows, given, splitter)
        self._stream.go_on(splitter, len(rows))
        self._learn(rows, valid, epochs=self.max_iter)
        return self

    @available_if(_learns_in_parts)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on a part of the data. Only ``early_stopping`` or a callback ends it: see ``stopped_``.

        Raises:
            ValueError: data or parameters that cannot be learned from or with.
        """
        return self._partial_fit(X, y, sample_weight)

    def hidden_activations(self, X: Any) -> list[np.ndarray]:
        """What each hidden layer gives for each row, after its activation: one array ``(n, width)`` a layer.

        For a network of one's own, what each of its parts gives but the last.
        """
        x = self._features(X)
        starts = range(0, x.shape[0], ROWS_AT_ONCE)
        parts = [networks.hidden_outputs(self.network_, self._batch(x, start)) for start in starts]
        return [np.concatenate([arrays.numpy(part) for part in layer]) for layer in zip(*parts, strict=True)]

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The weights of each affine layer, ``(n_in, n_out)``: the network's own arrays, not copies."""
        check_is_fitted(self)
        return [arrays.numpy(layer.W.value) for layer in networks.linear_layers(self.network_)]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The bias of each affine layer that has one, ``(n_out,)``: the network's own arrays, not copies."""
        check_is_fitted(self)
        return [arrays.numpy(layer.B.value) for layer in networks.linear_layers(self.network_) if layer.bias]

    def state_dict(self) -> dict[str, Any]:
        """All that has been learned, and what it takes to go on: arrays, numbers, strings, and lists and dicts of them.

        Raises:
            NotFittedError: nothing has been learned yet.
        """
        check_is_fitted(self)
        return state.state_of(self)

    def load_state_dict(self, saved: dict[str, Any]) -> Self:
        """Take over what an estimator of the same parameters has learned, from its `state_dict`."""
        state.load_state(self, saved)
        return self

    def _begin(self, n_features: int, dtype: str) -> None:
        """A new network with all that belongs to it, but for its optimizer."""
        self._stream = Stream(self.random_state)
        self.network_ = networks.make_network(self, n_features, self.n_outputs_, dtype=dtype, rng=self._stream.rng)
        self._loss = Objective(self._make_loss(self.network_), alpha=self.alpha)
        self._optimizer = None
        self._rate = self.learning_rate_init
        self.n_layers_ = len(networks.linear_layers(self.network_)) + 1
        self.history_ = History()
        self.loss_curve_: list[float] = []
        self.validation_scores_ = self.validation_loss_curve_ = None
        self.best_loss_: float | None = None if self.early_stopping else np.inf
        self.best_validation_score_: float | None = -np.inf if self.early_stopping else None
        self.n_iter_ = self.t_ = self._unimproved = 0
        self.stopped_ = self._asked_to_stop = False
        self._best = self._latest = None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ------------------------------------------------------------------ the machinery

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        check_parameters(self)
        fresh = not hasattr(self, "network_")
        rows = self._rows(X, y, sample_weight, fresh=fresh, part=True)
        given = self._validation(None, rows.dtype)
        if fresh:
            self._begin(rows.x.shape[1], rows.dtype)
        splitter = self._stream.enter_part(self.random_state, first=fresh)
        if self._asked_to_stop and (self.early_stopping or self.callbacks is not None):
            self._warn(
                "partial_fit changes nothing: early stopping, or a callback, has ended the training (stopped_). "
                "set_params(early_stopping=False, callbacks=None) goes on."
            )
            return self
        rows, valid = self._divided(rows, given, splitter)
        self._learn(rows, valid, epochs=1, part=True)
        return self

    def _rows(self, X: Any, y: Any, sample_weight: Any, *, fresh: bool, part: bool = False) -> Rows:
        """What there is to learn from."""
        dtype = (np.float64, np.float32) if self.dtype == "auto" else self.dtype
        if not fresh:
            dtype = self._dtype()
        return self._checked(X, y, sample_weight, dtype=dtype, fresh=fresh, training=True, part=part)

    def _checked(
        self, X: Any, y: Any, sample_weight: Any, *, dtype: Any, fresh: bool, training: bool, part: bool = False
    ) -> Rows:
        x, y = validate_data(
            self,
            X,
            column(y) if hasattr(y, "isna") and getattr(getattr(y, "dtype", None), "kind", "O") in "iu" else y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=is_regressor(self),
            dtype=dtype,
            reset=fresh,
        )
        weights = None if sample_weight is None else check_weights(self, sample_weight, x)
        if weights is not None and self.weights_are_counts and not weights.all():
            x, y, weights = x[weights > 0], y[weights > 0], weights[weights > 0]
        labels = self._checked_labels(y, fresh=fresh)
        if labels.dtype.kind == "f":
            labels = labels.astype(x.dtype, copy=False)
        weights = self._weights_of_labels(labels, weights, training=training, part=part)
        return Rows(x, labels, None if weights is None else weights.astype(x.dtype))

    def _dtype(self) -> str:
        return arrays.dtype_name(self.network_.vector.value)

    def _validation(self, given: Any, dtype: str) -> Rows | None:
        """The validation set that the user gave."""
        given = self.validation_data if given is None else given
        if given is None:
            return None
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise DataError(
                code="LN662",
                where=type(self).__name__,
                saw=f"validation_data={type(given).__name__}",
                why="it is what each epoch is judged on: features, their labels and, if you like, weights",
                fix="validation_data=(X_valid, y_valid)",
            )
        X, y, weights = (*given, None)[:3]
        return self._checked(X, y, weights, dtype=dtype, fresh=False, training=False)

    def _divided(self, rows: Rows, valid: Rows | None, splitter: Any) -> tuple[Rows, Rows | None]:
        """What to learn from, and what to be judged by, if anything."""
        if valid is not None or not (self.early_stopping or self._calibrates()):
            return rows, valid
        return hold_out(
            rows,
            self.validation_fraction,
            rng=splitter,
            stratify=self._stratifies(),
            together=self.weights_are_counts,
            where=type(self).__name__,
        )

    def _learn(self, rows: Rows, valid: Rows | None, *, epochs: int, part: bool = False) -> None:
        self._loss.alpha = self.alpha
        try:
            if self.solver == "lbfgs":
                lbfgs.minimize(self, rows)
            else:
                train(self, rows, valid, epochs=epochs, part=part)
            if self._calibrates() and valid is not None:
                self._calibrate_on(valid)
        finally:
            self._loss.forget()
        if not self.warm_start:
            self._stream.order = None

    def _features(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse="csr", dtype=self._dtype(), reset=False)

    def _batch(self, x: Any, start: int) -> Any:
        return arrays.hand_out(dense(x[start : start + ROWS_AT_ONCE]))

    def _outputs(self, x: Any) -> np.ndarray:
        """The network's outputs, in evaluation, some rows at a time."""
        with modes.evaluation():
            parts = [arrays.numpy(self.network_(self._batch(x, start))) for start in range(0, x.shape[0], ROWS_AT_ONCE)]
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def _callbacks(self) -> list[Any]:
        given = self.callbacks
        return list(given) if isinstance(given, Iterable) else [] if given is None else [given]

    def _warn(self, text: str, category: type[Warning] = UserWarning) -> None:
        warnings.warn(text, category, stacklevel=4)
