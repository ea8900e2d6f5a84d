"""The layers, one family a file, each of which lists its own in ``__all__``."""

from ..layer import Layer
from .activations import *  # noqa: F403
from .activations import __all__ as _activations
from .containers import *  # noqa: F403
from .containers import __all__ as _containers
from .dropout import *  # noqa: F403
from .dropout import __all__ as _dropout
from .embedding import *  # noqa: F403
from .embedding import __all__ as _embedding
from .linear import *  # noqa: F403
from .linear import __all__ as _linear
from .normalization import *  # noqa: F403
from .normalization import __all__ as _normalization
from .shape import *  # noqa: F403
from .shape import __all__ as _shape

__all__ = ["Layer", *_activations, *_containers, *_dropout, *_embedding, *_linear, *_normalization, *_shape]
