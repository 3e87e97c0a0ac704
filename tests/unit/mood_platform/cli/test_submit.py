"""What `mood submit` says about an image that was not taken."""

from __future__ import annotations

from typing import Any

import pytest

from mood_evaluator import Task
from mood_platform.cli.problems import Exit, Problem
from mood_platform.cli.submit import check_allowed, create_all, rejection
from mood_platform.failures import FailureReason


@pytest.mark.parametrize(
    ("reason", "code", "remedy"),
    [
        (FailureReason.IMAGE_TRUNCATED, Exit.IMAGE_FAILED, "Correct it and hand it in again."),
        (FailureReason.CHECK_FAILED, Exit.PLATFORM, "Run the same command again."),
    ],
)
def test_a_rejection_says_what_was_wrong_and_whose_turn_it_is(
    reason: FailureReason, code: Exit, remedy: str
) -> None:
    image = {"reason": reason.value, "text": reason.text, "detail": "Layer x is missing."}
    problem = rejection(image)
    assert problem.text == f"The image was rejected: {reason.text} Layer x is missing."
    assert (problem.code, problem.remedy) == (code, remedy)


def test_a_refusal_after_the_first_task_says_which_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    def create(task: Task) -> dict[str, object]:
        if task is Task.PIXEL:
            raise Problem("It was scored already.", remedy="Confirm with --again.")
        return {"number": 5, "task": task, "stage": "challenge", "links": {"page": "https://p/5"}}

    with pytest.raises(Problem) as refused:
        create_all(create, list(Task))
    assert refused.value.remedy == "Confirm with --again. Only this is left to submit: --task pixel"
    assert "https://p/5" in capsys.readouterr().err
    with pytest.raises(Problem) as refused:
        create_all(create, [Task.PIXEL])
    assert refused.value.remedy == "Confirm with --again."


def edition(phase: str, *, entry: str | None = None, entry_open: bool = False) -> dict[str, Any]:
    dates = {"opens": "2027-01-01T00:00:00Z", "closes": "2027-02-01T00:00:00Z"}
    asked = {"state": entry, "reason": "The form is missing."} if entry else None
    quota = {"left": 10, "used": 0, "limit": 10}
    return dates | {"slug": "tiny", "phase": phase, "entry": asked, "entry_open": entry_open, "quota": quota}


@pytest.mark.parametrize("stage", ["toy", "challenge"])
@pytest.mark.parametrize("entry", [None, "asked", "admitted", "refused"])
def test_before_the_opening_that_is_what_is_said_whatever_else_holds(stage: str, entry: str | None) -> None:
    with pytest.raises(Problem, match="tiny opens at 2027-01-01") as refused:
        check_allowed(edition("planned", entry=entry), stage, 2)
    assert refused.value.code is Exit.NOT_ALLOWED


@pytest.mark.parametrize(
    ("phase", "entry", "text", "remedy"),
    [
        ("open", None, "yours has not asked", "mood enter --challenge tiny"),
        ("open", "asked", "have not decided yet", "Wait for them"),
        ("open", "refused", "did not admit your team to tiny: The form is missing.", "Write to them"),
        ("closed", None, "tiny closed at 2027-02-01", "Enter one that is open"),
        ("closed", "asked", "tiny closed at 2027-02-01", "Enter one that is open"),
        ("closed", "refused", "did not admit your team to tiny: The form is missing.", "Write to them"),
    ],
)
def test_a_team_that_is_not_admitted_reads_why_and_nothing_it_could_not_do(
    phase: str, entry: str | None, text: str, remedy: str
) -> None:
    with pytest.raises(Problem, match=text) as refused:
        check_allowed(edition(phase, entry=entry), "challenge", 2)
    assert remedy in refused.value.remedy
    assert ("mood enter" in refused.value.remedy) == ("mood enter" in remedy)
    assert ("toy stage" not in refused.value.remedy) or phase == "open"


def test_a_refused_team_is_refused_where_everybody_else_is_admitted_too() -> None:
    check_allowed(edition("open", entry_open=True), "challenge", 2)
    with pytest.raises(Problem, match="did not admit"):
        check_allowed(edition("open", entry="refused", entry_open=True), "challenge", 2)


def test_toy_cases_and_the_grace_after_the_end_are_left_to_the_platform() -> None:
    check_allowed(edition("open"), "toy", 2)
    check_allowed(edition("closed", entry="admitted"), "challenge", 2)
