"""Kill ``lincoln train`` at random moments, go on with ``--resume`` until it ends, and compare the models bit for bit.

Each run is killed with SIGKILL several times: at a moment drawn uniformly from much of the run's duration, or, every
other time, within 0.3 seconds after it has gone on with its training. Half of the runs write checkpoints as often as
they can, so that kills hit every place of an epoch and the writing itself. One process forks all the others, so it
takes a Unix.

    python benchmarks/kill_train.py --kills 200
    python benchmarks/kill_train.py --kills 200 --stream
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import lincoln as lnc
from lincoln.cli.application import application
from lincoln.files import checkpoint

SOON = 0.3
"""Seconds after a resume within which every other kill comes."""
KILLS_OF_A_RUN = 5
SETTINGS = ("--target", "buys", "--epochs", "12", "--batch-size", "16", "--hidden", "24,16", "--dropout", "0.2")
OTHERS = ("--valid-size", "0.2", "--patience", "12", "--threads", "1", "--no-plots")


def write_table(path: Path, rows: int) -> None:
    """A table with numbers, holes and categories, whose target can be learned."""
    rng = np.random.default_rng(0)
    age, pay, city = rng.integers(18, 90, rows), rng.normal(2500.0, 800.0, rows), rng.integers(0, 5, rows)
    buys = (age / 30 + pay / 1500 + city + rng.normal(size=rows)) > 6
    lines = [
        f"{a},{'' if hole else f'{p:.2f}'},town{c},{'yes' if b else 'no'}"
        for a, p, c, b, hole in zip(age, pay, city, buys, rng.random(rows) < 0.05, strict=True)
    ]
    path.write_text("\n".join(["age,pay,city,buys", *lines]) + "\n")


def start(words: list[str], *, often: bool) -> int:
    """Run ``lincoln`` with these words in a process of its own."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        if often:
            checkpoint._LEAST_SECONDS, checkpoint._SHARE = 0.005, 1.0
        status = application.run(words)
    finally:
        os._exit(status)


def ended_well(process: int) -> bool:
    """Wait for a process; whether it ended by itself and without an error."""
    return os.waitpid(process, 0)[1] == 0


def is_alive(process: int) -> bool:
    """Whether a process runs; it is waited for later."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def age(folder: Path) -> int:
    """When the checkpoint of a run was written, which a run that goes on does at once; 0 if there is none."""
    path = folder / "checkpoint.safetensors"
    return path.stat().st_mtime_ns if path.exists() else 0


def outcome(folder: Path) -> bytes:
    """All that a run has led to, as bytes: every array, and the history but for its seconds."""
    model = lnc.load(folder / "model.safetensors")
    arrays = model.network.state_dict()
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in model.history.rows()]
    written = (folder / "history.jsonl").read_text().count("\n")
    told = f"{rows} {written} {model.about['metrics']} {model.preprocessor.notes}"
    return b"".join(arrays[name].tobytes() for name in sorted(arrays)) + told.encode()


def trial(rng: np.random.Generator, begin: list[str], *, kills: int, duration: float, often: bool) -> Counter[str]:
    """One run that is killed so many times and then ends; the current folder is its own."""
    found: Counter[str] = Counter(runs=1)
    folder = Path("runs/table")
    for number in range(kills):
        begun = (folder / "config.toml").exists()
        before = age(folder)
        process = start(["train", "--resume", str(folder)] if begun else begin, often=often)
        soon = begun and number % 2 == 1
        while soon and age(folder) == before and is_alive(process):
            time.sleep(0.001)
        time.sleep(rng.uniform(0.0, SOON if soon else 0.6 * duration))
        os.kill(process, signal.SIGKILL)
        if ended_well(process):
            found["late"] += 1
            return found
        found["kills"] += 1
        found["soon"] += soon
        found["mid_write"] += (folder / ".checkpoint.safetensors.tmp").exists()
    begun = (folder / "config.toml").exists()
    found["failed"] = not ended_well(start(["train", "--resume", str(folder)] if begun else begin, often=often))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Kill as often as asked, print what came of it; 0 if all models were the same."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--stream", action="store_true", help="read the table in parts")
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "table.csv"
        write_table(table, options.rows)
        begin = ["train", str(table), *SETTINGS, *OTHERS, *(["--stream"] if options.stream else [])]
        os.chdir(place)
        application.run([*begin, "--epochs", "1", "--name", "warm"])  # so that every process has its modules
        started = time.perf_counter()
        if not ended_well(start([*begin, "--name", "whole"], often=False)):
            print(Path("said").read_text())
            return 1
        duration = time.perf_counter() - started
        expected = outcome(Path("runs/whole"))
        print(f"an undisturbed run takes {duration:.2f} s", flush=True)
        while total["kills"] < options.kills:
            own = Path(place) / f"trial{total['runs']}"
            own.mkdir()
            os.chdir(own)
            kills = min(KILLS_OF_A_RUN, options.kills - total["kills"])
            found = trial(rng, begin, kills=kills, duration=duration, often=total["runs"] % 2 == 0)
            found["identical"] = not found["failed"] and outcome(Path("runs/table")) == expected
            found["litter"] = len(list(own.glob("runs/[!.]*"))) > 1
            if not found["identical"]:
                print(own, Path("said").read_text(), flush=True)
            total += found
        os.chdir("/")
    print(
        f"{total['kills']} kills, {total['soon']} of them within {SOON} s after a resume; {total['late']} came too late"
    )
    print(f"{total['runs']} runs: {total['identical']} ended with the same bits, {total['failed']} failed")
    print(f"kills while a file was written: {total['mid_write']}, runs with more than one folder: {total['litter']}")
    return 0 if total["identical"] == total["runs"] and not total["litter"] else 1


if __name__ == "__main__":
    sys.exit(main())
