"""From a wrong gradient to its likely cause: each cause leaves a pattern in the numbers."""

from __future__ import annotations

import numpy as np

__all__ = ["likely_cause"]


def likely_cause(analytic: np.ndarray, numeric: np.ndarray, *, examples: int, output_grad: np.ndarray) -> str:
    """What a hand-written derivative that gives ``analytic`` where ``numeric`` is right has most likely got wrong.

    Args:
        analytic, numeric: arrays of one shape.
        examples: the number of rows of the batch, whose factor betrays a mean taken for a sum.
        output_grad: what the layer was given, one row of which betrays a sum that was left out.

    >>> right = np.array([1.0, -2.0, 3.0])
    >>> likely_cause(2 * right, right, examples=5, output_grad=right[None])
    'a factor: it is 2 times what it should be'
    >>> likely_cause(right / 5, right, examples=5, output_grad=right[None])
    'a mean over the batch for a sum: it is 1/5 of what it should be'
    """
    if _same(analytic, np.zeros_like(analytic)):
        return "detached: it is 0 everywhere, as if the value were not used, or never given to accumulate"
    return (
        _factor(analytic, numeric, examples)
        or _transposed(analytic, numeric)
        or _mask(analytic, numeric)
        or _missing_sum(analytic, numeric, output_grad)
        or "no known pattern: compare the formula term by term, starting at this index"
    )


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    scale = max(float(np.abs(one).max(initial=0.0)), float(np.abs(other).max(initial=0.0)), 1e-12)
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0.0) <= 1e-5 * scale)


def _factor(analytic: np.ndarray, numeric: np.ndarray, examples: int) -> str:
    at = np.unravel_index(np.abs(numeric).argmax(), numeric.shape)
    if numeric[at] == 0.0:
        return ""
    factor = float(analytic[at] / numeric[at])
    if factor == 0.0 or not _same(analytic, factor * numeric):
        return ""
    if abs(factor + 1) < 1e-4:
        return "the sign: it points the other way"
    if examples > 1 and abs(factor * examples - 1) < 1e-4:
        return f"a mean over the batch for a sum: it is 1/{examples} of what it should be"
    if examples > 1 and abs(factor / examples - 1) < 1e-4:
        return f"a sum over the batch for a mean: it is {examples} times what it should be"
    return f"a factor: it is {factor:.5g} times what it should be"


def _transposed(analytic: np.ndarray, numeric: np.ndarray) -> str:
    if analytic.ndim < 2 or analytic.shape[-1] == 1 or analytic.shape[-2] == 1:
        return ""
    turned = np.swapaxes(analytic, -1, -2)
    if turned.shape == numeric.shape and _same(turned, numeric):
        return "transposed: rows and columns are swapped"
    if analytic.shape[-1] != analytic.shape[-2] and _same(analytic.reshape(turned.shape), np.swapaxes(numeric, -1, -2)):
        return "transposed, then reshaped: rows and columns are swapped"
    return ""


def _mask(analytic: np.ndarray, numeric: np.ndarray) -> str:
    scale = max(float(np.abs(numeric).max()), 1e-12)
    is_zero, should_be_zero = np.abs(analytic) <= 1e-7 * scale, np.abs(numeric) <= 1e-7 * scale
    agree = np.abs(analytic - numeric) <= 1e-5 * scale
    if should_be_zero.any() and (agree | should_be_zero).all():
        return "a mask that is always on: it lets gradient through where the output does not depend on the input"
    if is_zero.any() and (agree | is_zero).all():
        return "a mask that is off too often: it stops gradient where the output does depend on the input"
    return ""


def _missing_sum(analytic: np.ndarray, numeric: np.ndarray, output_grad: np.ndarray) -> str:
    rows = output_grad.reshape(-1, output_grad.shape[-1]) if output_grad.ndim else output_grad.reshape(1, 1)
    if len(rows) < 2:
        return ""
    if analytic.size == rows.shape[1] and any(_same(analytic.reshape(-1), row) for row in rows):
        return "a missing sum over an axis: only one row of output_grad arrives"
    return ""
