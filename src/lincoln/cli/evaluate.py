"""``lincoln evaluate``: how good a model's predictions for a table are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from .options import reading_options, talking_options

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  lincoln evaluate runs/people new.csv
  lincoln evaluate runs/people new.csv --fail-under accuracy=0.85 --json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--target", "-t", metavar="COL", help="The true values; the name of training if not given.")
@click.option("--fail-under", multiple=True, metavar="METRIC=VALUE", help="Exit with 6 if it is worse.")
@click.option("--drop-missing-target", is_flag=True, help="Leave out rows without a true value.")
@reading_options
@talking_options
def command(
    model: str,
    data: Path,
    target: str | None,
    fail_under: tuple[str, ...],
    drop_missing_target: bool,
    json: bool,
    **given: Any,
) -> None:
    """Compare a model's predictions for DATA with the true values in it."""
    from ..tabular.columns import told_unknown
    from ..tabular.troubles import check_known
    from .console import Console
    from .gates import check_gates, read_gates, shown_metric
    from .models import NewTable, check_labels, load_model
    from .progress import Progress

    console, gates = Console(json=json), read_gates(fail_under)
    _, trained = load_model(model)
    target = target or str(trained.target_name)
    with Progress(console) as progress:
        table = NewTable(trained, data, given, progress=progress, target=target)
        facts = table.found.facts[target]
        check_known(table.file, target, facts, drop_missing=drop_missing_target)
        check_labels(table, trained, target)
        for note in table.notes:
            console.note(note)
        rows = facts.numbers + facts.texts
        if facts.missing:
            console.note(f"{facts.missing:,} rows without a value of {target!r} are left out")
        unknown = Counter[tuple[str, str]]()
        known = (part[part[target].notna()] for part in table.frames())
        with table.named_lines():
            metrics = trained.evaluate_chunks((part for part in known if len(part)), target, unknown=unknown)
        for line in told_unknown(unknown):
            console.note(line)
    console.table([target, f"{rows:,} rows"], [[name, shown_metric(name, value)] for name, value in metrics.items()])
    console.event("result", rows=rows, metrics=metrics)
    check_gates(gates, metrics)
