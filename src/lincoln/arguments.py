"""Objects that remember how they were made: it gives them their ``repr``, and later their saved form."""

from __future__ import annotations

from typing import Any, Self

__all__ = ["WithArguments"]


class WithArguments:
    """Keeps the arguments that its constructor was given, in ``arguments``, and shows those that are not its defaults.

    >>> class Gate(WithArguments):
    ...     def __init__(self, size, *, slope=1.0): ...
    >>> Gate(3, slope=2.0)
    Gate(3, slope=2.0)
    """

    arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self.arguments = (args, kwargs)
        return self

    def __repr__(self) -> str:
        import inspect

        args, kwargs = self.arguments
        defaults = {name: p.default for name, p in inspect.signature(type(self)).parameters.items()}
        chosen = {name: value for name, value in kwargs.items() if value is not defaults.get(name)}
        shown = [_show(value) for value in args] + [f"{name}={_show(value)}" for name, value in chosen.items()]
        return f"{type(self).__name__}({', '.join(shown)})"


def _show(value: Any) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    return repr(value)
