"""Initial values: their spread, and which initializer a layer chooses for the activation that follows it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lincoln import initializers as init
from lincoln.layers import Dense, Dropout, Flatten, Linear, Parallel, ReLU, Residual, Sequential, Sigmoid, Tanh
from lincoln.layers.activations import ACTIVATIONS

SHAPE = (300, 200)


def draw(initializer: init.Initializer, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return initializer(np.random.default_rng(0), shape)


@pytest.mark.parametrize(
    ("initializer", "variance"),
    [
        (init.glorot_uniform, 2 / 500),
        (init.glorot_normal, 2 / 500),
        (init.he_uniform, 2 / 300),
        (init.he_normal, 2 / 300),
        (init.lecun_uniform, 1 / 300),
        (init.lecun_normal, 1 / 300),
        (init.Normal(0.01), 1e-4),
        (init.Uniform(0.3), 0.03),
    ],
    ids=str,
)
def test_values_have_the_variance_of_their_formula_and_no_mean(initializer: init.Initializer, variance: float):
    values = draw(initializer)
    assert values.var() == pytest.approx(variance, rel=0.02)
    assert abs(values.mean()) < 4 * math.sqrt(variance / values.size)


@pytest.mark.parametrize(
    ("initializer", "bound"),
    [
        (init.glorot_uniform, math.sqrt(6 / 500)),
        (init.he_uniform, math.sqrt(6 / 300)),
        (init.lecun_uniform, math.sqrt(3 / 300)),
        (init.Uniform(0.3), 0.3),
    ],
    ids=str,
)
def test_uniform_values_reach_their_bound_and_no_further(initializer: init.Initializer, bound: float):
    values = np.abs(draw(initializer))
    assert 0.99 * bound < values.max() <= bound


def test_fans_of_an_image_filter_count_its_window():
    assert init.fans((3, 3, 16, 32)) == (144, 288)
    assert init.fans((7,)) == (7, 7)
    assert draw(init.he_normal, (3, 3, 16, 32)).var() == pytest.approx(2 / 144, rel=0.05)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (2, 3, 4)])
def test_orthogonal_values_have_orthonormal_rows_or_columns(shape: tuple[int, ...]):
    q = draw(init.orthogonal, shape).reshape(-1, shape[-1])
    square = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(square, np.eye(len(square)), atol=1e-12)


def test_zeros_and_constants_draw_nothing():
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(init.zeros(rng, (2,)), [0.0, 0.0])
    np.testing.assert_array_equal(init.Constant(0.5)(rng, (2,)), [0.5, 0.5])
    assert rng.random() == np.random.default_rng(0).random()


# ---------------------------------------------------------------------- which one a layer chooses


def chosen(linear: Linear) -> str:
    return linear.W.shown_initializer


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_decides_the_start_of_the_layer_before_it(name: str):
    grows = bool((ACTIVATIONS[name]()(np.full((1, 3), 100.0)) > 1.0).all())
    dense = Dense(3, name).build(4)
    assert chosen(dense[0]) == ("he_normal" if grows else "glorot_uniform")


def test_without_an_activation_the_start_is_glorot_s():
    assert chosen(Linear(3).build(4)) == "glorot_uniform"
    assert chosen(Dense(3, None).build(4)[0]) == "glorot_uniform"


@pytest.mark.parametrize(
    "between",
    [
        [Dropout(0.5)],
        [Flatten()],
        [Sequential()],
        [Dropout(0.5), Sequential(Flatten(), Dropout(0.1))],
        [Residual(Dropout(0.5))],
    ],
    ids=str,
)
def test_what_stands_between_is_looked_through(between: list):
    assert chosen(Sequential(Linear(3), *between, ReLU()).build(4)[0]) == "he_normal"


def test_an_activation_at_the_head_of_the_next_container_is_seen():
    assert chosen(Sequential(Linear(3), Sequential(ReLU(), Linear(2))).build(4)[0]) == "he_normal"


def test_an_activation_after_the_container_is_seen_from_inside():
    network = Sequential(Sequential(Linear(3), Linear(2)), ReLU()).build(4)
    assert (chosen(network[0][0]), chosen(network[0][1])) == ("glorot_uniform", "he_normal")


def test_branches_start_as_what_follows_them_wants():
    network = Sequential(Parallel(Linear(2), Sequential(Linear(2), Tanh())), ReLU()).build(4)
    assert (chosen(network[0][0]), chosen(network[0][1][0])) == ("he_normal", "glorot_uniform")


def test_a_layer_before_branches_starts_as_glorot_s():
    network = Sequential(Linear(3), Parallel(ReLU(), Sigmoid())).build(4)
    assert chosen(network[0]) == "glorot_uniform"


def test_an_initializer_of_one_s_own_is_kept():
    network = Sequential(Linear(3, weight_init=init.lecun_normal, bias_init=init.Constant(1.0)), ReLU()).build(4)
    assert chosen(network[0]) == "lecun_normal"
    np.testing.assert_array_equal(network[0].B.value, np.ones(3))


def test_looking_at_a_slice_of_a_network_changes_no_start():
    network = Sequential(Linear(3), Dropout(0.1), ReLU())
    assert len(network[:2]) == 2
    assert chosen(network.build(4)[0]) == "he_normal"


def test_biases_start_at_zero():
    assert not Linear(3).build(4).B.value.any()


def test_a_user_s_initializer_is_a_function_of_a_generator_and_a_shape():
    linear = Linear(2, weight_init=lambda rng, shape: np.arange(math.prod(shape)).reshape(shape)).build(3)
    np.testing.assert_array_equal(linear.W.value, [[0, 1], [2, 3], [4, 5]])


def test_an_orthogonal_start_points_either_way():
    found = {float(init.orthogonal(np.random.default_rng(seed), (1, 1))[0, 0]) for seed in range(20)}
    assert found == {-1.0, 1.0}
