"""`mood-evaluate evidence`: writes a scored run: all that ranking, analysis and report need."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mood_evaluator.body import BodyScores, body_of_case
from mood_evaluator.cli.numbers import number_where
from mood_evaluator.cli.object_steps import (
    MinVolume,
    ObjectSensitivityOption,
    least_volume,
    require_pixel,
    sweep_objects,
)
from mood_evaluator.cli.options import NO_RESULT, OK
from mood_evaluator.cli.score_document import as_text
from mood_evaluator.cli.score_input import ScoreInput, read_input
from mood_evaluator.cli.scoring_options import (
    CORES,
    BatchSize,
    Labels,
    Predictions,
    ScoringOptions,
    Seed,
    TaskOption,
    TestSetOption,
    Threads,
    ValidShare,
)
from mood_evaluator.cli.scoring_steps import Precision, read_each, score_all, suspect_set
from mood_evaluator.lesions import LesionScores, lesions_of_case
from mood_evaluator.objects.matching import ScanObjects
from mood_evaluator.objects.rule import spacings_of
from mood_evaluator.objects.scan import objects_of_case
from mood_evaluator.runs.scored_run import Detection, ScoredRun
from mood_evaluator.scoring import PixelCase
from mood_evaluator.slices import SliceScores, slices_of_case
from mood_evaluator.test_set import Task
from mood_evaluator.whole_file import need_place


def _team(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise typer.BadParameter(f"{text!r} is no name: give letters that can be seen, on one line")
    return text


Team = Annotated[str, typer.Option(parser=_team, metavar="NAME", help="Who made the predictions.")]


def _run_file(text: str) -> Path:
    if not text.endswith(".zip"):  # by which other commands know it
        raise typer.BadParameter(f"{text!r} does not end in .zip")
    return Path(text)


Out = Annotated[Path, typer.Option(parser=_run_file, metavar="RUN.zip", help="Where the scored run goes.")]
Exact = Annotated[
    bool, typer.Option("--exact", help="Exact float32 APs, of each scan too, by one reading more.")
]
Objects = Annotated[
    float | None,
    typer.Option(
        parser=number_where(lambda number: 0 < number <= 1, "a score above 0, up to 1"),
        metavar="T",
        help="Extract objects at this score: the best-Dice threshold of a validation set, fixed before.",
    ),
]
Lesions = Annotated[bool, typer.Option("--lesions", help="Also AUPRO, and the AP of each annotated object.")]
Body = Annotated[
    bool, typer.Option("--body", help="Also scores of the body's voxels alone, from the set's images.")
]
Slices = Annotated[bool, typer.Option("--slices", help="Also score each slice along the last axis.")]
NotEligible = Annotated[
    bool, typer.Option("--not-eligible", help="List the team at its score, but outside the ranking.")
]


def evidence(
    *,
    predictions: Predictions,
    task: TaskOption,
    team: Team,
    out: Out,
    test_set: TestSetOption = None,
    labels: Labels = None,
    batch_size: BatchSize = None,
    seed: Seed = None,
    valid_share: ValidShare = 0.5,
    threads: Threads = CORES,
    exact: Exact = False,
    objects: Objects = None,
    object_sensitivity: ObjectSensitivityOption = False,
    min_volume: MinVolume = None,
    lesions: Lesions = False,
    body: Body = False,
    slices: Slices = False,
    not_eligible: NotEligible = False,
) -> int:
    """Write a scored run, which ranking and report read: no voxel is in it.

    [bold]mood-evaluate evidence --task pixel --team A --predictions a --test-set brain --out a.zip[/bold]

    Exit codes: 0 written, 1 written, but without a result, 2 nothing could be scored.
    """
    options = ScoringOptions(predictions, task, test_set, labels, batch_size, seed, valid_share, threads)
    given = read_input(options)
    need_place(out, given.files)
    precision = Precision.FLOAT32 if exact or task is Task.SAMPLE else Precision.TWO_SIDED
    scores, result = score_all(given, precision, options, exact=exact)
    detection = _detection(given, objects, min_volume)
    sweep = sweep_objects(given, scores, min_volume, threads) if object_sensitivity else None
    ScoredRun(
        team=team,
        **_facts(given),
        precision=str(precision),
        result=result,
        cases=scores,
        detection=detection,
        objects={} if detection is None else _objects(given, detection, options.threads),
        sweep=sweep,
        spacings=spacings_of(given.cases) if detection or sweep else (),
        **_more(given, threads, lesions=lesions, body=body, slices=slices),
        eligible=not not_eligible,
    ).save(out)
    words = as_text(given, scores, result, suspicions=suspect_set(given, scores, result))
    sys.stdout.write(words + f"Scored run: {out}\n")
    return NO_RESULT if result.score is None else OK


def _facts(given: ScoreInput) -> dict[str, Any]:
    """Return what the run is of."""
    return {
        "task": given.task,
        "test_set": given.name,
        "test_set_digest": given.digest,
        "abnormal": given.abnormal,
        "batchings": given.batchings,
        "ground": given.ground,
    }


def _more(given: ScoreInput, threads: int, *, lesions: bool, body: bool, slices: bool) -> dict[str, Any]:
    """Return what was asked for beside scores and objects."""
    return {
        "lesions": _lesions(given, threads) if lesions else None,
        "body": _body(given, threads) if body else None,
        "slices": _slices(given, threads) if slices and given.task is Task.PIXEL else {},
    }


def _detection(given: ScoreInput, threshold: float | None, min_volume: float | None) -> Detection | None:
    if threshold is None:
        return None
    require_pixel(given, "--objects")
    return Detection(threshold, least_volume(given, min_volume))


def _objects(given: ScoreInput, detection: Detection, threads: int) -> dict[str, ScanObjects]:
    def extract(case: PixelCase) -> ScanObjects:
        return objects_of_case(case, threshold=detection.threshold, min_volume=detection.min_volume)

    return read_each(given, extract, "Extracting objects", threads)


def _lesions(given: ScoreInput, threads: int) -> LesionScores:
    require_pixel(given, "--lesions")
    return LesionScores.of(read_each(given, lesions_of_case, "Reading lesions", threads))


def _body(given: ScoreInput, threads: int) -> BodyScores:
    require_pixel(given, "--body")
    return BodyScores.of(read_each(given, body_of_case, "Reading bodies", threads).values())


def _slices(given: ScoreInput, threads: int) -> dict[str, SliceScores]:
    return read_each(given, slices_of_case, "Scoring slices", threads)
