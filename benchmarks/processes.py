"""Starts the contestants' programs, each in a process of its own, with as many threads as they are to use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
TIMEOUT_SECONDS = 600.0


class Contestant(NamedTuple):
    """A column of the tables.

    Attributes:
        program: its module in ``contestants/``.
        modes: the ways in which it trains; the fastest counts.
        every: how many repetitions there are to one in which it takes part.
        environment: what its process finds there besides.
    """

    program: str
    modes: tuple[str, ...] = ("",)
    every: int = 1
    environment: Mapping[str, str] = {}


LINCOLN, WITHOUT_KERNELS, LIMIT = "Lincoln", "Lincoln without kernels", "matrix products alone"
PEERS = {
    "PyTorch": Contestant("torch_", ("eager", "compiled")),
    "JAX": Contestant("jax_", ("scan", "step")),
    "scikit-learn": Contestant("sklearn_", every=2),
    "thinc": Contestant("thinc_", every=5),
}
CONTESTANTS = {
    LINCOLN: Contestant("lincoln_"),
    LIMIT: Contestant("limit"),
    **PEERS,
    WITHOUT_KERNELS: Contestant("lincoln_", every=2, environment={"LINCOLN_KERNELS": "off"}),
}

# A processor type that somebody has set for OpenBLAS would measure another computer; bytecode caches are the rule.
LEFT_OUT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE", "LINCOLN_KERNELS", "XLA_FLAGS")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NPROC")


def all_threads() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def environment(threads: int) -> dict[str, str]:
    """What a contestant's process finds: this process's environment, but for what sets threads and processor types."""
    kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    kept |= dict.fromkeys(THREADS, str(threads))
    kept["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'false' if threads == 1 else 'true'}"
    kept["JAX_PLATFORMS"] = "cpu"
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    return kept


def contest(contestant: Contestant, *arguments: str, threads: int) -> dict[str, Any]:
    """What a contestant's program reports, or its error."""
    return python("-m", f"contestants.{contestant.program}", *arguments, threads=threads, more=contestant.environment)


def python(*arguments: str, threads: int, more: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run Python; the JSON that it prints on its last line, or ``{"error": ...}``."""
    command, found = [sys.executable, *arguments], environment(threads) | dict(more or {})
    try:
        with processors(threads):
            done = subprocess.run(command, capture_output=True, text=True, env=found, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return {"error": f"took more than {TIMEOUT_SECONDS:.0f} seconds"}
    if done.returncode:
        return {"error": (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1][:300]}
    lines = done.stdout.strip().splitlines()
    return dict(json.loads(lines[-1])) if lines else {}


def first_runs(names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """A step of each contestant: its versions, or why it does not run."""
    for name in names:
        found = contest(CONTESTANTS[name], "tiny", "--smoke", threads=all_threads())
        told = {part: found[part] for part in ("versions", "error") if part in found}
        yield told | {"contestant": name, "repetition": -1}


@contextmanager
def processors(threads: int) -> Iterator[None]:
    """Processes started inside may run on so many processors only, where the system can do that.

    The environment alone does not hold every library to one: JAX's queue keeps a second one busy.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[-threads:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def in_turn(names: Iterable[str], repetition: int) -> list[str]:
    """Another first and another last one in each repetition, so that none always follows the same neighbor."""
    names = list(names)
    start = repetition % len(names)
    turned = names[start:] + names[:start]
    return turned[::-1] if repetition % 2 else turned


def progress(text: str) -> None:
    """Say on stderr what is being done, over the last such line in a terminal."""
    end = "\r" if sys.stderr.isatty() else "\n"
    print(f"{text:<100}", end=end, file=sys.stderr, flush=True)
