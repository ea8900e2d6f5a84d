"""What is said where a trainer is given no loss or no optimizer, or where its parts are replaced."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar, overload

from ..exc import ContractError

__all__ = ["Fixed", "not_an_object"]

T = TypeVar("T")


class Fixed(Generic[T]):
    """An attribute that is set once, because other objects are made of what it holds.

    Raises:
        ContractError: it is set to something else.

    >>> class Pair:
    ...     first = Fixed()
    >>> pair = Pair()
    >>> pair.first = 1
    >>> pair.first
    1
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, thing: None, kind: type) -> Self: ...

    @overload
    def __get__(self, thing: object, kind: type) -> T: ...

    def __get__(self, thing: object | None, kind: type) -> Self | T:
        if thing is None:
            return self
        try:
            value: T = thing.__dict__[self._name]
        except KeyError:
            raise AttributeError(f"{type(thing).__name__} has no {self._name} yet") from None
        return value

    def __set__(self, thing: object, value: T) -> None:
        name, kind = self._name, type(thing).__name__
        if thing.__dict__.setdefault(name, value) is not value:
            raise ContractError(
                code="LN584",
                where=kind,
                saw=f"{name} set to another object",
                why="what has been made with the old one would go on with it",
                fix=f"make a new {kind} with the same network and the other {name}",
            )


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
