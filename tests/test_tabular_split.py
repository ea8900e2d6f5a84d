"""The test error that training reports is that on fresh rows: every row is tested with the same probability."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from cli_runs import QUICK, lincoln, written

import lincoln as lnc
from lincoln.cli.table import TrainingTable


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def counts(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Small counts, and now and then a large one, mostly once only."""
    a, b = rng.normal(size=(2, rows))
    large = np.where(rng.random(rows) < 0.025, rng.integers(20, 60, rows), 0)
    return pd.DataFrame({"a": a.round(3), "b": b.round(3), "y": rng.poisson(np.exp(0.3 * a)) + large})


def prices(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """A quantity of few values, the lowest and the highest of them rare."""
    a, b = rng.normal(size=(2, rows))
    far = np.where(rng.random(rows) < 0.025, rng.integers(-40, 40, rows), 0)
    return pd.DataFrame({"a": a.round(3), "b": b.round(3), "y": (a + rng.normal(size=rows) / 2).round() + 0.5 + far})


def classes(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Many classes, most of them rare."""
    number = np.minimum(rng.pareto(0.8, rows).astype(int), 60)
    a, b = rng.normal(size=(2, rows))
    return pd.DataFrame({"a": (a + number.clip(0, 3)).round(3), "b": b.round(3), "y": [f"c{n}" for n in number]})


TABLES = {"counts": (counts, "mae"), "prices": (prices, "mae"), "classes": (classes, "accuracy")}


@pytest.mark.parametrize("name", TABLES)
def test_the_reported_error_is_that_on_fresh_rows(name):
    made, metric = TABLES[name]
    settings = ("--hidden", "none", "--epochs", 15, "--lr", 0.03, "--test-size", 0.4, "--no-plots", "--json")
    task = ("--task", "classification" if metric == "accuracy" else "regression")
    differences = []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        made(rng, 300).to_csv("table.csv", index=False)
        answer = lincoln("train", "table.csv", "-t", "y", *task, *settings, "--seed", seed, "--name", f"run{seed}")
        model = lnc.load(f"runs/run{seed}/model.safetensors")
        fresh = model.evaluate_chunks([made(rng, 20_000)], "y", unknown_classes=True)
        differences.append(answer.event("result")["metrics"][metric] - fresh[metric])
    error = np.std(differences) / np.sqrt(len(differences))
    assert abs(np.mean(differences)) < 3 * error


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize("rows", [20, 300])
def test_every_row_is_tested_with_the_same_probability(rows, stratify):
    labels = classes(np.random.default_rng(0), rows)["y"].to_numpy()
    times, seeds = np.zeros(rows), 400
    for seed in range(seeds):
        table = SimpleNamespace(test_share=0.2, seed=seed, file=SimpleNamespace(name="t.csv"))
        times += TrainingTable._tested(table, labels, stratify=stratify)
    assert abs(times / seeds - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / seeds)


def test_classes_have_their_share_of_the_test_rows():
    labels = np.array(["a"] * 100 + ["b"] * 50 + ["c"] * 10)
    table = SimpleNamespace(test_share=0.2, seed=0, file=SimpleNamespace(name="t.csv"))
    tested = labels[TrainingTable._tested(table, labels, stratify=True)]
    assert [abs((tested == name).sum() - share) <= 1 for name, share in (("a", 20), ("b", 10), ("c", 2))] == [True] * 3


@pytest.mark.parametrize("seed", range(6))
def test_a_class_of_one_row_among_the_test_rows_ends_no_training(seed):
    rows = [f"{i},{'ab'[i % 2]}" for i in range(40)] + [f"{i},only{i}" for i in range(30)]
    data = written(Path("d.csv"), "\n".join(["x,y", *rows]))
    answer = lincoln("train", data, "-t", "y", *QUICK, "--seed", seed)
    assert answer.code == 0, answer.err
    assert "are of classes that only test rows have: they count as wrong" in answer.err
    assert Path("runs/d/model.safetensors").exists()


def test_the_model_is_there_whatever_happens_after_training(monkeypatch):
    def fail(*_, **__):
        raise MemoryError("no room to test")

    monkeypatch.setattr(lnc.tabular.TabularModel, "evaluate_chunks", fail)
    data = written(Path("d.csv"), "\n".join(["x,y", *(f"{i},{'ab'[i % 2]}" for i in range(40))]))
    assert lincoln("train", data, "-t", "y", *QUICK).code == 1
    assert lnc.load("runs/d/model.safetensors").predict({"x": [1]}).shape == (1,)
