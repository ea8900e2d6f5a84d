"""The mathematics as functions: each formula once, forward beside backward, for every array library."""

from .activations import *  # noqa: F403
from .activations import __all__ as _activations
from .dropout import *  # noqa: F403
from .dropout import __all__ as _dropout
from .fused import *  # noqa: F403
from .fused import __all__ as _fused
from .linear import *  # noqa: F403
from .linear import __all__ as _linear
from .losses import *  # noqa: F403
from .losses import __all__ as _losses
from .normalization import *  # noqa: F403
from .normalization import __all__ as _normalization
from .reductions import *  # noqa: F403
from .reductions import __all__ as _reductions
from .updates import *  # noqa: F403
from .updates import __all__ as _updates
from .weighting import *  # noqa: F403
from .weighting import __all__ as _weighting

__all__ = [
    *_activations,
    *_dropout,
    *_fused,
    *_linear,
    *_losses,
    *_normalization,
    *_reductions,
    *_updates,
    *_weighting,
]
