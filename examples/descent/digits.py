"""Handwritten digits, and part 2: which of ten they are, by multinomial logistic regression."""

from __future__ import annotations

import time
import warnings
from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import numpy as np
from common import compare, heading, images, save

import lincoln as lnc

TRAINING = 5_000
BATCH = 128
STEPS = 1_200

PUT_RIGHT = """
  Put right:
  - No multi_class argument, which scikit-learn has given up; plain arrays, which a permutation can index.
  - It works without a network, from images that this computer has.
  - It is logistic regression; the notebook's title calls it multinomial linear regression."""


@dataclass(frozen=True)
class Digits:
    """Images as rows of standardized pixels, float32, and their digits 0 to 9."""

    name: str
    side: int
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def pictures(self, rows: np.ndarray) -> np.ndarray:
        """Rows of one number a pixel as pictures."""
        return rows.reshape(-1, self.side, self.side)


@dataclass
class Result:
    """A fitted model's weights, a row for each digit, and how good it is."""

    name: str
    weights: np.ndarray
    train_accuracy: float
    test_accuracy: float
    seconds: float

    @property
    def zeros(self) -> float:
        """The share of weights that are exactly 0."""
        return float(np.mean(self.weights == 0))


def run(args: Namespace, digits: Digits) -> None:
    """Two models that should agree, and a third one that makes do with few pixels."""
    heading(f"2. Multinomial logistic regression on {digits.name}")
    results = [
        fit_by_lincoln(digits),
        fit_by_sklearn(digits),
        fit_few_pixels(digits),
    ]
    compare(
        ["", "training accuracy", "test accuracy", "weights at 0", "seconds"],
        [[r.name, r.train_accuracy, r.test_accuracy, f"{r.zeros:.1%}", f"{r.seconds:.2f}"] for r in results],
    )
    blank = float(np.mean(np.ptp(digits.x_train, axis=0) == 0))
    print(
        f"  {blank:.1%} of the pixels are the same in all training images: their weights stay at 0 without a penalty."
    )
    print(PUT_RIGHT)
    names = ("weights", "weights_sklearn", "weights_sparse")
    for result, name in zip(results, names, strict=True):
        drawing = images(
            digits.pictures(result.weights),
            columns=5,
            title=f"What speaks for a digit (blue) and against it (red): {result.name}",
            titles=[str(digit) for digit in range(10)],
        )
        save(drawing, args.output / f"descent_{name}.png")


def load(*, quick: bool) -> Digits:
    """5,000 images of MNIST to learn from and its 10,000 test images; or scikit-learn's digits, and it says so.

    Every pixel is standardized with its mean and standard deviation in the training images alone.
    """
    heading("Digits to read")
    if quick:
        print("  the short form reads scikit-learn's 1,797 digits of 8 × 8 pixels")
        return small_digits()
    try:
        mnist = lnc.datasets.mnist()
    except lnc.exc.MissingDataError as error:
        print(f"  MNIST is not to be had here, so these are scikit-learn's 1,797 digits of 8 × 8 pixels.\n{error}")
        return small_digits()
    rows = np.random.default_rng(0).permutation(len(mnist.x_train))[:TRAINING]
    print(f"  MNIST: {TRAINING:,} of its training images, and all of its {len(mnist.x_test):,} test images")
    return standardized("MNIST", mnist.x_train[rows], mnist.y_train[rows], mnist.x_test, mnist.y_test)


def small_digits() -> Digits:
    """1,297 of scikit-learn's digits to learn from, 500 to be judged by."""
    table = lnc.datasets.digits()
    x_train, x_test, y_train, y_test = lnc.data.train_test_split(table.features, table.labels, test_size=500, seed=0)
    return standardized("digits", x_train.reshape(-1, 8, 8), y_train, x_test.reshape(-1, 8, 8), y_test)


def standardized(name: str, x_train: Any, y_train: Any, x_test: Any, y_test: Any) -> Digits:
    """Gray values from 0 to 1, then every pixel standardized as the training images say."""
    largest = float(x_train.max())
    x_train, x_test = (x.reshape(len(x), -1).astype(np.float32) / largest for x in (x_train, x_test))
    scaler = lnc.data.Standardizer().fit(x_train)
    side = int(np.sqrt(x_train.shape[1]))
    return Digits(name, side, scaler.transform(x_train), y_train, scaler.transform(x_test), y_test)


def fit_by_lincoln(digits: Digits) -> Result:
    """p = softmax(x W + b), by 1,200 steps of gradient descent on batches of 128.

    The penalty on W is scikit-learn's: half the sum of the squares of W, once for the sum of all examples' losses.
    """
    network = lnc.layers.Linear(10, weight_init=lnc.initializers.zeros, seed=0)
    no_penalty_on_b = lnc.optim.Group(lnc.optim.biases_and_norms, weight_decay=0.0)
    model = lnc.models.Classifier(
        network,
        loss=lnc.losses.SoftmaxCrossEntropy(network, reduction="mean"),
        optimizer=lnc.optim.SGD(network, lr=0.03, weight_decay=1 / len(digits.x_train), groups=[no_penalty_on_b]),
    )
    started = time.perf_counter()
    model.fit(digits.x_train, digits.y_train, epochs=epochs_of(digits), batch_size=BATCH, print_every=None)
    return judged("Lincoln", digits, model, network.W.value.T, time.perf_counter() - started)


def fit_by_sklearn(digits: Digits) -> Result:
    """The same model by scikit-learn's saga, which stops after 100 passes, converged or not."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(solver="saga", random_state=0)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(digits.x_train, digits.y_train)
    return judged("scikit-learn, saga", digits, model, model.coef_, time.perf_counter() - started)


def fit_few_pixels(digits: Digits, *, penalty: float = 0.02) -> Result:
    """The same with a penalty on the sum of |W| in place of the squares: most weights become exactly 0.

    |w| has no derivative at 0, so after each step on the loss every weight moves towards 0 by η · penalty and stays
    there if it reaches it (Beck, Teboulle 2009). The penalty's strength is the one that the notebook had in a comment:
    C = 50 / n in scikit-learn's words, and 1 / (C n) = 0.02 in these.
    """
    network = lnc.layers.Linear(10, weight_init=lnc.initializers.zeros, seed=0)
    loss = lnc.losses.SoftmaxCrossEntropy(network, reduction="mean")
    optimizer = lnc.optim.SGD(network, lr=0.03)
    batches = lnc.data.DataLoader((digits.x_train, digits.y_train), batch_size=BATCH, shuffle=True, seed=0)
    started = time.perf_counter()
    for _ in range(epochs_of(digits)):
        for x, y in batches:
            loss(x, y)
            loss.backward()
            optimizer.step()
            W = network.W.value
            network.W.value = np.sign(W) * np.maximum(np.abs(W) - optimizer.learning_rate * penalty, 0)
    seconds = time.perf_counter() - started
    return judged("Lincoln, few pixels", digits, lnc.models.Classifier(network, loss), network.W.value.T, seconds)


def epochs_of(digits: Digits) -> int:
    """How many epochs it takes to go 1,200 steps."""
    return -(-STEPS * BATCH // len(digits.x_train))


def judged(name: str, digits: Digits, model: Any, weights: np.ndarray, seconds: float) -> Result:
    """A model's accuracy on both parts."""
    train = model.score(digits.x_train, digits.y_train)
    return Result(name, weights, train, model.score(digits.x_test, digits.y_test), seconds)
