"""Models that predict values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses, metrics, optim
from ..arrays import Array
from ..exc import DataError
from ..layers import Sigmoid, Softmax, Tanh
from .model import Model, last_layer

__all__ = ["Regressor"]


_SQUARES = (losses.MeanSquaredError, losses.MeanAbsoluteError, losses.Huber, losses.Quantile)
_RANGES: dict[type, tuple[float, float]] = {Sigmoid: (0.0, 1.0), Softmax: (0.0, 1.0), Tanh: (-1.0, 1.0)}
"""What the outputs of an activation lie between."""


class Regressor(Model):
    """Learns to predict one value or several.

    Args:
        network: the layers; as many outputs as there are values.
        loss: a loss, or its class; the mean of squared errors if it is not given.
        optimizer: an optimizer, or its class; `Adam` if it is not given.
        metric: a function of predictions and labels, or an object of `lincoln.metrics`; R² if it is not given.
        batch_gen, valid_gen, seed: as in `Model`.

    Raises:
        MatchError: another number of values than outputs; a loss of another network.
        DataError: labels that are not numbers.

    >>> from lincoln import layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Regressor(layers.Linear(1, seed=0), optimizer=optim.Adam)
    >>> model = model.fit(x, 1 + 2 * x[:, 0], epochs=4000, print_every=None)
    >>> model.predict([[0.5]]).round(2)
    array([2.], dtype=float32)
    """

    learned = ("_one_column",)
    _one_column: bool = True

    def default_loss(self) -> Any:
        return losses.MeanSquaredError(self.network, reduction="mean")

    def default_optimizer(self) -> Any:
        return optim.Adam

    def default_metric(self) -> Any:
        return self.r2

    def r2(self, outputs: Array, labels: Array) -> float:
        """R² of the network's outputs: the metric that is used if none is given."""
        return metrics.r2_score(self.loss.expected(outputs), labels)

    def learn_labels(self, labels: np.ndarray) -> None:
        self._one_column = labels.ndim == 1
        low, high = _RANGES.get(type(last_layer(self.network)), (-np.inf, np.inf))
        if type(self.loss) in _SQUARES and labels.dtype.kind in "iuf" and (labels.min() < low or labels.max() > high):
            raise DataError(
                code="LN180",
                where="Regressor.fit",
                saw=f"labels from {labels.min():.4g} to {labels.max():.4g}, a network that ends in "
                f"{last_layer(self.network)!r}",
                why=f"its outputs lie between {low:g} and {high:g}, whatever it learns",
                fix="a linear last layer, lnc.layers.Linear(1) or Dense(1, None): a bare Dense(1) is a sigmoid",
            )

    def network_labels(self, labels: np.ndarray) -> np.ndarray:
        if labels.dtype.kind not in "biuf" or not np.isfinite(labels).all():
            raise DataError(
                code="LN177",
                where="Regressor",
                saw=f"labels of {labels.dtype}" + ("" if labels.dtype.kind != "f" else " with NaN or infinity"),
                why="it learns to predict finite numbers",
                fix="labels.astype(float), without missing values; Classifier for names of classes",
            )
        return labels.astype(self._dtype()).reshape(*labels.shape[:1], -1)

    def predict(self, features: Any) -> np.ndarray:
        """The expected values: ``(n,)`` if the training labels were so, else ``(n, outputs)``."""
        values = np.asarray(self.loss.expected(self.outputs(features)))
        return values[:, 0] if self._one_column and values.shape[1:] == (1,) else values

    def score(self, features: Any, labels: Any) -> float:
        """R², the share of the labels' variance that is predicted."""
        return metrics.r2_score(self.predict(features), np.asarray(labels))
