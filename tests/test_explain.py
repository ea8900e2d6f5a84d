"""`lnc.explain`: every array of a pass, and where a number comes from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from user_layers import Noise, Swish

import lincoln as lnc
from lincoln import exc, layers, losses
from lincoln.examples import LAYERS, LOSSES, LayerExample, LossExample


def check(loss: lnc.Loss, x: np.ndarray, y: np.ndarray) -> None:
    """Each array's number, asked for by its name, is the sum of its terms, or its formula's."""
    everything = lnc.explain(loss, x, y)
    assert len(str(everything).splitlines()) == len(everything.arrays) + 1
    for named in everything.arrays:
        if not named.value.size:
            continue
        index = tuple(size - 1 for size in named.value.shape)
        of = f"{named.name}[{', '.join(map(str, index))}]" if index else named.name
        found = lnc.explain(loss, x, y, of=of)
        assert found.name == named.name
        assert found.index == index
        assert found.value == named.value[index]
        if found.terms:
            assert math.isclose(math.fsum(t.value for t in found.terms), found.value, rel_tol=1e-9, abs_tol=1e-12), of
        assert len(str(found).splitlines()) >= 2


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.name)
def test_every_number_of_every_layer_has_its_origin(case: LayerExample) -> None:
    network = layers.Sequential(case.fresh(), layers.Flatten(), layers.Linear(1), seed=0)
    x = case.batch(case.input)
    network.build(x.shape[1:], dtype="float64") if x.dtype.kind == "f" else network(x)
    check(losses.MeanSquaredError(network), x, np.zeros(len(x)))


@pytest.mark.parametrize("case", LOSSES, ids=lambda case: case.name)
def test_every_number_of_every_loss_has_its_origin(case: LossExample) -> None:
    rng = np.random.default_rng(0)
    network = layers.Sequential(layers.Dense(3, "tanh"), case.network(), seed=0).build(4, dtype="float64")
    check(case.loss(network), rng.normal(size=(5, 4)), case.labels(rng, (5, case.outputs)))


@pytest.mark.parametrize("layer", [Swish, Noise], ids=lambda layer: layer.__name__)
def test_a_user_s_layers_are_explained_or_stay_calls(layer):
    network = layers.Sequential(layers.Linear(3), layer(), layers.Linear(1), seed=0).build(4, dtype="float64")
    check(losses.MeanSquaredError(network), np.random.default_rng(0).normal(size=(5, 4)), np.zeros(5))


def loss_of(*inside: lnc.Layer) -> losses.Loss:
    return losses.MeanSquaredError(layers.Sequential(*inside, layers.Linear(1), seed=0).build(3, dtype="float64"))


X, Y = np.random.default_rng(0).normal(size=(20, 3)), np.zeros(20)


def test_names_are_those_of_the_page_or_paths():
    loss = loss_of(layers.Linear(2), layers.Tanh())
    for same in (
        ["a0[3, 1]", "0.output[3, 1]", "1.last_input[3, 1]", " a0[3,1] "],
        ["0.W[0, 1]", "0.W.grad[0,1]", "dW0[0, -1]"],
    ):
        assert len({str(lnc.explain(loss, X, Y, of=of)) for of in same}) == 1


def test_the_sums_are_those_of_the_pass():
    loss = loss_of(layers.Linear(2), layers.Tanh())
    loss(X, Y)
    loss.backward()
    gradient = lnc.explain(loss, X, Y, of="0.W[2, 1]")
    assert len(gradient.terms) == 20
    np.testing.assert_allclose(gradient.value, loss.network[0].W.grad[2, 1], rtol=1e-12)
    assert "and 8 smaller ones" in str(gradient)
    assert (
        str(lnc.explain(loss, X, Y, of="1.output[0, 0]"))
        .splitlines()[1]
        .startswith("is tanh(a0) there, with a0[0, 0] =")
    )
    twice = layers.Linear(2)
    siamese = loss_of(lnc.Parallel(twice, twice.twin(), combine="add"))
    assert len(lnc.explain(siamese, X, Y, of="0.0.W[0, 0]").terms) == 40


def test_it_changes_nothing():
    loss = loss_of(layers.Linear(2), layers.Dropout(0.5), layers.BatchNorm())
    before = {name: value.copy() for name, value in loss.network.state_dict().items()}
    one = str(lnc.explain(loss, X, Y))
    assert str(lnc.explain(loss, X, Y)) == one
    assert loss.network.output is None
    assert all(np.array_equal(value, before[name]) for name, value in loss.network.state_dict().items())


@pytest.mark.parametrize(
    "of", ["nothing", "a0[20, 0]", "a0[0]", "a0", "a0[0, 0, 0]", "a0[0, x]", "a0[,]", "0.W[3, 0]", "[0]"]
)
def test_what_is_not_there_is_refused(of):
    with pytest.raises(exc.DataError, match=r"LN57[56]") as caught:
        lnc.explain(loss_of(layers.Linear(2)), X, Y, of=of)
    assert "a0" in str(caught.value) or "W" in str(caught.value)


def test_a_bias_is_a_term_of_its_own():
    network = layers.Linear(2, bias_init=lnc.initializers.Constant(0.5), seed=0).build(3, dtype="float64")
    x, y = np.ones((4, 3)), np.zeros((4, 2))
    found = lnc.explain(losses.MeanSquaredError(network), x, y, of="output[1, 0]")
    assert [len(term.factors) for term in found.terms] == [2, 2, 2, 1]
    assert found.terms[-1].value == 0.5
    assert math.fsum(term.value for term in found.terms) == pytest.approx(found.value)


def test_a_path_means_one_array():
    loss = loss_of(layers.Linear(2), layers.Tanh())
    found = lnc.explain(loss, X, Y)
    for path in {path for named in found.arrays for path in named.paths}:
        assert sum(path in named.paths for named in found.arrays) == 1, path
    assert lnc.explain(loss, X, Y, of="last_input[0, 1]").value == X[0, 1]
    assert lnc.explain(loss, X, Y, of="loss.last_input[0, 0]").name == "a2"
