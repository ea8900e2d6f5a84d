"""``lincoln explain-error``: what a code means, why it is refused, how it is mended."""

from __future__ import annotations

import click

from .console import Console
from .options import talking_options

__all__ = ["command", "explanations"]


def explanations() -> dict[str, dict[str, str]]:
    """What is known about every code: ``title``, ``meaning``, ``why``, ``fix``, ``example``.

    >>> explanations()["LN166"]["title"]
    'The loss is not finite'
    """
    import tomllib
    from pathlib import Path

    with Path(__file__).with_name("errors.toml").open("rb") as file:
        return tomllib.load(file)


@click.command("explain-error", epilog="Example: lincoln explain-error LN103")
@click.argument("code", required=False, metavar="[CODE]")
@talking_options
def command(code: str | None, json: bool) -> None:
    """Explain an error code such as LN103; without a code, list them all."""
    console, known = Console(json=json), explanations()
    if code is None:
        console.table(["code", "meaning"], [[name, entry["title"]] for name, entry in sorted(known.items())])
        for name, entry in sorted(known.items()):
            console.event("explanation", code=name, **entry)
        return
    name = _code(code)
    if name not in known:
        import difflib

        close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
        raise click.BadParameter(
            f"no error has the code {code!r}; " + (f"{', '.join(close)}?" if close else "such as LN103"),
            param_hint="CODE",
        )
    entry = known[name]
    lines = [f"{name}  {entry['title']}", "", entry["meaning"]]
    for title, part in (("why", "why"), ("fix", "fix"), ("example", "example")):
        lines += ["", f"{title}:", *(f"  {line}" for line in entry[part].strip().splitlines())]
    console.say("\n".join(lines))
    console.event("explanation", code=name, **entry)


def _code(text: str) -> str:
    name = text.strip().upper()
    return f"LN{name}" if name.isdigit() else name
