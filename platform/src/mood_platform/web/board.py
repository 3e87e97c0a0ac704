"""Turns the rows of a published leaderboard document into what the table draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mood_platform.serving.views import Document
from mood_platform.web.formats import MISSING

WIDTH = 120
"""Units of a bar's drawing from AP 0 to AP 1."""


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


def lay_out_rows(document: Document, *, own_team: str | None) -> list[BoardRow]:
    """In the document's order; teams that share a rank show it as `2=`."""
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
            cells=list(_cells(row["datasets"])),
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


def _cells(datasets: dict[str, Any]) -> Iterator[Cell]:
    """Brain before abdomen, as everywhere."""
    for dataset in sorted(datasets, key=lambda name: name != "brain"):
        cell = datasets[dataset]
        interval = cell["interval"]
        yield Cell(
            dataset=dataset,
            score=cell["score"],
            rank=cell["rank"],
            interval=interval,
            x=_place_on_bar(cell["score"]),
            x_low=_place_on_bar(interval and interval[0]),
            x_high=_place_on_bar(interval and interval[1]),
            failed_share=cell["result"].get("failed_share") or 0.0,
        )


def _place_on_bar(value: float | None) -> float | None:
    return None if value is None else round(value * WIDTH, 1)
