"""Folders of training runs: where they are, and what lies in them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exc import ModelFileError
from ..files.writing import replace_file
from ..tabular.layout import near_miss
from .console import as_json
from .errors import UsageError

if TYPE_CHECKING:
    from ..models import Epoch

__all__ = ["Run", "find_model", "find_run", "new_run"]


class Run:
    """The folder of one run.

    >>> Run(Path("runs/people")).model
    PosixPath('runs/people/model.safetensors')
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "model.safetensors"
        self.checkpoint = folder / "checkpoint.safetensors"
        self.config = folder / "config.toml"
        self.history = folder / "history.jsonl"

    @property
    def over(self) -> bool:
        """Whether it has been trained to its end."""
        return self.model.exists() and not self.checkpoint.exists()

    def write_history(self, epochs: Iterable[Epoch]) -> None:
        """Write the history anew: one JSON object for each epoch."""
        replace_file(self.history, "".join(as_json(epoch_row(epoch)) + "\n" for epoch in epochs).encode())

    def add_epoch(self, epoch: Epoch) -> None:
        """Add an epoch to the history."""
        with self.history.open("a", encoding="utf-8") as file:
            file.write(as_json(epoch_row(epoch)) + "\n")


def epoch_row(epoch: Epoch) -> dict[str, Any]:
    """An epoch as a flat dictionary, the metrics by their names beside the rest."""
    row = asdict(epoch)
    metrics: dict[str, Any] = row.pop("metrics")
    return {**row, **metrics}


def new_run(runs: Path, name: str, *, config: Callable[[Run], bytes]) -> Run:
    """Make the folder of a new run; where there is a run of that name already, a number is added.

    The folder appears in one moment, with its ``config.toml`` in it: a kill leaves a run to go on with, or none
    (and, if it comes just before, a hidden folder).

    Args:
        runs: the folder of all runs.
        name: of the run.
        config: gives the contents of the ``config.toml`` of a run.

    Raises:
        OSError: it cannot be made.
    """
    name = re.sub(r'[\x00-\x1f/\\:*?"<>|]+', "-", name).strip(" .") or "run"
    beside = runs / f".{name}.{os.getpid()}.new"
    beside.mkdir(parents=True, exist_ok=True)
    number = 1
    try:
        while True:
            run = Run(runs / (name if number == 1 else f"{name}-{number}"))
            (beside / run.config.name).write_bytes(config(run))
            try:
                beside.rename(run.folder)  # what is there already, and is more than an empty folder, stays
            except OSError:
                if not run.folder.exists():
                    raise
                number += 1
            else:
                return run
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def find_run(text: str, runs: Path) -> Run:
    """The run of that name, or in that folder.

    Raises:
        UsageError: there is none.
    """
    for folder in (Path(text), runs / text):
        if (folder / "config.toml").is_file():
            return Run(folder)
    there = sorted(one.name for one in runs.iterdir() if one.is_dir()) if runs.is_dir() else []
    meant = near_miss(text, there)
    raise UsageError(
        code="LN735",
        where=f"--resume {text}",
        saw=f"no run of that name in {runs}" + (f"; there are {', '.join(there[:8])}" if there else ""),
        why="a run is a folder with the config.toml that lincoln train wrote",
        fix=f"--resume {runs / meant}" if meant else "the folder of a run; --runs says where runs are kept",
    )


def find_model(text: str) -> Path:
    """The file of a model: given by its path, its run's folder, or the name of a run in ``runs``.

    Raises:
        ModelFileError: there is none, and a run has a name like it.
    """
    path = Path(text)
    for place in (path, Path("runs") / text):
        if place.is_dir() and (place / "model.safetensors").is_file():
            return place / "model.safetensors"
    if not path.exists():
        folder = path.parent if path.parent.is_dir() and len(path.parts) > 1 else Path("runs")
        there = sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
        if meant := near_miss(path.name, there):
            raise ModelFileError(
                code="LN692",
                where=text,
                saw="no such file or run",
                why="a model is a file, the folder of a run, or the name of a run in runs",
                fix=f"{folder / meant}?",
            )
    return path
