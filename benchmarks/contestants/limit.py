"""The limit: the matrix products of the step alone, into arrays that exist already.

Forward, the gradient of the weights, and the gradient of the input except the first layer's, which nobody needs.
No bias, no activation, no loss, no batches, no update: nothing that multiplies with this BLAS can be faster.
"""

from __future__ import annotations

import numpy as np
from contestants import measure
from workloads import Workload, zeros


def training(work: Workload, mode: str = "") -> measure.Run:
    rng = np.random.default_rng(0)
    layers = []
    for n_in, n_out in work.sizes:
        x, output_grad = (rng.standard_normal((work.batch, n), dtype=np.float32) for n in (n_in, n_out))
        weight = rng.standard_normal((n_in, n_out), dtype=np.float32)
        layers.append((x, weight, output_grad, zeros(work.batch, n_out), zeros(n_in, n_out), zeros(work.batch, n_in)))

    def run(epochs: int) -> None:
        for _ in range(epochs * work.steps):
            for x, weight, _, output, _, _ in layers:
                np.dot(x, weight, out=output)
            for x, weight, output_grad, _, weight_grad, input_grad in reversed(layers):
                np.dot(x.T, output_grad, out=weight_grad)
                if x is not layers[0][0]:
                    np.dot(output_grad, weight.T, out=input_grad)

    return run


if __name__ == "__main__":
    measure.program(training=training, versions=measure.numpy_versions)
