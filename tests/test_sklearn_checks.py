"""scikit-learn's own checks of the estimators: none is skipped, and none fails where weights are to be counts."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

USUAL = ["MLPClassifier()", "MLPRegressor()"]
OTHERS = [
    "MLPClassifier(hidden_layer_sizes=())",
    "MLPRegressor(hidden_layer_sizes=())",
    "MLPClassifier(early_stopping=True, weights_are_counts=True, stratify=True, ties_by_loss=True)",
    "MLPRegressor(early_stopping=True, weights_are_counts=True)",
    "MLPClassifier(batch_norm=True)",
    "MLPRegressor(batch_norm=True)",
    "MLPClassifier(calibrate=True, weights_are_counts=True)",
    "MLPClassifier(calibrate=True, early_stopping=True, batch_norm=True, weights_are_counts=True, stratify=True, "
    "ties_by_loss=True)",
    "MLPClassifier(solver='lbfgs')",
    "MLPRegressor(solver='lbfgs')",
    "MLPClassifier(class_weight='balanced')",
    "MLPClassifier((16, 16), residual=True, activation=['gelu', 'tanh'], solver='adamw', learning_rate='cosine')",
    "MLPRegressor('huber')",
]

CHECK = """
import warnings
from lincoln.sklearn import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import check_estimator

warnings.simplefilter("ignore")
found = check_estimator({estimator}, on_skip=None, on_fail=None)
assert len(found) > 50
print(*(check["check_name"] + ": " + str(check["exception"]) for check in found if check["status"] != "passed"))
"""


def not_passed(estimator: str) -> str:
    """The checks that did not pass, in a process in which scikit-learn has no reason of its own to skip any."""
    program = CHECK.format(estimator=estimator)
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    return found.stdout.strip()


@pytest.mark.parametrize("estimator", USUAL)
def test_every_check_of_scikit_learn_passes(estimator: str):
    assert not_passed(estimator) == ""


COUNTS = {"check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"}


@pytest.mark.big
@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        ("MLPClassifier(early_stopping=True)", COUNTS | {"check_class_weight_classifiers"}),
        ("MLPRegressor(early_stopping=True)", COUNTS),
    ],
)
def test_rows_held_out_as_scikit_learn_does_fail_checks_of_weights_alone(estimator: str, names: set[str]):
    assert set(re.findall(r"(check_\w+): ", not_passed(estimator) + " ")) == names


@pytest.mark.big
@pytest.mark.parametrize("estimator", OTHERS)
def test_every_check_passes_with_other_parameters(estimator: str):
    assert not_passed(estimator) == ""
