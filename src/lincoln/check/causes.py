"""From a wrong gradient to its likely cause: each cause leaves a pattern in the numbers."""

from __future__ import annotations

import numpy as np

__all__ = ["likely_cause", "same"]

_UNKNOWN = "no known pattern: compare the formula term by term, starting at this index"


def likely_cause(
    analytic: np.ndarray,
    numeric: np.ndarray,
    *,
    examples: int,
    output_grad: np.ndarray,
    input: np.ndarray | None = None,
) -> str:
    """What a hand-written derivative that gives ``analytic`` where ``numeric`` is right has most likely got wrong.

    Args:
        analytic, numeric: arrays of one shape.
        examples: the number of rows of the batch, whose factor betrays a mean taken for a sum.
        output_grad: what the layer was given, one row of which betrays a sum that was left out.
        input: the batch, whose axes betray a mean over the wrong one; it may be left out.

    >>> right = np.array([1.0, -2.0, 3.0])
    >>> likely_cause(2 * right, right, examples=5, output_grad=right[None])
    'a factor: it is 2 times what it should be'
    >>> likely_cause(right / 5, right, examples=5, output_grad=right[None])
    'a mean over the batch for a sum: it is 1/5 of what it should be'
    """
    if analytic.dtype == bool:
        return "a boolean: the mask itself was returned, not output_grad * mask"
    if not np.isfinite(analytic).all():
        return "not a number: it is infinite or nan, as after a division by 0 or an overflow"
    if np.abs(analytic).max(initial=0.0) <= 1e-12 * np.abs(numeric).max(initial=0.0):
        return "detached: it is 0 everywhere, as if the value were not used, or never given to accumulate"
    if same(analytic, numeric):  # what is wrong is small beside what is right
        return _confined(analytic, numeric) or _UNKNOWN
    return (
        _unused(analytic, numeric, output_grad)
        or _factor(analytic, numeric, examples, () if input is None else input.shape)
        or _transposed(analytic, numeric)
        or _flipped(analytic, numeric)
        or _shifted(analytic, numeric)
        or _mask(analytic, numeric)
        or _wrong_axis(analytic, numeric, output_grad, input)
        or _missing_sum(analytic, numeric, output_grad)
        or _missing_term(analytic, numeric)
        or _signs(analytic, numeric)
        or _passed_on(analytic, output_grad)
        or _confined(analytic, numeric)
        or _UNKNOWN
    )


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays are equal but for rounding.

    >>> same(np.ones(2), np.ones(2) + 1e-9)
    True
    """
    scale = max(float(np.abs(one).max(initial=0.0)), float(np.abs(other).max(initial=0.0)))
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0.0) <= 1e-5 * scale)


def _unused(analytic: np.ndarray, numeric: np.ndarray, output_grad: np.ndarray) -> str:
    if analytic.shape == output_grad.shape and analytic.size > 1 and same(analytic * output_grad, numeric):
        return "output_grad is unused: this is the local derivative alone"
    return ""


def _factor(analytic: np.ndarray, numeric: np.ndarray, examples: int, shape: tuple[int, ...]) -> str:
    at = np.unravel_index(np.abs(numeric).argmax(), numeric.shape)
    if numeric[at] == 0.0:
        return ""
    factor = float(analytic[at] / numeric[at])
    if factor == 0.0 or abs(factor - 1) < 1e-6 or not same(analytic, factor * numeric):
        return ""
    if abs(factor + 1) < 1e-4:
        return "the sign: it points the other way"
    if examples > 1 and abs(factor * examples - 1) < 1e-4:
        return f"a mean over the batch for a sum: it is 1/{examples} of what it should be"
    if examples > 1 and abs(factor / examples - 1) < 1e-4:
        return f"a sum over the batch for a mean: it is {examples} times what it should be"
    return _size_of_axis(factor, shape) or f"a factor: it is {factor:.5g} times what it should be"


def _size_of_axis(factor: float, shape: tuple[int, ...]) -> str:
    """Whether a factor is the size of an axis, or that of one axis over that of another."""
    if abs(factor - 2) < 1e-4 or abs(factor - 0.5) < 1e-4:
        return ""
    for axis, size in enumerate(shape):
        if size > 1 and abs(factor * size - 1) < 1e-4:
            return f"a mean over axis {axis} for a sum: it is 1/{size} of what it should be"
        if size > 1 and abs(factor / size - 1) < 1e-4:
            return f"a sum over axis {axis} for a mean: it is {size} times what it should be"
    for right, size in enumerate(shape):
        for wrong, other in enumerate(shape):
            if size != other and abs(factor * other / size - 1) < 1e-4:
                return (
                    f"a mean over the wrong axis: divided by {other}, the size of axis {wrong}, "
                    f"not by {size}, that of axis {right}"
                )
    return ""


def _transposed(analytic: np.ndarray, numeric: np.ndarray) -> str:
    if analytic.ndim < 2 or analytic.shape[-1] == 1 or analytic.shape[-2] == 1:
        return ""
    turned = np.swapaxes(analytic, -1, -2)
    if turned.shape == numeric.shape and same(turned, numeric):
        return "transposed: rows and columns are swapped"
    if analytic.shape[-1] != analytic.shape[-2] and same(analytic.reshape(turned.shape), np.swapaxes(numeric, -1, -2)):
        return "transposed, then reshaped: rows and columns are swapped"
    return ""


def _flipped(analytic: np.ndarray, numeric: np.ndarray) -> str:
    for axis in range(analytic.ndim):
        if analytic.shape[axis] > 1 and same(np.flip(analytic, axis), numeric):
            return f"flipped: it is right in the reverse order along axis {axis}, as with a kernel that is not reversed"
    return ""


def _shifted(analytic: np.ndarray, numeric: np.ndarray) -> str:
    """Off by one along an axis, in either direction; what falls off the end may be anything."""
    for axis in range(analytic.ndim - 1, -1, -1):
        if analytic.shape[axis] < 3:
            continue
        one, other = np.moveaxis(analytic, axis, 0), np.moveaxis(numeric, axis, 0)
        for mine, right, where in ((one[1:], other[:-1], "late"), (one[:-1], other[1:], "early")):
            if right.any() and not same(right[1:], right[:-1]) and same(mine, right):
                return f"off by one: each value stands one place too {where} along axis {axis}"
    return ""


def _mask(analytic: np.ndarray, numeric: np.ndarray) -> str:
    scale = float(np.abs(numeric).max())
    is_zero, should_be_zero = np.abs(analytic) <= 1e-10 * scale, np.abs(numeric) <= 1e-10 * scale
    agree = np.abs(analytic - numeric) <= 1e-5 * scale
    if should_be_zero.any() and not should_be_zero.all() and (is_zero != should_be_zero).all():
        return "a mask the wrong way round: it stops gradient exactly where it should let it through"
    if should_be_zero.any() and (agree | should_be_zero).all():
        return "a mask that is always on: it lets gradient through where the output does not depend on the input"
    if is_zero.any() and (agree | is_zero).all():
        return "a mask that is off too often: it stops gradient where the output does depend on the input"
    return ""


def _wrong_axis(analytic: np.ndarray, numeric: np.ndarray, output_grad: np.ndarray, input: np.ndarray | None) -> str:
    """Whether the right gradient is a sum of something over some axes, and this one is its sum over others."""
    terms = [output_grad]
    if input is not None and input.shape == output_grad.shape:
        terms.append(output_grad * input)
    for term in terms:
        sums = {axis: term.sum(axis=axis) for axis in range(term.ndim)}
        right = [axis for axis, total in sums.items() if _alike(total, numeric)]
        wrong = [axis for axis, total in sums.items() if _alike(total, analytic)]
        if right and wrong and right[0] != wrong[0]:
            return f"a sum over the wrong axis: over axis {wrong[0]}, not over axis {right[0]}"
    return ""


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.size == other.size and one.size > 1 and same(one.reshape(-1), other.reshape(-1))


def _missing_term(analytic: np.ndarray, numeric: np.ndarray) -> str:
    """Whether what is missing is the same along an axis, as what comes through a mean over it is."""
    missing = numeric - analytic
    for axis in range(analytic.ndim - 1, -1, -1):
        if analytic.shape[axis] > 2 and same(missing, missing.mean(axis=axis, keepdims=True) + np.zeros_like(missing)):
            return (
                f"a missing term: what is missing is the same all along axis {axis}, "
                "as the gradient through a sum or a mean over that axis is"
            )
    return ""


def _missing_sum(analytic: np.ndarray, numeric: np.ndarray, output_grad: np.ndarray) -> str:
    rows = output_grad.reshape(-1, output_grad.shape[-1]) if output_grad.ndim else output_grad.reshape(1, 1)
    if len(rows) < 2:
        return ""
    if analytic.size == rows.shape[1] and any(same(analytic.reshape(-1), row) for row in rows):
        return "a missing sum over an axis: only one row of output_grad arrives"
    return ""


def _signs(analytic: np.ndarray, numeric: np.ndarray) -> str:
    if same(np.abs(analytic), np.abs(numeric)):
        return "the sign in some places: it is right but for that, as after abs, a square, or an even power"
    return ""


def _passed_on(analytic: np.ndarray, output_grad: np.ndarray) -> str:
    if same(analytic, output_grad):
        return "passed on: output_grad is returned as it came, without the layer's own derivative"
    return ""


def _confined(analytic: np.ndarray, numeric: np.ndarray) -> str:
    """Whether all that is wrong lies at one index of an axis."""
    is_wrong = np.abs(analytic - numeric) > 1e-5 * np.maximum(np.abs(analytic), np.abs(numeric))
    for axis in range(analytic.ndim):
        places = np.flatnonzero(np.moveaxis(is_wrong, axis, 0).reshape(analytic.shape[axis], -1).any(axis=1))
        if analytic.shape[axis] > 1 and len(places) == 1:
            one, other = np.take(analytic, places[0], axis), np.take(numeric, places[0], axis)
            told = _factor(one, other, 1, ()) if one.size > 1 else ""
            return f"one place alone: everything but index {places[0]} of axis {axis} is right" + (told and f"; {told}")
    return ""
