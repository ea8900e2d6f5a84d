"""A table is the same table, and gives the same model, from whatever kind of file or frame it comes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_runs import lincoln, written

import lincoln as lnc
from lincoln.tabular import TabularModel, TabularPreprocessor

ROWS = 150


def _some(values: list[str], seed: int, rows: int = ROWS) -> list[str]:
    return [values[i] for i in np.random.default_rng(seed).integers(len(values), size=rows)]


def _numbers(seed: int, form: str) -> list[str]:
    return [format(x, form) for x in np.random.default_rng(seed).normal(500, 400, ROWS)]


def _stamps(form: str) -> list[str]:
    days = np.random.default_rng(5).integers(0, 900 * 24 * 60, ROWS)
    return [(pd.Timestamp("2022-01-05") + pd.Timedelta(minutes=int(m))).strftime(form) for m in days]


COLUMNS = {
    "numbers": _numbers(0, ".2f"),
    "holes": [x if i % 7 else "" for i, x in enumerate(_some([str(n) for n in range(90)], 1))],
    "truths": _some(["true", "false"], 2),
    "truths with holes": _some(["True", "False", ""], 3),
    "words": _some(["low", "none", "high", "NA"], 4),
    "zip": _some(["01003", "1003", "20095", "00501"], 6),
    "thousands": _numbers(7, ",.0f"),
    "percent": [f"{x}%" for x in _numbers(8, ".1f")],
    "money": [f"${x}" for x in _some(["18.00", "7.50", "1,200.00", "3.10"], 9)],
    "day": _stamps("%Y-%m-%d"),
    "time": _stamps("%Y-%m-%d %H:%M"),
    "zoned": _stamps("%Y-%m-%dT%H:%M:%S+00:00"),
    "German": _stamps("%d.%m.%Y"),
    "American": _stamps("%m/%d/%Y %I:%M %p"),
    "code": _some(["A1", "B2", "C3", "D4", "1e3", "2.50", "7"], 10),
}
"""Columns of all kinds, as they stand in a CSV file."""

TARGETS = {
    "value": _numbers(11, ".3f"),
    "class": _some(["no", "yes", "none"], 12),
    "truth": _some(["true", "false"], 13),
    "number": _some(["1", "2", "3"], 14),
    "price": [f"{x:,.0f}" for x in np.random.default_rng(15).uniform(500, 9000, ROWS)],
}

TABLES = [
    (("numbers", "holes", "truths", "words"), "value"),
    (("numbers", "truths with holes", "zip"), "class"),
    (("thousands", "percent", "money"), "value"),
    (("day", "time", "numbers"), "truth"),
    (("zoned", "German", "American"), "number"),
    (("code", "words", "holes"), "price"),
    (("truths", "zip", "money", "time"), "price"),
    (tuple(COLUMNS), "class"),
]
each = pytest.mark.parametrize(("names", "target"), TABLES, ids=lambda value: value if isinstance(value, str) else "")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def csv_file(names: tuple[str, ...], target: str) -> Path:
    table = pd.DataFrame({name: COLUMNS[name] for name in names} | {target: TARGETS[target]})
    table.to_csv("table.csv", index=False)
    return Path("table.csv")


def trained(path: Path | str, target: str) -> TabularModel:
    """The model that the command line makes of a file."""
    name = Path(path).name.replace(".", "-")
    words = ("--test-size", 0, "--categorical", "zip") if "zip" in Path("table.csv").read_text() else ("--test-size", 0)
    settings = ("--epochs", 2, "--hidden", 4, "--no-plots", "--name", name)
    answer = lincoln("train", path, "-t", target, *words, *settings)
    assert answer.code == 0, answer.err
    return lnc.load(f"runs/{name}/model.safetensors")


def fitted(table: pd.DataFrame, target: str) -> TabularModel:
    kinds = {"zip": "category"} if "zip" in table else None
    return TabularModel(epochs=2, hidden=(4,), preprocessor=TabularPreprocessor(kinds=kinds)).fit(table, target)


def weights(model: TabularModel) -> dict[str, np.ndarray]:
    return {name: parameter.value for name, parameter in model.network.named_parameters()}


def assert_same(one: TabularModel, other: TabularModel) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])
    assert one.task == other.task
    assert str(one.classes) == str(other.classes)
    assert one.preprocessor.get_feature_names_out().tolist() == other.preprocessor.get_feature_names_out().tolist()


@each
def test_files_and_data_frames_of_one_table_give_the_same_model_bit_for_bit(names, target):
    path = csv_file(names, target)
    table = pd.read_csv(path)
    model = trained(path, target)
    written(Path("table.csv.gz"), gzip.compress(path.read_bytes()))
    assert_same(model, trained("table.csv.gz", target))
    assert_same(model, fitted(table, target))
    pytest.importorskip("pyarrow")
    table.to_parquet("table.parquet")
    assert_same(model, trained("table.parquet", target))
    assert_same(model, fitted(pd.read_parquet("table.parquet"), target))


@each
def test_predictions_are_the_same_for_files_and_data_frames(names, target):
    path = csv_file(names, target)
    model = trained(path, target)
    frame = pd.read_csv(path)
    expected = model.predict(frame)
    assert "training did not show" not in lincoln("predict", "table-csv", path, "-o", "out.csv").err
    found = pd.read_csv("out.csv")[target]
    assert [str(value) for value in found] == [str(value) for value in pd.Series(expected)]
    frame.to_parquet("table.parquet")
    lincoln("predict", "table-csv", "table.parquet", "-o", "other.csv")
    assert Path("out.csv").read_bytes() == Path("other.csv").read_bytes()


@pytest.mark.parametrize("later", [[True, False], ["true", "false"], ["TRUE", " False"], np.array([True, False])])
def test_a_truth_is_the_same_however_it_is_written(later):
    for first in (["true", "false"] * 3, [True, False] * 3, ["true", "false", "maybe"] * 2):
        preprocessor = TabularPreprocessor().fit({"x": first})
        expected = preprocessor.transform({"x": first})[:2]
        np.testing.assert_array_equal(preprocessor.transform({"x": later}), expected)


@pytest.mark.parametrize("later", [["01003", "7"], [1003, 7], [1003.0, 7.0], ["1003.0", "007"]])
def test_a_code_is_the_same_with_and_without_leading_zeros(later):
    preprocessor = TabularPreprocessor(kinds={"zip": "category"}).fit({"zip": ["01003", "7", "01003"]})
    np.testing.assert_array_equal(preprocessor.transform({"zip": later}), [[1, 0], [0, 1]])


def test_a_number_that_means_nothing_does_so_as_text_and_as_a_number():
    preprocessor = TabularPreprocessor(missing=("", "-999"), bins=0).fit({"x": ["1", "2", "-999", "4"]})
    for column in ([-999, 2], [-999.0, 2.0], ["-999", "2"], ["-999.0", "2"]):
        np.testing.assert_array_equal(preprocessor.transform({"x": column})[:, 1], [1, 0])


def test_unknown_categories_are_counted_and_told():
    model = fitted(pd.DataFrame({"city": ["Rome", "Oslo"] * 20, "y": ["a", "b"] * 20}), "y")
    with pytest.warns(UserWarning, match=r"column 'city': 3 values are of .* did not show: 'Lima', 'Bonn'"):
        model.predict({"city": ["Lima", "Rome", "Lima", "Bonn"]})


def test_models_of_the_first_format_read_values_as_they_did():
    folder = Path(__file__).parent / "fixtures"
    model = lnc.load(folder / "table_model_1.safetensors")
    saved = np.load(folder / "table_model_1.npz")
    table = {name: saved[name] for name in saved.files if name != "proba"}
    np.testing.assert_array_equal(model.predict_proba(table), saved["proba"])
    lnc.save(model, "again.safetensors")
    np.testing.assert_array_equal(lnc.load("again.safetensors").predict_proba(table), saved["proba"])
