"""How far a submission is."""

from typing import Any

import pytest

from mood_platform.cli.following import percent_done


def view(stage: str, *, toy: int, percent: int | None, over: bool = False) -> dict[str, Any]:
    return {"stage": stage, "over": over, "run": {"toy_done": toy, "toy_total": 8, "percent": percent}}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (view("toy", toy=0, percent=None), 0),
        (view("toy", toy=4, percent=None), 50),
        (view("challenge", toy=4, percent=None), 10),
        (view("challenge", toy=8, percent=0), 20),
        (view("challenge", toy=8, percent=50), 60),
        (view("challenge", toy=8, percent=95), 96),
        (view("challenge", toy=2, percent=None, over=True), 100),
    ],
)
def test_toy_cases_are_a_fifth_of_a_challenge_run_and_all_of_a_toy_run(
    seen: dict[str, Any], expected: int
) -> None:
    assert percent_done(seen) == expected
