"""The numbers of `examples/by_hand.py` against what its notebook printed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

import by_hand
from by_hand import LABELS, PRINTED, PRINTED_P, START, TABLE, X, Y

import lincoln as lnc

NAMES = list(PRINTED)
GRADIENTS = [name for name in NAMES if name.startswith("dL")]


@pytest.fixture(scope="module")
def hand() -> dict[str, np.ndarray]:
    return by_hand.by_hand(X, Y, **START, factor=1)


@pytest.fixture(scope="module")
def layers() -> dict[str, np.ndarray]:
    return by_hand.by_layers(by_hand.HalfSquaredError(by_hand.network_from(**START)), X, Y)


@pytest.fixture(scope="module")
def mended() -> tuple[list[float], Any]:
    return by_hand.right_run(by_hand.HalfSquaredError)


def digits_of(numbers: np.ndarray, printed: str) -> list[str]:
    return [by_hand.as_printed(number, text) for number, text in zip(numbers.flat, printed.split(), strict=True)]


@pytest.mark.parametrize("name", NAMES)
def test_by_hand_every_printed_number_comes_out_to_its_last_digit(name: str, hand: dict[str, np.ndarray]) -> None:
    assert digits_of(hand[name], PRINTED[name]) == PRINTED[name].split()


@pytest.mark.parametrize("name", NAMES)
def test_the_layers_leave_every_printed_number_behind(name: str, layers: dict[str, np.ndarray]) -> None:
    assert digits_of(layers[name], PRINTED[name]) == PRINTED[name].split()


@pytest.mark.parametrize("name", GRADIENTS)
def test_without_the_half_every_gradient_has_the_factor_2(name: str, layers: dict[str, np.ndarray]) -> None:
    whole = by_hand.by_layers(lnc.losses.MeanSquaredError(by_hand.network_from(**START)), X, Y)
    np.testing.assert_allclose(whole[name], 2 * layers[name], rtol=1e-14)
    np.testing.assert_allclose(whole[name], by_hand.by_hand(X, Y, **START, factor=2)[name], rtol=1e-14)


def test_the_gradients_of_the_half_squared_error_pass_the_check() -> None:
    assert lnc.check_gradients(by_hand.HalfSquaredError(by_hand.network_from(**START)), X, Y)


def test_one_step_of_the_optimizer_is_the_step_by_hand(hand: dict[str, np.ndarray]) -> None:
    network = by_hand.network_from(**START)
    loss = by_hand.HalfSquaredError(network)
    loss(X, Y)
    loss.backward()
    lnc.optim.SGD(network, lr=0.01).step()
    np.testing.assert_allclose(network[0].W.value, START["V"] - 0.01 * hand["dLdV"], rtol=1e-14)
    np.testing.assert_allclose(network[2].B.value[None], START["J"] - 0.01 * hand["dLdJ"], rtol=1e-14)


def test_the_notebooks_run_with_its_mistakes_gives_its_predictions() -> None:
    _, network = by_hand.notebook_run()
    assert [f"{p:.4f}" for p in network(TABLE)[:, 0]] == PRINTED_P


def test_with_its_mistakes_no_bias_learns() -> None:
    _, network = by_hand.notebook_run()
    before = by_hand.notebook_network()
    np.testing.assert_array_equal(network[0].B.value, before[0].B.value)
    np.testing.assert_array_equal(network[2].B.value, before[2].B.value)


def test_put_right_every_bias_learns(mended: tuple[list[float], Any]) -> None:
    _, network = mended
    assert (network[0].B.value != by_hand.TABLE_START["I"][0]).all()
    assert (network[2].B.value != by_hand.TABLE_START["J"][0]).all()


def test_put_right_all_eight_rows_are_right(mended: tuple[list[float], Any]) -> None:
    _, network = mended
    np.testing.assert_array_equal(network(TABLE) > 0.5, LABELS == 1)


def test_put_right_the_mean_cross_entropy_is_at_most_three_hundredths(mended: tuple[list[float], Any]) -> None:
    entropies, _ = mended
    assert entropies[-1] <= 0.03


def test_learning_by_the_cross_entropy_itself_ends_lower(mended: tuple[list[float], Any]) -> None:
    entropies, _ = by_hand.right_run(lnc.losses.LogLoss)
    assert entropies[-1] < mended[0][-1] / 10


def test_the_notebooks_order_draws_with_replacement() -> None:
    order = list(by_hand.notebook_order())
    assert len(order) == 800
    assert order[:12] == [2, 1, 6, 6, 0, 0, 2, 3, 0, 7, 4, 2]
