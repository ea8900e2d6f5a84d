"""Mutated CSV files: each gives a clear error or a right result, and never a crash, a hang or a traceback."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from cli_runs import QUICK, lincoln, written
from csv_mutations import mutated, people, text


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def assert_answered(content: bytes) -> None:
    """A trained model with finite scores, or a whole message and the exit code of data or usage."""
    answer = lincoln("train", written(Path("people.csv"), content), "-t", "income", "--json", *QUICK)
    assert "Traceback" not in answer.err
    assert not set(answer.err) & {"\x1b", "\r", "\x07"}
    last = answer.events[-1]
    if answer.code == 0:
        assert all(math.isfinite(last["metrics"][name]) for name in ("accuracy", "log_loss"))
        assert Path(last["model"]).exists()
        return
    assert answer.code in (2, 3), answer.err
    assert re.search(r"^LN[67]\d\d \w+Error in .+\n  saw:  .+\n  why:  .+\n  fix:  .+", answer.err, re.MULTILINE)
    assert last["exit_code"] == answer.code


@pytest.mark.parametrize("seed", range(40))
def test_a_mutated_table_gives_a_clear_error_or_a_result(seed):
    assert_answered(mutated(seed))


@pytest.mark.big
@pytest.mark.parametrize("start", range(40, 200, 10))
def test_many_mutated_tables_give_clear_errors_or_results(start):
    for seed in range(start, start + 10):
        assert_answered(mutated(seed))


def test_the_mutations_are_many_and_the_same_each_time():
    files = [mutated(seed) for seed in range(40)]
    assert files == [mutated(seed) for seed in range(40)]
    assert len({*files, text(people()).encode()}) > 25
