"""Training, inference, recording: the mode of a pass, which the blocks around it decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import get_ident

__all__ = ["accumulating", "inference", "recording"]

TRAINING, INFERENCE, RECORDING = range(3)


class _Block:
    """One ``with`` block. Code that finds it closed is no longer in it, whichever thread or context left it."""

    __slots__ = ("mode", "open", "thread")

    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.open = True
        self.thread = get_ident()


_blocks: ContextVar[tuple[_Block, ...]] = ContextVar("blocks", default=())

blocks = _blocks.get
"""The blocks around this call, the innermost one last; empty in training, so that one question is enough there."""

_accumulating: ContextVar[tuple[_Block, ...]] = ContextVar("accumulating", default=())

sums = _accumulating.get
"""The blocks of `accumulating` around this call; empty where gradients replace each other."""

shared: set[_Block] = set()
"""The open blocks of `inference`, of all threads: those that users open, not those of Lincoln's own predictions."""


@contextmanager
def inference() -> Iterator[None]:
    """Inside this block layers behave as in evaluation and record nothing, so many threads can share a built network.

    It holds for the thread that is in it and for what carries its context along (``asyncio.to_thread``). Another thread
    needs a block of its own: while a thread is in this one, a bare call of a network in a thread without a block is
    refused, because it would train. When the block ends, whatever carried it along is no longer in it.

    >>> import numpy as np
    >>> from lincoln import layers
    >>> layer = layers.ReLU()
    >>> with inference():
    ...     y = layer(np.ones((1, 2)))
    >>> layer.output is None
    True
    """
    with _inside(_Block(INFERENCE)) as block:
        shared.add(block)
        try:
            yield
        finally:
            shared.discard(block)


@contextmanager
def recording() -> Iterator[None]:
    """Inside this block every layer keeps ``output_grad`` and ``input_grad`` too: every number of a pass has a name.

    >>> import numpy as np
    >>> from lincoln import layers
    >>> layer = layers.ReLU()
    >>> with recording():
    ...     y = layer(np.array([[-1.0, 1.0]]))
    ...     g = layer.backward(np.array([[5.0, 5.0]]))
    >>> layer.input_grad
    array([[0., 5.]])
    """
    with _inside(_Block(RECORDING)):
        yield


@contextmanager
def accumulating() -> Iterator[None]:
    """Inside this block backward passes add to the gradients that are there, until an optimizer's step uses them up.

    Outside, the gradients of a pass take the place of the last one's. The block holds for the thread that it is in. To
    learn from several small batches as from one:

    >>> import numpy as np
    >>> from lincoln import layers, losses, optim
    >>> network = layers.Linear(1, seed=0)
    >>> loss, optimizer = losses.MeanSquaredError(network), optim.SGD(network, lr=0.1)
    >>> with accumulating():
    ...     for _ in range(2):
    ...         value = loss(np.ones((1, 3)), np.zeros(1))
    ...         loss.backward()
    >>> optimizer.step()
    """
    with _inside(_Block(TRAINING), _accumulating):
        yield


def is_accumulating() -> bool:
    """Whether a backward pass that begins here adds to the gradients that are there.

    >>> is_accumulating()
    False
    """
    return any(block.open for block in sums())


@contextmanager
def evaluation() -> Iterator[None]:
    """As `inference`, for Lincoln's own predictions: what other threads do meanwhile is left to them."""
    with _inside(_Block(INFERENCE)):
        yield


@contextmanager
def training() -> Iterator[None]:
    """Inside this block a pass trains, whatever other threads do; a loss opens it where `is_in_doubt` says so."""
    with _inside(_Block(TRAINING)):
        yield


def mode() -> int:
    """The mode of a pass that begins here: that of the innermost block that is still open, or training."""
    around = blocks()
    for block in reversed(around):
        if block.open:
            return block.mode
    if around:
        _blocks.set(())
    return TRAINING


def is_inference() -> bool:
    """Whether a pass that begins here is one of inference.

    >>> is_inference()
    False
    """
    return bool(blocks()) and mode() == INFERENCE


def is_recording() -> bool:
    """Whether a pass that begins here is to be recorded both ways.

    >>> is_recording()
    False
    """
    return bool(blocks()) and mode() == RECORDING


def is_in_doubt() -> bool:
    """Whether this thread is in no block, while another thread is in a user's `inference`: did it mean this one too?

    >>> with inference():
    ...     is_in_doubt()
    False
    """
    if not shared or any(block.open for block in blocks()):
        return False
    here = get_ident()
    return any(block.thread != here for block in tuple(shared))


@contextmanager
def _inside(block: _Block, around: ContextVar[tuple[_Block, ...]] = _blocks) -> Iterator[_Block]:
    """Put a block around what follows. It may be left in any order, and in another thread or context."""
    around.set((*around.get(), block))
    try:
        yield block
    finally:
        block.open = False
        around.set(tuple(other for other in around.get() if other.open))
