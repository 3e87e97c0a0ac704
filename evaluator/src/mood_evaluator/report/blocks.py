"""What a page of the report consists of, whether it becomes HTML, PDF, CSV or JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure as Canvas
from matplotlib.figure import SubFigure

from mood_evaluator.plots.look import Look
from mood_evaluator.runs.standings import Standings

Row = dict[str, Any]
Whisker = tuple[float, float, float]
"""Score, and both ends of its interval."""


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; `quiet` for what is said aside."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """How a table shows its rows; `whisker` draws a score in its interval below the words."""

    head: str
    show: Callable[[Row], str]
    right: bool = True
    whisker: Callable[[Row], Whisker | None] | None = None
    weight: float = 1.0  # of its width


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are all numbers, as in the CSV; the report shows the first `limit`, without columns none."""

    task: str
    name: str  # of its CSV, after the task
    title: str
    caption: str
    rows: Sequence[Row]
    columns: Sequence[Column]
    limit: int = 10

    @property
    def shown(self) -> Sequence[Row]:
        return self.rows[: self.limit]

    @property
    def rest(self) -> str:
        """Return where the other rows are; nothing without any."""
        more = len(self.rows) - len(self.shown)
        return f"{more} more in csv/{self.task}-{self.name}.csv." if more else ""


@dataclass(frozen=True, slots=True)
class Figure:
    """`draw` makes it in a look, or into a part of a page; `rows` are the numbers behind it."""

    task: str
    name: str
    title: str
    caption: str
    rows: Sequence[Row]
    draw: Callable[[Look, SubFigure | None], Canvas]


Block = Words | Heading | Table | Figure


@dataclass(frozen=True, slots=True)
class Page:
    """One question, its answer in words, and what that rests on."""

    name: str
    question: str
    answers: Sequence[str]
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Report:
    """The first page and one page a question; `strap` says on every page who leads and what it rests on."""

    title: str
    facts: Sequence[tuple[str, str]]
    caveats: Sequence[str]
    strap: Sequence[str]
    first: Sequence[Block]
    pages: Sequence[Page] = field(default=())
    standings: Sequence[Standings] = field(default=())  # of the runs that count, a task each

    @property
    def items(self) -> list[Table | Figure]:
        """Return all tables and figures that have numbers, in order, those without columns too."""
        blocks = [*self.first, *(block for page in self.pages for block in page.blocks)]
        return [block for block in blocks if isinstance(block, Table | Figure) and block.rows]

    @property
    def figures(self) -> list[Figure]:
        return [item for item in self.items if isinstance(item, Figure)]
