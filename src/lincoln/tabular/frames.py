"""Rows of a table file as a DataFrame of pandas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .reading import Part, Values

__all__ = ["frame"]


def frame(part: Part, kinds: Mapping[str, str]) -> Any:
    """Rows of a table as a pandas DataFrame: whole numbers as int64, other numbers as float64, text as text.

    Args:
        part: the rows.
        kinds: ``"whole"``, ``"number"`` or ``"text"`` for each column that is wanted; numbers that are not written as
            programs do it are left to the model, which reads them in data frames too.
    """
    import pandas as pd

    return pd.DataFrame({name: _series(part.columns[name], kind) for name, kind in kinds.items()}, copy=False)


def _series(values: Values, kind: str) -> Any:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind == "text":
        missing = pa.array(values.is_missing[:-1])
        texts = pc.if_else(missing, pa.scalar(None, values.texts.type), values.texts)
        places = pa.array(values.codes, mask=values.codes == len(texts))
        return pd.Series(texts.take(places).to_pandas(), dtype="str" if pd.__version__ >= "3" else object)
    numbers = np.where(values.is_missing, np.nan, values.numbers)[values.codes]
    return pd.Series(numbers.astype(np.int64) if kind == "whole" else numbers)
