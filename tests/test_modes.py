"""Inference and recording: blocks in generators, in threads and in contexts that are copied."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import lincoln as lnc
from lincoln import exc, layers, losses, modes, optim

X = np.random.default_rng(0).normal(size=(6, 4))
Y = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])


def network() -> lnc.Sequential:
    inside = layers.Linear(3), layers.BatchNorm(), layers.Dropout(0.5), layers.Linear(1)
    return lnc.Sequential(*inside, seed=0).build(4, dtype="float64")


def numbers(block=lnc.inference):
    with block():
        yield from range(3)


# ---------------------------------------------------------------------- generators


@pytest.mark.parametrize("block", [lnc.inference, lnc.recording])
def test_after_two_interleaved_generators_the_thread_is_in_training(block):
    assert len(list(zip(numbers(block), numbers(block), strict=True))) == 3
    assert modes.mode() == modes.TRAINING
    assert not modes.shared


def test_a_generator_that_is_left_first_does_not_end_the_block_of_the_other():
    one, two = numbers(), numbers()
    next(one)
    next(two)
    one.close()
    assert modes.is_inference()
    two.close()
    assert modes.mode() == modes.TRAINING


def test_a_generator_that_is_left_inside_another_mode_leaves_that_mode():
    one = numbers()
    next(one)
    with lnc.recording():
        assert modes.is_recording()
        one.close()
        assert modes.is_recording()
    assert modes.mode() == modes.TRAINING


def test_a_generator_may_be_advanced_from_other_contexts():
    one = numbers()
    entered = contextvars.copy_context()
    entered.run(next, one)
    assert entered.run(modes.is_inference)
    assert [contextvars.copy_context().run(next, one) for _ in range(2)] == [1, 2]
    assert next(one, "over") == "over"
    assert not entered.run(modes.is_inference)
    assert modes.mode() == modes.TRAINING


def test_a_generator_may_be_advanced_from_other_threads():
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
        generator = numbers()
        assert one.submit(next, generator).result() == 0
        assert [two.submit(next, generator, "over").result() for _ in range(3)] == [1, 2, "over"]
        assert [pool.submit(modes.mode).result() for pool in (one, two)] == [modes.TRAINING] * 2
    assert modes.mode() == modes.TRAINING


# ---------------------------------------------------------------------- threads


@pytest.mark.parametrize("call", ["__call__", "forward"])
def test_a_thread_without_a_block_does_not_silently_train(call: str):
    net = network()
    means = net[1].running_mean.value.copy()
    with lnc.inference(), ThreadPoolExecutor(2) as pool, pytest.raises(exc.ContractError, match="LN129"):
        list(pool.map(getattr(net, call), [X, X]))
    np.testing.assert_array_equal(net[1].running_mean.value, means)
    assert net.last_input is None


def test_a_network_that_is_not_built_is_refused_in_such_a_thread_too():
    net = lnc.Sequential(layers.Linear(3))
    with lnc.inference(), ThreadPoolExecutor(1) as pool, pytest.raises(exc.ContractError, match="LN129"):
        list(pool.map(net, [X]))
    assert not net.built


def test_a_block_inside_the_function_is_what_a_thread_needs():
    net = network()

    def predict(x):
        with lnc.inference():
            return net(x)

    with ThreadPoolExecutor(2) as pool:
        outside = list(pool.map(predict, [X, X]))
    with lnc.inference(), ThreadPoolExecutor(2) as pool:
        np.testing.assert_array_equal(list(pool.map(predict, [X, X])), outside)
        np.testing.assert_array_equal(outside[0], net(X))


def test_a_block_is_carried_along_with_its_context():
    net = network()

    async def predictions():
        with lnc.inference():
            return [net(X), await asyncio.to_thread(net, X)]

    alone, beside = asyncio.run(predictions())
    np.testing.assert_array_equal(alone, beside)
    with lnc.inference(), ThreadPoolExecutor(1) as pool:
        context = contextvars.copy_context()
        np.testing.assert_array_equal(pool.submit(context.run, net, X).result(), alone)


def elsewhere_in_inference(call):
    """What a call gives while another thread is inside a block."""
    inside, over = threading.Event(), threading.Event()

    def predict():
        with lnc.inference():
            inside.set()
            over.wait()

    thread = threading.Thread(target=predict)
    thread.start()
    inside.wait()
    try:
        return call()
    finally:
        over.set()
        thread.join()


def test_a_loss_trains_whatever_other_threads_do():
    def trained():
        net = network()
        loss = losses.MeanSquaredError(net)
        optimizer = optim.SGD(net, lr=0.01)
        for _ in range(3):
            loss(X, Y)
            loss.backward()
            optimizer.step()
        return net.vector.value.copy(), net.buffers.value.copy()

    for mine, alone in zip(elsewhere_in_inference(trained), trained(), strict=True):
        np.testing.assert_array_equal(mine, alone)


def test_a_model_predicts_and_is_built_whatever_other_threads_do():
    net = network()
    alone = net.eval()(X)
    with lnc.inference():
        np.testing.assert_array_equal(elsewhere_in_inference(lambda: net(X)), alone)
    assert elsewhere_in_inference(lambda: lnc.Dense(3).build(4)).built


def test_the_library_s_own_predictions_are_no_concern_of_other_threads():
    net, predicting, over = network(), threading.Event(), threading.Event()

    def predict():
        with modes.evaluation():
            predicting.set()
            over.wait()

    thread = threading.Thread(target=predict)
    thread.start()
    predicting.wait()
    net(X)
    over.set()
    thread.join()
    assert net.output is not None
