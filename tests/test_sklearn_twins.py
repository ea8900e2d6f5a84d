"""Step for step scikit-learn's: the same ``random_state`` gives its losses and its weights, to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn import neural_network
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_multilabel_classification
from sklearn.preprocessing import scale

from lincoln.sklearn import MLPClassifier, MLPRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning"),  # scikit-learn 1.6 beside a newer SciPy
]

CANCER, IS_BENIGN = load_breast_cancer(return_X_y=True)
CANCER = scale(CANCER)
DIGITS, DIGIT = (part[:600] for part in load_digits(return_X_y=True))
DIABETES, PROGRESS = (scale(part) for part in load_diabetes(return_X_y=True))
TOPICS, TOPIC = make_multilabel_classification(random_state=0)
WEIGHTS = np.random.default_rng(0).integers(1, 4, len(CANCER)).astype(float)
NEEDS_POISSON = pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 7), reason="came with scikit-learn 1.7"
)

CLASSIFIERS = [
    *(({"activation": name, "solver": "sgd"}, CANCER, IS_BENIGN) for name in ("relu", "tanh", "logistic", "identity")),
    *(({"activation": name}, DIGITS / 16, DIGIT) for name in ("relu", "tanh", "logistic", "identity")),
    ({"hidden_layer_sizes": (8, 7)}, scale(TOPICS), TOPIC),
    (
        {"solver": "sgd", "shuffle": False, "nesterovs_momentum": False, "batch_size": 64, "alpha": 0.1},
        CANCER,
        IS_BENIGN,
    ),
    ({"solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling", "learning_rate_init": 0.1}, CANCER, IS_BENIGN),
    ({"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.1}, CANCER, IS_BENIGN),
    ({"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2}, CANCER, IS_BENIGN),
    ({"tol": 0.02, "n_iter_no_change": 2, "max_iter": 100}, CANCER, IS_BENIGN),
    ({"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}, CANCER, IS_BENIGN),
]
REGRESSORS = [
    ({}, DIABETES, PROGRESS),
    ({"solver": "sgd", "hidden_layer_sizes": 20}, DIABETES, PROGRESS),
    ({"alpha": 1.0}, DIABETES, np.c_[PROGRESS, PROGRESS**2, -PROGRESS]),
    pytest.param({"loss": "poisson"}, DIABETES, np.round(np.exp(PROGRESS)), marks=NEEDS_POISSON),
]


def both(kinds: Any, x: Any, y: Any, **parameters: Any) -> list[Any]:
    return [kind(**{"max_iter": 12, "random_state": 0} | parameters).fit(x, y) for kind in kinds]


def assert_same_course(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    for one, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)
    names = ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_")
    assert [getattr(ours, name) for name in names] == [getattr(theirs, name) for name in names]
    np.testing.assert_allclose(ours.best_loss_, theirs.best_loss_)


@pytest.mark.parametrize(("parameters", "x", "y"), CLASSIFIERS)
def test_a_classifier_goes_the_way_of_scikit_learns(parameters, x, y):
    ours, theirs = both((MLPClassifier, neural_network.MLPClassifier), x, y, **parameters)
    assert_same_course(ours, theirs)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-9)
    assert (ours.predict(x) == theirs.predict(x)).all()


@pytest.mark.parametrize(("parameters", "x", "y"), REGRESSORS)
def test_a_regressor_goes_the_way_of_scikit_learns(parameters, x, y):
    ours, theirs = both((MLPRegressor, neural_network.MLPRegressor), x, y, **parameters)
    assert_same_course(ours, theirs)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x), atol=1e-9)


def test_early_stopping_holds_out_the_same_rows_and_stops_when_scikit_learn_does():
    kinds = (MLPClassifier, neural_network.MLPClassifier)
    ours, theirs = both(kinds, CANCER, IS_BENIGN, early_stopping=True, max_iter=200)
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)


@pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 7), reason="weights came with scikit-learn 1.7"
)
def test_weighted_steps_are_scikit_learns():
    ours, theirs = (
        kind(max_iter=8, random_state=0).fit(CANCER, IS_BENIGN, sample_weight=WEIGHTS)
        for kind in (MLPClassifier, neural_network.MLPClassifier)
    )
    for one, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_lbfgs_ends_where_scikit_learns_does():
    ours, theirs = both((MLPClassifier, neural_network.MLPClassifier), CANCER, IS_BENIGN, solver="lbfgs")
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-7)
    assert (ours.n_iter_, ours.loss_) == (theirs.n_iter_, pytest.approx(theirs.loss_))


def test_the_parameters_and_their_defaults_are_scikit_learns():
    theirs = neural_network.MLPClassifier().get_params() | neural_network.MLPRegressor().get_params()
    theirs.pop("loss", None)
    for ours in (MLPClassifier().get_params(), MLPRegressor().get_params()):
        assert {name: ours[name] for name in theirs} == theirs


@pytest.mark.big
@pytest.mark.parametrize(("x", "y"), [(CANCER, IS_BENIGN), (DIGITS / 16, DIGIT)], ids=["cancer", "digits"])
def test_accuracy_in_float32_is_scikit_learns_within_noise_over_ten_seeds(x, y):
    new, half = np.arange(len(x)) % 2 == 0, np.arange(len(x)) % 2 == 1
    ours, theirs = [], []
    for seed in range(10):
        ours.append(MLPClassifier(random_state=seed, dtype="float32").fit(x[half], y[half]).score(x[new], y[new]))
        theirs.append(neural_network.MLPClassifier(random_state=seed).fit(x[half], y[half]).score(x[new], y[new]))
    assert abs(np.mean(ours) - np.mean(theirs)) < 2 * np.std(theirs) / np.sqrt(10) + 1e-3
