"""Saving and loading: what comes back predicts the same bits and trains on as if it had never been in a file."""

from __future__ import annotations

import copy
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from cases import LAYER_CASES, Case
from user_layers import BareLinear, BareLogLoss, BareSigmoid, Block, Noise, Scale, Swish

import lincoln as lnc
from lincoln import Dense, Layer, Parallel, Sequential, data, initializers, layers, losses, metrics, models, optim
from lincoln.exc import ModelFileError
from lincoln.files import load, save, writing

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4)).astype(np.float32)
Y = np.array(["no", "yes"] * 6)


class Halving(optim.Schedule):
    """A schedule of the user's own."""

    def __call__(self, step):
        return self.lr / 2 ** (step // 4)


def cauchy_init(rng, shape):
    return rng.standard_cauchy(shape) / 100


def error_share(outputs, labels):
    return float(np.mean((outputs > 0) != labels))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def again(thing, path, *registry):
    save(thing, path)
    return load(path, registry=registry)


def same(one, other):
    """Whether two networks give the same bits, here and after the same training step."""
    with lnc.inference():
        predicted = np.array_equal(one(X), other(X))
    for network in (one, other):
        loss, optimizer = losses.MeanSquaredError(network), optim.SGD(network, lr=0.1)
        loss(X, np.zeros(network(X).shape))
        loss.backward()
        optimizer.step()
    return predicted and np.array_equal(one.vector.value, other.vector.value)


def fitted(network=None, **options):
    network = network or Sequential(Dense(5, "relu"), layers.Dropout(0.3), Dense(1, None), seed=3)
    model = models.Classifier(network, losses.SigmoidCrossEntropy, **options)
    return model.fit(X, Y, epochs=3, print_every=None, batch_size=5)


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_every_layer_comes_back_with_the_same_output(case: Case, path):
    layer = case.fresh()
    x = case.batch(case.input)
    layer(x)
    loaded = again(layer, path)
    with lnc.inference():
        assert np.array_equal(loaded(x), layer(x))


def test_a_loaded_network_predicts_and_learns_the_same_bits(path):
    network = Sequential(Dense(5, "relu"), layers.BatchNorm(), layers.LayerNorm(), Dense(2, "tanh"), seed=3)
    network(X)
    assert same(network, again(network, path))


def test_what_a_layer_draws_goes_on_where_it_was(path):
    network = Sequential(Dense(5), layers.Dropout(0.5), seed=3)
    network(X)
    loaded = again(network, path)
    assert np.array_equal(network(X), loaded(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_stays(dtype, path):
    assert again(Dense(2).build(3, seed=0, dtype=dtype), path).W.value.dtype == dtype


def test_a_network_that_is_not_built_is_built_the_same_later(path):
    network = Sequential(Dense(5, "relu"), layers.Dropout(0.5), Dense(2), seed=3)
    loaded = again(network, path)
    assert np.array_equal(network(X), loaded(X))


def test_twins_still_share_their_parameters(path):
    shared = Dense(3)
    network = Parallel(shared[0].twin(), shared, shared.twin(), seed=3).build(4)
    loaded = again(network, path)
    assert loaded[0].W is loaded[1].W is loaded[2].W
    assert same(network, loaded)


def test_a_twin_whose_original_is_elsewhere_comes_back_alone(path):
    original = layers.Linear(3, seed=0).build(4)
    network = Sequential(original.twin()).build(4)
    assert same(network, again(network, path))


def test_frozen_parameters_stay_frozen(path):
    network = Sequential(Dense(3), Dense(2), seed=0).build(4)
    network[0].freeze()
    loaded = again(network, path)
    assert [p.frozen for p in loaded.parameters()] == [True, True, False, False]
    assert same(network, loaded)


def test_the_mode_stays(path):
    network = Sequential(layers.Dropout(0.5), seed=0).eval()
    assert not again(network, path)[0].training


def test_what_was_changed_after_the_making_stays_changed(path):
    network = Sequential(layers.LeakyReLU(0.1), layers.Dropout(0.5), seed=0)
    network[0].slope, network[1].rate = 0.3, 0.0
    assert same_output(network, again(network, path))


def same_output(one, other):
    return np.array_equal(one(X), other(X))


def test_layers_put_into_a_container_later_are_saved(path):
    network = Sequential(Dense(3), seed=0)
    network.layers = (*network.layers, layers.Softmax())
    assert same_output(network.build(4), again(network, path))


@pytest.mark.parametrize(
    "initializer", [initializers.orthogonal, initializers.Normal(0.3), initializers.Constant(2.0), None]
)
def test_initializers_come_back(initializer, path):
    network = Dense(3, weight_init=initializer, seed=1)
    assert same_output(network, again(network, path))


def test_an_initializer_of_ones_own_comes_from_the_registry(path):
    network = Dense(3, weight_init=cauchy_init, seed=1)
    assert same_output(network, again(network, path, cauchy_init))


def test_layers_of_ones_own_come_from_the_registry(path):
    network = Sequential(Block(Dense(4, Swish()), Scale()), Noise(), Dense(2), seed=2)
    network(X)
    assert same(network, again(network, path, Swish, Scale, Noise, Block))


def test_the_registry_may_rename(path):
    save(Sequential(Swish()), path)
    assert isinstance(load(path, registry={"Swish": Renamed})[0], Renamed)


class Renamed(Swish):
    pass


def test_layers_that_keep_bare_arrays_come_back_with_them(path):
    network = Sequential(BareLinear(3), BareSigmoid(), BareLinear(1), seed=0)
    network(X)
    loaded = again(network, path, BareLinear, BareSigmoid)
    assert loaded[0].W is loaded[0].values["W"]
    assert same(network, loaded)


class Table(Layer):
    """A layer made of all kinds of arguments."""

    def __init__(self, array, pair, nothing, dtype, kind, options, names, rng, scalar):
        self.seen = (array, pair, nothing, dtype, kind, options, names, scalar)
        self.rng = rng

    def forward(self, input):
        return input


def test_arguments_of_all_kinds_come_back(path):
    given = (
        np.arange(6, dtype=np.int16).reshape(2, 3),
        (1, (2.5, float("inf"))),
        None,
        np.dtype("float16"),
        np.float32,
        {"a": [True, "x"], 3: -1},
        np.array([["a", "bcd"]]),
        np.random.default_rng(5),
        np.float64(0.1),
    )
    layer = Table(*given)
    loaded = again(layer, path, Table)
    np.testing.assert_equal(loaded.seen, layer.seen)
    assert [type(part) for part in loaded.seen] == [type(part) for part in layer.seen]
    assert loaded.rng.random() == np.random.default_rng(5).random()


@pytest.mark.parametrize(
    "array",
    [
        np.array(["2024-01-31", "NaT"], dtype="datetime64[D]"),
        np.array([3, 4], dtype="timedelta64[ns]"),
        np.array(["x", None, 3], dtype=object),
        np.zeros((0, 3)),
        np.array(2.5),
        np.arange(6)[::2],
        np.arange(3, dtype=">f8"),
    ],
    ids=str,
)
def test_arrays_of_all_kinds_come_back(array, path):
    (loaded,) = again(Wrapping(array), path, Wrapping).held
    np.testing.assert_array_equal(loaded, array)
    assert loaded.dtype == array.dtype.newbyteorder("=")


def test_arrays_of_strings_of_any_length_come_back(path):
    array = np.array(["a", "long" * 99], dtype=np.dtypes.StringDType())
    (loaded,) = again(Wrapping(array), path, Wrapping).held
    assert (loaded.tolist(), loaded.dtype) == (array.tolist(), array.dtype)


class Wrapping(Layer):
    def __init__(self, *held):
        self.held = held


def test_one_array_in_two_places_is_one_array_again(path):
    array = np.ones(3)
    loaded = again(Wrapping(array, [array]), path, Wrapping)
    assert loaded.held[0] is loaded.held[1][0]


def test_two_arrays_whose_places_read_alike_are_kept_apart(path):
    (loaded,) = again(Wrapping({"a": {"b": np.zeros(2)}, "a.b": np.ones(2)}), path, Wrapping).held
    assert (loaded["a"]["b"].tolist(), loaded["a.b"].tolist()) == ([0.0, 0.0], [1.0, 1.0])


class Keeping(Layer):
    """Keeps what no file can hold beside what one can."""

    def __init__(self):
        self.mixed = [np.zeros(2), open]
        self.count = 0

    def forward(self, input):
        self.count += 1
        return input


def test_attributes_that_no_file_can_hold_are_left_to_the_constructor(path):
    layer = Keeping()
    layer(X)
    layer.mixed[0] += 1
    loaded = again(layer, path, Keeping)
    assert (loaded.count, loaded.mixed[0].tolist(), loaded.mixed[1]) == (1, [0, 0], open)


def test_a_copy_of_a_network_is_saved_like_the_network(path):
    network = copy.deepcopy(Sequential(Dense(3), seed=0).build(4))
    assert same(network, again(network, path))


@pytest.mark.big
def test_a_network_of_tensors_comes_back_as_what_is_handed_out(path):
    torch = pytest.importorskip("torch")
    lnc.arrays.use("torch")
    try:
        network = Sequential(Dense(3), layers.BatchNorm(), seed=0).build(4)
        loaded = again(network, path)
        assert torch.equal(loaded(torch.ones(2, 4)), network(torch.ones(2, 4)))
    finally:
        lnc.arrays.use("numpy")


# ---------------------------------------------------------------- losses, optimizers, models, preprocessing


def test_a_loss_comes_back_with_its_network_and_settings(path):
    loss = losses.Huber(Dense(1, None, seed=0).build(4), delta=0.7, reduction="mean")
    loaded = again(loss, path)
    assert loaded(X, np.ones(12)) == loss(X, np.ones(12))
    assert loaded.reduction == "mean"


def test_a_loss_of_ones_own_comes_from_the_registry(path):
    loss = BareLogLoss(Dense(1, seed=0).build(4), eta=1e-6)
    loaded = again(loss, path, BareLogLoss)
    assert loaded(X, np.ones((12, 1))) == loss(X, np.ones((12, 1)))


@pytest.mark.parametrize(
    "lr",
    [0.01, optim.OneCycle(0.1, steps=20), optim.ReduceOnPlateau(0.1, patience=0), Halving(0.1)],
    ids=lambda lr: type(lr).__name__,
)
@pytest.mark.parametrize("make", [optim.SGD, optim.RMSprop, optim.Adagrad, optim.Adam, optim.AdamW])
def test_an_optimizer_goes_on_as_if_nothing_had_happened(make, lr, path):
    network = Dense(2, seed=0)
    groups = [optim.Group(optim.biases_and_norms, lr_factor=0.5)]
    optimizer = make(network, lr=copy.deepcopy(lr), clip_norm=1.0, groups=groups)
    steps(optimizer, 5)
    loaded = again(optimizer, path, Halving)
    steps(optimizer, 5)
    steps(loaded, 5)
    assert np.array_equal(loaded.network.vector.value, network.vector.value)
    assert (loaded.steps, loaded.last_rate) == (10, optimizer.last_rate)


def steps(optimizer, count):
    loss = losses.MeanSquaredError(optimizer.network)
    for _ in range(count):
        optimizer.observe(loss(X, np.ones((12, 2))))
        loss.backward()
        optimizer.step()


def test_settings_of_an_optimizer_that_were_changed_stay_changed(path):
    optimizer = optim.Adam(Dense(1, seed=0).build(4), lr=0.1)
    optimizer.lr, optimizer.clip_norm = optim.CosineDecay(0.2, steps=9), 0.5
    loaded = again(optimizer, path)
    assert (loaded.learning_rate, loaded.clip_norm) == (0.2, 0.5)


@pytest.mark.parametrize(
    "metric", [None, metrics.Accuracy, metrics.accuracy, error_share], ids=["none", "class", "function", "own"]
)
def test_a_classifier_predicts_the_same_with_its_classes_and_history(metric, path):
    model = fitted(metric=metric)
    loaded = again(model, path, error_share)
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.predict(X).tolist() == model.predict(X).tolist()
    assert loaded.history.rows() == model.history.rows()


def test_a_loaded_model_trains_on_like_the_one_that_was_saved(path):
    model = fitted(optimizer=lambda network: optim.Adam(network, lr=optim.ReduceOnPlateau(0.1)))
    loaded = again(model, path)
    for each in (model, loaded):
        each.fit(X, Y, epochs=2, print_every=None, batch_size=5)
    assert np.array_equal(loaded.network.vector.value, model.network.vector.value)
    assert loaded.history["train_loss"] == model.history["train_loss"]


@pytest.mark.parametrize("labels", [X[:, 0], X[:, :2]], ids=["one column", "two columns"])
def test_a_regressor_gives_values_in_the_same_shape(labels, path):
    model = models.Regressor(Dense(labels[0].size, None, seed=0)).fit(X, labels, epochs=2, print_every=None)
    assert np.array_equal(again(model, path).predict(X), model.predict(X))


def test_a_logistic_model_comes_back(path):
    model = models.Logistic(Dense(1, seed=0)).fit(X, Y, epochs=2, print_every=None)
    assert np.array_equal(again(model, path).predict_proba(X), model.predict_proba(X))


def test_the_batches_of_a_model_stay_outside_the_file(path):
    model = models.Classifier(Dense(1, seed=0), batch_gen=[(X, np.ones((12, 1)))])
    assert again(model, path).batch_gen is None


def test_a_trainer_goes_on_counting(path):
    network = Dense(1, seed=0)
    trainer = models.Trainer(losses.LogLoss(network), optim.SGD(network), metrics=[metrics.Accuracy()])
    list(trainer.epochs([(X, np.ones(12))], epochs=3))
    (epoch,) = again(trainer, path).epochs([(X, np.ones(12))])
    assert (epoch.number, epoch.steps) == (4, 4)


@pytest.mark.parametrize("standardizer", [data.Standardizer(), data.Standardizer().fit(X)], ids=["new", "fitted"])
def test_a_standardizer_comes_back(standardizer, path):
    loaded = again(standardizer, path)
    np.testing.assert_equal(loaded.state_dict(), standardizer.state_dict())


def test_a_weight_average_comes_back(path):
    average = optim.WeightAverage(Dense(1, seed=0).build(4))
    average.update()
    assert again(average, path).updates == 1


# ---------------------------------------------------------------- the file


def test_the_file_is_one_that_safetensors_reads(path):
    safetensors = pytest.importorskip("safetensors.numpy")
    network = Dense(2, seed=0).build(4)
    save(network, path)
    arrays = safetensors.load_file(path)
    assert {name: array.shape for name, array in arrays.items()} == {"0.W": (4, 2), "0.B": (2,)}


def test_the_header_says_what_is_in_the_file(path):
    save(Dense(2, seed=0).build(4), path)
    contents = path.read_bytes()
    header = json.loads(contents[8 : 8 + int.from_bytes(contents[:8], "little")])["__metadata__"]
    document = json.loads(header["lincoln"])
    assert [document[name] for name in ("format", "version", "library", "kind")] == [
        "lincoln",
        1,
        lnc.__version__,
        "layers.Dense",
    ]
    assert document["objects"][0]["args"] == [2]


def test_the_same_thing_gives_the_same_bytes(tmp_path):
    model = fitted()
    save(model, tmp_path / "a")
    save(model, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_a_file_says_is_neither_imported_nor_run(tmp_path):
    (tmp_path / "evil.py").write_text("class Evil: pass\nopen('run', 'w').close()")
    program = """
import sys, lincoln as lnc, numpy as np
from lincoln.files import save, load
class Evil(lnc.Layer): pass
Evil.__module__ = "evil"
save(Evil(), "model")
try:
    load("model")
except lnc.exc.ModelFileError as error:
    print(error.code, "evil" in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("LN510 False", "")
    assert not (tmp_path / "run").exists()


# ---------------------------------------------------------------- writing


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_save_that_is_refused_leaves_the_old_file_and_nothing_else(path):
    save(Dense(1), path)
    before = path.read_bytes()
    with pytest.raises(ModelFileError):
        save(Dense(1, weight_init=lambda rng, shape: np.zeros(shape)), path)
    assert path.read_bytes() == before
    assert names(path.parent) == ["model.safetensors"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["_write", "_sync_folder"])
def test_a_save_that_is_interrupted_leaves_a_whole_file_and_nothing_else(error, where, path, monkeypatch):
    save(Dense(1), path)

    def fails(*_):
        raise error

    monkeypatch.setattr(writing, where, fails)
    with pytest.raises((ModelFileError, KeyboardInterrupt)):
        save(Dense(2), path)
    assert load(path)[0].size == {"_write": 1, "_sync_folder": 2}[where]
    assert names(path.parent) == ["model.safetensors"]


def test_what_a_killed_save_has_left_is_used_up_by_the_next(path):
    (path.parent / ".model.safetensors.tmp").write_bytes(b"x" * 10_000)
    save(Dense(1), path)
    assert names(path.parent) == ["model.safetensors"]
    assert load(path)[0].size == 1


def test_saves_to_one_path_at_once_leave_one_whole_file(path):
    networks = [Dense(size, seed=0).build(300) for size in range(1, 9)]
    threads = [threading.Thread(target=save, args=(network, path)) for network in networks * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert load(path)[0].size in range(1, 9)
    assert names(path.parent) == ["model.safetensors"]


def test_folders_that_are_missing_are_made(tmp_path):
    save(Dense(1), tmp_path / "a" / "b" / "model")
    assert load(tmp_path / "a" / "b" / "model")[0].size == 1


@pytest.mark.skipif(os.name == "nt", reason="no such rights on Windows")
def test_the_files_rights_stay_as_they_were(path):
    save(Dense(1), path)
    path.chmod(0o640)
    save(Dense(1), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to("model")
    save(Dense(1), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load(tmp_path / "model")[0].size == 1


@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_a_path_may_be_of_any_kind_that_python_takes(kind, tmp_path):
    network = lnc.Sequential(lnc.Dense(1), seed=0).build(2)
    path = kind(str(tmp_path / "model.safetensors"))
    lnc.save(network, path)
    assert np.array_equal(lnc.load(path).vector.value, network.vector.value)
    model = lnc.models.Classifier(network).fit(
        np.eye(2), [0, 1], epochs=1, print_every=None, resume=kind(str(tmp_path / "run")), checkpoint=path
    )
    model.history.plot(kind(str(tmp_path / "curve.png")))
    lnc.program(model.loss, np.eye(2), np.array([0, 1])).to_numpy(kind(str(tmp_path / "step.py")))
    assert {"curve.png", "step.py"} <= {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("path", [3, None, ["model"]])
def test_what_is_no_path_is_refused(path):
    network = lnc.Sequential(lnc.Dense(1), seed=0).build(2)
    for call in (lambda: lnc.save(network, path), lambda: lnc.load(path), lambda: lnc.files.Checkpoint(path)):
        with pytest.raises(ModelFileError, match="in place of a path") as caught:
            call()
        assert caught.value.code == "LN582"


CHANGED_SETTINGS = [
    (make, name, value)
    for make, settings in (
        (lambda: optim.Constant(0.1), {"lr": 0.3}),
        (lambda: optim.StepDecay(0.1, step_size=2), {"lr": 0.3, "step_size": 1, "gamma": 0.7}),
        (lambda: optim.ExponentialDecay(0.1, gamma=0.5), {"lr": 0.3, "steps": 3, "gamma": 0.7}),
        (
            lambda: optim.CosineDecay(0.1, steps=20, warmup=2),
            {"lr": 0.3, "steps": 15, "warmup": 9, "final_lr": 0.05},
        ),
        (
            lambda: optim.OneCycle(0.1, steps=20),
            {"lr": 0.3, "steps": 15, "pct_start": 0.5, "div_factor": 5.0, "final_div_factor": 2.0},
        ),
        (
            lambda: optim.ReduceOnPlateau(0.1, patience=2, cooldown=1),
            {"factor": 0.7, "patience": 0, "threshold": 0.5, "cooldown": 0, "min_lr": 0.08},
        ),
    )
    for name, value in settings.items()
]


def rates_to_come(schedule):
    rates = []
    for step in range(28):
        rates.append(schedule(step))
        schedule.observe(1.0 - 0.02 * (step // 7))
    return rates


@pytest.mark.parametrize(("make", "name", "value"), CHANGED_SETTINGS)
def test_a_schedule_keeps_the_settings_that_were_changed(make, name, value, path):
    network = Dense(1, None)
    optimizer = optim.SGD(network, lr=make())
    setattr(optimizer.lr, name, value)
    loaded = again(models.Trainer(losses.MeanSquaredError(network), optimizer), path).optimizer
    rates = rates_to_come(loaded.lr)
    assert rates == rates_to_come(optimizer.lr)
    assert rates != rates_to_come(make())


def test_an_optimizer_keeps_the_groups_that_it_was_given_later(path):
    trained = fitted(optimizer=lambda network: optim.Adam(network, groups=[optim.Group(optim.biases_and_norms)]))
    trained.optimizer.groups = [optim.Group(optim.biases_and_norms, lr_factor=0.0, weight_decay=0.5)]
    loaded = again(trained, path)
    assert [repr(group) for group in loaded.optimizer.groups] == [repr(group) for group in trained.optimizer.groups]
    assert same_after(trained, loaded)


def same_after(one, other):
    """Whether two models have the same bits after more training."""
    for model in (one, other):
        model.fit(X, Y, epochs=2, print_every=None, batch_size=5)
    return np.array_equal(one.network.vector.value, other.network.vector.value)
