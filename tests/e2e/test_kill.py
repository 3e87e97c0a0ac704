"""`kill -9` in the middle of challenge Runs: everything comes back by itself, and nothing is lost or done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from mood_platform.machine.processes import wait_until
from mood_platform.models import CaseRun, CaseRunState, Run, RunEvent, Submission, Team
from mood_platform.testing.live import LivePlatform, Person

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PAUSE_SECONDS = 1.0
"""Of every case, so that a kill meets running containers."""
SLOTS = 2
VICTIMS: dict[str, Callable[[LivePlatform], int]] = {
    "slot1": lambda platform: platform.kill_tree("slot1"),
    "slot2": lambda platform: platform.kill("slot2"),
    "api": lambda platform: platform.kill("api"),
    "valkey": lambda platform: platform.kill("valkey"),
    "postgres": lambda platform: platform.kill("postgres"),
    "evaluate": lambda platform: platform.kill_tree("evaluate"),
}
"""One slot with all it started, the other's main process alone, the broker, the postmaster, …"""


@dataclass(frozen=True)
class Kill:
    program: str
    process: int
    after: int | None
    """The process that took its place."""
    met: int
    """Hidden cases that were running when it was killed."""
    seconds: float


@dataclass(frozen=True)
class Ended:
    """A team's challenge Runs after their end, and what the team sees of them."""

    runs: list[Run]
    cases: list[CaseRun]
    events: list[RunEvent]
    views: list[dict[str, Any]]
    results: dict[str, Any]


@pytest.fixture(scope="module")
def challenge(open_challenge: Callable[[str], str]) -> str:
    return open_challenge("kill")


@pytest.fixture(scope="module")
def image(shell_image: Callable[..., str]) -> str:
    return shell_image("pausing", pause=PAUSE_SECONDS)


@pytest.fixture(scope="module")
def twin(installed: LivePlatform, challenge: str, image: str) -> Ended:
    """The same image in another team, left in peace."""
    team = installed.person("twin", team="Twin")
    hand_in(team, image, challenge)
    return wait_for_end(installed, team)


@pytest.fixture(scope="module")
def kills(installed: LivePlatform, twin: Ended, challenge: str, image: str) -> dict[str, Kill]:
    """One victim after the other, each while both slots run hidden cases."""
    hand_in(installed.person("disturbed", team="Disturbed"), image, challenge)
    return {program: kill(installed, program) for program in VICTIMS}


@pytest.fixture(scope="module")
def disturbed(installed: LivePlatform, kills: dict[str, Kill]) -> Ended:
    return wait_for_end(installed, Person("disturbed", installed.folder / "disturbed", installed.url))


def hand_in(team: Person, image: str, challenge: str) -> None:
    team.mood("submit", image, "--stage", "challenge", "--challenge", challenge)


def kill(platform: LivePlatform, program: str) -> Kill:
    assert wait_until(lambda: running_hidden(platform, "disturbed") == SLOTS, seconds=60)
    begun = time.monotonic()
    process = VICTIMS[program](platform)
    met = SLOTS
    back = wait_until(lambda: is_back(platform, program, process), seconds=60)
    after = platform.process_of(program) if back else None
    return Kill(program, process, after, met, time.monotonic() - begun)


def is_back(platform: LivePlatform, program: str, killed: int) -> bool:
    return platform.process_of(program) != killed and platform.is_running(program) and is_healthy(platform)


def is_healthy(platform: LivePlatform) -> bool:
    try:
        return httpx.get(f"{platform.url}/api/v1/health", timeout=5).is_success
    except httpx.TransportError:
        return False


def running_hidden(platform: LivePlatform, team: str) -> int:
    query = (
        select(func.count())
        .select_from(CaseRun)
        .join(Run, CaseRun.run_id == Run.id)
        .join(Submission, Run.submission_id == Submission.id)
        .join(Team, Submission.team_id == Team.id)
        .where(Team.slug == team, CaseRun.state == CaseRunState.RUNNING, ~CaseRun.toy)
    )
    try:
        with platform.sessions() as session:
            return session.scalar(query) or 0
    except OperationalError:
        return 0


def wait_for_end(platform: LivePlatform, team: Person) -> Ended:
    """By itself: nobody touches the platform while this waits."""
    assert wait_until(
        lambda: all(run.state not in LIVE_STATES for run in runs_of(platform, team)), seconds=150
    )
    runs = runs_of(platform, team)
    ids = [run.id for run in runs]
    with platform.sessions() as session:
        cases = list(session.scalars(select(CaseRun).where(CaseRun.run_id.in_(ids))))
        events = list(session.scalars(select(RunEvent).where(RunEvent.run_id.in_(ids))))
    return Ended(runs, cases, events, team.ask("status"), read_results(platform, runs))
