"""`mood-evaluate score`: scores a folder of predictions, exactly as the platform does."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mood_evaluator.cli.object_steps import MinVolume, ObjectSensitivityOption, sweep_objects
from mood_evaluator.cli.options import NO_RESULT, OK
from mood_evaluator.cli.score_document import as_text, describe_sensitivity, write_document
from mood_evaluator.cli.score_input import read_input
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
from mood_evaluator.cli.scoring_steps import Precision, score_all, suspect_set
from mood_evaluator.whole_file import need_place


def score(
    *,
    predictions: Predictions,
    task: TaskOption,
    test_set: TestSetOption = None,
    labels: Labels = None,
    batch_size: BatchSize = None,
    seed: Seed = None,
    valid_share: ValidShare = 0.5,
    threads: Threads = CORES,
    precision: Annotated[
        Precision,
        typer.Option(help="float32 is exact and official; the others read each map once, not twice."),
    ] = Precision.FLOAT32,
    object_sensitivity: ObjectSensitivityOption = False,
    min_volume: MinVolume = None,
    json: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Write scores, batches and cases to this file.")
    ] = None,
) -> int:
    """Score a folder of predictions.

    [bold]mood-evaluate score --task pixel --predictions mine --labels toy_label --batch-size 0[/bold]

    [bold]mood-evaluate score --task sample --predictions mine --test-set test-brain --json scores.json[/bold]

    Exit codes: 0 scored, 1 too few valid predictions for a result, 2 nothing could be scored.
    """
    options = ScoringOptions(predictions, task, test_set, labels, batch_size, seed, valid_share, threads)
    given = read_input(options)
    need_place(json, given.files)
    exact = precision is Precision.FLOAT32
    scores, result = score_all(given, precision, options, exact=exact)
    sweep = sweep_objects(given, scores, min_volume, threads) if object_sensitivity else None
    told = None if sweep is None or result.score is None else describe_sensitivity(given, sweep)
    suspicions = suspect_set(given, scores, result)
    if json is not None:
        write_document(json, given, scores, result, told, suspicions)
    sys.stdout.write(as_text(given, scores, result, told, suspicions))
    return NO_RESULT if result.score is None else OK
