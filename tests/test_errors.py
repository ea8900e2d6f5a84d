"""Every mistake that the contract, the layers and the losses refuse: the text of the refusal, and that its fix works."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest

import lincoln as lnc
from lincoln import Layer, Loss, Parameter, exc, layers, losses
from lincoln.layers import Dense, Dropout, Linear, Parallel, ReLU, Reshape, Residual, Sequential, Softmax

SRC = Path(lnc.__file__).parent
SOURCES = [SRC / f"{name}.py" for name in ("contract", "layer", "parameters")]
SOURCES += [*(SRC / "layers").glob("*.py"), *(SRC / "losses").glob("*.py")]
RAISED = re.compile(r'^ +code="(LN\d+)"', re.MULTILINE)

X = np.arange(12.0).reshape(4, 3) / 12
GRADE = np.array(["a", "b", "a", "b"])


class Forgetful(Layer):
    def forward(self, input):
        input + 1

    def backward(self, output_grad):
        return output_grad


class ForgetfulBack(Layer):
    def forward(self, input):
        return input + 1

    def backward(self, output_grad):
        output_grad * 1


class Remembering(Layer):
    def forward(self, input):
        return input + 1

    def backward(self, output_grad):
        return output_grad * 1


class Summing(Layer):
    """Repeats its input three times; its backward forgets to add the three up."""

    def forward(self, input):
        return np.concatenate([input] * 3, axis=-1)

    def backward(self, output_grad):
        return output_grad


class Added(Summing):
    def backward(self, output_grad):
        return sum(np.split(output_grad, 3, axis=-1))


class Shift(Layer):
    """Adds a parameter, whose gradient it does not sum over the batch."""

    def setup(self, input_shape):
        self.b = Parameter(input_shape)

    def forward(self, input):
        return input + self.b.value

    def backward(self, output_grad):
        self.b.accumulate(output_grad)
        return output_grad


class Shifted(Shift):
    def backward(self, output_grad):
        self.b.accumulate(output_grad.sum(axis=0))
        return output_grad


class Lookup(Layer):
    """Takes whole numbers, as an embedding does."""

    accepts = "int"

    def forward(self, input):
        return np.eye(5)[input]

    def backward(self, output_grad):
        return None


class Bare(Layer):
    """Keeps its own array, as the notebooks' layers do."""

    w = None

    def forward(self, input):
        self.w = np.ones(input.shape[1:]) if self.w is None else self.w
        return input * self.w

    def backward(self, output_grad):
        return output_grad * self.w

    def parameters(self):
        yield self.w

    def grads(self):
        yield None


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


@dataclass(frozen=True)
class Mistake:
    """Something that is refused, what its refusal says, and the same thing with the fix applied."""

    name: str
    error: type[exc.LincolnError]
    code: str
    does: Callable[[], Any]
    where: str
    saw: str
    fix: str
    mended: Callable[[], Any]


def classes(**options: Any) -> Loss:
    return losses.SoftmaxCrossEntropy(Linear(2, seed=0), **options)


def built(*inside: Layer) -> Sequential:
    return Sequential(*inside, seed=0).build(3, dtype="float64")


def backward(layer: Layer, input: Any, shape: tuple[int, ...]) -> Any:
    layer(input)
    return layer.backward(np.ones(shape))


def after(loss: Loss, *steps: Callable[[], Any]) -> None:
    for step in steps:
        step()
    loss.backward()


ONE, TWO = Linear(2), Linear(3)
FIT = losses.MeanSquaredError(built(Linear(1)))
CONVERT = "convert it first: np.asarray(x, dtype=np.float32), or integers for token ids"
UNDO = "undo in backward what forward did to the shape: sum what it broadcast, transpose what it transposed"
NUMBER = "labels.astype(int) if they hold whole numbers; np.unique(y, return_inverse=True)[1] for names of classes"
OBJECTS = np.array([[1, 2.5, 3]] * 4, dtype=object)

LAYER_MISTAKES = [
    Mistake(
        "an input of objects",
        exc.DataError,
        "LN101",
        lambda: Linear(2)(OBJECTS),
        "Linear(2)",
        "an input of object",
        CONVERT,
        lambda: Linear(2)(np.asarray(OBJECTS, dtype=np.float32)),
    ),
    Mistake(
        "an input of strings",
        exc.DataError,
        "LN101",
        lambda: Linear(2)(np.array([["1.5", "2"]])),
        "Linear(2)",
        "an input of str",
        CONVERT,
        lambda: Linear(2)(np.asarray(np.array([["1.5", "2"]]), dtype=np.float32)),
    ),
    Mistake(
        "an input of complex numbers",
        exc.DataError,
        "LN101",
        lambda: ReLU()(X + 1j),
        "ReLU()",
        "an input of complex",
        CONVERT,
        lambda: ReLU()(np.asarray((X + 1j).real, dtype=np.float32)),
    ),
    Mistake(
        "an input that is a list",
        exc.DataError,
        "LN101",
        lambda: Linear(2)([[1.0, 2.0]]),
        "Linear(2)",
        "an input of list",
        CONVERT,
        lambda: Linear(2)(np.asarray([[1.0, 2.0]], dtype=np.float32)),
    ),
    Mistake(
        "real numbers where whole ones are wanted",
        exc.DataError,
        "LN101",
        lambda: Lookup()(np.array([[1.0, 2.0]])),
        "Lookup()",
        "an input of float",
        CONVERT,
        lambda: Lookup()(np.array([[1, 2]])),
    ),
    Mistake(
        "one example without a batch axis",
        exc.DimensionError,
        "LN102",
        lambda: Linear(2)(X[0]),
        "Linear(2)",
        "an input of shape (3,)",
        "x[None] makes one example a batch of one; x[:, None] makes one feature a column",
        lambda: Linear(2)(X[0][None]),
    ),
    Mistake(
        "one feature without its axis",
        exc.DimensionError,
        "LN102",
        lambda: Softmax()(X[:, 0]),
        "Softmax()",
        "an input of shape (4,)",
        "x[None] makes one example a batch of one; x[:, None] makes one feature a column",
        lambda: Softmax()(X[:, 0][:, None]),
    ),
    Mistake(
        "another number of features",
        exc.MatchError,
        "LN103",
        lambda: built(Linear(2))(X[:, :2]),
        "Linear(2)",
        "an input of shape (4, 2)",
        "give 3 features, or make a new network for 2",
        lambda: built(Linear(2))(X),
    ),
    Mistake(
        "an empty batch",
        exc.DataError,
        "LN104",
        lambda: ReLU()(X[:0]),
        "ReLU()",
        "an empty batch of shape (0, 3)",
        "leave empty batches out",
        lambda: ReLU()(X[:1]),
    ),
    Mistake(
        "a value for a parameter that has none yet",
        exc.ContractError,
        "LN105",
        lambda: setattr(Parameter((3,)), "value", np.zeros(3)),
        "Parameter (3,)",
        "a value assigned before the parameter was built",
        "network.build(input_shape) first",
        lambda: setattr(Linear(2).build(3).B, "value", np.zeros(2)),
    ),
    Mistake(
        "a value of another shape",
        exc.MatchError,
        "LN106",
        lambda: setattr(Linear(2).build(3).W, "value", np.zeros((2, 3))),
        "Parameter W",
        "a value of shape (2, 3), the parameter is (3, 2)",
        "give all 6 numbers in shape (3, 2)",
        lambda: setattr(Linear(2).build(3).W, "value", np.zeros((3, 2))),
    ),
    Mistake(
        "a gradient that is not summed over the batch",
        exc.MatchError,
        "LN107",
        lambda: backward(Shift(), X, (4, 3)),
        "Parameter b",
        "a gradient of shape (4, 3), the parameter is (3,)",
        "sum over the axes that the forward pass broadcast over; transpose where the axes are swapped",
        lambda: backward(Shifted(), X, (4, 3)),
    ),
    Mistake(
        "parameters of two dtypes in one network",
        exc.MatchError,
        "LN108",
        lambda: Sequential(Linear(3).build(3), Linear(1).build(3, dtype="float64"))(X),
        "ParameterVector",
        "B is numpy float32 cpu, B is numpy float64 cpu",
        'layer.astype("float32") for one dtype; lnc.arrays.use("torch") lets the data come as tensors',
        lambda: Sequential(Linear(3).build(3), Linear(1).build(3, dtype="float64").astype("float32"))(X),
    ),
    Mistake(
        "values of a network of another structure",
        exc.MatchError,
        "LN109",
        lambda: built(Linear(2)).load_state_dict(built(Linear(2, bias=False)).state_dict()),
        "Sequential.load_state_dict",
        "0.B: missing, unknown, of another shape or no numbers",
        "make the network as it was, and build(input_shape) it, before loading",
        lambda: built(Linear(2, bias=False)).load_state_dict(built(Linear(2, bias=False)).state_dict()),
    ),
    Mistake(
        "values of other shapes",
        exc.MatchError,
        "LN109",
        lambda: built(Linear(2)).load_state_dict(built(Linear(4)).state_dict()),
        "Sequential.load_state_dict",
        "0.B, 0.W: missing, unknown, of another shape or no numbers",
        "make the network as it was, and build(input_shape) it, before loading",
        lambda: built(Linear(4)).load_state_dict(built(Linear(4)).state_dict()),
    ),
    Mistake(
        "arrays of another library",
        exc.MatchError,
        "LN110",
        lambda: built(Linear(2))[0](array_api_strict.asarray(X)),
        "Linear(2)",
        "an input of array_api_strict, the parameters are of numpy",
        "torch.as_tensor(x) or x.numpy(); for a whole data pipeline lnc.arrays.use(...)",
        lambda: built(Linear(2))[0](np.asarray(array_api_strict.asarray(X))),
    ),
    Mistake(
        "a shape that does not hold an example",
        exc.MatchError,
        "LN111",
        lambda: Reshape(2, 2)(X),
        "Reshape(2, 2)",
        "examples of shape (3,), 3 numbers",
        "a shape whose product is 3, or one entry of -1",
        lambda: Reshape(3, -1)(X),
    ),
    Mistake(
        "a later batch of another shape",
        exc.MatchError,
        "LN111",
        lambda: [reshape := Reshape(3, 1), reshape(X), reshape(X[:, :2])],
        "Reshape(3, 1)",
        "examples of shape (2,), 2 numbers",
        "a shape whose product is 2, or one entry of -1",
        lambda: [reshape := Reshape(-1, 1), reshape(X), reshape(X[:, :2])],
    ),
    Mistake(
        "a dropout of everything",
        exc.DataError,
        "LN112",
        lambda: Dropout(1.0),
        "Dropout",
        "rate=1.0",
        "a rate of at least 0 and below 1, such as 0.5",
        lambda: Dropout(0.5),
    ),
    Mistake(
        "a layer without outputs",
        exc.DataError,
        "LN113",
        lambda: Linear(0),
        "Linear",
        "size=0",
        "a whole number of at least 1, such as Linear(10)",
        lambda: Linear(10),
    ),
    Mistake(
        "half an output",
        exc.DataError,
        "LN113",
        lambda: Dense(2.5),
        "Linear",
        "size=2.5",
        "a whole number of at least 1, such as Linear(10)",
        lambda: Dense(10),
    ),
    Mistake(
        "a shortcut past a change of shape",
        exc.MatchError,
        "LN114",
        lambda: Residual(Linear(2))(X),
        "Residual",
        "input (4, 3), output of the layers inside (4, 2)",
        "end the inside with as many features as came in, such as Linear(3)",
        lambda: Residual(Linear(3))(X),
    ),
    Mistake(
        "an unknown way to combine",
        exc.DataError,
        "LN115",
        lambda: Parallel(Linear(2), combine="multiply"),
        "Parallel",
        "1 branches, combine='multiply'",
        'Parallel(one, two, combine="concatenate") or combine="add"',
        lambda: Parallel(Linear(2), combine="add"),
    ),
    Mistake(
        "branches of different sizes added",
        exc.MatchError,
        "LN116",
        lambda: Parallel(Linear(2), Linear(1), combine="add")(X),
        "Parallel",
        "branch outputs of shapes (4, 2), (4, 1)",
        "give all branches outputs of one shape",
        lambda: Parallel(Linear(2), Linear(2), combine="add")(X),
    ),
    Mistake(
        "branches of different lengths side by side",
        exc.MatchError,
        "LN116",
        lambda: Parallel(Reshape(3, 1), Linear(1))(X),
        "Parallel",
        "branch outputs of shapes (4, 3, 1), (4, 1)",
        "give the branches outputs that differ in the last axis at most",
        lambda: Parallel(Reshape(3), Linear(1))(X),
    ),
    Mistake(
        "an unknown activation",
        exc.DataError,
        "LN117",
        lambda: Dense(2, "swish"),
        "Dense",
        "activation='swish'",
        f"one of {', '.join(sorted(layers.containers.ACTIVATIONS))}; or a layer object; or None",
        lambda: Dense(2, "silu"),
    ),
    Mistake(
        "a class instead of an object",
        exc.ContractError,
        "LN118",
        lambda: Sequential(Linear(2), ReLU),
        "Sequential[1]",
        "a type: <class 'lincoln.layers.activations.ReLU'>",
        "ReLU(), an object of the class",
        lambda: Sequential(Linear(2), ReLU())(X),
    ),
    Mistake(
        "something that is no layer",
        exc.ContractError,
        "LN118",
        lambda: Sequential(np.tanh),
        "Sequential[0]",
        "a ufunc: <ufunc 'tanh'>",
        "an object of a class that derives from lnc.Layer",
        lambda: Sequential(layers.Tanh())(X),
    ),
    Mistake(
        "the same layer object twice",
        exc.ContractError,
        "LN119",
        lambda: Parallel(ONE, Sequential(ONE)),
        "Parallel",
        "the same Linear object in [0] Linear and in [1] Sequential",
        "layer.twin(): a second layer on the same parameters; or a new layer",
        lambda: Parallel(ONE, Sequential(ONE.twin()))(X),
    ),
    Mistake(
        "backward before forward",
        exc.BackwardError,
        "LN120",
        lambda: Linear(2).backward(np.ones((4, 2))),
        "Linear(2)",
        "backward before forward",
        "call forward(input) in training first; predictions under inference() record nothing",
        lambda: backward(Linear(2), X, (4, 2)),
    ),
    Mistake(
        "an output gradient of another shape",
        exc.MatchError,
        "LN121",
        lambda: backward(Linear(2), X, (4, 1)),
        "Linear(2).backward",
        "output_grad (4, 1), output (4, 2)",
        UNDO,
        lambda: backward(Linear(2), X, (4, 2)),
    ),
    Mistake(
        "an input gradient of another shape",
        exc.MatchError,
        "LN121",
        lambda: backward(Summing(), X, (4, 9)),
        "Summing().backward",
        "input_grad (4, 9), last_input (4, 3)",
        UNDO,
        lambda: backward(Added(), X, (4, 9)),
    ),
    Mistake(
        "a forward that forgets to return",
        exc.ContractError,
        "LN122",
        lambda: Forgetful()(X),
        "Forgetful().forward",
        "forward returned nothing",
        "end forward with: return output",
        lambda: Remembering()(X),
    ),
    Mistake(
        "a backward that forgets to return",
        exc.ContractError,
        "LN123",
        lambda: backward(ForgetfulBack(), X, (4, 3)),
        "ForgetfulBack().backward",
        "backward returned nothing",
        "end backward with: return input_grad",
        lambda: backward(Remembering(), X, (4, 3)),
    ),
    Mistake(
        "freezing what does not exist yet",
        exc.ContractError,
        "LN124",
        lambda: Linear(2).freeze(),
        "Linear(2).freeze",
        "a layer that is not built yet",
        "network.build(input_shape) first, or a first batch",
        lambda: Linear(2).build(3).freeze(),
    ),
    Mistake(
        "a twin of a layer that keeps bare arrays",
        exc.ContractError,
        "LN125",
        lambda: Bare().twin(),
        "Bare().twin",
        "a layer whose own parameters() yields bare arrays",
        "self.W = lnc.Parameter(shape, initializer) in setup(self, input_shape), and self.W.accumulate(grad) in backward",
        lambda: Shifted().twin()(X),
    ),
]

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
        "a question for probabilities",
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
        "finite weights of at least 0, not all of them 0",
        lambda: FIT(X, X[:, 0], [1.0, 2.0, 1.0, 0.0]),
    ),
    Mistake(
        "no weight at all",
        exc.DataError,
        "LN139",
        lambda: FIT(X, X[:, 0], np.zeros(4)),
        "MeanSquaredError",
        "weights from 0 to 0",
        "finite weights of at least 0, not all of them 0",
        lambda: FIT(X, X[:, 0], np.ones(4)),
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
        "loss(x, y), then loss.backward(), and nothing between; look at other data under lnc.inference()",
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
]

each_mistake = pytest.mark.parametrize("mistake", [*LAYER_MISTAKES, *LOSS_MISTAKES], ids=lambda mistake: mistake.name)


@each_mistake
def test_a_refusal_says_where_what_why_and_how_to_mend_it(mistake: Mistake):
    with pytest.raises(mistake.error) as caught:
        mistake.does()
    error = caught.value
    assert (error.code, error.where, error.saw, error.fix) == (mistake.code, mistake.where, mistake.saw, mistake.fix)
    assert error.why
    assert str(error).splitlines() == [
        f"{mistake.code} {mistake.error.__name__} in {mistake.where}",
        f"  saw:  {mistake.saw}",
        f"  why:  {error.why}",
        f"  fix:  {mistake.fix}",
    ]


@each_mistake
def test_the_fix_that_a_refusal_names_works(mistake: Mistake):
    mistake.mended()


def test_every_code_that_layers_and_losses_raise_has_a_row():
    raised = {code for source in SOURCES for code in RAISED.findall(source.read_text("utf-8"))}
    assert raised - {mistake.code for mistake in [*LAYER_MISTAKES, *LOSS_MISTAKES]} == set()


def test_no_code_is_used_for_two_different_things():
    raised = [code for source in SRC.rglob("*.py") for code in RAISED.findall(source.read_text("utf-8"))]
    assert {code for code in raised if raised.count(code) > 1} == set()
