"""The tree of layers that a network is: one walk over it, and all that follows from it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import arrays
from .exc import ContractError, MatchError
from .foreign import adopted
from .parameters import Buffer, Parameter
from .tables import table

__all__ = ["leaves", "paths", "walk"]

Path = tuple[str, ...]


# ---------------------------------------------------------------------- the walk


def paths(layer: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """A layer and all the layers inside it, from the outside in, each with the names that lead to it.

    >>> from lincoln.layers import Dense
    >>> [path for path, _ in paths(Dense(1))]
    [(), ('0',), ('1',)]
    """
    yield path, layer
    for name, child in layer.children():
        yield from paths(child, (*path, name))


def walk(layer: Any) -> Iterator[Any]:
    """A layer and all the layers inside it, from the outside in.

    >>> from lincoln.layers import Dense
    >>> list(walk(Dense(1)))
    [Dense(1), Linear(1), Sigmoid()]
    """
    for _, inner in paths(layer):
        yield inner


def leaves(layer: Any) -> Iterator[tuple[Path, Any]]:
    """The layers inside that hold no others, in their order, each with the names that lead to it.

    >>> from lincoln.layers import Dense
    >>> list(leaves(Dense(1)))
    [(('0',), Linear(1)), (('1',), Sigmoid())]
    """
    for path, inner in paths(layer):
        if not any(True for _ in inner.children()):
            yield path, inner


def place(path: Path) -> str:
    """The names that lead to a layer as one, such as ``"0.1"``; that of the outermost one is empty.

    >>> place(("0", "1"))
    '0.1'
    """
    return ".".join(path)


def is_own(layer: Any) -> bool:
    """Whether a layer and all inside it are Lincoln's own.

    >>> from lincoln.layers import Dense
    >>> is_own(Dense(1))
    True
    """
    return all(inner.own for inner in walk(layer))


# ---------------------------------------------------------------------- parameters and buffers


def named_parameters(layer: Any) -> Iterator[tuple[str, Parameter]]:
    """Every parameter inside, once, each with its path, such as ``0.W``."""
    yield from _named(layer, parameters_of)


def named_buffers(layer: Any) -> Iterator[tuple[str, Buffer]]:
    """Every buffer inside, once, each with its path, such as ``1.running_mean``."""
    yield from _named(layer, _buffers_of)


def built_parameters(layer: Any) -> list[Parameter]:
    """Every parameter inside that has a value, once."""
    return [parameter for _, parameter in named_parameters(layer) if parameter.built]


def built_buffers(layer: Any) -> list[Parameter]:
    """Every buffer inside that has a value, once."""
    return [buffer for _, buffer in named_buffers(layer) if buffer.built]


def learns(layer: Any) -> bool:
    """Whether there is a parameter inside."""
    return any(True for _ in named_parameters(layer))


def _named(layer: Any, of_one: Any) -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    for path, inner in paths(layer):
        for name, found in of_one(inner):
            if id(found) not in seen:
                seen.add(id(found))
                yield place((*path, name)), found


def parameters_of(layer: Any) -> Iterator[tuple[str, Parameter]]:
    """The parameters of one layer itself."""
    if keeps_bare_arrays(layer):
        for foreign in adopted(layer):
            yield foreign.name, foreign
    for name, value in list(vars(layer).items()):
        if isinstance(value, Parameter) and not isinstance(value, Buffer):
            yield name, value


def _buffers_of(layer: Any) -> Iterator[tuple[str, Buffer]]:
    """The buffers of one layer itself."""
    for name, value in list(vars(layer).items()):
        if isinstance(value, Buffer):
            yield name, value


def keeps_bare_arrays(layer: Any) -> bool:
    """Whether its class has a ``parameters()`` of its own, as the notebooks' layers have."""
    return bool(layer._yields_parameters) and not any(True for _ in layer.children())


# ---------------------------------------------------------------------- state, twin, freezing


def state(layer: Any) -> dict[str, Parameter]:
    """All that a network has learned: its parameters and buffers by their paths."""
    return dict(named_parameters(layer)) | dict(named_buffers(layer))


def state_dict(layer: Any) -> dict[str, np.ndarray]:
    """The values of parameters and buffers as new NumPy arrays, by their paths."""
    return {name: np.array(arrays.numpy(kept.value)) for name, kept in state(layer).items()}


def load_state_dict(layer: Any, values: dict[str, np.ndarray]) -> None:
    """Set parameters and buffers to the values of `state_dict`, all of them or, where one does not fit, none."""
    mine = state(layer)
    wrong = [n for n in mine.keys() & values.keys() if not mine[n].fits(values[n])]
    if mine.keys() != values.keys() or wrong:
        different = sorted(mine.keys() ^ values.keys()) or sorted(wrong)
        raise MatchError(
            code="LN109",
            where=f"{type(layer).__name__}.load_state_dict",
            saw=f"{', '.join(different)}: missing, unknown, of another shape or not numbers",
            why="the saved values belong to a network of another structure",
            fix="make the network as it was, and build(input_shape) it, before loading",
        )
    for name, parameter in mine.items():
        parameter.value = np.asarray(values[name])


def twin(layer: Any) -> Any:
    """A second layer on the same parameters."""
    if keeps_bare_arrays(layer):
        raise ContractError(
            code="LN125",
            where=f"{layer!r}.twin",
            saw="a layer whose own parameters() yields bare arrays",
            why="each of the two would overwrite the other's gradients",
            fix="self.W = lnc.Parameter(shape, initializer) in setup(self, input_shape), "
            "and self.W.accumulate(grad) in backward",
        )
    second = copy.copy(layer)
    own = vars(second)
    own["_twin_of"] = layer
    children = {id(child) for _, child in layer.children()}
    for name, value in list(vars(layer).items()):
        if name.startswith("_"):
            continue
        if id(value) in children:
            own[name] = twin(value)
        elif isinstance(value, list | tuple) and any(id(item) in children for item in value):
            own[name] = type(value)(twin(item) if id(item) in children else item for item in value)
    return second


def freeze(layer: Any, frozen: bool) -> None:
    """Mark every parameter inside as frozen, or no longer."""
    if not layer.built:
        raise ContractError(
            code="LN124",
            where=f"{layer!r}.freeze",
            saw="a layer that is not built yet",
            why="its parameters, which are to be frozen, come with the first batch",
            fix="network.build(input_shape) first, or a first batch",
        )
    for _, parameter in named_parameters(layer):
        parameter.frozen = frozen


# ---------------------------------------------------------------------- the summary

_HEADERS = ["layer", "in", "out", "parameters", "initializer", "multiply-adds"]


def summary(network: Any) -> str:
    """The table that `Layer.summary` gives. Shared parameters count once in the total."""
    rows = [_row(path, layer) for path, layer in paths(network)]
    count = sum(parameter.size for _, parameter in named_parameters(network))
    work = sum(layer.multiply_adds() for layer in walk(network) if layer.built)
    return table(_HEADERS, [*rows, ["total", "", "", f"{count:,}", "", f"{work:,}"]])


def _row(path: Path, layer: Any) -> list[str]:
    own = [parameter for _, parameter in parameters_of(layer)]
    title = repr(layer) if "\n" not in repr(layer) else type(layer).__name__
    work = layer.multiply_adds() if layer.built else 0
    return [
        "  " * len(path) + f"{path[-1] if path else ''} {title}".strip(),
        "" if layer.input_shape is None else str(layer.input_shape),
        "" if layer.output_shape is None else str(layer.output_shape),
        f"{sum(p.size for p in own):,}" if own else "",
        ", ".join(p.shown_initializer for p in own),
        f"{work:,}" if work else "",
    ]
