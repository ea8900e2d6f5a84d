"""A network as a table: what goes into each layer, what comes out, what it learns, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .parameters import Buffer, Parameter
from .tables import table

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["summarize"]

_HEADERS = ["layer", "in", "out", "parameters", "initializer", "multiply-adds"]


def summarize(network: Layer) -> str:
    """The table that `Layer.summary` gives. Shared parameters count once in the total."""
    rows = [_row(layer, depth, name) for depth, name, layer in _outline(network)]
    count = sum(parameter.size for _, parameter in network.named_parameters())
    work = sum(layer.multiply_adds() for _, _, layer in _outline(network) if layer.built)
    return table(_HEADERS, [*rows, ["total", "", "", f"{count:,}", "", f"{work:,}"]])


def _outline(layer: Layer, depth: int = 0, name: str = "") -> Iterator[tuple[int, str, Layer]]:
    yield depth, name, layer
    for child_name, child in layer.children():
        yield from _outline(child, depth + 1, child_name)


def _row(layer: Layer, depth: int, name: str) -> list[str]:
    own = [p for p in vars(layer).values() if isinstance(p, Parameter) and not isinstance(p, Buffer)]
    own += layer.__dict__.get("_adopted", [])
    title = repr(layer) if "\n" not in repr(layer) else type(layer).__name__
    work = layer.multiply_adds() if layer.built else 0
    return [
        "  " * depth + f"{name} {title}".strip(),
        "" if layer.input_shape is None else str(layer.input_shape),
        "" if layer.output_shape is None else str(layer.output_shape),
        f"{sum(p.size for p in own):,}" if own else "",
        ", ".join(p.shown_initializer for p in own),
        f"{work:,}" if work else "",
    ]
