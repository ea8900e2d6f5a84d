"""Metrics of probabilities, scores and distances against scikit-learn's, over batches, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lincoln.exc import DataError, MatchError
from lincoln.metrics import (
    LogLoss,
    RocAuc,
    RootMeanSquaredError,
    log_loss,
    roc_auc,
    root_mean_squared_error,
)

reference = pytest.importorskip("sklearn.metrics")

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 2, size=60)
SCORES = np.clip(0.3 * LABELS + RNG.uniform(0.0, 0.7, size=60), 0.0, 1.0).round(2)  # rounded: some are equal
CLASSES = RNG.integers(0, 3, size=60)
SHARES = RNG.dirichlet(np.ones(3), size=60)

COLUMNS = [SCORES, SCORES[:, None], np.stack([1 - SCORES, SCORES], axis=1)]


@pytest.mark.parametrize("predictions", COLUMNS, ids=["(n,)", "(n, 1)", "(n, 2)"])
@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None].astype(np.float32)], ids=["(n,)", "(n, 1)"])
def test_scores_of_two_classes_are_judged_as_by_scikit_learn(predictions: np.ndarray, labels: np.ndarray):
    assert roc_auc(predictions, labels) == pytest.approx(reference.roc_auc_score(LABELS, SCORES), rel=1e-12)
    assert log_loss(predictions, labels) == pytest.approx(reference.log_loss(LABELS, SCORES), rel=1e-12)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=2, max_size=12))
def test_equal_scores_count_one_half(pairs: list[tuple[int, int]]):
    examples = np.array([*pairs, (2, 0), (2, 1)])
    right = [(s > t) + 0.5 * (s == t) for s, a in examples for t, b in examples if a > b]
    assert roc_auc(examples[:, 0], examples[:, 1]) == pytest.approx(np.mean(right))


def test_logits_rank_as_their_probabilities_do():
    logits = RNG.normal(size=(60, 2))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert roc_auc(logits, LABELS) == pytest.approx(reference.roc_auc_score(LABELS, p[:, 1]))


def test_probabilities_of_several_classes_are_judged_as_by_scikit_learn():
    assert log_loss(SHARES, CLASSES) == pytest.approx(reference.log_loss(CLASSES, SHARES), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certainty_of_what_is_wrong_is_held_back_as_by_scikit_learn(dtype: type):
    p = np.array([[1.0, 0.0], [0.5, 0.5]], dtype=dtype)
    assert log_loss(p, [1, 1]) == pytest.approx(reference.log_loss([1, 1], p, labels=[0, 1]), rel=1e-6)
    assert log_loss(p[:, 1], [1, 1]) == pytest.approx(reference.log_loss([1, 1], p, labels=[0, 1]), rel=1e-6)


def test_several_yes_or_no_answers_are_judged_one_by_one():
    p, y = np.stack([SCORES, 1 - SCORES], axis=1), np.stack([LABELS, LABELS], axis=1)
    one_by_one = [reference.log_loss(y[:, i], p[:, i]) for i in range(2)]
    assert log_loss(p, y) == pytest.approx(np.mean(one_by_one))


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 3)])
def test_root_mean_squared_error_agrees_with_scikit_learn(shape: tuple[int, ...]):
    y = RNG.normal(size=shape)
    p = y + RNG.normal(size=shape)
    right = reference.root_mean_squared_error(y, p)
    assert root_mean_squared_error(p, y) == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize("metric", [LogLoss(), RocAuc(), RootMeanSquaredError()], ids=repr)
@given(cuts=st.lists(st.integers(1, 59), max_size=4))
def test_uneven_batches_give_the_value_of_the_whole(metric, cuts: list[int]):
    metric.reset()
    for start, stop in zip([0, *sorted(set(cuts))], [*sorted(set(cuts)), 60], strict=True):
        metric.update(SCORES[start:stop, None], LABELS[start:stop])
    assert metric.compute() == pytest.approx(metric(SCORES, LABELS), rel=1e-12)


@pytest.mark.parametrize(
    ("metric", "name", "higher"),
    [
        (LogLoss(), "log_loss", False),
        (RocAuc(), "roc_auc", True),
        (RootMeanSquaredError(), "root_mean_squared_error", False),
    ],
)
def test_a_metric_has_a_name_and_a_better_side(metric, name: str, higher: bool):
    assert (metric.name, metric.higher_is_better) == (name, higher)


@pytest.mark.parametrize("metric", [LogLoss(), RocAuc(), RootMeanSquaredError()], ids=repr)
def test_a_metric_that_has_seen_nothing_has_no_value(metric):
    metric.reset()
    with pytest.raises(DataError, match="no predictions"):
        metric.compute()


def test_values_are_plain_numbers():
    assert {type(metric(SCORES, LABELS)) for metric in (log_loss, roc_auc, root_mean_squared_error)} == {float}


def test_one_class_cannot_be_ranked_against_another():
    with pytest.raises(DataError, match="LN561 DataError in RocAuc") as caught:
        roc_auc([0.1, 0.2], [1, 1])
    assert caught.value.saw == "2 labels, all of class 1"
    assert "stratify=True" in caught.value.fix


def test_scores_of_three_classes_are_refused():
    with pytest.raises(MatchError, match=r"predictions \(60, 3\), labels \(60,\)"):
        roc_auc(SHARES, CLASSES)


def test_several_columns_of_scores_are_refused():
    with pytest.raises(MatchError, match=r"predictions \(2, 2\), labels \(2, 2\)"):
        roc_auc([[0.1, 0.2], [0.3, 0.4]], [[0, 1], [1, 0]])


def test_logits_are_no_probabilities():
    with pytest.raises(DataError, match="LN562 DataError in LogLoss") as caught:
        log_loss([[-1.0, 2.0]], [1])
    assert caught.value.saw == "a prediction of -1"
    assert "loss.probabilities(outputs)" in caught.value.fix


def test_rows_that_do_not_add_up_to_one_are_no_probabilities():
    with pytest.raises(DataError, match="LN562 DataError in LogLoss") as caught:
        log_loss([[0.5, 0.7]], [1])
    assert caught.value.saw == "a row of predictions that adds up to 1.2"


@pytest.mark.parametrize("metric", [log_loss, roc_auc])
def test_predictions_that_are_nan_are_refused(metric):
    with pytest.raises(DataError, match="1 of 2 predictions are NaN, the first in row 1"):
        metric([0.5, np.nan], [0, 1])


@pytest.mark.parametrize("metric", [log_loss, roc_auc])
def test_labels_other_than_0_and_1_are_refused_beside_one_column(metric):
    with pytest.raises(DataError, match="the class 2"):
        metric([0.5, 0.2], [2, 1])


def test_batches_of_other_columns_are_refused():
    metric = RootMeanSquaredError()
    metric.update(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(MatchError, match=r"columns \(3,\) after columns \(2,\)"):
        metric.update(np.ones((3, 3)), np.ones((3, 3)))
