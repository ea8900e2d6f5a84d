"""Everything that preprocessing and models of tables refuse: the text of the refusal, and that its fix works."""

from __future__ import annotations

import re
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_mistakes import Mistake

import lincoln as lnc
from lincoln import exc
from lincoln.tabular import TabularModel, TabularPreprocessor

TABLE = {
    "age": [39.0, 50.0, 28.0, 17.0],
    "job": ["clerk", "cook", "cook", "clerk"],
    "pay": ["low", "high", "low", "low"],
}
NUMBERS = [str(number) for number in range(30)]
FITTING = "TabularPreprocessor.fit"


def prepared(**options: Any) -> TabularPreprocessor:
    return TabularPreprocessor(**options).fit(TABLE)


def model(**options: Any) -> TabularModel:
    return TabularModel(**({"epochs": 1, "hidden": ()} | options))


def without(name: str) -> dict[str, Any]:
    return {column: values for column, values in TABLE.items() if column != name}


def quantity() -> TabularModel:
    return model().fit(TABLE, "age")


def loaded() -> TabularPreprocessor:
    return TabularPreprocessor().load_state_dict(prepared().state_dict())


READY = prepared()
FITTED = model().fit(TABLE, "pay")
VALUES = quantity()
TWICE = chain([[TABLE, TABLE]], repeat([TABLE]))
MORE = chain([[TABLE]], repeat([TABLE, TABLE]))
NAMES = "'age', 'job', 'pay'"

COLUMNS = [
    Mistake(
        "text in a column of numbers at predict time",
        exc.DataError,
        "LN600",
        lambda: READY.transform(TABLE | {"age": ["39", "fifty", "28", "fifty"]}),
        "TabularPreprocessor",
        "'fifty' in row 1, column 'age', and 1 more like it",
        "a number there; or, if it means that there is no value, missing=(..., 'fifty') when fitting; "
        "or kinds={'age': \"category\"}",
        lambda: READY.transform(TABLE | {"age": ["39", "50", "28", "50"]}),
    ),
    Mistake(
        "text among very many numbers",
        exc.DataError,
        "LN600",
        lambda: TabularPreprocessor().fit({"size": [*NUMBERS, "n.a."]}),
        FITTING,
        "'n.a.' in row 30, column 'size'",
        "a number there; or, if it means that there is no value, missing=(..., 'n.a.') when fitting; "
        "or kinds={'size': \"category\"}",
        lambda: TabularPreprocessor(missing=("", "n.a.")).fit({"size": [*NUMBERS, "n.a."]}),
    ),
    Mistake(
        "infinity",
        exc.DataError,
        "LN601",
        lambda: TabularPreprocessor().fit({"age": [1.0, np.inf, 2.0]}),
        FITTING,
        "inf in row 1, column 'age'",
        "a finite number, or none: table['age'].replace([np.inf, -np.inf], np.nan)",
        lambda: TabularPreprocessor().fit({"age": [1.0, np.nan, 2.0]}),
    ),
    Mistake(
        "neither yes nor no",
        exc.DataError,
        "LN602",
        lambda: TabularPreprocessor().fit({"paid": [True, False]}).transform({"paid": ["yes", "perhaps"]}),
        "TabularPreprocessor",
        "'perhaps' in row 1, column 'paid'",
        "true or false, 1 or 0, yes or no; or kinds={'paid': \"category\"} when fitting",
        lambda: TabularPreprocessor().fit({"paid": [True, False]}).transform({"paid": ["yes", "no"]}),
    ),
    Mistake(
        "no date in a column of dates",
        exc.DataError,
        "LN603",
        lambda: TabularPreprocessor(kinds={"day": "date"}).fit({"day": ["2024-01-01", "end of 2024"]}),
        FITTING,
        "'end of 2024' in row 1, column 'day'",
        "dates as 2024-03-31 or 2024-03-31 18:30; table['day'] = pd.to_datetime(table['day']) reads others",
        lambda: TabularPreprocessor(kinds={"day": "date"}).fit({"day": ["2024-01-01", "2024-12-31"]}),
    ),
    Mistake(
        "numbers in a column of dates",
        exc.DataError,
        "LN603",
        lambda: TabularPreprocessor(kinds={"day": "date"}).fit({"day": [20240101, 20240102]}),
        FITTING,
        "20240101 in row 0, column 'day'",
        "dates as 2024-03-31 or 2024-03-31 18:30; table['day'] = pd.to_datetime(table['day']) reads others",
        lambda: TabularPreprocessor(kinds={"day": "date"}).fit({"day": ["2024-01-01", "2024-01-02"]}),
    ),
    Mistake(
        "columns of different lengths",
        exc.MatchError,
        "LN604",
        lambda: TabularPreprocessor().fit({"a": [1, 2], "b": [1, 2, 3]}),
        FITTING,
        "2 rows in column 'a', 3 in column 'b'",
        "columns of one length",
        lambda: TabularPreprocessor().fit({"a": [1, 2], "b": [1, 2]}),
    ),
    Mistake(
        "no rows",
        exc.DataError,
        "LN605",
        lambda: READY.transform({"age": [], "job": [], "pay": []}),
        "TabularPreprocessor",
        "a table of 0 rows, 3 columns",
        "look where the rows or columns were lost: a filter that lets nothing through?",
        lambda: READY.transform(TABLE),
    ),
    Mistake(
        "a column is missing, and one is called nearly so",
        exc.MatchError,
        "LN606",
        lambda: READY.transform(without("age") | {"Age": [1.0, 2.0, 3.0, 4.0]}),
        "TabularPreprocessor",
        "no column 'age' (but 'Age')",
        "table.rename(columns={'Age': 'age'}); the table has 'job', 'pay', 'Age'",
        lambda: READY.transform(without("age") | {"age": [1.0, 2.0, 3.0, 4.0]}),
    ),
    Mistake(
        "two columns of one name",
        exc.DataError,
        "LN607",
        lambda: TabularPreprocessor().fit({1: [1, 2], "1": [3, 4]}),
        FITTING,
        "the column '1' 2 times",
        "a name of its own for every column: table.columns = [...]",
        lambda: TabularPreprocessor().fit({1: [1, 2], "2": [3, 4]}),
    ),
    Mistake(
        "no table",
        exc.DataError,
        "LN608",
        lambda: TabularPreprocessor().fit(np.arange(3.0)),
        FITTING,
        "a ndarray of shape (3,)",
        "a DataFrame, a dictionary of columns, a structured array, or an array of two axes: x.reshape(-1, 1)",
        lambda: TabularPreprocessor().fit(np.arange(3.0).reshape(-1, 1)),
    ),
    Mistake(
        "an unknown kind",
        exc.DataError,
        "LN609",
        lambda: prepared(kinds={"job": "text"}),
        "TabularPreprocessor",
        "kinds={'job': 'text'}",
        '"numeric", "category", "boolean", "date", or "drop" to leave the column out',
        lambda: prepared(kinds={"job": "category"}),
    ),
    Mistake(
        "an unknown parameter",
        exc.DataError,
        "LN610",
        lambda: TabularPreprocessor().set_params(bin=3),
        "TabularPreprocessor.set_params",
        "'bin'",
        "one of kinds, encoding, missing, min_count, max_categories, bins, clip, sample, seed, decimal, day_first",
        lambda: TabularPreprocessor().set_params(bins=3),
    ),
    Mistake(
        "a state of a later format",
        exc.DataError,
        "LN690",
        lambda: TabularPreprocessor().load_state_dict(prepared().state_dict() | {"format": 3}),
        "TabularPreprocessor.load_state_dict",
        "format 3",
        "a newer version of Lincoln",
        lambda: TabularPreprocessor().load_state_dict(prepared().state_dict()),
    ),
    Mistake(
        "more chunks after loading",
        exc.ContractError,
        "LN611",
        lambda: loaded().partial_fit(TABLE),
        "TabularPreprocessor.partial_fit",
        "a preprocessor that was loaded",
        "fit(table) to learn anew",
        lambda: loaded().fit(TABLE),
    ),
    Mistake(
        "features before learning",
        exc.NotFittedError,
        "LN612",
        lambda: TabularPreprocessor().transform(TABLE),
        "TabularPreprocessor",
        "a preprocessor that has seen no table",
        "fit(table) first",
        lambda: TabularPreprocessor().fit(TABLE).transform(TABLE),
    ),
    Mistake(
        "constant columns alone",
        exc.DataError,
        "LN613",
        lambda: TabularPreprocessor().fit({"one": [1, 1]}).columns,
        FITTING,
        "column 'one' is left out: its value is the same in every row",
        "a table with a column that differs from row to row",
        lambda: TabularPreprocessor().fit({"one": [1, 2]}).columns,
    ),
    Mistake(
        "an unknown encoding",
        exc.DataError,
        "LN614",
        lambda: prepared(encoding="onehot"),
        "TabularPreprocessor",
        "encoding='onehot'",
        'encoding="one_hot", or "embed" for a network with lnc.layers.ColumnEmbedding',
        lambda: prepared(encoding="one_hot"),
    ),
    Mistake(
        "lists in a column",
        exc.DataError,
        "LN616",
        lambda: TabularPreprocessor().fit(TABLE | {"tags": [["a"], ["b"], [], ["a"]]}),
        FITTING,
        "column 'tags': unhashable type: 'list'",
        "its parts as columns of their own; or kinds={'tags': \"drop\"}",
        lambda: TabularPreprocessor(kinds={"tags": "drop"}).fit(TABLE | {"tags": [["a"], ["b"], [], ["a"]]}),
    ),
    Mistake(
        "the kind of a column that there is not",
        exc.DataError,
        "LN615",
        lambda: prepared(kinds={"jop": "category"}),
        "TabularPreprocessor",
        "kinds={'jop': 'category'}, and no column of that name",
        "'job', perhaps",
        lambda: prepared(kinds={"job": "category"}),
    ),
]

TARGETS = [
    Mistake(
        "one value beside which all others are the same",
        exc.DataError,
        "LN691",
        lambda: model().fit({"x": NUMBERS}, [*range(29), 1e300]),
        "TabularModel.fit",
        "1e+300 in row 29 of the target ''; half of the values lie from 7.25 to 21.75",
        "mend the value, or leave the row out",
        lambda: model().fit({"x": NUMBERS}, [*range(29), 1e3]),
    ),
    Mistake(
        "rows without a target",
        exc.DataError,
        "LN620",
        lambda: model().fit(TABLE | {"pay": ["low", "?", "high", None]}, "pay"),
        "TabularModel.fit",
        "no value in row 1 of the target 'pay', and 1 more",
        "table = table[table['pay'].notna() & ~table['pay'].isin(['', '?'])]",
        lambda: model().fit(TABLE, "pay"),
    ),
    Mistake(
        "text in one chunk, numbers in another",
        exc.DataError,
        "LN621",
        lambda: model().fit_chunks(lambda: [TABLE, TABLE | {"pay": [1, 2, 3, 4]}], "pay"),
        "TabularModel.fit",
        "the target 'pay': text in one part of the table, numbers in another",
        "read the column as one type: dtype={'pay': str}",
        lambda: model().fit_chunks(lambda: [TABLE, TABLE | {"pay": ["low", "1", "1", "low"]}], "pay"),
    ),
    Mistake(
        "a class that training did not have",
        exc.DataError,
        "LN622",
        lambda: FITTED.evaluate(TABLE | {"pay": ["low", "low", "hgh", "low"]}),
        "TabularModel.evaluate",
        "'hgh' in row 2 of the target 'pay'",
        "rows of these classes only; or fit again with rows of every class",
        lambda: FITTED.evaluate(TABLE),
    ),
    Mistake(
        "an unknown task",
        exc.DataError,
        "LN623",
        lambda: model(task="classify").fit(TABLE, "pay"),
        "TabularModel",
        "task='classify'",
        'task="classification" or task="regression"; or None, to find it from the target',
        lambda: model(task="classification").fit(TABLE, "pay"),
    ),
    Mistake(
        "one class only",
        exc.DataError,
        "LN624",
        lambda: model().fit(TABLE | {"pay": ["low"] * 4}, "pay"),
        "TabularModel.fit",
        "the target 'pay' is 'low' in every row",
        "rows with different values of the target; or another target",
        lambda: model().fit(TABLE, "pay"),
    ),
    Mistake(
        "a class for every row",
        exc.DataError,
        "LN625",
        lambda: model(task="classification").fit(TABLE, "age"),
        "TabularModel.fit",
        "4 different values of the target 'age' in 4 rows",
        'another target; or, if it is a quantity, a column of numbers and task="regression"',
        lambda: model(task="regression").fit(TABLE, "age"),
    ),
    Mistake(
        "regression on text",
        exc.DataError,
        "LN626",
        lambda: model(task="regression").fit(TABLE, "pay"),
        "TabularModel.fit",
        "'low' in row 0 of the target 'pay'",
        'numbers in the target; or task="classification"',
        lambda: model(task="classification").fit(TABLE, "pay"),
    ),
    Mistake(
        "no column of the target's name",
        exc.MatchError,
        "LN634",
        lambda: model().fit(TABLE, "Pay"),
        "TabularModel.fit",
        "no column 'Pay'",
        f"'pay', perhaps: the columns are {NAMES}",
        lambda: model().fit(TABLE, "pay"),
    ),
    Mistake(
        "a target of another length",
        exc.MatchError,
        "LN635",
        lambda: model().fit(without("pay"), ["low", "high", "low"]),
        "TabularModel.fit",
        "4 rows in the table, 3 in the target",
        "select the same rows from both",
        lambda: model().fit(without("pay"), ["low", "high", "low", "low"]),
    ),
]

MODELS = [
    Mistake(
        "a setting outside its range",
        exc.DataError,
        "LN630",
        lambda: model(dropout=1.0).fit(TABLE, "pay"),
        "TabularModel",
        "dropout=1.0",
        "dropout=None for the default",
        lambda: model(dropout=None).fit(TABLE, "pay"),
    ),
    Mistake(
        "half an epoch",
        exc.DataError,
        "LN630",
        lambda: model(epochs=0.5).fit(TABLE, "pay"),
        "TabularModel",
        "epochs=0.5",
        "epochs=None for the default",
        lambda: model(epochs=None).fit(TABLE, "pay"),
    ),
    Mistake(
        "one row",
        exc.DataError,
        "LN631",
        lambda: places(1),
        "TabularModel.fit",
        "a table of 1 row",
        "more rows",
        lambda: places(2),
    ),
    Mistake(
        "no chunks",
        exc.DataError,
        "LN632",
        lambda: model().fit_chunks(list, "pay"),
        "TabularModel.fit_chunks",
        "no chunks",
        "a function that gives the chunks from the first on, each time it is called",
        lambda: model().fit_chunks(lambda: [TABLE], "pay"),
    ),
    Mistake(
        "fewer rows the second time",
        exc.DataError,
        "LN633",
        lambda: model().fit_chunks(lambda: next(TWICE), "pay"),
        "TabularModel.fit_chunks",
        "8 rows the first time, 4 the second time",
        "chunks=a function that begins anew at each call, on a file that nobody writes to",
        lambda: model().fit_chunks(lambda: [TABLE, TABLE], "pay"),
    ),
    Mistake(
        "more rows the second time",
        exc.DataError,
        "LN633",
        lambda: model().fit_chunks(lambda: next(MORE), "pay"),
        "TabularModel.fit_chunks",
        "4 rows the first time, more the second time",
        "chunks=a function that begins anew at each call, on a file that nobody writes to",
        lambda: model().fit_chunks(lambda: [TABLE], "pay"),
    ),
    Mistake(
        "probabilities of values",
        exc.MatchError,
        "LN636",
        lambda: VALUES.predict_proba(TABLE),
        "TabularModel.predict_proba",
        "a model that predicts values",
        'predict(table); or TabularModel(task="classification")',
        lambda: VALUES.predict(TABLE),
    ),
    Mistake(
        "predictions before learning",
        exc.NotFittedError,
        "LN637",
        lambda: model().predict(TABLE),
        "TabularModel",
        "a model that has seen no table",
        "model.fit(table, target) first",
        lambda: model().fit(TABLE, "pay").predict(TABLE),
    ),
]


def places(rows: int) -> Any:
    from lincoln.tabular.store import places_of_rows

    return places_of_rows(np.zeros(rows), 0.0, stratify=False, rng=np.random.default_rng(0))


each_mistake = pytest.mark.parametrize("mistake", [*COLUMNS, *TARGETS, *MODELS], ids=lambda mistake: mistake.name)


@each_mistake
def test_a_refusal_says_where_what_why_and_how_to_mend_it(mistake: Mistake):
    mistake.assert_refused()


@each_mistake
def test_the_fix_that_a_refusal_names_works(mistake: Mistake):
    mistake.mended()


def test_every_code_that_tables_raise_is_tested():
    raised = re.compile(r'code="(LN6\d\d)"')
    sources = (Path(lnc.__file__).parent / "tabular").glob("*.py")
    codes = {code for source in sources for code in raised.findall(source.read_text("utf-8"))}
    assert codes - {mistake.code for mistake in [*COLUMNS, *TARGETS, *MODELS]} == set()
