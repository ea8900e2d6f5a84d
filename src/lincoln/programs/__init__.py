"""The program of a network: its training step as a straight line of calls."""

from .explain import Explanation, explain
from .fusions import FUSIONS
from .listing import Program, program
from .runner import Runner
from .text import Step

__all__ = ["FUSIONS", "Explanation", "Program", "Runner", "Step", "explain", "program"]
