"""What works on toy cases but looks wrong is one sentence a kind, with the cases that it is about."""

from collections.abc import Sequence
from typing import Any

from mood_evaluator import Dataset, Flag, Task
from mood_platform.documents.case_row import CaseRow
from mood_platform.documents.set_result import Suspected
from mood_platform.execution.case_warnings import warnings_of
from mood_support.documents import case_json


def _row(case: str, **more: Any) -> CaseRow:
    usual = {"case": case, "score": 0.5, "seconds": 1.0, "limit_seconds": 10.0}
    return CaseRow.from_json(case_json(**usual | more), place="a case")


def _told(task: Task, *rows: CaseRow, suspicions: Sequence[Suspected] = ()) -> dict[str, list[str]]:
    found = [*warnings_of(task, Dataset.BRAIN, rows, suspicions)]
    assert {warning.dataset for warning in found} <= {Dataset.BRAIN}
    return {warning.code: list(warning.cases) for warning in found}


def test_nothing_is_said_of_cases_that_are_as_they_should_be() -> None:
    assert _told(Task.PIXEL, _row("a"), _row("b")) == {}


def test_a_flag_is_told_once_with_its_sentence_and_its_cases() -> None:
    rows = [_row("a", flags=["squeezed", "ran_twice"]), _row("b"), _row("c", flags=["squeezed", "nan"])]
    assert _told(Task.PIXEL, *rows) == {"nan": ["c"], "squeezed": ["a", "c"]}
    [_, warning] = warnings_of(Task.PIXEL, Dataset.BRAIN, rows, [])
    assert warning.text == Flag.SQUEEZED.text


def test_a_suspicion_is_about_all_cases() -> None:
    found = [Suspected(code="inverted", text="Inverted.")]
    assert _told(Task.PIXEL, _row("a"), _row("b"), suspicions=found) == {"inverted": ["a", "b"]}


def test_equal_scores_of_all_scans_are_told() -> None:
    failed = _row("c", outcome="crashed", score=0.0)
    assert _told(Task.SAMPLE, _row("a"), _row("b"), failed) == {"all_scores_equal": ["a", "b", "c"]}
    assert _told(Task.SAMPLE, _row("a"), _row("b", score=0.4)) == {}
    assert _told(Task.SAMPLE, _row("a"), failed) == {}
    assert _told(Task.PIXEL, _row("a"), _row("b")) == {}


def test_more_than_half_of_the_time_is_slow() -> None:
    rows = [_row("a", seconds=5.1), _row("b", seconds=5.0), _row("c", seconds=None)]
    assert _told(Task.PIXEL, *rows) == {"slow": ["a"]}
