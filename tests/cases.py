"""The contract table: the examples of every public layer and loss, more of their options, and what PyTorch computes.

The generic tests of `test_layers.py` and `test_losses.py` run over every row. The scripts in `fixtures/` run the
oracles once and store what they give, so that the default test run needs no PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lincoln import examples, layers, losses
from lincoln.examples import SEVERAL, LayerExample, LossExample, Shape, classes, normal, truths
from lincoln.initializers import Constant, Normal

Values = dict[str, np.ndarray]

FIXTURES = Path(__file__).parent / "fixtures"
ABSTRACT = {"Activation", "Container", "Layer", "Loss", "Rectifier"}


@dataclass(frozen=True, kw_only=True)
class Case(LayerExample):
    """A layer, the shape of a batch for it, and the same function in PyTorch.

    ``torch`` takes the module PyTorch, the input and the parameters and buffers in their order; where ``training`` is
    true it is the function of training.
    """

    torch: Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class LossCase(LossExample):
    """A loss, what network it is made for, which labels it takes, and the same function in PyTorch.

    ``torch`` takes the module PyTorch, predictions, labels and the reduction.
    """

    torch: Callable[..., Any]

    def predictions(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return PREDICTIONS[self.ending](rng.normal(size=(n, self.outputs)))


def without_row(public: Iterable[str], table: Iterable[LayerExample | LossExample]) -> list[str]:
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


def _embedded(t: Any, x: Any, E: Any) -> Any:
    codes = x[..., -2:].detach().long()
    tables = E[:6].reshape(3, 2), E[6:].reshape(4, 3)
    vectors = [t.nn.functional.embedding(codes[..., i], table) for i, table in enumerate(tables)]
    return t.cat([x[..., :-2], *vectors], -1)


LAYER_ORACLES: dict[str, Callable[..., Any]] = {
    "Linear": _affine,
    "Sigmoid": ACTIVATIONS["sigmoid"],
    "Tanh": ACTIVATIONS["tanh"],
    "ReLU": ACTIVATIONS["relu"],
    "LeakyReLU": ACTIVATIONS["leaky_relu"],
    "ELU": ACTIVATIONS["elu"],
    "SiLU": ACTIVATIONS["silu"],
    "GELU": ACTIVATIONS["gelu"],
    "Softplus": ACTIVATIONS["softplus"],
    "LogSigmoid": ACTIVATIONS["log_sigmoid"],
    "Softmax": ACTIVATIONS["softmax"],
    "LogSoftmax": ACTIVATIONS["log_softmax"],
    "Dense": _dense(ACTIVATIONS["tanh"]),
    "Sequential": _mlp,
    "Residual": lambda t, x, *p: x + _mlp(t, x, *p),
    "Parallel": lambda t, x, W0, B0, W1, B1: t.cat([_affine(t, x, W0, B0), t.tanh(_affine(t, x, W1, B1))], -1),
    "Flatten": lambda t, x: x.reshape(len(x), -1),
    "Reshape": lambda t, x: x.reshape(len(x), 2, 3),
    "Dropout": lambda t, x: t.nn.functional.dropout(x, 0.4, training=False),
    "BatchNorm": _batch_norm(True),
    "LayerNorm": _layer_norm,
    "ColumnEmbedding": _embedded,
}
"""PyTorch's form of every row of `lincoln.examples.LAYERS`."""

LAYER_CASES = [
    *(Case(**vars(row), torch=LAYER_ORACLES[row.covers]) for row in examples.LAYERS),
    Case(layers.Linear(4), (2, 3, 5), torch=_affine),
    Case(layers.Linear(1, bias=False), (3, 5), torch=_affine),
    Case(layers.Linear(2, weight_init=Normal(0.1), bias_init=Constant(0.5)), (3, 5), torch=_affine),
    Case(layers.LeakyReLU(0.2), (3, 5), torch=lambda t, x: t.nn.functional.leaky_relu(x, 0.2)),
    Case(layers.ELU(0.5), (3, 5), torch=lambda t, x: t.nn.functional.elu(x, alpha=0.5)),
    Case(layers.GELU(tanh=True), (3, 5), torch=lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    Case(layers.Softmax(), (2, 3, 5), torch=ACTIVATIONS["softmax"]),
    Case(layers.LogSoftmax(), (2, 3, 5), torch=ACTIVATIONS["log_softmax"]),
    *(
        Case(layers.Dense(3, activation=name), (3, 5), torch=_dense(oracle))
        for name, oracle in ACTIVATIONS.items()
        if name != "tanh"
    ),
    Case(layers.Dense(3, activation=None), (3, 5), torch=_affine),
    Case(layers.Dense(3, layers.ELU(0.5)), (3, 5), torch=_dense(lambda t, x: t.nn.functional.elu(x, alpha=0.5))),
    Case(layers.Dense(3), (2, 3, 5), torch=_dense(ACTIVATIONS["sigmoid"])),
    Case(layers.Dense(2, "relu", bias=False), (3, 5), torch=lambda t, x, W: t.relu(_affine(t, x, W))),
    Case(layers.Sequential(), (3, 5), torch=lambda t, x: 1 * x),
    Case(
        layers.Sequential(layers.Sequential(layers.Linear(3), layers.ReLU()), layers.Sequential(layers.Dense(2))),
        (3, 5),
        torch=_nested,
    ),
    Case(layers.Residual(layers.Tanh()), (2, 3, 4), torch=lambda t, x: x + t.tanh(x)),
    Case(
        layers.Parallel(layers.Linear(2), layers.Linear(2, bias=False), combine="add"),
        (2, 3, 4),
        torch=lambda t, x, W0, B0, W1: _affine(t, x, W0, B0) + _affine(t, x, W1),
    ),
    Case(layers.Reshape(-1), (3, 2, 2), torch=lambda t, x: x.reshape(len(x), -1), others=((2, 1), (3,), (2, 3, 1, 2))),
    Case(layers.Reshape(2, -1), (2, 4, 3), torch=lambda t, x: x.reshape(len(x), 2, -1), others=((3, 2), (2, 3, 2))),
    Case(layers.Dropout(0.0), (2, 3, 5), torch=lambda t, x: t.nn.functional.dropout(x, 0.0)),
    Case(
        layers.Sequential(layers.Linear(4), layers.Dropout(0.5), layers.Flatten(), layers.Linear(2)),
        (2, 3, 5),
        torch=lambda t, x, W0, B0, W1, B1: _affine(t, t.flatten(_affine(t, x, W0, B0), 1), W1, B1),
        others=((2, 7),),
    ),
    Case(layers.BatchNorm(), (6, 5), torch=_batch_norm(False)),
    Case(layers.BatchNorm(0.3, 0.1), (2, 3, 5), torch=_batch_norm(True, 0.3, 0.1), training=True),
    Case(layers.BatchNorm(1.0), (1, 5), torch=_batch_norm(True, 1.0), training=True),
    Case(layers.BatchNorm(scale=False, shift=False), (6, 5), torch=_batch_norm(True), training=True),
    Case(layers.LayerNorm(), (2, 3, 5), torch=_layer_norm, others=SEVERAL),
    Case(
        layers.LayerNorm(0.1),
        (3, 5),
        torch=lambda t, x, *p: t.nn.functional.layer_norm(x, x.shape[-1:], *p, eps=0.1),
        others=SEVERAL,
    ),
    Case(layers.LayerNorm(shift=False), (3, 5), torch=_layer_norm, others=SEVERAL),
    Case(layers.LayerNorm(scale=False, shift=False), (3, 5), torch=_layer_norm, others=SEVERAL),
    Case(
        layers.Sequential(
            layers.Linear(4, bias=False), layers.BatchNorm(), layers.ReLU(), layers.LayerNorm(), layers.Linear(2)
        ),
        (6, 5),
        torch=lambda t, x, W, gamma, beta, g, b, V, C, *running: _affine(
            t, _layer_norm(t, t.relu(_batch_norm(True)(t, _affine(t, x, W), gamma, beta, *running)), g, b), V, C
        ),
        others=((7, 2),),
        training=True,
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


def _shares(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(size=shape)


def _log_loss(t: Any, p: Any, y: Any, reduction: str) -> Any:
    return t.nn.functional.binary_cross_entropy(p, y, reduction=reduction)


def _nll(weights: Sequence[float]) -> Callable[..., Any]:
    return lambda t, z, y, reduction: t.nn.functional.nll_loss(
        z, y, weight=t.tensor(weights, dtype=z.dtype), reduction=reduction
    )


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


LOSS_ORACLES: dict[str, Callable[..., Any]] = {
    "LogLoss": _log_loss,
    "LogSigmoidLoss": lambda t, z, y, r: _log_loss(t, t.exp(z), y, r),
    "SigmoidCrossEntropy": _sigmoid_cross_entropy(1.0),
    "Poisson": lambda t, a, y, r: t.nn.functional.poisson_nll_loss(a, y, log_input=True, reduction=r),
    "Custom": lambda t, p, y, r: getattr((p - y) ** 4 / 4, r)(),
    "CrossEntropy": lambda t, p, y, r: t.nn.functional.nll_loss(t.log(p), y, reduction=r),
    "NLLLoss": lambda t, z, y, r: t.nn.functional.nll_loss(z, y, reduction=r),
    "SoftmaxCrossEntropy": _softmax_cross_entropy(0.0, None),
    "MeanSquaredError": lambda t, p, y, r: t.nn.functional.mse_loss(p, y, reduction=r),
    "MeanAbsoluteError": lambda t, p, y, r: t.nn.functional.l1_loss(p, y, reduction=r),
    "Huber": _huber(1.0),
    "Quantile": _quantile(0.5),
}
"""PyTorch's form of every row of `lincoln.examples.LOSSES`."""

LOSS_CASES = [
    *(LossCase(**vars(row), torch=LOSS_ORACLES[row.covers]) for row in examples.LOSSES),
    LossCase(losses.LogLoss, "sigmoid", _shares, torch=_log_loss),
    LossCase(losses.LogSigmoidLoss, "log_sigmoid", _shares, torch=lambda t, z, y, r: _log_loss(t, t.exp(z), y, r)),
    LossCase(
        partial(losses.SigmoidCrossEntropy, positive_weight=2.5), None, _shares, torch=_sigmoid_cross_entropy(2.5)
    ),
    LossCase(
        partial(losses.SigmoidCrossEntropy, positive_weight=(2.5, 0.5, 1.0)),
        None,
        truths,
        torch=_sigmoid_cross_entropy((2.5, 0.5, 1.0)),
    ),
    LossCase(
        partial(losses.LogLoss, positive_weight=3.0),
        "sigmoid",
        truths,
        torch=lambda t, p, y, r: _sigmoid_cross_entropy(3.0)(t, t.log(p) - t.log1p(-p), y, r),
        outputs=1,
    ),
    LossCase(
        partial(losses.LogLoss, positive_weight=(3.0, 0.5, 1.0)),
        "sigmoid",
        _shares,
        torch=lambda t, p, y, r: _sigmoid_cross_entropy((3.0, 0.5, 1.0))(t, t.log(p) - t.log1p(-p), y, r),
    ),
    LossCase(
        partial(losses.LogSigmoidLoss, positive_weight=(3.0, 0.5, 1.0)),
        "log_sigmoid",
        _shares,
        torch=lambda t, z, y, r: _sigmoid_cross_entropy((3.0, 0.5, 1.0))(t, z - t.log1p(-t.exp(z)), y, r),
    ),
    LossCase(
        partial(losses.CrossEntropy, class_weight=(1.0, 0.5, 3.0)),
        "softmax",
        classes,
        torch=lambda t, p, y, r: _nll((1.0, 0.5, 3.0))(t, t.log(p), y, r),
    ),
    LossCase(
        partial(losses.NLLLoss, class_weight=(2.0, 0.5)), "log_softmax", classes, torch=_nll((2.0, 0.5)), outputs=2
    ),
    LossCase(
        partial(losses.SoftmaxCrossEntropy, label_smoothing=0.1), None, classes, torch=_softmax_cross_entropy(0.1, None)
    ),
    LossCase(
        partial(losses.SoftmaxCrossEntropy, class_weight=(1.0, 0.5, 3.0)),
        None,
        classes,
        torch=_softmax_cross_entropy(0.0, (1.0, 0.5, 3.0)),
    ),
    LossCase(
        partial(losses.SoftmaxCrossEntropy, label_smoothing=0.2, class_weight=(2.0, 0.5)),
        None,
        classes,
        torch=_softmax_cross_entropy(0.2, (2.0, 0.5)),
        outputs=2,
    ),
    LossCase(
        losses.MeanSquaredError,
        None,
        normal,
        torch=lambda t, p, y, r: t.nn.functional.mse_loss(p, y, reduction=r),
        outputs=1,
    ),
    LossCase(partial(losses.Huber, delta=0.3), None, normal, torch=_huber(0.3), outputs=1),
    LossCase(partial(losses.Quantile, q=0.9), None, normal, torch=_quantile(0.9), outputs=1),
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
