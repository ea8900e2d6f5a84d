"""The four parts of `gradient_descent.py`, one a file, and what they share."""

from __future__ import annotations

from typing import Any

__all__ = ["torch_if_installed"]


def torch_if_installed() -> Any:
    """PyTorch, to compare with, on one thread, which is fastest for arrays this small; None if it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    return torch
