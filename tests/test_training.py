"""The training loop: the numbers it reports, what it does when they are not finite, and the same bits each time."""

import itertools
import math

import numpy as np
import pytest

import lincoln as lnc
from lincoln import Dense, Layer, Sequential, layers, losses, metrics, optim
from lincoln.exc import TrainingError
from lincoln.models import Classifier, EarlyStopping, Regressor, Trainer
from lincoln.models.history import Epoch

RNG = np.random.default_rng(1)
X = RNG.normal(size=(10, 3)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)
MORE = RNG.normal(size=(60, 3)).astype(np.float32)
LABELS = (MORE[:, 0] > 0).astype(np.int64)
BATCHES = [(X[:4], Y[:4]), (X[4:8], Y[4:8]), (X[8:], Y[8:])]


class Watching(losses.LogLoss):
    """A log loss that notes which rows it is given to learn from."""

    def __init__(self, network):
        super().__init__(network)
        self.seen = []

    def forward(self, input, labels, weights=None):
        self.seen.append(input[:, 0].tolist())
        return super().forward(input, labels, weights)


class Wall(Layer):
    """Infinite for every positive input."""

    def forward(self, input):
        return np.where(input > 0, np.inf, input)

    def backward(self, output_grad):
        return np.where(self.last_input > 0, 0.0, output_grad)


class Interrupted:
    """Batches, until somebody presses Ctrl-C in the second epoch."""

    def __init__(self):
        self.given = 0

    def __iter__(self):
        for batch in BATCHES:
            self.given += 1
            if self.given == 5:
                raise KeyboardInterrupt
            yield batch


def frozen():
    """A network that stays as it is, so that every batch's loss can be worked out by hand."""
    return Dense(1, seed=0).build(3).freeze()


def log_losses(network, x=X, y=Y):
    """Each example's log loss, worked out without the library."""
    a = x.astype(np.float64) @ network.W.value.astype(np.float64) + network.B.value
    return np.logaddexp(0.0, np.where(y == 1, -a, a))[:, 0]


def sgd(network, *, loss=losses.LogLoss, metrics=(), **options):
    return Trainer(loss(network), optim.SGD(network, **options), metrics=metrics)


def trained(*hidden, loss=losses.LogLoss, epochs=3, print_every=None, **options):
    """A model, trained on the same data from the same seed."""
    network = Sequential(Dense(8, "relu"), *hidden, Dense(1), seed=5)
    model = Classifier(network, loss=loss(network), optimizer=optim.Adam(network))
    return model.fit(MORE, LABELS, epochs=epochs, batch_size=16, print_every=print_every, **options)


def bits(model):
    return model.network.vector.value.tobytes()


# ---------------------------------------------------------------- the numbers


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_epochs_loss_is_the_mean_over_its_examples_whatever_the_last_batchs_size(reduction):
    network = frozen()
    trainer = Trainer(losses.LogLoss(network, reduction=reduction), optim.SGD(network))
    (epoch,) = trainer.epochs(BATCHES)
    assert epoch.train_loss == pytest.approx(log_losses(network).mean(), rel=1e-6)


def test_the_printed_loss_is_the_mean_per_example_since_the_last_line_also_across_epochs(capsys):
    network = frozen()
    model = Classifier(network, losses.LogLoss(network), batch_gen=BATCHES)
    model.fit(epochs=2, print_every=2)
    each = log_losses(network)
    expected = [each[:8].mean(), np.concatenate([each[8:], each[:4]]).mean(), each[4:].mean()]
    assert capsys.readouterr().err.splitlines() == [
        f"Epoch {number}.. Train loss: {loss:.4f}.." for number, loss in zip([1, 2, 2], expected, strict=True)
    ]


def test_a_printed_line_judges_the_validation_data_if_there_are_any(capsys):
    network = frozen()
    right = (network(X) >= 0.5).astype(np.int64)
    model = Classifier(network, batch_gen=BATCHES, valid_gen=[(X[:7], right[:7]), (X[7:], 1 - right[7:])])
    model.fit(epochs=1, print_every=3)
    assert capsys.readouterr().err.endswith("..  Accuracy: 70.000%\n")


def test_the_validation_loss_is_that_of_the_validation_data():
    network = frozen()
    (epoch,) = sgd(network).epochs(BATCHES, valid=[(X[:7], 1 - Y[:7]), (X[7:], 1 - Y[7:])])
    assert epoch.train_loss == pytest.approx(log_losses(network).mean(), rel=1e-6)
    assert epoch.valid_loss == pytest.approx(log_losses(network, y=1 - Y).mean(), rel=1e-6)


def test_metrics_over_uneven_batches_are_those_over_all_examples_at_once():
    network = frozen()
    judges = [metrics.Accuracy(), metrics.R2Score(), metrics.accuracy, metrics.r2_score]
    evaluation = sgd(network, metrics=judges).evaluate(BATCHES)
    p = network(X)
    assert evaluation.metrics["accuracy"] == metrics.accuracy(p, Y)
    assert evaluation.metrics["r2"] == pytest.approx(metrics.r2_score(p, Y))
    assert evaluation.metrics["r2_score"] == pytest.approx(metrics.r2_score(p, Y))


def test_a_layer_that_is_set_to_evaluation_stays_so_and_a_whole_network_is_set_to_training():
    network = layers.Sequential(layers.Linear(4), layers.BatchNorm(), layers.Dropout(0.5), layers.Linear(1), seed=0)
    x = np.random.default_rng(0).normal(size=(8, 3))
    network.build(3)[1].eval()
    trainer = Trainer(losses.MeanSquaredError(network), optim.SGD(network, lr=0.01))
    list(trainer.epochs([(x, x[:, 0])], epochs=3))
    assert [layer.training for layer in network.layers] == [True, False, True, True]
    assert not network[1].running_mean.value.any()
    network.eval()
    list(trainer.epochs([(x, x[:, 0])], epochs=1))
    assert all(layer.training for layer in network.layers)
    assert network[1].running_mean.value.any()


def test_an_evaluation_leaves_the_metrics_that_it_is_given_as_they_were():
    mine = metrics.Accuracy()
    mine.update([1, 0], [1, 1])
    sgd(frozen(), metrics=[mine, metrics.accuracy]).evaluate(BATCHES)
    assert (mine.compute(), mine.count, metrics.accuracy.count) == (0.5, 2, 0)


def test_weights_count_in_the_loss_and_in_its_mean():
    network, w = frozen(), np.arange(10.0, dtype=np.float32)
    batches = [(X[:4], Y[:4], w[:4]), (X[4:], Y[4:], w[4:])]
    (epoch,) = sgd(network).epochs(batches, valid=batches)
    assert epoch.train_loss == pytest.approx(np.average(log_losses(network), weights=w), rel=1e-6)
    assert epoch.valid_loss == pytest.approx(epoch.train_loss, rel=1e-6)


def test_a_weight_of_two_teaches_like_the_example_given_twice():
    once, twice = Dense(1, seed=0), Dense(1, seed=0)
    weighted = (X[:3], Y[:3], np.array([1.0, 2.0, 1.0], dtype=np.float32))
    rows = [0, 1, 1, 2]
    list(sgd(once, lr=0.1).epochs([weighted], epochs=5))
    list(sgd(twice, lr=0.1).epochs([(X[rows], Y[rows])], epochs=5))
    assert np.allclose(once.vector.value, twice.vector.value, atol=1e-6)


def test_epochs_and_steps_are_counted_on_through_every_run():
    trainer = sgd(Dense(1, seed=0), lr=0.1)
    counts = [(epoch.number, epoch.steps) for _ in range(2) for epoch in trainer.epochs(BATCHES, epochs=2)]
    assert counts == [(1, 3), (2, 6), (3, 9), (4, 12)]


def test_somebody_can_watch_every_step():
    steps = []
    list(sgd(frozen()).epochs(BATCHES, epochs=2, on_step=lambda trainer: steps.append((trainer.epoch, trainer.step))))
    assert steps == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]


def test_training_stops_when_nobody_takes_more_epochs():
    network = Dense(1, seed=0)
    trainer = sgd(network, lr=0.1)
    first = next(trainer.epochs(BATCHES, epochs=100))
    assert (first.number, trainer.epoch, trainer.optimizer.steps) == (1, 1, 3)


def test_judging_leaves_nothing_recorded_and_the_modes_as_they_are():
    network = Sequential(layers.Dropout(0.5), Dense(1), seed=0).build(3)
    trainer = sgd(network)
    one, two = trainer.evaluate(BATCHES), trainer.evaluate(BATCHES)
    assert one == two
    assert (trainer.loss.last_input, trainer.loss.labels, trainer.loss.losses, network[1].output) == (None,) * 4
    assert network[0].training


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (0.1, [0.1, 0.1, 0.1]),
        (optim.StepDecay(0.5, step_size=3), [0.5, 0.05, 0.005]),
        (lambda step: 1.0 / (step + 1), [1 / 3, 1 / 6, 1 / 9]),
    ],
)
def test_the_learning_rate_of_an_epoch_is_that_of_its_last_step(schedule, expected):
    rates = [epoch.learning_rate for epoch in sgd(frozen(), lr=schedule).epochs(BATCHES, epochs=3)]
    assert rates == pytest.approx(expected)


def test_reduce_on_plateau_observes_the_validation_loss():
    network = frozen()
    schedule = optim.ReduceOnPlateau(1.0, factor=0.1, patience=0)
    trainer = Trainer(losses.LogLoss(network), optim.SGD(network, schedule))
    rates = [epoch.learning_rate for epoch in trainer.epochs(BATCHES, valid=BATCHES, epochs=3)]
    assert rates == pytest.approx([1.0, 1.0, 0.1])


# ---------------------------------------------------------------- numbers that are not finite


def test_features_that_are_not_finite_are_named_and_the_weights_stay():
    x = np.where(np.arange(30).reshape(10, 3) == 20, np.nan, X)
    network = Dense(1, seed=0).build(3)
    before = network.vector.value.copy()
    with pytest.raises(TrainingError) as caught:
        list(sgd(network).epochs([(x, Y)]))
    error = caught.value
    assert str(error).splitlines() == [
        "LN166 TrainingError in epoch 1, batch 1",
        "  saw:  a loss of nan; first not finite: the features",
        "  why:  every weight would become NaN or infinite too; the weights are those before this batch",
        "  fix:  features without NaN and infinity: lnc.data.check_finite names the first",
    ]
    assert network.vector.value.tobytes() == before.tobytes()
    with pytest.raises(lnc.exc.DataError, match="row 6, column 2"):
        lnc.data.check_finite(x)
    assert next(sgd(network).epochs([(np.nan_to_num(x), Y)])).number == 1


def test_the_batch_and_the_epoch_are_named():
    passes = iter([BATCHES, [*BATCHES[:2], (X[8:] * np.inf, Y[8:])]])
    with pytest.raises(TrainingError) as caught:
        list(sgd(frozen()).epochs(lambda: next(passes), epochs=2))
    assert caught.value.where == "epoch 2, batch 3"


def test_labels_that_are_not_finite_are_named():
    network = layers.Linear(1, seed=0)
    with pytest.raises(TrainingError) as caught:
        list(sgd(network, loss=losses.MeanSquaredError).epochs([(X, Y * np.nan)]))
    assert caught.value.saw == "a loss of nan; first not finite: the labels"
    assert caught.value.fix == "labels without NaN and infinity: lnc.data.check_finite names the first"


def test_the_first_parameter_that_is_not_finite_is_named():
    network = Sequential(Dense(4), Dense(2), Dense(1), seed=0).build(3)
    network[1].B.value[1] = network[2].W.value[0] = math.nan
    with pytest.raises(TrainingError) as caught:
        list(sgd(network).epochs(BATCHES))
    assert caught.value.saw == "a loss of nan; first not finite: network[1][0].B of Linear(2)"
    assert caught.value.fix == "a smaller learning rate, clip_norm=1.0 in the optimizer, standardized features"


def test_the_first_layer_whose_output_is_not_finite_is_named():
    network = Sequential(layers.Linear(4), Sequential(layers.Tanh(), Wall()), layers.Linear(1), seed=0)
    with pytest.raises(TrainingError) as caught:
        list(sgd(network, loss=losses.MeanSquaredError).epochs(BATCHES))
    assert caught.value.saw.endswith("first not finite: the output of network[1][1] Wall()")


def test_weights_that_are_still_finite_stay_as_they_were_before_the_batch():
    network = layers.Linear(1, seed=0).build(3)
    trainer = sgd(network, loss=losses.MeanSquaredError, lr=1e25)
    weights = []
    with pytest.raises(TrainingError, match="batch 2") as caught:
        list(trainer.epochs(BATCHES, on_step=lambda trainer: weights.append(network.vector.value.copy())))
    assert "a loss of inf; first not finite: the loss itself" in str(caught.value)
    assert "the weights are those before this batch" in str(caught.value)
    assert network.vector.value.tobytes() == weights[-1].tobytes()
    assert np.isfinite(weights[-1]).all()


def test_weights_that_are_lost_are_brought_back_from_the_start_of_the_epoch():
    network = layers.Linear(1, seed=0).build(3)
    batches, lengths = BATCHES * 8, [0.001] * (8 * len(BATCHES)) + [1e38] * 9
    trainer = sgd(network, loss=losses.MeanSquaredError, lr=lengths.__getitem__, momentum=0.9)
    epochs = trainer.epochs(batches, epochs=2)
    next(epochs)
    start = network.vector.value.copy()
    with pytest.raises(TrainingError, match="epoch 2, batch 2") as caught:
        next(epochs)
    assert "the weights are those of the start of epoch 2 again" in str(caught.value)
    assert network.vector.value.tobytes() == start.tobytes()


def test_running_averages_are_brought_back_with_the_weights():
    network = Sequential(layers.BatchNorm(), layers.Linear(1), seed=0).build(3)
    trainer = sgd(network, loss=losses.MeanSquaredError, lr=[0.001, 3e38, 3e38].__getitem__)
    with pytest.raises(TrainingError, match="start of epoch 1 again"):
        next(trainer.epochs([BATCHES[0], (1e9 * X, Y), BATCHES[1]]))
    assert np.abs(network[0].running_mean.value).max() < 1.0


def test_an_optimizer_set_back_has_its_state_kept_anew():
    network = layers.Linear(1, seed=0).build(3)
    trainer = sgd(network, loss=losses.MeanSquaredError, lr=0.001)
    epochs = trainer.epochs(BATCHES * 8, epochs=3)
    first = trainer.optimizer.state_dict()
    next(epochs), next(epochs)
    trainer.optimizer.load_state_dict(first | {"lr": 3e38})
    before = network.vector.value.copy()
    with pytest.raises(TrainingError, match="start of epoch 3 again"):
        next(epochs)
    assert network.vector.value.tobytes() == before.tobytes()


def test_short_epochs_share_a_state_to_come_back_to():
    network = layers.Linear(1, seed=0).build(3)
    start = network.vector.value.copy()
    lengths = [0.001] * (2 * len(BATCHES)) + [1e38] * 9
    trainer = sgd(network, loss=losses.MeanSquaredError, lr=lengths.__getitem__, momentum=0.9)
    with pytest.raises(TrainingError, match="start of epoch 1 again"):
        list(trainer.epochs(BATCHES, epochs=4))
    assert network.vector.value.tobytes() == start.tobytes()
    assert trainer.optimizer.steps == 0


def test_a_last_step_that_is_too_long_does_not_go_unseen():
    network = layers.Linear(1, seed=0).build(3)
    start = network.vector.value.copy()
    with pytest.raises(TrainingError, match="epoch 1, batch 1") as caught:
        list(sgd(network, loss=losses.MeanSquaredError, lr=1e38).epochs([(X * 100, Y)]))
    assert caught.value.saw.endswith(", and then a step too long; first not finite: network.W of Linear(1, seed=0)")
    assert network.vector.value.tobytes() == start.tobytes()


def test_training_goes_on_after_a_fix_as_if_nothing_had_happened():
    network, fresh = layers.Linear(1, seed=0), layers.Linear(1, seed=0)
    optimizer = optim.Adam(network, lr=1e39)
    trainer = Trainer(losses.MeanSquaredError(network), optimizer)
    with pytest.raises(TrainingError):
        list(trainer.epochs(BATCHES, epochs=3))
    optimizer.lr = 0.01
    list(trainer.epochs(BATCHES, epochs=3))
    list(Trainer(losses.MeanSquaredError(fresh), optim.Adam(fresh, lr=0.01)).epochs(BATCHES, epochs=3))
    assert network.vector.value.tobytes() == fresh.vector.value.tobytes()


# ---------------------------------------------------------------- the same bits


def test_the_same_seed_gives_the_same_bits():
    one, two = trained(layers.Dropout(0.3)), trained(layers.Dropout(0.3))
    assert bits(one) == bits(two)
    assert one.history["train_loss"] == two.history["train_loss"]


def test_another_seed_gives_other_batches():
    network = Dense(1, seed=5)
    one = Classifier(network, Watching(network), seed=1).fit(MORE, LABELS, epochs=1, print_every=None)
    network = Dense(1, seed=5)
    two = Classifier(network, Watching(network), seed=2).fit(MORE, LABELS, epochs=1, print_every=None)
    assert one.loss.seen != two.loss.seen


def test_every_epoch_has_another_order_and_every_example_once():
    model = trained(loss=Watching, epochs=2)
    rows = list(itertools.chain.from_iterable(model.loss.seen))
    first, second = rows[:60], rows[60:]
    assert first != second != MORE[:, 0].tolist()
    assert sorted(first) == sorted(second) == sorted(MORE[:, 0].tolist())


def test_a_second_fit_shuffles_anew():
    model = trained(loss=Watching, epochs=1)
    model.fit(MORE, LABELS, epochs=1, batch_size=16, print_every=None)
    assert model.loss.seen[:4] != model.loss.seen[4:]


def test_a_dropout_layer_more_leaves_the_order_of_the_batches():
    assert trained(loss=Watching).loss.seen == trained(layers.Dropout(0.5), loss=Watching).loss.seen


def test_printing_lines_does_not_change_the_training(capsys):
    silent, loud = trained(layers.Dropout(0.3)), trained(layers.Dropout(0.3), print_every=1, progress=True)
    assert len(capsys.readouterr().err.splitlines()) == 12 + 3
    assert bits(silent) == bits(loud)


def test_judging_between_epochs_does_not_change_the_training():
    assert bits(trained(layers.Dropout(0.3))) == bits(trained(layers.Dropout(0.3), valid=(MORE, LABELS)))


def test_the_global_generators_are_left_alone():
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    trained(layers.Dropout(0.3))
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


# ---------------------------------------------------------------- stopping


def test_early_stopping_brings_the_best_weights_back_bit_for_bit():
    model = trained(epochs=99, valid=(MORE, 1 - LABELS), early_stopping=3)
    assert len(model.history) == model.history.best.number + 3 < 99
    assert bits(model) == bits(trained(epochs=model.history.best.number))


def test_early_stopping_goes_by_the_training_loss_where_nothing_is_judged():
    network = frozen()
    model = Classifier(network).fit(MORE, LABELS, epochs=50, print_every=None, early_stopping=2, batch_size=60)
    assert len(model.history) == 3


def test_a_fall_smaller_than_min_delta_is_no_fall():
    stopping, network = EarlyStopping(patience=2, min_delta=0.1), frozen()
    told = [stopping.update(Epoch(n, n, loss), network) for n, loss in enumerate([1.0, 0.95, 0.85, 0.8, 0.78], start=1)]
    assert told == [False, False, False, False, True]
    assert (stopping.best, stopping.best_epoch) == (0.85, 3)


def test_a_loss_that_is_not_a_number_is_no_fall():
    stopping, network = EarlyStopping(patience=1), frozen()
    before = bits(Classifier(network))
    assert stopping.update(Epoch(1, 1, math.nan), network)
    stopping.restore(network)
    assert network.vector.value.tobytes() == before


def test_one_early_stopping_serves_several_runs():
    stopping = EarlyStopping(patience=1)
    one, two = (trained(epochs=99, valid=(MORE, 1 - LABELS), early_stopping=stopping) for _ in range(2))
    assert len(one.history) == len(two.history) < 99
    assert bits(one) == bits(two)


def test_an_interrupted_fit_leaves_a_model_that_predicts_and_can_train_on():
    model = Regressor(layers.Linear(1, seed=0), batch_gen=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        model.fit(epochs=5, print_every=None)
    assert [epoch.steps for epoch in model.history] == [3]
    assert np.isfinite(model.predict(X)).all()
    assert len(model.fit(X, Y, epochs=2, print_every=None).history) == 3


def test_an_interrupted_fit_has_the_best_weights_so_far():
    network = layers.Linear(1, seed=0)
    Regressor(network, batch_gen=BATCHES).fit(epochs=1, print_every=None)
    model = Regressor(layers.Linear(1, seed=0), batch_gen=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        model.fit(epochs=5, print_every=None, early_stopping=10)
    assert model.network.vector.value.tobytes() == network.vector.value.tobytes()


def test_patience_begins_anew_with_each_better_epoch():
    network = layers.Linear(1, seed=0).build(3)
    stopping = EarlyStopping(2)
    told = [stopping.update(Epoch(n, n, loss), network) for n, loss in enumerate([1.0, 2.0, 0.5, 2.0, 2.0], 1)]
    assert told == [False, False, False, False, True]


def test_a_network_that_was_judged_trains_again():
    network = Sequential(layers.Linear(4), layers.Dropout(0.5), layers.Linear(1), seed=0).eval()
    trainer = Trainer(losses.MeanSquaredError(network), optim.SGD(network, lr=0.01))
    next(trainer.epochs(BATCHES))
    assert network[1].mask is not None
    assert network.training
