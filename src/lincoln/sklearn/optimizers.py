"""Which optimizer and learning rate an estimator's parameters ask for; SGD and Adam step for step as scikit-learn's."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Mapping
from typing import Any

from .. import functional, optim
from ..arrays import Array
from ..exc import DataError
from ..layer import Layer
from ..optim import Optimizer

__all__ = [
    "Course",
    "MomentumSGD",
    "ReorderedAdam",
    "has_its_optimizer",
    "inverse_rate",
    "make_optimizer",
    "prepare_optimizer",
]


class MomentumSGD(optim.SGD):
    """θ ← θ - u, where u ← μ u + η g: what is remembered keeps the learning rates of its own steps

    It is `SGD` while η stays the same   (Sutskever et al. 2013, eq. 1, 2). A rate of 0 lets the momentum run out.

    >>> from lincoln import layers
    >>> MomentumSGD(layers.Linear(1), lr=0.1, momentum=0.9)
    MomentumSGD(Linear(1), lr=0.1, momentum=0.9)
    """

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        super().update(value, lr * grad, state, 1.0)


class ReorderedAdam(optim.Adam):
    """θ ← θ - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) m / (√s + ε): Adam with ε beside √s, not √ŝ   (Kingma, Ba 2015, section 2)

    >>> from lincoln import layers
    >>> ReorderedAdam(layers.Linear(1), betas=(0.9, 0.95))
    ReorderedAdam(Linear(1), betas=(0.9, 0.95))
    """

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        eps = self.eps / math.sqrt(1.0 - self.betas[1] ** state.step)
        functional.adam(value, grad, state.mean, state.square, state.step, lr, *self.betas, eps)


class Course(optim.Schedule):
    """η(t - s), a formula over a number of steps that begins at step s

    What it remembers is where it begins and ends, so a training that goes on stays on its course.

    Args:
        lr: the peak.
        formula: `lincoln.optim.CosineDecay` or `lincoln.optim.OneCycle`.
        steps: of the whole course.
        start: s.

    >>> Course(1.0, optim.CosineDecay, steps=2, start=10)(11)
    0.5
    """

    def __init__(self, lr: float, formula: Any, *, steps: int, start: int = 0) -> None:
        super().__init__(lr)
        self.formula = formula
        self.load_state_dict({"start": start, "steps": steps})

    def __call__(self, step: int) -> float:
        return float(self._rates(step - self.start))

    def state_dict(self) -> dict[str, float]:
        """Where it begins, and how many steps it has."""
        return {"start": self.start, "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the course that `state_dict` gave."""
        self.start, self.steps = int(state["start"]), int(state["steps"])
        self._rates = self.formula(self.lr, steps=max(self.steps, 2))


_OTHERS = {"adamw": optim.AdamW, "rmsprop": optim.RMSprop, "adagrad": optim.Adagrad}
_RATES = ("constant", "invscaling", "adaptive")
_COURSES = {"cosine": optim.CosineDecay, "one_cycle": optim.OneCycle}
_DECIDING = ("solver", "learning_rate", "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon")
"""The parameters on which it depends what an optimizer remembers: another value makes a new one."""


def prepare_optimizer(estimator: Any, *, batches: int, epochs: int) -> None:
    """Let an estimator's optimizer be the one that its parameters ask for now.

    A course that has too few steps left for these epochs is over, and the next one, of ``max_iter`` epochs, begins.

    Args:
        estimator: one that has a network.
        batches: how many there are in an epoch.
        epochs: how many are to come now.
    """
    est, span = estimator, estimator.max_iter * batches
    if not has_its_optimizer(est):
        est._optimizer = make_optimizer(est, est.network_, steps=span)
        est._decided = _deciding(est)
    optimizer, course = est._optimizer, est._optimizer.lr
    over = isinstance(course, Course) and course.start + course.steps - optimizer.steps < epochs * batches
    other_rate = est.learning_rate_init != est._rate and isinstance(est.learning_rate, str | type)
    if over or other_rate:
        start = course.start if isinstance(course, Course) and not over else optimizer.steps
        steps = course.steps if isinstance(course, Course) and not over else span
        optimizer.lr = _learning_rate(est, steps=steps, start=start)
    est._rate = est.learning_rate_init


def has_its_optimizer(estimator: Any) -> bool:
    """Whether an estimator has an optimizer, and one that its parameters still ask for."""
    return estimator._optimizer is not None and estimator._decided == _deciding(estimator)


def inverse_rate(estimator: Any) -> float:
    """η / (t + 1)ᵖ after t rows."""
    return float(estimator.learning_rate_init / (estimator.t_ + 1) ** estimator.power_t)


def _deciding(estimator: Any) -> tuple[Any, ...]:
    return tuple(getattr(estimator, name) for name in _DECIDING)


def make_optimizer(estimator: Any, network: Layer, *, steps: int) -> Optimizer:
    """The optimizer of a network, for a training of so many steps.

    Raises:
        DataError: a solver or a learning rate that is not known.
    """
    lr, solver = _learning_rate(estimator, steps=steps), estimator.solver
    if solver == "sgd":
        momentum = estimator.momentum
        nesterov = bool(estimator.nesterovs_momentum and momentum)
        kind = optim.SGD if estimator.learning_rate == "constant" else MomentumSGD
        return kind(network, lr=lr, momentum=momentum, nesterov=nesterov)
    if solver == "adam":
        return ReorderedAdam(network, lr=lr, betas=(estimator.beta_1, estimator.beta_2), eps=estimator.epsilon)
    maker = _OTHERS.get(solver) if isinstance(solver, str) else solver
    made = None
    if callable(maker) and not isinstance(maker, Optimizer):
        takes_rate = isinstance(maker, type) and "lr" in inspect.signature(maker).parameters
        made = maker(network, lr=lr) if takes_rate else maker(network)
    if isinstance(made, Optimizer) and made.network is network:
        return made
    raise DataError(
        code="LN659",
        where=type(estimator).__name__,
        saw=f"solver={solver!r}",
        why="it does not give an optimizer of the network that the estimator trains",
        fix=f"one of 'sgd', 'adam', {', '.join(map(repr, _OTHERS))}, 'lbfgs'; a class such as lnc.optim.AdamW; or a "
        "function of the network, such as lambda network: lnc.optim.SGD(network, lr=0.1, clip_norm=1.0)",
    )


def _learning_rate(estimator: Any, *, steps: int, start: int = 0) -> Any:
    """A number, or a schedule over so many steps."""
    asked, lr = estimator.learning_rate, float(estimator.learning_rate_init)
    if asked == "invscaling" and estimator.solver == "sgd":
        return inverse_rate(estimator)
    if isinstance(asked, str) and asked in _RATES:
        return lr
    if isinstance(asked, str) and asked in _COURSES:
        return Course(lr, _COURSES[asked], steps=steps, start=start)
    if asked == "plateau":
        return optim.ReduceOnPlateau(lr)
    if isinstance(asked, type) and issubclass(asked, optim.Schedule):
        return asked(lr)
    if callable(asked):
        return copy.deepcopy(asked)
    raise DataError(
        code="LN660",
        where=type(estimator).__name__,
        saw=f"learning_rate={asked!r}",
        why="no schedule of that name is known; the rate itself is learning_rate_init",
        fix=f"one of {', '.join(map(repr, (*_RATES, *_COURSES, 'plateau')))}; or a function of the number "
        "of the step, such as lnc.optim.StepDecay(0.1, step_size=1000)",
    )
