"""Damaged model files, drawn from a seed: bits flipped, bytes lost, and fields changed under a right checksum."""

from __future__ import annotations

import copy
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from lincoln.files.container import pack, unpack

ODD_VALUES: list[Any] = [
    None, True, -1, 0, 1, 2**63, 10**30, 1e308, "", "layers.Linear", "nowhere.Linear", "os.system", [], {}, [[]],
    {"ref": 0}, {"ref": 10**9}, {"ref": -1}, {"ref": [0, "0"]}, {"array": "none"}, {"float": "nan"}, {"float": "x"},
    {"tuple": [10**12]}, {"tuple": [-1]}, {"tuple": [{"tuple": []}]}, {"dict": {}}, {"dict": [[1, 2], [1, 3]]},
    {"class": "losses.LogLoss"}, {"function": "metrics.accuracy"}, {"strings": ["<U9", [2], ["a"]]},
    {"strings": ["<U999999999", [1], ["a"]]}, {"objects": [[3], [1]]}, {"dtype": "<f4"}, {"dtype": "O"},
    {"scalar": ["float32", "x"]}, {"scalar": ["float32", 1.0]}, {"type": "float"}, {"generator": {}}, {"unnamed": "f"},
]  # fmt: skip


def damaged_bytes(contents: bytes, rng: np.random.Generator) -> bytes:
    """A file's bytes with some of them flipped, cut off, left out, given twice or replaced."""
    kind = rng.integers(6)
    place = int(rng.integers(len(contents)))
    length = int(rng.integers(1, 65))
    if kind == 0:
        return contents[:place]
    if kind == 1:
        return contents[:place] + contents[place + length :]
    if kind == 2:
        return contents[:place] + contents[place : place + length] + contents[place:]
    if kind == 3:
        return contents[:place] + rng.bytes(length) + contents[place + length :]
    if kind == 4:
        return struct.pack("<Q", int(rng.integers(2**62))) + contents[8:]
    flipped = bytearray(contents)
    for spot in rng.integers(len(contents), size=int(rng.integers(1, 4))):
        flipped[spot] ^= 1 << int(rng.integers(8))
    return bytes(flipped)


def changed_fields(path: Any, rng: np.random.Generator) -> bytes:
    """A file with one field of its document, or one of its arrays, changed, under a checksum that fits."""
    document, arrays = unpack(path)
    document, arrays = copy.deepcopy(document), dict(arrays)
    if rng.random() < 0.3:
        _change_array(arrays, rng)
    else:
        _change_node(document, rng)
    return pack(document, arrays)


def _change_array(arrays: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    name = sorted(arrays)[int(rng.integers(len(arrays)))]
    array = arrays.pop(name)
    kind = rng.integers(6)
    if kind == 1:
        arrays[name + "x"] = array
    elif kind == 2:
        arrays |= {name: array, "one more": array}
    elif kind == 3:
        arrays[name] = array.astype([np.float64, np.int64, np.bool_, np.float16][int(rng.integers(4))])
    elif kind == 4:
        arrays[name] = array.ravel()[: int(rng.integers(array.size + 1))]
    elif kind == 5:
        arrays[name] = array[None]


def _change_node(document: dict[str, Any], rng: np.random.Generator) -> None:
    holder, key = list(_places(document))[int(rng.integers(sum(1 for _ in _places(document))))]
    kind = rng.integers(4)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif kind == 2 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    else:
        holder[key] = copy.deepcopy(ODD_VALUES[int(rng.integers(len(ODD_VALUES)))])


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every list or object inside, with every index or key of it."""
    if isinstance(node, dict | list):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from _places(node[key])
