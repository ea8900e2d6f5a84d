"""The program of a network: what it says is what the layers do, to the last bit, on every road through a step."""

from __future__ import annotations

import copy
import gc
import json
import linecache
import os
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import LAYER_CASES, LOSS_CASES, Case, LossCase

import lincoln as lnc
from lincoln import layers, losses, optim
from lincoln.models import Trainer
from lincoln.programs import FUSIONS, Runner

Batch = tuple[Any, ...]
Make = Callable[[], tuple[losses.Loss, optim.Optimizer]]
STEPS = 20


class Swish(lnc.Layer):
    """y = a σ(a), the README's layer"""

    def forward(self, input: Any) -> Any:
        return input / (1 + np.exp(-input))

    def backward(self, output_grad: Any) -> Any:
        s = 1 / (1 + np.exp(-self.last_input))
        return output_grad * s * (1 + self.last_input * (1 - s))


# ---------------------------------------------------------------------- four roads through a training step


def by_trainer(loss: losses.Loss, optimizer: optim.Optimizer, batches: list[Batch]) -> Iterator[float]:
    trainer, values = Trainer(loss, optimizer), []
    for _ in trainer.epochs(batches, on_step=lambda t: values.append(t.loss.total)):
        pass
    yield from values
    assert trainer.notes == []


def by_own_loop(loss: losses.Loss, optimizer: optim.Optimizer, batches: list[Batch]) -> Iterator[float]:
    for batch in batches:
        loss(*batch)
        loss.backward()
        optimizer.step()
        yield loss.total


def by_recording(loss: losses.Loss, optimizer: optim.Optimizer, batches: list[Batch]) -> Iterator[float]:
    with lnc.recording():
        yield from list(by_own_loop(loss, optimizer, batches))


def by_program(loss: losses.Loss, optimizer: optim.Optimizer, batches: list[Batch]) -> Iterator[float]:
    programs: dict[int, Any] = {}
    for batch in batches:
        size = len(batch[1])
        if size not in programs:
            programs[size] = lnc.program(loss, *batch, optimizer=optimizer)
        programs[size](*batch)
        yield loss.total


ROADS = [by_trainer, by_own_loop, by_recording, by_program]


def all_roads_agree(make: Make, batches: list[Batch]) -> None:
    """Losses, weights, buffers and what the layers hold afterwards, bit for bit."""
    first: Any = None
    for road in ROADS:
        loss, optimizer = make()
        loss.network.build(_example(batches[0][0]), dtype=str(_first(batches[0][0]).dtype))
        with np.errstate(all="ignore"):
            values = list(road(loss, optimizer, batches))
        given = {
            "losses": np.array(values),
            **loss.network.state_dict(),
            **{f"recorded {i} {n}": v for i, layer in enumerate(walk(loss.network)) for n, v in recorded(layer)},
        }
        first = first or given
        assert given.keys() == first.keys()
        for name, value in given.items():
            assert value.dtype == first[name].dtype, name
            assert value.tobytes() == first[name].tobytes(), f"{name} by {road.__name__}"


def walk(layer: lnc.Layer) -> Iterator[lnc.Layer]:
    yield layer
    for _, child in layer.children():
        yield from walk(child)


def recorded(layer: lnc.Layer) -> Iterator[tuple[str, np.ndarray]]:
    """What a pass leaves, beside what only `recording` keeps."""
    for name, value in vars(layer).items():
        if isinstance(value, np.ndarray) and name not in ("output_grad", "input_grad"):
            yield name, value


def _first(x: Any) -> np.ndarray:
    return x[0] if isinstance(x, tuple) else x


def _example(x: Any) -> tuple[int, ...]:
    return _first(x).shape[1:]


# ---------------------------------------------------------------------- the whole table


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", LAYER_CASES, ids=lambda case: case.name)
def test_every_layer_gives_the_same_bits_on_every_road(case: Case, dtype: str) -> None:
    batches = list(layer_batches(case, dtype))

    def make() -> tuple[losses.Loss, optim.Optimizer]:
        network = layers.Sequential(case.fresh(), layers.Flatten(), layers.Linear(2), seed=0)
        return losses.SoftmaxCrossEntropy(network, reduction="mean"), optim.Adam(network, lr=0.01)

    all_roads_agree(make, batches)


@pytest.mark.parametrize("case", [c for c in LAYER_CASES if len(c.input) == 2], ids=lambda case: case.name)
def test_every_layer_gives_the_same_bits_with_a_layer_that_learns_below_it(case: Case) -> None:
    if case.covers == "ColumnEmbedding":
        pytest.skip("it takes numbers of categories, which no layer below it gives")
    batches = list(layer_batches(case, "float32"))

    def make() -> tuple[losses.Loss, optim.Optimizer]:
        below = layers.Dense(case.input[-1], "tanh")
        network = layers.Sequential(below, case.fresh(), layers.Flatten(), layers.Linear(1), seed=0)
        return losses.MeanSquaredError(network), optim.SGD(network, lr=0.01, momentum=0.9)

    all_roads_agree(make, batches)


def layer_batches(case: Case, dtype: str) -> Iterator[Batch]:
    """The last batch of an epoch is smaller."""
    for step in range(STEPS):
        size = case.input[0] if step % 4 < 3 else max(case.input[0] - 1, 1)
        x = case.batch((size, *case.input[1:]), seed=step).astype(dtype)
        yield x, np.random.default_rng(step).integers(0, 2, size)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("case", LOSS_CASES, ids=lambda case: case.name)
def test_every_loss_gives_the_same_bits_on_every_road(
    case: LossCase, reduction: str, weighted: bool, dtype: str
) -> None:
    rng = np.random.default_rng(0)
    batches = []
    for step in range(STEPS):
        size = 5 if step % 4 < 3 else 3
        x = rng.normal(size=(size, 4)).astype(dtype)
        labels = case.labels(rng, (size, case.outputs))
        batches.append((x, labels, rng.integers(0, 3, size).astype(float) + 0.5) if weighted else (x, labels))

    def make() -> tuple[losses.Loss, optim.Optimizer]:
        network = layers.Sequential(layers.Dense(6, "tanh"), case.network(), seed=0)
        return case.loss(network, reduction=reduction), optim.SGD(network, lr=0.001)

    all_roads_agree(make, batches)


def test_the_table_holds_without_the_kernels() -> None:
    """The same tests, in a process without compiled kernels."""
    if os.environ.get("LINCOLN_KERNELS") == "off":
        pytest.skip("this is that process")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "same_bits and float32"],
        env={**os.environ, "LINCOLN_KERNELS": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


# ---------------------------------------------------------------------- one network


def small(*inner: lnc.Layer, seed: int = 0) -> lnc.Sequential:
    return lnc.Sequential(layers.Linear(6), *inner, layers.Linear(2), seed=seed)


def batches_of(*sizes: int, seed: int = 0) -> list[Batch]:
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(n, 3)).astype(np.float32), rng.integers(0, 2, n)) for n in sizes]


def both_roads(
    make: Callable[[], lnc.Layer], batches: list[Batch], meddle: Callable[[lnc.Layer, int], object] = lambda n, i: None
) -> tuple[Trainer, np.ndarray, np.ndarray]:
    """Weights after training by Trainer and by one's own loop; ``meddle`` is called after each step."""
    network = make()
    loss = losses.SoftmaxCrossEntropy(network, reduction="mean")
    trainer = Trainer(loss, optim.SGD(network, lr=0.1))
    count = iter(range(len(batches)))
    for _ in trainer.epochs(batches, on_step=lambda _: meddle(network, next(count))):
        pass
    other = make()
    loss = losses.SoftmaxCrossEntropy(other, reduction="mean")
    optimizer = optim.SGD(other, lr=0.1)
    for index, batch in enumerate(batches):
        loss(*batch)
        loss.backward()
        optimizer.step()
        meddle(other, index)
    return trainer, network.vector.value, other.vector.value


def test_a_program_reads_as_a_page() -> None:
    network = lnc.Sequential(lnc.Dense(10, "relu"), layers.Linear(5), Swish(), layers.Linear(2), seed=0)
    loss = losses.SoftmaxCrossEntropy(network, reduction="mean")
    x, y = batches_of(8)[0]
    page = str(lnc.program(loss, x, y))
    lines = [line.split("  #")[0].strip() for line in page.splitlines()]
    assert "a0, r1 = linear_relu(x, W0, B0)" in lines
    assert "y3 = a2 / (1 + np.exp(-a2))" in lines
    assert "weight_grad(x, da0, out=dW0)" in lines
    assert not any(line.startswith("dx") for line in lines)  # nobody uses the first layer's input gradient
    assert "# (8, 5)  2 Swish, backward" in page
    assert all(len(line) <= 140 for line in page.splitlines() if "leave" not in line)


def test_the_lines_are_what_trainer_runs() -> None:
    network, seen = small(layers.ReLU()), []

    def look(frame: Any, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename.startswith("<program"):
            seen.append(frame.f_lineno)
            return look
        return None

    batches = batches_of(4, 4, 4)
    loss = losses.SoftmaxCrossEntropy(network)
    trainer = Trainer(loss, optim.SGD(network))
    sys.settrace(look)
    try:
        list(trainer.epochs(batches))
    finally:
        sys.settrace(None)
    lines = lnc.program(loss, *batches[0]).source.splitlines()
    executed = {number for number, line in enumerate(lines, 1) if number > 1 and "global" not in line}
    assert {n for n in seen if n > 1} == executed


def test_a_traceback_shows_the_line_and_names_the_layer() -> None:
    loss = losses.SoftmaxCrossEntropy(small(), reduction="mean")
    trainer = Trainer(loss, optim.SGD(loss.network))
    (x, y), *rest = batches_of(4, 4, 4)
    with pytest.raises(lnc.exc.DataError, match="labels from 0 to 7") as caught:
        list(trainer.epochs([(x, y), *rest, (x, np.array([0, 7, 1, 1]))]))
    shown = "".join(traceback.format_exception(caught.value))
    assert "check_classes" in shown
    assert "SoftmaxCrossEntropy" in caught.value.__notes__[-1]


def test_the_calls_give_names_shapes_and_values() -> None:
    network = small(layers.Tanh())
    loss = losses.SoftmaxCrossEntropy(network, reduction="mean")
    x, y = batches_of(4)[0]
    program = lnc.program(loss, x, y, values=True)
    loss(x, y)
    tanh = next(call for call in program.calls if call.function == "tanh")
    assert (tanh.operands, tanh.results, tanh.shapes) == (("a0",), ("t1",), ((4, 6),))
    assert (tanh.layer, tanh.direction) == ("1 Tanh", "forward")
    assert np.array_equal(tanh.values[0], network[1].output)
    assert all(call.values is None for call in lnc.program(loss, x, y).calls)


def test_the_data_form_is_json() -> None:
    loss = losses.MeanSquaredError(lnc.Sequential(layers.Linear(2), Swish(), layers.Linear(1), seed=0))
    x = np.ones((3, 2))
    data = json.loads(json.dumps(lnc.program(loss, x, np.zeros(3)).to_data()))
    assert data["format"] == 1
    assert data["inputs"] == ["x", "y"]
    assert {"text", "function", "operands", "results", "shapes", "layer", "direction"} == set(data["calls"][0])
    assert [call["function"] for call in data["calls"][:3]] == ["linear", "neg", "exp"]
    assert {"layer": "1 Swish", "attribute": "output", "value": "y1"} in data["left"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_to_numpy_prints_the_same_loss_and_gradients(tmp_path: Any, dtype: str) -> None:
    code = f"""
import sys
import numpy as np, lincoln as lnc
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_programs import Swish
network = lnc.Sequential(
    lnc.Dense(8, "relu"), lnc.layers.BatchNorm(), lnc.layers.Dropout(0.3), lnc.layers.Linear(5), Swish(),
    lnc.layers.LayerNorm(), lnc.Residual(lnc.Dense(5, "gelu")), lnc.layers.Linear(3), seed=0)
loss = lnc.losses.SoftmaxCrossEntropy(network, label_smoothing=0.1, reduction="mean")
rng = np.random.default_rng(0)
x, y = rng.normal(size=(6, 4)).astype("{dtype}"), rng.integers(0, 3, 6)
lnc.program(loss, x, y).to_numpy(r"{tmp_path}/step.py")
print("loss", loss(x, y))
loss.backward()
for _, parameter in network.named_parameters():
    print(parameter.grad.tolist())
"""
    ours = run_python("-c", code, LINCOLN_KERNELS="off")
    theirs = run_python(str(tmp_path / "step.py"))
    assert "lincoln" not in (tmp_path / "step.py").read_text().split("def step")[1]
    assert sorted(strip_name(ours)) == sorted(strip_name(theirs))


def test_to_numpy_begins_where_the_program_began(tmp_path: Any) -> None:
    network = lnc.Sequential(lnc.layers.BatchNorm(scale=False, shift=False), lnc.layers.Linear(2), seed=0).build(3)
    before = network.state_dict()
    x, y = batches_of(4)[0]
    lnc.program(losses.SoftmaxCrossEntropy(network), x, y).to_numpy(tmp_path / "step.py")
    with np.load(tmp_path / "step.npz") as numbers:
        saved = [numbers[name] for name in numbers]
    for name in ("0.running_mean", "0.running_var"):
        assert any(np.array_equal(before[name], array) for array in saved), name


def run_python(*arguments: str, **env: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def strip_name(lines: list[str]) -> list[str]:
    return [line[line.index("[") :] if "[" in line else line for line in lines]


@pytest.mark.parametrize("fusion", FUSIONS, ids=lambda fusion: fusion.fused.__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 10), (128, 128), (7, 1)])
def test_a_fusion_gives_the_bits_of_the_two_calls(fusion: Any, dtype: str, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    n, m = shape
    a = rng.normal(size=(n, 4)).astype(dtype), rng.normal(size=(4, m)).astype(dtype), rng.normal(size=m).astype(dtype)
    if fusion.into:
        r, g = (rng.normal(size=shape).astype(dtype) for _ in range(2))
        first = fusion.first(r, g)
        out = np.empty(m, dtype)
        assert np.array_equal(fusion.fused(r, g, out=out), first)
        assert np.array_equal(out, fusion.second(first))
    else:
        first = fusion.first(*a)
        given = fusion.fused(*a)
        assert np.array_equal(given[0], first)
        assert np.array_equal(given[1], fusion.second(first))


# ---------------------------------------------------------------------- kinds of batch, settings, structure


def test_the_last_smaller_batch_and_changing_lengths() -> None:
    trainer, by_program, by_loop = both_roads(lambda: small(layers.ReLU()), batches_of(4, 4, 3, 4, 3, 5, 4, 5, 3))
    assert np.array_equal(by_program, by_loop)
    assert trainer.notes == []


def test_more_kinds_of_batch_than_programs_go_through_the_layers() -> None:
    _, by_program, by_loop = both_roads(lambda: small(layers.ReLU()), batches_of(*range(1, 30), *range(1, 30)))
    assert np.array_equal(by_program, by_loop)


def test_other_dtypes_and_layouts_are_other_kinds() -> None:
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(4, 6)).astype(np.float32)
    batches = batches_of(4, 4) + [(wide[:, ::2], np.array([0, 1, 0, 1], dtype=np.int32))] * 3
    batches += [(np.arange(12).reshape(4, 3), np.array([[0], [1], [0], [1]]))] * 3
    batches += [(wide[:, :3].astype(np.float64), [0, 1, 1, 0])] * 2
    _, by_program, by_loop = both_roads(lambda: small(layers.Tanh()), batches)
    assert np.array_equal(by_program, by_loop)


def test_a_changed_mode_is_seen() -> None:
    def meddle(network: Any, index: int) -> None:
        if index == 3:
            network[1].eval()
        if index == 6:
            network[1].train()

    _, by_program, by_loop = both_roads(lambda: small(layers.Dropout(0.5)), batches_of(*[4] * 10), meddle)
    assert np.array_equal(by_program, by_loop)


def test_changed_settings_of_layers_are_seen() -> None:
    def meddle(network: Any, index: int) -> None:
        network[1].rate = 0.1 + 0.05 * index
        network[2].slope = 0.5 if index % 2 else 0.25
        network[3].momentum = 0.5 if index > 4 else 0.1

    def make() -> lnc.Layer:
        return small(layers.Dropout(0.5), layers.LeakyReLU(0.1), layers.BatchNorm())

    _, by_program, by_loop = both_roads(make, batches_of(*[4] * 10), meddle)
    assert np.array_equal(by_program, by_loop)


class Times(lnc.Layer):
    """A factor, which need not be one of Python's own numbers."""

    def __init__(self) -> None:
        self.factor = np.float32(2)

    def forward(self, input: Any) -> Any:
        return input * self.factor

    def backward(self, output_grad: Any) -> Any:
        return output_grad * self.factor


def test_settings_of_any_type_are_seen() -> None:
    def meddle(network: Any, index: int) -> None:
        if index == 3:
            network[1].factor = np.float32(3)
        if index == 5:
            network[2].rng = np.random.default_rng(7)

    _, by_program, by_loop = both_roads(lambda: small(Times(), layers.Dropout(0.5)), batches_of(*[4] * 10), meddle)
    assert np.array_equal(by_program, by_loop)


def test_changed_settings_of_the_loss_are_seen() -> None:
    batches, values = batches_of(*[4] * 6), []
    for own_loop in (False, True):
        network = small()
        loss = losses.SoftmaxCrossEntropy(network, label_smoothing=0.1)
        optimizer, trainer = optim.SGD(network), None

        def change(index: int, loss: Any) -> None:
            loss.label_smoothing = 0.1 * (index % 3)
            loss.class_weight = (1.0, 1.0 + index)
            loss.reduction = "mean" if index > 3 else "sum"

        if own_loop:
            for index, batch in enumerate(batches):
                loss(*batch)
                loss.backward()
                optimizer.step()
                change(index, loss)
        else:
            trainer = Trainer(loss, optimizer)
            list(trainer.epochs(batches, on_step=lambda t: change(t.step - 1, t.loss)))
        values.append(network.vector.value)
    assert np.array_equal(*values)


def test_frozen_layers_stay_as_they_are() -> None:
    def meddle(network: Any, index: int) -> None:
        network[0].freeze(index in (2, 3, 4))

    _, by_program, by_loop = both_roads(lambda: small(layers.ReLU()), batches_of(*[4] * 8), meddle)
    assert np.array_equal(by_program, by_loop)


def test_weights_assigned_between_steps_are_used() -> None:
    def meddle(network: Any, index: int) -> None:
        network[0].W.value = np.full((3, 6), 0.1 * index)

    _, by_program, by_loop = both_roads(lambda: small(layers.ReLU()), batches_of(*[4] * 6), meddle)
    assert np.array_equal(by_program, by_loop)


def test_a_network_in_float64_between_epochs() -> None:
    network = small(layers.ReLU())
    loss = losses.SoftmaxCrossEntropy(network)
    trainer, batches = Trainer(loss, optim.SGD(network)), batches_of(4, 4, 4)
    list(trainer.epochs(batches))
    network.astype("float64")
    list(trainer.epochs(batches))
    assert network.vector.value.dtype == np.float64
    assert network[0].output.dtype == np.float64


def test_two_heads_over_one_body_train_in_turn() -> None:
    results = []
    for own_loop in (False, True):
        body = layers.Dense(4, "tanh", seed=1)
        heads = [lnc.Sequential(body, layers.Linear(2), seed=seed) for seed in (2, 3)]
        pairs = [(loss := losses.SoftmaxCrossEntropy(net), optim.SGD(net, lr=0.1)) for net in heads]
        trainers = [Trainer(loss, optimizer) for loss, optimizer in pairs]
        for batch in batches_of(*[4] * 12):
            for (loss, optimizer), trainer in zip(pairs, trainers, strict=True):
                if own_loop:
                    loss(*batch)
                    loss.backward()
                    optimizer.step()
                else:
                    list(trainer.epochs([batch]))
        results.append([net.state_dict() for net in heads])
    for one, other in zip(*results, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)


def test_twins_add_their_gradients() -> None:
    def make() -> lnc.Layer:
        first = layers.Linear(3)
        return lnc.Sequential(first, layers.Tanh(), first.twin(), layers.Linear(2), seed=0)

    trainer, by_program, by_loop = both_roads(make, batches_of(*[4] * 6))
    assert np.array_equal(by_program, by_loop)
    assert trainer.notes == []


def test_a_callback_sees_what_the_layers_leave() -> None:
    network, seen = small(layers.Dropout(0.5)), []
    trainer = Trainer(losses.SoftmaxCrossEntropy(network), optim.SGD(network))

    def look(trainer: Any) -> None:
        seen.append((network[0].output.copy(), network[1].mask.copy(), trainer.loss.losses.copy(), trainer.loss.labels))

    batches = batches_of(4, 4, 4)
    list(trainer.epochs(batches, on_step=look))
    assert [labels is batch[1] or np.array_equal(labels, batch[1]) for (*_, labels), batch in zip(seen, batches)]  # noqa: B905
    assert not np.array_equal(seen[1][1], seen[2][1])
    assert np.array_equal(network[1].output, seen[-1][0] * seen[-1][1])


# ---------------------------------------------------------------------- what must stay refused


@pytest.mark.parametrize("steps_before", [0, 1, 5])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y + 5), "labels from"),
        (lambda x, y: (x, y - 3), "labels from"),
        (lambda x, y: (x, y[:3]), "examples"),
        (lambda x, y: (x[:, :2], y), "features"),
        (lambda x, y: (x, y, np.array([1.0, -1.0, 1.0, 1.0])), "weights from"),
        (lambda x, y: (x, y, np.ones(3)), "weights"),
        (lambda x, y: (x * np.nan, y), "not finite"),
        (lambda x, y: (x[:0], y[:0]), "empty"),
        (lambda x, y: (x, y.astype(float) + 0.5), "labels of float64"),
    ],
)
def test_every_batch_is_looked_at(change: Any, message: str, steps_before: int) -> None:
    network = small(layers.ReLU()).build(3)
    loss = losses.SoftmaxCrossEntropy(network)
    good = batches_of(*[4] * max(steps_before, 1))
    trainer = Trainer(loss, optim.SGD(network))
    with pytest.raises(lnc.exc.LincolnError, match=message):
        list(trainer.epochs([*good[:steps_before], change(*good[0])]))


def test_values_outside_the_losss_domain_are_refused_at_any_step() -> None:
    network = lnc.Sequential(layers.Linear(1), seed=0)  # without a sigmoid, what it gives need be no probability
    loss = losses.LogLoss(network)
    network.build(1)
    network[0].W.value, network[0].B.value = np.array([[0.0]]), np.array([0.5])
    x, y = np.zeros((2, 1), np.float32), np.array([0.0, 1.0])
    trainer = Trainer(loss, optim.SGD(network, lr=0.1))
    assert len(list(trainer.epochs([(x, y)] * 4))) == 1
    with pytest.raises(lnc.exc.DataError, match="predictions from"):
        list(trainer.epochs([(x, np.ones(2))] * 8))


def test_a_program_called_with_another_kind_says_so() -> None:
    loss = losses.SoftmaxCrossEntropy(small())
    x, y = batches_of(4)[0]
    program = lnc.program(loss, x, y)
    for batch in ((x[:3], y[:3]), (x.astype(np.float64), y), (x, list(y)), (np.asfortranarray(x), y)):
        with pytest.raises(lnc.exc.MatchError, match="LN570"):
            program(*batch)


def test_a_program_of_no_arrays_says_so() -> None:
    with pytest.raises(lnc.exc.MatchError, match="LN573"):
        lnc.program(losses.SoftmaxCrossEntropy(small()), [[1.0, 2.0]], [0])


def test_a_network_without_parameters_has_a_program() -> None:
    loss = losses.MeanSquaredError(lnc.Sequential(layers.Tanh()))
    x = np.array([[0.5, 1.0]])
    program = lnc.program(loss, x, np.zeros((1, 2)))
    assert program(x, np.zeros((1, 2))) == loss(x, np.zeros((1, 2)))


# ---------------------------------------------------------------------- users' layers and losses

SLOPE = 0.3


class Leaky(lnc.Layer):
    """A number of the module in its formula."""

    def forward(self, input: Any) -> Any:
        return np.where(input > 0, input, SLOPE * input)

    def backward(self, output_grad: Any) -> Any:
        return np.where(self.last_input > 0, output_grad, SLOPE * output_grad)


class Asking(lnc.Layer):
    """It asks an array for a number."""

    def forward(self, input: Any) -> Any:
        return input if input.max() > 100 else 2 * input

    def backward(self, output_grad: Any) -> Any:
        return output_grad if self.last_input.max() > 100 else 2 * output_grad


class Counting(lnc.Layer):
    """It counts its passes, and computes with the count."""

    count = 0

    def forward(self, input: Any) -> Any:
        self.count += 1
        return input * self.count

    def backward(self, output_grad: Any) -> Any:
        return output_grad * self.count


class Noisy(lnc.Layer):
    """It draws random numbers of its own."""

    def setup(self, input_shape: Any) -> None:
        self.rng = self.generator()

    def forward(self, input: Any) -> Any:
        self.noise = self.rng.normal(size=input.shape).astype(input.dtype)
        return input + self.noise

    def backward(self, output_grad: Any) -> Any:
        return output_grad


class Settings:
    slope = 0.5


SETTINGS = Settings()


class Elsewhere(lnc.Layer):
    """It computes with a number of another object."""

    def forward(self, input: Any) -> Any:
        return input * SETTINGS.slope

    def backward(self, output_grad: Any) -> Any:
        return output_grad * SETTINGS.slope


class InPlace(lnc.Layer):
    """It changes an array that it has made."""

    def forward(self, input: Any) -> Any:
        output = input.copy()
        output[output < 0] = 0
        return output

    def backward(self, output_grad: Any) -> Any:
        return output_grad * (self.last_input > 0)


def change_slope(network: Any, index: int) -> None:
    global SLOPE
    SLOPE = 0.3 if index > 8 else 0.1 * index
    SETTINGS.slope = 0.5 + 0.1 * (index % 5)


@pytest.mark.parametrize("layer", [Swish, Leaky, Asking, Counting, Noisy, Elsewhere, InPlace])
def test_a_users_layer_gives_the_same_bits(layer: Any) -> None:
    change_slope(None, 9)
    _, by_program, by_loop = both_roads(lambda: small(layer()), batches_of(*[4] * 10), change_slope)
    assert np.array_equal(by_program, by_loop)


@pytest.mark.parametrize("layer", [Asking, Counting, Noisy, Elsewhere, InPlace])
def test_a_layer_that_stays_a_call_says_why(layer: Any) -> None:
    loss = losses.SoftmaxCrossEntropy(small(layer()))
    x, y = batches_of(4)[0]
    program = lnc.program(loss, x, y)
    assert any(f"{layer.__name__} stays a call: it " in n or "self." in n for n in program.notes), program.notes
    assert "layer1.forward(a0)" in program.source
    with pytest.raises(lnc.exc.ContractError, match="LN571"):
        program.to_numpy("nowhere.py")


@pytest.mark.parametrize("layer", [Swish, Leaky])
def test_a_layer_of_numpys_functions_is_written_out(layer: Any) -> None:
    loss = losses.SoftmaxCrossEntropy(small(layer()))
    assert lnc.program(loss, *batches_of(4)[0]).notes == []


class Cauchy(losses.Loss):
    """A loss of the user's own."""

    def value(self, predictions: Any, labels: Any) -> Any:
        return np.log1p((predictions - labels) ** 2)

    def derivative(self, predictions: Any, labels: Any) -> Any:
        error = predictions - labels
        return 2 * error / (1 + error**2)


class Notebook(losses.Loss):
    """A loss in the notebooks' form."""

    def forward(self, input: Any, labels: Any) -> Any:
        self.last_input = self.network(input)
        self.labels = labels
        return float(((self.last_input - labels) ** 2).sum())

    def gradient(self) -> Any:
        return 2 * (self.last_input - self.labels)


@pytest.mark.parametrize("kind", [Cauchy, Notebook])
def test_a_users_loss_gives_the_same_bits(kind: Any) -> None:
    rng = np.random.default_rng(0)
    batches = [
        (rng.normal(size=(4, 3)).astype(np.float32), rng.normal(size=(4, 1)).astype(np.float32)) for _ in "123456"
    ]
    values = []
    for road in (by_own_loop, by_trainer_with_notes):
        network = lnc.Sequential(layers.Dense(4, "tanh"), layers.Linear(1), seed=0)
        loss = kind(network)
        values.append([*road(loss, optim.SGD(network, lr=0.1), batches), *network.vector.value])
    assert values[0] == values[1]


def by_trainer_with_notes(loss: losses.Loss, optimizer: optim.Optimizer, batches: list[Batch]) -> Iterator[float]:
    values: list[float] = []
    list(Trainer(loss, optimizer).epochs(batches, on_step=lambda t: values.append(t.loss.total)))
    return iter(values)


def test_a_program_that_differs_is_told_once_and_the_layers_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from lincoln.programs import runner

    monkeypatch.setattr(runner, "same", lambda one, other: False)
    with pytest.warns(lnc.exc.ProgramWarning, match="the layers, which are used") as told:
        trainer, by_program, by_loop = both_roads(lambda: small(layers.ReLU()), batches_of(*[4] * 6))
    assert len(told) == 1
    assert np.array_equal(by_program, by_loop)
    assert len(trainer.notes) == 1


def test_a_trainer_with_programs_is_copied_without_them() -> None:
    network = small(layers.ReLU())
    trainer = Trainer(losses.SoftmaxCrossEntropy(network), optim.SGD(network))
    list(trainer.epochs(batches_of(4, 4, 4)))
    other = copy.deepcopy(trainer)
    list(other.epochs(batches_of(4, 4, 4)))
    list(trainer.epochs(batches_of(4, 4, 4)))
    assert np.array_equal(network.vector.value, other.network.vector.value)


def test_no_kind_of_batch_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runner = Runner(losses.SoftmaxCrossEntropy(small(layers.ReLU())))
        for batch in batches_of(4, 4, 3, 3):
            runner(batch)
            runner.loss.network.vector.release()
    assert runner.notes == []


def test_programs_that_nobody_uses_leave_nothing_behind() -> None:
    network = small(layers.ReLU())
    loss = losses.SoftmaxCrossEntropy(network)
    list(Trainer(loss, optim.SGD(network)).epochs(batches_of(4, 4, 4)))
    gc.collect()
    before = len(linecache.cache), len(network.__dict__["_watchers"])
    for _ in range(3):
        list(Trainer(loss, optim.SGD(network)).epochs(batches_of(4, 4, 3, 3)))
    lnc.program(loss, *batches_of(4)[0])
    gc.collect()
    assert (len(linecache.cache), len(network.__dict__["_watchers"])) <= before
