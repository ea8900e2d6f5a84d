"""A training that was interrupted, stored and taken up again is the whole one, for every solver and schedule."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lincoln as lnc
from lincoln.sklearn import MLPClassifier
from lincoln.sklearn.randomness import Stream

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
PARTS = [np.arange(start, start + 20) for start in (0, 20, 40, 10, 30, 5)]


def only_the_first_step(step: int) -> float:
    return 0.01 if step == 0 else 0.0


SOLVERS = ["adam", "sgd", "adamw", "rmsprop", "adagrad", lnc.optim.SGD]
SCHEDULES: list[Any] = [
    *("constant", "invscaling", "adaptive", "cosine", "one_cycle", "plateau"),
    lnc.optim.Constant,
    lnc.optim.StepDecay(0.01, step_size=4),
    lnc.optim.ReduceOnPlateau(0.01, patience=0, threshold=0.5),
    only_the_first_step,
]


def saved(model: MLPClassifier, folder: Path) -> MLPClassifier:
    lnc.save(model, folder / "model.safetensors")
    return lnc.load(folder / "model.safetensors")


CARRIERS: dict[str, Callable[[MLPClassifier, Path], MLPClassifier]] = {
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "save": saved,
    "deepcopy": lambda model, _: copy.deepcopy(model),
}


def made(solver: Any = "adam", learning_rate: Any = "constant", **parameters: Any) -> MLPClassifier:
    patience = 1 if (solver, learning_rate) == ("sgd", "adaptive") else np.inf
    usual = {"batch_size": 20, "random_state": 0, "learning_rate_init": 0.05, "tol": 1.0, "n_iter_no_change": patience}
    return MLPClassifier(4, solver=solver, learning_rate=learning_rate, **usual | parameters)


def fitted_in_part(model: MLPClassifier) -> MLPClassifier:
    """A training that a callback ends after the third epoch."""
    model.set_params(warm_start=True, callbacks=lambda _, epoch: epoch.number == 3).fit(X, Y)
    return model.set_params(callbacks=None)


def in_parts(model: MLPClassifier, parts: list[np.ndarray]) -> MLPClassifier:
    for part in parts:
        model.partial_fit(X[part], Y[part], classes=[0, 1])
    return model


def assert_same(one: MLPClassifier, other: MLPClassifier) -> None:
    for mine, theirs in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert one.loss_curve_ == other.loss_curve_
    assert one.history_["learning_rate"] == other.history_["learning_rate"]
    assert np.isfinite(one.coefs_[0]).all()


@pytest.mark.parametrize("solver", SOLVERS, ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_an_interrupted_training_is_the_whole_one(solver, schedule, tmp_path):
    by_fit = made(solver, schedule, max_iter=7).fit(X, Y)
    by_parts = in_parts(made(solver, schedule, max_iter=4), PARTS)
    for name, carry in CARRIERS.items():
        if name == "save" and schedule is only_the_first_step:
            continue  # a file holds no functions
        first = fitted_in_part(made(solver, schedule, max_iter=7))
        assert_same(by_fit, carry(first, tmp_path).set_params(max_iter=4).fit(X, Y))
        half = in_parts(made(solver, schedule, max_iter=4), PARTS[:3])
        assert_same(by_parts, in_parts(carry(half, tmp_path), PARTS[3:]))


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_a_course_takes_as_many_steps_as_the_epochs_of_a_fit_and_the_next_fit_begins_anew(schedule):
    model = made("sgd", schedule, max_iter=5, warm_start=True, early_stopping=True, validation_fraction=0.5).fit(X, Y)
    model.fit(X, Y)
    rates = model.history_["learning_rate"]
    assert rates[:5] == rates[5:]
    assert rates[4] < 0.1 * max(rates)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_parts_beyond_max_iter_begin_a_course_anew(schedule):
    rates = in_parts(made("adam", schedule, max_iter=3), PARTS).history_["learning_rate"]
    assert rates[:3] == rates[3:]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("solver", "sgd"), ("solver", "lbfgs"), ("beta_1", 0.5), ("beta_2", 0.5), ("epsilon", 0.1)),
        *(("learning_rate", "cosine"), ("learning_rate_init", 0.5), ("alpha", 5.0)),
    ],
)
def test_a_parameter_of_the_solver_that_is_changed_counts_in_a_warm_start(name, value):
    before, after = (made(warm_start=True, max_iter=3).fit(X, Y) for _ in range(2))
    after.set_params(**{name: value})
    assert not np.array_equal(before.fit(X, Y).coefs_[0], after.fit(X, Y).coefs_[0])


@pytest.mark.parametrize(("name", "value"), [("momentum", 0.1), ("nesterovs_momentum", False), ("power_t", 0.1)])
def test_a_parameter_of_sgd_that_is_changed_counts_in_a_warm_start(name, value):
    before, after = (made("sgd", "invscaling", warm_start=True, max_iter=3).fit(X, Y) for _ in range(2))
    after.set_params(**{name: value})
    assert not np.array_equal(before.fit(X, Y).coefs_[0], after.fit(X, Y).coefs_[0])


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_another_peak_changes_the_rates_of_a_course_and_not_its_end(schedule):
    model = made("adam", schedule, max_iter=6, warm_start=True, callbacks=lambda _, epoch: epoch.number == 3).fit(X, Y)
    model.set_params(callbacks=None, max_iter=3, learning_rate_init=0.5).fit(X, Y)
    whole = made("adam", schedule, max_iter=6, learning_rate_init=0.5).fit(X, Y)
    assert model.history_["learning_rate"][3:] == whole.history_["learning_rate"][3:]


def test_an_estimator_saved_between_two_solvers_goes_on_with_the_new_one(tmp_path):
    model = made(max_iter=3, warm_start=True).fit(X, Y).set_params(solver="sgd")
    stored = saved(model, tmp_path)
    assert_same(model.fit(X, Y), stored.fit(X, Y))


# ---------------------------------------------------------------------- partial_fit and patience


def noisy_parts() -> tuple[list[tuple[np.ndarray, np.ndarray]], tuple[np.ndarray, np.ndarray]]:
    """Three hundred parts of twenty rows, of which every fourth label is wrong; and rows without wrong labels."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(7000, 4))
    y = (x @ np.ones(4) > 0).astype(int)
    noisy = np.where(rng.random(6000) < 0.25, 1 - y[:6000], y[:6000])
    return list(zip(np.split(x[:6000], 300), np.split(noisy, 300), strict=True)), (x[6000:], y[6000:])


def test_parts_are_learned_from_until_the_last_one():
    parts, clean = noisy_parts()
    model = MLPClassifier(random_state=0)
    for x, y in parts:
        model.partial_fit(x, y, classes=[0, 1])
    assert (model.t_, model.stopped_) == (6000, False)
    assert model.score(*clean) > 0.95


@pytest.mark.parametrize("carrier", CARRIERS)
def test_parts_are_learned_from_after_a_fit_that_has_converged(carrier, tmp_path):
    fitted = MLPClassifier(4, tol=1.0, random_state=0).fit(X, Y)
    assert fitted.stopped_
    model = CARRIERS[carrier](fitted, tmp_path)
    before = model.coefs_[0].copy()
    model.partial_fit(X, Y)
    assert not np.array_equal(model.coefs_[0], before)


def test_early_stopping_ends_partial_fit_and_says_so_until_it_is_no_longer_asked_for():
    model = MLPClassifier(4, early_stopping=True, tol=1.0, n_iter_no_change=2, random_state=0)
    while not getattr(model, "stopped_", False):
        model.partial_fit(X, Y, classes=[0, 1])
    before = model.coefs_[0].copy()
    with pytest.warns(UserWarning, match="partial_fit changes nothing: early stopping"):
        model.partial_fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], before)
    assert not np.array_equal(model.set_params(early_stopping=False).partial_fit(X, Y).coefs_[0], before)


def test_a_seed_begins_every_part_with_the_same_order_and_a_random_state_goes_on():
    def orders(random_state: Any) -> list[list[int]]:
        stream, found = Stream(random_state), []
        for part in range(3):
            stream.enter_part(random_state, first=part == 0)
            found.append(stream.permutation(9).tolist())
        return found

    first, second, third = orders(0)
    assert first == second == third
    going_on = orders(np.random.RandomState(0))
    assert going_on[0] == first
    assert len({tuple(order) for order in going_on}) == 3


@pytest.mark.parametrize("learning_rate", ["cosine", "one_cycle"])
def test_a_state_that_does_not_tell_its_course_loads_and_the_next_fit_begins_a_new_one(learning_rate):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), np.arange(60) % 2
    model = MLPClassifier((4,), learning_rate=learning_rate, max_iter=5, warm_start=True, random_state=0).fit(x, y)
    state = model.state_dict()
    for name in ("schedule.start", "schedule.steps"):
        del state["optimizer"][name]
    other = MLPClassifier(**model.get_params()).load_state_dict(state)
    for estimator in (model, other):
        estimator.fit(x, y)
    np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])
