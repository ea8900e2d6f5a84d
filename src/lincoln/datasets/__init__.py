"""Real data by name: images from their public mirrors, small tables from scikit-learn."""

from .images import Images, fashion_mnist, mnist
from .tables import Table, breast_cancer, diabetes, digits, iris, wine

__all__ = [
    "Images",
    "Table",
    "breast_cancer",
    "diabetes",
    "digits",
    "fashion_mnist",
    "iris",
    "mnist",
    "wine",
]
