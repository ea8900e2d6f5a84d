"""Model files on the command line: found, loaded, and given tables to predict for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..exc import DataError, LincolnError, MatchError, ModelFileError
from ..tabular.frames import frame
from ..tabular.layout import near_miss, shown
from ..tabular.reading import TableFile
from ..tabular.survey import Survey, survey
from ..tabular.texts import MISSING_TOKENS
from .options import reading
from .progress import Progress
from .runs import find_model

__all__ = ["NewTable", "load_model"]

_FIRST_MISSING = ("none", "None", "NONE", "Null", "Nan", "N/a", "Na", "nat", "NAT", "<na>")


def load_model(text: str) -> tuple[Path, Any]:
    """The file of a model, and the model in it: a `TabularModel`.

    Raises:
        ModelFileError: there is none, it is damaged, or it is of another kind.
    """
    from ..files import load
    from ..models import Trainer
    from ..tabular import TabularModel

    path = find_model(text)
    model = load(path)
    if not isinstance(model, TabularModel):
        going_on = isinstance(model, Trainer)
        raise ModelFileError(
            code="LN747",
            where=str(path),
            saw=f"a {type(model).__name__}" + (", which is where a training stands" if going_on else ""),
            why="it does not know the columns of a table",
            fix=f"lincoln train --resume {path.parent} ends the training; its model is {path.parent}"
            if going_on
            else "a model of lincoln train or TabularModel; or lnc.load(path).predict(...) in Python",
        )
    return path, model


class NewTable:
    """A table to give to a model: the columns that it has learned from are there, and hold what they held then.

    Args:
        model: a `TabularModel`.
        path: of the file.
        given: the options of the command line.
        progress: where reading is shown.
        extra: more columns that are wanted, as text.
        target: the column with the true values, if that is wanted too.

    Attributes:
        notes: what a person should know.

    Raises:
        MatchError: columns are missing.
        DataError: the table cannot be read.
    """

    def __init__(
        self,
        model: Any,
        path: Path,
        given: Mapping[str, Any],
        *,
        progress: Progress,
        extra: Sequence[str] = (),
        target: str | None = None,
    ) -> None:
        options = reading(given)
        known = model.preprocessor.missing
        options["missing"] = [*known, *_also_missing(model), *options["missing"]]
        options["not_missing"] = [*options["not_missing"], *(token for token in MISSING_TOKENS if token not in known)]
        if model.about.get("decimal") == ",":
            options["decimal"] = options["decimal"] or ","
        self.progress = progress
        self.start = 0
        self.file = TableFile(path, **options)
        kinds = {column.name: column.kind for column in model.preprocessor.columns}
        self.wanted = [column.name for column in model.preprocessor.columns if not column.left_out]
        self._require(self.wanted)
        for name in extra:
            self.file.require(name, "--with")
        if target is not None:
            self.file.require(target, "--target")
        known = {*kinds, *extra, target, model.target_name}
        unused = [name for name in self.file.columns if name not in known]
        self.notes = [f"columns that the model does not know are not used: {shown(unused)}"] if unused else []
        self.columns = list(dict.fromkeys([*self.wanted, *extra]))
        if target is not None:
            self.columns = list(dict.fromkeys([*self.columns, target]))
        self.found = self._survey(model, target)

    def _survey(self, model: Any, target: str | None) -> Survey:
        """Look through the table: what is a number to the model must be one, what is a category may look like one."""
        kinds = {column.name: column.kind for column in model.preprocessor.columns}
        numeric = [name for name in self.wanted if kinds[name] == "numeric"]
        text = [name for name in self.columns if name not in (*numeric, target)]
        if target is not None and model.task == "regression":
            numeric.append(target)
        elif target is not None and model.classes.dtype.kind not in "iuf":
            text.append(target)
        progress, file = self.progress, self.file
        progress.stage(f"reading {file.name}", total=file.size / 1e6, unit="MB")
        return survey(
            file,
            columns=self.columns,
            numeric=numeric,
            categorical=text,
            on_read=lambda done: progress.update(done / 1e6),
        )

    def frames(self) -> Iterator[Any]:
        """The rows, some at a time, as DataFrames."""
        self.progress.stage("predicting", total=self.found.rows, unit="rows")
        for part in self.file.parts(self.columns):
            self.start = part.start
            yield frame(part, self.found.kinds)
            self.progress.update(part.start + part.rows)

    @contextmanager
    def named_lines(self) -> Iterator[None]:
        """Add to an error that names a row of the last part of the table which line of the file that is."""
        try:
            yield
        except LincolnError as error:
            if row := re.search(r"\brow (\d+)", error.saw):
                error.add_note(f"  row {row[1]} is {self.file.line(self.start + int(row[1]))} of {self.file.name}")
            raise

    def _require(self, names: list[str]) -> None:
        there = self.file.columns
        absent = [name for name in names if name not in there]
        if not absent:
            return
        free = [name for name in there if name not in names]
        meant = [f"{found!r} for {name!r}?" for name in absent if (found := near_miss(name, free))]
        alone = len(there) == 1 and self.file.layout.format == "csv"
        raise MatchError(
            code="LN718",
            where=f"{self.file.name}, line 1" if self.file.layout.format == "csv" else self.file.name,
            saw=f"no column {shown([repr(name) for name in absent], 6)}; there are {shown(there)}",
            why=f"the model has learned from {len(names)} columns and needs them all, in any order",
            fix='--delimiter ";" (or "tab", "|"), if the columns are divided by another sign'
            if alone
            else f"the names as in training: {' '.join(meant[:3])}".rstrip(": ")
            or "the columns that are missing, under the names that they had in training",
        )


def check_labels(table: NewTable, model: Any, target: str) -> None:
    """Refuse labels that the model has no class for.

    Raises:
        DataError: there is one.
    """
    facts = table.found.facts[target]
    if model.task != "classification":
        return
    unknown = [value for value in facts.values if not model.target.knows(value)]
    if unknown:
        raise DataError(
            code="LN744",
            where=f"{table.file.name}, column {target!r}",
            saw=f"{facts.values[unknown[0]]:,} rows of the class {unknown[0]!r}",
            why=f"the model has not learned it; its classes are {shown(list(map(repr, model.classes.tolist())), 8)}",
            fix="only rows of these classes; or train again with rows of the new one",
        )


def _also_missing(model: Any) -> tuple[str, ...]:
    """More texts that meant "no value" to the command line when it made models of the first format."""
    if model.preprocessor.format > 1 or "decimal" not in model.about:
        return ()
    return (*_FIRST_MISSING, *model.about.get("missing", ()))
