"""The estimators: what scikit-learn's networks never had, and their life among scikit-learn's tools."""

from __future__ import annotations

import io
import json
import pickle
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import lincoln as lnc
from lincoln.sklearn import MLPClassifier, MLPRegressor
from lincoln.sklearn.calibration import best_temperature
from lincoln.sklearn.normalization import WeightedBatchNorm
from lincoln.sklearn.randomness import Stream
from lincoln.sklearn.rows import Rows
from lincoln.sklearn.splitting import hold_out

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning"),  # scikit-learn 1.6 beside a newer SciPy
]

CANCER, IS_BENIGN = load_breast_cancer(return_X_y=True)
CANCER = scale(CANCER)
IRIS, SPECIES = load_iris(return_X_y=True)
IRIS, SPECIES = scale(IRIS), np.array(["setosa", "versicolor", "virginica"])[SPECIES]
DIABETES, PROGRESS = (scale(part) for part in load_diabetes(return_X_y=True))
TOPICS, TOPIC = make_multilabel_classification(random_state=0)
EVERYTHING = {
    "hidden_layer_sizes": (12, 12),
    "activation": ["tanh", "gelu"],
    "dropout": [0.2, 0.1],
    "batch_norm": True,
    "residual": True,
    "class_weight": "balanced",
    "early_stopping": True,
    "calibrate": True,
}


def classifier(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": 8, "max_iter": 6, "random_state": 0} | parameters)


def regressor(**parameters: Any) -> MLPRegressor:
    return MLPRegressor(**{"hidden_layer_sizes": 8, "max_iter": 6, "random_state": 0} | parameters)


def assert_same(one: Any, other: Any) -> None:
    """The same bits in all that was learned."""
    for mine, theirs in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_scores_ == other.validation_scores_
    assert one.validation_loss_curve_ == other.validation_loss_curve_


# ---------------------------------------------------------------------- going on


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"solver": "sgd", "learning_rate": "invscaling", "batch_size": 50},
        {"dropout": 0.3, "batch_norm": True, "solver": "rmsprop"},
        {"early_stopping": True, "dropout": 0.3},
        {"learning_rate": "plateau", "dtype": "float32"},
        EVERYTHING,
    ],
)
@pytest.mark.parametrize("warm_from_the_start", [True, False])
def test_a_warm_start_goes_on_as_if_there_had_been_no_stop(parameters, warm_from_the_start):
    whole = classifier(**parameters, max_iter=7).fit(CANCER, IS_BENIGN)
    halves = classifier(**parameters, max_iter=3, warm_start=warm_from_the_start).fit(CANCER, IS_BENIGN)
    halves.set_params(warm_start=True, max_iter=4).fit(CANCER, IS_BENIGN)
    assert_same(whole, halves)


@pytest.mark.parametrize("carry", [pickle.dumps, "joblib", "state"])
def test_an_estimator_that_was_stored_goes_on_as_if_it_had_not_been(carry):
    whole = classifier(**EVERYTHING, max_iter=6).fit(CANCER, IS_BENIGN)
    first = classifier(**EVERYTHING, max_iter=4, warm_start=True).fit(CANCER, IS_BENIGN)
    second = carried(first, carry).set_params(max_iter=2)
    np.testing.assert_array_equal(first.predict_proba(CANCER), second.predict_proba(CANCER))
    assert_same(whole, second.fit(CANCER, IS_BENIGN))


def carried(estimator: Any, way: Any) -> Any:
    if way == "joblib":
        file = io.BytesIO()
        joblib.dump(estimator, file)
        return joblib.load(io.BytesIO(file.getvalue()))
    return clone(estimator).load_state_dict(estimator.state_dict()) if way == "state" else pickle.loads(way(estimator))


def test_a_state_is_plain_data_apart_from_its_arrays():
    frame = pd.DataFrame(IRIS, columns=list("abcd"))
    state = classifier(**EVERYTHING).fit(frame, SPECIES.astype(object)).state_dict()
    assert "setosa" in json.dumps(state, default=lambda array: array.tolist())


def test_a_warm_start_on_other_rows_goes_on_with_the_weights_alone():
    model = classifier(warm_start=True).fit(CANCER, IS_BENIGN)
    model.fit(CANCER[:300], IS_BENIGN[:300])
    assert (len(model.loss_curve_), model.n_iter_, model.t_) == (12, 6, 6 * 569 + 6 * 300)


def test_changed_rates_and_penalties_count_in_a_warm_start():
    model = classifier(warm_start=True, solver="sgd").fit(CANCER, IS_BENIGN)
    model.set_params(learning_rate_init=0.5, alpha=0.25).fit(CANCER, IS_BENIGN)
    assert (model.history_["learning_rate"][-1], model._loss.alpha) == (0.5, 0.25)


def test_parts_add_up_and_keep_the_classes_they_were_announced():
    model = classifier()
    for part in np.split(np.random.default_rng(0).permutation(150), 5):
        model.partial_fit(IRIS[part], SPECIES[part], classes=np.unique(SPECIES))
    assert (model.t_, len(model.loss_curve_), model.predict_proba(IRIS).shape) == (150, 5, (150, 3))


def test_partial_fit_stops_early_with_the_best_weights():
    model = classifier(early_stopping=True, n_iter_no_change=3, learning_rate_init=0.1, random_state=1)
    calls = 0
    while not model.__dict__.get("stopped_"):
        model.partial_fit(CANCER, IS_BENIGN, classes=[0, 1])
        calls += 1
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert len(model.validation_loss_curve_) == calls < 50
    before = model.predict_proba(CANCER)
    with pytest.warns(UserWarning, match="partial_fit changes nothing"):
        model.partial_fit(CANCER, IS_BENIGN)
    np.testing.assert_array_equal(model.predict_proba(CANCER), before)


def test_partial_fit_judges_equal_data_on_the_same_rows_each_time():
    model = classifier(early_stopping=True, learning_rate_init=1e-12, scoring="loss")
    for _ in range(3):
        model.partial_fit(CANCER, IS_BENIGN, classes=[0, 1])
    np.testing.assert_allclose(model.validation_loss_curve_, model.validation_loss_curve_[0])


def test_balanced_weights_count_all_parts_so_far():
    model = classifier(class_weight="balanced")
    model.partial_fit(CANCER[:100], IS_BENIGN[:100], classes=[0, 1]).partial_fit(CANCER[100:], IS_BENIGN[100:])
    np.testing.assert_allclose(model._weight_of_class, 569 / (2 * np.bincount(IS_BENIGN)))


# ---------------------------------------------------------------------- what the network is


def test_each_hidden_layer_may_have_its_own_activation_and_dropout():
    model = classifier(hidden_layer_sizes=(5, 4), activation=["gelu", lnc.layers.ELU(0.5)], dropout=[0.0, 0.5])
    shown = repr(model.fit(CANCER, IS_BENIGN).network_)
    assert [name for name in ("GELU()", "ELU(0.5)", "Dropout(0.5)") if name not in shown] == []


def test_no_hidden_layer_is_logistic_regression():
    ours = MLPClassifier((), solver="lbfgs", alpha=1.0, tol=1e-8, max_iter=1000).fit(CANCER, IS_BENIGN)
    theirs = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(CANCER, IS_BENIGN)
    np.testing.assert_allclose(ours.coefs_[0].ravel(), theirs.coef_.ravel(), atol=2e-3)


def test_residual_blocks_go_around_layers_as_wide_as_the_one_before():
    model = classifier(hidden_layer_sizes=(6, 6, 4, 4), residual=True).fit(CANCER, IS_BENIGN)
    kinds = [type(layer).__name__ for layer in model.network_]
    assert kinds == ["Dense", "Residual", "Dense", "Residual", "Linear"]


def test_a_network_of_ones_own_is_copied_and_trained():
    network = lnc.Sequential(lnc.Dense(7, "silu"), lnc.layers.LayerNorm(), lnc.Dense(3, "softmax"))
    model = classifier(network=network, max_iter=60, learning_rate_init=0.01).fit(IRIS, SPECIES)
    assert model.score(IRIS, SPECIES) > 0.9
    assert (network.built, model.out_activation_, model.n_layers_) == (False, "softmax", 3)
    assert clone(model).get_params()["network"] is not network


def test_a_network_that_has_learned_goes_on_from_what_it_knows():
    first = classifier(max_iter=30).fit(CANCER, IS_BENIGN)
    second = classifier(network=first.network_, max_iter=1, learning_rate_init=1e-12).fit(CANCER, IS_BENIGN)
    np.testing.assert_allclose(second.predict_proba(CANCER), first.predict_proba(CANCER), atol=1e-6)
    assert second.network_ is not first.network_


def test_a_network_of_two_outputs_decides_for_the_class_of_the_larger_one():
    model = classifier(network=lnc.layers.Linear(2, seed=0), solver="sgd").fit(CANCER, IS_BENIGN)
    decided = model.decision_function(CANCER)
    p = model.predict_proba(CANCER)
    np.testing.assert_allclose(decided, np.log(p[:, 1] / p[:, 0]), atol=1e-9)
    np.testing.assert_array_equal(decided > 0, model.predict(CANCER) == model.classes_[1])


def test_hidden_activations_are_what_each_hidden_layer_gives():
    model = classifier(hidden_layer_sizes=(5, 4), dropout=0.5, activation="tanh").fit(CANCER, IS_BENIGN)
    first, second = model.hidden_activations(CANCER)
    np.testing.assert_allclose(first, np.tanh(CANCER @ model.coefs_[0] + model.intercepts_[0]))
    logit = second @ model.coefs_[2] + model.intercepts_[2]
    np.testing.assert_allclose(model.decision_function(CANCER), logit[:, 0])


def test_weights_are_views_into_the_network():
    model = regressor().fit(DIABETES, PROGRESS)
    for part in model.coefs_ + model.intercepts_:
        part[...] = 0.0
    assert not model.predict(DIABETES).any()


@pytest.mark.parametrize(("dtype", "wanted"), [("auto", "float64"), ("float32", "float32"), ("float64", "float64")])
def test_a_network_computes_in_the_dtype_that_was_asked_for(dtype, wanted):
    model = classifier(dtype=dtype).fit(CANCER, IS_BENIGN)
    assert {str(model.coefs_[0].dtype), str(model.predict_proba(CANCER).dtype)} == {wanted}
    assert str(classifier().fit(CANCER.astype(np.float32), IS_BENIGN).coefs_[0].dtype) == "float32"


# ---------------------------------------------------------------------- losses, weights, optimizers


@pytest.mark.filterwarnings("ignore:Got `batch_size`")
@pytest.mark.parametrize(
    "loss",
    [
        *("squared_error", "absolute_error", "huber", "quantile", "poisson"),
        lnc.losses.Huber,
        lambda network: lnc.losses.Quantile(network, q=0.9),
        lambda network: lnc.losses.MeanSquaredError(network, reduction="mean"),
    ],
)
def test_a_weight_of_two_is_the_row_given_twice_for_every_loss(loss):
    counts = np.random.default_rng(0).integers(0, 4, len(DIABETES))
    values = np.round(np.exp(PROGRESS))
    once = regressor(loss=loss, batch_size=10**4, batch_norm=True).set_params(max_iter=5)
    twice = clone(once)
    once.fit(DIABETES, values, sample_weight=counts)
    twice.fit(DIABETES.repeat(counts, axis=0), values.repeat(counts))
    np.testing.assert_allclose(once.predict(DIABETES), twice.predict(DIABETES), rtol=1e-6)
    np.testing.assert_allclose(once.loss_curve_, twice.loss_curve_, rtol=1e-9)


def test_weights_of_one_change_nothing():
    one, other = classifier(early_stopping=True), classifier(early_stopping=True)
    ones = np.ones(len(CANCER))
    np.testing.assert_allclose(
        one.fit(CANCER, IS_BENIGN).predict_proba(CANCER), other.fit(CANCER, IS_BENIGN, ones).predict_proba(CANCER)
    )


def test_class_weights_multiply_the_rows_weights():
    weights = np.where(SPECIES == "virginica", 5.0, 1.0)
    one = classifier(class_weight={"virginica": 5.0}).fit(IRIS, SPECIES)
    assert_same(one, classifier().fit(IRIS, SPECIES, sample_weight=weights))


def test_balanced_weights_help_the_rare_class():
    rare = np.r_[np.flatnonzero(IS_BENIGN == 0)[:15], np.flatnonzero(IS_BENIGN == 1)]
    plain, balanced = (
        classifier(class_weight=asked, max_iter=5).fit(CANCER[rare], IS_BENIGN[rare]) for asked in (None, "balanced")
    )
    malignant = CANCER[IS_BENIGN == 0]
    assert (balanced.predict(malignant) == 0).mean() > (plain.predict(malignant) == 0).mean()


def test_a_quantile_lies_above_its_share_of_the_values():
    loss = lambda network: lnc.losses.Quantile(network, q=0.9)  # noqa: E731
    model = regressor(loss=loss, max_iter=150, learning_rate_init=0.01).fit(DIABETES, PROGRESS)
    assert 0.85 < (model.predict(DIABETES) > PROGRESS).mean() < 0.95


def test_counts_are_predicted_by_their_expected_values():
    values = np.round(np.exp(PROGRESS))
    model = regressor(loss="poisson", max_iter=100, learning_rate_init=0.01).fit(DIABETES, values)
    assert model.predict(DIABETES).min() > 0.0
    assert model.out_activation_ == "exp"


@pytest.mark.parametrize(
    "solver",
    [
        *("adamw", "rmsprop", "adagrad", "lbfgs"),
        lnc.optim.AdamW,
        lambda network: lnc.optim.SGD(network, lr=0.1, clip_norm=1.0),
    ],
)
def test_any_optimizer_learns(solver):
    model = classifier(solver=solver, max_iter=40, learning_rate_init=0.01).fit(CANCER, IS_BENIGN)
    assert model.score(CANCER, IS_BENIGN) > 0.9


@pytest.mark.parametrize(
    ("learning_rate", "last"),
    [
        ("cosine", 0.0),
        ("one_cycle", 0.0),
        ("plateau", 0.01),
        (lnc.optim.Constant, 0.01),
        (lambda step: 1 / (1 + step), 0),
    ],
)
def test_any_schedule_sets_the_rate(learning_rate, last):
    model = classifier(learning_rate=learning_rate, learning_rate_init=0.01, max_iter=20).fit(CANCER, IS_BENIGN)
    assert model.history_["learning_rate"][-1] == pytest.approx(last, abs=0.02 if last == 0 else 0.0)


def test_a_schedule_that_was_given_is_not_used_up():
    schedule = lnc.optim.ReduceOnPlateau(0.1, patience=1)
    classifier(learning_rate=schedule, max_iter=30).fit(CANCER, IS_BENIGN)
    assert schedule(0) == 0.1


# ---------------------------------------------------------------------- being judged


@pytest.mark.parametrize("by_parameter", [True, False])
def test_validation_data_of_ones_own_are_judged_and_not_learned_from(by_parameter):
    given = (CANCER[400:], IS_BENIGN[400:])
    model = classifier(validation_data=given if by_parameter else None)
    model.fit(CANCER[:400], IS_BENIGN[:400], **({} if by_parameter else {"validation_data": given}))
    assert model.t_ == 6 * 400
    assert model.validation_scores_[-1] == pytest.approx(model.score(*given))
    assert model.validation_loss_curve_[-1] == pytest.approx(log_loss(given[1], model.predict_proba(given[0])))


@pytest.mark.parametrize("scoring", ["roc_auc", "neg_log_loss", "loss", lambda model, x, y: model.predict(x).mean()])
def test_early_stopping_goes_by_any_score_and_brings_the_best_weights_back(scoring):
    given = (CANCER[400:], IS_BENIGN[400:])
    model = classifier(early_stopping=True, scoring=scoring, max_iter=60, n_iter_no_change=4, validation_data=given)
    model.fit(CANCER[:400], IS_BENIGN[:400])
    assert model.best_validation_score_ == max(model.validation_scores_)
    if scoring == "roc_auc":
        assert roc_auc_score(given[1], model.predict_proba(given[0])[:, 1]) == model.best_validation_score_


@pytest.mark.parametrize("by_loss", [True, False])
def test_of_equal_scores_the_first_is_the_best_or_the_one_with_the_lowest_loss(by_loss):
    given = (CANCER[400:], IS_BENIGN[400:])
    model = classifier(early_stopping=True, scoring=lambda *_: 1.0, n_iter_no_change=50, max_iter=30)
    model.set_params(ties_by_loss=by_loss).fit(CANCER[:400], IS_BENIGN[:400], validation_data=given)
    best, curve = log_loss(given[1], model.predict_proba(given[0])), model.validation_loss_curve_
    assert best == pytest.approx(min(curve) if by_loss else curve[0])
    assert curve[0] > min(curve)


def test_early_stopping_of_named_columns_does_not_warn():
    frame = pd.DataFrame(CANCER).add_prefix("cell ")
    model = classifier(early_stopping=True, scoring="balanced_accuracy").fit(frame, IS_BENIGN)
    assert model.feature_names_in_[0] == "cell 0"


def held_out(rows: Rows, fraction: float, *, stratify: bool = False, together: bool = False) -> tuple[Rows, Rows]:
    rng = np.random.RandomState(0)
    return hold_out(rows, fraction, rng=rng, stratify=stratify, together=together, where="")


def test_equal_rows_can_stay_on_one_side_of_a_split():
    rows = Rows(np.repeat(np.arange(20.0), 3)[:, None], np.zeros(60, dtype=int))
    train, valid = held_out(rows, 0.2, together=True)
    assert set(train.x.ravel()).isdisjoint(valid.x.ravel())
    assert (len(train), len(valid)) == (48, 12)


@pytest.mark.parametrize("n_single", [0, 1, 3])
def test_a_class_of_one_row_is_learned_from_and_the_others_keep_their_shares(n_single):
    classes = np.r_[np.repeat([0, 1, 2], [60, 30, 10]), np.arange(3, 3 + n_single)]
    train, valid = held_out(Rows(np.arange(len(classes))[:, None], classes), 0.1, stratify=True)
    held = np.bincount(valid.y)
    assert (held.sum(), held[2]) == (10 + (n_single > 0), 1)
    assert abs(held[:2] - [6, 3]).max() <= 1
    assert set(train.y) == set(classes)


def test_shares_are_for_two_classes_as_in_scikit_learn_and_for_more_if_asked_for():
    def held_of_the_rare(**parameters: Any) -> set[int]:
        y = np.repeat([0, 1, 2], [100, 90, 10])
        x = np.random.default_rng(0).normal(size=(200, 2))
        seen: list[int] = []
        for seed in range(10):
            model = classifier(early_stopping=True, max_iter=1, random_state=seed, **parameters)
            model.set_params(scoring=lambda model, x, y: float(seen.append((y == 2).sum()) or 0)).fit(x, y)
        return set(seen)

    assert held_of_the_rare(stratify=True) == {1}
    assert len(held_of_the_rare()) > 1


def test_sparse_and_dense_rows_split_alike():
    x = np.where(np.random.default_rng(0).random((30, 5)) < 0.5, 0.0, 1.0)
    for_dense, for_sparse = (
        held_out(Rows(kind(x), np.arange(30) // 2), 0.3, together=True) for kind in (np.asarray, sparse.csr_array)
    )
    np.testing.assert_array_equal(for_dense[1].x, for_sparse[1].x.toarray())


def test_callbacks_see_each_epoch_and_may_end_the_training():
    seen: list[int] = []

    def watch(model: Any, epoch: Any) -> bool:
        seen.append(epoch.number)
        assert model.predict(CANCER[:2]).shape == (2,)
        return epoch.number == 3

    model = classifier(callbacks=watch).fit(CANCER, IS_BENIGN)
    assert (seen, model.n_iter_, model.stopped_) == ([1, 2, 3], 3, True)


def test_an_interrupted_training_keeps_what_it_has_learned():
    def press(model: Any, epoch: Any) -> None:
        raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="interrupted"):
        model = classifier(callbacks=[press]).fit(CANCER, IS_BENIGN)
    assert model.score(CANCER, IS_BENIGN) >= 0.0


def test_history_tabulates_all_epochs():
    frame = classifier(early_stopping=True).fit(CANCER, IS_BENIGN).history_.to_frame()
    assert list(frame.columns[:4]) == ["number", "steps", "train_loss", "valid_loss"]
    assert (len(frame), "score" in frame) == (6, True)


@pytest.mark.parametrize("parameters", [{"early_stopping": True}, {"solver": "lbfgs"}, {}])
def test_verbose_prints_a_line_for_each_iteration(parameters, capsys):
    model = classifier(verbose=True, max_iter=3, **parameters).fit(CANCER, IS_BENIGN)
    shown = capsys.readouterr()
    assert [line.split(",")[0] for line in shown.out.splitlines()] == ["Iteration 1", "Iteration 2", "Iteration 3"]
    assert f"loss = {model.loss_:.8f}" in shown.out
    assert shown.err == ""


def test_verbose_says_why_a_training_ends(capsys):
    classifier(verbose=1, tol=1.0, n_iter_no_change=2).fit(CANCER, IS_BENIGN)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Training loss did not improve more than tol=1.000000 for 2 consecutive epochs. Stopping."


def test_calibrated_probabilities_say_how_often_they_are_right():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 20))
    y = (x[:, 0] + rng.normal(size=600) > 0).astype(int)
    plain, calibrated = (
        MLPClassifier(max_iter=150, random_state=0, validation_fraction=0.3, calibrate=asked).fit(x[:400], y[:400])
        for asked in (False, True)
    )
    assert calibrated.temperature_ > 1.5
    losses = [log_loss(y[400:], model.predict_proba(x[400:])) for model in (plain, calibrated)]
    assert losses[1] < losses[0] - 0.05


# ---------------------------------------------------------------------- labels and tables


def test_labels_that_are_not_exclusive_are_answered_one_by_one():
    model = classifier(max_iter=60, learning_rate_init=0.01, calibrate=True).fit(scale(TOPICS), TOPIC)
    p = model.predict_proba(scale(TOPICS))
    assert p.shape == TOPIC.shape
    np.testing.assert_array_equal(model.predict(scale(TOPICS)), p > 0.5)
    np.testing.assert_array_equal(model.decision_function(scale(TOPICS)) > 0, p > 0.5)


def test_several_values_are_predicted_at_once():
    model = regressor(max_iter=100, learning_rate_init=0.01).fit(DIABETES, np.c_[PROGRESS, DIABETES[:, 2]])
    assert model.predict(DIABETES).shape == (442, 2)
    assert model.score(DIABETES, np.c_[PROGRESS, DIABETES[:, 2]]) > 0.5


def test_sparse_rows_learn_the_same_and_stay_sparse(monkeypatch):
    x = np.where(CANCER > 0.5, CANCER, 0.0)
    dense, thin = classifier(batch_size=50), classifier(batch_size=50)
    dense.fit(x, IS_BENIGN)
    whole = sparse.csr_array.toarray
    shapes: list[tuple[int, ...]] = []
    monkeypatch.setattr(sparse.csr_array, "toarray", lambda self: shapes.append(self.shape) or whole(self))
    thin.fit(sparse.csc_array(x), IS_BENIGN)
    assert_same(dense, thin)
    np.testing.assert_array_equal(dense.predict_proba(x), thin.predict_proba(sparse.csr_array(x)))


def test_the_global_generators_are_left_alone(global_generators_untouched):
    classifier(random_state=None, dropout=0.2, early_stopping=True).fit(CANCER, IS_BENIGN)


def test_a_fitted_estimator_holds_no_training_rows():
    x = np.random.default_rng(0).normal(size=(20_000, 30))
    model = classifier(max_iter=1, early_stopping=True).fit(x, x[:, 0] > 0)
    assert len(pickle.dumps(model)) < 100_000


# ---------------------------------------------------------------------- among scikit-learn's tools


def test_they_live_in_pipelines_and_searches():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier(max_iter=40, learning_rate_init=0.01)),
        {"mlpclassifier__dropout": [0.0, 0.2], "mlpclassifier__solver": ["adam", lnc.optim.AdamW]},
        cv=3,
        n_jobs=2,
    )
    assert search.fit(IRIS, SPECIES).best_score_ > 0.8


def test_they_are_voted_with_scored_and_calibrated():
    model = classifier(max_iter=40, learning_rate_init=0.01)
    voting = VotingClassifier([("net", model), ("line", LogisticRegression())], voting="soft").fit(IRIS, SPECIES)
    assert voting.score(IRIS, SPECIES) > 0.9
    assert cross_val_score(model, IRIS, SPECIES, cv=3, scoring="neg_log_loss").mean() > -0.5
    assert CalibratedClassifierCV(model, cv=3).fit(IRIS, SPECIES).score(IRIS, SPECIES) > 0.8


def test_a_notebook_shows_them_as_scikit_learns():
    shown = make_pipeline(StandardScaler(), classifier(network=lnc.Sequential(lnc.Dense(1)))).fit(
        IRIS, SPECIES == "setosa"
    )
    page = shown._repr_html_()
    assert "MLPClassifier" in page
    assert "fitted" in page


def test_weighted_batch_normalization_has_the_right_gradient():
    norm = WeightedBatchNorm().build(3, dtype="float64")
    rng = np.random.default_rng(0)
    x, g, norm.weights = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), np.array([1.0, 2.0, 0.5, 3.0, 1.0])
    norm(x)
    along, step = rng.normal(size=x.shape), 1e-6
    slope = float((norm.backward(g) * along).sum())
    found = float(((norm(x + step * along) - norm(x - step * along)) * g).sum()) / (2 * step)
    assert slope == pytest.approx(found, rel=1e-6)


def test_a_stream_whose_order_was_dropped_finds_it_again():
    one, other = Stream(0), Stream(0)
    for stream in (one, other):
        stream.go_on(stream.enter(10), 10)
        stream.permutation(10)
    other.order = None
    for stream in (one, other):
        stream.go_on(stream.enter(10), 10)
    np.testing.assert_array_equal(one.permutation(10), other.permutation(10))


def test_weights_count_when_the_temperature_is_found():
    rng = np.random.default_rng(0)
    p, labels, weights = rng.dirichlet([1, 1, 1], 40), rng.integers(0, 3, 40), rng.integers(1, 4, 40)
    repeated = best_temperature(np.repeat(p, weights, axis=0), np.repeat(labels, weights), None)
    assert best_temperature(p, labels, weights.astype(float)) == pytest.approx(repeated)
    assert best_temperature(p, labels, None) != pytest.approx(repeated)


def test_a_calibrated_decision_goes_with_its_probability():
    model = classifier(calibrate=True, max_iter=60).fit(CANCER, IS_BENIGN)
    assert model.temperature_ != 1.0
    decided = model.decision_function(CANCER)
    np.testing.assert_allclose(1 / (1 + np.exp(-decided)), model.predict_proba(CANCER)[:, 1], atol=1e-9)


def test_class_weights_and_rows_weights_multiply():
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(IRIS))
    one = classifier(class_weight={"virginica": 5.0}).fit(IRIS, SPECIES, sample_weight=weights)
    other = classifier().fit(IRIS, SPECIES, sample_weight=weights * np.where(SPECIES == "virginica", 5.0, 1.0))
    np.testing.assert_allclose(one.predict_proba(IRIS), other.predict_proba(IRIS), rtol=1e-6)
