"""Learning rate schedules: PyTorch's values, and the places where ours differ on purpose."""

import json
import math
from pathlib import Path

import pytest

from lincoln import layers, optim
from lincoln.exc import DataError

FIXTURE = json.loads((Path(__file__).parent / "fixtures" / "optim.json").read_text())


def rates_seen(schedule, losses):
    """The rate after each of the losses."""
    rates = []
    for loss in losses:
        schedule.observe(loss)
        rates.append(schedule(0))
    return rates


@pytest.mark.parametrize("case", FIXTURE["schedules"])
def test_the_rates_are_pytorch_s(case):
    name, expected = case.partition(" ")[0], FIXTURE["schedules"][case]
    schedule = getattr(optim, name)(**expected["options"])
    assert [schedule(step) for step in range(30)] == pytest.approx(expected["rates"], rel=1e-9, abs=1e-15)


def test_reduce_on_plateau_is_pytorch_s():
    expected = FIXTURE["plateau"]
    schedule = optim.ReduceOnPlateau(**expected["options"])
    assert rates_seen(schedule, expected["losses"]) == pytest.approx(expected["rates"], rel=1e-12)


def test_every_public_schedule_is_tested_here():
    public = {name for name in optim.__all__ if isinstance(getattr(optim, name), type)}
    schedules = {name for name in public if issubclass(getattr(optim, name), optim.Schedule)}
    tested = {case.partition(" ")[0] for case in FIXTURE["schedules"]}
    assert schedules == tested | {"Schedule", "Constant", "ReduceOnPlateau"}


def test_a_constant_stays():
    assert {optim.Constant(0.1)(step) for step in (0, 1, 10**6)} == {0.1}


def test_the_steps_of_an_exponential_decay_share_its_factor():
    schedule = optim.ExponentialDecay(0.4, gamma=0.5, steps=10)
    assert [schedule(step) for step in (0, 5, 10)] == pytest.approx([0.4, 0.4 * math.sqrt(0.5), 0.2])


def test_the_first_step_of_a_warm_up_already_learns():
    schedule = optim.CosineDecay(0.4, steps=100, warmup=3)
    assert [schedule(step) for step in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_cosine_stays_at_its_end_where_pytorch_s_rises_again():
    schedule = optim.CosineDecay(0.4, steps=10, final_lr=0.01)
    assert [schedule(10), schedule(11), schedule(1000)] == [0.01, 0.01, 0.01]


def test_one_cycle_stays_at_its_end_where_pytorch_raises():
    schedule = optim.OneCycle(0.4, steps=10)
    assert schedule(10) == schedule(9) == pytest.approx(0.4 / 25 / 1e4)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7])
def test_one_cycle_of_few_steps_stays_between_its_ends(steps):
    schedule = optim.OneCycle(0.4, steps=steps)
    assert all(0.0 < schedule(step) <= 0.4 for step in range(steps + 2))


def test_a_gain_below_zero_is_measured_by_the_size_of_the_best_where_pytorch_s_is_not():
    schedule = optim.ReduceOnPlateau(0.4, patience=0, threshold=0.1, factor=0.5)
    schedule.observe(-1.0)
    schedule.observe(-0.95)
    assert schedule(0) == 0.2


def test_a_loss_that_is_no_number_is_no_gain():
    schedule = optim.ReduceOnPlateau(0.4, patience=0, factor=0.5)
    schedule.observe(1.0)
    schedule.observe(math.nan)
    assert schedule(0) == 0.2


def test_a_plateau_from_the_first_value_on_needs_a_finite_best():
    schedule = optim.ReduceOnPlateau(0.4, patience=0, factor=0.5)
    schedule.observe(math.inf)
    schedule.observe(1.0)
    assert (schedule(0), schedule.state_dict()["best"]) == (0.2, 1.0)


def test_a_schedule_goes_on_from_its_state_dict():
    first = optim.ReduceOnPlateau(0.4, patience=1, factor=0.5, cooldown=1)
    second = optim.ReduceOnPlateau(0.4, patience=1, factor=0.5, cooldown=1)
    losses = FIXTURE["plateau"]["losses"]
    rates_seen(first, losses[:9])
    second.load_state_dict(first.state_dict())
    assert rates_seen(second, losses[9:]) == rates_seen(first, losses[9:])
    assert second.state_dict() == first.state_dict()


def test_an_optimizer_passes_on_what_it_observes():
    optimizer = optim.SGD(layers.Linear(1), lr=optim.ReduceOnPlateau(0.4, patience=0, factor=0.5))
    optimizer.observe(1.0)
    optimizer.observe(1.0)
    assert optimizer.learning_rate == 0.2


def test_an_optimizer_without_a_schedule_observes_nothing():
    optimizer = optim.SGD(layers.Linear(1), lr=0.1)
    optimizer.observe(1.0)
    assert optimizer.learning_rate == 0.1


def test_a_schedule_shows_how_it_was_made():
    assert repr(optim.CosineDecay(0.1, steps=100, warmup=10)) == "CosineDecay(0.1, steps=100, warmup=10)"


@pytest.mark.parametrize(
    ("schedule", "options", "saw"),
    [
        (optim.Constant, {"lr": 0.0}, "lr=0.0"),
        (optim.Constant, {"lr": math.nan}, "lr=nan"),
        (optim.StepDecay, {"lr": 0.1, "step_size": 0}, "step_size=0"),
        (optim.StepDecay, {"lr": 0.1, "step_size": 2.5}, "step_size=2.5"),
        (optim.StepDecay, {"lr": 0.1, "step_size": 2, "gamma": 1.5}, "gamma=1.5"),
        (optim.ExponentialDecay, {"lr": 0.1, "gamma": 0.0}, "gamma=0.0"),
        (optim.ExponentialDecay, {"lr": 0.1, "gamma": 0.9, "steps": True}, "steps=True"),
        (optim.CosineDecay, {"lr": 0.1, "steps": 0}, "steps=0"),
        (optim.CosineDecay, {"lr": 0.1, "steps": 5, "final_lr": 0.2}, "final_lr=0.2"),
        (optim.CosineDecay, {"lr": 0.1, "steps": 5, "warmup": -1}, "warmup=-1"),
        (optim.CosineDecay, {"lr": 0.1, "steps": 5, "warmup": 5}, "warmup=5, steps=5"),
        (optim.OneCycle, {"lr": 0.1, "steps": -1}, "steps=-1"),
        (optim.OneCycle, {"lr": 0.1, "steps": 5, "pct_start": 1.0}, "pct_start=1.0"),
        (optim.OneCycle, {"lr": 0.1, "steps": 5, "div_factor": 0.5}, "div_factor=0.5"),
        (optim.OneCycle, {"lr": 0.1, "steps": 5, "final_div_factor": 0.5}, "final_div_factor=0.5"),
        (optim.ReduceOnPlateau, {"lr": 0.1, "factor": 1.0}, "factor=1.0"),
        (optim.ReduceOnPlateau, {"lr": 0.1, "patience": -1}, "patience=-1"),
        (optim.ReduceOnPlateau, {"lr": 0.1, "threshold": -1.0}, "threshold=-1.0"),
        (optim.ReduceOnPlateau, {"lr": 0.1, "cooldown": None}, "cooldown=None"),
        (optim.ReduceOnPlateau, {"lr": 0.1, "min_lr": 0.5}, "min_lr=0.5"),
    ],
)
def test_an_option_outside_its_range_is_refused(schedule, options, saw):
    with pytest.raises(DataError) as caught:
        schedule(**options)
    assert (caught.value.saw, caught.value.where) == (saw, schedule.__name__)
    assert caught.value.fix


def test_a_plateau_that_cools_down_goes_on_cooling_after_it_was_saved():
    first, second = (optim.ReduceOnPlateau(1.0, factor=0.5, patience=0, cooldown=3) for _ in range(2))
    for value in (1.0, 2.0):  # the second is no better: the rate falls, and three values do not count
        first.observe(value)
    second.load_state_dict(first.state_dict())
    for value in (3.0, 3.0, 3.0, 3.0):
        first.observe(value)
        second.observe(value)
        assert (second(0), second.state_dict()) == (first(0), first.state_dict())
