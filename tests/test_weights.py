"""Example weights on their way from a dataset through a loss into training: 2 is twice, 0 is left out."""

from __future__ import annotations

import numpy as np
import pytest
from cases import LOSS_CASES, LossCase

import lincoln as lnc
from lincoln import data, layers, losses, optim
from lincoln.data import DataLoader, Dataset, FlatGenerator, as_batches, train_test_split
from lincoln.exc import DataError, MatchError, TrainingError
from lincoln.models import Classifier, Regressor, Trainer

each_loss = pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
each_reduction = pytest.mark.parametrize("reduction", ["sum", "mean"])

X = np.arange(8.0, dtype=np.float32).reshape(4, 2)
Y = np.array([0, 1, 0, 1])
W = np.array([1.0, 2.0, 0.0, 0.5])


def trained(
    case: LossCase, reduction: str, examples: tuple[np.ndarray, ...], **options
) -> tuple[np.ndarray, list[float]]:
    """The weights and the loss of every epoch after five epochs of all examples at once."""
    network = case.network(seed=0).build(6, dtype="float64")
    trainer = Trainer(case.loss(network, reduction=reduction), optim.SGD(network, lr=0.02))
    loader = DataLoader(Dataset(*examples, dtype="float64"), batch_size=None)
    reported = [epoch.train_loss for epoch in trainer.epochs(loader, valid=loader, epochs=5)]
    return network.vector.value, reported


# ---------------------------------------------------------------------- through training


@each_loss
@each_reduction
def test_training_with_a_weight_of_two_is_training_with_the_row_given_twice(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 6)), case.labels(rng, (5, case.outputs))
    twice = [0, 1, 1, 2, 3, 3, 4]
    weighted, losses_weighted = trained(case, reduction, (x, y, [1.0, 2.0, 1.0, 2.0, 1.0]))
    repeated, losses_repeated = trained(case, reduction, (x[twice], y[twice]))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(losses_weighted, losses_repeated, rtol=1e-10)


@each_loss
@each_reduction
def test_training_with_a_weight_of_zero_is_training_without_the_row(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 6)), case.labels(rng, (5, case.outputs))
    weighted, losses_weighted = trained(case, reduction, (x, y, [1.0, 0.0, 1.0, 0.0, 1.0]))
    fewer, losses_fewer = trained(case, reduction, (x[::2], y[::2]))
    np.testing.assert_allclose(weighted, fewer, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(losses_weighted, losses_fewer, rtol=1e-10)


def with_nan(labels: np.ndarray, rows: list[int]) -> np.ndarray:
    """Labels that are unknown in some rows; classes stay what they are, an integer cannot be unknown."""
    unknown = labels.copy()
    if labels.dtype.kind == "f":
        unknown[rows] = np.nan
    return unknown


@each_loss
@each_reduction
def test_a_row_of_weight_zero_counts_for_nothing_whatever_its_label(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 6)), case.labels(rng, (5, case.outputs))
    w, unknown = np.array([1.0, 0.0, 0.5, 0.0, 1.0]), with_nan(case.labels(rng, (5, case.outputs)), [1, 3])
    unknown[::2] = y[::2]
    results = []
    for labels in (y, unknown):
        network = case.network(seed=0).build(6, dtype="float64")
        loss = case.loss(network, reduction=reduction)
        value = loss(x, labels, w)
        loss.backward()
        results.append((value, network.vector.grad.tobytes()))
    assert np.isfinite(results[0][0])
    assert results[1] == results[0]
    weights, reported = trained(case, reduction, (x, unknown, w))
    expected, losses_expected = trained(case, reduction, (x, y, w))
    assert reported == losses_expected
    assert (weights == expected).all()


@each_loss
def test_a_network_that_gives_nan_is_never_passed_over(case: LossCase):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 6)), case.labels(rng, (5, case.outputs))
    x[1] = np.nan
    with pytest.raises(TrainingError, match="first not finite: the features"):
        trained(case, "mean", (x, y, [1.0, 0.0, 1.0, 0.0, 1.0]))


def test_a_loss_that_overflows_in_a_row_of_weight_zero_counts_for_nothing():
    network = layers.Linear(1, weight_init=lnc.initializers.Constant(1.0)).build(1, dtype="float64")
    loss = losses.Poisson(network)
    with np.errstate(over="ignore"):
        value = loss(np.array([[0.0], [1000.0]]), np.array([3.0, 3.0]), np.array([1.0, 0.0]))
        loss.backward()
    assert value == 1.0
    assert network.W.grad == 0.0


@each_loss
@each_reduction
def test_training_goes_down_every_loss(case: LossCase, reduction: str):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 6)), case.labels(rng, (5, case.outputs))
    _, reported = trained(case, reduction, (x, y))
    assert reported[-1] < reported[0]


@each_reduction
@pytest.mark.parametrize(
    ("loss", "ending"),
    [
        (losses.SoftmaxCrossEntropy, None),
        (losses.CrossEntropy, "softmax"),
        (losses.NLLLoss, "log_softmax"),
    ],
)
def test_a_class_weight_of_two_counts_like_the_rows_of_that_class_given_twice(loss, ending, reduction: str):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 6)), np.array([0, 1, 1, 2])
    networks = [layers.Dense(3, ending, seed=0).build(6, dtype="float64") for _ in range(2)]
    weighted = loss(networks[0], class_weight=[1.0, 2.0, 1.0], reduction=reduction)
    repeated = loss(networks[1], reduction=reduction)
    value, right = weighted(x, y), repeated(x[[0, 1, 1, 2, 2, 3]], y[[0, 1, 1, 2, 2, 3]])
    weighted.backward()
    repeated.backward()
    assert value == pytest.approx(right, rel=1e-12)
    np.testing.assert_allclose(networks[0].vector.grad, networks[1].vector.grad, atol=1e-12)


@each_reduction
def test_class_weights_and_example_weights_multiply(reduction: str):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 4)), np.array([0, 1, 0])
    both, one = (layers.Linear(2, seed=0).build(4, dtype="float64") for _ in range(2))
    loss = losses.SoftmaxCrossEntropy(both, class_weight=[2.0, 3.0], reduction=reduction)
    plain = losses.SoftmaxCrossEntropy(one, reduction=reduction)
    assert loss(x, y, [1.0, 2.0, 0.5]) == pytest.approx(plain(x, y, [2.0, 6.0, 1.0]))
    loss.backward()
    plain.backward()
    np.testing.assert_allclose(both.vector.grad, one.vector.grad)


@pytest.mark.parametrize(
    ("loss", "ending"),
    [
        (losses.SigmoidCrossEntropy, None),
        (losses.LogLoss, "sigmoid"),
        (losses.LogSigmoidLoss, "log_sigmoid"),
    ],
)
def test_a_positive_weight_of_two_counts_like_every_yes_given_twice(loss, ending):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 6)), np.array([0, 1, 1, 0])
    networks = [layers.Dense(1, ending, seed=0).build(6, dtype="float64") for _ in range(2)]
    weighted, repeated = loss(networks[0], positive_weight=2.0), loss(networks[1])
    assert weighted(x, y) == pytest.approx(repeated(x[[0, 1, 1, 2, 2, 3]], y[[0, 1, 1, 2, 2, 3]]))
    weighted.backward()
    repeated.backward()
    np.testing.assert_allclose(networks[0].vector.grad, networks[1].vector.grad)


def test_a_batch_whose_weights_are_all_zero_teaches_and_counts_nothing():
    network = layers.Linear(1, seed=0)
    loss = losses.MeanSquaredError(network, reduction="mean")
    assert loss(X, Y, np.zeros(4)) == 0.0
    loss.backward()
    assert (loss.total, loss.count) == (0.0, 0.0)
    assert np.abs(network.vector.grad).max() == 0.0


def test_batches_of_nothing_but_zeros_do_not_stop_training():
    network = layers.Linear(1, seed=0)
    trainer = Trainer(losses.MeanSquaredError(network), optim.SGD(network, lr=0.001))
    loader = DataLoader((X, Y, [0.0, 0.0, 1.0, 1.0]), batch_size=2)
    (epoch,) = trainer.epochs(loader, valid=loader)
    alone = losses.MeanSquaredError(network)
    assert epoch.valid_loss == pytest.approx(alone(X[2:], Y[2:]) / 2, rel=1e-6)


# ---------------------------------------------------------------------- several yes-or-no labels


@pytest.mark.parametrize(
    ("loss", "ending"),
    [
        (losses.SigmoidCrossEntropy, None),
        (losses.LogLoss, "sigmoid"),
        (losses.LogSigmoidLoss, "log_sigmoid"),
    ],
)
@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_several_yes_or_no_questions_are_learned_at_once(loss, ending, dtype: str):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)).astype(np.float32)
    y = (x > 0).astype(dtype)
    network = layers.Dense(3, ending, seed=0)
    trainer = Trainer(loss(network, reduction="mean"), optim.Adam(network, lr=0.05), metrics=[])
    for _ in trainer.epochs(DataLoader((x, y), batch_size=50, seed=0), epochs=40):
        pass
    assert ((trainer.loss.probabilities(network(x)) > 0.5) == y).mean() > 0.98


# ---------------------------------------------------------------------- datasets and loaders


def test_a_dataset_with_weights_gives_three_arrays():
    x, y, w = Dataset(X, Y, W)[[3, 1]]
    assert (x.tolist(), y.tolist(), w.tolist()) == ([[6.0, 7.0], [2.0, 3.0]], [1, 1], [0.5, 2.0])
    assert w.dtype == np.float32


def test_one_example_has_one_weight():
    assert [np.asarray(part).tolist() for part in Dataset(X, Y, W)[-1]] == [[6.0, 7.0], 1, 0.5]


def test_weights_have_the_dtype_of_the_features():
    assert Dataset(X, Y, W, dtype="float64")[:][2].dtype == np.float64
    assert Dataset(X.astype(int), Y, W, dtype="int64")[:][2].dtype == np.float32


def test_weights_may_be_a_column_or_whole_numbers():
    assert Dataset(X, Y, [[1], [2], [0], [3]])[:][2].tolist() == [1.0, 2.0, 0.0, 3.0]


def test_a_dataset_tells_that_it_has_weights():
    assert repr(Dataset(X, Y, W)) == "Dataset(4 examples, features (2,) float32, labels () int64, with weights)"


def test_an_example_is_set_with_its_weight():
    weights = W.astype(np.float32)
    dataset = Dataset(X, Y, weights)
    dataset[0] = [9.0, 9.0], 1, 5.0
    assert [np.asarray(part).tolist() for part in dataset[0]] == [[9.0, 9.0], 1, 5.0]
    assert weights[0] == 1.0


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_loader_gives_each_example_its_weight(shuffle: bool):
    loader = DataLoader((X, Y, X[:, 0]), batch_size=3, shuffle=shuffle, seed=0)
    batches = list(loader)
    assert [len(batch) for batch in batches] == [3, 3]
    for x, _, w in batches:
        np.testing.assert_array_equal(x[:, 0], w)
    assert sorted(np.concatenate([w for _, _, w in batches]).tolist()) == [0.0, 2.0, 4.0, 6.0]


def test_weights_are_drawn_the_fast_way_and_the_slow_way_alike():
    fast, slow = (DataLoader((x, Y, W), batch_size=3, shuffle=True, seed=0) for x in (X, X.astype(np.uint8)))
    assert (fast.dataset.needs_no_conversion(), slow.dataset.needs_no_conversion()) == (True, False)
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_equal(one, other)


def test_examples_that_are_made_one_by_one_may_have_weights():
    examples = [([float(i)], i % 2, i / 2) for i in range(3)]
    ((x, _, w),) = DataLoader(examples)
    np.testing.assert_array_equal(w, x[:, 0] / 2)


def test_batches_from_elsewhere_may_have_weights():
    ((_, _, w),) = as_batches([(X, Y, [1, 2, 3, 4])])
    assert (w.tolist(), w.dtype) == ([1.0, 2.0, 3.0, 4.0], np.float32)
    ((x, y, w),) = FlatGenerator([(X[:, :, None], Y, W)])
    assert (x.shape, y.shape, w.tolist()) == ((4, 2), (4, 1), W.tolist())


def test_a_split_keeps_each_weight_with_its_example():
    parts = train_test_split(X, Y, weights=X[:, 0], test_size=2, seed=0)
    assert [part.shape for part in parts] == [(2, 2), (2, 2), (2,), (2,), (2,), (2,)]
    np.testing.assert_array_equal(parts[4], parts[0][:, 0])
    np.testing.assert_array_equal(parts[5], parts[1][:, 0])


def test_a_split_is_the_same_with_weights_and_without():
    without, with_weights = (
        train_test_split(X, Y, seed=3, test_size=2),
        train_test_split(X, Y, weights=W, seed=3, test_size=2),
    )
    np.testing.assert_array_equal(without[1], with_weights[1])


def test_a_split_refuses_weights_of_other_examples():
    with pytest.raises(MatchError, match="4 examples, 3 weights"):
        train_test_split(X, Y, weights=W[:3])


@pytest.mark.parametrize("shape", [(3,), (5,), (4, 2), (1, 4)])
def test_weights_of_another_shape_are_refused_with_the_fix(shape: tuple[int, ...]):
    with pytest.raises(MatchError, match="LN559 MatchError in Dataset") as caught:
        Dataset(X, Y, np.ones(shape))
    assert caught.value.saw == f"4 examples, weights {shape}"
    assert caught.value.fix == "weights of shape (4,), in the order of the examples"


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_a_weight_that_is_none_is_named_with_its_row(bad: float):
    with pytest.raises(DataError, match="LN560 DataError in Dataset") as caught:
        Dataset(X, Y, [1.0, 1.0, bad, 1.0])
    assert caught.value.saw == f"weights: {bad} in row 2"
    assert caught.value.fix == "finite numbers, 0 or more and not all of them 0; 0 leaves an example out"


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(DataError, match="4 weights that are all 0"):
        Dataset(X, Y, np.zeros(4))


def test_weights_that_are_no_numbers_are_refused():
    with pytest.raises(DataError, match="weights of type <U3: 'big' in row 0"):
        Dataset(X, Y, ["big"] * 4)


def test_a_batch_of_four_parts_is_refused():
    with pytest.raises(DataError, match="a batch that is a tuple of 4") as caught:
        list(as_batches([(X, Y, W, W)]))
    assert caught.value.fix == "give (features, labels) tuples, or (features, labels, weights)"


@pytest.mark.big
def test_weights_of_tensors_are_tensors():
    torch = pytest.importorskip("torch")
    dataset = data.Dataset(torch.tensor(X), torch.tensor(Y), torch.tensor(W))
    assert isinstance(dataset[[0, 1]][2], torch.Tensor)
    assert dataset[:][2].tolist() == W.tolist()


# ---------------------------------------------------------------------- through a model


@pytest.mark.parametrize("model", [Classifier, Regressor])
def test_fitting_with_a_sample_weight_of_two_is_fitting_with_the_row_given_twice(model):
    twice = [0, 1, 1, 2, 3, 3]
    fitted = [
        model(network := layers.Linear(2 if model is Classifier else 1, seed=0), optimizer=optim.SGD(network, lr=0.001))
        for _ in range(2)
    ]
    fitted[0].fit(X, Y, 5, None, batch_size=6, sample_weight=[1.0, 2.0, 1.0, 2.0])
    fitted[1].fit(X[twice], Y[twice], 5, None, batch_size=6)
    np.testing.assert_allclose(*[one.network.vector.value for one in fitted], rtol=1e-5)
    np.testing.assert_allclose(*[[epoch.train_loss for epoch in one.history] for one in fitted], rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "last", "labels"),
    [
        (Regressor, layers.Linear, [0.0, 1.0, 2.0, np.nan]),
        (Classifier, layers.Dense, [0.0, 1.0, 1.0, np.nan]),
        (Classifier, layers.Dense, ["a", "b", "b", None]),
    ],
)
def test_a_row_of_weight_0_needs_no_label(kind, last, labels):
    x, y = np.arange(8.0).reshape(4, 2), np.array(labels, dtype=object if "a" in labels else float)

    def trained(rows, weights):
        model = kind(last(1, seed=0), optimizer=optim.Adam)
        return model.fit(x[rows], y[rows], epochs=3, print_every=None, sample_weight=weights)

    every, without = trained(slice(4), [1, 2, 1, 0]), trained(slice(3), [1, 2, 1])
    np.testing.assert_array_equal(every.predict(x), without.predict(x))
    np.testing.assert_array_equal(every.outputs(x), without.outputs(x))
    with pytest.raises(DataError, match=r"LN17[27]"):
        trained(slice(4), [1, 2, 1, 1])
