"""What is said where a trainer is given something else than a loss and an optimizer."""

from __future__ import annotations

from typing import Any

from ..exc import ContractError

__all__ = ["not_an_object"]


def not_an_object(part: Any, kind: type) -> ContractError:
    """The error for a loss or an optimizer that is none, such as the class of one.

    >>> not_an_object(int, str).saw
    'the class int'
    """
    name = kind.__name__.lower()
    is_class = isinstance(part, type)
    return ContractError(
        code="LN618",
        where="Trainer",
        saw=f"the class {part.__name__}" if is_class else f"a {type(part).__name__} in place of the {name}",
        why=f"a trainer runs one {name}, an object, with the network that belongs to it",
        fix=f"{part.__name__}(network), an object of the class"
        if is_class
        else "Trainer(loss, optimizer), in this order: Trainer(LogLoss(network), SGD(network))",
    )
