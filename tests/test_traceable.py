"""Layers that hold layers, keep running averages or look up categories, gone through by traced arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from user_layers import Block, Scale

import lincoln as lnc
from lincoln import layers
from lincoln.contract import admit, admit_grad, check_input_grad, record
from lincoln.sklearn.normalization import WeightedBatchNorm
from lincoln.tabular import TabularPreprocessor
from lincoln.tabular.expansion import TableFeatures
from lincoln.tracing import Traced

X = np.random.default_rng(0).normal(size=(6, 4))
CODES = np.column_stack([X[:, :2], [0, 1, 2, 0, 1, 2], [1, 1, 0, 0, 1, 0]])


class Calls:
    """A trace that counts the calls, computes them, and keeps what would be learned apart."""

    def __init__(self) -> None:
        self.functions: list[Any] = []
        self.grads: dict[int, np.ndarray] = {}
        self.assigned: list[tuple[Any, np.ndarray]] = []
        self.layers: list[tuple[str, Any]] = []

    def call(self, function, args, named):
        self.functions.append(function)
        result = function(*map(self._value, args), **{name: self._value(arg) for name, arg in named.items()})
        return tuple(Traced(part, self) for part in result) if isinstance(result, tuple) else Traced(result, self)

    def forward(self, layer, formula, input):
        self.layers.append(("forward", layer))
        input = admit(layer, input)
        output = formula(layer, input)
        record(layer, input, output)
        return output

    def backward(self, layer, formula, output_grad):
        self.layers.append(("backward", layer))
        input_grad = formula(layer, admit_grad(layer, output_grad))
        if formula.__name__ == "backward":
            check_input_grad(layer, input_grad)
        return input_grad

    def accumulate(self, parameter, grad):
        self.grads[id(parameter)] = self.grads.get(id(parameter), 0.0) + grad.value

    def assign(self, buffer, value):
        self.assigned.append((buffer, value.value))

    def _value(self, arg):
        if isinstance(arg, list | tuple):
            return type(arg)(self._value(part) for part in arg)
        return arg.value if type(arg) is Traced else arg


def table_features() -> TableFeatures:
    table = {"color": ["red", "blue", "red"], "size": [1.0, 2.0, float("nan")]}
    return TableFeatures(TabularPreprocessor().fit(table))


NETWORKS = {
    "sequential": (lnc.Sequential(lnc.Dense(3, "tanh"), layers.Linear(2)), X),
    "side by side": (lnc.Parallel(layers.Linear(3), layers.Tanh(), layers.Linear(2)), X),
    "added": (lnc.Parallel(layers.Linear(3), layers.Linear(3), combine="add"), X),
    "residual": (lnc.Residual(layers.Linear(4)), X),
    "shapes": (lnc.Sequential(layers.Linear(6), layers.Reshape(2, 3), layers.Linear(2), layers.Flatten()), X),
    "batch norm": (lnc.Sequential(layers.Linear(3), layers.BatchNorm()), X),
    "batch norm of more axes": (layers.BatchNorm(scale=False), X.reshape(2, 3, 4)),
    "layer norm": (layers.LayerNorm(), X.reshape(2, 3, 4)),
    "weighted batch norm": (WeightedBatchNorm(), X),
    "categories": (layers.ColumnEmbedding([3, 2]), CODES),
    "a user's block": (Block(Scale(), layers.Linear(4)), X),
    "a table": (lnc.Sequential(table_features(), layers.Linear(2)), CODES[:3, :2]),
}


@pytest.mark.parametrize("way", ["backward", "learn"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_traced_pass_computes_what_a_pass_computes(name: str, way: str):
    network, x = NETWORKS[name]
    if isinstance(network, WeightedBatchNorm):
        network.keep(weights=np.linspace(0.5, 2.0, 6))
    if not network.built:
        network(x)
    before, start = network.state_dict(), network.buffers.value.copy()
    output = network(x)
    grad = np.random.default_rng(1).normal(size=output.shape)
    network.clear_grad()
    input_grad = getattr(network, way)(grad)
    parameters = list(network.parameters())
    right, averages = [parameter.grad.copy() for parameter in parameters], network.buffers.value.copy()
    network.buffers.value[...] = start

    calls = Calls()
    traced = network(Traced(x, calls))
    traced_grad = getattr(network, way)(Traced(grad, calls))
    np.testing.assert_array_equal(traced.value, output)
    if way == "backward":
        np.testing.assert_array_equal(traced_grad.value, input_grad)
    for parameter, expected in zip(parameters, right, strict=True):
        np.testing.assert_array_equal(calls.grads[id(parameter)], expected)
    for key, value in network.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    for buffer, value in calls.assigned:
        buffer.value = value
    np.testing.assert_array_equal(network.buffers.value, averages)
    network.forget()


def test_a_traced_pass_goes_through_the_trace_layer_by_layer():
    network, calls = lnc.Sequential(lnc.Dense(3), layers.Linear(2), seed=0).build(4, dtype="float64"), Calls()
    network(Traced(X, calls))
    network.learn(Traced(np.ones((6, 2)), calls))
    names = [(way, type(layer).__name__) for way, layer in calls.layers]
    inside = ["Sequential", "Dense", "Linear", "Sigmoid", "Linear"]
    assert names[:5] == [("forward", name) for name in inside]
    assert names[5:] == [("backward", name) for name in ("Sequential", "Linear", "Dense", "Sigmoid", "Linear")]


def test_a_batch_that_cannot_go_through_is_refused_when_it_is_traced_too():
    network, calls = layers.Linear(2).build(4, dtype="float64"), Calls()
    with pytest.raises(lnc.exc.MatchError, match="LN103"):
        network(Traced(X[:, :3], calls))
    traced = network(Traced(X.astype(np.float32), calls))
    assert traced.dtype == np.float64
    embedding = layers.ColumnEmbedding([3, 2]).build(4, dtype="float64")
    with pytest.raises(lnc.exc.DataError, match="LN555"):
        embedding(Traced(X, calls))
