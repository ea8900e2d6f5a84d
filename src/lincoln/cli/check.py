"""``lincoln check``: gradients against central differences."""

from __future__ import annotations

import click

from .options import talking_options

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  lincoln check
  lincoln check runs/people
"""


@click.command(epilog=_EXAMPLES)
@click.argument("model", required=False, metavar="[MODEL]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the random inputs.")
@talking_options
def command(model: str | None, seed: int, json: bool) -> int:
    """Compare the gradients of every layer and loss, or of a model's network, with central differences.

    Exits with 1 if one is wrong.
    """
    from ..files import load
    from .console import Console
    from .gradients import all_reports, model_reports
    from .runs import find_model

    console = Console(json=json)
    reports = all_reports(seed) if model is None else model_reports(load(find_model(model)), seed)
    rows, wrong = [], []
    for name, report in reports:
        rows.append([name, str(len(report.rows)), f"{report.worst:.1e}", "yes" if report.ok else "NO"])
        console.event("gradients", name=name, ok=report.ok, worst=report.worst, arrays=len(report.rows))
        if not report.ok:
            wrong.append(str(report))
    console.table(["gradients of", "arrays", "largest relative error", "right"], rows)
    for text in wrong:
        console.say(f"\n{text}", style="error")
    console.say(f"\n{len(rows) - len(wrong)} of {len(rows)} right", style="error" if wrong else "good")
    return 1 if wrong else 0
