"""scikit-learn's own tests of its networks, asked of ours."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sklearn

pytestmark = [
    pytest.mark.big,
    pytest.mark.skipif(
        tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9), reason="the words are those of scikit-learn 1.9"
    ),
]

LEFT_OUT = {
    "test_fit": "gives an estimator that was never fitted weights, by its private attributes",
    "test_gradient": "calls the private _loss_grad_lbfgs; check_gradients is tested for every layer and loss",
    "test_early_stopping_stratified": "wants a class of a single row refused; here the row is learned from",
    "test_mlp_partial_fit_after_fit": "wants early stopping refused in partial_fit; here it stops there, and says so",
}
OURS = {
    "from sklearn.neural_network import MLPClassifier": "from lincoln.sklearn import MLPClassifier",
    "_no_improvement_count": "_unimproved",
}


def source_of_their_tests() -> str:
    found = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    if found is None or found.origin is None:
        pytest.skip("scikit-learn was installed without its tests")
    return Path(found.origin).read_text("utf-8")


def test_every_test_of_scikit_learn_passes_but_those_left_out_for_a_reason(tmp_path):
    source = source_of_their_tests()
    names = re.findall(r"^def (test_\w+)", source, re.MULTILINE)
    assert set(LEFT_OUT) < set(names)
    for theirs, ours in OURS.items():
        assert theirs in source
        source = source.replace(theirs, ours)
    (tmp_path / "test_mlp.py").write_text(source, encoding="utf-8")
    wanted = [f"test_mlp.py::{name}" for name in names if name not in LEFT_OUT]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "sklearn.conftest", "-p", "no:cacheprovider", *wanted]
    places = os.pathsep.join(path for path in sys.path if path)
    ran = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": places}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout[-5000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    assert int(passed[1]) >= len(wanted)
