"""Turns the rows of a published leaderboard document into what the table draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor

from mood_evaluator import Dataset
from mood_platform.documents.leaderboard import Board, LeaderboardCell
from mood_platform.web.formats import MISSING

WIDTH = 160
"""Units of a bar's drawing from the lowest to the highest AP drawn."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The part of the AP scale that the bars show, in whole tenths, the same for all of them."""

    low: float
    high: float

    def place(self, value: float | None) -> float | None:
        if value is None:
            return None
        return round((value - self.low) / (self.high - self.low) * WIDTH, 1)

    @property
    def ticks(self) -> list[float]:
        """Where the tenths are."""
        tenths = range(round(self.low * 10), round(self.high * 10) + 1)
        return [round((tenth / 10 - self.low) / (self.high - self.low) * WIDTH, 1) for tenth in tenths]


@dataclass(frozen=True, slots=True)
class Cell:
    """AP of one Dataset with its 95 % interval; x values are units of the drawing."""

    dataset: Dataset
    score: float | None
    rank: int | None
    interval: tuple[float, float] | None
    x: float | None
    x_low: float | None
    x_high: float | None
    failed_share: float
    doubts: list[str]
    """Why the interval says less than it seems to."""


@dataclass(frozen=True, slots=True)
class BoardRow:
    place: str
    team: str
    name: str
    own: bool
    standing: str
    submission: int
    submission_name: str
    image: str | None
    cells: list[Cell]
    mean_rank: float | None
    rank_interval: tuple[float, float] | None
    keeps_place: float | None


def choose_axis(board: Board) -> Axis:
    """As narrow as all scores and intervals allow; the page says from where to where it runs."""
    cells = [cell for row in board.rows for cell in row.datasets.values()]
    values = [one for cell in cells if cell.score is not None for one in (cell.score, *(cell.interval or ()))]
    if not values:
        return Axis(0.0, 1.0)
    return Axis(floor(min(values) * 10) / 10, max(ceil(max(values) * 10), floor(min(values) * 10) + 1) / 10)


def lay_out_rows(board: Board, *, own_team: str | None) -> list[BoardRow]:
    """In the document's order; teams that share a rank show it as `2=`."""
    axis = choose_axis(board)
    return [
        BoardRow(
            place=MISSING if row.rank is None else board.place(row),
            team=row.team,
            name=row.name,
            own=row.team == own_team,
            standing=row.standing,
            submission=row.submission,
            submission_name=row.submission_name,
            image=row.image,
            cells=list(_cells(row.datasets, axis)),
            mean_rank=row.mean_rank,
            rank_interval=row.rank_interval,
            keeps_place=row.keeps_place,
        )
        for row in board.rows
    ]


def _cells(datasets: Mapping[Dataset, LeaderboardCell], axis: Axis) -> Iterator[Cell]:
    for dataset in sorted(datasets, key=lambda one: one.order):
        cell = datasets[dataset]
        interval = cell.interval
        yield Cell(
            dataset=dataset,
            score=cell.score,
            rank=cell.rank,
            interval=interval,
            x=axis.place(cell.score),
            x_low=axis.place(interval[0]) if interval else None,
            x_high=axis.place(interval[1]) if interval else None,
            failed_share=cell.result.failed_share,
            doubts=list(_doubts(cell)),
        )


def _doubts(cell: LeaderboardCell) -> Iterator[str]:
    if cell.misses_score:
        yield "interval does not hold its score"
    if cell.is_rounded:
        yield "interval from rounded scores"


def lay_out_significance(board: Board) -> dict[Dataset, list[tuple[str, list[str]]]]:
    """By Dataset, each team that is significantly better than others, and these; empty in old documents."""
    found: dict[Dataset, list[tuple[str, list[str]]]] = {}
    for dataset, part in board.significance.items():
        beaten: dict[str, list[str]] = {}
        for better, worse in part.certain:
            beaten.setdefault(better, []).append(board.by_team[worse].name)
        found[dataset] = [(board.by_team[team].name, others) for team, others in beaten.items()]
    return found
