"""`kill -9` in the middle of challenge Runs: all comes back by itself, nothing is lost or done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest

from mood_platform.failures import FailureReason
from mood_platform.machine.processes import wait_until
from mood_platform.models import TERMINAL, CaseRunState, RunState
from mood_support.live import LivePlatform, Person, Record, what_counts

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.timeout(400)]

PAUSE_SECONDS = 1.2
"""Of every case, so that a kill meets running containers."""
SLOTS = 2
TREE = {"slot1": True, "slot2": False, "valkey": False, "postgres": False, "api": False, "evaluate": True}
"""Who dies, in this order: with all that it started, or leaving that behind."""
TASKS = ("sample", "pixel")


@dataclass(frozen=True)
class Kill:
    process: int
    running: int
    """Hidden cases that were being run when it was killed."""


@dataclass(frozen=True)
class Team:
    """What became of a team's two challenge Runs, and what the team sees of them."""

    record: Record
    results: dict[str, dict[str, Any]]
    views: list[dict[str, Any]]


@pytest.fixture(scope="module")
def hand_in(
    installed: LivePlatform, open_challenge: Callable[[str], str], shell_image: Callable[..., str]
) -> Callable[[str], Person]:
    """Registers a team that hands the same image in to the challenge stage of both Tasks."""
    slug, image = open_challenge("kill"), shell_image("pausing", pause=PAUSE_SECONDS)

    def hand_in(name: str) -> Person:
        person = installed.person(name, team=name)
        person.mood("submit", image, "--stage", "challenge", "--challenge", slug, "--task", ",".join(TASKS))
        return person

    return hand_in


@pytest.fixture(scope="module")
def twin(installed: LivePlatform, hand_in: Callable[[str], Person]) -> Team:
    """Left in peace."""
    return follow(installed, hand_in("twin"))


@pytest.fixture(scope="module")
def kills(installed: LivePlatform, twin: Team, hand_in: Callable[[str], Person]) -> dict[str, Kill]:
    """One victim after the other, each when the slots have begun new cases since the one before."""
    hand_in("disturbed")
    done: dict[str, Kill] = {}
    for program, tree in TREE.items():
        since = installed.now()
        busy = SLOTS if program.startswith("slot") else 1
        assert wait_until(lambda since=since, busy=busy: begun(installed, since) >= busy, seconds=60), program  # type: ignore[misc]
        running = begun(installed, since)
        done[program] = Kill(installed.kill(program, tree=tree), running)
    return done


@pytest.fixture(scope="module")
def disturbed(installed: LivePlatform, kills: dict[str, Kill]) -> Team:
    return follow(installed, Person("disturbed", installed.folder / "disturbed", installed.url))


def begun(platform: LivePlatform, since: datetime) -> int:
    """Hidden cases of the disturbed team that run now and were claimed after a moment."""
    running = (
        case
        for case in platform.record_of("disturbed").cases
        if case.state is CaseRunState.RUNNING and not case.toy
    )
    return sum(case.started_at is not None and case.started_at > since for case in running)


def follow(platform: LivePlatform, person: Person) -> Team:
    """Only watches: the Runs must end by themselves."""
    assert wait_until(lambda: platform.record_of(person.name).over, seconds=150, every=0.5)
    record = platform.record_of(person.name)
    results = {str(run.submission.task): platform.results_of(run) for run in record.runs if run.results_key}
    return Team(record, results, person.ask("status"))


def is_healthy(platform: LivePlatform) -> bool:
    try:
        return httpx.get(f"{platform.url}/api/v1/health", timeout=5).is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("program", TREE)
def test_a_killed_program_comes_back_by_itself(
    program: str, installed: LivePlatform, kills: dict[str, Kill]
) -> None:
    kill = kills[program]
    assert kill.running > 0
    assert wait_until(lambda: installed.is_running(program), seconds=60)
    assert installed.process_of(program) != kill.process
    assert wait_until(lambda: is_healthy(installed), seconds=30)


def test_the_disturbed_runs_end_scored(disturbed: Team) -> None:
    assert [run.state for run in disturbed.record.runs] == [RunState.SCORED] * len(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_disturbed_results_equal_those_of_the_undisturbed_twin(
    task: str, twin: Team, disturbed: Team
) -> None:
    assert what_counts(disturbed.results[task]) == what_counts(twin.results[task])


def test_every_case_has_one_recorded_outcome(disturbed: Team) -> None:
    ended = Counter(event.subject_id for event in disturbed.record.events if event.after in TERMINAL)
    assert ended == {case.id: 1 for case in disturbed.record.cases}
    collected = Counter(
        event.subject_id for event in disturbed.record.events if event.after == CaseRunState.COLLECTED
    )
    assert collected == {case.id: 1 for case in disturbed.record.cases}


def test_a_case_of_the_killed_slot_ran_again_and_only_lost_cases_did(disturbed: Team) -> None:
    lost = Counter(
        event.subject_id
        for event in disturbed.record.events
        if event.reason is FailureReason.LOST_LEASE and event.after == CaseRunState.QUEUED
    )
    assert lost
    assert {case.id: case.attempt - 1 for case in disturbed.record.cases if case.attempt > 1} == lost


def test_no_attempt_was_charged(twin: Team, disturbed: Team) -> None:
    for team in (twin, disturbed):
        for view in team.views:
            assert (view["quota"]["used"], view["quota"]["attempts"]) == (len(TASKS), len(TASKS))
            assert view["refunded_at"] is None
            assert (view["run"]["number"], view["run"]["failures"]) == (1, [])


def test_the_team_is_told_nothing_of_the_disturbance(twin: Team, disturbed: Team) -> None:
    def told(view: dict[str, Any]) -> tuple[Any, ...]:
        return (view["status"], view["sentence"], view["next"], view["run"]["slowest"], view["task"])

    assert [told(view) for view in disturbed.views] == [told(view) for view in twin.views]


def test_no_container_and_no_volume_is_left(installed: LivePlatform, disturbed: Team) -> None:
    assert wait_until(lambda: not installed.engine_leftovers(), seconds=30, every=0.5)
    assert installed.engine_leftovers() == []
