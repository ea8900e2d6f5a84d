"""``lincoln train``: from a table to a tested model in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import reading_options, talking_options

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  lincoln train
  lincoln train people.csv --target income
  lincoln train houses.parquet --target price --drop id --epochs 50 --seed 1
  lincoln train --config runs/people/config.toml
  lincoln train --resume runs/people
"""


def _use_config(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Take the settings of a file for those that the command line does not give."""
    from .settings import read_settings

    if value is not None:
        ctx.default_map = {**(ctx.default_map or {}), **read_settings(Path(value))}
    return value


class Hidden(click.ParamType):  # type: ignore[type-arg]
    """Sizes of hidden layers, as in ``128,64``; ``none`` for no hidden layer."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        words = value.replace(",", " ").split() if isinstance(value, str) else list(value)
        if words in (["none"], ["0"]) or words == value == []:
            return ()
        try:
            sizes = tuple(int(word) for word in words)
        except (TypeError, ValueError):
            sizes = (0,)
        if not sizes or min(sizes) < 1:
            self.fail(f"{value!r} are not sizes such as 128 or 128,64", param, ctx)
        return sizes


_COUNT, _SHARE, _RATE = click.IntRange(min=1), click.FloatRange(0, 0.9), click.FloatRange(0, min_open=True)


@click.command(epilog=_EXAMPLES)
@click.argument("data", required=False, type=click.Path(path_type=Path))
@click.option("--target", "-t", metavar="COL", help="The column to be predicted.")
@click.option("--task", type=click.Choice(["classification", "regression"]), help="Found from the target if not given.")
@click.option("--name", metavar="NAME", help="Of the run; the data's name if not given.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), help="Where runs are kept.")
@click.option("--config", metavar="FILE", is_eager=True, callback=_use_config, help="Take settings from a TOML file.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was interrupted.")
@click.option("--fail-under", multiple=True, metavar="METRIC=VALUE", help="Exit with 6 if the test is worse.")
@click.option("--drop", multiple=True, metavar="COL", help="Leave a column out. May be repeated.")
@click.option("--keep", multiple=True, metavar="COL", help="Use a column though it seems a copy of the target.")
@click.option("--numeric", multiple=True, metavar="COL", help="A column that must hold numbers.")
@click.option("--categorical", multiple=True, metavar="COL", help="A column whose numbers are categories.")
@click.option("--drop-missing-target", is_flag=True, help="Leave out rows without a target.")
@click.option("--day-first/--month-first", default=None, help="Of dates such as 03/04/2024; found by itself.")
@click.option("--test-size", type=_SHARE, default=0.2, show_default=True, help="Share of rows to test on.")
@click.option("--valid-size", type=_SHARE, help="Share of the other rows to judge epochs on.")
@click.option("--hidden", type=Hidden(), metavar="SIZES", help="Hidden layers, such as 128,64; none for none.")
@click.option("--epochs", type=_COUNT, help="How many at most.")
@click.option("--batch-size", type=_COUNT)
@click.option("--lr", type=_RATE, help="The learning rate.")
@click.option("--dropout", type=click.FloatRange(0, 1, max_open=True))
@click.option("--weight-decay", type=click.FloatRange(0))
@click.option("--label-smoothing", type=click.FloatRange(0, 1, max_open=True))
@click.option("--patience", type=_COUNT, help="Epochs without a better validation before it stops.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option("--threads", type=_COUNT, help="How many the matrix products use.")
@click.option("--stream/--no-stream", default=None, help="Read in parts, never whole; large tables always are.")
@click.option("--plots/--no-plots", default=True, help="Whether to draw pictures.")
@reading_options
@talking_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    json: bool,
    config: str | None,
    resume: str | None,
    fail_under: tuple[str, ...],
    **given: Any,
) -> int:
    """Train a network on a table (CSV or parquet), test it, and save it into runs/NAME.

    Without DATA it trains on the irises that come with Lincoln.
    """
    from .console import Console
    from .training import train

    typed = {
        name
        for name in given
        if ctx.get_parameter_source(name)
        in (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT)
    }
    return train(given, typed=typed, resume=resume, config=config, gates=fail_under, console=Console(json=json))
