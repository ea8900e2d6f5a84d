"""What a text in a table means: nothing, a number, yes or no; and the one name that a value has as a category.

Files and data frames are read by the same rules, so that a value is the same wherever it comes from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

__all__ = [
    "MISSING_TOKENS",
    "PLAIN",
    "as_number",
    "best_decimal",
    "decimal_of",
    "exact_key_of",
    "is_truth",
    "key_of",
    "number_in",
]

MISSING_TOKENS = (
    *("", "?", "NA", "na", "N/A", "n/a", "#N/A", "#n/a", "#N/A N/A", "#NA", "NaN", "nan", "NAN", "-NaN", "-nan"),
    *("NULL", "null", "None", "NaT", "<NA>", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
"""Strings that mean, unless something else is said, that there is no value: pandas' own, ``?``, and some spellings."""

PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
"""A number as programs write it."""
_NUMBER = re.compile(PLAIN, re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_AROUND = re.compile(r"([+-]?)\s*[$€£¥]?\s*([+-]?)([\d.,'\u2019\u00a0\u202f]+(?:[eE][+-]?\d+)?)\s*[%$€£¥]?", re.ASCII)
_WRITTEN = {
    ".": re.compile(r"([1-9]\d{0,2}([,'\u2019\u00a0\u202f]\d{3})+(\.\d*)?)|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII),
    ",": re.compile(r"([1-9]\d{0,2}([.'\u2019\u00a0\u202f]\d{3})+(,\d*)?)|(\d+,?\d*|,\d+)([eE][+-]?\d+)?", re.ASCII),
}
"""A number without its sign, by the sign before its decimals: thousands are set apart in groups of three, or not."""
_GROUPS = {sign: str.maketrans(sign, ".", f"{other}'\u2019\u00a0\u202f") for sign, other in ((".", ","), (",", "."))}


def number_in(text: str, decimal: str = ".") -> float | None:
    """The number that a text without blanks around it is, None if it is none.

    Thousands may be set apart, and a sign of percent or of a currency may stand beside it; it is left out.

    >>> number_in("3,504"), number_in("12.0%"), number_in("-$18.00"), number_in("18,0"), number_in("two")
    (3504.0, 12.0, -18.0, None, None)
    >>> number_in("18,0", ","), number_in("1.234,50 €", ",")
    (18.0, 1234.5)
    """
    if decimal == "." and (_NUMBER.fullmatch(text) or _INFINITE.fullmatch(text)):
        return float(text)
    around = _AROUND.fullmatch(text)
    if around is None:
        return float(text) if _INFINITE.fullmatch(text) else None
    first, second, number = around.groups()
    if (first and second) or not _WRITTEN[decimal].fullmatch(number):
        return None
    return float(first + second + number.translate(_GROUPS[decimal]))


def decimal_of(texts: Iterable[str], hint: str = ".") -> str:
    """The sign before the decimals with which all of these texts are numbers; nothing if there is none.

    Where both would do, as for ``3,504``, ``hint`` decides; numbers as programs write them have a point.

    >>> decimal_of(["3,504"]), decimal_of(["3,504", "18,0"]), decimal_of(["3,504", "18.0"]), decimal_of(["a"])
    ('.', ',', '.', '')
    """
    texts = list(texts)
    if all(_NUMBER.fullmatch(text) for text in texts):
        return "."
    order = (",", ".") if hint == "," else (".", ",")
    return next((sign for sign in order if all(number_in(text, sign) is not None for text in texts)), "")


def best_decimal(texts: Iterable[str], hint: str = ".") -> str:
    """The sign before decimals with which most of these texts are numbers.

    >>> best_decimal(["18,0", "unknown"]), best_decimal(["unknown"], ",")
    (',', ',')
    """
    texts = list(texts)
    counts = {sign: sum(number_in(text, sign) is not None for text in texts) for sign in (".", ",")}
    return decimal_of(texts, hint) or max(counts, key=lambda sign: (counts[sign], sign == hint))


def as_number(value: Any, missing: frozenset[str], decimal: str = ".") -> float | None:
    """A value as a number: NaN for what means that there is none, None for what is not a number."""
    if isinstance(value, str):
        text = value.strip()
        return math.nan if text in missing else number_in(text, decimal)
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def is_truth(value: Any) -> bool:
    """Whether a value says true or false by itself: a boolean, or its name.

    >>> is_truth("True"), is_truth(False), is_truth("yes")
    (True, True, False)
    """
    return key_of(value) in ("true", "false")


def key_of(value: Any) -> str:
    """The name that a value has as a category: the same for 7, 7.0, "7" and "007"; for True, "TRUE" and "true".

    Data frames hold as a number, or as a boolean, what is text in a file.

    >>> key_of("01003"), key_of(1003.0), key_of(True), key_of("True"), key_of(" 1.50"), key_of("1e3a")
    ('1003', '1003', 'true', 'true', '1.5', '1e3a')
    """
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.lower()
    if not _NUMBER.fullmatch(text):
        return text
    if text.lstrip("+-").isdecimal():
        return str(int(text)) if len(text) < 1000 else text
    number = float(text)
    return str(int(number)) if number.is_integer() and abs(number) < 2**63 else repr(number)


def exact_key_of(value: Any) -> str:
    """The name that a value had as a category in models of the first format."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
