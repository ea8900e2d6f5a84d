"""The layer contract as its users meet it: what a subclass writes, what is recorded, built, refused and left alone."""

from __future__ import annotations

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from user_layers import Block, Noise, Pick, Product, Scale, Swish

import lincoln as lnc
from lincoln import Layer, exc, layers
from lincoln.layers import Dense, Dropout, Linear, Parallel, ReLU, Residual, Sequential, Tanh

X = np.random.default_rng(0).normal(size=(6, 4))


# ---------------------------------------------------------------------- what a subclass writes


def test_a_layer_of_two_formulas_is_a_whole_layer():
    swish, right = Swish(), layers.SiLU()
    np.testing.assert_allclose(swish(X), right(X))
    np.testing.assert_allclose(swish.backward(X), right.backward(X))


def test_a_layer_remembers_what_went_in_and_what_came_out():
    swish = Swish()
    output = swish(X)
    assert swish.last_input is X
    assert swish.output is output


def test_a_layer_may_store_its_last_input_and_output_itself():
    class Own(Layer):
        def forward(self, input):
            self.last_input = input
            self.output = 2 * input
            return self.output

        def backward(self, output_grad):
            return 2 * output_grad

    own = Own()
    output = own(X)
    assert own.last_input is X
    assert own.output is output
    np.testing.assert_array_equal(own.backward(X), 2 * X)


def test_a_layer_gets_its_parameters_from_setup():
    scale = Scale()
    scale(X)
    scale.backward(np.ones_like(X))
    np.testing.assert_allclose(scale.s.grad, X.sum(axis=0))
    assert scale.s.name == "s"


def test_forward_and_calling_are_the_same():
    np.testing.assert_array_equal(Swish().forward(X), Swish()(X))


def test_a_subclass_may_call_the_forward_and_backward_of_its_parent():
    class Twice(Swish):
        def forward(self, input):
            return 2 * super().forward(input)

        def backward(self, output_grad):
            return super().backward(2 * output_grad)

    twice, once = Twice(), Swish()
    np.testing.assert_allclose(twice(X), 2 * once(X))
    np.testing.assert_allclose(twice.backward(X), 2 * once.backward(X))
    assert lnc.check.gradients.gradient_report(Twice(), X).ok


def test_a_layer_may_hold_layers_as_attributes():
    block = Block(Linear(3), Linear(4))
    network = Sequential(block, Linear(1), seed=0)
    network(X)
    names = [name for name, _ in network.named_parameters()]
    assert names == ["0.inner.W", "0.inner.B", "0.outer.W", "0.outer.B", "1.W", "1.B"]
    assert lnc.check.gradients.gradient_report(network, X).ok


def test_a_layer_may_hold_layers_in_a_list():
    class Chain(Layer):
        def __init__(self, *parts):
            self.parts = list(parts)

        def forward(self, input):
            for part in self.parts:
                input = part(input)
            return input

        def backward(self, output_grad):
            for part in reversed(self.parts):
                output_grad = part.backward(output_grad)
            return output_grad

    chain = Chain(Linear(3), Tanh(), Linear(2)).build(4)
    assert [name for name, _ in chain.named_parameters()] == ["parts.0.W", "parts.0.B", "parts.2.W", "parts.2.B"]


class Halves(Layer):
    """The input in two parts."""

    def forward(self, input):
        half = input.shape[-1] // 2
        return input[..., :half], input[..., half:]

    def backward(self, output_grad):
        return np.concatenate(output_grad, axis=-1)


class Swap(Layer):
    """(a, b) -> (a b, a)"""

    def forward(self, input):
        return input[0] * input[1], input[0]

    def backward(self, output_grad):
        return output_grad[0] * self.last_input[1] + output_grad[1], output_grad[0] * self.last_input[0]


def test_containers_add_several_arrays_one_after_another():
    inside = (Residual(Swap()), Parallel(Swap(), Residual(Swap()), combine="add"))
    network = Sequential(Linear(4), Halves(), *inside, Parallel(Product(), Product()), Linear(1), seed=0)
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert lnc.check_gradients(lnc.losses.MeanSquaredError(network), x, np.ones(5))
    with pytest.raises(exc.MatchError, match="LN114"):
        Sequential(Residual(Halves()))(x[:, :2])
    with pytest.raises(exc.MatchError, match="LN116"):
        Parallel(Halves(), Halves())(x)


def test_a_layer_with_two_inputs_takes_and_returns_tuples():
    product = Product()
    np.testing.assert_array_equal(product((X, 2 * X)), 2 * X * X)
    of_a, of_b = product.backward(np.ones_like(X))
    np.testing.assert_array_equal(of_a, 2 * X)
    np.testing.assert_array_equal(of_b, X)


def test_the_gradients_of_two_inputs_are_compared_with_both():
    class Half(Product):
        def backward(self, output_grad):
            return super().backward(output_grad)[0]

    half = Half()
    half((X, X))
    with pytest.raises(exc.MatchError, match="a tuple of 2"):
        half.backward(X)


def test_an_input_without_a_gradient_gets_none():
    pick = Pick()
    pick((X, np.array([0, 1, 2, 3, 0, 1])))
    of_a, of_index = pick.backward(np.ones_like(X))
    assert of_a.sum() == 6
    assert of_index is None


def test_a_layer_without_formulas_names_what_is_missing():
    with pytest.raises(NotImplementedError, match=r"Layer\.forward"):
        Layer()(X)


def test_a_size_may_come_from_a_second_base_class():
    class Sized(Layer):
        def setup(self, input_shape):
            self.W = lnc.Parameter((input_shape[-1], self.size))

        def forward(self, input):
            return input @ self.W.value

    class Three:
        size = 3

    class Both(Sized, Three):
        """The layer, and how large it is."""

    assert Both()(X).shape == (6, 3)
    with pytest.raises(exc.NotFittedError, match="LN127"):
        _ = Both().W


# ---------------------------------------------------------------------- dtypes and kinds of number


def test_integers_are_converted_for_a_layer_of_real_numbers():
    linear = Linear(2, seed=0)
    counts = np.arange(6).reshape(2, 3)
    output = linear(counts)
    assert (output.dtype, linear.W.value.dtype) == (np.float32, np.float32)
    np.testing.assert_array_equal(output, linear(counts.astype(np.float32)))


def test_booleans_are_converted_too():
    assert ReLU()(np.array([[True, False]])).dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_computes_in_the_dtype_of_its_first_batch(dtype: str):
    network = Sequential(Dense(3, "relu"), Dropout(0.5), Dense(1), seed=0)
    output = network(X.astype(dtype))
    assert (output.dtype, network.vector.value.dtype) == (np.dtype(dtype), np.dtype(dtype))
    assert network.backward(np.ones_like(output)).dtype == np.dtype(dtype)


def test_later_batches_are_converted_to_the_dtype_of_the_network():
    network = Sequential(Linear(3), Tanh(), seed=0).build(4)
    assert network(X).dtype == np.float32
    np.testing.assert_array_equal(network(X), network(X.astype(np.float32)))


def test_astype_changes_the_dtype_of_a_whole_network():
    network = Sequential(Linear(3), Tanh(), Linear(1), seed=0).build(4)
    single = network(X)
    double = network.astype("float64")(X.astype(np.float32))
    assert network[0].last_input.dtype == np.float64
    assert (double.dtype, network.vector.value.dtype) == (np.float64, np.float64)
    np.testing.assert_allclose(single, double, rtol=1e-5)


def test_a_network_goes_back_in_its_own_dtype():
    network = Sequential(Linear(3), Tanh(), Linear(1), seed=0).build(4)
    network(X)
    assert network.backward(np.ones((6, 1))).dtype == np.float32
    assert network.backward(np.ones((6, 1), dtype=int)).dtype == np.float32


def test_a_layer_of_whole_numbers_leaves_its_gradient_as_it_is():
    flatten = layers.Flatten()
    flatten(np.zeros((2, 3, 4), dtype=int))
    assert flatten.backward(np.full((2, 12), 0.5)).max() == 0.5


def test_the_start_is_the_same_in_float32_and_in_float64():
    single = Linear(3).build(4, seed=0).W.value
    double = Linear(3).build(4, seed=0, dtype="float64").W.value
    np.testing.assert_array_equal(single, double.astype(np.float32))


# ---------------------------------------------------------------------- building


def test_a_network_is_built_by_its_first_batch_or_before():
    first, before = Sequential(Dense(3), Dense(1), seed=0), Sequential(Dense(3), Dense(1), seed=0)
    first(X.astype(np.float32))
    before.build(4)
    np.testing.assert_array_equal(first.vector.value, before.vector.value)


def test_building_records_nothing():
    network = Sequential(Dense(3), Dropout(0.5)).build(4)
    assert [layer.output for layer in lnc.tree.walk(network)] == [None] * 5


def test_a_shape_of_several_axes_may_be_built():
    assert Sequential(layers.Flatten(), Linear(2)).build((2, 3)).vector.size == 14


def test_a_bad_first_batch_leaves_the_network_unbuilt_and_usable():
    network = Sequential(Linear(4), Residual(Linear(4), layers.Reshape(2, 2)), seed=0)
    with pytest.raises(exc.MatchError):
        network(X)
    assert [layer.built for layer in lnc.tree.walk(network)] == [False] * 5
    assert list(network.parameters()) == []
    network[1].layers[1].shape = (4,)
    assert network(X).shape == (6, 4)
    assert network.vector.size == 40


def test_after_a_bad_first_batch_the_start_is_the_one_that_the_seed_gives():
    once, again = Sequential(Linear(3), Dropout(0.5), seed=7), Sequential(Linear(3), Dropout(0.5), seed=7)
    with pytest.raises(exc.DimensionError):
        again(X[0])
    np.testing.assert_array_equal(once(X), again(X))


def test_a_bad_first_batch_through_a_twin_leaves_the_first_unbuilt_too():
    one = Linear(4)
    network = Sequential(one.twin(), layers.Reshape(3))
    with pytest.raises(exc.MatchError):
        network(X)
    assert not one.built
    assert one(X[:, :2]).shape == (6, 4)


def test_an_error_names_the_way_from_the_network_to_the_layer():
    network = Sequential(Dense(3), Sequential(Tanh(), Residual(Linear(2))), seed=0)
    with pytest.raises(exc.MatchError) as caught:
        network(X)
    assert caught.value.__notes__ == ["in Sequential[1], Residual", "in Sequential[1], Sequential"]


def test_an_error_on_the_way_back_names_its_layer_too():
    class Wrong(Swish):
        def backward(self, output_grad):
            return output_grad[:, :1]

    network = Parallel(Linear(2), Sequential(Tanh(), Wrong()))
    network(X)
    with pytest.raises(exc.MatchError) as caught:
        network.backward(np.ones((6, 6)))
    assert caught.value.__notes__ == ["in Sequential[1], Wrong()", "in Parallel[1], Sequential"]


def test_errors_of_other_libraries_get_the_way_to_the_layer_as_well():
    class Broken(Swish):
        def forward(self, input):
            return input.sum(axis=7)

    with pytest.raises(np.exceptions.AxisError) as caught:
        Sequential(Tanh(), Broken())(X)
    assert caught.value.__notes__ == ["in Sequential[1], Broken()"]


def test_after_an_error_a_built_network_works_as_before():
    network = Sequential(Linear(3), Swish(), seed=0)
    before = network(X)
    with pytest.raises(exc.MatchError):
        network(X[:, :2])
    np.testing.assert_array_equal(network(X), before)


# ---------------------------------------------------------------------- random numbers


def test_one_seed_gives_one_network(global_generators_untouched: None):
    one, two = (Sequential(Dense(3), Dropout(0.5), Linear(2), seed=5) for _ in range(2))
    np.testing.assert_array_equal(one(X), two(X))
    np.testing.assert_array_equal(one(X), two(X))


def test_another_seed_gives_another_network():
    one, two = (Sequential(Dense(3), seed=seed).build(4) for seed in (1, 2))
    assert not np.array_equal(one.vector.value, two.vector.value)


@pytest.mark.parametrize("outer", [None, 1, 7])
@pytest.mark.parametrize(
    "make", [lambda: Linear(2, seed=7), lambda: Dense(2, "tanh", seed=7)], ids=["layer", "network"]
)
def test_a_layer_inside_keeps_to_a_seed_of_its_own(make, outer):
    alone, below = make().build(3), Linear(3)
    inside = Sequential(below, make(), Dropout(0.5, seed=7), seed=outer).build(3)
    assert all(
        np.array_equal(a.value, b.value) for a, b in zip(alone.parameters(), inside[1].parameters(), strict=True)
    )
    other = Sequential(Linear(3), make(), Dropout(0.5, seed=7), seed=3).build(3)
    assert not np.array_equal(other[0].W.value, below.W.value)
    x = np.ones((4, 2))
    assert np.array_equal(inside[2](x), other[2](x))


class MeanTaken(Layer):
    """It reads what it has kept."""

    def forward(self, input):
        self.keep(mean=input.mean(axis=0))
        return input - self.mean

    def backward(self, output_grad):
        return output_grad - output_grad.mean(axis=0) + 0 * self.mean


def test_a_layer_may_read_what_it_keeps_in_inference_too():
    rng = np.random.default_rng(0)
    x, other = rng.normal(size=(8, 3)), rng.normal(size=(8, 3)) + 5
    network = Sequential(MeanTaken(), Linear(1), seed=0).build(3, dtype="float64")
    assert "mean" not in vars(network[0])
    network(x)
    with lnc.inference():
        predicted = network(other)
    np.testing.assert_array_equal(network[0].mean, x.mean(axis=0))
    with lnc.inference():
        network(other)
    network.backward(np.ones((8, 1)))
    np.testing.assert_array_equal(predicted, network(other))
    assert "mean" not in vars(network.forget()[0])
    right = network(x)

    def predict(shift):
        with lnc.inference():
            return network(x + shift)

    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(predict, range(40)):
            np.testing.assert_allclose(result, right, rtol=1e-9)


class ByItsLearn(Linear):
    """Its way back uses the `learn` that it has from its base class."""

    def backward(self, output_grad):
        self.learn(output_grad)
        return output_grad @ self.W.value.T


def test_a_backward_may_call_the_learn_of_its_base_class():
    assert lnc.check_gradients(ByItsLearn(2), np.ones((4, 3))).ok
    layer, right = ByItsLearn(2, seed=0), Linear(2, seed=0)
    for one in (layer, right):
        loss = lnc.losses.MeanSquaredError(one)
        loss(np.ones((4, 3)), np.zeros((4, 2)))
        loss.backward()
    np.testing.assert_array_equal(layer.W.grad, right.W.grad)


def test_a_bad_first_batch_undoes_layers_with_seeds_of_their_own_too():
    network = Sequential(Linear(2, seed=7), lnc.layers.Reshape((3,)))
    with pytest.raises(exc.LincolnError):
        network(np.ones((2, 3)))
    assert not network[0].built
    assert not network.built


def test_without_a_seed_every_network_is_new(global_generators_untouched: None):
    one, two = (Sequential(Dense(3)).build(4) for _ in range(2))
    assert not np.array_equal(one.vector.value, two.vector.value)


def test_another_dropout_changes_no_initial_value():
    plain = Sequential(Dense(3), Linear(2), seed=5).build(4)
    more = Sequential(Dropout(0.1), Dense(3), Dropout(0.5), Linear(2), seed=5)
    more(X.astype(np.float32))
    np.testing.assert_array_equal(plain.vector.value, more.vector.value)


def test_the_layers_of_one_network_start_differently():
    network = Sequential(Linear(4), Linear(4), seed=5).build(4)
    assert not np.array_equal(network[0].W.value, network[1].W.value)


def test_two_dropouts_of_one_network_drop_differently():
    network = Sequential(Dropout(0.5), Dropout(0.5), seed=5)
    network(np.ones((10, 10)))
    assert not np.array_equal(network[0].mask, network[1].mask)


def test_the_seed_of_build_counts():
    np.testing.assert_array_equal(Linear(3).build(4, seed=1).W.value, Linear(3, seed=1).build(4).W.value)


# ---------------------------------------------------------------------- training, evaluation, inference


def test_a_network_is_told_whether_it_trains():
    network = Sequential(Block(Dropout(0.5), Dropout(0.5)), seed=0)
    inside = list(lnc.tree.walk(network))
    assert [layer.training for layer in inside] == [True] * 4
    network.eval()
    assert [layer.training for layer in inside] == [False] * 4
    network.train()
    assert [layer.training for layer in inside] == [True] * 4


def test_inference_is_evaluation_for_its_block():
    network = Sequential(Dropout(0.5), Linear(2), seed=0).build(4)
    with lnc.inference():
        assert not network[0].training
        predicted = network(X)
    assert network[0].training
    np.testing.assert_array_equal(predicted, network.eval()(X))


class Masked(lnc.Layer):
    mask = None

    def forward(self, input):
        mask = input > 0
        self.keep(mask=mask)
        return input * mask

    def backward(self, output_grad):
        return output_grad * self.mask


class Centered(lnc.Layer):
    def forward(self, input):
        return input - input.mean(axis=0)


def test_a_prediction_for_many_examples_is_that_of_each():
    network = Sequential(Dense(3, "relu"), Linear(2), seed=0).build(4)
    many = np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32)
    with lnc.inference():
        predicted = network(many)
        assert predicted.shape == (1000, 2)
        np.testing.assert_allclose(predicted[[0, 255, 256, 999]], network(many[[0, 255, 256, 999]]), rtol=1e-5)


def test_a_layer_of_a_users_own_sees_the_whole_batch_in_a_prediction():
    network = Sequential(Linear(2, seed=0), Centered()).build(4)
    many = np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32)
    with lnc.inference():
        assert abs(network(many).mean()) < 1e-5


def test_inference_records_nothing_on_any_layer():
    network = Sequential(Dense(3), Swish(), Noise(), Block(Linear(3), Scale()), seed=0).build(4)
    before = [set(layer.__dict__) - {"_shape"} for layer in lnc.tree.walk(network)]
    with lnc.inference():
        network(X)
    assert [set(layer.__dict__) - {"_shape"} for layer in lnc.tree.walk(network)] == before
    assert [layer.last_input for layer in lnc.tree.walk(network)] == [None] * 9


def test_inference_does_not_disturb_a_training_pass():
    network = Sequential(Dense(3), Dropout(0.5), layers.BatchNorm(), Swish(), Masked(), Linear(2), seed=0)
    network(X)
    expected = copy.deepcopy(network)
    expected(X)
    network(X)
    with lnc.inference():
        network(2 * X[:3])
    np.testing.assert_array_equal(network.backward(np.ones((6, 2))), expected.backward(np.ones((6, 2))))


def test_inference_of_a_layer_that_writes_on_itself_ends_the_training_pass_before_it():
    network = Sequential(Dense(3), Noise(), Linear(2), seed=0)
    network(X)
    with lnc.inference():
        network(2 * X[:3])
    with pytest.raises(exc.BackwardError, match="Noise"):
        network.backward(np.ones((6, 2)))


def test_a_layer_that_counts_counts_every_pass():
    class Counting(Swish):
        count = 0

        def forward(self, input):
            self.count += 1
            return super().forward(input)

    counting = Counting()
    counting(X)
    with lnc.inference():
        counting(X)
        Sequential(counting)(X)
    assert counting.count == 3


def test_what_a_layer_keeps_is_dropped_with_the_pass():
    masked = Masked()
    masked(X)
    assert masked.mask is not None
    assert [copied.mask for copied in (copy.deepcopy(masked), pickle.loads(pickle.dumps(masked)))] == [None, None]
    assert masked.forget().mask is None
    with lnc.inference():
        masked(X)
    assert masked.mask is None


class KeepingTwice(lnc.Layer):
    """It keeps one array, and then another."""

    first = second = None

    def forward(self, input):
        self.keep(first=input + 1)
        self.keep(second=input + 2)
        return input

    def backward(self, output_grad):
        return output_grad


def test_what_a_layer_keeps_in_two_calls_is_dropped_together():
    layer = KeepingTwice()
    layer(X)
    assert layer.first is not None
    assert layer.second is not None
    layer.forget()
    assert (layer.first, layer.second) == (None, None)


def test_eight_threads_predict_with_one_network_bit_for_bit_as_alone():
    network = Sequential(Dense(16, "gelu"), Noise(), Dropout(0.5), Swish(), Block(Scale(), Linear(16)), seed=0).build(4)
    batches = [np.random.default_rng(i).normal(size=(5 + i, 4)).astype(np.float32) for i in range(8)]
    with lnc.inference():
        alone = [network(batch) for batch in batches]
    together = [[] for _ in batches]
    start = threading.Barrier(8)

    def predict(i: int) -> None:
        start.wait()
        with lnc.inference():
            together[i].extend(network(batches[i]) for _ in range(50))

    threads = [threading.Thread(target=predict, args=(i,)) for i in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert [len(outputs) for outputs in together] == [50] * 8
    assert all(np.array_equal(output, alone[i]) for i, outputs in enumerate(together) for output in outputs)


def test_inference_ends_with_its_block_even_after_an_error():
    with pytest.raises(ZeroDivisionError), lnc.inference():
        1 / 0  # noqa: B018
    layer = ReLU()
    layer(X)
    assert layer.output is not None


# ---------------------------------------------------------------------- recording and forgetting


def test_only_inside_recording_are_gradients_kept():
    layer = ReLU()
    layer(X)
    layer.backward(X)
    with pytest.raises(lnc.exc.NotRecordedError, match=r"with lnc\.recording\(\)"):
        _ = layer.output_grad
    assert not hasattr(layer, "input_grad")
    with lnc.recording():
        layer(X)
        input_grad = layer.backward(X)
    assert layer.output_grad is X
    assert layer.input_grad is input_grad


def test_every_number_of_a_pass_has_a_name():
    network = Sequential(Dense(3, "tanh"), Linear(1), seed=0)
    with lnc.recording():
        network(X)
        network.backward(np.ones((6, 1)))
    assert network[0][0].output is network[0][1].last_input
    assert network[0][1].input_grad is network[0][0].output_grad
    np.testing.assert_allclose(network[0].W.grad, X.T @ network[0][0].output_grad)


def test_forgetting_drops_what_passes_left():
    network = Sequential(Dense(3), Dropout(0.5), Block(Tanh(), Swish()), seed=0)
    with lnc.recording():
        network(X)
        network.backward(np.ones((6, 3)))
    assert network.forget() is network
    left = [
        getattr(layer, name)
        for layer in lnc.tree.walk(network)
        for name in ("last_input", "output", "output_grad", "input_grad")
    ]
    assert left == [None] * len(left)
    assert network[1].mask is None


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies_hold_no_data_and_no_gradients_and_compute_the_same(copied):
    network = Sequential(Dense(3), Dropout(0.5), Scale(), seed=0)
    output = network(X)
    network.backward(np.ones_like(output))
    other = copied(network)
    assert [layer.output for layer in lnc.tree.walk(other)] == [None] * 6
    assert other[1].mask is None
    assert not np.any(other.vector.grad)
    np.testing.assert_array_equal(other.vector.value, network.vector.value)
    np.testing.assert_array_equal(other(X), network(X))


def test_a_copy_learns_alone():
    network = Sequential(Dense(3), seed=0).build(4)
    other = copy.deepcopy(network)
    other.vector.value[...] = 0.0
    assert np.abs(network.vector.value).sum() > 0
    assert other[0].W.value.sum() == 0.0


def test_a_pickled_network_is_not_larger_after_a_large_batch():
    network = Sequential(Dense(3), Dropout(0.5), seed=0).build(4)
    before = len(pickle.dumps(network))
    network(np.zeros((10_000, 4)))
    network.backward(np.zeros((10_000, 3)))
    assert len(pickle.dumps(network)) < before + 1000


# ---------------------------------------------------------------------- input gradients, twins


def test_backward_of_the_network_returns_the_input_gradient():
    network = Sequential(Linear(2, seed=0), seed=0)
    network(X)
    np.testing.assert_allclose(network.backward(np.ones((6, 2))), np.ones((6, 2)) @ network[0].W.value.T)


def test_a_twin_shares_parameters_and_adds_its_gradients():
    one = Linear(2, seed=0)
    siamese = Parallel(one, one.twin(), combine="add")
    siamese(X)
    siamese.backward(np.ones((6, 2)))
    np.testing.assert_allclose(one.W.grad, 2 * X.T @ np.ones((6, 2)))
    assert siamese.vector.size == one.W.size + one.B.size


def test_twins_of_one_layer_have_each_their_own_pass():
    one = Linear(2, seed=0)
    two = one.twin()
    first, second = one(X), two(2 * X)
    assert one.output is first
    assert two.output is second
    one.backward(np.ones((6, 2)))
    two.backward(np.ones((6, 2)))
    np.testing.assert_allclose(one.W.grad, 3 * X.T @ np.ones((6, 2)))


def test_a_whole_network_may_have_a_twin():
    branch = Sequential(Dense(3, "tanh"), Linear(2))
    siamese = Parallel(branch, branch.twin(), seed=0)
    output = siamese(X)
    np.testing.assert_array_equal(output[:, :2], output[:, 2:])
    assert [name for name, _ in siamese.named_parameters()] == ["0.0.0.W", "0.0.0.B", "0.1.W", "0.1.B"]
    assert lnc.check.gradients.gradient_report(siamese, X).ok


def test_a_twin_may_be_used_before_the_layer_itself():
    one = Linear(2, seed=3)
    two = one.twin()
    output = two(X)
    np.testing.assert_array_equal(one(X), output)
    assert one.W is two.W


def test_the_twin_of_a_user_s_layer_adds_its_gradients():
    one = Scale()
    two = one.twin()
    one(X)
    two(X)
    one.backward(X)
    two.backward(X)
    np.testing.assert_allclose(one.s.grad, 2 * (X * X).sum(axis=0))


def test_a_copied_siamese_network_is_still_siamese():
    one = Linear(2)
    siamese = copy.deepcopy(Parallel(one, one.twin(), seed=0).build(4))
    assert siamese[0].W is siamese[1].W
    assert siamese.vector.size == 10


# ---------------------------------------------------------------------- looks


def test_a_layer_shows_how_it_was_made():
    class Gate(Layer):
        def __init__(self, size, *, slope=1.0, init=None): ...

    assert repr(Gate(3)) == "Gate(3)"
    assert repr(Gate(3, slope=2.0, init=lnc.initializers.zeros)) == "Gate(3, slope=2.0, init=zeros)"
    assert repr(Swish()) == "Swish()"


def test_a_container_shows_its_layers_indented():
    network = Sequential(Dense(2, "relu"), Parallel(Linear(1), Tanh(), combine="add"), seed=0)
    assert repr(network).splitlines() == [
        "Sequential(",
        "  Dense(2, 'relu'),",
        "  Parallel(",
        "    Linear(1),",
        "    Tanh(),",
        "    combine='add'",
        "  )",
        ")",
    ]
    assert repr(Sequential()) == "Sequential()"


def test_a_summary_is_a_table_of_all_layers():
    network = Sequential(Dense(10, "relu"), Dropout(0.2), Block(Linear(10), Tanh()), Linear(1, bias=False), seed=0)
    assert network.summary(30).splitlines() == [
        "layer                          in     out    parameters  initializer            multiply-adds",
        "Sequential                     (30,)  (1,)",
        "  0 Dense(10, 'relu')          (30,)  (10,)",
        "    0 Linear(10)               (30,)  (10,)  310         he_normal, zeros       300",
        "    1 ReLU()                   (10,)  (10,)",
        "  1 Dropout(0.2)               (10,)  (10,)",
        "  2 Block(Linear(10), Tanh())  (10,)  (10,)",
        "    inner Linear(10)           (10,)  (10,)  110         glorot_uniform, zeros  100",
        "    outer Tanh()               (10,)  (10,)",
        "  3 Linear(1, bias=False)      (10,)  (1,)   10          glorot_uniform         10",
        "total                                        430                                410",
    ]


def test_a_summary_of_an_unbuilt_network_shows_what_is_known():
    assert Sequential(Linear(2)).summary().splitlines() == [
        "layer          in  out  parameters  initializer  multiply-adds",
        "Sequential",
        "  0 Linear(2)",
        "total                   0                        0",
    ]


def test_a_summary_counts_shared_parameters_once():
    one = Linear(2)
    assert Parallel(one, one.twin()).summary(3).splitlines()[-1].split() == ["total", "8", "12"]
