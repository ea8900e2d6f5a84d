"""Part 1: a straight line, and a plane over five features, found by walking down the gradient of the squared error."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import numpy as np
from common import BLUE, GRAY, RED, compare, curves, figure, goal, heading, save

import lincoln as lnc

PUT_RIGHT = """
  Put right:
  - The 20 points that the notebook set aside and never looked at are the validation curves.
  - One name a thing, W and b; the notebook had a, b, w and w_0, yhat, y_pred and Y_pred."""


@dataclass(frozen=True)
class Points:
    """Features ``(n, P)`` and labels ``(n, 1)``: 80 to learn from, 20 to watch, and the weights that made them."""

    x: np.ndarray
    y: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    W: np.ndarray
    b: float


@dataclass
class Fit:
    """Where a descent ended, and the mean squared error on its way, before each step."""

    W: np.ndarray
    b: np.ndarray
    train: list[float]
    valid: list[float]
    path: list[tuple[float, float]]
    """b and the first weight before each step."""


def run(args: Namespace) -> None:
    """Both regressions: NumPy, Lincoln and scikit-learn side by side, with a picture of the way down."""
    heading("1a. A line, y = 1 + 2 x + noise: 1,000 steps down the gradient")
    line = straight_line()
    by_numpy = side_by_side(line, quick=args.quick)
    draw_line(line, by_numpy, args.output)

    heading("1b. A plane, y = 1 + x W + noise with W = 1, 0.5, 0.1, 0, 0")
    plane = five_features()
    by_numpy = side_by_side(plane, quick=args.quick)
    draw_plane(plane, by_numpy, args.output)
    print(PUT_RIGHT)


def straight_line() -> Points:
    """100 points with x between 0 and 1; the notebook's own, which NumPy's old generator draws from seed 42."""
    rng = np.random.RandomState(42)
    x = rng.rand(100, 1)
    y = 1 + 2 * x + 0.1 * rng.randn(100, 1)
    return divided(x, y, W=np.array([[2.0]]), rng=rng)


def five_features() -> Points:
    """100 points with five normal features, of which the last two mean nothing; the notebook's own."""
    W = np.array([[1.0, 0.5, 0.1, 0.0, 0.0]]).T
    rng = np.random.RandomState(42)
    x = rng.randn(100, 5)
    y = x @ W + 1 + rng.randn(100)[:, None]
    return divided(x, y, W=W, rng=rng)


def divided(x: np.ndarray, y: np.ndarray, *, W: np.ndarray, rng: Any) -> Points:
    """The points in random order, the first 80 for training."""
    order = np.arange(len(x))
    rng.shuffle(order)
    train, valid = order[:80], order[80:]
    return Points(x[train], y[train], x[valid], y[valid], W=W, b=1.0)


def start(features: int) -> tuple[np.ndarray, np.ndarray]:
    """The weights and the bias to begin with: the notebook's, normal numbers."""
    rng = np.random.RandomState(42)
    b = rng.randn(1)
    return rng.randn(features, 1), b


def fit_by_numpy(points: Points, *, lr: float = 0.1, epochs: int = 1000) -> Fit:
    """W ← W - η ∂L/∂W,  b ← b - η ∂L/∂b,  with L the mean of (x W + b - y)² over the training points.

    All points go into every step, so a step is an epoch.
    """
    x, y = points.x, points.y
    W, b = start(x.shape[1])
    fit = Fit(W, b, train=[], valid=[], path=[])
    for _ in range(epochs):
        error = x @ W + b - y  # (80, P) (P, 1) + (1,) -> (80, 1)
        fit.train.append(float(np.mean(error**2)))
        fit.valid.append(float(np.mean((points.x_valid @ W + b - points.y_valid) ** 2)))
        fit.path.append((float(b[0]), float(W[0, 0])))

        b_grad = 2 * error.mean(axis=0)
        W_grad = 2 * x.T @ error / len(x)  # (P, 80) (80, 1) -> (P, 1), the shape of W
        W = W - lr * W_grad
        b = b - lr * b_grad
    fit.W, fit.b = W, b
    return fit


def fit_by_lincoln(points: Points, *, lr: float = 0.1, epochs: int = 1000) -> Fit:
    """The same descent with a layer, a loss and an optimizer, from the same start."""
    W, b = start(points.x.shape[1])
    layer = lnc.layers.Linear(1, weight_init=lambda rng, shape: W, bias_init=lambda rng, shape: b)
    loss = lnc.losses.MeanSquaredError(layer, reduction="mean")
    optimizer = lnc.optim.SGD(layer, lr=lr)
    fit = Fit(W, b, train=[], valid=[], path=[])
    for _ in range(epochs):
        fit.valid.append(loss(points.x_valid, points.y_valid))
        fit.train.append(loss(points.x, points.y))
        fit.path.append((float(layer.B.value[0]), float(layer.W.value[0, 0])))
        loss.backward()
        optimizer.step()
    fit.W, fit.b = layer.W.value, layer.B.value
    return fit


def side_by_side(points: Points, *, quick: bool) -> Fit:
    """Print the coefficients of all three and how far they are apart; return NumPy's descent."""
    from sklearn.linear_model import LinearRegression

    by_numpy, by_lincoln = fit_by_numpy(points), fit_by_lincoln(points)
    exact = LinearRegression().fit(points.x, points.y[:, 0])
    solution = np.append(exact.intercept_, exact.coef_)
    columns = [np.append(fit.b, fit.W) for fit in (by_numpy, by_lincoln)]
    names = ["b", *(f"W[{index}]" for index in range(len(points.W)))]
    truth = np.append(points.b, points.W)
    table = np.column_stack([truth, *columns, solution]).tolist()
    compare(
        ["", "truth", "NumPy", "Lincoln", "scikit-learn"],
        [[name, *row] for name, row in zip(names, table, strict=True)],
        digits=6,
    )
    print(f"  mean squared error: training {by_lincoln.train[-1]:.6f}, validation {by_lincoln.valid[-1]:.6f}")
    print(f"  NumPy and Lincoln: {largest(columns[0], columns[1]):.0e} apart at most")
    goal("Lincoln and scikit-learn apart at most", largest(columns[1], solution), at_most=1e-4, quick=quick)
    return by_numpy


def largest(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference between two arrays."""
    return float(np.abs(one - other).max())


def draw_line(points: Points, fit: Fit, folder: Any) -> None:
    """The points with the line, the way down on the map of the loss, and the loss over the epochs."""
    drawing, (data, landscape, losses) = figure(1, 3, title="Gradient descent on y = b + W x")
    ends = np.array([0.0, 1.0])
    data.plot(points.x, points.y, "o", color=BLUE, ms=4, label="training")
    data.plot(points.x_valid, points.y_valid, "o", color=RED, ms=4, mfc="none", label="validation")
    data.plot(ends, fit.b + fit.W[0] * ends, color=GRAY, label="found")
    data.set(xlabel="x", ylabel="y")
    data.legend(frameon=False)

    b, W = np.meshgrid(np.linspace(-0.2, 2.2, 60), np.linspace(-0.6, 3.0, 60))
    height = np.mean((points.x[:, 0, None, None] * W + b - points.y[:, 0, None, None]) ** 2, axis=0)
    levels = np.geomspace(height.min(), height.max(), 18)[1:]
    landscape.contour(b, W, height, levels=levels, cmap="Blues_r", linewidths=0.6)
    landscape.plot(*zip(*fit.path, strict=True), ".-", color=RED, ms=4, lw=0.8, label="the 1,000 steps")
    landscape.set(xlabel="b", ylabel="W")
    landscape.legend(frameon=False, loc="lower left")
    draw_losses(losses, fit, log=True)
    save(drawing, folder / "descent_line.png")


def draw_plane(points: Points, fit: Fit, folder: Any) -> None:
    """The coefficients beside those that made the data, and the loss over the epochs."""
    drawing, (weights, losses) = figure(1, 2, title="Gradient descent on five features")
    places = np.arange(len(points.W) + 1)
    weights.bar(places - 0.2, np.append(points.b, points.W), 0.4, color=GRAY, label="truth")
    weights.bar(places + 0.2, np.append(fit.b, fit.W), 0.4, color=BLUE, label="found")
    weights.set_xticks(places, ["b", *(f"W[{index}]" for index in range(len(points.W)))])
    weights.legend(frameon=False)
    draw_losses(losses, fit, log=False)
    save(drawing, folder / "descent_plane.png")


def draw_losses(panel: Any, fit: Fit, *, log: bool) -> None:
    """Training in blue, validation in red; the first steps matter most, so the epochs are on a logarithmic scale."""
    curves(panel, {"training": fit.train, "validation": fit.valid}, ylabel="mean squared error", log=log)
    panel.set_xscale("log")
