"""Bringing columns of very different sizes onto one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from .. import arrays
from ..arguments import WithArguments
from ..arrays import Array
from ..exc import MatchError, NotFittedError
from .reading import check_columns, check_finite, column_names, read

__all__ = ["Standardizer", "standardize"]


class Standardizer(WithArguments):
    """(x - mean) / standard deviation, column by column, both learned from the training data alone.

    A column that is constant in the training data becomes 0 there. Predicted values of a standardized label column
    come back to their own scale with `inverse_transform`.

    Attributes:
        mean_: of every column, float64, in the shape of one example; None before ``fit``.
        scale_: the standard deviation of every column (divided by n), 1 for a constant one.
        rest_: of the mean of large integers, what float64 rounds away: the mean is ``mean_ + rest_``.
        names_: what the columns were called, if ``fit`` was given a DataFrame.

    Raises:
        NotFittedError: ``transform`` or ``inverse_transform`` before ``fit``.
        MatchError: other numbers of columns than in ``fit``; a DataFrame with its columns in another order.
        DataError: NaN or infinity in ``fit``, named with row and column; strings, objects, complex numbers.

    >>> standardizer = Standardizer().fit([[1.0, 7.0], [3.0, 7.0]])
    >>> standardizer.transform([[1.0, 7.0], [5.0, 8.0]])
    array([[-1.,  0.],
           [ 3.,  1.]])
    >>> standardizer.inverse_transform([[3.0, 1.0]])
    array([[5., 8.]])
    """

    mean_: np.ndarray | None = None
    scale_: np.ndarray | None = None
    rest_: np.ndarray | None = None
    names_: list[str | int] | None = None

    def fit(self, features: Any) -> Self:
        """Learn mean and scale of every column of an array of shape ``(n, ...)``.

        >>> Standardizer().fit([[0.0], [2.0]]).mean_
        array([1.])
        """
        x = arrays.numpy(read(features, where="Standardizer.fit", name="features"))
        check_finite(features, where="Standardizer.fit")
        low = x.min(axis=0)
        above = _difference(x, low)  # sums of large numbers would be rounded
        std = above.std(axis=0)
        self.mean_ = np.asarray(low + above.mean(axis=0), np.float64)
        self.rest_ = _difference(low, self.mean_) + above.mean(axis=0) if _large(x) else np.zeros_like(self.mean_)
        self.scale_ = np.where(std == 0.0, 1.0, std)
        self.names_ = column_names(features)
        return self

    def transform(self, features: Any) -> Array:
        """A new array on the scale that ``fit`` learned. Integers become float32, other dtypes stay.

        >>> Standardizer().fit([[0.0], [2.0]]).transform([[4.0]])
        array([[3.]])
        """
        x, mean, scale, dtype = self._ready(features, "transform")
        if arrays.kind(x) == "int" and _large(mean):
            rest = 0.0 if self.rest_ is None else self.rest_.reshape(mean.shape)
            above = arrays.like(_difference(arrays.numpy(x), mean) - rest, scale)
        else:
            above = arrays.astype(x, "float64") - arrays.like(mean, scale)
        return arrays.astype(above / scale, dtype)

    def fit_transform(self, features: Any) -> Array:
        """`fit`, then `transform`, of the same training data.

        >>> Standardizer().fit_transform([[0.0], [2.0]])
        array([[-1.],
               [ 1.]])
        """
        return self.fit(features).transform(features)

    def inverse_transform(self, features: Any) -> Array:
        """A new array back on its own scale: z × standard deviation + mean.

        >>> Standardizer().fit([[0.0], [2.0]]).inverse_transform([[3.0]])
        array([[4.]])
        """
        z, mean, scale, dtype = self._ready(features, "inverse_transform")
        return arrays.astype(arrays.astype(z, "float64") * scale + arrays.like(mean, scale), dtype)

    def state_dict(self) -> dict[str, Any]:
        """What ``fit`` has learned.

        >>> Standardizer().state_dict()
        {'mean_': None, 'scale_': None, 'rest_': None, 'names_': None}
        """
        return {"mean_": self.mean_, "scale_": self.scale_, "rest_": self.rest_, "names_": self.names_}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what `state_dict` gave.

        Raises:
            MatchError: mean and scale are not of one shape; nothing has been changed then.
        """
        parts = [None if state[name] is None else np.array(state[name], np.float64) for name in ("mean_", "scale_")]
        shapes = ["none" if part is None else part.shape for part in parts]
        if shapes[0] != shapes[1]:
            raise MatchError(
                code="LN518",
                where="Standardizer.load_state_dict",
                saw=f"mean_ {shapes[0]}, scale_ {shapes[1]}",
                why="every column has one of each",
                fix="the state that state_dict() of one standardizer gave",
            )
        self.mean_, self.scale_ = parts
        self.rest_ = state.get("rest_")
        self.names_ = state.get("names_")
        return self

    def __repr__(self) -> str:
        columns = "" if self.mean_ is None else f", fitted to columns {self.mean_.shape}"
        return f"Standardizer(){columns}"

    def _ready(self, values: Any, method: str) -> tuple[Array, np.ndarray, Array, str]:
        """The values, their mean, their scale as float64 of their library, and the result's dtype."""
        if self.mean_ is None or self.scale_ is None:
            raise NotFittedError(
                code="LN229",
                where=f"Standardizer.{method}",
                saw=f"{method} before fit",
                why="mean and scale are learned from the training data",
                fix="standardizer.fit(x_train) first",
            )
        x = read(values, where=f"Standardizer.{method}", name="features")
        check_columns(values, self.names_, where=f"Standardizer.{method}")
        shape = tuple(x.shape[1:])
        one_column = math.prod(shape) == 1 == self.mean_.size
        if shape != self.mean_.shape and not one_column:
            raise MatchError(
                code="LN228",
                where=f"Standardizer.{method}",
                saw=f"columns {shape}, fitted to columns {self.mean_.shape}",
                why="each column has the mean and scale that fit found for it",
                fix="give the columns that fit was given, in the same order",
            )
        dtype = arrays.dtype_name(x) if arrays.kind(x) == "float" else "float32"
        scale = arrays.like(self.scale_.reshape(shape), arrays.astype(x[:1], "float64"))
        return x, self.mean_.reshape(shape), scale, dtype


def _large(numbers: np.ndarray) -> bool:
    """Whether there are numbers so large that float64 does not tell neighbouring integers apart."""
    return max(-float(numbers.min()), float(numbers.max())) >= 2.0**53


def _difference(x: np.ndarray, start: np.ndarray) -> np.ndarray:
    """x - start in float64; large integers are subtracted as Python's, which neither overflow nor are rounded.

    >>> _difference(np.array([2**62 + 1]), np.array([2**62]))
    array([1.])
    """
    if x.dtype.kind not in "iu" or not (_large(x) or _large(start)):
        return np.asarray(np.subtract(x, start, dtype=np.float64))
    whole = np.vectorize(int, otypes=[object])(start)
    fraction = np.asarray(start - whole, np.float64)
    return np.asarray(np.asarray(x.astype(object) - whole, np.float64) - fraction)


def standardize(array: Any) -> Array:
    """(x - mean) / standard deviation, column by column over all rows; a constant column becomes 0.

    Warning:
        It sees every row it is given. Before a split, the test rows shape what the training rows become, and the
        test result is a little too good: split first and use `Standardizer`, which learns from training rows alone.

    Args:
        array: of shape ``(n, ...)``; a list, DataFrame or tensor too.

    Raises:
        DataError: NaN or infinity, named with row and column; strings, objects, complex numbers.

    >>> standardize([[1.0, 7.0], [3.0, 7.0]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    return Standardizer().fit_transform(array)
