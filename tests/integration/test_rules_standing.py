"""Which Submission stands: no run again, withdrawal or exclusion lets a team choose; over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.execution.runtime import CaseJob
from mood_platform.leaderboards.selection import find_pending, select_contenders
from mood_platform.leaderboards.service import draft
from mood_platform.models import Challenge, RunState
from mood_platform.runs.queries import newest_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_support.contest import Contest
from mood_support.edition import make_participant
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
API = "/api/v1"
REASON = {"reason": "The node was broken."}


class World:
    """A team and an organizer at the server's door; Runs are moved by hand."""

    def __init__(self, site: Site) -> None:
        self.site, self.platform = site, site.platform
        self.north: Principal = site.platform.join("north")
        with self.platform.open() as tx:
            self.olga = make_participant(tx, "olga", organizer=True)

    def ask(self, who: Principal, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        with self.site.visit(who) as client:
            return client.get(f"{API}{path}") if body is None else client.post(f"{API}{path}", json=body)

    def scored(self) -> UUID:
        submission = self.platform.submit(self.north)
        self.end_run(submission.id)
        return submission.id

    def end_run(self, submission: UUID) -> UUID:
        """Its newest Run is scored."""
        with self.platform.open() as tx:
            run = newest_run(tx, submission=find_any_submission(tx, submission_id=submission))
            assert run is not None
            for state in (RunState.RUNNING, RunState.SCORING, RunState.SCORED):
                run.advance(state, now=tx.now)
            return run.id

    def standing(self) -> tuple[int, int, str] | None:
        """(Submission's number, Run's number, standing) of the team."""
        with self.platform.open() as tx:
            challenge = tx.session.get_one(Challenge, self.platform.challenge.id)
            assert find_pending(tx, challenge=challenge, task=Task.PIXEL) == []
            found = select_contenders(tx, challenge=challenge, task=Task.PIXEL)
            entries = [(one.submission.number, one.run.number, str(one.standing)) for one in found]
        assert len(entries) <= 1
        return entries[0] if entries else None


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[World]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as site:
        yield World(site)


def test_running_an_older_one_again_changes_neither_order_nor_quota_nor_what_counts(world: World) -> None:
    older, newer = world.scored(), world.scored()
    before = [world.ask(world.north, f"/submissions/{one}").json() for one in (older, newer)]
    answer = world.ask(world.olga, f"/admin/submissions/{older}/rerun", REASON)
    assert (answer.status_code, answer.json()["number"]) == (201, 2)
    assert world.standing() == (2, 1, "ranked")
    world.end_run(older)
    assert world.standing() == (2, 1, "ranked")
    after = [world.ask(world.north, f"/submissions/{one}").json() for one in (older, newer)]
    for field in ("number", "submitted_at", "counted", "refunded_at", "quota"):
        assert [view[field] for view in before] == [view[field] for view in after]
    assert [item["number"] for item in world.ask(world.north, "/submissions").json()["items"]] == [2, 1]


def test_the_second_run_of_one_submission_counts_only_after_the_first_is_voided_with_a_reason(
    world: World,
) -> None:
    submission = world.scored()
    with world.platform.open() as tx:
        run = newest_run(tx, submission=find_any_submission(tx, submission_id=submission))
        assert run is not None
    world.ask(world.olga, f"/admin/submissions/{submission}/rerun", REASON).raise_for_status()
    world.end_run(submission)
    assert world.standing() == (1, 1, "ranked")
    void = f"/admin/runs/{run.id}/void"
    assert world.ask(world.north, void, REASON).status_code == 404
    assert world.ask(world.olga, void, {"reason": "  "}).status_code == 422
    assert world.ask(world.olga, void, {}).status_code == 422
    assert world.standing() == (1, 1, "ranked")
    assert world.ask(world.olga, void, REASON).status_code == 200
    assert world.ask(world.olga, void, REASON).status_code == 409
    assert world.standing() == (1, 2, "ranked")


def test_a_void_newest_submission_leaves_the_earlier_one_and_a_run_again_brings_it_back(
    world: World,
) -> None:
    world.scored()
    newest = world.platform.submit(world.north).id
    run = world.end_run(newest)
    world.ask(world.olga, f"/admin/runs/{run}/void", REASON).raise_for_status()
    assert world.standing() == (1, 1, "ranked")
    world.ask(world.olga, f"/admin/submissions/{newest}/rerun", REASON).raise_for_status()
    world.end_run(newest)
    assert world.standing() == (2, 2, "ranked")


def test_before_the_deadline_a_withdrawn_one_falls_out_for_good_and_the_earlier_one_stands(
    world: World,
) -> None:
    world.scored()
    newest = world.scored()
    assert world.ask(world.north, f"/submissions/{newest}/withdraw", {}).status_code == 200
    assert world.standing() == (1, 1, "ranked")
    for path, who in (("exclude", world.olga), ("rerun", world.olga)):
        refused = world.ask(who, f"/admin/submissions/{newest}/{path}", REASON)
        assert (refused.status_code, "withdrawn" in refused.json()["detail"]) == (409, True)
    assert world.standing() == (1, 1, "ranked")


def test_an_excluded_team_reads_why_and_can_neither_take_it_back_nor_hide_it(world: World) -> None:
    submission = world.scored()
    reason = {"reason": "Trained on the test set."}
    assert world.ask(world.north, f"/admin/submissions/{submission}/exclude", reason).status_code == 404
    world.ask(world.olga, f"/admin/submissions/{submission}/exclude", reason).raise_for_status()
    view = world.ask(world.north, f"/submissions/{submission}").json()
    assert (view["state"], view["state_reason"]) == ("excluded", "Trained on the test set.")
    for act in ("withdraw", "cancel"):
        assert world.ask(world.north, f"/submissions/{submission}/{act}", {}).status_code == 409
    assert world.standing() == (1, 1, "excluded")


def test_half_of_the_cases_valid_is_a_result_and_a_quarter_is_none(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    sets = tmp_path / "sets"
    contest = Contest(make_platform(sessions, store, sets, cases=4), sets)

    def skipping(dataset: str, count: int) -> Any:
        hidden = sorted(path.read_bytes() for path in (sets / f"test-{dataset}" / "images").iterdir())
        return lambda job: job.case.read_bytes() in hidden[:count]

    half_brain, quarter_brain, quarter_abdom = (
        skipping("brain", 2),
        skipping("brain", 3),
        skipping("abdom", 3),
    )

    def quarter_of_both(job: CaseJob) -> bool:
        return bool(quarter_brain(job) or quarter_abdom(job))

    for name, skips in (
        ("half", half_brain),
        ("quarter", quarter_brain),
        ("none", quarter_of_both),
    ):
        contest.enter(contest.join(name), quality=0.7, task=Task.SAMPLE, skips=skips)
    contest.run()
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        document = draft(tx, challenge=challenge, task=Task.SAMPLE, store=store).to_json()
    rows = {row["team"]: row for row in document["rows"]}
    brain = {name: row["datasets"]["brain"] for name, row in rows.items()}
    assert {name: (cell["result"]["valid"], cell["score"] is not None) for name, cell in brain.items()} == {
        "half": (2, True),
        "quarter": (1, False),
        "none": (1, False),
    }
    assert (brain["half"]["rank"], brain["quarter"]["rank"]) == (1, 2)
    assert rows["quarter"]["rank"] is not None
    assert (rows["none"]["rank"], rows["none"]["standing"]) == (None, "ranked")
