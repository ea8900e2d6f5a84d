"""``lincoln bench``: how long a fit takes, beside scikit-learn's with the same settings."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .options import talking_options

if TYPE_CHECKING:
    import numpy as np

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  lincoln bench
  lincoln bench --size tab --repetitions 5 --threads 1
"""


class Work(NamedTuple):
    """What is fitted: rows, features, classes, hidden layers, batch size, epochs."""

    rows: int
    features: int
    classes: int
    hidden: tuple[int, ...]
    batch_size: int
    epochs: int


SIZES = {
    "tiny": Work(569, 30, 2, (10,), 128, 50),
    "tab": Work(10_000, 50, 2, (128, 128), 256, 5),
    "wide": Work(10_000, 784, 10, (500,), 128, 2),
}


@click.command(epilog=_EXAMPLES)
@click.option("--size", "sizes", multiple=True, type=click.Choice(list(SIZES)), help="Which; may be repeated.")
@click.option("--repetitions", type=click.IntRange(1), default=3, show_default=True, help="The best one counts.")
@click.option("--threads", type=click.IntRange(1), help="How many the matrix products use.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@talking_options
def command(sizes: tuple[str, ...], repetitions: int, threads: int | None, seed: int, json: bool) -> None:
    """Time whole fits on made-up tables, beside scikit-learn's MLPClassifier if it is installed."""
    from .console import Console
    from .threads import set_threads

    console = Console(json=json)
    set_threads(threads)
    contestants = _contestants()
    if "scikit-learn" not in contestants:
        console.note('without scikit-learn there is nothing to compare with: pip install -e ".[sklearn]"')
    rows = []
    for size in sizes or SIZES:
        work = SIZES[size]
        found = {name: _measure(fit, work, repetitions, seed) for name, fit in contestants.items()}
        console.event("bench", size=size, **work._asdict(), seconds={name: best for name, (best, _) in found.items()})
        ratio = found["scikit-learn"][0] / found["lincoln"][0] if len(found) > 1 else float("nan")
        shown = [f"{best:.3f} s, {accuracy:.1%}" for best, accuracy in found.values()]
        rows.append([_title(size, work), *shown, f"{ratio:.1f} ×"] if len(found) > 1 else [_title(size, work), *shown])
    console.table(["one fit", *contestants, *(["faster"] if len(contestants) > 1 else [])], rows)


Fit = Callable[[Work, "np.ndarray", "np.ndarray", int], Any]


def _contestants() -> dict[str, Fit]:
    try:
        import sklearn.neural_network  # noqa: F401
    except ImportError:
        return {"lincoln": _lincoln}
    return {"lincoln": _lincoln, "scikit-learn": _sklearn}


def _measure(fit: Fit, work: Work, repetitions: int, seed: int) -> tuple[float, float]:
    """The shortest time of several fits, and the accuracy on new rows."""
    import numpy as np

    x, y = _data(work, seed)
    x_new, y_new = _data(work._replace(rows=2000), seed + 1)
    fit(work._replace(epochs=1), x[: 2 * work.batch_size], y[: 2 * work.batch_size], seed)
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        model = fit(work, x, y, seed)
        times.append(time.perf_counter() - started)
    return min(times), float(np.mean(model.predict(x_new) == y_new))


def _data(work: Work, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes that lie around centers, with noise."""
    import numpy as np

    centers = np.random.default_rng(0).normal(size=(work.classes, work.features)).astype(np.float32)
    rng = np.random.default_rng([seed, 1])
    y = np.concatenate([np.arange(work.classes), rng.integers(0, work.classes, size=work.rows - work.classes)])
    noise = rng.normal(size=(work.rows, work.features)).astype(np.float32)
    return centers[y] + 2 * np.sqrt(work.features / 30, dtype=np.float32) * noise, y


def _lincoln(work: Work, x: np.ndarray, y: np.ndarray, seed: int) -> Any:
    import lincoln as lnc

    glorot = lnc.initializers.glorot_uniform
    outputs = 1 if work.classes == 2 else work.classes
    hidden = [lnc.Dense(size, "relu", weight_init=glorot) for size in work.hidden]
    network = lnc.Sequential(*hidden, lnc.layers.Linear(outputs, weight_init=glorot), seed=seed)
    kind = lnc.losses.SigmoidCrossEntropy if outputs == 1 else lnc.losses.SoftmaxCrossEntropy
    optimizer = lnc.optim.Adam(network, lr=0.001)
    model = lnc.models.Classifier(network, loss=kind(network, reduction="mean"), optimizer=optimizer)
    return model.fit(x, y, epochs=work.epochs, print_every=None, batch_size=work.batch_size)


def _sklearn(work: Work, x: np.ndarray, y: np.ndarray, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        work.hidden,
        batch_size=work.batch_size,
        learning_rate_init=0.001,
        alpha=0.0,
        max_iter=work.epochs,
        tol=0.0,
        n_iter_no_change=work.epochs + 1,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x, y)


def _title(size: str, work: Work) -> str:
    shape = "-".join(map(str, (work.features, *work.hidden, work.classes)))
    return f"{size}: {work.rows:,} rows, {shape}, batch {work.batch_size}, {work.epochs} epochs"
