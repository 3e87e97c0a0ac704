"""The quota as teams meet it: refused with a sentence, given back for what was no fault of theirs, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.runtime import CaseJob
from mood_platform.failures import FailureReason
from mood_platform.models import Run, RunState, Stage, Submission
from mood_platform.runs.endings import fail_run, lock_run
from mood_platform.runs.queries import newest_run
from mood_platform.runs.service import rerun, start_analysis, stop_run, void_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_platform.submissions.service import exclude
from mood_support.drive import drive, echo
from mood_support.edition import make_image
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
API = "/api/v1"
PLATFORM = "organizer@example.org"
REASON = "The node was broken."


class World:
    """A team at the server's door, and what organizers and workers do to its Runs."""

    def __init__(self, site: Site) -> None:
        self.site, self.platform = site, site.platform
        self.north: Principal = site.platform.join("north")
        with self.platform.open() as tx:
            self.image = str(make_image(tx, principal=self.north).id)

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        with self.site.visit(self.north) as client:
            return client.request(method, f"{API}{path}", **request)

    def submit(self, *, task: str = "pixel", stage: str = "challenge") -> httpx.Response:
        body = {"image": self.image, "task": task, "stage": stage}
        return self.ask("POST", "/submissions", json=body)

    def submitted(self, **changes: str) -> UUID:
        answer = self.submit(**changes)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    def used(self) -> tuple[int, int]:
        """(counted, attempts) as the challenge's page shows them."""
        quota = self.ask("GET", "/challenges/tiny").json()["quota"]
        return quota["used"], quota["attempts"]

    def refunded(self, submission: UUID) -> bool:
        return bool(self.ask("GET", f"/submissions/{submission}").json()["refunded_at"])

    def change(self, submission: UUID, act: Callable[[Transaction, Submission, Run], object]) -> None:
        with self.platform.open() as tx:
            row = find_any_submission(tx, submission_id=submission)
            run = newest_run(tx, submission=row)
            assert run is not None
            act(tx, row, run)

    def move(self, submission: UUID, *states: RunState) -> None:
        def advance(tx: Transaction, _: Submission, run: Run) -> None:
            for state in states:
                run.advance(state, now=tx.now)

        self.change(submission, advance)

    def score(self, submission: UUID) -> None:
        self.move(submission, RunState.RUNNING, RunState.SCORING, RunState.SCORED)

    def fail(self, submission: UUID, reason: FailureReason) -> None:
        def fail(tx: Transaction, _: Submission, run: Run) -> None:
            locked = lock_run(tx, run.id)
            assert locked is not None
            fail_run(tx, run=locked, reason=reason)

        self.change(submission, fail)

    def rerun(self, submission: UUID) -> None:
        self.change(submission, lambda tx, row, _: rerun(tx, submission=row, reason=REASON, actor=PLATFORM))


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[World]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as site:
        yield World(site)


def test_twenty_clients_at_the_tenth_slot_let_one_in_and_the_others_learn_what_is_left_to_do(
    world: World,
) -> None:
    for number in range(9):
        world.submitted(task="pixel" if number % 3 else "sample")
    tasks = [str(task) for task in Task] * 10
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda task: world.submit(task=task), tasks))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    refusals = {
        (one["error"], one["detail"], one["remedy"])
        for one in map(httpx.Response.json, answers)
        if "error" in one
    }
    ((error, detail, remedy),) = refusals
    assert error == "quota_exceeded"
    assert detail == "Your team has used 10 of 10 challenge submissions of tiny, both tasks together."
    for part in ("latest of each task counts", "given back", "toy submissions", "2099-01-01T00:00:00Z"):
        assert part in remedy
    assert world.submit(stage="toy").status_code == 201
    assert world.used() == (10, 10)


@pytest.mark.parametrize(
    "reason", [FailureReason.ABANDONED, FailureReason.SCORING_FAILED, FailureReason.TOY_FAILED]
)
def test_what_ends_a_run_is_given_back_once(world: World, reason: FailureReason) -> None:
    submission = world.submitted()
    world.fail(submission, reason)
    assert (world.refunded(submission), world.used()) == (True, (0, 1))
    world.rerun(submission)
    world.fail(submission, reason)
    assert world.used() == (0, 1)
    assert world.submitted() != submission
    assert world.used() == (1, 2)


def test_toy_cases_that_all_fail_cost_nothing_and_one_that_succeeds_does(world: World) -> None:
    failing, half = world.submitted(task="sample"), world.submitted(task="sample")
    drive(world.platform, FakeRuntime(lambda _: Scripted.ending(1)))
    assert [world.refunded(one) for one in (failing, half)] == [True, True]

    counted = world.submitted(task="sample")
    seen: list[CaseJob] = []

    def one_good_case(job: CaseJob) -> Scripted:
        seen.append(job)
        return echo(job) if len(seen) == 1 else Scripted.ending(1)

    drive(world.platform, FakeRuntime(one_good_case))
    assert world.ask("GET", f"/submissions/{counted}").json()["run"]["state"] == "scored"
    assert (world.refunded(counted), world.used()) == (False, (1, 3))


def test_cancelling_gives_back_before_the_start_alone_and_withdrawing_never(world: World) -> None:
    early, late = world.submitted(), world.submitted()
    world.move(late, RunState.RUNNING)
    assert world.ask("POST", f"/submissions/{early}/cancel").status_code == 200
    refused = world.ask("POST", f"/submissions/{late}/cancel")
    assert (refused.status_code, "Withdraw" in refused.json()["remedy"]) == (409, True)
    assert world.ask("POST", f"/submissions/{late}/withdraw").status_code == 200
    assert world.used() == (1, 2)


def test_an_excluded_submission_stays_counted(world: World) -> None:
    submission = world.submitted()
    world.change(submission, lambda tx, row, _: exclude(tx, submission=row, reason="Rules.", actor=PLATFORM))
    assert world.used() == (1, 1)


def test_a_failed_run_again_of_a_scored_submission_gives_nothing_back(world: World) -> None:
    submission = world.submitted()
    world.score(submission)
    world.rerun(submission)
    world.fail(submission, FailureReason.ABANDONED)
    assert (world.refunded(submission), world.used()) == (False, (1, 1))


def test_a_voided_run_whose_repetition_fails_is_given_back(world: World) -> None:
    submission = world.submitted()
    world.score(submission)
    world.change(submission, lambda tx, _, run: void_run(tx, run=run, reason=REASON, actor=PLATFORM))
    assert world.used() == (1, 1)
    world.rerun(submission)
    world.fail(submission, FailureReason.ABANDONED)
    assert world.used() == (0, 1)


def test_a_run_again_that_scores_is_not_charged_a_second_time(world: World) -> None:
    submission = world.submitted()
    world.fail(submission, FailureReason.ABANDONED)
    world.rerun(submission)
    world.score(submission)
    assert (world.refunded(submission), world.used()) == (True, (0, 1))


def test_a_stopped_run_is_given_back_and_a_stopped_analysis_is_not(world: World) -> None:
    stopped, running = world.submitted(), world.submitted()
    world.change(stopped, lambda tx, _, run: stop_run(tx, run=run, reason=REASON, actor=PLATFORM))

    def stop_analysis(tx: Transaction, row: Submission, _: Run) -> None:
        run = start_analysis(tx, submission=row, test_set_names=["test-brain"], actor=PLATFORM)
        assert run.stage is Stage.ANALYSIS
        stop_run(tx, run=run, reason=REASON, actor=PLATFORM)

    world.change(running, stop_analysis)
    assert [world.refunded(one) for one in (stopped, running)] == [True, False]


def test_a_withdrawn_submission_is_not_run_again_and_so_never_given_back(world: World) -> None:
    submission = world.submitted()
    world.move(submission, RunState.RUNNING)
    world.ask("POST", f"/submissions/{submission}/withdraw").raise_for_status()
    with pytest.raises(Exception, match="withdrawn the submission"):
        world.rerun(submission)
    assert world.used() == (1, 1)
