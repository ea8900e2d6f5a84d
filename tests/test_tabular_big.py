"""Defaults on real tables: the least that they are to reach, on splits that are drawn anew."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lincoln.tabular import TabularModel

DATA = Path(os.environ.get("LINCOLN_DATA", "nowhere"))

pytestmark = [
    pytest.mark.big,
    pytest.mark.filterwarnings("ignore:.*of categories that training did not show"),
    pytest.mark.skipif(not (DATA / "adult.csv").exists(), reason="needs LINCOLN_DATA with adult.csv, california.csv"),
]


def scores(name: str, target: str, seed: int) -> dict[str, float]:
    table = pd.read_csv(DATA / f"{name}.csv")
    order = np.random.default_rng(seed).permutation(len(table))
    held_out = len(table) // 5
    model = TabularModel(seed=seed).fit(table.iloc[order[held_out:]], target)
    return model.evaluate(table.iloc[order[:held_out]], target)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_defaults_reach_the_accuracy_that_adult_asks_for(seed):
    assert scores("adult", "income", seed)["accuracy"] >= 0.855


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_defaults_reach_the_error_that_california_asks_for(seed):
    assert scores("california", "median_house_value", seed)["rmse"] <= 50_000
