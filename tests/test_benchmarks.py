"""The benchmarks' own arithmetic and tables, and that Lincoln's program runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import inference
import numpy as np
import options
import processes
import pytest
import report
import scaling
import steps
import training
from contestants import options as options_
from contestants import steps as steps_
from workloads import WORKLOADS

from lincoln import examples, layers, optim

BENCHMARKS = Path(report.__file__).parent


def record(contestant, repetition, microseconds, *, mode="", workload="tiny", threads=1, peak_mb=50.0):
    return {
        "contestant": contestant,
        "repetition": repetition,
        "microseconds": microseconds,
        "mode": mode,
        "workload": workload,
        "threads": threads,
        "peak_mb": peak_mb,
    }


RECORDS = [
    record("Lincoln", 0, 10.0),
    record("Lincoln", 1, 20.0),
    record("Lincoln", 2, 10.0),
    record("matrix products alone", 0, 8.0),
    record("JAX", 0, 16.0, mode="scan", peak_mb=250.0),
    record("JAX", 0, 99.0, mode="step", peak_mb=260.0),
    record("JAX", 1, 30.0, mode="scan"),
    record("JAX", 2, 17.0, mode="scan"),
    record("PyTorch", 0, 100.0, mode="eager"),
    {"contestant": "PyTorch", "repetition": 0, "mode": "compiled", "workload": "tiny", "threads": 1, "error": "no g++"},
]


def columns(table):
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {name: [row[number] for row in rows] for number, name in enumerate(head)}


@pytest.mark.parametrize(
    ("name", "sizes", "steps"),
    [
        ("tiny", [(30, 10), (10, 2)], 4),
        ("tab", [(50, 128), (128, 128), (128, 2)], 78),
        ("seed3", [(784, 50), (50, 10)], 93),
        ("mnist", [(784, 500), (500, 10)], 100),
        ("deep", [(784, 1024), (1024, 1024), (1024, 10)], 20),
    ],
)
def test_the_workloads_are_those_that_the_figures_are_about(name, sizes, steps):
    assert WORKLOADS[name].sizes == sizes
    assert WORKLOADS[name].steps == steps


@pytest.mark.parametrize("work", WORKLOADS.values(), ids=WORKLOADS)
def test_a_workload_draws_the_same_data_every_time(work):
    x, y = work.data()
    assert x.shape == (work.examples, work.features)
    assert x.dtype == np.float32
    assert sorted(set(y.tolist())) == list(range(work.classes))
    np.testing.assert_array_equal(x, work.data()[0])


def test_the_fastest_mode_of_a_library_counts():
    assert report.by_repetition(RECORDS, contestant="JAX") == {0: 16.0, 1: 30.0, 2: 17.0}


def test_a_ratio_is_the_median_of_the_ratios_within_repetitions():
    assert report.ratio({0: 16.0, 1: 30.0, 2: 17.0}, {0: 10.0, 1: 20.0, 2: 10.0}) == pytest.approx(1.6)


def test_a_ratio_of_repetitions_that_never_meet_is_none():
    assert report.ratio({0: 1.0}, {1: 1.0}) is None


def test_the_slope_is_the_exponent_of_the_growth():
    assert report.slope([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0]) == pytest.approx(2.0)


def test_the_training_tables_show_times_ratios_and_memory():
    times, ratios, memory = (columns(table) for _, table in training.tables(RECORDS))
    assert times["Lincoln"] == ["10.0 / 10.0"]
    assert times["JAX"] == ["16.0 / 17.0"]
    assert ratios["PyTorch / Lincoln"] == ["10.0"]
    assert ratios["best peer / Lincoln"] == ["1.60"]
    assert ratios["Lincoln / matrix products alone"] == ["1.25"]
    assert ratios["thinc / Lincoln"] == ["-"]
    assert memory["JAX"] == ["50.0"]


def test_a_mode_that_failed_or_was_slow_is_not_repeated():
    assert training.worth_repeating(RECORDS[4:6]) == ("scan",)
    assert training.worth_repeating(RECORDS[8:]) == ("eager",)


def test_what_failed_is_named_once():
    assert report.failures(RECORDS + RECORDS) == ["PyTorch compiled: no g++"]


def test_inference_has_a_row_for_each_batch_size():
    records = [record(name, 0, 5.0) | {"batch": batch} for name in ("Lincoln", "JAX") for batch in (1, 32)]
    times, ratios = (columns(table) for _, table in inference.tables(records))
    assert times[""] == ["batch 1, 1 thread", "batch 32, 1 thread"]
    assert ratios["JAX / Lincoln"] == ["1.00", "1.00"]


def test_scaling_ends_in_its_slope():
    records = [record("Lincoln", 0, 3.0 * size) | {"axis": "depth", "size": size} for size in (1, 2, 4, 8, 16)]
    ((_, table),) = scaling.tables(records)
    assert columns(table)["Lincoln, µs a step"][-1] == "1.00 , 1.00"


def test_results_are_saved_as_a_page_and_as_data(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    report.save("work", title="Work", parts=training.tables(RECORDS), records=RECORDS, under={"repetitions": 3})
    page = (tmp_path / "results" / "work.md").read_text(encoding="utf-8")
    assert "## What did not work\n\n- PyTorch compiled: no g++" in page
    assert "Lincoln's kernels are not asked" in page
    assert page in capsys.readouterr().out
    assert json.loads((tmp_path / "results" / "work.json").read_text(encoding="utf-8"))["records"] == RECORDS


def test_a_contestant_finds_its_threads_and_no_other_processor_in_its_environment(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    found = processes.environment(1)
    assert "OPENBLAS_CORETYPE" not in found
    assert found["OMP_NUM_THREADS"] == found["OPENBLAS_NUM_THREADS"] == found["MKL_NUM_THREADS"] == "1"
    assert os.environ["OPENBLAS_CORETYPE"] == "Haswell"


def test_every_contestant_has_its_turn_in_each_repetition():
    turns = [processes.in_turn("abc", repetition) for repetition in range(3)]
    assert [sorted(turn) for turn in turns] == [["a", "b", "c"]] * 3
    assert len({turn[0] for turn in turns}) > 1


def test_an_error_of_a_contestant_is_reported():
    assert processes.python("-c", "raise ValueError('too slow')", threads=1) == {"error": "ValueError: too slow"}


@pytest.mark.parametrize("arguments", [["tab"], ["tab", "--task", "inference", "--change", '{"batch": 1}']])
def test_lincolns_program_measures_itself(arguments):
    found = processes.contest(processes.CONTESTANTS["Lincoln"], *arguments, "--smoke", threads=1)
    assert found["microseconds"] > 0
    assert found["peak_mb"] > 1
    assert {"lincoln", "kernels", "numpy", "blas"} <= found["versions"].keys()


def test_every_activation_loss_and_optimizer_has_its_row():
    named = {(row.group, row.name.partition(",")[0]) for row in options_.rows()}
    kinds = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    rules = {name for name in kinds if issubclass(getattr(optim, name), optim.Optimizer)} - {"Optimizer"}
    functions = {type(example.layer) for example in examples.LAYERS if isinstance(example.layer, layers.Activation)}
    assert {("optimizer", name) for name in rules} <= named
    assert {("loss", example.covers) for example in examples.LOSSES} <= named
    assert {("activation", kind.__name__) for kind in functions} <= named


def test_the_rows_have_different_keys():
    keys = [row.key for row in options_.rows()]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("row", list(options_.rows()), ids=lambda row: row.key)
def test_lincoln_trains_each_row(row, monkeypatch):
    monkeypatch.setattr(options_, "WORK", WORKLOADS["tab"]._replace(examples=512, hidden=(8, 8), batch=256))
    options_.by_lincoln(row)(1)


def test_options_have_a_table_for_each_group():
    figures = [
        ("loss", "Huber", "Lincoln", 2.0),
        ("loss", "Huber", "PyTorch", 5.0),
        ("optimizer", "SGD", "Lincoln", 1.0),
    ]
    records = [
        {"group": group, "row": row, "contestant": name, "repetition": 0, "microseconds": figure}
        for group, row, name, figure in figures
    ]
    (first, losses), (second, rules) = options.tables(records)
    assert (first, second) == ("loss", "optimizer")
    assert columns(losses)["PyTorch / Lincoln"] == ["2.50"]
    assert columns(rules)["PyTorch / Lincoln"] == ["-"]


def test_the_three_ways_of_a_step_have_their_ratios():
    figures = {"Trainer": 10.0, "own loop": 12.0, "matrix products alone": 8.0}
    records = [record(name, 0, figure) | {"activation": "relu"} for name, figure in figures.items()]
    (_, times), (_, counts) = steps.tables([*records, {"frames": {"Trainer": 30.0, "own loop": 60.0}}])
    assert columns(times)["own loop / Trainer"][0] == "1.20"
    assert columns(times)["Trainer / products"][0] == "1.25"
    assert columns(counts)["own loop"] == ["60.0"]


def test_calls_are_counted():
    def two():
        (lambda: None)()

    assert steps_.calls(two) == 2


def test_the_programs_of_steps_measure_themselves():
    found = steps_.measured(WORKLOADS["tiny"], "tanh", rounds=1)
    assert set(found) == set(steps.WAYS)
    assert all(0 < figure < 1e6 for figure in found.values())


@pytest.mark.parametrize(
    "name", ["training", "steps", "options", "inference", "start_to_model", "sklearn_fit", "scaling"]
)
def test_each_program_tells_what_it_does(name):
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--help"]
    assert f"benchmarks/{name}.py" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
