"""The application: its commands, loaded when they are asked for, and its exit codes."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..exc import (
    DataError,
    DimensionError,
    LincolnError,
    MatchError,
    MissingDataError,
    MissingPackageError,
    ModelFileError,
    TrainingError,
)
from .console import Console
from .errors import GateError, InternalError, UsageError
from .wording import in_options

__all__ = ["application"]

COMMANDS = ("train", "predict", "evaluate", "inspect", "check", "bench", "doctor", "explain-error")


class Application(click.Group):
    """A group of commands that answers every mistake with a message and an exit code, and never with a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        found: click.Command = import_module(f".{name.replace('-', '_')}", __package__).command
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command; of a word that is none, say which one may be meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from ..tabular.layout import near_miss

            meant = near_miss(args[0], COMMANDS)
            if not meant:
                raise
            raise click.UsageError(f"{error.message} Did you mean {meant!r}?", ctx) from error

    def main(self, args: Sequence[str] | None = None, *more: Any, standalone_mode: bool = True, **named: Any) -> Any:
        """Run, and leave with the exit code as every program does."""
        code = self.run(args, **named)
        if standalone_mode:
            sys.exit(code)
        return code

    def run(self, args: Sequence[str] | None = None, **named: Any) -> int:
        """Run, and return the exit code."""
        words = list(sys.argv[1:] if args is None else args)
        console = Console(json="--json" in words)
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: console.note(str(message))
            try:
                named.setdefault("prog_name", "lincoln")
                code = super().main(words, standalone_mode=False, **named)
                sys.stdout.flush()
            except BrokenPipeError:
                # Who read stdout has what they wanted; Python would complain about the rest when it ends.
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                return 0
            except (KeyboardInterrupt, click.Abort):
                console.say("interrupted")
                return 130
            except Exception as error:
                if "--debug" in words:
                    raise
                return _refuse(error, console)
        return code if isinstance(code, int) else 0


def _refuse(error: Exception, console: Console) -> int:
    """Say what was wrong, and return the exit code that goes with it."""
    told = in_options(error) if isinstance(error, LincolnError) else _told(error)
    code = exit_code(told)
    console.error(told, exit_code=code)
    return code


def exit_code(error: LincolnError) -> int:
    """The exit code that goes with an error.

    >>> exit_code(DataError("no rows")), exit_code(TrainingError("a loss of nan")), exit_code(UsageError("no target"))
    (3, 4, 2)
    """
    if isinstance(error, GateError):
        return 6
    if isinstance(error, InternalError):
        return 1
    if isinstance(error, UsageError | MissingPackageError):
        return 2
    if isinstance(error, ModelFileError):
        return 5
    if isinstance(error, TrainingError):
        return 4
    return 3 if isinstance(error, DataError | MatchError | DimensionError | MissingDataError) else 1


def _told(error: Exception) -> LincolnError:
    """Any other error in the form of Lincoln's own."""
    if isinstance(error, click.ClickException):
        ctx = getattr(error, "ctx", None)
        path = ctx.command_path if ctx is not None else "lincoln"
        return UsageError(
            code="LN700",
            where=path,
            saw=error.format_message(),
            why="the command line was not understood",
            fix=f"{path} --help shows the options, and an example",
        )
    if isinstance(error, OSError) and error.filename is not None:
        return UsageError(
            code="LN730",
            where=str(error.filename),
            saw=f"{type(error).__name__}: {error.strerror}",
            why="the file or folder cannot be read or written",
            fix="another place (--runs, --output), or the right to write there and room on the disk",
        )
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f", line {trace.tb_lineno} of {trace.tb_frame.f_globals.get('__name__')}"
    return InternalError(
        code="LN749",
        where=f"Lincoln {__version__}{place}",
        saw=f"{type(error).__name__}: {error}",
        why="this is a fault of Lincoln, not of yours",
        fix="the same command with --debug shows where; please report it with that output",
    )


@click.command(
    cls=Application,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all right, 1 a fault of Lincoln, 2 usage, 3 data, 4 training failed, 5 model file, "
    "6 gate missed, 130 interrupted.",
)
@click.version_option(__version__, message="lincoln %(version)s")
def application() -> None:
    """Train a neural network on a table, look at it, and predict with it.

    \b
    lincoln train                                        a first run, on data that come with Lincoln
    lincoln train people.csv --target income             train, test and save into runs/people
    lincoln predict runs/people new.csv --output out.csv
    """  # noqa: D301 - click looks for the sign itself
