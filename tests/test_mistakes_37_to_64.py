"""Mistakes 37 to 64 of the notebooks this library grew from: each is refused with a clear message or computed right."""

import array_api_strict
import numpy as np
import pandas as pd
import pytest

import lincoln as lnc
from lincoln import Dense, Layer, Parameter, Sequential, data, layers, losses, metrics, optim
from lincoln.check.gradients import gradient_report
from lincoln.exc import BackwardError, MatchError
from lincoln.initializers import Constant
from lincoln.models import Classifier, Regressor, Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)


class Scale(Layer):
    """A user's layer with one number to learn."""

    calls = 0

    def setup(self, input_shape):
        self.a = Parameter((1,), Constant(1.0))

    def forward(self, input):
        self.calls += 1
        return self.a.value * input

    def backward(self, output_grad):
        self.a.accumulate((output_grad * self.last_input).sum()[None])
        return output_grad * self.a.value


def bend(network):
    """How far a function of two inputs is from an affine one."""
    a, b = np.array([[3.0, 0.0, 0.0]]), np.array([[-1.0, 2.0, -2.0]])
    with lnc.inference():
        return float(np.abs(network(a) + network(b) - network(a + b) - network(0 * a)).max())


def test_a_column_of_classes_is_read_as_classes_and_not_broadcast():
    """Mistake 37."""
    loss = losses.CrossEntropy(network := Dense(2, "softmax", seed=0))
    value = loss(X, Y[:, None])
    assert value == pytest.approx(float(-np.log(network.output[np.arange(20), Y]).sum()), rel=1e-6)
    with pytest.raises(MatchError, match=r"predictions \(20, 2\), labels \(20, 1\)"):
        losses.LogLoss(Dense(2))(X, Y[:, None])


def test_accuracy_does_not_broadcast_flat_predictions_against_a_column():
    """Mistake 38."""
    perfect = np.array([1, 0, 0, 1])
    assert metrics.accuracy(perfect, perfect[:, None]) == metrics.accuracy(perfect[:, None], perfect) == 1.0
    with pytest.raises(MatchError, match=r"predictions \(4,\), labels \(4, 2\)"):
        metrics.accuracy(perfect, np.eye(2)[perfect])


def test_softmax_shifts_by_the_maximum():
    """Mistake 39."""
    a = np.array([[1.0, 2.0]])
    assert np.allclose(layers.Softmax()(a + 1000.0), layers.Softmax()(a), atol=1e-12)


def test_columns_are_standardized_one_by_one():
    """Mistake 40."""
    table = np.column_stack([RNG.normal(650, 350, 500), RNG.normal(0.06, 0.01, 500)])
    standard = data.standardize(table)
    assert np.allclose(standard.mean(axis=0), 0.0, atol=1e-9)
    assert np.allclose(standard.std(axis=0), 1.0)


def test_a_second_step_without_a_new_gradient_is_refused():
    """Mistake 41."""
    loss = losses.LogLoss(network := Dense(1, seed=0))
    optimizer = optim.SGD(network)
    loss(X, Y)
    loss.backward()
    optimizer.step()
    with pytest.raises(BackwardError, match=r"no gradient since step 1\n.*\n.*then one optimizer\.step\(\)"):
        optimizer.step()


def test_the_last_partial_batch_is_kept_and_judged():
    """Mistake 42."""
    loader = data.DataLoader((np.arange(114.0)[:, None], np.arange(114) % 2), batch_size=50)
    assert [len(x) for x, _ in loader] == [50, 50, 14]
    counts = metrics.ConfusionCounts()
    for _, y in loader:
        counts.update(y, y)
    assert counts.compute().sum() == 114


def test_a_layer_sums_over_the_batch_and_the_loss_alone_takes_means():
    """Mistake 43."""
    layer = layers.Linear(2, seed=0).build(3, dtype="float64")
    g = RNG.normal(size=(20, 2))
    layer(X.astype(np.float64))
    input_grad = layer.backward(g)
    assert np.allclose(layer.W.grad, X.astype(np.float64).T @ g)
    assert np.allclose(input_grad, g @ layer.W.value.T)
    assert gradient_report(losses.LogLoss(Dense(1), reduction="mean"), X, Y).ok


def test_an_optimizer_learns_the_parameters_of_layers_that_it_has_never_heard_of():
    """Mistake 44."""
    loss = losses.MeanSquaredError(layer := Scale())
    optimizer = optim.SGD(layer, lr=0.5)
    loss(np.array([[2.0]]), np.array([3.0]))
    loss.backward()
    optimizer.step()
    assert layer.a.value.tolist() == [1.0 - 0.5 * 2 * (2.0 - 3.0) * 2.0]


@pytest.mark.parametrize("p", [1e-3, 1e-9, 1e-12])
def test_the_gradient_of_cross_entropy_is_that_of_its_value_also_for_tiny_probabilities(p):
    """Mistake 45."""
    loss = losses.CrossEntropy(layers.Reshape(2))
    values = [loss(np.array([[q, 1 - p]]), np.array([0])) for q in (p * 0.999, p * 1.001, p)]
    assert loss.gradient()[0].tolist() == pytest.approx([(values[1] - values[0]) / (p * 0.002), 0.0], rel=1e-5)


def test_two_dense_layers_are_more_than_one_linear_layer():
    """Mistake 46."""
    assert bend(Sequential(Dense(10, "relu"), layers.Linear(2), seed=0).build(3)) > 0.1
    assert bend(Sequential(Dense(10), layers.Linear(2), seed=0).build(3)) > 0.01


def test_networks_and_data_know_their_length_and_show_themselves():
    """Mistake 49."""
    network = Sequential(Dense(10), Dense(1))
    loader = data.DataLoader((X, Y), batch_size=8)
    assert (len(network), len(loader), len(loader.dataset)) == (2, 3, 20)
    assert repr(network) == "Sequential(\n  Dense(10),\n  Dense(1)\n)"
    assert repr(optim.SGD(Dense(1), lr=0.1)) == "SGD(Dense(1), lr=0.1)"


def test_the_validation_loss_compares_with_the_validation_labels():
    """Mistake 50."""
    model = Regressor(layers.Linear(1, seed=0)).fit(
        X[:10], X[:10, 0], epochs=3, print_every=None, valid=(X[10:], 5 + X[10:, 0])
    )
    expected = np.mean((model.predict(X[10:]) - (5 + X[10:, 0])) ** 2)
    assert model.history["valid_loss"][-1] == pytest.approx(float(expected), rel=1e-5)


def test_an_activation_stands_between_two_dense_layers_unless_it_is_left_out_in_so_many_words():
    """Mistake 51."""
    assert "Sigmoid" in Sequential(Dense(50), Dense(10, "log_softmax")).summary(784)
    silent = Sequential(Dense(50, activation=None), Dense(10, activation=None), seed=0)
    assert silent.summary(3).count("Linear") == 2
    assert bend(silent) < 1e-5


def test_what_is_judged_is_the_test_data():
    """Mistake 52."""
    train, test = data.DataLoader((X, Y)), data.DataLoader((X[:10], 1 - Y[:10]))
    model = Classifier(Dense(1, seed=0), loss=losses.LogLoss, optimizer=optim.Adam, batch_gen=train)
    model.fit(epochs=3000, print_every=None)
    assert model.evaluate(train).metrics["accuracy"] == 1.0
    assert model.evaluate(test).metrics["accuracy"] == 0.0


def test_momentum_is_the_one_that_was_given():
    """Mistake 53."""
    loss = losses.MeanSquaredError(layer := layers.Linear(1, weight_init=Constant(1.0), bias=False))
    optimizer = optim.SGD(layer, lr=0.1, momentum=0.5)
    for _ in range(2):
        loss(np.ones((1, 1)), np.zeros(1))
        loss.backward()
        optimizer.step()
    first = 1.0 - 0.1 * 2.0
    assert layer.W.value[0, 0] == pytest.approx(first - 0.1 * (0.5 * 2.0 + 2.0 * first))


def test_standardized_labels_come_back_to_their_own_scale():
    """Mistake 54."""
    labels = 100 + 20 * X[:, :2].astype(np.float64)
    standardizer = data.Standardizer().fit(labels[:10])
    assert np.allclose(standardizer.inverse_transform(standardizer.transform(labels[10:])), labels[10:])


def test_splits_are_seeded_and_weights_scaled_and_biases_left_out_on_request():
    """Mistake 55."""
    one, two = (data.train_test_split(X, Y, seed=3) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert Dense(100).build(400, seed=0).W.value.std() == pytest.approx(np.sqrt(2 / 500), rel=0.05)
    assert layers.Linear(2, bias=False).build(3).vector.size == 6


def test_the_slope_of_relu_at_zero_is_zero():
    """Mistake 56."""
    relu = layers.ReLU()
    relu(np.array([[-1.0, 0.0, 1.0]]))
    assert relu.backward(np.ones((1, 3))).tolist() == [[0.0, 0.0, 1.0]]


def test_data_of_another_kind_than_the_parameters_are_refused_with_the_way_over():
    """Mistake 57."""
    network = Dense(1).build(3)
    with pytest.raises(MatchError, match=r"an input of array_api_strict, the parameters are of numpy\n.*\n.*use\("):
        network(array_api_strict.ones((2, 3), dtype=array_api_strict.float32))


def test_losses_of_every_epoch_are_kept_and_steps_counted_on_and_plots_labeled():
    """Mistake 59."""
    model = Classifier(Dense(1, seed=0)).fit(X, Y, epochs=3, batch_size=5, print_every=None, valid=(X, Y))
    assert len(model.history["train_loss"]) == len(model.history["valid_loss"]) == 3
    assert model.history["steps"] == [4, 8, 12]
    panel = model.history.plot().axes[0]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("epoch", "loss, mean per example")
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["train loss", "valid loss"]


def test_a_data_frame_is_shuffled_split_and_learned_from():
    """Mistake 60."""
    frame = pd.DataFrame(X, columns=["a", "b", "c"], index=range(100, 120))
    labels = pd.Series(Y, index=frame.index)
    train, test, y_train, y_test = data.train_test_split(frame, labels, seed=0)
    assert (train.index == y_train.index).all()
    model = Classifier(Dense(1, seed=0)).fit(train, y_train, epochs=2, print_every=None, valid=(test, y_test))
    assert model.predict(test).shape == (4,)
    assert sum(len(x) for x, _ in data.DataLoader((frame, labels), shuffle=True, seed=0, batch_size=8)) == 20


def test_biases_learn_and_belong_to_one_network():
    """Mistake 61."""
    one, two = Dense(1, seed=0), Dense(1, seed=0).build(3)
    list(Trainer(losses.LogLoss(one), optim.SGD(one, lr=0.5)).epochs([(X, np.ones(20))]))
    assert one.B.value[0] == pytest.approx(-0.5 * one.B.grad[0])
    assert one.B.value[0] != 0.0
    assert two.B.value.tolist() == [0.0]


def test_the_gradient_of_the_squared_error_has_its_factor_of_two():
    """Mistake 62."""
    loss = losses.MeanSquaredError(layers.Reshape(1))
    assert loss(np.array([[0.6738]]), np.array([0.0])) == pytest.approx(0.6738**2)
    assert loss.gradient().tolist() == [[2 * 0.6738]]


def test_the_loss_that_is_reported_is_the_one_that_is_trained():
    """Mistake 63."""
    network = Dense(1, seed=0).build(3).freeze()
    squared = losses.MeanSquaredError(network)
    model = Classifier(network, loss=squared).fit(X, Y, epochs=1, print_every=None, valid=(X, Y))
    expected = float(np.mean((network(X)[:, 0] - Y) ** 2))
    assert model.history["train_loss"] == pytest.approx([expected], rel=1e-5)
    assert model.history["valid_loss"] == pytest.approx([expected], rel=1e-5)


def test_an_epoch_shows_every_example_once_and_runs_every_layer_once():
    """Mistake 64."""
    loader = data.DataLoader((np.arange(8.0)[:, None], np.zeros(8)), batch_size=3, shuffle=True, seed=0)
    for _ in range(3):
        assert sorted(np.concatenate([x for x, _ in loader])[:, 0].tolist()) == list(range(8))
    scale = Scale().build(1)
    scale.calls = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINCOLN_CHECKS", "off")
        list(Trainer(losses.MeanSquaredError(scale), optim.SGD(scale)).epochs(loader))
    assert scale.calls == 3
