"""The checkers checked: each finds what is wrong, names its likely cause, and lets what is right pass."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
from user_layers import BareLinear, Block, Noise, Pick, Product, Scale, Swish

import lincoln as lnc
from lincoln import Layer, Parameter, exc, functional, layers, losses
from lincoln.check import check_gradients, check_layer
from lincoln.check.causes import likely_cause
from lincoln.check.contract_suite import contract_report
from lincoln.check.gradients import gradient_report
from lincoln.check.same import same
from lincoln.initializers import Normal
from lincoln.layers import Dense, Dropout, Linear, Sequential

X = np.random.default_rng(0).normal(size=(5, 4))


# ---------------------------------------------------------------------- wrong layers, one for each likely cause


class Affine(Layer):
    """a = x W + b, right as it stands: the wrong ones each change one thing."""

    def __init__(self, size=3):
        self.size = size

    def setup(self, input_shape):
        self.W = Parameter((input_shape[-1], self.size), Normal(0.5))
        self.b = Parameter((self.size,), Normal(0.5))

    def forward(self, input):
        return input @ self.W.value + self.b.value

    def backward(self, output_grad):
        self.W.accumulate(self.of_weights(output_grad))
        self.b.accumulate(self.of_bias(output_grad))
        return self.of_input(output_grad)

    def of_weights(self, output_grad):
        return self.last_input.T @ output_grad

    def of_bias(self, output_grad):
        return output_grad.sum(axis=0)

    def of_input(self, output_grad):
        return output_grad @ self.W.value.T


class Doubled(Affine):
    def of_weights(self, output_grad):
        return 2 * super().of_weights(output_grad)


class Slightly(Affine):
    def of_weights(self, output_grad):
        return 1.0005 * super().of_weights(output_grad)


class Uphill(Affine):
    def of_input(self, output_grad):
        return -super().of_input(output_grad)


class Averaged(Affine):
    def of_weights(self, output_grad):
        return super().of_weights(output_grad) / len(output_grad)


class Summed(Affine):
    """The mean over the batch in forward, the sum in backward."""

    def forward(self, input):
        return (input @ self.W.value + self.b.value) / len(input)

    def of_bias(self, output_grad):
        return output_grad.sum(axis=0)

    def of_weights(self, output_grad):
        return super().of_weights(output_grad) / len(output_grad)

    def of_input(self, output_grad):
        return super().of_input(output_grad) / len(output_grad)


class Turned(Affine):
    def of_weights(self, output_grad):
        return (output_grad.T @ self.last_input).reshape(self.W.shape)


class OneRow(Affine):
    def of_bias(self, output_grad):
        return output_grad[0]


class Detached(Affine):
    def backward(self, output_grad):
        self.W.accumulate(self.of_weights(output_grad))
        return self.of_input(output_grad)


class OneElement(Affine):
    def of_weights(self, output_grad):
        grad = super().of_weights(output_grad)
        grad[1, 2] += 0.01
        return grad


class NotANumber(Affine):
    def of_bias(self, output_grad):
        return np.full(self.size, np.nan)


class Rectified(Layer):
    def forward(self, input):
        return np.maximum(input, 0)

    def backward(self, output_grad):
        return output_grad * (self.last_input > 0)


class AlwaysOn(Rectified):
    def backward(self, output_grad):
        return output_grad * (self.output >= 0)


class OffTooOften(Rectified):
    def backward(self, output_grad):
        return output_grad * (self.last_input > 0.5)


class DiagonalSoftmax(Layer):
    """A softmax whose backward leaves out all but the diagonal of its Jacobian."""

    def forward(self, input):
        return functional.softmax(input)

    def backward(self, output_grad):
        return self.output * (1 - self.output) * output_grad


CAUSES = [
    (Doubled(), "W", "a factor: it is 2 times what it should be"),
    (Slightly(), "W", "a factor: it is 1.0005 times what it should be"),
    (Uphill(), "input", "the sign: it points the other way"),
    (Averaged(), "W", "a mean over the batch for a sum: it is 1/5 of what it should be"),
    (Summed(), "b", "a sum over the batch for a mean: it is 5 times what it should be"),
    (Turned(4), "W", "transposed: rows and columns are swapped"),
    (Turned(3), "W", "transposed, then reshaped: rows and columns are swapped"),
    (OneRow(), "b", "a missing sum over an axis: only one row of output_grad arrives"),
    (Detached(), "b", "detached: it is 0 everywhere, as if the value were not used, or never given to accumulate"),
    (
        AlwaysOn(),
        "input",
        "a mask that is always on: it lets gradient through where the output does not depend on the input",
    ),
    (
        OffTooOften(),
        "input",
        "a mask that is off too often: it stops gradient where the output does depend on the input",
    ),
    (DiagonalSoftmax(), "input", "no known pattern: compare the formula term by term, starting at this index"),
    (OneElement(), "W", "one place alone: everything but index 1 of axis 0 is right"),
]
each_cause = pytest.mark.parametrize(("layer", "name", "cause"), CAUSES, ids=lambda part: type(part).__name__)


def test_the_layer_that_the_wrong_ones_change_is_right():
    assert gradient_report(Affine(), X).ok
    assert gradient_report(Rectified(), X).ok


@each_cause
def test_a_wrong_gradient_is_found_with_its_likely_cause(layer: Layer, name: str, cause: str):
    report = gradient_report(layer, X)
    assert not report
    assert [(row.name, row.cause) for row in report.rows if not row.ok] == [(name, cause)]


@pytest.mark.parametrize("seed", range(5))
@each_cause
def test_the_cause_does_not_depend_on_the_numbers_drawn(layer: Layer, name: str, cause: str, seed: int):
    report = gradient_report(layer, input_shape=(5, 4), seed=seed)
    assert [(row.name, row.cause) for row in report.rows if not row.ok] == [(name, cause)]


def test_a_gradient_half_a_thousandth_off_fails():
    report = gradient_report(Slightly(), X)
    assert not report.ok
    assert report.worst == pytest.approx(5e-4, rel=0.1)


def test_a_gradient_that_is_no_number_fails():
    assert [row.name for row in gradient_report(NotANumber(), X).rows if not row.ok] == ["b"]


def test_the_parameter_and_the_index_are_named():
    report = gradient_report(OneElement(), X)
    (wrong,) = [row for row in report.rows if not row.ok]
    assert (wrong.name, wrong.index) == ("W", (1, 2))
    assert wrong.analytic - wrong.numeric == pytest.approx(0.01)
    assert "W[1, 2] is wrong" in str(report)


def test_one_wrong_element_of_a_large_array_is_found():
    class Large(OneElement):
        def of_weights(self, output_grad):
            grad = Affine.of_weights(self, output_grad)
            grad[31, 17] *= 1.5
            return grad

    report = gradient_report(Large(40), input_shape=(3, 50))
    assert [row.name for row in report.rows if not row.ok] == ["W"]


def test_a_wrong_derivative_of_a_loss_is_found():
    class Halved(losses.MeanSquaredError):
        def derivative(self, predictions, labels):
            return predictions - labels

    report = gradient_report(Halved(Linear(1, seed=0)), X, np.zeros(5))
    assert {row.cause for row in report.rows} == {"a factor: it is 0.5 times what it should be"}


def test_the_second_of_two_inputs_is_checked_too():
    class Half(Product):
        def backward(self, output_grad):
            of_a, of_b = super().backward(output_grad)
            return of_a, of_b / 2

    assert gradient_report(Product(), (X, 2 * X)).ok
    report = gradient_report(Half(), (X, 2 * X))
    assert [(row.name, row.ok) for row in report.rows] == [("input 0", True), ("input 1", False)]


def test_an_input_of_whole_numbers_has_no_gradient_to_check():
    report = gradient_report(Pick(), (X, np.array([0, 1, 2, 3, 0])))
    assert [row.name for row in report.rows] == ["input 0"]
    assert report.ok


def test_likely_causes_of_plain_arrays():
    right = np.array([1.0, -2.0, 3.0])
    grad = np.ones((4, 3))
    assert likely_cause(3 * right, right, examples=1, output_grad=grad) == "a factor: it is 3 times what it should be"
    assert likely_cause(right * 0, right, examples=4, output_grad=grad).startswith("detached")


# ---------------------------------------------------------------------- right layers pass


@pytest.mark.parametrize(
    "layer", [layers.ReLU(), layers.LeakyReLU(0.1), layers.ELU(0.5), Rectified()], ids=lambda layer: repr(layer)
)
def test_a_kink_does_not_fail_a_right_layer(layer: Layer):
    x = np.array([[0.0, -1.0, 2.0], [1e-4, 0.0, -1e-4], [1e-9, -1e-9, 0.0]])
    report = gradient_report(layer, x)
    assert report.ok, str(report)


@pytest.mark.parametrize(
    "loss_class", [losses.MeanAbsoluteError, losses.Huber, losses.Quantile], ids=lambda loss: loss.__name__
)
def test_a_kink_does_not_fail_a_right_loss(loss_class: type[lnc.Loss]):
    labels = X[:, :2].copy()
    labels[2] += 1.0
    report = gradient_report(loss_class(layers.Sequential()), X[:, :2], labels)
    assert report.ok, str(report)


@pytest.mark.parametrize("distance", [0.0, 1e-9, 1e-7, 1e-5, 1e-4, 4e-4, 9e-4, 1.5e-3, 2.1e-3])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_jump_of_the_curvature_does_not_fail_a_right_layer(distance: float, side: int):
    assert gradient_report(layers.ELU(), np.array([[side * distance, 1.0]])).ok
    loss = losses.Huber(layers.Sequential())
    assert gradient_report(loss, np.array([[1.0 + side * distance, 3.0]]), np.zeros((1, 2))).ok


def test_a_wrong_slope_beside_a_kink_is_found():
    class Steep(Rectified):
        def backward(self, output_grad):
            return output_grad * np.where(self.last_input > 0, 1.2, 0.0)

    assert not gradient_report(Steep(), np.array([[0.0, 1e-4, 2.0]])).ok


@pytest.mark.parametrize(
    "layer",
    [Dropout(0.5), Noise(), Sequential(Dense(4), Dropout(0.5), Noise(), Linear(2))],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_that_draws_random_numbers_passes(layer: Layer):
    assert gradient_report(layer, X).ok
    report = contract_report(layer, (5, 4))
    assert report.ok, str(report)


@pytest.mark.parametrize(
    "layer",
    [Swish(), Scale(), Noise(), Block(Linear(3), Linear(4)), Product(), Pick(), BareLinear(3)],
    ids=lambda layer: type(layer).__name__,
)
def test_a_right_layer_of_a_user_keeps_the_whole_contract(layer: Layer):
    inputs = {Product: (X, 2 * X), Pick: (X, np.array([0, 1, 2, 3, 0]))}
    report = contract_report(layer, (5, 4), input=inputs.get(type(layer)))
    assert report.ok, str(report)


@pytest.mark.parametrize("seed", range(12))
def test_a_large_batch_of_nothing_but_kinks_passes(seed: int):
    assert gradient_report(layers.ReLU(), np.zeros((30, 30)), seed=seed).ok
    assert gradient_report(layers.LeakyReLU(), np.zeros((30, 30)), seed=seed).ok


def test_a_deep_network_with_many_kinks_passes():
    network = Sequential(Dense(30, "relu"), Dense(30, "relu"), Dense(3, "relu"), seed=1)
    report = gradient_report(network, input_shape=(20, 10))
    assert report.ok, str(report)


def test_checking_changes_nothing():
    loss = losses.SoftmaxCrossEntropy(Sequential(Dense(3, "relu"), Dropout(0.5), Linear(2), seed=0).build(4))
    before = loss.network.state_dict()
    gradient_report(loss, X, [0, 1, 0, 1, 0])
    assert (loss.last_input, loss.network.output) == (None, None)
    assert loss.network[0].W.value.dtype == np.float32
    np.testing.assert_equal(loss.network.state_dict(), before)
    assert not loss.network.vector.grad.any()


def test_an_unbuilt_layer_stays_unbuilt():
    linear = Linear(3)
    assert gradient_report(linear, X).ok
    assert contract_report(linear, (5, 4)).ok
    assert not linear.built


def test_the_table_is_printed_and_returned(capsys: pytest.CaptureFixture[str]):
    report = check_gradients(Doubled(), X)
    printed = capsys.readouterr().out
    assert printed == f"{report}\n"
    assert printed.splitlines()[0] == "gradients of Doubled()"
    assert printed.splitlines()[1].split() == ["parameter", "analytic", "numeric", "relative", "error", "ok"]
    assert printed.splitlines()[-1] == "  likely cause: a factor: it is 2 times what it should be"
    assert not report


def test_the_contract_s_table_is_printed_and_returned(capsys: pytest.CaptureFixture[str]):
    report = check_layer(Doubled(), (5, 4))
    printed = capsys.readouterr().out
    assert printed == f"{report}\n"
    assert "gradients                 NO" in printed
    assert "twin                      yes" in printed
    assert not report


def test_a_check_without_a_batch_says_what_it_wants():
    for call in (lambda: gradient_report(Linear(2)), lambda: gradient_report(losses.MeanSquaredError(Linear(1)), X)):
        with pytest.raises(exc.DataError) as caught:
            call()
        assert caught.value.code == "LN150"
        assert caught.value.fix.startswith("check_gradients(layer, x)")


# ---------------------------------------------------------------------- one layer for each broken part


class Right(Layer):
    """y = 2 a"""

    def forward(self, input):
        return 2 * input

    def backward(self, output_grad):
        return 2 * output_grad


class Centered(Right):
    """Looks at the whole batch."""

    def forward(self, input):
        return input - input.mean(axis=0)

    def backward(self, output_grad):
        return output_grad - output_grad.mean(axis=0)


class Squeezed(Right):
    def backward(self, output_grad):
        return np.squeeze(2 * output_grad)


class Widened(Right):
    def forward(self, input):
        return input * np.full(input.shape, 2.0)


class WidenedBack(Right):
    def backward(self, output_grad):
        return output_grad * np.full(output_grad.shape, 2.0)


class Contiguous(Right):
    def forward(self, input):
        return 2 * np.frombuffer(memoryview(input).cast("B"), dtype=input.dtype).reshape(input.shape)


class InPlace(Right):
    def forward(self, input):
        input *= 2
        return input


class InPlaceBack(Right):
    def backward(self, output_grad):
        output_grad *= 2
        return output_grad


class OutputSpoiled(Right):
    def backward(self, output_grad):
        self.output *= 0
        return 2 * output_grad


class Growing(Right):
    """Counts its passes, and has another slope from the third one on."""

    passes = 0

    def forward(self, input):
        return (2 + (self.passes >= 2)) * input

    def backward(self, output_grad):
        self.passes += 1
        return 2 * output_grad


class Square(Right):
    """Its output is as wide as the batch is long."""

    def forward(self, input):
        return input @ input.T

    def backward(self, output_grad):
        return (output_grad + output_grad.T) @ self.last_input


class Stubborn(Right):
    """Asks its own flag and so does not notice inference."""

    def forward(self, input):
        self.factor = 2.0 if self._training else 1.0
        return self.factor * input

    def backward(self, output_grad):
        return self.factor * output_grad


class Hoarding(Right):
    """Lets itself be copied with the data of its last pass."""

    def __getstate__(self):
        return self.__dict__.copy()


class Overwriting(Scale):
    def backward(self, output_grad):
        self.s.clear_grad()
        return super().backward(output_grad)


BROKEN = [
    (Doubled(), ["gradients"]),
    (Centered(), ["batch of one"]),
    (Squeezed(), ["gradients", "batch of one", "passes do not interfere"]),
    (Widened(), ["float32 in, float32 out"]),
    (WidenedBack(), ["float32 in, float32 out"]),
    (Contiguous(), ["non-contiguous input"]),
    (InPlaceBack(), ["gradients", "inputs left unchanged"]),
    (OutputSpoiled(), ["gradients", "inputs left unchanged"]),
    (Growing(), ["gradients", "passes do not interfere"]),
    (Square(), ["batch of one", "output shape as declared"]),
    (Stubborn(), ["inference"]),
    (Hoarding(), ["saved and loaded"]),
    (Overwriting(), ["twin"]),
]


def test_the_layer_that_the_broken_ones_change_is_right():
    report = contract_report(Right(), (5, 4))
    assert report.ok, str(report)


@pytest.mark.parametrize(("layer", "parts"), BROKEN, ids=lambda part: type(part).__name__)
def test_a_broken_part_of_the_contract_is_found_and_no_other(layer: Layer, parts: list[str]):
    report = contract_report(layer, (5, 4))
    assert [name for name, problem in report.rows if problem] == parts, str(report)


def test_a_change_of_the_input_in_place_is_found():
    report = contract_report(InPlace(), (5, 4))
    assert ("inputs left unchanged", "the input was changed in place") in report.rows


def test_every_part_of_the_contract_has_a_broken_layer():
    assert {part for _, parts in BROKEN for part in parts} == {
        name for name, _ in contract_report(Right(), (5, 4)).rows
    }


# ---------------------------------------------------------------------- the check in the first training step


def a_step(*inside: Layer, x: np.ndarray = X) -> lnc.Loss:
    loss = losses.MeanSquaredError(Sequential(*inside, seed=0))
    loss(x, np.zeros(len(x)))
    loss.backward()
    return loss


def test_the_first_step_warns_of_a_wrong_layer_by_name_and_cause():
    with pytest.warns(exc.GradientWarning) as caught:
        a_step(Linear(4), AlwaysOn(), Linear(1))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert str(caught[0].message) == (
        "network[1], AlwaysOn(): backward disagrees with forward. input_grad is wrong; likely cause: "
        "a mask that is always on: it lets gradient through where the output does not depend on the input. "
        "lnc.check_gradients(layer, x) shows every number. LINCOLN_CHECKS=off switches this check off."
    )


@pytest.mark.parametrize("wrong", [Doubled, Uphill, Averaged, OneRow, Detached], ids=lambda c: c.__name__)
def test_the_first_step_finds_a_wrong_gradient_of_a_parameter_too(wrong: type[Affine]):
    with pytest.warns(exc.GradientWarning, match=wrong.__name__):
        a_step(wrong(3), Linear(1))


def test_the_warning_comes_once():
    loss = losses.MeanSquaredError(Sequential(Uphill(3), Linear(1), seed=0))
    loss(X, np.zeros(5))
    with pytest.warns(exc.GradientWarning):
        loss.backward()
    loss(X, np.zeros(5))
    loss.backward()


def test_every_wrong_layer_is_warned_of():
    with pytest.warns(exc.GradientWarning) as caught:
        a_step(Uphill(3), Block(Doubled(3), Linear(3)), Linear(1))
    names = [str(warning.message).partition(":")[0] for warning in caught]
    assert names == [
        "network[0], Uphill(3)",
        "network[1], Block(Doubled(3), Linear(3))",
        "network[1].inner, Doubled(3)",
    ]


@pytest.mark.parametrize("value", ["off", "OFF"])
def test_the_environment_switches_the_check_off(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("LINCOLN_CHECKS", value)
    a_step(Uphill(3), Linear(1))


def test_right_layers_of_users_give_no_warning():
    a_step(Linear(4), Swish(), Scale(), Noise(), Block(Linear(3), Linear(4)), BareLinear(3), Linear(1))


@pytest.mark.parametrize("x", [np.zeros((5, 4)), np.zeros((5, 400)), np.eye(5), -1e-3 * np.eye(5)], ids=np.shape)
def test_a_kink_gives_no_warning(x: np.ndarray):
    a_step(Rectified(), Linear(1), x=x)
    a_step(layers.ReLU(), Rectified(), Linear(1), x=x)


def test_a_wrong_mask_gives_a_warning_among_kinks_too():
    with pytest.warns(exc.GradientWarning, match="always on"):
        a_step(AlwaysOn(), Linear(1), x=np.maximum(X, 0) - np.maximum(-X, 0) * (X < -0.5))


def test_a_layer_that_the_check_cannot_run_is_left_alone():
    class Picky(Right):
        def forward(self, input):
            if len(input) != 5:
                raise ValueError("five examples are wanted")
            return 2 * input

    a_step(Picky(), Linear(1))


def test_the_check_costs_a_built_in_network_nothing(monkeypatch: pytest.MonkeyPatch):
    loss = losses.MeanSquaredError(Sequential(Dense(3), Dropout(0.5), Linear(1), seed=0))
    loss(X, np.zeros(5))
    passes = []
    monkeypatch.setattr(functional, "linear", lambda *arguments: passes.append(arguments))
    loss.backward()
    assert passes == []


def test_the_check_runs_user_layers_alone(monkeypatch: pytest.MonkeyPatch):
    loss = losses.MeanSquaredError(Sequential(Linear(3), Swish(), Linear(1), seed=0))
    loss(X, np.zeros(5))
    passes = []
    monkeypatch.setattr(functional, "linear", lambda *arguments: passes.append(arguments))
    loss.backward()
    assert passes == []


def test_the_check_leaves_the_global_generators_as_they_were():
    class Rolling(Right):
        def forward(self, input):
            np.random.random()  # noqa: NPY002
            random.random()
            return 2 * input

    loss = losses.MeanSquaredError(Sequential(Rolling(), Linear(1), seed=0))
    loss(X, np.zeros(5))
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    loss.backward()
    np.testing.assert_equal((np.random.get_state(), random.getstate()), before)  # noqa: NPY002


def test_the_check_changes_nothing_in_the_network(monkeypatch: pytest.MonkeyPatch):
    checked = a_step(Linear(4), Noise(), Scale(), Linear(1))
    monkeypatch.setenv("LINCOLN_CHECKS", "off")
    unchecked = a_step(Linear(4), Noise(), Scale(), Linear(1))
    np.testing.assert_array_equal(checked.network.vector.grad, unchecked.network.vector.grad)
    np.testing.assert_array_equal(checked.network.vector.value, unchecked.network.vector.value)
    np.testing.assert_array_equal(checked.network[1].last_input, unchecked.network[1].last_input)
    assert checked(X, np.zeros(5)) == unchecked(X, np.zeros(5))


def test_the_check_is_silent_where_warnings_are_ignored():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exc.GradientWarning)
        a_step(Uphill(3), Linear(1))


def test_arrays_with_the_same_nan_are_the_same():
    assert same(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    assert not same(np.array([1.0, np.nan]), np.array([np.nan, 1.0]))
    assert not same(np.zeros((2, 1)), np.zeros((2, 2)))
