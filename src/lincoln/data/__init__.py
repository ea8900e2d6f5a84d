"""Batches, splits and scales: from the data as they are to the arrays that a network is given."""

from .dataset import Dataset
from .loading import Batches, DataLoader, FlatGenerator, as_batches, generate_batches
from .preprocessing import Standardizer, standardize
from .reading import check_finite
from .splitting import train_test_split

__all__ = [
    "Batches",
    "DataLoader",
    "Dataset",
    "FlatGenerator",
    "Standardizer",
    "as_batches",
    "check_finite",
    "generate_batches",
    "standardize",
    "train_test_split",
]
