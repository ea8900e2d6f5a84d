"""From compact codes to features: bins of quantities, sines and cosines of angles, one column for each category."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import Array
from ..layer import Layer
from ..tracing import one_line
from .columns import CategoryColumn, Column, NumericColumn
from .date_column import DateColumn

__all__ = ["Expansion", "TableFeatures"]


class Expansion:
    """Which codes become which features.

    Codes are quantities in units of z, then angles as shares of their circle, then numbers of categories. Features are
    the quantities with 0 for NaN; for each column that lacked values in training, 1 where it does; the bins of the
    quantities; sine and cosine of the angles; and of the categories one column for each, or their numbers as they are.

    Args:
        columns: that have learned.
        embed: whether categories stay numbers, for `layers.ColumnEmbedding`.

    Attributes:
        names: of the features.
        category_counts: for each column of categories how many there are, that of unknown ones included.
    """

    def __init__(self, columns: Sequence[Column], *, embed: bool) -> None:
        self.embed = embed
        quantities: list[NumericColumn] = []
        angles: list[str] = []
        holes: list[tuple[str, int]] = []
        for column in columns:
            place = len(quantities)
            if isinstance(column, NumericColumn):
                quantities.append(column)
            elif isinstance(column, DateColumn):
                quantities.extend(column.quantities)
                angles += column.angles
            if column.missing and not isinstance(column, CategoryColumn):
                holes.append((f"{column.name} {'(missing)'}", place))
        categories = [column for column in columns if isinstance(column, CategoryColumn)]
        self.quantities, self.angles = len(quantities), len(angles)
        self.holes = np.array([place for _, place in holes], dtype=np.int64)
        self.category_counts = tuple(len(column.categories) + 1 for column in categories)
        self._offsets = np.cumsum([0, *(len(column.categories) for column in categories)])[:-1]
        self._one_hot = 0 if embed else int(sum(len(column.categories) for column in categories))
        self._lay_out_bins(quantities)
        self.width = self.quantities + self.angles + len(categories)
        self.names = [column.name for column in quantities] + [name for name, _ in holes]
        self.names += [f"{quantities[owner].name} bin {number}" for owner, number in self._bins]
        self.names += [f"{name} {wave}" for wave in ("sin", "cos") for name in angles]
        if embed:
            self.names += [column.name for column in categories]
        else:
            self.names += [f"{column.name}={name}" for column in categories for name in column.categories]

    def expand(self, codes: np.ndarray) -> np.ndarray:
        """Features of rows of codes.   (n, width) -> (n, features), in the dtype of the codes"""
        z, angles, categories = self._parts(codes)
        nothing = np.isnan(z)
        z = np.where(nothing, z.dtype.type(0), z)
        parts = [z, nothing[:, self.holes].astype(z.dtype), self._fill(z)]
        if self.angles:
            circle = angles * z.dtype.type(2 * np.pi)
            parts += [np.nan_to_num(np.sin(circle)), np.nan_to_num(np.cos(circle))]
        parts.append(categories if self.embed else self._in_columns(categories))
        return np.concatenate(parts, axis=1)

    def backward(self, codes: np.ndarray, output_grad: np.ndarray) -> np.ndarray:
        """The gradient with respect to the codes: those of quantities and angles; categories have none."""
        z, angles, _ = self._parts(codes)
        grad = np.zeros_like(codes)
        start = self.quantities + len(self.holes)
        bins, waves = output_grad[:, start:], output_grad[:, start + len(self._low) :]
        inside = self._inside(np.nan_to_num(z)) * bins[:, : len(self._low)]
        direct = output_grad[:, : self.quantities].copy()
        direct += inside @ np.equal.outer(self._owner, np.arange(self.quantities)).astype(inside.dtype)
        grad[:, : self.quantities] = np.where(np.isnan(z), 0.0, direct)
        if self.angles:
            circle = angles * (2 * np.pi)
            sin_grad, cos_grad = waves[:, : self.angles], waves[:, self.angles : 2 * self.angles]
            turned = 2 * np.pi * (np.cos(circle) * sin_grad - np.sin(circle) * cos_grad)
            grad[:, self.quantities : self.quantities + self.angles] = np.nan_to_num(turned)
        return grad

    def _lay_out_bins(self, quantities: Sequence[NumericColumn]) -> None:
        edges = [column.edges for column in quantities]
        self._bins = [(owner, number) for owner, e in enumerate(edges) for number in range(1, len(e))]
        self._owner = np.array([owner for owner, _ in self._bins], dtype=np.int64)
        self._low = np.concatenate([np.zeros(0), *(e[:-1] for e in edges)])
        self._slope = np.concatenate([np.zeros(0), *(1.0 / np.diff(e) for e in edges)])
        self._low32, self._slope32 = self._low.astype(np.float32), self._slope.astype(np.float32)

    def _parts(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first, second = self.quantities, self.quantities + self.angles
        return codes[:, :first], codes[:, first:second], codes[:, second:]

    def _fill(self, z: np.ndarray) -> np.ndarray:
        """How full every bin is: 0 below its first edge, 1 above its second   (Gorishniy et al. 2022, section 3.2)"""
        single = z.dtype == np.float32
        filled = z.take(self._owner, axis=1)
        filled -= self._low32 if single else self._low
        filled *= self._slope32 if single else self._slope
        return np.clip(filled, 0.0, 1.0, out=filled)

    def _inside(self, z: np.ndarray) -> np.ndarray:
        filled = (z.take(self._owner, axis=1) - self._low) * self._slope
        return np.where((filled > 0) & (filled < 1), self._slope, 0.0).astype(z.dtype)

    def _in_columns(self, categories: np.ndarray) -> np.ndarray:
        features = np.zeros((len(categories), self._one_hot), dtype=categories.dtype)
        numbers = categories.astype(np.int64)
        rows, columns = np.nonzero(numbers)
        features[rows, self._offsets[columns] + numbers[rows, columns] - 1] = 1.0
        return features


class TableFeatures(Layer):
    """The first layer of a network for tables: the features of rows of codes, made for one batch at a time.

    Input ``(batch, codes)``, output ``(batch, features)``. Nothing in it is learned by training.

    Args:
        preprocessor: that has learned from a table.

    Raises:
        NotFittedError: it has not.

    >>> from lincoln.tabular import TabularPreprocessor
    >>> table = {"color": ["red", "blue", "red", "blue"]}
    >>> preprocessor = TabularPreprocessor().fit(table)
    >>> TableFeatures(preprocessor)(preprocessor.encode(table))[:2]
    array([[0., 1.],
           [1., 0.]], dtype=float32)
    """

    min_dims = 2

    def __init__(self, preprocessor: Any) -> None:
        self.preprocessor = preprocessor
        self.features = preprocessor.expansion.width

    def forward(self, input: Array) -> Array:
        return _features(self.preprocessor, input)

    def backward(self, output_grad: Array) -> Array:
        return _codes_grad(self.preprocessor, self.last_input, output_grad)


@one_line
def _features(preprocessor: Any, codes: Array) -> Array:
    if isinstance(codes, np.ndarray):
        return preprocessor.expand(codes)
    return arrays.like(preprocessor.expand(arrays.numpy(codes)), codes)


@one_line
def _codes_grad(preprocessor: Any, codes: Array, output_grad: Array) -> Array:
    grad = preprocessor.expansion.backward(arrays.numpy(codes), arrays.numpy(output_grad))
    return arrays.like(grad, output_grad)
