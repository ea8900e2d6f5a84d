"""The README's, the guide's and the contributing page's examples, run from top to bottom."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_a_page_runs(page):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile("\n".join(blocks), page, "exec"), {"__name__": "__main__"})


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
