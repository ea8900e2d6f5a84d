"""A feedforward network in NumPy, piece by piece, and why its labels must have the right shape (notebook 002).

ReLU, softmax, cross-entropy and the linear layer with the notebook's worked numbers; a check of every gradient; then
breast cancer, first as the notebook trained it, where nothing is learned, then with its mistakes put right one after
the other, and with the hidden layer that it promises; and iris.

python examples/numpy_network.py [--quick] [--output FOLDER]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from common import BLUE, GRAY, GREEN, RED, arguments, compare, curves, figure, goal, heading, refused, save, show

import lincoln as lnc
from lincoln.layers import Linear, ReLU, Softmax

PRINTED = """
    0.878 0.873 0.568  0.863 0.873 0.567  0.860 0.873 0.563  0.872 0.873 0.541
    0.860 0.873 0.507  0.869 0.873 0.546  0.860 0.873 0.546  0.863 0.873 0.514
    0.863 0.873 0.504  0.866 0.873 0.544  0.856 0.873 0.520  0.863 0.873 0.536
    0.866 0.873 0.555  0.863 0.873 0.549  0.860 0.873 0.504  0.866 0.873 0.524
"""
"""Training loss, validation loss and "val_metric" of the notebook's epochs, to where its output is cut off."""


# ---------------------------------------------------------------- the pieces


def activations() -> None:
    heading("ReLU: max(x, 0), and the gradient passes where x > 0")
    relu = ReLU()
    show("forward ", relu(np.array([[-2.0, 0.0, 3.0]])))
    show("backward", relu.backward(np.array([[5.0, 5.0, 5.0]])))

    heading("Softmax, step by step: ∂L/∂x = y (g - Σ g y)")
    x, g = np.array([[1.0, 2.0], [1.0, 1.0]]), np.array([[1.0, -1.0], [1.0, 1.0]])
    softmax = Softmax()
    y = softmax(x)
    total = (g * y).sum(axis=1, keepdims=True)
    by_hand, by_layer = y * (g - total), softmax.backward(g)
    compare(
        ["step", "row", "notebook", "here"],
        [
            ["y = softmax(x)", 1, "0.26894142, 0.73105858", row_of(y[0])],
            [None, 2, "0.5, 0.5", row_of(y[1])],
            ["Σ g y", 1, "-0.46211716", row_of(total[0])],
            [None, 2, "1.", row_of(total[1])],
            ["g - Σ g y", 1, "1.46211716, -0.53788284", row_of((g - total)[0])],
            [None, 2, "0., 0.", row_of((g - total)[1])],
            ["y (g - Σ g y)", 1, "0.39322387, -0.39322387", row_of(by_hand[0])],
            [None, 2, "0., 0.", row_of(by_hand[1])],
            ["Softmax.backward(g)", 1, None, row_of(by_layer[0])],
            [None, 2, None, row_of(by_layer[1])],
        ],
    )
    large = np.array([[1000.0, 1001.0]])
    with np.errstate(all="ignore"):
        unshifted = np.exp(large) / np.exp(large).sum(axis=1, keepdims=True)
    print("  The notebook promises a stable softmax, but the line that subtracts the largest x is commented out:")
    show("softmax of 1000 and 1001 without it", unshifted[0])
    show("softmax of 1000 and 1001 here      ", softmax(large)[0])


def row_of(values: np.ndarray) -> str:
    """Numbers as the notebook shows them."""
    return ", ".join(f"{value:.8f}" for value in values)


def loss_and_linear() -> None:
    heading("Cross-entropy: L = -ln p_c, ∂L/∂p_c = -1 / p_c for the label c, 0 for the others")
    p = np.array([[0.2, 0.8], [0.5, 0.5], [1 - 1e-12, 1e-12]])
    labels = np.array([1, 0, 1])
    loss = lnc.losses.CrossEntropy(Softmax())
    loss(np.log(p), labels)  # the softmax of log p is p
    clipped = -np.log(np.clip(p, 1e-8, 1 - 1e-8)[range(3), labels])
    rows = zip(p[range(3), labels], labels, clipped, loss.losses, loss.gradient()[range(3), labels], strict=True)
    # Where p is clipped the loss is flat, but the notebook's gradient goes on to be -1 / p, of the clipped p.
    compare(
        ["p of the label", "label", "notebook, clipped at 1e-8", "here", "gradient"],
        [[f"{p:g}", label, theirs, here, f"{gradient:.4g}"] for p, label, theirs, here, gradient in rows],
    )

    heading("Linear: one example's weight gradient is an outer product, a batch's is their sum")
    linear = Linear(2, seed=0)
    linear(np.array([[1.0, 2.0, 3.0]]))
    linear.backward(np.array([[10.0, 100.0]]))
    show("x = (1, 2, 3), gradient (10, 100): ∂L/∂W", linear.W.grad)
    rng = np.random.default_rng(9)
    x, g = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
    linear(x)
    linear.W.clear_grad()
    linear.backward(g)
    outer = x[:, :, None] @ g[:, None, :]  # (50, 3, 2): a matrix for each example
    compare(
        ["50 examples", "∂L/∂W[0, 0]"],
        [
            ["sum of 50 outer products", float(outer.sum(axis=0)[0, 0])],
            ["here, one matrix product xᵀ g", float(linear.W.grad[0, 0])],
            ["notebook, their mean", float(outer.mean(axis=0)[0, 0])],
        ],
    )
    print(
        "  A mean belongs into the loss (reduction='mean'). In the layer it leaves ∂L/∂x and ∂L/∂W of different sizes."
    )


# ---------------------------------------------------------------- breast cancer


def split(table: Any) -> list[np.ndarray]:
    """The notebook's training and validation rows: scikit-learn's, with its seed."""
    from sklearn.model_selection import train_test_split

    return train_test_split(table.features, table.labels, test_size=0.2, random_state=9)


def per_column(x: np.ndarray, x_valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both parts on the scale of the training part's columns."""
    scaler = lnc.data.Standardizer().fit(x)
    return scaler.transform(x), scaler.transform(x_valid)


def overall(x: np.ndarray, x_valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both parts with one mean and one deviation for all columns, as in the notebook: areas of 650 beside 0.06."""
    return (x - x.mean()) / x.std(), (x_valid - x.mean()) / x.std()


class BroadcastingCrossEntropy(lnc.Loss):
    """The notebook's loss as it ran: labels (n, 1) are compared with 1, and the answer serves for both columns."""

    def fit_labels(self, predictions: Any, labels: Any) -> Any:
        return labels  # any other loss would see here that they do not fit

    def value(self, predictions: Any, labels: Any) -> np.ndarray:
        return np.where(labels == 1, -np.log(predictions), 0).sum(axis=1)

    def derivative(self, predictions: Any, labels: Any) -> np.ndarray:
        return np.where(labels == 1, -1 / predictions, 0)


def broadcast_accuracy(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The notebook's metric as it ran: n predictions (n,) against n labels (n, 1) are n × n comparisons."""
    return float((outputs.argmax(axis=1) == labels).mean())


def train(
    network: lnc.Layer,
    data: list[np.ndarray],
    *,
    epochs: int,
    loss: Any = None,
    metric: Any = None,
    drop_last: bool = False,
) -> list[lnc.models.Epoch]:
    """Batches of 50, SGD of 0.1 on the mean loss: one record for each epoch."""
    x, x_valid, y, y_valid = data
    trainer = lnc.models.Trainer(
        loss or lnc.losses.CrossEntropy(network, reduction="mean"),
        lnc.optim.SGD(network, lr=0.1),
        metrics=[metric or lnc.metrics.Accuracy()],
    )
    batches = lnc.data.DataLoader((x, y), batch_size=50, shuffle=True, seed=9, drop_last=drop_last)
    valid = lnc.data.DataLoader((x_valid, y_valid), batch_size=50, drop_last=drop_last)
    return list(trainer.epochs(batches, valid=valid, epochs=epochs))


def one_layer(classes: int, features: int) -> lnc.Sequential:
    """The notebook's network: one linear layer and softmax, weights uniform within 1 / √features."""
    start = lnc.initializers.Uniform(features**-0.5)
    return lnc.Sequential(lnc.Dense(classes, "softmax", weight_init=start), seed=9)


def two_layers(classes: int) -> lnc.Sequential:
    """The network that the notebook's title promises: a hidden layer with ReLU."""
    return lnc.Sequential(lnc.Dense(16, "relu"), lnc.Dense(classes, "softmax"), seed=9)


def plateau(*, epochs: int) -> list[lnc.models.Epoch]:
    heading("Breast cancer, as the notebook trained it")
    x, x_valid, y, y_valid = split(lnc.datasets.breast_cancer())
    print(f"  {len(x)} rows to train on, {len(x_valid)} to validate")
    network = one_layer(2, 30)
    run = train(
        network,
        [*overall(x, x_valid), y[:, None], y_valid[:, None]],
        epochs=epochs,
        loss=BroadcastingCrossEntropy(network, reduction="mean"),
        metric=broadcast_accuracy,
        drop_last=True,
    )
    printed = PRINTED.split()
    rows = []
    for epoch in run[:16]:
        theirs = printed[3 * epoch.number - 3 : 3 * epoch.number]
        rows.append([epoch.number, *theirs, epoch.train_loss, epoch.valid_loss, *epoch.metrics.values()])
    compare(["epoch", "notebook", "valid", "metric", "here: train", "valid", "metric"], rows, digits=3)
    share = y_valid[:100].mean()  # of ones; the last, smaller batch is dropped, of the validation rows too
    print(
        "  An example of class 1 costs -ln p0 - ln p1, which is least at p = 1/2; one of class 0 costs nothing. So the"
    )
    print(
        f"  least loss is 2 ln 2 × the share of ones: {2 * np.log(2):.4f} × {share:.2f} = {2 * np.log(2) * share:.3f}."
    )
    return run


def mistakes_refused() -> None:
    heading("The same mistakes with the library's loss and metric")
    perfect, labels = np.array([0, 1, 1, 1]), np.array([[0], [1], [1], [1]])
    compare(
        ["accuracy of four right predictions (4,), labels (4, 1)", "value"],
        [
            ["NumPy: 4 × 4 comparisons", float((perfect == labels).mean())],
            ["lnc.metrics.accuracy, which takes (n, 1) for (n,)", lnc.metrics.accuracy(perfect, labels)],
        ],
    )
    with refused("labels that would fit by broadcasting only"):
        lnc.metrics.accuracy(perfect, np.eye(4)[:, :2])
    network = one_layer(2, 30)
    loss = lnc.losses.CrossEntropy(network, reduction="mean")
    x = np.ones((4, 30))
    print(f"  CrossEntropy, labels (4, 1) and (4,): {loss(x, labels):.4f} and {loss(x, labels[:, 0]):.4f}")
    with refused("one-hot labels"):
        loss(x, np.eye(2)[perfect])
    loss(x, labels)
    loss.backward()
    optimizer = lnc.optim.SGD(network, lr=0.1)
    optimizer.step()
    with refused("a second step on the same gradients, as the notebook takes after each epoch"):
        optimizer.step()


def put_right(folder: Path, broken: list[lnc.models.Epoch], *, epochs: int, quick: bool) -> None:
    heading("Breast cancer, with the mistakes put right one after the other")
    x, x_valid, y, y_valid = split(lnc.datasets.breast_cancer())
    network = two_layers(2)
    lnc.check_gradients(lnc.losses.CrossEntropy(network, reduction="mean"), per_column(x, x_valid)[0][:5], y[:5])
    print()
    runs = {
        "as in the notebook": broken,
        "labels that fit": train(one_layer(2, 30), [*overall(x, x_valid), y, y_valid], epochs=epochs),
        "and columns standardized": train(one_layer(2, 30), [*per_column(x, x_valid), y, y_valid], epochs=epochs),
        "and a hidden layer, ReLU": train(network, [*per_column(x, x_valid), y, y_valid], epochs=epochs),
    }
    rows = []
    for name, run in runs.items():
        last = run[-1]
        accuracy = None if run is broken else last.metrics["accuracy"]
        rows.append([name, last.train_loss, last.valid_loss, accuracy])
    compare([f"after {epochs} epochs", "train loss", "valid loss", "valid accuracy"], rows)
    for name, accuracy in ((rows[2][0], rows[2][3]), (rows[3][0], rows[3][3])):
        goal(f"validation accuracy, {name}", accuracy, at_least=0.95, quick=quick)

    drawing, (left, right) = figure(1, 2, title="Breast cancer, validation")
    curves(left, {name: [epoch.valid_loss for epoch in run] for name, run in runs.items()})
    left.plot(range(1, 17), [float(value) for value in PRINTED.split()[1::3]], "x", color=GRAY, ms=4, label="notebook")
    left.legend(frameon=False, loc="center right")
    metrics = {name: [next(iter(epoch.metrics.values())) for epoch in run] for name, run in runs.items()}
    curves(right, metrics, ylabel="accuracy")
    right.plot(range(1, 17), [float(value) for value in PRINTED.split()[2::3]], "x", color=GRAY, ms=4)
    right.get_legend().remove()
    save(drawing, folder / "numpy_network_breast_cancer.png")


# ---------------------------------------------------------------- iris


def iris(folder: Path, *, epochs: int, quick: bool) -> None:
    heading("Iris")
    table = lnc.datasets.iris()
    x, x_valid, y, y_valid = split(table)
    data = [*per_column(x, x_valid), y, y_valid]
    print(f"  {len(x)} rows to train on, {len(x_valid)} to validate: 3 batches an epoch, hence {epochs} epochs")
    runs = {
        "one layer": train(one_layer(3, 4), data, epochs=epochs),
        "two layers": train(two_layers(3), data, epochs=epochs),
    }
    rows = [[name, run[-1].train_loss, run[-1].valid_loss, run[-1].metrics["accuracy"]] for name, run in runs.items()]
    compare(["network", "train loss", "valid loss", "valid accuracy"], rows)
    for name, *_, accuracy in rows:
        goal(f"validation accuracy, {name}", accuracy, at_least=0.93, quick=quick)

    network = two_layers(3)  # once more, on two of the four columns: what it has learned is then a picture
    petals = [x[:, 2:], x_valid[:, 2:], y, y_valid]
    train(network, [*per_column(*petals[:2]), *petals[2:]], epochs=epochs)
    drawing, (left, right) = figure(1, 2, title="Iris")
    curves(left, {name: [epoch.valid_loss for epoch in run] for name, run in runs.items()}, ylabel="validation loss")
    length, width = np.meshgrid(np.linspace(0.8, 7.2, 160), np.linspace(0, 2.7, 160))
    scaler = lnc.data.Standardizer().fit(petals[0])
    with lnc.inference():  # the layers record nothing, and dropout would do nothing
        p = network(scaler.transform(np.stack([length.ravel(), width.ravel()], axis=1)))
    right.contourf(
        length,
        width,
        p.argmax(axis=1).reshape(length.shape),
        levels=[-1, 0, 1, 2],
        colors=[BLUE, RED, GREEN],
        alpha=0.2,
    )
    for number, (name, color) in enumerate(zip(table.classes, (BLUE, RED, GREEN), strict=True)):
        right.plot(*petals[0][y == number].T, "o", color=color, ms=4, label=name)
        right.plot(*petals[1][y_valid == number].T, "x", color=color, ms=6)
    right.set(title="two layers on two columns (x: validation)", xlabel="petal length, cm", ylabel="petal width, cm")
    right.legend(frameon=False, loc="upper left")
    save(drawing, folder / "numpy_network_iris.png")


def main() -> None:
    args = arguments(__doc__)
    activations()
    loss_and_linear()
    broken = plateau(epochs=20)
    mistakes_refused()
    put_right(args.output, broken, epochs=20, quick=args.quick)
    iris(args.output, epochs=20 if args.quick else 100, quick=args.quick)


if __name__ == "__main__":
    main()
