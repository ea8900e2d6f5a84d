"""The command line: what each command does, says, writes, and leaves with."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from cli_runs import QUICK, Answer, lincoln, written
from csv_mutations import people, text

import lincoln as lnc
from lincoln import examples
from lincoln.cli import bench, console, explain_error, gates, gradients, plots, progress, threads
from lincoln.cli.application import COMMANDS
from lincoln.cli.console import Console, as_json
from lincoln.cli.progress import Progress
from lincoln.cli.table import open_table
from lincoln.tabular import layout

SRC = Path(lnc.__file__).parent


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with a table and a run on it."""
    folder = tmp_path_factory.mktemp("trained")
    written(folder / "people.csv", text(people(200)))
    answer = lincoln("train", folder / "people.csv", "-t", "income", "--runs", folder, "--epochs", 4, "--hidden", 8)
    assert answer.code == 0, answer.err
    return folder


def weights(run: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(run / "model.safetensors")


def same(one: Path, other: Path) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


# ---------------------------------------------------------------------- train


def test_train_without_data_trains_on_the_irises():
    answer = lincoln("train", "--json", "--epochs", 20, "--hidden", 16, "--no-plots")
    result = answer.event("result")
    assert answer.code == 0
    assert result["task"] == "classification"
    assert result["metrics"]["accuracy"] > 0.8


def test_a_run_leaves_model_history_settings_and_pictures(trained):
    files = {path.name for path in (trained / "people").iterdir()}
    assert files == {"model.safetensors", "history.jsonl", "config.toml", "learning_curve.png", "confusion.png"}
    epochs = [json.loads(line) for line in (trained / "people" / "history.jsonl").read_text().splitlines()]
    assert [epoch["number"] for epoch in epochs] == [1, 2, 3, 4]


def test_the_settings_that_are_written_are_all_there_are_and_repeat_the_run_bit_for_bit(trained):
    config = trained / "people" / "config.toml"
    assert tomllib.loads(config.read_text())["training"]["lr"] > 0
    answer = lincoln("train", "--config", config, "--json")
    assert answer.code == 0
    assert answer.event("result")["run"] == str(trained / "people-2")
    assert same(trained / "people", trained / "people-2")


def test_the_command_line_wins_over_the_settings_of_a_file(trained):
    answer = lincoln("train", "--config", trained / "people" / "config.toml", "--epochs", 1, "--runs", "r", "--json")
    assert answer.event("training")["settings"]["epochs"] == 1
    assert answer.event("training")["settings"]["hidden"] == [8]


def test_a_confusion_picture_has_true_classes_in_rows(monkeypatch):
    drawn = []
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda figure, *more, **named: drawn.append(figure))
    plots.plot_confusion(Path("x.png"), ["a", "a", "a", "b"], ["a", "b", "b", "b"], classes=["a", "b"], title="")
    (panel,) = drawn[0].axes
    counts = {tuple(map(int, one.get_position()[::-1])): one.get_text() for one in panel.texts}
    assert counts == {(0, 0): "1", (0, 1): "2", (1, 0): "0", (1, 1): "1"}
    assert (panel.get_ylabel(), panel.get_xlabel()) == ("true", "predicted")


@pytest.mark.parametrize(("name", "sign"), [("tab", "\t"), ("space", " "), (";", ";")])
def test_a_delimiter_may_be_named(name, sign):
    rows = [[cell.replace(" ", "_") for cell in row] for row in people()]
    data = written(Path("people.csv"), text(rows, delimiter=sign))
    answer = lincoln("train", data, "-t", "income", "--delimiter", name, "--json", *QUICK)
    assert list(answer.event("data")["columns"]) == rows[0]


def test_settings_for_other_data_are_told_of(trained):
    config = written(
        Path("c.toml"), (trained / "people" / "config.toml").read_text().replace('sha256 = "', 'sha256 = "0')
    )
    assert "is not the file that c.toml tells of" in lincoln("train", "--config", config, "--runs", "r").err


def test_another_seed_is_another_run(trained):
    config = trained / "people" / "config.toml"
    lincoln("train", "--config", config, "--seed", 1, "--runs", "r", "--name", "other")
    assert not same(trained / "people", Path("r/other"))


def test_values_are_predicted_where_the_target_is_one():
    rows = [["x", "y"], *([str(i), str(2.5 * i + (i * 7 % 11))] for i in range(100))]
    answer = lincoln("train", written(Path("line.csv"), text(rows)), "-t", "y", "--epochs", 2, "--hidden", 4, "--json")
    assert answer.event("result")["task"] == "regression"
    assert set(answer.event("result")["metrics"]) == {"rmse", "mae", "r2"}
    assert "predictions.png" in answer.event("result")["files"]


def test_a_table_in_parts_is_learned_from_too():
    data = written(Path("people.csv"), text(people(300)))
    answer = lincoln("train", data, "-t", "income", "--stream", "--json", *QUICK)
    assert answer.code == 0
    assert answer.event("result")["metrics"]["accuracy"] > 0.3


def test_parquet_and_csv_of_one_table_give_the_same_model():
    import pyarrow.csv
    import pyarrow.parquet

    data = written(Path("people.csv"), text(people()))
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(data), "people.parquet")
    for path in (data, "people.parquet"):
        assert lincoln("train", path, "-t", "income", "--name", Path(path).suffix[1:], *QUICK).code == 0
    assert same(Path("runs/csv"), Path("runs/parquet"))


HARMLESS = {
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "Windows line ends": lambda data: data.replace(b"\n", b"\r\n"),
    "old Mac line ends": lambda data: data.replace(b"\n", b"\r"),
    "no last line end": lambda data: data.rstrip(b"\n"),
    "blank lines": lambda data: b"\n\n" + data.replace(b"\n", b"\n\n"),
    "semicolons": lambda data: data.replace(b",", b";"),
    "tabs": lambda data: data.replace(b",", b"\t"),
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "gzip": lambda data: __import__("gzip").compress(data),
    "spaces after the commas": lambda data: data.replace(b",", b", "),
    "quotes": lambda data: data.replace(b"Rome", b'"Rome"'),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm_to_a_table_changes_nothing(name, trained):
    data = HARMLESS[name]((trained / "people.csv").read_bytes())
    settings = ("-t", "income", "--epochs", 4, "--hidden", 8, "--no-plots", "--name", "again")
    answer = lincoln("train", written(Path("people.csv"), data), *settings)
    assert answer.code == 0, answer.err
    assert same(trained / "people", Path("runs/again"))


NOTES = {
    "always": ("has '7' in every row", "7", "--drop always"),
    "income_code": ("is named after the target 'income'", None, "--drop income_code"),
    "twin": ("columns 'age' and 'twin' hold the same values", "age", "--drop twin"),
    "": ("'column 6' has no name and counts the rows: it is left out", "count", ""),
    "number": ("column 'number' counts the rows", "count", "--drop number"),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_is_strange_about_a_column_is_told_with_the_option_that_mends_it(name):
    rows = people()
    says, value, option = NOTES[name]
    values = {"age": lambda i: rows[i][0], "count": lambda i: str(i), None: lambda i: str(i * 7 % 5)}
    more = [[*row, name if i == 0 else values.get(value, lambda i: value)(i)] for i, row in enumerate(rows)]
    if name == "":
        more = [[row[-1], *row[:-1]] for row in more]
        says = says.replace("6", "1")
    answer = lincoln("train", written(Path("people.csv"), text(more)), "-t", "income", *QUICK)
    assert answer.code == 0
    assert says in answer.err
    assert option in answer.err


def test_progress_tells_how_much_of_how_much_is_done(monkeypatch):
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    monkeypatch.setattr(progress, "_QUIET", 0.0)
    data = written(Path("people.csv"), text(people(2000)))
    answer = lincoln("train", data, "-t", "income", "--batch-size", 100, "--stream", "--json", *QUICK)
    steps = answer.event("training")["steps"]
    lines = re.findall(r"^training: ([\d,]+) of ([\d,]+) steps.*, \d+ s left$", answer.err, re.MULTILINE)
    done = [int(line[0].replace(",", "")) for line in lines]
    assert {int(line[1].replace(",", "")) for line in lines} == {steps}
    assert done == sorted(set(done))
    assert 5 <= len(done) <= 10
    assert done[-1] < steps


def test_the_time_left_of_a_run_that_goes_on_comes_from_its_own_pace(monkeypatch, capsys):
    clock = iter([0.0, 0.0, 10.0])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    going = progress.Progress(Console())
    going.stage("training", total=1000, unit="steps")
    going.update(500)
    going.update(600)
    assert capsys.readouterr().err == "training: 600 of 1,000 steps, 40 s left\n"


# ---------------------------------------------------------------------- gates, interruptions, resuming


def test_a_gate_that_is_reached_lets_through_and_one_that_is_missed_exits_with_6(trained):
    model, data = trained / "people", trained / "people.csv"
    assert lincoln("evaluate", model, data, "--fail-under", "accuracy=0.01").code == 0
    assert lincoln("evaluate", model, data, "--fail-under", "log_loss=100").code == 0
    missed = lincoln("evaluate", model, data, "--fail-under", "log_loss=0.0001")
    assert missed.code == 6
    assert "it must be at most 0.0001" in missed.err


def test_an_interrupted_run_goes_on_bit_for_bit(monkeypatch):
    from lincoln.cli.training import Training

    data = written(Path("people.csv"), text(people(200)))
    settings = ("-t", "income", "--epochs", 6, "--hidden", 8, "--no-plots")
    lincoln("train", data, *settings, "--name", "whole")
    steps = Training.on_step

    def interrupt(self, model, step):
        steps(self, model, step)
        if step == 14:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Training, "on_step", interrupt)
        stopped = lincoln("train", data, *settings, "--name", "half")
    assert stopped.code == 130
    assert "lincoln train --resume runs/half" in stopped.err
    assert lincoln("train", "--resume", "runs/half", "--no-plots").code == 0
    assert same(Path("runs/whole"), Path("runs/half"))
    epochs = [json.loads(line)["number"] for line in Path("runs/half/history.jsonl").read_text().splitlines()]
    assert epochs == [1, 2, 3, 4, 5, 6]


def test_a_run_that_is_over_says_so_and_is_held_against_its_gates():
    data = written(Path("people.csv"), text(people()))
    whole = lincoln("train", data, "-t", "city", *QUICK, "--json").event("result")
    again = lincoln("train", "--resume", "runs/people", "--json")
    assert again.code == 0
    assert "runs/people is over, nothing is left to do" in again.err
    assert again.event("over") == {name: whole[name] for name in ("run", "model", "metrics")} | {"event": "over"}
    assert lincoln("train", "--resume", "runs/people", "--fail-under", "accuracy=1.1").code == 6


@pytest.mark.parametrize("killed_at", ["lincoln.cli.settings.settings_file", "lincoln.cli.runs.Path.rename"])
def test_a_run_that_was_killed_before_it_had_settings_takes_no_name(killed_at, monkeypatch):
    def kill(*_, **__):
        raise SystemExit(9)

    data = written(Path("people.csv"), text(people()))
    with monkeypatch.context() as patch:
        patch.setattr(killed_at, kill)
        patch.setattr("shutil.rmtree", lambda *_, **__: None)  # who is killed does not clear up
        lincoln("train", data, "-t", "city", *QUICK)
    Path("runs/people").mkdir(exist_ok=True)  # what an empty folder is called is free too
    lincoln("train", data, "-t", "city", *QUICK)
    lincoln("train", data, "-t", "city", *QUICK)
    runs = sorted(run.name for run in Path("runs").iterdir())
    assert runs == ["people", "people-2"]
    assert all(Path("runs", run, "model.safetensors").is_file() for run in runs)


def test_a_run_interrupted_after_its_last_epoch_still_ends_with_the_same_weights(monkeypatch):
    from lincoln.cli.training import Training

    data = written(Path("people.csv"), text(people(200)))
    settings = ("-t", "city", "--epochs", 60, "--patience", 2, "--hidden", 8, "--valid-size", 0.2, "--no-plots")
    whole = lincoln("train", data, *settings, "--name", "whole", "--json").event("result")

    def interrupt(self, model, test):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Training, "finish", interrupt)
        patch.setattr("lincoln.files.checkpoint._LEAST_SECONDS", 0.0)  # a checkpoint after each step
        patch.setattr("lincoln.files.checkpoint._SHARE", 1000.0)
        assert lincoln("train", data, *settings, "--name", "half").code == 130
    assert whole["epochs"] < 60
    assert lincoln("train", "--resume", "runs/half", "--json").event("result")["epochs"] == whole["epochs"]
    assert same(Path("runs/whole"), Path("runs/half"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the runs are forked")
@pytest.mark.parametrize("way", [(), ("--stream",)], ids=["whole", "streamed"])
@pytest.mark.parametrize("kills", ["6", pytest.param(os.environ.get("LINCOLN_KILLS", "20"), marks=pytest.mark.big)])
def test_runs_killed_at_random_moments_end_with_the_same_bits(kills, way):
    script = Path(__file__).parents[1] / "benchmarks" / "kill_train.py"
    result = subprocess.run([sys.executable, script, "--kills", kills, *way], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{kills} kills" in result.stdout


@pytest.mark.big
@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_control_c_leaves_a_run_that_can_go_on():
    import signal

    command = [sys.executable, "-m", "lincoln", "train", "--epochs", "3000", "--patience", "3000", "--no-plots"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (Path("runs/iris/history.jsonl").exists() and Path("runs/iris/history.jsonl").read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert Path("runs/iris/checkpoint.safetensors").exists()


# ---------------------------------------------------------------------- predict, evaluate, inspect


def test_predictions_come_as_csv_in_the_order_of_the_rows(trained):
    answer = lincoln("predict", trained / "people", trained / "people.csv", "--with", "age", "--probabilities")
    lines = answer.out.splitlines()
    model = lnc.files.load(trained / "people" / "model.safetensors")
    ages = [row[0] for row in people(200)[1:]]
    assert lines[0] == "age,income,p(high),p(low)"
    assert [line.split(",")[0] for line in lines[1:]] == ages
    assert [line.split(",")[1] for line in lines[1:]] == model.predict(_table(trained)).tolist()


@pytest.fixture
def small_parts(monkeypatch):
    """Files are read in parts of some twenty rows."""
    monkeypatch.setattr("lincoln.tabular.reading.BLOCK", 500)


@pytest.mark.usefixtures("small_parts")
def test_a_table_that_is_read_in_parts_has_one_header_and_all_predictions(trained):
    lines = lincoln("predict", trained / "people", trained / "people.csv").out.splitlines()
    assert lines.count("income") == 1
    assert lines[1:] == lnc.files.load(trained / "people" / "model.safetensors").predict(_table(trained)).tolist()


@pytest.mark.usefixtures("small_parts")
def test_a_text_in_a_later_part_is_named_by_its_line():
    rows = people(100)
    rows[80][0] = "old"
    answer = lincoln("train", written(Path("people.csv"), text(rows)), "-t", "income", *QUICK)
    assert answer.code == 3
    assert "people.csv, line 81, column 'age'" in answer.err


@pytest.mark.usefixtures("small_parts")
def test_no_row_is_both_learned_from_and_tested_on(monkeypatch):
    learned = []
    fit = lnc.tabular.TabularModel.fit_chunks

    def counting(self, chunks, *more, **named):
        learned.extend(map(len, chunks()))
        return fit(self, chunks, *more, **named)

    monkeypatch.setattr(lnc.tabular.TabularModel, "fit_chunks", counting)
    data = written(Path("people.csv"), text(people(300)))
    result = lincoln("train", data, "-t", "income", "--stream", "--json", *QUICK).event("result")
    tested = lnc.files.load(result["model"]).about["test_rows"]
    assert 30 < tested < 90
    assert sum(learned) + tested == 300


@pytest.mark.usefixtures("small_parts")
def test_a_row_of_a_later_part_is_named_by_its_line():
    rows = [[*row, f"2024-03-{i % 28 + 1:02d}" if i else "when"] for i, row in enumerate(people(100))]
    written(Path("people.csv"), text(rows))
    assert lincoln("train", "people.csv", "-t", "income", *QUICK).code == 0
    rows[80][-1] = "soon"
    written(Path("new.csv"), text(rows))
    answer = lincoln("predict", "runs/people", "new.csv")
    assert answer.code == 3
    assert "is line 81 of new.csv" in answer.err


def _table(trained: Path):
    import pandas as pd

    return pd.read_csv(trained / "people.csv")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_predictions_are_written_to_a_file(trained, ending):
    answer = lincoln("predict", trained / "people", trained / "people.csv", "-o", f"out.{ending}", "--json")
    import pandas as pd

    found = pd.read_csv("out.csv") if ending == "csv" else pd.read_parquet("out.parquet")
    assert answer.event("result") == {"event": "result", "rows": 200, "output": f"out.{ending}"}
    assert len(found) == 200
    assert sorted(path.name for path in Path().iterdir()) == [f"out.{ending}"]


def test_columns_may_stand_in_another_order_and_others_are_told_of(trained):
    rows = [[*row[::-1], "more"] for row in people(200)]
    answer = lincoln("predict", trained / "people", written(Path("new.csv"), text(rows)), "-o", "b.csv")
    lincoln("predict", trained / "people", trained / "people.csv", "-o", "a.csv")
    assert answer.code == 0
    assert "columns that the model does not know are not used: more" in answer.err
    assert Path("a.csv").read_text() == Path("b.csv").read_text()


def test_rows_without_a_value_and_unknown_categories_are_predicted_too(trained):
    new = written(Path("new.csv"), "age,height,city,member\n30,,Paris,yes\n,170,Rome,\n")
    answer = lincoln("predict", trained / "people", new, "--json")
    predictions = [event["values"]["income"] for event in answer.events if event["event"] == "prediction"]
    assert [name in ("high", "low") for name in predictions] == [True, True]
    assert "column 'city': 1 value is of categories that training did not show: 'Paris'" in answer.err


def test_evaluate_gives_what_the_test_of_training_gave(trained):
    answer = lincoln("evaluate", trained / "people", trained / "people.csv", "--json")
    assert answer.event("result")["rows"] == 200
    assert 0 < answer.event("result")["metrics"]["accuracy"] <= 1


KINDS_OF_TARGETS = {
    "values": lambda i: str(1.5 * i + i % 7),
    "class numbers": lambda i: str(i // 50),
    "class numbers with decimals": lambda i: f"{i // 50}.0",
    "truths": lambda i: str(i > 50),
    "names": lambda i: ["a", "b"][i // 51],
}


@pytest.mark.parametrize("kind", KINDS_OF_TARGETS)
def test_a_model_is_evaluated_on_its_own_data_whatever_its_target_is(kind):
    rows = [["x", "y"], *([str(i), KINDS_OF_TARGETS[kind](i)] for i in range(100))]
    data = written(Path("d.csv"), text(rows))
    assert lincoln("train", data, "-t", "y", *QUICK).code == 0
    answer = lincoln("evaluate", "d", data, "--json")
    assert answer.code == 0, answer.err
    metrics = answer.event("result")["metrics"]
    assert set(metrics) >= {"rmse" if kind == "values" else "accuracy"}


def test_columns_that_are_read_as_categories_are_read_so_again():
    rows = [["zip", "y"], *([f"0{i % 3}", "ab"[i % 3 == 0]] for i in range(90))]
    data = written(Path("d.csv"), text(rows))
    settings = ("--epochs", 30, "--hidden", 8, "--lr", 0.05, "--no-plots", "--keep", "zip")
    assert lincoln("train", data, "-t", "y", "--categorical", "zip", *settings).code == 0
    assert lincoln("evaluate", "d", data, "--json").event("result")["metrics"]["accuracy"] == 1.0


def test_a_model_that_was_made_in_python_takes_files_too():
    table = {"zip": np.arange(90) % 3, "size": np.arange(90.0), "y": np.array(["a", "b"])[np.arange(90) % 3 // 2]}
    kinds = lnc.tabular.TabularPreprocessor(kinds={"zip": "category"})
    model = lnc.tabular.TabularModel(epochs=5, hidden=(4,), preprocessor=kinds).fit(table, "y")
    lnc.files.save(model, "model.safetensors")
    data = written(Path("d.csv"), "\n".join(["zip,size", *(f"{i % 3},{i}" for i in range(90))]))
    answer = lincoln("predict", "model.safetensors", data)
    assert answer.out.split()[1:] == model.predict({"zip": table["zip"], "size": table["size"]}).tolist()


def test_columns_of_one_name_matter_only_if_they_are_needed(trained):
    rows = [[*row, "x" if i else "note", "z" if i else "note"] for i, row in enumerate(people(200))]
    assert lincoln("predict", trained / "people", written(Path("new.csv"), text(rows)), "-o", "a.csv").code == 0


def test_inspect_tells_what_a_model_is(trained):
    answer = lincoln("inspect", trained / "people", "--json")
    model = answer.event("model")
    assert model["classes"] == ["high", "low"]
    assert [column["name"] for column in model["columns"]] == ["age", "height", "city", "member"]
    assert model["test accuracy"] is not None
    assert "Linear(8)" in answer.err
    assert f"lincoln {lnc.__version__}" in answer.err


def test_inspect_counts_every_number_that_is_learned(trained):
    network = lnc.files.load(trained / "people" / "model.safetensors").network
    found = lincoln("inspect", trained / "people", "--json").event("model")
    assert found["parameters"] == network.vector.size


def test_inspect_shows_a_plain_network_too():
    lnc.files.save(lnc.Sequential(lnc.Dense(3), lnc.Dense(1), seed=0).build(4), "plain.safetensors")
    assert "Dense(3)" in lincoln("inspect", "plain.safetensors").err


# ---------------------------------------------------------------------- check, bench, doctor, explain-error


def test_check_finds_all_gradients_right():
    answer = lincoln("check", "--json")
    names = {event["name"] for event in answer.events}
    bases = {"Activation", "Container", "Layer", "Rectifier", "Loss"}
    assert answer.code == 0
    assert names == {*lnc.layers.__all__, *lnc.losses.__all__} - bases


def test_check_finds_a_wrong_gradient(monkeypatch):
    class Wrong(lnc.layers.Tanh):
        def backward(self, output_grad):
            return 1.01 * super().backward(output_grad)

    monkeypatch.setattr(examples, "LAYERS", [examples.LayerExample(Wrong(), (3, 5))])
    answer = lincoln("check")
    assert answer.code == 1
    assert "likely cause" in answer.err


def test_check_finds_a_wrong_gradient_of_a_model_s_loss():
    class Wrong(lnc.losses.MeanSquaredError):
        def derivative(self, predictions, labels):
            return 1.01 * super().derivative(predictions, labels)

    network = lnc.Sequential(lnc.layers.Linear(2), seed=0).build(3)
    model = lnc.models.Regressor(network, loss=Wrong(network))
    assert [report.ok for _, report in gradients.model_reports(model, 0)] == [True, False]


def test_check_takes_a_model_file(trained):
    answer = lincoln("check", trained / "people", "--json")
    assert answer.code == 0
    assert answer.events[0]["ok"]


def test_bench_compares_with_scikit_learn():
    answer = lincoln("bench", "--size", "tiny", "--repetitions", 1, "--json")
    assert set(answer.event("bench")["seconds"]) == {"lincoln", "scikit-learn"}
    assert "×" in answer.err


def test_bench_says_how_many_times_faster_lincoln_is(monkeypatch):
    seconds = {"_lincoln": 2.0, "_sklearn": 6.0}
    monkeypatch.setattr(bench, "_measure", lambda fit, *more: (seconds[fit.__name__], 0.9))
    assert "3.0 ×" in lincoln("bench", "--size", "tiny").err


def test_doctor_tells_of_versions_kernels_and_packages():
    answer = lincoln("doctor", "--json")
    found = answer.event("doctor")
    assert found["kernels"] == lnc.kernels.status()
    assert {"lincoln", "python", "numpy", "BLAS", "processors"} <= set(found["system"])
    assert {"click", "torch"} <= {row["package"] for row in found["packages"]}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("on", "All is well"),
        ("off: LINCOLN_KERNELS=off", "Unset LINCOLN_KERNELS"),
        ("off: the processor has no AVX2", "this processor cannot run them"),
        ("off: not compiled when Lincoln was installed; a C++ compiler is needed then", "--force-reinstall"),
    ],
)
def test_doctor_says_whether_all_is_well(monkeypatch, status, told):
    monkeypatch.setattr(lnc.kernels, "status", lambda: status)
    answer = lincoln("doctor")
    assert told in answer.err
    assert ("All is well" in answer.err) is (status == "on")


def raised_codes() -> set[str]:
    texts = [path.read_text("utf-8") for path in SRC.rglob("*.py")]
    return {code for text in texts for code in re.findall(r'\bcode="(LN\d+)"', text)}


def test_every_code_that_is_raised_is_explained_and_no_other():
    assert raised_codes() ^ set(explain_error.explanations()) == set()


def test_every_explanation_is_complete():
    for code, entry in explain_error.explanations().items():
        assert list(entry) == ["title", "meaning", "why", "fix", "example"], code
        assert all(part.strip() for part in entry.values()), code


def test_every_name_that_an_explanation_uses_exists():
    for code, entry in explain_error.explanations().items():
        for name in re.findall(r"\blnc((?:\.[A-Za-z]\w*)+)", " ".join(entry.values())):
            thing = lnc
            for part in name[1:].split("."):
                thing = getattr(thing, part, None)
            assert thing is not None, f"{code}: lnc{name}"


@pytest.mark.parametrize("word", ["LN103", "ln103", "103"])
def test_a_code_is_explained_however_it_is_written(word):
    answer = lincoln("explain-error", word, "--json")
    assert answer.event("explanation")["code"] == "LN103"
    assert "example:" in answer.err


def test_explain_error_without_a_code_lists_them():
    assert len(lincoln("explain-error", "--json").events) == len(raised_codes())


# ---------------------------------------------------------------------- what holds for all commands


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example(name):
    answer = lincoln(name, "--help")
    assert answer.code == 0
    assert f"lincoln {name}" in answer.out.split("Example")[1]


def test_text_goes_to_stderr_and_only_json_to_stdout():
    assert lincoln("train", *QUICK).out == ""
    answer = lincoln("train", "--json", *QUICK)
    assert {event["event"] for event in answer.events} == {"data", "training", "epoch", "result"}


def test_threads_are_those_of_the_matrix_products():
    before = threads.threads()
    threads.set_threads(1)
    try:
        assert threads.threads() == 1
    finally:
        threads.set_threads(before)


def test_json_has_null_for_what_is_no_number():
    assert as_json({"loss": [math.nan, np.float32("inf"), 0.5]}) == '{"loss": [null, null, 0.5]}'


def test_nothing_that_moves_the_cursor_is_written_where_there_is_no_terminal():
    data = written(Path("people.csv"), text(people()).replace("Rome", "\x1b[31mRome\x07"))
    for answer in (lincoln("train", data, "-t", "income", *QUICK), lincoln("train", data, "-t", "\x1b[2J")):
        assert not set(answer.err) & {"\x1b", "\r", "\x07"}


def test_a_fault_of_lincoln_is_reported_without_a_traceback(monkeypatch):
    def broken(self, *args, **named):
        raise RuntimeError("a bug")

    monkeypatch.setattr(Console, "table", broken)
    answer = lincoln("doctor")
    assert answer.code == 1
    assert "LN749 InternalError" in answer.err
    assert "a bug" in answer.err
    assert "Traceback" not in answer.err


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setattr(Console, "table", lambda *args, **named: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lincoln("doctor", "--debug")


def python(*words: str, **environment: str) -> Answer:
    found = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=os.environ | environment, check=False
    )
    return Answer(found.returncode, found.stderr, found.stdout)


def test_the_package_runs_as_a_module():
    assert python("-m", "lincoln", "--version").out == f"lincoln {lnc.__version__}\n"


def test_help_loads_nothing_heavy():
    code = "import sys; from lincoln.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    loaded = python("-c", code).err
    heavy = ("pandas", "pyarrow", "matplotlib", "sklearn", "rich", "tomlkit", "safetensors", "torch")
    assert [name for name in heavy if f"'{name}'" in loaded] == []


def test_without_click_the_command_says_how_to_install_it():
    code = "import sys; sys.modules['click'] = None; from lincoln.cli import main; sys.exit(main([]))"
    answer = python("-c", code)
    assert answer.code == 2
    assert answer.out == ""
    assert 'pip install -e ".[cli]"' in answer.err


def test_a_reader_of_stdout_may_stop_reading(trained):
    command = f"{sys.executable} -m lincoln predict {trained}/people {trained}/people.csv | head -1"
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert found.stdout == "income\n"
    assert "Broken" not in found.stderr


def test_shells_can_complete_commands_and_options():
    answer = python("-m", "lincoln", _LINCOLN_COMPLETE="bash_complete", COMP_WORDS="lincoln tr", COMP_CWORD="1")
    assert "train" in answer.out


def test_a_gate_that_is_just_reached_lets_through():
    gates.check_gates({"accuracy": 0.5, "log_loss": 0.3}, {"accuracy": 0.5, "log_loss": 0.3})


def test_what_moves_the_cursor_is_written_out():
    assert console.printable("a\x1b[2J\tb\n\xe9") == "a\\x1b[2J\tb\n\xe9"


def test_a_time_is_shown_in_seconds_minutes_or_hours():
    assert [progress._duration(n) for n in (59.4, 125.0, 7325.0)] == ["59 s", "2 min 5 s", "2 h 2 min"]


def test_a_row_after_a_text_of_two_lines_has_the_line_that_it_has_in_the_file():
    path = written(Path("two.csv"), 'a,b\n"x\ny",1\nz,2\n')
    assert [line for line, _ in layout.csv_rows(layout.find_layout(path))] == [1, 2, 4]


def test_another_seed_tests_on_other_rows():
    written(Path("people.csv"), text(people(100)))
    tested = []
    for seed in (0, 0, 1):
        with Progress(Console()) as shown:
            settings = {"target": "income", "task": None, "drop": (), "keep": (), "numeric": (), "categorical": ()}
            settings |= {"missing": (), "stream": False, "test_size": 0.2, "seed": seed}
            settings |= dict.fromkeys(("delimiter", "encoding"), None) | {"decimal": ".", "header": True}
            settings |= {"not_missing": (), "skip_bad_rows": False, "drop_missing_target": False}
            table = open_table(Path("people.csv"), settings, shown)
            tested.append(table.divided(lambda labels: "classification")[1]["height"].tolist())
    assert tested[0] == tested[1]
    assert tested[0] != tested[2]


def test_a_command_that_is_interrupted_exits_with_130(monkeypatch):
    def interrupted(self, *args, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(Console, "table", interrupted)
    assert lincoln("doctor").code == 130
