"""Which array library an array belongs to: the only place that asks.

The kind of array that goes into a layer is the kind that comes out. NumPy is always here; PyTorch tensors are
understood through their Array API namespace, and PyTorch is never imported unless the caller did so first.
"""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

import numpy as np

from .exc import DataError, MissingPackageError
from .tracing import Traced

__all__ = ["Array", "library", "namespace", "numpy", "use"]

Array: TypeAlias = Any
"""An array of any supported library: ``numpy.ndarray`` or ``torch.Tensor``."""

_handed_out: str = "numpy"


def namespace(array: Array) -> Any:
    """The Array API namespace of an array's library: ``numpy`` itself, or PyTorch seen through array-api-compat.

    Raises:
        DataError: the object is not an array of a known library.
        MissingPackageError: a PyTorch tensor, and array-api-compat is not installed.

    >>> namespace(np.zeros(3)).__name__
    'numpy'
    """
    if type(array) is np.ndarray or isinstance(array, np.ndarray | np.generic):
        return np
    if type(array) is Traced:
        return np
    if _is_torch(array):
        return _torch_namespace()
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    raise DataError(
        code="LN201",
        where="arrays.namespace",
        saw=f"a {type(array).__name__}",
        why="layers and losses compute with NumPy arrays or PyTorch tensors",
        fix="np.asarray(x, dtype=np.float32), or torch.as_tensor(x)",
    )


def library(array: Array) -> str:
    """The name of the library that an array belongs to: ``"numpy"`` or ``"torch"``, or ``""`` for anything else.

    >>> library(np.zeros(3)), library([1, 2])
    ('numpy', '')
    """
    if isinstance(array, np.ndarray | np.generic | Traced):
        return "numpy"
    if _is_torch(array):
        return "torch"
    return type(array).__module__.partition(".")[0] if hasattr(array, "__array_namespace__") else ""


def use(name: str) -> None:
    """Say once which kind of array the data pipeline hands out when it is given lists, tables or NumPy arrays.

    Args:
        name: ``"numpy"`` (as at the start) or ``"torch"``.

    Raises:
        DataError: the name is neither.
        MissingPackageError: PyTorch is not installed.

    >>> use("numpy")
    """
    global _handed_out
    if name not in ("numpy", "torch"):
        raise DataError(
            code="LN202",
            where="arrays.use",
            saw=repr(name),
            why="no such array library is supported",
            fix='lnc.arrays.use("numpy") or lnc.arrays.use("torch")',
        )
    if name == "torch":
        _import_torch()
    _handed_out = name


def in_use() -> str:
    """The name that was last given to `use`.

    >>> in_use()
    'numpy'
    """
    return _handed_out


def copied(array: Array) -> Array:
    """A new array with the same numbers, in the same library, dtype and device.

    >>> copied(np.zeros(2))
    array([0., 0.])
    """
    return namespace(array).asarray(array, copy=True)


def hand_out(array: np.ndarray) -> Array:
    """A NumPy array as the kind of array that `use` asked for, without a copy where the library allows it.

    >>> type(hand_out(np.zeros(2))).__name__
    'ndarray'
    """
    if _handed_out == "numpy":
        return array
    return _import_torch().from_numpy(np.ascontiguousarray(array))


def numpy(array: Array) -> np.ndarray:
    """Any array, list or number as a NumPy array; a tensor on another device is copied to this computer's memory.

    >>> numpy([1.0, 2.0])
    array([1., 2.])
    """
    if _is_torch(array):
        return np.asarray(array.detach().cpu())
    if isinstance(array, np.ma.MaskedArray):
        return _with_holes(array)
    return np.asarray(array)


def _with_holes(array: Any) -> np.ndarray:
    """A masked array with NaN where numbers are masked, and None where other values are.

    >>> _with_holes(np.ma.masked_equal([1, -999], -999))
    array([ 1., nan])
    """
    if not np.ma.is_masked(array):
        return np.asarray(array.data)
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    if array.dtype.kind == "f":
        return np.asarray(array.filled(np.nan))
    values = array.data.astype(object)
    values[np.ma.getmaskarray(array)] = None
    return np.asarray(values)


def detached(array: Array) -> Array:
    """An array that is on no graph of PyTorch's autograd: any array but such a tensor is returned as it is.

    >>> detached(np.ones(2))
    array([1., 1.])
    """
    return array.detach() if getattr(array, "requires_grad", False) else array


def like(array: np.ndarray, prototype: Array) -> Array:
    """A NumPy array as a new array of ``prototype``'s library, dtype and device.

    >>> like(np.ones(2), np.zeros(1, dtype=np.float32))
    array([1., 1.], dtype=float32)
    """
    if isinstance(prototype, np.ndarray | Traced):
        return np.array(array, dtype=prototype.dtype)
    xp = namespace(prototype)
    return cast(xp.asarray(array, device=prototype.device, copy=True), prototype.dtype)


def astype(array: Array, dtype: str) -> Array:
    """An array in the dtype of that name (``"float32"``, ``"float64"``, ``"int64"``): itself where it has it already.

    >>> astype(np.zeros(2), "float32").dtype
    dtype('float32')
    """
    return cast(array, getattr(namespace(array), dtype))


def cast(array: Array, dtype: Any) -> Array:
    """An array in a dtype of its own library: itself where it has it already.

    >>> cast(np.zeros(2), np.float32).dtype
    dtype('float32')
    """
    if array.dtype == dtype:
        return array
    return array.astype(dtype) if isinstance(array, np.ndarray | Traced) else namespace(array).astype(array, dtype)


def dtype_name(array: Array) -> str:
    """The name of an array's dtype, the same for every library.

    >>> dtype_name(np.zeros(2, dtype=np.float32))
    'float32'
    """
    return str(array.dtype).rpartition(".")[2]


def kind(array: Array) -> str:
    """What an array's elements are: ``"float"``, ``"int"`` (booleans too), or the dtype's own name for all else.

    >>> kind(np.zeros(2)), kind(np.arange(2)), kind(np.array(["a"])), kind(np.zeros(2, complex))
    ('float', 'int', 'str', 'complex')
    """
    name = dtype_name(array)
    if name.startswith(("float", "bfloat")):
        return "float"
    if name.startswith(("int", "uint", "bool")):
        return "int"
    return "str" if name.startswith(("<U", "|S", ">U", "<S", "StringDType")) else name.rstrip("0123456789")


def _is_torch(array: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def _torch_namespace() -> Any:
    try:
        import array_api_compat.torch as xp
    except ImportError as error:
        raise _missing("array-api-compat") from error
    return xp


def _import_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise _missing("torch") from error
    return torch


def _missing(package: str) -> MissingPackageError:
    return MissingPackageError(
        code="LN203",
        where="arrays",
        saw=f"no package {package}",
        why="PyTorch tensors are computed with through it",
        fix='pip install -e ".[torch]"',
    )
