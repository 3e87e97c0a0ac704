"""The main job in small: upload, toy stage, challenge stage, publication, every AP checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Person, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.timeout(600)]
TASKS = ("sample", "pixel")


@pytest.fixture(scope="module")
def team(platform: Platform, image: str) -> Person:
    """Has gone the whole way: toy stage, then challenge stage, both Tasks."""
    member = platform.person("mini")
    member.register("--team", "Mini")
    for stage in ("toy", "challenge"):
        views = member.ask("submit", image, "--stage", stage, "--name", "first try", "--watch")
        assert [view["task"] for view in views] == list(TASKS)
        assert all(view["over"] and not view["run"]["failures"] for view in views), views
    return member


@pytest.fixture(scope="module")
def published(platform: Platform, team: Person) -> list[dict[str, Any]]:
    organizer = platform.person("organizer")
    return [organizer.ask("admin", "publish", task, "--yes") for task in TASKS]


def test_every_published_ap_equals_scikit_learns_to_the_last_bit(
    platform: Platform, published: list[dict[str, Any]]
) -> None:
    from verify import verify

    checks = verify(platform.files, list(platform.test_sets.glob("test-*")), published)
    assert len(checks) >= 2 * len(TASKS)
    assert [check for check in checks if not check.equal] == []


def test_the_team_stands_on_both_leaderboards(platform: Platform, published: list[dict[str, Any]]) -> None:
    for task, view in zip(TASKS, published, strict=True):
        seen = platform.person("visitor").ask("leaderboard", task)
        assert seen["digest"] == view["digest"]
        [row] = seen["document"]["rows"]
        assert (row["name"], row["rank"]) == ("Mini", 1)
        assert set(row["datasets"]) == {"brain", "abdom"}


def test_mood_test_here_gives_the_scores_of_the_toy_report(
    platform: Platform, team: Person, image: str
) -> None:
    import json

    local = json.loads(team.mood("test", image, "--json", "-"))
    for number, task in enumerate(TASKS, start=1):
        report = team.ask("report", str(number))
        for dataset, part in report["datasets"].items():
            [mine] = [one for one in local["parts"] if (one["task"], one["dataset"]) == (task, dataset)]
            assert mine["ap"] == part["ap"]
            here = {case["case"]: (case["outcome"], case["score"], case["ap"]) for case in mine["cases"]}
            there = {case["case"]: (case["outcome"], case["score"], case["ap"]) for case in part["cases"]}
            assert here == there


def test_the_same_image_again_is_not_uploaded_again(platform: Platform, team: Person, image: str) -> None:
    uploads = list((platform.files / "images").iterdir())
    team.ask("submit", image, "--task", "sample", "--stage", "toy", "--watch")
    assert list((platform.files / "images").iterdir()) == uploads


def test_a_participant_is_no_organizer(team: Person) -> None:
    with pytest.raises(AssertionError, match="no such"):
        team.mood("admin", "draft", "pixel")
