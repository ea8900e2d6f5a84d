"""From columns to features: what is learned of a table, and what becomes of rows that training did not show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

from lincoln.check import check_layer
from lincoln.exc import DataError
from lincoln.tabular import TableFeatures, TabularModel, TabularPreprocessor, values
from lincoln.tabular.dates import date_in
from lincoln.tabular.sample import Sample, bin_edges

ROWS = 40
RNG = np.random.default_rng(0)


def people() -> pd.DataFrame:
    """Every kind of column, with and without missing values."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 80, ROWS),
            "pay": rng.lognormal(size=ROWS),
            "job": rng.choice(["clerk", "cook", "?"], ROWS),
            "paid": rng.random(ROWS) > 0.5,
            "since": pd.date_range("2019-12-30", periods=ROWS, freq="31h"),
            "level": pd.Categorical(rng.choice(["low", "high"], ROWS)),
            "rank": pd.array(rng.integers(0, 3, ROWS), dtype="Int64"),
        }
    )
    table.loc[3, "pay"] = np.nan
    table.loc[5, "rank"] = pd.NA
    table.loc[7, "since"] = pd.NaT
    return table


def kinds(preprocessor: TabularPreprocessor) -> dict[str, str]:
    return {row["name"]: row["kind"] for row in preprocessor.describe()}


def names(preprocessor: TabularPreprocessor) -> list[str]:
    return preprocessor.get_feature_names_out().tolist()


def test_kinds_are_found_from_what_the_columns_hold():
    assert kinds(TabularPreprocessor().fit(people())) == {
        "age": "numeric",
        "pay": "numeric",
        "job": "category",
        "paid": "boolean",
        "since": "date",
        "level": "category",
        "rank": "numeric",
    }


def test_features_are_finite_and_as_many_as_their_names():
    features = TabularPreprocessor(bins=4).fit_transform(people())
    assert features.shape == (ROWS, len(names(TabularPreprocessor(bins=4).fit(people()))))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (["1", "2.5", "?"], "numeric"),
        (["2024-03-31", "2024-04-01 18:30", ""], "date"),
        ([True, None, False], "boolean"),
        (np.array(["2024-03-31", "NaT"], dtype="datetime64[D]"), "date"),
        (["1", "two", "3"], "category"),
        (np.array([1, 2, 4], dtype="timedelta64[h]"), "numeric"),
        (pd.Series(pd.to_timedelta([1, 2, 4], unit="h")), "numeric"),
        ([1, None, 3.5], "numeric"),
        (np.array(["a", "b"], dtype=object), "category"),
    ],
)
def test_a_column_of_objects_is_what_all_of_its_values_are(column, kind):
    assert kinds(TabularPreprocessor().fit({"x": column})) == {"x": kind}


def test_the_kind_that_is_said_is_the_kind_that_is_taken():
    preprocessor = TabularPreprocessor(kinds={"zip": "category", "id": "drop"}, bins=0)
    preprocessor.fit({"zip": [1, 2, 1], "id": [7, 8, 9]})
    assert names(preprocessor) == ["zip=1", "zip=2"]


@pytest.mark.parametrize("later", [["2", "1"], [2, 1], [2.0, 1.0], ["2 ", " 1"]])
def test_a_number_as_a_category_is_the_same_however_it_is_written(later):
    preprocessor = TabularPreprocessor(kinds={"zip": "category"}).fit({"zip": [1, 2, 1]})
    np.testing.assert_array_equal(preprocessor.transform({"zip": later}), [[0, 1], [1, 0]])


def test_a_quantity_is_centered_scaled_and_smoothly_clipped():
    column = np.array([0.0, 1.0, 2.0, 3.0, 1e9])
    z = TabularPreprocessor(bins=0).fit_transform({"x": column})[:, 0]
    t = (column - 2.0) / 2.0
    np.testing.assert_allclose(z, t / np.sqrt(1 + (t / 3) ** 2), rtol=1e-6)
    assert z[-1] == pytest.approx(3.0)


def test_where_the_quartiles_are_one_number_half_the_range_is_the_scale():
    z = TabularPreprocessor(bins=0, clip=1e9).fit_transform({"x": [0.0] * 9 + [10.0]})[:, 0]
    assert z[-1] == pytest.approx(2.0)


def test_numbers_at_the_ends_of_float64_stay_in_bounds():
    features = TabularPreprocessor(bins=4).fit_transform({"x": [-1.7e308, -1.0, 0.0, 1.0, 1.7e308]})
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= 3.0


def test_a_bin_is_filled_between_its_edges():
    preprocessor = TabularPreprocessor(bins=2, clip=1e9).fit({"x": [0.0, 1.0, 2.0, 3.0, 4.0]})
    bins = preprocessor.transform({"x": [-9.0, 0.0, 1.0, 2.0, 3.0, 9.0]})[:, 1:]
    np.testing.assert_allclose(bins, [[0, 0], [0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1]], atol=1e-6)


def test_many_equal_values_leave_bins_for_the_others():
    edges = bin_edges(np.concatenate([np.zeros(900), np.arange(1.0, 101.0)]), 10)
    assert len(edges) >= 6


def test_a_missing_quantity_is_the_median_and_said_to_be_missing():
    preprocessor = TabularPreprocessor(bins=0).fit({"x": [1.0, 2.0, 3.0, np.nan]})
    np.testing.assert_array_equal(preprocessor.transform({"x": [np.nan, 2.0]}), [[0, 1], [0, 0]])


def test_a_quantity_may_be_missing_later_though_it_never_was_in_training():
    preprocessor = TabularPreprocessor(bins=0).fit({"x": [1.0, 2.0, 3.0]})
    np.testing.assert_array_equal(preprocessor.transform({"x": [np.nan]}), [[0]])


def test_whether_a_value_is_missing_can_be_all_there_is_to_learn():
    features = TabularPreprocessor(bins=0).fit_transform({"x": [5.0, np.nan, 5.0]})
    np.testing.assert_array_equal(features[:, 1], [0, 1, 0])


def test_a_missing_category_is_a_category():
    preprocessor = TabularPreprocessor().fit({"job": ["cook", None, "?", "clerk"]})
    assert names(preprocessor) == ["job=clerk", "job=cook", "job=(missing)"]


def test_only_the_strings_that_are_said_mean_that_there_is_no_value():
    preprocessor = TabularPreprocessor(missing=["-"]).fit({"job": ["cook", "-", "?", "-"]})
    assert names(preprocessor) == ["job=?", "job=cook", "job=(missing)"]


def test_rare_categories_are_one_category_and_unknown_ones_belong_to_it():
    preprocessor = TabularPreprocessor(min_count=2).fit({"job": ["a", "a", "b", "c", "d", "d"]})
    assert names(preprocessor) == ["job=a", "job=d", "job=(other)"]
    np.testing.assert_array_equal(preprocessor.transform({"job": ["b", "never seen"]}), [[0, 0, 1], [0, 0, 1]])
    assert preprocessor.notes == ["column 'job': 2 categories kept, rarer ones taken together as (other)"]


def test_of_very_many_categories_the_most_frequent_are_kept():
    preprocessor = TabularPreprocessor(max_categories=1).fit({"job": ["a", "b", "b"]})
    assert names(preprocessor) == ["job=b", "job=(other)"]


def test_an_unknown_category_is_none_of_the_known_ones():
    preprocessor = TabularPreprocessor().fit({"job": ["a", "b"]})
    np.testing.assert_array_equal(preprocessor.transform({"job": ["c"]}), [[0, 0]])


def test_categories_to_be_embedded_are_numbers_in_the_last_columns():
    table = {"job": ["a", "b", None, "a"], "age": [1.0, 2.0, 3.0, 4.0], "sex": ["f", "m", "f", "m"]}
    preprocessor = TabularPreprocessor(encoding="embed", bins=0).fit(table)
    assert names(preprocessor) == ["age", "job", "sex"]
    assert preprocessor.category_counts == (4, 3)
    later = preprocessor.transform({"job": ["b", "new"], "age": [2.5, 2.5], "sex": ["m", "x"]})
    np.testing.assert_array_equal(later, [[0, 2, 2], [0, 0, 0]])


def test_a_date_becomes_days_a_year_and_three_angles():
    table = {"day": np.array(["2023-01-01", "2024-01-01", "2024-07-01"], dtype="datetime64[D]")}
    preprocessor = TabularPreprocessor(bins=0).fit(table)
    assert names(preprocessor) == ["day_days", "day_year"] + [
        f"day_{part} {wave}" for wave in ("sin", "cos") for part in ("month", "weekday", "yearday")
    ]
    angles = preprocessor.transform(table)[:, 2:]
    monday, sunday = 0.0, 2 * np.pi * 6 / 7
    np.testing.assert_allclose(angles[:, 0], np.sin([0, 0, np.pi]), atol=1e-6)
    np.testing.assert_allclose(angles[:, 1], np.sin([sunday, monday, monday]), atol=1e-6)
    np.testing.assert_allclose(angles[:, 5], np.cos([0, 0, 2 * np.pi * 182 / 366]), atol=1e-6)


WRITTEN = {
    "%Y-%m-%d %H:%M": "2024-12-31 17:00",
    "%d.%m.%Y %H:%M": "31.12.2024 17:00",
    "%d/%m/%Y": "31/12/2024",
    "%m/%d/%Y %I:%M %p": "12/31/2024 05:00 PM",
    "%Y-%m-%dT%H:%M:%S+00:00": "2024-12-31T17:00:00+00:00",
    "%Y/%m/%d": "2024/12/31",
}


@pytest.mark.parametrize("form", WRITTEN)
def test_dates_are_read_in_the_order_that_all_of_a_column_tells(form):
    days = pd.date_range("2024-12-15 17:00", periods=40, freq="D")
    if "%H" not in form and "%I" not in form:
        days = days.normalize()
    assert WRITTEN[form] in days.strftime(form)
    expected = TabularPreprocessor().fit({"day": days.to_numpy()})
    found = TabularPreprocessor().fit({"day": days.strftime(form).tolist()})
    np.testing.assert_array_equal(
        found.transform({"day": days.strftime(form).tolist()}), expected.transform({"day": days.to_numpy()})
    )
    np.testing.assert_array_equal(
        expected.transform({"day": days.strftime(form).tolist()}), expected.transform({"day": days.to_numpy()})
    )
    assert found.notes == []


def test_a_column_with_times_gives_the_hour_and_one_without_does_not():
    hours = pd.date_range("2024-01-01", periods=48, freq="h")
    preprocessor = TabularPreprocessor(bins=0).fit({"when": hours.to_numpy()})
    assert [name for name in names(preprocessor) if "hour" in name or "time" in name] == [
        "when_hour",
        "when_time sin",
        "when_time cos",
    ]
    features = dict(zip(names(preprocessor), preprocessor.transform({"when": ["2024-05-06 06:00"]})[0], strict=True))
    assert features["when_time sin"] == pytest.approx(1.0)
    assert not [name for name in names(TabularPreprocessor().fit({"when": hours[::24].to_numpy()})) if "hour" in name]


def test_the_hour_of_the_day_is_learned_from():
    rng = np.random.default_rng(0)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300 * 24, 2000), unit="h")
    busy = np.isin(when.hour, (7, 8, 16, 17, 18))
    table = pd.DataFrame({"when": when.astype(str), "busy": np.where(busy, "yes", "no")})
    model = TabularModel(hidden=(32,), epochs=30, lr=0.01).fit(table[:1500], "busy")
    assert model.evaluate(table[1500:])["accuracy"] > 0.95


def test_a_missing_date_stands_for_no_day_at_all():
    preprocessor = TabularPreprocessor(bins=0).fit({"day": ["2024-01-01", None, "2024-03-01", "2024-09-05"]})
    np.testing.assert_array_equal(preprocessor.transform({"day": [None]}), [[0, 0, 1, 0, 0, 0, 0, 0, 0]])


def test_dates_with_a_time_zone_are_read_in_utc():
    berlin = pd.date_range("2024-01-01", periods=5, freq="90D", tz="Europe/Berlin")
    utc = berlin.tz_convert("UTC").tz_localize(None)
    expected = TabularPreprocessor().fit_transform({"day": utc.to_numpy()})
    np.testing.assert_array_equal(TabularPreprocessor().fit_transform(pd.DataFrame({"day": berlin})), expected)


def test_columns_of_no_use_are_left_out_and_named():
    table = {"one": [1] * 60, "none": [None] * 60, "id": [f"id{n}" for n in range(60)], "x": np.arange(60.0)}
    preprocessor = TabularPreprocessor(bins=0).fit(table)
    assert names(preprocessor) == ["x"]
    assert preprocessor.notes == [
        "column 'one' is left out: its value is the same in every row",
        "column 'none' is left out: no row has a value",
        "column 'id' is left out: 60 different names in 60 rows, too many to learn from",
    ]


def test_columns_are_known_by_their_names():
    table = people()
    preprocessor = TabularPreprocessor().fit(table)
    reordered = table[table.columns[::-1]].assign(more=1)
    np.testing.assert_array_equal(preprocessor.transform(reordered), preprocessor.transform(table))


def test_columns_that_were_left_out_need_not_be_there_later():
    preprocessor = TabularPreprocessor(bins=0).fit({"one": [1, 1, 1], "x": [1.0, 2.0, 3.0]})
    assert preprocessor.transform({"x": [2.0]}).shape == (1, 1)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"x0": [1.0, 2.0, 4.0], "x1": ["a", "b", "a"]}),
        {"x0": [1.0, 2.0, 4.0], "x1": ["a", "b", "a"]},
        np.array([(1.0, "a"), (2.0, "b"), (4.0, "a")], dtype=[("x0", float), ("x1", "U1")]),
        np.array([[1.0, "a"], [2.0, "b"], [4.0, "a"]], dtype=object),
    ],
    ids=["pandas", "dictionary", "structured", "objects"],
)
def test_a_table_of_any_kind_gives_the_same_features(table):
    expected = [[-0.6508, 1, 0], [0, 0, 1], [1.2184, 1, 0]]
    np.testing.assert_allclose(TabularPreprocessor(bins=0).fit_transform(table), expected, atol=1e-4)


@pytest.mark.parametrize("size", [1, 7, 16, 40])
def test_learning_in_chunks_equals_learning_at_once(size):
    table = people()
    whole, parts = TabularPreprocessor(bins=5).fit(table), TabularPreprocessor(bins=5)
    for start in range(0, ROWS, size):
        parts.partial_fit(table.iloc[start : start + size])
    np.testing.assert_array_equal(parts.transform(table), whole.transform(table))


def test_a_column_that_is_empty_in_the_first_chunk_shows_its_kind_in_a_later_one():
    preprocessor = TabularPreprocessor(bins=0).partial_fit({"x": [None, None]}).partial_fit({"x": [1.0, 3.0]})
    assert kinds(preprocessor) == {"x": "numeric"}
    np.testing.assert_array_equal(preprocessor.transform({"x": [None, 2.0]})[:, 1], [1, 0])


@pytest.mark.parametrize("order", [np.arange(50_000), RNG.permutation(50_000)], ids=["sorted", "mixed"])
def test_more_values_than_a_sample_holds_give_nearly_the_same_quantiles(order):
    sample = Sample(1000, seed=0)
    for chunk in np.array_split(order / 50_000, 13):
        sample.add(chunk)
    assert sample.values.shape == (1000,)
    np.testing.assert_allclose(np.quantile(sample.values, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.05)


def test_expanding_codes_batch_by_batch_equals_transforming_at_once():
    table = people()
    preprocessor = TabularPreprocessor().fit(table)
    codes = preprocessor.encode(table)
    assert codes.dtype == np.float32
    batches = [preprocessor.expand(codes[start : start + 7]) for start in range(0, ROWS, 7)]
    np.testing.assert_array_equal(np.concatenate(batches), preprocessor.transform(table))


@pytest.mark.parametrize("encoding", ["one_hot", "embed"])
def test_what_was_learned_comes_back_from_its_state(encoding):
    table = people()
    preprocessor = TabularPreprocessor(encoding=encoding).fit(table)
    again = TabularPreprocessor(encoding=encoding).load_state_dict(preprocessor.state_dict())
    np.testing.assert_array_equal(again.transform(table), preprocessor.transform(table))
    assert again.describe() == preprocessor.describe()
    assert again.notes == preprocessor.notes


def test_a_preprocessor_that_has_learned_nothing_has_an_empty_state():
    assert TabularPreprocessor().load_state_dict(TabularPreprocessor().state_dict()).state_dict() == {}


def test_fitting_again_forgets_the_table_before():
    preprocessor = TabularPreprocessor(bins=0).fit({"x": [1.0, 2.0]}).fit({"y": [1.0, 2.0]})
    assert names(preprocessor) == ["y"]


def test_neither_the_table_nor_the_global_generators_are_touched(global_generators_untouched):
    table = people()
    before = table.copy(deep=True)
    TabularPreprocessor(sample=10).fit_transform(table)
    pd.testing.assert_frame_equal(table, before)


def test_it_stands_in_a_pipeline_and_can_be_cloned():
    linear_model, base = pytest.importorskip("sklearn.linear_model"), pytest.importorskip("sklearn.base")
    pipeline = pytest.importorskip("sklearn.pipeline")
    table = people()
    chain = pipeline.make_pipeline(TabularPreprocessor(bins=0), linear_model.LogisticRegression(max_iter=500))
    chain = base.clone(chain).set_params(tabularpreprocessor__clip=5.0).fit(table.drop(columns="paid"), table["paid"])
    assert chain[0].clip == 5.0
    assert chain.predict(table).shape == (ROWS,)


@given(
    column=any_array(
        np.float64, st.integers(3, 30), elements=st.floats(allow_infinity=False, allow_nan=True, width=64)
    ),
    bins=st.integers(0, 9),
)
def test_any_quantities_become_finite_features(column, bins):
    preprocessor = TabularPreprocessor(bins=bins)
    features = preprocessor.fit_transform({"x": column, "y": [None, *range(len(column) - 1)]})
    assert np.isfinite(features).all()


@pytest.mark.parametrize("encoding", ["one_hot", "embed"])
def test_the_first_layer_of_a_network_keeps_the_contract(encoding):
    preprocessor = TabularPreprocessor(encoding=encoding, bins=3).fit(people())
    codes = preprocessor.encode(people())
    layer = TableFeatures(preprocessor)
    np.testing.assert_array_equal(layer(codes), preprocessor.transform(people()))
    assert layer.backward(np.ones_like(layer.output)).shape == codes.shape


def test_the_gradient_of_the_first_layer_is_that_of_its_features():
    preprocessor = TabularPreprocessor(bins=3, encoding="embed").fit(people()[["age", "pay", "since"]])
    assert check_layer(TableFeatures(preprocessor), (5, preprocessor.expansion.width)).ok


def test_an_underscore_makes_a_text_of_a_number():
    assert [values.as_number(text, frozenset()) for text in ("1_000", "1000", " 1e3 ")] == [None, 1000.0, 1000.0]


def test_a_bad_truth_of_a_later_chunk_is_named_with_its_row():
    preprocessor = TabularPreprocessor(kinds={"x": "boolean"}).partial_fit({"x": ["yes", "no"]})
    with pytest.raises(DataError, match="row 3"):
        preprocessor.partial_fit({"x": ["yes", "perhaps"]})


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("01/31/2024 12:30 AM", "2024-01-31T00:30:00"),
        ("01/31/2024 12:30 PM", "2024-01-31T12:30:00"),
        ("2024-03-31T02:00:00+02:00", "2024-03-31T00:00:00"),
        ("2024-03-31T02:00:00-0130", "2024-03-31T03:30:00"),
    ],
)
def test_halves_of_the_day_and_time_zones_are_read(text, date):
    assert date_in(text) == np.datetime64(date)
