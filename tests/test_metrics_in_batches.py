"""Every metric over several batches is that of all at once, and that of exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lincoln import Dense, Sequential, losses, metrics, models, optim
from lincoln.exc import MatchError

RNG = np.random.default_rng(0)
N = 90
NOISE = RNG.normal(size=N)
CUTS = [(30, 60), (1, 2, 3), (89,), tuple(range(1, N))]

QUANTITIES = {
    "usual": (NOISE, NOISE + RNG.normal(size=N)),
    "far from zero": (1e9 + NOISE, 1e9 + NOISE + RNG.normal(size=N)),
    "tiny": (1e-30 * NOISE, 1e-30 * RNG.normal(size=N)),
    "equal labels": (NOISE, np.full(N, 0.1)),
    "equal labels far from zero": (NOISE, np.full(N, 1e15 / 3)),
    "no error": (np.full(N, 0.1), np.full(N, 0.1)),
    "float32": (NOISE.astype(np.float32), np.full(N, 0.1, dtype=np.float32)),
    "columns": (NOISE.reshape(30, 3), np.stack([np.full(30, 0.1), NOISE[:30], 1e9 + NOISE[30:60]], axis=1)),
}
P = 1 / (1 + np.exp(8 * NOISE - 30))
BINARY = RNG.integers(0, 2, size=N)
BINARY[:2] = 0, 1
SHARES = RNG.dirichlet(np.ones(3), size=N)
CLASSES = RNG.integers(0, 3, size=N)
OTHERS = {
    "accuracy": (metrics.Accuracy(), SHARES, CLASSES),
    "accuracy of probabilities": (metrics.Accuracy(), P, BINARY),
    "top k": (metrics.TopKError(2), SHARES, CLASSES),
    "log loss": (metrics.LogLoss(), SHARES, CLASSES),
    "log loss of probabilities near 1": (metrics.LogLoss(), 1.0 - 1e-9 * P, BINARY),
    "log loss in float32": (metrics.LogLoss(), P.astype(np.float32), BINARY),
    "area of small probabilities": (metrics.RocAuc(), np.stack([1 - 1e-17 * P, 1e-17 * P], axis=1), BINARY),
    "area of scores": (metrics.RocAuc(), np.stack([-NOISE, NOISE], axis=1), BINARY),
    "table": (metrics.ConfusionCounts(), SHARES, CLASSES),
}


def in_batches(metric, predictions, labels, cuts):
    whole = metric.anew()
    for part, known in zip(np.split(predictions, cuts), np.split(labels, cuts), strict=True):
        if len(part):
            whole.update(part, known)
    return whole.compute()


def exact(name, predictions, labels):
    """The metric of one column, in fractions."""
    p, y = [Fraction(float(one)) for one in predictions], [Fraction(float(one)) for one in labels]
    errors, mean = [a - b for a, b in zip(p, y, strict=True)], sum(y) / len(y)
    squares, spread = sum(e * e for e in errors), sum((b - mean) ** 2 for b in y)
    if name == "r2_score":
        return 1 - float(squares / spread) if spread else float(squares == 0)
    if name == "mean_absolute_error":
        return float(sum(map(abs, errors)) / len(y))
    return float(squares / len(y)) ** (0.5 if name == "root_mean_squared_error" else 1)


@pytest.mark.parametrize("cuts", [(), *CUTS], ids=str)
@pytest.mark.parametrize("kind", QUANTITIES)
@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "root_mean_squared_error", "r2_score"])
def test_quantities_are_judged_as_in_exact_arithmetic(name, kind, cuts):
    predictions, labels = QUANTITIES[kind]
    columns = np.reshape(predictions, (len(predictions), -1)).T, np.reshape(labels, (len(labels), -1)).T
    expected = np.mean([exact(name, p, y) for p, y in zip(*columns, strict=True)])
    found = in_batches(getattr(metrics, name), predictions, labels, cuts)
    assert found == pytest.approx(expected, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("cuts", CUTS, ids=str)
@pytest.mark.parametrize("kind", OTHERS)
def test_batches_give_the_value_of_the_whole(kind, cuts):
    metric, predictions, labels = OTHERS[kind]
    assert in_batches(metric, predictions, labels, cuts) == pytest.approx(metric(predictions, labels), rel=1e-12, abs=0)


def test_two_columns_of_probabilities_rank_as_the_second_one_alone():
    for scale in (1.0, 1e-8, 1e-17, 1e-200):
        p = scale * P
        assert metrics.roc_auc(np.stack([1 - p, p], axis=1), BINARY) == metrics.roc_auc(p, BINARY)


def test_two_columns_of_other_scores_rank_by_their_difference():
    scores = RNG.normal(size=(N, 2))
    assert metrics.roc_auc(scores, BINARY) == metrics.roc_auc(scores[:, 1] - scores[:, 0], BINARY)


def test_one_column_of_scores_after_two_is_refused():
    metric = metrics.RocAuc()
    metric.update(SHARES[:, :2], BINARY)
    with pytest.raises(MatchError, match=r"predictions \(90,\) after \(90, 2\)"):
        metric.update(P, BINARY)


def MyOwn_score(predictions, labels):
    return 0.5


@pytest.mark.parametrize(
    ("metric", "shown"),
    [(metrics.TopKError, "Top 5 error"), (metrics.RocAuc(), "Roc auc"), (MyOwn_score, "MyOwn score")],
)
def test_names_of_metrics_are_shown_as_they_are_written(metric, shown, capsys):
    model = models.Classifier(Sequential(Dense(6, "softmax"), seed=0), metric=metric)
    if shown == "Roc auc":
        model = models.Logistic(Sequential(Dense(1), seed=0), metric=metric)
    labels = BINARY if shown == "Roc auc" else np.arange(N) % 6
    model.fit(NOISE[:, None], labels, epochs=1, batch_size=N, print_every=1)
    assert f"  {shown}: " in capsys.readouterr().err


def test_a_trainer_takes_classes_of_metrics():
    network = Sequential(Dense(3, "softmax"), seed=0)
    trainer = models.Trainer(losses.CrossEntropy(network), optim.SGD(network), metrics=[metrics.TopKError])
    with pytest.raises(MatchError, match="k=5"):
        trainer.evaluate([(NOISE[:, None], CLASSES)])
