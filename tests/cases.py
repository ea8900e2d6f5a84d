"""The contract table: one row for every public layer and every public loss, with what PyTorch says it computes.

The generic tests of `test_layers.py` and `test_losses.py` run over every row. The scripts in `fixtures/` run the
oracles once and store what they give, so that the default test run needs no PyTorch.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lincoln import layers, losses
from lincoln.initializers import Constant, Normal
from lincoln.layers import Layer
from lincoln.losses import Loss

Shape = tuple[int, ...]
Values = dict[str, np.ndarray]

FIXTURES = Path(__file__).parent / "fixtures"
ABSTRACT = {"Activation", "Container", "Layer", "Loss", "Rectifier"}
LAST_AXIS: tuple[Shape, ...] = ((2, 1), (1, 3), (2, 7), (2, 3, 4), (2, 1, 2, 3))
"""Shapes that every layer must bear that works on the last axis alone."""
SEVERAL = LAST_AXIS[1:]
"""The same with more than one feature: of a single one nothing but rounding is left when its mean is taken off."""


def normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """A batch of real numbers."""
    return rng.normal(size=shape)


@dataclass(frozen=True)
class Case:
    """A layer, the shape of a batch for it, and the same function in PyTorch.

    ``torch`` takes the module PyTorch, the input and the parameters and buffers in their order; ``others`` are more
    shapes; ``draw`` makes a batch; ``training`` says whether PyTorch's function is that of training.
    """

    layer: Layer
    input: Shape
    torch: Callable[..., Any]
    others: tuple[Shape, ...] = LAST_AXIS
    draw: Callable[[np.random.Generator, Shape], np.ndarray] = normal
    training: bool = False

    @property
    def name(self) -> str:
        return f"{one_line(self.layer)} {self.input}{' in training' * self.training}"

    def batch(self, shape: Shape, *, seed: int = 0) -> np.ndarray:
        return self.draw(np.random.default_rng(seed), shape)

    @property
    def covers(self) -> str:
        return type(self.layer).__name__

    def fresh(self) -> Layer:
        return copy.deepcopy(self.layer)


@dataclass(frozen=True)
class LossCase:
    """A loss, what network it is made for, which labels it takes, and the same function in PyTorch.

    ``torch`` takes the module PyTorch, predictions, labels and the reduction.
    """

    loss: Callable[..., Loss]
    ending: str | None
    labels: Callable[[np.random.Generator, Shape], np.ndarray]
    torch: Callable[..., Any]
    outputs: int = 3

    @property
    def name(self) -> str:
        return f"{self.loss(layers.Sequential())!r} of {self.outputs}"

    @property
    def covers(self) -> str:
        return type(self.loss(layers.Sequential())).__name__

    def network(self, *, seed: int = 0) -> Layer:
        return layers.Dense(self.outputs, activation=self.ending, seed=seed)

    def predictions(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return PREDICTIONS[self.ending](rng.normal(size=(n, self.outputs)))


def one_line(layer: Layer) -> str:
    """A layer's repr without line breaks."""
    return re.sub(r"(?<=\() | (?=\))", "", re.sub(r"\s+", " ", repr(layer)))


def without_row(public: Iterable[str], table: Iterable[Case | LossCase]) -> list[str]:
    """The public names that no row of the table covers: the checker of completeness."""
    covered = {row.covers for row in table} | ABSTRACT
    return sorted(name for name in public if name not in covered)


# ---------------------------------------------------------------------- layers

ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda t, x: t.sigmoid(x),
    "tanh": lambda t, x: t.tanh(x),
    "relu": lambda t, x: t.relu(x),
    "leaky_relu": lambda t, x: t.nn.functional.leaky_relu(x, 0.01),
    "elu": lambda t, x: t.nn.functional.elu(x),
    "silu": lambda t, x: t.nn.functional.silu(x),
    "gelu": lambda t, x: t.nn.functional.gelu(x),
    "softplus": lambda t, x: t.logaddexp(x, t.zeros_like(x)),
    "log_sigmoid": lambda t, x: t.nn.functional.logsigmoid(x),
    "softmax": lambda t, x: t.softmax(x, -1),
    "log_softmax": lambda t, x: t.log_softmax(x, -1),
}


def _affine(t: Any, x: Any, W: Any, B: Any = None) -> Any:
    return t.nn.functional.linear(x, W.T, B)


def _mlp(t: Any, x: Any, W0: Any, B0: Any, W1: Any, B1: Any) -> Any:
    return _affine(t, t.tanh(_affine(t, x, W0, B0)), W1, B1)


def _nested(t: Any, x: Any, W0: Any, B0: Any, W1: Any, B1: Any) -> Any:
    return t.sigmoid(_affine(t, t.relu(_affine(t, x, W0, B0)), W1, B1))


def _dense(activation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda t, x, W, B: activation(t, _affine(t, x, W, B))


def _layer_norm(t: Any, x: Any, gamma: Any = None, beta: Any = None) -> Any:
    return t.nn.functional.layer_norm(x, x.shape[-1:], gamma, beta)


def _batch_norm(training: bool, momentum: float = 0.1, eps: float = 1e-5) -> Callable[..., Any]:
    def function(t: Any, x: Any, *state: Any) -> Any:
        *affine, mean, variance = state
        now = training and x.numel() > x.shape[-1]
        rows = x.reshape(-1, x.shape[-1])
        y = t.nn.functional.batch_norm(rows, mean, variance, *affine, training=now, momentum=momentum, eps=eps)
        return y.reshape(x.shape)

    return function


CODES = (3, 4)


def codes_last(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """A batch whose last two columns are categories, three of the one and four of the other."""
    return np.concatenate([rng.normal(size=(*shape[:-1], shape[-1] - 2)), rng.integers(0, CODES, (*shape[:-1], 2))], -1)


def _embedded(t: Any, x: Any, E: Any) -> Any:
    codes = x[..., -2:].detach().long()
    tables = E[:6].reshape(3, 2), E[6:].reshape(4, 3)
    vectors = [t.nn.functional.embedding(codes[..., i], table) for i, table in enumerate(tables)]
    return t.cat([x[..., :-2], *vectors], -1)


LAYER_CASES = [
    Case(layers.Linear(4), (3, 5), _affine),
    Case(layers.Linear(4), (2, 3, 5), _affine),
    Case(layers.Linear(1, bias=False), (3, 5), _affine),
    Case(layers.Linear(2, weight_init=Normal(0.1), bias_init=Constant(0.5)), (3, 5), _affine),
    Case(layers.Sigmoid(), (3, 5), ACTIVATIONS["sigmoid"]),
    Case(layers.Tanh(), (3, 5), ACTIVATIONS["tanh"]),
    Case(layers.ReLU(), (3, 5), ACTIVATIONS["relu"]),
    Case(layers.LeakyReLU(), (3, 5), ACTIVATIONS["leaky_relu"]),
    Case(layers.LeakyReLU(0.2), (3, 5), lambda t, x: t.nn.functional.leaky_relu(x, 0.2)),
    Case(layers.ELU(), (3, 5), ACTIVATIONS["elu"]),
    Case(layers.ELU(0.5), (3, 5), lambda t, x: t.nn.functional.elu(x, alpha=0.5)),
    Case(layers.SiLU(), (3, 5), ACTIVATIONS["silu"]),
    Case(layers.GELU(), (3, 5), ACTIVATIONS["gelu"]),
    Case(layers.GELU(tanh=True), (3, 5), lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    Case(layers.Softplus(), (3, 5), ACTIVATIONS["softplus"]),
    Case(layers.LogSigmoid(), (3, 5), ACTIVATIONS["log_sigmoid"]),
    Case(layers.Softmax(), (3, 5), ACTIVATIONS["softmax"]),
    Case(layers.Softmax(), (2, 3, 5), ACTIVATIONS["softmax"]),
    Case(layers.LogSoftmax(), (3, 5), ACTIVATIONS["log_softmax"]),
    Case(layers.LogSoftmax(), (2, 3, 5), ACTIVATIONS["log_softmax"]),
    *(Case(layers.Dense(3, activation=name), (3, 5), _dense(oracle)) for name, oracle in ACTIVATIONS.items()),
    Case(layers.Dense(3, activation=None), (3, 5), _affine),
    Case(layers.Dense(3, layers.ELU(0.5)), (3, 5), _dense(lambda t, x: t.nn.functional.elu(x, alpha=0.5))),
    Case(layers.Dense(3), (2, 3, 5), _dense(ACTIVATIONS["sigmoid"])),
    Case(layers.Dense(2, "relu", bias=False), (3, 5), lambda t, x, W: t.relu(_affine(t, x, W))),
    Case(layers.Sequential(), (3, 5), lambda t, x: 1 * x),
    Case(layers.Sequential(layers.Linear(4), layers.Tanh(), layers.Linear(2)), (3, 5), _mlp),
    Case(
        layers.Sequential(layers.Sequential(layers.Linear(3), layers.ReLU()), layers.Sequential(layers.Dense(2))),
        (3, 5),
        _nested,
    ),
    Case(
        layers.Residual(layers.Linear(4), layers.Tanh(), layers.Linear(5)),
        (3, 5),
        lambda t, x, *p: x + _mlp(t, x, *p),
        others=((2, 5), (2, 3, 5)),
    ),
    Case(layers.Residual(layers.Tanh()), (2, 3, 4), lambda t, x: x + t.tanh(x)),
    Case(
        layers.Parallel(layers.Linear(2), layers.Dense(3, "tanh")),
        (3, 5),
        lambda t, x, W0, B0, W1, B1: t.cat([_affine(t, x, W0, B0), t.tanh(_affine(t, x, W1, B1))], -1),
    ),
    Case(
        layers.Parallel(layers.Linear(2), layers.Linear(2, bias=False), combine="add"),
        (2, 3, 4),
        lambda t, x, W0, B0, W1: _affine(t, x, W0, B0) + _affine(t, x, W1),
    ),
    Case(layers.Flatten(), (3, 2, 4), lambda t, x: x.reshape(len(x), -1), others=((2, 1), (3,), (2, 3, 1, 2))),
    Case(layers.Reshape(-1), (3, 2, 2), lambda t, x: x.reshape(len(x), -1), others=((2, 1), (3,), (2, 3, 1, 2))),
    Case(layers.Reshape(2, 3), (4, 6), lambda t, x: x.reshape(len(x), 2, 3), others=((2, 3, 2), (1, 6))),
    Case(layers.Reshape(2, -1), (2, 4, 3), lambda t, x: x.reshape(len(x), 2, -1), others=((3, 2), (2, 3, 2))),
    Case(layers.Dropout(0.4), (3, 5), lambda t, x: t.nn.functional.dropout(x, 0.4, training=False)),
    Case(layers.Dropout(0.0), (2, 3, 5), lambda t, x: t.nn.functional.dropout(x, 0.0)),
    Case(
        layers.Sequential(layers.Linear(4), layers.Dropout(0.5), layers.Flatten(), layers.Linear(2)),
        (2, 3, 5),
        lambda t, x, W0, B0, W1, B1: _affine(t, t.flatten(_affine(t, x, W0, B0), 1), W1, B1),
        others=((2, 7),),
    ),
    Case(layers.BatchNorm(), (6, 5), _batch_norm(True), training=True),
    Case(layers.BatchNorm(), (6, 5), _batch_norm(False)),
    Case(layers.BatchNorm(0.3, 0.1), (2, 3, 5), _batch_norm(True, 0.3, 0.1), training=True),
    Case(layers.BatchNorm(1.0), (1, 5), _batch_norm(True, 1.0), training=True),
    Case(layers.BatchNorm(scale=False, shift=False), (6, 5), _batch_norm(True), training=True),
    Case(layers.LayerNorm(), (3, 5), _layer_norm, others=SEVERAL),
    Case(layers.LayerNorm(), (2, 3, 5), _layer_norm, others=SEVERAL),
    Case(
        layers.LayerNorm(0.1),
        (3, 5),
        lambda t, x, *p: t.nn.functional.layer_norm(x, x.shape[-1:], *p, eps=0.1),
        others=SEVERAL,
    ),
    Case(layers.LayerNorm(shift=False), (3, 5), _layer_norm, others=SEVERAL),
    Case(layers.LayerNorm(scale=False, shift=False), (3, 5), _layer_norm, others=SEVERAL),
    Case(
        layers.Sequential(
            layers.Linear(4, bias=False), layers.BatchNorm(), layers.ReLU(), layers.LayerNorm(), layers.Linear(2)
        ),
        (6, 5),
        lambda t, x, W, gamma, beta, g, b, V, C, *running: _affine(
            t, _layer_norm(t, t.relu(_batch_norm(True)(t, _affine(t, x, W), gamma, beta, *running)), g, b), V, C
        ),
        others=((7, 2),),
        training=True,
    ),
    Case(
        layers.ColumnEmbedding(CODES, sizes=(2, 3)),
        (6, 4),
        _embedded,
        others=((2, 3), (1, 5), (5, 2), (2, 3, 4)),
        draw=codes_last,
    ),
]


# ---------------------------------------------------------------------- losses

PREDICTIONS: dict[str | None, Callable[[np.ndarray], np.ndarray]] = {
    None: lambda a: a,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "log_sigmoid": lambda a: -np.log1p(np.exp(-a)),
    "softmax": lambda a: np.exp(a) / np.exp(a).sum(axis=-1, keepdims=True),
    "log_softmax": lambda a: a - np.log(np.exp(a).sum(axis=-1, keepdims=True)),
}


def _binary(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.integers(0, 2, size=shape).astype(float)


def _shares(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(size=shape)


def _real(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.normal(size=shape)


def _counts(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.poisson(2.0, size=shape).astype(float)


def _classes(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.integers(0, shape[-1], size=shape[:-1])


def _log_loss(t: Any, p: Any, y: Any, reduction: str) -> Any:
    return t.nn.functional.binary_cross_entropy(p, y, reduction=reduction)


def _nll(weights: Sequence[float]) -> Callable[..., Any]:
    return lambda t, z, y, reduction: t.nn.functional.nll_loss(
        z, y, weight=t.tensor(weights, dtype=z.dtype), reduction=reduction
    )


def _fourth_power(p: Any, y: Any) -> Any:
    return (p - y) ** 4 / 4


def _cube(p: Any, y: Any) -> Any:
    return (p - y) ** 3


def _sigmoid_cross_entropy(weight: float | Sequence[float]) -> Callable[..., Any]:
    return lambda t, a, y, reduction: t.nn.functional.binary_cross_entropy_with_logits(
        a, y, pos_weight=t.tensor(weight, dtype=a.dtype), reduction=reduction
    )


def _softmax_cross_entropy(smoothing: float, weights: Sequence[float] | None) -> Callable[..., Any]:
    return lambda t, a, y, reduction: t.nn.functional.cross_entropy(
        a,
        y,
        weight=None if weights is None else t.tensor(weights, dtype=a.dtype),
        label_smoothing=smoothing,
        reduction=reduction,
    )


def _huber(delta: float) -> Callable[..., Any]:
    return lambda t, p, y, reduction: t.nn.functional.huber_loss(p, y, delta=delta, reduction=reduction)


def _quantile(q: float) -> Callable[..., Any]:
    return lambda t, p, y, reduction: getattr(t.maximum(q * (y - p), (q - 1) * (y - p)), reduction)()


LOSS_CASES = [
    LossCase(losses.LogLoss, "sigmoid", _binary, _log_loss, outputs=1),
    LossCase(losses.LogLoss, "sigmoid", _shares, _log_loss),
    LossCase(losses.LogSigmoidLoss, "log_sigmoid", _binary, lambda t, z, y, r: _log_loss(t, t.exp(z), y, r), outputs=1),
    LossCase(losses.LogSigmoidLoss, "log_sigmoid", _shares, lambda t, z, y, r: _log_loss(t, t.exp(z), y, r)),
    LossCase(losses.SigmoidCrossEntropy, None, _binary, _sigmoid_cross_entropy(1.0), outputs=1),
    LossCase(partial(losses.SigmoidCrossEntropy, positive_weight=2.5), None, _shares, _sigmoid_cross_entropy(2.5)),
    LossCase(
        partial(losses.SigmoidCrossEntropy, positive_weight=(2.5, 0.5, 1.0)),
        None,
        _binary,
        _sigmoid_cross_entropy((2.5, 0.5, 1.0)),
    ),
    LossCase(
        partial(losses.LogLoss, positive_weight=3.0),
        "sigmoid",
        _binary,
        lambda t, p, y, r: _sigmoid_cross_entropy(3.0)(t, t.log(p) - t.log1p(-p), y, r),
        outputs=1,
    ),
    LossCase(
        partial(losses.LogLoss, positive_weight=(3.0, 0.5, 1.0)),
        "sigmoid",
        _shares,
        lambda t, p, y, r: _sigmoid_cross_entropy((3.0, 0.5, 1.0))(t, t.log(p) - t.log1p(-p), y, r),
    ),
    LossCase(
        partial(losses.LogSigmoidLoss, positive_weight=(3.0, 0.5, 1.0)),
        "log_sigmoid",
        _shares,
        lambda t, z, y, r: _sigmoid_cross_entropy((3.0, 0.5, 1.0))(t, z - t.log1p(-t.exp(z)), y, r),
    ),
    LossCase(
        partial(losses.Custom, value=_fourth_power, derivative=_cube),
        None,
        _real,
        lambda t, p, y, r: getattr((p - y) ** 4 / 4, r)(),
    ),
    LossCase(
        losses.CrossEntropy, "softmax", _classes, lambda t, p, y, r: t.nn.functional.nll_loss(t.log(p), y, reduction=r)
    ),
    LossCase(
        partial(losses.CrossEntropy, class_weight=(1.0, 0.5, 3.0)),
        "softmax",
        _classes,
        lambda t, p, y, r: _nll((1.0, 0.5, 3.0))(t, t.log(p), y, r),
    ),
    LossCase(partial(losses.NLLLoss, class_weight=(2.0, 0.5)), "log_softmax", _classes, _nll((2.0, 0.5)), outputs=2),
    LossCase(losses.NLLLoss, "log_softmax", _classes, lambda t, z, y, r: t.nn.functional.nll_loss(z, y, reduction=r)),
    LossCase(losses.SoftmaxCrossEntropy, None, _classes, _softmax_cross_entropy(0.0, None)),
    LossCase(
        partial(losses.SoftmaxCrossEntropy, label_smoothing=0.1), None, _classes, _softmax_cross_entropy(0.1, None)
    ),
    LossCase(
        partial(losses.SoftmaxCrossEntropy, class_weight=(1.0, 0.5, 3.0)),
        None,
        _classes,
        _softmax_cross_entropy(0.0, (1.0, 0.5, 3.0)),
    ),
    LossCase(
        partial(losses.SoftmaxCrossEntropy, label_smoothing=0.2, class_weight=(2.0, 0.5)),
        None,
        _classes,
        _softmax_cross_entropy(0.2, (2.0, 0.5)),
        outputs=2,
    ),
    LossCase(
        losses.MeanSquaredError, None, _real, lambda t, p, y, r: t.nn.functional.mse_loss(p, y, reduction=r), outputs=1
    ),
    LossCase(losses.MeanSquaredError, None, _real, lambda t, p, y, r: t.nn.functional.mse_loss(p, y, reduction=r)),
    LossCase(losses.MeanAbsoluteError, None, _real, lambda t, p, y, r: t.nn.functional.l1_loss(p, y, reduction=r)),
    LossCase(losses.Huber, None, _real, _huber(1.0)),
    LossCase(partial(losses.Huber, delta=0.3), None, _real, _huber(0.3), outputs=1),
    LossCase(losses.Quantile, None, _real, _quantile(0.5)),
    LossCase(partial(losses.Quantile, q=0.9), None, _real, _quantile(0.9), outputs=1),
    LossCase(
        losses.Poisson,
        None,
        _counts,
        lambda t, a, y, r: t.nn.functional.poisson_nll_loss(a, y, log_input=True, reduction=r),
    ),
]


# ---------------------------------------------------------------------- oracles and their stored values


def layer_oracle(case: Case, shape: Shape) -> Values:
    """What PyTorch computes for one row: a batch, the parameters, the output and every gradient, in float64."""
    import torch

    rng = np.random.default_rng(1)
    layer = case.fresh().build(shape[1:], seed=0, dtype="float64")
    start = {name: value + 0.1 * rng.normal(size=value.shape) for name, value in layer.state_dict().items()}
    learned = {name for name, _ in layer.named_parameters()}
    x = torch.tensor(case.draw(rng, shape), requires_grad=True)
    state = {name: torch.tensor(value, requires_grad=name in learned) for name, value in start.items()}
    output = case.torch(torch, x, *state.values())
    output_grad = rng.normal(size=tuple(output.shape))
    output.backward(torch.tensor(output_grad))
    values = {"input": x, "output": output, "input_grad": x.grad}
    values |= {f"grad.{name}": state[name].grad for name in start if name in learned}
    values |= {f"after.{name}": state[name] for name in start if name not in learned}
    given = {"output_grad": output_grad} | {f"value.{name}": value for name, value in start.items()}
    return given | {name: tensor.detach().numpy() for name, tensor in values.items()}


def loss_oracle(case: LossCase, n: int) -> Values:
    """What PyTorch computes for one row: predictions, labels, and for both reductions the loss and its gradient."""
    import torch

    rng = np.random.default_rng(2)
    predictions = case.predictions(rng, n)
    labels = case.labels(rng, predictions.shape)
    values = {"predictions": predictions, "labels": labels}
    for reduction in ("sum", "mean"):
        p = torch.tensor(predictions, requires_grad=True)
        loss = case.torch(torch, p, torch.tensor(labels), reduction)
        loss.backward()
        values |= {f"{reduction}.loss": loss.detach().numpy(), f"{reduction}.grad": p.grad.numpy()}
    return values


def store(file: str, rows: dict[str, Values]) -> None:
    """Write the values of all rows into one small file beside the scripts that make it."""
    flat = {f"{row}/{name}": value for row, values in rows.items() for name, value in values.items()}
    np.savez_compressed(FIXTURES / file, **flat)


def stored(file: str, row: str) -> Values:
    """The values of one row; KeyError if the script that makes them has to be run again."""
    with np.load(FIXTURES / file) as archive:
        names = [name for name in archive.files if name.startswith(f"{row}/")]
        if not names:
            raise KeyError(f"no stored values of {row}: run the script in tests/fixtures that makes {file}")
        return {name.removeprefix(f"{row}/"): archive[name] for name in names}


def relative_error(mine: Any, right: np.ndarray) -> float:
    """The largest difference over the largest number of what is right; infinite where shapes or dtypes differ."""
    mine = np.asarray(mine)
    if mine.shape != right.shape:
        return float("inf")
    return float(np.abs(mine - right).max() / max(np.abs(right).max(), 1e-300))
