"""Commands take what lists print, and refuse everything else in words that say what they take."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mood_evaluator import Dataset, Task
from mood_platform.cli.choices import (
    find_id,
    find_open_challenge,
    find_run_id,
    find_submission,
    parse_datasets,
    parse_task,
    parse_tasks,
)
from mood_platform.cli.client import Client
from mood_platform.cli.problems import Problem

ONE, RUNS = (
    "0f8b0000-0000-4000-8000-000000000001",
    [f"0f8b0000-0000-4000-8000-00000000001{n}" for n in range(3)],
)
STAGES = ("challenge", "challenge", "analysis")
NORTH: dict[str, Any] = {
    "id": ONE,
    "number": 3,
    "team": {"handle": "north"},
    "runs": [
        {"id": run, "number": number, "stage": stage}
        for number, (run, stage) in enumerate(zip(RUNS, STAGES, strict=True), start=1)
    ],
}


def platform(*challenges: dict[str, Any]) -> Client:
    def serve(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        if request.url.path.endswith(f"/submissions/{ONE}"):
            return httpx.Response(200, json=NORTH)
        if request.url.path.endswith("/challenges"):
            return httpx.Response(200, json={"items": challenges})
        mine = (query.get("team", "north"), query.get("number", "3")) == ("north", "3")
        return httpx.Response(200, json={"items": [NORTH] if mine else []})

    return Client("http://x.test", None, transport=httpx.MockTransport(serve))


@pytest.mark.parametrize("reference", ["north#3", ONE, f"submission:{ONE}", ONE.upper()])
def test_a_submission_is_named_as_lists_and_the_audit_name_it(reference: str) -> None:
    assert find_id(platform(), reference) == ONE


@pytest.mark.parametrize(
    ("reference", "run"),
    [("north#3", RUNS[1]), ("north#3/1", RUNS[0]), ("north#3/3", RUNS[2]), (f"run:{RUNS[0]}", RUNS[0])],
)
def test_a_run_is_named_by_its_submission_and_number_and_alone_is_the_newest_that_is_no_analysis(
    reference: str, run: str
) -> None:
    assert find_run_id(platform(), reference) == run


WRONG = [
    "xx",
    "3",
    "#3",
    "north",
    "north#",
    "north#0",
    "north#x",
    "north#3/",
    "north#3/0",
    "a#1/2/3",
    "../x",
    "",
]


@pytest.mark.parametrize("reference", [*WRONG, "north#3/2"])
def test_what_names_no_submission_is_refused_here_with_what_would(reference: str) -> None:
    with pytest.raises(Problem, match="names no submission") as refused:
        find_id(platform(), reference)
    assert "handle#3" in refused.value.remedy


@pytest.mark.parametrize("reference", WRONG)
def test_what_names_no_run_is_refused_here_with_what_would(reference: str) -> None:
    with pytest.raises(Problem, match="names no run") as refused:
        find_run_id(platform(), reference)
    assert "handle#3/2" in refused.value.remedy


def test_what_does_not_exist_is_said_to_be_missing() -> None:
    with pytest.raises(Problem, match="There is no submission north#4"):
        find_run_id(platform(), "north#4/1")
    with pytest.raises(Problem, match="There is no run north#3/4"):
        find_run_id(platform(), "north#3/4")


@pytest.mark.parametrize("reference", ["3", "#3", "north#3", ONE])
def test_a_team_names_its_own_by_number_or_id(reference: str) -> None:
    assert find_submission(platform(), reference) == NORTH


@pytest.mark.parametrize("reference", ["4", "south#3"])
def test_a_team_has_no_other(reference: str) -> None:
    with pytest.raises(Problem, match=f"Your team has no submission {reference}"):
        find_submission(platform(), reference)


@pytest.mark.parametrize("reference", ["x", "", "-1", "0", "north#3/1", "9" * 40])
def test_a_team_is_told_what_names_a_submission(reference: str) -> None:
    with pytest.raises(Problem, match="names no submission") as refused:
        find_submission(platform(), reference)
    assert "mood status" in refused.value.remedy


@pytest.mark.parametrize(
    ("given", "tasks"),
    [
        (None, [Task.SAMPLE, Task.PIXEL]),
        (["pixel"], [Task.PIXEL]),
        (["pixel", "sample"], [Task.PIXEL, Task.SAMPLE]),
        (["sample,pixel"], [Task.SAMPLE, Task.PIXEL]),
        (["sample, pixel", "sample"], [Task.SAMPLE, Task.PIXEL]),
    ],
)
def test_a_list_means_all_that_it_names_each_once(given: list[str] | None, tasks: list[Task]) -> None:
    assert parse_tasks(given) == tasks


def test_a_list_with_an_unknown_word_is_refused() -> None:
    assert parse_datasets(["abdom"]) == [Dataset.ABDOM]
    with pytest.raises(Problem, match="--dataset 'knee' is not known"):
        parse_datasets(["brain", "knee"])


def test_where_one_task_is_meant_two_are_refused() -> None:
    assert parse_task("pixel") is Task.PIXEL
    with pytest.raises(Problem, match="'sample,pixel' is not known"):
        parse_task("sample,pixel")


def edition(slug: str, phase: str) -> dict[str, Any]:
    return {"slug": slug, "phase": phase, "open": phase == "open"}


OLD, NOW, ALSO, NEXT = (
    edition(slug, phase)
    for slug, phase in (("old", "closed"), ("now", "open"), ("also", "open"), ("next", "planned"))
)


@pytest.mark.parametrize(("known", "slug"), [([OLD, NOW, NEXT], "now"), ([OLD], "old")])
def test_the_edition_that_is_open_or_the_only_one_is_meant(known: list[Any], slug: str) -> None:
    assert find_open_challenge(platform(*known), None)["slug"] == slug


def test_of_several_editions_only_open_ones_are_offered() -> None:
    with pytest.raises(Problem, match=r"2 challenges are open \(now, also\)"):
        find_open_challenge(platform(OLD, NOW, ALSO, NEXT), None)


def test_where_none_is_open_that_is_said_and_how_the_others_stand() -> None:
    with pytest.raises(Problem, match=r"No challenge is open \(old: closed, next: planned\)"):
        find_open_challenge(platform(OLD, NEXT), None)
    with pytest.raises(Problem, match="There is no challenge yet"):
        find_open_challenge(platform(), None)
