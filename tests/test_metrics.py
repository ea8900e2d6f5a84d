"""Metrics: their values, their sums over uneven batches, and the shapes that they refuse."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lincoln import load, metrics, models, save
from lincoln.exc import DataError, MatchError
from lincoln.metrics import (
    Accuracy,
    ConfusionCounts,
    MeanAbsoluteError,
    MeanSquaredError,
    Metric,
    R2Score,
    TopKError,
    accuracy,
    confusion_counts,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
)

SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.3, 0.3, 0.4], [0.2, 0.5, 0.3]])


def columns_of(values):
    return [np.array(values), np.array(values)[:, None]]


# ---------------------------------------------------------------------- accuracy


@pytest.mark.parametrize("predictions", columns_of([1, 0, 1, 1]))
@pytest.mark.parametrize("labels", columns_of([1, 0, 0, 1]))
def test_one_column_and_none_are_the_same(predictions, labels):
    """Mistake 38."""
    assert accuracy(predictions, labels) == 0.75


def test_perfect_predictions_are_perfect_whatever_the_columns():
    """Mistake 38."""
    labels = np.array([1, 0, 1, 1])
    assert accuracy(labels, labels[:, None]) == 1.0


@pytest.mark.parametrize(
    ("predictions", "labels"),
    [((4,), (3,)), ((4,), (1,)), ((1, 4), (4, 1)), ((4, 1), (4, 2)), ((4,), (4, 2)), ((4,), ()), ((), ())],
)
@pytest.mark.parametrize("metric", [accuracy, mean_squared_error, mean_absolute_error, r2_score, confusion_counts])
def test_nothing_is_broadcast(metric, predictions, labels):
    """Mistake 38."""
    with pytest.raises(MatchError, match="predictions") as caught:
        metric(np.zeros(predictions), np.zeros(labels))
    assert "one column each" in caught.value.fix


def test_the_refused_shapes_are_shown():
    with pytest.raises(MatchError, match=r"predictions \(4, 1\), labels \(4, 2\)"):
        accuracy(np.zeros((4, 1)), np.zeros((4, 2)))


def test_a_probability_of_one_half_is_class_one():
    """Mistake 19."""
    assert accuracy(np.array([0.5, 0.49, 0.51]), [1, 0, 1]) == 1.0


def test_rounded_probabilities_are_classes():
    assert accuracy(np.round([0.2, 0.9, 0.8]), [0, 1, 0]) == pytest.approx(2 / 3)


def test_probabilities_that_are_all_saturated_are_judged_alike():
    assert accuracy(np.array([1.0, 0.0, 1.0]), [1, 0, 0]) == accuracy(np.array([0.9, 0.0, 1.0]), [1, 0, 0])


def test_float_labels_are_classes():
    assert accuracy(np.array([[0.2], [0.7]], dtype=np.float32), np.array([[0.0], [1.0]], dtype=np.float32)) == 1.0


def test_the_largest_score_is_the_prediction():
    assert accuracy(SCORES, [1, 0, 2, 0]) == 0.75


def test_scores_are_judged_by_labels_in_a_column():
    """Mistake 37."""
    assert accuracy(SCORES, np.array([[1.0], [0.0], [2.0], [0.0]])) == 0.75


def test_one_example_is_a_batch():
    """Mistake 27."""
    assert accuracy(SCORES[:1], [1]) == 1.0
    assert accuracy(np.array([[0.7]]), [[1]]) == 1.0


def test_the_first_of_equal_scores_counts():
    assert accuracy(np.array([[0.5, 0.5]]), [0]) == 1.0


def test_sequences_are_judged_step_by_step():
    scores = np.stack([SCORES, SCORES])
    assert accuracy(scores, [[1, 0, 2, 1], [0, 0, 0, 0]]) == 5 / 8


def test_sequences_of_one_step_are_judged():
    assert accuracy(SCORES[:, None], np.array([[1], [0], [2], [0]])) == 0.75


def test_several_yes_or_no_labels_are_judged_one_by_one():
    assert accuracy(np.array([[0.9, 0.8], [0.1, 0.7]]), np.array([[1, 1], [1, 1]])) == 0.75


def test_strings_are_compared():
    assert accuracy(np.array(["a", "b"]), np.array(["a", "c"])) == 0.5


def test_strings_and_numbers_are_not_compared():
    with pytest.raises(DataError, match=r"predictions of int64, labels of <U1") as caught:
        accuracy([0, 1], ["a", "b"])
    assert "return_inverse=True" in caught.value.fix


def test_a_prediction_that_is_nan_is_wrong():
    assert accuracy(np.array([[np.nan, 0.0], [1.0, 0.0]]), [0, 0]) == 0.5
    assert accuracy(np.array([np.nan, 0.2, 0.9]), [0, 0, 1]) == pytest.approx(2 / 3)
    assert accuracy(np.array([np.nan, 0.0]), [0, 0]) == 0.5


def test_logits_in_one_column_are_refused_with_fixes_that_work():
    logits, labels = np.array([[-2.5], [3.2]]), [0, 1]
    with pytest.raises(DataError, match=r"a prediction of -2\.5") as caught:
        accuracy(logits, labels)
    assert "1 / (1 + np.exp(-a)), or classes: (a >= 0).astype(int)" in caught.value.fix
    assert accuracy(1 / (1 + np.exp(-logits)), labels) == accuracy((logits >= 0).astype(int), labels) == 1.0


def test_log_probabilities_are_refused_where_probabilities_are_wanted_with_a_fix_that_works():
    p = np.log([[0.2], [0.7]])
    with pytest.raises(DataError, match="between 0 and 1") as caught:
        accuracy(p, [0, 1])
    assert "Accuracy(logprob=True)" in caught.value.fix
    assert Accuracy(logprob=True)(p, [0, 1]) == 1.0


def test_probabilities_are_refused_where_log_probabilities_are_wanted():
    with pytest.raises(DataError, match="a log-probability is at most 0"):
        Accuracy(logprob=True)([[0.2], [0.7]], [0, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_logarithm_of_one_half_is_class_one(dtype):
    """Mistake 19."""
    assert Accuracy(logprob=True)(np.log(np.array([0.5, 0.499], dtype=dtype)), [1, 0]) == 1.0


def test_a_log_probability_of_zero_is_certainty():
    assert Accuracy(logprob=True)(np.array([[0.0], [-np.inf]]), [1, 0]) == 1.0


def test_log_probabilities_of_classes_are_judged():
    assert Accuracy(logprob=True)(np.log(SCORES), [1, 0, 2, 0]) == 0.75


@pytest.mark.parametrize(("label", "shown"), [(3, "3"), (-1, "-1"), (0.5, "0.5")])
def test_a_label_that_is_no_class_is_refused(label, shown):
    with pytest.raises(DataError, match=f"the class {shown}") as caught:
        accuracy(SCORES[:2], np.array([label, 0]))
    assert "from 0 to 2" in str(caught.value)
    assert "return_inverse=True" in caught.value.fix


def test_labels_other_than_0_and_1_are_refused_beside_probabilities():
    with pytest.raises(DataError, match="the class -1"):
        accuracy([0.3, 0.7], [-1, 1])


def test_one_hot_labels_are_refused_with_a_fix_that_works():
    labels = np.eye(3)[[1, 0, 2, 0]]
    with pytest.raises(MatchError, match=r"probabilities \(4, 3\) that add up to 1, one-hot labels \(4, 3\)") as caught:
        accuracy(SCORES, labels)
    assert "labels.argmax(axis=-1)" in caught.value.fix
    assert accuracy(SCORES, labels.argmax(axis=-1)) == 0.75


def test_one_hot_labels_are_refused_beside_log_probabilities():
    with pytest.raises(MatchError, match="one-hot"):
        Accuracy(logprob=True)(np.log(SCORES), np.eye(3)[[1, 0, 2, 0]])


@pytest.mark.parametrize("metric", [accuracy, mean_squared_error, r2_score, TopKError(1), ConfusionCounts()])
def test_no_predictions_are_refused(metric):
    with pytest.raises(DataError, match="no predictions"):
        metric(np.zeros((0, 1)), np.zeros((0, 1)))


# ---------------------------------------------------------------------- top k


def test_top_k_counts_the_labels_that_are_missed():
    assert TopKError(k=2)(SCORES, [1, 1, 2, 0]) == 0.5


def test_top_k_gives_the_same_for_log_probabilities():
    assert TopKError(k=2, logprob=True)(np.log(SCORES), [1, 1, 2, 0]) == 0.5


def test_the_first_of_equal_scores_is_the_larger():
    equal = np.full((4, 4), 0.25)
    assert TopKError(k=2)(equal, [0, 1, 2, 3]) == 0.5


def test_top_1_error_is_what_accuracy_leaves():
    assert TopKError(k=1)(SCORES, [1, 0, 0, 0]) == 1 - accuracy(SCORES, [1, 0, 0, 0])


@given(
    scores=st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=6),
    k=st.integers(1, 4),
)
def test_top_k_agrees_with_sorting(scores, k):
    p = np.array(scores, dtype=np.float32)
    labels = np.arange(len(p)) % 4
    top = np.argsort(-p, axis=1, kind="stable")[:, :k]
    assert TopKError(k=k)(p, labels) == pytest.approx(1 - (top == labels[:, None]).any(axis=1).mean())


def test_scores_that_are_nan_are_an_error():
    assert TopKError(k=1)([[np.nan, 0.0], [1.0, 0.0]], [0, 0]) == 0.5


def test_more_than_all_classes_are_refused():
    with pytest.raises(MatchError, match=r"predictions \(4, 3\), labels \(4,\), k=5"):
        TopKError()(SCORES, [1, 0, 2, 0])


def test_top_k_of_no_scores_is_refused():
    with pytest.raises(MatchError, match="k=1") as caught:
        TopKError(1)([0, 1], [0, 1])
    assert "(n, classes)" in caught.value.fix


def test_top_0_is_refused():
    with pytest.raises(DataError, match="k=0") as caught:
        TopKError(0)
    assert "k=5" in caught.value.fix


# ---------------------------------------------------------------------- confusion counts


def test_confusions_are_counted_with_true_classes_in_rows():
    assert confusion_counts([1, 1, 0], [0, 1, 1]).tolist() == [[0, 1], [1, 1]]


def test_scores_give_a_row_for_every_class():
    assert confusion_counts(SCORES[:1], [1]).shape == (3, 3)


def test_probabilities_give_two_classes():
    assert confusion_counts([[0.2], [0.3]], [0, 0]).tolist() == [[2, 0], [0, 0]]


def test_a_given_number_of_classes_is_kept():
    assert confusion_counts([0, 1], [0, 1], count=4).shape == (4, 4)


def test_a_class_beyond_the_given_number_is_refused():
    with pytest.raises(DataError, match="the class 4"):
        confusion_counts([0, 4], [0, 1], count=4)


def test_names_are_refused_with_a_fix_that_works():
    names = np.array(["b", "a", "b"])
    with pytest.raises(DataError, match="the class 'b'") as caught:
        confusion_counts(names, names)
    assert "np.unique(labels, return_inverse=True)[1]" in caught.value.fix
    assert confusion_counts(*[np.unique(names, return_inverse=True)[1]] * 2).tolist() == [[1, 0], [0, 2]]


def test_confusions_add_up_over_batches_and_grow():
    table = ConfusionCounts()
    table.update([0, 1], [0, 0])
    table.update([2], [1])
    assert table.compute().tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    table.reset()
    assert table.compute().size == 0


def test_predictions_that_are_nan_are_not_counted_for_a_class():
    with pytest.raises(DataError, match="1 of 2 predictions are NaN, the first in row 1") as caught:
        confusion_counts([[0.5], [np.nan]], [0, 1])
    assert "check_finite" in caught.value.fix


# ---------------------------------------------------------------------- quantities


@pytest.mark.parametrize("predictions", columns_of([1.0, 2.0, 4.0]))
@pytest.mark.parametrize("labels", columns_of([1.0, 2.0, 3.0]))
def test_errors_of_quantities(predictions, labels):
    assert mean_squared_error(predictions, labels) == pytest.approx(1 / 3)
    assert mean_absolute_error(predictions, labels) == pytest.approx(1 / 3)
    assert r2_score(predictions, labels) == 0.5


def test_small_unsigned_integers_do_not_wrap_around():
    assert mean_absolute_error(np.array([1], dtype=np.uint8), np.array([2], dtype=np.uint8)) == 1.0


def test_errors_of_several_columns_are_averaged():
    p, y = np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[1.0, 1.0], [2.0, 3.0]])
    assert mean_squared_error(p, y) == 2.5
    assert r2_score(p, y) == pytest.approx((1.0 + (1 - 10 / 2)) / 2)


def test_r2_agrees_with_scikit_learn():
    reference = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    y = rng.normal(size=(50, 3)) + 1000
    p = y + 0.1 * rng.normal(size=(50, 3))
    assert r2_score(p, y) == pytest.approx(reference.r2_score(y, p), rel=1e-9)


def test_r2_of_equal_labels_is_one_for_no_error_and_else_zero():
    assert r2_score([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert r2_score([2.0, 3.0], [2.0, 2.0]) == 0.0


def test_strings_are_no_quantities():
    with pytest.raises(DataError, match="predictions of type <U1"):
        mean_squared_error(["a"], ["b"])


def test_r2_refuses_batches_of_other_columns():
    metric = R2Score()
    metric.update(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(MatchError, match=r"columns \(3,\) after columns \(2,\)"):
        metric.update(np.ones((3, 3)), np.ones((3, 3)))


# ---------------------------------------------------------------------- over batches


@pytest.mark.parametrize("metric", [Accuracy(), MeanSquaredError(), MeanAbsoluteError(), R2Score()])
@given(cuts=st.lists(st.integers(1, 29), max_size=4))
def test_uneven_batches_give_the_value_of_the_whole(metric, cuts):
    rng = np.random.default_rng(0)
    p, y = rng.uniform(0.01, 0.99, size=30), rng.integers(0, 2, size=30)
    metric.reset()
    for start, stop in zip([0, *sorted(set(cuts))], [*sorted(set(cuts)), 30], strict=True):
        metric.update(p[start:stop], y[start:stop, None])
    assert metric.compute() == pytest.approx(metric(p, y), rel=1e-12)


def test_top_k_over_uneven_batches_is_that_of_the_whole():
    metric = TopKError(k=2)
    metric.update(SCORES[:3], [1, 1, 2])
    metric.update(SCORES[3:], [0])
    assert metric.compute() == 0.5


def test_calling_a_metric_leaves_what_it_has_gathered():
    metric = Accuracy()
    metric.update([1, 1], [1, 0])
    assert metric([1], [1]) == 1.0
    assert metric.compute() == 0.5


def test_reset_forgets_all_batches():
    metric = Accuracy()
    metric.update([0], [1])
    metric.reset()
    metric.update([1], [1])
    assert metric.compute() == 1.0


@pytest.mark.parametrize("metric", [Accuracy(), R2Score()])
def test_a_metric_that_has_seen_nothing_has_no_value(metric):
    metric.reset()
    with pytest.raises(DataError, match="no predictions") as caught:
        metric.compute()
    assert "update(predictions, labels)" in caught.value.fix


@pytest.mark.parametrize(
    ("metric", "name", "higher"),
    [
        (Accuracy(), "accuracy", True),
        (TopKError(3), "top_3_error", False),
        (MeanSquaredError(), "mean_squared_error", False),
        (MeanAbsoluteError(), "mean_absolute_error", False),
        (R2Score(), "r2", True),
    ],
)
def test_a_metric_has_a_name_and_a_better_side(metric, name, higher):
    assert (metric.name, metric.higher_is_better) == (name, higher)


def test_a_metric_shows_how_it_was_made():
    assert repr(TopKError(k=3)) == "TopKError(k=3)"
    assert repr(Accuracy(logprob=True)) == "Accuracy(logprob=True)"


def test_a_users_metric_needs_only_its_formula():
    class Bias(Metric):
        name = "bias"

        def each(self, predictions, labels):
            return predictions - labels

    assert Bias()(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == 1.0


def test_values_are_plain_numbers():
    assert type(accuracy([1], [1])) is float
    assert type(r2_score([1.0, 2.0], [1.0, 2.0])) is float


def test_inputs_are_left_alone():
    p, y = np.array([[0.2], [0.7]]), np.array([0, 1])
    metrics.accuracy(p, y)
    metrics.r2_score(p, y)
    assert p.tolist() == [[0.2], [0.7]]
    assert y.tolist() == [0, 1]


# ---------------------------------------------------------------------- the functions

FUNCTIONS = sorted(name for name in metrics.__all__ if name.islower())
FUNCTION = pytest.mark.parametrize("name", FUNCTIONS)


@FUNCTION
def test_a_function_is_an_object_of_its_class(name):
    function = getattr(metrics, name)
    kinds = [getattr(metrics, kind) for kind in metrics.__all__ if kind[0].isupper()]
    assert type(function) in kinds
    assert (function.__name__, function.name, models.trainer.metric_name(function)) == (name, name, name)
    assert function.__doc__ == type(function).__doc__


@FUNCTION
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda function: pickle.loads(pickle.dumps(function))])
def test_a_function_is_copied_and_pickled_by_its_name(name, copied):
    assert copied(getattr(metrics, name)) is getattr(metrics, name)


@FUNCTION
def test_a_function_is_saved_by_its_name(name, tmp_path):
    save(getattr(metrics, name), tmp_path / "function")
    assert load(tmp_path / "function") is getattr(metrics, name)


@FUNCTION
def test_calling_a_function_leaves_nothing_behind(name):
    function = getattr(metrics, name)
    before = copy.deepcopy(vars(function))
    function([1.0, 0.0, 1.0, 0.0], [1, 0, 0, 1]) if name != "log_loss" else function([0.5, 0.4], [1, 0])
    assert repr(vars(function)) == repr(before)


def test_a_metric_made_anew_has_the_same_options_and_counts_for_itself():
    metric = TopKError(k=2)
    metric.update(SCORES, [1, 0, 2, 0])
    other = metric.anew()
    assert (other.k, other.count, metric.count) == (2, 0, 4)
    assert accuracy.anew() is not accuracy
    assert copy.copy(accuracy.anew()) is not accuracy


def test_the_table_of_a_function_can_have_more_classes_than_are_met():
    assert confusion_counts([0, 1], [0, 1], count=3).shape == (3, 3)


@pytest.mark.big
def test_tensors_are_judged():
    torch = pytest.importorskip("torch")
    scores, labels = torch.tensor(SCORES), torch.tensor([[1], [0], [2], [0]])
    assert accuracy(scores, labels) == 0.75
    assert TopKError(k=2)(scores.requires_grad_(), labels) == 0.25
    assert mean_squared_error(torch.ones(3, 1), np.zeros(3)) == 1.0


def test_counts_that_were_given_out_do_not_change_any_more():
    table = metrics.ConfusionCounts(2)
    table.update([0, 1], [0, 1])
    given = table.compute()
    given[0, 0] = 99
    assert table.compute().tolist() == [[1, 0], [0, 1]]
