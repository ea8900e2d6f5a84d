"""The training step of a network as a straight line of calls: to read, to run, to look into."""

from __future__ import annotations

import functools
import itertools
import linecache
import os
import textwrap
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import modes
from ..exc import ContractError, MatchError
from ..losses import Loss
from ..parameters import Parameter
from ..tracing import NotTraceableError, find
from ..tree import paths, place
from .binding import direct
from .export import as_data, write_numpy
from .fusions import fuse
from .recipe import LOSS, Call, Method, Place, Recipe, owners, traced_in
from .text import WIDTH, Into, Page, Step
from .trace import trace

__all__ = ["Program", "kind_of", "live", "program"]

_numbers = itertools.count(1)


class Listing:
    """The source of a program, compiled, and known to tracebacks and debuggers as long as this object lives.

    Args:
        source: the page.
        places: the layer of each of its lines, from 1.
        title: of the loss.
    """

    def __init__(self, source: str, places: dict[int, str], title: str) -> None:
        self.places = places
        name = f"<program {next(_numbers)} of {title}>"
        self.code = compile(source, name, "exec")
        linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
        weakref.finalize(self, linecache.cache.pop, name, None)

    def place_of(self, error: BaseException) -> str:
        """In which layer an error was raised that came out of the program; empty if in none."""
        step = error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == self.code.co_filename:
                return self.places.get(step.tb_lineno, "")
            step = step.tb_next
        return ""


class Program:
    """The training step of one network and loss, for one kind of batch, as a straight line of calls.

    `lincoln.program` makes it. ``print(program)`` shows it, ``program(x, y)`` runs it on a batch of the same kind: it
    returns the loss, and leaves every gradient and every layer's record, as ``loss(x, y)`` and ``loss.backward()`` do.

    Attributes:
        source: the page that ``print`` shows; what `Trainer` runs.
        calls: each call by itself, a `Step`.
        notes: layers that stay one call, and why.
        kind: shape, dtype and layout of each array of the batch.
    """

    def __init__(self, loss: Loss, batch: tuple[Any, ...], *, optimizer: Any = None, values: bool = False) -> None:
        recipe = trace(loss, batch)
        self.loss = loss
        self.optimizer = optimizer
        self.recipe = recipe
        self.kind = kind_of(batch)
        self.titles = dict(enumerate(_titles(loss))) | {LOSS: type(loss).__name__}
        calls = _into_gradients(live(recipe), recipe)
        self._page = Page(recipe, calls, self.titles)
        self._live, self._values = calls, values
        self._lines = fuse(calls)
        self.source = self._page.page(self._lines, first=self._beginning(), last=self._ending())
        self.notes = [f"{self.titles[number]} stays a call: {reason}" for number, reason in recipe.stays.items()]
        self._functions = {
            name: direct(function, self._page.functions.get(name, []))
            for name, function in self._page.bound.items()
            if callable(function) and not isinstance(function, Place | Into | Method)
        }
        self.listing = Listing(self.source, self._page.places, type(loss).__name__)
        self._step: Callable[..., float] | None = None
        self._vector: Any = None

    @functools.cached_property
    def calls(self) -> tuple[Step, ...]:
        """Each call by itself, with the arrays if they were asked for."""
        return tuple(self._page.steps(self._live, values=self._values))

    def __str__(self) -> str:
        return self.source.rstrip()

    def __repr__(self) -> str:
        return f"<program of {type(self.loss).__name__}, {len(self.calls)} calls>"

    def __call__(self, *batch: Any) -> float:
        """Run it on a batch of the kind that it was made for.

        Raises:
            MatchError: a batch of another kind.
        """
        kind = kind_of(batch)
        if kind != self.kind:
            raise MatchError(
                code="LN570",
                where=repr(self),
                saw=f"a batch of {_shown(kind)}; the program is for {_shown(self.kind)}",
                why="sizes and dtypes are written into the program",
                fix="lnc.program(loss, x, y) with such a batch; a Trainer makes a program for each kind by itself",
            )
        vector = self.loss.network.vector
        if modes.is_accumulating():  # a program's gradients take the place of what is there
            value = self.loss(*batch)
            self.loss.backward()
            if self.optimizer is not None:
                self.optimizer.step()
            return value
        vector.release()
        if self._step is None or self._vector is not vector:
            self._step, self._vector = self.bind(self.loss), vector
        return self._step(*batch)

    def to_data(self) -> dict[str, Any]:
        """The program as lists, numbers and text, fit for JSON; the form is in docs/program.md.

        >>> import lincoln as lnc
        >>> loss = lnc.losses.MeanSquaredError(lnc.layers.Linear(1, seed=0))
        >>> lnc.program(loss, np.ones((2, 3)), np.ones(2)).to_data()["calls"][0]["text"]
        'a0 = linear(x, W0, B0)'
        """
        return as_data(self)

    def to_numpy(self, path: str | Path) -> None:
        """Write a file of Python that needs NumPy alone, every formula in it, and its numbers beside it as ``.npz``.

        Run, it prints the loss of the batch and every gradient: to the last bit what Lincoln gives without its
        compiled kernels. Checks of labels are left out.

        Raises:
            ContractError: a layer stays a call, or calls what is not NumPy's.
        """
        write_numpy(self, Path(os.fsdecode(path)))

    def bind(self, loss: Loss) -> Callable[..., float]:
        """The program as a function of a batch, on the arrays of a loss and its network.

        The network's parameters must lie in its vector, and stay there.
        """
        everything = owners(loss)
        space: dict[str, Any] = {"np": np}
        for name, what in self._page.bound.items():
            space[name] = self._functions.get(name, what)
            if isinstance(what, Into):
                space[name] = what.place.find(everything)._grad
            elif isinstance(what, Place):
                found = what.find(everything)
                space[name] = found._value if isinstance(found, Parameter) else found
        for number, owner in enumerate(everything):
            space[f"_{number}"] = owner.__dict__
        places = {call.target for call in self.recipe.calls if call.target in self.recipe.parameters}
        space |= {
            "_held": [None],
            "_written": [place.find(everything) for place in places],
            "optimizer": self.optimizer,
        }
        exec(compile("\n".join(self._leave_lines()), "<what a pass leaves>", "exec"), space)  # noqa: S102
        exec(self.listing.code, space)  # noqa: S102
        step: Callable[..., float] = space["step"]
        return step

    def _beginning(self) -> list[str]:
        """What the page begins with: global names, which hold each array until the next step makes it again.

        Memory that is given back to the system after every step would have to be asked for anew in the next. Layers and
        loss let go of the last step's arrays first, so that each makes room for its successor.
        """
        names = self._page.made(self._lines)
        lines = textwrap.wrap(", ".join(names), WIDTH - len("global ")) if names else []
        lines = [
            f"{f'global {line.rstrip(chr(44))}':<{WIDTH}}  # held until the next step makes them" for line in lines
        ]
        return [*lines, f"{'forget()':<{WIDTH}}  # what the last pass has left on layers and loss"]

    def _ending(self) -> list[str]:
        """What the page ends with, after the calls."""
        lines = [f"{f'leave({self._batch()})':<{WIDTH}}  # what this pass leaves there"]
        if self.optimizer is not None:
            size = sum(parameter.size for parameter in self.loss.network.parameters())
            kind = type(self.optimizer).__name__
            lines.append(f"{'optimizer.step()':<{WIDTH}}  # {kind}, on all {size:,} parameters at once")
        return lines

    def _batch(self) -> str:
        return ", ".join(self._page.given())

    def _leave_lines(self) -> list[str]:
        """The source of the functions that put on layers and loss what a pass leaves there, and take it away."""
        stores = [
            (f"_{len(self.titles) - 1 if place.layer == LOSS else place.layer}[{place.name!r}]", store.value)
            for store in self.recipe.stores
            for place in [store.place]
        ]
        return [
            "def forget():",
            *(f"    {where} = None" for where, value in stores if find((value,)) is not None),
            "    return",
            f"def leave({self._batch()}):",
            *(f"    {where} = {self._page.names_of(value)}" for where, value in stores),
            "    for parameter in _written:",
            "        parameter._fresh = True",
        ]


def fits(kind: Any) -> Callable[..., bool]:
    """A function that says whether a batch is surely of a kind, faster than `kind_of`.

    >>> fits(kind_of((np.zeros(2), np.zeros(3))))(np.zeros(2), np.zeros(3))
    True
    """
    if any(type(part[-1]) is not bool for part in kind):
        return lambda *batch: kind_of(batch) == kind
    names = [f"a{number}" for number in range(len(kind))]
    given = ", ".join(f"{name}=None" for name in names)
    tests = [
        f"type({a}) is ndarray and {a}.shape == {shape} and {a}.dtype is {a}_dtype"
        f" and {a}.flags.c_contiguous is {layout}"
        for a, (shape, _, layout) in zip(names, kind, strict=True)
    ]
    space = {"ndarray": np.ndarray, **{f"{a}_dtype": dtype for a, (_, dtype, _) in zip(names, kind, strict=True)}}
    made: Callable[..., bool] = eval(f"lambda {given}, *more: not more and {' and '.join(tests)}", space)  # noqa: S307
    return made


def kind_of(batch: tuple[Any, ...]) -> Any:
    """What a program depends on: type, shape, dtype and layout of each array of a batch; None if one is no array."""
    kinds = []
    for part in batch:
        if type(part) is np.ndarray:
            kinds.append((part.shape, part.dtype, part.flags.c_contiguous))
        elif type(part) is tuple:
            kinds.append(kind_of(part))
        else:
            return None
    return None if None in kinds else tuple(kinds)


def _shown(kind: Any) -> str:
    if kind is None:
        return "other things than NumPy arrays"
    return ", ".join(
        f"({_shown(k)})" if type(k[0]) is tuple and type(k[-1]) is tuple else f"{k[1]} {k[0]}" for k in kind
    )


def _titles(loss: Loss) -> Iterator[str]:
    for path, layer in paths(loss.network):
        yield f"{place(path)} {type(layer).__name__}".strip()
    for inner in owners(loss)[:-1]:
        if isinstance(inner, Loss):
            yield type(inner).__name__


def live(recipe: Recipe) -> list[Call]:
    """The calls whose results somebody uses, and those that are done all the same."""
    wanted = {id(part) for store in recipe.stores for part in traced_in((store.value,))} | {id(recipe.value)}
    found: list[Call] = []
    for call in reversed(recipe.calls):
        if call.lasting or any(id(result) in wanted for result in call.results):
            found.append(call)
            wanted |= {id(operand) for operand in call.uses()}
    return found[::-1]


def _into_gradients(calls: list[Call], recipe: Recipe) -> list[Call]:
    """Calls that can write into a gradient by ``out`` do so, instead of a new array that is copied into it."""
    uses: dict[int, int] = {}
    for call in calls:
        for operand in call.uses():
            uses[id(operand)] = uses.get(id(operand), 0) + 1
    makers = {id(call.results[0]): call for call in calls if len(call.results) == 1 and _takes_out(call.function)}
    merged: dict[int, Call] = {}
    gone: set[int] = set()
    for call in calls:
        maker = makers.get(id(call.operands[0])) if call.function is None else None
        if maker is None or call.adds or call.target not in recipe.parameters or uses[id(call.operands[0])] > 1:
            continue
        gone.add(id(maker))
        merged[id(call)] = Call(
            maker.function,
            maker.operands,
            {**maker.named, "out": Into(call.target, call.target.find(recipe.owners)._value.value)},
            (),
            False,
            maker.layer,
            maker.direction,
            lasting=True,
        )
    return [merged.get(id(call), call) for call in calls if id(call) not in gone]


def _takes_out(function: Any) -> bool:
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    return code is not None and "out" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def program(loss: Loss, x: Any, y: Any, weights: Any = None, *, optimizer: Any = None, values: bool = False) -> Program:
    """The training step of a loss and its network on a batch, as a straight line of calls.

    One batch goes through a copy of them as arrays that remember how they were made; nothing changes on the originals,
    but a network that is not built yet is built.

    Args:
        loss: the loss, with its network.
        x, y, weights: a batch, NumPy arrays; x is a tuple for a network of several inputs.
        optimizer: if it is given, the program ends with its step.
        values: keep every result in `Step.values`.

    Raises:
        MatchError: the batch does not fit, or is not made of NumPy arrays.
        ContractError: the pass cannot be written down: the message says what stands in the way.

    >>> import lincoln as lnc
    >>> network = lnc.Sequential(lnc.Dense(10, "relu"), lnc.layers.Linear(1), seed=0)
    >>> page = lnc.program(lnc.losses.MeanSquaredError(network), np.ones((8, 3)), np.ones(8))
    >>> print(page.calls[0].text)
    a0 = linear(x, W0, B0)
    """
    batch = (x, y) if weights is None else (x, y, weights)
    if kind_of(batch) is None:
        raise MatchError(
            code="LN573",
            where="lnc.program",
            saw=", ".join(type(part).__name__ for part in batch),
            why="a program is made of NumPy arrays",
            fix="lnc.program(loss, np.asarray(x), np.asarray(y))",
        )
    if not loss.network.built:
        with modes.evaluation():
            loss.network(x)
    try:
        return Program(loss, batch, optimizer=optimizer, values=values)
    except NotTraceableError as error:
        raise ContractError(
            code="LN574",
            where="lnc.program",
            saw=f"{loss!r} with {type(loss.network).__name__}: {error}",
            why="what is no call on arrays cannot be written down; training goes through the layers then",
            fix="compute with NumPy's functions on whole arrays: np.where(x > 0, a, b) in place of a question",
        ) from error
