"""Models that choose between classes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .. import losses, metrics, optim
from ..arrays import Array, namespace
from ..exc import DataError, MatchError
from ..layers import Linear, LogSigmoid, LogSoftmax, Sigmoid, Softmax
from ..losses import Loss
from .model import Model, last_layer

__all__ = ["Classifier", "Logistic"]


class Classifier(Model):
    """Learns to tell classes apart.

    The network has one output, which is the probability of the second of two classes (or its logit), or one output for
    each class. Labels may be integers, booleans or strings.

    Args:
        network: the layers.
        loss: a loss, or its class. If it is not given, the one that fits the last activation: `LogLoss` after
            `Sigmoid`, `LogSigmoidLoss`, `CrossEntropy`, `NLLLoss` likewise, and the losses on logits after a linear
            layer.
        optimizer: an optimizer, or its class; `SGD` with its learning rate of 0.003 if it is not given.
        metric: a function of the network's outputs and the labels, or an object of `lincoln.metrics`; the accuracy if
            it is not given.
        batch_gen, valid_gen, seed: as in `Model`.

    Attributes:
        classes: the labels, in the order of the outputs; known after the first ``fit``, and kept in later ones. Where
            some of the numbers below the number of outputs do not occur among the labels, they are classes too.

    Raises:
        MatchError: more or fewer classes than the network has outputs for; a loss of another network.
        DataError: labels of only one class, or labels that are not classes.

    >>> from lincoln import Dense, Sequential
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = Classifier(Sequential(Dense(1), seed=0), optimizer=optim.Adam)
    >>> model = model.fit(x, ["no", "no", "yes", "yes"], epochs=3000, print_every=None)
    >>> model.predict([[0.5], [2.5]]).tolist()
    ['no', 'yes']
    """

    learned = ("classes", "log_ps")
    log_ps: bool = False
    classes: np.ndarray | None = None

    def default_loss(self) -> Any:
        last = last_layer(self.network)
        if isinstance(last, Linear):
            return losses.SigmoidCrossEntropy if last.size == 1 else losses.SoftmaxCrossEntropy
        if type(last) in _LOSSES:
            return _LOSSES[type(last)]
        raise DataError(
            code="LN176",
            where=type(self).__name__,
            saw=f"a network that ends in {last!r}, and no loss",
            why="it is not known what its outputs mean",
            fix="loss=..., such as SoftmaxCrossEntropy for logits; or Dense(..., activation=None) as the last layer",
        )

    def default_optimizer(self) -> Any:
        return optim.SGD

    def default_metric(self) -> Any:
        return self.accuracy

    def accuracy(self, outputs: Array, labels: Array) -> float:
        """The accuracy of the network's outputs: the metric that is used if none is given."""
        return metrics.accuracy(self.probabilities(outputs), labels)

    def learn_labels(self, labels: np.ndarray) -> None:
        if self.classes is not None and len(self.history):
            return  # the outputs have their meanings already
        found = np.unique(self._column(labels))
        if len(found) < 2:
            raise DataError(
                code="LN171",
                where=f"{type(self).__name__}.fit",
                saw=f"only one class: {found.tolist()}",
                why="there is nothing to tell apart",
                fix="labels with two classes or more",
            )
        outputs = self.network.output_shape[-1]
        if len(found) < outputs and found.dtype.kind in "iuf" and found[0] >= 0 and found[-1] < outputs:
            found = np.arange(outputs, dtype=found.dtype)
        if len(found) != max(outputs, 2):
            raise MatchError(
                code="LN174",
                where=f"{type(self).__name__}.fit",
                saw=f"{len(found)} classes, {outputs} output{'s' if outputs > 1 else ''}",
                why="every class has an output of its own; a single output tells two classes apart",
                fix=f"a last layer of {len(found)} outputs, such as Dense({len(found)}, 'softmax')",
            )
        self.classes = found

    def network_labels(self, labels: np.ndarray) -> np.ndarray:
        flat = self._column(labels)
        if self.classes is not None:
            numbers = {name: number for number, name in enumerate(self.classes.tolist())}
            unknown = [label for label in flat.tolist() if label not in numbers]
            if unknown:
                raise DataError(
                    code="LN173",
                    where=type(self).__name__,
                    saw=f"a label {unknown[0]!r}",
                    why=f"the classes are {self.classes.tolist()}",
                    fix="only labels that the training data have",
                )
            flat = np.array([numbers[label] for label in flat.tolist()])
        return flat.astype(np.float32 if self._one_output() else np.int64)[:, None]

    def fit(self, *args: Any, log_ps: bool = False, **kwargs: Any) -> Self:
        """Train, as `Model.fit` does.

        Args:
            args, kwargs: as in `Model.fit`.
            log_ps: say that the network's own last layer gives log-probabilities; Lincoln's layers say so themselves.
        """
        self.log_ps = log_ps
        return super().fit(*args, **kwargs)

    def probabilities(self, outputs: Array) -> Array:
        """The network's outputs as probabilities, in the same shape."""
        if type(self.loss).probabilities is not Loss.probabilities:
            return self.loss.probabilities(outputs)
        logarithms = self.log_ps or last_layer(self.network).gives == "log-probabilities"
        return namespace(outputs).exp(outputs) if logarithms else outputs

    def predict_proba(self, features: Any) -> np.ndarray:
        """The probability of every class.   -> (n, classes)"""
        p = self.probabilities(self.outputs(features))
        return np.concatenate([1.0 - p, p], axis=1) if p.shape[1] == 1 else np.asarray(p)

    def predict(self, features: Any) -> np.ndarray:
        """The most probable class of each example; the second of two that are equally probable.   -> (n,)"""
        p = np.asarray(self.probabilities(self.outputs(features)))
        chosen = (p[:, 0] >= 0.5).astype(np.int64) if p.shape[1] == 1 else p.argmax(axis=1)
        named: np.ndarray = chosen if self.classes is None else self.classes[chosen]
        return named

    def score(self, features: Any, labels: Any) -> float:
        """The accuracy: the share of examples whose class is predicted."""
        return metrics.accuracy(self.predict(features), np.asarray(labels).reshape(-1))

    def _one_output(self) -> bool:
        shape = self.network.output_shape
        return shape is not None and shape[-1] == 1

    def _column(self, labels: np.ndarray) -> np.ndarray:
        """Labels as ``(n,)``; what is not a class is refused."""
        kind, types = labels.dtype.kind, set()
        if kind == "O":
            types = {type(label) for label in labels.ravel().tolist()}
        names = kind in "biuSU" or (kind == "f" and np.array_equal(labels, np.round(labels))) or len(types) == 1
        if labels.shape not in (labels.shape[:1], (*labels.shape[:1], 1)) or not names:
            of = f": {', '.join(sorted(one.__name__ for one in types))}" if types else ""
            raise DataError(
                code="LN172",
                where=type(self).__name__,
                saw=f"labels of shape {labels.shape} and type {labels.dtype}{of}",
                why="every example has one class: an integer, a boolean or a string",
                fix="labels.argmax(axis=1) for one-hot rows; Regressor for values; no missing labels",
            )
        return labels.reshape(-1)


class Logistic(Classifier):
    """A `Classifier` for two classes and one output: logistic regression, with hidden layers if you like.

    >>> from lincoln import Dense
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = Logistic(Dense(1, seed=0), optimizer=optim.Adam).fit(x, [0, 0, 1, 1], epochs=3000, print_every=None)
    >>> model.predict([[0.5], [2.5]])
    array([0, 1])
    """

    def learn_labels(self, labels: np.ndarray) -> None:
        if not self._one_output():
            raise MatchError(
                code="LN175",
                where="Logistic",
                saw=f"a network with outputs of shape {self.network.output_shape}",
                why="one output tells two classes apart",
                fix="Dense(1) as the last layer, or Classifier",
            )
        super().learn_labels(labels)


_LOSSES: dict[type, Any] = {
    Sigmoid: losses.LogLoss,
    LogSigmoid: losses.LogSigmoidLoss,
    Softmax: losses.CrossEntropy,
    LogSoftmax: losses.NLLLoss,
}
