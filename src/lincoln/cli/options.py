"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

__all__ = ["READING", "reading_options", "talking_options"]

Command = Callable[..., Any]

READING = ("delimiter", "encoding", "decimal", "header", "missing", "not_missing", "skip_bad_rows")
"""The options that say how a CSV file is to be read."""


def _delimiter(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    value = {"tab": "\t", "\\t": "\t", "space": " "}.get(value or "", value)
    if value is not None and (len(value) != 1 or value in '"\r\n' or ord(value) > 127):
        raise click.BadParameter(f'{value!r} is not one ASCII sign such as "," or ";", nor "tab"')
    return value


def reading_options(command: Command) -> Command:
    """The options that say how a CSV file is to be read."""
    for option in (
        click.option("--skip-bad-rows", is_flag=True, help="Leave out lines of another length than the header."),
        click.option(
            "--missing", multiple=True, metavar="VALUE", help="A text that means: not known. May be repeated."
        ),
        click.option(
            "--not-missing",
            multiple=True,
            metavar="VALUE",
            help="A text that is a value, such as None. May be repeated.",
        ),
        click.option("--header/--no-header", default=True, help="Whether the first line names the columns."),
        click.option("--decimal", type=click.Choice([".", ","]), help="The sign before decimals; found by itself."),
        click.option("--encoding", metavar="NAME", help="Of a CSV file; found by itself (UTF-8, UTF-16, cp1252)."),
        click.option(
            "--delimiter", metavar="SIGN", callback=_delimiter, help='"," or ";" or "tab" ...; found by itself.'
        ),
    ):
        command = option(command)
    return command


def talking_options(command: Command) -> Command:
    """``--json`` and ``--debug``, which every command has."""
    for option in (
        click.option("--debug", is_flag=True, expose_value=False, help="Show Python's traceback after an error."),
        click.option("--json", is_flag=True, help="Write JSON Lines to stdout, for programs."),
    ):
        command = option(command)
    return command


def reading(given: Mapping[str, Any]) -> dict[str, Any]:
    """The reading options among all that were given."""
    return {name: given[name] for name in READING}
