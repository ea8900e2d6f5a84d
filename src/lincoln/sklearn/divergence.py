"""What an estimator says when its weights stop being finite numbers."""

from __future__ import annotations

from typing import Any

from ..exc import DivergenceError

__all__ = ["divergence"]


def divergence(estimator: Any, *, saw: str, fix: str) -> DivergenceError:
    """The error, in the words of scikit-learn, on which programs match.

    >>> print(divergence(None, saw="a loss of nan", fix="a smaller learning rate").code)
    LN681
    """
    return DivergenceError(
        code="LN681",
        where=type(estimator).__name__,
        saw=saw,
        why="Solver produced non-finite parameter weights. The input data may contain large values and need to be "
        "preprocessed.",
        fix=fix,
    )
