"""How the cost of training grows with width, depth, batch size and rows, each with its slope on logarithmic axes.

python benchmarks/scaling.py [--quick] [--repetitions 3] [--axes width depth batch rows]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from statistics import median
from typing import Any, NamedTuple

from processes import CONTESTANTS, LIMIT, LINCOLN, all_threads, contest, in_turn, progress
from report import Record, by_repetition, conditions, markdown, ratio, save, shown, slope


class Axis(NamedTuple):
    """What grows, over which sizes, and what of `tab` it changes. Enough steps make an epoch's own cost small."""

    sizes: tuple[int, ...]
    change: Callable[[int], dict[str, Any]]
    unit: str = "step"


AXES = {
    "width": Axis(
        (64, 128, 256, 512, 1024, 2048, 4096),
        lambda n: {"hidden": (n, n), "examples": 256 * max(4, 16_384 // n)},
    ),
    "depth": Axis((1, 2, 4, 8, 16, 32), lambda n: {"hidden": (128,) * n, "examples": 256 * max(8, 64 // n)}),
    "batch": Axis(
        (1, 4, 16, 64, 256, 1024, 4096, 8192),
        lambda n: {"batch": n, "examples": n * max(8, 2048 // n)},
    ),
    "rows": Axis((1024, 4096, 16_384, 65_536, 262_144, 1_048_576), lambda n: {"examples": n}, "epoch"),
}
LARGE = 4
"""How many of the largest sizes the second slope is fitted to: there the fixed cost of a call has worn off."""


def measure(axes: Sequence[str], *, repetitions: int, threads: int) -> Iterator[Record]:
    """Lincoln and the matrix products alone, at every size, in turn, each in a new process."""
    for repetition, axis in product(range(repetitions), axes):
        for size, name in product(AXES[axis].sizes, in_turn((LINCOLN, LIMIT), repetition)):
            progress(f"repetition {repetition + 1}, {axis} {size}: {name}")
            change = json.dumps(AXES[axis].change(size))
            found = contest(CONTESTANTS[name], "tab", "--change", change, threads=threads)
            if "error" not in found and AXES[axis].unit == "epoch":
                found["microseconds"] *= found["steps"]
            yield found | {"contestant": name, "repetition": repetition, "axis": axis, "size": size}


def tables(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Titles and tables: for each axis a row for each size, and a last one with the slopes."""
    parts = []
    for axis in dict.fromkeys(record["axis"] for record in records):
        here = [record for record in records if record["axis"] == axis]
        head = ["", f"Lincoln, µs a{'n epoch' if AXES[axis].unit == 'epoch' else ' step'}", "peak MB", f"÷ {LIMIT}"]
        parts.append((f"{axis.capitalize()}", markdown(head, _rows(here))))
    return parts


def costs(records: Sequence[Record]) -> dict[int, float]:
    """Lincoln's median cost at each size."""
    found = {}
    for size in sorted({record["size"] for record in records}):
        figures = by_repetition(records, contestant=LINCOLN, size=size)
        if figures:
            found[size] = median(figures.values())
    return found


def _rows(records: Sequence[Record]) -> list[list[str]]:
    rows = []
    measured = costs(records)
    for size, cost in measured.items():
        mine, limit = (by_repetition(records, size=size, contestant=name) for name in (LINCOLN, LIMIT))
        peak = by_repetition(records, "peak_mb", size=size, contestant=LINCOLN)
        rows.append([f"{size:,}", shown(cost), shown(median(peak.values())), shown(ratio(mine, limit))])
    sizes, values = list(measured), list(measured.values())
    fits = (slope(sizes, values), slope(sizes[-LARGE:], values[-LARGE:]))
    return [*rows, ["slope: all sizes, the largest", " , ".join(shown(fit) for fit in fits), "", ""]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1 repetition")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES))
    parser.add_argument("--threads", type=int, default=all_threads())
    chosen = parser.parse_args()
    repetitions = 1 if chosen.quick else chosen.repetitions
    under = conditions(repetitions=repetitions, threads=chosen.threads)
    records = list(measure(chosen.axes, repetitions=repetitions, threads=chosen.threads))
    title = "How the cost of training grows, from `tab` (50-128-128-2, batch 256, Adam)"
    save(
        "scaling",
        title=title,
        parts=tables(records),
        records=records,
        under=under,
    )


if __name__ == "__main__":
    main()
