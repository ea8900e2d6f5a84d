"""Tables that come in chunks: the same model as from the whole table, in bounded memory, with progress that is true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lincoln.tabular import TabularModel, store

DATA = Path(os.environ.get("LINCOLN_DATA", "nowhere"))
QUICK = {"epochs": 2, "hidden": (8,)}
ROWS = 1300


def table(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=rows), "job": rng.choice(["clerk", "cook", "pilot"], rows)})
    frame["pay"] = np.where(frame["x"] + (frame["job"] == "cook") > 0.5, "high", "low")
    return frame


def chunks_of(frame: pd.DataFrame, size: int = 170):
    return lambda: (frame.iloc[start : start + size] for start in range(0, len(frame), size))


def weights(model: TabularModel) -> np.ndarray:
    return model.network.vector.value


def test_chunks_teach_what_the_whole_table_does():
    whole = TabularModel(**QUICK).fit(table(), "pay")
    np.testing.assert_array_equal(weights(TabularModel(**QUICK).fit_chunks(chunks_of(table()), "pay")), weights(whole))


def test_chunks_of_quantities_teach_what_the_whole_table_does():
    whole = TabularModel(**QUICK).fit(table(), "x")
    np.testing.assert_array_equal(weights(TabularModel(**QUICK).fit_chunks(chunks_of(table()), "x")), weights(whole))


def test_codes_in_a_file_are_as_good_as_codes_in_memory(monkeypatch, tmp_path):
    in_memory = TabularModel(**QUICK).fit_chunks(chunks_of(table()), "pay")
    monkeypatch.setattr(store, "_IN_MEMORY", 100)
    in_a_file = TabularModel(**QUICK).fit_chunks(chunks_of(table()), "pay", folder=tmp_path)
    np.testing.assert_array_equal(weights(in_a_file), weights(in_memory))
    assert list(tmp_path.iterdir()) == []


def test_reading_tells_which_time_it_is_and_how_many_rows_there_were():
    told = []
    TabularModel(**QUICK).fit_chunks(
        chunks_of(table(), 500), "pay", on_read=lambda model, time, rows: told.append((time, rows))
    )
    assert told == [(1, 500), (1, 1000), (1, 1300), (2, 500), (2, 1000), (2, 1300)]


def test_how_long_training_takes_is_known_when_it_begins():
    told = {}
    TabularModel(**QUICK).fit_chunks(
        chunks_of(table()),
        "pay",
        on_start=lambda model: told.update(rows=model.rows, total=model.total_steps),
        on_step=lambda model, step: told.update(last=step),
    )
    assert told["rows"] == (1170, 130)
    assert told["last"] == told["total"]


def test_a_class_that_only_a_later_chunk_shows_is_a_class():
    frame = table().sort_values("pay")
    assert TabularModel(**QUICK).fit_chunks(chunks_of(frame), "pay").classes.tolist() == ["high", "low"]


def test_a_mistake_in_a_later_chunk_is_named_by_its_row_in_the_table():
    frame = table().astype({"x": object})
    frame.loc[700, "x"] = "much"
    with pytest.raises(ValueError, match=r"'much' in row 700, column 'x'"):
        TabularModel(**QUICK).fit_chunks(chunks_of(frame), "pay")


@pytest.mark.big
@pytest.mark.skipif(not (DATA / "adult.csv").exists(), reason="needs LINCOLN_DATA with adult.csv")
def test_five_million_rows_train_in_less_than_two_gigabytes():
    code = """
import resource, sys
import pandas as pd
from lincoln.tabular import TabularModel
frame, rows = pd.read_csv(sys.argv[1]), 5_000_000

def chunks():
    for start in range(0, rows, len(frame)):
        yield frame.iloc[: rows - start]

model = TabularModel(epochs=1, hidden=(32,), batch_size=4096).fit_chunks(chunks, "income")
assert sum(model.rows) == rows
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    command = [sys.executable, "-c", code, str(DATA / "adult.csv")]
    megabytes = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert megabytes < 2000
