"""``--fail-under``: metrics that must be reached, for use in scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .errors import GateError, UsageError

__all__ = ["HIGHER_IS_BETTER", "check_gates", "read_gates", "shown_metric"]

HIGHER_IS_BETTER = {
    "accuracy": True,
    "roc_auc": True,
    "log_loss": False,
    "r2": True,
    "rmse": False,
    "mae": False,
}
"""Whether higher or lower is better."""


def read_gates(texts: Sequence[str], *, task: str | None = None) -> dict[str, float]:
    """``metric=value`` texts as numbers by their metrics.

    Raises:
        UsageError: no such metric, or no number.

    >>> read_gates(["accuracy=0.85"])
    {'accuracy': 0.85}
    """
    gates = {}
    for text in texts:
        metric, _, value = text.partition("=")
        try:
            gates[metric.strip()] = float(value)
        except ValueError:
            metric = ""
        if metric.strip() not in HIGHER_IS_BETTER:
            raise UsageError(
                code="LN737",
                where=f"--fail-under {text}",
                saw=repr(text),
                why="it is a metric and the value that it must reach",
                fix=f"--fail-under accuracy=0.85; or another of {', '.join(HIGHER_IS_BETTER)}",
            )
    return gates


def shown_metric(name: str, value: float) -> str:
    """A metric's value for people.

    >>> shown_metric("accuracy", 0.8655), shown_metric("rmse", 45123.4)
    ('86.55 %', '45,123')
    """
    if name == "accuracy":
        return f"{value:.2%}".replace("%", " %")
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def check_gates(gates: Mapping[str, float], metrics: Mapping[str, float]) -> None:
    """Refuse metrics that do not reach their gates.

    Raises:
        GateError: one does not.
        UsageError: one was not measured.
    """
    for metric, wanted in gates.items():
        if metric not in metrics:
            raise UsageError(
                code="LN738",
                where=f"--fail-under {metric}={wanted:g}",
                saw=f"the metrics {', '.join(metrics) or 'of no test'}",
                why="this one is not measured for this task",
                fix=f"--fail-under with one of {', '.join(metrics)}" if metrics else "--test-size above 0",
            )
        value, higher = metrics[metric], HIGHER_IS_BETTER[metric]
        if not (value >= wanted if higher else value <= wanted):
            raise GateError(
                code="LN739",
                where=f"--fail-under {metric}={wanted:g}",
                saw=f"{metric} = {value:.6g}",
                why=f"it must be {'at least' if higher else 'at most'} {wanted:g}",
                fix="a better model, or another gate",
            )
