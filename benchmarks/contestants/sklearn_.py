"""scikit-learn's MLPClassifier, on whole batches only, so that its epoch has as many steps as the others' epochs."""

from __future__ import annotations

import warnings

import numpy as np
import sklearn
from contestants import measure
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from workloads import Workload

NEVER = 10**9


def model(work: Workload) -> MLPClassifier:
    """Without penalty, momentum and early stopping, as the others."""
    return MLPClassifier(
        work.hidden,
        solver=work.optimizer,
        batch_size=work.batch,
        learning_rate_init=work.lr,
        momentum=0.0,
        alpha=0.0,
        tol=0.0,
        n_iter_no_change=NEVER,
        random_state=0,
    )


def training(work: Workload, mode: str = "") -> measure.Run:
    warnings.simplefilter("ignore", ConvergenceWarning)
    x, y = (part[: work.steps * work.batch] for part in work.data())
    mlp = model(work)

    def run(epochs: int) -> None:
        mlp.set_params(max_iter=epochs).fit(x, y)

    return run


def inference(work: Workload) -> measure.Run:
    warnings.simplefilter("ignore", ConvergenceWarning)
    x, y = work.data()
    mlp = model(work).set_params(max_iter=1).fit(x, y)
    x = np.ascontiguousarray(x[: work.batch])

    def run(calls: int) -> None:
        for _ in range(calls):
            mlp.predict_proba(x)

    return run


def versions() -> dict[str, str]:
    return {"scikit-learn": sklearn.__version__}


if __name__ == "__main__":
    measure.program(training=training, inference=inference, versions=versions)
