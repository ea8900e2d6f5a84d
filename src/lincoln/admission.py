"""What may go into a layer, and what may come out of it: every shape is compared, every dtype converted or refused."""

from __future__ import annotations

from typing import Any

from numpy import ndarray

from . import arrays
from .arrays import Array
from .exc import BackwardError, ContractError, DataError, DimensionError, MatchError
from .parameters import Parameter, keeps_axes

__all__ = ["admit", "admit_grad", "check_input_grad", "example_shape", "returned"]


def admit(layer: Any, input: Any) -> Any:
    """An input, converted to the layer's dtype, if it can go through the layer.

    >>> import numpy as np
    >>> from lincoln.layers import ReLU
    >>> admit(ReLU(), np.arange(2))
    array([0., 1.], dtype=float32)
    """
    if type(input) is tuple:
        return tuple(admit(layer, part) for part in input)
    if type(input) is not ndarray:
        input = arrays.detached(input)
    if getattr(input, "dtype", None) is not layer._dtype or layer._dtype is None:
        input = _converted(layer, input)
    shape = input.shape
    if len(shape) < layer.min_dims:
        raise DimensionError(
            code="LN102",
            where=repr(layer),
            saw=f"an input of shape {tuple(shape)}",
            why=f"at least {layer.min_dims} axes are needed, the first one over the examples of the batch",
            fix="x[None] makes one example a batch of one; x[:, None] makes one feature a column",
        )
    if shape[0] == 0:
        raise DataError(
            code="LN104",
            where=repr(layer),
            saw=f"an empty batch of shape {tuple(shape)}",
            why="there is nothing to compute, and a mean over nothing is not a number",
            fix="leave empty batches out",
        )
    if layer.features is not None and shape[-1] != layer.features:
        raise MatchError(
            code="LN103",
            where=repr(layer),
            saw=f"an input of shape {tuple(shape)}",
            why=f"the layer was built for {layer.features} features on the last axis",
            fix=f"give {layer.features} features, or make a new network for {shape[-1]}",
        )
    if layer.built:
        layer.__dict__["_shape"] = shape  # the next batch of this shape needs no checks
    return input


def _converted(layer: Any, input: Array) -> Array:
    """A batch of a kind that this layer has not met: convert it, accept it for good, or refuse it."""
    kind = arrays.kind(input) if arrays.library(input) else type(input).__name__
    if kind not in ("float", "int") or (layer.accepts == "int" and kind == "float"):
        raise DataError(
            code="LN101",
            where=repr(layer),
            saw=f"an input of {kind}",
            why=f"the layer computes with arrays of {'integers' if layer.accepts == 'int' else 'real numbers'}",
            fix="convert it first: np.asarray(x, dtype=np.float32), or integers for token ids",
        )
    mine = next((p for p in vars(layer).values() if isinstance(p, Parameter) and p.built), None)
    if mine is not None and arrays.library(input) != arrays.library(mine.value):
        raise MatchError(
            code="LN110",
            where=repr(layer),
            saw=f"an input of {arrays.library(input)}, the parameters are of {arrays.library(mine.value)}",
            why="a layer computes in the array library that it was built with",
            fix='np.asarray(x); or a new network, built after lnc.arrays.use("torch") or by a first batch of tensors'
            if arrays.library(mine.value) == "numpy"
            else 'torch.as_tensor(x, dtype=torch.float32); for a whole data pipeline lnc.arrays.use("torch")',
        )
    if layer.accepts == "float":
        wanted = arrays.dtype_name(mine.value) if mine is not None else ""
        wanted = wanted or ("float32" if kind == "int" else arrays.dtype_name(input))
        if arrays.dtype_name(input) != wanted:
            return arrays.astype(input, wanted)
    layer.__dict__["_dtype"] = input.dtype
    return input


def returned(layer: Any, output: Any) -> Any:
    """What ``forward`` has returned, if it is an array or a tuple.

    >>> import numpy as np
    >>> from lincoln.layers import ReLU
    >>> returned(ReLU(), np.ones(1))
    array([1.])
    """
    if type(output) is not tuple and not hasattr(output, "shape"):
        raise ContractError(
            code="LN122",
            where=f"{layer!r}.forward",
            saw=f"forward returned {'nothing' if output is None else type(output).__name__}",
            why="the next layer needs the output as an array",
            fix="end forward with: return output",
        )
    return output


def admit_grad(layer: Any, output_grad: Any) -> Any:
    """The gradient of a layer's output, in the output's dtype, if it can go back through the layer.

    >>> import numpy as np
    >>> from lincoln.layers import ReLU
    >>> relu = ReLU()
    >>> y = relu(np.zeros((1, 2)))
    >>> admit_grad(relu, np.ones((1, 2), dtype=int))
    array([[1., 1.]])
    """
    output = layer.output
    if output is None:
        raise BackwardError(
            code="LN120",
            where=repr(layer),
            saw="backward before forward",
            why="the gradient depends on what the forward pass computed",
            fix="call forward(input) in training first; predictions under inference() record nothing",
        )
    _same_shape(layer, "output_grad", output_grad, "output", output)
    if type(output) is not tuple and output_grad.dtype is not output.dtype and arrays.kind(output) == "float":
        return arrays.cast(output_grad, output.dtype)  # a network in float32 goes back in float32
    return output_grad


def check_input_grad(layer: Any, input_grad: Any) -> None:
    """Refuse what ``backward`` has returned if it is not a gradient of the last input.

    >>> import numpy as np
    >>> from lincoln.layers import ReLU
    >>> relu = ReLU()
    >>> y = relu(np.zeros((1, 2)))
    >>> check_input_grad(relu, np.ones((1, 2)))
    """
    if input_grad is None:
        _allow_missing(layer, layer.last_input)
    else:
        _same_shape(layer, "input_grad", input_grad, "last_input", layer.last_input)


def example_shape(array: Any) -> Any:
    """The shape of one example in a batch, or a tuple of such shapes for several arrays.

    >>> import numpy as np
    >>> example_shape(np.zeros((5, 2)))
    (2,)
    """
    return tuple(example_shape(part) for part in array) if type(array) is tuple else tuple(array.shape[1:])


def _same_shape(layer: Any, name: str, array: Any, other_name: str, other: Any) -> None:
    if type(other) is tuple:
        if type(array) is not tuple or len(array) != len(other):
            _refuse_shape(layer, name, array, other_name, other)
        for part, other_part in zip(array, other, strict=True):
            if part is None:
                _allow_missing(layer, other_part)
            else:
                _same_shape(layer, name, part, other_name, other_part)
    elif getattr(array, "shape", None) != other.shape:
        _refuse_shape(layer, name, array, other_name, other)


def _refuse_shape(layer: Any, name: str, array: Any, other_name: str, other: Any) -> None:
    shape = getattr(array, "shape", None)
    expected = f"a tuple of {len(other)}" if type(other) is tuple else f"{tuple(other.shape)}"
    raise MatchError(
        code="LN121",
        where=f"{layer!r}.backward",
        saw=f"{name} {type(array).__name__ if shape is None else tuple(shape)}, {other_name} {expected}",
        why="a gradient has one number for each number of its array",
        fix=keeps_axes(shape or (), getattr(other, "shape", ()))
        or "undo in backward what forward did to the shape: sum what it broadcast, transpose what it transposed",
    )


def _allow_missing(layer: Any, array: Any) -> None:
    """Let an array have no gradient if it holds integers."""
    parts = array if type(array) is tuple else (array,)
    if any(arrays.kind(part) != "int" for part in parts):
        raise ContractError(
            code="LN123",
            where=f"{layer!r}.backward",
            saw="backward returned nothing",
            why="the layer before needs the gradient with respect to its output",
            fix="end backward with: return input_grad",
        )
