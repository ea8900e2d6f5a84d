"""What a `TabularModel` does by default: the network and how it is trained, by rules and no search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from .. import losses, optim
from ..exc import DataError
from ..layers import ColumnEmbedding, Dropout, Layer, Linear, Sequential, SiLU
from ..losses import Loss
from ..optim import Optimizer
from .expansion import TableFeatures
from .preprocessor import TabularPreprocessor

__all__ = ["made_loss", "made_network", "made_optimizer", "settings_for"]

_STEPS = 3000
"""About how many steps training takes where the number of rows leaves a choice."""
_FEW = 2000
"""With fewer rows than this, networks would learn them by heart: more dropout and shorter steps prevent it."""
_INTERVALS: dict[str, tuple[float, float]] = {
    "dropout": (0.0, 1.0),
    "epochs": (1, math.inf),
    "batch_size": (1, math.inf),
    "lr": (0.0, math.inf),
    "weight_decay": (0.0, math.inf),
    "label_smoothing": (0.0, 1.0),
    "patience": (1, math.inf),
    "valid_share": (0.0, 1.0),
}
_WHOLE = ("epochs", "batch_size", "patience")


def settings_for(rows: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting: what is given, and for the others the default for this number of training rows.

    Raises:
        DataError: a number outside its range.

    >>> settings_for(15_000, {"epochs": None, "lr": 0.01})["batch_size"]
    128
    """
    for name, value in given.items():
        _check(name, value)
    batch_size = given.get("batch_size") or min(max(2 ** round(math.log2(max(rows, 1) / 128)), 32), 1024)
    steps_an_epoch = math.ceil(rows / batch_size)
    epochs = given.get("epochs") or min(max(round(_STEPS / steps_an_epoch), 2), 40)
    defaults = {
        "hidden": (256, 256),
        "dropout": 0.15 if rows >= _FEW else 0.4,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": 0.002 if rows >= _FEW else 0.001,
        "weight_decay": 0.02,
        "label_smoothing": 0.0,
        "patience": max(3, epochs // 4),
        "valid_share": min(0.1, 20_000 / rows) if rows >= 1000 else 0.0,
    }
    return {name: value if given.get(name) is None else given[name] for name, value in defaults.items()}


def made_network(preprocessor: TabularPreprocessor, outputs: int, settings: Mapping[str, Any], *, seed: int) -> Layer:
    """The network: features, then linear layers with `SiLU` and `Dropout` between them."""
    parts: list[Layer] = [TableFeatures(preprocessor)]
    if preprocessor.encoding == "embed" and preprocessor.category_counts:
        parts.append(ColumnEmbedding(preprocessor.category_counts))
    for size in settings["hidden"]:
        parts += [Linear(int(size)), SiLU()]
        if settings["dropout"]:
            parts.append(Dropout(settings["dropout"]))
    return Sequential(*parts, Linear(outputs), seed=seed).build(preprocessor.expansion.width)


def made_loss(network: Layer, *, task: str, settings: Mapping[str, Any]) -> Loss:
    """The loss: cross-entropy of logits, or the mean of squared errors."""
    if task == "regression":
        return losses.MeanSquaredError(network, reduction="mean")
    return losses.SoftmaxCrossEntropy(network, label_smoothing=settings["label_smoothing"], reduction="mean")


def made_optimizer(network: Layer, *, steps: int, settings: Mapping[str, Any]) -> Optimizer:
    """The optimizer: `AdamW` with a short warm-up and a cosine down to 0, biases not decayed."""
    schedule = optim.CosineDecay(settings["lr"], steps=steps, warmup=steps // 20)
    return optim.AdamW(
        network,
        schedule,
        weight_decay=settings["weight_decay"],
        groups=[optim.Group(optim.biases_and_norms, weight_decay=0.0)],
    )


def _check(name: str, value: Any) -> None:
    if value is None or name not in _INTERVALS:
        return
    low, high = _INTERVALS[name]
    whole = name in _WHOLE
    is_number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if is_number and low <= value < high and not (name == "lr" and value == 0.0):
        return
    raise DataError(
        code="LN630",
        where="TabularModel",
        saw=f"{name}={value!r}",
        why=f"it is a {'whole ' * whole}number {'above' if name == 'lr' else 'of at least'} {low:g}"
        + ("" if high == math.inf else f" and below {high:g}"),
        fix=f"{name}=None for the default",
    )
