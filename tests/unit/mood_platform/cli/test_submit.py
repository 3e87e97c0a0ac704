"""What `mood submit` says about an image that was not taken."""

from __future__ import annotations

import pytest

from mood_evaluator import Task
from mood_platform.cli.problems import Exit, Problem
from mood_platform.cli.submit import create_all, rejection
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
