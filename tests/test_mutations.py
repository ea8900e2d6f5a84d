"""The tests find faults in Lincoln's own source: each row of `mutations` is made in a copy, and its test fails."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest
from mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "lincoln"
NOTHING_TO_GET_WRONG = {"utils.py", "cli/errors.py"}
"""Modules of names alone, beside those that begin with an underscore."""

SECONDS = 60.0
"""After that long, a test that a fault keeps from ending counts as failed."""

AT_ONCE = 2
A_FEW = MUTATIONS[:: -(-len(MUTATIONS) // 4)]
MANY = MUTATIONS if os.environ.get("LINCOLN_FAULTS") == "all" else MUTATIONS[::4]
"""What `make test-all` makes: a part of the table, or with LINCOLN_FAULTS=all the whole, which takes ten minutes."""


# ---------------------------------------------------------------------- the table


def test_every_mutation_fits_the_source():
    wrong = []
    for mutation in MUTATIONS:
        source = (SOURCE / mutation.file).read_text("utf-8")
        count = source.count(mutation.before)
        if count != 1:
            wrong.append(f"{mutation.file} holds {count} times: {mutation.before}")
        elif mutation.before == mutation.after:
            wrong.append(f"{mutation.file}, nothing changes: {mutation.before}")
        else:
            ast.parse(source.replace(mutation.before, mutation.after))
    assert not wrong, "\n".join(["rows of tests/mutations.py that no longer fit:", *wrong])


def test_no_mutation_comes_twice():
    assert len({(one.file, one.before, one.after) for one in MUTATIONS}) == len(MUTATIONS) >= 150


def test_every_module_has_a_mutation():
    modules = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("[!_]*.py")}
    formulas = {name for name in modules if not name.startswith("kernels/")}  # a kernel would have to be compiled anew
    assert formulas - NOTHING_TO_GET_WRONG == {mutation.file for mutation in MUTATIONS}


# ---------------------------------------------------------------------- the tests that find them


class Copy:
    """A copy of the source, in which one fault at a time is made; compiled kernels are linked to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(
            SOURCE, folder / "lincoln", copy_function=_copy, ignore=shutil.ignore_patterns("__pycache__", "*.cpp")
        )
        subprocess.run([sys.executable, "-m", "compileall", "-q", folder], check=True)

    @contextmanager
    def changed(self, mutation: Mutation) -> Iterator[None]:
        """For its block, the copy has one fault."""
        file = self.folder / "lincoln" / mutation.file
        file.write_text(file.read_text("utf-8").replace(mutation.before, mutation.after), "utf-8")
        os.utime(file, (0, 0))  # another time than that of the file which was compiled
        try:
            yield
        finally:
            shutil.copy2(SOURCE / mutation.file, file)

    def is_found(self, mutation: Mutation) -> str:
        """How the test of a mutation found it; empty if it did not."""
        with self.changed(mutation):
            try:
                done = run([mutation.test], source=self.folder, kernels=mutation.kernels, seconds=SECONDS)
            except subprocess.TimeoutExpired:
                return f"no end after {SECONDS:.0f} seconds"
        assert done.returncode in (0, 1), f"no test of {mutation} ran:\n{done.stdout}{done.stderr}"
        return "a test failed" if done.returncode == 1 else ""


def _copy(file: str, to: str) -> None:
    if file.endswith((".so", ".pyd")):
        Path(to).symlink_to(file)
    else:
        shutil.copy2(file, to)


def run(tests: list[str], *, source: Path, kernels: bool, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run tests, named as in the table, on the package in a folder."""
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    if not kernels:
        environment["LINCOLN_KERNELS"] = "off"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", *(f"tests/{test}" for test in tests)],
        cwd=ROOT,
        env=environment,
        timeout=seconds,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("source"))


@pytest.mark.parametrize("mutation", A_FEW, ids=lambda mutation: f"{mutation.file}: {mutation.after}")
def test_a_mutation_is_found(mutation, copy):
    assert copy.is_found(mutation)


@pytest.mark.big
@pytest.mark.parametrize("kernels", [True, False], ids=["with kernels", "without kernels"])
def test_the_tests_of_all_mutations_pass_without_them(kernels):
    tests = sorted({row.test for row in MUTATIONS if row.kernels is kernels})
    done = run(tests, source=SOURCE.parent, kernels=kernels, seconds=600.0)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.big
def test_many_mutations_are_found(tmp_path):
    copies: SimpleQueue[Copy] = SimpleQueue()
    for number in range(AT_ONCE):
        copies.put(Copy(tmp_path / str(number)))

    def found(mutation: Mutation) -> str:
        mine = copies.get()
        try:
            return mine.is_found(mutation)
        finally:
            copies.put(mine)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(zip(MANY, pool.map(found, MANY), strict=True))
    for mutation, answer in answers.items():
        if answer.startswith("no end"):
            print(f"{answer}: {mutation}")
    missed = [str(mutation) for mutation, answer in answers.items() if not answer]
    assert not missed, "\n".join(["no test found these:", *missed])
