"""Part 3: Y = max(X W1, 0) W2, trained five times over, with less written by hand each time.

1. plain NumPy: forward, backward and the step by hand
2. PyTorch tensors: the same three by hand
3. the layers find the gradients, where the notebook has PyTorch's autograd; autograd must find the same
4. layers and a loss; the step by hand
5. layers, a loss and an optimizer, Adam

The first four take the same 50 steps from the same weights in float64, so their losses must be the same. Without
PyTorch the second is left out, and the third has nothing to compare itself with but the first.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
from common import GRAY, GREEN, ORANGE, compare, curves, figure, goal, save

import lincoln as lnc

from . import torch_if_installed
from .petals import Flowers

HIDDEN = 100
STEPS = 50
LR = 1e-4

PUT_RIGHT = """
  Put right:
  - W2 starts scaled by 1 / sqrt(100); with N(0, 1) the steps went into undoing the start.
  - The validation loss compares with the validation labels. The autograd version took the training labels, and nothing
    failed, because both halves have 50 flowers.
  - No biases anywhere, as the text says; the nn versions had them, because nn.Linear has.
  - The ReLU's slope at 0 is 0; masking z < 0 made it 1.
  - All arrays are on one device; the data stayed behind on the CPU, so the line for the GPU failed.
  - Both curves are of the same weights; the validation loss was taken a step later. The axes have names."""

Weights = tuple[np.ndarray, np.ndarray]


@dataclass
class Run:
    """The summed squared error on both halves and the gradients, before each step; and the weights at the end."""

    name: str
    train: list[float] = field(default_factory=list)
    valid: list[float] = field(default_factory=list)
    grads: list[list[np.ndarray]] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)
    taped: list[list[np.ndarray]] = field(default_factory=list)
    """The gradients that PyTorch's autograd finds for the same weights."""

    def note(self, train: Any, valid: Any, grads: Iterable[Any]) -> None:
        """Write down where a step began."""
        self.train.append(float(train))
        self.valid.append(float(valid))
        self.grads.append(copies(grads))


def run(args: Namespace, flowers: Flowers) -> None:
    """The five ways, how far those are apart that must agree, and their curves."""
    start = initial_weights()
    by_hand = train_numpy(flowers, start)
    tensors = [train_tensors(flowers, start)] if torch_if_installed() else []
    runs = [by_hand, *tensors, train_backward(flowers, start), train_loss(flowers, start), train_adam(flowers, start)]
    print_losses(runs)
    print_agreement(flowers, start, runs, quick=args.quick)
    draw(flowers, runs, args.output)


def initial_weights() -> Weights:
    """Normal, of variance 2 / n_in before the ReLU and 1 / n_in before the output, so that the sums start near 1."""
    rng = np.random.default_rng(0)
    return lnc.initializers.he_normal(rng, (2, HIDDEN)), lnc.initializers.lecun_normal(rng, (HIDDEN, 2))


def train_numpy(flowers: Flowers, start: Weights) -> Run:
    """1. Everything by hand.

    ∂L/∂P = 2 (P - Y),  ∂L/∂W2 = Hᵀ ∂L/∂P,  ∂L/∂H = ∂L/∂P W2ᵀ,  ∂L/∂Z = ∂L/∂H where Z > 0,  ∂L/∂W1 = Xᵀ ∂L/∂Z
    """
    W1, W2 = copies(start)
    run = Run("NumPy")
    for _ in range(STEPS):
        z = flowers.x @ W1  # (50, 2) (2, 100) -> (50, 100)
        h = np.maximum(z, 0)
        p = h @ W2  # (50, 100) (100, 2) -> (50, 2)

        p_grad = 2 * (p - flowers.y)
        W2_grad = h.T @ p_grad
        z_grad = (p_grad @ W2.T) * (z > 0)
        W1_grad = flowers.x.T @ z_grad

        valid = np.maximum(flowers.x_valid @ W1, 0) @ W2 - flowers.y_valid
        run.note(np.sum((p - flowers.y) ** 2), np.sum(valid**2), [W1_grad, W2_grad])
        W1 = W1 - LR * W1_grad
        W2 = W2 - LR * W2_grad
    run.weights = [W1, W2]
    return run


def train_tensors(flowers: Flowers, start: Weights) -> Run:
    """2. The same with PyTorch's tensors, on a GPU if there is one. Only the spelling differs."""
    flowers = as_tensors(flowers)
    W1, W2 = (flowers.x.new_tensor(W) for W in start)
    run = Run("tensors")
    for _ in range(STEPS):
        z = flowers.x @ W1
        h = z.clamp(min=0)
        p = h @ W2

        p_grad = 2 * (p - flowers.y)
        W2_grad = h.T @ p_grad
        z_grad = (p_grad @ W2.T) * (z > 0)
        W1_grad = flowers.x.T @ z_grad

        valid = (flowers.x_valid @ W1).clamp(min=0) @ W2 - flowers.y_valid
        run.note((p - flowers.y).pow(2).sum(), valid.pow(2).sum(), [W1_grad, W2_grad])
        W1 = W1 - LR * W1_grad
        W2 = W2 - LR * W2_grad
    run.weights = copies([W1, W2])
    return run


def train_backward(flowers: Flowers, start: Weights) -> Run:
    """3. No formula of a gradient any more: every layer knows its own way back. On tensors, if there is PyTorch."""
    flowers = as_tensors(flowers) if torch_if_installed() else flowers
    network = two_layers(start)
    run = Run("layers go back")
    for _ in range(STEPS):
        p = network(flowers.x)
        network.clear_grad()  # gradients add up until an optimizer uses them, and there is none
        network.backward(2 * (p - flowers.y))

        with lnc.inference():
            valid = network(flowers.x_valid) - flowers.y_valid
        run.note(((p - flowers.y) ** 2).sum(), (valid**2).sum(), network.grads())
        if torch_if_installed():
            run.taped.append(autograd(flowers, network))
        for parameter in network.parameters():
            parameter.value -= LR * parameter.grad
    run.weights = copies(parameter.value for parameter in network.parameters())
    return run


def autograd(flowers: Flowers, network: lnc.Sequential) -> list[np.ndarray]:
    """The gradients of the same loss from PyTorch's tape, which writes down every operation and walks back over it."""
    W1, W2 = (parameter.value.clone().requires_grad_() for parameter in network.parameters())
    p = (flowers.x @ W1).clamp(min=0) @ W2
    (p - flowers.y).pow(2).sum().backward()
    return copies([W1.grad, W2.grad])


def train_loss(flowers: Flowers, start: Weights) -> Run:
    """4. The loss runs the network forward, judges it and starts the way back. Only the step is left to do."""
    network = two_layers(start)
    loss = lnc.losses.MeanSquaredError(network, reduction="sum")
    run = Run("layers and loss")
    for _ in range(STEPS):
        valid = loss(flowers.x_valid, flowers.y_valid)
        train = loss(flowers.x, flowers.y)
        network.clear_grad()
        loss.backward()
        run.note(train, valid, network.grads())
        for parameter in network.parameters():
            parameter.value -= LR * parameter.grad
    run.weights = copies(parameter.value for parameter in network.parameters())
    return run


def train_adam(flowers: Flowers, start: Weights) -> Run:
    """5. An optimizer takes the step and uses the gradients up: nothing is left to write."""
    network = two_layers(start)
    loss = lnc.losses.MeanSquaredError(network, reduction="sum")
    optimizer = lnc.optim.Adam(network, lr=1e-3)
    run = Run("layers, loss and Adam")
    for _ in range(STEPS):
        valid = loss(flowers.x_valid, flowers.y_valid)
        train = loss(flowers.x, flowers.y)
        loss.backward()
        run.note(train, valid, network.grads())
        optimizer.step()
    run.weights = copies(parameter.value for parameter in network.parameters())
    return run


def two_layers(start: Weights) -> lnc.Sequential:
    """The network without biases, as the notebook describes it; built by its first batch, with these weights."""
    W1, W2 = start
    return lnc.Sequential(
        lnc.layers.Linear(HIDDEN, bias=False, weight_init=lambda rng, shape: W1),
        lnc.layers.ReLU(),
        lnc.layers.Linear(2, bias=False, weight_init=lambda rng, shape: W2),
    )


def as_tensors(flowers: Flowers) -> Flowers:
    """The flowers as PyTorch tensors, all on one device."""
    torch = torch_if_installed()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    arrays = {name: getattr(flowers, name) for name in ("x", "y", "x_valid", "y_valid")}
    return replace(flowers, **{name: torch.as_tensor(array, device=device) for name, array in arrays.items()})


def copies(arrays: Iterable[Any]) -> list[np.ndarray]:
    """New NumPy arrays, from arrays or tensors."""
    return [np.array(lnc.arrays.numpy(array)) for array in arrays]


# ---------------------------------------------------------------------- do they agree?


def print_losses(runs: list[Run]) -> None:
    """Every tenth step of every way."""
    steps = [*range(0, STEPS, 10), STEPS - 1]
    rows: list[list[Any]] = []
    for one in runs:
        rows.append([one.name, "training", *(one.train[step] for step in steps)])
        rows.append([None, "validation", *(one.valid[step] for step in steps)])
    compare(["summed squared error", "step:", *map(str, steps)], rows)


def print_agreement(flowers: Flowers, start: Weights, runs: list[Run], *, quick: bool) -> None:
    """How far the ways are apart that take the same steps, and what PyTorch's autograd and Adam say."""
    by_hand, *others, adam = runs
    print("\n  largest relative difference from plain NumPy over the 50 steps:")
    rows = []
    for other in others:
        losses = relative(other.train, by_hand.train), relative(other.valid, by_hand.valid)
        rows.append([other.name, *(f"{difference:.0e}" for difference in (*losses, apart(other.grads, by_hand.grads)))])
    compare(["", "training losses", "validation losses", "gradients"], rows)
    if torch_if_installed():
        _, _, backward, *_ = runs
        print(f"  gradients of the layers and of PyTorch's autograd: {apart(backward.grads, backward.taped):.0e} apart")
        adams = relative(torch_adam(flowers, start), adam.train)
        print(f"  losses with Lincoln's Adam and with PyTorch's: {adams:.0e} apart, relative")
    else:
        print("  PyTorch is not installed: no tensors, no autograd to compare with")
    goal("Lincoln's losses from NumPy's, relative", relative(runs[-2].train, by_hand.train), at_most=1e-10, quick=quick)

    W1, W2 = start
    unscaled = train_numpy(flowers, (W1, W2 * np.sqrt(HIDDEN))).train
    print(f"  with W2 ~ N(0, 1), as in the notebook: from {unscaled[0]:.0f} to {unscaled[-1]:.1f} in the same steps")
    print(PUT_RIGHT)


def torch_adam(flowers: Flowers, start: Weights) -> list[float]:
    """The training losses of PyTorch's Adam, on autograd's gradients."""
    torch = torch_if_installed()
    flowers = as_tensors(flowers)
    W1, W2 = (flowers.x.new_tensor(W).requires_grad_() for W in start)
    optimizer = torch.optim.Adam([W1, W2], lr=1e-3)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = ((flowers.x @ W1).clamp(min=0) @ W2 - flowers.y).pow(2).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def relative(values: Any, expected: Any) -> float:
    """The largest difference of two arrays over the largest expected number; of two lists of losses, one by one."""
    values, expected = np.asarray(values), np.asarray(expected)
    scale = np.abs(expected) if expected.ndim == 1 else np.abs(expected).max()
    return float((np.abs(values - expected) / scale).max())


def apart(grads: list[list[np.ndarray]], expected: list[list[np.ndarray]]) -> float:
    """The largest relative difference between two lists of gradients."""
    flat = chain.from_iterable
    return max(relative(one, other) for one, other in zip(flat(grads), flat(expected), strict=True))


def draw(flowers: Flowers, runs: list[Run], folder: Any) -> None:
    """The losses of every way; and what the last one makes of flowers that it has not learned from."""
    drawing, panels = figure(2, 3, title="Petals from sepals: two layers, 50 steps")
    for panel, one in zip(panels, runs, strict=False):
        losses = {"training": one.train, "validation": one.valid}
        curves(panel, losses, x=range(STEPS), title=one.name, xlabel="step", ylabel="summed squared error")
    for panel in panels[len(runs) :]:
        panel.axis("off")

    last = panels[-1]
    last.axis("on")
    W1, W2 = runs[-1].weights
    predicted = flowers.y_scaler.inverse_transform(np.maximum(flowers.x_valid @ W1, 0) @ W2)
    measured = flowers.y_scaler.inverse_transform(flowers.y_valid)
    for column, (name, color) in enumerate([("length", GREEN), ("width", ORANGE)]):
        last.plot(measured[:, column], predicted[:, column], "o", ms=4, color=color, alpha=0.8, label=f"petal {name}")
    last.plot([0.8, 7], [0.8, 7], color=GRAY, lw=1)
    last.set(title="validation half, back in centimeters", xlabel="measured", ylabel="predicted")
    last.legend(frameon=False)
    save(drawing, folder / "descent_two_layers.png")
