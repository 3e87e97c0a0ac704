"""Turns the rows of a published leaderboard document into what the table draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from mood_evaluator import Quantizer
from mood_platform.views.participant import Document
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

    dataset: str
    score: float | None
    rank: int | None
    interval: list[float] | None
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
    rank_interval: list[int] | None
    keeps_place: float | None


def choose_axis(document: Document) -> Axis:
    """As narrow as all scores and intervals allow; the page says from where to where it runs."""
    cells = [
        cell for row in document["rows"] for cell in row["datasets"].values() if cell["score"] is not None
    ]
    values = [value for cell in cells for value in (cell["score"], *(cell["interval"] or ()))]
    if not values:
        return Axis(0.0, 1.0)
    return Axis(floor(min(values) * 10) / 10, max(ceil(max(values) * 10), floor(min(values) * 10) + 1) / 10)


def lay_out_rows(document: Document, *, own_team: str | None) -> list[BoardRow]:
    """In the document's order; teams that share a rank show it as `2=`."""
    axis = choose_axis(document)
    shared = Counter(row["rank"] for row in document["rows"])
    return [
        BoardRow(
            place=_place(row["rank"], shared=shared[row["rank"]] > 1),
            team=row["team"],
            name=row["name"],
            own=row["team"] == own_team,
            standing=row["standing"],
            submission=row["submission"],
            submission_name=row["submission_name"],
            image=row["image"],
            cells=list(_cells(row["datasets"], axis)),
            mean_rank=row["mean_rank"],
            rank_interval=row["rank_interval"],
            keeps_place=row["keeps_place"],
        )
        for row in document["rows"]
    ]


def _place(rank: int | None, *, shared: bool) -> str:
    if rank is None:
        return MISSING
    return f"{rank}=" if shared else str(rank)


def _cells(datasets: dict[str, Any], axis: Axis) -> Iterator[Cell]:
    """Brain before abdomen, as everywhere."""
    for dataset in sorted(datasets, key=lambda name: name != "brain"):
        cell = datasets[dataset]
        interval = cell["interval"]
        yield Cell(
            dataset=dataset,
            score=cell["score"],
            rank=cell["rank"],
            interval=interval,
            x=axis.place(cell["score"]),
            x_low=axis.place(interval[0]) if interval else None,
            x_high=axis.place(interval[1]) if interval else None,
            failed_share=cell["result"].get("failed_share") or 0.0,
            doubts=list(_doubts(cell)),
        )


def _doubts(cell: dict[str, Any]) -> Iterator[str]:
    """Before documents told it all intervals of voxels came from rounded scores."""
    if cell.get("interval_holds_score") is False:
        yield "interval does not hold its score"
    if cell.get("interval_rounded", Quantizer.TWO_SIDED in cell["result"].get("lossy", ())):
        yield "interval from rounded scores"


def lay_out_significance(document: Document) -> dict[str, list[tuple[str, list[str]]]]:
    """By Dataset, each team that is significantly better than others, and these; empty in old documents."""
    names = {row["team"]: row["name"] for row in document["rows"]}
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for dataset, part in document.get("significance", {}).items():
        beaten: dict[str, list[str]] = {}
        for better, worse, *_, p in part["pairs"]:
            if p <= part["level"]:
                beaten.setdefault(better, []).append(names[worse])
        found[dataset] = [(names[team], others) for team, others in beaten.items()]
    return found
