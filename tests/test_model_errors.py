"""Everything that models and the training loop refuse: the text of the refusal, and that its fix works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_mistakes import Mistake

import lincoln as lnc
from lincoln import Dense, Layer, Sequential, data, exc, layers, losses, optim
from lincoln.models import Classifier, EarlyStopping, History, Logistic, Regressor, Trainer
from lincoln.models.refusals import not_an_object

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 2
HOLE = np.where(np.arange(36).reshape(12, 3) == 16, np.nan, X)
GRADES = np.array(["a", "b", "c"] * 4)


class Forgetful(Layer):
    def forward(self, input):
        input * 2


class Doubling(Layer):
    def forward(self, input):
        return input * 2

    def backward(self, output_grad):
        return output_grad * 2


def chooser(*last: Layer, **options: Any) -> Classifier:
    return Classifier(Sequential(*(last or (Dense(4), Dense(1))), seed=0), **options)


def values(size: int = 1) -> Regressor:
    return Regressor(layers.Linear(size, seed=0))


def fit(model: Any, x: Any = X, y: Any = Y, **options: Any) -> Any:
    return model.fit(x, y, **({"epochs": 1, "print_every": None} | options))


def trainer(loss_of: Layer, optimizer_of: Layer) -> Trainer:
    return Trainer(losses.LogLoss(loss_of), optim.SGD(optimizer_of))


def epochs(batches: Any, count: int = 2) -> list[Any]:
    network = Dense(1, seed=0)
    return list(trainer(network, network).epochs(batches, epochs=count))


NET = Dense(1, seed=0)
READY = fit(chooser())
COUNTED = fit(values(), y=X[:, 0])
ROW = "x[None] makes one example a batch of one; x[:, None] makes one feature a column"
AGAIN = "an object that can be gone through again, such as a DataLoader; or a function that makes one"
CLASSES = "labels.argmax(axis=1) for one-hot rows; Regressor for values; no missing labels"
COLUMNS = "x.astype(np.float32), or leave the column out; categories as numbers: np.unique(column, return_inverse=True)"
FILLED = "leave the row out, or fill it in: np.nan_to_num(x), or the column's median"

BEFORE_FIT = [
    Mistake(
        f"{name} before fit",
        exc.NotFittedError,
        "LN169",
        lambda asks=asks: asks(chooser()),
        f"Classifier.{where}",
        "a network that is not built",
        "fit(features, labels) first",
        lambda asks=asks: asks(fit(chooser())),
    )
    for name, where, asks in [
        ("predict", "predict", lambda model: model.predict(X)),
        ("predict_proba", "predict", lambda model: model.predict_proba(X)),
        ("score", "predict", lambda model: model.score(X, Y)),
        ("evaluate", "evaluate", lambda model: model.evaluate(X, Y)),
    ]
]

FEATURES = [
    Mistake(
        "fewer features than in training",
        exc.MatchError,
        "LN103",
        lambda: READY.predict(X[:, :2]),
        "Linear(4)",
        "an input of shape (12, 2)",
        "give 3 features, or make a new network for 2",
        lambda: READY.predict(X),
    ),
    Mistake(
        "one example without its batch axis",
        exc.DimensionError,
        "LN102",
        lambda: READY.predict(X[0]),
        "Linear(4)",
        "an input of shape (3,)",
        ROW,
        lambda: READY.predict(X[0][None]),
    ),
    Mistake(
        "one feature without its axis",
        exc.DimensionError,
        "LN102",
        lambda: fit(values(), X[:, 0]),
        "Linear(1, seed=0)",
        "an input of shape (1,)",
        ROW,
        lambda: fit(values(), X[:, 0][:, None]),
    ),
    Mistake(
        "features of strings",
        exc.DataError,
        "LN210",
        lambda: fit(chooser(), X.round().astype(int).astype(str)),
        "Dataset",
        "features of type <U21: '0' in row 0, column 0",
        COLUMNS,
        lambda: fit(chooser(), X.round().astype(int).astype(str).astype(np.float32)),
    ),
    Mistake(
        "features of objects",
        exc.DataError,
        "LN210",
        lambda: READY.predict(np.array([[1, 2.5, "3"]], dtype=object)),
        "Classifier.predict",
        "features of type object: '3' in row 0, column 2",
        COLUMNS,
        lambda: READY.predict(np.array([[1, 2.5, "3"]], dtype=object).astype(np.float32)),
    ),
    Mistake(
        "complex features",
        exc.DataError,
        "LN210",
        lambda: fit(READY, X + 1j),
        "Classifier",
        f"features of type complex128: {X[0, 0] + 1j!r} in row 0, column 0".replace("np.complex128", ""),
        "np.abs(x), or real and imaginary parts as two columns: np.concatenate([x.real, x.imag], axis=-1)",
        lambda: fit(READY, np.abs(X + 1j)),
    ),
    Mistake(
        "no examples",
        exc.DataError,
        "LN212",
        lambda: fit(chooser(), X[:0], Y[:0]),
        "Dataset",
        "features of shape (0, 3)",
        "look where the rows or columns were lost: a filter that lets nothing through?",
        lambda: fit(chooser(), X, Y),
    ),
    Mistake(
        "an empty batch",
        exc.DataError,
        "LN104",
        lambda: epochs([(X[:0], Y[:0])]),
        "Dense(1, seed=0)",
        "an empty batch of shape (0, 3)",
        "leave empty batches out",
        lambda: epochs([(X, Y)]),
    ),
    Mistake(
        "a hole in the training features",
        exc.DataError,
        "LN214",
        lambda: fit(chooser(), HOLE),
        "Classifier",
        "features: nan in row 5, column 1 (1 of 36 numbers is not finite)",
        FILLED,
        lambda: fit(chooser(), np.nan_to_num(HOLE)),
    ),
    Mistake(
        "a hole in the validation features",
        exc.DataError,
        "LN214",
        lambda: fit(chooser(), valid=(HOLE, Y)),
        "Classifier",
        "features: nan in row 5, column 1 (1 of 36 numbers is not finite)",
        FILLED,
        lambda: fit(chooser(), valid=(np.nan_to_num(HOLE), Y)),
    ),
    Mistake(
        "a hole where something is predicted",
        exc.DataError,
        "LN214",
        lambda: COUNTED.predict(HOLE),
        "Regressor.predict",
        "features: nan in row 5, column 1 (1 of 36 numbers is not finite)",
        FILLED,
        lambda: COUNTED.predict(np.nan_to_num(HOLE)),
    ),
    Mistake(
        "fewer labels than examples",
        exc.MatchError,
        "LN211",
        lambda: fit(chooser(), X, Y[:9]),
        "Dataset",
        "12 examples, 9 labels",
        "select the same rows from both, and give features before labels",
        lambda: fit(chooser(), X[:9], Y[:9]),
    ),
]

LABELS = [
    Mistake(
        "no labels",
        exc.DataError,
        "LN168",
        lambda: chooser().fit(X),
        "Classifier.fit",
        "no labels",
        "fit(features, labels), or batch_gen=... with batches to go through",
        lambda: chooser().fit(X, Y, epochs=1),
    ),
    Mistake(
        "nothing at all",
        exc.DataError,
        "LN168",
        lambda: chooser().fit(epochs=5),
        "Classifier.fit",
        "no features",
        "fit(features, labels), or batch_gen=... with batches to go through",
        lambda: chooser(batch_gen=[(X, Y)]).fit(epochs=5),
    ),
    Mistake(
        "labels that are fractions",
        exc.DataError,
        "LN172",
        lambda: fit(chooser(), y=X[:, 0]),
        "Classifier",
        "labels of shape (12,) and type float64",
        CLASSES,
        lambda: fit(values(), y=X[:, 0]),
    ),
    Mistake(
        "one-hot labels where classes are wanted",
        exc.DataError,
        "LN172",
        lambda: fit(chooser(Dense(2, "softmax")), y=np.eye(2)[Y]),
        "Classifier",
        "labels of shape (12, 2) and type float64",
        CLASSES,
        lambda: fit(chooser(Dense(2, "softmax")), y=np.eye(2)[Y].argmax(axis=1)),
    ),
    Mistake(
        "a missing label among strings",
        exc.DataError,
        "LN172",
        lambda: fit(chooser(), y=np.array(["a", None] * 6, dtype=object)),
        "Classifier",
        "labels of shape (12,) and type object: NoneType, str",
        CLASSES,
        lambda: fit(chooser(), y=np.array(["a", "unknown"] * 6, dtype=object)),
    ),
    Mistake(
        "complex labels",
        exc.DataError,
        "LN172",
        lambda: fit(chooser(), y=Y + 1j),
        "Classifier",
        "labels of shape (12,) and type complex128",
        CLASSES,
        lambda: fit(values(), y=(Y + 1j).real),
    ),
    Mistake(
        "one class only",
        exc.DataError,
        "LN171",
        lambda: fit(chooser(), y=np.zeros(12, dtype=int)),
        "Classifier.fit",
        "only one class: [0]",
        "labels with two classes or more",
        lambda: fit(chooser(), y=Y),
    ),
    Mistake(
        "a label that was not among the training labels",
        exc.DataError,
        "LN173",
        lambda: READY.evaluate(X, GRADES),
        "Classifier",
        "a label 'a'",
        "only labels that the training data have",
        lambda: READY.evaluate(X, Y),
    ),
    Mistake(
        "a label out of range",
        exc.DataError,
        "LN173",
        lambda: fit(chooser(), valid=(X, Y + 1)),
        "Classifier",
        "a label 2",
        "only labels that the training data have",
        lambda: fit(chooser(), valid=(X, Y)),
    ),
    Mistake(
        "more classes than outputs",
        exc.MatchError,
        "LN174",
        lambda: fit(chooser(), y=GRADES),
        "Classifier.fit",
        "3 classes, 1 output",
        "a last layer of 3 outputs, such as Dense(3, 'softmax')",
        lambda: fit(chooser(Dense(3, "softmax")), y=GRADES),
    ),
    Mistake(
        "fewer classes than outputs",
        exc.MatchError,
        "LN174",
        lambda: fit(chooser(Dense(5, "softmax")), y=GRADES),
        "Classifier.fit",
        "3 classes, 5 outputs",
        "a last layer of 3 outputs, such as Dense(3, 'softmax')",
        lambda: fit(chooser(Dense(3, "softmax")), y=GRADES),
    ),
    Mistake(
        "two outputs for a logistic model",
        exc.MatchError,
        "LN175",
        lambda: fit(Logistic(Dense(2, "softmax"))),
        "Logistic",
        "a network with outputs of shape (2,)",
        "Dense(1) as the last layer, or Classifier",
        lambda: [fit(Logistic(Dense(1))), fit(Classifier(Dense(2, "softmax")))],
    ),
    Mistake(
        "names where values are wanted",
        exc.DataError,
        "LN177",
        lambda: fit(values(), y=GRADES),
        "Regressor",
        "labels of <U1",
        "labels.astype(float), without missing values; Classifier for names of classes",
        lambda: fit(chooser(Dense(3, "softmax")), y=GRADES),
    ),
    Mistake(
        "an optimizer by name",
        exc.DataError,
        "LN178",
        lambda: chooser(optimizer="adam"),
        "Classifier",
        "optimizer='adam'",
        "an object or a class of lnc.optim, such as lnc.optim.Adam, or lnc.optim.Adam(network, lr=0.01)",
        lambda: [chooser(optimizer=optim.Adam), chooser(optimizer=lambda network: optim.Adam(network, lr=0.01))],
    ),
    Mistake(
        "a loss by name",
        exc.DataError,
        "LN178",
        lambda: chooser(loss="log"),
        "Classifier",
        "loss='log'",
        "an object or a class of lnc.losses, such as lnc.losses.SoftmaxCrossEntropy",
        lambda: chooser(layers.Linear(2), loss=losses.SoftmaxCrossEntropy),
    ),
    Mistake(
        "a share in place of validation data",
        exc.DataError,
        "LN179",
        lambda: fit(chooser(), valid=0.2),
        "Classifier.fit",
        "valid=float",
        "valid=(x_valid, y_valid); lnc.data.train_test_split(x, y) divides what there is",
        lambda: fit(chooser(), valid=(X, Y)),
    ),
    Mistake(
        "weights beside batches from elsewhere",
        exc.DataError,
        "LN524",
        lambda: fit(chooser(batch_gen=data.DataLoader((X, Y[:, None]))), sample_weight=np.ones(12)),
        "Classifier.fit",
        "sample_weight beside batch_gen",
        "batches (x, y, weights); or fit(features, labels, sample_weight=...) without batch_gen",
        lambda: fit(chooser(batch_gen=data.DataLoader((X, Y[:, None], np.ones(12))))),
    ),
    Mistake(
        "values that a sigmoid cannot reach",
        exc.DataError,
        "LN180",
        lambda: fit(Regressor(Dense(1, seed=0)), y=50.0 + X[:, 0].round(1) * 0),
        "Regressor.fit",
        "labels from 50 to 50, a network that ends in Sigmoid()",
        "a linear last layer, lnc.layers.Linear(1) or Dense(1, None): a bare Dense(1) is a sigmoid",
        lambda: fit(Regressor(Dense(1, None, seed=0)), y=50.0 + X[:, 0]),
    ),
    Mistake(
        "a value that is missing",
        exc.DataError,
        "LN177",
        lambda: fit(values(), y=HOLE[:, 1]),
        "Regressor",
        "labels of float64 with NaN or infinity",
        "labels.astype(float), without missing values; Classifier for names of classes",
        lambda: fit(values(), X[np.isfinite(HOLE[:, 1])], HOLE[np.isfinite(HOLE[:, 1]), 1]),
    ),
    Mistake(
        "labels (n,) for a network of several values",
        exc.MatchError,
        "LN145",
        lambda: fit(values(2), y=X[:, 0]),
        "MeanSquaredError",
        "predictions (12, 2), labels (12, 1)",
        "labels of shape (12, 2)",
        lambda: fit(values(2), y=X[:, :2]),
    ),
    Mistake(
        "labels (n, k) for a network of one value",
        exc.MatchError,
        "LN145",
        lambda: fit(values(), y=X[:, :2]),
        "MeanSquaredError",
        "predictions (12, 1), labels (12, 2)",
        "one column of labels for one output: labels[:, 0]; or a network with 2 outputs",
        lambda: [fit(values(), y=X[:, :2][:, 0]), fit(values(2), y=X[:, :2])],
    ),
]

PARTS = [
    Mistake(
        "a loss and an optimizer of different networks",
        exc.MatchError,
        "LN164",
        lambda: trainer(Dense(1), Dense(1)),
        "Trainer",
        "a loss and an optimizer with different networks",
        "make both of the same object: LogLoss(network), SGD(network)",
        lambda: trainer(NET, NET),
    ),
    Mistake(
        "a model with a loss of another network",
        exc.MatchError,
        "LN170",
        lambda: Classifier(Dense(1), losses.LogLoss(Dense(1))),
        "Classifier",
        "a loss of another network",
        "LogLoss(network) of the same network, or the class alone",
        lambda: [Classifier(NET, losses.LogLoss(NET)), Classifier(NET, losses.LogLoss)],
    ),
    Mistake(
        "a last layer whose outputs mean nothing known",
        exc.DataError,
        "LN176",
        lambda: chooser(Dense(2, "relu")),
        "Classifier",
        "a network that ends in ReLU(), and no loss",
        "loss=..., such as SoftmaxCrossEntropy for logits; or Dense(..., activation=None) as the last layer",
        lambda: [chooser(Dense(2, "relu"), loss=losses.SoftmaxCrossEntropy), chooser(Dense(2, activation=None))],
    ),
    Mistake(
        "softmax twice",
        exc.MatchError,
        "LN144",
        lambda: chooser(Dense(2, "softmax"), loss=losses.SoftmaxCrossEntropy),
        "SoftmaxCrossEntropy",
        "a network that ends in Softmax()",
        "activation=None in the last Dense, or leave the last activation out",
        lambda: chooser(Dense(2, activation=None), loss=losses.SoftmaxCrossEntropy),
    ),
    Mistake(
        "the same layer twice",
        exc.ContractError,
        "LN119",
        lambda: chooser(NET, NET),
        "Sequential",
        "the same Dense object in [0] Dense and in [1] Dense",
        "layer.twin(): a second layer on the same parameters; or a new layer",
        lambda: fit(chooser(layers.Linear(3), one := Dense(3), one.twin(), Dense(1))),
    ),
    Mistake(
        "a layer that forgets to return",
        exc.ContractError,
        "LN122",
        lambda: fit(chooser(Forgetful(), Dense(1))),
        "Forgetful().forward",
        "forward returned nothing",
        "end forward with: return output",
        lambda: fit(chooser(Doubling(), Dense(1))),
    ),
    Mistake(
        "batches that can be gone through once",
        exc.DataError,
        "LN221",
        lambda: chooser(batch_gen=iter([(X, Y)])).fit(epochs=2),
        "Batches",
        "a list_iterator",
        "an object whose __iter__ starts again, such as a DataLoader; or a list of the batches",
        lambda: [chooser(batch_gen=one).fit(epochs=2) for one in ([(X, Y)], data.DataLoader((X, Y)))],
    ),
    Mistake(
        "validation batches that can be gone through once",
        exc.DataError,
        "LN221",
        lambda: fit(chooser(valid_gen=(batch for batch in [(X, Y)])), epochs=2),
        "Batches",
        "a generator",
        "an object whose __iter__ starts again, such as a DataLoader; or a list of the batches",
        lambda: [fit(chooser(valid_gen=one), epochs=2) for one in ([(X, Y)], lambda: iter([(X, Y)]))],
    ),
    Mistake(
        "a generator that is used up",
        exc.DataError,
        "LN165",
        lambda: epochs(batch for batch in [(X, Y)]),
        "epoch 2",
        "no batches",
        AGAIN,
        lambda: [epochs(data.DataLoader((X, Y))), epochs(lambda: (batch for batch in [(X, Y)]))],
    ),
    Mistake(
        "nothing to judge on",
        exc.DataError,
        "LN165",
        lambda: READY.evaluate([]),
        "evaluate",
        "no batches",
        AGAIN,
        lambda: READY.evaluate(data.DataLoader((X, Y))),
    ),
    Mistake(
        "no patience",
        exc.DataError,
        "LN167",
        lambda: fit(chooser(), early_stopping=0),
        "EarlyStopping",
        "patience=0",
        "EarlyStopping(patience=10)",
        lambda: fit(chooser(), early_stopping=EarlyStopping(patience=10)),
    ),
    Mistake(
        "a gain below nothing",
        exc.DataError,
        "LN167",
        lambda: EarlyStopping(min_delta=-0.1),
        "EarlyStopping",
        "min_delta=-0.1",
        "EarlyStopping(patience=10)",
        lambda: EarlyStopping(patience=10),
    ),
    Mistake(
        "a column that no epoch has",
        exc.DataError,
        "LN160",
        lambda: READY.history["loss"],
        "History",
        "'loss'",
        "one of number, steps, train_loss, valid_loss, learning_rate, seconds",
        lambda: READY.history["train_loss"],
    ),
    Mistake(
        "the best of no epochs",
        exc.DataError,
        "LN163",
        lambda: chooser().history.best,
        "History.best",
        "no epoch",
        "model.fit(...) first",
        lambda: fit(chooser()).history.best,
    ),
    Mistake(
        "a plot of no epochs",
        exc.DataError,
        "LN163",
        lambda: History().plot(),
        "History.plot",
        "no epoch",
        "model.fit(...) first",
        lambda: READY.history.plot(),
    ),
]

each_mistake = pytest.mark.parametrize(
    "mistake", [*BEFORE_FIT, *FEATURES, *LABELS, *PARTS], ids=lambda mistake: mistake.name
)


@each_mistake
def test_a_refusal_says_where_what_why_and_how_to_mend_it(mistake: Mistake):
    mistake.assert_refused()


@each_mistake
def test_the_fix_that_a_refusal_names_works(mistake: Mistake):
    mistake.mended()


@pytest.mark.parametrize("mistake", FEATURES[:2], ids=lambda mistake: mistake.name)
def test_a_refusal_inside_the_network_names_the_way_to_the_layer(mistake: Mistake):
    with pytest.raises(mistake.error) as caught:
        mistake.does()
    assert caught.value.__notes__ == ["in Dense[0], Linear(4)", "in Sequential[0], Dense(4)"]


def test_every_code_that_models_raise_is_tested():
    raised = re.compile(r'code="(LN\d+)"')
    sources = (Path(lnc.__file__).parent / "models").glob("*.py")
    codes = {code for source in sources for code in raised.findall(source.read_text("utf-8"))}
    names = ("class_mistakes.py", "test_model_errors.py", "test_history.py", "test_training.py")
    tests = [Path(__file__).with_name(name) for name in names]
    tested = set(re.findall(r"LN\d+", "".join(test.read_text("utf-8") for test in tests)))
    assert codes - tested == set()


def test_a_class_in_place_of_a_loss_is_told_to_be_one():
    error = not_an_object(int, float)
    assert error.saw == "the class int"
    assert error.why.startswith("a trainer runs one float,")


def replaced_parts():
    """What can be made anew, and what would be put in the place of its parts."""
    network = Dense(1, None)
    model = Regressor(network)
    other = {
        "network": network.twin(),
        "loss": losses.Huber(network),
        "optimizer": optim.SGD(network),
        "metric": lnc.metrics.MeanAbsoluteError(),
        "trainer": Trainer(losses.Huber(network), optim.SGD(network)),
    }
    return [(thing, name, other[name]) for thing in (model, model.trainer) for name in other if hasattr(thing, name)]


@pytest.mark.parametrize(("thing", "name", "other"), replaced_parts())
def test_a_part_that_would_go_on_unseen_is_not_replaced(thing, name, other):
    before = getattr(thing, name)
    setattr(thing, name, before)
    with pytest.raises(exc.ContractError, match=f"{name} set to another object") as caught:
        setattr(thing, name, other)
    assert (caught.value.code, getattr(thing, name)) == ("LN584", before)
