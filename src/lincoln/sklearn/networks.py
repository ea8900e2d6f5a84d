"""The network that an estimator trains: made of its parameters, or a copy of one that is given."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import numpy as np

from .. import arrays, modes
from ..arrays import Array
from ..exc import DataError, MatchError
from ..initializers import zeros
from ..layer import Layer
from ..layers import Dense, Dropout, Linear, Residual, Sequential
from ..layers.activations import ACTIVATIONS
from ..tree import walk
from .normalization import WeightedBatchNorm
from .parameters import hidden_sizes, one_per_layer

__all__ = ["hidden_outputs", "linear_layers", "make_network"]

_SKLEARN_NAMES = {"logistic": "sigmoid"}


def make_network(estimator: Any, n_features: int, n_outputs: int, *, dtype: str, rng: np.random.RandomState) -> Layer:
    """A built network of the estimator's parameters, for so many features and outputs.

    Raises:
        DataError: an activation that is not known; residual blocks where no two layers have the same width.
        MatchError: the network that was given has another number of outputs.
    """
    seed = _own_seed(rng)
    if estimator.network is not None:
        return _copy(estimator, n_features, n_outputs, dtype=dtype, seed=seed)
    sizes = (n_features, *hidden_sizes(estimator))
    activations = one_per_layer(estimator, "activation", len(sizes) - 1)
    rates = one_per_layer(estimator, "dropout", len(sizes) - 1)
    blocks: list[Layer] = []
    for (n_in, n_out), activation, rate in zip(pairwise(sizes), activations, rates, strict=True):
        inside = _hidden_layers(estimator, n_out, activation, rate)
        shortcut = estimator.residual and n_in == n_out and len(blocks) > 0
        blocks.append(Residual(*inside) if shortcut else _block(n_out, inside))
    if estimator.residual and not any(isinstance(block, Residual) for block in blocks):
        raise DataError(
            code="LN655",
            where=type(estimator).__name__,
            saw=f"residual=True, hidden_layer_sizes={estimator.hidden_layer_sizes!r}",
            why="a shortcut goes around a hidden layer as wide as the one before it, and there is none",
            fix="hidden_layer_sizes=(64, 64, 64), residual=True",
        )
    network = Sequential(*blocks, Linear(n_outputs, weight_init=zeros), seed=seed).build(n_features, dtype=dtype)
    if blocks:
        _draw_weights(network, [*activations, activations[-1]], rng)
    return network


def linear_layers(network: Layer) -> list[Any]:
    """The affine layers of a network, from the input to the output.

    >>> from lincoln import Dense, Sequential
    >>> linear_layers(Sequential(Dense(3), Dense(1)))
    [Linear(3), Linear(1)]
    """
    return [layer for layer in walk(network) if isinstance(layer, Linear)]


def hidden_outputs(network: Layer, x: Array) -> list[Array]:
    """What each part of a network gives but the last, in evaluation.

    >>> from lincoln import Dense, Sequential
    >>> [y.shape for y in hidden_outputs(Sequential(Dense(3), Dense(1), seed=0), np.zeros((2, 4)))]
    [(2, 3)]
    """
    outputs: list[Array] = []
    with modes.evaluation():
        for _, layer in list(network.children())[:-1]:
            x = layer(x)
            outputs.append(x)
    return outputs


def _hidden_layers(estimator: Any, size: int, activation: Any, rate: float) -> list[Layer]:
    """Linear, batch normalization, activation, dropout: those that are asked for."""
    layers: list[Layer] = [Linear(size, weight_init=zeros)]
    if estimator.batch_norm:
        layers.append(WeightedBatchNorm())
    if activation != "identity":
        layers.append(_activation(estimator, activation))
    if rate:
        layers.append(Dropout(rate))
    return layers


def _block(size: int, inside: list[Layer]) -> Layer:
    """The layers as one: a `Dense` where they are no more than that."""
    if isinstance(inside[-1], Dropout | WeightedBatchNorm) or len(inside) > 2:
        return Sequential(*inside)
    return Dense(size, inside[1] if len(inside) > 1 else None, weight_init=zeros)


def _activation(estimator: Any, activation: Any) -> Layer:
    if isinstance(activation, Layer):
        return copy.deepcopy(activation)
    if isinstance(activation, type) and issubclass(activation, Layer):
        return activation()
    name = _SKLEARN_NAMES.get(activation, activation) if isinstance(activation, str) else None
    if name not in ACTIVATIONS:
        raise DataError(
            code="LN656",
            where=type(estimator).__name__,
            saw=f"activation={activation!r}",
            why="no activation of that name is known",
            fix=f"one of {', '.join(['identity', 'logistic', *ACTIVATIONS])}; a layer; or a list, one for each "
            "hidden layer",
        )
    return ACTIVATIONS[name]()


def _draw_weights(network: Layer, activations: list[Any], rng: np.random.RandomState) -> None:
    """Uniform within ±√(6 / (n_in + n_out)), √2 in place of √6 beside a sigmoid: weights, then biases, layer by layer.

    The numbers are those that scikit-learn's estimators draw from the same ``random_state``   (Glorot, Bengio 2010).
    """
    for layer, activation in zip(linear_layers(network), activations, strict=True):
        factor = 2.0 if activation in ("logistic", "sigmoid") else 6.0
        bound = np.sqrt(factor / sum(layer.W.shape))
        layer.W.value = rng.uniform(-bound, bound, layer.W.shape)
        layer.B.value = rng.uniform(-bound, bound, layer.B.shape)


def _copy(estimator: Any, n_features: int, n_outputs: int, *, dtype: str, seed: int) -> Layer:
    """A copy of the network that the user gave, built; one that has learned already goes on from what it knows."""
    network: Layer = copy.deepcopy(estimator.network)
    if not network.built:
        network.seed = seed if network.seed is None else network.seed
        network.build(n_features, dtype=dtype)
    elif arrays.dtype_name(network.vector.value) != dtype:
        network.astype(dtype)
    outputs = network.output_shape[-1]
    if outputs != n_outputs and (outputs, n_outputs) != (2, 1):
        raise MatchError(
            code="LN657",
            where=type(estimator).__name__,
            saw=f"a network with {outputs} output{'s' if outputs > 1 else ''}, labels for {n_outputs}",
            why="every class, or every value, has an output of its own; one output tells two classes apart",
            fix=f"a last layer of {n_outputs}: lnc.layers.Linear({n_outputs})",
        )
    return network


def _own_seed(rng: np.random.RandomState) -> int:
    """A seed for what the network itself draws, such as dropout, which leaves the generator where it is."""
    beside = np.random.RandomState()
    beside.set_state(rng.get_state())
    return int(beside.randint(np.iinfo(np.int32).max))
