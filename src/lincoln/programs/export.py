"""A program as one file that needs NumPy alone, its numbers beside it; and as data."""

from __future__ import annotations

import inspect
import re
import textwrap
import types
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .. import arrays
from ..exc import ContractError
from ..tracing import Traced
from .recipe import Place
from .text import Into, Page

__all__ = ["FORMAT", "as_data", "write_numpy"]

FORMAT = 1
"""The version of what `as_data` gives. A reader refuses a higher one."""


def as_data(program: Any) -> dict[str, Any]:
    """What `Program.to_data` gives."""
    page = program._page
    return {
        "format": FORMAT,
        "inputs": page.arguments,
        "value": page.value,
        "calls": [{name: value for name, value in asdict(step).items() if name != "values"} for step in program.calls],
        "left": [
            {
                "layer": page.titles[store.place.layer],
                "attribute": store.place.name,
                "value": page.names_of(store.value),
            }
            for store in page.recipe.stores
        ],
        "notes": list(program.notes),
    }


def write_numpy(program: Any, path: Path) -> None:
    """What `Program.to_numpy` does."""
    page = program._page
    for name, what in page.bound.items():
        if isinstance(what, Place) and not what.name:
            raise ContractError(
                code="LN571",
                where="Program.to_numpy",
                saw=f"{name}, which stays a call",
                why="the file is to run without Lincoln: it holds formulas, and functions of NumPy's",
                fix="; ".join(program.notes),
            )
    numbers: dict[str, np.ndarray] = {}
    lines: list[str] = []
    for argument, part in zip(page.arguments, page.recipe.inputs, strict=True):
        pairs = zip(argument, part, strict=True) if isinstance(argument, list) else [(argument, part)]
        numbers |= {name: inner.value for name, inner in pairs}
    kept = [call for call in program._lines if call.results or call.target or call.named]
    source = page.page(kept)
    functions: dict[str, Any] = {}
    for name, what in page.bound.items():
        if isinstance(what, Into):
            lines.append(f"{name} = np.zeros_like({name[1:]})")
        elif callable(what) and not isinstance(what, Place):
            functions[name] = what
        else:
            _write_constant(page, name, what, numbers, lines)
    used = set(re.findall(r"\w+", source))
    functions = {name: function for name, function in functions.items() if name in used}
    grads = [name for name, what in page.bound.items() if isinstance(what, Into)]
    text = _HEAD.format(title=type(program.loss).__name__)
    text += "".join(f"{name} = numbers[{name!r}]\n" for name in numbers) + "".join(f"{line}\n" for line in lines)
    text += "\n\n" + "\n\n\n".join([*_definitions(functions), source])
    text += _TAIL.format(arguments=", ".join(_call_arguments(page)))
    text += "".join(f"    print({name!r}, {name}.tolist())\n" for name in grads)
    path.write_text(text)
    np.savez(path.with_suffix(".npz"), **numbers)  # type: ignore[arg-type]


_HEAD = '''"""A training step of a network with {title}: its loss and gradients for one batch, with NumPy alone."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

numbers = np.load(Path(__file__).with_suffix(".npz"))
'''

_IN_NUMPY = {
    arrays.namespace: "(array):\n    return np",
    arrays.cast: "(array, dtype):\n    return array.astype(dtype, copy=False)",
    arrays.astype: "(array, dtype):\n    return array.astype(dtype, copy=False)",
    arrays.like: "(array, prototype):\n    return np.array(array, dtype=prototype.dtype)",
}
"""What functions for every array library are in NumPy's."""

_TAIL = """

if __name__ == "__main__":
    print("loss", float(step({arguments})))
"""


def _call_arguments(page: Page) -> list[str]:
    return [f"({', '.join(a)},)" if isinstance(a, list) else a for a in page.arguments]


def _write_constant(page: Page, name: str, what: Any, numbers: dict[str, np.ndarray], lines: list[str]) -> None:
    """An array into the file of numbers; anything else as text."""
    value = what.find(page.recipe.owners) if isinstance(what, Place) else what
    value = getattr(value, "_value", value)
    value = value.value if type(value) is Traced else value
    if isinstance(value, np.random.Generator):
        lines.append(f"{name} = np.random.default_rng()")
        lines.append(f"{name}.bit_generator.state = {page.recipe.states[id(value)]!r}")
    elif isinstance(value, np.ndarray):
        numbers[name] = page.recipe.before.get(id(value), value)
    else:
        lines.append(f"{name} = {value!r}")


def _definitions(functions: dict[str, Any]) -> list[str]:
    """The formulas, and what they call, each once, what is called before what calls it."""
    written: dict[str, str] = {}
    for name, function in functions.items():
        _define(name, inspect.unwrap(function), written)
    return list(written.values())


def _define(name: str, function: Any, written: dict[str, str]) -> None:
    if name in written:
        return
    if function in _IN_NUMPY:
        written[name] = f"def {name}{_IN_NUMPY[function]}"
        return
    if not isinstance(function, types.FunctionType):
        raise ContractError(
            code="LN572",
            where="Program.to_numpy",
            saw=f"{name}, which is no function of Lincoln's or NumPy's",
            why="the file is to run with NumPy alone",
            fix="write the layer with NumPy's functions",
        )
    written[name] = ""  # a function that calls itself is not written twice
    constants = []
    for used in _names(function.__code__):
        value = function.__globals__.get(used)
        if isinstance(value, types.ModuleType) or value is None:
            continue
        if callable(value) and (getattr(value, "__module__", "") or "").partition(".")[0] == "lincoln":
            if isinstance(value, types.FunctionType):
                _define(used, inspect.unwrap(value), written)
        elif isinstance(value, float | int | str | tuple):
            constants.append(f"{used} = {value!r}\n")
    text = textwrap.dedent(inspect.getsource(function))
    for used in set(re.findall(r"\barrays\.(\w+)", text)):
        _define(used, getattr(arrays, used), written)
    text = text.replace("arrays.", "")
    text = text[text.index("def ") :].replace(f"def {function.__name__}(", f"def {name}(", 1)
    del written[name]
    written[name] = "".join(constants) + text.rstrip()


def _names(code: types.CodeType) -> list[str]:
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return [*code.co_names, *(name for one in inner for name in _names(one))]
