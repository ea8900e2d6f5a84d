"""What all optimizers share: the flat vector, groups, clipping, weight decay, frozen parameters, counting, saving."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from .. import arrays, functional
from ..arguments import WithArguments
from ..arrays import Array
from ..exc import BackwardError, ContractError, DataError, MatchError
from ..layer import Layer
from ..patches import patches
from ..settings import Checked, Range, Settings
from ..spelling import missing
from ..vector import ParameterVector
from .common import FullSignature, checked_network, first_watch, of_kind, unknown_option
from .groups import ALL_OTHERS, Group
from .schedules import Schedule

__all__ = ["LearningRate", "Optimizer"]

LearningRate: TypeAlias = float | Callable[[int], float]
"""A number, or a schedule: a function from the number of a step, counted from 0, to a number."""


_CHANGING = frozenset({"lr", "steps", "last_rate", "grad_norm"})
"""Attributes that may change with every step, and on which the division of the vector does not depend."""


_RATE = Range("(0, inf)", "lr=0.01, or a schedule")


@dataclass(slots=True)
class _Segment:
    """Neighbors in the vector that are treated alike: views into it and into what the rule remembers."""

    value: Array
    grad: Array
    state: SimpleNamespace
    group: Group
    missed: int


class Optimizer(Checked, WithArguments):
    """An update rule on the flat vector of a network's parameters.

    A subclass writes ``update``, and ``initial_state`` if it remembers something between steps. Each number of the
    vector is updated by itself, so an update is an element-wise formula.

    One step: the gradients of all parameters that are not frozen are clipped, first by value and then by the norm of
    all of them together; weight decay is added; ``update`` changes the values; the gradients are used up. They can
    still be read, as the backward pass left them, until the next one replaces them.

    Args:
        network: whose parameters are learned; it need not be built yet.
        lr: the learning rate, above 0; or a schedule, or any function of the number of the step, counted from 0.
        weight_decay: λ of the penalty λ/2 θ², whose gradient λ θ is added to each parameter's (Adam's and others'
            averages see it). Where ``decoupled`` is true, θ shrinks by the factor 1 - η λ instead.
        clip_norm: the largest norm of all gradients together; infinity only measures it.
        clip_value: the largest size of any one number of the gradients.
        groups: parameters with settings of their own; a parameter belongs to the first `Group` that selects it.

    Attributes:
        steps: how many steps have been taken.
        last_rate: the learning rate of the last step; not a number before the first.
        grad_norm: the norm at the last step before it was clipped, if there is a ``clip_norm``; else None.

    Raises:
        DataError: a number outside its range.
        ContractError: not a network, or an option that there is not; the nearest one is named.

    >>> from lincoln import layers
    >>> class SignSGD(Optimizer):
    ...     def update(self, value, grad, state, lr):
    ...         value -= lr * np.sign(grad)
    >>> layer = layers.Linear(1).build(2, dtype="float64")
    >>> before = layer.B.value.copy()
    >>> _ = layer(np.ones((5, 2)))
    >>> _ = layer.backward(np.ones((5, 1)))
    >>> SignSGD(layer, lr=0.5).step()
    >>> layer.B.value - before, layer.B.grad
    (array([-0.5]), array([5.]))
    """

    decoupled: ClassVar[bool] = False
    """Whether weight decay is apart from the gradient (Loshchilov, Hutter 2019)."""
    own: ClassVar[bool] = False
    """Whether the class is one of Lincoln's own, whose formulas its tests have checked."""
    _settings: ClassVar[Settings] = {
        "weight_decay": Range("[0, inf)", "weight_decay=1e-4"),
        "clip_norm": Range("(0, inf]", "clip_norm=1.0", optional=True),
        "clip_value": Range("(0, inf]", "clip_value=1.0", optional=True),
    }
    """Which numbers a setting may be, whenever it is set."""
    __signature__ = FullSignature()
    _checked: int | None = None

    def __init__(
        self,
        network: Layer,
        lr: LearningRate = 0.003,
        *,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        groups: Iterable[Group] = (),
        **unknown: object,
    ) -> None:
        if unknown:
            raise unknown_option(type(self), unknown)
        self.network = checked_network(network, type(self).__name__)
        self.lr = lr
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.groups = groups
        self.steps = 0
        self.last_rate = math.nan
        self.grad_norm: float | None = None
        self._state: dict[str, Array] = {}
        self._missed: list[int] = []
        self._vector: ParameterVector | None = None
        self._frozen: list[bool] = []
        self._segments: list[_Segment] = []

    # ------------------------------------------------------------------ what a subclass writes

    def initial_state(self, value: Array) -> dict[str, Array]:
        """What the rule remembers at the start: new arrays of the shape and kind of ``value``, by name."""
        return {}

    def update(self, value: Array, grad: Array, state: Any, lr: float) -> None:
        """Change ``value`` in place.

        Args:
            value: of shape ``(size,)``, the whole vector or a part of it.
            grad: of the same shape; not to be changed.
            state: the arrays of `initial_state` as attributes, to be changed in place, and ``state.step``, how many
                steps these parameters have taken, this one included.
            lr: the learning rate of this step.
        """
        raise missing(self, "update")

    # ------------------------------------------------------------------ what a user calls

    @property
    def lr(self) -> LearningRate:
        """The learning rate or the schedule; can be set at any time."""
        return self._lr

    @lr.setter
    def lr(self, lr: LearningRate) -> None:
        self._lr: LearningRate = lr if callable(lr) else _RATE(self, "lr", lr)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups, and last the one of all other parameters."""
        return self._groups

    @groups.setter
    def groups(self, groups: Iterable[Group]) -> None:
        given = tuple(groups) if isinstance(groups, Iterable) else (groups,)
        if wrong := [group for group in given if not isinstance(group, Group)]:
            raise ContractError(
                code="LN581",
                where=type(self).__name__,
                saw=f"groups with {wrong[0]!r}",
                why="each group is a Group: which parameters it selects, and what holds for them",
                fix="groups=[lnc.optim.Group(lnc.optim.biases_and_norms, weight_decay=0.0)]",
            )
        self._groups = (*(group for group in given if group is not ALL_OTHERS), ALL_OTHERS)

    @property
    def learning_rate(self) -> float:
        """The number that the next step will use."""
        if not callable(self._lr):
            return self._lr
        given: Any = self._lr(self.steps)
        try:
            rate = float(given)
        except (TypeError, ValueError):
            rate = math.nan
        if 0.0 <= rate < math.inf:
            return rate
        raise DataError(
            code="LN404",
            where=type(self).__name__,
            saw=f"a learning rate of {given!r} for step {self.steps}, from {self._lr!r}",
            why="a step of that length destroys the parameters",
            fix="change the schedule: it must give a finite number, 0 or more, for every step from 0 on",
        )

    def step(self) -> None:
        """Learn from the gradients that the backward passes since the last step have left, and use them up.

        Raises:
            BackwardError: there is no such gradient, or the network is not built.
            DataError: the schedule gives a rate that is negative or not finite; nothing has been changed then.
        """
        watch = None if self._checked == patches.count else first_watch(self)
        update = watch or self.update
        rate = self._lr if isinstance(self._lr, float) else self.learning_rate
        vector = self.network.vector
        if not vector.parameters or not vector.collect():
            raise self._nothing_to_learn_from(vector)
        frozen = [parameter.frozen for parameter in vector.parameters]
        if vector is not self._vector or frozen != self._frozen:
            self._divide(vector, frozen)
        clipped = None if self.clip_norm is None and self.clip_value is None else iter(self._clipped())
        steps = self.steps + 1
        for segment in self._segments:
            group, value, state = segment.group, segment.value, segment.state
            grad = segment.grad if clipped is None else next(clipped)
            lr = rate * group.lr_factor
            decay = self.weight_decay if group.weight_decay is None else group.weight_decay
            if decay and self.decoupled:
                value *= 1.0 - lr * decay
            elif decay:
                grad = grad + decay * value
            state.step = steps - segment.missed
            update(value, grad, state, lr)
        if True in frozen:
            self._missed = [missed + held for missed, held in zip(self._missed, frozen, strict=True)]
        self.__dict__.update(steps=steps, last_rate=rate)
        vector.release()
        if watch is not None:
            watch.tell()

    def observe(self, value: float) -> None:
        """Tell the schedule how the training goes, once an epoch: the validation loss, or else the training loss."""
        if isinstance(self._lr, Schedule):
            self._lr.observe(value)

    def state_dict(self) -> dict[str, Any]:
        """Everything that another optimizer, made in the same way, needs to go on as this one would.

        New NumPy arrays and numbers: ``steps``; ``missed``, the steps that each parameter was frozen for; ``lr``, or
        ``schedule.*`` if a schedule has something to remember; ``state.*``, what the rule remembers.

        >>> from lincoln import layers, optim
        >>> optim.SGD(layers.Linear(1), lr=0.1).state_dict()
        {'steps': 0, 'missed': array([], dtype=int64), 'lr': 0.1}
        """
        state: dict[str, Any] = {"steps": self.steps, "missed": np.array(self._missed, dtype=np.int64)}
        if isinstance(self._lr, Schedule):
            state |= {f"schedule.{name}": value for name, value in self._lr.state_dict().items()}
        elif not callable(self._lr):
            state["lr"] = self._lr
        remembered = self._state if self.steps else {}
        return state | {f"state.{name}": np.array(arrays.numpy(array)) for name, array in remembered.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what `state_dict` gave. The network need not be built yet.

        Raises:
            MatchError: the state is of another kind of optimizer or schedule, or of a network of another size; nothing
                has been changed then, unless the network is not built: then the next step raises it.
        """
        begun = int(state.get("steps", 0)) > 0
        self._check_names(state, begun)
        remembered = {name: np.array(array) for name, array in _under("state.", state).items()}
        missed = [int(count) for count in state["missed"]]
        vector = self.network.vector
        if begun and vector.parameters:
            self._check_fits(vector, remembered, missed)
        if isinstance(self._lr, Schedule):
            self._lr.load_state_dict(_under("schedule.", state))
        elif not callable(self._lr):
            self.lr = float(state["lr"])
        self.steps = int(state["steps"])
        self._state, self._missed, self._vector = remembered, missed, None
        return self

    # ------------------------------------------------------------------ the machinery

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.own = cls.__module__.partition(".")[0] == __package__.partition(".")[0]

    def _nothing_to_learn_from(self, vector: ParameterVector) -> BackwardError:
        """The error for a step without parameters or without gradients."""
        if not vector.parameters:
            built = self.network.built
            return BackwardError(
                code="LN406",
                where=f"{type(self).__name__}.step",
                saw="a network without parameters" if built else "a network that is not built yet",
                why="there is nothing to learn" if built else "its parameters get their values from the first batch",
                fix="add a layer that learns, such as Linear(1)"
                if built
                else "loss(x, y); loss.backward(); then optimizer.step()",
            )
        return BackwardError(
            code="LN407",
            where=f"{type(self).__name__}.step",
            saw=f"no gradient since step {self.steps}" if self.steps else "no gradient yet",
            why="a step uses the gradients up, so that no batch is learned from twice",
            fix="loss(x, y); loss.backward(); then one optimizer.step()",
        )

    def _divide(self, vector: ParameterVector, frozen: list[bool]) -> None:
        """Divide the vector into segments: as few as groups and frozen parameters allow."""
        self._remember(vector)
        spans: list[tuple[int, int, Group, int]] = []
        for parameter, missed in zip(vector.parameters, self._missed, strict=True):
            group = next(group for group in self.groups if group.select(parameter))
            start, stop = parameter.start, parameter.start + parameter.size
            if parameter.frozen:
                continue
            if spans and spans[-1][1:] == (start, group, missed):
                start = spans.pop()[0]
            spans.append((start, stop, group, missed))
        self._segments = []
        for start, stop, group, missed in spans:
            state = SimpleNamespace(**{name: array[start:stop] for name, array in self._state.items()})
            self._segments.append(_Segment(vector.value[start:stop], vector.grad[start:stop], state, group, missed))
        self._vector, self._frozen = vector, frozen

    def _remember(self, vector: ParameterVector) -> None:
        """Let the state be of the vector's size, array library, dtype and device."""
        if self.steps == 0:
            self._state, self._missed = self.initial_state(vector.value), [0] * len(vector.parameters)
            return
        self._check_fits(vector, self._state, self._missed)
        start = self.initial_state(vector.value)  # of a rule that is set to remember more than before: from here on
        self._state = {name: of_kind(self._state.get(name, array), vector.value) for name, array in start.items()}

    def _clipped(self) -> list[Array]:
        """The gradients, no number larger than ``clip_value``, all of them together no longer than ``clip_norm``."""
        grads = [segment.grad for segment in self._segments]
        if self.clip_value is not None:
            grads = [arrays.namespace(grad).clip(grad, -self.clip_value, self.clip_value) for grad in grads]
        if self.clip_norm is not None:
            self.grad_norm = math.hypot(*(functional.gradient_norm(grad) for grad in grads))
            factor = self.clip_norm / (self.grad_norm + 1e-6)
            if factor < 1.0:
                grads = [factor * grad for grad in grads]
        return grads

    def _check_names(self, state: Mapping[str, Any], begun: bool) -> None:
        wanted = {name for name in self.state_dict() if not name.startswith("state.")}
        if begun:
            wanted |= {f"state.{name}" for name in self.initial_state(np.zeros(0))}
        if wanted != state.keys():
            raise MatchError(
                code="LN405",
                where=f"{type(self).__name__}.load_state_dict",
                saw=f"{', '.join(sorted(wanted ^ state.keys()))}: missing or unknown",
                why="the saved state belongs to another kind of optimizer or schedule",
                fix="make the optimizer as it was when it was saved, load, and change it then",
            )

    def _check_fits(self, vector: ParameterVector, state: Mapping[str, Array], missed: list[int]) -> None:
        sizes = {math.prod(array.shape) for array in state.values()} - {vector.size}
        if sizes or len(missed) != len(vector.parameters):
            theirs = f", of {sizes.pop():,} numbers" if sizes else ""
            raise MatchError(
                code="LN408",
                where=type(self).__name__,
                saw=f"a state of {len(missed)} parameters{theirs}; "
                f"the network has {len(vector.parameters)}, of {vector.size:,} numbers",
                why="what the optimizer remembers belongs to another network, or to this one before it was changed",
                fix=f"make a new optimizer for the changed network: {type(self).__name__}(network, ...)",
            )

    def __setattr__(self, name: str, value: Any) -> None:
        """A setting that is changed holds from the next step on: the vector is divided anew."""
        super().__setattr__(name, value)
        if name not in _CHANGING and not name.startswith("_"):
            self.__dict__["_vector"] = None

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: not the views into the network's vector."""
        return self.__dict__ | {"_vector": None, "_frozen": [], "_segments": [], "_checked": None}


def _under(prefix: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """The entries whose names begin with the prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
