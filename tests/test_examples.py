"""Every program in `examples/` runs: in its short form here, in full and with its goals in the long run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

import common

EXAMPLES = Path(common.__file__).parent
PROGRAMS = sorted(path.stem for path in EXAMPLES.glob("*.py") if path.stem != "common")


@dataclass
class Shows:
    """What a program prints, the plots it saves, and whether its full form wants MNIST."""

    texts: tuple[str, ...]
    plots: tuple[str, ...]
    mnist: bool = False


SHOWS = {
    "by_hand": Shows(
        texts=("0.0223          0.0223", "rows that are right: 8", "mean cross-entropy, put right"),
        plots=("by_hand.png",),
    ),
    "demo": Shows(
        texts=("Sequential", "0.0.W", "epoch 5/5", "taken for", "held-out accuracy"),
        plots=("demo.png",),
    ),
    "gradient_descent": Shows(
        texts=("Put right:", "points of test accuracy between Lincoln and PyTorch"),
        plots=(
            "descent_line.png",
            "descent_plane.png",
            "descent_weights.png",
            "descent_iris.png",
            "descent_two_layers.png",
            "descent_perceptron.png",
            "descent_hidden.png",
        ),
        mnist=True,
    ),
    "log_probabilities": Shows(
        texts=(
            "CrossEntropy(Softmax)            17.0499  17.0499",
            "[15.0]             1        nan         nan      3.059e-07    -3.059e-07",
            "20    0.8244  96.485%",
            "stand in for MNIST",
            "top-5 error",
        ),
        plots=(
            "log_probabilities_digits.png",
            "log_probabilities_jacobians.png",
            "log_probabilities_limits.png",
            "log_probabilities_mistakes.png",
            "log_probabilities_weights.png",
        ),
        mnist=True,
    ),
    "logistic_regression": Shows(
        texts=(
            "-4.9994  -4.9994",
            "20    0.0601          0.0601",
            "100    0.0496          0.0496",
            "held-out accuracy, mean of 2",
            "LN164 MatchError in Trainer",
        ),
        plots=(
            "logistic_regression_classifier.png",
            "logistic_regression_flow.png",
            "logistic_regression_log_loss.png",
            "logistic_regression_matrices.png",
            "logistic_regression_training.png",
        ),
    ),
    "numpy_network": Shows(
        texts=(
            "0.39322387, -0.39322387  0.39322387, -0.39322387",
            "455 rows to train on, 114 to validate",
            "1.3863 × 0.63 = 0.873",
            "NumPy: 4 × 4 comparisons                                0.6250",
            "LN240 MatchError in Accuracy",
            "validation accuracy, two layers",
        ),
        plots=("numpy_network_breast_cancer.png", "numpy_network_iris.png"),
    ),
}


@dataclass
class Run:
    """A program that has ended."""

    program: str
    code: int
    printed: str
    folder: Path


def run(program: str, *options: str, folder: Path, data: Path) -> Run:
    """Run a program with every warning an error; on one thread, since threads wait for each other on a busy machine."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    ended = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{program}.py", *options, "--output", "plots"],
        cwd=folder,
        env={**os.environ, **one_thread, "LINCOLN_DATA": str(data), "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return Run(program, ended.returncode, ended.stdout, folder)


@pytest.fixture(scope="module", params=PROGRAMS)
def short(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The short form, with no data but scikit-learn's."""
    folder = tmp_path_factory.mktemp(request.param)
    return run(request.param, "--quick", folder=folder, data=folder)


def test_every_example_has_a_row():
    assert list(SHOWS) == PROGRAMS


def test_the_short_form_ends_well(short: Run):
    assert short.code == 0, short.printed


def test_the_short_form_shows_its_figures(short: Run):
    assert [text for text in SHOWS[short.program].texts if text not in short.printed] == []


def test_the_short_form_saves_its_plots(short: Run):
    assert set(SHOWS[short.program].plots) <= {path.name for path in (short.folder / "plots").glob("*.png")}


@pytest.mark.big
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_full_form_reaches_its_goals(program: str, tmp_path: Path):
    data = Path(os.environ.get("LINCOLN_DATA", tmp_path))
    if SHOWS[program].mnist and not (data / "mnist.npz").is_file():
        pytest.skip("LINCOLN_DATA names no folder with mnist.npz")
    ended = run(program, folder=tmp_path, data=data)
    assert ended.code == 0, ended.printed


# ---------------------------------------------------------------- what the examples share


@pytest.mark.parametrize(
    ("value", "limits"),
    [(0.985, {"at_least": 0.985}), (0.03, {"at_most": 0.03}), (0.1, {"at_least": 0.9, "quick": True})],
)
def test_a_goal_that_is_met_or_not_asked_for_lets_the_program_go_on(value: float, limits: dict[str, float]):
    common.goal("accuracy", value, **limits)


@pytest.mark.parametrize(("value", "limits"), [(0.98, {"at_least": 0.985}), (0.04, {"at_most": 0.03})])
def test_a_goal_that_is_missed_ends_the_program(value: float, limits: dict[str, float]):
    with pytest.raises(SystemExit, match="goal missed: accuracy is"):
        common.goal("accuracy", value, **limits)


def test_a_goal_is_missed_by_a_number_that_is_none():
    with pytest.raises(SystemExit):
        common.goal("accuracy", float("nan"), at_least=0.5)


def test_a_mistake_that_is_not_refused_ends_the_program():
    with pytest.raises(SystemExit, match="not refused: nothing wrong"), common.refused("nothing wrong"):
        pass


def test_columns_of_numbers_stand_to_the_right(capsys: pytest.CaptureFixture[str]):
    common.compare(["epoch", "name", "here"], [[20, "a", 0.06], [400, "bb", None]])
    assert capsys.readouterr().out == "  epoch  name    here\n     20  a     0.0600\n    400  bb\n"


def test_the_lines_of_fit_are_collected_and_still_written(capsys: pytest.CaptureFixture[str]):
    with common.lines_of_fit() as lines:
        print("Epoch 1", file=sys.stderr)
        print("Epoch 2", file=sys.stderr)
    assert lines == ["Epoch 1", "Epoch 2"]
    assert capsys.readouterr().err == "Epoch 1\nEpoch 2\n"
