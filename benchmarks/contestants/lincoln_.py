"""Lincoln, as a user writes it: its layers, its loss, its optimizer, its trainer and its data loader.

With LINCOLN_KERNELS=off in the environment it runs without its compiled kernels.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from contestants import measure
from workloads import Workload

import lincoln as lnc


def network(work: Workload) -> lnc.Sequential:
    hidden = [lnc.Dense(size, "relu") for size in work.hidden]
    return lnc.Sequential(*hidden, lnc.layers.Linear(work.classes), seed=0).build(work.features)


def training(work: Workload, mode: str = "") -> measure.Run:
    layers = network(work)
    loss = lnc.losses.SoftmaxCrossEntropy(layers, reduction="mean")
    optimizer = {"sgd": lnc.optim.SGD, "adam": lnc.optim.Adam}[work.optimizer](layers, lr=work.lr)
    trainer = lnc.models.Trainer(loss, optimizer)
    loader = lnc.data.DataLoader(work.data(), batch_size=work.batch, shuffle=True, drop_last=True, seed=0)

    def run(epochs: int) -> None:
        for _ in trainer.epochs(loader, epochs=epochs):
            pass

    return run


def inference(work: Workload) -> measure.Run:
    layers = network(work)
    x = work.data()[0][: work.batch]

    def run(calls: int) -> None:
        with lnc.inference():
            for _ in range(calls):
                layers(x)

    return run


def versions() -> dict[str, Any]:
    return {"lincoln": lnc.__version__, "kernels": kernels_are_on()} | measure.numpy_versions()


def kernels_are_on() -> bool:
    """Whether the compiled kernels do the work; a version without any has no such module."""
    try:
        return bool(import_module("lincoln.kernels").active())
    except (ImportError, AttributeError):
        return False


if __name__ == "__main__":
    measure.program(training=training, inference=inference, versions=versions)
