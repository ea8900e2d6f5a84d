"""The hot functions of `lincoln.functional`, compiled ahead of time, and the switch that lets them take over.

Each module here is Python with Pythran's export comments. The install compiles it if there is a C++ compiler;
if there is none, or the processor lacks what the code was compiled for, the functions in `lincoln.functional` do the
work themselves. ``LINCOLN_KERNELS=off`` in the environment does that on purpose.

A function marked by `accelerated` has the attributes ``twin``, its compiled twin or None, ``form``, which says what the
twin takes, and ``changes``, the numbers of the arguments that it changes. A caller that has checked the arguments may
call the twin itself.
"""

from __future__ import annotations

import functools
import os
import pkgutil
import platform
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, TypeVar

import numpy as np
from numpy import ndarray

from ..tracing import NotTraceableError, Traced, find

__all__ = ["accelerated", "active", "status"]

_FLOAT32 = np.dtype(np.float32)
_X86_NEEDS = ("AVX2", "FMA3")

Function = TypeVar("Function", bound=Callable[..., Any])
Form = Literal["as is", "elements", "rows"]


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


def accelerated(form: Form = "as is", *, changes: tuple[int, ...] = ()) -> Callable[[Function], Function]:
    """Let a function's compiled twin, if there is one, take over for NumPy arrays of float32 or float64.

    The twin has the same name and arguments. Whatever it does not take (other dtypes, byte orders and numbers of axes,
    strided arrays, PyTorch tensors, arguments by name) goes to the function itself, which is the definition. A call
    with a traced array is written down as one call.

    Args:
        form: what the twin takes: ``"as is"``, the arguments as they are; ``"elements"``, matrices of one shape, and
            arrays of any number of axes as one row, ``reshape(1, -1)``; ``"rows"``, the same as rows of the last
            axis, ``reshape(-1, shape[-1])``. All are contiguous; a single result has the shape of the first.
        changes: the numbers of the arguments that the function changes. Read-only arrays go to the definition, which
            refuses them; a call with a traced array is refused. The result for arrays that overlap is undefined.

    >>> @accelerated("elements")
    ... def half(a):
    ...     return a / 2
    >>> half(np.array([4.0])), half.twin, half.form
    (array([2.]), None, 'elements')
    """

    def mark(function: Function) -> Function:
        twin = _twins.get(function.__name__)
        dispatch = _with_twin(function, twin, form, changes) if twin else _without_twin(function, changes)
        dispatch.twin, dispatch.form, dispatch.changes = twin, form, changes  # type: ignore[attr-defined]
        return dispatch  # type: ignore[return-value]

    return mark


def _without_twin(function: Callable[..., Any], changes: tuple[int, ...]) -> Callable[..., Any]:
    @functools.wraps(function)
    def dispatch(*args: Any, **named: Any) -> Any:
        for arg in (*args, *named.values()) if named else args:
            if type(arg) is Traced:
                return _write_down(arg, dispatch, changes, args, named)
        return function(*args, **named)

    return dispatch


def _with_twin(
    function: Callable[..., Any], twin: Callable[..., Any], form: Form, changes: tuple[int, ...]
) -> Callable[..., Any]:
    @functools.wraps(function)
    def dispatch(*args: Any, **named: Any) -> Any:
        if named or not args or type(args[0]) is not ndarray:
            return otherwise(args, named)
        for arg in args:  # in this processor's order of bytes, which compiled code does not look at
            if type(arg) is ndarray and arg.dtype is not _FLOAT32 and not arg.dtype.isnative:
                return otherwise(args, named)
        for index in changes:
            if index < len(args) and type(args[index]) is ndarray and not args[index].flags.writeable:
                return otherwise(args, named)
        try:
            return twin(*args)
        except TypeError:
            return otherwise(args, named)

    def otherwise(args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        traced = find((*args, *named.values()))
        if traced is not None:
            return _write_down(traced, dispatch, changes, args, named)
        matrices = None if named or form == "as is" else _as_matrices(args, form)
        if matrices is not None:
            try:
                return _shaped(twin(*matrices), args[0].shape)
            except TypeError:
                pass
        return function(*args, **named)

    return dispatch


def _write_down(
    traced: Traced, dispatch: Callable[..., Any], changes: tuple[int, ...], args: Any, named: dict[str, Any]
) -> Any:
    if any(index < len(args) for index in changes):
        raise NotTraceableError(f"{dispatch.__name__}, which changes an array in place")
    return traced.trace.call(dispatch, args, named)


def _as_matrices(args: tuple[Any, ...], form: Form) -> list[Any] | None:
    """The arguments with all arrays in the form that the twin takes; None where they have none."""
    shape = getattr(args[0], "shape", ()) if args else ()
    if not shape or 0 in shape:
        return None
    matrices = []
    for arg in args:
        if type(arg) is ndarray:
            if arg.shape != shape or not arg.flags.c_contiguous or not arg.dtype.isnative:
                return None
            arg = arg.reshape(1, -1) if form == "elements" else arg.reshape(-1, shape[-1])
        matrices.append(arg)
    return matrices


def _shaped(result: Any, shape: tuple[int, ...]) -> Any:
    return tuple(part.reshape(shape) for part in result) if type(result) is tuple else result.reshape(shape)


def _load() -> tuple[str, dict[str, Callable[..., Any]]]:
    if os.environ.get("LINCOLN_KERNELS", "").lower() == "off":
        return "off: LINCOLN_KERNELS=off", {}
    missing = _missing_instructions()
    if missing:
        return f"off: the processor has no {missing}", {}
    twins: dict[str, Callable[..., Any]] = {}
    for _, name, _ in pkgutil.iter_modules(__path__):
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
        return "instruction set that NumPy knows of"
    return ", ".join(name for name in _X86_NEEDS if not features.get(name))


_status, _twins = _load()
