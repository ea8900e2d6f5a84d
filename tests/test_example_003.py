"""The numbers of `examples/gradient_descent.py`, part by part."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from descent import digits, lines, perceptron, petals, two_layers

import lincoln as lnc

PYTORCH = json.loads((Path(__file__).parent / "fixtures" / "example_003.json").read_text())


@pytest.fixture(scope="module")
def images() -> digits.Digits:
    return digits.small_digits()


@pytest.fixture(scope="module")
def flowers() -> petals.Flowers:
    return petals.two_species(lnc.datasets.iris())


@pytest.fixture(scope="module")
def start() -> two_layers.Weights:
    return two_layers.initial_weights()


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_layers, "torch_if_installed", lambda: None)
    monkeypatch.setattr(perceptron, "torch_if_installed", lambda: None)


# ---------------------------------------------------------------------- part 1: a line and a plane


def test_the_line_ends_at_scikit_learns_coefficients() -> None:
    fit = lines.fit_by_lincoln(lines.straight_line())
    np.testing.assert_allclose([fit.W.item(), fit.b.item()], [1.96896447, 1.02354075], atol=1e-4)


@pytest.mark.parametrize("points", [lines.straight_line(), lines.five_features()], ids=["line", "plane"])
def test_gradient_descent_finds_the_least_squares(points: lines.Points) -> None:
    fit = lines.fit_by_lincoln(points)
    with_ones = np.column_stack([np.ones(len(points.x)), points.x])
    solution = np.linalg.lstsq(with_ones, points.y, rcond=None)[0]
    np.testing.assert_allclose(np.append(fit.b, fit.W), solution[:, 0], atol=1e-4)


@pytest.mark.parametrize("points", [lines.straight_line(), lines.five_features()], ids=["line", "plane"])
def test_the_library_takes_numpys_steps(points: lines.Points) -> None:
    ours, by_numpy = lines.fit_by_lincoln(points), lines.fit_by_numpy(points)
    np.testing.assert_allclose(ours.train, by_numpy.train, rtol=1e-10)
    np.testing.assert_allclose(ours.valid, by_numpy.valid, rtol=1e-10)


def test_the_validation_points_are_looked_at() -> None:
    points = lines.straight_line()
    moved = replace(points, y_valid=points.y_valid + 1)
    assert lines.fit_by_numpy(moved).train == lines.fit_by_numpy(points).train
    assert lines.fit_by_numpy(moved).valid[-1] > lines.fit_by_numpy(points).valid[-1] + 0.5


# ---------------------------------------------------------------------- part 2: logistic regression


def test_pixels_are_standardized_on_the_training_images_alone(images: digits.Digits) -> None:
    np.testing.assert_allclose(images.x_train.mean(axis=0), 0.0, atol=1e-5)
    assert abs(images.x_test.mean(axis=0)).max() > 0.01
    assert images.x_train.dtype == images.x_test.dtype == np.float32


def test_logistic_regression_is_as_good_as_scikit_learns(images: digits.Digits) -> None:
    ours, theirs = digits.fit_by_lincoln(images), digits.fit_by_sklearn(images)
    assert ours.test_accuracy >= 0.93
    assert abs(ours.test_accuracy - theirs.test_accuracy) <= 0.03


def test_the_penalty_on_absolute_weights_leaves_many_at_zero(images: digits.Digits) -> None:
    few = digits.fit_few_pixels(images)
    assert few.zeros > 0.3
    assert few.test_accuracy >= 0.9


def test_without_mnist_the_small_digits_stand_in_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> Any:
        raise lnc.exc.MissingDataError("neither here nor to be had")

    monkeypatch.setattr(lnc.datasets, "mnist", missing)
    assert digits.load(quick=False).name == "digits"
    assert "MNIST is not to be had here, so these are scikit-learn's 1,797 digits" in capsys.readouterr().out


# ---------------------------------------------------------------------- part 3: two layers


def test_the_scalers_learn_from_the_training_half_alone(flowers: petals.Flowers) -> None:
    np.testing.assert_allclose(flowers.x.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(flowers.y.std(axis=0), 1.0, rtol=1e-12)
    assert (abs(flowers.x_valid.mean(axis=0)) > 1e-3).all()


def test_the_petals_come_back_to_centimeters(flowers: petals.Flowers) -> None:
    in_centimeters = flowers.y_scaler.inverse_transform(flowers.y_valid)
    np.testing.assert_allclose(in_centimeters, np.round(in_centimeters, 1), atol=1e-12)
    assert in_centimeters.min() >= 1.0
    assert in_centimeters.max() <= 6.9


@pytest.mark.parametrize("train", [two_layers.train_backward, two_layers.train_loss])
@pytest.mark.usefixtures("without_torch")
def test_all_fifty_losses_are_numpys(train: Callable[..., Any], flowers: Any, start: two_layers.Weights) -> None:
    ours, by_hand = train(flowers, start), two_layers.train_numpy(flowers, start)
    assert len(ours.train) == len(ours.valid) == 50
    np.testing.assert_allclose(ours.train, by_hand.train, rtol=1e-10)
    np.testing.assert_allclose(ours.valid, by_hand.valid, rtol=1e-10)
    assert two_layers.apart(ours.grads, by_hand.grads) < 1e-10


@pytest.mark.parametrize(
    "train", [two_layers.train_numpy, two_layers.train_backward, two_layers.train_loss, two_layers.train_adam]
)
@pytest.mark.usefixtures("without_torch")
def test_the_validation_loss_is_that_of_the_validation_labels(
    train: Callable[..., Any], flowers: petals.Flowers, start: two_layers.Weights
) -> None:
    moved = replace(flowers, y_valid=flowers.y_valid + 1)
    assert train(moved, start).train == train(flowers, start).train
    assert train(moved, start).valid[-1] > train(flowers, start).valid[-1]


def test_there_are_no_biases(flowers: petals.Flowers, start: two_layers.Weights) -> None:
    network = two_layers.two_layers(start)
    network(flowers.x)
    assert [name for name, _ in network.named_parameters()] == ["0.W", "2.W"]


def test_nothing_comes_back_through_a_relu_at_zero(flowers: petals.Flowers, start: two_layers.Weights) -> None:
    idle = (np.zeros_like(start[0]), start[1])
    np.testing.assert_array_equal(two_layers.train_numpy(flowers, idle).grads[0][0], 0.0)


@pytest.mark.usefixtures("without_torch")
def test_without_torch_parts_3_and_4_run_to_their_plots(tmp_path: Path, images: Any, flowers: Any) -> None:
    args = Namespace(quick=True, output=tmp_path)
    two_layers.run(args, flowers)
    perceptron.run(args, images)
    assert (tmp_path / "descent_two_layers.png").stat().st_size > 10_000
    assert (tmp_path / "descent_hidden.png").stat().st_size > 10_000


@pytest.mark.big
def test_tensors_autograd_and_adam_agree_with_pytorch(flowers: petals.Flowers, start: two_layers.Weights) -> None:
    pytest.importorskip("torch")
    by_hand, on_tensors = two_layers.train_numpy(flowers, start), two_layers.train_backward(flowers, start)
    np.testing.assert_allclose(two_layers.train_tensors(flowers, start).train, by_hand.train, rtol=1e-10)
    np.testing.assert_allclose(on_tensors.train, by_hand.train, rtol=1e-10)
    assert two_layers.apart(on_tensors.grads, on_tensors.taped) < 1e-10
    adam = two_layers.train_adam(flowers, start)
    np.testing.assert_allclose(adam.train, two_layers.torch_adam(flowers, start), rtol=1e-10)


# ---------------------------------------------------------------------- part 4: the perceptron


def test_every_batch_loses_what_it_loses_in_pytorch(images: digits.Digits) -> None:
    run = perceptron.train(images, perceptron.perceptron(images, "relu"), name="Lincoln")
    np.testing.assert_allclose(run.losses, PYTORCH["digits"]["losses"], rtol=1e-4)
    assert abs(run.test_losses[-1] - PYTORCH["digits"]["test_loss"]) < 1e-4
    assert abs(run.test_accuracy - PYTORCH["digits"]["test_accuracy"]) <= 0.01


def test_losses_and_images_are_counted_on_over_the_epochs(images: digits.Digits) -> None:
    run = perceptron.train(images, perceptron.perceptron(images, "relu"), name="Lincoln")
    assert len(run.losses) == 10 * 21
    assert run.seen[-1] == 10 * 1297
    assert run.seen == sorted(run.seen)


def test_without_an_activation_it_is_a_linear_model(images: digits.Digits) -> None:
    network = perceptron.perceptron(images, None)
    logits = lnc.Sequential(network[0], network[1][0])
    one, other = images.x_test[:5], images.x_test[5:10]
    np.testing.assert_allclose(logits((one + other) / 2), (logits(one) + logits(other)) / 2, atol=1e-5)


def test_it_is_judged_on_images_that_it_has_not_seen(images: digits.Digits) -> None:
    rows = {row.tobytes() for row in images.x_train}
    assert not rows & {row.tobytes() for row in images.x_test}


def test_scikit_learn_learns_as_slowly_as_a_momentum_of_a_half_does(images: digits.Digits) -> None:
    run = perceptron.train_sklearn(images)
    assert 0.4 < run.epoch_losses[-1] < 0.6


def test_the_stored_accuracies_are_those_of_the_fixture() -> None:
    assert {name: figures["test_accuracy"] for name, figures in PYTORCH.items()} == perceptron.STORED


@pytest.mark.big
@pytest.mark.skipif("LINCOLN_DATA" not in os.environ, reason="MNIST is not on this computer")
def test_on_mnist_it_is_within_a_point_of_pytorch() -> None:
    mnist = digits.load(quick=False)
    run = perceptron.train(mnist, perceptron.perceptron(mnist, "relu"), name="Lincoln")
    assert abs(run.test_accuracy - PYTORCH["MNIST"]["test_accuracy"]) <= 0.01
    np.testing.assert_allclose(run.losses, PYTORCH["MNIST"]["losses"], rtol=1e-3)
