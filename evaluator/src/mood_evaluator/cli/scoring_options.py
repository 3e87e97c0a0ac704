"""The options of `score` and `evidence`: which files are scored against which truth."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mood_evaluator.cli.numbers import number_where
from mood_evaluator.errors import EvaluatorError
from mood_evaluator.test_set import Task

Predictions = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="One file per case, named like the image (pixel), or like the image with .txt behind (sample).",
    ),
]
TaskOption = Annotated[Task, typer.Option(help="What is scored: one number per scan, or one per voxel.")]
TestSetOption = Annotated[Path | None, typer.Option(metavar="DIR", help="A folder with test_set.json.")]
Labels = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Labels as MOOD lays them out: toy_label, or its pixel or sample."),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="With --labels: scans per batch of the pixel task; 0 takes all at once.",
        show_default="20",
    ),
]
Seed = Annotated[
    str | None,
    typer.Option(metavar="S", help="With --labels: decides who shares a batch.", show_default="0"),
]
ValidShare = Annotated[
    float,
    typer.Option(
        parser=number_where(lambda number: 0 <= number <= 1, "a share from 0 to 1"),
        metavar="SHARE",
        help="Of valid predictions, needed for a result.",
    ),
]
Threads = Annotated[
    int, typer.Option(min=1, metavar="N", help="Files read at once.", show_default="one per core")
]
CORES = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class ScoringOptions:
    """What was given, one of `test_set` and `labels` among it."""

    predictions: Path
    task: Task
    test_set: Any  # a Path, or None
    labels: Any  # a Path where test_set is None
    batch_size: int | None
    seed: str | None
    valid_share: float
    threads: int

    def __post_init__(self) -> None:
        """Refuse two truths and none."""
        if (self.test_set is None) == (self.labels is None):
            raise EvaluatorError("Say once what is true: --test-set DIR or --labels DIR.")
