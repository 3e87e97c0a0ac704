"""An image that was scored already: its team is asked, nothing runs, and the one Run counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.errors import AlreadyScored, Conflict
from mood_platform.leaderboards.selection import select_contenders
from mood_platform.leaderboards.service import draft, publish
from mood_platform.models import Challenge, Run, RunState, Stage, Submission
from mood_platform.runs.queries import counting_run
from mood_platform.runs.rescorings import start_rescoring
from mood_platform.runs.service import rerun, void_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_platform.submissions.quota import quota
from mood_platform.submissions.service import exclude, include, submit
from mood_platform.views.organizer import view_admin_submission
from mood_support.contest import Contest
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
ORGANIZER = "olga@example.org"


class Repeat:
    """North has a scored Submission, #1, and hands the same image in once more."""

    def __init__(self, contest: Contest) -> None:
        self.contest, self.platform = contest, contest.platform
        self.north: Principal = contest.join("north")
        self.first = contest.enter(self.north, quality=0.6)
        contest.run()
        self.run = self.platform.run_of(self.first)
        assert self.run.state is RunState.SCORED

    def again(
        self, *, again: bool = False, task: Task = Task.PIXEL, stage: Stage = Stage.CHALLENGE
    ) -> Submission:
        with self.platform.open() as tx:
            return submit(
                tx, principal=self.north, image_id=self.first.image_id, task=task, stage=stage, again=again
            )

    def change(self, act: Callable[[Transaction, Run, Challenge], object]) -> None:
        with self.platform.open() as tx:
            act(tx, tx.session.get_one(Run, self.run.id), self.challenge(tx))

    def challenge(self, tx: Transaction) -> Challenge:
        return tx.session.get_one(Challenge, self.platform.challenge.id)

    def used(self) -> int:
        with self.platform.open() as tx:
            return quota(tx, team=self.north.require_team(), challenge=self.challenge(tx)).used

    def counts(self, submission: Submission) -> Run | None:
        with self.platform.open() as tx:
            return counting_run(tx, submission=submission)

    def board(self) -> dict[str, Any]:
        with self.platform.open() as tx:
            return draft(
                tx, challenge=self.challenge(tx), task=Task.PIXEL, store=self.platform.store
            ).to_json()


@pytest.fixture
def repeat(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Repeat:
    folder = tmp_path / "sets"
    return Repeat(Contest(make_platform(sessions, store, folder, cases=4), folder))


def test_the_team_is_asked_and_then_nothing_runs_one_unit_is_spent_and_the_order_is_new(
    repeat: Repeat,
) -> None:
    with pytest.raises(AlreadyScored, match="scored for the pixel task as #1") as caught:
        repeat.again()
    assert "--again" in caught.value.remedy
    assert repeat.used() == 1
    before = repeat.board()
    sent = len(repeat.platform.queue.sent)
    second = repeat.again(again=True)
    assert len(repeat.platform.queue.sent) == sent
    made = repeat.platform.run_of(second)
    assert (made.state, made.results_of, repeat.used()) == (RunState.SCORED, repeat.run.id, 2)
    counting = repeat.counts(second)
    assert counting is not None
    assert counting.id == repeat.run.id
    [old], [new] = before["rows"], repeat.board()["rows"]
    assert (old["submission"], new["submission"]) == (1, 2)
    assert new["submitted_at"] >= old["submitted_at"]
    assert new["datasets"] == old["datasets"]


def test_a_result_taken_over_twice_is_that_of_the_run_that_ran(repeat: Repeat) -> None:
    repeat.again(again=True)
    third = repeat.again(again=True)
    assert repeat.platform.run_of(third).results_of == repeat.run.id


def test_a_rescoring_scores_the_one_run_and_both_submissions_have_it(repeat: Repeat) -> None:
    repeat.again(again=True)
    with repeat.platform.open() as tx:
        made = start_rescoring(
            tx,
            challenge=repeat.challenge(tx),
            task=Task.PIXEL,
            reason="A label was wrong.",
            actor=ORGANIZER,
            store=repeat.platform.store,
        )
        assert [scoring.run_id for scoring in made.scorings] == [repeat.run.id]
    repeat.contest.run()
    assert repeat.board()["rescoring"] == 1


def void(tx: Transaction, run: Run, _: Challenge) -> None:
    void_run(tx, run=run, reason="The node was wrong.", actor=ORGANIZER)


def refund(tx: Transaction, run: Run, _: Challenge) -> None:
    tx.session.get_one(Submission, run.submission_id).refunded_at = tx.now


def change_limits(_: Transaction, run: Run, challenge: Challenge) -> None:
    challenge.config = challenge.config | {"limits": challenge.config["limits"] | {"seconds": 9}}
    del run


def change_scoring(_: Transaction, run: Run, challenge: Challenge) -> None:
    challenge.config = challenge.config | {"scoring": challenge.config["scoring"] | {"valid_share": 0.9}}
    del run


def score_with_an_older_version(_: Transaction, run: Run, challenge: Challenge) -> None:
    run.scoring_version = 0
    del challenge


def run_on_an_older_test_set(_: Transaction, run: Run, challenge: Challenge) -> None:
    run.test_sets = run.test_sets | {"main": {"brain": ["older"], "abdom": ["older"]}}
    del challenge


def wait_for_the_next_tick(tx: Transaction, run: Run, challenge: Challenge) -> None:
    """It is scored, and its team does not know yet: hidden cases are told on the platform's clock."""
    run.told_live, run.told_at, run.state_since = False, None, tx.now + timedelta(microseconds=1)
    del challenge


@pytest.mark.parametrize(
    "act",
    [
        void, refund, change_limits, change_scoring, score_with_an_older_version, run_on_an_older_test_set,
        wait_for_the_next_tick,
    ],
)  # fmt: skip
def test_where_a_new_run_would_be_another_one_it_runs_and_nobody_is_asked(
    repeat: Repeat, act: Callable[[Transaction, Run, Challenge], object]
) -> None:
    repeat.change(act)
    made = repeat.platform.run_of(repeat.again())
    assert (made.state, made.results_of) == (RunState.QUEUED, None)


def test_what_the_team_was_told_is_asked_about(repeat: Repeat) -> None:
    def tell(tx: Transaction, run: Run, _: Challenge) -> None:
        run.told_live, run.state_since = False, tx.now - timedelta(minutes=10)

    repeat.change(tell)
    with pytest.raises(AlreadyScored):
        repeat.again()


def test_an_excluded_image_does_not_come_back_before_it_is_included(repeat: Repeat) -> None:
    with repeat.platform.open() as tx:
        first = tx.session.get_one(Submission, repeat.first.id)
        exclude(tx, submission=first, reason="It remembers scans.", actor=ORGANIZER)
    for again in (False, True):
        with pytest.raises(Conflict, match="excluded this image as #1: It remembers scans"):
            repeat.again(again=again)
    repeat.again(stage=Stage.TOY)
    repeat.again(task=Task.SAMPLE)
    with repeat.platform.open() as tx:
        first = tx.session.get_one(Submission, repeat.first.id)
        include(tx, submission=first, reason="It does not.", actor=ORGANIZER)
    assert repeat.again(again=True).number == 4


def test_the_toy_stage_and_the_other_task_know_nothing_of_it(repeat: Repeat) -> None:
    for made in (repeat.again(stage=Stage.TOY), repeat.again(task=Task.SAMPLE)):
        assert repeat.platform.run_of(made).state is RunState.QUEUED


def test_another_team_with_the_same_image_is_asked_nothing(repeat: Repeat) -> None:
    south = repeat.contest.join("south")
    made = repeat.contest.enter(south, quality=0.6)
    with repeat.platform.open() as tx:
        digest = find_any_submission(tx, submission_id=repeat.first.id).image.digest
        find_any_submission(tx, submission_id=made.id).image.digest = digest
    assert repeat.platform.run_of(made).state is RunState.QUEUED


def test_once_a_board_is_published_it_is_refused_even_when_meant(repeat: Repeat) -> None:
    def show(tx: Transaction, _: Run, challenge: Challenge) -> None:
        publish(
            tx,
            challenge=challenge,
            task=Task.PIXEL,
            actor=ORGANIZER,
            store=repeat.platform.store,
            before_close=True,
        )

    repeat.change(show)
    for again in (False, True):
        with pytest.raises(Conflict, match="leaderboard of this task is published") as caught:
            repeat.again(again=again)
        assert not isinstance(caught.value, AlreadyScored)


def test_a_void_run_counts_for_nobody_who_took_it_over_and_a_rerun_does(repeat: Repeat) -> None:
    second = repeat.again(again=True)
    repeat.change(void)
    assert repeat.counts(second) is None
    with repeat.platform.open() as tx:
        row = find_any_submission(tx, submission_id=second.id)
        [shown] = view_admin_submission(tx, row, cases=False).runs
        assert shown.voided_at is not None, "organizers see that nothing counts here"
        rerun(tx, submission=row, reason="On a good node.", actor=ORGANIZER)
    repeat.contest.run()
    counting = repeat.counts(second)
    assert counting is not None
    assert (counting.submission_id, counting.results_of) == (second.id, None)
    with repeat.platform.open() as tx:
        [entry] = select_contenders(tx, challenge=repeat.challenge(tx), task=Task.PIXEL)
        assert entry.submission.number == 2


@pytest.fixture
def site(repeat: Repeat, database_url: str, store: LocalStore) -> Iterator[Site]:
    with serve_site(repeat.platform, database_url=database_url, root=store.root) as running:
        yield running


def test_the_api_answers_409_and_takes_the_confirmation(repeat: Repeat, site: Site) -> None:
    body = {"image": str(repeat.first.image_id), "task": "pixel", "stage": "challenge"}
    with site.visit(repeat.north) as client:
        asked = client.post("/api/v1/submissions", json=body)
        assert (asked.status_code, asked.json()["error"]) == (409, "already_scored")
        made = client.post("/api/v1/submissions", json=body | {"again": True})
        assert (made.status_code, made.json()["took_over"], made.json()["quota"]["used"]) == (201, 1, 2)
        assert made.json()["sentence"].startswith("It took over the result of #1.")
        report = client.get(f"/api/v1/submissions/{made.json()['id']}/report")
        assert report.json() == client.get(f"/api/v1/submissions/{repeat.first.id}/report").json()
        assert "It took over the result of #1" in client.get(f"/submissions/{made.json()['id']}").text
