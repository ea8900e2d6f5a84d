"""How long `import lincoln` takes beyond NumPy's own import: the best of several fresh processes, in turn.

    python benchmarks/import_time.py
"""

from __future__ import annotations

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


def seconds() -> float:
    """One fresh process."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    times = sorted(seconds() for _ in range(RUNS))
    print(f"import lincoln beyond numpy: best {1e3 * times[0]:.1f} ms, median {1e3 * times[RUNS // 2]:.1f} ms")


if __name__ == "__main__":
    main()
