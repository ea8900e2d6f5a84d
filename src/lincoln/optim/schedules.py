"""Learning rate schedules: each is a formula from the number of an optimizer's step to a learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from ..arguments import WithArguments
from ..exc import DataError
from ..settings import Checked, Range, Settings, Whole, number

__all__ = ["Constant", "CosineDecay", "ExponentialDecay", "OneCycle", "ReduceOnPlateau", "Schedule", "StepDecay"]


_STEPS = Whole(1, "steps=epochs * len(loader)")
_WARMUP = Whole(0, "warmup=100")


def _longer_than_warmup(schedule: Schedule, name: str, value: Any) -> int:
    """The steps of the whole training, or those of the warm-up, which are fewer."""
    count = (_STEPS if name == "steps" else _WARMUP)(schedule, name, value)
    now = {"warmup": 0, "steps": math.inf} | vars(schedule) | {name: count}
    if now["warmup"] >= now["steps"]:
        raise DataError(
            code="LN403",
            where=type(schedule).__name__,
            saw=f"warmup={now['warmup']}, steps={now['steps']}",
            why="steps counts the warm-up too, so nothing would be left for the cosine",
            fix=f"steps={now['warmup']} + the steps of the decay",
        )
    return count


def _at_most_lr(schedule: Schedule, name: str, value: Any) -> float:
    """A rate that the schedule's first one does not lie below."""
    return number(value, f"[0, {schedule.lr}]", name=name, where=type(schedule).__name__, fix=f"{name}=0.0")


class Schedule(Checked, WithArguments):
    """η(t), the learning rate of step t, counted from 0.

    A subclass writes ``__call__``. A function of the step number serves an optimizer as well; a schedule of
    one's own derives from this class if it has a state to save, or learns from results.

    Args:
        lr: the rate that the formula starts from, or its peak; above 0.

    Raises:
        DataError: a number outside its range.

    >>> class InverseRoot(Schedule):
    ...     def __call__(self, step):
    ...         return self.lr / math.sqrt(step + 1)
    >>> InverseRoot(0.1)(3)
    0.05
    """

    _settings: ClassVar[Settings] = {"lr": Range("(0, inf)", "lr=0.01")}

    def __init__(self, lr: float) -> None:
        self.lr = lr

    def __call__(self, step: int) -> float:
        """The learning rate of this step."""
        raise NotImplementedError(f"{type(self).__name__}.__call__")

    def observe(self, value: float) -> None:
        """Take note of a loss, once an epoch: of validation, or else of training. Most schedules need none."""

    def state_dict(self) -> dict[str, float]:
        """What the schedule has learned, as numbers; nothing where it is a formula of the step alone."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""


class Constant(Schedule):
    """η(t) = η

    Args:
        lr: the rate of every step.

    >>> Constant(0.1)(1000)
    0.1
    """

    def __call__(self, step: int) -> float:
        return self.lr


class StepDecay(Schedule):
    """η(t) = η γ^⌊t / k⌋

    Args:
        lr: the rate of the first ``step_size`` steps.
        step_size: k, how many steps the rate stays the same; ``30 * len(loader)`` is thirty epochs.
        gamma: γ, the factor after every ``step_size`` steps, in (0, 1].

    Raises:
        DataError: a number outside its range.

    >>> schedule = StepDecay(0.5, step_size=10)
    >>> schedule(9), schedule(10)
    (0.5, 0.05)
    """

    _settings: ClassVar[Settings] = Schedule._settings | {
        "step_size": Whole(1, "step_size=30 * len(loader)"),
        "gamma": Range("(0, 1]", "gamma=0.1"),
    }

    def __init__(self, lr: float, *, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(lr)
        self.step_size = step_size
        self.gamma = gamma

    def __call__(self, step: int) -> float:
        return self.lr * math.pow(self.gamma, step // self.step_size)


class ExponentialDecay(Schedule):
    """η(t) = η γ^(t / k)

    Args:
        lr: the rate of the first step.
        gamma: γ, the factor that k steps bring, in (0, 1].
        steps: k; ``len(loader)`` makes ``gamma`` the factor of one epoch.

    Raises:
        DataError: a number outside its range.

    >>> schedule = ExponentialDecay(1.0, gamma=0.25, steps=10)
    >>> schedule(5), schedule(10)
    (0.5, 0.25)
    """

    _settings: ClassVar[Settings] = Schedule._settings | {
        "gamma": Range("(0, 1]", "gamma=0.95"),
        "steps": Whole(1, "steps=len(loader)"),
    }

    def __init__(self, lr: float, *, gamma: float, steps: int = 1) -> None:
        super().__init__(lr)
        self.gamma = gamma
        self.steps = steps

    def __call__(self, step: int) -> float:
        return self.lr * math.pow(self.gamma, step / self.steps)


class CosineDecay(Schedule):
    """η(t) = η₁ + (η - η₁) (1 + cos(π u)) / 2, where u goes from 0 to 1   (Loshchilov, Hutter 2017, eq. 5)

    Before it, the rate rises in a straight line, η (t + 1) / (w + 1), for w steps, and reaches η where the cosine
    begins. After the last step the rate stays η₁: it does not rise again.

    Args:
        lr: η, the peak.
        steps: of the whole training, the warm-up included: ``epochs * len(loader)``.
        warmup: w, fewer than ``steps``.
        final_lr: η₁, not above ``lr``.

    Raises:
        DataError: a number outside its range.

    >>> schedule = CosineDecay(1.0, steps=11, warmup=1)
    >>> [round(schedule(step), 4) for step in (0, 1, 6, 11, 12)]
    [0.5, 1.0, 0.5, 0.0, 0.0]
    """

    _settings: ClassVar[Settings] = Schedule._settings | {
        "steps": _longer_than_warmup,
        "warmup": _longer_than_warmup,
        "final_lr": _at_most_lr,
    }

    def __init__(self, lr: float, *, steps: int, warmup: int = 0, final_lr: float = 0.0) -> None:
        super().__init__(lr)
        self.steps = steps
        self.warmup = warmup
        self.final_lr = final_lr

    def __call__(self, step: int) -> float:
        if step < self.warmup:
            return self.lr * (step + 1) / (self.warmup + 1)
        return _cosine(self.lr, self.final_lr, (step - self.warmup) / (self.steps - self.warmup))


class OneCycle(Schedule):
    """η(t) rises from η / d to η and falls to η / (d f), each along half a cosine   (Smith, Topin 2019)

    The rise ends at step ``pct_start * steps - 1`` and the fall at step ``steps - 1``; after it the rate stays.

    Args:
        lr: η, the peak.
        steps: of the whole training: ``epochs * len(loader)``.
        pct_start: the share of the steps that the rise takes, in (0, 1).
        div_factor: d, at least 1.
        final_div_factor: f, at least 1.

    Raises:
        DataError: a number outside its range.

    >>> schedule = OneCycle(1.0, steps=10)
    >>> [round(schedule(step), 4) for step in (0, 2, 9)]
    [0.04, 1.0, 0.0]
    """

    _settings: ClassVar[Settings] = Schedule._settings | {
        "steps": _STEPS,
        "pct_start": Range("(0, 1)", "pct_start=0.3"),
        "div_factor": Range("[1, inf)", "div_factor=25.0"),
        "final_div_factor": Range("[1, inf)", "final_div_factor=1e4"),
    }

    def __init__(
        self,
        lr: float,
        *,
        steps: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        super().__init__(lr)
        self.steps = steps
        self.pct_start = pct_start
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor

    def __call__(self, step: int) -> float:
        first, last = self.lr / self.div_factor, self.lr / self.div_factor / self.final_div_factor
        top = self.pct_start * self.steps - 1
        if step < top:
            return _cosine(first, self.lr, step / top)
        top = max(top, 0.0)
        fall = (self.steps - 1 - top) or 1.0
        return _cosine(self.lr, last, (step - top) / fall)


class ReduceOnPlateau(Schedule):
    """η ← max(γ η, η₁) once more than ``patience`` observed values in a row have been no better than the best

    A value is better if it lies below the best one by more than ``threshold`` times the best one's size. The lower
    the value, the better: let it observe ``1 - accuracy``, not the accuracy.

    Args:
        lr: the first rate.
        factor: γ, in (0, 1).
        patience: how many values in a row may be no better than the best.
        threshold: the least improvement that counts, as a share of the best value.
        cooldown: how many values after a reduction are not counted.
        min_lr: η₁, not above ``lr``.

    Raises:
        DataError: a number outside its range.

    >>> schedule = ReduceOnPlateau(0.5, patience=1)
    >>> for loss in (1.0, 1.0, 1.0):
    ...     schedule.observe(loss)
    >>> schedule(0)
    0.05
    """

    _settings: ClassVar[Settings] = Schedule._settings | {
        "factor": Range("(0, 1)", "factor=0.1"),
        "patience": Whole(0, "patience=10"),
        "threshold": Range("[0, 1)", "threshold=1e-4"),
        "cooldown": Whole(0, "cooldown=0"),
        "min_lr": _at_most_lr,
    }

    def __init__(
        self,
        lr: float,
        *,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(lr)
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._rate = self.lr
        self._best = math.inf
        self._bad = 0
        self._cooling = 0

    def __call__(self, step: int) -> float:
        return self._rate

    def observe(self, value: float) -> None:
        """Count a value, once an epoch; NaN is never better."""
        value = float(value)
        gain = self.threshold * abs(self._best) if math.isfinite(self._best) else 0.0
        if value < self._best - gain:
            self._best, self._bad = value, 0
        else:
            self._bad += 1
        if self._cooling:
            self._cooling -= 1
            self._bad = 0
        if self._bad > self.patience:
            self._rate = max(self._rate * self.factor, self.min_lr)
            self._cooling, self._bad = self.cooldown, 0

    def state_dict(self) -> dict[str, float]:
        """The rate now, the best value, and the two counts."""
        return {"rate": self._rate, "best": self._best, "bad": self._bad, "cooling": self._cooling}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self._rate, self._best = float(state["rate"]), float(state["best"])
        self._bad, self._cooling = int(state["bad"]), int(state["cooling"])


def _cosine(start: float, end: float, share: float) -> float:
    """Along half a cosine from ``start`` to ``end``, where it stays."""
    return end + (start - end) * (1.0 + math.cos(math.pi * min(share, 1.0))) / 2.0
