"""Models of tables: the task that is found, what is learned, and what predictions mean."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import lincoln as lnc
from lincoln import datasets, files
from lincoln.files import Checkpoint
from lincoln.tabular import TabularModel, TabularPreprocessor
from lincoln.tabular.recipe import made_optimizer, settings_for
from lincoln.tabular.scores import roc_auc
from lincoln.tabular.store import places_of_rows

ROWS = 240
QUICK = {"epochs": 4, "hidden": (16,), "lr": 0.01}


def table(rows: int = ROWS) -> pd.DataFrame:
    """``color`` and ``size`` decide on ``grade``, and on ``price``."""
    rng = np.random.default_rng(2)
    size, color = rng.normal(size=rows), rng.choice(["red", "blue"], rows)
    price = 100.0 + 50.0 * size + 30.0 * (color == "red")
    return pd.DataFrame({"size": size, "color": color, "price": price, "grade": np.where(price > 115, "high", "low")})


def quick(target: str = "grade", **options: object) -> TabularModel:
    return TabularModel(**(QUICK | options)).fit(table()[["size", "color", target]], target)


def weights(model: TabularModel) -> np.ndarray:
    return model.network.vector.value


class Stopped(Exception):
    pass


def stop_at(number: int):
    def on_step(model: TabularModel, step: int) -> None:
        if step == number:
            raise Stopped

    return on_step


@pytest.mark.parametrize(
    ("target", "task"),
    [
        (["yes", "no"] * 20, "classification"),
        ([True, False] * 20, "classification"),
        ([0.0, 1.0] * 20, "classification"),
        ([0, 1, 2, 5] * 10, "classification"),
        (list(range(40)), "regression"),
        ([0.5, 1.5, 2.5, 3.5] * 10, "regression"),
        ([str(number) for number in range(40)], "regression"),
    ],
    ids=["text", "truths", "zero and one", "few whole numbers", "many whole numbers", "fractions", "numbers as text"],
)
def test_the_task_is_found_from_the_target(target, task):
    model = TabularModel(epochs=1, hidden=()).fit({"x": np.arange(40.0)}, target)
    assert model.task == task
    assert model.predict({"x": [1.0]}).shape == (1,)


def test_the_task_that_is_said_is_the_task_that_is_taken():
    assert TabularModel(task="regression", epochs=1, hidden=()).fit({"x": [1.0, 2.0]}, [0, 1]).task == "regression"


@pytest.mark.parametrize("classes", [["no", "yes"], [3, 7], [False, True]])
def test_predictions_are_classes_as_the_target_named_them(classes):
    x = np.linspace(-1, 1, 40)
    model = TabularModel(hidden=(8,), lr=0.05).fit({"x": x}, np.array(classes)[(x > 0).astype(int)])
    assert model.classes.tolist() == classes
    assert model.predict({"x": [-0.9, 0.9]}).tolist() == classes
    np.testing.assert_allclose(model.predict_proba({"x": [-0.9, 0.9]}).sum(axis=1), 1.0, rtol=1e-5)


def test_classes_are_the_same_as_text_and_as_numbers():
    x = {"x": np.arange(40.0)}
    model = TabularModel(**QUICK).fit(x, ["0", "1"] * 20)
    assert model.evaluate(x, [0, 1] * 20) == model.evaluate(x, ["0", " 1"] * 20)
    model = TabularModel(**QUICK).fit(x, [0, 1] * 20)
    assert model.evaluate(x, [0, 1] * 20) == model.evaluate(x, ["0", "1.0"] * 20)


def test_a_fitted_model_holds_no_training_data():
    columns = quick().preprocessor.columns
    assert [len(column.sample.values) for column in columns if column.kind == "numeric"] == [0]
    assert [column.counts for column in columns if column.kind == "category"] == [{}]


def test_values_are_predicted_in_the_unit_of_the_target_and_within_its_range():
    model = quick("price", epochs=40)
    prices = table()["price"]
    assert model.evaluate(table())["rmse"] < 0.5 * prices.std()
    wild = model.predict({"size": [1e9, -1e9], "color": ["red", "blue"]})
    assert prices.min() <= wild.min() <= wild.max() <= prices.max()


def test_a_linear_model_is_one_without_hidden_layers():
    model = quick("price", hidden=(), epochs=40, lr=0.1)
    assert [type(layer).__name__ for layer in model.network] == ["TableFeatures", "Linear"]
    assert model.evaluate(table())["r2"] > 0.9


def test_the_target_is_no_feature():
    assert not any("grade" in name for name in quick().preprocessor.get_feature_names_out())


def test_a_target_given_by_itself_does_what_its_column_does():
    features = table()[["size", "color"]]
    by_itself = TabularModel(**QUICK).fit(features, table()["grade"].tolist())
    np.testing.assert_array_equal(weights(by_itself), weights(quick()))
    assert by_itself.target_name == ""


def test_evaluation_gives_the_scores_that_people_ask_for():
    assert quick().evaluate(table()).keys() == {"accuracy", "log_loss", "roc_auc"}
    assert quick("price").evaluate(table(), table()["price"]).keys() == {"rmse", "mae", "r2"}
    three = TabularModel(epochs=1).fit({"x": np.arange(30.0)}, ["a", "b", "c"] * 10)
    assert three.evaluate({"x": [1.0, 2.0]}, ["a", "b"]).keys() == {"accuracy", "log_loss"}


def test_the_area_under_the_roc_curve_is_scikit_learns():
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    scores, labels = rng.integers(0, 9, 200) / 9, rng.integers(0, 2, 200)
    assert roc_auc(scores, labels) == pytest.approx(sklearn_metrics.roc_auc_score(labels, scores))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(global_generators_untouched):
    np.testing.assert_array_equal(weights(quick(seed=3)), weights(quick(seed=3)))
    assert not np.array_equal(weights(quick(seed=3)), weights(quick(seed=4)))


def test_fitting_again_begins_anew():
    model = quick()
    first = weights(model).copy()
    model.fit(table()[["size", "color", "grade"]], "grade")
    np.testing.assert_array_equal(weights(model), first)
    assert len(model.history) == 4


def test_a_preprocessor_with_settings_of_its_own_is_copied():
    own = TabularPreprocessor(encoding="embed", bins=3)
    model = quick(preprocessor=own)
    assert isinstance(model.network[1], lnc.layers.ColumnEmbedding)
    assert own.state_dict() == {}


def test_the_best_epochs_weights_are_kept():
    seen = []
    features = table(1200)[["size", "color", "grade"]]
    model = TabularModel(epochs=12, patience=2, hidden=(32,), lr=0.05)
    model.fit(features, "grade", on_epoch=lambda model, epoch: seen.append(weights(model).copy()))
    best = int(np.argmin(model.history["valid_loss"]))
    assert model.best_epoch == best + 1
    np.testing.assert_array_equal(weights(model), seen[best])


def test_a_validation_table_of_ones_own_judges_the_epochs():
    model = TabularModel(**QUICK).fit(table(), "grade", valid=(table(50), "grade"))
    assert model.rows == (ROWS, 50)
    assert None not in model.history["valid_loss"]


def test_rows_without_weight_teach_nothing():
    double = pd.concat([table(), table().assign(grade="low")], ignore_index=True)[["size", "color", "grade"]]
    weight = np.repeat([1.0, 0.0], ROWS)
    model = TabularModel(hidden=(16,), lr=0.05).fit(double, "grade", sample_weight=weight)
    assert model.evaluate(table())["accuracy"] > 0.9


def test_hooks_are_told_the_truth():
    told = {"steps": [], "epochs": []}
    model = TabularModel(**QUICK).fit(
        table(),
        "grade",
        on_start=lambda model: told.update(total=model.total_steps, epochs_in_all=model.total_epochs),
        on_step=lambda model, step: told["steps"].append(step),
        on_epoch=lambda model, epoch: told["epochs"].append(epoch.number),
    )
    assert told["steps"] == list(range(1, told["total"] + 1))
    assert told["epochs"] == [1, 2, 3, 4] == list(range(1, told["epochs_in_all"] + 1))
    assert len(model.history) == 4


def test_a_true_answer_after_an_epoch_ends_the_training():
    model = TabularModel(**QUICK).fit(table(), "grade", on_epoch=lambda model, epoch: epoch.number == 2)
    assert len(model.history) == 2


@pytest.mark.parametrize("target", ["grade", "price"])
def test_a_loaded_model_predicts_the_same_bits(tmp_path, target):
    model = quick(target, preprocessor=TabularPreprocessor(bins=4))
    files.save(model, tmp_path / "model.safetensors")
    loaded = files.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict(table()), model.predict(table()))
    assert loaded.evaluate(table()) == model.evaluate(table())
    assert loaded.settings == model.settings
    assert loaded.notes == model.notes
    assert loaded.history.rows() == model.history.rows()
    assert (loaded.task, loaded.target_name, loaded.rows) == (model.task, target, model.rows)


def test_a_model_that_has_learned_nothing_can_be_saved(tmp_path):
    files.save(TabularModel(epochs=3), tmp_path / "model.safetensors")
    assert repr(files.load(tmp_path / "model.safetensors")) == "TabularModel(epochs=3)"


@pytest.mark.parametrize("step", [1, 8, 17])
def test_a_run_that_was_stopped_goes_on_bit_for_bit(tmp_path, step):
    data, path = table(1200)[["size", "color", "grade"]], tmp_path / "run"
    whole = TabularModel(**QUICK).fit(data, "grade")
    with pytest.raises(Stopped):
        TabularModel(**QUICK).fit(data, "grade", checkpoint=Checkpoint(path, every=3), on_step=stop_at(step))
    resumed = TabularModel(**QUICK).fit(data, "grade", resume=path)
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    assert resumed.history["valid_loss"] == whole.history["valid_loss"]
    assert resumed.best_epoch == whole.best_epoch


def test_there_is_a_checkpoint_from_the_start(tmp_path):
    with pytest.raises(Stopped):
        TabularModel(**QUICK).fit(table(), "grade", checkpoint=tmp_path / "run", on_step=stop_at(1))
    assert TabularModel(**QUICK).fit(table(), "grade", resume=tmp_path / "run").rows == (ROWS, 0)


@pytest.mark.parametrize(("rows", "batch_size", "epochs"), [(10, 32, 40), (15_000, 128, 25), (5_000_000, 1024, 2)])
def test_defaults_follow_from_the_number_of_rows(rows, batch_size, epochs):
    settings = settings_for(rows, {})
    assert (settings["batch_size"], settings["epochs"]) == (batch_size, epochs)


def test_the_rate_climbs_for_a_twentieth_of_the_steps_and_then_falls():
    network = lnc.layers.Linear(1, seed=0).build(2)
    optimizer = made_optimizer(network, steps=100, settings={"lr": 1.0, "weight_decay": 0.0})
    rates = [optimizer.lr(step) for step in range(100)]
    assert rates[0] == pytest.approx(1 / 6)
    assert rates[5] == 1.0
    assert all(np.diff(rates[:6]) > 0)
    assert all(np.diff(rates[5:]) < 0)


def test_held_out_rows_come_last_and_every_class_has_its_share():
    labels = np.repeat([0, 1], [80, 20])
    places, n_train = places_of_rows(labels, 0.1, stratify=True, rng=np.random.default_rng(0))
    assert sorted(places.tolist()) == list(range(100))
    assert n_train == 90
    np.testing.assert_array_equal(np.bincount(labels[places >= n_train]), [8, 2])


def test_a_class_of_one_row_does_not_hinder_the_holding_out():
    labels = np.array([0] * 60 + [1] * 39 + [2])
    assert places_of_rows(labels, 0.1, stratify=True, rng=np.random.default_rng(0))[1] == 90


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("iris", 0.9),
        ("wine", 0.92),
        pytest.param("breast_cancer", 0.94, marks=pytest.mark.big),
        pytest.param("digits", 0.95, marks=pytest.mark.big),
    ],
)
def test_defaults_do_well_on_small_tables(name, least):
    pytest.importorskip("sklearn")
    data = getattr(datasets, name)()
    x, x_test, y, y_test = lnc.data.train_test_split(data.features, data.labels, seed=0)
    assert TabularModel().fit(x, y).evaluate(x_test, y_test)["accuracy"] >= least


def test_defaults_do_well_on_small_quantities():
    pytest.importorskip("sklearn")
    data = datasets.diabetes()
    x, x_test, y, y_test = lnc.data.train_test_split(data.features, data.labels, seed=0)
    assert TabularModel().fit(x, y).evaluate(x_test, y_test)["rmse"] < 60


@pytest.mark.big
def test_a_network_of_tensors_learns_the_same():
    pytest.importorskip("torch")
    expected = quick().predict_proba(table())
    lnc.arrays.use("torch")
    try:
        model = quick()
    finally:
        lnc.arrays.use("numpy")
    np.testing.assert_allclose(model.predict_proba(table()), expected, atol=1e-3)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "UInt64", "int64[pyarrow]"])
def test_large_whole_numbers_stay_apart_as_classes_and_as_categories(dtype, tmp_path):
    large = 2**53 + np.arange(300) % 3
    table = pd.DataFrame({"id": pd.Series(large).astype(dtype), "size": np.arange(300.0)})
    model = TabularModel(task="classification", epochs=1, hidden=(2,)).fit(table, "id")
    assert model.classes.tolist() == sorted(set(large.tolist()))
    lnc.save(model, tmp_path / "model")
    assert lnc.load(tmp_path / "model").classes.tolist() == model.classes.tolist()
    plain = table.assign(id=large)
    coder = TabularPreprocessor(kinds={"id": "category"})
    assert np.array_equal(coder.fit_transform(table), coder.fit_transform(plain))
    missing = table.assign(id=table["id"].astype("Int64").mask(table["size"] > 250))
    codes = coder.fit(missing).encode(missing)
    assert len(np.unique(codes[:250], axis=0)[:, 0]) == 250
    assert len({tuple(row) for row in coder.transform(missing.assign(size=0.0))}) == 4


@pytest.mark.parametrize("dtype", ["Int64", "UInt64"])
def test_large_whole_numbers_stay_apart_as_classes_of_an_estimator(dtype):
    from lincoln.sklearn import MLPClassifier

    large = 2**53 + np.arange(30) % 3
    model = MLPClassifier((2,), max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.eye(30), pd.Series(large).astype(dtype))
    assert model.classes_.tolist() == sorted(set(large.tolist()))
    assert set(model.predict(np.eye(30)).tolist()) <= set(large.tolist())


def test_rows_that_are_held_out_take_their_labels_along():
    rows = table(1300)
    model = TabularModel(epochs=10, hidden=(16,), lr=0.01, dropout=0.0).fit(rows[["size", "color", "grade"]], "grade")
    assert model.rows[1] > 0
    assert model.evaluate(rows)["accuracy"] > 0.9


def test_weights_decay_and_biases_do_not():
    network = lnc.layers.Linear(1, seed=0, bias_init=lnc.initializers.Constant(1.0)).build(2)
    before = network.state_dict()
    optimizer = made_optimizer(network, steps=100, settings={"lr": 0.1, "weight_decay": 0.5})
    network.W.accumulate(np.zeros((2, 1), dtype=np.float32))
    optimizer.step()
    assert np.all(np.abs(network.W.value) < np.abs(before["W"]))
    np.testing.assert_array_equal(network.B.value, before["B"])


def test_a_small_table_gets_more_dropout():
    assert [settings_for(rows, {})["dropout"] for rows in (1999, 2000)] == [0.4, 0.15]
