"""Whole `fit` calls: MLPClassifier of scikit-learn and of Lincoln, and Classifier, with the same hyper-parameters.

python benchmarks/sklearn_fit.py [--quick] [--repetitions 5] [--workloads tiny tab mnist]
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from processes import LINCOLN, all_threads, first_runs, in_turn, progress, python
from report import Record, best_and_median, by_repetition, conditions, markdown, ratio, save, shown
from workloads import WORKLOADS, Workload

SKLEARN = "scikit-learn"
ESTIMATOR = "lincoln.sklearn"
NAMES = (ESTIMATOR, LINCOLN, SKLEARN)
EPOCHS = {"tiny": 200, "tab": 20, "mnist": 10}
MOMENTUM = 0.9


def sklearn_model(work: Workload, epochs: int) -> Callable[[np.ndarray, np.ndarray], Any]:
    from sklearn.neural_network import MLPClassifier

    return mlp(MLPClassifier, work, epochs)


def estimator(work: Workload, epochs: int) -> Callable[[np.ndarray, np.ndarray], Any]:
    from lincoln.sklearn import MLPClassifier

    return mlp(MLPClassifier, work, epochs)


def mlp(kind: Any, work: Workload, epochs: int) -> Callable[[np.ndarray, np.ndarray], Any]:
    """Scikit-learn's defaults, but no penalty, and no stopping before the last epoch."""
    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)
    model = kind(
        work.hidden,
        solver=work.optimizer,
        batch_size=work.batch,
        learning_rate_init=work.lr,
        momentum=MOMENTUM,
        alpha=0.0,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=epochs + 1,
        random_state=0,
    )
    return model.fit


def lincoln_model(work: Workload, epochs: int) -> Callable[[np.ndarray, np.ndarray], Any]:
    """The same: one output for two classes, Glorot's uniform start, Nesterov's momentum with SGD."""
    import lincoln as lnc

    glorot = lnc.initializers.glorot_uniform
    outputs = 1 if work.classes == 2 else work.classes
    hidden = [lnc.Dense(size, "relu", weight_init=glorot) for size in work.hidden]
    network = lnc.Sequential(*hidden, lnc.layers.Linear(outputs, weight_init=glorot), seed=0)
    kind = lnc.losses.SigmoidCrossEntropy if outputs == 1 else lnc.losses.SoftmaxCrossEntropy
    if work.optimizer == "sgd":
        optimizer: Any = lnc.optim.SGD(network, lr=work.lr, momentum=MOMENTUM, nesterov=True)
    else:
        optimizer = lnc.optim.Adam(network, lr=work.lr)
    model = lnc.models.Classifier(network, loss=kind(network, reduction="mean"), optimizer=optimizer)
    return lambda x, y: model.fit(x, y, epochs=epochs, print_every=None, batch_size=work.batch)


def fit(name: str, work: Workload, *, epochs: int) -> Record:
    """Fit once, after a short fit that loads everything; seconds, and accuracy on rows that were not trained on."""
    make = {ESTIMATOR: estimator, LINCOLN: lincoln_model, SKLEARN: sklearn_model}[name]
    x, y = work.data()
    make(work, 1)(x[: 2 * work.batch], y[: 2 * work.batch])
    train = make(work, epochs)
    started = time.perf_counter()
    model = train(x, y)
    seconds = time.perf_counter() - started
    x_new, y_new = work._replace(examples=5000).data(seed=1)
    return {"seconds": seconds, "accuracy": float(np.mean(model.predict(x_new) == y_new))}


def measure(workloads: Sequence[str], threads: Sequence[int], *, repetitions: int) -> Iterator[Record]:
    """All, in turn, each in a new process."""
    yield from first_runs((LINCOLN, SKLEARN))
    for repetition, workload, count in product(range(repetitions), workloads, threads):
        for name in in_turn(NAMES, repetition):
            progress(f"repetition {repetition + 1}, {workload}, {count} threads: {name}")
            found = python(str(Path(__file__)), "--fit", name, "--workloads", workload, threads=count)
            yield found | {"contestant": name, "repetition": repetition, "threads": count, "workload": workload}


def tables(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Title and table: a row for each workload and number of threads."""
    rows = []
    cases = dict.fromkeys((record["workload"], record["threads"]) for record in records if "workload" in record)
    for workload, threads in cases:
        wanted = {"workload": workload, "threads": threads}
        times = [by_repetition(records, "seconds", contestant=name, **wanted) for name in NAMES]
        scores = [by_repetition(records, "accuracy", contestant=name, **wanted) for name in NAMES]
        accuracies = [f"{median(found.values()):.1%}" if found else "-" for found in scores]
        title = f"{workload}, {EPOCHS[workload]} epochs, {threads} thread{'s' if threads > 1 else ''}"
        ratios = [shown(ratio(times[-1], found)) for found in times[:-1]]
        rows.append([title, *map(best_and_median, times), *ratios, *accuracies])
    ratio_heads = [f"{SKLEARN} / {name}" for name in NAMES[:-1]]
    head = ["", *(f"{name}, s" for name in NAMES), *ratio_heads, *(f"{name}, accuracy" for name in NAMES)]
    return [("Seconds of `fit`, best / median, and accuracy on 5,000 new rows", markdown(head, rows))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2 repetitions")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--workloads", nargs="+", choices=EPOCHS, default=list(EPOCHS))
    parser.add_argument("--threads", nargs="+", type=int, default=sorted({1, all_threads()}))
    parser.add_argument("--fit", choices=NAMES, help="fit one of them once, here, and print the record")
    chosen = parser.parse_args()
    if chosen.fit:
        workload = chosen.workloads[0]
        print(json.dumps(fit(chosen.fit, WORKLOADS[workload], epochs=EPOCHS[workload])))
        return
    repetitions = 2 if chosen.quick else chosen.repetitions
    under = conditions(repetitions=repetitions)
    records = list(measure(chosen.workloads, chosen.threads, repetitions=repetitions))
    save("sklearn_fit", title="Whole fits", parts=tables(records), records=records, under=under)


if __name__ == "__main__":
    main()
