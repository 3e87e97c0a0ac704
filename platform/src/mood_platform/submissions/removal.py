"""A team makes room: it removes an image that nothing needs, with what its toy cases left."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select, select

from mood_platform.accounts.principal import Principal
from mood_platform.db.transaction import Transaction
from mood_platform.errors import Conflict
from mood_platform.keeping.holds import held_now
from mood_platform.keeping.images import lock_image, remove_image
from mood_platform.models import LIVE, Image, ImageState, Run, Stage, Submission, SubmissionState
from mood_platform.queueing import RemoveLeftovers
from mood_platform.submissions.queries import find_image

BY_TEAM = "its team"


def remove_own_image(tx: Transaction, *, principal: Principal, image_id: UUID) -> Image:
    """Refused while a challenge Submission stands on it: organizers may have to run that again."""
    team = principal.require_team()
    image = find_image(tx, team=team, image_id=image_id)
    if image.state is not ImageState.ACCEPTED or image.removed_at:
        raise Conflict("The image keeps no bytes.", remedy="`mood image list` shows which do.")
    lock_image(tx, image_id=image_id)
    _check_free(tx, image)
    if not remove_image(tx, image_id=image_id, actor=principal.actor, by=BY_TEAM):
        raise Conflict("The image cannot be removed at the moment.", remedy="Try it again in some hours.")
    for run_id in tx.session.scalars(_toy_runs(image)):
        tx.enqueue(RemoveLeftovers(run_id))
    return image


def _check_free(tx: Transaction, image: Image) -> None:
    """Says the same before and after a hidden Run has ended: that is told on the platform's clock alone."""
    standing = select(Submission.number).where(
        Submission.image_id == image.id,
        Submission.stage == Stage.CHALLENGE,
        Submission.state == SubmissionState.ACCEPTED,
    )
    if numbers := tx.session.scalars(standing.order_by(Submission.number)).all():
        named = ", ".join(f"#{number}" for number in numbers)
        raise Conflict(
            f"Challenge submissions stand on this image: {named}.",
            remedy="Withdraw them while the challenge is open; later the edition's retention removes it.",
        )
    if tx.session.scalar(_toy_runs(image).where(Run.state.in_(LIVE)).limit(1)) is not None:
        raise Conflict("The image is running.", remedy="Wait for the end of its toy runs, or cancel them.")
    held = held_now(tx)
    used = select(Run.id, Submission.challenge_id).join(Submission, Run.submission_id == Submission.id)
    for run_id, challenge_id in tx.session.execute(used.where(Submission.image_id == image.id)):
        if held.covers(run_id=run_id, challenge_id=challenge_id, team_id=image.team_id):
            raise Conflict("Organizers hold this image.", remedy="The submission's page says until when.")


def _toy_runs(image: Image) -> Select[UUID]:
    mine = select(Run.id).join(Submission, Run.submission_id == Submission.id)
    return mine.where(Submission.image_id == image.id, Run.stage == Stage.TOY)
