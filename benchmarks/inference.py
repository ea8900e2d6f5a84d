"""Answers of the network `tab` to 1, 32 and 4,096 rows: Lincoln against its peers, microseconds a call.

python benchmarks/inference.py [--quick] [--repetitions 5] [--threads 1 2]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import product

from processes import CONTESTANTS, LINCOLN, PEERS, WITHOUT_KERNELS, all_threads, contest, in_turn, progress
from report import Record, best_and_median, by_repetition, conditions, markdown, ratio, save, shown

BATCHES = (1, 32, 4096)
NAMES = (LINCOLN, "PyTorch", "JAX", "scikit-learn", WITHOUT_KERNELS)


def measure(batches: Sequence[int], threads: Sequence[int], *, repetitions: int) -> Iterator[Record]:
    """Every contestant at every batch size, in turn, each in a new process."""
    for repetition, batch, count in product(range(repetitions), batches, threads):
        for name in in_turn(NAMES, repetition):
            progress(f"repetition {repetition + 1}, batch {batch}, {count} threads: {name}")
            change = json.dumps({"batch": batch, "examples": max(batch, 1000)})
            found = contest(CONTESTANTS[name], "tab", "--task", "inference", "--change", change, threads=count)
            yield found | {"contestant": name, "repetition": repetition, "threads": count, "batch": batch}


def tables(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Titles and tables: time and ratios, a row for each number of threads and batch size."""
    peers = [name for name in NAMES if name in PEERS]
    times, ratios = [], []
    for threads, batch in sorted({(record["threads"], record["batch"]) for record in records}):
        found = {name: by_repetition(records, threads=threads, batch=batch, contestant=name) for name in NAMES}
        row = f"batch {batch:,}, {threads} thread{'s' if threads > 1 else ''}"
        times.append([row, *(best_and_median(found[name]) for name in NAMES)])
        pairs = [(name, LINCOLN) for name in (*peers, WITHOUT_KERNELS)]
        ratios.append([row, *(shown(ratio(found[above], found[below])) for above, below in pairs)])
    return [
        ("Microseconds a call, best / median", markdown(["", *NAMES], times)),
        (
            "Ratios, medians over the repetitions",
            markdown(["", *(f"{name} / Lincoln" for name in peers), "without kernels / with"], ratios),
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 repetitions")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument("--threads", nargs="+", type=int, default=sorted({1, all_threads()}))
    chosen = parser.parse_args()
    repetitions = 2 if chosen.quick else chosen.repetitions
    under = conditions(repetitions=repetitions)
    records = list(measure(chosen.batches, chosen.threads, repetitions=repetitions))
    save("inference", title="Inference", parts=tables(records), records=records, under=under)


if __name__ == "__main__":
    main()
