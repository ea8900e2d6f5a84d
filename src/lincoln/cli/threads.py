"""How many threads the matrix products use."""

from __future__ import annotations

from ..exc import MissingPackageError

__all__ = ["set_threads", "threads"]


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


def set_threads(count: int | None) -> None:
    """Let NumPy's BLAS use so many threads from now on; None leaves it as it is.

    Raises:
        MissingPackageError: threadpoolctl is not installed.
    """
    if count is None or count == threads():
        return
    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise MissingPackageError(
            code="LN731",
            where="--threads",
            saw="no package threadpoolctl",
            why="the number of threads of a running BLAS is changed with it",
            fix=f'pip install "lincoln-nn[cli]"; or OPENBLAS_NUM_THREADS={count} in the environment',
        ) from error
    threadpool_limits(limits=count, user_api="blas")
