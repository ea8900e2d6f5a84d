"""No mistake in a user's layer passes the checks, which say its cause; and no right layer is blamed."""

from __future__ import annotations

import copy
import inspect
import re

import numpy as np
import pytest
from awkward_layers import AWKWARD
from mistakes_in_layers import OVERFLOWING, RIGHT, WRONG, Curve, GradMaskedInPlace, LabelsCentered, X

from lincoln import Loss
from lincoln.check import causes, suspects
from lincoln.check.contract_suite import contract_report
from lincoln.check.gradients import gradient_report
from lincoln.layers import Linear, Residual, Sequential


def names(rows):
    return [f"{type(row[0] if isinstance(row, tuple) else row.layer).__name__}-{i}" for i, row in enumerate(rows)]


def without_places(text):
    return re.sub(r"\[[\d, ]*\] is wrong", " is wrong", text)


@pytest.mark.parametrize("case", WRONG, ids=names(WRONG))
def test_a_mistake_is_found_and_its_cause_is_named(case):
    report = gradient_report(case.layer, case.batch, case.labels)
    assert not report.ok
    assert case.words in without_places(str(report)), str(report)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("layer", "input"), RIGHT, ids=names(RIGHT))
def test_the_layers_that_the_wrong_ones_change_are_right(layer, input, seed):
    report = gradient_report(layer, X if input is None else input, seed=seed)
    assert report.ok, str(report)


def test_every_cause_that_can_be_told_has_a_wrong_layer():
    source = "".join(inspect.getsource(module) for module in (causes, suspects))
    known = set(re.findall(r'f?"([a-z][a-z_ ,]*?): ', source)) - {"no known pattern", "i"}
    told = " ".join(case.words for case in WRONG)
    assert len(known) >= 20
    assert {cause for cause in known if cause not in told} == set()


def test_the_tables_are_large():
    assert len(WRONG) >= 80
    assert len(RIGHT) + len(AWKWARD) >= 40


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", AWKWARD)
def test_no_right_layer_is_blamed_however_awkward(name, seed):
    layer, batch = AWKWARD[name]
    report = gradient_report(layer, batch, batch if isinstance(layer, Loss) else None, seed=seed)
    assert report.ok, str(report)


@pytest.mark.parametrize("layer", OVERFLOWING, ids=repr)
def test_a_layer_that_overflows_in_float32_is_told_by_the_contract(layer):
    assert gradient_report(layer, X).ok
    (problem,) = [problem for _, problem in contract_report(layer, X.shape, input=X).rows if problem]
    assert problem == "the output overflows in float32 at an input of 100, where float64 gives a number"


def test_a_right_layer_of_large_numbers_does_not_overflow():
    exponential, _ = AWKWARD["an exponential"]
    assert contract_report(exponential, X.shape, input=X).ok
    assert contract_report(Curve(), X.shape, input=X).ok


def test_a_layer_with_two_outputs_keeps_the_contract():
    layer, batch = AWKWARD["two outputs"]
    report = contract_report(layer, batch.shape, input=batch)
    assert report.ok, str(report)


@pytest.mark.parametrize("case", [case for case in WRONG if not isinstance(case.layer, Loss)], ids=lambda c: c.name)
def test_what_the_check_is_given_stays_as_it_is(case):
    kept = copy.deepcopy(case.batch)
    gradient_report(case.layer, case.batch)
    np.testing.assert_equal(case.batch, kept)


def test_labels_stay_as_they_are():
    labels = X[:, :2] + 1
    kept = labels.copy()
    assert not gradient_report(LabelsCentered(Linear(2)), X, labels).ok
    np.testing.assert_array_equal(labels, kept)


def test_a_change_in_place_between_layers_is_named_as_what_it_is():
    report = gradient_report(Residual(GradMaskedInPlace()), X)
    assert report.rows == []
    assert str(report).splitlines()[1:] == [
        "layer 0, GradMaskedInPlace(): backward changes output_grad in place, which other layers may still need: "
        "output_grad = output_grad * 2 makes a new array, output_grad *= 2 does not"
    ]


def test_the_rows_of_a_network_point_to_the_layer_at_fault():
    (case,) = [case for case in WRONG if "layer 1.1" in case.words]
    report = gradient_report(case.layer, case.batch)
    assert {row.cause for row in report.rows if not row.ok} == {"the fault in layer 1.1, see below"}
    ((place, inner),) = report.layers
    assert place == "1.1"
    assert [row.cause.partition(":")[0] for row in inner.rows] == ["a mask that is always on"]


def test_two_layers_at_fault_are_both_named():
    wrong = [case.layer for case in WRONG if case.name in ("MaskInverted", "GradPassedOn")]
    report = gradient_report(Sequential(Linear(3), *wrong, Linear(2)), X)
    assert [place for place, _ in report.layers] == ["1", "2"]


def test_an_ordinary_layer_is_checked_in_a_moment():
    calls = []

    class Counting(Curve):
        def forward(self, input):
            calls.append(1)
            return super().forward(input)

    assert gradient_report(Counting(), X).ok
    assert len(calls) < 400
