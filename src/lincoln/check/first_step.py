"""The checks that run by themselves, once, in the first training step of a network in which something is a user's.

Each of a user's layers, the loss and the optimizer are looked at, on copies: nothing of the training changes.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from ..exc import GradientWarning, LearningWarning
from ..layer import Layer
from ..patches import patches
from ..tree import paths
from .layers_in_training import bare_weights, gradient_problem, lost_gradients
from .losses import loss_problem
from .optimizers import Watch, state_problems
from .probe import undisturbed

__all__ = ["after_backward", "after_step", "before_backward", "before_step", "check_user_layers"]


def before_backward(loss: Any) -> Collection[Layer]:
    """Check the user's loss and layers on the batch that has just gone forward; the layers that were warned of.

    Warns:
        GradientWarning: a wrong gradient, or an array changed in place that others need.
    """
    if _is_off():
        return ()
    if not loss.own:
        problem = _found(loss_problem, loss)
        if problem:
            _tell(f"{loss!r}: {problem}. lnc.check_gradients(loss, x, y) shows every number.", GradientWarning)
    return _check_layers(loss.network)


def after_backward(network: Layer, blamed: Collection[Layer]) -> None:
    """Look for parameters of users' layers that the first way back has not reached.

    Warns:
        LearningWarning: a parameter without a gradient, or one whose gradient did not come by ``accumulate``.
    """
    if not _is_off():
        for title, layer in _users_layers(network):
            for problem in () if layer in blamed else lost_gradients(layer):
                _tell(f"{title}: {problem}.", LearningWarning)


def before_step(optimizer: Any) -> Watch | None:
    """Look for weights that the first step will not change; check the layers too where no loss has done so.

    Returns:
        What watches the step where the optimizer is a user's, to be called in place of ``update``; else None.

    Warns:
        GradientWarning, LearningWarning: as `before_backward` and `after_backward`; weights that are bare arrays.
    """
    if _is_off():
        return None
    network: Layer = optimizer.network
    if network._checked != patches.count:
        after_backward(network, _check_layers(network))
    for title, layer in _users_layers(network):
        for problem in _found(bare_weights, layer) or ():
            _tell(f"{title}: {problem}.", LearningWarning)
    if optimizer.own:
        return None
    for problem in _found(state_problems, optimizer) or ():
        _tell(f"{type(optimizer).__name__}: {problem}.", LearningWarning)
    return Watch(optimizer, after_step)


def after_step(watch: Watch) -> None:
    """Say what a user's ``update`` has done wrong in the step that was watched.

    Warns:
        LearningWarning: it leaves the weights as they are, or loses what it is to remember.
    """
    for problem in _found(Watch.problems, watch) or ():
        _tell(f"{type(watch.optimizer).__name__}: {problem}.", LearningWarning)


def check_user_layers(network: Layer) -> None:
    """Check the gradients of every layer inside that is not Lincoln's own, and warn of what is wrong.

    In float64, on the first rows of the batch that has just gone forward, along one random direction for the input
    and for each parameter. ``LINCOLN_CHECKS=off`` in the environment switches it off.

    Warns:
        GradientWarning: a layer's backward pass disagrees with its forward pass; with the likely cause.

    >>> from lincoln import layers
    >>> check_user_layers(layers.ReLU())
    """
    if not _is_off():
        _check_layers(network)


def _check_layers(network: Layer) -> list[Layer]:
    blamed = []
    if network._checked != patches.count:
        for title, layer in _users_layers(network):
            problem = _found(gradient_problem, layer)
            if problem:
                _tell(f"{title}: {problem}. lnc.check_gradients(layer, x) shows every number.", GradientWarning)
                blamed.append(layer)
        network.__dict__["_checked"] = patches.count
    return blamed


def _users_layers(network: Layer) -> Iterator[tuple[str, Layer]]:
    """The layers that are not Lincoln's own and have just gone forward, each with its place in the network."""
    for path, layer in paths(network):
        if not layer.own and layer.last_input is not None:
            shown = repr(layer) if "\n" not in repr(layer) else type(layer).__name__
            place = "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in path)
            yield (f"network{place}, {shown}" if place else shown), layer


def _found(check: Any, subject: Any) -> Any:
    """What a check finds; nothing where the user's code cannot be run by itself: the real step will say so."""
    with undisturbed(), np.errstate(all="ignore"):  # a check may go where the training does not
        try:
            return check(subject)
        except Exception:
            return None


def _is_off() -> bool:
    return os.environ.get("LINCOLN_CHECKS", "").lower() == "off"


def _tell(message: str, category: type[Warning]) -> None:
    """Warn, at the line of the user's that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] == "lincoln":
        frame, level = frame.f_back, level + 1
    warnings.warn(f"{message} LINCOLN_CHECKS=off switches this check off.", category, stacklevel=level)
