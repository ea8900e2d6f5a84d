"""Every array of a pass in one table, and for any number in it the sum of products, or the formula, that made it."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..exc import DataError
from ..functional.linear import bias_grad, input_grad, linear, weight_grad
from ..losses import Loss
from ..tables import table
from ..tracing import Traced
from ..tree import paths, place
from .listing import live, program
from .recipe import LOSS, Call, Place, traced_in
from .text import Page

__all__ = ["Explanation", "explain"]

_SHOWN = 12
"""How many terms of a sum are shown: the largest."""
_NUMBER = re.compile(r"^(?P<name>.+?)\s*(\[(?P<index>[-\d\s,]*)\])?$")


class Named(NamedTuple):
    """One array of a pass.

    ``name`` is that of the page; ``paths`` are the attributes of layers, such as ``0.output``, that it stands in;
    ``makers`` are the calls whose results add up to it.
    """

    name: str
    layer: str
    paths: tuple[str, ...]
    value: np.ndarray
    makers: tuple[Call, ...] = ()


class Term(NamedTuple):
    """One product of a sum: its factors, each with its name and index."""

    names: tuple[str, ...]
    factors: tuple[float, ...]

    @property
    def value(self) -> float:
        """The product."""
        return math.prod(self.factors)

    def __str__(self) -> str:
        shown = " · ".join(f"{factor:.6g}" for factor in self.factors)
        return f"{' · '.join(self.names)} = {shown}{f' = {self.value:.6g}' if len(self.factors) > 1 else ''}"


class Explanation:
    """What `explain` found; ``str`` gives it as text.

    Attributes:
        arrays: every array of the pass, a `Named`, in the order in which they are made.
        name, index: of the number that was asked for; ``""`` and ``()`` if none was.
        value: the number itself.
        terms: the products that add up to it, each a `Term`; empty where it is no sum of products.
        text: how it was made.
    """

    def __init__(self, given: _Pass, of: str) -> None:
        self.arrays = given.arrays
        self.name = ""
        self.index: tuple[int, ...] = ()
        self.value = math.nan
        self.terms: list[Term] = []
        self.text = ""
        if of:
            self._look_at(given, *_parsed(of, self.arrays))

    def __str__(self) -> str:
        return self.text or table(
            ["name", "layer", "path", "shape", "smallest", "mean", "largest"], [_row(named) for named in self.arrays]
        )

    __repr__ = __str__

    # ------------------------------------------------------------------ one number

    def _look_at(self, given: _Pass, found: Named, index: tuple[int, ...]) -> None:
        self.name, self.index = found.name, index
        self.value = float(found.value[index])
        lines = [f"{_at(found.name, index)} = {self.value:.8g}   ({_described(found, index)})"]
        for call in found.makers:
            self.terms += _terms(given, call, index)
        if self.terms:
            lines += [f"is the sum of {len(self.terms)} terms:", *self._shown_terms()]
        else:
            lines += [_formula(given, call, found, index) for call in found.makers]
        if not found.makers:
            lines.append("is given, not computed")
        self.text = "\n".join(lines)

    def _shown_terms(self) -> Iterator[str]:
        order = sorted(range(len(self.terms)), key=lambda number: -abs(self.terms[number].value))
        shown = set(order[:_SHOWN])
        yield from (f"  {term}" for number, term in enumerate(self.terms) if number in shown)
        rest = [self.terms[number].value for number in order[_SHOWN:]]
        if rest:
            yield f"  and {len(rest)} smaller ones, together {math.fsum(rest):.6g}"


def explain(loss: Loss, x: Any, y: Any, weights: Any = None, *, of: str = "") -> Explanation:
    """All arrays of one training step on a batch; with ``of``, how one number of it was made.

    The pass is that of `lincoln.program`: nothing changes on the network, and the names are those of its page.

    Args:
        loss: the loss, with its network.
        x, y, weights: a batch.
        of: a number by its name and place: ``"a0[2, 1]"`` by the name on the page, ``"0.W[0, 1]"`` for the gradient of
            a parameter by its path in the network, ``"0.output[2, 1]"`` for the output of a layer.

    Raises:
        DataError: no such array, or no such place in it.
        MatchError, ContractError: as `lincoln.program`.

    >>> import lincoln as lnc
    >>> loss = lnc.losses.MeanSquaredError(lnc.layers.Linear(1, seed=0).build(2, dtype="float64"))
    >>> loss.network.W.value = [[1.0], [2.0]]
    >>> print(explain(loss, np.array([[1.0, 3.0], [2.0, 5.0]]), np.zeros(2), of="W[1, 0]"))
    dW0[1, 0] = 162   (the gradient of W[1, 0])
    is the sum of 2 terms:
      x[0, 1] · g[0, 0] = 3 · 14 = 42
      x[1, 1] · g[1, 0] = 5 · 24 = 120
    """
    written = program(loss, x, y, weights)
    calls = live(written.recipe)
    page = Page(written.recipe, calls, written.titles)
    texts = {id(call): text for call, text in page.lines(calls)}
    return Explanation(_Pass(page, calls, texts, loss), of)


# ---------------------------------------------------------------------- all arrays


class _Pass:
    """The calls of a pass, the text of each, and all arrays."""

    def __init__(self, page: Page, calls: list[Call], texts: dict[int, str], loss: Loss) -> None:
        self.page = page
        self.texts = texts
        self.makers = {id(result): call for call in calls for result in call.results}
        self._paths = [place(path) for path, _ in paths(loss.network)]
        self.arrays = list(self._arrays(calls))

    def is_inlined(self, array: Traced) -> bool:
        """Whether an array is part of another one's expression."""
        return id(array) in self.makers and self.page.is_inlined(self.makers[id(array)])

    def _arrays(self, calls: list[Call]) -> Iterator[Named]:
        recipe, page = self.page.recipe, self.page
        kept: dict[int, list[str]] = {}
        for store in recipe.stores:
            if type(store.value) is Traced:
                kept.setdefault(id(store.value), []).append(self._path(store.place))
        for part, what in zip(recipe.inputs, ("x", "y", "weights"), strict=False):
            for array in traced_in((part,)):
                yield Named(page.names[id(array)], "", (what, *kept.get(id(array), ())), np.asarray(array.value))
        for array, where in recipe.sources.values():
            yield Named(page.names_of(array), page.titles[where.layer], (self._path(where),), array.value)
        gradients: dict[Place, list[Call]] = {}
        for call in calls:
            if call.target is not None and call.target in recipe.parameters:
                gradients.setdefault(call.target, []).append(call)
        into = {id(call.operands[0]) for given in gradients.values() for call in given}
        for call in calls:
            for result in call.results:
                if id(result) not in into and not page.is_inlined(call):
                    names = sorted(kept.get(id(result), ()), key=lambda path: not path.endswith("output"))
                    if id(result) in recipe.input_grads:
                        names.append(f"gradient of {page.names_of(recipe.input_grads[id(result)])}")
                    value, title = np.asarray(result.value), page.titles[call.layer]
                    yield Named(page.names[id(result)], title, tuple(names), value, (call,))
        for place_, given in gradients.items():
            operands = [call.operands[0] for call in given]
            value = np.asarray(sum(np.asarray(operand.value) for operand in operands))
            makers = tuple(self.makers[id(operand)] for operand in operands if id(operand) in self.makers)
            name = f"d{page.names_of(place_.find(recipe.owners)._value)}"
            yield Named(name, page.titles[place_.layer], (f"{self._path(place_)}.grad",), value, makers)

    def _path(self, where: Place) -> str:
        if where.layer == LOSS or where.layer >= len(self._paths):
            return f"loss.{where.name}"
        return f"{self._paths[where.layer]}.{where.name}".lstrip(".")


def _row(named: Named) -> list[str]:
    value = named.value
    numbers = [f"{number:.4g}" for number in (value.min(), value.mean(), value.max())] if value.size else ["", "", ""]
    shape = str(value.shape) if value.shape else ""
    return [named.name, named.layer, *named.paths[:1], *[""] * (not named.paths), shape, *numbers]


def _described(found: Named, index: tuple[int, ...]) -> str:
    if found.paths and found.paths[0].endswith(".grad"):
        return f"the gradient of {_at(found.paths[0].removesuffix('.grad'), index)}"
    return ", ".join((*found.paths[:1], *filter(None, [found.layer]))) or "a number on the way"


# ---------------------------------------------------------------------- one number


def _parsed(of: str, arrays: list[Named]) -> tuple[Named, tuple[int, ...]]:
    """The array that a text names, and the place in it."""
    matched = _NUMBER.match(of.strip())
    name = matched["name"] if matched else of
    found = [named for named in arrays if f"{name}.grad" in named.paths] or [
        named for named in arrays if name in (named.name, *named.paths)
    ]
    if not found:
        raise DataError(
            code="LN575",
            where="explain",
            saw=f"of={of!r}",
            why="no array of the pass has that name; those inside a layer that stays a call have none",
            fix=f"one of {', '.join(named.name for named in arrays)}, or a path such as 0.W or 0.output",
        )
    value = found[-1].value
    try:
        index = tuple(ast.literal_eval(f"({matched['index']},)")) if matched and matched["index"] else ()
        np.broadcast_to(value, value.shape)[index]
    except (IndexError, SyntaxError, ValueError):
        index = (None,)
    if len(index) != value.ndim:
        raise DataError(
            code="LN576",
            where="explain",
            saw=f"of={of!r}",
            why=f"{name} has the shape {value.shape}: a number in it has {value.ndim} places, each below its length",
            fix=f"of={_at(name, (0,) * value.ndim)!r}, for instance",
        )
    return found[-1], tuple(range(size)[at] for at, size in zip(index, value.shape, strict=True))


def _terms(given: _Pass, call: Call, index: tuple[int, ...]) -> list[Term]:
    """The products that add up to one number of what a call gives; none where it is no sum of products."""
    names = [given.page.names_of(operand) if type(operand) is Traced else "" for operand in call.operands]
    values = [operand.value if type(operand) is Traced else operand for operand in call.operands]
    *row, last = index or (0,)

    def pair(one: int, at: tuple[int, ...], other: int, there: tuple[int, ...]) -> Term:
        both = (_at(names[one], at), _at(names[other], there))
        return Term(both, (float(values[one][at]), float(values[other][there])))

    function = call.function
    if function is linear:
        bias = [Term((_at(names[2], (last,)),), (float(values[2][last]),))] if values[2] is not None else []
        return [pair(0, (*row, k), 1, (k, last)) for k in range(values[1].shape[0])] + bias
    if function is input_grad:
        return [pair(1, (*row, j), 0, (last, j)) for j in range(values[0].shape[1])]
    if function is weight_grad:
        return [pair(0, (*n, row[0]), 1, (*n, last)) for n in np.ndindex(values[0].shape[:-1])]
    if function is bias_grad:
        rows = np.ndindex(values[0].shape[:-1])
        return [Term((_at(names[0], (*n, last)),), (float(values[0][(*n, last)]),)) for n in rows]
    if getattr(function, "__name__", "") == "matmul" and all(np.ndim(value) == 2 for value in values):
        return [pair(0, (row[0], k), 1, (k, last)) for k in range(values[0].shape[1])]
    return []


def _formula(given: _Pass, call: Call, found: Named, index: tuple[int, ...]) -> str:
    """How a call made a number: with the numbers in it where it comes from single ones, else the call as a whole."""
    text = given.texts.get(id(call), "").partition(" = ")[2]
    used: dict[str, float] = {}
    try:
        with np.errstate(all="ignore"):
            again = np.asarray(_number(given, call, index, used))
    except Exception:
        again = np.zeros(0)
    if again.size == 1 and np.allclose(again.ravel()[0], found.value[index], rtol=1e-5, atol=0.0, equal_nan=True):
        shown = ", ".join(f"{name} = {number:.6g}" for name, number in used.items())
        return f"is {text}" + f" there, with {shown}" * bool(shown)
    operands = ", ".join(dict.fromkeys(map(given.page.names_of, _leaves(given, call)))) or "nothing"
    return f"is part of {text}, made as a whole from {operands}"


def _number(given: _Pass, call: Call, index: tuple[int, ...], used: dict[str, float]) -> Any:
    """What a call gives for the numbers that stand at one place of its operands; ``used`` gets these."""
    operands = []
    for operand in call.operands:
        if type(operand) is not Traced:
            operands.append(operand)
        elif given.is_inlined(operand):
            operands.append(_number(given, given.makers[id(operand)], index, used))
        else:
            value = np.asarray(operand.value)
            own = index[len(index) - value.ndim :] if value.ndim else ()
            at = tuple(0 if size == 1 else where for where, size in zip(own, value.shape, strict=True))
            used[_at(given.page.names_of(operand), at)] = float(value[at])
            operands.append(np.full((1,) * max(value.ndim, 1), value[at]) if value.ndim else value[()])
    return call.function(*operands, **call.named)


def _leaves(given: _Pass, call: Call) -> Iterator[Traced]:
    """The arrays with names that an expression is made of."""
    for operand in call.uses():
        if given.is_inlined(operand):
            yield from _leaves(given, given.makers[id(operand)])
        else:
            yield operand


def _at(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name
