"""Every activation, normalization, loss and optimizer of Lincoln's in a step of `tab`, beside the same in PyTorch.

Both are trained in one process, in turn: Lincoln by its `Trainer`, PyTorch by a loop as in `torch_.py`.

    python -m contestants.options "activation: ReLU"
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from contestants import lincoln_, measure
from workloads import WORKLOADS

import lincoln as lnc
from lincoln import examples, layers, losses, optim

WORK = WORKLOADS["tab"]
ROUNDS = 7
LR = 1e-3
LINCOLN, PYTORCH = "Lincoln", "PyTorch"

Maker = Callable[..., Any]


class Row(NamedTuple):
    """A network of `tab`'s sizes with one part that is not the usual one, for both libraries.

    Attributes:
        group, name: the table and the row.
        hidden: the layers after each hidden `Linear`.
        torch_hidden: the same, given ``torch.nn`` and the width.
        loss: made from the network.
        torch_loss: given ``torch.nn.functional``, outputs and labels.
        ending: the activation of the outputs, which PyTorch's loss has in it.
        labels: draws them for outputs of a shape.
        rule: makes the optimizer from the network.
        torch_rule: given ``torch.optim`` and the parameters.
        clip: the largest norm of the gradients.
    """

    group: str
    name: str
    hidden: Callable[[], list[lnc.Layer]] = lambda: [layers.ReLU()]
    torch_hidden: Maker = lambda nn, width: [nn.ReLU(inplace=True)]
    loss: Maker = losses.SoftmaxCrossEntropy
    torch_loss: Maker = lambda f, a, y: f.cross_entropy(a, y)
    ending: str | None = None
    labels: examples.Draw = examples.classes
    rule: Maker = partial(optim.Adam, lr=LR)
    torch_rule: Maker = lambda rules, parameters: rules.Adam(parameters, lr=LR, fused=True)
    clip: float | None = None

    @property
    def key(self) -> str:
        """What the command line calls it."""
        return f"{self.group}: {self.name}"


ACTIVATIONS: dict[str, Maker] = {
    "Sigmoid": lambda nn: nn.Sigmoid(),
    "Tanh": lambda nn: nn.Tanh(),
    "ReLU": lambda nn: nn.ReLU(inplace=True),
    "LeakyReLU": lambda nn: nn.LeakyReLU(inplace=True),
    "ELU": lambda nn: nn.ELU(inplace=True),
    "SiLU": lambda nn: nn.SiLU(inplace=True),
    "GELU": lambda nn: nn.GELU(),
    "Softplus": lambda nn: nn.Softplus(),
    "LogSigmoid": lambda nn: nn.LogSigmoid(),
    "Softmax": lambda nn: nn.Softmax(-1),
    "LogSoftmax": lambda nn: nn.LogSoftmax(-1),
}

LOSSES: dict[str, Maker] = {
    "LogLoss": lambda f, a, y: f.binary_cross_entropy(a.sigmoid(), y),
    "LogSigmoidLoss": lambda f, a, y: f.binary_cross_entropy_with_logits(a, y),
    "SigmoidCrossEntropy": lambda f, a, y: f.binary_cross_entropy_with_logits(a, y),
    "CrossEntropy": lambda f, a, y: f.nll_loss(a.softmax(-1).log(), y),
    "NLLLoss": lambda f, a, y: f.nll_loss(a.log_softmax(-1), y),
    "SoftmaxCrossEntropy": lambda f, a, y: f.cross_entropy(a, y),
    "MeanSquaredError": lambda f, a, y: f.mse_loss(a, y),
    "MeanAbsoluteError": lambda f, a, y: f.l1_loss(a, y),
    "Huber": lambda f, a, y: f.huber_loss(a, y),
    "Quantile": lambda f, a, y: (0.5 * (y - a)).maximum(-0.5 * (y - a)).mean(),
    "Poisson": lambda f, a, y: f.poisson_nll_loss(a, y),
    "Custom": lambda f, a, y: ((a - y) ** 4 / 4).mean(),
}

OPTIMIZERS: dict[str, tuple[Maker, Maker, dict[str, Any]]] = {
    "SGD": (optim.SGD, lambda rules: partial(rules.SGD, fused=True), {}),
    "SGD, momentum": (optim.SGD, lambda rules: partial(rules.SGD, fused=True), {"momentum": 0.9}),
    "SGD, Nesterov": (optim.SGD, lambda rules: partial(rules.SGD, fused=True), {"momentum": 0.9, "nesterov": True}),
    "RMSprop": (optim.RMSprop, lambda rules: rules.RMSprop, {}),
    "RMSprop, centered, momentum": (optim.RMSprop, lambda rules: rules.RMSprop, {"centered": True, "momentum": 0.9}),
    "Adagrad": (optim.Adagrad, lambda rules: partial(rules.Adagrad, fused=True), {}),
    "Adam": (optim.Adam, lambda rules: partial(rules.Adam, fused=True), {}),
    "Adam, weight decay": (optim.Adam, lambda rules: partial(rules.Adam, fused=True), {"weight_decay": 1e-4}),
    "AdamW": (optim.AdamW, lambda rules: partial(rules.AdamW, fused=True), {}),
}


def rows() -> Iterator[Row]:
    """All of them: what `lincoln.examples` knows, and the optimizers with their options."""
    for example in examples.LAYERS:
        if isinstance(example.layer, layers.Activation):
            yield activation(example.covers, type(example.layer), ACTIVATIONS[example.covers])
    yield activation("GELU(tanh=True)", partial(layers.GELU, tanh=True), lambda nn: nn.GELU("tanh"))
    yield Row(
        "dropout and normalization",
        "Dropout(0.5)",
        hidden=lambda: [layers.ReLU(), layers.Dropout(0.5)],
        torch_hidden=lambda nn, width: [nn.ReLU(inplace=True), nn.Dropout(0.5)],
    )
    yield normalization("BatchNorm", layers.BatchNorm, lambda nn: nn.BatchNorm1d)
    yield normalization("LayerNorm", layers.LayerNorm, lambda nn: nn.LayerNorm)
    for each in examples.LOSSES:
        yield Row(
            "loss",
            each.covers,
            loss=each.loss,
            torch_loss=LOSSES[each.covers],
            ending=each.ending,
            labels=each.labels,
        )
    for name, (ours, theirs, options) in OPTIMIZERS.items():
        yield optimizer(name, ours, theirs, options)
    yield Row("optimizer", "Adam, clip_norm", rule=partial(optim.Adam, lr=LR, clip_norm=1.0), clip=1.0)


def activation(name: str, ours: Maker, theirs: Maker) -> Row:
    return Row("activation", name, hidden=lambda: [ours()], torch_hidden=lambda nn, width: [theirs(nn)])


def normalization(name: str, ours: Maker, theirs: Maker) -> Row:
    return Row(
        "dropout and normalization",
        name,
        hidden=lambda: [ours(), layers.ReLU()],
        torch_hidden=lambda nn, width: [theirs(nn)(width), nn.ReLU(inplace=True)],
    )


def optimizer(name: str, ours: Maker, theirs: Maker, options: dict[str, Any]) -> Row:
    return Row(
        "optimizer",
        name,
        rule=partial(ours, lr=LR, **options),
        torch_rule=lambda rules, parameters: theirs(rules)(parameters, lr=LR, **options),
    )


def data(row: Row) -> tuple[np.ndarray, np.ndarray]:
    """`tab`'s features, and labels as the loss takes them."""
    x, _ = WORK.data()
    y = row.labels(np.random.default_rng(1), (WORK.examples, WORK.classes))
    return x, y if y.dtype.kind == "i" else y.astype(np.float32)


def by_lincoln(row: Row) -> measure.Run:
    """Lincoln by its trainer and its loader."""
    hidden = [part for width in WORK.hidden for part in (layers.Linear(width), *row.hidden())]
    network = lnc.Sequential(*hidden, lnc.Dense(WORK.classes, row.ending), seed=0).build(WORK.features)
    trainer = lnc.models.Trainer(row.loss(network, reduction="mean"), row.rule(network))
    loader = lnc.data.DataLoader(data(row), batch_size=WORK.batch, shuffle=True, drop_last=True, seed=0)

    def run(epochs: int) -> None:
        for _ in trainer.epochs(loader, epochs=epochs):
            pass

    return run


def by_torch(row: Row) -> measure.Run:
    """PyTorch by a loop of one's own."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    x, y = (torch.from_numpy(part) for part in data(row))
    parts: list[Any] = []
    for n_in, n_out in WORK.sizes:
        parts += [nn.Linear(n_in, n_out), *row.torch_hidden(nn, n_out)]
    network = nn.Sequential(*parts[: -len(row.torch_hidden(nn, 1))])
    rule = row.torch_rule(torch.optim, network.parameters())

    def run(epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(WORK.examples)[: WORK.steps * WORK.batch]
            for batch in order.split(WORK.batch):
                rule.zero_grad()
                row.torch_loss(nn.functional, network(x.index_select(0, batch)), y.index_select(0, batch)).backward()
                if row.clip:
                    nn.utils.clip_grad_norm_(network.parameters(), row.clip)
                rule.step()

    return run


def measured(row: Row, rounds: int) -> dict[str, float]:
    """The best round of each, in microseconds a step; they take turns."""
    runs = {LINCOLN: by_lincoln(row)}
    with contextlib.suppress(ImportError):  # the table then shows Lincoln alone
        runs[PYTORCH] = by_torch(row)
    for run in runs.values():
        run(1)
    best = dict.fromkeys(runs, float("inf"))
    for number in range(rounds):
        for name in list(runs)[:: -1 if number % 2 else 1]:
            started = time.perf_counter()
            runs[name](1)
            best[name] = min(best[name], 1e6 * (time.perf_counter() - started) / WORK.steps)
    return best


def versions() -> dict[str, Any]:
    """Lincoln's and, where there is one, PyTorch's."""
    try:
        import torch
    except ImportError:
        return lincoln_.versions()
    return lincoln_.versions() | {"torch": torch.__version__}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    table = {row.key: row for row in rows()}
    parser.add_argument("row", choices=table)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    print(json.dumps({"microseconds": measured(table[chosen.row], chosen.rounds), "versions": versions()}), flush=True)


if __name__ == "__main__":
    main()
