"""Pairs of calls that one pass over the data does together, to the last bit as the two do one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .. import functional
from .recipe import Call

__all__ = ["FUSIONS", "Fusion", "fuse"]


class Fusion(NamedTuple):
    """Two functions, the second of which takes what the first gives, and one that does the work of both.

    ``fused`` takes the first one's operands and then the second one's others, and gives the results of both. Where
    ``into`` is true, the second result is put into a gradient, and ``fused`` takes it as ``out``.
    """

    first: Callable[..., Any]
    second: Callable[..., Any]
    fused: Callable[..., Any]
    into: bool = False


FUSIONS = [
    Fusion(functional.linear, functional.relu, functional.linear_relu),
    Fusion(functional.relu_backward, functional.bias_grad, functional.relu_backward_bias_grad, into=True),
]


def fuse(calls: list[Call]) -> list[Call]:
    """The calls, with pairs of the table in one call each."""
    for fusion in FUSIONS:
        calls = _fuse(calls, fusion)
    return calls


def _fuse(calls: list[Call], fusion: Fusion) -> list[Call]:
    firsts = {id(call.results[0]): call for call in calls if call.function is fusion.first and not call.named}
    partners: dict[int, Call] = {}
    for call in calls:
        first = firsts.get(id(call.operands[0])) if call.operands else None
        fits = set(call.named) <= {"out"} and bool(call.named) == fusion.into
        if call.function is fusion.second and first is not None and id(first) not in partners and fits:
            partners[id(first)] = call
    gone = {id(second) for second in partners.values()}
    return [
        _joined(call, partners[id(call)], fusion) if id(call) in partners else call
        for call in calls
        if id(call) not in gone
    ]


def _joined(first: Call, second: Call, fusion: Fusion) -> Call:
    return Call(
        fusion.fused,
        (*first.operands, *second.operands[1:], *second.named.values()),
        {},
        first.results if fusion.into else (*first.results, *second.results),
        not fusion.into,
        first.layer,
        first.direction,
        lasting=fusion.into,
    )
