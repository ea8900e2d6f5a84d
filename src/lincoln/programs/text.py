"""A list of calls as a page of Python: names that say what they are, one line a call."""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..tracing import Traced
from .recipe import LOSS, Call, Method, Place, Recipe

__all__ = ["WIDTH", "Into", "Page", "Step"]

_INFIX = {
    operator.add: ("+", 5),
    operator.sub: ("-", 5),
    operator.mul: ("*", 6),
    operator.truediv: ("/", 6),
    operator.floordiv: ("//", 6),
    operator.mod: ("%", 6),
    operator.matmul: ("@", 6),
    operator.pow: ("**", 8),
    operator.lt: ("<", 1),
    operator.le: ("<=", 1),
    operator.gt: (">", 1),
    operator.ge: (">=", 1),
    operator.eq: ("==", 1),
    operator.ne: ("!=", 1),
    operator.and_: ("&", 4),
    operator.xor: ("^", 3),
    operator.or_: ("|", 2),
    operator.lshift: ("<<", 4.5),
    operator.rshift: (">>", 4.5),
}
_PREFIX = {operator.neg: "-", operator.pos: "+", operator.invert: "~"}
_TIGHT, _UNARY = 10, 7
_LETTERS = {
    "linear": "a",
    "relu": "r",
    "tanh": "t",
    "sigmoid": "p",
    "softmax": "p",
    "log_sigmoid": "z",
    "log_softmax": "z",
    "dropout_mask": "mask",
}
WIDTH = 72
"""Where the comments of a page begin."""


@dataclass(frozen=True)
class Into:
    """The gradient that a call puts its result into, as an operand; ``like`` is an array of its kind."""

    place: Place
    like: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Step:
    """One call of a program.

    Attributes:
        text: as it stands in the program, or would if it were not part of another call's expression.
        function: its name; ``"assign"`` and ``"add"`` put an array into a gradient or a buffer.
        operands: names of arrays, and other arguments as text, in order.
        results: names of what it gives.
        shapes: of the results.
        layer: the place of the layer in the network, and its class; the class of the loss.
        direction: ``"forward"`` or ``"backward"``.
        values: the results themselves, if they were asked for.
    """

    text: str
    function: str
    operands: tuple[str, ...]
    results: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    layer: str
    direction: str
    values: tuple[Any, ...] | None = None


class Page:
    """The names of all arrays, and the lines.

    Args:
        recipe: what was written down.
        calls: those of its calls that are wanted.
        titles: what each layer is called in comments, by number.

    Attributes:
        names: of every array, by id.
        bound: what stands behind the names that no line gives: places, functions and constants.
        functions: the calls that go to each function's name.
        arguments: the names of the batch: of x, of y, and of the weights if there are any.
        value: the name of the loss.
        places: the layer of each line of the page, from 1.
    """

    def __init__(self, recipe: Recipe, calls: list[Call], titles: dict[int, str]) -> None:
        self.recipe = recipe
        self.titles = titles
        self.names: dict[int, str] = {}
        self.bound: dict[str, Any] = {}
        self.functions: dict[str, list[Call]] = {}
        self.places: dict[int, str] = {}
        self._taken: set[str] = {"np", "forget", "leave", "step", "optimizer", "parameter"}
        self._index: dict[int, int] = {}
        self._inline: dict[int, tuple[str, float]] = {}
        self._stored = {id(store.value): store.place for store in recipe.stores if type(store.value) is Traced}
        for call in recipe.calls:
            if call.layer != LOSS:
                self._index.setdefault(call.layer, len(self._index))
        self._taken |= {getattr(call.function, "__name__", "") for call in calls}
        self._name_inputs()
        self._once = self._used_once(calls)
        for nested in (False, True):  # the names of arrays with a line of their own are the simplest
            for call in calls:
                if (id(call) in self._once) is nested:
                    for result in call.results:
                        self.names[id(result)] = self._name(result, call)
        self.value = self._show(recipe.value)[0]

    def names_of(self, value: Any) -> str:
        """An array, or a tuple of arrays, as text."""
        if type(value) is tuple:
            return f"({', '.join(self.names_of(part) for part in value)},)"
        return self._show(value)[0]

    def is_inlined(self, call: Call) -> bool:
        """Whether a call is part of another one's expression."""
        return id(call) in self._once

    def lines(self, calls: list[Call]) -> Iterator[tuple[Call, str]]:
        """The text of each call that is not part of another one's expression."""
        for call in calls:
            text, strength = self._expression(call)
            if id(call) in self._once:
                self._inline[id(call.results[0])] = text, strength
            else:
                yield call, self._statement(call, text)
        self._inline.clear()

    def steps(self, calls: list[Call], *, values: bool) -> Iterator[Step]:
        """Each call by itself."""
        for call in calls:
            given = call.results
            results = tuple(self.names[id(result)] for result in given)
            into = call.named.get("out")
            if call.target is not None or isinstance(into, Into):
                place = call.target or into.place  # type: ignore[union-attr]
                results = (*results, self._target(place))
            yield Step(
                self._statement(call, self._expression(call)[0]),
                self._called(call),
                tuple(self._show(operand)[0] for operand in call.operands),
                results,
                tuple(np.shape(result.value) for result in given),
                self.titles[call.layer],
                call.direction,
                tuple(result.value for result in given) if values else None,
            )

    def page(self, calls: list[Call], *, first: Iterable[str] = (), last: Iterable[str] = ()) -> str:
        """The calls as the source of a function of the batch, with lines before and after them."""
        heads = [f"{name}_" if isinstance(part, list) else part for name, part in zip("xyw", self.arguments)]  # noqa: B905
        rows = [f"def step({', '.join(heads)}):", *(f"    {line}" for line in first)]
        for head, part in zip(heads, self.arguments, strict=True):
            if isinstance(part, list):
                rows.append(f"    {', '.join(part)}, = {head}")
        for call, text in self.lines(calls):
            rows.append(f"    {text:<{WIDTH}}  # {self._comment(call)}")
            self.places[len(rows)] = self.titles[call.layer]
        return "\n".join([*rows, *(f"    {line}" for line in last), f"    return {self.value}"]) + "\n"

    def given(self) -> list[str]:
        """The names of the batch."""
        return [name for part in self.arguments for name in (part if isinstance(part, list) else [part])]

    def made(self, calls: list[Call]) -> list[str]:
        """The names of what the lines give."""
        return [self.names[id(result)] for call in calls if id(call) not in self._once for result in call.results]

    # ------------------------------------------------------------------ names

    def _name_inputs(self) -> None:
        for part, name in zip(self.recipe.inputs, ("x", "y", "weights"), strict=False):
            if type(part) is tuple:
                for number, inner in enumerate(part):
                    self.names[id(inner)] = self._free(f"{name}{number}")
            else:
                self.names[id(part)] = self._free(name)
        self.arguments = [
            [self.names[id(inner)] for inner in part] if type(part) is tuple else self.names[id(part)]
            for part in self.recipe.inputs
        ]

    def _free(self, name: str) -> str:
        """The name, or the name with a letter behind, if it is taken."""
        number = 1
        free = name
        while free in self._taken:
            number += 1
            free = f"{name}{chr(96 + number)}" if number <= 26 else f"{name}_{number}"
        self._taken.add(free)
        return free

    def _number(self, layer: int) -> str:
        if layer == LOSS:
            return ""
        return str(self._index.setdefault(layer, len(self._index)))

    def _name(self, result: Traced, call: Call) -> str:
        number = self._number(call.layer)
        letter = _LETTERS.get(getattr(self.recipe.makers[id(result)], "__name__", ""), "")
        place = self._stored.get(id(result))
        if result is self.recipe.value:
            name = "loss"
        elif id(result) in self.recipe.outputs:
            name = (letter or "y") + self._number(self.recipe.outputs[id(result)])
        elif id(result) in self.recipe.input_grads:
            name = "d" + self._show(self.recipe.input_grads[id(result)])[0]
        elif place is not None and place.name.isidentifier():
            name = place.name.strip("_") + number
            name = f"loss_{name}" if name in self._taken else name
        elif call.layer == LOSS and call.direction == "backward":
            name = "g"
        elif call.direction == "backward":
            name = f"g{number}"
        else:
            name = f"{letter or 't'}{number}"
        return self._free(name if name.isidentifier() else f"t{number}")

    def _bind(self, name: str, what: Any) -> str:
        """A name for something that no line gives: the same name for the same thing."""
        for known, bound in self.bound.items():
            if bound is what or (isinstance(what, Place | Into) and type(bound) is type(what) and bound == what):
                return known
        free = self._free(name)
        self.bound[free] = what
        return free

    # ------------------------------------------------------------------ lines

    def _used_once(self, calls: list[Call]) -> set[int]:
        """The calls whose result goes into one later expression of the same layer, with nothing changed in between."""
        uses = Counter(id(operand) for call in calls for operand in call.uses())
        kept = set(self._stored) | {id(self.recipe.value)} | set(self.recipe.outputs) | set(self.recipe.input_grads)
        kept |= {id(part) for store in self.recipe.stores if type(store.value) is tuple for part in store.value}
        once: set[int] = set()
        for number, call in enumerate(calls):
            if len(call.results) != 1 or call.lasting or call.gives_tuple or _is_formula(call.function):
                continue
            result = call.results[0]
            if uses[id(result)] != 1 or id(result) in kept:
                continue
            for later in calls[number + 1 :]:
                if any(operand is result for operand in later.uses()):
                    if later.layer == call.layer and later.direction == call.direction:
                        once.add(id(call))
                    break
                if later.lasting:
                    break
        return once

    def _statement(self, call: Call, text: str) -> str:
        names = [self.names[id(result)] for result in call.results]
        if call.target is not None:
            return f"{self._target(call.target)}[...] {'+' if call.adds else ''}= {text}"
        if not names:
            return text
        return f"{', '.join(names)}{',' if call.gives_tuple and len(names) == 1 else ''} = {text}"

    def _called(self, call: Call) -> str:
        if call.target is not None:
            return "add" if call.adds else "assign"
        owner = getattr(call.function, "__self__", None)
        name = getattr(call.function, "__name__", "") or getattr(call.function, "name", "")
        return f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else str(name)

    def _comment(self, call: Call) -> str:
        shapes = ", ".join(str(np.shape(result.value)) for result in call.results if np.ndim(result.value))
        back = ", backward" if call.direction == "backward" else ""
        return f"{shapes + '  ' if shapes else ''}{self.titles[call.layer]}{back}"

    def _target(self, place: Place) -> str:
        name = f"{place.name}{self._number(place.layer)}"
        return self._bind(f"d{name}", Into(place)) if place in self.recipe.parameters else self._bind(name, place)

    def _expression(self, call: Call) -> tuple[str, float]:
        function: Any = call.function
        operands = call.operands
        if function is None:
            return self._show(operands[0])[0], 0
        if function in _INFIX and len(operands) == 2 and not call.named:
            sign, strength = _INFIX[function]
            power = function is operator.pow
            left = self._show(operands[0], strength + (0.1 if power else 0))
            right = self._show(operands[1], strength + (0 if power else 0.1))
            return f"{left[0]} {sign} {right[0]}", strength
        if function in _PREFIX:
            return f"{_PREFIX[function]}{self._show(operands[0], _UNARY)[0]}", _UNARY
        if function is operator.getitem:
            return f"{self._show(operands[0], _TIGHT)[0]}[{self._subscript(operands[1])}]", _TIGHT
        if function is np.transpose and len(operands) == 1 and not call.named:
            return f"{self._show(operands[0], _TIGHT)[0]}.T", _TIGHT
        name = str(getattr(function, "__name__", ""))
        if getattr(np.ndarray, name, None) is function:
            first = self._show(operands[0], _TIGHT)[0]
            return f"{first}.{name}({self._arguments(operands[1:], call.named)})", _TIGHT
        return f"{self._function(call)}({self._arguments(operands, call.named)})", _TIGHT

    def _function(self, call: Call) -> str:
        function: Any = call.function
        if isinstance(function, Method):
            holder = "loss_" if function.place.layer == LOSS else f"layer{self._number(function.place.layer)}"
            return f"{self._bind(holder, function.place)}.{function.name}"
        name = str(function.__name__)
        if getattr(np, name, None) is function:
            return f"np.{name}"
        owner: Any = getattr(function, "__self__", None)
        if isinstance(owner, np.ufunc):
            return f"np.{owner.__name__}.{name}"
        if function is operator.abs:
            return "abs"
        self._taken.discard(name)
        bound = self._bind(name, function)
        self._taken.add(name)
        self.functions.setdefault(bound, []).append(call)
        return bound

    def _arguments(self, operands: Iterable[Any], named: dict[str, Any]) -> str:
        shown = [self._show(operand)[0] for operand in operands]
        return ", ".join([*shown, *(f"{name}={self._show(value)[0]}" for name, value in named.items())])

    def _show(self, value: Any, least: float = 0) -> tuple[str, float]:
        """A value as text, in brackets if it binds less tightly than it must."""
        if type(value) is Traced:
            if id(value) in self._inline:
                text, strength = self._inline[id(value)]
                return (f"({text})", _TIGHT) if strength < least else (text, strength)
            return self._array(value), _TIGHT
        if isinstance(value, Into):
            return self._target(value.place), _TIGHT
        if isinstance(value, tuple | list):
            inner = ", ".join(self._show(part)[0] for part in value)
            if isinstance(value, list):
                return f"[{inner}]", _TIGHT
            return f"({inner}{',' if len(value) == 1 else ''})", _TIGHT
        if type(value) in (int, float) and math.isfinite(value):
            text = repr(value)
            return (f"({text})", _TIGHT) if value < 0 and least > _UNARY else (text, _UNARY if value < 0 else _TIGHT)
        if value is None or type(value) in (bool, str):
            return repr(value), _TIGHT
        if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
            return f"np.{np.dtype(value).name}", _TIGHT
        if value is Ellipsis or isinstance(value, slice):
            return repr(value), _TIGHT
        return self._constant(value), _TIGHT

    def _array(self, value: Traced) -> str:
        if id(value) not in self.names:
            _, place = self.recipe.sources[id(value)]
            self.names[id(value)] = self._bind(f"{place.name}{self._number(place.layer)}", place)
        return self.names[id(value)]

    def _constant(self, value: Any) -> str:
        place = self.recipe.constants.get(id(value))
        if place is not None:
            return self._bind(f"{place.name.strip('_')}{self._number(place.layer)}", place)
        return self._bind("k", value)

    def _subscript(self, index: Any) -> str:
        parts = index if isinstance(index, tuple) else (index,)
        return ", ".join(self._slice(part) for part in parts) or "()"

    def _slice(self, part: Any) -> str:
        if part is Ellipsis:
            return "..."
        if isinstance(part, slice):
            ends = ["" if end is None else self._show(end)[0] for end in (part.start, part.stop)]
            return ":".join([*ends, *([] if part.step is None else [self._show(part.step)[0]])])
        return self._show(part)[0]


def _is_formula(function: Any) -> bool:
    """Whether a function is one of Lincoln's, which have a line each."""
    return isinstance(function, Method) or (getattr(function, "__module__", None) or "").partition(".")[0] == "lincoln"
