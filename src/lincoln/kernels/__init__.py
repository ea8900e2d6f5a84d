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

__all__ = ["accelerated", "accelerated_by_rows", "accelerated_in_place", "active", "status"]

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

    The twin has the same name and arguments. Whatever it does not take (other dtypes, byte orders and numbers of axes,
    strided arrays, PyTorch tensors, arguments by name) goes to the function itself, which is the definition.
    """
    return _with_twin(function, _native)


def accelerated_in_place(function: Function) -> Function:
    """As `accelerated`, for functions that change arrays: read-only ones go to the definition, which refuses them.

    What becomes of arrays that overlap is not defined.
    """
    return _with_twin(function, _writeable)


def accelerated_by_rows(function: Function) -> Function:
    """As `accelerated`, for functions that work along the last axis, or element by element, and keep the shape.

    Arrays of other than two axes are given to the twin as rows of their last axis.
    """
    twin = _twins.get(function.__name__)
    if twin is None:
        return function

    @functools.wraps(function)
    def dispatch(*args: Any, **named: Any) -> Any:
        first = args[0] if args else None
        if not named and type(first) is np.ndarray and first.size and _native(args):
            try:
                if first.ndim == 2:
                    return twin(*args)
                if first.ndim and all(type(arg) is not np.ndarray or arg.shape == first.shape for arg in args):
                    return twin(*(_as_rows(arg) for arg in args)).reshape(first.shape)
            except TypeError:
                pass
        return function(*args, **named)

    return dispatch  # type: ignore[return-value]


def _with_twin(function: Function, takes: Callable[[tuple[Any, ...]], bool]) -> Function:
    twin = _twins.get(function.__name__)
    if twin is None:
        return function

    @functools.wraps(function)
    def dispatch(*args: Any, **named: Any) -> Any:
        if not named and type(args[0]) is np.ndarray and takes(args):
            try:
                return twin(*args)
            except TypeError:
                pass
        return function(*args, **named)

    return dispatch  # type: ignore[return-value]


def _native(args: tuple[Any, ...]) -> bool:
    """Whether all arrays are in this processor's order of bytes, which compiled code does not look at."""
    for arg in args:  # noqa: SIM110 - a generator would cost as much as a small kernel
        if type(arg) is np.ndarray and not arg.dtype.isnative:
            return False
    return True


def _writeable(args: tuple[Any, ...]) -> bool:
    """Whether all arrays are native, and none of them is read-only."""
    for arg in args:  # noqa: SIM110 - as above
        if type(arg) is np.ndarray and not (arg.dtype.isnative and arg.flags.writeable):
            return False
    return True


def _as_rows(arg: Any) -> Any:
    return arg.reshape(-1, arg.shape[-1]) if type(arg) is np.ndarray and arg.flags.c_contiguous else arg


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
