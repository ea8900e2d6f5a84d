"""The errors that only the command line knows."""

from __future__ import annotations

from ..exc import LincolnError

__all__ = ["GateError", "InternalError", "UsageError"]


class UsageError(LincolnError, ValueError):
    """The command line was given words that do not fit together."""


class GateError(LincolnError):
    """A metric is on the wrong side of the value that ``--fail-under`` names."""


class InternalError(LincolnError):
    """A fault of Lincoln itself."""
