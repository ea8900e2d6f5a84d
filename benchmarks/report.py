"""What the tables are made of: the machine, medians of paired ratios, Markdown, and the files in `results/`."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from contestants.measure import numpy_versions
from processes import all_threads

RESULTS = Path(__file__).parent / "results"

Record = dict[str, Any]
ByRepetition = dict[int, float]


def machine() -> dict[str, Any]:
    """The processor, how many of its cores may be used, the system, Python, NumPy and its BLAS."""
    return {
        "processor": processor(),
        "cores": all_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **numpy_versions(),
    }


def processor() -> str:
    """The processor's name, with the widest vector instructions that it has."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    lines = dict(line.split("\t: ", 1) for line in cpuinfo.read_text().split("\n\n")[0].splitlines() if "\t: " in line)
    lines = {name.strip(): value for name, value in lines.items()}
    name = lines.get("model name", platform.machine())
    known = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}
    flags = lines.get("flags", lines.get("Features", "")).split()
    vectors = [title for flag, title in known.items() if flag in flags]
    family = f", family {lines['cpu family']} model {lines['model']}" if {"cpu family", "model"} <= lines.keys() else ""
    return f"{name}{family}{f', {vectors[0]}' if vectors else ''}"


def conditions(**chosen: object) -> dict[str, Any]:
    """What was chosen, and how busy the machine is before anything starts: figures want an idle one."""
    load = {"load average at the start": round(os.getloadavg()[0], 2)} if hasattr(os, "getloadavg") else {}
    return chosen | load


def by_repetition(records: Iterable[Record], key: str = "microseconds", **wanted: Any) -> ByRepetition:
    """The figure of each repetition; of several modes the best."""
    found: ByRepetition = {}
    for record in records:
        if key in record and all(record.get(name) == value for name, value in wanted.items()):
            repetition = record["repetition"]
            found[repetition] = min(record[key], found.get(repetition, math.inf))
    return found


def ratio(numerator: ByRepetition, denominator: ByRepetition) -> float | None:
    """The median of the ratios within each repetition that has both."""
    pairs = [numerator[number] / denominator[number] for number in numerator if number in denominator]
    return median(pairs) if pairs else None


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float | None:
    """The exponent p of cost ≈ c sizeᵖ: least squares on the logarithms."""
    if len(sizes) < 2:
        return None
    x, y = ([math.log(value) for value in values] for values in (sizes, costs))
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((one - mean_x) ** 2 for one in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread


def shown(value: float | None, unit: str = "") -> str:
    """Three digits or so; a dash for what there is not."""
    if value is None:
        return "-"
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}{unit}"


def best_and_median(figures: ByRepetition) -> str:
    return f"{shown(min(figures.values()))} / {shown(median(figures.values()))}" if figures else "-"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def versions(records: Iterable[Record]) -> dict[str, Any]:
    """Every version that a contestant has told; what the run without kernels says of kernels is no news."""
    found: dict[str, Any] = {}
    for record in records:
        told = record.get("versions", {})
        found |= {name: value for name, value in told.items() if name != "kernels" or not found.get(name)}
    return found


def failures(records: Iterable[Record]) -> list[str]:
    """One line for each thing that did not work, however often."""
    said = {
        f"{record['contestant']} {record.get('mode', '')}".strip() + f": {record['error']}": None
        for record in records
        if "error" in record
    }
    return list(said)


def save(
    name: str, *, title: str, parts: Iterable[tuple[str, str]], records: Sequence[Record], under: dict[str, Any]
) -> None:
    """Print the tables, and write them and everything that was measured to `results/`."""
    about, told = machine(), versions(records)
    kernels = {True: "on", False: "off", None: "not asked"}[told.get("kernels")]
    others = ", ".join(f"{key} {value}" for key, value in told.items() if key not in ("kernels", *about))
    facts = [
        f"{about['processor']}; {about['cores']} cores; {about['system']}; Python {about['python']}, "
        f"NumPy {about['numpy']} with {about['blas']}",
        f"{others}; Lincoln's kernels are {kernels}",
        ", ".join(f"{key} {value}" for key, value in under.items()),
    ]
    wrong = failures(records)
    sections = [f"## {heading}\n\n{body}" for heading, body in parts]
    if wrong:
        sections.append("## What did not work\n\n" + "\n".join(f"- {line}" for line in wrong))
    text = "\n\n".join([f"# {title}", "\n".join(f"- {fact}" for fact in facts if fact), *sections]) + "\n"
    RESULTS.mkdir(exist_ok=True)
    data = {"machine": about, "versions": told, "conditions": under, "records": list(records)}
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    (RESULTS / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print(f"{os.linesep}{text}")
