"""What all optimizers have in common: options, the refusal of what is none, and what they take as a network."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from .. import arrays
from ..arrays import Array
from ..exc import ContractError
from ..layer import Layer
from ..patches import patches
from ..tree import is_own
from .groups import Group

__all__ = ["Common", "FullSignature", "Limits", "checked_network", "first_watch", "of_kind", "unknown_option"]


class Limits(TypedDict, total=False):
    """How large gradients may be, and which parameters have settings of their own: see `Optimizer`."""

    clip_norm: float | None
    clip_value: float | None
    groups: Iterable[Group]


class Common(Limits, total=False):
    """The options of `Optimizer` that an update rule passes on to it as they are."""

    weight_decay: float


class FullSignature:
    """A class's ``__signature__`` with the options of its base classes in the place of ``**common``.

    So `help`, ``repr`` and saving see every option by its name and default.

    >>> class Rule:
    ...     def __init__(self, network, *, weight_decay=0.0, **unknown): ...
    ...
    ...     __signature__ = FullSignature()
    >>> class Sign(Rule):
    ...     def __init__(self, network, lr=0.1, **common):
    ...         super().__init__(network, **common)
    >>> inspect.signature(Sign)
    <Signature (network, lr=0.1, *, weight_decay=0.0)>
    """

    def __get__(self, optimizer: object, kind: type) -> inspect.Signature:
        found: dict[str, inspect.Parameter] = {}
        for base in kind.__mro__[:-1]:
            if "__init__" not in vars(base):
                continue
            own = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
            inherited = [one.replace(kind=one.KEYWORD_ONLY) for one in own if one.name not in found]
            passes_on = own[-1].kind is inspect.Parameter.VAR_KEYWORD
            named = inherited if found else own
            found |= {one.name: one for one in (named[:-1] if passes_on else named)}
            if not passes_on:
                break
        return inspect.Signature(list(found.values()))


def first_watch(optimizer: Any) -> Any:
    """Have a user's layers checked before an optimizer's first step; what watches the step, if its rule is a user's.

    Nothing is even loaded where all is Lincoln's own.

    >>> from lincoln import layers, optim
    >>> first_watch(optim.SGD(layers.Linear(1).build(2))) is None
    True
    """
    watch = None
    if optimizer.network.built and not (optimizer.own and is_own(optimizer.network)):
        from ..check import first_step

        watch = first_step.before_step(optimizer)
    vars(optimizer)["_checked"] = patches.count
    return watch


def unknown_option(kind: type, unknown: Mapping[str, Any]) -> ContractError:
    """The error for options that an optimizer has not, with the nearest that it has.

    >>> from lincoln import optim
    >>> print(unknown_option(optim.SGD, {"momentun": 0.9}).fix)
    momentum=0.9
    """
    names = list(inspect.signature(kind).parameters)[1:]
    name, value = next(iter(unknown.items()))
    near = difflib.get_close_matches(name, names, n=1)
    return ContractError(
        code="LN413",
        where=kind.__name__,
        saw=", ".join(f"{name}={value!r}" for name, value in unknown.items()),
        why=f"{kind.__name__} has no such option; it has {', '.join(names)}",
        fix=f"{near[0]}={value!r}" if near else f"{kind.__name__} without {', '.join(unknown)}",
    )


def checked_network(network: Any, where: str) -> Layer:
    """The network, if it is one.

    Raises:
        ContractError: it is not a network.
    """
    if isinstance(network, Layer):
        return network
    raise ContractError(
        code="LN409",
        where=where,
        saw=f"a {'class' if isinstance(network, type) else type(network).__name__} in place of a network",
        why="the optimizer works on the network's parameter vector, which the network makes when it is built",
        fix=f"{where}(network, lr=...): the network itself, not its parameters() and not the loss",
    )


def of_kind(array: Array, prototype: Array) -> Array:
    """An array in the library, dtype and device of another: itself where it is such an array already."""
    kind, wanted = ((arrays.library(a), str(a.dtype), str(a.device)) for a in (array, prototype))
    return array if kind == wanted else arrays.like(arrays.numpy(array), prototype)
