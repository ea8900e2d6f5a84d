"""Importing Lincoln loads NumPy and the standard library and leaves the process as it was."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

OPTIONAL = ["array_api_compat", "matplotlib", "pandas", "scipy", "sklearn", "torch", "tqdm"]

LOADED = """
import sys
import numpy
with_numpy = set(sys.modules)
import lincoln
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - with_numpy}))
"""

STATE = """
import random, signal, sys, threading, warnings, os, locale
import numpy as np

def state():
    return {{
        "filters": list(warnings.filters),
        "handlers": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "python's generator": random.getstate(),
        "numpy's generator": [str(part) for part in np.random.get_state()],
        "numpy's errors": np.geterr(),
        "numpy's printing": np.get_printoptions(),
        "threads": threading.active_count(),
        "environment": dict(os.environ),
        "locale": locale.setlocale(locale.LC_ALL),
        "recursion": sys.getrecursionlimit(),
        "hooks": (sys.excepthook, sys.displayhook),
        "path": list(sys.path),
        "subnormals": np.float32(1e-38) / np.float32(1e3),
    }}

before = state()
{statement}
after = state()
print(*[name for name in before if before[name] != after[name]], sep="\\n")
"""

USED = """
import lincoln as lnc
import numpy as np
network = lnc.Sequential(lnc.Dense(3, "relu"), lnc.layers.Dropout(0.5), lnc.Dense(1), seed=0)
loss = lnc.losses.LogLoss(network)
loss(np.ones((4, 2)), np.array([0, 1, 0, 1]))
loss.backward()
lnc.check.gradients.gradient_report(loss, np.ones((4, 2)), np.array([0, 1, 0, 1]))
"""


TRAINED = """
import sys
import lincoln as lnc
import numpy as np
network = lnc.Sequential(lnc.Dense(3, "relu"), lnc.Dense(1), seed=0)
loss = lnc.losses.LogLoss(network)
optimizer = lnc.optim.Adam(network)
batch = np.ones((4, 2)), np.array([0, 1, 0, 1])
loss(*batch)
loss.backward()
optimizer.step()
for _ in lnc.models.Trainer(loss, optimizer).epochs([batch], epochs=2):
    pass
print(*[name for name in sys.modules if name.startswith("lincoln.check")])
"""


def run(program: str) -> str:
    """What a fresh interpreter prints, warnings being errors."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    result = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, env=kept)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


def test_import_loads_nothing_outside_the_standard_library_but_numpy():
    outside = set(run(LOADED).split()) - set(sys.stdlib_module_names)
    assert outside == {"lincoln"}


def test_training_and_checking_load_no_optional_package():
    loaded = run(f"{USED}\nimport sys\nprint(*(set({OPTIONAL!r}) & sys.modules.keys()))")
    assert loaded == ""


@pytest.mark.parametrize("statement", ["import lincoln", USED], ids=["import", "use"])
def test_the_process_stays_as_it_was(statement: str):
    assert run(STATE.format(statement=statement)) == ""


def test_the_probe_of_the_process_notices_a_change():
    assert run(STATE.format(statement="np.seterr(over='ignore'); random.random()")).splitlines() == [
        "python's generator",
        "numpy's errors",
    ]


def test_every_public_name_is_there_and_documented():
    import lincoln

    missing = [name for name in lincoln.__all__ if not getattr(getattr(lincoln, name), "__doc__", "")]
    assert missing == []


def test_a_training_of_lincolns_own_parts_does_not_even_load_the_checks():
    assert run(TRAINED).strip() == ""
