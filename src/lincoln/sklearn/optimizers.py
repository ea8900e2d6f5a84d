"""Which optimizer and learning rate an estimator's parameters ask for; SGD and Adam step for step as scikit-learn's."""

from __future__ import annotations

import copy
import inspect
import math
from typing import Any

from .. import functional, optim
from ..arrays import Array
from ..exc import DataError
from ..layer import Layer
from ..optim import Optimizer

__all__ = ["MomentumSGD", "ReorderedAdam", "make_optimizer"]


class MomentumSGD(optim.SGD):
    """θ ← θ + u, where u ← μ u - η g: the velocity keeps the learning rates of its own steps   (Sutskever et al. 2013)

    It is `SGD` while η stays the same. When η changes, the velocity v = -u / η is brought to the new unit.

    >>> from lincoln import layers
    >>> MomentumSGD(layers.Linear(1), lr=0.1, momentum=0.9)
    MomentumSGD(Linear(1), lr=0.1, momentum=0.9)
    """

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        if self.momentum and self.steps and lr != self.last_rate:
            state.velocity *= self.last_rate / lr
        super().update(value, grad, state, lr)


class ReorderedAdam(optim.Adam):
    """θ ← θ - η √(1 - β₂ᵗ) / (1 - β₁ᵗ) m / (√s + ε): Adam with ε beside √s, not √ŝ   (Kingma, Ba 2015, section 2)

    >>> from lincoln import layers
    >>> ReorderedAdam(layers.Linear(1), betas=(0.9, 0.95))
    ReorderedAdam(Linear(1), betas=(0.9, 0.95))
    """

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        eps = self.eps / math.sqrt(1.0 - self.betas[1] ** state.step)
        functional.adam(value, grad, state.mean, state.square, state.step, lr, *self.betas, eps)


_OTHERS = {"adamw": optim.AdamW, "rmsprop": optim.RMSprop, "adagrad": optim.Adagrad}
_RATES = ("constant", "invscaling", "adaptive")


def make_optimizer(estimator: Any, network: Layer, *, steps: int) -> Optimizer:
    """The optimizer of a network, for a training of so many steps.

    Raises:
        DataError: a solver or a learning rate that is not known.
    """
    lr, solver = _learning_rate(estimator, steps), estimator.solver
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


def _learning_rate(estimator: Any, steps: int) -> Any:
    """A number, or a schedule over so many steps."""
    asked, lr = estimator.learning_rate, float(estimator.learning_rate_init)
    if isinstance(asked, str) and asked in _RATES:
        return lr
    if asked == "cosine":
        return optim.CosineDecay(lr, steps=steps)
    if asked == "one_cycle":
        return optim.OneCycle(lr, steps=max(steps, 2))
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
        fix=f"one of {', '.join(map(repr, (*_RATES, 'cosine', 'one_cycle', 'plateau')))}; or a function of the number "
        "of the step, such as lnc.optim.StepDecay(0.1, step_size=1000)",
    )
