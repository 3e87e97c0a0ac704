"""Failure reasons: one blame and one sentence with a next step each."""

import pytest

from mood_platform.failures import Blame, FailureReason


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_has_a_blame_and_a_sentence_with_a_next_step(reason: FailureReason) -> None:
    assert isinstance(reason.blame, Blame)
    assert reason.text.endswith(".")
    assert "; " in reason.text


@pytest.mark.parametrize("reason", FailureReason)
def test_a_reason_is_found_by_its_code(reason: FailureReason) -> None:
    assert FailureReason(reason.value) is reason
    assert str(reason) == reason.value == reason.name.lower()


def test_everything_about_an_image_is_the_teams_to_correct() -> None:
    assert {r.blame for r in FailureReason if r.startswith("image_")} == {Blame.TEAM}


def test_the_platform_never_blames_a_team_for_its_engine() -> None:
    ours = {"engine_error", "gpu_unavailable", "limits_refused", "lost_lease", "node_restarted", "abandoned"}
    ours |= {"scoring_failed", "not_scored", "check_failed", "starved"}
    assert {str(r) for r in FailureReason if r.blame is Blame.PLATFORM} == ours


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        FailureReason("nonsense")
