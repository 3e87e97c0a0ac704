"""Publishing: numbered, hashed, chained, never changed; before it, nothing is visible."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from mood_evaluator import Task, canonical_digest
from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict, Invalid, NotFound
from mood_platform.failures import FailureReason
from mood_platform.leaderboards.export import export
from mood_platform.leaderboards.queries import (
    latest_published,
    published_moments,
    published_version,
    published_versions,
)
from mood_platform.leaderboards.service import publish
from mood_platform.models import AuditEvent, CaseRun, CaseRunState, Challenge, Leaderboard, Run
from mood_platform.runs.parking import park
from mood_platform.storage.keys import leaderboard_key
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration
ORGANIZER = "organizer@example.org"


@pytest.fixture
def contest(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Contest:
    made = Contest(make_platform(sessions, store, tmp_path / "sets", cases=4), tmp_path / "sets")
    made.enter(made.join("north"), quality=0.5)
    made.run()
    return made


def publish_one(contest: Contest, *, note: str = "") -> Leaderboard:
    platform = contest.platform
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        return publish(
            tx,
            challenge=challenge,
            task=Task.PIXEL,
            actor=ORGANIZER,
            store=platform.store,
            note=note,
            before_close=True,
        )


def test_nothing_is_published_while_a_run_that_counts_has_a_parked_case(contest: Contest) -> None:
    contest.enter(contest.join("south"), quality=1)
    with contest.platform.open() as tx:
        case_run = tx.session.scalars(select(CaseRun).where(CaseRun.state == CaseRunState.QUEUED)).first()
        assert case_run is not None
        run = tx.session.get_one(Run, case_run.run_id)
        park(tx, run=run, case_run=case_run, reason=FailureReason.ENGINE_ERROR)
    with pytest.raises(Conflict, match="parked: south #1") as refusal:
        publish_one(contest)
    assert "mood admin status" in refusal.value.remedy


def test_a_note_that_steers_its_reader_is_refused_and_lines_are_kept(contest: Contest) -> None:
    with pytest.raises(Invalid, match=r"Field note: it holds U[+]2066"):
        publish_one(contest, note="First\u2066 look.")
    assert publish_one(contest, note="First.\r\nLook. ").document["note"] == "First.\nLook."


def test_a_version_is_numbered_dated_and_hashed_over_all_it_says(contest: Contest) -> None:
    row = publish_one(contest, note="First look.")
    assert (row.version, row.previous_digest, row.published_by) == (1, None, ORGANIZER)
    assert (row.document["version"], row.document["note"]) == (1, "First look.")
    assert "pending" not in row.document
    assert row.digest == row.document["digest"] == canonical_digest(row.document)


def test_row_and_object_say_the_same_and_keep_the_digest(contest: Contest) -> None:
    made = publish_one(contest)
    with contest.platform.open() as tx:
        row = tx.session.get_one(Leaderboard, made.id)
        stored = json.loads(contest.platform.store.read(leaderboard_key(row.id), limit=10**7))
        assert stored == row.document
        assert canonical_digest(row.document) == row.digest


def test_the_second_version_names_the_firsts_digest_and_leaves_it_alone(contest: Contest) -> None:
    first = publish_one(contest)
    contest.enter(contest.join("south"), quality=1)
    contest.run()
    second = publish_one(contest, note="With south.")
    assert (second.version, second.previous_digest) == (2, first.digest)
    assert second.document["previous_digest"] == first.digest
    with contest.platform.open() as tx:
        kept = published_version(tx, challenge=contest.platform.challenge, task=Task.PIXEL, version=1)
        assert kept.document == json.loads(json.dumps(first.document))
        assert [row["team"] for row in kept.document["rows"]] == ["north"]


def test_before_publication_nothing_is_there_to_see(contest: Contest) -> None:
    with contest.platform.open() as tx:
        which = {"challenge": contest.platform.challenge, "task": Task.PIXEL}
        assert latest_published(tx, **which) is None
        assert list(published_versions(tx, **which)) == []
        assert published_moments(tx, challenge_ids=[contest.platform.challenge.id]) == {}
        with pytest.raises(NotFound):
            published_version(tx, **which, version=1)


def test_a_publication_is_of_one_task_only(contest: Contest) -> None:
    made = publish_one(contest)
    with contest.platform.open() as tx:
        challenge = contest.platform.challenge
        assert latest_published(tx, challenge=challenge, task=Task.SAMPLE) is None
        found = latest_published(tx, challenge=challenge, task=Task.PIXEL)
        assert found is not None
        assert found.id == made.id
        events = tx.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "leaderboard.publish")
        ).all()
        assert [(event.actor, event.data["version"]) for event in events] == [(ORGANIZER, 1)]


def test_nothing_is_published_over_a_run_that_counts(contest: Contest) -> None:
    contest.enter(contest.join("south"), quality=1)
    with pytest.raises(Conflict, match="south #1"):
        publish_one(contest)
    contest.run()
    assert len(publish_one(contest).document["rows"]) == 2


def test_an_empty_leaderboard_is_not_published(sessions: Sessions, store: LocalStore, tmp_path: Path) -> None:
    empty = Contest(make_platform(sessions, store, tmp_path / "sets", cases=2), tmp_path / "sets")
    with pytest.raises(Conflict, match="No submission"):
        publish_one(empty)
    assert list(store.keys("leaderboards")) == []


def test_two_organizers_at_once_make_two_versions(contest: Contest) -> None:
    with ThreadPoolExecutor(2) as pool:
        rows = sorted(pool.map(lambda _: publish_one(contest), range(2)), key=lambda row: row.version)
    assert [row.version for row in rows] == [1, 2]
    assert rows[1].previous_digest == rows[0].digest


def test_an_export_holds_every_table_result_and_version(contest: Contest, tmp_path: Path) -> None:
    publish_one(contest)
    folder = tmp_path / "export"
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        written = export(tx, challenge=challenge, folder=folder, store=contest.platform.store)
    names = sorted(path.relative_to(folder).as_posix() for path in written)
    assert names[:4] == ["case_runs.csv", "case_runs.json", "leaderboards/pixel-1.json", names[3]]
    assert names[3].startswith("results/")
    assert names[4:] == ["runs.csv", "runs.json", "submissions.csv", "submissions.json"]
    with (folder / "case_runs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(json.loads((folder / "case_runs.json").read_text())) == 16
    assert {row["state"] for row in rows} == {"succeeded"}
