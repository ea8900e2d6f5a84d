"""What the examples share: their command line, tables that set figures side by side, goals, and a few plots.

Each example is a program to read from top to bottom; what stands here would only distract from that.

    args = arguments(__doc__)                                   # args.quick, args.output (a folder that exists)
    heading("Logistic regression")
    show("output", layer.output)                                # a name and an array
    compare(["epoch", "notebook", "here"], [[20, 0.0601, 0.0603]])
    goal("training accuracy", 0.989, at_least=0.985, quick=args.quick)
    with refused("backward before forward"):                    # prints the error's message
        Sigmoid().backward(grad)
    drawing, (left, right) = figure(1, 2, title="Training")
    curves(left, {"train": [3.0, 2.0, 1.0], "validation": [3.0, 2.5, 2.0]}, ylabel="loss")
    save(drawing, args.output / "training.png")
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np

from lincoln.exc import LincolnError

try:
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator
except ImportError:
    sys.exit('The examples draw with matplotlib:  pip install -e ".[plot,sklearn]"')

BLUE, RED, GREEN, ORANGE, GRAY = "#2b6cb0", "#c53030", "#2f855a", "#dd6b20", "#718096"
COLORS = (BLUE, RED, GREEN, ORANGE, GRAY)


def arguments(description: str | None) -> argparse.Namespace:
    """The command line of an example: ``quick``, true for the short form, and ``output``, the folder for its plots."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the short form: less training, goals shown only")
    parser.add_argument("--output", type=Path, default=Path("output"), help="the folder for plots (default: output)")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    for stream in (sys.stdout, sys.stderr):  # lines come in order, also into a file; math signs on every system
        stream.reconfigure(line_buffering=True, encoding="utf-8")
    return args


def heading(text: str) -> None:
    """Print a title for what follows."""
    print(f"\n{text}\n{'-' * len(text)}")


def show(name: str, value: Any, *, digits: int = 4) -> None:
    """Print a name and an array of any library, rounded; small arrays on the same line."""
    with np.printoptions(precision=digits, suppress=True, linewidth=100):
        text = str(np.asarray(value))
    print(f"  {name}:" + (f" {text}" if "\n" not in text else "\n    " + text.replace("\n", "\n    ")))


def compare(headers: Sequence[str], rows: Sequence[Sequence[Any]], *, digits: int = 4) -> None:
    """Print rows under their headers; floats are rounded, numbers stand to the right, None is left blank.

    What was printed by a notebook goes in as it stood there, as a string.
    """
    lines = [list(headers), *([_cell(value, digits) for value in row] for row in rows)]
    columns = []
    for column in zip(*lines, strict=True):
        width = max(map(len, column))
        left = not any(_numeric(cell) for cell in column[1:])
        columns.append([cell.ljust(width) if left else cell.rjust(width) for cell in column])
    for line in zip(*columns, strict=True):
        print(("  " + "  ".join(line)).rstrip())


def goal(
    what: str, value: float, *, at_least: float | None = None, at_most: float | None = None, quick: bool = False
) -> None:
    """Print a result beside the least (or the most) that it should be; the full form ends with an error if it is not.

    Raises:
        SystemExit: the goal is missed, and this is not the quick form.
    """
    met = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    limit = f"at least {at_least:g}" if at_least is not None else f"at most {at_most:g}"
    verdict = "reached" if met else "not asked of the quick form" if quick else "MISSED"
    print(f"  {what}: {value:.4g}   (goal: {limit}; {verdict})")
    if not met and not quick:
        sys.exit(f"goal missed: {what} is {value:.6g}, wanted {limit}")


@contextmanager
def refused(mistake: str) -> Iterator[None]:
    """Make a mistake that Lincoln refuses, and print the message.

    with refused("backward before forward"):
        Sigmoid().backward(grad)

    Raises:
        SystemExit: it was not refused.
    """
    try:
        yield
    except LincolnError as error:
        print(f"  {mistake}:\n    " + str(error).replace("\n", "\n    "))
    else:
        sys.exit(f"not refused: {mistake}")


@contextmanager
def lines_of_fit() -> Iterator[list[str]]:
    """Collect the lines that ``fit`` writes to stderr while it trains; they are written there all the same.

    with lines_of_fit() as lines:
        model.fit(epochs=1, print_every=100)
    """
    lines: list[str] = []
    terminal = sys.stderr

    class Both(io.StringIO):
        def write(self, text: str) -> int:
            lines.extend(text.splitlines() if text.strip() else [])
            return terminal.write(text)

    with redirect_stderr(Both()):
        yield lines


def figure(
    rows: int = 1, columns: int = 1, *, size: tuple[float, float] | None = None, title: str = ""
) -> tuple[Figure, list[Any]]:
    """A figure and its panels, row by row; the size is in inches."""
    drawing = Figure(figsize=size or (5.2 * columns, 3.8 * rows), layout="constrained")
    panels = list(drawing.subplots(rows, columns, squeeze=False).flat)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    drawing.suptitle(title)
    return drawing, panels


def curves(
    panel: Any,
    values: Mapping[str, Sequence[float]],
    *,
    x: Sequence[float] | None = None,
    title: str = "",
    xlabel: str = "epoch",
    ylabel: str = "loss",
    log: bool = False,
    styles: Sequence[str] = ("-",),
) -> None:
    """Draw one line for each name over ``x`` (1, 2, 3, ... if it is not given), with a grid and a legend.

    ``styles`` are matplotlib's formats, such as ``["-b", "-r"]``, used in turn.
    """
    for index, (name, line) in enumerate(values.items()):
        style = styles[index % len(styles)]
        color = {} if style.strip("-.:ox") else {"color": COLORS[index % len(COLORS)]}
        panel.plot(range(1, len(line) + 1) if x is None else x, line, style, label=name, lw=1.8, ms=4, **color)
    panel.set(title=title, xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    panel.xaxis.get_major_locator().set_params(integer=x is None)
    if log:
        low, high = panel.get_ylim()
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
        panel.yaxis.set_major_formatter("{x:g}")
        panel.yaxis.set_minor_formatter("")
    panel.grid(alpha=0.25)
    if len(values) > 1:
        panel.legend(frameon=False)


def images(pictures: Any, *, columns: int, title: str = "", titles: Sequence[str] = (), signed: bool = True) -> Figure:
    """A grid of pictures, ``(n, height, width)``: signed numbers from red through white to blue, others in gray.

    Signed pictures are all on the same scale, so that they can be compared.
    The pictures of the weights of a layer that sees 28 × 28 pixels: ``layer.W.value.T.reshape(-1, 28, 28)``.
    """
    pictures = np.asarray(pictures)
    drawing, panels = figure(
        -(-len(pictures) // columns),
        columns,
        size=(1.35 * columns, 1.35 * -(-len(pictures) // columns) + (0.5 if title or titles else 0)),
        title=title,
    )
    for panel in panels:
        panel.axis("off")
    largest = float(np.abs(pictures).max()) or 1.0
    for index, picture in enumerate(pictures):
        scale = {"cmap": "RdBu", "vmin": -largest, "vmax": largest} if signed else {"cmap": "gray_r"}
        panels[index].imshow(picture, **scale)
        if titles:
            panels[index].set_title(titles[index], fontsize=9)
    return drawing


def save(drawing: Figure, path: Path) -> None:
    """Write a figure to a file and say where it is."""
    drawing.savefig(path, dpi=120)
    print(f"  saved {path}")


def _cell(value: Any, digits: int) -> str:
    if value is None:
        return ""
    return f"{value:.{digits}f}" if isinstance(value, float | np.floating) else str(value)


def _numeric(cell: str) -> bool:
    try:
        float(cell.rstrip("%"))
    except ValueError:
        return False
    return True
