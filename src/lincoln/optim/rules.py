"""The update rules: which formula of `lincoln.functional` an optimizer applies, and what it remembers between steps."""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from .. import functional
from ..arrays import Array, namespace
from ..exc import DataError
from ..layer import Layer
from ..settings import Range, Settings
from .common import Common, Limits
from .optimizer import LearningRate, Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]

_MOMENTUM = Range("[0, 1)", "momentum=0.9")


def _with_nesterov(rule: SGD, name: str, value: Any) -> Any:
    """A momentum, or whether the step is Nesterov's: it needs momentum."""
    if name == "momentum":
        value = _MOMENTUM(rule, name, value)
    now = {"momentum": 0.0, "nesterov": False} | vars(rule) | {name: value}
    if now["nesterov"] and not now["momentum"]:
        raise DataError(
            code="LN410",
            where=type(rule).__name__,
            saw=f"nesterov={now['nesterov']!r}, momentum={now['momentum']!r}",
            why="Nesterov's step looks ahead along the momentum, and there is none",
            fix="nesterov=True, momentum=0.9",
        )
    return value


class SGD(Optimizer):
    """θ ← θ - η g, or with momentum θ ← θ - η v, where v ← μ v + g   (Robbins, Monro 1951; Polyak 1964)

    Args:
        network, lr, weight_decay, clip_norm, clip_value, groups: see `Optimizer`.
        momentum: μ, in [0, 1).
        nesterov: step along g + μ v, the velocity one step ahead (Sutskever et al. 2013).

    Raises:
        DataError: a number outside its range; ``nesterov`` without momentum.

    >>> from lincoln import layers
    >>> SGD(layers.Linear(1), lr=0.01, momentum=0.9)
    SGD(Linear(1), lr=0.01, momentum=0.9)
    """

    _settings: ClassVar[Settings] = Optimizer._settings | {
        "momentum": _with_nesterov,
        "nesterov": _with_nesterov,
    }

    def __init__(
        self,
        network: Layer,
        lr: LearningRate = 0.003,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(network, lr, **common)
        self.momentum = momentum
        self.nesterov = nesterov

    def initial_state(self, value: Array) -> dict[str, Array]:
        return {"velocity": namespace(value).zeros_like(value)} if self.momentum else {}

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        if self.momentum:
            functional.sgd_momentum(value, grad, state.velocity, lr, self.momentum, self.nesterov)
        else:
            functional.sgd(value, grad, lr)


class RMSprop(Optimizer):
    """θ ← θ - η g / (√s + ε), where s ← α s + (1 - α) g²   (Tieleman, Hinton 2012, lecture 6.5)

    Args:
        network, lr, weight_decay, clip_norm, clip_value, groups: see `Optimizer`.
        alpha: α, in [0, 1).
        eps: ε, above 0.
        momentum: μ, in [0, 1): the step is η v, where v ← μ v + g / (√s + ε).
        centered: divide by the gradients' standard deviation instead of their root mean square (Graves 2013).

    Raises:
        DataError: a number outside its range.

    >>> from lincoln import layers
    >>> RMSprop(layers.Linear(1), alpha=0.9)
    RMSprop(Linear(1), alpha=0.9)
    """

    _settings: ClassVar[Settings] = Optimizer._settings | {
        "alpha": Range("[0, 1)", "alpha=0.99"),
        "eps": Range("(0, inf)", "eps=1e-8"),
        "momentum": _MOMENTUM,
    }

    def __init__(
        self,
        network: Layer,
        lr: LearningRate = 0.01,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        centered: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(network, lr, **common)
        self.alpha = alpha
        self.eps = eps
        self.momentum = momentum
        self.centered = centered

    def initial_state(self, value: Array) -> dict[str, Array]:
        names = ["square"] + ["mean"] * self.centered + ["velocity"] * bool(self.momentum)
        return {name: namespace(value).zeros_like(value) for name in names}

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        mean = state.mean if self.centered else None
        velocity = state.velocity if self.momentum else None
        functional.rmsprop(value, grad, state.square, lr, self.alpha, self.eps, mean, velocity, self.momentum)


class Adagrad(Optimizer):
    """θ ← θ - η g / (√s + ε), where s ← s + g²   (Duchi, Hazan, Singer 2011)

    Args:
        network, lr, weight_decay, clip_norm, clip_value, groups: see `Optimizer`.
        eps: ε, above 0.

    Raises:
        DataError: a number outside its range.

    >>> from lincoln import layers
    >>> Adagrad(layers.Linear(1), lr=0.1)
    Adagrad(Linear(1), lr=0.1)
    """

    _settings: ClassVar[Settings] = Optimizer._settings | {"eps": Range("(0, inf)", "eps=1e-10")}

    def __init__(
        self,
        network: Layer,
        lr: LearningRate = 0.01,
        *,
        eps: float = 1e-10,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(network, lr, **common)
        self.eps = eps

    def initial_state(self, value: Array) -> dict[str, Array]:
        return {"square": namespace(value).zeros_like(value)}

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        functional.adagrad(value, grad, state.square, lr, self.eps)


class Adam(Optimizer):
    """θ ← θ - η m̂ / (√ŝ + ε), with m and s the running means of g and g²   (Kingma, Ba 2015)

    Weight decay is part of the gradient here, and so of both means; `AdamW` keeps it apart.

    Args:
        network, lr, weight_decay, clip_norm, clip_value, groups: see `Optimizer`.
        betas: β₁ and β₂, each in [0, 1): how much of the means stays at each step.
        eps: ε, above 0.

    Raises:
        DataError: a number outside its range.

    >>> from lincoln import layers
    >>> Adam(layers.Linear(1), betas=(0.9, 0.95))
    Adam(Linear(1), betas=(0.9, 0.95))
    """

    _settings: ClassVar[Settings] = Optimizer._settings | {
        "betas": Range("[0, 1)", "betas=(0.9, 0.999)", numbers=2),
        "eps": Range("(0, inf)", "eps=1e-8"),
    }

    def __init__(
        self,
        network: Layer,
        lr: LearningRate = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(network, lr, **common)
        self.betas = betas
        self.eps = eps

    def initial_state(self, value: Array) -> dict[str, Array]:
        xp = namespace(value)
        return {"mean": xp.zeros_like(value), "square": xp.zeros_like(value)}

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        functional.adam(value, grad, state.mean, state.square, state.step, lr, *self.betas, self.eps)


class AdamW(Adam):
    """θ ← (1 - η λ) θ, and then Adam's step   (Loshchilov, Hutter 2019, algorithm 2)

    Weight decay λ shrinks the parameters at the pace of the learning rate, whatever the gradients' size is. Biases and
    the parameters of normalization layers are better left out of it, as in the example.

    Args:
        network, lr, betas, eps, clip_norm, clip_value, groups: see `Adam`.
        weight_decay: λ, not below 0.

    Raises:
        DataError: a number outside its range.

    >>> from lincoln import layers, optim
    >>> AdamW(layers.Linear(1), groups=[optim.Group(optim.biases_and_norms, weight_decay=0.0)])
    AdamW(Linear(1), groups=[Group(biases_and_norms, weight_decay=0.0)])
    """

    decoupled = True

    def __init__(
        self,
        network: Layer,
        lr: LearningRate = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        **limits: Unpack[Limits],
    ) -> None:
        super().__init__(network, lr, betas=betas, eps=eps, weight_decay=weight_decay, **limits)
