"""Classifier, Logistic and Regressor: the notebooks' signatures, labels of every kind, predictions, bad input."""

import pickle
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import lincoln as lnc
from lincoln import Dense, Sequential, data, layers, losses, metrics, optim
from lincoln.exc import DataError, MatchError
from lincoln.losses import Loss
from lincoln.models import Classifier, Logistic, Regressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
THREE = np.arange(60) % 3
IMAGES = (THREE[:, None, None] + RNG.normal(size=(60, 4, 4))).astype(np.float32)
LINE = re.compile(r"Epoch \d+\.\. Train loss: \d+\.\d{4}\.\.  [A-Z][a-z0-9 ]*: \d+\.\d{3}%?")


def binary(**options):
    return Classifier(Sequential(Dense(4), Dense(1), seed=0), **options)


def three_classes(**options):
    return Classifier(Sequential(Dense(4), Dense(3, "softmax"), seed=0), **options)


def fitted(model, x=X, y=Y, **options):
    return model.fit(x, y, **({"epochs": 2, "print_every": None} | options))


class LogisticLoss(Loss):
    """A loss of log-probabilities in the notebooks' form: forward and gradient, everything kept by hand."""

    def __init__(self, network):
        super().__init__(network)

    def forward(self, input, labels):
        self.last_input = z = self.network(input)
        self.labels = labels
        return float(np.sum(-labels * z - (1 - labels) * np.log(-np.expm1(z))))

    def gradient(self):
        p = np.exp(self.last_input)
        return -self.labels + (1 - self.labels) * p / (1 - p)


class LogProbability(lnc.Layer):
    """A user's last layer, which does not say what its outputs are."""

    def forward(self, input):
        return -np.logaddexp(0.0, -input)

    def backward(self, output_grad):
        return (1 - np.exp(self.output)) * output_grad


# ---------------------------------------------------------------- the notebooks' signatures


def test_fit_takes_arrays_and_prints_a_line_every_so_many_steps(capsys):
    table = lnc.datasets.breast_cancer()
    features, labels = lnc.utils.standardize(table.features), table.labels
    network = Sequential(Dense(10), Dense(1), seed=0)
    model = lnc.models.Classifier(network, loss=losses.LogLoss(network), optimizer=optim.SGD(network))
    model.fit(features, labels, epochs=60, print_every=100, batch_size=128)
    written = capsys.readouterr()
    assert written.out == ""
    assert [line.split("..")[0] for line in written.err.splitlines()] == ["Epoch 20", "Epoch 40", "Epoch 60"]
    assert all(
        re.fullmatch(r"Epoch \d+\.\. Train loss: 0\.\d{4}\.\.  Accuracy: 9\d\.\d{3}%", line)
        for line in written.err.splitlines()
    )


def test_fit_without_more_arguments_runs_the_notebooks_500_epochs_of_32():
    model = binary().fit(X, Y, print_every=None)
    assert (len(model.history), model.history.epochs[-1].steps) == (500, 1000)


def test_fit_goes_through_batches_that_it_was_given(capsys):
    train = data.FlatGenerator(data.DataLoader((IMAGES, THREE), batch_size=10, shuffle=True, seed=0))
    valid = data.FlatGenerator(data.DataLoader((IMAGES, THREE), batch_size=25))
    network = Sequential(Dense(20), Dense(3, activation="log_softmax"), seed=0)
    model = lnc.models.Classifier(
        network,
        loss=losses.NLLLoss(network),
        batch_gen=train,
        valid_gen=valid,
        metric=metrics.Accuracy(logprob=True),
    )
    model.fit(epochs=5, print_every=10)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("..")[0] for line in lines] == ["Epoch 2", "Epoch 4", "Epoch 5"]
    assert all(LINE.fullmatch(line) for line in lines)
    assert model.history["accuracy"][-1] == metrics.accuracy(model.predict_proba(IMAGES.reshape(60, 16)), THREE)


def test_logistic_takes_a_loss_and_a_layer_of_the_users_own_with_log_ps(capsys):
    network = Sequential(Dense(10), Dense(1, activation=LogProbability()), seed=0)
    model = lnc.models.Logistic(network, loss=LogisticLoss(network))
    model.fit(X, Y, epochs=200, batch_size=16, log_ps=True)
    assert all(LINE.fullmatch(line) for line in capsys.readouterr().err.splitlines())
    assert model.score(X, Y) > 0.9
    assert np.allclose(model.predict_proba(X)[:, 1:], np.exp(model.outputs(X)))


def test_a_loss_in_the_notebooks_form_trains_as_the_librarys_own_does():
    theirs, ours = (Sequential(Dense(4), Dense(1, "log_sigmoid"), seed=3) for _ in range(2))
    one = fitted(Classifier(theirs, loss=LogisticLoss(theirs)), epochs=20)
    two = fitted(Classifier(ours, loss=losses.LogSigmoidLoss), epochs=20)
    assert np.allclose(theirs.vector.value, ours.vector.value, atol=1e-5)
    assert np.allclose(one.history["train_loss"], two.history["train_loss"], rtol=1e-5)


def test_a_batch_function_is_called_with_features_labels_and_size():
    seen = []

    def batches(features, labels, size):
        seen.append((features is X, labels.shape, labels.dtype, size))
        return data.generate_batches(features, labels, size=size, seed=0)

    fitted(binary(batch_gen=batches), batch_size=7)
    assert seen == [(True, (60, 1), np.dtype("float32"), 7)] * 2


def test_losses_optimizers_and_metrics_may_be_given_as_classes():
    model = fitted(binary(loss=losses.LogLoss, optimizer=optim.Adam, metric=metrics.Accuracy), valid=(X, Y))
    assert (type(model.loss), type(model.optimizer), list(model.history.best.metrics)) == (
        losses.LogLoss,
        optim.Adam,
        ["accuracy"],
    )


def test_the_metric_that_is_given_is_the_one_that_is_used(capsys):
    def always_a_quarter(outputs, labels):
        assert (outputs.shape, labels.shape) == ((60, 1), (60, 1))
        return 0.25

    model = fitted(binary(metric=always_a_quarter), epochs=1, print_every=2, valid=(X, Y))
    assert capsys.readouterr().err.endswith("..  Always a quarter: 0.250\n")
    assert model.history["always_a_quarter"] == [0.25]


# ---------------------------------------------------------------- labels


NAMES = {
    "integers": (np.where(Y == 1, 7, -2), np.int64),
    "booleans": (Y == 1, np.bool_),
    "whole floats": (Y.astype(float), np.float64),
    "strings": (np.where(Y == 1, "yes", "no"), np.str_),
    "objects": (np.where(Y == 1, "yes", "no").astype(object), np.object_),
    "a list": (np.where(Y == 1, "yes", "no").tolist(), np.str_),
}


@pytest.mark.parametrize("kind", NAMES)
def test_labels_of_every_kind_are_learned_and_predicted(kind):
    labels, dtype = NAMES[kind]
    model = fitted(binary(optimizer=optim.Adam), y=labels, epochs=1000)
    predicted = model.predict(X)
    assert predicted.shape == (60,)
    assert np.issubdtype(predicted.dtype, dtype)
    assert np.mean(predicted == np.asarray(labels)) == model.score(X, labels) > 0.9
    assert model.classes.tolist() == sorted(set(np.asarray(labels).tolist()))


@pytest.mark.parametrize("make", [binary, lambda: Classifier(Sequential(Dense(2, "softmax"), seed=0))])
def test_labels_in_one_column_mean_the_same_as_without_it(make):
    flat, column = fitted(make()), fitted(make(), y=Y[:, None])
    assert flat.network.vector.value.tobytes() == column.network.vector.value.tobytes()
    assert flat.score(X, Y) == column.score(X, Y[:, None])
    assert flat.evaluate(X, Y) == column.evaluate(X, Y[:, None])


def test_classes_stand_in_the_order_of_the_outputs():
    names = np.array(["setosa", "versicolor", "virginica"])[THREE]
    model = fitted(three_classes(optimizer=optim.Adam), IMAGES.reshape(60, 16), names, epochs=600)
    assert model.classes.tolist() == ["setosa", "versicolor", "virginica"]
    chosen = model.predict_proba(IMAGES.reshape(60, 16)).argmax(axis=1)
    assert (model.classes[chosen] == model.predict(IMAGES.reshape(60, 16))).all()
    assert model.score(IMAGES.reshape(60, 16), names) > 0.9


def test_numbers_that_do_not_occur_among_the_labels_are_classes_too():
    model = fitted(Classifier(Dense(10, "softmax", seed=0)), y=THREE * 4, epochs=30)
    assert model.classes.tolist() == list(range(10))
    assert set(model.predict(X)) <= {0, 4, 8}


def test_training_further_keeps_the_classes_that_the_outputs_have():
    model = fitted(three_classes(), y=THREE)
    fitted(model, y=np.where(THREE == 0, 1, 2))
    assert model.classes.tolist() == [0, 1, 2]


def test_a_failed_fit_leaves_no_classes_behind():
    model = three_classes()
    with pytest.raises(MatchError):
        fitted(model, y=np.arange(60))
    assert fitted(model, y=THREE).classes.tolist() == [0, 1, 2]


# ---------------------------------------------------------------- losses that fit the last layer


@pytest.mark.parametrize(
    ("last", "loss"),
    [
        (Dense(1), losses.LogLoss),
        (Dense(1, "log_sigmoid"), losses.LogSigmoidLoss),
        (Dense(1, None), losses.SigmoidCrossEntropy),
        (Dense(2, "softmax"), losses.CrossEntropy),
        (Dense(2, "log_softmax"), losses.NLLLoss),
        (Dense(2, None), losses.SoftmaxCrossEntropy),
        (layers.Linear(2), losses.SoftmaxCrossEntropy),
    ],
)
def test_the_last_layer_chooses_loss_probabilities_and_accuracy(last, loss):
    model = fitted(Classifier(Sequential(Dense(8), last, seed=0), optimizer=optim.Adam), epochs=500, valid=(X, Y))
    assert type(model.loss) is loss
    p = model.predict_proba(X)
    assert p.shape == (60, 2)
    assert np.allclose(p.sum(axis=1), 1.0)
    assert model.score(X, Y) == model.evaluate(X, Y).metrics["accuracy"] == model.history["accuracy"][-1] > 0.9


def test_a_probability_of_one_half_is_the_second_class_for_the_prediction_and_for_the_metric():
    model = Classifier(Dense(1, weight_init=lnc.initializers.zeros)).fit(X, Y, epochs=0)
    assert model.predict(X).tolist() == [1] * 60
    assert model.score(X, Y) == model.evaluate(X, Y).metrics["accuracy"] == Y.mean()


def test_a_last_layer_of_unknown_meaning_asks_for_a_loss():
    with pytest.raises(DataError, match="LN176"):
        Classifier(Sequential(Dense(2, "relu")))
    assert fitted(Classifier(Dense(2, "relu"), loss=losses.SoftmaxCrossEntropy)).classes.tolist() == [0, 1]


# ---------------------------------------------------------------- what a fitted model is


def test_a_fitted_model_holds_no_training_data():
    x = X.copy()
    x[17] = marker = np.float32([1234.5678, -8765.4321, 4321.1234])
    assert marker.tobytes() in pickle.dumps(data.Dataset(x, Y))
    model = fitted(binary(), x, print_every=1, valid=(x, Y))
    model.predict(x)
    model.evaluate(x, Y)
    stored = pickle.dumps(model)
    assert marker.tobytes() not in stored
    assert marker.astype(np.float64).tobytes() not in stored
    assert (model.loss.last_input, model.loss.labels, model.network[0].last_input) == (None, None, None)


@pytest.mark.parametrize("make", [binary, lambda: Logistic(Dense(1, seed=0)), lambda: Regressor(Dense(1, seed=0))])
def test_a_pickled_model_predicts_the_same_and_trains_on_the_same(make):
    model = fitted(make(), epochs=3, early_stopping=2, valid=(X, Y))
    twin = pickle.loads(pickle.dumps(model))
    assert twin.predict(X).tobytes() == model.predict(X).tobytes()
    assert twin.history.rows() == model.history.rows()
    one, two = fitted(model), fitted(twin)
    assert one.network.vector.value.tobytes() == two.network.vector.value.tobytes()


def test_predictions_from_eight_threads_are_those_of_one_bit_for_bit():
    network = Sequential(Dense(64, "relu"), layers.Dropout(0.5), Dense(3, "log_softmax"), seed=0)
    model = fitted(Classifier(network), y=THREE)
    parts = [RNG.normal(size=(2000, 3)) for _ in range(16)]
    alone = [model.predict_proba(part).tobytes() for part in parts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda part: model.predict_proba(part).tobytes(), parts))
    assert together == alone


def test_a_model_of_float64_computes_in_float64():
    model = fitted(Regressor(layers.Linear(1, seed=0).build(3, dtype="float64")), X / 3.0, X[:, 0] / 3.0)
    assert (model.network.W.value.dtype, model.predict(X).dtype) == (np.float64, np.float64)
    x = np.random.default_rng(1).normal(size=(5, 3))
    assert np.array_equal(model.predict(x), (x @ model.network.W.value + model.network.B.value)[:, 0])


def test_batches_that_are_given_reach_a_float64_model_unrounded():
    network = layers.Linear(1, seed=0).build(1, dtype="float64").freeze()
    batch = np.array([[1 / 3]]), np.array([[0.1]])
    model = Regressor(network, batch_gen=[batch]).fit(epochs=1, print_every=None)
    assert model.history["train_loss"][0] == float((batch[0] @ network.W.value - batch[1])[0, 0] ** 2)


def test_a_model_shows_what_it_was_made_of():
    assert repr(Logistic(Dense(1), metric=metrics.Accuracy())) == "Logistic(Dense(1), metric=Accuracy())"


# ---------------------------------------------------------------- values


def test_a_regressor_predicts_one_value_as_it_was_labeled():
    flat = fitted(Regressor(layers.Linear(1, seed=0), optimizer=optim.Adam), y=X[:, 0] - 2.0, epochs=4000)
    column = fitted(Regressor(layers.Linear(1, seed=0), optimizer=optim.Adam), y=X[:, :1] - 2.0, epochs=4000)
    assert np.allclose(flat.predict(X), X[:, 0] - 2.0, atol=1e-3)
    assert (flat.predict(X).shape, column.predict(X).shape) == ((60,), (60, 1))
    assert np.array_equal(flat.predict(X), column.predict(X)[:, 0])


def test_a_regressor_predicts_several_values():
    model = fitted(Regressor(layers.Linear(2, seed=0), metric=metrics.MeanAbsoluteError()), y=X[:, :2], epochs=2000)
    assert np.allclose(model.predict(X), X[:, :2], atol=1e-2)
    assert model.score(X, X[:, :2]) == pytest.approx(1.0, abs=1e-4)
    assert model.evaluate(X, X[:, :2]).metrics["mean_absolute_error"] < 1e-2


def test_a_regressor_is_judged_by_r2_unless_told_otherwise(capsys):
    model = fitted(Regressor(layers.Linear(1, seed=0)), y=X[:, 0], epochs=1, print_every=2, valid=(X, X[:, 0]))
    r2 = model.history["r2"][0]
    assert capsys.readouterr().err.endswith(f"..  R2: {r2:.3f}\n")
    assert r2 == pytest.approx(model.score(X, X[:, 0]))


def test_a_poisson_regressor_predicts_the_expected_counts():
    rates = np.exp(X[:, 0])
    network = layers.Linear(1, seed=0)
    model = Regressor(network, losses.Poisson(network), optim.Adam(network, lr=0.01))
    fitted(model, y=rates, epochs=500)
    assert np.allclose(model.predict(X), np.exp(model.outputs(X)[:, 0]))
    assert np.allclose(model.predict(X), rates, rtol=0.01)
    assert model.evaluate(X, rates).metrics["r2"] == pytest.approx(model.score(X, rates))


@pytest.mark.parametrize(
    "model",
    [
        lambda: Classifier(Sequential(Dense(1), seed=0)),
        lambda: Logistic(Sequential(Dense(1), seed=0)),
        lambda: Regressor(Sequential(Dense(1, None), seed=0)),
    ],
    ids=["Classifier", "Logistic", "Regressor"],
)
@pytest.mark.parametrize("saved", [False, True])
def test_models_refuse_columns_in_another_order_than_in_fit(model, saved, tmp_path):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=["age", "pay", "size"])
    other = table[["size", "pay", "age"]]
    made = fitted(model(), table, Y)
    if saved:
        lnc.save(made, tmp_path / "model.safetensors")
        made = lnc.load(tmp_path / "model.safetensors")
    calls = [
        lambda: made.predict(other),
        lambda: made.score(other, Y),
        lambda: made.evaluate(other, Y),
        lambda: fitted(made, other, Y),
        lambda: fitted(made, table, Y, valid=(other, Y)),
    ]
    for call in calls:
        with pytest.raises(MatchError, match="column 0 is 'size'; in fit it was 'age'") as caught:
            call()
        assert caught.value.code == "LN580"
    assert (made.predict(other[made.feature_names]) == made.predict(X)).all()


@pytest.mark.parametrize("second", [X, X[:, :2]], ids=["alike", "of another width"])
def test_several_arrays_of_features_are_refused_with_a_fix_that_works(second):
    both = (X, second)
    for call in (
        lambda: fitted(binary(), both),
        lambda: fitted(binary(), X, valid=(both, Y)),
        lambda: binary(batch_gen=[(both, Y)]).fit(epochs=1, print_every=None),
        lambda: data.Dataset(both, Y),
        lambda: data.DataLoader((both, Y)),
        lambda: data.train_test_split(both, Y),
    ):
        with pytest.raises(DataError, match=r"a tuple of 2 arrays, \(60, 3\)") as caught:
            call()
        assert caught.value.code == "LN583"
    assert fitted(binary(), np.concatenate(both, axis=1)).network.built
    network = Sequential(Joined(), Dense(1), seed=0)
    trainer = lnc.models.Trainer(losses.LogLoss(network), optim.SGD(network))
    (epoch,) = trainer.epochs([(both, Y)])
    assert np.isfinite(epoch.train_loss)


class Joined(lnc.Layer):
    """Several arrays side by side."""

    def forward(self, input):
        return np.concatenate(input, axis=1)

    def backward(self, output_grad):
        width = self.last_input[0].shape[1]
        return output_grad[:, :width], output_grad[:, width:]
