"""Mails: the words of each kind, and files that are written once."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from uuid import uuid4

import pytest

from mood_evaluator import Task
from mood_platform.failures import FailureReason
from mood_platform.models import Image, Run, Stage, Submission, Team
from mood_platform.notifications.mailer import FolderMailer, Mail
from mood_platform.notifications.texts import ABOUT_RUNS, MailKind, write_image_mail, write_run_mail

NOW = datetime(2026, 8, 1, tzinfo=UTC)
URL = "https://example.org/submissions/1"
RUN_KINDS = sorted(ABOUT_RUNS)


@pytest.fixture
def submission() -> Submission:
    reason = "Trained on the test set."
    team = Team(handle="north")
    return Submission(
        id=uuid4(),
        number=12,
        task=Task.PIXEL,
        stage=Stage.CHALLENGE,
        state_reason=reason,
        team=team,
        counted=True,
        refunded_at=None,
    )


@pytest.mark.parametrize("kind", RUN_KINDS)
def test_every_mail_about_a_run_names_the_submission_and_its_page(
    kind: MailKind, submission: Submission
) -> None:
    subject, body = write_run_mail(kind, submission=submission, run=Run(id=uuid4()), url=URL)
    assert "#12" in subject
    assert URL in body


def test_a_failed_run_tells_the_fixed_text_of_its_reason(submission: Submission) -> None:
    run = Run(id=uuid4(), reason=FailureReason.TOY_FAILED)
    _, body = write_run_mail(MailKind.RUN_FAILED, submission=submission, run=run, url=URL)
    assert FailureReason.TOY_FAILED.text in body
    assert "refund" not in body


def test_a_failed_run_says_what_it_costs_by_what_was_recorded(submission: Submission) -> None:
    run = Run(id=uuid4(), reason=FailureReason.ABANDONED)
    _, kept = write_run_mail(MailKind.RUN_FAILED, submission=submission, run=run, url=URL)
    submission.refunded_at = NOW
    _, refunded = write_run_mail(MailKind.RUN_FAILED, submission=submission, run=run, url=URL)
    assert "The result of its earlier run stands." in kept
    assert "It does not count against your quota." in refunded


def test_organizers_read_whose_run_was_given_up_and_how_to_start_it_again(submission: Submission) -> None:
    run = Run(id=uuid4(), number=2, reason=FailureReason.SCORING_FAILED)
    _, body = write_run_mail(MailKind.RUN_GAVE_UP, submission=submission, run=run, url=URL)
    assert "Run 2 of this submission of team north" in body
    assert "mood admin show north#12\n" in body
    assert "mood admin rerun north#12 --reason TEXT" in body


@pytest.mark.parametrize(
    ("kind", "commands"),
    [
        (MailKind.RUN_PARKED, ["show north#12", "resume north#12/2"]),
        (MailKind.RUN_HELD, ["show north#12", "decide north#12/2 team", "decide north#12/2 ours"]),
    ],
)
def test_organizers_read_commands_that_name_runs_as_commands_take_them(
    kind: MailKind, commands: list[str], submission: Submission
) -> None:
    run = Run(id=uuid4(), number=2, held_why="")
    _, body = write_run_mail(kind, submission=submission, run=run, url=URL)
    assert [one for one in commands if f"mood admin {one}\n" not in body] == []
    assert str(run.id) not in body


def test_an_exclusion_tells_the_organizers_words(submission: Submission) -> None:
    _, body = write_run_mail(
        MailKind.SUBMISSION_EXCLUDED, submission=submission, run=Run(id=uuid4()), url=URL
    )
    assert "Trained on the test set." in body


def test_a_rejected_image_tells_reason_and_evidence() -> None:
    image = Image(name="net.tar", reason=FailureReason.IMAGE_SEVERAL, detail="The archive holds 2 images.")
    subject, body = write_image_mail(image)
    assert "net.tar" in subject
    assert FailureReason.IMAGE_SEVERAL.text in body
    assert "2 images" in body


def test_a_mail_becomes_one_file_however_often_it_is_sent(tmp_path: Path) -> None:
    mail = Mail(key="run_scored-1", to="a@example.org", subject="Fertig: grün", body="Hello\n")
    mailer = FolderMailer(tmp_path / "mails")
    mailer.send(mail)
    mailer.send(mail)
    (path,) = (tmp_path / "mails").iterdir()
    message = message_from_bytes(path.read_bytes())
    assert (path.name, message["To"]) == ("run_scored-1.eml", "a@example.org")


def test_a_mail_does_not_steer_its_reader(tmp_path: Path) -> None:
    words = "a\u202e\x1bb"
    FolderMailer(tmp_path).send(Mail(key="k", to="a@example.org", subject=words, body=f"{words}\n"))
    message = message_from_bytes((tmp_path / "k.eml").read_bytes(), policy=policy.default)
    assert (message["Subject"], message.get_content()) == ("a\ufffd\ufffdb", "a\ufffd\ufffdb\n")


def test_a_line_break_in_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        FolderMailer(tmp_path).send(
            Mail(key="k", to="a@example.org\nBcc: b@example.org", subject="s", body="b")
        )
