"""Lists of results that show themselves as a table in a notebook, and become pandas frames."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any, TypeVar

from mood_evaluator.errors import EvaluatorError

Item = TypeVar("Item")
_TABLE = "border-collapse: collapse; font-variant-numeric: tabular-nums; background: transparent"
_LINE = "border-bottom: 1px solid rgba(128, 128, 128, 0.35)"
_CELL = f"padding: 0.25em 0.9em; white-space: nowrap; {_LINE}; background: transparent"
_NOTHING = "-"
_SMALL = 0.0005  # what 4 decimals do not tell


class Rows(list[Item]):
    """A list of dataclasses; anything that a list can, it can.

    >>> Rows([{"team": "A", "rank": 1}]).to_frame()
      team  rank
    0    A     1
    """

    def to_frame(self) -> Any:
        """Return a pandas frame, a row for each item; needs `mood-evaluator[pandas]`."""
        return frame_of([_as_row(item) for item in self])

    def _repr_html_(self) -> str:
        return html_table([_as_row(item) for item in self])


def frame_of(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return a pandas frame; raises EvaluatorError where pandas is not installed."""
    try:
        import pandas as pd
    except ImportError as error:
        raise EvaluatorError("Frames need pandas: pip install 'mood-evaluator[pandas]'.") from error
    return pd.DataFrame(list(rows))


def html_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a table whose colours are those of the page around it, light or dark."""
    names = list(rows[0]) if rows else []
    head = "".join(_cell("th", name.replace("_", " "), _side(rows, name)) for name in names)
    body = "".join(
        f"<tr>{''.join(_cell('td', _words(row[name]), _side(rows, name)) for name in names)}</tr>"
        for row in rows
    )
    return f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _as_row(item: Any) -> Mapping[str, Any]:
    if isinstance(item, Mapping):
        return item
    row: Mapping[str, Any] = item.to_row() if hasattr(item, "to_row") else asdict(item)
    return row


def _cell(tag: str, text: str, side: str) -> str:
    return f'<{tag} style="{_CELL}; text-align: {side}">{escape(text)}</{tag}>'


def _side(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    return "left" if any(isinstance(row[name], str) for row in rows) else "right"


def _words(value: Any) -> str:
    match value:
        case None:
            return _NOTHING
        case bool():
            return "yes" if value else "no"
        case float():
            return _number(value)
        case (low, high):
            return f"{_words(low)} to {_words(high)}"
        case _:
            return str(value)


def _number(value: float) -> str:
    if math.isnan(value):
        return _NOTHING
    if value.is_integer() or math.isinf(value):
        return f"{value:g}"
    return f"{value:.4f}" if abs(value) >= _SMALL else f"{value:.1e}"
