"""Tables as people have them: from Excel, with holes, dates, and words for nothing, on the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from cli_runs import QUICK, lincoln, written
from csv_mutations import people, text

import lincoln as lnc
from lincoln.cli import main, models
from lincoln.cli.progress import Progress
from lincoln.cli.threads import threads_for
from lincoln.tabular import TabularModel, reading

PEOPLE = text(people())


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def table(name: str, **columns: list[object]) -> Path:
    """A CSV file with these columns."""
    rows = [list(columns), *(list(map(str, row)) for row in zip(*columns.values(), strict=True))]
    return written(Path(name), text(rows))


def loaded(run: str) -> TabularModel:
    return lnc.load(f"runs/{run}/model.safetensors")


def kinds(model: TabularModel) -> dict[str, str]:
    return {column["name"]: column["kind"] for column in model.preprocessor.describe()}


def test_a_european_file_of_excel_works_at_the_first_command():
    rows = [["Größe", "Ort", "Preis"]]
    rows += [
        [f"{18 + i / 8:.3f}".replace(".", ","), ["Köln", "Bonn"][i % 2], f"1.{100 + i * i % 60},50 €"]
        for i in range(60)
    ]
    written(Path("preise.csv"), text(rows, delimiter=";", end="\r\n").encode("cp1252"))
    answer = lincoln("train", "preise.csv", "-t", "Preis", "--test-size", 0, *QUICK)
    assert answer.code == 0, answer.err
    assert "is not UTF-8, and is read as cp1252" in answer.err
    model = loaded("preise")
    assert kinds(model) == {"Größe": "numeric", "Ort": "category"}
    assert (model.target.low, model.target.high) == (1100.5, 1149.5)
    frame = pd.read_csv("preise.csv", sep=";", encoding="cp1252")
    same = TabularModel(epochs=2, hidden=(4,)).fit(frame, "Preis")
    np.testing.assert_array_equal(model.predict(frame), same.predict(frame))


def test_a_comma_is_before_decimals_in_all_columns_if_it_is_in_one():
    rows = [["a", "b", "y"], *([f"3,{500 + i}", f"{i},5", "ab"[i % 2]] for i in range(40))]
    written(Path("d.csv"), text(rows, delimiter=";"))
    assert lincoln("train", "d.csv", "-t", "y", *QUICK).code == 0
    assert [column.high < 100 for column in loaded("d").preprocessor.columns] == [True, True]


def test_bytes_in_a_header_that_are_no_text_are_refused():
    data = PEOPLE.replace("city", "größe").encode("cp1252")
    answer = lincoln("train", written(Path("people.csv"), data), "-t", "income", "--encoding", "utf-8", *QUICK)
    assert answer.code == 3
    assert "LN705 DataError in people.csv, line 1, column" in answer.err


def test_none_is_a_class():
    data = table("d.csv", x=range(60), y=["none", "some", "all"] * 20)
    answer = lincoln("train", data, "-t", "y", *QUICK)
    assert answer.code == 0, answer.err
    assert loaded("d").classes.tolist() == ["all", "none", "some"]


@pytest.mark.parametrize("word", ["NA", "None", "null"])
def test_a_class_that_looks_like_nothing_is_named_with_the_option_that_keeps_it(word):
    data = table("d.csv", x=range(60), y=[word, "some", "all"] * 20)
    answer = lincoln("train", data, "-t", "y", *QUICK)
    assert answer.code == 3
    assert f"no value ('{word}'); 20 of 60 rows have none" in answer.err
    assert f"--not-missing {word} if '{word}' is a class" in answer.err
    assert lincoln("train", data, "-t", "y", "--not-missing", word, *QUICK).code == 0
    assert word in loaded("d").classes.tolist()
    assert lincoln("evaluate", "d", data).code == 0


def test_rows_without_a_target_are_left_out_and_lines_that_are_wrong_are_not():
    data = table("d.csv", x=range(60), y=["", "some", "all"] * 20)
    assert "20 of 60 rows have none" in lincoln("train", data, "-t", "y", *QUICK).err
    answer = lincoln("train", data, "-t", "y", "--drop-missing-target", *QUICK)
    assert answer.code == 0
    assert "20 rows without a value of 'y' are left out" in answer.err
    written(data, data.read_text() + "1,2,3\n")
    assert "LN706" in lincoln("train", data, "-t", "y", "--drop-missing-target", *QUICK).err
    assert "LN711" in lincoln("train", data, "-t", "y", "--skip-bad-rows", *QUICK).err


def test_a_date_that_can_be_read_both_ways_is_told_of():
    data = table("d.csv", day=[f"0{i % 9 + 1}/0{i % 7 + 1}/2024" for i in range(60)], y=["a", "b"] * 30)
    answer = lincoln("train", data, "-t", "y", *QUICK)
    assert "column 'day': whether the day or the month is first in 0" in answer.err
    answer = lincoln("train", data, "-t", "y", "--day-first", *QUICK)
    assert "whether" not in answer.err
    assert loaded("d-2").preprocessor.columns[0].day_first is True


def test_columns_that_the_model_left_out_need_not_be_there():
    data = table("d.csv", one=[1] * 60, x=range(60), y=["a", "b"] * 30)
    assert lincoln("train", data, "-t", "y", *QUICK).code == 0
    new = table("new.csv", x=range(5))
    assert lincoln("predict", "d", new).code == 0


def test_each_row_goes_through_the_network_once(monkeypatch):
    data = table("d.csv", x=range(60), y=["a", "b"] * 30)
    assert lincoln("train", data, "-t", "y", *QUICK).code == 0
    rows, outputs = [], TabularModel._outputs

    def counted(self, columns, unknown):
        rows.append(len(columns))
        return outputs(self, columns, unknown)

    monkeypatch.setattr(TabularModel, "_outputs", counted)
    assert lincoln("predict", "d", data, "--probabilities").code == 0
    assert sum(rows) == 60


def test_a_table_is_evaluated_in_parts(monkeypatch):
    data = written(Path("people.csv"), text(people(400)))
    assert lincoln("train", data, "-t", "income", *QUICK).code == 0
    parts, frame = [], models.frame

    def counted(part, kinds):
        parts.append(part.rows)
        return frame(part, kinds)

    whole = lincoln("evaluate", "people", data, "--json").event("result")
    monkeypatch.setattr(models, "frame", counted)
    monkeypatch.setattr(reading, "BLOCK", 1500)
    assert lincoln("evaluate", "people", data, "--json").event("result")["metrics"] == pytest.approx(whole["metrics"])
    assert max(parts) < 100


def test_a_note_is_not_told_twice():
    data = table("d.csv", one=[7] * 60, x=range(60), y=["a", "b"] * 30)
    assert lincoln("train", data, "-t", "y", *QUICK).err.count("'one'") == 1


def test_advice_fits_the_command_line():
    truths = ["True", "False", *["1"] * 58]
    answer = lincoln("train", table("d.csv", x=truths, y=["a", "b"] * 30), "-t", "y", *QUICK)
    assert "--missing" not in answer.err
    words = [*range(58), "low", "high"]
    answer = lincoln("train", table("d.csv", x=range(60), y=words), "-t", "y", "--task", "regression", *QUICK)
    assert "--categorical" not in answer.err
    assert "--task classification" in answer.err
    answer = lincoln(
        "train",
        table("d.csv", x=range(60), y=[0.5 + i * i % 97 for i in range(60)]),
        "-t",
        "y",
        "--task",
        "classification",
    )
    assert 'task="' not in answer.err
    assert "--task regression" in answer.err


def test_the_checkpoint_of_a_training_is_no_model():
    data = table("d.csv", x=range(60), y=["a", "b"] * 30)
    TabularModel(epochs=1, hidden=()).fit(pd.read_csv(data), "y", checkpoint="checkpoint.safetensors")
    answer = lincoln("predict", "checkpoint.safetensors", data)
    assert answer.code == 5
    assert "a Trainer, which is where a training stands" in answer.err


def test_a_pass_says_which_of_how_many_it_is(monkeypatch):
    stages = []
    monkeypatch.setattr(Progress, "stage", lambda self, title, **_: stages.append(title))
    data = written(Path("people.csv"), PEOPLE)
    assert lincoln("train", data, "-t", "income", "--stream", *QUICK).code == 0
    passes = ["reading people.csv", *(f"reading people.csv, pass {n} of 4" for n in (2, 3, 4))]
    assert [stage for stage in stages if stage.startswith("reading")] == passes


def test_narrow_networks_use_one_thread():
    def model(*sizes, batch_size):
        network = SimpleNamespace(layers=[SimpleNamespace(features=sizes[0])])
        settings = {"hidden": sizes[1:], "batch_size": batch_size}
        return SimpleNamespace(network=network, settings=settings, target=SimpleNamespace(outputs=2))

    assert threads_for(model(100, 256, 256, batch_size=128)) == 1
    assert threads_for(model(2000, 1024, batch_size=1024)) is None


def test_the_threads_of_a_small_training_are_few():
    pytest.importorskip("threadpoolctl")
    answer = lincoln("train", written(Path("people.csv"), PEOPLE), "-t", "income", "--json", *QUICK)
    assert answer.event("training")["settings"]["threads"] == 1


def test_control_c_before_anything_has_begun_shows_no_traceback(monkeypatch, capsys):
    class Interrupted:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "lincoln.cli.application", Interrupted())
    assert main(["--version"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_fix_in_options_says_nothing_of_fitting():
    from lincoln.cli.wording import as_options

    assert as_options("missing=(..., 'not known') when fitting") == "--missing 'not known'"
