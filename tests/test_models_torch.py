"""Models on PyTorch tensors: the library's own layers, and a user's written as the notebooks write them."""

from types import SimpleNamespace

import numpy as np
import pytest

import lincoln as lnc
from lincoln import Dense, Sequential, data, layers, losses, metrics, optim
from lincoln.exc import TrainingError
from lincoln.models import Classifier, Logistic, Regressor

pytestmark = pytest.mark.big

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
TWO = (X[:, 0] + X[:, 1] > 0).astype(int)
THREE = np.digitize(X[:, 0], [-0.5, 0.5])


@pytest.fixture
def torch():
    """PyTorch, and NumPy data handed out as its tensors."""
    torch = pytest.importorskip("torch")
    lnc.arrays.use("torch")
    yield torch
    lnc.arrays.use("numpy")


@pytest.fixture
def theirs(torch):
    """Layers, losses and a metric of a user's own: all stored and checked by hand, parameters as bare tensors."""

    class Affine(lnc.Layer):
        def __init__(self, size):
            super().__init__()
            self.size = size
            self.first = True
            self.tensors = {"W": None, "B": None}
            self.slopes = {"W": None, "B": None}

        def forward(self, input):
            if input.dim() != 2:
                raise lnc.exc.DimensionError(f"two axes are needed, not {input.dim()}")
            self.last_input = input
            if self.first:
                start = torch.Generator().manual_seed(self.size)
                self.tensors["W"] = 0.01 * torch.randn((input.shape[1], self.size), generator=start)
                self.tensors["B"] = 0.01 * torch.randn((1, self.size), generator=start)
                self.first = False
            self.output = torch.mm(input, self.tensors["W"]) + self.tensors["B"]
            return self.output

        def backward(self, grad):
            if grad.shape != self.output.shape:
                raise lnc.exc.MatchError("the gradient has another shape than the output")
            self.slopes["W"] = torch.mm(self.last_input.t(), grad)
            self.slopes["B"] = torch.sum(grad, dim=0).view(1, -1)
            return torch.mm(grad, self.tensors["W"].t())

        def parameters(self):
            yield from self.tensors.values()

        def grads(self):
            yield from self.slopes.values()

    class Squash(lnc.Layer):
        def forward(self, input):
            self.last_input = input
            self.output = 1.0 / (1.0 + torch.exp(-input))
            return self.output

        def backward(self, grad):
            return self.output * (1.0 - self.output) * grad

    class LogSquash(lnc.Layer):
        def forward(self, input):
            self.output = input - torch.log(torch.exp(input) + 1)
            return self.output

        def backward(self, grad):
            return (1 - torch.exp(self.output)) * grad

    class LogShares(lnc.Layer):
        def forward(self, input):
            self.output = input - torch.log(torch.exp(input).sum(dim=1, keepdim=True))
            return self.output

        def backward(self, grad):
            n, m = self.output.shape
            jacobian = torch.eye(m).expand(n, m, m) - torch.exp(self.output)[:, None, :]
            return torch.bmm(grad[:, None, :], jacobian)[:, 0, :]

    class OwnWayBack(lnc.Loss):
        """The first notebook's form: the loss sends its gradient back itself."""

        def __init__(self, network, eta=1e-9):
            super().__init__(network)
            self.eta = eta

        def forward(self, features, labels):
            self.last_input = p = self.network(features)
            self.labels = y = labels
            return torch.sum(-y * torch.log(p + self.eta) - (1 - y) * torch.log(1 - p + self.eta)).item()

        def backward(self):
            y, p = self.labels, self.last_input
            self.network.backward(-y / (p + self.eta) + (1 - y) / (1 - p + self.eta))

    class OfLogarithms(lnc.Loss):
        """The second notebook's form: the loss gives its gradient."""

        def forward(self, input, labels):
            self.last_input = z = self.network(input)
            self.labels = y = labels
            return torch.sum(-y * z - (1 - y) * torch.log(1 - torch.exp(z))).item()

        def gradient(self):
            y, p = self.labels, torch.exp(self.last_input)
            return -y + (1 - y) * p / (1 - p)

    class Picked(lnc.Loss):
        def forward(self, input, labels):
            self.last_input = self.network(input)
            self.labels = labels
            return -torch.gather(self.last_input, 1, labels).sum().item()

        def gradient(self):
            return torch.zeros_like(self.last_input).scatter(1, self.labels, -1.0)

    class Hits:
        def __call__(self, outputs, labels):
            _, chosen = torch.exp(outputs).topk(1)
            return (chosen.view(-1) == labels.view(-1)).type(torch.FloatTensor).mean().item()

    return SimpleNamespace(**{name: value for name, value in locals().items() if isinstance(value, type)})


def adam(network, lr=0.01):
    return optim.Adam(network, lr=lr)


# ---------------------------------------------------------------- the library's own layers


@pytest.mark.parametrize(
    ("last", "labels"),
    [
        (lambda: Dense(1), TWO),
        (lambda: Dense(1, "log_sigmoid"), TWO),
        (lambda: Dense(3, "log_softmax"), THREE),
        (lambda: Dense(3, None), THREE),
    ],
)
def test_numpy_data_train_a_network_of_tensors_to_the_same_numbers(torch, last, labels):
    def model():
        network = Sequential(Dense(8, "relu"), layers.Dropout(0.2), last(), seed=0)
        made = Classifier(network, optimizer=adam(network))
        return made.fit(X, labels, epochs=20, print_every=7, valid=(X, labels), early_stopping=5)

    tensors = model()
    lnc.arrays.use("numpy")
    numbers = model()
    assert type(tensors.network.vector.value) is torch.Tensor
    assert type(numbers.network.vector.value) is np.ndarray
    lnc.arrays.use("torch")
    assert type(tensors.predict(X)) is np.ndarray
    assert tensors.history["accuracy"] == pytest.approx(numbers.history["accuracy"], abs=0.03)
    assert tensors.history["train_loss"] == pytest.approx(numbers.history["train_loss"], rel=1e-3)


def test_tensors_are_learned_from_and_predicted_for_without_a_word(torch):
    lnc.arrays.use("numpy")
    x, y = torch.tensor(X), torch.tensor(TWO)
    model = Logistic(network := Dense(1, seed=0), optimizer=adam(network)).fit(x, y, epochs=200, print_every=None)
    assert (network.W.value.dtype, model.predict(x).shape) == (torch.float32, (90,))
    assert model.score(x, y) == model.evaluate(x, y).metrics["accuracy"] > 0.95


def test_values_are_predicted_from_tensors(torch):
    network = layers.Linear(2, seed=0)
    model = Regressor(network, optimizer=adam(network)).fit(torch.tensor(X), X[:, :2], epochs=400, print_every=None)
    assert np.allclose(model.predict(X), X[:, :2], atol=1e-2)
    assert model.history.best.train_loss < 1e-4


def test_pytorchs_loaders_give_the_batches(torch, capsys):
    images = torch.tensor(X, dtype=torch.float32).view(90, 2, 2)
    dataset = torch.utils.data.TensorDataset(images, torch.tensor(THREE))
    train, valid = (torch.utils.data.DataLoader(dataset, batch_size=size) for size in (32, 40))
    network = Sequential(Dense(16), Dense(3, "log_softmax"), seed=0)
    model = Classifier(
        network,
        loss=losses.NLLLoss(network),
        optimizer=adam(network),
        batch_gen=data.FlatGenerator(train),
        valid_gen=data.FlatGenerator(valid),
        metric=metrics.Accuracy(logprob=True),
    )
    model.fit(epochs=60, print_every=90)
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert model.history["accuracy"][-1] == model.score(X, THREE) > 0.9


def test_lost_weights_are_brought_back_as_tensors(torch):
    network = layers.Linear(1, seed=0).build(4)
    before = network.vector.value.clone()
    model = Regressor(network, losses.MeanSquaredError(network), optim.SGD(network, lr=1e38))
    with pytest.raises(TrainingError, match="start of epoch 1 again"):
        model.fit(X, 100 * X[:, 0], epochs=3, print_every=None)
    assert torch.equal(network.vector.value, before)


# ---------------------------------------------------------------- a user's own


def test_a_users_layers_and_loss_of_the_first_notebook_are_trained(theirs, capsys):
    network = Sequential(theirs.Affine(10), theirs.Squash(), theirs.Affine(1), theirs.Squash())
    model = Classifier(network, loss=theirs.OwnWayBack(network), optimizer=optim.SGD(network, lr=0.1))
    model.fit(X, TWO, epochs=100, batch_size=30, print_every=100)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("..")[0] for line in lines] == ["Epoch 34", "Epoch 67", "Epoch 100"]
    assert model.score(X, TWO) > 0.95
    assert model.history["train_loss"][-1] < model.history["train_loss"][0]


def test_a_users_layer_and_loss_of_the_second_notebook_are_trained(theirs):
    network = Sequential(Dense(10), Dense(1, activation=theirs.LogSquash()), seed=0)
    model = Logistic(network, loss=theirs.OfLogarithms(network), optimizer=adam(network))
    model.fit(X, TWO, epochs=100, batch_size=30, print_every=None, log_ps=True)
    assert model.score(X, TWO) == model.evaluate(X, TWO).metrics["accuracy"] > 0.95


def test_a_users_softmax_loss_and_metric_are_trained_on_batches(theirs, torch, capsys):
    dataset = torch.utils.data.TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(THREE))
    loader = torch.utils.data.DataLoader(dataset, batch_size=32)
    network = Sequential(Dense(20), Dense(3, activation=theirs.LogShares()), seed=0)
    model = Classifier(
        network,
        loss=theirs.Picked(network),
        optimizer=adam(network),
        batch_gen=data.FlatGenerator(loader),
        valid_gen=data.FlatGenerator(loader),
        metric=theirs.Hits(),
    )
    model.fit(epochs=50, print_every=150)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"..  Hits: {model.history['Hits'][-1]:.3f}")
    assert model.score(X, THREE) == pytest.approx(model.history["Hits"][-1])
    assert model.score(X, THREE) > 0.9


def test_a_users_layers_train_as_the_librarys_own_do_from_the_same_start(theirs):
    mine = Sequential(theirs.Affine(3), theirs.Squash(), theirs.Affine(1), theirs.Squash()).build(4)
    own = Sequential(Dense(3), Dense(1)).build(4)
    for mine_parameter, own_parameter in zip(mine.parameters(), own.parameters(), strict=True):
        own_parameter.value = mine_parameter.value.reshape(own_parameter.shape)
    for network, loss in ((mine, theirs.OwnWayBack), (own, losses.LogLoss)):
        made = Classifier(network, loss(network), optim.SGD(network, lr=0.05), seed=1)
        made.fit(X, TWO, epochs=5, print_every=None)
    assert np.allclose(mine.vector.value, own.vector.value, atol=1e-4)


def test_the_best_weights_come_back_into_a_users_own_tensors(theirs, torch):
    def model(**options):
        network = Sequential(theirs.Affine(3), theirs.Squash(), theirs.Affine(1), theirs.Squash())
        made = Classifier(network, theirs.OwnWayBack(network), optim.SGD(network, lr=0.1), seed=1)
        return made.fit(X, TWO, print_every=None, **options)

    stopped = model(epochs=99, valid=(X, 1 - TWO), early_stopping=3)
    best = model(epochs=stopped.history.best.number)
    assert len(stopped.history) == stopped.history.best.number + 3
    for one, other in zip((stopped.network[0], stopped.network[2]), (best.network[0], best.network[2]), strict=True):
        assert torch.equal(one.tensors["W"], other.tensors["W"])
        assert torch.equal(one.tensors["B"], other.tensors["B"])


def test_lost_weights_come_back_into_a_users_own_tensors(theirs, torch):
    network = Sequential(theirs.Affine(1)).build(4)
    before = network[0].tensors["W"].clone()
    model = Regressor(network, losses.MeanSquaredError(network), optim.SGD(network, lr=1e38))
    with pytest.raises(TrainingError, match="start of epoch 1 again"):
        model.fit(X, 100 * X[:, 0], epochs=3, print_every=None)
    assert torch.equal(network[0].tensors["W"], before)
