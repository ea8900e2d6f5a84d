"""What several test files share: which array library a test runs with, and generators that must stay as they are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest


@pytest.fixture(params=["numpy", pytest.param("torch", marks=pytest.mark.big)])
def xp(request: pytest.FixtureRequest) -> ModuleType:
    """NumPy, and in the long run PyTorch too."""
    return pytest.importorskip(request.param)


@pytest.fixture
def global_generators_untouched() -> Iterator[None]:
    """The test fails if it moved one of the generators that belong to the whole process."""
    before = _states()
    yield
    np.testing.assert_equal(_states(), before)


def _states() -> tuple[Any, ...]:
    return random.getstate(), np.random.get_state()  # noqa: NPY002
