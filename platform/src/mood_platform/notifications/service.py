"""Sends one mail to every member of a team; called by the job mail.send."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mood_platform.accounts.queries import members
from mood_platform.db.transaction import Transaction
from mood_platform.models import Image, Run
from mood_platform.notifications.mailer import Mail, Mailer
from mood_platform.notifications.texts import MailKind, write_image_mail, write_run_mail


def send_mail(
    tx: Transaction,
    *,
    mailer: Mailer,
    public_url: str,
    kind: str,
    run: str | None = None,
    image: str | None = None,
) -> int:
    """How many mails went out; the job's arguments are `kind` with `run` or `image` (an id)."""
    chosen = MailKind(kind)
    if chosen is MailKind.IMAGE_REJECTED:
        found = tx.session.get_one(Image, UUID(image))
        team_id, about, (subject, body) = found.team_id, found.id, write_image_mail(found)
    else:
        row = tx.session.scalars(
            select(Run).where(Run.id == UUID(run)).options(joinedload(Run.submission))
        ).one()
        url = f"{public_url.rstrip('/')}/submissions/{row.submission_id}"
        team_id, about = row.submission.team_id, row.id
        subject, body = write_run_mail(chosen, submission=row.submission, run=row, url=url)
    people = members(tx, team_id=team_id)
    for person in people:
        mailer.send(
            Mail(key=f"{chosen}-{about}-{person.id}", to=person.email, subject=subject, body=body + "\n")
        )
    return len(people)
