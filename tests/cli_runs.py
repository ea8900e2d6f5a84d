"""Running the command line in this process, on small files, with small networks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from lincoln.cli.application import application

QUICK = ("--epochs", "2", "--hidden", "4", "--no-plots")
"""A training run of a few milliseconds."""


@dataclass(frozen=True)
class Answer:
    """What a command said: to people, to programs, and its exit code."""

    code: int
    err: str
    out: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, name: str) -> dict[str, Any]:
        """The last event of that name."""
        return [event for event in self.events if event["event"] == name][-1]


def lincoln(*words: Any) -> Answer:
    """Run a command; an error that is not answered is raised here."""
    result = CliRunner().invoke(application, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stderr, result.stdout)


def written(path: Path, content: str | bytes) -> Path:
    """A file with that content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
