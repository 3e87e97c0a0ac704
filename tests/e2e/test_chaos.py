"""A seeded storm over a stream of Runs: all is killed, paused, emptied or refused, and every promise holds.

`make -C studies chaos SEED=7 KILLS=200` prints what was done and what came back.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from mood_platform.db.transaction import transaction
from mood_platform.machine.processes import wait_until
from mood_platform.models import LIVE, CaseRun, Event, Health, KnownNode, Run, RunState, Submission, Team
from mood_platform.worker.queue import CeleryQueue
from mood_support.invariants import ENDED_BY_NODE, breaches, faults_of
from mood_support.live import SICK_SLOT, LivePlatform, Person, Record, what_counts
from mood_support.organizer import answer_nodes, answer_runs
from mood_support.storm import Happened, Storm, plan

SEED, KILLS = int(os.environ.get("SEED", "1")), int(os.environ.get("KILLS", "6"))
RUNS = int(os.environ.get("RUNS", "2"))
"""At least so many; while the storm lasts there are always some more."""
pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.timeout(600 + 15 * KILLS)]

PAUSE_SECONDS = 0.3
LIVE_RUNS = 5 if KILLS > 20 else 2
TEAMS = ("north", "south")
TASKS = ("sample", "pixel")
AT_REST_SECONDS = 300.0
IMAGES = 2 + KILLS // 10
"""Of a team: each runs once a task; what is told as scored would be taken over, not run."""


@dataclass
class Stream:
    """Hands equal images in, for one team after the other, until it is told to stop or has no more."""

    platform: LivePlatform
    teams: dict[str, tuple[Person, list[str]]]
    """The person and the ids of the images."""
    stopped: threading.Event = field(default_factory=threading.Event)
    handed_in: dict[str, str] = field(default_factory=dict)
    """Idempotency-Key and the Submission it made."""
    answers: Counter[str] = field(default_factory=Counter)

    def flow(self, *, at_least: int) -> None:
        most = len(TEAMS) * len(TASKS) * IMAGES
        while (not self.stopped.is_set() or len(self.handed_in) < at_least) and len(self.handed_in) < most:
            if answer(self.platform, lambda: self._live() < LIVE_RUNS):
                self._hand_in(number=len(self.handed_in))
            time.sleep(0.3)

    def _live(self) -> int:
        query = select(func.count()).select_from(Run).where(Run.state.in_(LIVE))
        return self.platform.read(lambda session: session.scalar(query)) or 0

    def _hand_in(self, *, number: int) -> None:
        """Asks until there is an answer; whatever was lost in between, one key makes one Submission."""
        person, images = self.teams[TEAMS[number % len(TEAMS)]]
        mine = number // len(TEAMS)
        body = {
            "image": images[mine // len(TASKS)],
            "task": TASKS[mine % len(TASKS)],
            "stage": "challenge",
            "name": f"{number}",
        }
        key = str(uuid.uuid4())
        assert wait_until(partial(self._ask, person, body, key), seconds=120, every=0.5), "no answer"

    def _ask(self, person: Person, body: dict[str, str], key: str) -> bool:
        try:
            answer = person.post("/submissions", body, key=key)
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[str(answer.status_code)] += 1
        assert answer.is_success or answer.status_code >= 500, answer.text
        if answer.is_success:
            self.handed_in[key] = answer.json()["id"]
        return answer.is_success


@dataclass
class Aftermath:
    storm: Storm
    stream: Stream
    records: dict[str, Record]
    twin: dict[str, list[Any]]
    """By task: what counts in the results of an equal image that was left in peace."""
    seconds: float

    @property
    def runs(self) -> list[Run]:
        return [run for record in self.records.values() for run in record.runs]

    @property
    def cases(self) -> dict[uuid.UUID, list[Event]]:
        """Events by case."""
        found: dict[uuid.UUID, list[Event]] = defaultdict(list)
        for record in self.records.values():
            for event in record.events:
                if event.subject == CaseRun.SUBJECT:
                    found[event.subject_id].append(event)
        return found


@pytest.fixture(scope="module")
def teams(
    installed: LivePlatform, open_challenge: Callable[..., str], shell_image: Callable[..., str]
) -> dict[str, tuple[Person, list[str]]]:
    """Each has its images on the platform; nobody's upload is what the storm is about."""
    slug = open_challenge("chaos", quota=1000)
    images = [shell_image(f"chaotic{number}", pause=PAUSE_SECONDS) for number in range(IMAGES)]
    found = {}
    for name in ("calm", *TEAMS):
        person = installed.person(name, team=name)
        what = ("challenge", "sample,pixel") if name == "calm" else ("toy", "sample")
        for image in images[:1] if name == "calm" else images:
            person.mood("submit", image, "--challenge", slug, "--stage", what[0], "--task", what[1])
        found[name] = (person, [one["id"] for one in person.get("/images").json()["items"]])
    return found


@pytest.fixture(scope="module")
def aftermath(installed: LivePlatform, teams: dict[str, tuple[Person, list[str]]]) -> Aftermath:
    quiet = partial(at_rest, installed, ("calm", *TEAMS))
    answering = partial(answer, installed, quiet)
    assert wait_until(quiet, seconds=AT_REST_SECONDS, every=0.5)
    calm = installed.record_of("calm")
    twin = {str(run.submission.task): what_counts(installed.results_of(run)) for run in calm.runs}
    storm, stream = Storm(installed), Stream(installed, teams)
    begun = time.monotonic()
    flowing = threading.Thread(target=stream.flow, kwargs={"at_least": RUNS})
    flowing.start()
    with installed.sick_slot():
        try:
            storm.rage(plan(installed, seed=SEED, count=KILLS), told=tell)
        finally:
            stream.stopped.set()
            flowing.join()
        wait_until(answering, seconds=AT_REST_SECONDS, every=0.5)
    records = {name: installed.record_of(name) for name in TEAMS}
    after = Aftermath(storm, stream, records, twin, time.monotonic() - begun)
    print_table(after)
    return after


def answer(platform: LivePlatform, quiet: Callable[[], bool]) -> bool:
    """An organizer goes through what waits, again and again; the slot that is really sick stays out."""
    queue = CeleryQueue(platform.installation.read_settings())
    with suppress(OperationalError), transaction(platform.sessions, queue) as tx:
        answer_runs(tx)
        answer_nodes(tx, but=SICK_SLOT)
    return quiet()


def at_rest(platform: LivePlatform, names: Sequence[str]) -> bool:
    return all(platform.record_of(name).over for name in names)


def test_every_promise_about_runs_cases_and_quota_holds(
    installed: LivePlatform, aftermath: Aftermath
) -> None:
    found = installed.read(lambda session: breaches(session, installed.store))
    assert not found, f"SEED={SEED} KILLS={KILLS}\n" + "\n".join(found)


def test_every_run_ends_scored(aftermath: Aftermath) -> None:
    """Faults of ours park cases and ask organizers; none of them ends a Run."""
    ends = Counter((run.state, run.reason) for run in aftermath.runs)
    assert set(ends) == {(RunState.SCORED, None)}, f"SEED={SEED}: {ends}"


def test_the_sick_node_took_no_case(installed: LivePlatform, aftermath: Aftermath) -> None:
    nodes = installed.read(lambda session: session.scalars(select(KnownNode)).all())
    assert {one.name: one.health for one in nodes}[SICK_SLOT] is Health.QUARANTINED
    assert not [event for events in aftermath.cases.values() for event in events if event.node == SICK_SLOT]


def test_results_equal_those_of_the_undisturbed_twin(installed: LivePlatform, aftermath: Aftermath) -> None:
    for run in aftermath.runs:
        if run.state is RunState.SCORED and str(run.stage) == "challenge":
            assert what_counts(installed.results_of(run)) == aftermath.twin[str(run.submission.task)], run.id


def test_one_request_made_one_submission_however_often_it_was_sent(
    installed: LivePlatform, aftermath: Aftermath
) -> None:
    query = select(Submission).join(Team, Submission.team_id == Team.id).where(Team.handle.in_(TEAMS))
    known = installed.read(lambda session: session.scalars(query).all())
    made = {one.idempotency_key: str(one.id) for one in known if one.stage == "challenge"}
    assert made == aftermath.stream.handed_in


def test_no_team_was_charged_for_the_storm(installed: LivePlatform, aftermath: Aftermath) -> None:
    for name, (person, _) in aftermath.stream.teams.items():
        if name not in TEAMS:
            continue
        scored = [
            run
            for run in aftermath.records[name].runs
            if run.state is RunState.SCORED and str(run.stage) == "challenge"
        ]
        assert person.ask("status")[0]["quota"]["used"] == len(scored)


def test_the_platform_is_healthy_and_nothing_is_left_behind(
    installed: LivePlatform, aftermath: Aftermath
) -> None:
    assert httpx.get(f"{installed.url}/api/v1/health", timeout=10).is_success
    assert wait_until(lambda: not installed.leftovers(), seconds=60, every=0.5), installed.leftovers()


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_table(after: Aftermath) -> None:
    """What was done, how often, and how long until it was up again and a case was recorded anew."""
    by_name: dict[str, list[Happened]] = defaultdict(list)
    for one in after.storm.happened:
        by_name[one.step.name].append(one)
    recorded = sorted(
        event.at.timestamp()
        for events in after.cases.values()
        for event in events
        if event.after in ENDED_BY_NODE
    )
    table = Table(title=f"SEED={SEED} KILLS={KILLS}: {summary(after)}")
    for heading in ("disturbance", "times", "cases running", "up again s", "next case s", "longest s"):
        table.add_column(heading, justify="left" if heading == "disturbance" else "right")
    for name, ones in sorted(by_name.items()):
        up = [seconds for one in ones if (seconds := after.storm.seconds_until_up(one)) is not None]
        onward = [next((at - one.at for at in recorded if at > one.at), None) for one in ones]
        known = [seconds for seconds in onward if seconds is not None]
        cells = [str(len(ones)), str(sum(one.running for one in ones)), median(up), median(known)]
        table.add_row(name, *cells, f"{max(known):.1f}" if known else "-")
    Console(file=sys.stdout, width=120).print(table)


def summary(after: Aftermath) -> str:
    ends = Counter(f"{run.state}" + (f" ({run.reason})" if run.reason else "") for run in after.runs)
    faults = Counter(faults_of(events) for events in after.cases.values())
    return (
        f"{len(after.runs)} runs {json.dumps(ends)}, {len(after.cases)} cases, "
        f"faults a case {json.dumps(dict(sorted(faults.items())))}, "
        f"answers {json.dumps(after.stream.answers)}, {after.seconds:.0f} s"
    )


def median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "-"
