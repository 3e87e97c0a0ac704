"""What `mood submit` says about an image that was not taken."""

from __future__ import annotations

import pytest

from mood_platform.cli.problems import Exit
from mood_platform.cli.submit import rejection
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
