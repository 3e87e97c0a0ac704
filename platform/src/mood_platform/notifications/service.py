"""Sends one mail to every member of a team, or to every organizer; called by the job mail.send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mood_platform.accounts.queries import members, organizers
from mood_platform.db.transaction import Transaction
from mood_platform.failures import Blame
from mood_platform.models import CaseRun, Image, KnownNode, RetentionRound, Run, Submission, User
from mood_platform.notifications.mailer import Mail, Mailer
from mood_platform.notifications.texts import (
    TO_ORGANIZERS,
    write_image_mail,
    write_leaving_mail,
    write_node_mail,
    write_retention_mail,
    write_run_mail,
    write_stopped_mail,
)
from mood_platform.queueing import SendMail
from mood_platform.terms import MailKind


@dataclass(frozen=True, slots=True)
class _Letter:
    about: UUID
    people: Sequence[User]
    words: tuple[str, str]
    """Subject and body."""


def send_mail(
    tx: Transaction,
    *,
    mailer: Mailer,
    public_url: str,
    order: SendMail,
) -> int:
    """How many mails went out."""
    write = _ABOUT.get(order.kind)
    letter = write(tx, order.about) if write else _about_run(tx, order.kind, order.about, public_url)
    subject, body = letter.words
    for person in letter.people:
        key = f"{order.kind}-{letter.about}-{person.id}"
        mailer.send(Mail(key=key, to=person.email, subject=subject, body=body + "\n"))
    return len(letter.people)


def _about_image(tx: Transaction, image_id: UUID) -> _Letter:
    """To the organizers too, when its check failed for the platform's own reasons."""
    image = tx.session.get_one(Image, image_id)
    ours = image.reason is not None and image.reason.blame is Blame.PLATFORM
    people = {one.id: one for one in members(tx, team_id=image.team_id)}
    if ours:
        people |= {one.id: one for one in organizers(tx)}
    return _Letter(image.id, list(people.values()), write_image_mail(image))


def _about_leaving(tx: Transaction, image_id: UUID) -> _Letter:
    image = tx.session.get_one(Image, image_id)
    return _Letter(image.id, members(tx, team_id=image.team_id), write_leaving_mail(image))


def _about_retention(tx: Transaction, round_id: UUID) -> _Letter:
    row = tx.session.get_one(RetentionRound, round_id)
    return _Letter(row.id, organizers(tx), write_retention_mail(row))


def _about_stopped(tx: Transaction, round_id: UUID) -> _Letter:
    row = tx.session.get_one(RetentionRound, round_id)
    return _Letter(row.id, organizers(tx), write_stopped_mail(row))


def _about_node(tx: Transaction, node_id: UUID) -> _Letter:
    node = tx.session.get_one(KnownNode, node_id)
    return _Letter(node.id, organizers(tx), write_node_mail(node))


def _about_run(tx: Transaction, kind: MailKind, run_id: UUID, public_url: str) -> _Letter:
    relations = joinedload(Run.submission).joinedload(Submission.team)
    run = tx.session.scalars(select(Run).where(Run.id == run_id).options(relations)).one()
    submission = run.submission
    url = f"{public_url.rstrip('/')}/submissions/{submission.id}"
    to_organizers = kind in TO_ORGANIZERS
    people = organizers(tx) if to_organizers else members(tx, team_id=submission.team_id)
    first = select(CaseRun.unforeseen).where(CaseRun.run_id == run.id, CaseRun.unforeseen.is_not(None))
    unforeseen = tx.session.scalar(first.order_by(CaseRun.finished_at).limit(1)) or ""
    words = write_run_mail(kind, submission=submission, run=run, url=url, unforeseen=unforeseen)
    return _Letter(run.id, people, words)


_ABOUT = {
    MailKind.IMAGE_REJECTED: _about_image,
    MailKind.IMAGE_LEAVES: _about_leaving,
    MailKind.RETENTION_BEGINS: _about_retention,
    MailKind.RETENTION_STOPPED: _about_stopped,
    MailKind.NODE_QUARANTINED: _about_node,
}
"""All other kinds are about a Run."""
