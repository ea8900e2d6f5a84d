"""Whatever the parameters: the numbers are scikit-learn's to 1e-9, where its own parameters are used."""

from __future__ import annotations

import os

import pytest
import sklearn

if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9):
    pytest.skip("the numbers are those of scikit-learn 1.9", allow_module_level=True)

from sklearn_draws import KINDS, CappedError, differences, draw


def unlike(seeds: range) -> tuple[dict[int, list[str]], int]:
    """The draws in which something differs, and how many were not compared."""
    found, capped = {}, 0
    for seed in seeds:
        try:
            found[seed] = differences(draw(seed))
        except CappedError:
            capped += 1
    return {seed: names for seed, names in found.items() if names}, capped


def test_twenty_draws_of_parameters_are_scikit_learns():
    assert unlike(range(20)) == ({}, 0)


@pytest.mark.big
@pytest.mark.parametrize("start", range(20, int(os.environ.get("LINCOLN_DRAWS", "200")), 60))
def test_hundreds_of_draws_of_parameters_are_scikit_learns(start):
    found, capped = unlike(range(start, start + 60))
    assert found == {}
    assert capped < 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("alpha", 0.2), ("epsilon", 1e-5), ("shuffle", False), ("beta_1", 0.8), ("validation_fraction", 0.3)],
)
def test_a_comparison_sees_one_parameter_that_is_not_the_same(name, value, monkeypatch):
    case = draw(3)
    case.parameters |= {"solver": "adam", "early_stopping": True, "shuffle": True, "batch_size": 16, "epsilon": 1e-8}
    case.way = "fit"
    assert not differences(case)
    train = type(case)._train
    changed = lambda self, model, ours: train(self, model.set_params(**{name: value}) if ours else model, ours)  # noqa: E731
    monkeypatch.setattr(type(case), "_train", changed)
    assert differences(case)


def test_draws_are_of_every_kind():
    kinds, ways = zip(*((case.kind, case.way) for case in map(draw, range(500))), strict=True)
    assert set(kinds) == set(KINDS)
    assert set(ways) == {"fit", "partial_fit", "fit then partial_fit", "warm_start"}
