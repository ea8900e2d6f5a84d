"""The README's, the guide's and the contributing page's examples, run from top to bottom."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]


BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def mismatches(text: str, page: str) -> list[tuple[str, str]]:
    """Run a page's examples from top to bottom; what they print, and what the page shows instead, where it differs.

    The program of a network that directly follows an example is what the example prints.
    """
    found: list[tuple[str, str]] = []
    space = {"__name__": "__main__"}
    blocks = list(BLOCK.finditer(text))
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block[1] != "python":
            continue
        above = text.count("\n", 0, block.start(2))
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile("\n" * above + block[2], page, "exec"), space)
        follows = after is not None and not text[block.end() : after.start()].strip()
        if follows and after[2].startswith("def step(") and printed.getvalue() != after[2]:
            found.append((printed.getvalue(), after[2]))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_a_page_runs_and_prints_the_program_that_the_page_shows(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "```python\n" in text
    for printed, shown in mismatches(text, page):
        assert shown == printed


def test_a_page_that_shows_another_program_is_found():
    text = "```python\nprint('def step(x):')\n```\n\n```\ndef step(y):\n```\n"
    assert mismatches(text, "a page") == [("def step(x):\n", "def step(y):\n")]
    assert mismatches(text.replace("step(y)", "step(x)"), "a page") == []


def test_readme_and_the_page_of_programs_show_one():
    for page in ("README.md", "docs/program.md"):
        assert "\n```\n\n```\ndef step(" in (ROOT / page).read_text(encoding="utf-8")


def test_the_first_screen_names_both_commands_and_shows_a_table():
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert sum(line.startswith("|---") for line in first_screen.splitlines()) == 2


def test_the_page_of_layers_is_made_from_the_table_of_examples(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tests" / "fixtures")
    import make_layers_page

    written = (ROOT / "docs" / "layers.md").read_text(encoding="utf-8")
    assert written == make_layers_page.page(), "run python tests/fixtures/make_layers_page.py"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if not link.startswith("http")]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
