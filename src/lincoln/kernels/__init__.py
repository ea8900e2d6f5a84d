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
from numpy import ndarray

__all__ = ["accelerated", "accelerated_by_elements", "accelerated_by_rows", "accelerated_in_place", "active", "status"]

_MODULES = ("activations", "networks", "normalization", "passes", "updates")
_FLOAT32 = np.dtype(np.float32)
_NARROW = 8  # columns: fewer do not fill a vector instruction
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
    return _with_twin(function, otherwise=function)


def accelerated_in_place(*changed: int) -> Callable[[Function], Function]:
    """As `accelerated`, for functions that change the arguments of these numbers.

    Read-only arrays go to the definition, which refuses them. What becomes of arrays that overlap is not defined.
    """
    return lambda function: _with_twin(function, otherwise=function, changed=changed)


def accelerated_by_rows(function: Function) -> Function:
    """As `accelerated`, for functions that work along the last axis, and keep the shape.

    Arrays of other than two axes are given to the twin as rows of their last axis.
    """
    return _with_twin(function, otherwise=_in_rows(function, least=0), least=0)


def accelerated_by_elements(function: Function) -> Function:
    """As `accelerated_by_rows`, for functions of each element by itself: narrow arrays become one long row."""
    return _with_twin(function, otherwise=_in_rows(function, least=_NARROW), least=_NARROW)


def _in_rows(function: Callable[..., Any], *, least: int) -> Callable[..., Any]:
    """The twin on arrays in another shape, where that is possible; else the function."""
    twin = _twins.get(function.__name__)

    def in_rows(*args: Any, **named: Any) -> Any:
        first = args[0] if args else None
        if twin and type(first) is ndarray and first.ndim and first.size and not named:
            columns = first.shape[-1] if first.shape[-1] >= least else first.size
            try:
                if all(type(arg) is not ndarray or arg.shape == first.shape for arg in args) and _native(args):
                    return twin(*(_as_rows(arg, columns) for arg in args)).reshape(first.shape)
            except TypeError:
                pass
        return function(*args, **named)

    return in_rows


def _with_twin(
    function: Function,
    *,
    otherwise: Callable[..., Any],
    least: int | None = None,
    changed: tuple[int, ...] = (),
) -> Function:
    """The twin where it takes the arguments, rows of at least so many columns if that is said; else the other way."""
    twin = _twins.get(function.__name__)
    if twin is None:
        return function

    @functools.wraps(function)
    def dispatch(*args: Any, **named: Any) -> Any:
        first = args[0] if args else None
        if named or type(first) is not ndarray:
            return otherwise(*args, **named)
        if least is not None and (first.ndim != 2 or first.shape[1] < least):
            return otherwise(*args)
        for arg in args:  # as in `_native`, without a call, which would cost as much as a small kernel
            if type(arg) is ndarray and arg.dtype is not _FLOAT32 and not arg.dtype.isnative:
                return otherwise(*args)
        for index in changed:
            if index >= len(args) or type(args[index]) is not ndarray or not args[index].flags.writeable:
                return otherwise(*args)
        try:
            return twin(*args)
        except TypeError:
            return otherwise(*args)

    return dispatch  # type: ignore[return-value]


def _native(args: tuple[Any, ...]) -> bool:
    """Whether all arrays are in this processor's order of bytes, which compiled code does not look at."""
    return all(type(arg) is not ndarray or arg.dtype.isnative for arg in args)


def _as_rows(arg: Any, columns: int) -> Any:
    return arg.reshape(-1, columns) if type(arg) is ndarray and arg.flags.c_contiguous else arg


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
