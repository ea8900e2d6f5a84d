"""The settings of a training run: read from a TOML file, and written back with everything that was resolved."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..exc import MissingPackageError
from ..files.writing import replace_file
from .errors import UsageError

__all__ = ["read_settings", "settings_file", "write_settings"]

SECTIONS: dict[str, tuple[str, ...]] = {
    "data": (
        "data",
        "target",
        "task",
        "drop",
        "keep",
        "numeric",
        "categorical",
        "missing",
        "not_missing",
        "drop_missing_target",
        "day_first",
        "delimiter",
        "encoding",
        "decimal",
        "header",
        "skip_bad_rows",
        "test_size",
        "stream",
    ),
    "training": (
        "hidden",
        "dropout",
        "epochs",
        "batch_size",
        "lr",
        "weight_decay",
        "label_smoothing",
        "patience",
        "valid_size",
        "seed",
        "threads",
    ),
    "run": ("name", "runs", "plots"),
}
"""Where each setting stands in the file."""

_TOLD = ("versions", "found")
"""Sections that inform, and set nothing."""


def read_settings(path: Path) -> dict[str, Any]:
    """The settings in a TOML file, by the names of their options.

    Raises:
        UsageError: no such file, no TOML, or a name that no setting has.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        saw = f"no file {path}" if isinstance(error, FileNotFoundError) else str(error)
        raise UsageError(
            code="LN732",
            where=f"--config {path}",
            saw=saw,
            why="the settings of a run are read from a TOML file",
            fix="a config.toml that lincoln train wrote; or one by hand: docs/command_line.md shows it",
        ) from error
    settings: dict[str, Any] = {}
    for section, values in content.items():
        if section in _TOLD:
            continue
        if section not in SECTIONS or not isinstance(values, dict):
            raise _unknown(path, section, [*SECTIONS, *_TOLD], "section" if isinstance(values, dict) else "setting")
        for name, value in values.items():
            if name not in SECTIONS[section]:
                raise _unknown(path, f"{section}.{name}", [f"{section}.{one}" for one in SECTIONS[section]], "setting")
            settings[name] = value
    return settings


def told(path: Path, section: str) -> dict[str, Any]:
    """A section that only informs, such as ``found``; empty where the file has none."""
    try:
        return dict(tomllib.loads(path.read_text("utf-8-sig")).get(section, {}))
    except (OSError, ValueError):
        return {}


def write_settings(path: Path, settings: Mapping[str, Any], *, found: Mapping[str, Any]) -> None:
    """Write every setting that is not None, with what was found in the data and the versions that ran.

    Raises:
        MissingPackageError: tomlkit is not installed.
    """
    replace_file(path, settings_file(path, settings, found=found))


def settings_file(path: Path, settings: Mapping[str, Any], *, found: Mapping[str, Any]) -> bytes:
    """What `write_settings` writes; the path is told in it.

    Raises:
        MissingPackageError: tomlkit is not installed.
    """
    try:
        import tomlkit
    except ImportError as error:
        raise MissingPackageError(
            code="LN733",
            where="config.toml",
            saw="no package tomlkit",
            why="the settings of a run are written with it",
            fix='pip install -e ".[cli]"',
        ) from error
    document = tomlkit.document()
    document.add(tomlkit.comment("Every setting of this run. To repeat it:"))
    document.add(tomlkit.comment(f"lincoln train --config {path}"))
    for section, names in SECTIONS.items():
        table = tomlkit.table()
        for name in names:
            if settings.get(name) is not None:
                table.add(name, _plain(settings[name]))
        document.add(section, table)
    for section, values in (("found", found), ("versions", versions())):
        table = tomlkit.table()
        table.comment("for information, not read")
        for name, value in values.items():
            table.add(name, _plain(value))
        document.add(section, table)
    return bytes((tomlkit.dumps(document).rstrip() + "\n").encode())


def versions() -> dict[str, str]:
    """The versions that the bits of a result depend on."""
    import platform

    import numpy as np

    from .. import __version__, kernels

    return {
        "lincoln": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "kernels": kernels.status(),
    }


def _unknown(path: Path, name: str, names: list[str], what: str) -> UsageError:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return UsageError(
        code="LN734",
        where=f"--config {path}",
        saw=f"the {what} {name!r}",
        why=f"no {what} has that name",
        fix=f"{close[0]}?" if close else f"one of {', '.join(names)}",
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if hasattr(value, "item") else value
