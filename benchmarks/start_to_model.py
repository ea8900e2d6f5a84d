"""Seconds from the start of a process to a trained model: 200 epochs of `tiny`, and to the import alone.

python benchmarks/start_to_model.py [--quick] [--repetitions 7]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence

from processes import CONTESTANTS, LINCOLN, WITHOUT_KERNELS, all_threads, first_runs, in_turn, progress, python
from report import Record, best_and_median, by_repetition, conditions, markdown, ratio, save, shown

EPOCHS = 200
TRAIN = """
from workloads import WORKLOADS
from contestants import {program} as contestant
contestant.training(WORKLOADS["tiny"], "{mode}")({epochs})
"""
BARE = {"Python alone": "pass", "NumPy alone": "import numpy"}
IMPORTS = BARE | {
    LINCOLN: "import lincoln",
    "PyTorch": "import numpy, torch",
    "JAX": "import jax",
    "scikit-learn": "import sklearn.neural_network",
}
MODES = {"PyTorch": ("eager",), "JAX": ("scan", "step")}
NAMES = (LINCOLN, "PyTorch", "JAX", "scikit-learn", WITHOUT_KERNELS)


def measure(*, repetitions: int) -> Iterator[Record]:
    """Every contestant, in turn, each in a new process, after a run that fills the caches and tells the versions."""
    yield from first_runs(NAMES)
    for repetition in range(repetitions):
        for name in in_turn([*NAMES, *BARE], repetition):
            progress(f"repetition {repetition + 1}: {name}")
            yield from (record | {"contestant": name, "repetition": repetition} for record in _records(name))


def tables(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Title and table: a row for each contestant."""
    rows = []
    names = dict.fromkeys(record["contestant"] for record in records)
    reference = by_repetition(records, "seconds", contestant=LINCOLN, until="model")
    for name in [one for one in (*NAMES, *BARE) if one in names]:
        imported, trained = (
            by_repetition(records, "seconds", contestant=name, until=until) for until in ("import", "model")
        )
        rows.append([name, best_and_median(imported), best_and_median(trained), shown(ratio(trained, reference))])
    head = ["", "until imported", "until trained", "trained / Lincoln's, median"]
    return [(f"Seconds from process start, best / median; {EPOCHS} epochs of `tiny`", markdown(head, rows))]


def _records(name: str) -> Iterator[Record]:
    if name in IMPORTS:
        yield _timed(IMPORTS[name]) | {"until": "import"}
    if name in BARE:
        return
    contestant = CONTESTANTS[name]
    for mode in MODES.get(name, ("",)):
        program = TRAIN.format(program=contestant.program, mode=mode, epochs=EPOCHS)
        yield _timed(program, **contestant.environment) | {"until": "model", "mode": mode}


def _timed(program: str, **environment: str) -> Record:
    started = time.perf_counter()
    done = python("-c", program, threads=all_threads(), more=environment)
    return {"seconds": time.perf_counter() - started} if "error" not in done else done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 repetitions")
    parser.add_argument("--repetitions", type=int, default=7)
    chosen = parser.parse_args()
    repetitions = 2 if chosen.quick else chosen.repetitions
    under = conditions(repetitions=repetitions)
    records = list(measure(repetitions=repetitions))
    title = "From process start to a trained model"
    save("start_to_model", title=title, parts=tables(records), records=records, under=under)


if __name__ == "__main__":
    main()
