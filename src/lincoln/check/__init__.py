"""Checks for people who write layers: gradients against finite differences, and the whole contract."""

from .contract_suite import ContractReport, check_layer
from .first_step import check_user_layers
from .gradients import GradientReport, check_gradients, gradient_report

__all__ = [
    "ContractReport",
    "GradientReport",
    "check_gradients",
    "check_layer",
    "check_user_layers",
    "gradient_report",
]
