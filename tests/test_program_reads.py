"""What a user's layer reads beside its arrays: `Trainer` sees every change of it, and tries nothing that it shares."""

from __future__ import annotations

import itertools
import os
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import pytest

import lincoln as lnc
from lincoln import layers, losses, optim
from lincoln.models import Trainer

CHANGE = 5
"""The step after which a setting is changed."""

ARRAY = np.ones(5, dtype=np.float32)
PAIR = (1.0, 2.0)
TABLE = {"slope": 1.0}
OTHER = layers.ReLU()
STREAM = np.random.default_rng(0)
COUNT = 0


class Options:
    slope = 1.0


def doubled(x: Any) -> Any:
    return x * 2.0


def halved(x: Any) -> Any:
    return x * 0.5


def slope_of_function() -> Any:
    return slope_of_function.slope  # type: ignore[attr-defined]


transform = doubled


class Times(lnc.Layer):
    """y = a f"""

    def factor(self) -> Any:
        return 1.0

    def forward(self, input: Any) -> Any:
        return input * self.factor()

    def backward(self, output_grad: Any) -> Any:
        return output_grad * self.factor()


class OfArray(Times):
    def factor(self) -> Any:
        return ARRAY


class OfPair(Times):
    def factor(self) -> Any:
        return PAIR[0]


class OfGlobalClass(Times):
    def factor(self) -> Any:
        return Options.slope


class OfOtherLayer(Times):
    def factor(self) -> Any:
        return 1.0 if OTHER.training else 0.5


class OfClass(Times):
    slope = 1.0
    table: ClassVar[dict[str, float]] = {"slope": 1.0}

    def factor(self) -> Any:
        return self.slope


class OfClassTable(OfClass):
    def factor(self) -> Any:
        return self.table["slope"]


class OfDefault(Times):
    def factor(self, table: dict[str, float] = TABLE) -> Any:
        return table["slope"]


class OfFunction(Times):
    def factor(self) -> Any:
        return slope_of_function()


class Private(Times):
    def __init__(self) -> None:
        self._slope: Any = 1.0
        self._table = {"slope": 1.0}
        self.gates = np.array([True])

    def factor(self) -> Any:
        return self._slope


class PrivateTable(Private):
    def factor(self) -> Any:
        return self._table["slope"]


class Gated(Private):
    def factor(self) -> Any:
        return 1.0 if self.gates[0] else 0.5


class Transformed(Times):
    def forward(self, input: Any) -> Any:
        return transform(input)

    def backward(self, output_grad: Any) -> Any:
        return transform(output_grad)


class Patched(Times):
    def factor(self) -> Any:
        return 1.0


class OfEnvironment(Times):
    def factor(self) -> Any:
        import os

        return float(os.environ["LINCOLN_TEST_SLOPE"])


def set_globals(**values: Any) -> None:
    globals().update(values)


def set_table(table: dict[str, float], slope: float) -> None:
    table["slope"] = slope


def set_function_slope(_: Any, slope: float) -> None:
    slope_of_function.slope = slope  # type: ignore[attr-defined]


def set_gate(layer: Any, slope: float) -> None:
    layer.gates[0] = slope == 1.0


SETTINGS: list[tuple[type[lnc.Layer], Callable[[Any, float], object]]] = [
    (OfArray, lambda layer, slope: set_globals(ARRAY=np.full(5, slope, dtype=np.float32))),
    (OfPair, lambda layer, slope: set_globals(PAIR=(slope, 2.0))),
    (OfDefault, lambda layer, slope: set_table(TABLE, slope)),
    (OfGlobalClass, lambda layer, slope: setattr(Options, "slope", slope)),
    (OfOtherLayer, lambda layer, slope: OTHER.set_training(slope == 1.0)),
    (OfClass, lambda layer, slope: setattr(OfClass, "slope", slope)),
    (OfClassTable, lambda layer, slope: set_table(OfClass.table, slope)),
    (OfFunction, set_function_slope),
    (Private, lambda layer, slope: setattr(layer, "_slope", slope)),
    (Private, lambda layer, slope: setattr(layer, "_slope", np.float32(slope))),
    (PrivateTable, lambda layer, slope: set_table(layer._table, slope)),
    (Gated, set_gate),
    (Transformed, lambda layer, slope: set_globals(transform=doubled if slope == 1.0 else halved)),
    (Patched, lambda layer, slope: setattr(Patched, "factor", lambda self: slope)),
    (Patched, lambda layer, slope: setattr(layer, "factor", lambda: slope)),
    (OfEnvironment, lambda layer, slope: os.environ.update(LINCOLN_TEST_SLOPE=str(slope))),
]


@pytest.mark.parametrize(("kind", "change"), SETTINGS, ids=lambda part: getattr(part, "__name__", ""))
def test_a_change_of_what_a_layer_reads_is_seen(kind: Any, change: Any) -> None:
    def make() -> lnc.Layer:
        layer: lnc.Layer = kind()
        change(layer, 1.0)
        return layer

    def after_step(layer: Any, step: int) -> None:
        if step == CHANGE:
            change(layer, 0.5)

    both_roads_agree(make, after_step)


def counter(start: Any) -> Callable[[], float]:
    count = start

    def factor() -> float:
        nonlocal count
        count += 1
        return 1.0 + count % 3

    return factor


def iterated() -> Callable[[], float]:
    count = itertools.count()
    return lambda: 1.0 + next(count) % 3


class Drawing(Times):
    """It draws in its way forward alone."""

    def draw(self, shape: Any) -> Any:
        return STREAM.random(shape)

    def forward(self, input: Any) -> Any:
        self.keep(mask=(self.draw(input.shape) < 0.5).astype(input.dtype))
        return input * self.mask

    def backward(self, output_grad: Any) -> Any:
        return output_grad * self.mask


class DrawingFromNumPy(Drawing):
    def draw(self, shape: Any) -> Any:
        return np.random.random(shape)  # noqa: NPY002


class DrawingFromPython(Drawing):
    def draw(self, shape: Any) -> Any:
        return np.full(shape, random.random())


class CountingInModule(Times):
    def factor(self) -> Any:
        global COUNT
        COUNT += 1
        return 1.0 + COUNT % 3


class CountingInClass(Times):
    count = 0

    def factor(self) -> Any:
        type(self).count += 1
        return 1.0 + self.count % 3


class CountingInTable(Times):
    def factor(self) -> Any:
        TABLE["slope"] += 1
        return TABLE["slope"] % 3 + 1


class Held(Times):
    def __init__(self, factor: Any) -> None:
        self.inside = {"factor": factor}

    def factor(self) -> Any:
        return self.inside["factor"]()


SHARED: list[Callable[[], lnc.Layer]] = [
    Drawing,
    DrawingFromNumPy,
    DrawingFromPython,
    CountingInModule,
    CountingInClass,
    CountingInTable,
    lambda: Held(counter(0)),
    lambda: Held(iterated()),
]


@pytest.mark.filterwarnings("ignore::lincoln.exc.GradientWarning")
@pytest.mark.parametrize("make", SHARED, ids=lambda make: make.__name__)
def test_no_trial_changes_what_copies_of_a_layer_share(make: Any) -> None:
    def begin() -> lnc.Layer:
        set_globals(STREAM=np.random.default_rng(0), COUNT=0)
        TABLE["slope"] = 0.0
        CountingInClass.count = 0
        np.random.seed(0)  # noqa: NPY002
        random.seed(0)
        layer: lnc.Layer = make()
        return layer

    trainer = both_roads_agree(begin, lambda layer, step: None)
    assert "a copy would share it" in trainer.notes[0]


class Locked(Times):
    """It holds what cannot be copied."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def factor(self) -> Any:
        with self.lock:
            return 0.5


@pytest.mark.filterwarnings("error")
def test_a_layer_that_cannot_be_copied_trains_without_a_warning() -> None:
    trainer = both_roads_agree(Locked, lambda layer, step: None)
    assert "there is no copy" in trainer.notes[0]


def test_what_a_layer_prints_is_printed_in_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    class Printing(Times):
        def factor(self) -> Any:
            print("asked")
            return 1.0

    printed = []
    for road in (by_trainer, by_own_loop):
        list(road(*small(Printing()), lambda layer, step: None))
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda network, step: setattr(network[1], "rate", np.float32(0.1 * (1 + step % 3))),
        lambda network, step: setattr(network[1], "rng", np.random.default_rng(step)),
    ],
    ids=["a number of NumPy's", "a generator"],
)
def test_settings_of_every_kind_are_seen(change: Any) -> None:
    both_roads_agree(lambda: layers.Dropout(0.5), lambda layer, step: change([None, layer], step))


def test_a_smoothing_that_is_a_number_of_numpys_is_seen() -> None:
    values = []
    for road in (by_trainer, by_own_loop):
        network, _, optimizer = small(layers.ReLU())
        loss = losses.SoftmaxCrossEntropy(network, label_smoothing=0.1)
        change = lambda layer, step: setattr(loss, "label_smoothing", np.float32(0.01 * step))  # noqa: B023, E731
        values.append(list(road(network, loss, optimizer, change)))
    assert values[0] == values[1]


class OnLayerBelow(Times):
    """It changes, or asks, a layer that stands elsewhere in the network."""

    def forward(self, input: Any) -> Any:
        self._below.passes = getattr(self._below, "passes", 0) + 1
        return input * 1.0

    def backward(self, output_grad: Any) -> Any:
        return output_grad * 1.0


class IfFrozen(Times):
    def factor(self) -> Any:
        return 0.5 if self._below.W.frozen else 1.0


@pytest.mark.parametrize("kind", [OnLayerBelow, IfFrozen])
def test_what_a_layer_does_to_another_and_asks_it_is_done_in_every_step(kind: Any) -> None:
    passes = []
    for road in (by_trainer, by_own_loop):
        network, loss, optimizer = small(kind())
        network[1]._below = network[0]
        values = list(road(network, loss, optimizer, lambda layer, step: layer._below.freeze(step % 3 == 0)))
        passes.append((values, getattr(network[0], "passes", 0)))
    assert passes[0] == passes[1]


class Tenth(losses.Loss):
    """A loss that has another one inside."""

    def __init__(self, network: Any) -> None:
        super().__init__(network)
        self.inner = losses.MeanSquaredError(network)

    def forward(self, input: Any, labels: Any, weights: Any = None) -> Any:
        value = self.inner(input, labels)
        self.last_input, self.labels = self.inner.last_input, self.inner.labels
        return value * 0.1

    def gradient(self) -> Any:
        return self.inner.gradient() * 0.1


def test_a_loss_inside_a_loss_is_written_out() -> None:
    network, _, _ = small(layers.ReLU())
    x, _ = next(batches())
    network.build(4)
    program = lnc.program(Tenth(network), x, np.zeros((8, 3), dtype=np.float32))
    assert program.notes == []
    assert "squared_error" in program.source


@pytest.mark.parametrize("weights", [lambda: [2.0, 1.0, 1.0], lambda: np.array([2.0, 1.0, 1.0])], ids=["list", "array"])
def test_weights_of_a_loss_that_are_changed_in_place_are_seen(weights: Any) -> None:
    values = []
    for road in (by_trainer, by_own_loop):
        network, loss, optimizer = small(layers.ReLU())
        given = loss.class_weight = weights()  # type: ignore[attr-defined]
        change = lambda layer, step: given.__setitem__(0, 1.0 + step)  # noqa: B023, E731
        values.append(list(road(network, loss, optimizer, change)))
    assert values[0] == values[1]


# ---------------------------------------------------------------------- two roads


def small(layer: lnc.Layer) -> tuple[lnc.Sequential, losses.Loss, optim.Optimizer]:
    network = lnc.Sequential(layers.Linear(5), layer, layers.Linear(3), seed=0)
    return network, losses.SoftmaxCrossEntropy(network, reduction="mean"), optim.SGD(network, lr=0.1)


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    for _ in range(12):
        yield rng.normal(size=(8, 4)).astype(np.float32), rng.integers(0, 3, size=8)


def by_trainer(network: Any, loss: Any, optimizer: Any, after_step: Any) -> Iterator[float]:
    trainer, values = Trainer(loss, optimizer), []

    def on_step(trainer: Trainer) -> None:
        values.append(loss.total)
        after_step(network[1], trainer.step)

    list(trainer.epochs(list(batches()), on_step=on_step))
    yield from [*values, *network.vector.value]
    network.trainer = trainer


def by_own_loop(network: Any, loss: Any, optimizer: Any, after_step: Any) -> Iterator[float]:
    for number, batch in enumerate(batches(), start=1):
        loss(*batch)
        loss.backward()
        optimizer.step()
        yield loss.total
        after_step(network[1], number)
    yield from network.vector.value


def both_roads_agree(make: Callable[[], lnc.Layer], after_step: Callable[[Any, int], object]) -> Trainer:
    """The values of the loss and the weights, bit for bit."""
    first = small(make())
    values = np.array(list(by_trainer(*first, after_step)))
    assert values.tobytes() == np.array(list(by_own_loop(*small(make()), after_step))).tobytes()
    trainer: Trainer = first[0].trainer
    return trainer
