"""The table of a training run: read, surveyed, and divided into what is learned from and what is tested on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..exc import DataError
from ..tabular.frames import frame
from ..tabular.layout import shown
from ..tabular.reading import TableFile, quoted
from ..tabular.survey import Survey, survey
from .errors import UsageError
from .options import reading
from .progress import Progress

__all__ = ["TrainingTable"]

MANY_CELLS = 20_000_000
"""From how many values on a table is read in parts again and again, and not kept in memory."""

MOST_TEST_ROWS = 100_000
"""How many rows are tested on at most, where the table is not kept in memory."""

_SPLIT = 71
"""Keeps the random numbers that divide the rows apart from all others of the same seed."""


@dataclass
class TrainingTable:
    """A table to train on.

    Attributes:
        file: where it lies.
        found: what the first pass found.
        target: the column to be predicted.
        kinds: how each column that is used is read.
        left_out: columns that are not.
        stream: whether it is read in parts, and never whole.
        test_share: the share of rows that are tested on.
        seed: of the division.
        progress: where passes over the file are shown.
    """

    file: TableFile
    found: Survey
    target: str
    kinds: dict[str, str]
    left_out: list[str]
    stream: bool
    test_share: float
    seed: int
    progress: Progress
    passes: int = 1

    @property
    def rows(self) -> int:
        """How many rows have a target."""
        return self.found.rows - self.found.facts[self.target].missing

    def divided(self, task_of: Callable[[Any], str]) -> tuple[Any, Any]:
        """The rows to learn from and the rows to test on, as DataFrames.

        Args:
            task_of: tells the task from the target's values.

        Raises:
            DataError: too few rows for both.
        """
        import pandas as pd

        whole = pd.concat(list(self._frames()), ignore_index=True)
        labels = whole[self.target]
        stratify = self.test_share > 0 and task_of(labels) == "classification"
        tested = self._tested(labels.to_numpy(), stratify=stratify)
        return whole[~tested].reset_index(drop=True), whole[tested].reset_index(drop=True)

    def training_parts(self) -> Iterator[Any]:
        """The rows to learn from, some at a time."""
        for rows, tested in self._marked():
            yield rows[~tested].reset_index(drop=True)

    def test_rows(self) -> Any:
        """The rows to test on, of a table that is read in parts."""
        import pandas as pd

        return pd.concat([rows[tested] for rows, tested in self._marked()], ignore_index=True)

    @property
    def all_passes(self) -> int:
        """How often the file is read in all: looked through, learned from once or twice, and perhaps tested on."""
        return 3 + (self.test_share > 0) if self.stream else 2

    def _frames(self) -> Iterator[Any]:
        missing = self.found.facts[self.target].missing
        self.passes += 1
        title = f"reading {self.file.name}, pass {self.passes} of {self.all_passes}"
        self.progress.stage(title, total=self.file.size / 1e6, unit="MB")
        for part in self.file.parts(list(self.kinds)):
            self.progress.update(part.bytes_read / 1e6)
            rows = frame(part, self.kinds)
            yield rows[rows[self.target].notna()] if missing else rows

    def _marked(self) -> Iterator[tuple[Any, np.ndarray]]:
        share = min(self.test_share, MOST_TEST_ROWS / max(self.rows, 1))
        rng = np.random.default_rng([self.seed, _SPLIT])
        for rows in self._frames():
            yield rows, rng.random(len(rows)) < share

    def _tested(self, labels: np.ndarray, *, stratify: bool) -> np.ndarray:
        """Which rows are tested on: every row with the same probability, and of each class the same share.

        Every 1/test_share-th row is taken of all rows in a random order, from a random first one on. Where the order
        goes from class to class, each has its share, and rare ones have it together.
        """
        n = len(labels)
        if self.test_share == 0:
            return np.zeros(n, dtype=bool)
        _, classes = np.unique(labels.astype(str), return_inverse=True)
        rng = np.random.default_rng([self.seed, _SPLIT])
        order = rng.permutation(n)
        if stratify:
            order = order[np.argsort(rng.permutation(classes.max() + 1)[classes[order]], kind="stable")]
        steps = np.floor(np.arange(n + 1) * self.test_share + rng.random())
        tested = np.zeros(n, dtype=bool)
        tested[order[np.diff(steps) > 0]] = True
        if stratify and len(np.unique(classes[~tested])) < 2 <= n:
            tested[np.unique(classes, return_index=True)[1]] = False  # one class alone teaches nothing
        if not 0 < tested.sum() < n - 1:
            raise DataError(
                code="LN736",
                where=self.file.name,
                saw=f"{n} rows with a target, {int(tested.sum())} of them to test on",
                why="there must be rows to learn from, and others to test on",
                fix="more rows; or --test-size 0, which tests on nothing",
            )
        return tested


def open_table(path: Path, settings: dict[str, Any], progress: Progress) -> TrainingTable:
    """Open a table, and look through it.

    Raises:
        DataError: it cannot be learned from.
        UsageError: nobody said what is to be predicted.
    """
    file = TableFile(path, drop=settings["drop"], **reading(settings))
    target = settings["target"]
    if target is None:
        raise UsageError(
            code="LN743",
            where=f"lincoln train {path}",
            saw="no --target",
            why=f"one of the columns is to be predicted: {shown(file.columns)}",
            fix=f"--target {quoted(file.columns[-1])}, if it is the last one" if file.columns else "another file",
        )
    file.require(target, "--target", columns=file.columns)
    progress.stage(f"reading {file.name}", total=file.size / 1e6, unit="MB")
    found = survey(
        file,
        target=target,
        numeric=[*settings["numeric"], *([target] if settings["task"] == "regression" else [])],
        categorical=settings["categorical"],
        keep=settings["keep"],
        drop_missing=settings["drop_missing_target"],
        on_read=lambda done: progress.update(done / 1e6),
    )
    left_out = [name for name in found.kinds if _is_index(found, name) and name not in settings["numeric"]]
    found.notes += [f"{name!r} has no name and counts the rows: it is left out" for name in left_out]
    kinds = {name: kind for name, kind in found.kinds.items() if name not in left_out}
    stream = settings["stream"]
    if stream is None:
        stream = found.rows * len(kinds) > MANY_CELLS
    return TrainingTable(
        file, found, target, kinds, left_out, stream, settings["test_size"], settings["seed"], progress
    )


def _is_index(found: Survey, name: str) -> bool:
    """Whether a column without a name counts the rows, as pandas writes it."""
    facts = found.facts[name]
    return name == "column 1" and facts.counts and facts.kind == "whole"


def digest(path: Path) -> str:
    """What tells a file's content from any other: its SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
