"""A step of `tab` with every activation, normalization, loss and optimizer that Lincoln has, against PyTorch.

python benchmarks/options.py [--quick] [--repetitions 3] [--groups activation loss]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import product

from contestants.options import LINCOLN, PYTORCH, Row, rows
from processes import progress, python
from report import Record, best_and_median, by_repetition, conditions, markdown, ratio, save, shown

GROUPS = tuple(dict.fromkeys(row.group for row in rows()))
THREADS = 1


def measure(table: Sequence[Row], *, repetitions: int) -> Iterator[Record]:
    """Each row in a process of its own, in which both libraries take turns: one record for each."""
    for repetition, row in product(range(repetitions), table):
        progress(f"repetition {repetition + 1}, {row.key}")
        found = python("-m", "contestants.options", row.key, threads=THREADS)
        about = {"group": row.group, "row": row.name, "repetition": repetition}
        if "error" in found:
            yield about | {"contestant": row.key, "error": found["error"]}
            continue
        for name, figure in found["microseconds"].items():
            yield about | {"contestant": name, "microseconds": figure, "versions": found["versions"]}


def tables(records: Sequence[Record]) -> list[tuple[str, str]]:
    """A table for each group: microseconds a step, best and median, and the ratio."""
    parts = []
    for group in dict.fromkeys(record["group"] for record in records):
        lines = []
        for name in dict.fromkeys(record["row"] for record in records if record["group"] == group):
            ours, theirs = (
                by_repetition(records, group=group, row=name, contestant=contestant)
                for contestant in (LINCOLN, PYTORCH)
            )
            times = [best_and_median(figures) for figures in (ours, theirs)]
            lines.append([name, *times, shown(ratio(theirs, ours))])
        parts.append((group, markdown(["", LINCOLN, PYTORCH, f"{PYTORCH} / {LINCOLN}"], lines)))
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1 repetition")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    chosen = parser.parse_args()
    repetitions = 1 if chosen.quick else chosen.repetitions
    under = conditions(threads=THREADS, repetitions=repetitions)
    records = list(measure([row for row in rows() if row.group in chosen.groups], repetitions=repetitions))
    title = "A step of `tab` (50-128-128-2, batch 256, Adam, float32) with each option: microseconds, best / median"
    save("options", title=title, parts=tables(records), records=records, under=under)


if __name__ == "__main__":
    main()
