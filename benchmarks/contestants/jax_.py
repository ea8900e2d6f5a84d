"""JAX at its best: everything compiled, the state given back for reuse, the data on the device.

The mode `scan` compiles a whole epoch with `lax.scan`, the mode `step` one training step.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from contestants import measure
from workloads import Workload

Tree = Any


def logits(parameters: Tree, x: jax.Array) -> jax.Array:
    *hidden, (weight, bias) = parameters
    for w, b in hidden:
        x = jax.nn.relu(x @ w + b)
    return x @ weight + bias


@jax.grad
def gradient(parameters: Tree, x: jax.Array, y: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(logits(parameters, x)), y[:, None], axis=1).mean()


def sgd(state: Tree, grad: Tree, lr: float) -> Tree:
    return (jax.tree.map(lambda value, g: value - lr * g, state[0], grad),)


def adam(state: Tree, grad: Tree, lr: float) -> Tree:
    value, mean, square, step = state
    step = step + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grad)
    square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, grad)
    rate, scale = lr / (1 - 0.9**step), 1 / jnp.sqrt(1 - 0.999**step)
    value = jax.tree.map(lambda v, m, s: v - rate * m / (jnp.sqrt(s) * scale + 1e-8), value, mean, square)
    return value, mean, square, step


def start(work: Workload) -> Tree:
    parameters = jax.tree.map(jnp.asarray, work.start())
    if work.optimizer == "sgd":
        return (parameters,)
    mean, square = (jax.tree.map(jnp.zeros_like, parameters) for _ in range(2))
    return parameters, mean, square, jnp.float32(0)


def training(work: Workload, mode: str = "scan") -> measure.Run:
    x, y = (jnp.asarray(part) for part in work.data())
    update = {"sgd": sgd, "adam": adam}[work.optimizer]
    rng = np.random.default_rng(0)

    def step(state: Tree, rows: jax.Array, x: jax.Array, y: jax.Array) -> Tree:
        return update(state, gradient(state[0], x[rows], y[rows]), work.lr)

    def epoch(state: Tree, order: jax.Array, x: jax.Array, y: jax.Array) -> Tree:
        return jax.lax.scan(lambda state, rows: (step(state, rows, x, y), None), state, order)[0]

    compiled = jax.jit(epoch if mode == "scan" else step, donate_argnums=0)
    state = start(work)

    def run(epochs: int) -> None:
        nonlocal state
        for _ in range(epochs):
            order = rng.permutation(work.examples)[: work.steps * work.batch].astype(np.int32)
            batches = order.reshape(work.steps, work.batch)
            for rows in [batches] if mode == "scan" else batches:
                state = compiled(state, rows, x, y)
        jax.block_until_ready(state)

    return run


def inference(work: Workload) -> measure.Run:
    call = jax.jit(partial(logits, jax.tree.map(jnp.asarray, work.start())))
    x = jnp.asarray(work.data()[0][: work.batch])

    def run(calls: int) -> None:
        for _ in range(calls):
            call(x).block_until_ready()

    return run


def versions() -> dict[str, str]:
    return {"jax": jax.__version__}


if __name__ == "__main__":
    measure.program(training=training, inference=inference, versions=versions, modes=("scan", "step"))
