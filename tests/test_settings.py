"""Settings are checked whenever they are set: what a constructor refuses, an assignment refuses too."""

import inspect
import math

import numpy as np
import pytest

import lincoln as lnc
from lincoln.exc import LincolnError
from lincoln.layers import Linear

NAN = math.nan
WRONG = {  # every setting that is checked: values that it cannot be
    "alpha": [NAN, "a"],
    "batch_size": [0, -3, 2.5, "a"],
    "betas": [0.9, (0.9, 1.5)],
    "class_weight": [[-1.0, 2.0, 3.0], [NAN, 2.0], 2.0, "x"],
    "clip_norm": [0, NAN],
    "clip_value": [-1, "a"],
    "cooldown": [-1, 0.5],
    "decay": [1.5, -1, NAN, "a"],
    "delta": [-1.0, 0.0, NAN, "a"],
    "div_factor": [0.5, NAN],
    "eps": [-5.0, 0.0, NAN, "a"],
    "factor": [3.0, NAN],
    "final_div_factor": [0.5, "a"],
    "final_lr": [3.0, -1.0],
    "gamma": [-2.0, NAN, "a"],
    "label_smoothing": [1.5, -0.5, NAN, "x"],
    "lr": [-1, NAN, "a"],
    "lr_factor": [-1, NAN],
    "min_delta": [-1.0, NAN, "a"],
    "min_lr": [3.0, -1.0],
    "momentum": [2.0, NAN, "a"],
    "nesterov": [True],
    "patience": [-1, "a"],
    "pct_start": [2.0, NAN],
    "positive_weight": [-1.0, 0.0, NAN, [1.0, -2.0], None, "2"],
    "q": [1.5, 0.0, "a"],
    "rate": [1.5, -1.0, 1.0, NAN, "a"],
    "reduction": ["avg", "none", None],
    "slope": [NAN, "a"],
    "step_size": [0, 1.5],
    "steps": [0, 2.5],
    "threshold": [-1, 1.0],
    "warmup": [10, -1],
    "weight_decay": [-1, NAN],
}
NEEDED = {  # what a constructor must be given beside a network
    lnc.optim.StepDecay: {"step_size": 5},
    lnc.optim.ExponentialDecay: {"gamma": 0.9},
    lnc.optim.CosineDecay: {"steps": 10},
    lnc.optim.OneCycle: {"steps": 10},
}


def checked_classes():
    known = [lnc.data.DataLoader, lnc.models.EarlyStopping]
    for module in (lnc.losses, lnc.layers, lnc.optim):
        known += [kind for _, kind in inspect.getmembers(module, inspect.isclass) if getattr(kind, "_settings", None)]
    return [kind for kind in known if kind not in (lnc.losses.Loss, lnc.losses.Custom, lnc.optim.Optimizer)]


def make(kind, **options):
    options = NEEDED.get(kind, {}) | options
    if issubclass(kind, lnc.data.DataLoader):
        return kind((np.zeros((4, 2)), np.zeros(4)), **options)
    if issubclass(kind, lnc.optim.Schedule):
        return kind(**{"lr": 0.1} | options)
    if kind is lnc.optim.Group:
        return kind(lnc.optim.biases_and_norms, **options)
    if "network" in inspect.signature(kind).parameters:
        return kind(Linear(3, seed=0), **options)
    return kind(**options)


CASES = [(kind, name) for kind in checked_classes() for name in kind._settings]


@pytest.mark.parametrize(("kind", "name"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_what_a_constructor_refuses_a_later_change_refuses_too(kind, name):
    for wrong in WRONG[name]:
        with pytest.raises(LincolnError) as constructed:
            make(kind, **{name: wrong})
        owner = make(kind)
        before = getattr(owner, name)
        with pytest.raises(LincolnError) as changed:
            setattr(owner, name, wrong)
        assert changed.value.code == constructed.value.code
        assert changed.value.where == kind.__name__
        assert getattr(owner, name) is before


def test_settings_that_depend_on_each_other_are_checked_together():
    rule = lnc.optim.SGD(Linear(1), momentum=0.9, nesterov=True)
    with pytest.raises(lnc.exc.DataError, match="LN410"):
        rule.momentum = 0.0
    schedule = lnc.optim.CosineDecay(0.1, steps=10, warmup=5)
    with pytest.raises(lnc.exc.DataError, match="LN403"):
        schedule.steps = 5


def test_a_change_is_kept_in_the_form_that_the_constructor_gives():
    loss = lnc.losses.SoftmaxCrossEntropy(Linear(2))
    loss.class_weight = np.array([1, 2])
    assert loss.class_weight == (1.0, 2.0)
