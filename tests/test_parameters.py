"""Parameters and their one flat vector: views, accumulation, freezing, saving and loading."""

from __future__ import annotations

import numpy as np
import pytest

import lincoln as lnc
from lincoln import exc
from lincoln.layers import Dense, Dropout, Linear, Parallel, Sequential, Tanh
from lincoln.parameters import Parameter
from lincoln.vector import ParameterVector

X = np.random.default_rng(0).normal(size=(6, 4))


def network() -> Sequential:
    return Sequential(Dense(3, "tanh"), Linear(2, bias=False), seed=0).build(4, dtype="float64")


# ---------------------------------------------------------------------- one flat vector


def test_parameters_are_views_into_one_vector():
    net = network()
    net.vector.value[...] = np.arange(21.0)
    np.testing.assert_array_equal(net[0].W.value, np.arange(12.0).reshape(4, 3))
    np.testing.assert_array_equal(net[0].B.value, [12, 13, 14])
    np.testing.assert_array_equal(net[1].W.value, np.arange(15.0, 21.0).reshape(3, 2))


def test_changing_a_parameter_changes_the_vector():
    net = network()
    net[1].W.value = np.full((3, 2), 7.0)
    np.testing.assert_array_equal(net.vector.value[-6:], np.full(6, 7.0))


def test_gradients_lie_in_one_vector_too():
    net = network()
    net(X)
    net.backward(np.ones((6, 2)))
    np.testing.assert_array_equal(net.vector.grad, np.concatenate([p.grad.ravel() for p in net.parameters()]))
    net.vector.grad[...] = 0.0
    assert not net[0].W.grad.any()


def test_the_vector_stays_the_same_object():
    net = network()
    vector = net.vector
    net(X)
    net.backward(np.ones((6, 2)))
    assert net.vector is vector


def test_each_parameter_knows_its_place():
    assert [(p.start, p.size) for p in network().parameters()] == [(0, 12), (12, 3), (15, 6)]


def test_a_network_without_parameters_has_an_empty_vector():
    assert Sequential(Tanh()).build(3).vector.size == 0


def test_a_layer_taken_out_of_its_network_takes_its_parameters_along():
    net = network()
    old = net.vector
    net[0].vector.value[...] = 0.0
    assert not old.intact
    assert not net[0].W.value.any()
    np.testing.assert_array_equal(net.vector.value[:15], np.zeros(15))


def test_a_layer_built_later_joins_the_vector():
    one = Linear(2, seed=0).build(4)
    grown = Sequential(one, Linear(3)).build(4)
    assert grown.vector.size == 10 + 9
    grown.vector.value[...] = 1.0
    np.testing.assert_array_equal(one.W.value, np.ones((4, 2)))


def test_grads_come_in_the_order_of_parameters():
    net = network()
    net(X)
    net.backward(np.ones((6, 2)))
    assert [grad.shape for grad in net.grads()] == [p.shape for p in net.parameters()] == [(4, 3), (3,), (3, 2)]


# ---------------------------------------------------------------------- gradients enter by one door


def test_a_gradient_that_was_used_up_is_replaced():
    net = network()
    net(X)
    net.backward(np.ones((6, 2)))
    first = net.vector.grad.copy()
    net.vector.release()
    np.testing.assert_array_equal(net.vector.grad, first)
    net(X)
    net.backward(np.ones((6, 2)))
    np.testing.assert_array_equal(net.vector.grad, first)


def test_a_cleared_gradient_is_zero():
    net = network()
    net(X)
    net.backward(np.ones((6, 2)))
    net.clear_grad()
    assert not net.vector.grad.any()


def test_a_parameter_that_no_pass_reached_has_a_gradient_of_zero():
    net = network()
    net(X)
    net.backward(np.ones((6, 2)))
    net.vector.release()
    net[1](np.ones((6, 3)))
    net[1].backward(np.ones((6, 2)))
    net.vector.collect()
    assert not net[0].W.grad.any()
    assert net[1].W.grad.all()


def test_a_gradient_in_float64_enters_a_parameter_in_float32():
    parameter = Linear(2).build(4).B
    parameter.accumulate(np.ones(2))
    parameter.accumulate(np.ones(2))
    np.testing.assert_array_equal(parameter.grad, [2.0, 2.0])
    assert parameter.grad.dtype == np.float32


# ---------------------------------------------------------------------- values


def test_a_value_is_copied_in_not_referred_to():
    net, mine = network(), np.ones((3, 2))
    net[1].W.value = mine
    mine[...] = 5.0
    assert net[1].W.value.max() == 1.0


def test_a_value_may_be_a_list():
    linear = Linear(2).build(1)
    linear.W.value = [[1.0, 2.0]]
    np.testing.assert_array_equal(linear.W.value, [[1.0, 2.0]])


def test_a_wrong_value_changes_nothing():
    net = network()
    before = net.vector.value.copy()
    with pytest.raises(exc.MatchError):
        net[1].W.value = np.ones(2)
    np.testing.assert_array_equal(net.vector.value, before)


def test_freezing_marks_every_parameter_inside():
    net = network()
    assert net[0].freeze() is net[0]
    assert [p.frozen for p in net.parameters()] == [True, True, False]
    net[0].freeze(False)
    assert [p.frozen for p in net.parameters()] == [False] * 3


def test_a_parameter_shows_its_name_and_state():
    linear = Linear(2).build(3)
    linear.W.frozen = True
    assert repr(linear.W) == "Parameter(W, (3, 2), frozen)"
    assert repr(Parameter((2,))) == "Parameter(unnamed, (2,), not built)"


def test_a_vector_of_parameters_of_no_network():
    one, two = Parameter((2, 1)), Parameter((1,))
    for parameter in (one, two):
        parameter.fill(np.random.default_rng(0), np.zeros(1))
    vector = ParameterVector([one, two])
    vector.value += 1
    np.testing.assert_array_equal(one.value, [[1.0], [1.0]])
    assert vector.holds([one, two])
    assert not vector.holds([two, one])


# ---------------------------------------------------------------------- saving and loading


def test_a_state_holds_every_parameter_by_its_path():
    net = network()
    state = net.state_dict()
    assert list(state) == ["0.0.W", "0.0.B", "1.W"]
    np.testing.assert_array_equal(state["1.W"], net[1].W.value)


def test_a_state_is_a_copy():
    net = network()
    state = net.state_dict()
    net.vector.value[...] = 0.0
    assert state["1.W"].any()


def test_a_loaded_network_computes_the_same():
    one, two = network(), Sequential(Dense(3, "tanh"), Linear(2, bias=False), seed=1).build(4, dtype="float64")
    assert two.load_state_dict(one.state_dict()) is two
    np.testing.assert_array_equal(two(X), one(X))


def test_a_state_in_float64_is_loaded_into_a_network_in_float32():
    single = Sequential(Dense(3, "tanh"), Linear(2, bias=False)).build(4)
    single.load_state_dict(network().state_dict())
    assert single.vector.value.dtype == np.float32
    np.testing.assert_allclose(single(X), network()(X), rtol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"1.W": np.zeros((2, 3))},
        {"1.B": np.zeros(2)},
        {"0.0.W": np.zeros((4, 3)), "1.W": np.zeros(6)},
        {"0.0.W": np.zeros((4, 3)), "1.W": np.array([["a"] * 2] * 3)},
    ],
    ids=["a shape", "an unknown name", "a shape behind a good one", "strings"],
)
def test_a_state_that_does_not_fit_changes_nothing(change: dict[str, np.ndarray]):
    net = network()
    before = net.vector.value.copy()
    with pytest.raises(exc.MatchError):
        net.load_state_dict({**net.state_dict(), **change})
    np.testing.assert_array_equal(net.vector.value, before)


def test_a_state_with_a_part_missing_changes_nothing():
    net = network()
    before = net.vector.value.copy()
    state = {"0.0.W": np.zeros((4, 3))}
    with pytest.raises(exc.MatchError):
        net.load_state_dict(state)
    np.testing.assert_array_equal(net.vector.value, before)


def test_an_unbuilt_network_says_that_it_must_be_built_before_loading():
    fresh = Sequential(Dense(3, "tanh"), Linear(2, bias=False))
    with pytest.raises(exc.MatchError, match=r"build\(input_shape\)"):
        fresh.load_state_dict(network().state_dict())
    fresh.build(4).load_state_dict(network().state_dict())


def test_shared_parameters_are_saved_once():
    one = Linear(2)
    siamese = Parallel(one, Dropout(0.5), one.twin(), seed=0).build(4)
    assert list(siamese.state_dict()) == ["0.W", "0.B"]
    assert lnc.Sequential(siamese).vector.size == 10
