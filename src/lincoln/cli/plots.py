"""The pictures of a run: its learning curve, and what its predictions are like."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["plot_confusion", "plot_predictions", "quiet"]

_MOST_CLASSES = 30
_MOST_POINTS = 5000


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the warning that a font has no sign for a letter in a name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def plot_confusion(path: Path, labels: Any, predictions: Any, *, classes: Sequence[Any], title: str) -> None:
    """Draw how many examples of each class were predicted as which class.

    Only the most frequent classes are drawn where there are more than 30.
    """
    from matplotlib.figure import Figure

    labels, predictions = (np.asarray(values).astype(str) for values in (labels, predictions))
    names = [str(name) for name in classes]
    if len(names) > _MOST_CLASSES:
        counts = {name: int((labels == name).sum()) for name in names}
        names = sorted(names, key=lambda name: -counts[name])[:_MOST_CLASSES]
        title += f", {_MOST_CLASSES} of {len(classes)} classes"
    table = np.array([[int(((labels == row) & (predictions == column)).sum()) for column in names] for row in names])
    size = 2.5 + 0.5 * len(names)
    figure = Figure(figsize=(size + 0.8, size), layout="constrained")
    panel = figure.subplots()
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        panel.text(column, row, f"{count:,}", ha="center", va="center", color="w" if shares[row, column] > 0.5 else "k")
    short = [name if len(name) <= 20 else name[:19] + "…" for name in names]
    panel.set_xticks(range(len(names)), short, rotation=45, ha="right", parse_math=False)
    panel.set_yticks(range(len(names)), short, parse_math=False)
    panel.set_xlabel("predicted")
    panel.set_ylabel("true")
    panel.set_title(title, parse_math=False)
    figure.savefig(path, dpi=120)


def plot_predictions(path: Path, labels: Any, predictions: Any, *, target: str, title: str) -> None:
    """Draw predicted over true values."""
    from matplotlib.figure import Figure

    labels, predictions = (np.asarray(values, dtype=np.float64) for values in (labels, predictions))
    step = max(1, len(labels) // _MOST_POINTS)
    figure = Figure(figsize=(5.0, 4.8), layout="constrained")
    panel = figure.subplots()
    panel.scatter(labels[::step], predictions[::step], s=6, alpha=0.4, linewidths=0)
    ends = [float(labels.min()), float(labels.max())]
    panel.plot(ends, ends, color="k", linewidth=0.8)
    panel.set_xlabel(f"{target}, true", parse_math=False)
    panel.set_ylabel("predicted")
    panel.grid(alpha=0.3)
    panel.set_title(title, parse_math=False)
    figure.savefig(path, dpi=120)
