"""What works on toy cases but looks wrong is one sentence a kind, with the cases that it is about."""

from typing import Any

from mood_evaluator import Flag, Task
from mood_platform.execution.case_warnings import warnings_of


def _row(case: str, **more: Any) -> dict[str, Any]:
    usual = {"case": case, "outcome": "succeeded", "flags": [], "score": 0.5, "seconds": 1.0}
    return usual | {"limit_seconds": 10.0} | more


def _told(task: Task, *rows: dict[str, Any], **suspicion: str) -> dict[str, list[str]]:
    found = [*warnings_of(task, "brain", rows, [suspicion] if suspicion else [])]
    assert {warning["dataset"] for warning in found} <= {"brain"}
    return {warning["code"]: warning["cases"] for warning in found}


def test_nothing_is_said_of_cases_that_are_as_they_should_be() -> None:
    assert _told(Task.PIXEL, _row("a"), _row("b")) == {}


def test_a_flag_is_told_once_with_its_sentence_and_its_cases() -> None:
    rows = [_row("a", flags=["squeezed", "ran_twice"]), _row("b"), _row("c", flags=["squeezed", "nan"])]
    assert _told(Task.PIXEL, *rows) == {"nan": ["c"], "squeezed": ["a", "c"]}
    [_, warning] = warnings_of(Task.PIXEL, "brain", rows, [])
    assert warning["text"] == Flag.SQUEEZED.text


def test_a_suspicion_is_about_all_cases() -> None:
    assert _told(Task.PIXEL, _row("a"), _row("b"), code="inverted", text="Inverted.") == {
        "inverted": ["a", "b"]
    }


def test_equal_scores_of_all_scans_are_told() -> None:
    failed = _row("c", outcome="crashed", score=0.0)
    assert _told(Task.SAMPLE, _row("a"), _row("b"), failed) == {"all_scores_equal": ["a", "b", "c"]}
    assert _told(Task.SAMPLE, _row("a"), _row("b", score=0.4)) == {}
    assert _told(Task.SAMPLE, _row("a"), failed) == {}
    assert _told(Task.PIXEL, _row("a"), _row("b")) == {}


def test_more_than_half_of_the_time_is_slow() -> None:
    rows = [_row("a", seconds=5.1), _row("b", seconds=5.0), _row("c", seconds=None)]
    assert _told(Task.PIXEL, *rows) == {"slow": ["a"]}
