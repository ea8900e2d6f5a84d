"""No mistake in a user's layer passes the checks, which say its cause; and no right layer is blamed."""

from __future__ import annotations

import re

import pytest
from awkward_layers import AWKWARD
from mistakes_in_layers import RIGHT, WRONG, X

from lincoln import Loss
from lincoln.check.gradients import gradient_report


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


def test_the_table_is_large():
    assert len(WRONG) >= 80


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", AWKWARD)
def test_no_right_layer_is_blamed_however_awkward(name, seed):
    layer, batch = AWKWARD[name]
    report = gradient_report(layer, batch, batch if isinstance(layer, Loss) else None, seed=seed)
    assert report.ok, str(report)
