"""Layers and losses of one's own, on log-probabilities and softmax, up to MNIST (notebook 001).

Three activations and three losses are written here as the notebook has them, and run beside the library's own: the
same numbers, until a logit gets large. They compute with PyTorch tensors, where PyTorch is installed, and with NumPy
arrays. MNIST is found or downloaded by `lnc.datasets.mnist()`; without it, and in the short form, the small digits of
scikit-learn stand in.

python examples/log_probabilities.py [--quick] [--output FOLDER]
"""

from __future__ import annotations

import importlib.util
import timeit
from pathlib import Path
from typing import Any

import numpy as np
from common import arguments, compare, curves, figure, goal, heading, images, lines_of_fit, refused, save, show

import lincoln as lnc
from lincoln.arrays import namespace

SMALL = lnc.initializers.Normal(0.01)
"""The notebook's start: weights and biases are 0.01 times a normal number."""

BREAST_CANCER = """
     20 0.8244 96.485%  40 0.4849 98.243%  60 0.4018 98.594%  80 0.3626 98.594% 100 0.3388 98.594%
    120 0.3226 98.594% 140 0.3106 98.594% 160 0.3014 98.594% 180 0.2940 98.594% 200 0.2880 98.770%
    220 0.2828 98.770% 240 0.2784 98.770% 260 0.2744 98.770% 280 0.2709 98.770% 300 0.2676 98.770%
    320 0.2646 98.770% 340 0.2618 98.770% 360 0.2592 98.770% 380 0.2566 98.770%
"""
"""Epoch, "Train loss" and accuracy that the notebook printed, to where its output is cut off."""

MNIST_SOFTMAX = "136.3370 0.889  48.0073 0.908  40.7395 0.916  36.0489 0.925"
MNIST_LOG_SOFTMAX = """
    144.6850 0.853  49.0181 0.911  38.9346 0.907  34.7589 0.928
      9.6997 0.933  29.0309 0.937  27.5376 0.941  24.5093 0.947  24.5538 0.949
     13.5384 0.954  19.9678 0.953  20.4131 0.956  18.1194 0.958  17.5657 0.958
     14.8582 0.963  16.5139 0.963  14.7026 0.963  14.2133 0.966
      3.2286 0.967  13.0312 0.968  11.9734 0.968  11.8046 0.968  12.3526 0.970
"""
"""After every 100 steps, "Train loss" and test accuracy; the last two from the notebook's public repository."""


# ---------------------------------------------------------------- layers and losses, in the notebook's way


class LogSigmoid(lnc.Layer):
    """z = log p = a - log(exp(a) + 1),  ∂L/∂a = (1 - exp(z)) ∂L/∂z

    Spelled out: it keeps its input and output, and compares shapes. The base class does all that by itself.
    """

    def forward(self, input: Any) -> Any:
        if input.ndim != 2:
            raise lnc.exc.DimensionError(f"{input.ndim} axes, where examples and features are wanted")
        xp = namespace(input)
        self.last_input = input
        self.output = input - xp.log(xp.exp(input) + 1)
        return self.output

    def backward(self, output_grad: Any) -> Any:
        if output_grad.shape != self.output.shape:
            raise lnc.exc.MatchError(f"a gradient {output_grad.shape} for an output {self.output.shape}")
        return (1 - namespace(output_grad).exp(self.output)) * output_grad


class LogSigmoidLoss(lnc.Loss):
    """L = -z where y = 1, -log(1 - exp(z)) where y = 0"""

    def forward(self, input: Any, labels: Any) -> float:
        self.labels = y = labels
        self.last_input = z = self.network(input)
        xp = namespace(z)
        return float(xp.sum(-y * z - (1 - y) * xp.log(1 - xp.exp(z))))

    def gradient(self) -> Any:
        y, p = self.labels, namespace(self.last_input).exp(self.last_input)
        return -y + (1 - y) * p / (1 - p)


class Softmax(lnc.Layer):
    """p_j = exp(a_j) / Σ_k exp(a_k),  ∂p_j/∂a_k = p_j (δ_jk - p_k): a matrix for every example"""

    def forward(self, input: Any) -> Any:
        e = namespace(input).exp(input)
        return e / e.sum(1)[:, None]

    def backward(self, output_grad: Any) -> Any:
        rows = zip(output_grad, self.output, strict=True)
        return namespace(output_grad).stack([g @ softmax_jacobian(p) for g, p in rows])


class CrossEntropy(lnc.Loss):
    """L = -log p_c, c being the label"""

    def forward(self, input: Any, labels: Any) -> float:
        self.last_input = p = self.network(input)
        self.labels = labels
        xp = namespace(p)
        return float(xp.sum(-xp.log(xp.take_along_axis(p, labels, axis=1))))

    def gradient(self) -> Any:
        return -mask(self.labels, like=self.last_input) / self.last_input


class LogSoftmax(lnc.Layer):
    """z_j = a_j - log Σ_k exp(a_k),  ∂z_j/∂a_k = δ_jk - p_k"""

    gives = "log-probabilities"

    def forward(self, input: Any) -> Any:
        xp = namespace(input)
        return input - xp.log(xp.exp(input).sum(1))[:, None]

    def backward(self, output_grad: Any) -> Any:
        xp = namespace(output_grad)
        rows = zip(output_grad, xp.exp(self.output), strict=True)
        # stack keeps the axis of the batch; the notebook's squeeze loses it when the batch is one example.
        return xp.stack([g @ log_softmax_jacobian(p) for g, p in rows])


class NLLLoss(lnc.Loss):
    """L = -z_c, c being the label and z log-probabilities"""

    def forward(self, input: Any, labels: Any) -> float:
        self.last_input = z = self.network(input)
        self.labels = labels
        return float((mask(labels, like=z) * -z).sum())

    def gradient(self) -> Any:
        return -mask(self.labels, like=self.last_input)


def softmax_jacobian(p: Any) -> Any:
    """diag(p) - p pᵀ"""
    return namespace(p).eye(len(p), dtype=p.dtype) * p - p[:, None] * p


def log_softmax_jacobian(p: Any) -> Any:
    """I - 1 pᵀ: every row has p subtracted"""
    return namespace(p).eye(len(p), dtype=p.dtype) - p


def mask(labels: Any, *, like: Any) -> Any:
    """1 at each example's label, 0 elsewhere, in the shape of ``like``."""
    xp = namespace(like)
    return xp.astype(labels == xp.arange(like.shape[1]), like.dtype)


# ---------------------------------------------------------------- the same numbers


def pairs() -> list[tuple[Any, Any]]:
    """Each loss on its activation: as written here, and the library's."""
    return [
        (LogSigmoidLoss(LogSigmoid()), lnc.losses.LogSigmoidLoss(lnc.layers.LogSigmoid())),
        (CrossEntropy(Softmax()), lnc.losses.CrossEntropy(lnc.layers.Softmax())),
        (NLLLoss(LogSoftmax()), lnc.losses.NLLLoss(lnc.layers.LogSoftmax())),
    ]


def side_by_side() -> None:
    heading("The notebook's layers and losses beside the library's: the same numbers")
    rng = np.random.default_rng(0)
    features, yes_or_no = rng.normal(size=(8, 5)), rng.integers(0, 2, 8)
    x, y = next(lnc.data.generate_batches(features, yes_or_no, size=8, shuffle=False))
    classes = namespace(x).astype(y, namespace(x).int64) + 2  # 2 and 3, of 5 classes
    show("mask of the labels 3, 3, 2", mask(classes, like=x)[[0, 1, 3]])
    rows = []
    for (mine, library), inputs, labels in zip(pairs(), (x[:, :1], x, x), (y, classes, classes), strict=True):
        loss, grad = loss_and_grad(mine, inputs, labels)
        library_loss, library_grad = loss_and_grad(library, inputs, labels)
        difference = np.abs(lnc.arrays.numpy(grad - library_grad)).max()
        rows.append([f"{type(mine).__name__}({type(mine.network).__name__})", loss, library_loss, f"{difference:.0e}"])
    compare(["loss of 8 examples", "written here", "library", "gradients differ by"], rows)
    with refused("three axes, which the LogSigmoid written here refuses in words of its own"):
        LogSigmoid()(x[None])


def loss_and_grad(loss: Any, input: Any, labels: Any) -> tuple[float, Any]:
    """A loss, and its gradient with respect to what goes into its network."""
    with lnc.recording(), np.errstate(all="ignore"):
        value = loss(input, labels)
        loss.backward()
    return value, loss.network.input_grad


def jacobians(folder: Path) -> None:
    heading("The derivative of softmax is a matrix, which need not be built")
    rng = np.random.default_rng(1)
    a, g = rng.normal(size=(2, 128, 10)).astype(np.float32)
    rows = []
    for pair in ((Softmax(), lnc.layers.Softmax()), (LogSoftmax(), lnc.layers.LogSoftmax())):
        for layer, way in zip(pair, ("a matrix for each example", "in closed form"), strict=True):
            layer(a)
            first = ", ".join(f"{value:+.4f}" for value in layer.backward(g)[0, :4])
            seconds = min(timeit.repeat(lambda layer=layer: layer.backward(g), number=1, repeat=10))
            rows.append([type(layer).__name__, way, f"{first}, ...", 1e3 * seconds])
    compare(["layer", "backward pass", "first example's gradient", "ms for 128 examples"], rows, digits=3)

    p = lnc.functional.softmax(a)[0]
    drawing, panels = figure(1, 2, size=(9, 4.2), title="∂ output / ∂ input for one example and ten classes")
    panels[0].set(title="softmax: diag(p) - p pᵀ")
    panels[1].set(title="log-softmax: I - 1 pᵀ")
    for panel, matrix in zip(panels, (softmax_jacobian(p), log_softmax_jacobian(p)), strict=True):
        picture = panel.imshow(matrix, cmap="RdBu", vmin=-matrix.max(), vmax=matrix.max())
        panel.set(xlabel="input", ylabel="output", xticks=range(10), yticks=range(10))
        drawing.colorbar(picture, ax=panel, shrink=0.8)
    save(drawing, folder / "log_probabilities_jacobians.png")


def where_it_breaks(folder: Path) -> None:
    heading("Large logits: the formulas as they stand overflow, the library's do not")
    sigmoid, softmax, log_softmax = pairs()
    rows = []
    for losses, logits, label in (
        *[(sigmoid, [a], y) for a in (10.0, 15.0, 89.0) for y in (1, 0)],
        *[(softmax, [100.0, 0.0], 0), (softmax, [0.0, -110.0], 0), (softmax, [0.0, -110.0], 1)],
        *[(log_softmax, [100.0, 0.0], 0), (log_softmax, [100.0, 0.0], 1)],
    ):
        a, y = np.array([logits], dtype=np.float32), np.array([[label]])
        row = [type(losses[0]).__name__, str(logits), label]
        for loss in losses:
            value, grad = loss_and_grad(loss, a, y)
            row += [f"{value:.4g}", ", ".join(f"{g:.4g}" for g in grad[0])]
        rows.append(row)
    compare(["float32", "logits", "label", "loss", "gradient", "library: loss", "gradient"], rows)
    print("  A log-probability that is not quite 0 tells logits up to 71 apart; beyond, only the gradient goes on.")
    on_logits = lnc.losses.SigmoidCrossEntropy(lnc.layers.Linear(1, weight_init=lnc.initializers.Constant(1.0)))
    print(
        f"  A loss on logits has room for more: {on_logits(np.full((1, 1), 89.0), [0])} for the logit 89 and label 0."
    )

    drawing, panels = figure(1, 2, title="LogSigmoidLoss of one logit, float32; a gap is inf or nan")
    a = np.linspace(-20, 100, 600, dtype=np.float32)
    for panel, label in zip(panels, (1, 0), strict=True):
        y = np.full((1, 1), label)
        library, mine = ([loss_and_grad(loss, np.full((1, 1), one), y)[0] for one in a] for loss in sigmoid[::-1])
        lines = {"library": library, "as it stands in the notebook": mine}
        curves(panel, lines, x=a, title=f"label {label}", xlabel="logit a", styles=["-", "--"])
    save(drawing, folder / "log_probabilities_limits.png")


# ---------------------------------------------------------------- breast cancer and MNIST


def breast_cancer(*, epochs: int, quick: bool) -> None:
    heading("Breast cancer: Dense(10), Dense(1, LogSigmoid), in lnc.models.Logistic")
    cancer = lnc.datasets.breast_cancer()
    x, y = lnc.data.standardize(cancer.features), cancer.labels
    printed = BREAST_CANCER.split()
    rows: list[list[Any]] = [printed[i : i + 3] for i in range(0, len(printed), 3) if int(printed[i]) <= epochs]
    for name, activation, loss in (
        ("written here", LogSigmoid(), LogSigmoidLoss),
        ("the library's", "log_sigmoid", lnc.losses.LogSigmoidLoss),
    ):
        hidden = lnc.Dense(10, weight_init=SMALL, bias_init=SMALL)
        output = lnc.Dense(1, activation, weight_init=SMALL, bias_init=SMALL)
        network = lnc.Sequential(hidden, output, seed=1)
        model = lnc.models.Logistic(network, loss=loss(network))
        with lines_of_fit() as lines:
            model.fit(x, y, epochs=epochs, batch_size=128, log_ps=True)
        for row, line in zip(rows, lines, strict=False):  # every 100 steps, which are 20 epochs
            loss_here = model.history["train_loss"][int(row[0]) - 1] * len(x) / 100  # read as in logistic_regression.py
            row += [loss_here, line.split()[-1]]
        goal(f"training accuracy, LogSigmoid + LogSigmoidLoss, {name}", model.score(x, y), at_least=0.985, quick=quick)
    compare(["epoch", "notebook", "", "written here", "", "library", ""], rows)


def digits(quick: bool) -> tuple[Any, bool]:
    """MNIST, or the small digits in its place; and whether it is MNIST."""
    if not quick:
        try:
            return lnc.datasets.mnist(), True
        except lnc.exc.MissingDataError as error:
            print(f"{error}\n")
    print("  scikit-learn's 8 × 8 digits stand in for MNIST; no figure of the notebook belongs to them.")
    small = lnc.datasets.digits()
    pixels = (small.features * 15).astype(np.uint8).reshape(-1, 8, 8)
    x, x_test, y, y_test = lnc.data.train_test_split(pixels, small.labels, seed=0)
    return lnc.datasets.Images(x_train=x, y_train=y, x_test=x_test, y_test=y_test, classes=small.classes), False


def train(activation: Any, loss: Any, *, data: Any, epochs: int, logprob: bool) -> tuple[Any, list[str]]:
    """The notebook's network on images: the fitted model, and the lines that fit wrote."""
    train_loader = lnc.data.DataLoader((data.x_train, data.y_train), batch_size=128, shuffle=True, seed=0)
    test_loader = lnc.data.DataLoader((data.x_test, data.y_test), batch_size=128)
    hidden = lnc.Dense(500, weight_init=SMALL, bias_init=SMALL)
    output = lnc.Dense(10, activation, weight_init=SMALL, bias_init=SMALL)
    network = lnc.Sequential(hidden, output, seed=0)
    model = lnc.models.Classifier(
        network,
        loss=loss(network),
        batch_gen=lnc.data.FlatGenerator(train_loader),
        valid_gen=lnc.data.FlatGenerator(test_loader),
        metric=lnc.metrics.Accuracy(logprob=logprob),
    )
    with lines_of_fit() as lines:
        model.fit(epochs=epochs, print_every=100)
    return model, lines


def notebook_line(printed: str, step: int) -> list[Any]:
    """What the notebook printed after a step: loss, the same as a mean per example, accuracy.

    It divides what came since its last line by 100 batches, but forgets the sum at the end of an epoch, which has 469
    of them: in the first line of the second epoch are 31.
    """
    index = 2 * (step // 100 - 1)
    total, accuracy = printed.split()[index : index + 2]
    batches = min(100, (step - 1) % 469 + 1)
    return [total, float(total) * 100 / batches / 128, accuracy]


def line_here(line: str) -> list[float]:
    """The two numbers of ``Epoch 1.. Train loss: 1.1567..  Accuracy: 88.320%``."""
    *_, loss, _, accuracy = line.split()
    return [float(loss.rstrip(".")), float(accuracy.rstrip("%")) / 100]


def mnist(folder: Path, *, quick: bool) -> None:
    heading("Handwritten digits: Dense(500), Dense(10)")
    found, real = digits(quick)
    print("  Judged on the test images, as in the notebook; nothing is chosen by these figures, so they stay fair.")
    data = found.normalized(flat=False)  # (pixel - mean) / deviation: 0.1307 and 0.3081 of MNIST's pixels from 0 to 1
    for name, written, loss, library_loss, printed, epochs, least in (
        ("Softmax", Softmax(), CrossEntropy, lnc.losses.CrossEntropy, MNIST_SOFTMAX, 1, 0.92),
        ("LogSoftmax", LogSoftmax(), NLLLoss, lnc.losses.NLLLoss, MNIST_LOG_SOFTMAX, 5, 0.965),
    ):
        options = {"data": data, "epochs": epochs if real else 10 * epochs, "logprob": name == "LogSoftmax"}
        mine, my_lines = train(written, loss, **options)
        model, lines = train(getattr(lnc.layers, name)(), library_loss, **options)
        if real:
            rows = [
                [100 * n, *notebook_line(printed, 100 * n), *line_here(my_line), *line_here(line)]
                for n, (my_line, line) in enumerate(zip(my_lines, lines, strict=True), start=1)
            ]
            compare(["step", "notebook", "per example", "", "written here", "", "library", ""], rows)
        for who, fitted in (("written here", mine), ("the library's", model)):
            what = f"test accuracy, {name} + {loss.__name__}, {who}"
            goal(what, fitted.history["accuracy"][-1], at_least=least, quick=not real)

    scores = model.outputs(data.x_test.reshape(len(data.x_test), -1))
    print(f"  top-5 error: {lnc.metrics.TopKError(k=5, logprob=True)(scores, data.y_test):.2%}")
    draw_lines(folder / "log_probabilities_digits.png", lines, printed if real else "")
    draw_digits(folder, found, model, scores)


def draw_lines(path: Path, lines: list[str], printed: str) -> None:
    steps = [100 * n for n in range(1, len(lines) + 1)]
    losses, accuracies = ({"here": values} for values in zip(*map(line_here, lines), strict=True))
    if printed:
        _, losses["notebook"], theirs = zip(*(notebook_line(printed, step) for step in steps), strict=True)
        accuracies["notebook"] = tuple(map(float, theirs))
    drawing, (left, right) = figure(1, 2, title="LogSoftmax + NLLLoss: Dense(500), Dense(10)")
    curves(left, losses, x=steps, xlabel="step", ylabel="training loss, mean per example", styles=["-", "o"])
    curves(right, accuracies, x=steps, xlabel="step", ylabel="test accuracy", styles=["-", "o"])
    save(drawing, path)


def draw_digits(folder: Path, data: Any, model: Any, scores: np.ndarray) -> None:
    hidden, output = model.network
    strongest = np.argsort(-np.abs(np.asarray(output.W.value)).sum(axis=1))[:20]
    weights = np.asarray(hidden.W.value).T[strongest].reshape(-1, *data.x_test.shape[1:])
    save(
        images(weights, columns=10, title="What the 20 most used hidden units look for"),
        folder / "log_probabilities_weights.png",
    )

    wrong = np.flatnonzero(scores.argmax(axis=1) != data.y_test)
    worst = wrong[np.argsort(scores[wrong, data.y_test[wrong]])][:20]
    titles = [f"{data.y_test[i]}, not {scores[i].argmax()}" for i in worst]
    drawing = images(
        data.x_test[worst], columns=10, titles=titles, title="Most wrong about: label, not prediction", signed=False
    )
    save(drawing, folder / "log_probabilities_mistakes.png")


def main() -> None:
    args = arguments(__doc__)
    installed = all(importlib.util.find_spec(name) for name in ("torch", "array_api_compat"))
    kind = "torch" if installed else "numpy"
    lnc.arrays.use(kind)  # what loaders hand out; a layer computes with what comes in
    print(f"arrays of {kind}")
    side_by_side()
    breast_cancer(epochs=100 if args.quick else 500, quick=args.quick)
    lnc.arrays.use("numpy")  # the same layers on the other kind of array
    print("\nfrom here on arrays of numpy")
    jacobians(args.output)
    where_it_breaks(args.output)
    mnist(args.output, quick=args.quick)


if __name__ == "__main__":
    main()
