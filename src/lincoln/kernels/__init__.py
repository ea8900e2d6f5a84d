"""The hot functions of `lincoln.functional`, compiled ahead of time, and the switch that lets them take over.

Each module here is plain Python with Pythran's export comments. The install compiles it if there is a C++ compiler;
if there is none, or the processor lacks what the code was compiled for, the functions in `lincoln.functional` do the
work themselves. ``LINCOLN_KERNELS=off`` in the environment does that on purpose.
"""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import numpy as np

__all__ = ["accelerated", "accelerated_by_rows", "active", "status"]

_MODULES = ("activations", "passes", "updates")
_X86_NEEDS = ("AVX2", "FMA3")

Function = TypeVar("Function", bound=Callable[..., Any])


def status() -> str:
    """``"on"``, or why the compiled kernels are not used.

    >>> status().startswith(("on", "off"))
    True
    """
    return _status


def active() -> bool:
    """Whether the compiled kernels are used.

    >>> active() == (status() == "on")
    True
    """
    return _status == "on"


def accelerated(function: Function) -> Function:
    """Let the compiled twin, if there is one, take over for NumPy arrays of float32 or float64.

    The twin has the same name and arguments. Whatever it does not take (other dtypes and numbers of axes, strided
    arrays, PyTorch tensors) goes to the function itself, which is the definition.
    """
    twin = _twins.get(function.__name__)
    if twin is None:
        return function

    @functools.wraps(function)
    def dispatch(first: Any, *others: Any, **named: Any) -> Any:
        if type(first) is np.ndarray and not named:
            try:
                return twin(first, *others)
            except TypeError:
                pass
        return function(first, *others, **named)

    return dispatch  # type: ignore[return-value]


def accelerated_by_rows(function: Function) -> Function:
    """As `accelerated`, for functions that work along the last axis, or element by element, and keep the shape.

    Arrays of other than two axes are given to the twin as rows of their last axis.
    """
    twin = _twins.get(function.__name__)
    if twin is None:
        return function

    @functools.wraps(function)
    def dispatch(first: Any, *others: Any) -> Any:
        if type(first) is np.ndarray:
            try:
                if first.ndim == 2:
                    return twin(first, *others)
                if first.ndim and first.flags.c_contiguous:
                    return _on_rows(twin, first.shape, (first, *others))
            except TypeError:
                pass
        return function(first, *others)

    return dispatch  # type: ignore[return-value]


def _on_rows(twin: Callable[..., Any], shape: tuple[int, ...], args: tuple[Any, ...]) -> Any:
    rows = [arg.reshape(-1, shape[-1]) if isinstance(arg, np.ndarray) and arg.shape == shape else arg for arg in args]
    result = twin(*rows)
    return result if result is None else result.reshape(shape)


def _load() -> tuple[str, dict[str, Callable[..., Any]]]:
    if os.environ.get("LINCOLN_KERNELS", "").lower() == "off":
        return "off: LINCOLN_KERNELS=off", {}
    missing = _missing_instructions()
    if missing:
        return f"off: the processor has no {missing}", {}
    twins: dict[str, Callable[..., Any]] = {}
    for name in _MODULES:
        module = import_module(f"{__name__}.{name}")
        if not hasattr(module, "__pythran__"):
            return "off: not compiled when Lincoln was installed; a C++ compiler is needed then", {}
        twins |= {key: value for key, value in vars(module).items() if callable(value) and not key.startswith("_")}
    return "on", twins


def _missing_instructions() -> str:
    """What the compiled code needs and this processor lacks; asked of NumPy, which detects it anyway."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return ""
    try:
        features = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return "instruction set that NumPy would tell of"
    return ", ".join(name for name in _X86_NEEDS if not features.get(name))


_status, _twins = _load()
