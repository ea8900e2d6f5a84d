"""The training loop, and models around it."""

from .classifier import Classifier, Logistic
from .history import Epoch, History
from .model import Model
from .regressor import Regressor
from .stopping import EarlyStopping
from .trainer import Evaluation, Trainer

__all__ = [
    "Classifier",
    "EarlyStopping",
    "Epoch",
    "Evaluation",
    "History",
    "Logistic",
    "Model",
    "Regressor",
    "Trainer",
]
