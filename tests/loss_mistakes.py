"""What losses refuse: each mistake, what its refusal says, and the same thing with the fix applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from layer_mistakes import Mistake, X, built

from lincoln import Loss, exc, layers, losses
from lincoln.layers import Dense, Linear, Sequential, Softmax

GRADE = np.array(["a", "b", "a", "b"])


class Squared(Loss):
    def value(self, predictions, labels):
        return (predictions - labels) ** 2

    def derivative(self, predictions, labels):
        return 2 * (predictions - labels)


class Valueless(Squared):
    def value(self, predictions, labels):
        (predictions - labels) ** 2


class Summed(Squared):
    def gradient(self):
        return super().gradient().sum(axis=1, keepdims=True)


def mean_error(p, y):
    return ((p - y) ** 2).mean()


def classes(**options: Any) -> Loss:
    return losses.SoftmaxCrossEntropy(Linear(2, seed=0), **options)


def after(loss: Loss, *steps: Callable[[], Any]) -> None:
    for step in steps:
        step()
    loss.backward()


FIT = losses.MeanSquaredError(built(Linear(1)))
NUMBER = "labels.astype(int) if they hold whole numbers; np.unique(y, return_inverse=True)[1] for names of classes"

LOSS_MISTAKES = [
    Mistake(
        "an unknown reduction",
        exc.DataError,
        "LN130",
        lambda: classes(reduction="none"),
        "SoftmaxCrossEntropy",
        "reduction='none'",
        'reduction="sum" or reduction="mean"; loss.losses holds the last batch\'s losses one by one',
        lambda: classes(reduction="mean"),
    ),
    Mistake(
        "probabilities of a regression",
        exc.MatchError,
        "LN131",
        lambda: FIT.probabilities(X),
        "MeanSquaredError",
        "probabilities asked for",
        "predict(...); or a loss over classes, such as SoftmaxCrossEntropy",
        lambda: classes().probabilities(X),
    ),
    Mistake(
        "a loss's backward before its forward",
        exc.BackwardError,
        "LN132",
        lambda: classes().backward(),
        "SoftmaxCrossEntropy()",
        "backward before forward",
        "loss(x, y) first, then loss.backward()",
        lambda: [loss := classes(), loss(X, [0, 1, 0, 1]), loss.backward()],
    ),
    Mistake(
        "a gradient summed over outputs",
        exc.MatchError,
        "LN133",
        lambda: [loss := Summed(built(Linear(2))), loss(X, X[:, :2]), loss.backward()],
        "Summed().gradient",
        "a gradient (4, 1), the network's output was (4, 2)",
        "do not sum the gradient over outputs",
        lambda: [loss := Squared(built(Linear(2))), loss(X, X[:, :2]), loss.backward()],
    ),
    Mistake(
        "a negative count",
        exc.DataError,
        "LN134",
        lambda: losses.Poisson(Linear(1))(X, [1, -2, 0, 3]),
        "Poisson",
        "a label of -2",
        "labels of at least 0; MeanSquaredError for values of either sign",
        lambda: losses.Poisson(Linear(1))(X, [1, 2, 0, 3]),
    ),
    Mistake(
        "classes given as real numbers",
        exc.DataError,
        "LN135",
        lambda: classes()(X, np.array([0.0, 1.0, 0.0, 1.0])),
        "SoftmaxCrossEntropy",
        "labels of float64",
        NUMBER,
        lambda: classes()(X, np.array([0.0, 1.0, 0.0, 1.0]).astype(int)),
    ),
    Mistake(
        "classes given by name",
        exc.DataError,
        "LN135",
        lambda: classes()(X, GRADE),
        "SoftmaxCrossEntropy",
        "labels of <U1",
        NUMBER,
        lambda: classes()(X, np.unique(GRADE, return_inverse=True)[1]),
    ),
    Mistake(
        "labels that are objects",
        exc.DataError,
        "LN135",
        lambda: losses.LogLoss(Dense(1))(X, np.array([0, 1, 0, 1], dtype=object)),
        "LogLoss",
        "labels of object",
        NUMBER,
        lambda: losses.LogLoss(Dense(1))(X, np.array([0, 1, 0, 1], dtype=object).astype(int)),
    ),
    Mistake(
        "labels that are complex",
        exc.DataError,
        "LN135",
        lambda: FIT(X, np.array([0, 1, 0, 1j])),
        "MeanSquaredError",
        "labels of complex128",
        NUMBER,
        lambda: FIT(X, np.array([0, 1, 0, 1j]).real),
    ),
    Mistake(
        "one-hot labels where integers are wanted",
        exc.MatchError,
        "LN136",
        lambda: classes()(X, np.eye(2)[[0, 1, 0, 1]]),
        "SoftmaxCrossEntropy",
        "labels (4, 2), predictions (4, 2)",
        "labels.argmax(axis=-1)",
        lambda: classes()(X, np.eye(2)[[0, 1, 0, 1]].argmax(axis=-1)),
    ),
    Mistake(
        "classes numbered from 1",
        exc.DataError,
        "LN137",
        lambda: classes()(X, [1, 2, 1, 2]),
        "SoftmaxCrossEntropy",
        "labels from 1 to 2, 2 outputs",
        "number the classes from 0: np.unique(y, return_inverse=True)[1]; or 3 outputs",
        lambda: classes()(X, np.unique([1, 2, 1, 2], return_inverse=True)[1]),
    ),
    Mistake(
        "a negative class",
        exc.DataError,
        "LN137",
        lambda: classes()(X, [-1, 1, -1, 1]),
        "SoftmaxCrossEntropy",
        "labels from -1 to 1, 2 outputs",
        "number the classes from 0: np.unique(y, return_inverse=True)[1]",
        lambda: classes()(X, np.unique([-1, 1, -1, 1], return_inverse=True)[1]),
    ),
    Mistake(
        "two classes for one output",
        exc.DataError,
        "LN137",
        lambda: losses.SoftmaxCrossEntropy(Linear(1))(X, [0, 1, 0, 1]),
        "SoftmaxCrossEntropy",
        "labels from 0 to 1, 1 output",
        "number the classes from 0: np.unique(y, return_inverse=True)[1]; or 2 outputs",
        lambda: losses.SoftmaxCrossEntropy(Linear(2))(X, [0, 1, 0, 1]),
    ),
    Mistake(
        "too few weights",
        exc.MatchError,
        "LN138",
        lambda: FIT(X, X[:, 0], [1.0, 2.0]),
        "MeanSquaredError",
        "weights (2,) for 4 examples",
        "weights of shape (4,)",
        lambda: FIT(X, X[:, 0], [1.0, 2.0, 1.0, 2.0]),
    ),
    Mistake(
        "a negative weight",
        exc.DataError,
        "LN139",
        lambda: FIT(X, X[:, 0], [1.0, 2.0, 1.0, -2.0]),
        "MeanSquaredError",
        "weights from -2 to 2",
        "finite weights of at least 0",
        lambda: FIT(X, X[:, 0], [1.0, 2.0, 1.0, 0.0]),
    ),
    Mistake(
        "a class without a weight",
        exc.MatchError,
        "LN140",
        lambda: losses.SoftmaxCrossEntropy(Linear(3), class_weight=[1.0, 2.0])(X, [0, 1, 2, 0]),
        "SoftmaxCrossEntropy",
        "2 class weights, 3 outputs",
        "class_weight=[...] with 3 numbers",
        lambda: losses.SoftmaxCrossEntropy(Linear(3), class_weight=[1.0, 2.0, 1.0])(X, [0, 1, 2, 0]),
    ),
    Mistake(
        "class weights by name",
        exc.DataError,
        "LN149",
        lambda: losses.SoftmaxCrossEntropy(Linear(2), class_weight="balanced")(X, [0, 1, 0, 1]),
        "SoftmaxCrossEntropy",
        "class_weight='balanced'",
        "one finite number of at least 0 for every class, in the order of the classes: class_weight=[1.0, 2.5]",
        lambda: losses.SoftmaxCrossEntropy(Linear(2), class_weight=[1.0, 2.5])(X, [0, 1, 0, 1]),
    ),
    Mistake(
        "images that were not flattened",
        exc.MatchError,
        "LN145",
        lambda: losses.LogLoss(Dense(1))(np.zeros((4, 3, 2)), [0, 1, 0, 1]),
        "LogLoss",
        "predictions (4, 3, 1), labels (4,)",
        "lnc.layers.Flatten() as the first layer makes every example one row of numbers",
        lambda: losses.LogLoss(Sequential(layers.Flatten(), Dense(1)))(np.zeros((4, 3, 2)), [0, 1, 0, 1]),
    ),
    Mistake(
        "the same batch backward twice",
        exc.BackwardError,
        "LN148",
        lambda: [loss := classes(), loss(X, [0, 1, 0, 1]), loss.backward(), loss.backward()],
        "SoftmaxCrossEntropy()",
        "backward a second time for the same batch",
        "loss(x, y) before every loss.backward()",
        lambda: [loss := classes(), *(after(loss, lambda: loss(X, [0, 1, 0, 1])) for _ in range(2))],
    ),
    Mistake(
        "binary labels that are not between 0 and 1",
        exc.DataError,
        "LN141",
        lambda: losses.LogLoss(Dense(1))(X, [-1, 1, -1, 1]),
        "LogLoss",
        "labels from -1 to 1",
        "labels 0 and 1 (or shares between them); for class numbers SoftmaxCrossEntropy or CrossEntropy",
        lambda: losses.LogLoss(Dense(1))(X, [0, 1, 0, 1]),
    ),
    Mistake(
        "predictions that are no probabilities",
        exc.DataError,
        "LN141",
        lambda: losses.LogLoss(Sequential())(2 * X[:, :1] - 1, [0, 1, 0, 1]),
        "LogLoss",
        "predictions from -1 to 0.5",
        "end the network in the activation that gives them, or take a loss on logits",
        lambda: losses.LogLoss(Sequential(layers.Sigmoid()))(2 * X[:, :1] - 1, [0, 1, 0, 1]),
    ),
    Mistake(
        "a Huber loss without a bound",
        exc.DataError,
        "LN142",
        lambda: losses.Huber(Linear(1), delta=0.0),
        "Huber",
        "delta=0.0",
        "delta=0.5, for example",
        lambda: losses.Huber(Linear(1), delta=0.5),
    ),
    Mistake(
        "a quantile above all",
        exc.DataError,
        "LN142",
        lambda: losses.Quantile(Linear(1), q=1.0),
        "Quantile",
        "q=1.0",
        "q=0.5, for example",
        lambda: losses.Quantile(Linear(1), q=0.5),
    ),
    Mistake(
        "labels smoothed away",
        exc.DataError,
        "LN142",
        lambda: classes(label_smoothing=1.0),
        "SoftmaxCrossEntropy",
        "label_smoothing=1.0",
        "label_smoothing=0.5, for example",
        lambda: classes(label_smoothing=0.5),
    ),
    Mistake(
        "softmax twice",
        exc.MatchError,
        "LN143",
        lambda: losses.CrossEntropy(Sequential(Dense(2, "softmax"), Softmax())),
        "CrossEntropy",
        "a network that ends in Softmax(), Softmax()",
        "leave one of them out",
        lambda: losses.CrossEntropy(Sequential(Dense(2, "softmax")))(X, [0, 1, 0, 1]),
    ),
    Mistake(
        "softmax before a loss on logits",
        exc.MatchError,
        "LN144",
        lambda: losses.SoftmaxCrossEntropy(Sequential(Dense(3), Dense(2, "softmax"))),
        "SoftmaxCrossEntropy",
        "a network that ends in Softmax()",
        "activation=None in the last Dense, or leave the last activation out",
        lambda: losses.SoftmaxCrossEntropy(Sequential(Dense(3), Dense(2, activation=None)))(X, [0, 1, 0, 1]),
    ),
    Mistake(
        "log-probabilities for a loss on probabilities",
        exc.MatchError,
        "LN144",
        lambda: losses.CrossEntropy(Dense(2, "log_softmax")),
        "CrossEntropy",
        "a network that ends in LogSoftmax()",
        "another last activation, or a loss on log-probabilities",
        lambda: losses.NLLLoss(Dense(2, "log_softmax"))(X, [0, 1, 0, 1]),
    ),
    Mistake(
        "two columns of labels for one output",
        exc.MatchError,
        "LN145",
        lambda: losses.LogLoss(Dense(1))(X, np.eye(2)[[0, 1, 0, 1]]),
        "LogLoss",
        "predictions (4, 1), labels (4, 2)",
        "one column of labels for one output: labels[:, 0]; or a network with 2 outputs",
        lambda: losses.LogLoss(Dense(1))(X, np.eye(2)[[0, 1, 0, 1]][:, 0]),
    ),
    Mistake(
        "one column of labels for two outputs",
        exc.MatchError,
        "LN145",
        lambda: losses.MeanSquaredError(Linear(2))(X, X[:, :1]),
        "MeanSquaredError",
        "predictions (4, 2), labels (4, 1)",
        "labels of shape (4, 2)",
        lambda: losses.MeanSquaredError(Linear(2))(X, X[:, :2]),
    ),
    Mistake(
        "labels of shape (n,) for two outputs",
        exc.MatchError,
        "LN145",
        lambda: losses.MeanSquaredError(Linear(2))(X, X[:, 0]),
        "MeanSquaredError",
        "predictions (4, 2), labels (4,)",
        "labels of shape (4, 2)",
        lambda: losses.MeanSquaredError(Linear(2))(X, X[:, :2]),
    ),
    Mistake(
        "integers where one-hot labels are wanted",
        exc.MatchError,
        "LN145",
        lambda: losses.SigmoidCrossEntropy(Linear(2))(X, np.array([0, 1, 0, 1])),
        "SigmoidCrossEntropy",
        "predictions (4, 2), labels (4,)",
        "np.eye(2)[labels] makes them one-hot; or a loss over classes, SoftmaxCrossEntropy",
        lambda: losses.SigmoidCrossEntropy(Linear(2))(X, np.eye(2)[np.array([0, 1, 0, 1])]),
    ),
    Mistake(
        "fewer labels than examples",
        exc.MatchError,
        "LN145",
        lambda: FIT(X, X[:3, 0]),
        "MeanSquaredError",
        "predictions (4, 1), labels (3,)",
        "as many labels as examples",
        lambda: FIT(X, X[:4, 0]),
    ),
    Mistake(
        "fewer classes than examples",
        exc.MatchError,
        "LN145",
        lambda: classes()(X, [0, 1]),
        "SoftmaxCrossEntropy",
        "predictions (4, 2), labels (2,)",
        "as many labels as examples",
        lambda: classes()(X, [0, 1, 1, 0]),
    ),
    Mistake(
        "another pass between a loss and its backward",
        exc.BackwardError,
        "LN146",
        lambda: after(FIT, lambda: FIT(X, X[:, 0]), lambda: FIT.network(X)),
        "MeanSquaredError()",
        "a pass of the network, or one of the loss under inference(), since the loss was computed",
        "loss(x, y), then loss.backward(), nothing in between; look at other data under lnc.inference()",
        lambda: after(FIT, lambda: FIT(X, X[:, 0])),
    ),
    Mistake(
        "a loss that forgets to return",
        exc.ContractError,
        "LN147",
        lambda: Valueless(Linear(1))(X, X[:, 0]),
        "Valueless().value",
        "value returned nothing",
        "end value with a return",
        lambda: Squared(Linear(1))(X, X[:, 0]),
    ),
    Mistake(
        "positive weights of other outputs",
        exc.MatchError,
        "LN556",
        lambda: losses.SigmoidCrossEntropy(Linear(3, seed=0), positive_weight=[1.0, 2.0])(X, np.zeros((4, 3))),
        "SigmoidCrossEntropy",
        "2 positive weights, 3 outputs",
        "positive_weight=[...] with 3 numbers, or one number",
        lambda: losses.SigmoidCrossEntropy(Linear(3, seed=0), positive_weight=[1.0, 2.0, 3.0])(X, np.zeros((4, 3))),
    ),
    Mistake(
        "a positive weight of nothing among several",
        exc.DataError,
        "LN142",
        lambda: losses.LogLoss(Dense(2, seed=0), positive_weight=[1.0, 0.0]),
        "LogLoss",
        "positive_weight=0.0",
        "positive_weight=0.5, for example",
        lambda: losses.LogLoss(Dense(2, seed=0), positive_weight=[1.0, 0.5]),
    ),
    Mistake(
        "a loss for a function of a loss",
        exc.ContractError,
        "LN557",
        lambda: losses.Custom(Linear(1, seed=0), value=FIT.value, derivative="2 * (p - y)"),
        "Custom",
        "derivative='2 * (p - y)'",
        "derivative=lambda p, y: 2 * (p - y)",
        lambda: losses.Custom(Linear(1, seed=0), value=FIT.value, derivative=lambda p, y: 2 * (p - y)),
    ),
    Mistake(
        "a mean instead of the losses",
        exc.MatchError,
        "LN558",
        lambda: losses.Custom(Linear(1, seed=0), value=mean_error, derivative=FIT.derivative)(X, X[:, 0]),
        "Custom(value=mean_error, derivative=derivative)",
        "losses of shape (), predictions (4, 1)",
        'leave sum() and mean() to the loss: value=lambda p, y: (p - y) ** 2, reduction="mean"',
        lambda: losses.Custom(
            Linear(1, seed=0), value=lambda p, y: (p - y) ** 2, derivative=FIT.derivative, reduction="mean"
        )(X, X[:, 0]),
    ),
]
