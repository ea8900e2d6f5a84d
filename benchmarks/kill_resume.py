"""Kill a training run at random moments, go on from its checkpoint, and compare the final weights bit for bit.

Each trial starts the same training in a process of its own, kills it with SIGKILL at a moment that is drawn uniformly
from the run's duration, and repeats the call in another process until it ends. Every other trial writes a checkpoint
after each step, so that most of those kills hit a write. One process forks all the others, so it takes a Unix.

    python benchmarks/kill_resume.py --kills 200
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import lincoln as lnc
from lincoln import files, models

STEPS_BETWEEN = (1, 7)
"""After how many steps the trials write, in turn."""


def model() -> models.Classifier:
    """Everything that has a state: dropout, batch normalization, Adam's means, a schedule that learns from losses."""
    network = lnc.Sequential(
        lnc.Dense(24, "relu"), lnc.layers.BatchNorm(), lnc.layers.Dropout(0.3), lnc.Dense(1, None), seed=1
    )
    optimizer = lnc.optim.Adam(network, lr=lnc.optim.ReduceOnPlateau(0.01, patience=1))
    return models.Classifier(network, lnc.losses.SigmoidCrossEntropy(network), optimizer)


def train(**options: Any) -> models.Classifier:
    """Train with shuffling, validation and early stopping."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(160, 8))
    y = (x[:, 0] + x[:, 1] * x[:, 2] + 0.3 * rng.normal(size=160) > 0).astype(int)
    return model().fit(
        x[:96],
        y[:96],
        epochs=9,
        batch_size=16,
        print_every=None,
        valid=(x[96:], y[96:]),
        early_stopping=3,
        sample_weight=rng.uniform(0.5, 1.5, size=96),
        **options,
    )


def outcome(fitted: models.Classifier) -> bytes:
    """All that the run has led to, as bytes: weights and buffers, and the history but for its seconds."""
    arrays = fitted.network.state_dict()
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in fitted.history.rows()]
    return b"".join(arrays[name].tobytes() for name in sorted(arrays)) + repr(rows).encode()


def start(path: Path, result: Path, every: int) -> int:
    """Train in a process of its own, which goes on from ``path`` and leaves its outcome in ``result``."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            fitted = train(checkpoint=files.Checkpoint(path, every=every), resume=path)
        result.write_bytes(outcome(fitted))
        status = 0
    except BaseException as error:  # nothing may run on in the child
        print(f"{type(error).__name__}: {error}", flush=True)
    finally:
        os._exit(status)


def ended_well(process: int) -> bool:
    """Wait for a process; whether it ended by itself and without an error."""
    return os.waitpid(process, 0)[1] == 0


def trial(rng: np.random.Generator, *, every: int, duration: float, expected: bytes) -> Counter[str]:
    """One kill, and what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        path, result = Path(folder) / "run.safetensors", Path(folder) / "result"
        process = start(path, result, every)
        time.sleep(rng.uniform(0.0, duration))
        os.kill(process, signal.SIGKILL)
        if ended_well(process):
            return Counter(late=1)
        found = Counter(kills=1, mid_write=(Path(folder) / ".run.safetensors.tmp").exists(), before=not path.exists())
        try:
            found["unreadable"] = int(path.exists() and not files.load(path).network.built)
        except lnc.exc.ModelFileError as error:
            print(error)
            found["unreadable"] = 1
        found["failed"] = not ended_well(start(path, result, every))
        found["identical"] = result.exists() and result.read_bytes() == expected
        found["litter"] = len(list(Path(folder).iterdir())) > 2
        return found


def durations() -> dict[int, float]:
    """How long an undisturbed run takes, by the steps between its checkpoints."""
    taken = {}
    for every in STEPS_BETWEEN:
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            ended_well(start(Path(folder) / "run", Path(folder) / "result", every))
            taken[every] = time.perf_counter() - started
    return taken


def main(arguments: list[str] | None = None) -> int:
    """Kill as often as asked, print what came of it; 0 if all final weights were the same."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    expected, taken = outcome(train()), durations()
    shown = [f"{taken[every]:.2f} s with every={every}" for every in STEPS_BETWEEN]
    print(f"an undisturbed run takes {', '.join(shown)}", flush=True)
    total: Counter[str] = Counter()
    while total["kills"] < options.kills:
        every = STEPS_BETWEEN[total["kills"] % len(STEPS_BETWEEN)]
        total += trial(rng, every=every, duration=taken[every], expected=expected)
    print(f"{total['kills']} kills: {total['identical']} runs went on to the same bits, {total['failed']} failed")
    print(f"unreadable files: {total['unreadable']}, left over after the end: {total['litter']}")
    print(f"kills before the first checkpoint: {total['before']}, while a file was being written: {total['mid_write']}")
    good = total["identical"] == total["kills"] and not total["unreadable"] and not total["litter"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
