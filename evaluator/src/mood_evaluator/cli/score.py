"""`mood-evaluate score`: scores a folder of predictions against a test set, exactly as the platform does."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from mood_evaluator.case_score import CaseScore, score_pixel_case, score_sample_case
from mood_evaluator.cli.options import NO_RESULT, OK, Commands
from mood_evaluator.dataset_result import DatasetResult, result_of
from mood_evaluator.scoring import PixelCase
from mood_evaluator.test_set import Case, Task, TestSet, load_test_set

_EXIT_CODES = "exit codes: 0 scored, 1 too few valid predictions for a result, 2 nothing could be scored"


def add_score(commands: Commands) -> None:
    """Add `score`."""
    score = commands.add_parser("score", help="score a folder of predictions", epilog=_EXIT_CODES)
    score.add_argument(
        "--predictions",
        type=Path,
        required=True,
        metavar="DIR",
        help="one file per case: NAME.nii.gz as the image (pixel), NAME.nii.gz.txt (sample)",
    )
    score.add_argument("--test-set", type=Path, required=True, metavar="DIR", help="holds test_set.json")
    score.add_argument("--task", type=Task, required=True, choices=list(Task))
    score.add_argument("--valid-share", type=float, default=0.5, metavar="SHARE", help="default: 0.5")
    score.add_argument("--json", action="store_true", help="print the result as JSON")
    score.set_defaults(run=_score)


def _score(options: argparse.Namespace) -> int:
    test_set: TestSet = load_test_set(options.test_set)
    task: Task = options.task
    if not options.predictions.is_dir():
        raise NotADirectoryError(f"There is no folder {options.predictions}. Give the folder of predictions.")
    cases = {case.id: _locate(case, task, options) for case in test_set.for_task(task)}
    scores = {case_id: _score_case(case, task) for case_id, case in cases.items()}
    result = result_of(
        task=task,
        test_set=test_set,
        case_scores=scores,
        cases=cases.values(),
        valid_share=options.valid_share,
    )
    sys.stdout.write(_as_json(result, scores) if options.json else _as_text(result, scores))
    return NO_RESULT if result.score is None else OK


def _locate(case: Case, task: Task, options: argparse.Namespace) -> PixelCase:
    name = Path(case.image).name + (".txt" if task is Task.SAMPLE else "")
    label = None if case.label is None else options.test_set / case.label
    return PixelCase(case.id, options.predictions / name, label, case.shape)


def _score_case(case: PixelCase, task: Task) -> CaseScore:
    if task is Task.SAMPLE:
        return score_sample_case(case.prediction)
    return score_pixel_case(case.prediction, label=case.label, shape=case.shape)


def _as_json(result: DatasetResult, scores: Mapping[str, CaseScore]) -> str:
    cases = {case_id: score.to_json() for case_id, score in scores.items()}
    return json.dumps({"result": result.to_json(), "cases": cases}, indent=1) + "\n"


def _as_text(result: DatasetResult, scores: Mapping[str, CaseScore]) -> str:
    lines = [f"{case_id}  {_case_words(score)}" for case_id, score in scores.items()]
    lines.append(f"{result.valid} of {result.total} predictions are valid.")
    if result.score is None:
        lines.append(f"No result: at least {result.valid_share:.0%} must be valid.")
    else:
        lines.append(f"AP {result.score!r}")
    lines += [f"Warning: the AP under {name} differs by more than 0.001." for name in result.lossy]
    return "\n".join(lines) + "\n"


def _case_words(score: CaseScore) -> str:
    if score.fault is not None:
        return f"invalid: {score.fault.text}"
    value = score.score if score.case_ap is None else score.case_ap
    words = ["valid" if value is None else f"{value:.6f}", *(flag.text for flag in score.flags)]
    return "  ".join(words)
