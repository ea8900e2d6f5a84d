"""Every mistake that the contract, the layers and the losses refuse: what the refusal says, and that its fix works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from class_mistakes import CLASS_MISTAKES
from layer_mistakes import LAYER_MISTAKES, Mistake
from loss_mistakes import LOSS_MISTAKES

import lincoln as lnc

SRC = Path(lnc.__file__).parent
SOURCES = [
    SRC / f"{name}.py"
    for name in (
        "admission",
        "contract",
        "foreign",
        "layer",
        "modes",
        "parameters",
        "patches",
        "records",
        "spelling",
        "streams",
        "structure",
        "tree",
        "vector",
    )
]
SOURCES += [*(SRC / "layers").glob("*.py"), *(SRC / "losses").glob("*.py")]
RAISED = re.compile(r'^ +code="(LN\d+)"', re.MULTILINE)

each_mistake = pytest.mark.parametrize(
    "mistake", [*LAYER_MISTAKES, *LOSS_MISTAKES, *CLASS_MISTAKES], ids=lambda mistake: mistake.name
)


@each_mistake
def test_a_refusal_says_where_what_why_and_how_to_mend_it(mistake: Mistake):
    mistake.assert_refused()


@each_mistake
def test_the_fix_that_a_refusal_names_works(mistake: Mistake):
    mistake.mended()


def test_every_code_that_layers_and_losses_raise_has_a_row():
    raised = {code for source in SOURCES for code in RAISED.findall(source.read_text("utf-8"))}
    assert raised - {mistake.code for mistake in [*LAYER_MISTAKES, *LOSS_MISTAKES, *CLASS_MISTAKES]} == set()


def test_no_code_is_used_for_two_different_things():
    raised = [code for source in SRC.rglob("*.py") for code in RAISED.findall(source.read_text("utf-8"))]
    assert {code for code in raised if raised.count(code) > 1} == set()
