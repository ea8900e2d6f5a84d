"""Errors and warnings: one message format that says where, what was seen, why it is wrong, and how to mend it."""

from __future__ import annotations

__all__ = [
    "BackwardError",
    "CheckError",
    "ContractError",
    "DataError",
    "DimensionError",
    "DivergenceError",
    "GradientWarning",
    "LearningWarning",
    "LincolnError",
    "MatchError",
    "MissingDataError",
    "MissingFileError",
    "MissingMethodError",
    "MissingPackageError",
    "ModelFileError",
    "NotFittedError",
    "NotRecordedError",
    "ProgramWarning",
    "TrainingError",
]


class LincolnError(Exception):
    """The root of every error that Lincoln raises on purpose.

    Either one string, or the four parts of a full message.

    Args:
        message: the whole message, when there is nothing more to say.
        code: a stable name such as ``LN103``, to search for.
        where: the layer, loss or function that refused.
        saw: the offending values, shapes or types.
        why: what would go wrong if it went on.
        fix: the change that mends it, as code where possible.

    >>> print(MatchError("the two shapes differ"))
    the two shapes differ
    >>> print(MatchError(code="LN103", where="LogLoss", saw="labels (4, 2)", why="they differ", fix="labels[:, 0]"))
    LN103 MatchError in LogLoss
      saw:  labels (4, 2)
      why:  they differ
      fix:  labels[:, 0]
    """

    def __init__(
        self, message: str = "", *, code: str = "", where: str = "", saw: str = "", why: str = "", fix: str = ""
    ) -> None:
        if not message:
            head = f"{code} {type(self).__name__}".strip() + (f" in {where}" if where else "")
            parts = [f"  {name + ':':5} {text}" for name, text in (("saw", saw), ("why", why), ("fix", fix)) if text]
            message = "\n".join([head, *parts])
        super().__init__(message)
        self.message = message
        self.code = code
        self.where = where
        self.saw = saw
        self.why = why
        self.fix = fix


class MatchError(LincolnError, ValueError):
    """Two things that belong together do not fit: shapes, numbers of features, kinds of array."""


class DimensionError(LincolnError, ValueError):
    """An array has the wrong number of dimensions."""


class BackwardError(LincolnError, RuntimeError):
    """``backward`` was called before ``forward``."""


class ContractError(LincolnError, TypeError):
    """A layer or a loss breaks the contract: it returns nothing, or stands in a network twice."""


class MissingMethodError(ContractError, NotImplementedError):
    """A subclass has not written a method that was called."""


class DataError(LincolnError, ValueError):
    """Features or labels cannot be learned from: wrong type, empty, out of range, not finite."""


class TrainingError(LincolnError, ArithmeticError):
    """Training cannot go on: the loss is no longer a finite number."""


class DivergenceError(TrainingError, ValueError):
    """An estimator's weights would no longer be finite numbers; programs for scikit-learn catch a ValueError there."""


class NotFittedError(LincolnError, AttributeError, ValueError):
    """A model was asked to predict before it was fitted."""


class NotRecordedError(LincolnError, AttributeError):
    """A number of the way back was asked for, of a pass outside `recording`."""


class CheckError(LincolnError, AssertionError):
    """A gradient, or another part of the layer contract, is wrong."""


class MissingDataError(LincolnError, FileNotFoundError):
    """A dataset is not on this computer, and no public mirror has given it."""


class ModelFileError(LincolnError, ValueError):
    """A model file or a checkpoint cannot be written, cannot be read, or does not fit what it is loaded into."""


class MissingFileError(ModelFileError, FileNotFoundError):
    """There is no model file under that name."""


class MissingPackageError(LincolnError, ImportError):
    """An optional package is needed for what was asked."""


class GradientWarning(UserWarning):
    """A user-written layer or loss gives a wrong gradient, or changes an array that others need."""


class LearningWarning(UserWarning):
    """Something in a network does not learn, or a user-written optimizer does not do what it seems to."""


class ProgramWarning(UserWarning):
    """A network's program does not give the layers' numbers; the layers are used."""
