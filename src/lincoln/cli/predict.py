"""``lincoln predict``: a model's predictions for the rows of a table."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from .options import reading_options, talking_options

if TYPE_CHECKING:
    from .console import Console
    from .models import NewTable

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  lincoln predict runs/people new.csv --output predicted.csv
  lincoln predict runs/people new.csv --probabilities --with name | head
"""


@click.command(epilog=_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A .csv or .parquet file; else stdout.")
@click.option("--probabilities", is_flag=True, help="Also the probability of every class.")
@click.option("--with", "extra", multiple=True, metavar="COL", help="Also this column of DATA. May be repeated.")
@reading_options
@talking_options
def command(
    model: str, data: Path, output: Path | None, probabilities: bool, extra: tuple[str, ...], json: bool, **given: Any
) -> None:
    """Predict for every row of DATA, in its order.

    MODEL is a file, the folder of a run, or the name of a run in runs/. The columns of DATA may stand in any order.
    """
    from .console import Console
    from .errors import UsageError
    from .models import NewTable, load_model
    from .progress import Progress

    console = Console(json=json)
    if output is not None and output.suffix not in (".csv", ".parquet"):
        raise UsageError(
            code="LN745",
            where=f"--output {output}",
            saw=f"the ending {output.suffix!r}",
            why="it says the format",
            fix=f"--output {output.with_suffix('.csv')}, or .parquet",
        )
    _, trained = load_model(model)
    if probabilities and trained.task != "classification":
        raise UsageError(
            code="LN746",
            where="--probabilities",
            saw="a model that predicts values",
            why="only classes have probabilities",
            fix="leave --probabilities out",
        )
    with Progress(console) as progress:
        table = NewTable(trained, data, given, extra=extra, progress=progress)
        for note in table.notes:
            console.note(note)
        rows = _predicted(trained, table, extra, probabilities=probabilities, console=console)
        _write(rows, output, console)
    console.say(f"{table.found.rows:,} predictions" + (f" in {output}" if output else ""))
    console.event("result", rows=table.found.rows, output=None if output is None else str(output))


def _predicted(
    model: Any, table: NewTable, extra: tuple[str, ...], *, probabilities: bool, console: Console
) -> Iterator[Any]:
    """The predictions for some rows at a time, as DataFrames; at the end, what categories were unknown."""
    import pandas as pd

    from ..tabular.columns import told_unknown

    unknown = Counter[tuple[str, str]]()
    for rows in table.frames():
        found = rows[list(extra)].copy()
        name = str(model.target_name or "prediction")
        with table.named_lines():
            predictions, shares = model.answers(rows[table.wanted], unknown=unknown)
        found[name if name not in extra else f"{name} predicted"] = predictions
        if probabilities:
            names = [f"p({one})" for one in model.classes]
            found = pd.concat([found, pd.DataFrame(shares, columns=names, index=found.index)], axis=1)
        yield found
    for line in told_unknown(unknown):
        console.note(line)


def _write(frames: Iterator[Any], output: Path | None, console: Console) -> None:
    if output is None and console.json:
        number = 0
        for rows in frames:
            for row in rows.to_dict("records"):
                number += 1
                console.event("prediction", row=number, values=row)
    elif output is None:
        _write_csv(frames, sys.stdout)
    else:
        part = output.with_name(f".{output.name}.part")
        try:
            if output.suffix == ".csv":
                with part.open("w", encoding="utf-8", newline="") as file:
                    _write_csv(frames, file)
            else:
                _write_parquet(frames, part)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)


def _write_csv(frames: Iterator[Any], file: TextIO) -> None:
    writer = csv.writer(file, lineterminator="\n")
    for number, rows in enumerate(frames):
        if number == 0:
            writer.writerow(rows.columns)
        writer.writerows(rows.itertuples(index=False, name=None))


def _write_parquet(frames: Iterator[Any], path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    try:
        for rows in frames:
            table = pa.Table.from_pandas(rows, preserve_index=False)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()
