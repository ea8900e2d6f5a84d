"""Errors of the Python interface in the words of the command line."""

from __future__ import annotations

import re
import shlex
from functools import partial

from ..exc import LincolnError

__all__ = ["in_options"]

_OPTIONS = (
    (r"""kinds=\{(?P<name>'[^']*'|"[^"]*"): "category"\}""", "--categorical {}"),
    (r"""kinds=\{(?P<name>'[^']*'|"[^"]*"): "drop"\}""", "--drop {}"),
    (r"""missing=\(\.\.\., (?P<name>'[^']*'|"[^"]*")\)""", "--missing {}"),
    (r"""TabularModel\(task="(?P<name>classification|regression)"\)""", "--task {}"),
    (r"""task="(?P<name>classification|regression)\"""", "--task {}"),
)
"""What a fix says in Python, and which option means the same."""


def in_options(error: LincolnError) -> LincolnError:
    """The same error, its fix in options of the command line where it names arguments of a table's model."""
    if not error.code.startswith("LN6"):
        return error
    told = type(error)(code=error.code, where=error.where, saw=error.saw, why=error.why, fix=as_options(error.fix))
    for note in getattr(error, "__notes__", ()):
        told.add_note(note)
    return told


def as_options(fix: str) -> str:
    r"""What is to be done, in options instead of arguments.

    >>> as_options("a number there; or missing=(..., 'not known') when fitting")
    "a number there; or --missing 'not known'"
    """
    fix = fix.replace(" when fitting", "")
    for pattern, option in _OPTIONS:
        fix = re.sub(pattern, partial(_option, option), fix)
    return re.sub(r"; table\[.*?\] = pd\.to_datetime\(.*?\) reads others", "", fix)


def _option(option: str, match: re.Match[str]) -> str:
    return option.format(shlex.quote(match["name"].strip("'\"")))
