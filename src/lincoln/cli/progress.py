"""How far a long piece of work has got: a bar on a terminal, a few lines of text elsewhere; always done of total."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from .console import Console, printable

__all__ = ["Progress"]

_EVERY = 0.1
_LINES = 10
_QUIET = 2.0
"""Seconds between two lines where stderr is not a terminal."""
_SILENT = 30.0
"""Seconds after which there is a line in any case."""


class Progress:
    """Stages of work, one after the other; each knows its total from its beginning.

    Args:
        console: where to show it.

    >>> with Progress(Console()) as progress:
    ...     progress.stage("reading", total=100, unit="MB")
    ...     progress.update(100)
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.total = self.done = 0.0
        self._title = self._unit = self._more = ""
        self._bar: Any = None
        self._task: Any = None
        self._started = self._shown = self._said = 0.0
        self._before: float | None = None
        self._lines = 0

    def __enter__(self) -> Self:
        if self.console.terminal and (rich := self.console.rich()) is not None:
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
            from rich.table import Column

            whole = Column(no_wrap=True)
            columns = (TextColumn("{task.description}", markup=False, table_column=whole), BarColumn(bar_width=20))
            state = TextColumn("{task.fields[state]}", markup=False, table_column=whole)
            self._bar = Progress(*columns, state, TimeRemainingColumn(), console=rich, transient=True)
            self._bar.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def stage(self, title: str, *, total: float, unit: str) -> None:
        """Begin a stage; the one before it is over."""
        title = printable(title)
        self._title, self._unit, self.total, self.done, self._more = title, unit, max(total, 1e-9), 0.0, ""
        self._started = self._shown = self._said = time.perf_counter()
        self._before, self._lines = None, 0
        if self._bar is not None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(title, total=self.total, state="")

    def update(self, done: float, *, more: str = "") -> None:
        """Show how much of the total is done, with ``more`` beside it."""
        self.done, self._more = done, more or self._more
        now = time.perf_counter()
        if self._before is None:  # a stage that goes on has done much before: its pace counts from here
            self._before, self._started = done, now
        if now - self._shown < _EVERY and done < self.total:
            return
        self._shown = now
        if self._bar is not None:
            self._bar.update(self._task, completed=done, state=self.state())
        elif (
            self._before < done < self.total
            and now - self._started > _QUIET
            and (done * _LINES >= self.total * (self._lines + 1) or now - self._said > _SILENT)
        ):
            self._lines, self._said = int(done * _LINES / self.total), now
            self.console.say(f"{self._title}: {self.state()}, {_duration(self.remaining(now))} left")

    def state(self) -> str:
        """Done of total, in words."""
        return f"{self.done:,.0f} of {self.total:,.0f} {self._unit}" + (f", {self._more}" if self._more else "")

    def remaining(self, now: float) -> float:
        """The seconds that the rest takes at the pace since the first update."""
        return (now - self._started) * (self.total - self.done) / max(self.done - (self._before or 0.0), 1e-9)


def _duration(seconds: float) -> str:
    """Seconds in words.

    >>> _duration(42.4), _duration(200), _duration(8000)
    ('42 s', '3 min 20 s', '2 h 13 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
