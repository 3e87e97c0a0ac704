"""A figure of the report: its numbers, how they are drawn, and what they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure as Canvas

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """`draw` makes a new canvas; `rows` are the numbers behind it, as its CSV has them."""

    name: str  # of its CSV, without ending
    title: str
    caption: str
    rows: Sequence[Row]
    draw: Callable[[], Canvas]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report; the columns are those of the rows."""

    name: str
    title: str
    caption: str
    rows: Sequence[Row]
