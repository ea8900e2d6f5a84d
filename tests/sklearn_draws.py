"""Random parameters and data for an estimator beside scikit-learn's own, and how the two are compared."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.neural_network import _multilayer_perceptron

from lincoln.sklearn import MLPClassifier, MLPRegressor

KINDS = ("binary", "three", "many", "one", "multilabel", "value", "values", "counts")
WAYS = ("fit", "fit", "fit", "partial_fit", "fit then partial_fit", "warm_start")
ATTRIBUTES = ("loss_curve_", "validation_scores_", "best_validation_score_", "best_loss_", "n_iter_", "t_", "loss_")


class CappedError(Exception):
    """scikit-learn's loss is no longer the one whose gradient it follows, and ours is."""


@dataclass
class Draw:
    """What to do to both: a drawn case is the same each time it is drawn with the same seed."""

    kind: str
    way: str
    parameters: dict[str, Any]
    x: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    state: int | None

    def ours(self) -> Any:
        """Lincoln's estimator, trained."""
        return self._trained(MLPRegressor if self.regresses else MLPClassifier, ours=True)

    def theirs(self) -> Any:
        """scikit-learn's, trained.

        Raises:
            CappedError: a row's probability fell below 2e-16, where scikit-learn's loss goes no higher than 36.
        """
        reached: list[bool] = []

        def watched(loss: Any) -> Any:
            def noting(y: Any, p: Any, weights: Any = None) -> float:
                reached.append(bool((np.where(y, p, 1 - p if loss.__name__ != "log_loss" else 1) < 1e-12).any()))
                return float(loss(y, p, weights))

            return noting

        names = ("log_loss", "binary_log_loss")
        losses = {name: watched(_multilayer_perceptron.LOSS_FUNCTIONS[name]) for name in names}
        with mock.patch.dict(_multilayer_perceptron.LOSS_FUNCTIONS, losses):
            kind = neural_network.MLPRegressor if self.regresses else neural_network.MLPClassifier
            model = self._trained(kind, ours=False)
        if any(reached):
            raise CappedError
        return model

    @property
    def regresses(self) -> bool:
        return self.kind in ("value", "values", "counts")

    def _trained(self, kind: Any, *, ours: bool) -> Any:
        parameters = dict(self.parameters)
        if self.state is not None:
            parameters["random_state"] = np.random.RandomState(self.state)
        model = kind(**parameters)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            self._train(model, ours)
        return model

    def _train(self, model: Any, ours: bool) -> None:
        data = {} if self.weights is None else {"sample_weight": self.weights}
        if self.way == "warm_start" and ours:
            whole = model.max_iter
            model.set_params(warm_start=True, max_iter=whole // 2).fit(self.x, self.y, **data)
            model.set_params(max_iter=whole - whole // 2).fit(self.x, self.y, **data)
            model.n_iter_ = whole
        elif self.way.startswith("fit") or self.way == "warm_start":
            model.fit(self.x, self.y, **data)
        if self.way.endswith("partial_fit"):
            self._in_parts(model)

    def _in_parts(self, model: Any) -> None:
        classes = {} if self.regresses else {"classes": np.unique(self.y)}
        if self.kind == "multilabel":
            classes = {"classes": np.arange(self.y.shape[1])}
        for _ in range(4):
            for part in np.array_split(np.arange(len(self.x)), 3):
                weights = {} if self.weights is None else {"sample_weight": self.weights[part]}
                model.partial_fit(self.x[part], self.y[part], **weights, **classes)
                classes = {}


def draw(seed: int) -> Draw:
    """A case."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(KINDS, p=(0.2, 0.18, 0.12, 0.02, 0.12, 0.16, 0.12, 0.08)))
    way = str(rng.choice(WAYS))
    solver = str(rng.choice(("adam", "sgd", "lbfgs"), p=(0.5, 0.35, 0.15)))
    if solver == "lbfgs":  # whose line search goes another way for another rounding of float32
        way, kind = "fit", "value" if kind == "values" else kind
    early = bool(rng.random() < 0.35) and solver != "lbfgs" and "partial" not in way
    x, y = data(rng, kind, rounded=solver != "lbfgs")
    parameters = drawn_parameters(rng, solver, early=early) | ({"loss": "poisson"} if kind == "counts" else {})
    if way == "warm_start":
        parameters |= {"tol": 0.0, "n_iter_no_change": np.inf, "learning_rate": "constant"}
    state = None if rng.random() < 0.7 else int(rng.integers(1000))
    if state is None:
        parameters["random_state"] = int(rng.integers(1000))
    return Draw(kind, way, parameters, x, y, drawn_weights(rng, len(x), parameters["batch_size"], early), state)


def drawn_parameters(rng: Any, solver: str, *, early: bool) -> dict[str, Any]:
    """Those that scikit-learn has too."""
    pick = lambda *values: values[rng.integers(len(values))]  # noqa: E731
    return {
        "hidden_layer_sizes": pick((5,), (8, 4), 7, (4, 4, 4)),
        "activation": pick("relu", "tanh", "logistic", "identity"),
        "solver": solver,
        "alpha": pick(0.0, 1e-4, 0.1),
        "batch_size": pick("auto", 16, 33, 1000),
        "learning_rate": pick("constant", "invscaling", "adaptive"),
        "learning_rate_init": pick(0.001, 0.01) if solver == "adam" else pick(0.01, 0.05),
        "power_t": pick(0.5, 0.1),
        "max_iter": int(rng.integers(4, 30)) if solver != "lbfgs" else 8,
        "shuffle": bool(rng.random() < 0.8),
        "tol": pick(1e-4, 1e-2, 0.0),
        "momentum": pick(0.9, 0.5, 0.0),
        "nesterovs_momentum": bool(rng.random() < 0.6),
        "early_stopping": early,
        "validation_fraction": pick(0.1, 0.25),
        "beta_1": pick(0.9, 0.0, 0.5),
        "beta_2": pick(0.999, 0.9),
        "epsilon": pick(1e-8, 1e-4),
        "n_iter_no_change": pick(10, 2, np.inf),
    }


def data(rng: Any, kind: str, *, rounded: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rows of which some are there twice, one table of ten in float32, and their labels."""
    n, features = int(rng.integers(60, 320)), int(rng.integers(2, 8))
    x = rng.normal(size=(n, features)).round(2)
    x[: n // 10] = x[-(n // 10) :]
    score = x @ rng.normal(size=(features, 4)) + 0.5 * rng.normal(size=(n, 4))
    labels = {
        "binary": lambda: np.array(["no", "yes"])[(score[:, 0] > 0).astype(int)],
        "three": lambda: score[:, :3].argmax(axis=1) + 1,
        "many": lambda: np.digitize(score[:, 0], np.quantile(score[:, 0], np.linspace(0, 1, 8)[1:-1])),
        "one": lambda: np.full(n, "yes"),
        "multilabel": lambda: (score[:, :3] > 0).astype(int),
        "value": lambda: score[:, 0],
        "values": lambda: score[:, :2],
        "counts": lambda: rng.poisson(np.exp(np.clip(score[:, 0], -2, 2))).astype(float),
    }
    return x.astype(np.float32) if rounded and rng.random() < 0.1 else x, labels[kind]()


def drawn_weights(rng: Any, n: int, batch: Any, early: bool) -> np.ndarray | None:
    """None, whole numbers, or fractions; 0 too where no batch can be of zeros alone, which scikit-learn cannot take."""
    if rng.random() < 0.6:
        return None
    weights = rng.integers(1, 4, n).astype(float) if rng.random() < 0.5 else rng.uniform(0.1, 3.0, n)
    weights[: n // 20] = 0.0
    return weights if batch in ("auto", 1000) and not early else np.maximum(weights, 0.1)


def differences(case: Draw) -> list[str]:
    """What differs by more than rounding, after both have been trained.

    Raises:
        CappedError: see `Draw.theirs`.
    """
    try:
        theirs = case.theirs()
    except ValueError:
        with pytest.raises(ValueError, match="non-finite"):
            case.ours()
        return []
    ours = case.ours()
    tolerance = 1e-9 if case.x.dtype == np.float64 else 2e-3
    pairs = {name: (getattr(ours, name), getattr(theirs, name)) for name in ATTRIBUTES if hasattr(theirs, name)}
    if case.parameters["solver"] == "lbfgs":
        pairs.pop("t_")
    pairs |= {f"coefs_[{i}]": pair for i, pair in enumerate(zip(ours.coefs_, theirs.coefs_, strict=True))}
    pairs |= {
        f"intercepts_[{i}]": pair for i, pair in enumerate(zip(ours.intercepts_, theirs.intercepts_, strict=True))
    }
    with np.errstate(over="ignore"):  # expected counts may be infinite, in both
        pairs["predictions"] = [getattr(m, "predict_proba", m.predict)(case.x) for m in (ours, theirs)]
    if not case.regresses and tolerance < 1e-3:
        answers = [np.searchsorted(theirs.classes_, m.predict(case.x)) for m in (ours, theirs)]
        pairs["answers"] = [m.predict(case.x) for m in (ours, theirs)] if case.kind == "multilabel" else answers
    return [name for name, (one, other) in pairs.items() if not near(one, other, tolerance)]


def near(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two arrays are the same to rounding, measured by the largest number in them."""
    if one is None or other is None:
        return one is other
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if one.shape != other.shape:
        return False
    size = np.abs(other[np.isfinite(other)]).max(initial=0.0)
    return bool(np.allclose(one, other, rtol=0, atol=tolerance * size, equal_nan=True))
