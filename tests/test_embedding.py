"""Learned vectors for categories: what is looked up, what it learns, and how gradient checks treat its columns."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lincoln as lnc
from lincoln import layers, losses, optim
from lincoln.check.gradients import gradient_report
from lincoln.examples import codes_last
from lincoln.layers import ColumnEmbedding, Linear, Parallel, Sequential
from lincoln.models import Trainer

RNG = np.random.default_rng(0)
X = codes_last(RNG, (6, 4))


class Chain(lnc.Layer):
    """A user's own container."""

    def __init__(self, first, second):
        self.first = first
        self.second = second

    def forward(self, input):
        return self.second(self.first(input))

    def backward(self, output_grad):
        return self.first.backward(self.second.backward(output_grad))


class Wrong(Chain):
    def backward(self, output_grad):
        return super().backward(3 * output_grad)


def embedding(**options):
    return ColumnEmbedding((3, 4), sizes=(2, 3), seed=0, **options).build(4, dtype="float64")


def test_each_column_s_vectors_stand_behind_the_other_columns():
    layer = embedding()
    codes = X[:, 2:].astype(int)
    right = np.concatenate([X[:, :2], layer.table(0)[codes[:, 0]], layer.table(1)[codes[:, 1]]], axis=1)
    np.testing.assert_array_equal(layer(X), right)


@pytest.mark.parametrize(("column", "code"), [(2, 3.0), (3, 4.0), (2, -1.0), (3, 0.5), (3, np.nan)])
def test_the_first_number_that_is_no_category_is_refused(column, code):
    x = X.copy()
    x[1, column] = code
    with pytest.raises(lnc.exc.DataError, match="LN555"):
        embedding()(x)


def test_a_table_gathers_the_gradients_of_the_rows_that_used_it():
    layer = embedding()
    output = layer(X)
    grad = RNG.normal(size=output.shape)
    layer.backward(grad)
    right = [np.zeros((3, 2)), np.zeros((4, 3))]
    np.add.at(right[0], X[:, 2].astype(int), grad[:, 2:4])
    np.add.at(right[1], X[:, 3].astype(int), grad[:, 4:])
    np.testing.assert_allclose(layer.E.grad, np.concatenate([table.ravel() for table in right]))


def test_the_numbers_of_categories_get_a_gradient_of_zero():
    layer = embedding()
    input_grad = layer.backward(np.ones(layer(X).shape))
    np.testing.assert_array_equal(input_grad, [[1.0, 1.0, 0.0, 0.0]] * 6)


def test_a_category_that_is_not_in_the_batch_gets_no_gradient():
    layer = embedding()
    layer(np.array([[0.0, 0.0, 1.0, 2.0]]))
    layer.backward(np.ones((1, 7)))
    assert layer.E.grad.tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]


def test_there_may_be_nothing_but_categories():
    layer = ColumnEmbedding((3, 4), seed=0)
    report = gradient_report(layer, X[:, 2:])
    assert report.ok, str(report)
    assert [row.name for row in report.rows] == ["E"]


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 3), st.lists(st.integers(1, 4), max_size=2))
def test_an_embedding_is_right_for_any_shape(counts: list[int], plain: int, leading: list[int]):
    shape = (2, *leading)
    codes = np.random.default_rng(0).integers(0, counts, (*shape, len(counts)))
    x = np.concatenate([np.random.default_rng(1).normal(size=(*shape, plain)), codes], axis=-1)
    report = gradient_report(ColumnEmbedding(counts), x)
    assert report.ok, str(report)


@pytest.mark.parametrize(
    ("count", "size"), [(1, 2), (2, 2), (5, 4), (10, 6), (42, 13), (100, 21), (1000, 50), (100_000, 50)]
)
def test_the_usual_size_of_a_vector(count: int, size: int):
    assert ColumnEmbedding([count]).sizes == (size,)


def test_the_initializer_may_be_chosen():
    assert embedding(weight_init=lnc.initializers.Constant(0.5)).E.value.tolist() == [0.5] * 18


def test_codes_may_be_whole_numbers_of_any_kind():
    layer = embedding()
    np.testing.assert_array_equal(
        layer(X[:, 2:].astype(np.int8).repeat(2, axis=1)[:, [0, 1, 0, 2]]), layer(X[:, [2, 2, 2, 3]])
    )


def test_categories_are_learned():
    codes = np.repeat(np.arange(4.0), 8)[:, None]
    means = np.array([3.0, -1.0, 0.5, 7.0])
    network = Sequential(ColumnEmbedding([4], sizes=[2]), Linear(1), seed=0)
    trainer = Trainer(losses.MeanSquaredError(network, reduction="mean"), optim.Adam(network, lr=0.05))
    for _ in trainer.epochs(lnc.data.DataLoader((codes, means[codes[:, 0].astype(int)])), epochs=500):
        pass
    with lnc.inference():
        np.testing.assert_allclose(network(np.arange(4.0, dtype=np.float32)[:, None])[:, 0], means, atol=0.05)


def test_predicting_leaves_nothing_behind():
    layer = embedding()
    with lnc.inference():
        layer(X)
    assert (layer.last_input, layer.places) == (None, None)


@pytest.mark.parametrize(
    "network",
    [
        Sequential(ColumnEmbedding((3, 4)), Linear(2)),
        Sequential(Sequential(ColumnEmbedding((3, 4)), layers.Tanh())),
        Parallel(ColumnEmbedding((3, 4)), ColumnEmbedding((4,))),
        Chain(ColumnEmbedding((3, 4)), Linear(2)),
    ],
    ids=["Sequential", "nested", "Parallel", "a layer of one's own"],
)
def test_a_gradient_check_leaves_the_numbers_of_categories_alone(network: layers.Layer):
    report = gradient_report(network, X)
    assert report.ok, str(report)


def test_a_gradient_check_still_sees_the_other_columns():
    class Twice(ColumnEmbedding):
        def backward(self, output_grad):
            return 2 * super().backward(output_grad)

    report = gradient_report(Twice((3, 4)), X)
    assert [row.name for row in report.rows if not row.ok] == ["input"]
    assert "2 times" in str(report)


def test_the_first_step_s_check_looks_into_a_layer_of_one_s_own_around_categories():
    network = Wrong(ColumnEmbedding((3, 4)), Linear(1))
    loss = losses.MeanSquaredError(network)
    loss(X, np.ones(6))
    with pytest.warns(lnc.exc.GradientWarning, match="3 times"):
        loss.backward()


def test_the_first_step_s_check_finds_nothing_wrong_with_a_right_layer_around_categories():
    loss = losses.MeanSquaredError(Chain(ColumnEmbedding((3, 4)), Linear(1)))
    loss(X, np.ones(6))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss.backward()


@pytest.mark.big
def test_tensors_are_looked_up_like_arrays():
    torch = pytest.importorskip("torch")
    mine = embedding()
    theirs = ColumnEmbedding((3, 4), sizes=(2, 3), seed=0)
    output, tensor = mine(X), theirs(torch.tensor(X))
    np.testing.assert_array_equal(tensor.numpy(), output)
    grad = RNG.normal(size=output.shape)
    np.testing.assert_array_equal(theirs.backward(torch.tensor(grad)).numpy(), mine.backward(grad))
    np.testing.assert_array_equal(theirs.E.grad.numpy(), mine.E.grad)
