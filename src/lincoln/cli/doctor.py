"""``lincoln doctor``: versions, BLAS, threads, compiled kernels, optional packages."""

from __future__ import annotations

import os
import platform
from typing import Any

import click

from .console import Console
from .options import talking_options

__all__ = ["command"]

PACKAGES = {
    "safetensors": ("files", "saving and loading models"),
    "pyarrow": ("cli", "reading CSV and parquet files"),
    "pandas": ("pandas", "tables in Python"),
    "click": ("cli", "the command line"),
    "rich": ("cli", "tables and progress on a terminal"),
    "tomlkit": ("cli", "writing config.toml"),
    "threadpoolctl": ("cli", "--threads"),
    "matplotlib": ("plot", "plots"),
    "scikit-learn": ("sklearn", "estimators, small datasets, bench"),
    "tqdm": ("progress", "progress bars in Python"),
    "torch": ("torch", "layers on PyTorch tensors"),
    "array-api-compat": ("torch", "layers on PyTorch tensors"),
}


@click.command(epilog="Example: lincoln doctor")
@talking_options
def command(json: bool) -> None:
    """Show versions, BLAS, threads, compiled kernels, and which optional packages are installed."""
    from .. import kernels

    console = Console(json=json)
    system = _system()
    console.table(["", ""], [[name, str(value)] for name, value in system.items()])
    console.say()
    packages = _packages()
    rows = [[row["package"], row["version"] or "-", row["for"], row["install"]] for row in packages]
    console.table(["package", "version", "needed for", "to install"], rows)
    console.say()
    status = kernels.status()
    if status == "on":
        console.say("All is well: the compiled kernels are on.", style="good")
    else:
        console.say(f"The compiled kernels are {status}.\n{_advice(status)}", style="note")
    console.event("doctor", system=system, packages=packages, kernels=status)


def _system() -> dict[str, Any]:
    import numpy as np

    from .. import __version__, kernels
    from .threads import threads

    blas = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    chosen = [f"{name}={os.environ[name]}" for name in _VARIABLES if name in os.environ]
    return {
        "lincoln": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "numpy": np.__version__,
        "BLAS": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "processors": _processors(),
        "BLAS threads": threads() or "unknown (threadpoolctl is not installed)",
        "environment": ", ".join(chosen) or "nothing set",
        "compiled kernels": kernels.status(),
    }


_VARIABLES = (
    "LINCOLN_KERNELS",
    "LINCOLN_DATA",
    "LINCOLN_CACHE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_CORETYPE",
)


def _processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _packages() -> list[dict[str, str]]:
    from importlib.metadata import PackageNotFoundError, version

    rows = []
    for name, (extra, purpose) in PACKAGES.items():
        try:
            found, install = version(name), ""
        except PackageNotFoundError:
            found, install = "", f'pip install -e ".[{extra}]"'
        rows.append({"package": name, "version": found, "for": purpose, "install": install})
    return rows


def _advice(status: str) -> str:
    if "LINCOLN_KERNELS" in status:
        return "Unset LINCOLN_KERNELS in the environment to use them."
    if "processor" in status:
        return "Lincoln works without them, some parts several times slower; this processor cannot run them."
    return (
        "Lincoln works without them, some parts several times slower. With a C++ compiler (apt install g++, "
        "xcode-select --install), install anew: pip install --force-reinstall --no-deps lincoln-nn"
    )
