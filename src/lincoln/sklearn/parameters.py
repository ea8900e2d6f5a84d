"""Whether an estimator's parameters can be trained with: what cannot is refused before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..exc import DataError
from ..layer import Layer
from ..settings import number, whole

__all__ = ["batch_size", "check_parameters", "hidden_sizes", "one_per_layer"]

_RANGES = {
    "alpha": "[0, inf)",
    "learning_rate_init": "(0, inf)",
    "power_t": "[0, inf)",
    "tol": "[0, inf)",
    "momentum": "[0, 1)",
    "validation_fraction": "[0, 1)",
    "beta_1": "[0, 1)",
    "beta_2": "[0, 1)",
    "epsilon": "(0, inf)",
}
_SWITCHES = (
    "shuffle",
    "warm_start",
    "nesterovs_momentum",
    "early_stopping",
    "batch_norm",
    "residual",
    "calibrate",
    "stratify",
    "ties_by_loss",
    "weights_are_counts",
)
_USUAL = {
    "alpha": 1e-4,
    "learning_rate_init": 1e-3,
    "power_t": 0.5,
    "tol": 1e-4,
    "momentum": 0.9,
    "validation_fraction": 0.1,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "max_iter": 200,
    "max_fun": 15000,
    "batch_size": "'auto'",
    "n_iter_no_change": 10,
}


def check_parameters(estimator: Any) -> None:
    """Refuse what an estimator cannot train with.

    Raises:
        DataError: a number outside its range, a name that is not known, lists that do not fit each other.
    """
    where = type(estimator).__name__
    for name, interval in _RANGES.items():
        number(getattr(estimator, name), interval, name=name, where=where, fix=f"{name}={_USUAL[name]}")
    for name in ("max_iter", "max_fun"):
        whole(getattr(estimator, name), 1, name=name, where=where, fix=f"{name}={_USUAL[name]}")
    for name in ("batch_size", "n_iter_no_change"):
        value = getattr(estimator, name)
        if value != ("auto" if name == "batch_size" else math.inf):
            whole(value, 1, name=name, where=where, fix=f"{name}={_USUAL[name]}")
    _check_switches(estimator)
    if estimator.dtype not in ("auto", "float32", "float64"):
        raise DataError(
            code="LN651",
            where=where,
            saw=f"dtype={estimator.dtype!r}",
            why="a network computes in one of two kinds of floating-point numbers",
            fix='dtype="auto", which is that of X; dtype="float32", which is faster; or dtype="float64"',
        )
    if estimator.network is not None and not isinstance(estimator.network, Layer):
        raise DataError(
            code="LN652",
            where=where,
            saw=f"network={estimator.network!r}",
            why="it is not a network",
            fix="network=lnc.Sequential(...), whole with its last layer; or hidden_layer_sizes=(100,)",
        )
    sizes = hidden_sizes(estimator)
    one_per_layer(estimator, "activation", len(sizes))
    for rate in one_per_layer(estimator, "dropout", len(sizes)):
        number(rate, "[0, 1)", name="dropout", where=where, fix="dropout=0.2")


def _check_switches(estimator: Any) -> None:
    """Refuse anything but True and False where it is one or the other: a string would be taken for True."""
    given = {name: getattr(estimator, name) for name in (*_SWITCHES, "verbose") if hasattr(estimator, name)}
    for name, value in given.items():
        level = name == "verbose" and isinstance(value, int | np.integer) and value >= 0
        if not (level or isinstance(value, bool | np.bool_)):
            raise DataError(
                code="LN680",
                where=type(estimator).__name__,
                saw=f"{name}={value!r}",
                why=f"The {name!r} parameter of {type(estimator).__name__} must be True or False",
                fix=f"{name}=True, or {name}=False",
            )


def hidden_sizes(estimator: Any) -> tuple[int, ...]:
    """The widths of the hidden layers; none for logistic or linear regression.

    Raises:
        DataError: anything but whole numbers above 0.

    >>> from types import SimpleNamespace
    >>> hidden_sizes(SimpleNamespace(hidden_layer_sizes=30)), hidden_sizes(SimpleNamespace(hidden_layer_sizes=[8, 4]))
    ((30,), (8, 4))
    """
    given = estimator.hidden_layer_sizes
    sizes = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    if not all(isinstance(size, int | np.integer) and not isinstance(size, bool) and size > 0 for size in sizes):
        raise DataError(
            code="LN653",
            where=type(estimator).__name__,
            saw=f"hidden_layer_sizes={given!r}",
            why="hidden_layer_sizes must be > 0, one whole number for each hidden layer",
            fix="hidden_layer_sizes=(100,); () for no hidden layer: logistic or linear regression",
        )
    return tuple(int(size) for size in sizes)


def batch_size(estimator: Any, n: int) -> int:
    """How many of n rows a step learns from: ``"auto"`` is 200, as in scikit-learn, or all if there are fewer.

    With no hidden layer ``"auto"`` is 32 where 200 would leave fewer than 20 steps to an epoch: the weights then start
    at zero, and scikit-learn's learning rate takes them nowhere in a few steps.

    >>> from types import SimpleNamespace
    >>> deep, flat = (SimpleNamespace(batch_size="auto", hidden_layer_sizes=sizes, network=None) for sizes in (8, ()))
    >>> batch_size(deep, 1000), batch_size(flat, 1000), batch_size(flat, 10**6), batch_size(deep, 50)
    (200, 50, 200, 50)
    """
    if estimator.batch_size != "auto":
        return min(int(estimator.batch_size), n)
    usual = 200 if estimator.network is not None or hidden_sizes(estimator) else max(32, n // 20)
    return min(usual, 200, n)


def one_per_layer(estimator: Any, name: str, layers: int) -> list[Any]:
    """A parameter's value for each hidden layer, where it is one for all or a list of as many.

    Raises:
        DataError: a list of another length.
    """
    value = getattr(estimator, name)
    if not isinstance(value, list | tuple | np.ndarray):
        return [value] * layers
    if len(value) != layers:
        raise DataError(
            code="LN654",
            where=type(estimator).__name__,
            saw=f"{name}={value!r}, {layers} hidden layer{'' if layers == 1 else 's'}",
            why="a list says one thing for each hidden layer",
            fix=f"{name}={[*value, *value[-1:] * layers][:layers]!r}, or one value for all",
        )
    return list(value)
