"""Checkpoints: a run that was interrupted anywhere and goes on ends with the same bits as one that was not."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from damaged_files import changed_fields, damaged_bytes

from lincoln import Dense, Sequential, data, layers, losses, metrics, models, optim
from lincoln.exc import LincolnError, MatchError, ModelFileError
from lincoln.files import Checkpoint, checkpoint, load, save

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 6)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(np.int64)
W = RNG.uniform(0.5, 1.5, size=50)


class Killed(Exception):
    """Stands for a kill."""


class Killing(Checkpoint):
    """Kills the run right after it has written so many times."""

    def __init__(self, path, *, times, **options):
        super().__init__(path, **options)
        self.times = times

    def write(self):
        super().write()
        self.times -= 1
        if self.times < 0:
            raise Killed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def model(seed=3, **options):
    network = Sequential(Dense(8, "relu"), layers.BatchNorm(), layers.Dropout(0.3), Dense(1, None), seed=seed)
    optimizer = optim.Adam(network, lr=optim.ReduceOnPlateau(0.02, patience=0))
    return models.Classifier(network, losses.SigmoidCrossEntropy(network), optimizer, **options)


def fit(fitted, **options):
    usual = {"epochs": 5, "print_every": None, "batch_size": 8, "valid": (X[:20], Y[:20], W[:20]), "early_stopping": 3}
    return fitted.fit(X, Y, sample_weight=W, **(usual | options))


def killed(fitted, path, *, times, **options):
    with pytest.raises(Killed):
        fit(fitted, checkpoint=Killing(path, times=times, every=1), **options)


def outcome(fitted):
    state = fitted.network.state_dict()
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in fitted.history.rows()]
    return {name: array.tobytes() for name, array in state.items()}, rows


# ---------------------------------------------------------------- models


@pytest.mark.parametrize("times", [0, 1, 4, 7, 8, 9, 13, 22])
def test_a_run_that_goes_on_ends_with_the_same_bits(times, path):
    killed(model(), path, times=times)
    assert outcome(fit(model(), resume=path)) == outcome(fit(model()))


def test_a_run_may_be_interrupted_many_times(path):
    for times in (3, 5, 9):
        killed(model(), path, times=times, resume=path)
    assert outcome(fit(model(), resume=path)) == outcome(fit(model()))


def test_a_run_may_be_killed_as_soon_as_it_goes_on(path):
    for times in (3, 0, 5, 0, 0):
        killed(model(), path, times=times, resume=path)
    assert outcome(fit(model(), resume=path)) == outcome(fit(model()))


def test_a_run_without_seeds_goes_on_with_its_own_random_numbers(path):
    unseeded = model(seed=None)
    fit(unseeded, checkpoint=Killing(path, times=99, every=1))
    last = outcome(unseeded)
    assert outcome(fit(model(seed=None), resume=path)) == last


def test_a_run_stopped_early_stays_stopped_with_its_best_weights(path):
    stopped = fit(model(), epochs=40, early_stopping=1, checkpoint=path)
    again = fit(model(), epochs=40, early_stopping=1, resume=path)
    assert len(stopped.history) < 40
    assert outcome(again) == outcome(stopped)


def test_a_run_can_be_made_longer(path):
    fit(model(), epochs=2, checkpoint=path)
    assert outcome(fit(model(), resume=path)) == outcome(fit(model()))


def test_to_resume_from_no_file_begins_anew_and_writes_it(path):
    assert outcome(fit(model(), resume=path)) == outcome(fit(model()))
    assert len(load(path).history) == len(fit(model()).history)


def test_a_run_is_told_to_go_on(path, capsys):
    killed(model(), path, times=9)
    fit(model(), resume=path)
    assert capsys.readouterr().err == f"Resumed from {path}: 1 of 5 epochs done, 4 to come\n"


def test_printed_lines_go_on_where_they_were(path, capsys):
    fit(model(), print_every=3)
    whole = capsys.readouterr().err.splitlines()
    killed(model(), path, times=10, print_every=3)
    before = capsys.readouterr().err.splitlines()
    fit(model(), print_every=3, resume=path)
    assert before + capsys.readouterr().err.splitlines()[1:] == whole


class Interrupted:
    """Batches, until somebody presses Ctrl-C."""

    def __init__(self, count):
        self.count = count

    def __call__(self, features, labels, size):
        for start in range(0, len(features), size):
            self.count -= 1
            if self.count < 0:
                raise KeyboardInterrupt
            yield features[start : start + size], labels[start : start + size]


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(path):
    options = {"epochs": 4, "print_every": None, "batch_size": 8}
    with pytest.raises(KeyboardInterrupt):
        model(batch_gen=Interrupted(17)).fit(X, Y, checkpoint=Checkpoint(path, every=5), **options)
    again = model(batch_gen=Interrupted(99)).fit(X, Y, resume=path, **options)
    assert outcome(again) == outcome(model(batch_gen=Interrupted(99)).fit(X, Y, **options))


def test_the_same_model_may_go_on_after_ctrl_c(path):
    options = {"epochs": 4, "print_every": None, "batch_size": 8}
    same = model(batch_gen=Interrupted(17))
    with pytest.raises(KeyboardInterrupt):
        same.fit(X, Y, checkpoint=Checkpoint(path, every=5), **options)
    same.batch_gen.count = 99
    whole = model(batch_gen=Interrupted(99)).fit(X, Y, **options)
    assert outcome(same.fit(X, Y, resume=path, **options)) == outcome(whole)


def test_functions_that_no_file_can_hold_are_no_hindrance(path):
    def chooser():
        network = Sequential(Dense(8, weight_init=lambda rng, shape: rng.normal(size=shape)), Dense(1), seed=1)
        return models.Classifier(network, optimizer=lambda n: optim.SGD(n, lr=lambda step: 0.1 / (1 + step)))

    killed(chooser(), path, times=9)
    assert outcome(fit(chooser(), resume=path)) == outcome(fit(chooser()))
    with pytest.raises(ModelFileError, match=r"network\.0|args.*<lambda>"):
        load(path)


def test_a_checkpoint_is_a_model_file_too(path):
    trained = fit(model(), checkpoint=path, early_stopping=None)
    assert np.array_equal(load(path).predict_proba(X), trained.predict_proba(X))


def test_a_refused_checkpoint_changes_nothing(path):
    fit(model(), checkpoint=path)
    fresh = model()
    fresh.network.build(6)
    before = outcome(fresh)
    with pytest.raises(ModelFileError):
        fit(fresh, resume=path, batch_size=9)
    assert outcome(fresh) == before


def test_a_write_that_fails_leaves_the_last_checkpoint(path, monkeypatch):
    killed(model(), path, times=9)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lincoln.files.writing._write", full)
    with pytest.raises(ModelFileError, match="No space left on device"):
        fit(model(), resume=path)
    assert path.read_bytes() == before


# ---------------------------------------------------------------- the training loop by itself


def trainer():
    network = Sequential(Dense(4, "tanh"), layers.Dropout(0.2), Dense(1), seed=1)
    return models.Trainer(losses.LogLoss(network), optim.Adam(network), metrics=[metrics.Accuracy()])


def loader():
    return data.DataLoader((X, Y[:, None], W), batch_size=8, shuffle=True, seed=4, drop_last=True)


@pytest.mark.parametrize(
    "source", [loader, lambda: data.FlatGenerator(loader()), lambda: data.Batches([(X[:9], Y[:9]), (X[9:], Y[9:])])]
)
def test_a_trainer_goes_on_from_any_batches(source, path):
    def run(*, stop_at=None):
        training, batches = trainer(), source()
        average = optim.WeightAverage(training.network)
        saving = Checkpoint(path, every=1).watch(training, batches=batches, average=average)
        resumed = saving.resume()

        def on_step(running):
            average.update()
            saving.on_step(running)
            if running.optimizer.steps == stop_at:
                raise Killed

        for _ in training.epochs(batches, epochs=3 - training.completed, on_step=on_step):
            saving.on_epoch()
        return resumed, training.network.vector.value.tobytes(), average.state_dict()["average"].tobytes()

    whole = run()
    path.unlink()
    with pytest.raises(Killed):
        run(stop_at=5)
    again = run()
    assert (whole[0], again[0]) == (False, True)
    assert again[1:] == whole[1:]


def test_batches_without_a_state_are_passed_over_up_to_the_place():
    batches = [(X[start : start + 10], Y[start : start + 10]) for start in range(0, 50, 10)]
    whole, half = trainer(), trainer()
    list(whole.epochs(batches))
    states = []
    list(half.epochs(batches[:3], on_step=lambda running: states.append(running.state_dict())))
    half.load_state_dict(states[-1])
    (epoch,) = half.epochs(batches)
    assert (epoch.number, epoch.steps, half.step) == (1, 5, 5)
    assert np.array_equal(whole.network.vector.value, half.network.vector.value)


def test_an_epoch_that_was_broken_off_is_not_gone_on_with():
    training = trainer()
    with pytest.raises(KeyboardInterrupt):
        list(training.epochs(lambda: Interrupted(3)(X, Y, 8)))
    (epoch,) = training.epochs([(X, Y)])
    assert (epoch.number, training.step) == (2, 1)


def test_a_state_that_is_to_go_on_is_the_state_that_was_loaded():
    half, again, states = trainer(), trainer(), []
    list(half.epochs([(X, Y), (X, Y)], on_step=lambda running: states.append(running.state_dict())))
    assert states[0]["under_way"]
    assert states[0]["seconds"] > 0
    assert again.load_state_dict(states[0]).state_dict() == states[0]
    assert half.state_dict()["seconds"] == 0


def test_a_loader_gives_the_rest_of_its_epoch():
    one, two = loader(), loader()
    passing = iter(one)
    next(passing), next(passing)
    two.load_state_dict(one.state_dict())
    rest = [x.tobytes() for x, *_ in two]
    assert rest == [x.tobytes() for x, *_ in passing]
    assert [x.tobytes() for x, *_ in two] == [x.tobytes() for x, *_ in one]


@pytest.mark.parametrize("source", [loader, lambda: data.FlatGenerator(loader())])
@pytest.mark.parametrize("hold", [False, True])
def test_a_pass_that_was_given_up_is_no_progress_of_the_training(source, hold, path):
    held = []

    def peek(batches):
        passing = iter(batches)
        next(passing)
        held.extend([passing] * hold)

    def fitted(**options):
        batches = source()
        peek(batches)
        return model(batch_gen=batches).fit(epochs=3, print_every=None, **options)

    for times in (0, 8):
        with pytest.raises(Killed):
            fitted(resume=path, checkpoint=Killing(path, times=times, every=1))
    assert outcome(fitted(resume=path)) == outcome(fitted())


def test_passes_that_end_while_training_runs_are_no_progress_of_it(path):
    def run(*, stop_at=None):
        training, batches = trainer(), loader()
        saving = Checkpoint(path, every=1).watch(training, batches=batches)
        saving.resume()

        def on_step(running):
            next(iter(batches), None)
            saving.on_step(running)
            if running.optimizer.steps == stop_at:
                raise Killed

        for _ in training.epochs(batches, epochs=3 - training.completed, on_step=on_step):
            saving.on_epoch()
        return training.network.vector.value.tobytes()

    whole = run()
    path.unlink()
    for step in (2, 7, 12):
        with pytest.raises(Killed):
            run(stop_at=step)
    assert run() == whole


def test_fit_goes_on_from_the_place_that_a_loader_was_given():
    first = loader()
    passing = iter(first)
    next(passing)
    fitted = model(batch_gen=loader().load_state_dict(first.state_dict()))
    for expected in (len(first) - 1, len(first)):
        before = fitted.optimizer.steps
        fitted.fit(epochs=1, print_every=None)
        assert fitted.optimizer.steps - before == expected


# ---------------------------------------------------------------- when it writes


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    hands = Clock()
    monkeypatch.setattr(checkpoint, "time", hands)
    return hands


@pytest.mark.parametrize(("took", "wait", "options"), [(0.001, 1.0, {}), (0.5, 50.0, {}), (0.5, 7.0, {"seconds": 7.0})])
def test_it_writes_so_seldom_that_it_costs_a_hundredth_of_the_time_unless_told_otherwise(
    took, wait, options, clock, path, monkeypatch
):
    written = []

    def slow(*_):
        clock.now += took
        written.append(clock.now)

    monkeypatch.setattr(checkpoint, "replace_file", slow)
    training = trainer()
    saving = Checkpoint(path, **options).watch(training)
    saving.write()
    for seconds in (wait * 0.9, wait * 0.2):
        clock.now += seconds
        saving.on_step(training)
    assert len(written) == 2
    assert written[1] - written[0] == pytest.approx(wait * 1.1 + took)


def test_it_writes_every_so_many_steps_and_after_every_epoch(path, monkeypatch):
    written = []
    training = trainer()
    saving = Checkpoint(path, every=3).watch(training)
    monkeypatch.setattr(saving, "write", lambda: written.append(training.optimizer.steps))
    for _ in training.epochs(loader(), epochs=2, on_step=saving.on_step):
        saving.on_epoch()
    assert written == [3, 6, 6, 9, 12, 12]


# ---------------------------------------------------------------- what can go wrong


def files_of(folder):
    save(fit(model()), folder / "model")
    fit(model(), checkpoint=folder / "checkpoint")
    return [folder / "model", folder / "checkpoint"]


def loaded_or_refused(path):
    try:
        return load(path)
    except ModelFileError as error:
        return None if f'load("{path}")' == error.where and error.saw else error


@pytest.mark.parametrize("count", [125, pytest.param(2000, marks=pytest.mark.big)])
def test_damaged_bytes_give_an_error_or_the_right_result(count, tmp_path):
    target = tmp_path / "damaged"
    for original in files_of(tmp_path):
        right = load(original).predict_proba(X)
        for seed in range(count):
            target.write_bytes(damaged_bytes(original.read_bytes(), np.random.default_rng(seed)))
            result = loaded_or_refused(target)
            assert result is None or np.array_equal(result.predict_proba(X), right)


@pytest.mark.parametrize("count", [125, pytest.param(2000, marks=pytest.mark.big)])
def test_changed_fields_give_an_error_or_a_model(count, tmp_path):
    target = tmp_path / "changed"
    for original in files_of(tmp_path):
        for seed in range(count):
            target.write_bytes(changed_fields(original, np.random.default_rng(seed)))
            assert type(loaded_or_refused(target)) in (type(None), models.Classifier)


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.big)])
def test_a_changed_checkpoint_is_refused_or_gone_on_from(count, tmp_path):
    target = tmp_path / "changed"
    fit(model(), epochs=1, checkpoint=tmp_path / "run")
    for seed in range(count):
        target.write_bytes(changed_fields(tmp_path / "run", np.random.default_rng(seed)))
        with contextlib.suppress(LincolnError):
            fit(model(), epochs=1, resume=target)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the runs are forked")
@pytest.mark.parametrize("kills", [5, pytest.param(25, marks=pytest.mark.big)])
def test_a_run_killed_at_random_moments_ends_with_the_same_bits(kills):
    program = [sys.executable, str(BENCHMARKS / "kill_resume.py"), "--kills", str(kills)]
    result = subprocess.run(program, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert f"{kills} kills: {kills} runs went on to the same bits, 0 failed" in result.stdout


# ---------------------------------------------------------------- states that do not fit


@pytest.mark.parametrize(
    "other",
    [
        data.DataLoader((X, Y), batch_size=8, shuffle=True),
        data.DataLoader((X, Y), batch_size=1),
        data.DataLoader((X[:20], Y[:20]), batch_size=2),
    ],
    ids=["order", "more batches", "more rows"],
)
def test_the_state_of_another_loader_is_refused(other):
    passing = iter(other)
    for _ in range(min(len(other), 9)):
        next(passing)
    with pytest.raises(MatchError) as caught:
        data.DataLoader((X, Y), batch_size=8).load_state_dict(other.state_dict())
    assert caught.value.code == "LN519"
    assert caught.value.fix == "the same data, batch_size, shuffle and drop_last as when the state was saved"


def test_the_state_of_half_a_standardizer_is_refused():
    with pytest.raises(MatchError, match=r"mean_ \(6,\), scale_ none") as caught:
        data.Standardizer().load_state_dict(data.Standardizer().fit(X).state_dict() | {"scale_": None})
    assert caught.value.code == "LN518"


# ---------------------------------------------------------------- what is changed while training runs


class Stopped(Exception):
    """Stands for a kill after some step."""


def loop(path, batches, *, kill=None, hook=None, look=None):
    """The bits after four epochs of a loop of one's own, which goes on from the checkpoint if there is one."""
    network = Sequential(Dense(8, "relu"), layers.Dropout(0.3), Dense(1, None), seed=1)
    optimizer = optim.Adam(network, lr=optim.StepDecay(0.02, step_size=5))
    trainer = models.Trainer(losses.SigmoidCrossEntropy(network), optimizer)
    kept = Checkpoint(path, every=1).watch(trainer, batches=batches)
    if kept.resume() and look:
        look(batches, trainer)

    def on_step(trainer):
        if hook:
            hook(batches, trainer)
        kept.on_step(trainer)
        if optimizer.steps == kill:
            raise Stopped

    for _ in trainer.epochs(batches, epochs=4 - trainer.completed, on_step=on_step):
        kept.on_epoch()
    return network.vector.value.tobytes()


def killed_and_gone_on(path, make, **what):
    """The bits of a loop that is never interrupted, and of one that is in the middle of an epoch and at its end."""
    whole = [loop(path.with_suffix(".whole"), make(), hook=what.get("hook"))]
    for kill in (11, 14):
        there = path.with_suffix(f".{kill}")
        with pytest.raises(Stopped):
            loop(there, make(), kill=kill, hook=what.get("hook"))
        whole.append(loop(there, make(), **what))
    return whole


def shuffled(x=X, size=8):
    return data.DataLoader((x, Y), batch_size=size, shuffle=True, seed=3)


def at_step_five(change):
    def hook(batches, trainer):
        if trainer.optimizer.steps == 5:
            change(trainer.optimizer)

    return hook


def give_groups(optimizer):
    optimizer.groups = [optim.Group(optim.biases_and_norms, lr_factor=0.0)]


@pytest.mark.parametrize(
    "change",
    [
        give_groups,
        lambda optimizer: setattr(optimizer.lr, "lr", 0.1),
        lambda optimizer: setattr(optimizer.lr, "gamma", 0.9),
        lambda optimizer: setattr(optimizer.lr, "step_size", 3),
    ],
)
def test_settings_that_are_changed_in_training_go_on(change, path):
    assert len(set(killed_and_gone_on(path, shuffled, hook=at_step_five(change)))) == 1


def look(batches, trainer):
    next(iter(batches), None)


def look_at_all(batches, trainer):
    assert len(list(batches)) <= len(batches)
    trainer.evaluate(batches)


HELD = []


def hold(batches, trainer):
    HELD.append(iter(batches))
    next(HELD[-1], None)


def in_pieces():
    return data.Batches([(X[start : start + 8], Y[start : start + 8]) for start in range(0, 50, 8)])


LOADERS = [shuffled, lambda: data.DataLoader((X, Y), batch_size=8), lambda: data.FlatGenerator(shuffled()), in_pieces]


@pytest.mark.parametrize("make", LOADERS)
@pytest.mark.parametrize("looked", [look, look_at_all, hold])
def test_who_looks_at_batches_before_training_goes_on_does_not_take_its_place(looked, make, path):
    assert len(set(killed_and_gone_on(path, make, look=looked))) == 1


@pytest.mark.parametrize("make", LOADERS)
@pytest.mark.parametrize("hook", [look, hold])
def test_who_looks_at_batches_while_training_runs_does_not_take_its_place(hook, make, path):
    assert len(set(killed_and_gone_on(path, make, hook=hook))) == 1


WRAPPED = [data.Batches, data.FlatGenerator, lambda loader: data.Batches(data.FlatGenerator(loader))]
OTHERS = {
    "features": lambda: shuffled(X[::-1]),
    "batch_size": lambda: shuffled(size=10),
    "weights": lambda: data.DataLoader((X, Y, W), batch_size=8, shuffle=True, seed=3),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("wrap", WRAPPED)
@pytest.mark.parametrize("turned", [False, True])
def test_batches_of_another_loader_are_refused(turned, wrap, name, path):
    pair = [shuffled(), OTHERS[name]()]
    here, there = map(wrap, reversed(pair) if turned else pair)
    with pytest.raises(Stopped):
        loop(path, here, kill=11)
    with pytest.raises(ModelFileError, match=f"batches.*source.{name}") as caught:
        loop(path, there)
    assert caught.value.code == "LN520"


@pytest.mark.parametrize("make", [shuffled, lambda: data.FlatGenerator(shuffled())])
def test_a_loop_of_ones_own_after_training_has_its_place(make):
    batches, network = make(), Dense(1, None)
    trainer = models.Trainer(losses.SigmoidCrossEntropy(network), optim.SGD(network))
    assert len(list(trainer.epochs(batches, epochs=2))) == 2
    passes = iter(batches)
    next(passes)
    goes_on = make().load_state_dict(batches.state_dict())
    assert [x.tolist() for x, *_ in goes_on] == [x.tolist() for x, *_ in passes]
