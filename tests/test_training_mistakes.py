"""What the first training step tells a user whose layer, loss, optimizer, loop or class is wrong, and who is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from right_in_training import LOOPS_THAT_ARE_RIGHT, RIGHT
from training_mistakes import LOOPS, SLIPS, Slip, X, Y, around

import lincoln as lnc
from lincoln.exc import GradientWarning, LearningWarning, LincolnError
from lincoln.models import Trainer

TOLD = (LincolnError, GradientWarning, LearningWarning, AttributeError, TypeError, ValueError)
"""Warnings are errors in tests."""


def own_loop(loss: Any, optimizer: Any, *, steps: int = 1) -> None:
    for _ in range(steps):
        loss(X.copy(), Y.copy())
        loss.backward()
        optimizer.step()


def by_trainer(loss: Any, optimizer: Any, *, steps: int = 1) -> None:
    for _ in Trainer(loss, optimizer).epochs([(X.copy(), Y.copy())], epochs=steps):
        pass


def text_of(caught: pytest.ExceptionInfo[Any]) -> str:
    return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


roads = pytest.mark.parametrize("road", [own_loop, by_trainer])


@roads
@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_the_first_step_tells_each_mistake(slip: Slip, road: Callable[..., None]):
    with pytest.raises(TOLD) as caught:
        road(*slip.parts())
    assert re.search(slip.says, text_of(caught)), text_of(caught)


@pytest.mark.parametrize(("loop", "says"), LOOPS, ids=lambda part: getattr(part, "__name__", ""))
def test_the_first_step_of_a_wrong_loop_is_told(loop: Callable[..., None], says: str):
    loss, optimizer = around()
    with pytest.raises(TOLD) as caught:
        loop(loss, optimizer)
    assert re.search(says, text_of(caught)), text_of(caught)


def test_the_table_has_at_least_sixty_mistakes():
    assert len({slip.name for slip in SLIPS}) + len(LOOPS) >= 60


# ---------------------------------------------------------------------- who is right


@roads
@pytest.mark.parametrize("name", RIGHT)
def test_nothing_is_said_of_what_is_right_and_its_numbers_are_those_without_checks(
    name: str, road: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    vectors = []
    for checks in ("on", "off"):
        monkeypatch.setenv("LINCOLN_CHECKS", checks)
        loss, optimizer = RIGHT[name]()
        road(loss, optimizer, steps=20)
        vectors.append((loss.network.vector.value.copy(), loss.network.buffers.value.copy(), loss.total))
    np.testing.assert_equal(*vectors)


@pytest.mark.parametrize("loop", LOOPS_THAT_ARE_RIGHT, ids=lambda loop: loop.__name__)
def test_nothing_is_said_of_a_loop_that_is_right(loop: Callable[[], None]):
    loop()


def test_at_least_twenty_five_are_right():
    assert len(RIGHT) >= 25


class MeanLearned(lnc.layers.Linear):
    """What it learns from is a mean, where its way back gives a sum."""

    def learn(self, output_grad):
        self.W.accumulate(self.last_input.T @ output_grad / len(output_grad))
        self.B.accumulate(output_grad.mean(axis=0))


def test_a_learn_that_gives_other_gradients_than_backward_is_told():
    network = lnc.Sequential(MeanLearned(3), lnc.layers.Linear(1), seed=0)
    loss = lnc.losses.MeanSquaredError(network)
    loss(np.eye(6), np.zeros(6))
    with pytest.warns(GradientWarning, match="learn and backward give W different gradients"):
        loss.backward()
