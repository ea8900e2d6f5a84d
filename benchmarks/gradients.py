"""How exact the gradients are: every row of the contract table against central differences and against PyTorch.

PyTorch's numbers are the stored ones of the tests. Everything in float64; an error is the largest difference over the
largest number of an array.

    python benchmarks/gradients.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from cases import LAYER_CASES, LOSS_CASES, Case, LossCase, relative_error, stored

from lincoln import layers
from lincoln.check import gradient_report
from lincoln.tables import table


def layer_row(case: Case) -> tuple[str, float, float]:
    """A layer's worst error against differences, and against PyTorch."""
    right = stored("layers.npz", case.name)
    layer = case.fresh().build(right["input"].shape[1:], dtype="float64").eval()
    layer.load_state_dict({name[6:]: value for name, value in right.items() if name.startswith("value.")})
    mine = {"output": layer(right["input"]), "input_grad": layer.backward(right["output_grad"])}
    mine |= {f"grad.{name}": parameter.grad for name, parameter in layer.named_parameters()}
    against_torch = max(relative_error(array, right[name]) for name, array in mine.items())
    return case.name, gradient_report(case.fresh(), input_shape=case.input).worst, against_torch


def loss_row(case: LossCase) -> tuple[str, float, float]:
    """A loss's worst error against differences, and against PyTorch, over both reductions."""
    right = stored("losses.npz", case.name)
    errors = []
    for reduction in ("sum", "mean"):
        loss = case.loss(layers.Sequential(), reduction=reduction)
        value = loss(right["predictions"], right["labels"])
        errors += [
            relative_error(np.asarray(value), right[f"{reduction}.loss"]),
            relative_error(loss.gradient(), right[f"{reduction}.grad"]),
        ]
    x = np.random.default_rng(0).normal(size=(5, 4))
    y = case.labels(np.random.default_rng(1), (5, case.outputs))
    return case.name, gradient_report(case.loss(case.network()), x, y).worst, max(errors)


def main() -> None:
    rows = [*map(layer_row, LAYER_CASES), *map(loss_row, LOSS_CASES)]
    print(table(["row", "differences", "PyTorch"], [[name, f"{a:.1e}", f"{b:.1e}"] for name, a, b in rows]))
    print(f"\n{len(rows)} rows; worst: {max(a for _, a, _ in rows):.1e} against central differences (must be < 1e-6),")
    print(f"{max(b for _, _, b in rows):.1e} against PyTorch (must be < 1e-9)")


if __name__ == "__main__":
    main()
