"""Mistakes 1 to 36 of the notebooks this library grew from: each is refused with a clear message or computed right.

The numbers are those of the project's list; 37 to 64 are in ``test_mistakes_37_to_64.py``. The table at the end of this
file has the numbers that no code can have.
"""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import lincoln as lnc
from lincoln import Dense, Layer, Sequential, data, datasets, functional, layers, losses, metrics, optim
from lincoln.exc import BackwardError, ContractError, DataError, DimensionError, MatchError, MissingDataError
from lincoln.initializers import Constant
from lincoln.models import Classifier, Logistic, Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
FAR = [-1e4, -100.0, -88.75, -14.75, 0.0, 14.75, 88.75, 100.0, 1e4]


def logits(values):
    """A batch of single float32 logits."""
    return np.array(values, dtype=np.float32)[:, None]


def logit_grad(activation, loss, a, y):
    """The loss of each logit alone, and its gradient on the logit."""
    network = activation()
    made = loss(network)
    with lnc.recording():
        made(a, np.full(a.shape, y, dtype=np.float32))
        made.backward()
    return made.losses, network.input_grad


def test_a_step_goes_downhill():
    """Mistake 1."""
    layer = layers.Linear(1, weight_init=Constant(1.0), bias=False)
    loss, optimizer = losses.MeanSquaredError(layer), optim.SGD(layer, lr=0.1)
    before = loss(np.ones((1, 1)), np.zeros(1))
    loss.backward()
    optimizer.step()
    assert layer.W.value[0, 0] == 1.0 - 0.1 * 2.0
    assert loss(np.ones((1, 1)), np.zeros(1)) < before


def test_shuffling_changes_the_order():
    """Mistake 2."""
    batches = data.generate_batches(np.arange(100.0)[:, None], np.arange(100), size=30, seed=0)
    features, labels = (np.concatenate(part)[:, 0] for part in zip(*batches, strict=True))
    assert features.tolist() != list(range(100))
    assert sorted(features) == list(range(100))
    assert (features == labels).all()


def test_batches_without_shuffling_take_flat_labels():
    """Mistake 3."""
    batches = list(data.generate_batches(X, Y, size=8, shuffle=False))
    assert [y.shape for _, y in batches] == [(8, 1), (8, 1), (4, 1)]
    assert np.concatenate([y for _, y in batches])[:, 0].tolist() == Y.tolist()


def test_fit_judges_by_the_metric_that_it_was_given(capsys):
    """Mistake 4."""
    model = Classifier(Dense(1, seed=0), metric=metrics.MeanAbsoluteError())
    model.fit(X, Y, epochs=1, print_every=1)
    error = np.abs(model.outputs(X)[:, 0] - Y).mean()
    assert capsys.readouterr().err.endswith(f"  Mean absolute error: {error:.3f}\n")


def test_a_printed_loss_is_a_mean_per_example(capsys):
    """Mistake 5."""
    network = Dense(1, weight_init=Constant(0.0), seed=0).build(3).freeze()
    Classifier(network).fit(X, Y, epochs=3, print_every=3, batch_size=7)
    assert [line.split("..")[1] for line in capsys.readouterr().err.splitlines()] == [" Train loss: 0.6931"] * 3


@pytest.mark.parametrize(("a", "y", "slope"), [(100.0, 0.0, 1.0), (-100.0, 1.0, -1.0)])
def test_a_saturated_wrong_probability_still_teaches(a, y, slope):
    """Mistake 6."""
    loss, grad = logit_grad(layers.Sigmoid, losses.LogLoss, logits([a]), y)
    assert np.isfinite(loss).all()
    assert grad == pytest.approx(slope, rel=1e-6)


def test_every_output_has_a_gradient_of_its_own():
    """Mistake 7."""
    network = Dense(3, seed=0)
    loss = losses.LogLoss(network)
    loss(X, np.tile([0.0, 1.0, 0.0], (20, 1)))
    p = network.output
    assert loss.gradient().shape == (20, 3)
    assert np.allclose(loss.gradient(), np.where([False, True, False], -1 / p, 1 / (1 - p)), rtol=1e-4)


def test_a_mean_loss_frees_the_learning_rate_from_the_batch_size():
    """Mistake 8."""
    once, twice = Dense(1, seed=0), Dense(1, seed=0)
    for network, copies in ((once, 1), (twice, 2)):
        loss = losses.LogLoss(network, reduction="mean")
        loss(np.tile(X, (copies, 1)), np.tile(Y, copies))
        loss.backward()
    assert np.allclose(once.W.grad, twice.W.grad, atol=1e-6)


def test_the_scale_is_learned_from_the_training_rows_and_the_accuracy_shown_is_of_others():
    """Mistake 9."""
    train, test, y_train, y_test = data.train_test_split(X * 10 + 5, Y, test_size=0.25, seed=0)
    standardizer = data.Standardizer().fit(train)
    assert np.allclose(standardizer.mean_, train.mean(axis=0))
    held_out = standardizer.transform(test), y_test
    model = Classifier(Dense(1, seed=0)).fit(
        standardizer.transform(train), y_train, epochs=2, print_every=None, valid=held_out
    )
    assert model.history["accuracy"][-1] == model.score(*held_out)


def test_a_constant_column_is_standardized_to_zero():
    """Mistake 10."""
    assert data.standardize([[1.0, 7.0], [3.0, 7.0]]).tolist() == [[-1.0, 0.0], [1.0, 0.0]]


def test_parts_of_different_networks_are_refused():
    """Mistake 11."""
    one, two = Dense(1), Dense(1)
    with pytest.raises(MatchError, match="a loss of another network"):
        Classifier(one, loss=losses.LogLoss(two))
    with pytest.raises(MatchError, match="a loss and an optimizer with different networks"):
        Trainer(losses.LogLoss(one), optim.SGD(two))


def test_a_network_before_its_first_pass_has_no_parameters_and_cannot_learn():
    """Mistake 12."""
    network = Dense(1)
    assert list(network.parameters()) == []
    with pytest.raises(BackwardError, match="a network that is not built yet"):
        optim.SGD(network).step()


def test_a_layer_used_twice_is_refused_and_twins_add_their_gradients():
    """Mistake 13."""
    layer = layers.Linear(3, seed=0)
    with pytest.raises(ContractError, match=r"layer\.twin\(\)"):
        Sequential(layer, layer)
    both = Sequential(layer, layer.twin())
    assert lnc.check.gradients.gradient_report(both, X[:4]).ok


def test_a_metric_pass_leaves_what_backward_needs():
    """Mistake 13."""
    layer = layers.Linear(1, seed=0)
    layer(X)
    with lnc.inference():
        layer(X[:5] * 100)
    layer.backward(np.ones((20, 1), dtype=np.float32))
    assert np.allclose(layer.W.grad, X.sum(axis=0)[:, None], atol=1e-5)


@pytest.mark.parametrize(
    "layer", [layers.Linear(2), layers.Sigmoid(), layers.LogSigmoid(), layers.Dropout(0.5)], ids=str
)
def test_every_layer_checks_shapes_though_none_writes_a_check(layer):
    """Mistake 14."""
    layer(X)
    with pytest.raises(MatchError, match=r"output_grad \(20, 1\), output \(20, [23]\)"):
        layer.backward(np.ones((20, 1), dtype=np.float32))


def test_a_backward_pass_needs_a_gradient_and_a_network_needs_objects():
    """Mistake 15."""
    network = Dense(1, seed=0)
    network(X)
    with pytest.raises(MatchError, match=r"output_grad NoneType, output \(20, 1\)"):
        network.backward(None)
    with pytest.raises(ContractError, match=r"Sigmoid\(\), an object of the class"):
        Sequential(layers.Linear(1), layers.Sigmoid)


def test_an_examples_gradient_is_not_summed_over_the_others():
    """Mistake 17."""
    network = layers.Reshape(1)
    loss = losses.LogLoss(network)
    loss(np.array([[0.5], [0.25]]), np.array([1.0, 0.0]))
    assert np.allclose(loss.gradient(), [[-1 / 0.5], [1 / (1 - 0.25)]])


def test_an_unknown_activation_is_refused_by_name():
    """Mistake 18."""
    with pytest.raises(DataError, match=r"activation='sigmoidal'\n.*\n.*one of elu, .*, sigmoid, .*, tanh"):
        Dense(10, activation="sigmoidal")
    assert isinstance(Dense(10, activation="tanh").activation, layers.Tanh)


def test_sigmoid_does_not_overflow_and_one_half_counts_as_yes():
    """Mistake 19."""
    assert layers.Sigmoid()(logits([-1e4, 0.0, 1e4]))[:, 0].tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert metrics.accuracy([[0.5]], [[1]]) == 1.0


def test_integer_labels_are_taken_where_numbers_are_wanted():
    """Mistake 21."""
    loss = losses.LogLoss(Dense(1, seed=0))
    assert loss(X, Y) == loss(X, Y.astype(np.float32)) == loss(X, Y[:, None])


def test_a_line_judges_the_validation_examples_alone(capsys):
    """Mistake 22."""
    judged = []
    model = Classifier(Dense(1, seed=0), metric=lambda outputs, labels: judged.append(len(labels)) or 0.5)
    model.fit(X, Y, epochs=4, batch_size=10, print_every=4, valid=(X[:6], Y[:6]))
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert judged == [6] * (2 + 4)


def test_backward_before_forward_is_refused_and_initial_weights_suit_the_fan_in():
    """Mistake 22b."""
    with pytest.raises(BackwardError, match="backward before forward"):
        layers.Linear(1).backward(np.ones((1, 1)))
    wide, narrow = (Dense(50, activation="relu").build(size, seed=0) for size in (900, 9))
    assert narrow.W.value.std() / wide.W.value.std() == pytest.approx(10.0, rel=0.1)
    assert not wide.B.value.any()


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_log_sigmoid_and_its_loss_stay_finite_and_right_however_sure_they_are(y):
    """Mistake 23."""
    a = logits(FAR)
    exact = np.logaddexp(0.0, -a if y == 1.0 else a.astype(np.float64))
    loss, grad = logit_grad(layers.LogSigmoid, losses.LogSigmoidLoss, a, y)
    reachable = exact < 80
    assert np.isfinite(loss).all()
    assert np.allclose(loss[reachable], exact[reachable], rtol=1e-5)
    assert np.allclose(grad, functional.sigmoid(a.astype(np.float64)) - y, atol=1e-6)


@pytest.mark.parametrize("size", [100.0, 1e4])
def test_softmax_and_log_softmax_stay_finite_for_large_logits(size):
    """Mistake 24."""
    a = np.array([[size, 0.0], [size, size - 1.0], [-size, size]], dtype=np.float32)
    p, z = layers.Softmax()(a), layers.LogSoftmax()(a)
    assert np.allclose(p, [[1, 0], [0.73105858, 0.26894142], [0, 1]], atol=1e-6)
    assert np.allclose(z[:, 0], [0.0, np.log(0.73105858), -2 * size], rtol=1e-6)


def test_cross_entropy_bears_probabilities_that_underflow_and_still_teaches():
    """Mistake 25."""
    network = layers.Softmax()
    loss = losses.CrossEntropy(network)
    with lnc.recording():
        loss(np.array([[1e4, 0.0, 0.0], [0.0, 0.0, 1e4]], dtype=np.float32), np.array([0, 0]))
        loss.backward()
    assert 0.0 == loss.losses[0] < 50.0 < loss.losses[1] < np.inf
    assert np.allclose(network.input_grad, [[0.0, 0.0, 0.0], [-1.0, 0.0, 1.0]], atol=1e-6)


def test_negative_log_likelihood_bears_a_class_without_any_probability():
    """Mistake 26."""
    loss = losses.NLLLoss(layers.Reshape(2))
    assert loss(np.array([[-np.inf, 0.0]]), np.array([1])) == 0.0
    assert loss.gradient().tolist() == [[0.0, -1.0]]


@pytest.mark.parametrize("layer", [layers.Softmax(), layers.LogSoftmax()], ids=str)
@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (1, 1)], ids=str)
def test_softmax_goes_back_through_one_example_and_through_one_class(layer, shape):
    """Mistake 27."""
    assert lnc.check.gradients.gradient_report(layer, input_shape=shape).ok


@pytest.mark.parametrize("layer", [layers.Softmax(), layers.LogSoftmax()], ids=str)
def test_softmax_goes_back_without_building_a_jacobian(layer):
    """Mistake 28."""
    a = RNG.normal(size=(2, 3000))
    layer(a)
    tracemalloc.start()
    layer.backward(a)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * a.nbytes < 3000 * 3000 * 8 / 50


@pytest.mark.parametrize(
    ("does", "error"),
    [
        (lambda: layers.Linear(1)(np.ones(3)), DimensionError),
        (lambda: layers.LogSigmoid().backward(np.ones((1, 1))), BackwardError),
        (lambda: refused_gradient(layers.Softmax()), MatchError),
        (lambda: refused_gradient(layers.LogSoftmax()), MatchError),
        (lambda: refused_gradient(layers.LogSigmoid()), MatchError),
    ],
)
def test_a_refusal_is_the_error_that_it_names(does, error):
    """Mistake 29."""
    with pytest.raises(error, match=f"LN1.. {error.__name__}"):
        does()


def refused_gradient(layer):
    layer(X)
    return layer.backward(X.T)


def test_what_backward_returns_is_checked_in_a_users_layer_too():
    """Mistake 30."""

    class Careless(Layer):
        def forward(self, input):
            return -np.logaddexp(0.0, -input)

        def backward(self, output_grad):
            return ((1 - np.exp(self.output)) * output_grad).sum(axis=0)

    layer = Careless()
    layer(X)
    with pytest.raises(MatchError, match=r"input_grad \(3,\), last_input \(20, 3\)"):
        layer.backward(X)


@pytest.mark.parametrize("model", [Classifier, Logistic])
@pytest.mark.parametrize("activation", ["sigmoid", "log_sigmoid", None])
def test_models_share_one_fit_and_match_loss_and_metric_to_the_activation(model, activation):
    """Mistake 31."""
    made = model(Dense(1, activation, seed=0)).fit(X, Y, epochs=50, print_every=None, batch_size=10, valid=(X, Y))
    assert made.history["accuracy"][-1] == made.score(X, Y) == np.mean((made.predict_proba(X)[:, 1] > 0.5) == Y)
    with pytest.raises(MatchError, match="a network that ends in LogSigmoid"):
        model(Dense(1, "log_sigmoid"), loss=losses.LogLoss)


def test_top_k_error_needs_no_exp_and_works():
    """Mistake 32."""
    scores, labels = RNG.normal(size=(50, 10)), np.arange(50) % 10
    best_three = np.argsort(-scores, axis=1)[:, :3]
    expected = 1 - np.mean((best_three == labels[:, None]).any(axis=1))
    assert metrics.TopKError(k=3)(scores, labels) == pytest.approx(expected)
    assert metrics.TopKError(k=3, logprob=True)(scores, labels) == pytest.approx(expected)


def test_the_first_line_of_an_epoch_counts_all_the_batches_since_the_last_line(capsys):
    """Mistake 33."""
    network = Dense(1, seed=0).build(3).freeze()
    batches = [(X[:8], Y[:8]), (X[8:16], Y[8:16]), (X[16:], Y[16:])]
    Classifier(network, loss := losses.LogLoss(network), batch_gen=batches).fit(epochs=2, print_every=2)
    across = (loss(*batches[2]) + loss(*batches[0])) / 12
    assert f"\nEpoch 2.. Train loss: {across:.4f}..\n" in capsys.readouterr().err


def test_images_that_are_not_there_are_asked_for_and_the_test_images_are_kept_apart(monkeypatch, tmp_path):
    """Mistake 34."""
    monkeypatch.setenv("LINCOLN_DATA", str(tmp_path))
    monkeypatch.setenv("LINCOLN_CACHE", str(tmp_path))
    asked = []
    monkeypatch.setattr("lincoln.datasets.images.fetch_all", lambda files, **_: (asked.append(files), ({}, []))[1])
    with pytest.raises(MissingDataError, match="LINCOLN_DATA"):
        datasets.mnist()
    assert len(asked) == 1
    assert {"x_train", "y_train", "x_test", "y_test"} <= set(datasets.images.Images.__annotations__)


def test_the_gradient_of_a_loss_before_its_forward_is_refused():
    """Mistake 35."""
    loss = losses.LogSigmoidLoss(Dense(1, "log_sigmoid"))
    with pytest.raises(BackwardError, match="backward before forward"):
        loss.gradient()
    with pytest.raises(BackwardError, match="backward before forward"):
        loss.backward()


def test_a_flat_generator_knows_how_many_batches_it_has():
    """Mistake 36."""
    assert len(data.FlatGenerator(data.DataLoader((X, Y), batch_size=8))) == 3


NOT_FOR_CODE = {
    "16": "a demonstration's captions, which say of its numbers what they are not",
    "20": "one letter for two quantities; here eps and lr are two names",
    "22c": "a demonstration that makes a variable and uses an older one",
    "47": "imports that another name covers; the linter finds those of the examples",
    "48": "indices in formulas that stand in the text",
    "58": "symbols and words that change from section to section",
}
"""The numbers of the list that are about text, names or a notebook's own variables."""


def test_every_number_of_the_list_has_a_test_or_a_reason():
    files = [Path(__file__), Path(__file__).with_name("test_mistakes_37_to_64.py")]
    tested = {
        number for file in files for number in re.findall(r'^    """Mistake (\w+)\.', file.read_text("utf-8"), re.M)
    }
    assert tested & NOT_FOR_CODE.keys() == set()
    assert tested | NOT_FOR_CODE.keys() == {str(number) for number in range(1, 65)} | {"22b", "22c"}
