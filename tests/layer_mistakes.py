"""What the contract and the layers refuse: each mistake, what its refusal says, and the same with the fix applied."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import array_api_strict
import numpy as np
import pytest

import lincoln as lnc
from lincoln import Layer, Parameter, exc, layers
from lincoln.layers import (
    BatchNorm,
    ColumnEmbedding,
    Dense,
    Dropout,
    LayerNorm,
    Linear,
    Parallel,
    ReLU,
    Reshape,
    Residual,
    Sequential,
    Softmax,
)

X = np.arange(12.0).reshape(4, 3) / 12


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

    def assert_refused(self) -> None:
        with pytest.raises(self.error) as caught:
            self.does()
        error = caught.value
        assert (error.code, error.where, error.saw, error.fix) == (self.code, self.where, self.saw, self.fix)
        assert error.why
        assert str(error).splitlines() == [
            f"{self.code} {self.error.__name__} in {self.where}",
            f"  saw:  {self.saw}",
            f"  why:  {error.why}",
            f"  fix:  {self.fix}",
        ]


def built(*inside: Layer) -> Sequential:
    return Sequential(*inside, seed=0).build(3, dtype="float64")


def backward(layer: Layer, input: Any, shape: tuple[int, ...]) -> Any:
    layer(input)
    return layer.backward(np.ones(shape))


def inferred(layer: Layer, input: Any) -> Any:
    with lnc.inference():
        return layer(input)


def in_another_thread(call: Callable[[], Any]) -> Any:
    with lnc.inference(), ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


ONE = Linear(2)
CONVERT = "convert it first: np.asarray(x, dtype=np.float32), or integers for token ids"
UNDO = "undo in backward what forward did to the shape: sum what it broadcast, transpose what it transposed"
NUMBERED = (
    "number the categories as in training, one that was not met there as 0: "
    "np.unique(column, return_inverse=True)[1] + 1; with that the count is one more"
)
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
        "0.B: missing, unknown, of another shape or not numbers",
        "make the network as it was, and build(input_shape) it, before loading",
        lambda: built(Linear(2, bias=False)).load_state_dict(built(Linear(2, bias=False)).state_dict()),
    ),
    Mistake(
        "values of other shapes",
        exc.MatchError,
        "LN109",
        lambda: built(Linear(2)).load_state_dict(built(Linear(4)).state_dict()),
        "Sequential.load_state_dict",
        "0.B, 0.W: missing, unknown, of another shape or not numbers",
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
        'np.asarray(x); or a new network, built after lnc.arrays.use("torch") or by a first batch of tensors',
        lambda: built(Linear(2))[0](np.asarray(array_api_strict.asarray(X))),
    ),
    Mistake(
        "a seed for a network that is built",
        exc.ContractError,
        "LN126",
        lambda: built(Linear(2))[0].build(3, seed=1),
        "Linear.build",
        "seed=1 for a network that is built",
        "a new network, or build(input_shape) without a seed",
        lambda: Linear(2).build(3, seed=1).build(3),
    ),
    Mistake(
        "a look at parameters that are not built",
        exc.NotFittedError,
        "LN127",
        lambda: Linear(2).W,
        "Linear(2)",
        "a question for W, of a layer that is not built",
        "network.build(n_features), or a first batch, before",
        lambda: Linear(2).build(3).W,
    ),
    Mistake(
        "layers in brackets",
        exc.ContractError,
        "LN118",
        lambda: Sequential([ReLU()]),
        "Sequential[0]",
        "a list: [ReLU()]",
        "the layers one by one, without brackets: Sequential(*layers)",
        lambda: Sequential(*[ReLU()]),
    ),
    Mistake(
        "the name of an activation for a layer",
        exc.ContractError,
        "LN118",
        lambda: Sequential(Linear(2), "relu"),
        "Sequential[1]",
        "a str: 'relu'",
        "lnc.layers.ReLU()",
        lambda: Sequential(Linear(2), layers.ReLU()),
    ),
    Mistake(
        "both numbers of a linear layer",
        exc.ContractError,
        "LN118",
        lambda: Dense(4, 3),
        "Dense[1]",
        "a int: 3",
        "the number of outputs alone, such as Dense(3): the number of inputs comes with the first batch",
        lambda: Dense(3)(X),
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
        "a shape whose open entry would not be whole",
        exc.MatchError,
        "LN111",
        lambda: Reshape(2, -1)(X),
        "Reshape(2, -1)",
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
        "end the inner layers with as many features as came in, such as Linear(3)",
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
        "give the branches outputs that differ in the last axis at most, the batch axis not being the last",
        lambda: Parallel(Reshape(3), Linear(1))(X),
    ),
    Mistake(
        "branches without an axis to be put side by side on",
        exc.MatchError,
        "LN116",
        lambda: Parallel(Reshape(), Reshape())(X[:, :1]),
        "Parallel",
        "branch outputs of shapes (4,), (4,)",
        "give the branches outputs that differ in the last axis at most, the batch axis not being the last",
        lambda: Parallel(Reshape(1), Reshape(1))(X[:, :1]),
    ),
    Mistake(
        "an unknown activation",
        exc.DataError,
        "LN117",
        lambda: Dense(2, "swish"),
        "Dense",
        "activation='swish'",
        f"one of {', '.join(sorted(layers.activations.ACTIVATIONS))}; or a layer object; or None",
        lambda: Dense(2, "silu"),
    ),
    Mistake(
        "a class instead of an object",
        exc.ContractError,
        "LN118",
        lambda: Sequential(Linear(2), ReLU),
        "Sequential[1]",
        "a class: <class 'lincoln.layers.activations.ReLU'>",
        "ReLU(), an object of the class",
        lambda: Sequential(Linear(2), ReLU())(X),
    ),
    Mistake(
        "something that is not a layer",
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
        "self.W = lnc.Parameter(shape, initializer) in setup(self, input_shape), "
        "and self.W.accumulate(grad) in backward",
        lambda: Shifted().twin()(X),
    ),
    Mistake(
        "another head on a network that is built",
        exc.ContractError,
        "LN128",
        lambda: setattr(built(Linear(2)), "layers", (Linear(3),)),
        "Sequential",
        "another layers",
        "a new container over the same layers: Sequential(body, other_head)",
        lambda: Sequential(built(Linear(2)), Linear(3))(X),
    ),
    Mistake(
        "a network that another thread calls",
        exc.ContractError,
        "LN129",
        lambda: in_another_thread(lambda: ReLU()(X)),
        "ReLU()",
        "a call in a thread without a block, while another thread is inside lnc.inference()",
        "put `with lnc.inference():` inside the function that the thread runs; to train here, "
        "loss(x, y) or `with lnc.recording():`",
        lambda: in_another_thread(lambda: inferred(ReLU(), X)),
    ),
    Mistake(
        "running averages that run away",
        exc.DataError,
        "LN550",
        lambda: BatchNorm(momentum=1.5),
        "BatchNorm",
        "momentum=1.5",
        "a number from 0 to 1, such as 0.1",
        lambda: BatchNorm(momentum=0.1),
    ),
    Mistake(
        "a normalization that can divide by 0",
        exc.DataError,
        "LN551",
        lambda: LayerNorm(eps=0.0),
        "LayerNorm",
        "eps=0.0",
        "a small number above 0, such as 1e-5",
        lambda: LayerNorm(eps=1e-5),
    ),
    Mistake(
        "a normalization over the batch that can divide by 0",
        exc.DataError,
        "LN551",
        lambda: BatchNorm(eps=-1.0),
        "BatchNorm",
        "eps=-1.0",
        "a small number above 0, such as 1e-5",
        lambda: BatchNorm(eps=1e-5),
    ),
    Mistake(
        "an embedding of no categories",
        exc.DataError,
        "LN552",
        lambda: ColumnEmbedding([4, 0]),
        "ColumnEmbedding",
        "counts=[4, 0]",
        "counts=[4, 12], one whole number of at least 1 for every column of categories",
        lambda: ColumnEmbedding(counts=[4, 12]),
    ),
    Mistake(
        "vectors of half a number",
        exc.DataError,
        "LN552",
        lambda: ColumnEmbedding([4, 12], sizes=[2, 2.5]),
        "ColumnEmbedding",
        "sizes=[2, 2.5]",
        "sizes=[4, 12], one whole number of at least 1 for every column of categories",
        lambda: ColumnEmbedding([4, 12], sizes=[4, 12]),
    ),
    Mistake(
        "one size for two columns",
        exc.MatchError,
        "LN553",
        lambda: ColumnEmbedding([4, 12], sizes=[2]),
        "ColumnEmbedding",
        "2 counts, 1 sizes",
        "one size for every count, or sizes=None for the usual ones",
        lambda: ColumnEmbedding([4, 12], sizes=None),
    ),
    Mistake(
        "fewer columns than categories",
        exc.MatchError,
        "LN554",
        lambda: ColumnEmbedding([2, 2, 2, 2])(np.zeros((4, 3))),
        "ColumnEmbedding([2, 2, 2, 2])",
        "examples of shape (3,)",
        "examples with 4 columns or more, those of the categories last",
        lambda: ColumnEmbedding([2, 2, 2, 2])(np.zeros((4, 4))),
    ),
    Mistake(
        "a category that is not known",
        exc.DataError,
        "LN555",
        lambda: ColumnEmbedding([4, 3])(np.array([[0.5, 1.0, 2.0], [0.5, 3.0, 3.0]])),
        "ColumnEmbedding([4, 3])",
        "3 in row 1, column 2",
        NUMBERED,
        lambda: ColumnEmbedding([4, 4])(np.array([[0.5, 1.0, 2.0], [0.5, 3.0, 3.0]])),
    ),
    Mistake(
        "half a category",
        exc.DataError,
        "LN555",
        lambda: ColumnEmbedding([4])(np.array([[0.5, 1.0], [0.5, 1.5]])),
        "ColumnEmbedding([4])",
        "1.5 in row 1, column 1",
        NUMBERED,
        lambda: ColumnEmbedding([3])(np.unique([[1.0], [1.5]], return_inverse=True)[1] + 1.0),
    ),
    Mistake(
        "a category that is missing",
        exc.DataError,
        "LN555",
        lambda: ColumnEmbedding([4])(np.array([[0.5, np.nan]])),
        "ColumnEmbedding([4])",
        "nan in row 0, column 1",
        NUMBERED,
        lambda: ColumnEmbedding([4])(np.array([[0.5, 0.0]])),
    ),
    Mistake(
        "a category below 0 in a sequence",
        exc.DataError,
        "LN555",
        lambda: ColumnEmbedding([4])(np.array([[[1.0], [-1.0]]])),
        "ColumnEmbedding([4])",
        "-1 in example (0, 1), column 0",
        NUMBERED,
        lambda: ColumnEmbedding([4])(np.array([[[1.0], [0.0]]])),
    ),
]
