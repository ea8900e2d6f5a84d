"""The mathematics as plain functions: each formula once, forward beside backward, for every array library."""

from .activations import *  # noqa: F403
from .activations import __all__ as _activations
from .linear import *  # noqa: F403
from .linear import __all__ as _linear
from .losses import *  # noqa: F403
from .losses import __all__ as _losses
from .networks import *  # noqa: F403
from .networks import __all__ as _networks
from .normalization import *  # noqa: F403
from .normalization import __all__ as _normalization
from .passes import *  # noqa: F403
from .passes import __all__ as _passes
from .updates import *  # noqa: F403
from .updates import __all__ as _updates

__all__ = [*_activations, *_linear, *_losses, *_networks, *_normalization, *_passes, *_updates]
