"""Values that need nothing but themselves, as JSON and back: numbers, arrays of strings, dtypes, random generators."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .names import TYPES

__all__ = ["plain_node", "plain_value"]

_JSON = {bool, int, float, str, type(None)}
_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_GENERATORS: dict[str, Callable[[], Any]] = {
    kind.__name__: kind
    for kind in (np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.SFC64, np.random.MT19937)
}
_LONGEST_TEXT = 1 << 16
"""How many characters the elements of an array of strings may have room for."""


def plain_node(value: Any) -> Any:
    """A value as JSON; NotImplemented if it is no such value.

    >>> plain_node(float("inf")), plain_node(np.float32(0.5))
    ({'float': 'inf'}, {'scalar': ['float32', 0.5]})
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, np.bool_ | np.integer | np.floating) and value.dtype.itemsize <= 8:
        return {"scalar": [value.dtype.name, plain_node(value.item())]}
    if isinstance(value, np.str_):
        return {"scalar": ["str", str(value)]}
    if isinstance(value, np.dtype) and not value.hasobject:
        return {"dtype": value.str}
    if isinstance(value, type):
        name = next((name for name, kind in TYPES.items() if kind is value), None)
        return NotImplemented if name is None else {"type": name}
    if isinstance(value, np.ndarray) and value.dtype.kind in "UT":
        return {"strings": [_string_dtype(value), list(value.shape), value.ravel().tolist()]}
    return NotImplemented


def stays(values: list[Any]) -> bool:
    """Whether a list is JSON as it is: all of it numbers that are finite, strings, booleans and None.

    >>> stays([1, 0.5, "a"]), stays([math.nan]), stays([[]])
    (True, False, False)
    """
    kinds = set(map(type, values))
    floats = kinds == {float} and math.isfinite(sum(map(abs, values)))
    return floats or (kinds <= _JSON and all(math.isfinite(value) for value in values if type(value) is float))


def plain_value(tag: str, content: Any) -> Any:
    """The value that a node of `plain_node` stands for.

    Raises:
        ValueError, TypeError, KeyError: it stands for none.

    >>> plain_value("float", "inf"), plain_value("dtype", "<f4")
    (inf, dtype('float32'))
    """
    if tag == "float":
        return _FLOATS[content]
    if tag == "scalar":
        dtype, item = content
        item = item if not isinstance(item, dict) else _FLOATS[item["float"]]
        return np.str_(item) if dtype == "str" else _simple(dtype).type(item)
    if tag == "dtype":
        return _simple(content, "biufcSUMm")
    if tag == "type":
        return TYPES[content]
    dtype, shape, texts = content
    return _strings(dtype, texts).reshape(shape)


def generator_state(generator: Any) -> dict[str, Any] | None:
    """The kind and the state of a NumPy generator, old or new; None if it is none that files can hold.

    >>> generator_state(np.random.default_rng(0))["kind"]
    'PCG64'
    """
    if isinstance(generator, np.random.Generator):
        state = dict(generator.bit_generator.state)
        old = False
    elif isinstance(generator, np.random.RandomState):
        state = dict(generator.get_state(legacy=False))
        old = True
    else:
        return None
    kind = state.pop("bit_generator")
    return {"kind": kind, "old": old, "state": state} if kind in _GENERATORS else None


def generator_from(content: dict[str, Any]) -> Any:
    """The generator whose state `generator_state` gave.

    >>> generator_from(generator_state(np.random.default_rng(3))).random() == np.random.default_rng(3).random()
    True
    """
    bits = _GENERATORS[content["kind"]]()
    full = {"bit_generator": content["kind"], **content["state"]}
    if not content["old"]:
        bits.state = full
        return np.random.Generator(bits)
    generator = np.random.RandomState(bits)
    generator.set_state(full)
    return generator


def _simple(name: str, kinds: str = "biuf") -> np.dtype[Any]:
    dtype = np.dtype(name) if type(name) is str else None
    if dtype is None or dtype.kind not in kinds or dtype.itemsize > 4 * _LONGEST_TEXT:
        raise ValueError(f"dtype {name!r}"[:80])
    return dtype


def _string_dtype(array: np.ndarray) -> str:
    return array.dtype.str if array.dtype.kind == "U" else "StringDType"


def _strings(dtype: str, texts: list[Any]) -> np.ndarray:
    if not isinstance(texts, list) or not all(type(text) is str for text in texts):
        raise ValueError("elements that are not strings")
    if dtype == "StringDType":
        return np.array(texts, dtype=np.dtypes.StringDType())
    wanted = _simple(dtype, "U")
    array = np.array(texts, dtype=str)
    if array.dtype.itemsize > wanted.itemsize:
        raise ValueError(f"strings longer than {dtype}")
    return array.astype(wanted)
