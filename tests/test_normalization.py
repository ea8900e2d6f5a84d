"""Batch and layer normalization: their formulas on any array library, their modes, and what is kept and saved."""

from __future__ import annotations

import copy
import pickle

import array_api_strict
import numpy as np
import pytest

import lincoln as lnc
from lincoln import functional, layers, losses, optim
from lincoln.check.gradients import gradient_report
from lincoln.layers import BatchNorm, Dropout, LayerNorm, Linear, ReLU, Sequential
from lincoln.models import EarlyStopping, Trainer
from lincoln.models.history import Epoch

RNG = np.random.default_rng(0)
X = 3.0 + 2.0 * RNG.normal(size=(8, 5))
G = RNG.normal(size=(8, 5))
SCALE, SHIFT = RNG.uniform(0.5, 2.0, size=5), RNG.normal(size=5)
MEAN, VARIANCE = X.mean(axis=0), X.var(axis=0)
ROW_MEAN, ROW_INVERSE = X.mean(axis=1), 1 / np.sqrt(X.var(axis=1) + 1e-5)

CALLS = {
    "batch_norm": (X, SCALE, SHIFT, 1e-5),
    "batch_norm_backward": (X, MEAN, VARIANCE, SCALE, G, 1e-5),
    "normalize": (X, MEAN, VARIANCE, SCALE, SHIFT, 1e-5),
    "normalize_backward": (X, MEAN, VARIANCE, SCALE, G, 1e-5),
    "layer_norm": (X, SCALE, SHIFT, 1e-5),
    "layer_norm_backward": (X, ROW_MEAN, ROW_INVERSE, SCALE, G),
    "running_averages": (SHIFT, SCALE, MEAN, VARIANCE, 8, 0.1),
}
each_function = pytest.mark.parametrize("name", CALLS)
each_norm = pytest.mark.parametrize("norm", [BatchNorm(), LayerNorm()], ids=repr)


def several(result):
    return result if isinstance(result, tuple) else (result,)


def converted(arguments, convert):
    return [convert(a) if isinstance(a, np.ndarray) else a for a in arguments]


def norm_of(running_mean, running_var, **options):
    norm = BatchNorm(**options).build(len(running_mean), dtype="float64")
    norm.running_mean.value, norm.running_var.value = np.array(running_mean), np.array(running_var)
    return norm


# ---------------------------------------------------------------------- the formulas


def test_every_function_of_normalization_has_arguments_in_the_table():
    assert set(CALLS) == set(functional.normalization.__all__)


@each_function
def test_a_function_uses_nothing_outside_the_array_api_standard(name: str):
    function = getattr(functional, name)
    mine = several(function(*converted(CALLS[name], array_api_strict.asarray)))
    right = several(function(*CALLS[name]))
    assert {type(part) for part in mine} == {type(array_api_strict.asarray(X))}
    for part, expected in zip(mine, right, strict=True):
        np.testing.assert_allclose(np.asarray(part), expected, rtol=1e-12, atol=1e-14)


@each_function
def test_a_function_changes_no_argument(name: str):
    copies = converted(CALLS[name], np.array)
    getattr(functional, name)(*copies)
    np.testing.assert_equal(copies, list(CALLS[name]))


@each_function
def test_float32_in_gives_float32_out(name: str):
    mine = several(getattr(functional, name)(*converted(CALLS[name], np.float32)))
    right = several(getattr(functional, name)(*CALLS[name]))
    assert {part.dtype for part in mine} == {np.dtype(np.float32)}
    for part, expected in zip(mine, right, strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-4, atol=1e-5)


def test_the_normalized_numbers_have_mean_0_and_variance_1():
    np.testing.assert_allclose(BatchNorm(eps=1e-12)(X).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(BatchNorm(eps=1e-12)(X).var(axis=0), 1)
    np.testing.assert_allclose(LayerNorm(eps=1e-12)(X).mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(LayerNorm(eps=1e-12)(X).var(axis=1), 1)


def test_batches_of_images_are_normalized_over_all_axes_but_the_last():
    images = RNG.normal(size=(2, 3, 4, 5))
    np.testing.assert_allclose(BatchNorm()(images).reshape(24, 5), BatchNorm()(images.reshape(24, 5)))


@each_norm
def test_a_large_mean_costs_no_digits(norm: layers.Layer):
    x = RNG.normal(size=(64, 32)).astype(np.float32)
    x = np.round(x * 256) / 256  # so that adding 2**12 is exact in float32
    near, far = copy.deepcopy(norm)(x), copy.deepcopy(norm)(x + np.float32(2**12))
    np.testing.assert_allclose(far, near, atol=2e-3)


@each_norm
def test_equal_numbers_give_the_shift_and_no_gradient(norm: layers.Layer):
    norm = copy.deepcopy(norm)
    np.testing.assert_array_equal(norm(np.full((4, 4), 7.0)), np.zeros((4, 4)))
    np.testing.assert_allclose(norm.backward(np.full((4, 4), 2.0)), np.zeros((4, 4)), atol=1e-12)


def test_layer_normalization_of_one_feature_gives_the_shift():
    norm = LayerNorm().build(1, dtype="float64")
    norm.beta.value = np.array([2.5])
    np.testing.assert_array_equal(norm(np.array([[1.0], [100.0]])), [[2.5], [2.5]])


# ---------------------------------------------------------------------- running averages


def test_running_averages_follow_the_batches():
    norm = norm_of([0.0], [1.0], momentum=0.25)
    norm(np.array([[1.0], [3.0]]))
    assert norm.running_mean.value == pytest.approx(0.25 * 2.0)
    assert norm.running_var.value == pytest.approx(0.75 * 1.0 + 0.25 * 2.0)


def test_evaluation_uses_the_running_averages_and_changes_nothing():
    norm = norm_of([1.0], [4.0], eps=1e-12).eval()
    np.testing.assert_allclose(norm(np.array([[5.0], [1.0]])), [[2.0], [0.0]])
    assert (norm.running_mean.value, norm.running_var.value) == (1.0, 4.0)


def test_inference_uses_the_running_averages_and_changes_nothing():
    norm = norm_of([1.0], [4.0], eps=1e-12)
    with lnc.inference():
        np.testing.assert_allclose(norm(np.array([[5.0], [1.0]])), [[2.0], [0.0]])
    assert norm.state_dict() == {"gamma": 1.0, "beta": 0.0, "running_mean": 1.0, "running_var": 4.0}
    assert (norm.last_input, norm.mean) == (None, None)


def test_predicting_with_layer_normalization_leaves_nothing_behind():
    norm = LayerNorm().build(5)
    with lnc.inference():
        norm(X)
    assert (norm.last_input, norm.mean, norm.inverse_std) == (None, None, None)


def test_predicting_between_forward_and_backward_does_no_harm():
    norm, alone = BatchNorm(), BatchNorm()
    norm(X)
    alone(X)
    with lnc.inference():
        norm(2 * X[:3])
    np.testing.assert_array_equal(norm.backward(G), alone.backward(G))


@pytest.mark.parametrize("shape", [(1, 3), (1, 1, 3)])
def test_a_batch_of_one_number_for_each_feature_is_normalized_by_the_running_averages(shape: tuple[int, ...]):
    norm = norm_of([1.0, 0.0, 2.0], [4.0, 1.0, 9.0])
    output = norm(np.full(shape, 3.0))
    np.testing.assert_array_equal(output, copy.deepcopy(norm).eval()(np.full(shape, 3.0)))
    assert norm.running_mean.value.tolist() == [1.0, 0.0, 2.0]
    np.testing.assert_allclose(norm.backward(np.ones(shape)).reshape(3), [1 / 2, 1, 1 / 3], rtol=1e-4)


def test_a_sequence_of_one_example_has_a_spread_of_its_own():
    np.testing.assert_allclose(BatchNorm()(X[None])[0], BatchNorm()(X))


def test_an_epoch_whose_last_batch_is_one_row_trains():
    network = Sequential(Linear(4), BatchNorm(), ReLU(), Linear(1), seed=0)
    trainer = Trainer(losses.MeanSquaredError(network), optim.SGD(network, lr=0.001))
    x = RNG.normal(size=(9, 3)).astype(np.float32)
    (epoch,) = trainer.epochs(lnc.data.DataLoader((x, x[:, 0]), batch_size=4))
    assert epoch.steps == 3
    assert np.isfinite(network.vector.value).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_batch_that_is_not_finite_leaves_the_running_averages_alone(bad: float):
    norm = norm_of([1.0], [4.0])
    with np.errstate(all="ignore"):
        norm(np.array([[bad], [1.0]]))
    assert (norm.running_mean.value, norm.running_var.value) == (1.0, 4.0)


def test_the_gradient_in_evaluation_takes_the_running_averages_as_given():
    norm = norm_of([1.0, 2.0, 0.0, 0.0, 1.0], [4.0, 1.0, 9.0, 0.5, 2.0]).eval()
    report = gradient_report(norm, X)
    assert report.ok, str(report)


def test_the_mode_of_the_way_back_is_that_of_the_way_there():
    norm, right = norm_of([1.0] * 5, [4.0] * 5, momentum=0.0), norm_of([1.0] * 5, [4.0] * 5).eval()
    norm(X)
    norm.eval()(X)
    norm.train()
    right(X)
    np.testing.assert_array_equal(norm.backward(G), right.backward(G))


# ---------------------------------------------------------------------- buffers


def test_buffers_are_no_parameters():
    norm = BatchNorm().build(3)
    assert [name for name, _ in norm.named_parameters()] == ["gamma", "beta"]
    assert [name for name, _ in norm.named_buffers()] == ["running_mean", "running_var"]
    assert norm.vector.size == 6


def test_buffers_are_found_by_their_path():
    network = Sequential(Linear(2), Sequential(BatchNorm())).build(3)
    assert [name for name, _ in network.named_buffers()] == ["1.0.running_mean", "1.0.running_var"]


def test_buffers_are_saved_and_loaded():
    network = Sequential(Linear(4, seed=0), BatchNorm(), seed=0)
    network(X)
    other = Sequential(Linear(4), BatchNorm(), seed=1).build(5, dtype="float64")
    other.load_state_dict(network.state_dict())
    np.testing.assert_array_equal(other.eval()(X), network.eval()(X))


def test_values_without_the_buffers_are_refused():
    network = Sequential(Linear(4), BatchNorm()).build(5)
    state = {name: value for name, value in network.state_dict().items() if "running" not in name}
    with pytest.raises(lnc.exc.MatchError, match=r"1\.running_mean, 1\.running_var: missing"):
        network.load_state_dict(state)


def test_buffers_are_copied_and_pickled():
    norm = BatchNorm()
    norm(X)
    for other in (copy.deepcopy(norm), pickle.loads(pickle.dumps(norm))):
        np.testing.assert_array_equal(other.running_var.value, norm.running_var.value)
        assert other.running_var is not norm.running_var
        assert other.mean is None


def test_buffers_follow_astype():
    norm = BatchNorm()
    norm(X)
    norm.astype("float32")
    assert {buffer.value.dtype for _, buffer in norm.named_buffers()} == {np.dtype(np.float32)}
    assert norm(X).dtype == np.float32


def test_twins_share_their_buffers():
    norm = BatchNorm()
    twin = norm.twin()
    twin(X)
    assert twin.running_mean is norm.running_mean
    np.testing.assert_allclose(norm.running_mean.value, 0.1 * X.mean(axis=0))


def test_a_summary_counts_no_buffers():
    assert BatchNorm().build(3).summary().splitlines()[-1].split() == ["total", "6", "0"]


def test_early_stopping_brings_the_best_running_averages_back():
    network = Sequential(BatchNorm()).build(1, dtype="float64")
    stopping = EarlyStopping(patience=1)
    network(np.array([[1.0], [3.0]]))
    stopping.update(Epoch(1, 1, 1.0), network)
    network(np.array([[10.0], [30.0]]))
    stopping.restore(network)
    assert network[0].running_mean.value == pytest.approx(0.2)


# ---------------------------------------------------------------------- beside other layers


@each_norm
@pytest.mark.parametrize("between", [[], [Dropout(0.5)]], ids=["directly", "after a dropout"])
@pytest.mark.parametrize(("activation", "std"), [(ReLU(), np.sqrt(2 / 1000)), (layers.Tanh(), np.sqrt(2 / 1050))])
def test_the_initializer_of_a_linear_layer_looks_through_a_normalization(norm, between, activation, std):
    parts = copy.deepcopy([norm, *between, activation])
    network = Sequential(Linear(50), *parts, seed=0).build(1000)
    assert network[0].W.value.std() == pytest.approx(std, rel=0.01)


@pytest.mark.parametrize("first", [BatchNorm(), LayerNorm(), layers.ColumnEmbedding([2])], ids=repr)
def test_the_lowest_layer_with_parameters_learns_though_its_input_gradient_is_not_wanted(first):
    x = np.concatenate([RNG.normal(size=(6, 2)), RNG.integers(0, 2, size=(6, 1))], axis=1)
    network = Sequential(copy.deepcopy(first), Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    loss(x, np.ones(6))
    loss.backward()
    without = {name: parameter.grad.copy() for name, parameter in network.named_parameters()}
    network.clear_grad()
    assert network.backward(loss.gradient()).shape == x.shape
    for name, parameter in network.named_parameters():
        np.testing.assert_array_equal(without[name], parameter.grad)


def test_a_normalization_without_parameters_leaves_the_lowest_place_to_the_layer_above():
    network = Sequential(BatchNorm(scale=False, shift=False), Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    loss(X, np.ones(8))
    loss.backward()
    assert np.abs(network[1].W.grad).sum() > 0


@pytest.mark.big
@each_norm
def test_tensors_are_normalized_like_arrays(norm: layers.Layer):
    torch = pytest.importorskip("torch")
    mine, theirs = copy.deepcopy(norm), copy.deepcopy(norm)
    output, tensor = mine(X), theirs(torch.tensor(X))
    np.testing.assert_allclose(tensor.numpy(), output, rtol=1e-12)
    np.testing.assert_allclose(theirs.backward(torch.tensor(G)).numpy(), mine.backward(G), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(theirs.eval()(torch.tensor(X)).numpy(), mine.eval()(X), rtol=1e-12)


def test_before_any_batch_the_running_averages_change_nothing():
    x = np.array([[2.0, -3.0]])
    np.testing.assert_allclose(BatchNorm(eps=1e-12).eval()(x), x)
