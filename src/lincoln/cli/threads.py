"""How many threads the matrix products use."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..exc import MissingPackageError

__all__ = ["set_threads", "threads", "threads_for"]

_LARGE = 50_000_000
"""From how many multiplications in a product on threads are used: some milliseconds of work."""


def threads() -> int | None:
    """How many threads NumPy's BLAS uses; None where that cannot be told.

    >>> isinstance(threads(), int | None)
    True
    """
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    found = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(found, default=None)


def threads_for(model: Any) -> int | None:
    """How many threads a model's training should use: one for small products; None for as many as there are.

    Several threads wait for each other at the end of every product. On a machine that does other work too, that takes
    longer than the products of narrow layers and small batches.

    Args:
        model: a `TabularModel` whose settings are known.
    """
    widths = [model.network.layers[0].features, *model.settings["hidden"], model.target.outputs]
    largest = max(before * after for before, after in pairwise(widths))
    return 1 if model.settings["batch_size"] * largest < _LARGE else None


def set_threads(count: int | None, *, needed: bool = True) -> None:
    """Let NumPy's BLAS use so many threads from now on; None leaves it as it is.

    Args:
        count: of threads.
        needed: whether it is an error that this cannot be done.

    Raises:
        MissingPackageError: threadpoolctl is not installed.
    """
    if count is None or count == threads():
        return
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        if not needed:
            return
        raise MissingPackageError(
            code="LN731",
            where="--threads",
            saw="no package threadpoolctl",
            why="the number of threads of a running BLAS is changed with it",
            fix=f'pip install -e ".[cli]"; or OPENBLAS_NUM_THREADS={count} in the environment',
        ) from error
    threadpool_limits(limits=count, user_api="blas")
