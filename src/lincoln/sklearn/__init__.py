"""Estimators for scikit-learn: its own parameter names and attributes, and what its networks never had."""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    from ..exc import MissingPackageError

    raise MissingPackageError(
        code="LN650",
        where="lincoln.sklearn",
        saw="no package scikit-learn",
        why="the estimators are scikit-learn's: they derive from its BaseEstimator",
        fix='pip install -e ".[sklearn]"; lnc.models.Classifier and lnc.models.Regressor need NumPy alone',
    ) from error

from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
