"""thinc, without the averages and the clipping of gradients that its optimizers do unless they are told not to."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from contestants import measure
from thinc.api import SGD, Adam, Relu, Softmax, chain
from workloads import Workload


def training(work: Workload, mode: str = "") -> measure.Run:
    x, labels = work.data()
    y = np.eye(work.classes, dtype=np.float32)[labels]
    model = chain(*[Relu(size) for size in work.hidden], Softmax(work.classes)).initialize(X=x[:2], Y=y[:2])
    rule = {"sgd": SGD, "adam": Adam}[work.optimizer]
    optimizer = rule(work.lr, L2=0.0, grad_clip=0.0, use_averages=False)
    rng = np.random.default_rng(0)

    def run(epochs: int) -> None:
        for _ in range(epochs):
            order = rng.permutation(work.examples)[: work.steps * work.batch]
            for rows in order.reshape(work.steps, work.batch):
                probabilities, backprop = model.begin_update(x[rows])
                backprop((probabilities - y[rows]) / work.batch)
                model.finish_update(optimizer)

    return run


def versions() -> dict[str, str]:
    return {"thinc": version("thinc"), "blis": version("blis")}


if __name__ == "__main__":
    measure.program(training=training, versions=versions)
