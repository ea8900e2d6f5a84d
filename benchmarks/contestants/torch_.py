"""PyTorch at its best: fused optimizer, in-place ReLU, rows taken from the tensors without a data loader.

The mode `compiled` has `torch.compile` make one function of network and loss.
"""

from __future__ import annotations

import torch
from contestants import measure
from torch import nn
from workloads import Workload


def network(work: Workload) -> nn.Sequential:
    torch.manual_seed(0)
    layers = [part for n_in, n_out in work.sizes for part in (nn.Linear(n_in, n_out), nn.ReLU(inplace=True))]
    return nn.Sequential(*layers[:-1])


def training(work: Workload, mode: str = "eager") -> measure.Run:
    x, y = (torch.from_numpy(part) for part in work.data())
    layers = network(work)
    rule = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[work.optimizer]
    optimizer = rule(layers.parameters(), lr=work.lr, fused=True)

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(layers(x), y)

    if mode == "compiled":
        loss = torch.compile(loss)

    def run(epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(work.examples)[: work.steps * work.batch]
            for rows in order.split(work.batch):
                optimizer.zero_grad()
                loss(x.index_select(0, rows), y.index_select(0, rows)).backward()
                optimizer.step()

    return run


def inference(work: Workload) -> measure.Run:
    layers = network(work).eval()
    x = torch.from_numpy(work.data()[0][: work.batch])

    def run(calls: int) -> None:
        with torch.inference_mode():
            for _ in range(calls):
                layers(x)

    return run


def versions() -> dict[str, str]:
    return {"torch": torch.__version__, "torch_blas": "MKL" if torch.backends.mkl.is_available() else "not MKL"}


if __name__ == "__main__":
    measure.program(training=training, inference=inference, versions=versions, modes=("eager", "compiled"))
