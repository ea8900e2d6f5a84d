"""Optimizers and weight averaging: PyTorch's trajectories, and everything that happens around an update rule."""

import copy
import inspect
import json
import math
import pickle
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from lincoln import layers, optim
from lincoln.exc import BackwardError, ContractError, DataError, MatchError, NotFittedError
from lincoln.losses import MeanSquaredError

FIXTURE = json.loads((Path(__file__).parent / "fixtures" / "optim.json").read_text())
GRADS = np.array(FIXTURE["grads"])
RULES = [optim.SGD, optim.RMSprop, optim.Adagrad, optim.Adam, optim.AdamW]
EVERY_STATE = [
    (optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (optim.RMSprop, {"momentum": 0.9, "centered": True}),
    (optim.Adagrad, {}),
    (optim.Adam, {"weight_decay": 0.1}),
    (optim.AdamW, {}),
]


def named(case):
    return f"{case['optimizer']}-{case['options']}"


def start(dtype="float64"):
    """The layer that the fixture's trajectories start from."""
    layer = layers.Linear(2).build(2, dtype=dtype)
    layer.vector.value[...] = FIXTURE["start"]
    return layer


def learn(layer, grad):
    """Let a gradient enter as a backward pass does."""
    layer.W.accumulate(grad[:4].reshape(2, 2))
    layer.B.accumulate(grad[4:])


def follow(optimizer, grads=GRADS):
    """The values after each step along the gradients."""
    rows = []
    for grad in grads:
        learn(optimizer.network, grad)
        optimizer.step()
        rows.append(optimizer.network.vector.value.copy())
    return np.array(rows)


def network():
    """Two layers: four parameters, W B W B, of sizes 6, 2, 2, 1."""
    return layers.Sequential(layers.Linear(2), layers.Linear(1), seed=1).build(3, dtype="float64")


def one_pass(net, scale=1.0):
    rng = np.random.default_rng(0)
    net(rng.normal(size=(8, 3)))
    net.backward(scale * rng.normal(size=(8, 1)))


# ---------------------------------------------------------------------- trajectories


@pytest.mark.parametrize("case", FIXTURE["trajectories"], ids=named)
def test_the_trajectory_is_pytorch_s(case):
    optimizer = getattr(optim, case["optimizer"])(start(), **case["options"])
    np.testing.assert_allclose(follow(optimizer), case["values"], rtol=1e-9, atol=1e-12)


def test_every_public_optimizer_has_a_trajectory():
    public = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    rules = {name for name in public if issubclass(getattr(optim, name), optim.Optimizer)} - {"Optimizer"}
    assert rules == {case["optimizer"] for case in FIXTURE["trajectories"]}


@pytest.mark.parametrize("case", FIXTURE["grouped"], ids=named)
def test_groups_are_pytorch_s_parameter_groups(case):
    group = optim.Group(optim.biases_and_norms, lr_factor=0.5, weight_decay=0.0)
    optimizer = getattr(optim, case["optimizer"])(start(), groups=[group], **case["options"])
    np.testing.assert_allclose(follow(optimizer), case["values"], rtol=1e-9, atol=1e-12)


def test_a_parameter_unfrozen_late_begins_its_own_count_of_steps_as_in_pytorch():
    layer = start()
    optimizer = optim.Adam(layer, lr=0.05)
    layer.W.frozen = True
    before = follow(optimizer, GRADS[:10])
    layer.W.frozen = False
    rows = np.concatenate([before, follow(optimizer, GRADS[10:])])
    np.testing.assert_allclose(rows, FIXTURE["unfrozen_at_10"], rtol=1e-9, atol=1e-12)


def test_the_average_is_pytorch_s():
    layer = start()
    optimizer, average = optim.SGD(layer, lr=0.1), optim.WeightAverage(layer, decay=0.9)
    rows = []
    for grad in GRADS:
        learn(layer, grad)
        optimizer.step()
        average.update()
        rows.append(average.state_dict()["average"])
    np.testing.assert_allclose(rows, FIXTURE["average"], rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------------- one step


@pytest.mark.parametrize(("rule", "options"), EVERY_STATE)
def test_float32_parameters_and_states_stay_float32(rule, options):
    layer = start("float32")
    optimizer = rule(layer, lr=np.float64(0.01), clip_norm=np.float64(1.0), clip_value=np.float64(0.9), **options)
    follow(optimizer, GRADS.astype("float32"))
    arrays = [value for name, value in optimizer.state_dict().items() if name.startswith("state.")]
    assert {layer.vector.value.dtype, *(array.dtype for array in arrays)} == {np.dtype("float32")}


@pytest.mark.parametrize(("rule", "options"), EVERY_STATE)
def test_float32_follows_float64(rule, options):
    single = follow(rule(start("float32"), lr=0.01, **options), GRADS.astype("float32"))
    np.testing.assert_allclose(single, follow(rule(start(), lr=0.01, **options)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("rule", "options"), EVERY_STATE)
def test_the_gradient_is_to_be_seen_unchanged_after_a_step(rule, options):
    layer = start()
    learn(layer, GRADS[0])
    rule(layer, clip_norm=0.1, clip_value=0.1, **{"weight_decay": 0.5, **options}).step()
    np.testing.assert_array_equal(layer.vector.grad, GRADS[0])


def test_the_next_gradient_after_a_step_replaces_the_last():
    layer = start()
    follow(optim.SGD(layer), GRADS[:1])
    learn(layer, GRADS[1])
    np.testing.assert_array_equal(layer.vector.grad, GRADS[1])


def test_gradients_of_several_backward_passes_before_a_step_add_up():
    layer = start()
    learn(layer, GRADS[0])
    learn(layer, GRADS[1])
    optim.SGD(layer, lr=0.5).step()
    np.testing.assert_allclose(layer.vector.value, FIXTURE["start"] - 0.5 * (GRADS[0] + GRADS[1]), rtol=1e-15)


def test_a_schedule_is_asked_once_a_step_with_the_number_of_the_step():
    asked = []
    optimizer = optim.SGD(start(), lr=lambda step: asked.append(step) or 0.1 / (step + 1))
    rows = follow(optimizer, GRADS[:3])
    assert asked == [0, 1, 2]
    np.testing.assert_allclose(np.diff(rows, axis=0), [-0.1 / 2 * GRADS[1], -0.1 / 3 * GRADS[2]], rtol=1e-12)


def test_the_learning_rate_can_be_set_and_read():
    optimizer = optim.SGD(start(), lr=0.1)
    optimizer.lr = 0.5
    assert (optimizer.lr, optimizer.learning_rate) == (0.5, 0.5)
    optimizer.lr = lambda step: 0.25 + step
    assert optimizer.learning_rate == 0.25


def test_steps_are_counted():
    optimizer = optim.SGD(start())
    follow(optimizer)
    assert optimizer.steps == len(GRADS)


def test_an_optimizer_takes_a_network_that_is_built_later():
    net = layers.Sequential(layers.Linear(2), layers.Linear(1), seed=1)
    optimizer = optim.SGD(net, lr=0.1, momentum=0.9)
    one_pass(net)
    optimizer.step()
    expected = network()
    one_pass(expected)
    np.testing.assert_allclose(net.vector.value, expected.vector.value - 0.1 * expected.vector.grad, rtol=1e-13)


def test_a_zero_gradient_leaves_adam_and_rmsprop_finite():
    layer = start()
    follow(optim.Adam(layer), np.zeros((3, 6)))
    follow(optim.RMSprop(layer), np.zeros((3, 6)))
    np.testing.assert_array_equal(layer.vector.value, FIXTURE["start"])


def test_centered_rmsprop_stays_finite_where_the_gradient_is_constant():
    rows = follow(optim.RMSprop(start(), centered=True, alpha=0.5, lr=1e-9), np.full((200, 6), 0.1))
    assert np.isfinite(rows).all()


def test_a_rule_of_one_s_own_needs_its_state_and_its_formula():
    class Momentum(optim.Optimizer):
        def initial_state(self, value):
            return {"velocity": np.zeros_like(value)}

        def update(self, value, grad, state, lr):
            state.velocity *= 0.9
            state.velocity += grad
            value -= lr * state.velocity

    expected = follow(optim.SGD(start(), lr=0.1, momentum=0.9))
    np.testing.assert_allclose(follow(Momentum(start(), lr=0.1)), expected, rtol=1e-12)


def test_a_step_takes_few_python_calls():
    net = network()
    optimizer = optim.SGD(net)
    one_pass(net)
    optimizer.step()
    one_pass(net)
    calls = []
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        optimizer.step()
    finally:
        sys.setprofile(before)
    assert len(calls) <= 8, calls


def test_an_update_is_one_operation_where_nothing_is_grouped_or_frozen():
    sizes = sizes_of_updates(network())
    assert sizes == [11]


def test_neighbors_of_the_same_group_are_updated_together():
    net = network()
    group = optim.Group(lambda parameter: parameter is net[0].W or parameter is net[0].B, lr_factor=0.5)
    assert sizes_of_updates(net, groups=[group]) == [8, 3]


def test_a_frozen_parameter_is_left_out_of_the_update():
    net = network()
    net[0].B.frozen = True
    assert sizes_of_updates(net) == [6, 3]


def sizes_of_updates(net, **options):
    sizes = []

    class Watched(optim.Optimizer):
        def update(self, value, grad, state, lr):
            sizes.append(value.size)
            value -= lr * grad

    one_pass(net)
    Watched(net, **options).step()
    return sizes


# ---------------------------------------------------------------------- the options that all rules share


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_shows_the_common_options_in_its_signature(rule):
    names = inspect.signature(rule).parameters
    assert {"network", "lr", "weight_decay", "clip_norm", "clip_value", "groups"} <= names.keys()
    assert not {"common", "limits", "unknown", "self"} & names.keys()


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_passes_the_common_options_on(rule):
    optimizer = rule(network(), weight_decay=0.25, clip_norm=2.0, clip_value=3.0, groups=[optim.Group(bool)])
    assert (optimizer.weight_decay, optimizer.clip_norm, optimizer.clip_value) == (0.25, 2.0, 3.0)
    assert len(optimizer.groups) == 2


def test_common_options_are_shown_where_they_are_not_the_defaults():
    optimizer = optim.RMSprop(layers.Linear(1), clip_norm=None, groups=(), clip_value=1.0)
    assert repr(optimizer) == "RMSprop(Linear(1), clip_value=1.0)"


def test_the_signature_of_a_rule_of_one_s_own_goes_through_all_its_bases():
    class Slow(optim.AdamW):
        def __init__(self, network, lr=1e-5, **others):
            super().__init__(network, lr, **others)

    names = ["network", "lr", "betas", "eps", "weight_decay", "clip_norm", "clip_value", "groups"]
    assert list(inspect.signature(Slow).parameters) == names
    assert inspect.signature(Slow).parameters["weight_decay"].default == 0.01


@pytest.mark.parametrize("rule", [*RULES, optim.Optimizer])
@pytest.mark.parametrize(
    ("wrong", "fix"),
    [({"clip_nrom": 1.0}, "clip_norm=1.0"), ({"zzz": 1}, "without zzz"), ({"weight_decays": 0.1}, "weight_decay=0.1")],
)
def test_an_option_that_there_is_not_is_named_with_the_nearest(rule, wrong, fix):
    with pytest.raises(TypeError, match=re.escape(fix)) as caught:
        rule(network(), **wrong)
    assert isinstance(caught.value, ContractError)
    assert caught.value.code == "LN413"
    assert caught.value.where == rule.__name__


def test_the_nearest_option_may_be_the_rule_s_own():
    with pytest.raises(ContractError, match=r"momentum=0\.9"):
        optim.SGD(network(), momentun=0.9)


# ---------------------------------------------------------------------- groups


def test_the_first_group_that_selects_a_parameter_counts():
    layer = start()
    groups = [
        optim.Group(optim.biases_and_norms, lr_factor=0.0),
        optim.Group(lambda parameter: True, lr_factor=2.0),
    ]
    row = follow(optim.SGD(layer, lr=0.1, groups=groups), GRADS[:1])[0]
    np.testing.assert_allclose(row[:4], FIXTURE["start"][:4] - 0.2 * GRADS[0][:4], rtol=1e-15)
    np.testing.assert_array_equal(row[4:], FIXTURE["start"][4:])


def test_biases_and_norms_have_one_axis():
    net = network()
    assert [optim.biases_and_norms(parameter) for parameter in net.parameters()] == [False, True, False, True]


def test_a_group_shows_how_it_was_made():
    assert repr(optim.Group(optim.biases_and_norms, lr_factor=0.5)) == "Group(biases_and_norms, lr_factor=0.5)"


# ---------------------------------------------------------------------- clipping


def test_the_norm_is_that_of_all_gradients_together_before_clipping():
    optimizer = optim.SGD(start(), clip_norm=1.0)
    follow(optimizer, GRADS[:1])
    assert optimizer.grad_norm == pytest.approx(np.linalg.norm(GRADS[0]), rel=1e-12)


def test_groups_are_clipped_by_one_norm():
    optimizer = optim.SGD(start(), clip_norm=1.0, groups=[optim.Group(optim.biases_and_norms, lr_factor=0.5)])
    follow(optimizer, GRADS[:1])
    assert optimizer.grad_norm == pytest.approx(np.linalg.norm(GRADS[0]), rel=1e-12)


def test_frozen_gradients_do_not_count_for_the_norm():
    layer = start()
    layer.W.frozen = True
    optimizer = optim.SGD(layer, clip_norm=1.0)
    follow(optimizer, GRADS[:1])
    assert optimizer.grad_norm == pytest.approx(np.linalg.norm(GRADS[0][4:]), rel=1e-12)


def test_an_infinite_clip_norm_only_measures():
    optimizer = optim.SGD(start(), lr=0.1, clip_norm=math.inf)
    np.testing.assert_array_equal(follow(optimizer), follow(optim.SGD(start(), lr=0.1)))
    assert optimizer.grad_norm > 0


def test_a_gradient_whose_square_overflows_is_clipped_all_the_same():
    layer = start("float32")
    before = layer.vector.value.copy()
    follow(optim.SGD(layer, lr=1.0, clip_norm=1.0), np.full((1, 6), 1e30, dtype="float32"))
    np.testing.assert_allclose(before - layer.vector.value, 6**-0.5, rtol=1e-5)


def test_without_clip_norm_there_is_no_norm():
    optimizer = optim.SGD(start())
    follow(optimizer)
    assert optimizer.grad_norm is None


# ---------------------------------------------------------------------- frozen parameters


@pytest.mark.parametrize(("rule", "options"), EVERY_STATE)
def test_a_frozen_parameter_keeps_its_value_bit_for_bit(rule, options):
    layer = start()
    optimizer = rule(layer, lr=0.1, **{"weight_decay": 0.5, **options})
    follow(optimizer, GRADS[:3])
    kept = layer.W.value.copy()
    layer.W.frozen = True
    rows = follow(optimizer, GRADS[3:])
    assert np.array_equal(layer.W.value, kept)
    assert not np.array_equal(rows[0][4:], rows[-1][4:])


def test_two_optimizers_can_take_turns_on_halves_of_a_network():
    net = network()
    first, second = optim.SGD(net, lr=0.1), optim.Adam(net, lr=0.1)
    halves = [net[0].W.value.copy(), net[1].W.value.copy()]
    net[1].freeze()
    one_pass(net)
    first.step()
    assert np.array_equal(net[1].W.value, halves[1])
    changed = net[0].W.value.copy()
    net[0].freeze()
    net[1].freeze(False)
    one_pass(net)
    second.step()
    assert np.array_equal(net[0].W.value, changed)
    assert not np.array_equal(net[0].W.value, halves[0])
    assert not np.array_equal(net[1].W.value, halves[1])


def test_two_optimizers_can_each_have_a_layer_and_learn_from_one_pass():
    net, whole = network(), network()
    for _ in range(3):
        one_pass(net)
        optimizers = [optim.SGD(net[0], lr=0.1), optim.SGD(net[1], lr=0.1)]
        [optimizer.step() for optimizer in optimizers]
    together = optim.SGD(whole, lr=0.1)
    for _ in range(3):
        one_pass(whole)
        together.step()
    np.testing.assert_array_equal(net.vector.value, whole.vector.value)


def test_a_state_survives_that_the_vector_is_laid_out_anew():
    net, whole = network(), network()
    optimizer, undisturbed = optim.Adam(net, lr=0.1), optim.Adam(whole, lr=0.1)
    for _ in range(3):
        one_pass(net)
        assert net[0].vector.intact
        optimizer.step()
        one_pass(whole)
        undisturbed.step()
    np.testing.assert_array_equal(net.vector.value, whole.vector.value)


def test_where_all_is_frozen_a_step_changes_nothing():
    layer = start().freeze()
    optimizer = optim.SGD(layer, clip_norm=1.0)
    follow(optimizer)
    np.testing.assert_array_equal(layer.vector.value, FIXTURE["start"])
    assert optimizer.grad_norm == 0.0


def test_a_network_converted_to_float64_goes_on_with_its_state():
    layer = start("float32")
    optimizer = optim.Adam(layer, lr=0.1)
    follow(optimizer, GRADS[:5].astype("float32"))
    layer.astype("float64")
    follow(optimizer, GRADS[5:])
    assert optimizer.state_dict()["state.mean"].dtype == np.float64
    np.testing.assert_allclose(layer.vector.value, follow(optim.Adam(start(), lr=0.1))[-1], rtol=1e-4)


# ---------------------------------------------------------------------- layers that keep bare arrays


class Scale(layers.Layer):
    """y = w x, with its weight as a bare array, as the notebooks' layers keep theirs."""

    def __init__(self):
        self.w = np.full(3, 2.0)
        self.w_grad = None

    def forward(self, input):
        return input * self.w

    def backward(self, output_grad):
        self.w_grad = (output_grad * self.last_input).sum(axis=0)
        return output_grad * self.w

    def parameters(self):
        yield self.w

    def grads(self):
        yield self.w_grad


def test_a_layer_s_own_arrays_learn():
    scale = Scale()
    optimizer = optim.SGD(scale, lr=0.5)
    scale(np.ones((1, 3)))
    scale.backward(np.array([[1.0, 2.0, 3.0]]))
    optimizer.step()
    np.testing.assert_array_equal(scale.w, [1.5, 1.0, 0.5])


def test_the_average_of_a_layer_s_own_arrays_is_applied_to_them():
    scale = Scale()
    scale(np.ones((1, 3)))
    scale.backward(np.ones((1, 3)))
    average = optim.WeightAverage(scale, decay=0.5)
    average.update()
    optim.SGD(scale, lr=1.0).step()
    average.update()
    with average.apply():
        np.testing.assert_array_equal(scale.w, [1.5, 1.5, 1.5])
    np.testing.assert_array_equal(scale.w, [1.0, 1.0, 1.0])


# ---------------------------------------------------------------------- going on


@pytest.mark.parametrize(("rule", "options"), EVERY_STATE)
def test_going_on_from_a_state_dict_is_never_having_stopped(rule, options):
    whole = follow(rule(start(), lr=0.1, **options))
    first = rule(start(), lr=0.1, **options)
    follow(first, GRADS[:9])
    again = start()
    again.load_state_dict(first.network.state_dict())
    second = rule(again, lr=0.1, **options).load_state_dict(first.state_dict())
    np.testing.assert_array_equal(follow(second, GRADS[9:]), whole[9:])


def test_a_state_can_be_loaded_before_the_network_is_built():
    whole = follow(optim.Adam(start(), lr=0.1))
    first = optim.Adam(start(), lr=0.1)
    follow(first, GRADS[:9])
    again = layers.Linear(2)
    second = optim.Adam(again, lr=0.1).load_state_dict(first.state_dict())
    again.build(2, dtype="float64").load_state_dict(first.network.state_dict())
    np.testing.assert_array_equal(follow(second, GRADS[9:]), whole[9:])


def test_the_state_of_a_partly_frozen_network_goes_on():
    def run(layer, optimizer, grads):
        layer.W.frozen = True
        follow(optimizer, grads[:5])
        layer.W.frozen = False
        return optimizer

    layer = start()
    first = run(layer, optim.Adam(layer, lr=0.1), GRADS)
    again = start()
    again.load_state_dict(layer.state_dict())
    second = optim.Adam(again, lr=0.1).load_state_dict(first.state_dict())
    np.testing.assert_array_equal(follow(second, GRADS[5:]), follow(first, GRADS[5:]))


def test_a_state_dict_is_not_changed_by_later_steps():
    optimizer = optim.SGD(start(), momentum=0.9)
    follow(optimizer, GRADS[:3])
    state = optimizer.state_dict()
    kept = copy.deepcopy(state)
    other = optim.SGD(start(), momentum=0.9).load_state_dict(state)
    follow(optimizer, GRADS[3:])
    follow(other, GRADS[3:])
    np.testing.assert_array_equal(state["state.velocity"], kept["state.velocity"])


def test_a_state_dict_holds_the_learning_rate_that_was_set():
    optimizer = optim.SGD(start(), lr=0.1)
    optimizer.lr = 0.02
    assert optim.SGD(start(), lr=0.1).load_state_dict(optimizer.state_dict()).lr == 0.02


def test_a_state_dict_holds_what_the_schedule_has_seen():
    first = optim.SGD(start(), lr=optim.ReduceOnPlateau(0.1, patience=1))
    first.observe(1.0)
    first.observe(1.0)
    second = optim.SGD(start(), lr=optim.ReduceOnPlateau(0.1, patience=1)).load_state_dict(first.state_dict())
    second.observe(1.0)
    assert (first.learning_rate, second.learning_rate) == (0.1, pytest.approx(0.01))


def test_a_state_before_the_first_step_begins_at_the_beginning():
    state = optim.Adam(start(), lr=0.1).state_dict()
    optimizer = optim.Adam(start(), lr=0.1)
    follow(optimizer, GRADS[:4])
    optimizer.network.vector.value[...] = FIXTURE["start"]
    optimizer.load_state_dict(state)
    np.testing.assert_array_equal(follow(optimizer), follow(optim.Adam(start(), lr=0.1)))


def test_a_pickled_optimizer_goes_on():
    whole = follow(optim.Adam(start(), lr=0.1))
    optimizer = optim.Adam(start(), lr=0.1)
    follow(optimizer, GRADS[:9])
    np.testing.assert_array_equal(follow(pickle.loads(pickle.dumps(optimizer)), GRADS[9:]), whole[9:])


# ---------------------------------------------------------------------- averaging


def averaged():
    """A layer whose W was 0 and then 4, and its average."""
    layer = layers.Linear(1, bias=False).build(1, dtype="float64")
    average = optim.WeightAverage(layer, decay=0.75)
    layer.W.value = np.array([[0.0]])
    average.update()
    layer.W.value = np.array([[4.0]])
    average.update()
    return layer, average


def test_the_average_starts_from_the_weights_at_the_first_update():
    layer = start()
    average = optim.WeightAverage(layer, decay=0.999)
    average.update()
    np.testing.assert_array_equal(average.state_dict()["average"], FIXTURE["start"])


def test_the_averaged_weights_are_there_inside_the_block_and_the_own_ones_after_it():
    layer, average = averaged()
    with average.apply():
        assert layer.W.value.item() == 1.0
    assert layer.W.value.item() == 4.0


def test_the_own_weights_come_back_after_an_exception():
    layer, average = averaged()
    with pytest.raises(KeyboardInterrupt), average.apply():
        raise KeyboardInterrupt
    assert layer.W.value.item() == 4.0


def test_the_own_weights_come_back_though_the_vector_was_laid_out_anew():
    net = network()
    before = net.vector.value.copy()
    average = optim.WeightAverage(net)
    average.update()
    net.vector.value += 1.0
    with average.apply():
        np.testing.assert_array_equal(net[0].vector.value, before[:8])
    np.testing.assert_array_equal(net.vector.value, before + 1.0)


def test_applying_the_average_leaves_the_gradients_to_be_used():
    layer, average = averaged()
    layer.W.accumulate(np.array([[1.0]]))
    with average.apply():
        pass
    optim.SGD(layer, lr=1.0).step()
    assert layer.W.value.item() == 3.0


def test_an_average_goes_on_from_its_state_dict():
    layer, average = averaged()
    again = optim.WeightAverage(layer, decay=0.75).load_state_dict(average.state_dict())
    average.update()
    again.update()
    assert again.state_dict()["average"] == average.state_dict()["average"]


def test_an_average_without_an_update_is_refused():
    with pytest.raises(NotFittedError, match=r"LN412[\s\S]*no update") as caught, optim.WeightAverage(start()).apply():
        pass
    assert caught.value.fix == "average.update() after optimizer.step()"


def test_an_average_of_a_network_that_is_not_built_is_refused():
    with pytest.raises(NotFittedError, match="LN412"):
        optim.WeightAverage(layers.Linear(1)).update()


def test_an_average_of_another_network_is_refused():
    _, average = averaged()
    with pytest.raises(MatchError, match=r"LN411[\s\S]*an average of 1 numbers, the network has 6"):
        optim.WeightAverage(start()).load_state_dict(average.state_dict()).update()


# ---------------------------------------------------------------------- mistakes


def test_a_step_before_the_network_is_built_says_what_to_do():
    with pytest.raises(BackwardError) as caught:
        optim.SGD(layers.Linear(1)).step()
    assert str(caught.value) == (
        "LN406 BackwardError in SGD.step\n"
        "  saw:  a network that is not built yet\n"
        "  why:  its parameters get their values from the first batch\n"
        "  fix:  loss(x, y); loss.backward(); then optimizer.step()"
    )


def test_a_step_of_a_network_that_has_no_parameters_says_so():
    net = layers.ReLU()
    net(np.ones((1, 2)))
    with pytest.raises(BackwardError, match="LN406") as caught:
        optim.SGD(net).step()
    assert caught.value.saw == "a network without parameters"
    assert caught.value.fix == "add a layer that learns, such as Linear(1)"


def test_a_step_before_any_backward_pass_is_refused():
    with pytest.raises(BackwardError, match=r"LN407[\s\S]*no gradient yet"):
        optim.SGD(start()).step()


def test_a_second_step_on_the_same_gradients_is_refused_and_changes_nothing():
    layer = start()
    optimizer = optim.SGD(layer)
    row = follow(optimizer, GRADS[:1])[0]
    with pytest.raises(BackwardError, match=r"LN407[\s\S]*no gradient since step 1") as caught:
        optimizer.step()
    assert caught.value.fix == "loss(x, y); loss.backward(); then one optimizer.step()"
    np.testing.assert_array_equal(layer.vector.value, row)
    np.testing.assert_array_equal(layer.vector.grad, GRADS[0])


@pytest.mark.parametrize(
    ("rule", "options", "saw", "fix"),
    [
        (optim.SGD, {"lr": 0.0}, "lr=0.0", "lr=0.01"),
        (optim.SGD, {"lr": -0.1}, "lr=-0.1", "lr=0.01"),
        (optim.SGD, {"lr": math.nan}, "lr=nan", "lr=0.01"),
        (optim.SGD, {"lr": math.inf}, "lr=inf", "lr=0.01"),
        (optim.SGD, {"lr": "fast"}, "lr='fast'", "a schedule"),
        (optim.SGD, {"momentum": 1.0}, "momentum=1.0", "momentum=0.9"),
        (optim.SGD, {"momentum": -0.1}, "momentum=-0.1", "momentum=0.9"),
        (optim.SGD, {"nesterov": True}, "nesterov=True, momentum=0.0", "nesterov=True, momentum=0.9"),
        (optim.SGD, {"weight_decay": -1.0}, "weight_decay=-1.0", "weight_decay=1e-4"),
        (optim.SGD, {"clip_norm": 0.0}, "clip_norm=0.0", "clip_norm=1.0"),
        (optim.SGD, {"clip_value": -1.0}, "clip_value=-1.0", "clip_value=1.0"),
        (optim.RMSprop, {"alpha": 1.0}, "alpha=1.0", "alpha=0.99"),
        (optim.RMSprop, {"eps": 0.0}, "eps=0.0", "eps=1e-8"),
        (optim.RMSprop, {"momentum": math.nan}, "momentum=nan", "momentum=0.9"),
        (optim.Adagrad, {"eps": -1.0}, "eps=-1.0", "eps=1e-10"),
        (optim.Adam, {"betas": (1.0, 0.9)}, "betas[0]=1.0", "betas=(0.9, 0.999)"),
        (optim.Adam, {"betas": (0.9, 1.5)}, "betas[1]=1.5", "betas=(0.9, 0.999)"),
        (optim.AdamW, {"eps": None}, "eps=None", "eps=1e-8"),
        (optim.WeightAverage, {"decay": 1.0}, "decay=1.0", "decay=0.999"),
    ],
)
def test_an_option_outside_its_range_is_refused(rule, options, saw, fix):
    with pytest.raises(DataError) as caught:
        rule(start(), **options)
    assert (caught.value.saw, caught.value.where) == (saw, rule.__name__)
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("options", "saw"), [({"lr_factor": -1.0}, "lr_factor=-1.0"), ({"weight_decay": -1.0}, "-1.0")]
)
def test_a_group_s_option_outside_its_range_is_refused(options, saw):
    with pytest.raises(DataError, match=saw):
        optim.Group(optim.biases_and_norms, **options)


def test_a_learning_rate_is_checked_when_it_is_set():
    optimizer = optim.SGD(start())
    with pytest.raises(DataError, match=r"LN401 DataError in SGD\n  saw:  lr=-1"):
        optimizer.lr = -1


@pytest.mark.parametrize("rate", [math.nan, -0.1, math.inf])
def test_a_schedule_that_gives_no_length_of_step_is_refused_before_anything_changes(rate):
    layer = start()
    learn(layer, GRADS[0])
    with pytest.raises(DataError, match="LN404") as caught:
        optim.SGD(layer, lr=lambda step: rate).step()
    assert f"a learning rate of {rate} for step 0" in caught.value.saw
    np.testing.assert_array_equal(layer.vector.value, FIXTURE["start"])


def test_parameters_in_place_of_the_network_are_refused():
    with pytest.raises(ContractError, match="LN409") as caught:
        optim.SGD(start().parameters(), lr=0.1)
    assert caught.value.saw == "a generator in place of a network"
    assert caught.value.fix.startswith("SGD(network, lr=...)")


def test_the_state_of_another_optimizer_is_refused():
    optimizer = optim.SGD(start(), momentum=0.9)
    follow(optimizer, GRADS[:2])
    adam = optim.Adam(start())
    with pytest.raises(MatchError, match="LN405") as caught:
        adam.load_state_dict(optimizer.state_dict())
    assert caught.value.saw == "state.mean, state.square, state.velocity: missing or unknown"
    assert adam.steps == 0


def test_the_state_of_a_network_of_another_size_is_refused():
    optimizer = optim.Adam(start())
    follow(optimizer, GRADS[:2])
    other = optim.Adam(network())
    with pytest.raises(MatchError, match="LN408") as caught:
        other.load_state_dict(optimizer.state_dict())
    assert caught.value.saw == "a state of 2 parameters, of 6 numbers; the network has 4, of 11 numbers"
    assert "new optimizer" in caught.value.fix
    assert other.steps == 0


def test_the_state_of_another_size_loaded_before_building_is_refused_at_the_step():
    optimizer = optim.Adam(start())
    follow(optimizer, GRADS[:2])
    net = layers.Sequential(layers.Linear(2), layers.Linear(1))
    other = optim.Adam(net).load_state_dict(optimizer.state_dict())
    one_pass(net)
    with pytest.raises(MatchError, match="LN408"):
        other.step()


# ---------------------------------------------------------------------- PyTorch


@pytest.mark.big
@pytest.mark.parametrize("case", FIXTURE["trajectories"] + FIXTURE["grouped"], ids=named)
def test_tensors_follow_the_same_trajectory(case):
    torch = pytest.importorskip("torch")
    layer = layers.Linear(2)
    layer(torch.zeros(1, 2, dtype=torch.float64))
    layer.vector.value[...] = torch.tensor(FIXTURE["start"], dtype=torch.float64)
    groups = [optim.Group(optim.biases_and_norms, lr_factor=0.5, weight_decay=0.0)] * (case in FIXTURE["grouped"])
    optimizer = getattr(optim, case["optimizer"])(layer, groups=groups, **case["options"])
    for grad in torch.tensor(FIXTURE["grads"], dtype=torch.float64):
        learn(layer, grad)
        optimizer.step()
    np.testing.assert_allclose(layer.vector.value, case["values"][-1], rtol=1e-9, atol=1e-12)


@pytest.mark.big
@pytest.mark.parametrize(("rule", "options"), EVERY_STATE)
def test_a_network_of_tensors_learns_as_pytorch_s(rule, options):
    torch = pytest.importorskip("torch")
    x = torch.randn(16, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    net = layers.Sequential(layers.Linear(4), layers.Tanh(), layers.Linear(1), seed=0)
    net(x)
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    theirs[0].weight.data, theirs[0].bias.data = net[0].W.value.T.clone(), net[0].B.value.clone()
    theirs[2].weight.data, theirs[2].bias.data = net[2].W.value.T.clone(), net[2].B.value.clone()
    ours, oracle = rule(net, lr=0.02, **options), getattr(torch.optim, rule.__name__)
    oracle = oracle(theirs.parameters(), lr=0.02, **options)
    for _ in range(25):
        net.backward(2.0 * (net(x) - 1.0))
        ours.step()
        oracle.zero_grad()
        ((theirs(x) - 1.0) ** 2).sum().backward()
        oracle.step()
    np.testing.assert_allclose(net(x), theirs(x).detach(), rtol=1e-9)


@pytest.mark.big
def test_tensors_of_float32_stay_so_and_their_state_goes_on_in_numpy():
    torch = pytest.importorskip("torch")
    layer = layers.Linear(2)
    layer(torch.zeros(1, 2))
    optimizer = optim.Adam(layer, lr=0.1, clip_norm=1.0, clip_value=1.0)
    average = optim.WeightAverage(layer)
    for grad in torch.tensor(FIXTURE["grads"][:3]):
        learn(layer, grad)
        optimizer.step()
        average.update()
    assert layer.vector.value.dtype is torch.float32
    with average.apply():
        assert isinstance(layer.W.value, torch.Tensor)
    again = start("float32")
    again.load_state_dict(layer.state_dict())
    other = optim.Adam(again, lr=0.1, clip_norm=1.0, clip_value=1.0).load_state_dict(optimizer.state_dict())
    learn(layer, torch.tensor(FIXTURE["grads"][3]))
    optimizer.step()
    learn(again, GRADS[3].astype("float32"))
    other.step()
    np.testing.assert_allclose(again.vector.value, layer.vector.value, rtol=1e-6)


def stepped(network, optimizer):
    loss = MeanSquaredError(network)
    loss(np.ones((4, 2)), np.zeros(4))
    loss.backward()
    optimizer.step()


@pytest.mark.parametrize(
    ("optimizer", "setting", "remembered"),
    [(optim.SGD, {"momentum": 0.9}, "velocity"), (optim.RMSprop, {"centered": True}, "mean")],
)
def test_what_a_rule_is_set_to_remember_later_starts_there(optimizer, setting, remembered):
    network = layers.Linear(1, seed=0).build(2, dtype="float64")
    late = optimizer(network, lr=0.1)
    stepped(network, late)
    for name, value in setting.items():
        setattr(late, name, value)
    at_once = optimizer(network, lr=0.1, **setting).load_state_dict(
        late.state_dict() | {f"state.{remembered}": np.zeros(3)}
    )
    start = network.vector.value.copy()
    stepped(network, late)
    end = network.vector.value.copy()
    network.vector.value[:] = start
    stepped(network, at_once)
    np.testing.assert_array_equal(network.vector.value, end)
    assert late.state_dict().keys() == at_once.state_dict().keys()


def test_groups_that_are_set_later_hold_from_the_next_step_on():
    network = layers.Linear(1, seed=0)
    optimizer = optim.SGD(network, lr=0.1)
    stepped(network, optimizer)
    optimizer.groups = [optim.Group(optim.biases_and_norms, lr_factor=0.0)]
    weights, bias = network.W.value.copy(), network.B.value.copy()
    stepped(network, optimizer)
    assert (network.W.value != weights).all()
    assert (network.B.value == bias).all()


# ---------------------------------------------------------------------- settings that are changed later


SETTINGS = [
    (kind, name)
    for kind in (optim.SGD, optim.RMSprop, optim.Adagrad, optim.Adam, optim.AdamW)
    for name in ("lr", *(one for one in kind._settings if one != "nesterov"))
]


@pytest.mark.parametrize("bad", ["a", -1, math.nan, [0.1], (0.5,), (0.5, "a"), {}])
@pytest.mark.parametrize(("kind", "name"), SETTINGS, ids=lambda one: getattr(one, "__name__", one))
def test_a_setting_is_checked_whenever_it_is_set(kind, name, bad):
    network = layers.Linear(1, seed=0).build(2, dtype="float64")
    optimizer = kind(network, **({"momentum": 0.5} if name == "momentum" else {}))
    network(np.ones((3, 2)))
    network.backward(np.ones((3, 1)))
    before = getattr(optimizer, name), network.vector.value.copy()
    with pytest.raises(DataError, match=f"{name}.*=") as caught:
        setattr(optimizer, name, bad)
    assert (caught.value.code, caught.value.where) == ("LN401", kind.__name__)
    assert getattr(optimizer, name) == before[0]
    setattr(optimizer, name, before[0])
    with pytest.raises(DataError, match="LN401"):
        kind(network, **{name: bad})
    optimizer.step()
    assert not np.array_equal(network.vector.value, before[1])


def test_the_numbers_of_a_group_are_checked_whenever_they_are_set():
    group = optim.Group(optim.biases_and_norms)
    for name in ("lr_factor", "weight_decay"):
        with pytest.raises(DataError, match=f"LN401 DataError in Group(?s:.)*{name}='a'"):
            setattr(group, name, "a")


@pytest.mark.parametrize("groups", [[1], [optim.Group(optim.biases_and_norms), "a"], 3, "weights"])
def test_groups_are_groups(groups):
    optimizer = optim.SGD(layers.Linear(1))
    with pytest.raises(ContractError, match="LN581 ContractError in SGD"):
        optimizer.groups = groups
    assert len(optimizer.groups) == 1


def test_a_schedule_that_gives_no_number_is_refused_before_anything_has_changed():
    network = layers.Linear(1, seed=0).build(2, dtype="float64")
    optimizer = optim.SGD(network, lr=lambda step: "fast")
    network(np.ones((3, 2)))
    network.backward(np.ones((3, 1)))
    before = network.vector.value.copy()
    with pytest.raises(DataError, match=r"LN404(?s:.)*a learning rate of 'fast'"):
        optimizer.step()
    assert np.array_equal(network.vector.value, before)
    optimizer.lr = 0.1
    optimizer.step()
    assert not np.array_equal(network.vector.value, before)
