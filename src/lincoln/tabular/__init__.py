"""Tables: from columns as they are to a trained network, and back to classes and values."""

from .expansion import TableFeatures
from .model import TabularModel
from .preprocessor import TabularPreprocessor

__all__ = ["TableFeatures", "TabularModel", "TabularPreprocessor"]
