"""A step by `Trainer`, in one's own loop, and its matrix products alone; and how many Python functions it calls.

python benchmarks/steps.py [--quick] [--repetitions 3] [--threads 1 2]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import product

from contestants.steps import OWN_LOOP, PRODUCTS, TRAINER
from processes import progress, python
from report import Record, best_and_median, by_repetition, conditions, markdown, ratio, save, shown
from workloads import WORKLOADS

WAYS = (TRAINER, OWN_LOOP, PRODUCTS)
ROWS = [*((name, "relu") for name in WORKLOADS), ("tiny", "sigmoid"), ("tiny", "tanh")]


def measure(threads: Sequence[int], *, repetitions: int) -> Iterator[Record]:
    """Each row in a process of its own, in which the three ways take turns; at last the calls."""
    for repetition, count, (work, activation) in product(range(repetitions), threads, ROWS):
        progress(f"repetition {repetition + 1}, {work} with {activation}, {count} threads")
        found = python("-m", "contestants.steps", work, "--activation", activation, threads=count)
        about = {"workload": work, "activation": activation, "threads": count, "repetition": repetition}
        if "error" in found:
            yield about | {"contestant": f"{work} with {activation}", "error": found["error"]}
        for way, figure in found.get("microseconds", {}).items():
            yield about | {"contestant": way, "microseconds": figure, "versions": found["versions"]}
    found = python("-m", "contestants.steps", "tiny", "--frames", threads=1)
    yield {"contestant": "calls", "repetition": 0} | found


def tables(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Times and ratios for each number of threads, and the calls."""
    parts = []
    for threads in sorted({record["threads"] for record in records if "threads" in record}):
        lines = []
        for work, activation in ROWS:
            wanted = {"threads": threads, "workload": work, "activation": activation}
            times = {way: by_repetition(records, contestant=way, **wanted) for way in WAYS}
            ratios = ratio(times[OWN_LOOP], times[TRAINER]), ratio(times[TRAINER], times[PRODUCTS])
            cells = (*map(best_and_median, times.values()), *map(shown, ratios))
            lines.append([f"{work}, {activation}", *cells])
        head = ["", *WAYS, f"{OWN_LOOP} / {TRAINER}", f"{TRAINER} / products"]
        parts.append((f"{threads} thread{'s' if threads > 1 else ''}: microseconds a step", markdown(head, lines)))
    counts = next((record["frames"] for record in records if "frames" in record), {})
    line = ["30-10-2, Adam", *(f"{counts[way]:.1f}" if way in counts else "-" for way in WAYS[:2])]
    return [*parts, ("Python functions called in a step", markdown(["", *WAYS[:2]], [line]))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1 repetition")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    chosen = parser.parse_args()
    repetitions = 1 if chosen.quick else chosen.repetitions
    under = conditions(repetitions=repetitions)
    records = list(measure(chosen.threads, repetitions=repetitions))
    save("steps", title="A step in three ways", parts=tables(records), records=records, under=under)


if __name__ == "__main__":
    main()
