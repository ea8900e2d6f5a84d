"""The command line: ``lincoln train people.csv --target income``, and what follows from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 all right, 1 a fault of Lincoln, 2 usage, 3 data, 4 training failed, 5 model file, 6 gate missed, 130 interrupted.

    Args:
        args: the words after ``lincoln``; those of this process if not given.

    >>> main(["--version"])
    lincoln ...
    0
    """
    try:
        import click  # noqa: F401

        from .application import application
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        print(_NO_CLICK, file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        return 130
    return application.run(args)


_NO_CLICK = """\
LN721 MissingPackageError in lincoln
  saw:  no package click
  why:  the command line is made with it
  fix:  pip install -e ".[cli]\""""
