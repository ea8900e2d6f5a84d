"""A step of Lincoln's in three ways, in turn in one process: `Trainer`, one's own loop, the matrix products alone.

With ``--frames``, how many Python functions are called in a step of each instead: 30-10-2, Adam.

    python -m contestants.steps tiny --activation sigmoid
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from contestants import limit, lincoln_, measure
from workloads import WORKLOADS, Workload

import lincoln as lnc

ROUNDS = 9
TRAINER, OWN_LOOP, PRODUCTS = "Trainer", "own loop", "matrix products alone"
BATCHES = 20
"""In an epoch whose calls are counted."""


def parts(work: Workload, activation: str) -> tuple[Any, Any]:
    """The loss of a new network, and its optimizer."""
    hidden = [lnc.Dense(size, activation) for size in work.hidden]
    network = lnc.Sequential(*hidden, lnc.layers.Linear(work.classes), seed=0).build(work.features)
    loss = lnc.losses.SoftmaxCrossEntropy(network, reduction="mean")
    return loss, {"sgd": lnc.optim.SGD, "adam": lnc.optim.Adam}[work.optimizer](network, lr=work.lr)


def loader(work: Workload) -> Any:
    return lnc.data.DataLoader(work.data(), batch_size=work.batch, shuffle=True, drop_last=True, seed=0)


def by_trainer(work: Workload, activation: str, batches: Any) -> measure.Run:
    trainer = lnc.models.Trainer(*parts(work, activation))

    def run(epochs: int) -> None:
        for _ in trainer.epochs(batches, epochs=epochs):
            pass

    return run


def by_own_loop(work: Workload, activation: str, batches: Any) -> measure.Run:
    loss, optimizer = parts(work, activation)

    def run(epochs: int) -> None:
        for _ in range(epochs):
            for x, y in batches:
                loss(x, y)
                loss.backward()
                optimizer.step()

    return run


def measured(work: Workload, activation: str, rounds: int) -> dict[str, float]:
    """The best round of each way, in microseconds a step."""
    runs = {
        TRAINER: by_trainer(work, activation, loader(work)),
        OWN_LOOP: by_own_loop(work, activation, loader(work)),
        PRODUCTS: limit.training(work),
    }
    repeats = {name: measure.timed(run)["repeats"] for name, run in runs.items()}
    best = dict.fromkeys(runs, float("inf"))
    for number in range(rounds):
        for name in list(runs)[:: -1 if number % 2 else 1]:
            started = time.perf_counter()
            runs[name](repeats[name])
            seconds = time.perf_counter() - started
            best[name] = min(best[name], 1e6 * seconds / (repeats[name] * work.steps))
    return best


def frames() -> dict[str, float]:
    """Calls of Python functions in a step, that of the batches' iterator left out."""
    work = WORKLOADS["tiny"]._replace(optimizer="adam")
    x, y = (part[: work.batch] for part in work.data())
    found = {}
    for name, way in ((TRAINER, by_trainer), (OWN_LOOP, by_own_loop)):
        short, long = ([(x, y)] * (count * BATCHES) for count in (1, 2))
        counts = []
        for batches in (short, long):
            run = way(work, "relu", batches)
            run(1)
            counts.append(calls(lambda run=run: run(1)))
        found[name] = (counts[1] - counts[0]) / BATCHES
    return found


def calls(function: Callable[[], object]) -> int:
    """How many Python functions a call of this one enters."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--activation", default="relu")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--frames", action="store_true")
    chosen = parser.parse_args()
    if chosen.frames:
        record: dict[str, Any] = {"frames": frames()}
    else:
        record = {"microseconds": measured(WORKLOADS[chosen.workload], chosen.activation, chosen.rounds)}
    print(json.dumps(record | {"versions": lincoln_.versions()}), flush=True)


if __name__ == "__main__":
    main()
