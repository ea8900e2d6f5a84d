"""What is wrong with a user's update rule, as its first step shows: nothing moves, or what it remembers is lost."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import arrays
from ..spelling import near_miss
from .same import same

__all__ = ["Watch", "state_problems"]

_SIZE = 64
_STEPS = 100
"""How many steps a rule may take before its weights move, or what it remembers does."""


class Watch:
    """Calls an optimizer's ``update`` in its first step, and sees what it changes.

    Only where that looks wrong is it tried for more steps, on a copy and a few numbers.

    Args:
        optimizer: a user's.
        tell: called with this object after the step.
    """

    def __init__(self, optimizer: Any, tell: Callable[[Watch], None]) -> None:
        self.optimizer = optimizer
        self._tell = tell
        self._still, self._idle, self._wrong = False, False, dict[str, str]()

    def __call__(self, value: Any, grad: Any, state: Any, lr: float) -> None:
        """One update."""
        made = {name: array for name, array in vars(state).items() if name != "step"}
        before = {name: arrays.copied(array) for name, array in made.items()}
        old, slope = arrays.copied(value), arrays.copied(grad)
        try:
            self.optimizer.update(value, grad, state, lr)
        except AttributeError as error:
            near = near_miss(self.optimizer, "initial_state") if error.obj is state else ""
            if near:
                error.add_note(f"{type(self.optimizer).__name__} has no initial_state, but one called {near}")
            raise
        if not same(grad, slope):
            self._wrong["grad"] = (
                "update changes the gradient in place, which can still be read after a step: g = grad * factor"
            )
        for name, array in made.items():
            if getattr(state, name, None) is not array:
                self._wrong[name] = (
                    f"update puts another array in place of state.{name}, which a checkpoint and the next division "
                    f"of the parameters lose: change it in place, state.{name}[...] = ..."
                )
        if lr > 0 and arrays.numpy(slope).any():
            self._still = self._still or same(value, old)
            self._idle = self._idle or any(same(array, before[name]) for name, array in made.items())

    def problems(self) -> list[str]:
        """What is wrong."""
        found = list(self._wrong.values())
        if not found and (self._still or self._idle):
            trial = _Trial(self.optimizer)
            found = [text for text in (trial.weights(), trial.memory()) if text]
        return found

    def tell(self) -> None:
        """Warn of what is wrong."""
        self._tell(self)


def state_problems(optimizer: Any) -> list[str]:
    """What is wrong with what ``initial_state`` makes, of a few numbers."""
    value = arrays.like(np.arange(1.0, 4.0), optimizer.network.vector.value)
    found = []
    for name, array in copy.copy(optimizer).initial_state(value).items():
        if tuple(getattr(array, "shape", ())) != tuple(value.shape):
            found.append(
                f"initial_state makes {name} of another shape than value's, of which each parameter gets its part: "
                f"np.zeros_like(value); a count of steps is there, state.step"
            )
        elif arrays.library(array) == "numpy" and np.shares_memory(array, value):
            found.append(
                f"state.{name} is the weights themselves, not a copy, so that it changes with them: "
                f"value.copy() or np.zeros_like(value) in initial_state"
            )
    return found


class _Trial:
    """A copy of an optimizer that updates a few numbers of its own, until they and its memory have moved."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = copy.deepcopy(optimizer, {id(optimizer.network): optimizer.network})
        rng, prototype = np.random.default_rng(0), optimizer.network.vector.value
        self.value, self.grad = (arrays.like(rng.normal(size=_SIZE), prototype) for _ in range(2))
        self.first = arrays.copied(self.value)
        self.state = SimpleNamespace(**self.optimizer.initial_state(self.value))
        self.start = {name: arrays.copied(array) for name, array in vars(self.state).items()}
        self.returned: Any = None
        rate = max(optimizer.last_rate, 0.01)  # a tiny one moves nothing by rounding
        for number in range(1, _STEPS + 1):
            self.state.step = number
            with contextlib.redirect_stdout(io.StringIO()):
                self.returned = self.optimizer.update(self.value, arrays.copied(self.grad), self.state, rate)
            if not self.is_still() and not self.idle():
                break

    def is_still(self) -> bool:
        """Whether the weights are what they were at the start."""
        return same(self.value, self.first)

    def idle(self) -> list[str]:
        """What the rule remembers that is what it was at the start: one number everywhere."""
        return [
            name
            for name, old in self.start.items()
            if same(getattr(self.state, name), old) and (arrays.numpy(old) == arrays.numpy(old).flat[0]).all()
        ]

    def weights(self) -> str:
        """Why the weights do not move."""
        if not self.is_still():
            return ""
        if self.returned is not None:
            return (
                "update returns the new weights and leaves the weights as they were: change them in place, value -= ..."
            )
        return "update leaves the weights as they were: change them in place, value -= ... and not value = value - ..."

    def memory(self) -> str:
        """What the rule does not remember."""
        for name in self.idle():
            return (
                f"state.{name} never changes, so that nothing is remembered: "
                f"change it in place, state.{name} += ... or state.{name}[...] = ..."
            )
        return ""
