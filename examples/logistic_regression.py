"""Logistic regression, layer by layer, and the small network that grows out of it (notebook 000).

Linear and Sigmoid go forward and backward by hand, are stacked into a network, get a loss and an optimizer, and learn
to tell benign tumors from malignant ones. What the notebook printed stands beside what comes out here.

python examples/logistic_regression.py [--quick] [--output FOLDER]
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import BLUE, GRAY, RED, arguments, compare, curves, figure, goal, heading, lines_of_fit, refused, save, show

import lincoln as lnc
from lincoln.layers import Linear, Sigmoid

SMALL = lnc.initializers.Normal(0.01)
"""The notebook's start: weights and biases are 0.01 times a normal number."""

LOOP = """
    0.0601 0.0547 0.0522 0.0507 0.0496 0.0487 0.0479 0.0473 0.0467 0.0462 0.0457 0.0453 0.0449
    0.0446 0.0442 0.0439 0.0436 0.0433 0.0431 0.0428 0.0426 0.0424 0.0422 0.0420 0.0418
"""
"""The notebook's own loop: the loss at epochs 20, 40, ..., 500."""

CLASSIFIER = """
     20  0.9173 95.958%  0.8092 96.661%
     40  0.5047 98.067%  0.4813 98.243%
     60  0.4117 98.418%  0.3998 98.418%
     80  0.3696 98.594%  0.3611 98.594%
    100  0.3446 98.594%  0.3376 98.594%
    120  0.3276 98.594%  0.3216 98.594%
    140  0.3152 98.594%  0.3098 98.594%
    160  0.3056 98.594%  0.3006 98.594%
    180  0.2980 98.594%  0.2933 98.770%
    200  0.2917 98.770%  0.2873 98.770%
    220  0.2864 98.770%  0.2821 98.770%
    240  0.2819 98.770%  0.2777 98.770%
    260  0.2779 98.770%  0.2738 98.770%
    280  0.2744 98.770%  0.2702 98.770%
    300  0.2712 98.770%  0.2670 98.770%
    320  0.2682 98.770%  0.2639 98.770%
    340  0.2655 98.770%  0.2611 98.770%
    360  0.2630 98.770%  0.2584 98.770%
    380  0.2606 98.770%  0.2558 98.770%
    500  0.2239 99.121%  0.2420 98.946%
"""
"""Epoch, "Train loss" and accuracy of the notebook's two runs of a Classifier: its own class, and its package's.

The output is cut off after epoch 380. The last line is from its public repository: there the first run is another one.
"""


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Made-up features."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def one_layer(folder: Path) -> None:
    heading("Linear: a = x W + B")
    linear = Linear(1, weight_init=SMALL, bias_init=SMALL, seed=0)
    x = normal(10, 7)
    a = linear(x)  # 10 examples of 7 features: only now does the layer know that W is (7, 1)
    output_grad = np.random.default_rng(1).random(a.shape, dtype=np.float32)
    input_grad = linear.backward(output_grad)
    show("a, as a row", a[:, 0])
    show("first row of ∂L/∂x", input_grad[0], digits=5)
    compare(
        ["array", "shape", "notebook", "here"],
        [
            ["a", a.shape, "up to 0.04", f"up to {np.abs(a).max():.2f}"],
            ["∂L/∂x = ∂L/∂a Wᵀ", input_grad.shape, "up to 0.009", f"up to {np.abs(input_grad).max():.3f}"],
            ["∂L/∂W = xᵀ ∂L/∂a", linear.W.grad.shape, None, f"up to {np.abs(linear.W.grad).max():.2f}"],
            ["∂L/∂B = Σ ∂L/∂a", linear.B.grad.shape, None, f"{linear.B.grad[0]:.2f}"],
        ],
    )
    draw_matrices(folder / "logistic_regression_matrices.png")

    heading("Sigmoid: p = 1 / (1 + exp(-a)), ∂L/∂a = p (1 - p) ∂L/∂p")
    sigmoid = Sigmoid()
    sigmoid(a)
    # The notebook draws new gradients for this and then passes on the old ones; here the old ones are meant.
    compare(
        ["ten gradients", "notebook", "here", "expected"],
        [
            ["largest", "0.2199", float(sigmoid.backward(output_grad).max()), "at most 1/4, the slope at a = 0"],
            ["smallest", "0.0456", float(sigmoid.backward(output_grad).min()), "above 0"],
        ],
    )


def two_layers() -> None:
    heading("Two layers, by hand: forward in order, backward in reverse")
    layers = [Linear(1, weight_init=SMALL, bias_init=SMALL, seed=0), Sigmoid()]
    x = normal(20, 7)
    for layer in layers:
        x = layer(x)
    grad = -np.ones((20, 1), dtype=np.float32)
    for layer in reversed(layers):
        grad = layer.backward(grad)
    show("∂L/∂W, as a row", layers[0].W.grad[:, 0])
    compare(
        ["gradient", "notebook", "here", "expected"],
        [["∂L/∂B", "-4.9994", float(layers[0].B.grad[0]), "-5: 20 examples, each -1 times the slope 1/4"]],
    )

    heading("The same as a Sequential, and as a Dense layer")
    network = lnc.Sequential(Linear(1, weight_init=SMALL, bias_init=SMALL), Sigmoid(), seed=0)
    print(f"  layers: {network.layers}")
    print(f"  parameters before the first batch: {list(network.parameters())}")
    p = network(normal(10, 7))
    print(f"  parameters after it:               {list(network.parameters())}")
    input_grad = network.backward(np.random.default_rng(1).random((10, 1), dtype=np.float32))
    # The notebook, asked for parameters and gradients, prints the parameters twice; and it calls the outputs a loss.
    show("values of W", network[0].W.value[:, 0])
    show("gradient of W", network[0].W.grad[:, 0])
    show("gradient of B", network[0].B.grad)
    show("first row of ∂L/∂x", input_grad[0], digits=5)
    dense = lnc.Dense(10, weight_init=SMALL, bias_init=SMALL, seed=0)
    q = dense(np.random.default_rng(0).random((1, 5), dtype=np.float32))
    compare(
        ["outputs of", "shape", "notebook", "here"],
        [
            ["Linear(1), Sigmoid()", p.shape, "0.4809 to 0.5047", f"{p.min():.4f} to {p.max():.4f}"],
            ["Dense(10)", q.shape, "0.4922 to 0.5137", f"{q.min():.4f} to {q.max():.4f}"],
        ],
    )


def loss_and_step(folder: Path) -> None:
    heading("LogLoss: L = Σ -y log p - (1 - y) log(1 - p)")
    x = normal(20, 7)
    y = np.random.default_rng(1).integers(0, 2, (20, 1))
    network = lnc.Dense(1, weight_init=SMALL, bias_init=SMALL, seed=0)
    loss = lnc.losses.LogLoss(network)
    value = loss(x, y)  # forward: the network, then the loss
    loss.backward()  # back from the loss to the first layer
    compare(
        ["20 examples", "notebook", "here", "expected"],
        [["loss", "13.8970", value, "13.8629 = 20 log 2, for p near 1/2"]],
    )
    show("gradient of W", network.W.grad[:, 0])
    show("gradient of B", network.B.grad)

    heading("One step of gradient descent: w ← w - η ∂L/∂w")
    # Where the notebook first writes this formula it has a plus, which would climb: the gradient points uphill.
    optimizer = lnc.optim.SGD(network)  # η = 0.003 if nothing else is said
    before = network.W.value[:, 0].copy()
    optimizer.step()
    rows = zip(range(7), before, network.W.grad[:, 0], network.W.value[:, 0], strict=True)
    compare(
        ["weight", "before", "gradient", "after", "before - 0.003 gradient"],
        [[i, w, g, after, w - 0.003 * g] for i, w, g, after in rows],
        digits=6,
    )
    print(f"  loss before {value:.4f}, after {loss(x, y):.4f}")
    draw_flow(folder / "logistic_regression_flow.png")


def saturation(folder: Path) -> None:
    """The notebook's LogLoss stops teaching where the sigmoid rounds to 1: the worst mistakes get no gradient."""
    heading("A wrong answer that is certain of itself: label 0, logit a, float32")
    a = np.array([[2.0], [8.0], [15.0], [17.0], [30.0]], dtype=np.float32)
    here = logit_gradients(a)
    rows = zip(a[:, 0], notebook_logit_gradients(a)[:, 0], here[:, 0], strict=True)
    compare(["logit", "notebook's ∂L/∂a", "here", "p - y"], [[*row, 1 / (1 + np.exp(-row[0]))] for row in rows])
    print("  In the notebook p (1 - p) becomes 0, and with it the gradient. Lincoln's Sigmoid never quite reaches 1.")

    drawing, (left, right) = figure(1, 2, title="Log loss")
    p = np.linspace(0.005, 0.995, 400)
    curves(left, {"label 1: -log p": -np.log(p), "label 0: -log(1 - p)": -np.log(1 - p)}, x=p, xlabel="probability p")
    a = np.linspace(-6, 26, 400, dtype=np.float32)[:, None]
    lines = {"here: p - y": logit_gradients(a), "notebook: 0 where p rounds to 1": notebook_logit_gradients(a)}
    curves(right, lines, x=a[:, 0], xlabel="logit a, label 0", ylabel="∂L/∂a", styles=["-", "--"])
    right.set(ylim=(-0.05, 1.35))
    right.legend(frameon=False, loc="upper left")
    save(drawing, folder / "logistic_regression_log_loss.png")


def logit_gradients(a: np.ndarray) -> np.ndarray:
    """∂L/∂a of the log loss for label 0, through Lincoln's layers."""
    loss = lnc.losses.LogLoss(Sigmoid())
    with lnc.recording():
        loss(a, np.zeros_like(a))
        loss.backward()
    return loss.network.input_grad


def notebook_logit_gradients(a: np.ndarray) -> np.ndarray:
    """The same by the notebook's formulas, with its 1e-9 inside the division."""
    p = 1 / (1 + np.exp(-a))
    return 1 / (1 - p + np.float32(1e-9)) * (p * (1 - p))


def breast_cancer(folder: Path, *, epochs: int, quick: bool) -> None:
    heading("Breast cancer: a training loop by hand")
    cancer = lnc.datasets.breast_cancer()
    x, y = lnc.data.standardize(cancer.features), cancer.labels
    traces: dict[bool, list[float]] = {}
    for shuffle in (True, False):
        network = lnc.Dense(1, weight_init=SMALL, bias_init=SMALL, seed=0)
        loss = lnc.losses.LogLoss(network)
        optimizer = lnc.optim.SGD(network, lr=0.01)
        traces[shuffle] = []
        for epoch in range(epochs):
            total = 0.0
            for features, labels in lnc.data.generate_batches(x, y, size=128, shuffle=shuffle, seed=epoch):
                total += loss(features, labels)
                loss.backward()
                optimizer.step()
            traces[shuffle].append(total / len(x))
    print("  The notebook shuffles with the result of np.random.shuffle, which is None: it kept the order as it was.")
    rows = zip(range(20, epochs + 1, 20), LOOP.split(), traces[False][19::20], traces[True][19::20], strict=False)
    compare(["epoch", "notebook", "here, in order", "here, shuffled"], list(rows))

    predictions = network(x)  # the probability of class 1
    accuracy = lnc.metrics.accuracy(predictions, y)
    compare(["after 500 epochs", "notebook", "here"], [["accuracy on training data", "98.946%", f"{accuracy:.3%}"]])
    goal("training accuracy, Dense(1)", accuracy, at_least=0.985, quick=quick)

    drawing, (left, right) = figure(1, 2, size=(11, 5.5), title="Logistic regression on breast cancer")
    curves(left, {"here, in order": traces[False], "here, shuffled": traces[True]}, ylabel="loss, mean per example")
    left.plot(range(20, 501, 20), [float(value) for value in LOOP.split()], "o", color=GRAY, ms=4, label="notebook")
    left.set(ylim=(0.03, 0.15))
    left.legend(frameon=False)
    weights = network.W.value[:, 0]
    order = np.argsort(weights)
    names = [cancer.feature_names[i] for i in order]
    right.barh(names, weights[order], color=np.where(weights[order] > 0, BLUE, RED))
    right.set(xlabel="weight: speaks for malignant (left) or benign (right)")
    right.tick_params(axis="y", labelsize=7)
    save(drawing, folder / "logistic_regression_training.png")


def held_out(*, seeds: int, epochs: int, quick: bool) -> None:
    heading("And on tumors that it has not seen")
    # The notebook standardizes all rows and reports training accuracy. Here mean and scale come from training rows.
    cancer = lnc.datasets.breast_cancer()
    scores = []
    for seed in range(seeds):
        x, x_test, y, y_test = lnc.data.train_test_split(cancer.features, cancer.labels, seed=seed)
        scaler = lnc.data.Standardizer().fit(x)
        network = lnc.Dense(1, weight_init=SMALL, bias_init=SMALL, seed=seed)
        model = lnc.models.Classifier(network, optimizer=lnc.optim.SGD(network, lr=0.01))
        model.fit(scaler.transform(x), y, epochs=epochs, batch_size=128, print_every=None)
        scores.append(model.score(scaler.transform(x_test), y_test))
    compare(["stratified split", "held-out accuracy"], [[seed, f"{score:.3%}"] for seed, score in enumerate(scores)])
    goal(f"held-out accuracy, mean of {seeds}", float(np.mean(scores)), at_least=0.965, quick=quick)


def classifier(folder: Path, *, epochs: int, quick: bool) -> None:
    heading("The same with a hidden layer, through lnc.models.Classifier")
    cancer = lnc.datasets.breast_cancer()
    x, y = lnc.data.standardize(cancer.features), cancer.labels
    hidden, output = (lnc.Dense(size, weight_init=SMALL, bias_init=SMALL) for size in (10, 1))
    network = lnc.Sequential(hidden, output, seed=1)
    model = lnc.models.Classifier(network, loss=lnc.losses.LogLoss(network), optimizer=lnc.optim.SGD(network))
    with lines_of_fit() as lines:
        model.fit(x, y, epochs=epochs, batch_size=128)
    print("  The notebook's train loss is the sum over an epoch's 5 batches, divided by 100. Both readings:")
    losses = model.history["train_loss"]
    printed = [row.split() for row in CLASSIFIER.strip().splitlines() if int(row.split()[0]) <= epochs]
    rows = []
    for epoch, *theirs in printed:
        loss = losses[int(epoch) - 1]
        accuracy = lines[int(epoch) // 20 - 1].split()[-1]  # fit writes a line every 100 steps, which are 20 epochs
        rows.append([epoch, *theirs, loss * len(x) / 100, loss, accuracy])
    compare(["epoch", "notebook", "", "its package", "", "here, so read", "per example", "accuracy"], rows)
    print("  The start is random: seeds 0 to 5 give from 0.90 to 1.05 in the first line.")
    goal("training accuracy, Dense(10) + Dense(1)", model.score(x, y), at_least=0.985, quick=quick)

    drawing, (panel,) = figure(title="Dense(10) + Dense(1) on breast cancer")
    curves(panel, {"here": losses}, ylabel="loss, mean per example", log=True)
    for column, name, color in ((1, "notebook", GRAY), (3, "its package", RED)):
        theirs = [float(row[column]) * 100 / len(x) for row in printed]
        panel.plot([int(row[0]) for row in printed], theirs, "o", color=color, ms=3, label=name)
    panel.legend(frameon=False)
    save(drawing, folder / "logistic_regression_classifier.png")


def mistakes() -> None:
    heading("What the notebook would have let pass")
    network, other = lnc.Dense(1, seed=0), lnc.Dense(1, seed=0)
    loss = lnc.losses.LogLoss(network)
    with refused("an optimizer of another network than the loss"):
        lnc.models.Classifier(network, loss=loss, optimizer=lnc.optim.SGD(other))
    with refused("a step before there is a gradient"):
        lnc.optim.SGD(network).step()
    with refused("backward before forward"):
        loss.backward()
    with refused("two columns of labels for one output"):
        loss(normal(32, 3), np.zeros((32, 2)))
    constant = lnc.data.standardize([[1.0, 7.0], [3.0, 7.0]])
    show("a constant column, standardized, is 0 and not nan", constant)


def draw_matrices(path: Path) -> None:
    """The three matrix products of a linear layer, for 10 examples, 7 features and 3 outputs."""
    linear = Linear(3, seed=0)
    with lnc.recording():  # inside this block a layer keeps output_grad and input_grad, too
        linear(normal(10, 7))
        linear.backward(normal(10, 3, seed=1))
    x, w, g = linear.last_input, linear.W.value, linear.output_grad
    products = [
        *[("x", x), ("W", w), ("a = x W + B", linear.output)],
        *[("xᵀ", x.T), ("∂L/∂a", g), ("∂L/∂W = xᵀ ∂L/∂a", linear.W.grad)],
        *[("∂L/∂a", g), ("Wᵀ", w.T), ("∂L/∂x = ∂L/∂a Wᵀ", linear.input_grad)],
    ]
    drawing, panels = figure(3, 3, size=(8.4, 8.8), title="A linear layer is three matrix products")
    for panel, sign, (name, matrix) in zip(panels, 3 * "×= ", products, strict=True):
        rows, columns = matrix.shape
        size = float(np.abs(matrix).max())
        panel.pcolormesh(matrix, cmap="RdBu", vmin=-size, vmax=size, edgecolors="white", linewidth=1)
        panel.set(xlim=(columns / 2 - 6, columns / 2 + 6), ylim=(rows / 2 + 6, rows / 2 - 6), aspect="equal")
        panel.text(columns / 2, -0.5, f"{name}   ({rows}, {columns})", ha="center", va="bottom")
        panel.text(columns / 2 + 6.2, rows / 2, sign, ha="center", va="center", fontsize=16)
        panel.axis("off")
    save(drawing, path)


def draw_flow(path: Path) -> None:
    """One tumor's numbers on their way through Linear, Sigmoid and LogLoss, and the gradients on their way back."""
    cancer = lnc.datasets.breast_cancer()
    names = ["radius", "texture", "smoothness"]
    columns = [cancer.feature_names.index(f"mean {name}") for name in names]
    x = lnc.data.standardize(cancer.features[:, columns])[:1]
    network = lnc.Dense(1, seed=0)
    loss = lnc.losses.LogLoss(network)
    with lnc.recording():
        value = loss(x, cancer.labels[:1])
        loss.backward()
    linear, sigmoid = network

    name = cancer.classes[cancer.labels[0]]
    drawing, (panel,) = figure(size=(10, 3.2), title=f"One {name} tumor forward (blue), its gradients back (red)")
    panel.set(xlim=(1.2, 10.3), ylim=(0.3, 3.3))
    panel.axis("off")
    box = {"boxstyle": "round,pad=0.6", "facecolor": "#edf2f7", "edgecolor": GRAY}
    panel.text(3.5, 1.8, "Linear(1)\na = x W + B", ha="center", va="center", bbox=box)
    panel.text(6.2, 1.8, "Sigmoid\np = 1 / (1 + exp(-a))", ha="center", va="center", bbox=box)
    panel.text(8.7, 1.8, "LogLoss\n-log(1 - p)", ha="center", va="center", bbox=box)
    features = "\n".join(f"{name} {number:+.2f}" for name, number in zip(names, x[0], strict=True))
    wires = [  # from where, to where, what goes forward, what comes back
        (1.6, 2.7, features, "∂L/∂x\n" + "\n".join(f"{g:+.3f}" for g in linear.input_grad[0])),
        (4.3, 5.1, f"a\n{linear.output[0, 0]:+.3f}", f"∂L/∂a\n{sigmoid.input_grad[0, 0]:+.3f}"),
        (7.3, 8.0, f"p\n{sigmoid.output[0, 0]:.3f}", f"∂L/∂p\n{sigmoid.output_grad[0, 0]:+.3f}"),
        (9.4, 10.1, f"L\n{value:.3f}", "∂L/∂L\n1"),
    ]
    for start, stop, forward, backward in wires:
        panel.annotate("", (stop, 2.0), (start, 2.0), arrowprops={"arrowstyle": "->", "color": BLUE})
        panel.annotate("", (start, 1.6), (stop, 1.6), arrowprops={"arrowstyle": "->", "color": RED})
        panel.text((start + stop) / 2, 2.15, forward, ha="center", va="bottom", color=BLUE, fontsize=9)
        panel.text((start + stop) / 2, 1.45, backward, ha="center", va="top", color=RED, fontsize=9)
    weights = ", ".join(f"{w:+.2f}" for w in linear.W.value[:, 0])
    slopes = ", ".join(f"{g:+.2f}" for g in linear.W.grad[:, 0])
    panel.text(3.5, 2.75, f"W {weights}\nB {linear.B.value[0]:+.2f}", ha="center", color=BLUE, fontsize=9)
    panel.text(3.5, 0.55, f"∂L/∂W {slopes}\n∂L/∂B {linear.B.grad[0]:+.2f}", ha="center", color=RED, fontsize=9)
    save(drawing, path)


def main() -> None:
    args = arguments(__doc__)
    epochs = 100 if args.quick else 500
    one_layer(args.output)
    two_layers()
    loss_and_step(args.output)
    saturation(args.output)
    breast_cancer(args.output, epochs=epochs, quick=args.quick)
    held_out(seeds=2 if args.quick else 5, epochs=epochs, quick=args.quick)
    classifier(args.output, epochs=epochs, quick=args.quick)
    mistakes()


if __name__ == "__main__":
    main()
