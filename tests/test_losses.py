"""The contract of every loss: gradients, PyTorch's numbers, weights, labels, and logits beyond what exp can bear."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cases import LOSS_CASES, LossCase, loss_oracle, relative_error, stored, without_row
from hypothesis import given, settings
from hypothesis import strategies as st

import lincoln as lnc
from lincoln import layers, losses
from lincoln.check.gradients import gradient_report
from lincoln.initializers import Constant

each_loss = pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
each_reduction = pytest.mark.parametrize("reduction", ["sum", "mean"])
few = settings(max_examples=25, deadline=None, derandomize=True, database=None)
sizes = st.integers(1, 5)


def test_every_public_loss_has_a_row_in_the_contract_table():
    assert without_row(losses.__all__, LOSS_CASES) == []


def test_a_public_loss_without_a_row_is_found():
    assert without_row([*losses.__all__, "Regret"], LOSS_CASES) == ["Regret"]


# ---------------------------------------------------------------------- gradients, and PyTorch's numbers


@each_loss
@each_reduction
def test_gradients_agree_with_finite_differences(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    loss = case.loss(case.network(), reduction=reduction)
    report = gradient_report(loss, rng.normal(size=(4, 6)), case.labels(rng, (4, case.outputs)))
    assert report.ok, str(report)
    assert report.worst < 1e-6


@each_loss
@each_reduction
def test_gradients_are_right_for_a_batch_of_one(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    loss = case.loss(case.network(), reduction=reduction)
    report = gradient_report(loss, rng.normal(size=(1, 6)), case.labels(rng, (1, case.outputs)))
    assert report.ok, str(report)


@each_loss
@each_reduction
def test_numbers_equal_those_that_pytorch_gave(case: LossCase, reduction: str):
    _assert_equal_to_pytorch(case, reduction, stored("losses.npz", case.name))


@pytest.mark.big
@each_loss
@each_reduction
@pytest.mark.parametrize("n", [1, 2, 17])
def test_numbers_equal_pytorch_s_for_other_batches(case: LossCase, reduction: str, n: int):
    pytest.importorskip("torch")
    _assert_equal_to_pytorch(case, reduction, loss_oracle(case, n))


def _assert_equal_to_pytorch(case: LossCase, reduction: str, right: dict[str, np.ndarray]) -> None:
    loss = case.loss(layers.Sequential(), reduction=reduction)
    value = loss(right["predictions"], right["labels"])
    assert abs(value - right[f"{reduction}.loss"]) < 1e-9 * abs(right[f"{reduction}.loss"])
    assert relative_error(loss.gradient(), right[f"{reduction}.grad"]) < 1e-9


@few
@given(sizes, sizes, st.sampled_from(["sum", "mean"]))
def test_softmax_cross_entropy_is_right_for_any_shape(n: int, k: int, reduction: str):
    loss = losses.SoftmaxCrossEntropy(layers.Linear(k, seed=0), reduction=reduction)
    report = gradient_report(loss, np.random.default_rng(n).normal(size=(n, 3)), np.arange(n) % k)
    assert report.ok, str(report)


@few
@given(st.lists(sizes, min_size=1, max_size=3), st.sampled_from(["sum", "mean"]))
def test_mean_squared_error_is_right_for_any_shape(shape: list[int], reduction: str):
    rng = np.random.default_rng(0)
    loss = losses.MeanSquaredError(layers.Residual(layers.Tanh()), reduction=reduction)
    report = gradient_report(loss, rng.normal(size=shape), rng.normal(size=shape))
    assert report.ok, str(report)


@each_reduction
def test_classes_of_every_step_of_a_sequence_are_learned(reduction: str):
    loss = losses.SoftmaxCrossEntropy(
        layers.Linear(3, seed=0), reduction=reduction, label_smoothing=0.1, class_weight=[1.0, 2.0, 3.0]
    )
    rng = np.random.default_rng(0)
    report = gradient_report(loss, rng.normal(size=(2, 5, 4)), rng.integers(0, 3, size=(2, 5)))
    assert report.ok, str(report)


@each_loss
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_has_the_dtype_of_the_predictions(case: LossCase, dtype: str):
    rng = np.random.default_rng(0)
    predictions = case.predictions(rng, 4).astype(dtype)
    loss = case.loss(layers.Sequential(), reduction="mean")
    value = loss(predictions, case.labels(rng, predictions.shape), np.array([1.0, 2.0, 0.5, 1.0]))
    assert type(value) is float
    assert (loss.gradient().dtype, loss.gradient().shape) == (predictions.dtype, predictions.shape)


@each_loss
def test_nothing_that_was_given_is_changed(case: LossCase):
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(4, 6)), np.array([1.0, 2.0, 0.5, 1.0])
    labels = case.labels(rng, (4, case.outputs))
    kept = x.copy(), labels.copy(), weights.copy()
    loss = case.loss(case.network())
    loss(x, labels, weights)
    loss.backward()
    np.testing.assert_equal((x, labels, weights), kept)


# ---------------------------------------------------------------------- sums, means, weights


@each_loss
def test_the_mean_is_the_sum_shared_among_all_numbers(case: LossCase):
    rng = np.random.default_rng(0)
    predictions = case.predictions(rng, 4)
    labels = case.labels(rng, predictions.shape)
    total, mean = case.loss(layers.Sequential()), case.loss(layers.Sequential(), reduction="mean")
    total(predictions, labels)
    mean(predictions, labels)
    share = mean.gradient() / np.where(total.gradient() == 0, 1.0, total.gradient())
    np.testing.assert_allclose(share[share != 0], share[share != 0][0])


@each_loss
@each_reduction
def test_a_weight_of_two_counts_like_the_row_given_twice(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(4, 6)), case.labels(rng, (4, case.outputs))
    weighted = case.loss(case.network().build(6, dtype="float64"), reduction=reduction)
    repeated = case.loss(case.network().build(6, dtype="float64"), reduction=reduction)
    once = weighted(x, labels, [1.0, 2.0, 1.0, 2.0])
    twice = repeated(x[[0, 1, 1, 2, 3, 3]], labels[[0, 1, 1, 2, 3, 3]])
    weighted.backward()
    repeated.backward()
    assert once == pytest.approx(twice, rel=1e-12)
    np.testing.assert_allclose(weighted.network.vector.grad, repeated.network.vector.grad, rtol=1e-10, atol=1e-13)
    assert (weighted.total, weighted.count) == pytest.approx((repeated.total, repeated.count))


@each_loss
@each_reduction
def test_a_weight_of_zero_counts_like_the_row_left_out(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(3, 6)), case.labels(rng, (3, case.outputs))
    weighted = case.loss(case.network().build(6, dtype="float64"), reduction=reduction)
    fewer = case.loss(case.network().build(6, dtype="float64"), reduction=reduction)
    assert weighted(x, labels, [1.0, 0.0, 1.0]) == pytest.approx(fewer(x[::2], labels[::2]), rel=1e-12)
    weighted.backward()
    fewer.backward()
    np.testing.assert_allclose(weighted.network.vector.grad, fewer.network.vector.grad, rtol=1e-10, atol=1e-13)


@each_loss
@each_reduction
def test_weights_of_shape_n_and_n_1_mean_the_same(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    predictions = case.predictions(rng, 3)
    labels = case.labels(rng, predictions.shape)
    loss = case.loss(layers.Sequential(), reduction=reduction)
    flat = loss(predictions, labels, np.array([1.0, 2.0, 0.5]))
    assert loss(predictions, labels, np.array([[1.0], [2.0], [0.5]])) == flat


def test_total_and_count_add_up_to_the_mean_over_uneven_batches():
    x, y = np.arange(5.0)[:, None], np.zeros(5)
    loss = losses.MeanSquaredError(layers.Sequential(), reduction="mean")
    total = count = 0.0
    for rows in (slice(0, 3), slice(3, 5)):
        loss(x[rows], y[rows])
        total, count = total + loss.total, count + loss.count
    assert total / count == pytest.approx(np.mean(x**2))


def test_losses_before_the_sum_can_be_looked_at():
    loss = losses.MeanSquaredError(layers.Sequential())
    loss(np.array([[1.0], [3.0]]), np.zeros(2))
    np.testing.assert_array_equal(loss.losses, [[1.0], [9.0]])


# ---------------------------------------------------------------------- labels


@each_loss
@each_reduction
def test_labels_of_shape_n_and_n_1_mean_the_same(case: LossCase, reduction: str):
    one_output = case.outputs == 1
    k = 1 if one_output else case.outputs
    rng = np.random.default_rng(0)
    predictions = case.predictions(rng, 4)
    labels = case.labels(rng, (4, k))
    flat = labels.reshape(4) if labels.size == 4 else labels
    column = labels.reshape(4, 1) if labels.size == 4 else labels[..., None]
    loss = case.loss(layers.Sequential(), reduction=reduction)
    assert loss(predictions, flat) == loss(predictions, column)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32", "int64", "float32", "float64"])
def test_binary_labels_may_be_of_any_kind_of_number(dtype: str):
    loss = losses.LogLoss(layers.Sequential())
    assert loss(np.array([[0.5], [0.25]]), np.array([1, 0], dtype=dtype)) == pytest.approx(-math.log(0.5 * 0.75))


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int32", "int64"])
def test_class_labels_may_be_of_any_kind_of_integer(dtype: str):
    loss = losses.CrossEntropy(layers.Sequential())
    assert loss(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([1, 0], dtype=dtype)) == pytest.approx(-math.log(0.125))


def test_labels_may_be_a_plain_list():
    assert losses.MeanSquaredError(layers.Sequential())(np.array([[1.0], [2.0]]), [1, 0]) == 4.0


def test_probabilities_of_logits_log_probabilities_and_probabilities_are_the_same():
    a = np.array([[1.0, -2.0, 0.5]])
    p = PROBABILITIES = np.exp(a) / np.exp(a).sum()
    network = layers.Sequential()
    np.testing.assert_allclose(losses.SoftmaxCrossEntropy(network).probabilities(a), p)
    np.testing.assert_allclose(losses.NLLLoss(network).probabilities(np.log(p)), p)
    np.testing.assert_allclose(losses.CrossEntropy(network).probabilities(p), PROBABILITIES)
    np.testing.assert_allclose(losses.SigmoidCrossEntropy(network).probabilities(a), 1 / (1 + np.exp(-a)))
    np.testing.assert_allclose(losses.LogSigmoidLoss(network).probabilities(np.log(p)), p)
    np.testing.assert_allclose(losses.LogLoss(network).probabilities(p), p)


def test_expected_counts_of_poisson_are_exponentials():
    a = np.array([[0.0, 1.0]])
    np.testing.assert_allclose(losses.Poisson(layers.Sequential()).expected(a), np.exp(a))
    np.testing.assert_allclose(losses.MeanSquaredError(layers.Sequential()).expected(a), a)


# ---------------------------------------------------------------------- far outside what exp can bear

FAR = [
    -1e4,
    -1e3,
    -104.0,
    -90.0,
    -88.0,
    -80.0,
    -17.0,
    -1.0,
    0.0,
    1.0,
    15.0,
    16.7,
    17.0,
    80.0,
    88.0,
    90.0,
    104.0,
    1e3,
    1e4,
]
"""Logits around every point where float32 gives up: 1 - p at 16.6, exp at 88.7, the last subnormal at 103.9."""
FAR_ROWS = [
    [1e4, -1e4, 0.0],
    [-1e4, 1e4, 1e4],
    [0.0, 1e4, -50.0],
    [90.0, 0.0, -90.0],
    [17.0, 0.0, -17.0],
    [9999.0, 1e4, -1e4],
    [-1e4, -1e4, -1e4],
    [-9990.0, -1e4, -9995.0],
]
ON_ONE_LOGIT = [
    pytest.param(losses.SigmoidCrossEntropy, None, id="SigmoidCrossEntropy"),
    pytest.param(losses.LogLoss, layers.Sigmoid, id="Sigmoid + LogLoss"),
    pytest.param(losses.LogSigmoidLoss, layers.LogSigmoid, id="LogSigmoid + LogSigmoidLoss"),
]
ON_LOGITS = [
    pytest.param(losses.SoftmaxCrossEntropy, None, id="SoftmaxCrossEntropy"),
    pytest.param(losses.CrossEntropy, layers.Softmax, id="Softmax + CrossEntropy"),
    pytest.param(losses.NLLLoss, layers.LogSoftmax, id="LogSoftmax + NLLLoss"),
]


def _with_logits(logits: list[float], ending: type[layers.Layer] | None) -> layers.Sequential:
    """A network whose weights are the logits that it gives for an input of 1."""
    linear = layers.Linear(len(logits), bias=False)
    network = layers.Sequential(linear) if ending is None else layers.Sequential(linear, ending())
    network.build(1)
    linear.W.value = np.array([logits])
    return network


def _sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def _softplus(a: float) -> float:
    return max(a, 0.0) + math.log1p(math.exp(-abs(a)))


@pytest.mark.parametrize(("loss_class", "ending"), ON_ONE_LOGIT)
@pytest.mark.parametrize("label", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("logit", FAR)
def test_even_a_saturated_mistake_teaches_one_logit(loss_class, ending, label: float, logit: float):
    loss = loss_class(_with_logits([logit], ending))
    value = loss(np.ones((1, 1), dtype=np.float32), [label])
    loss.backward()
    assert math.isfinite(value)
    np.testing.assert_allclose(loss.network[0].W.grad, [[_sigmoid(logit) - label]], rtol=1e-5, atol=2e-7)


@pytest.mark.parametrize(("loss_class", "ending"), ON_LOGITS)
@pytest.mark.parametrize("label", [0, 1, 2])
@pytest.mark.parametrize("logits", FAR_ROWS, ids=str)
def test_even_a_saturated_mistake_teaches_every_logit(loss_class, ending, label: int, logits: list[float]):
    loss = loss_class(_with_logits(logits, ending))
    value = loss(np.ones((1, 1), dtype=np.float32), [label])
    loss.backward()
    e = np.exp(np.array(logits) - max(logits))
    assert math.isfinite(value)
    np.testing.assert_allclose(loss.network[0].W.grad, [e / e.sum() - np.eye(3)[label]], rtol=1e-5, atol=2e-7)


@pytest.mark.parametrize("weight", [1e-3, 1e3, 1e6])
@pytest.mark.parametrize(("loss_class", "ending"), [*ON_ONE_LOGIT, *ON_LOGITS])
def test_a_weight_scales_the_gradient_of_a_saturated_mistake(loss_class, ending, weight: float):
    loss = loss_class(_with_logits([-1e4, 0.0][: 1 + (loss_class in _OVER_CLASSES)], ending))
    loss(np.ones((1, 1), dtype=np.float32), [0 if loss_class in _OVER_CLASSES else 1], [weight])
    loss.backward()
    assert loss.network[0].W.grad[0, 0] == pytest.approx(-weight, rel=1e-5)


_OVER_CLASSES = (losses.SoftmaxCrossEntropy, losses.CrossEntropy, losses.NLLLoss)


@pytest.mark.parametrize("label", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("logit", FAR)
def test_sigmoid_cross_entropy_keeps_its_digits_for_every_logit(label: float, logit: float):
    loss = losses.SigmoidCrossEntropy(_with_logits([logit], None), positive_weight=3.0)
    value = loss(np.ones((1, 1), dtype=np.float32), [label])
    loss.backward()
    right = 3.0 * label * _softplus(-logit) + (1 - label) * _softplus(logit)
    slope = (1 - label) * _sigmoid(logit) - 3.0 * label * _sigmoid(-logit)
    assert value == pytest.approx(right, rel=1e-5, abs=1e-37)
    np.testing.assert_allclose(loss.network[0].W.grad, [[slope]], rtol=1e-5, atol=5e-7)


@pytest.mark.parametrize("label", [0, 1, 2])
@pytest.mark.parametrize("logits", FAR_ROWS, ids=str)
def test_softmax_cross_entropy_keeps_its_digits_for_every_logit(label: int, logits: list[float]):
    loss = losses.SoftmaxCrossEntropy(_with_logits(logits, None), label_smoothing=0.1, class_weight=[1.0, 2.0, 0.5])
    value = loss(np.ones((1, 1), dtype=np.float32), [label])
    loss.backward()
    a = np.array(logits)
    z = a - a.max() - np.log(np.exp(a - a.max()).sum())
    targets = (0.9 * np.eye(3)[label] + 0.1 / 3) * [1.0, 2.0, 0.5]
    assert value == pytest.approx(-(targets * z).sum(), rel=1e-5)
    np.testing.assert_allclose(loss.network[0].W.grad, [np.exp(z) * targets.sum() - targets], rtol=1e-5, atol=5e-7)


@pytest.mark.parametrize("logits", FAR_ROWS, ids=str)
def test_nll_keeps_its_digits_for_every_logit(logits: list[float]):
    loss = losses.NLLLoss(_with_logits(logits, layers.LogSoftmax))
    a = np.array(logits)
    right = a.max() + np.log(np.exp(a - a.max()).sum()) - a[0]
    assert loss(np.ones((1, 1), dtype=np.float32), [0]) == pytest.approx(right, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("prediction", [-1e4, -1.0, 0.0, 1.0, 80.0])
@pytest.mark.parametrize(
    ("loss_class", "value", "slope"),
    [
        (losses.MeanSquaredError, lambda p: (p - 1) ** 2, lambda p: 2 * (p - 1)),
        (losses.MeanAbsoluteError, lambda p: abs(p - 1), lambda p: np.sign(p - 1)),
        (losses.Huber, lambda p: min(abs(p - 1) - 0.5, (p - 1) ** 2 / 2, key=abs), lambda p: np.clip(p - 1, -1, 1)),
        (losses.Quantile, lambda p: abs(p - 1) / 2, lambda p: np.sign(p - 1) / 2),
        (losses.Poisson, lambda p: np.exp(p) - p, lambda p: np.exp(p) - 1),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_regression_losses_bear_large_predictions(loss_class, value, slope, prediction: float):
    loss = loss_class(_with_logits([prediction], None))
    mine = loss(np.ones((1, 1), dtype=np.float32), [1.0])
    loss.backward()
    assert mine == pytest.approx(value(prediction), rel=1e-5)
    assert loss.network[0].W.grad[0, 0] == pytest.approx(slope(prediction), rel=1e-5)


def test_log_sigmoid_loss_is_finite_where_the_notebook_s_gave_nan_and_infinity():
    loss = losses.LogSigmoidLoss(layers.LogSigmoid())
    logits = np.array([[14.75], [88.75], [1e4], [-1e4]], dtype=np.float32)
    for labels in (np.zeros(4), np.ones(4)):
        loss(logits, labels)
        assert np.isfinite(loss.losses).all()
        assert np.isfinite(loss.gradient()).all()


# ---------------------------------------------------------------------- the head of its network


def test_the_first_layer_s_input_gradient_is_not_computed_by_a_loss():
    network = layers.Sequential(layers.Dense(3, "tanh"), layers.Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    loss(np.ones((2, 4)), np.zeros(2))
    asked = []
    original = lnc.functional.input_grad
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lnc.functional, "input_grad", lambda W, g: asked.append(W.shape) or original(W, g))
        loss.backward()
    assert asked == [(3, 1)]


def test_the_network_itself_returns_its_input_gradient():
    network = layers.Sequential(layers.Dense(3, "tanh"), layers.Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    loss(np.ones((2, 4)), np.zeros(2))
    loss.backward()
    assert network.backward(np.ones((2, 1))).shape == (2, 4)


def test_inside_recording_the_first_layer_s_input_gradient_is_there_to_be_looked_at():
    network = layers.Sequential(layers.Linear(3), layers.Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    with lnc.recording():
        loss(np.ones((2, 4)), np.zeros(2))
        loss.backward()
    np.testing.assert_allclose(network[0].input_grad, network[0].output_grad @ network[0].W.value.T)


def test_a_loss_takes_the_place_of_its_network_s_first_layers_without_parameters():
    network = layers.Sequential(layers.Flatten(), layers.Tanh(), layers.Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    loss(np.ones((2, 2, 2)), np.zeros(2))
    loss.backward()
    assert np.abs(network[2].W.grad).sum() > 0


def test_pickling_and_forgetting_leave_out_the_last_batch():
    import pickle

    loss = losses.SigmoidCrossEntropy(layers.Linear(1, seed=0), positive_weight=2.0)
    x = np.ones((2, 3))
    value = loss(x, np.zeros(2))
    loaded = pickle.loads(pickle.dumps(loss))
    assert (loaded.last_input, loaded.labels, loaded.losses, loaded.network.last_input) == (None, None, None, None)
    assert loaded(x, np.zeros(2)) == value
    loss.forget()
    assert (loss.last_input, loss.labels, loss.losses, loss.network.output) == (None, None, None, None)


def test_a_loss_shows_the_options_that_it_was_given():
    network = layers.Sequential()
    assert repr(losses.LogLoss(network)) == "LogLoss()"
    assert repr(losses.Huber(network, delta=2.0, reduction="mean")) == "Huber(delta=2.0, reduction='mean')"


def test_a_loss_after_a_residual_is_not_mistaken_for_one_after_its_last_activation():
    network = layers.Sequential(layers.Linear(2), layers.Residual(layers.Linear(2), layers.Sigmoid()))
    assert math.isfinite(losses.SoftmaxCrossEntropy(network)(np.ones((1, 3)), [0]))


def test_parallel_softmaxes_are_not_mistaken_for_softmax_twice():
    network = layers.Parallel(layers.Softmax(), layers.Softmax(), combine="add")
    assert math.isfinite(losses.MeanSquaredError(network)(np.ones((1, 3)), np.zeros((1, 3))))


def test_a_pass_of_the_network_between_loss_and_backward_is_noticed():
    network = layers.Linear(1, seed=0)
    loss = losses.MeanSquaredError(network)
    loss(np.ones((2, 3)), np.zeros(2))
    network(np.zeros((2, 3)))
    with pytest.raises(lnc.exc.BackwardError):
        loss.backward()


def test_a_loss_computed_under_inference_cannot_go_backward():
    network = layers.Linear(1, seed=0)
    loss = losses.MeanSquaredError(network)
    loss(np.ones((2, 3)), np.zeros(2))
    with lnc.inference():
        loss(np.zeros((2, 3)), np.ones(2))
    with pytest.raises(lnc.exc.BackwardError):
        loss.backward()


def test_predicting_between_loss_and_backward_does_no_harm():
    network = layers.Linear(1, seed=0)
    loss = losses.MeanSquaredError(network)
    loss(np.ones((2, 3)), np.zeros(2))
    with lnc.inference():
        network(np.zeros((7, 3)))
    loss.backward()
    np.testing.assert_allclose(network.B.grad, loss.gradient().sum(axis=0))


def test_a_constant_start_gives_the_loss_of_guessing():
    network = layers.Linear(10, weight_init=Constant(0.0))
    assert losses.SoftmaxCrossEntropy(network)(np.ones((1, 4)), [3]) == pytest.approx(math.log(10), rel=1e-6)


class OwnMean(lnc.Loss):
    """(p - y)², averaged by a forward of its own."""

    def forward(self, input, labels):
        self.last_input, self.labels = self.network(input), labels
        return float(((self.last_input - labels) ** 2).mean())

    def gradient(self):
        return 2 * (self.last_input - self.labels) / len(self.labels)


@pytest.mark.parametrize(("reduction", "total"), [("sum", 9.0), ("mean", 36.0)])
def test_a_forward_of_ones_own_is_reported_as_the_sum_or_the_mean_that_it_is_said_to_be(reduction: str, total: float):
    loss = OwnMean(layers.Linear(1, weight_init=Constant(1.0)), reduction=reduction)
    assert loss(np.full((4, 1), 3.0), np.zeros((4, 1))) == 9.0
    assert (loss.total, loss.count) == (total, 4.0)


class Reversed:
    def derivative(self, predictions, labels):
        return -super().derivative(predictions, labels)


@each_reduction
@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (losses.SoftmaxCrossEntropy, np.zeros(4, dtype=np.int64)),
        (losses.SigmoidCrossEntropy, np.zeros((4, 2))),
        (losses.MeanSquaredError, np.zeros((4, 2))),
    ],
)
def test_a_derivative_written_anew_is_the_one_that_training_goes_by(loss, y, reduction):
    network, x = layers.Linear(2, seed=0), np.ones((4, 3))
    own = type("Own", (Reversed, loss), {})
    grads = []
    for kind in (own, loss, type("Heir", (own,), {"value": loss.value})):
        head = kind(network, reduction=reduction)
        head(x, y)
        grads.append(head.gradient())
    np.testing.assert_array_equal(grads[0], -grads[1])
    np.testing.assert_array_equal(grads[0], grads[2])


def test_labels_are_looked_at_for_a_value_written_anew():
    class Own(losses.SoftmaxCrossEntropy):
        def value(self, predictions, labels):
            return -predictions[np.arange(len(labels)), labels]

    with pytest.raises(lnc.exc.DataError, match="LN137"):
        Own(layers.Linear(3))(np.ones((2, 2)), np.array([0, -1]))


@pytest.mark.parametrize(
    ("loss_class", "labels"),
    [
        (losses.SoftmaxCrossEntropy, np.array([0, 1])),
        (losses.SigmoidCrossEntropy, np.array([[0.0, 1.0], [1.0, 0.0]])),
        (losses.Poisson, np.array([[0.0, 1.0], [2.0, 0.0]])),
    ],
)
def test_a_derivative_at_other_predictions_does_not_use_what_the_last_value_kept(loss_class, labels: np.ndarray):
    here, there = np.array([[1.0, -1.0], [0.5, 2.0]]), np.array([[-2.0, 0.0], [1.0, 1.0]])
    loss, fresh = loss_class(layers.Sequential()), loss_class(layers.Sequential())
    loss(here, labels)
    np.testing.assert_allclose(loss.derivative(there, labels), fresh.derivative(there, labels))
    loss.value(there, labels)
    np.testing.assert_allclose(loss.gradient(), fresh.derivative(here, labels))


def test_inference_keeps_nothing_for_the_way_back():
    loss = losses.SoftmaxCrossEntropy(layers.Linear(2, seed=0))
    with lnc.inference():
        loss(np.ones((2, 3)), np.array([0, 1]))
    assert (loss.predictions, loss.p) == (None, None)


def test_class_weights_are_looked_at_when_the_loss_is_made():
    with pytest.raises(lnc.exc.DataError, match="LN149"):
        losses.CrossEntropy(layers.Sequential(), class_weight=[1.0, -1.0])
    assert losses.CrossEntropy(layers.Sequential(), class_weight=np.array([1, 2])).class_weight == (1, 2)


def test_a_loss_that_is_set_to_sum_after_a_mean_has_the_gradient_of_a_sum():
    network = layers.Linear(1, seed=0)
    loss = losses.MeanSquaredError(network, reduction="mean")
    x, y = np.ones((8, 3)), np.ones(8)
    loss(x, y)
    mean = loss.gradient()
    loss.reduction = "sum"
    loss(x, y)
    np.testing.assert_allclose(loss.gradient(), 8 * mean)


@pytest.mark.parametrize("weight", [2, np.float32(2.0), np.int64(2), np.array(2.0)], ids=repr)
def test_a_positive_weight_set_later_may_be_a_number_of_any_kind(weight: float) -> None:
    loss = losses.SigmoidCrossEntropy(layers.Linear(3, seed=0), positive_weight=2.0)
    x, y = np.ones((4, 2), dtype=np.float32), np.ones((4, 3))
    value = loss(x, y)
    loss.positive_weight = weight
    assert loss(x, y) == value


@pytest.mark.parametrize("label", [-0.1, 1.1])
def test_labels_beyond_either_end_are_refused(label):
    loss = losses.SigmoidCrossEntropy(layers.Linear(1, seed=0))
    with pytest.raises(lnc.exc.DataError, match="LN141"):
        loss(np.ones((2, 3)), np.array([1.0, label]))
