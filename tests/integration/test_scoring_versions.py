"""Numbers of two scoring versions never meet: not on a draft, not in a rescoring; and a change is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mood_evaluator import SCORING_VERSION, Task
from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict
from mood_platform.leaderboards.service import draft, publish
from mood_platform.models import Challenge, Run, Submission, Team
from mood_platform.runs.rescorings import start_rescoring
from mood_platform.runs.sweeper import sweep
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration
OLGA = "olga@example.org"


@pytest.fixture
def contest(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Contest:
    """Two teams, scored."""
    made = Contest(make_platform(sessions, store, tmp_path / "sets", cases=2), tmp_path / "sets")
    for name in ("north", "south"):
        made.enter(made.join(name), quality=0.4)
    made.run()
    return made


def draft_of(contest: Contest) -> dict[str, Any]:
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        return draft(tx, challenge=challenge, task=Task.PIXEL, store=contest.platform.store).to_json()


def rescore(contest: Contest) -> None:
    platform = contest.platform
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        why, who = "A new evaluator.", OLGA
        start_rescoring(tx, challenge=challenge, task=Task.PIXEL, reason=why, actor=who, store=platform.store)


def make_old(contest: Contest, *teams: str) -> None:
    """Their results become such as were written before scoring versions were told."""
    store = contest.platform.store
    with contest.platform.open() as tx:
        query = select(Run).join(Run.submission).join(Submission.team).where(Team.handle.in_(teams))
        for run in tx.session.scalars(query):
            document = json.loads(store.read(run.results_key or "", limit=10**7))
            for part in document["test_sets"]:
                del part["result"]["scoring_version"]
            run.results_key, run.scoring_version = f"runs/{run.id}/results-old.json", 1
            store.put_bytes(run.results_key, json.dumps(document).encode())
    sweep(contest.platform.sessions, contest.platform.queue, max_attempts=3)
    contest.run()


def test_results_and_runs_name_their_scoring_version(contest: Contest) -> None:
    with contest.platform.open() as tx:
        runs = tx.session.scalars(select(Run)).all()
    assert {run.scoring_version for run in runs} == {SCORING_VERSION}
    assert draft_of(contest)["scoring_version"] == SCORING_VERSION


def test_a_draft_does_not_mix_two_scoring_versions_and_rescoring_is_the_remedy(contest: Contest) -> None:
    make_old(contest, "north")
    with pytest.raises(Conflict, match="another scoring version") as refused:
        draft_of(contest)
    assert "mood admin rescore" in refused.value.remedy
    rescore(contest)
    contest.run()
    assert draft_of(contest)["scoring_version"] == SCORING_VERSION


def test_results_of_one_old_version_are_still_ranked_and_say_so(contest: Contest) -> None:
    make_old(contest, "north", "south")
    assert draft_of(contest)["scoring_version"] == 1


def test_another_scoring_version_is_among_the_changes_and_another_package_is_not(contest: Contest) -> None:
    make_old(contest, "north", "south")
    platform = contest.platform
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        publish(
            tx,
            challenge=challenge,
            task=Task.PIXEL,
            actor=OLGA,
            store=platform.store,
            before_close=True,
        )
    assert draft_of(contest)["changes"]["scoring_version"] is None
    rescore(contest)
    contest.run()
    changes = draft_of(contest)["changes"]
    assert changes["scoring_version"] == {"before": 1, "after": SCORING_VERSION}
    assert "evaluator" not in changes
