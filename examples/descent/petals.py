"""Part 3, the data: irises, whose petals are to be guessed from their sepals."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import numpy as np
from common import BLUE, GREEN, ORANGE, figure, heading, save

import lincoln as lnc

PUT_RIGHT = """
  Put right:
  - The scalers learn from the first half alone; the notebook let both halves shape the scale.
  - The petals' scaler is kept, so that predictions come back to centimeters; the notebook threw it away.
  - The split has a seed, so that everybody gets the same halves."""


@dataclass(frozen=True)
class Flowers:
    """Standardized sepals x and petals y, length and width each, ``(50, 2)``: a half to learn from, a half to watch.

    ``y_scaler`` brings predicted petals back to centimeters.
    """

    x: Any
    y: Any
    x_valid: Any
    y_valid: Any
    y_scaler: lnc.data.Standardizer


def run(args: Namespace) -> Flowers:
    """Draw all the flowers; hand out the two species that are hard to tell apart, divided and standardized."""
    heading("3. From sepals to petals: a network of two layers, in five ways")
    iris = lnc.datasets.iris()
    draw_pairs(iris, args.output)
    flowers = two_species(iris)
    print(f"  versicolor and virginica: {len(flowers.x)} flowers to learn from, {len(flowers.x_valid)} to watch")
    print(PUT_RIGHT)
    return flowers


def two_species(iris: lnc.datasets.Table) -> Flowers:
    """Setosa left out; half of each of the other species on either side."""
    kept = iris.labels != iris.classes.index("setosa")
    train, valid, _, _ = lnc.data.train_test_split(iris.features[kept], iris.labels[kept], test_size=0.5, seed=0)
    x_scaler = lnc.data.Standardizer().fit(train[:, :2])
    y_scaler = lnc.data.Standardizer().fit(train[:, 2:])
    return Flowers(
        x=x_scaler.transform(train[:, :2]),
        y=y_scaler.transform(train[:, 2:]),
        x_valid=x_scaler.transform(valid[:, :2]),
        y_valid=y_scaler.transform(valid[:, 2:]),
        y_scaler=y_scaler,
    )


def draw_pairs(iris: lnc.datasets.Table, folder: Any) -> None:
    """Every measurement against every other one; on the diagonal, how often each value comes up."""
    drawing, panels = figure(4, 4, size=(9.6, 9.2), title="150 irises, in centimeters")
    names = [name.removesuffix(" (cm)") for name in iris.feature_names]
    colors = (ORANGE, GREEN, BLUE)
    for place, panel in enumerate(panels):
        row, column = divmod(place, 4)
        for species, color in enumerate(colors):
            flowers = iris.features[iris.labels == species]
            if row == column:
                bins = np.histogram_bin_edges(iris.features[:, row], bins=18)
                panel.hist(flowers[:, row], bins=bins, color=color, alpha=0.55)
            else:
                panel.plot(flowers[:, column], flowers[:, row], "o", ms=2.5, color=color, alpha=0.7)
        if row == column:
            panel.set_yticks([])
        if row == 3:
            panel.set_xlabel(names[column])
        if column == 0:
            panel.set_ylabel(names[row])
    marks = [panels[1].lines[species] for species in range(3)]
    drawing.legend(marks, iris.classes, loc="outside lower center", ncols=3, frameon=False, markerscale=2.5)
    save(drawing, folder / "descent_iris.png")
