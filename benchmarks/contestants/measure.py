"""What every contestant's program does with its library: time rounds of work, and print one line of JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workloads import WORKLOADS, Workload

Run = Callable[[int], object]
"""Does so many epochs, or so many calls, and returns when they are done."""

ROUNDS = 5
ROUND_SECONDS = 0.12
ENOUGH_SECONDS = 1.0


def program(
    *,
    training: Callable[[Workload, str], Run] | None = None,
    inference: Callable[[Workload], Run] | None = None,
    versions: Callable[[], dict[str, Any]],
    modes: tuple[str, ...] = ("",),
) -> None:
    """Read the command line, do the work, print the record.

    Args:
        training: given a workload and a mode, what trains for so many epochs.
        inference: given a workload, what answers for its first batch so many times.
        versions: of the library and of what multiplies its matrices.
        modes: the ways in which the library can be used for training.
    """
    chosen = _arguments(modes)
    work = WORKLOADS[chosen.workload]._replace(**chosen.change)
    if chosen.smoke:
        work = work._replace(examples=work.batch)
    if chosen.task == "training" and training:
        run, count = training(work, chosen.mode), work.steps
    elif chosen.task == "inference" and inference:
        run, count = inference(work), 1
    else:
        raise SystemExit(f"this contestant does no {chosen.task}")
    record = timed(run, smoke=chosen.smoke)
    rounds = [1e6 * seconds / record["repeats"] / count for seconds in record.pop("seconds")]
    record |= {"microseconds": min(rounds), "rounds": [round(one, 3) for one in rounds], "steps": count}
    _print({"workload": work.name, "mode": chosen.mode} | record | {"peak_mb": peak_mb(), "versions": versions()})


def timed(run: Run, *, smoke: bool = False) -> dict[str, Any]:
    """Warm up, find out how many repeats fill a round, and time the rounds.

    Returns the repeats in a round, each round's seconds, and how many cores were busy on average. A slow contestant
    stops early: after two rounds, if they have taken long enough.
    """
    run(1)
    repeats, seconds = 1, _seconds(run, 1)
    while seconds < ROUND_SECONDS / 2 and not smoke:
        repeats *= 2
        seconds = _seconds(run, repeats)
    busy, started, taken = time.process_time(), time.perf_counter(), [seconds]
    while len(taken) < ROUNDS and not (smoke or (len(taken) > 1 and sum(taken) > ENOUGH_SECONDS)):
        taken.append(_seconds(run, repeats))
    cores = (time.process_time() - busy) / (time.perf_counter() - started)
    return {"repeats": repeats, "seconds": taken, "cores": round(cores, 2)}


def peak_mb() -> float:
    """The most memory that this process has had resident, in megabytes (10⁶ bytes).

    Linux starts the count of ``getrusage`` with what the parent had; its ``VmHWM`` is this program's own.
    """
    import resource
    import sys

    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(line.split()[1]) * 1024 / 1e6, 1)
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def numpy_versions() -> dict[str, str]:
    """Of NumPy and the BLAS that it came with."""
    import numpy as np

    blas: dict[str, Any] = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index, assignment]
    return {"numpy": np.__version__, "blas": f"{blas['name']} {blas['version']}"}


def _arguments(modes: tuple[str, ...]) -> Any:
    import argparse
    import json

    parser = argparse.ArgumentParser(description="Measure one library at one kind of work, and print a line of JSON.")
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--task", choices=("training", "inference"), default="training")
    parser.add_argument("--mode", choices=modes, default=modes[0], help="the way in which the library is used")
    parser.add_argument("--change", type=json.loads, default={}, help='another workload, such as {"hidden": [64]}')
    parser.add_argument("--smoke", action="store_true", help="one step, only to see that it works")
    return parser.parse_args()


def _seconds(run: Run, repeats: int) -> float:
    started = time.perf_counter()
    run(repeats)
    return time.perf_counter() - started


def _print(record: dict[str, Any]) -> None:
    import json

    print(json.dumps(record), flush=True)
