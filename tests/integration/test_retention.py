"""Retention is carried out: what a rule ends is removed, told and remembered; what defends a result stays."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mood_evaluator import Task
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge
from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict
from mood_platform.execution.fake_runtime import FakeRuntime
from mood_platform.keeping.holds import lift_holds, place_hold
from mood_platform.keeping.images import collect_image
from mood_platform.keeping.leftovers import Due, remove_leftovers
from mood_platform.keeping.round import carry_out, rounds
from mood_platform.leaderboards.service import publish
from mood_platform.models import (
    AuditEvent,
    CaseRun,
    Challenge,
    Image,
    KeptKind,
    KeptObject,
    Leaderboard,
    RetentionRound,
    Run,
    Stage,
    Submission,
)
from mood_platform.notifications.mailer import FolderMailer
from mood_platform.notifications.service import send_mail
from mood_platform.queueing import Job, SendMail
from mood_platform.runs.rescorings import start_rescoring
from mood_platform.runs.service import rerun
from mood_platform.storage.keys import attempt_key, image_key
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import submit
from mood_support.contest import Contest
from mood_support.drive import drive, echo
from mood_support.edition import DOCUMENT, make_image, make_participant
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration
ORGANIZER = "olga@example.org"
RULES = {
    "predictions": "30d after publication",
    "logs": "90d",
    "images": "1y after publication",
    "mails": "90d",
    "audit": "10y",
}


class Keeping:
    """A contest whose clock is turned by making its past older."""

    def __init__(self, contest: Contest, mails: FolderMailer) -> None:
        self.contest, self.platform, self.mails = contest, contest.platform, mails

    def round(self) -> RetentionRound:
        """The next daily one."""
        with self.platform.open() as tx:
            tx.session.execute(update(RetentionRound).values(at=RetentionRound.at - timedelta(days=1)))
        made = carry_out(
            self.platform.sessions,
            self.platform.queue,
            self.platform.store,
            unused_days=365,
            mails=self.mails,
        )
        assert made is not None
        self.platform.queue.drain({Job.COLLECT_IMAGE: self.collect, Job.SEND_MAIL: self.send})
        return made

    def collect(self, digest: str) -> None:
        collect_image(self.platform.sessions, self.platform.store, digest=digest)

    def send(self, **arguments: str) -> None:
        with self.platform.open() as tx:
            send_mail(
                tx, mailer=self.mails, public_url="https://mood.example.org", order=SendMail.read(**arguments)
            )

    def pass_days(self, days: int) -> None:
        """All that a rule counts from, and what was announced, lies so much further back."""
        age = timedelta(days=days)
        moments = (
            Run.state_since,
            Leaderboard.published_at,
            RetentionRound.at,
            Image.created_at,
            Image.leaves_at,
            AuditEvent.at,
        )
        with self.platform.open() as tx:
            for column in moments:
                tx.session.execute(update(column.class_).values({column.key: column - age}))

    def settle(self) -> None:
        """As an installation whose first week is over."""
        self.round()
        self.pass_days(7)

    def rules(self, **retention: str) -> None:
        with self.platform.open() as tx:
            timeline = {**DOCUMENT["timeline"], "closes": "2026-01-02T00:00:00Z"}
            document = {**DOCUMENT, "timeline": timeline, "retention": retention}
            apply_challenge(tx, config=ChallengeConfig.parse(document), reason="A test.")

    def publish(self) -> None:
        with self.platform.open() as tx:
            publish(
                tx,
                challenge=tx.session.get_one(Challenge, self.platform.challenge.id),
                task=Task.PIXEL,
                actor=ORGANIZER,
                store=self.platform.store,
            )

    def leftovers(self, kind: str) -> set[str]:
        return {key for key in self.platform.store.keys("runs") if key.endswith(f"/{kind}")}

    def put_image(self, submission: Submission) -> str:
        """The key of the image's archive, which the contest has only by name."""
        with self.platform.open() as tx:
            image = tx.session.get_one(Image, submission.image_id)
            image.kept_bytes = 5
            key = image_key(str(image.digest))
        self.platform.store.put_bytes(key, b"image")
        return key

    def image(self, submission: Submission) -> Image:
        with self.platform.open() as tx:
            return tx.session.get_one(Image, submission.image_id)


@pytest.fixture
def keeping(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Keeping:
    contest = Contest(make_platform(sessions, store, tmp_path / "sets", cases=2), tmp_path / "sets")
    mails = FolderMailer(tmp_path / "mails")
    mails.folder.mkdir()
    return Keeping(contest, mails)


@pytest.fixture
def entry(keeping: Keeping) -> Submission:
    """North's, scored; the edition has closed."""
    made = keeping.contest.enter(keeping.contest.join("north"), quality=0.5)
    keeping.contest.run()
    keeping.rules(**RULES)
    return made


def test_predictions_go_after_publication_and_what_defends_the_result_stays(
    keeping: Keeping, entry: Submission
) -> None:
    keeping.settle()
    store, before = keeping.platform.store, keeping.leftovers("prediction")
    hashes = {key: hashlib.sha256(store.read(key, limit=10**6)).hexdigest() for key in before}
    keeping.pass_days(400)
    keeping.round()
    assert keeping.leftovers("prediction") == before, "never before a board is published"
    keeping.publish()
    keeping.pass_days(29)
    keeping.round()
    assert keeping.leftovers("prediction") == before
    assert keeping.leftovers("positives") != set()
    keeping.pass_days(1)
    done = keeping.round()
    assert keeping.leftovers("prediction") == keeping.leftovers("positives") == set()
    assert done.document["predictions"]["objects"] == len(before) == 8
    with keeping.platform.open() as tx:
        kept = {row.key: row for row in tx.session.scalars(select(KeptObject)) if row.kind == "prediction"}
        run = tx.session.scalars(select(Run)).one()
        assert {key: kept[key].sha256 for key in before} == hashes
        assert run.predictions_removed_at is not None
        cases = tx.session.scalars(select(CaseRun)).all()
        results = [run.results_key, run.toy_report_key, *(case.evidence_key for case in cases)]
        actions = set(tx.session.scalars(select(AuditEvent.action)))
    assert [key for key in results if key and not store.exists(key)] == []
    assert all(case.score for case in cases)
    assert "run.remove_predictions" in actions
    del entry


def test_a_correction_begins_the_time_anew(keeping: Keeping, entry: Submission) -> None:
    keeping.settle()
    keeping.publish()
    keeping.pass_days(25)
    keeping.publish()
    keeping.pass_days(25)
    keeping.round()
    assert keeping.leftovers("prediction") != set()
    del entry


def test_logs_go_after_their_days_whether_or_not_a_board_is_published(
    keeping: Keeping, entry: Submission
) -> None:
    keeping.settle()
    keeping.pass_days(80)
    keeping.round()
    assert keeping.leftovers("log") != set()
    keeping.pass_days(10)
    keeping.round()
    assert (keeping.leftovers("log"), keeping.leftovers("prediction") != set()) == (set(), True)
    del entry


def test_what_toy_runs_left_waits_for_no_board(keeping: Keeping) -> None:
    north = keeping.contest.join("north")
    keeping.platform.submit(north, stage=Stage.TOY)
    drive(keeping.platform, FakeRuntime(echo))
    keeping.rules(**RULES)
    keeping.settle()
    keeping.pass_days(30)
    keeping.round()
    assert keeping.leftovers("prediction") == set()


def test_a_run_that_is_not_over_loses_nothing(keeping: Keeping) -> None:
    keeping.platform.submit(keeping.contest.join("north"), stage=Stage.TOY)
    claim = keeping.platform.claim()
    assert claim is not None
    key = attempt_key(claim.run_id, claim.case_run_id, claim.claim_id, "log")
    keeping.platform.store.put_bytes(key, b"so far")
    keeping.rules(logs="0d", predictions="0d")
    keeping.settle()
    keeping.pass_days(1000)
    keeping.round()
    assert keeping.leftovers("log") == {key}


def test_objects_of_attempts_that_no_row_names_end_with_their_run(
    keeping: Keeping, entry: Submission
) -> None:
    """A claim that was lost left them; until then they are told of."""
    run = keeping.platform.run_of(entry)
    lost = f"runs/{run.id}/{run.id}/{entry.id}/log"
    keeping.platform.store.put_bytes(lost, b"lost")
    first = keeping.round()
    assert first.document["misfits"]["objects"]["named"] == [lost]
    keeping.pass_days(100)
    keeping.round()
    assert keeping.leftovers("log") == set()


def test_a_row_whose_object_is_gone_is_told(keeping: Keeping, entry: Submission) -> None:
    keeping.put_image(entry)
    gone = min(keeping.leftovers("prediction"))
    keeping.platform.store.delete(gone)
    found = keeping.round().document["misfits"]["rows"]
    assert (found["count"], found["named"]) == (1, [gone])


def test_a_round_that_was_killed_after_its_word_is_finished_by_the_next(
    keeping: Keeping, entry: Submission
) -> None:
    class Killed(LocalStore):
        def delete(self, key: str) -> None:
            raise KeyboardInterrupt

    keeping.settle()
    platform, run = keeping.platform, keeping.platform.run_of(entry)
    with pytest.raises(KeyboardInterrupt):
        remove_leftovers(
            platform.sessions, platform.queue, Killed(platform.store.root), Due(run.id, KeptKind.LOG)
        )
    assert keeping.leftovers("log") != set()
    assert keeping.round().document["misfits"]["late"]["count"] == 8
    assert keeping.leftovers("log") == set()


def test_the_first_rounds_only_report_and_removal_begins_seven_days_later(
    keeping: Keeping, entry: Submission
) -> None:
    with keeping.platform.open() as tx:
        make_participant(tx, "olga", organizer=True)
    keeping.pass_days(1000)
    first = keeping.round()
    assert (first.removes, first.document["logs"]["objects"]) == (False, 8)
    mail = "".join(path.read_text() for path in keeping.mails.folder.glob("retention_begins*"))
    assert "To: olga@example.org" in mail
    assert first.document["begins_at"] in mail.replace("=\n", "")
    for _ in range(5):
        assert not keeping.round().removes
    assert len(keeping.leftovers("log")) == 8
    keeping.round()
    assert keeping.round().removes
    assert keeping.leftovers("log") == set()
    assert len(list(keeping.mails.folder.glob("retention_begins*"))) == 1
    del entry


def test_a_round_is_made_once_a_day_however_often_it_is_asked_for(
    keeping: Keeping, entry: Submission
) -> None:
    keeping.round()
    platform = keeping.platform
    again = carry_out(platform.sessions, platform.queue, platform.store, unused_days=365)
    assert again is None
    with platform.open() as tx:
        assert len(rounds(tx, limit=10)) == 1
    del entry


def test_an_image_goes_after_its_team_has_known_for_fourteen_days(
    keeping: Keeping, entry: Submission
) -> None:
    key = keeping.put_image(entry)
    keeping.publish()
    keeping.settle()
    keeping.pass_days(365)
    keeping.round()
    told = keeping.image(entry).leaves_at
    assert told is not None
    mail = "".join(path.read_text() for path in keeping.mails.folder.glob("image_leaves*"))
    assert "To: north@example.org" in mail
    keeping.pass_days(13)
    keeping.round()
    assert keeping.platform.store.exists(key)
    keeping.pass_days(1)
    done = keeping.round()
    assert not keeping.platform.store.exists(key)
    assert [one["bytes"] for one in done.document["images"]["removed"]] == [5]
    gone = keeping.image(entry)
    assert (gone.removed_by, gone.leaves_at) == ("retention", None)


def test_an_image_of_an_open_edition_or_without_a_board_stays(keeping: Keeping, entry: Submission) -> None:
    key = keeping.put_image(entry)
    keeping.settle()
    keeping.pass_days(1000)
    keeping.round()
    assert keeping.image(entry).leaves_at is None, "no board is published"
    with keeping.platform.open() as tx:
        document = {**DOCUMENT, "retention": {"images": "0d"}}
        apply_challenge(tx, config=ChallengeConfig.parse(document), reason="A test.")
    keeping.round()
    assert keeping.image(entry).leaves_at is None, "the edition is open again"
    assert keeping.platform.store.exists(key)


def test_two_teams_share_an_archive_which_goes_with_the_last(keeping: Keeping, entry: Submission) -> None:
    key = keeping.put_image(entry)
    digest = str(keeping.image(entry).digest)
    south = keeping.contest.join("south")
    with keeping.platform.open() as tx:
        other = make_image(tx, principal=south)
        other.digest = digest
    with keeping.platform.open() as tx:
        tx.session.get_one(Image, entry.image_id).removed_at = tx.now
    keeping.collect(digest)
    assert keeping.platform.store.exists(key)
    with keeping.platform.open() as tx:
        tx.session.get_one(Image, other.id).removed_at = tx.now
    keeping.collect(digest)
    assert not keeping.platform.store.exists(key)


def test_an_image_that_was_never_submitted_ends_after_the_days_of_the_setting(keeping: Keeping) -> None:
    north = keeping.contest.join("north")
    with keeping.platform.open() as tx:
        image = make_image(tx, principal=north)
    keeping.settle()
    keeping.pass_days(340)
    keeping.round()
    with keeping.platform.open() as tx:
        assert tx.session.get_one(Image, image.id).leaves_at is None
    keeping.pass_days(20)
    keeping.round()
    keeping.pass_days(14)
    keeping.round()
    with keeping.platform.open() as tx:
        assert tx.session.get_one(Image, image.id).removed_at is not None


@pytest.mark.parametrize("subject", ["run", "team", "challenge"])
def test_a_hold_stops_removal_until_it_is_lifted(keeping: Keeping, entry: Submission, subject: str) -> None:
    keeping.put_image(entry)
    keeping.publish()
    keeping.settle()
    keeping.pass_days(400)
    names = {"run": keeping.platform.run_of(entry).id, "team": "north", "challenge": "tiny"}
    with keeping.platform.open() as tx:
        until = tx.now + timedelta(days=900)
        place_hold(tx, on=f"{subject}:{names[subject]}", until=until, reason="A dispute.", actor=ORGANIZER)
    done = keeping.round()
    assert (done.document["logs"]["objects"], done.document["holds"]) == (0, 1)
    assert keeping.image(entry).leaves_at is None
    assert len(keeping.leftovers("prediction")) == len(keeping.leftovers("log")) == 8
    with keeping.platform.open() as tx:
        lift_holds(tx, on=str(names[subject]), reason="Settled.", actor=ORGANIZER)
    keeping.round()
    assert keeping.leftovers("prediction") == keeping.leftovers("log") == set()
    assert keeping.image(entry).leaves_at is not None, "its team has its fourteen days again"


def test_a_rescoring_is_refused_in_words_where_predictions_were_removed(
    keeping: Keeping, entry: Submission
) -> None:
    keeping.publish()
    keeping.settle()
    keeping.pass_days(400)
    keeping.round()
    with keeping.platform.open() as tx, pytest.raises(Conflict, match="north #1 were removed at 20"):
        start_rescoring(
            tx,
            challenge=tx.session.get_one(Challenge, keeping.platform.challenge.id),
            task=Task.PIXEL,
            reason="A label was wrong.",
            actor=ORGANIZER,
            store=keeping.platform.store,
        )
    del entry


def test_what_waits_to_be_scored_again_keeps_its_predictions(keeping: Keeping, entry: Submission) -> None:
    keeping.publish()
    keeping.settle()
    keeping.pass_days(400)
    with keeping.platform.open() as tx:
        start_rescoring(
            tx,
            challenge=tx.session.get_one(Challenge, keeping.platform.challenge.id),
            task=Task.PIXEL,
            reason="A label was wrong.",
            actor=ORGANIZER,
            store=keeping.platform.store,
        )
    keeping.round()
    assert len(keeping.leftovers("prediction")) == 8
    del entry


def test_a_prediction_that_nobody_foresaw_stays_until_a_rescoring_has_read_it(
    keeping: Keeping, entry: Submission
) -> None:
    keeping.publish()
    keeping.settle()
    keeping.pass_days(400)
    with keeping.platform.open() as tx:
        case = tx.session.scalars(select(CaseRun).where(~CaseRun.toy).limit(1)).one()
        case.unforeseen, key = "OverflowError", case.prediction_key
    keeping.round()
    assert keeping.leftovers("prediction") == {key}
    keeping.round()
    assert keeping.leftovers("prediction") == {key}
    with keeping.platform.open() as tx:
        tx.session.get_one(CaseRun, case.id).unforeseen = None
    keeping.round()
    assert keeping.leftovers("prediction") == set()
    del entry


def test_objects_from_before_are_weighed_and_hashed_before_they_go(
    keeping: Keeping, entry: Submission
) -> None:
    with keeping.platform.open() as tx:
        tx.session.execute(update(KeptObject).values(size=None, sha256=None))
    keeping.settle()
    with keeping.platform.open() as tx:
        assert None not in set(tx.session.scalars(select(KeptObject.size)))
    keeping.pass_days(100)
    keeping.round()
    with keeping.platform.open() as tx:
        gone = tx.session.scalars(select(KeptObject).where(KeptObject.kind == KeptKind.LOG)).all()
        assert all(row.sha256 and row.removed_at for row in gone)
    del entry


def test_old_mails_and_audit_events_go_by_the_longest_rule_of_all_editions(
    keeping: Keeping, entry: Submission
) -> None:
    keeping.settle()
    old, young = keeping.mails.folder / "old.eml", keeping.mails.folder / "young.eml"
    for path, days in ((old, 100), (young, 80)):
        path.write_text("mail")
        moment = path.stat().st_mtime - days * 86400
        os.utime(path, (moment, moment))
    keeping.pass_days(3640)
    with keeping.platform.open() as tx:
        before = len(tx.session.scalars(select(AuditEvent.id)).all())
    done = keeping.round()
    assert (old.exists(), young.exists(), done.document["mails"]["files"]) == (False, True, 1)
    keeping.pass_days(11)
    keeping.round()
    with keeping.platform.open() as tx:
        left: list[Any] = tx.session.scalars(select(AuditEvent.action)).all()
    assert before > 0
    assert {action.partition(".")[0] for action in left} <= {"run"}, "only what retention did just now"
    del entry


def test_what_needs_a_removed_image_is_refused_with_the_next_step(keeping: Keeping) -> None:
    north = keeping.contest.join("north")
    mine = keeping.platform.submit(north, stage=Stage.TOY)
    drive(keeping.platform, FakeRuntime(echo))
    with keeping.platform.open() as tx:
        image = tx.session.get_one(Image, mine.image_id)
        image.removed_at = tx.now
    with keeping.platform.open() as tx, pytest.raises(Conflict, match=r"removed at 20.*Hand it in again"):
        submit(tx, principal=north, image_id=mine.image_id, task=Task.PIXEL, stage=Stage.TOY)
    with keeping.platform.open() as tx:
        row = tx.session.get_one(Submission, mine.id)
        with pytest.raises(Conflict, match="is not kept any more"):
            rerun(tx, submission=row, reason="Once more.", actor=ORGANIZER)
    with keeping.platform.open() as tx:
        tx.session.get_one(Image, mine.image_id).removed_at = None  # as when it is handed in again
    with keeping.platform.open() as tx:
        row = tx.session.get_one(Submission, mine.id)
        assert rerun(tx, submission=row, reason="It is back.", actor=ORGANIZER).number == 2


def store(keeping: Keeping, **changes: Any) -> None:
    """What an earlier version took, or a hand wrote into the database."""
    with keeping.platform.open() as tx:
        row = tx.session.get_one(Challenge, keeping.platform.challenge.id)
        row.config = {**row.config, **changes}


def test_a_rule_without_an_end_in_the_calendar_ends_after_a_hundred_years(
    keeping: Keeping, entry: Submission
) -> None:
    keeping.put_image(entry)
    keeping.rules(logs="0d", audit="10y")
    store(keeping, retention={"logs": "9999y", "predictions": "0d", "images": "99999y", "audit": "99999y"})
    with keeping.platform.open() as tx:
        row = tx.session.get_one(Challenge, keeping.platform.challenge.id)
        row.closes = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    keeping.settle()
    done = keeping.round()
    assert done.document["unread"] == {}
    assert keeping.leftovers("prediction") == set()
    assert keeping.leftovers("log")


def test_rules_that_cannot_be_read_stop_their_edition_alone_and_organizers_are_told(
    keeping: Keeping, entry: Submission
) -> None:
    keeping.put_image(entry)
    keeping.rules(logs="0d", predictions="0d", mails="0d", audit="0d")
    with keeping.platform.open() as tx:
        make_participant(tx, "olga", organizer=True)
        document = {**DOCUMENT, "slug": "other", "retention": {}}
        other = apply_challenge(tx, config=ChallengeConfig.parse(document))
        other.config = {**other.config, "retention": {"logs": "for ever"}}
    keeping.settle()
    done = keeping.round()
    assert list(done.document["unread"]) == ["other"]
    assert "retention.logs" in done.document["unread"]["other"]
    assert keeping.leftovers("log") == set(), "the rules of the first are carried out"
    assert (done.document["mails"]["before"], done.document["audit"]["before"]) == (None, None)
    [mail] = keeping.mails.folder.glob("retention_stopped*")
    assert "other: " in mail.read_text()
    store(keeping, retention={"logs": "for ever"})
    assert set(keeping.round().document["unread"]) == {"other", keeping.platform.challenge.slug}
    keeping.round()
    assert len(list(keeping.mails.folder.glob("retention_stopped*"))) == 2, "told once an edition"
