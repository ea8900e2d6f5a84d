"""Training steps of five networks: Lincoln against its peers, and against the matrix products alone.

python benchmarks/training.py [--quick] [--repetitions 5] [--workloads tiny tab] [--threads 1 2]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from statistics import median

from processes import CONTESTANTS, LIMIT, LINCOLN, PEERS, WITHOUT_KERNELS, all_threads, contest, in_turn, progress
from report import Record, best_and_median, by_repetition, conditions, markdown, ratio, save, shown
from workloads import WORKLOADS

Case = tuple[str, int]
"""A workload and a number of threads."""

TOO_SLOW = 1.03
"""A mode that took so many times as long as another of the same library at first is not measured again."""


def measure(cases: Sequence[Case], *, repetitions: int, names: Sequence[str] = tuple(CONTESTANTS)) -> Iterator[Record]:
    """Every contestant at every case, in turn, each in a new process."""
    modes = {(name, case): CONTESTANTS[name].modes for name in names for case in cases}
    for repetition, case in product(range(repetitions), cases):
        for name in in_turn([name for name in names if repetition % CONTESTANTS[name].every == 0], repetition):
            records = [_record(name, case, mode, repetition) for mode in modes[name, case]]
            modes[name, case] = worth_repeating(records)
            yield from records


def worth_repeating(records: Sequence[Record]) -> tuple[str, ...]:
    """The modes of a library that may be its fastest, and did not fail."""
    figures = {record["mode"]: record["microseconds"] for record in records if "microseconds" in record}
    return tuple(mode for mode, figure in figures.items() if figure <= TOO_SLOW * min(figures.values()))


def tables(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Titles and tables: time, ratios and memory for each number of threads."""
    parts = []
    for threads in sorted({record["threads"] for record in records}):
        here = [record for record in records if record["threads"] == threads]
        names = [name for name in CONTESTANTS if any(record["contestant"] == name for record in here)]
        works = [name for name in WORKLOADS if any(record["workload"] == name for record in here)]
        title = f"{threads} thread{'s' if threads > 1 else ''}"
        parts += [
            (f"{title}: microseconds a step, best / median", _times(here, works, names)),
            (f"{title}: ratios, medians over the repetitions", _ratios(here, works)),
            (f"{title}: peak memory in MB, median", _memory(here, works, names)),
        ]
    return parts


def _times(records: Sequence[Record], works: Sequence[str], names: Sequence[str]) -> str:
    rows = [
        [work, *(best_and_median(by_repetition(records, workload=work, contestant=name)) for name in names)]
        for work in works
    ]
    return markdown(["", *names], rows)


def _ratios(records: Sequence[Record], works: Sequence[str]) -> str:
    rows = []
    for work in works:
        times = {name: by_repetition(records, workload=work, contestant=name) for name in CONTESTANTS}
        peers = [ratio(times[name], times[LINCOLN]) for name in PEERS]
        best = min((one for one in peers if one is not None), default=None)
        limit, off = ratio(times[LINCOLN], times[LIMIT]), ratio(times[WITHOUT_KERNELS], times[LINCOLN])
        rows.append([work, *(shown(one) for one in (*peers, best, limit, off))])
    head = [*(f"{name} / Lincoln" for name in PEERS), "best peer / Lincoln"]
    return markdown(["", *head, f"Lincoln / {LIMIT}", "without kernels / with"], rows)


def _memory(records: Sequence[Record], works: Sequence[str], names: Sequence[str]) -> str:
    rows = []
    for work in works:
        peaks = (by_repetition(records, "peak_mb", workload=work, contestant=name) for name in names)
        rows.append([work, *(shown(median(found.values()) if found else None) for found in peaks)])
    return markdown(["", *names], rows)


def _record(name: str, case: Case, mode: str, repetition: int) -> Record:
    workload, threads = case
    progress(f"repetition {repetition + 1}, {workload}, {threads} threads: {name} {mode}")
    chosen = ["--mode", mode] if mode else []
    found = contest(CONTESTANTS[name], workload, *chosen, threads=threads)
    return {
        "contestant": name,
        "repetition": repetition,
        "threads": threads,
        "workload": workload,
        "mode": mode,
    } | found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 repetitions")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--threads", nargs="+", type=int, default=sorted({1, all_threads()}))
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    chosen = parser.parse_args()
    repetitions = 2 if chosen.quick else chosen.repetitions
    cases = list(product(chosen.workloads, chosen.threads))
    under = conditions(repetitions=repetitions)
    records = list(measure(cases, repetitions=repetitions, names=chosen.contestants))
    save("training", title="Training", parts=tables(records), records=records, under=under)


if __name__ == "__main__":
    main()
