"""Files: models that last, and checkpoints from which training goes on."""

from .checkpoint import Checkpoint
from .saving import load, save

__all__ = ["Checkpoint", "load", "save"]
