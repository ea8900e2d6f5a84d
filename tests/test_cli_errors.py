"""Everything that the command line and the reading of tables refuse: what is said, and that the fix works."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from cli_runs import QUICK, Answer, lincoln, written
from csv_mutations import people, text

import lincoln as lnc
from lincoln import tabular

SRC = Path(lnc.__file__).parent
SOURCES = [*(SRC / "cli").glob("*.py")]
SOURCES += [SRC / "tabular" / f"{name}.py" for name in ("layout", "lines", "likeness", "reading", "survey", "troubles")]

PEOPLE = text(people())
LINES = PEOPLE.splitlines()
TRAIN = "train people.csv -t income"


def changed(line: int, new: str) -> str:
    """The table with another line, counted from 1."""
    return "\n".join([*LINES[: line - 1], new, *LINES[line:]]) + "\n"


def more(name: str, value: Callable[[list[str]], str]) -> str:
    """The table with another column."""
    return text([[*row, name if row[0] == "age" else value(row)] for row in people()])


def parquet(**columns: list[object]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


@dataclass(frozen=True)
class Refusal:
    """A command that is refused, what must be said, and what is done about it.

    ``mended`` is the words of the command that works, or the file that it works with.
    """

    name: str
    code: str
    exit: int
    file: str | bytes | None
    says: tuple[str, ...]
    command: str = TRAIN
    mended: str = ""
    mended_file: str | bytes | None = None

    def run(self, command: str, file: str | bytes | None) -> Answer:
        if file is not None:
            written(Path("people.csv"), file)
        words = shlex.split(command)
        return lincoln(words[0], *(QUICK if words[0] == "train" else ()), *words[1:])


NESTED = parquet(age=[1, 2, 3, 4, 5, 6], tags=[[1]] * 6, income=["a", "b"] * 3)
COMMAS = PEOPLE.replace(",", ";").replace(".", ",")

TABLES = [
    Refusal("no such file", "LN701", 3, PEOPLE, ("no such file", "people.csv?"), "train poeple.csv -t income", TRAIN),
    Refusal("a folder", "LN702", 3, PEOPLE, ("a folder",), "train . -t income", TRAIN),
    Refusal("a damaged archive", "LN702", 3, gzip.compress(PEOPLE.encode())[:60], ("EOFError",), mended_file=PEOPLE),
    Refusal("an empty file", "LN703", 3, "", ("an empty file",), mended_file=PEOPLE),
    Refusal("blank lines", "LN703", 3, " \n\n", ("blank lines",), mended_file=PEOPLE),
    Refusal("a header only", "LN704", 3, LINES[0], ("a header of 5 columns and no rows",), mended_file=PEOPLE),
    Refusal(
        "another encoding",
        "LN705",
        3,
        changed(30, "30,180.5,Århus,yes,low").encode() + "30,180.5,Köln,yes,low\n".encode("cp1252"),
        ("people.csv, line 62, column 'city'", "--encoding cp1252"),
        mended=f"{TRAIN} --encoding cp1252",
    ),
    Refusal(
        "a line too long",
        "LN706",
        3,
        changed(7, "30,180.5,Rome, Italy,yes,low"),
        ("line 7", "6 values", "the first too many is 'low'", "--skip-bad-rows"),
        mended=f"{TRAIN} --skip-bad-rows",
    ),
    Refusal(
        "a line too short",
        "LN706",
        3,
        changed(8, "30,180.5"),
        ("line 8", "2 values"),
        mended=f"{TRAIN} --skip-bad-rows",
    ),
    Refusal(
        "an open quotation mark in the last column",
        "LN707",
        3,
        changed(9, '30,180.5,Rome,yes,"low'),
        ("line 9", "over 53 lines", "is opened and not closed"),
        mended_file=changed(9, '30,180.5,Rome,yes,"low"'),
    ),
    Refusal(
        "an open quotation mark in another column",
        "LN707",
        3,
        changed(9, '30,180.5,"Rome,yes,low'),
        ("line 9",),
        mended_file=PEOPLE,
    ),
    Refusal(
        "an open quotation mark in the header", "LN707", 3, changed(1, f'"{LINES[0]}'), ("line 1",), mended_file=PEOPLE
    ),
    Refusal(
        "two columns of one name",
        "LN708",
        3,
        more("age", lambda row: row[0]),
        ("the name 'age' for the columns 1 and 6", "--drop age"),
        mended=f"{TRAIN} --drop age",
    ),
    Refusal(
        "a misspelled target",
        "LN709",
        3,
        PEOPLE,
        ("no column 'incme' among the 5: age, height, city, member, income", "--target income?"),
        "train people.csv -t incme",
        TRAIN,
    ),
    Refusal("a misspelled column to drop", "LN709", 3, PEOPLE, ("--drop age?",), f"{TRAIN} --drop Age", TRAIN),
    Refusal("a misspelled number", "LN709", 3, PEOPLE, ("--numeric age?",), f"{TRAIN} --numeric agee", TRAIN),
    Refusal(
        "another delimiter",
        "LN709",
        3,
        PEOPLE.replace(",", ":"),
        ("seems to have only one", "--delimiter"),
        mended=f"{TRAIN} --delimiter :",
    ),
    Refusal(
        "text among numbers",
        "LN710",
        3,
        changed(12, "unknown,180.5,Rome,yes,low"),
        ("line 12, column 'age'", "the text 'unknown'; 59 of 60 values are numbers", "--categorical age"),
        mended=f"{TRAIN} --missing unknown",
    ),
    Refusal(
        "text where numbers are demanded",
        "LN710",
        3,
        PEOPLE,
        ("column 'city'",),
        f"{TRAIN} --numeric city",
        f"{TRAIN} --categorical city",
    ),
    Refusal(
        "a text to be predicted as a value", "LN710", 3, PEOPLE, ("'income'",), f"{TRAIN} --task regression", TRAIN
    ),
    Refusal(
        "a row without a target",
        "LN711",
        3,
        changed(12, "30,180.5,Rome,yes,"),
        ("line 12, column 'income'", "1 of 60 rows", "--drop-missing-target"),
        mended=f"{TRAIN} --drop-missing-target",
    ),
    Refusal(
        "one class",
        "LN712",
        3,
        PEOPLE.replace("high", "low"),
        ("one value only: 'low' in all 60 rows",),
        mended_file=PEOPLE,
    ),
    Refusal(
        "a copy of the target",
        "LN713",
        3,
        more("income_copy", lambda row: row[-1]),
        ("column 'income_copy'", "the same value in every row", "--drop income_copy"),
        mended=f"{TRAIN} --drop income_copy",
    ),
    Refusal(
        "the target in other words",
        "LN713",
        3,
        more("grade", lambda row: {"high": "A"}.get(row[-1], "B")),
        ("column 'grade'", "always goes with", "--keep grade"),
        mended=f"{TRAIN} --keep grade",
    ),
    Refusal(
        "the target in another unit",
        "LN713",
        3,
        more("inches", lambda row: f"{float(row[1]) / 2.54:.12f}"),
        ("column 'inches'", "times a number"),
        "train people.csv -t height",
        "train people.csv -t height --drop inches",
    ),
    Refusal(
        "no header",
        "LN714",
        3,
        "\n".join(f"{i % 7},{i % 5},{i % 2}" for i in range(60)),
        ("a first line of numbers: 0, 0, 0", "--no-header"),
        "train people.csv -t income",
        'train people.csv --no-header -t "column 3"',
    ),
    Refusal(
        "decimal commas",
        "LN715",
        3,
        COMMAS,
        ("line 2, column 'height'", '--decimal ","'),
        f"{TRAIN} --decimal .",
        f'{TRAIN} --decimal ","',
    ),
    Refusal(
        "an infinite number",
        "LN716",
        3,
        changed(5, "inf,180.5,Rome,yes,low"),
        ("line 5, column 'age'", "'inf'", "--missing inf"),
        mended=f"{TRAIN} --missing inf",
    ),
    Refusal(
        "names as a target",
        "LN717",
        3,
        text([[*row, f"person {i}" if i else "name"] for i, row in enumerate(people(120))]),
        ("120 different texts in 120 rows",),
        "train people.csv -t name",
        f"{TRAIN} --drop name",
    ),
    Refusal("a damaged parquet file", "LN719", 3, NESTED[:100], ("damaged",), mended_file=PEOPLE),
    Refusal(
        "a column of lists",
        "LN720",
        3,
        NESTED,
        ("column 'tags'", "--drop tags"),
        mended=f"{TRAIN} --drop tags",
    ),
    Refusal("an Excel workbook", "LN723", 3, b"PK\x03\x04 and more", ("Excel",), mended_file=PEOPLE),
    Refusal("an unknown encoding", "LN724", 3, PEOPLE, ("'utf8000'",), f"{TRAIN} --encoding utf8000", TRAIN),
    Refusal(
        "UTF-16 without a mark",
        "LN725",
        3,
        PEOPLE.encode("utf-16-le"),
        ("utf-16-le",),
        mended=f"{TRAIN} --encoding utf-16-le",
    ),
    Refusal("zeros in a text", "LN725", 3, changed(4, "30,18\0,Rome,yes,low"), ("line 4",), mended_file=PEOPLE),
    Refusal(
        "too few rows",
        "LN736",
        3,
        "\n".join(LINES[:3]),
        ("rows with a target",),
        mended_file=PEOPLE,
    ),
]

USAGE = [
    Refusal("an unknown option", "LN700", 2, PEOPLE, ("--traget",), "train people.csv --traget income", TRAIN),
    Refusal("an unknown command", "LN700", 2, PEOPLE, ("Did you mean 'train'?",), "trian people.csv", TRAIN),
    Refusal("a value of the wrong kind", "LN700", 2, PEOPLE, ("'many'",), f"{TRAIN} --epochs many", TRAIN),
    Refusal("sizes that are none", "LN700", 2, PEOPLE, ("128,64",), f"{TRAIN} --hidden wide", f"{TRAIN} --hidden 3,2"),
    Refusal("a size of nothing", "LN700", 2, PEOPLE, ("'8,0'",), f"{TRAIN} --hidden 8,0", f"{TRAIN} --hidden 8"),
    Refusal("a delimiter of two signs", "LN700", 2, PEOPLE, ("'::'",), f"{TRAIN} --delimiter ::", TRAIN),
    Refusal("an unknown code", "LN700", 2, None, ("such as LN103",), "explain-error seven", "explain-error LN104"),
    Refusal("no folder to write to", "LN730", 2, PEOPLE, ("people.csv",), f"{TRAIN} --runs people.csv/runs", TRAIN),
    Refusal("no such settings", "LN732", 2, PEOPLE, ("no file a.toml",), "train --config a.toml", TRAIN),
    Refusal("settings that are no TOML", "LN732", 2, PEOPLE, ("line 1",), "train --config people.csv", TRAIN),
    Refusal("no such run", "LN735", 2, PEOPLE, ("no run of that name",), "train --resume rnus", TRAIN),
    Refusal(
        "a gate without a number",
        "LN737",
        2,
        PEOPLE,
        ("accuracy=0.85",),
        f"{TRAIN} --fail-under accuracy",
        f"{TRAIN} --fail-under accuracy=0",
    ),
    Refusal("a gate of no metric", "LN737", 2, PEOPLE, ("rmse",), f"{TRAIN} --fail-under acc=1", TRAIN),
    Refusal("a gate of the other task", "LN738", 2, PEOPLE, ("accuracy",), f"{TRAIN} --fail-under rmse=1", TRAIN),
    Refusal(
        "a gate without a test",
        "LN738",
        2,
        PEOPLE,
        ("of no test",),
        f"{TRAIN} --test-size 0 --fail-under accuracy=0",
        f"{TRAIN} --test-size 0",
    ),
    Refusal(
        "a missed gate",
        "LN739",
        6,
        PEOPLE,
        ("it must be at least 1.1",),
        f"{TRAIN} --fail-under accuracy=1.1",
        f"{TRAIN} --fail-under accuracy=0",
    ),
    Refusal(
        "no target",
        "LN743",
        2,
        PEOPLE,
        ("age, height, city, member, income", "--target income"),
        "train people.csv",
        TRAIN,
    ),
    Refusal("an output of unknown format", "LN745", 2, PEOPLE, (".csv",), "predict run people.csv -o a.json"),
]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def trained():
    written(Path("people.csv"), PEOPLE)
    assert lincoln(*TRAIN.split(), *QUICK).code == 0
    return Path("runs/people")


def assert_refused(answer: Answer, code: str, exit: int, says: tuple[str, ...]) -> None:
    lines = answer.err.splitlines()
    assert answer.code == exit, answer.err
    head = next(i for i, line in enumerate(lines) if line.startswith(code))
    assert re.match(rf"{code} \w+Error in .", lines[head])
    assert [line[:7] for line in lines[head + 1 :]] == ["  saw: ", "  why: ", "  fix: ", "  more:"]
    assert [part for part in says if part not in answer.err] == []
    assert f"lincoln explain-error {code}" in answer.err
    assert max(map(len, lines)) < 400


each = pytest.mark.parametrize("refusal", [*TABLES, *USAGE], ids=lambda refusal: refusal.name)


@each
def test_a_refusal_says_where_what_why_and_how_to_mend_it(refusal):
    assert_refused(refusal.run(refusal.command, refusal.file), refusal.code, refusal.exit, refusal.says)


@pytest.mark.parametrize(
    "refusal", [one for one in [*TABLES, *USAGE] if one.mended or one.mended_file], ids=lambda refusal: refusal.name
)
def test_the_fix_that_a_refusal_names_works(refusal):
    file = refusal.file if refusal.mended_file is None else refusal.mended_file
    answer = refusal.run(refusal.mended or refusal.command, file)
    assert answer.code == 0, answer.err


def test_a_refused_table_leaves_no_run_behind():
    written(Path("people.csv"), changed(7, "30"))
    lincoln(*TRAIN.split(), *QUICK)
    assert not Path("runs").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_refused_and_not_waited_for():
    os.mkfifo("pipe")
    assert_refused(lincoln("train", "pipe", "-t", "x"), "LN702", 3, ("a pipe or a device",))


def test_an_error_is_an_event_too():
    error = lincoln("train", "none.csv", "-t", "x", "--json").event("error")
    assert error["code"] == "LN701"
    assert error["exit_code"] == 3
    assert all(error[name] for name in ("where", "saw", "why", "fix"))


def test_a_missing_package_is_named(monkeypatch):
    written(Path("people.csv"), PEOPLE)
    monkeypatch.setitem(sys.modules, "pyarrow.csv", None)
    assert_refused(lincoln(*TRAIN.split()), "LN721", 2, ('pip install -e ".[cli]"',))


@pytest.mark.parametrize(("package", "code"), [("threadpoolctl", "LN731"), ("tomlkit", "LN733")])
def test_a_missing_small_package_is_named(package, code, monkeypatch):
    written(Path("people.csv"), PEOPLE)
    monkeypatch.setitem(sys.modules, package, None)
    assert_refused(lincoln(*TRAIN.split(), *QUICK, "--threads", "1" * (code == "LN731") or "2"), code, 2, ("pip",))


def test_a_reader_that_gives_up_for_another_reason_is_quoted(monkeypatch):
    import pyarrow as pa
    from pyarrow import csv

    def fails(*args, **named):
        raise pa.ArrowInvalid("a reason of its own")

    monkeypatch.setattr(csv, "open_csv", fails)
    written(Path("people.csv"), PEOPLE)
    assert_refused(lincoln(*TRAIN.split()), "LN722", 3, ("a reason of its own", "--encoding"))


@pytest.mark.parametrize(
    ("content", "says"), [("[trainng]\nlr = 1", "training?"), ("[training]\nlearning_rate = 1", "learning_rate")]
)
def test_an_unknown_setting_is_refused(content, says):
    written(Path("config.toml"), content)
    assert_refused(lincoln("train", "--config", "config.toml"), "LN734", 2, (says,))


def test_a_setting_of_the_wrong_kind_is_refused():
    written(Path("config.toml"), "[training]\nepochs = 'many'")
    assert_refused(lincoln("train", "--config", "config.toml"), "LN700", 2, ("many",))


def test_a_run_that_goes_on_takes_no_other_settings(trained):
    assert_refused(lincoln("train", "--resume", trained, "--lr", "0.1"), "LN740", 2, ("--lr",))


def test_a_run_goes_on_with_its_own_data_only(trained):
    (trained / "model.safetensors").unlink()
    written(Path("people.csv"), PEOPLE.replace("Rome", "Bonn"))
    assert_refused(lincoln("train", "--resume", trained), "LN742", 3, ("changed since the run began",))


NEW = [
    ("a column that is missing", "age,height,member\n30,180,yes\n", ("'city'", "age, height, member")),
    ("a column of another name", "Age,height,city,member\n30,180,Rome,yes\n", ("'age'", "'Age' for 'age'?")),
    ("another delimiter", "age:height:city:member\n30:180:Rome:yes\n", ("--delimiter",)),
]


@pytest.mark.parametrize(("content", "says"), [case[1:] for case in NEW], ids=[case[0] for case in NEW])
def test_columns_that_a_model_misses_are_named(content, says, trained):
    written(Path("new.csv"), content)
    assert_refused(lincoln("predict", trained, "new.csv"), "LN718", 3, says)


def test_text_where_a_model_has_learned_numbers_is_refused_with_its_line(trained):
    written(Path("new.csv"), "city,member,height,age\nRome,yes,180,30\nRome,yes,tall,30\n")
    assert_refused(lincoln("predict", trained, "new.csv"), "LN710", 3, ("line 3, column 'height'", "'tall'"))


def test_a_bad_date_is_refused_with_its_line():
    rows = [[*row, f"2024-03-{i % 28 + 1:02d}" if i else "when"] for i, row in enumerate(people())]
    written(Path("people.csv"), text(rows))
    assert lincoln(*TRAIN.split(), *QUICK).code == 0
    written(Path("new.csv"), "age,height,city,member,when\n30,180,Rome,yes,2024-03-01\n\n30,180,Rome,yes,soon\n")
    answer = lincoln("predict", "runs/people", "new.csv")
    assert answer.code == 3
    assert "row 1 is line 4 of new.csv" in answer.err


def test_a_class_that_a_model_does_not_know_is_refused(trained):
    written(Path("new.csv"), changed(5, "30,180,Rome,yes,middling"))
    assert_refused(lincoln("evaluate", trained, "new.csv"), "LN744", 3, ("1 rows of the class 'middling'",))


def test_a_run_that_is_misspelled_is_refused_with_the_one_that_was_meant(trained):
    assert_refused(lincoln("predict", "poeple", "people.csv"), "LN692", 5, ("runs/people?",))


def test_labels_that_are_missing_are_refused_when_evaluating(trained):
    written(Path("new.csv"), changed(5, "30,180,Rome,yes,"))
    assert_refused(lincoln("evaluate", trained, "new.csv"), "LN711", 3, ("line 5",))
    assert lincoln("evaluate", trained, "new.csv", "--drop-missing-target").code == 0


def test_values_have_no_probabilities():
    written(Path("people.csv"), PEOPLE)
    lincoln("train", "people.csv", "-t", "height", *QUICK)
    answer = lincoln("predict", "runs/people", "people.csv", "--probabilities")
    assert_refused(answer, "LN746", 2, ("a model that predicts values",))


def test_a_network_alone_cannot_be_given_tables():
    lnc.files.save(lnc.Sequential(lnc.Dense(1), seed=0).build(2), "plain.safetensors")
    written(Path("people.csv"), PEOPLE)
    assert_refused(lincoln("predict", "plain.safetensors", "people.csv"), "LN747", 5, ("a Sequential",))


def test_what_is_no_network_has_no_gradients_to_check():
    table = {"age": np.arange(9.0), "city": list("abcabcabc")}
    lnc.files.save(tabular.TabularPreprocessor().fit(table), "plain.safetensors")
    assert_refused(lincoln("check", "plain.safetensors"), "LN748", 3, ("a TabularPreprocessor",))


@pytest.mark.parametrize("command", ["predict {} people.csv", "evaluate {} people.csv", "inspect {}", "check {}"])
def test_a_damaged_model_file_exits_with_5(command, trained):
    content = (trained / "model.safetensors").read_bytes()
    written(Path("cut.safetensors"), content[:-5])
    assert lincoln(*command.format("cut.safetensors").split()).code == 5
    assert lincoln(*command.format("none.safetensors").split()).code == 5


def test_a_training_that_fails_exits_with_4():
    written(Path("people.csv"), PEOPLE)
    answer = lincoln("train", "people.csv", "-t", "height", "--lr", "1e30", "--epochs", "5", "--no-plots")
    assert_refused(answer, "LN166", 4, ("not finite",))


def test_every_code_of_the_command_line_is_tested_here():
    raised = {code for path in SOURCES for code in re.findall(r'\bcode="(LN\d+)"', path.read_text("utf-8"))}
    tests = Path(__file__).read_text("utf-8") + (Path(__file__).parent / "test_cli.py").read_text("utf-8")
    assert {code for code in raised if code not in tests} == set()
