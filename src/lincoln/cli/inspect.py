"""``lincoln inspect``: what is in a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import talking_options

__all__ = ["command"]


@click.command(epilog="Example: lincoln inspect runs/people")
@click.argument("model", metavar="MODEL")
@talking_options
def command(model: str, json: bool) -> None:
    """Show a model's architecture, parameters, columns, classes, preprocessing, metrics and versions."""
    from ..files import load
    from ..files.container import unpack
    from .console import Console
    from .runs import find_model

    console, path = Console(json=json), find_model(model)
    thing = load(path)
    document, _ = unpack(path)
    network = getattr(thing, "network", thing)
    facts = _facts(thing, network, document, path)
    console.table(["", ""], [[name, _text(value)] for name, value in facts.items()])
    if hasattr(network, "summary"):
        console.say(f"\n{network.summary()}")
    columns = _columns(thing)
    if columns:
        names = list(columns[0])
        console.say()
        console.table(names, [[_text(row.get(name)) for name in names] for row in columns])
    console.event("model", **facts, columns=columns, architecture=repr(network))


def _facts(thing: Any, network: Any, document: dict[str, Any], path: Path) -> dict[str, Any]:
    about = getattr(thing, "about", {}) or {}
    facts: dict[str, Any] = {"file": str(path), "bytes": path.stat().st_size, "kind": type(thing).__name__}
    facts |= {"format version": document.get("version"), "written by": f"lincoln {document.get('library')}"}
    if hasattr(network, "named_parameters"):
        facts["parameters"] = sum(parameter.size for _, parameter in network.named_parameters())
    for name in ("task", "target_name", "classes", "best_epoch"):
        if getattr(thing, name, None) is not None:
            facts[name.removesuffix("_name")] = _plain(getattr(thing, name))
    if history := getattr(thing, "history", None):
        facts["epochs"] = len(history)
    facts |= {f"test {name}": value for name, value in about.get("metrics", {}).items()}
    facts |= {name.replace("_", " "): about[name] for name in ("data", "rows", "test_rows") if name in about}
    facts |= {f"trained with {name}": value for name, value in about.get("versions", {}).items()}
    if hasattr(thing, "settings"):
        facts |= {name: value for name, value in thing.settings.items() if value is not None and name not in facts}
    return facts


def _columns(thing: Any) -> list[dict[str, Any]]:
    preprocessor = getattr(thing, "preprocessor", None)
    return list(preprocessor.describe()) if preprocessor is not None else []


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        from ..tabular.layout import shown

        return shown([_text(one) for one in value])
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
