"""Part 4: a perceptron with 50 hidden units reads the digits; by scikit-learn, by the library and by PyTorch."""

from __future__ import annotations

import time
import warnings
from argparse import Namespace
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from common import BLUE, RED, compare, figure, goal, heading, images, save

import lincoln as lnc

from . import torch_if_installed
from .digits import Digits

HIDDEN = 50
EPOCHS = 10
BATCH = 64
LR = 0.01
MOMENTUM = 0.5

STORED = {"MNIST": 0.9065, "digits": 0.874}
"""PyTorch's test accuracy from the same start, for where it is not installed (`tests/fixtures/make_example_003.py`)."""

PUT_RIGHT = """
  Put right:
  - There is an activation between the two layers; without it, the notebook's TwoLayerMLP is a linear model.
  - The test set is the test set; the notebook's test_loader held the training data, one image at a time.
  - scikit-learn takes plain momentum of 0.5 too; left to itself, it takes Nesterov's with 0.9.
  - Losses and images are counted on from epoch to epoch; the notebook began anew each time and kept the last."""


@dataclass
class Run:
    """One training: every batch's loss and the images seen by then, every epoch's loss, and the test set."""

    name: str
    losses: list[float] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    epoch_losses: list[float] = field(default_factory=list)
    test_losses: list[float] = field(default_factory=list)
    test_accuracy: float = 0.0
    seconds: float = 0.0
    weights: Any = None

    def note(self, loss: float, images: int) -> None:
        """Write down a batch."""
        self.losses.append(loss)
        self.seen.append(images + (self.seen[-1] if self.seen else 0))


def run(args: Namespace, digits: Digits) -> None:
    """Four trainings on the same images: what they lose, what they get right, what the hidden units look for."""
    heading(f"4. A perceptron with {HIDDEN} hidden units on {digits.name}")
    ours = train(digits, perceptron(digits, "relu"), name="Lincoln", log_every=10)
    linear = train(digits, perceptron(digits, None), name="no activation")
    sklearn = train_sklearn(digits)
    torch = train_torch(digits, perceptron(digits, "relu")) if torch_if_installed() else None
    runs = [one for one in (ours, torch, sklearn, linear) if one]

    print("\n  mean training loss of each epoch:")
    by_epoch = zip(*(one.epoch_losses for one in runs), strict=True)
    compare(["epoch", *(one.name for one in runs)], [[str(n + 1), *losses] for n, losses in enumerate(by_epoch)])
    print(f"\n  {len(digits.x_test):,} test images at the end:")
    results = [[one.name, one.test_losses[-1], one.test_accuracy, f"{one.seconds:.2f}"] for one in runs]
    compare(["", "loss", "accuracy", "seconds of training"], results)
    compare_with_torch(ours, torch, digits, quick=args.quick)
    print(PUT_RIGHT)
    draw(digits, ours, sklearn, args.output)


def perceptron(digits: Digits, activation: str | None) -> lnc.Sequential:
    """pixels -> 50 hidden units -> 10 log-probabilities, with its initial weights."""
    network = lnc.Sequential(lnc.Dense(HIDDEN, activation), lnc.Dense(10, "log_softmax"), seed=1)
    return network.build(digits.x_train.shape[1])


def batches_of(digits: Digits) -> lnc.data.DataLoader:
    """The training images 64 at a time; each new loader goes through them in the same orders."""
    return lnc.data.DataLoader((digits.x_train, digits.y_train), batch_size=BATCH, shuffle=True, seed=1)


def train(digits: Digits, network: lnc.Sequential, *, name: str, log_every: int | None = None) -> Run:
    """Ten epochs down the mean negative log-likelihood, with momentum; judged on the test images after each."""
    loss = lnc.losses.NLLLoss(network, reduction="mean")
    optimizer = lnc.optim.SGD(network, lr=LR, momentum=MOMENTUM)
    trainer = lnc.models.Trainer(loss, optimizer, metrics=[lnc.metrics.accuracy])
    test = lnc.data.DataLoader((digits.x_test, digits.y_test), batch_size=1000)
    n, n_test = len(digits.x_train), len(digits.x_test)
    run = Run(name)

    def after_step(trainer: lnc.models.Trainer) -> None:
        run.note(loss.total / loss.count, int(loss.count))
        if log_every and trainer.step % log_every == 1:
            in_epoch = run.seen[-1] - (trainer.epoch - 1) * n
            print(f"  epoch {trainer.epoch:2}  {in_epoch:5,}/{n:,} ({in_epoch / n:3.0%})  loss {run.losses[-1]:.4f}")

    for epoch in trainer.epochs(batches_of(digits), valid=test, epochs=EPOCHS, on_step=after_step):
        run.epoch_losses.append(epoch.train_loss)
        run.test_losses.append(epoch.monitored)
        run.test_accuracy = epoch.metrics["accuracy"]
        run.seconds += epoch.seconds
        if log_every:
            right = round(run.test_accuracy * n_test)
            print(
                f"  test set: average loss {epoch.monitored:.4f}, accuracy {right:,}/{n_test:,} ({right / n_test:.2%})"
            )
    run.weights = network[0].W.value
    return run


def train_sklearn(digits: Digits) -> Run:
    """The same with scikit-learn, from its own initial weights; ten epochs are too few for it to call it converged."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        hidden_layer_sizes=(HIDDEN,),
        solver="sgd",
        learning_rate_init=LR,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        batch_size=BATCH,
        max_iter=EPOCHS,
        alpha=1e-4,
        random_state=1,
    )
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(digits.x_train, digits.y_train)
    run = Run("scikit-learn", seconds=time.perf_counter() - started, weights=model.coefs_[0])
    run.epoch_losses = [float(loss) for loss in model.loss_curve_]
    run.test_losses = [log_loss(digits.y_test, model.predict_proba(digits.x_test))]
    run.test_accuracy = model.score(digits.x_test, digits.y_test)
    train_accuracy = model.score(digits.x_train, digits.y_train)
    print(f"  scikit-learn: training accuracy {train_accuracy:.4f}, test accuracy {run.test_accuracy:.4f}")
    return run


def train_torch(digits: Digits, network: lnc.Sequential) -> Run:
    """The same with PyTorch, from the same weights and on the same batches in the same order."""
    torch = torch_if_installed()
    nn, nll = torch.nn, torch.nn.functional.nll_loss
    first, second = nn.Linear(digits.x_train.shape[1], HIDDEN), nn.Linear(HIDDEN, 10)
    start = network.state_dict()
    with torch.no_grad():
        for layer, name in ((first, "0.0"), (second, "1.0")):
            layer.weight.copy_(torch.from_numpy(start[f"{name}.W"].T))
            layer.bias.copy_(torch.from_numpy(start[f"{name}.B"]))
    model = nn.Sequential(first, nn.ReLU(), second, nn.LogSoftmax(dim=1))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)

    run, batches = Run("PyTorch"), batches_of(digits)
    x_test, y_test = torch.from_numpy(digits.x_test), torch.from_numpy(digits.y_test)
    for _ in range(EPOCHS):
        started, before = time.perf_counter(), len(run.losses)
        for x, y in batches:
            optimizer.zero_grad()
            loss = nll(model(torch.from_numpy(x)), torch.from_numpy(y))
            loss.backward()
            optimizer.step()
            run.note(loss.item(), len(x))
        run.seconds += time.perf_counter() - started
        sizes = np.diff([0, *run.seen])[before:]
        run.epoch_losses.append(float(np.average(run.losses[before:], weights=sizes)))
        with torch.no_grad():
            output = model(x_test)
        run.test_losses.append(nll(output, y_test).item())
        run.test_accuracy = float((output.argmax(dim=1) == y_test).double().mean())
    return run


def compare_with_torch(ours: Run, torch: Run | None, digits: Digits, *, quick: bool) -> None:
    """How far Lincoln's training is from PyTorch's, which began alike and saw the same batches."""
    if torch:
        largest = np.abs(np.subtract(ours.losses, torch.losses)).max()
        print(f"  losses of the {len(ours.losses)} batches, Lincoln's and PyTorch's: {largest:.0e} apart at most")
        theirs = torch.test_accuracy
    else:
        print("  PyTorch is not installed: its accuracy is the stored one")
        theirs = STORED[digits.name]
    points = 100 * abs(ours.test_accuracy - theirs)
    goal("points of test accuracy between Lincoln and PyTorch", points, at_most=1.0, quick=quick)


def draw(digits: Digits, ours: Run, sklearn: Run, folder: Any) -> None:
    """The loss over the images seen; what 16 of the hidden units look for, and how much of that they have learned."""
    drawing, (panel,) = figure(size=(7, 4), title=f"A perceptron on {digits.name}")
    per_epoch = len(ours.losses) // EPOCHS
    panel.plot(ours.seen, ours.losses, color=BLUE, lw=0.7, alpha=0.6, label="training, each batch")
    panel.plot(ours.seen[per_epoch - 1 :: per_epoch], ours.test_losses, "o-", color=RED, label="test, after each epoch")
    panel.set(xlabel="training images seen", ylabel="negative log-likelihood", ylim=(0, None))
    panel.grid(alpha=0.25)
    panel.legend(frameon=False)
    save(drawing, folder / "descent_perceptron.png")
    grown = ours.weights - perceptron(digits, "relu")[0].W.value
    for weights, name, title in (
        (ours.weights, "hidden", "What 16 hidden units look for: Lincoln"),
        (sklearn.weights, "hidden_sklearn", "What 16 hidden units look for: scikit-learn"),
        (grown, "hidden_grown", "What training added to Lincoln's initial weights"),
    ):
        save(images(digits.pictures(weights.T)[:16], columns=4, title=title), folder / f"descent_{name}.png")
