"""Everything that the estimators refuse: the text of the refusal, and that its fix works."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_mistakes import Mistake
from sklearn.exceptions import ConvergenceWarning

import lincoln as lnc
from lincoln import exc
from lincoln.layers.activations import ACTIVATIONS
from lincoln.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(20, 3))
Y = np.arange(20) % 2
THREE = np.arange(20) % 3
VALUES = X[:, 0]


def fit(*data: Any, **parameters: Any) -> MLPClassifier:
    return MLPClassifier(4, max_iter=1).set_params(**parameters).fit(*(data or (X, Y)))


def again(y: Any, **parameters: Any) -> MLPClassifier:
    return MLPClassifier(4, max_iter=1, warm_start=True).set_params(**parameters).fit(X, Y).fit(X, y)


def part(y: Any = Y, **classes: Any) -> MLPClassifier:
    return MLPClassifier(4).partial_fit(X, y, **classes)


def values(y: Any) -> MLPRegressor:
    return MLPRegressor(hidden_layer_sizes=4, max_iter=1, warm_start=True).fit(X, VALUES).fit(X, y)


def diverging(**parameters: Any) -> MLPRegressor:
    settings = {"hidden_layer_sizes": 4, "solver": "sgd", "batch_size": 5, "max_iter": 20, "random_state": 0}
    return MLPRegressor(**settings | parameters).fit(X, VALUES)


SOLVERS = (
    "one of 'sgd', 'adam', 'adamw', 'rmsprop', 'adagrad', 'lbfgs'; a class such as lnc.optim.AdamW; or a function of "
    "the network, such as lambda network: lnc.optim.SGD(network, lr=0.1, clip_norm=1.0)"
)
LOSSES = (
    "one of 'log_loss'; a class such as lnc.losses.Huber; or a function of the network, such as lambda network: "
    "lnc.losses.Huber(network, delta=2.0)"
)
NET = lnc.layers.Linear(1, seed=0)

MISTAKES = [
    Mistake(
        "a dtype that is none",
        exc.DataError,
        "LN651",
        lambda: fit(dtype="float16"),
        "MLPClassifier",
        "dtype='float16'",
        'dtype="auto", which is that of X; dtype="float32", which is faster; or dtype="float64"',
        lambda: fit(dtype="float32"),
    ),
    Mistake(
        "a network that is none",
        exc.DataError,
        "LN652",
        lambda: fit(network="mlp"),
        "MLPClassifier",
        "network='mlp'",
        "network=lnc.Sequential(...), whole with its last layer; or hidden_layer_sizes=(100,)",
        lambda: fit(network=lnc.Sequential(lnc.Dense(2), lnc.layers.Linear(1))),
    ),
    Mistake(
        "a layer without width",
        exc.DataError,
        "LN653",
        lambda: fit(hidden_layer_sizes=(4, 0)),
        "MLPClassifier",
        "hidden_layer_sizes=(4, 0)",
        "hidden_layer_sizes=(100,); () for no hidden layer: logistic or linear regression",
        lambda: fit(hidden_layer_sizes=()),
    ),
    Mistake(
        "more activations than layers",
        exc.DataError,
        "LN654",
        lambda: fit(activation=["relu", "tanh"]),
        "MLPClassifier",
        "activation=['relu', 'tanh'], 1 hidden layer",
        "activation=['relu'], or one value for all",
        lambda: fit(activation=["relu"]),
    ),
    Mistake(
        "shortcuts around nothing",
        exc.DataError,
        "LN655",
        lambda: fit(residual=True),
        "MLPClassifier",
        "residual=True, hidden_layer_sizes=4",
        "hidden_layer_sizes=(64, 64, 64), residual=True",
        lambda: fit(hidden_layer_sizes=(64, 64, 64), residual=True),
    ),
    Mistake(
        "an activation that is not known",
        exc.DataError,
        "LN656",
        lambda: fit(activation="rule"),
        "MLPClassifier",
        "activation='rule'",
        f"one of identity, logistic, {', '.join(ACTIVATIONS)}; a layer; or a list, one for each hidden layer",
        lambda: fit(activation=lnc.layers.ELU()),
    ),
    Mistake(
        "a network with too few outputs",
        exc.MatchError,
        "LN657",
        lambda: fit(X, THREE, network=lnc.Dense(2, None)),
        "MLPClassifier",
        "a network with 2 outputs, labels for 3",
        "a last layer of 3: lnc.layers.Linear(3)",
        lambda: fit(X, THREE, network=lnc.layers.Linear(3)),
    ),
    Mistake(
        "a loss of another network",
        exc.DataError,
        "LN658",
        lambda: fit(loss=lnc.losses.LogLoss(NET)),
        "MLPClassifier",
        "loss=LogLoss()",
        LOSSES,
        lambda: fit(loss=lambda network: lnc.losses.SigmoidCrossEntropy(network, positive_weight=2.0)),
    ),
    Mistake(
        "a loss that is not known",
        exc.DataError,
        "LN658",
        lambda: fit(loss="hinge"),
        "MLPClassifier",
        "loss='hinge'",
        LOSSES,
        lambda: fit(loss="log_loss"),
    ),
    Mistake(
        "a solver that is not known",
        exc.DataError,
        "LN659",
        lambda: fit(solver="adma"),
        "MLPClassifier",
        "solver='adma'",
        SOLVERS,
        lambda: fit(solver=lnc.optim.AdamW),
    ),
    Mistake(
        "a rate for a schedule",
        exc.DataError,
        "LN660",
        lambda: fit(learning_rate=0.1),
        "MLPClassifier",
        "learning_rate=0.1",
        "one of 'constant', 'invscaling', 'adaptive', 'cosine', 'one_cycle', 'plateau'; or a function of the number of "
        "the step, such as lnc.optim.StepDecay(0.1, step_size=1000)",
        lambda: fit(learning_rate=lnc.optim.StepDecay(0.1, step_size=1000)),
    ),
    Mistake(
        "too few rows to hold any out",
        exc.DataError,
        "LN661",
        lambda: fit(X[:3], Y[:3], early_stopping=True),
        "MLPClassifier",
        "n_samples=3, of which 10% are to be held out",
        "more rows; validation_data=(X_valid, y_valid); or no early_stopping and no calibrate",
        lambda: [fit(early_stopping=True), fit(X[:3], Y[:3], early_stopping=True, validation_data=(X[3:], Y[3:]))],
    ),
    Mistake(
        "validation data without labels",
        exc.DataError,
        "LN662",
        lambda: fit(validation_data=X),
        "MLPClassifier",
        "validation_data=ndarray",
        "validation_data=(X_valid, y_valid)",
        lambda: fit(validation_data=(X, Y)),
    ),
    Mistake(
        "negative weights",
        exc.DataError,
        "LN663",
        lambda: fit(X, Y, Y - 0.5),
        "MLPClassifier",
        "sample_weight from -0.5 to 0.5",
        "sample_weight of at least 0; leave rows out that are to count for nothing",
        lambda: fit(X, Y, Y + 0.5),
    ),
    Mistake(
        "other classes than before",
        exc.DataError,
        "LN665",
        lambda: part(classes=[0, 1]).partial_fit(X, Y, classes=[0, 1, 2]),
        "MLPClassifier.partial_fit",
        "classes=array([0, 1, 2])",
        "the same classes each time, or none after the first time",
        lambda: part(classes=[0, 1]).partial_fit(X, Y, classes=[0, 1]),
    ),
    Mistake(
        "a first part of unknown classes",
        exc.DataError,
        "LN666",
        lambda: part(),
        "MLPClassifier.partial_fit",
        "no classes",
        "partial_fit(X, y, classes=np.unique(all_labels))",
        lambda: part(classes=np.unique(Y)),
    ),
    Mistake(
        "several classes a row",
        exc.DataError,
        "LN667",
        lambda: fit(X, np.c_[THREE, THREE]),
        "MLPClassifier",
        "labels (20, 2) with more than two values",
        "sklearn.multioutput.MultiOutputClassifier(MLPClassifier()), one network for each column",
        lambda: fit(X, np.c_[Y, 1 - Y]),
    ),
    Mistake(
        "a label that was not there before",
        exc.DataError,
        "LN669",
        lambda: again(THREE),
        "MLPClassifier",
        "a label 2",
        "labels of the classes of the first fit; warm_start=False starts anew",
        lambda: [again(Y), fit().fit(X, THREE)],
    ),
    Mistake(
        "a class that is no longer there",
        exc.DataError,
        "LN669",
        lambda: again(np.zeros(20, dtype=int)),
        "MLPClassifier",
        "classes [0] alone",
        "labels of the classes of the first fit; warm_start=False starts anew",
        lambda: [again(Y), part(classes=[0, 1]).partial_fit(X, np.zeros(20, dtype=int))],
    ),
    Mistake(
        "a string for a switch",
        exc.DataError,
        "LN680",
        lambda: fit(early_stopping="no"),
        "MLPClassifier",
        "early_stopping='no'",
        "early_stopping=True, or early_stopping=False",
        lambda: [fit(early_stopping=True), fit(early_stopping=np.False_)],
    ),
    Mistake(
        "a training that diverges",
        exc.DivergenceError,
        "LN681",
        lambda: diverging(learning_rate_init=10.0),
        "MLPRegressor",
        "a loss of inf; first not finite: the loss itself, in epoch 2, batch 2",
        "a smaller learning rate, clip_norm=1.0 in the optimizer, standardized features",
        lambda: diverging(learning_rate_init=0.01),
    ),
    Mistake(
        "more values than before",
        exc.MatchError,
        "LN670",
        lambda: values(X),
        "MLPRegressor",
        "3 values a row",
        "as many as in the first fit; warm_start=False starts anew",
        lambda: [values(VALUES), values(VALUES).set_params(warm_start=False).fit(X, X)],
    ),
]

each_mistake = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)


@each_mistake
def test_a_refusal_says_where_what_why_and_how_to_mend_it(mistake: Mistake):
    mistake.assert_refused()


@each_mistake
def test_the_fix_that_a_refusal_names_works(mistake: Mistake):
    mistake.mended()


@pytest.mark.parametrize(
    "parameters",
    [
        *({"alpha": -1.0}, {"learning_rate_init": 0.0}, {"momentum": 1.0}, {"beta_1": 1.0}, {"epsilon": 0.0}),
        *({"validation_fraction": 1.0}, {"tol": -1.0}, {"power_t": -1.0}, {"dropout": 1.0}, {"max_iter": 0}),
        *({"batch_size": "all"}, {"n_iter_no_change": 0.5}, {"max_fun": 0}),
    ],
)
def test_a_number_out_of_its_range_is_refused_by_its_name(parameters):
    with pytest.raises(exc.DataError, match=next(iter(parameters))) as caught:
        fit(**parameters)
    assert caught.value.where == "MLPClassifier"


def test_parameters_are_checked_when_they_are_used_and_not_before():
    assert MLPClassifier(alpha=-1.0).get_params()["alpha"] == -1.0


def test_partial_fit_is_not_there_for_lbfgs():
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")


SWITCHES = ["shuffle", "warm_start", "verbose", "nesterovs_momentum", "early_stopping", "batch_norm", "residual"]
SWITCHES += ["calibrate", "stratify", "ties_by_loss", "weights_are_counts"]


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", ["no", "False", None, -1, 0.0])
def test_a_switch_is_true_or_false(name, value):
    with pytest.raises(exc.DataError, match=f"LN680(.|\n)*The '{name}' parameter of MLPClassifier must be"):
        fit(**{name: value})


def test_every_parameter_that_is_true_or_false_by_default_is_a_switch():
    defaults = MLPClassifier().get_params() | MLPRegressor().get_params()
    assert {name for name, value in defaults.items() if isinstance(value, bool)} == set(SWITCHES)


@pytest.mark.parametrize("parameters", [{}, {"solver": "lbfgs", "activation": "identity"}, {"batch_size": 3}])
def test_large_numbers_are_refused_in_scikit_learns_words(parameters):
    x = np.finfo(np.float64).max * np.random.RandomState(0).uniform(size=(10, 2))
    words = r"Solver produced non-finite parameter weights\. The input data may contain large values"
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=words):
        MLPRegressor(hidden_layer_sizes=4, **parameters).fit(x, np.arange(10.0))


def test_a_divergence_is_a_training_error_too():
    with pytest.raises(exc.TrainingError, match="LN681"):
        diverging(learning_rate_init=1e200)


def test_early_stopping_brings_the_best_weights_back_from_a_divergence():
    with pytest.warns(ConvergenceWarning, match="Training diverged"):
        model = diverging(learning_rate_init=1.0, early_stopping=True)
    assert model.stopped_
    assert np.isnan([model.validation_scores_[-1], model.loss_curve_[-1]]).all()
    assert model.best_validation_score_ == np.nanmax(model.validation_scores_)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}, {"solver": "lbfgs"}, {"calibrate": True}])
def test_one_class_is_always_answered(parameters):
    model = MLPClassifier(4, max_iter=3, **parameters).fit(X, np.full(20, "yes"))
    assert model.classes_.tolist() == ["yes"]
    assert (model.predict(1e3 * X) == "yes").all()
    assert model.score(X, np.full(20, "yes")) == 1.0
    assert model.decision_function(X).shape == (20,)


def test_reordered_columns_are_refused_as_scikit_learn_does():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    with pytest.raises(ValueError, match="in the same order as they were in fit"):
        fit(frame, Y).predict(frame[["b", "a", "c"]])


def test_without_scikit_learn_the_import_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("lincoln.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(exc.MissingPackageError, match="LN650") as caught:
        __import__("lincoln.sklearn")
    assert 'pip install -e ".[sklearn]"' in caught.value.fix


def test_every_code_that_the_estimators_raise_is_tested():
    raised = re.compile(r'code="(LN\d+)"')
    sources = (Path(lnc.__file__).parent / "sklearn").glob("*.py")
    codes = {code for source in sources for code in raised.findall(source.read_text("utf-8"))}
    assert codes - {mistake.code for mistake in MISTAKES} == {"LN650"}
