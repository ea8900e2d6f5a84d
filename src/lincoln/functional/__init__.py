"""The mathematics as plain functions: each formula once, forward beside backward, for every array library."""

from .activations import *  # noqa: F403
from .activations import __all__ as _activations
from .linear import *  # noqa: F403
from .linear import __all__ as _linear

__all__ = [*_activations, *_linear]
