"""One small network, every derivative by hand and by the layers, and a truth table to learn (notebook 004).

python examples/by_hand.py [--quick] [--output FOLDER]

Three inputs, four hidden units, one output, a sigmoid after each. The capital letters are the numbers on the way:

    X -> A = X V + I -> B = σ(A) -> C = B W + J -> P = σ(C) -> L, how far P is from Y

and dLdV is the derivative of L with respect to V. The short form is the whole: it takes two seconds.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from common import COLORS, GRAY, arguments, compare, curves, figure, goal, heading, save

import lincoln as lnc
from lincoln.layers import Linear, Sigmoid

Numbers = dict[str, np.ndarray]

# The notebook's numbers, which PyTorch's generator draws after manual_seed(70318), to the last digit of float32.
X = np.array([[0.16874564, 0.39936501, 0.21275508]])
Y = np.array([[0.0]])
START: Numbers = {
    "V": np.array(
        [
            [0.60761189, -0.40897292, 1.0775379, -1.979189],
            [1.9884648, 0.082209781, -0.3243266, -1.6930506],
            [-0.50142246, 1.2436724, -0.26945579, -0.7036854],
        ]
    ),
    "I": np.array([[-0.26414263, -0.67368925, 0.98131144, -0.6864832]]),
    "W": np.array([[0.35782972], [0.20978677], [1.2787971], [0.37990245]]),
    "J": np.array([[-0.56227314]]),
}

PRINTED = {
    "X": "0.1687 0.3994 0.2128",
    "A": "0.5258 -0.4453 0.9763 -1.8463",
    "B": "0.6285 0.3905 0.7264 0.1363",
    "C": "0.7252",
    "P": "0.6738",
    "Y": "0",
    "dLdP": "0.6738",
    "dPdC": "0.2198",
    "dLdC": "0.1481",
    "dLdW": "0.0931 0.0578 0.1076 0.0202",
    "dLdJ": "0.1481",
    "dLdB": "0.0530 0.0311 0.1894 0.0563",
    "dLdA": "0.012373 0.007395 0.037642 0.006624",
    "dLdV": "0.002088 0.001248 0.006352 0.001118 "
    "0.004941 0.002953 0.015033 0.002645 "
    "0.002632 0.001573 0.008008 0.001409",
    "dLdI": "0.012373 0.007395 0.037642 0.006624",
}
"""What it printed, row after row."""

TABLE = np.array([[0, 0, 1], [0, 1, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1], [0, 0, 0], [1, 0, 0]], dtype=float)
LABELS = 1 - TABLE[:, 2:]  # y = NOT x3

# The notebook's start for the truth table, and what it printed after 800 steps: predictions and cross-entropies.
TABLE_START: Numbers = {
    "V": np.array(
        [
            [0.73716795, 2.044353, 0.17385602, 1.8724409],
            [0.10103278, -0.054665532, 1.0321292, -1.2164539],
            [0.12794848, -0.85360593, -1.2794222, -0.84680325],
        ]
    ),
    "I": np.array([[0.027421236, 1.5313504, 0.26598424, 2.1429408]]),
    "W": np.array([[-0.4187662], [-0.031215494], [0.2665244], [0.15186729]]),
    "J": np.array([[-1.2434402]]),
}
PRINTED_P = ["0.0223", "0.9785", "0.9879", "0.0258", "0.0284", "0.0291", "0.9611", "0.9806"]
PRINTED_CE = ["0.0226", "0.0217", "0.0122", "0.0261", "0.0288", "0.0296", "0.0397", "0.0196"]

PUT_RIGHT_NUMBERS = """
  Put right:
  - The derivative of (P - Y)² is 2 (P - Y). The notebook leaves out the 2, so its gradients are those of (P - Y)² / 2;
    the last column has the 2 in it, from P back to the first layer. A learning rate of 4 below is one of 2 with it.
  - σ(A) and σ(C) are computed once each, not four times, and no size is written into the code."""
PUT_RIGHT_TABLE = """
  Put right:
  - The biases learn. In the notebook I and J were global names, and its steps changed copies of them that the forward
    pass never read; y = NOT x3 happens to need no bias that learns.
  - An epoch has every row once. The notebook drew 8 rows with replacement, which miss a third of the table on average.
  - What is judged by the cross-entropy can learn by it: the last column, from the same start with the same 800 steps.
"""


def main(args: Namespace) -> None:
    """The four parts, in the notebook's order."""
    heading("1. One example forward and back: by hand, and by the layers")
    hand = by_hand(X, Y, **START, factor=1)
    network = network_from(**START)
    layers = by_layers(HalfSquaredError(network), X, Y)
    twice = by_layers(lnc.losses.MeanSquaredError(network_from(**START)), X, Y)
    print_numbers(hand, layers, twice)

    heading("2. One step down the gradient, with a learning rate of 0.01")
    print_step(network, hand, lr=0.01)

    heading("3. Are the derivatives right? Central differences say so")
    lnc.check_gradients(HalfSquaredError(network_from(**START)), X, Y)

    heading("4. A truth table, one row at a time: y = NOT x3")
    learn_truth_table(args)


def by_hand(x: Any, y: Any, V: Any, I: Any, W: Any, J: Any, *, factor: int) -> Numbers:  # noqa: E741
    """Every number of one pass, in the order in which it comes up.

    ``factor`` is 2 for L = (P - Y)², and 1 for L = (P - Y)² / 2.
    """
    A = x @ V + I  # (1, 3) (3, 4) -> (1, 4)
    B = sigmoid(A)
    C = B @ W + J  # (1, 4) (4, 1) -> (1, 1)
    P = sigmoid(C)

    dLdP = factor * (P - y)
    dPdC = P * (1 - P)  # σ' = σ (1 - σ): the forward pass has computed σ already
    dLdC = dLdP * dPdC
    dLdW = B.T @ dLdC  # (4, 1) (1, 1) -> (4, 1), the shape of W
    dLdJ = dLdC.sum(axis=0, keepdims=True)
    dLdB = dLdC @ W.T
    dLdA = dLdB * B * (1 - B)
    dLdV = x.T @ dLdA
    dLdI = dLdA.sum(axis=0, keepdims=True)

    forward = {"X": x, "A": A, "B": B, "C": C, "P": P, "Y": y}
    outer = {"dLdP": dLdP, "dPdC": dPdC, "dLdC": dLdC, "dLdW": dLdW, "dLdJ": dLdJ}
    inner = {"dLdB": dLdB, "dLdA": dLdA, "dLdV": dLdV, "dLdI": dLdI}
    return forward | outer | inner


def sigmoid(a: np.ndarray) -> np.ndarray:
    """σ(a) = 1 / (1 + exp(-a))"""
    return 1 / (1 + np.exp(-a))


class HalfSquaredError(lnc.Loss):
    """L = (p - y)² / 2,  ∂L/∂p = p - y

    The notebook prints L = (p - y)² and goes back with p - y. That is the derivative of half of it.
    """

    def value(self, predictions: Any, labels: Any) -> Any:
        return (predictions - labels) ** 2 / 2

    def derivative(self, predictions: Any, labels: Any) -> Any:
        return predictions - labels


def network_from(V: Any, I: Any, W: Any, J: Any) -> Any:  # noqa: E741
    """The same network out of layers, which start with the numbers given. They learn the sizes 3, 4 and 1 from them."""

    def given(values: np.ndarray) -> Callable[..., np.ndarray]:
        return lambda rng, shape: values.reshape(shape)

    return lnc.Sequential(
        Linear(V.shape[1], weight_init=given(V), bias_init=given(I)),
        Sigmoid(),
        Linear(W.shape[1], weight_init=given(W), bias_init=given(J)),
        Sigmoid(),
    ).build(V.shape[0], dtype="float64")


def by_layers(loss: lnc.Loss, x: Any, y: Any) -> Numbers:
    """The same numbers, as the layers leave them behind: inside ``recording``, each has a name."""
    with lnc.recording():
        loss(x, y)
        loss.backward()
    network: Any = loss.network
    a, b, c, p = (layer.output for layer in network)
    forward = {"X": x, "A": a, "B": b, "C": c, "P": p, "Y": y}
    outer = {
        "dLdP": network[3].output_grad,
        "dPdC": network[3].input_grad / network[3].output_grad,
        "dLdC": network[2].output_grad,
        "dLdW": network[2].W.grad,
        "dLdJ": network[2].B.grad[None],
    }
    inner = {
        "dLdB": network[1].output_grad,
        "dLdA": network[0].output_grad,
        "dLdV": network[0].W.grad,
        "dLdI": network[0].B.grad[None],
    }
    return {name: np.array(array) for name, array in (forward | outer | inner).items()}


def print_numbers(hand: Numbers, layers: Numbers, twice: Numbers) -> None:
    """Each number that the notebook printed beside ours, and beside them the gradients of (P - Y)² without the half."""
    ours = (hand, layers, twice)
    rows = []
    for name, printed in PRINTED.items():
        for place, text in enumerate(printed.split()):
            index = np.unravel_index(place, hand[name].shape)
            title = f"{name}[{', '.join(map(str, index))}]"
            rows.append([title, text, *(as_printed(numbers[name][index], text) for numbers in ours)])
    way_back = next(number for number, row in enumerate(rows) if row[0].startswith("dLdP"))
    compare(["", "notebook", "by hand", "layers"], [row[:-1] for row in rows[:way_back]])
    print()
    compare(["", "notebook", "by hand", "layers", "layers, L = (P - Y)²"], rows[way_back:])

    equal = [sum(row[1] == row[column] for row in rows) for column in (2, 3)]
    print(f"\n  equal to what the notebook printed: {equal[0]} of {len(rows)} by hand, {equal[1]} by the layers")
    difference = max(float(np.abs(hand[name] - layers[name]).max()) for name in hand)
    print(f"  by hand and by the layers: {difference:.0e} apart at most")
    print(PUT_RIGHT_NUMBERS)


def as_printed(number: float, text: str) -> str:
    """A number with as many decimals as the notebook printed."""
    return f"{number:.{len(text.partition('.')[2])}f}"


def print_step(network: Any, hand: Numbers, *, lr: float) -> None:
    """w ← w - η ∂L/∂w, by hand and by the optimizer, which finds the gradients that the layers were left with."""
    stepped = {name: value - lr * hand[f"dLd{name}"] for name, value in START.items()}
    optimizer = lnc.optim.SGD(network, lr=lr)
    optimizer.step()
    after = {"V": network[0].W.value, "I": network[0].B.value, "W": network[2].W.value, "J": network[2].B.value}
    rows = [
        [f"{name}[{column}]", START[name].flat[column], hand[f"dLd{name}"].flat[column], after[name].flat[column]]
        for name in ("W", "J")
        for column in range(START[name].size)
    ]
    compare(["", "before", "gradient", "after"], rows, digits=6)
    difference = max(float(np.abs(stepped[name] - after[name].reshape(stepped[name].shape)).max()) for name in stepped)
    print(
        f"  all {optimizer.network.vector.size} weights, by hand and by the optimizer: {difference:.0e} apart at most"
    )


# ---------------------------------------------------------------------- the truth table


def learn_truth_table(args: Namespace) -> None:
    """The notebook's run as it was; the same put right; and right from the start, on the cross-entropy itself."""
    runs = {
        "notebook's way": notebook_run(),
        "put right": right_run(HalfSquaredError),
        "on the cross-entropy": right_run(lnc.losses.LogLoss),
    }
    (right, network), (direct, _) = runs["put right"], runs["on the cross-entropy"]
    print_predictions(runs)
    print_biases(runs)
    print(PUT_RIGHT_TABLE)
    correct = int(((network(TABLE) > 0.5) == LABELS).sum())
    goal("rows that are right", correct, at_least=8, quick=args.quick)
    goal("mean cross-entropy, put right", right[-1], at_most=0.03, quick=args.quick)
    goal("mean cross-entropy, learned directly", direct[-1], at_most=0.03, quick=args.quick)
    draw_runs(args.output, runs)


def notebook_run() -> tuple[list[float], Any]:
    """The notebook's 800 steps with its mistakes left in, on the rows that it drew."""
    network = notebook_network()
    network[0].B.frozen = network[2].B.frozen = True
    order = notebook_order()

    def eight_rows() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for row in (next(order) for _ in range(8)):
            yield TABLE[[row]], LABELS[[row]]

    return learn(HalfSquaredError(network), eight_rows), network


def notebook_network() -> Any:
    """The notebook's start: new V and W, but the I and J that part 2 left behind."""
    grads = by_hand(X, Y, **START, factor=1)
    left_over = {name: START[name] - 0.01 * grads[f"dLd{name}"] for name in ("I", "J")}
    return network_from(**{**TABLE_START, **left_over})


def notebook_order() -> Iterator[int]:
    """The rows in the order in which the notebook's generator drew them.

    PyTorch's generator and NumPy's old one are the same Mersenne Twister, and a number below 8 is three bits of it.
    After the first row, 44 draws went into the weights.
    """
    drawn = np.random.RandomState(70318).randint(8, size=1 + 44 + 799)
    return iter([*drawn[:1].tolist(), *drawn[45:].tolist()])


def right_run(loss_class: Callable[[Any], lnc.Loss]) -> tuple[list[float], Any]:
    """From the same start: biases that learn, and every row once in each epoch, in a new order."""
    network = network_from(**TABLE_START)
    batches = lnc.data.DataLoader((TABLE, LABELS), batch_size=1, shuffle=True, seed=70318, dtype="float64")
    return learn(loss_class(network), batches), network


def learn(loss: lnc.Loss, batches: Iterable[Any] | Callable[[], Iterable[Any]]) -> list[float]:
    """100 epochs of single rows with a learning rate of 4; the mean cross-entropy of the whole table after each."""
    trainer = lnc.models.Trainer(loss, lnc.optim.SGD(loss.network, lr=4.0), metrics=[mean_cross_entropy])
    epochs = trainer.epochs(batches, valid=[(TABLE, LABELS)], epochs=100)
    return [epoch.metrics["mean_cross_entropy"] for epoch in epochs]


def mean_cross_entropy(p: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(cross_entropies(p, y)))


def cross_entropies(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-y log p - (1 - y) log(1 - p), one for each row."""
    return -y * np.log(p) - (1 - y) * np.log1p(-p)


def print_predictions(runs: dict[str, tuple[list[float], Any]]) -> None:
    """The table, what the notebook printed for each row, and what the three runs say."""
    predictions = [network(TABLE) for _, network in runs.values()]
    headers = ["x1", "x2", "x3", "y", "notebook", *runs]
    compare(
        headers,
        [
            [*TABLE[row].astype(int), int(LABELS[row, 0]), PRINTED_P[row], *(float(p[row, 0]) for p in predictions)]
            for row in range(8)
        ],
    )
    entropies = [cross_entropies(p, LABELS)[:, 0] for p in predictions]
    print("\n  cross-entropies:")
    rows: list[list[Any]] = [
        ["".join(map(str, TABLE[row].astype(int))), PRINTED_CE[row], *(float(ce[row]) for ce in entropies)]
        for row in range(8)
    ]
    printed_mean = f"{np.mean([float(ce) for ce in PRINTED_CE]):.4f}"
    compare(["row", "notebook", *runs], [*rows, ["mean", printed_mean, *(float(ce.mean()) for ce in entropies)]])
    same = sum(f"{p:.4f}" == printed for p, printed in zip(predictions[0][:, 0], PRINTED_P, strict=True))
    print(f"  the notebook's way gives {same} of its 8 predictions to the last digit printed")


def print_biases(runs: dict[str, tuple[list[float], Any]]) -> None:
    """The biases that each run began with and ended with."""
    start = notebook_network()
    before = [np.append(start[0].B.value, start[2].B.value), np.append(TABLE_START["I"], TABLE_START["J"])]
    print("\n  biases:")
    rows = []
    for (name, (_, network)), first in zip(runs.items(), (before[0], before[1], before[1]), strict=True):
        after = np.append(network[0].B.value, network[2].B.value)
        rows += [[f"{name}, before", *map(float, first)], [f"{name}, after", *map(float, after)]]
    compare(["", "I1", "I2", "I3", "I4", "J"], rows)


def draw_runs(path: Any, runs: dict[str, tuple[list[float], Any]]) -> None:
    """The cross-entropy on its way down, and where the predictions end."""
    drawing, (left, right) = figure(1, 2, title="y = NOT x3, learned one row at a time")
    left.axhline(np.mean([float(ce) for ce in PRINTED_CE]), color=GRAY, ls=":", label="the notebook's end")
    entropies = {name: entropy for name, (entropy, _) in runs.items()}
    curves(left, entropies, xlabel="epoch (8 steps)", ylabel="mean cross-entropy", log=True)
    order = np.lexsort((TABLE[:, 1], TABLE[:, 0], TABLE[:, 2]))
    for index, (_, network) in enumerate(runs.values()):
        right.plot(np.arange(8) + (index - 1) * 0.2, network(TABLE)[order, 0], "o", color=COLORS[index], ms=5)
    right.step(np.arange(-0.5, 8.5), np.append(LABELS[order, 0], LABELS[order[-1], 0]), "-", where="post", color=GRAY)
    right.set_xticks(range(8), ["".join(map(str, TABLE[row].astype(int))) for row in order])
    right.set(xlabel="x1 x2 x3", ylabel="prediction (gray: the right answer)", ylim=(-0.05, 1.05))
    save(drawing, path / "by_hand.png")


if __name__ == "__main__":
    main(arguments(__doc__))
