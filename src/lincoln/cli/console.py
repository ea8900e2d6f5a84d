"""What the command line says: text for people to stderr, JSON Lines to stdout, no control characters in files."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import Any

from ..exc import LincolnError
from ..tables import table as text_table

__all__ = ["Console"]

_COLORS = {"error": "bold red", "note": "yellow", "good": "bold green", "": ""}


class Console:
    """Writes to stderr for people, and to stdout for programs if they asked for it.

    Args:
        json: whether events are written to stdout, one JSON object a line.

    >>> Console(json=True).event("epoch", number=1, loss=float("nan"))
    {"event": "epoch", "number": 1, "loss": null}
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.terminal = sys.stderr is not None and sys.stderr.isatty()
        self._rich: Any = None

    def say(self, text: str = "", *, style: str = "") -> None:
        """Write text for people. What would move the cursor or change colors is written as an escape."""
        text = printable(text)
        if self.terminal and (rich := self.rich()) is not None:
            rich.print(text, style=_COLORS[style] or None, markup=False, highlight=False, emoji=False, soft_wrap=True)
            return
        stream = sys.stderr
        encoding = getattr(stream, "encoding", None) or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)

    def note(self, text: str) -> None:
        """A warning, which stops nothing."""
        self.say(f"note: {text}", style="note")
        self.event("note", text=text)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
        """Rows under their headers; drawn by rich on a terminal."""
        headers, rows = [printable(one) for one in headers], [[printable(cell) for cell in row] for row in rows]
        if self.terminal and (rich := self.rich()) is not None:
            from rich import box
            from rich.table import Table
            from rich.text import Text

            drawn = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
            for header in headers:
                drawn.add_column(Text(header), overflow="fold")
            for row in rows:
                drawn.add_row(*map(Text, row))
            rich.print(drawn)
            return
        self.say("\n".join(filter(None, [title, text_table(headers, rows)])))

    def error(self, error: LincolnError, *, exit_code: int) -> None:
        """An error as where, saw, why and fix, with the command that tells more about its code."""
        text = str(error)
        notes = getattr(error, "__notes__", [])
        if error.code:
            text += f"\n  more: lincoln explain-error {error.code}"
        self.say("\n".join([text, *notes]), style="error")
        parts = {name: getattr(error, name) for name in ("code", "where", "saw", "why", "fix")}
        parts["saw"] = parts["saw"] or error.message
        self.event("error", **parts, exit_code=exit_code)

    def event(self, event: str, **data: Any) -> None:
        """One JSON object on a line of stdout; nothing unless JSON was asked for."""
        if self.json:
            print(as_json({"event": event} | data), flush=True)  # noqa: T201

    def rich(self) -> Any:
        """Rich's console on stderr; None where rich is not installed."""
        if self._rich is None:
            try:
                from rich.console import Console as RichConsole
            except ImportError:
                return None
            self._rich = RichConsole(stderr=True)
        return self._rich


def as_json(value: Any) -> str:
    """A value as one line of JSON; numbers that JSON does not know become null.

    >>> as_json({"a": [1.5, math.inf]})
    '{"a": [1.5, null]}'
    """
    return json.dumps(_plain(value), ensure_ascii=True, allow_nan=False)


def printable(text: str) -> str:
    r"""Text whose control characters, but for line ends and tabs, are written as escapes.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(sign if sign in "\n\t" or sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    return sign if sign == "\N{NO-BREAK SPACE}" else sign.encode("unicode_escape").decode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)
