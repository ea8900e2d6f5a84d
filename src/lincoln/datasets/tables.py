"""The small tables that come with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..exc import MissingPackageError

__all__ = ["Table", "breast_cancer", "diabetes", "digits", "iris", "wine"]


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Examples in rows, with a label each.

    Attributes:
        features: ``(n, d)``, float64, as measured.
        labels: ``(n,)``: int64, the number of each row's class; float64 where a quantity is to be predicted.
        feature_names: the names of the d columns.
        classes: the classes' names, in the order of their numbers; empty where a quantity is to be predicted.

    >>> Table(features=np.zeros((4, 2)), labels=np.zeros(4), feature_names=("a", "b"), classes=())
    Table(features (4, 2), labels (4,) float64, 0 classes)
    """

    features: np.ndarray
    labels: np.ndarray
    feature_names: tuple[str, ...]
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        labels = f"{self.labels.shape} {self.labels.dtype}"
        return f"Table(features {self.features.shape}, labels {labels}, {len(self.classes)} classes)"


def breast_cancer() -> Table:
    """569 tumors, 30 measurements of cell nuclei: malignant (0) or benign (1)   (Wolberg, Street, Mangasarian 1995)

    Raises:
        MissingPackageError: scikit-learn is not installed.

    >>> breast_cancer().classes
    ('malignant', 'benign')
    """
    return _from_sklearn("breast_cancer")


def iris() -> Table:
    """150 irises, the lengths and widths of sepals and petals in centimeters: three species   (Fisher 1936)

    Raises:
        MissingPackageError: scikit-learn is not installed.

    >>> iris()
    Table(features (150, 4), labels (150,) int64, 3 classes)
    """
    return _from_sklearn("iris")


def digits() -> Table:
    """1,797 handwritten digits of 8 × 8 pixels, 0 to 16, one row each   (Alpaydin, Kaynak 1998)

    Raises:
        MissingPackageError: scikit-learn is not installed.

    >>> digits().features.shape
    (1797, 64)
    """
    return _from_sklearn("digits")


def wine() -> Table:
    """178 wines, 13 chemical measurements: three growers   (Aeberhard, Forina 1991)

    Raises:
        MissingPackageError: scikit-learn is not installed.

    >>> wine().feature_names[0]
    'alcohol'
    """
    return _from_sklearn("wine")


def diabetes() -> Table:
    """442 patients, 10 scaled measurements: the progression of diabetes after a year, 25 to 346   (Efron et al. 2004)

    Raises:
        MissingPackageError: scikit-learn is not installed.

    >>> diabetes().labels[:2]
    array([151.,  75.])
    """
    return _from_sklearn("diabetes")


def _from_sklearn(name: str) -> Table:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingPackageError(
            code="LN232",
            where=f"datasets.{name}",
            saw="no package scikit-learn",
            why="this table comes with it",
            fix='pip install -e ".[sklearn]"',
        ) from error
    found: Any = getattr(datasets, f"load_{name}")()
    classes = tuple(str(one) for one in found.get("target_names", ()))
    return Table(
        features=np.asarray(found.data, dtype=np.float64),
        labels=np.asarray(found.target, dtype=np.int64 if classes else np.float64),
        feature_names=tuple(str(one) for one in found.feature_names),
        classes=classes,
    )
