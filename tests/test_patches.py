"""A method that is replaced on a class after it was made, as notebooks do: wrapped, checked, and seen by programs."""

from __future__ import annotations

import copy
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import array_api_strict
import numpy as np
import pytest
from training_mistakes import Notebook, Scale, Squared, X, Y

import lincoln as lnc
from lincoln import Layer, Loss, Sequential, exc, layers, losses, metrics, optim
from lincoln.layers import Linear
from lincoln.models import Trainer
from lincoln.patches import patches


def double(self: Layer, input: Any) -> Any:
    return input * 2


def double_back(self: Layer, output_grad: Any) -> Any:
    return output_grad * 2


def forgetful(self: Layer, output_grad: Any) -> None:
    output_grad * 2


@pytest.fixture
def twice() -> type[Layer]:
    class Twice(Layer):
        forward = double
        backward = double_back

    return Twice


def trained(make: Callable[[], Layer], patch: Callable[[], None], *, by_program: bool) -> np.ndarray:
    """The weights after six steps, a class being patched after the third."""
    network = Sequential(Linear(4), make(), Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    optimizer = optim.SGD(network, lr=0.01)
    trainer = Trainer(loss, optimizer)
    for step in range(6):
        if step == 3:
            patch()
        if by_program:
            next(trainer.epochs([(X, Y)]))
        else:
            loss(X, Y)
            loss.backward()
            optimizer.step()
    return network.vector.value.copy()


def test_a_replaced_method_is_wrapped_too(twice: type[Layer]):
    layer = twice()
    layer(X)
    twice.backward = forgetful
    with pytest.raises(exc.ContractError, match="LN123"):
        layer.backward(X)


def test_a_method_that_comes_later_makes_the_layer_whole():
    class Later(Layer):
        """Its passes come in later cells."""

    Later.forward, Later.backward = double, double_back
    layer = Later()
    assert layer(X) is layer.output
    assert layer.last_input is X
    np.testing.assert_array_equal(layer.backward(X), 2 * X)


def test_a_replaced_method_holds_in_derived_classes_and_acts_once(twice: type[Layer]):
    class More(twice):
        def forward(self, input):
            return super().forward(input) + 1

    twice.forward = lambda self, input: input * 3
    layer = More()
    np.testing.assert_array_equal(layer(X), 3 * X + 1)
    np.testing.assert_array_equal(layer.output, 3 * X + 1)


def test_a_class_of_lincolns_is_its_own_until_a_method_is_replaced_and_after_it_is_back():
    original = vars(layers.Tanh)["backward"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers.Tanh, "backward", double_back)
        assert not layers.Tanh().own
        assert layers.ReLU().own
        np.testing.assert_array_equal(there_and_back(layers.Tanh()), 2 * X)
    assert layers.Tanh().own
    assert vars(layers.Tanh)["backward"].__wrapped__ is original.__wrapped__
    assert not np.array_equal(there_and_back(layers.Tanh()), 2 * X)


def test_what_derives_from_a_replaced_class_is_no_longer_lincolns_own():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers.Sequential, "forward", vars(layers.Sequential)["forward"].__wrapped__)
        assert layers.Dense(1).own  # the same function again is no change
        patch.setattr(layers.Sequential, "forward", double)
        assert not layers.Dense(1).own
    assert layers.Dense(1).own


def test_a_number_that_is_set_on_a_class_leaves_it_its_own():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers.Tanh, "min_dims", 2)
        assert layers.Tanh().own


def test_a_count_on_a_class_is_no_patch():
    class Counting(Layer):
        calls = 0

        def forward(self, input):
            Counting.calls += 1
            return input * 2

        def backward(self, output_grad):
            return output_grad * 2

    before = patches.count
    loss = losses.MeanSquaredError(Sequential(Linear(4), Counting(), Linear(1), seed=0))
    for _ in Trainer(loss, optim.SGD(loss.network)).epochs([(X, Y)], epochs=3):
        pass
    assert patches.count == before
    assert Counting.calls > 3


def test_a_replaced_backward_is_used_where_there_was_a_learn_for_the_old_one():
    learn = vars(Linear)["learn"]
    network = Sequential(Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    called = []

    def backward(self, output_grad):
        called.append(self)
        self.W.accumulate(self.last_input.T @ output_grad)
        self.B.accumulate(output_grad.sum(axis=0))
        return output_grad @ self.W.value.T

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Linear, "backward", backward)
        loss(X, Y)
        loss.backward()
        assert network[0] in called
    assert vars(Linear)["learn"] is learn


def test_a_replaced_learn_stays_beside_a_replaced_backward(twice: type[Layer]):
    called = []
    twice.learn = lambda self, output_grad: called.append(self)
    twice.backward = double_back
    layer = twice()
    layer(X)
    layer.learn(X)
    assert called == [layer]


def there_and_back(layer: Layer) -> Any:
    layer(X)
    return layer.backward(X)


def test_the_first_step_after_a_patch_is_checked_again():
    network = Sequential(Linear(4), layers.Tanh(), Linear(1), seed=0)
    loss = losses.MeanSquaredError(network)
    loss(X, Y)
    loss.backward()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers.Tanh, "backward", double_back)
        loss(X, Y)
        with pytest.raises(exc.GradientWarning, match=r"network\[1\], Tanh\(\): backward disagrees"):
            loss.backward()


@pytest.mark.filterwarnings("ignore::lincoln.exc.GradientWarning")
def test_a_running_program_notices_a_replaced_method_of_lincolns():
    vectors = []
    for by_program in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            replace = lambda: patch.setattr(layers.Tanh, "backward", lambda self, g: g * 0.5)  # noqa: E731
            vectors.append(trained(layers.Tanh, replace, by_program=by_program))
    vectors.append(trained(layers.Tanh, lambda: None, by_program=True))
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert not np.array_equal(vectors[1], vectors[2])


def test_a_function_of_another_name_is_called_by_the_program_where_it_stays_a_call():
    def mine(self, output_grad):
        return output_grad * (1 - self.output**2) * np.float32(1.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers.Tanh, "backward", mine)
        network = Sequential(Linear(4), layers.Tanh(), Linear(1), seed=0)
        program = lnc.program(losses.MeanSquaredError(network), X, Y)
    assert [note.partition(":")[0] for note in program.notes] == ["1 Tanh stays a call"]


def test_a_running_program_notices_a_replaced_method_of_a_users():
    vectors = []
    for by_program in (False, True):

        class Twice(Layer):
            forward = double
            backward = double_back

        def patch(kind=Twice):
            kind.forward = lambda self, input: input * 3
            kind.backward = lambda self, output_grad: output_grad * 3

        vectors.append(trained(Twice, patch, by_program=by_program))
    np.testing.assert_array_equal(*vectors)


def test_a_running_program_notices_a_replaced_method_of_a_loss():
    values = []
    for by_program in (False, True):

        class Squares(Squared):
            pass

        network = Sequential(Linear(1), seed=0)
        loss, optimizer = Squares(network), optim.SGD(network, lr=0.01)
        trainer = Trainer(loss, optimizer)
        for step in range(4):
            if step == 2:
                Squares.value = lambda self, p, y: 3 * (p - y) ** 2
                Squares.derivative = lambda self, p, y: 6 * (p - y)
            if by_program:
                next(trainer.epochs([(X, Y)]))
            else:
                loss(X, Y)
                loss.backward()
                optimizer.step()
        values.append(network.vector.value.copy())
    np.testing.assert_array_equal(*values)


def test_a_loss_of_lincolns_whose_value_is_replaced_is_checked():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses.MeanSquaredError, "derivative", lambda self, p, y: p - y)
        loss = losses.MeanSquaredError(Sequential(Linear(1), seed=0))
        loss(X, Y)
        with pytest.raises(exc.GradientWarning, match="derivative disagrees with value"):
            loss.backward()
    assert losses.MeanSquaredError.own


def test_a_backward_that_is_set_on_a_loss_later_is_checked_too():
    class Goes(Notebook):
        pass

    Goes.backward = lambda self: self.network.backward(self.p - self.y)
    loss = Goes(Sequential(Linear(1), seed=0))
    loss(X, Y)
    with pytest.raises(exc.GradientWarning, match=r"a factor: it is 0\.5"):
        loss.backward()


def test_layers_and_losses_may_be_abstract_classes():
    class Activation(Layer, ABC):
        @abstractmethod
        def name(self) -> str: ...

    class Named(Activation):
        forward = double
        backward = double_back

        def name(self) -> str:
            return "named"

    class Judge(Loss, ABC):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Activation()
    assert Named()(X).shape == X.shape
    assert issubclass(Judge, Loss)
    assert isinstance(Named(), Activation)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_of_a_layer_that_has_gone_back_unrecorded_is_free(copied: Callable[[Layer], Layer]):
    layer = layers.ReLU()
    there_and_back(layer)
    assert copied(layer).output_grad is None
    assert getattr(layer, "output_grad", "not kept") == "not kept"
    assert layer.forget().output_grad is None


def test_a_parameter_that_is_used_as_an_array_says_so_in_each_way():
    layer = Scale()
    layer(X)
    S = layer.S
    for use in [
        lambda: S + 1,
        lambda: 1 - S,
        lambda: S @ X.T,
        lambda: X @ S,
        lambda: -S,
        lambda: S**2,
        lambda: S[0],
        lambda: S > 0,
        lambda: np.sum(S),
        lambda: np.asarray(S),
        lambda: np.concatenate([X, S]),
    ]:
        with pytest.raises(exc.ContractError, match=r"LN598(?s:.*)self\.S\.value"):
            use()
    with pytest.raises(AttributeError, match=r"its value has: self\.S\.value\.sum"):
        S.sum()
    with pytest.raises(AttributeError, match="no attribute gradient"):
        _ = S.gradient
    assert pickle.loads(pickle.dumps(S)).shape == S.shape


@pytest.mark.parametrize("weight", [np.float32(3.0), np.array([3.0]), array_api_strict.asarray(3.0)])
def test_a_positive_weight_may_be_an_array(weight: Any):
    one, three = (losses.LogLoss(layers.Dense(1, seed=0), positive_weight=w) for w in (weight, 3.0))
    assert one(X, (Y > 0).astype(int)) == pytest.approx(three(X, (Y > 0).astype(int)))


@pytest.mark.parametrize("weight", ["3", np.ones((2, 2)), None, 3j])
def test_a_positive_weight_that_is_no_number_is_refused(weight: Any):
    with pytest.raises(exc.DataError, match=r"LN142(?s:.*)positive_weight"):
        losses.LogLoss(layers.Dense(1), positive_weight=weight)


def test_a_misspelled_method_of_a_metric_is_named():
    class Share(metrics.Metric):
        def eahc(self, predictions, labels):
            return predictions == labels

    with pytest.raises(exc.MissingMethodError, match=r"Share\.each\n.*one called eahc"):
        Share()(X, X)


def test_a_helper_with_a_near_name_is_not_taken_for_a_misspelling_of_a_method_that_is_there():
    class Broken(Scale):
        def set_up(self):
            return self.absent

        def forward(self, input):
            return input * self.absent

    with pytest.raises(AttributeError, match="absent") as caught:
        Broken()(X)
    assert not hasattr(caught.value, "__notes__")


def test_an_object_that_gets_another_class_is_noticed_by_a_running_trainer():
    class Doubled(lnc.Layer):
        def forward(self, input):
            return 2 * input

        def backward(self, output_grad):
            return 2 * output_grad

    class Tripled(Doubled):
        def forward(self, input):
            return 3 * input

        def backward(self, output_grad):
            return 3 * output_grad

    x, y = np.random.default_rng(0).normal(size=(8, 3)), np.zeros((8, 2))
    ends = []
    for by_trainer in (True, False):
        network = lnc.Sequential(lnc.layers.Linear(4), Doubled(), lnc.layers.Linear(2), seed=0).build(
            3, dtype="float64"
        )
        loss = lnc.losses.MeanSquaredError(network)
        optimizer = lnc.optim.SGD(network, lr=0.01)
        trainer = lnc.models.Trainer(loss, optimizer)
        for epoch in range(6):
            if epoch == 3:
                network[1].__class__ = Tripled
            if by_trainer:
                list(trainer.epochs([(x, y)]))
            else:
                loss(x, y)
                loss.backward()
                optimizer.step()
        ends.append(network.vector.value.copy())
    assert np.array_equal(*ends)
