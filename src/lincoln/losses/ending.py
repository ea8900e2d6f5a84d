"""Whether a network ends in what a loss takes."""

from __future__ import annotations

from ..exc import MatchError
from ..layer import Layer
from ..layers import Sequential


def check_ending(where: str, network: Layer, takes: str) -> None:
    """Refuse a network whose last activation does not give what the loss takes, such as softmax before logits."""
    ending = _endings(network)
    kinds = [layer for layer in ending[-2:] if layer.gives]
    if len(kinds) == 2:
        raise MatchError(
            code="LN143",
            where=where,
            saw=f"a network that ends in {kinds[0]!r}, {kinds[1]!r}",
            why=f"the second squeezes what are {kinds[0].gives} already",
            fix="leave one of them out",
        )
    if takes and ending and ending[-1].gives not in ("", takes):
        last = ending[-1]
        raise MatchError(
            code="LN144",
            where=where,
            saw=f"a network that ends in {last!r}",
            why=f"that gives {last.gives}, and the loss takes {takes}: the activation would be applied twice"
            if takes == "logits"
            else f"that gives {last.gives}, and the loss takes {takes}",
            fix="activation=None in the last Dense, or leave the last activation out"
            if takes == "logits"
            else f"another last activation, or a loss on {last.gives}",
        )


def _endings(network: Layer) -> list[Layer]:
    """The layers of a chain, innermost, in order; what does more than chain its layers is one link."""
    inside = [layer for _, layer in network.children()]
    if not inside or type(network).forward is not Sequential.forward:
        return [network]
    return _endings(inside[-2])[-1:] + _endings(inside[-1]) if len(inside) > 1 else _endings(inside[-1])
