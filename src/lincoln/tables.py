"""Tables as text for terminals: columns as wide as their widest cell, nothing drawn."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["table"]


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of text under their headers.

    >>> print(table(["layer", "size"], [["Linear", "10"], ["ReLU", ""]]))
    layer   size
    Linear  10
    ReLU
    """
    lines = [list(headers), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
