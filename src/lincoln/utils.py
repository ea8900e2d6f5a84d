"""The notebooks' ``lnc.utils``: names that live in `lincoln.data`."""

from .data import generate_batches, standardize

__all__ = ["generate_batches", "standardize"]
