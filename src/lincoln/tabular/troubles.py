"""What spoils training with a table, refused by column, line and value, with the option that mends it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..exc import DataError
from .layout import shown, value
from .likeness import Likeness
from .reading import TableFile, quoted
from .texts import is_truth, number_in

__all__ = ["check_column", "check_copies", "check_known", "check_target", "notes"]

_MANY = 50
_COPY = {"copy", "target", "label", "labels", "encoded", "code", "class", "true", "actual", "y", "dup", "old", "orig"}


def check_column(
    table: TableFile, name: str, facts: Any, *, numeric: bool, learning: bool, target: str | None = None
) -> None:
    """Refuse text among numbers, numbers with a decimal comma, and infinite numbers.

    Where a model is learning it can still be said that a column is something else.
    """
    categorical = f"; --categorical {quoted(name)} if the column holds categories" if learning else ""
    if name == target:
        categorical = "; --task classification if the target is one of classes"
    if facts.first_text is not None and (numeric or facts.numbers > facts.texts):
        row, seen = facts.first_text
        raise DataError(
            code="LN710",
            where=_place(table, row, name),
            saw=f"the text {value(seen)}; {facts.numbers:,} of {facts.numbers + facts.texts:,} values are numbers",
            why="one column is either numbers or categories",
            fix=f"mend the value{_missing(seen, facts)}{categorical}",
        )
    if facts.first_text is not None and facts.commas and table.decimal == ".":
        row, seen = facts.first_text
        raise DataError(
            code="LN715",
            where=_place(table, row, name),
            saw=f"{value(seen)}, and only such values",
            why="as text each number would be a category of its own",
            fix=f'--decimal "," if the comma stands before the decimals{categorical}',
        )
    if facts.first_infinite is not None and facts.texts <= facts.numbers:
        row, seen = facts.first_infinite
        raise DataError(
            code="LN716",
            where=_place(table, row, name),
            saw=f"an infinite number, {value(seen)}",
            why="nothing can be learned from it, and it spoils the mean of its column",
            fix=f"mend the value{_missing(seen, facts)}" + (f"; --drop {quoted(name)}" if learning else ""),
        )


def check_target(table: TableFile, target: str, facts: Any, *, drop_missing: bool = False) -> None:
    """Refuse a target that is missing in some rows, the same in all, or another text in nearly every row."""
    check_known(table, target, facts, drop_missing=drop_missing)
    where = f"{table.name}, column {target!r}"
    known = facts.numbers + facts.texts
    if len(facts.values) == 1:
        only = next(iter(facts.values))
        raise DataError(
            code="LN712",
            where=where,
            saw=f"one value only: {value(only)} in all {known:,} rows",
            why="there is nothing to tell apart",
            fix="rows with another value of the target too; or --target with another column",
        )
    if facts.texts and len(facts.values) > max(_MANY, known // 2):
        raise DataError(
            code="LN717",
            where=where,
            saw=f"{len(facts.values):,} different texts in {known:,} rows: {shown(list(map(value, facts.values)), 3)}",
            why="classes are learned from several examples each; this column looks like names or identifiers",
            fix="--target with another column",
        )


def check_known(table: TableFile, target: str, facts: Any, *, drop_missing: bool = False) -> None:
    """Refuse a target that is missing in some rows."""
    known = facts.numbers + facts.texts
    if facts.first_missing is not None and not (drop_missing and known):
        row, seen = facts.first_missing
        word = f"; --not-missing {quoted(seen)} if {value(seen)} is a class" if seen and not facts.numbers else ""
        raise DataError(
            code="LN711",
            where=_place(table, row, target),
            saw=f"no value{f' ({value(seen)})' if seen else ''}; "
            f"{facts.missing:,} of {facts.missing + known:,} rows have none",
            why="the target is what is learned, so every row needs it",
            fix=f"fill it in; --drop-missing-target leaves such rows out{word}"
            if known
            else "--target with another column",
        )


def check_copies(table: TableFile, target: str, likeness: Likeness, keep: Sequence[str]) -> None:
    """Refuse a column that tells the target in every row."""
    for name, how in likeness.copies().items():
        if name in keep:
            continue
        mine, other = likeness.pair(name)
        example = f": {value(mine)} always goes with {value(other)}" if mine != other and "each of its" in how else ""
        raise DataError(
            code="LN713",
            where=f"{table.name}, column {name!r}",
            saw=f"a copy of the target {target!r}: {how}{example}",
            why="the model would read the answer from it, and fail where the answer is not known",
            fix=f"--drop {quoted(name)}; or --keep {quoted(name)} if it is known before the target is",
        )


def notes(target: str, likeness: Likeness, facts: Mapping[str, Any]) -> list[str]:
    """What a person should know about the columns, though it stops nothing."""
    found = []
    for name, fact in facts.items():
        if name == target:
            continue
        if fact.constant:
            always = value(next(iter(fact.values))) if fact.values else "no value"
            found.append(f"column {name!r} has {always} in every row and tells nothing: --drop {quoted(name)}")
        elif fact.counts and fact.numbers > 2 and not (fact.texts or fact.missing):
            found.append(f"column {name!r} counts the rows: --drop {quoted(name)}, unless it is a time")
        elif _named_after(name, target):
            found.append(
                f"column {name!r} is named after the target {target!r}: --drop {quoted(name)}, "
                "unless it is known before the target is"
            )
    rare = [text for text, count in facts[target].values.items() if count == 1]
    if facts[target].texts and rare:
        many = "it is" if len(rare) == 1 else "they are"
        found.append(f"one row only of {shown(list(map(value, rare)), 6)}: {many} hardly learned; a typing error?")
    constant = {name for name, fact in facts.items() if fact.constant}
    for first, second in likeness.same():
        if second not in constant:
            found.append(f"columns {first!r} and {second!r} hold the same values: --drop {quoted(second)}")
    return found


def _place(table: TableFile, row: int, name: str) -> str:
    return f"{table.name}, {table.line(row)}, column {name!r}"


def _missing(text: str, facts: Any) -> str:
    """The option that makes a text a missing value, where it can be typed, and is not a word beside many others."""
    alone = sum(number_in(word) is None for word in facts.values) <= 3
    typed = text.isprintable() and len(text) < 40 and not is_truth(text) and alone
    return f"; --missing {quoted(text)} if it means that nothing is known" if typed else ""


def _named_after(name: str, target: str) -> bool:
    """Whether a name is the target's with a word for a copy before or after it."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    meant = re.findall(r"[a-z0-9]+", target.lower())
    rest = [word for word in words if word not in meant]
    return bool(meant) and len(words) > len(meant) and set(meant) <= set(words) and set(rest) <= _COPY | {"2", "1"}
