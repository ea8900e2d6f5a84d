"""How long `import lincoln` takes beyond NumPy's own import: several fresh processes, with and without bytecode caches.

python benchmarks/import_time.py
"""

from __future__ import annotations

import os
import subprocess
import sys

RUNS = 15
PROGRAM = """
import time
import numpy
started = time.perf_counter()
import lincoln
print(time.perf_counter() - started)
"""


def seconds(*options: str) -> float:
    """One fresh process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    program = [sys.executable, *options, "-c", PROGRAM]
    return float(subprocess.run(program, capture_output=True, text=True, check=True, env=environment).stdout)


def main() -> None:
    seconds()  # writes the caches
    for name, options in (
        ("compiled once, as installed", ()),
        ("compiled anew every time", ("-X", "pycache_prefix=/dev/null")),
    ):
        times = sorted(seconds(*options) for _ in range(RUNS))
        print(f"{name}: best {1e3 * times[0]:.1f} ms, median {1e3 * times[RUNS // 2]:.1f} ms beyond numpy")


if __name__ == "__main__":
    main()
