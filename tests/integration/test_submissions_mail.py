"""Mails reach every member of the team, once, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from mood_evaluator import Task
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import transaction
from mood_platform.failures import FailureReason
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import ImageState, Stage, User
from mood_platform.notifications.mailer import FolderMailer
from mood_platform.notifications.service import send_mail
from mood_platform.queueing import Job, SendMail
from mood_platform.runs.endings import fail_run, lock_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import newest_run
from mood_platform.submissions.service import submit
from mood_platform.terms import MailKind
from mood_support.edition import make_edition, make_image, make_participant

pytestmark = pytest.mark.integration
PAGES = "https://mood.example.org/"


def read(folder: Path) -> dict[str, str]:
    """Mails by their receiver."""
    texts = [path.read_text() for path in sorted(folder.iterdir())]
    return {text.split("To: ")[1].splitlines()[0]: text for text in texts}


def test_each_member_gets_the_toy_report_mail_once(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        make_edition(tx, store=store, folder=tmp_path / "sets", cases=2)
        north = make_participant(tx, "north")
        make_participant(tx, "south")
        mate = {"email": "mate@example.org", "name": "Mate", "password_hash": "!", "created_at": tx.now}
        tx.session.add(User(**mate, team_id=north.require_team().id))
        image = make_image(tx, principal=north)
        made = submit(tx, principal=north, image_id=image.id, task=Task.PIXEL, stage=Stage.TOY)
        run = newest_run(tx, submission=made)
        assert run is not None
    mailer = FolderMailer(tmp_path / "mails")
    for _ in range(2):
        with transaction(sessions, FakeQueue()) as tx:
            assert (
                send_mail(tx, mailer=mailer, public_url=PAGES, order=SendMail(MailKind.TOY_REPORT, run.id))
                == 2
            )
    mails = read(mailer.folder)
    assert set(mails) == {"north@example.org", "mate@example.org"}
    assert f"https://mood.example.org/submissions/{made.id}/report" in mails["mate@example.org"].replace(
        "=\n", ""
    )


def test_what_the_platform_gave_up_is_told_to_the_team_and_to_every_organizer(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        make_edition(tx, store=store, folder=tmp_path / "sets", cases=2)
        north = make_participant(tx, "north")
        make_participant(tx, "south")
        for name in ("olga", "otto"):
            make_participant(tx, name, organizer=True)
        image = make_image(tx, principal=north)
        made = submit(tx, principal=north, image_id=image.id, task=Task.PIXEL, stage=Stage.CHALLENGE)
        run = newest_run(tx, submission=made)
        queue = FakeQueue()
    with transaction(sessions, queue) as tx:
        locked = lock_run(tx, run.id)
        assert locked is not None
        fail_run(tx, run=locked, reason=FailureReason.ABANDONED)
    mailer = FolderMailer(tmp_path / "mails")
    for job, arguments in queue.sent:
        assert job is Job.SEND_MAIL
        with transaction(sessions, FakeQueue()) as tx:
            send_mail(tx, mailer=mailer, public_url=PAGES, order=SendMail.read(**arguments))
    mails = {receiver: text.replace("=\n", "") for receiver, text in read(mailer.folder).items()}
    assert set(mails) == {"north@example.org", "olga@example.org", "otto@example.org"}
    assert "It does not count against your quota." in mails["north@example.org"]
    assert "mood admin rerun north#1" in mails["otto@example.org"]


def test_a_check_that_the_platform_gave_up_is_told_to_organizers_too(
    sessions: Sessions, store: LocalStore, tmp_path: Path
) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        make_edition(tx, store=store, folder=tmp_path / "sets", cases=2)
        north = make_participant(tx, "north")
        make_participant(tx, "olga", organizer=True)
        image = make_image(tx, principal=north, state=ImageState.REJECTED)
        image.reason = FailureReason.CHECK_FAILED
    mailer = FolderMailer(tmp_path / "mails")
    with transaction(sessions, FakeQueue()) as tx:
        send_mail(tx, mailer=mailer, public_url=PAGES, order=SendMail(MailKind.IMAGE_REJECTED, image.id))
    assert set(read(mailer.folder)) == {"north@example.org", "olga@example.org"}


def test_a_rejected_image_is_mailed(sessions: Sessions, store: LocalStore, tmp_path: Path) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        make_edition(tx, store=store, folder=tmp_path / "sets", cases=2)
        north = make_participant(tx, "north")
        image = make_image(tx, principal=north, state=ImageState.REJECTED)
        image.reason = FailureReason.IMAGE_SEVERAL
    mailer = FolderMailer(tmp_path / "mails")
    with transaction(sessions, FakeQueue()) as tx:
        send_mail(tx, mailer=mailer, public_url=PAGES, order=SendMail(MailKind.IMAGE_REJECTED, image.id))
    assert "not accepted" in read(mailer.folder)["north@example.org"]
