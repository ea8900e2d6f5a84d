"""L-BFGS: all rows at once, by SciPy's minimizer."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..models import Epoch
from .divergence import divergence
from .rows import Rows

__all__ = ["minimize"]


def minimize(estimator: Any, rows: Rows) -> None:
    """Minimize the objective on all rows together   (Liu, Nocedal 1989)

    ``max_iter``, ``max_fun`` and ``tol`` bound it, as in scikit-learn. There are no epochs, hence no curves, no
    early stopping and no callbacks.
    """
    from scipy.optimize import minimize as descend  # type: ignore[import-untyped]

    est, loss = estimator, estimator._loss
    vector = est.network_.train().vector
    batch = rows.batch(slice(None))
    values: list[float] = []
    iterations = itertools.count(1)

    def value_and_grad(flat: np.ndarray) -> tuple[float, np.ndarray]:
        vector.value[...] = flat
        value = loss(*batch)
        loss.backward()
        vector.collect()
        vector.release()
        values.append(float(value))
        return values[-1], vector.grad.astype(np.float64)

    def tell(_: np.ndarray) -> None:
        print(f"Iteration {next(iterations)}, loss = {values[-1]:.8f}")  # noqa: T201

    options = {"maxiter": est.max_iter, "maxfun": est.max_fun, "gtol": est.tol}
    start = vector.value.astype(np.float64)
    told = tell if est.verbose else None
    found = descend(value_and_grad, start, method="L-BFGS-B", jac=True, options=options, callback=told)
    vector.value[...] = found.x
    vector.release()
    loss(*batch)
    est._optimizer = None
    est.n_iter_, est.loss_ = int(found.nit), loss.total / loss.count
    if not math.isfinite(est.loss_):
        raise divergence(est, saw=f"a loss of {est.loss_} after {est.n_iter_} iterations", fix="standardized features")
    est.t_ += len(rows) * int(found.nit)
    est.best_loss_ = est.loss_
    est.history_.append(Epoch(number=len(est.history_) + 1, steps=est.n_iter_, train_loss=est.loss_))
    if est.n_iter_ >= est.max_iter or found.status == 1:
        est._warn(f"lbfgs failed to converge after {est.n_iter_} iterations: {found.message}", ConvergenceWarning)
