"""When a challenge takes what: opening, deadline, and the grace of uploads begun in time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from mood_platform.clock import rfc3339
from mood_platform.errors import StageClosed
from mood_platform.models import Challenge


class Phase(StrEnum):
    """Where an edition stands; in the order in which they are listed."""

    OPEN = "open"
    PLANNED = "planned"
    CLOSED = "closed"


def phase_of(challenge: Challenge, *, now: datetime) -> Phase:
    if now < challenge.opens:
        return Phase.PLANNED
    return Phase.OPEN if now < challenge.closes else Phase.CLOSED


def is_open(challenge: Challenge, *, now: datetime) -> bool:
    return phase_of(challenge, now=now) is Phase.OPEN


def check_upload_window(challenges: Collection[Challenge], *, now: datetime) -> None:
    """An upload is for no edition, but begins while one is open: any other fills the disk for nothing."""
    if any(is_open(challenge, now=now) for challenge in challenges):
        return
    planned = [challenge for challenge in challenges if now < challenge.opens]
    if planned:
        _check_opened(min(planned, key=lambda challenge: challenge.opens), now=now)
    if not challenges:
        raise StageClosed("There is no challenge yet.", remedy="Come back when one is announced.")
    last = max(challenges, key=lambda challenge: challenge.closes)
    raise StageClosed(
        f"The challenge {last.slug} closed at {rfc3339(last.closes)}.",
        remedy="No new uploads are taken; uploads begun before may still be finished.",
    )


def check_submit_window(challenge: Challenge, *, now: datetime, upload_begun_at: datetime) -> None:
    _check_opened(challenge, now=now)
    if not in_time(challenge, submitted_at=now, upload_begun_at=upload_begun_at):
        raise StageClosed(
            f"The challenge {challenge.slug} closed at {rfc3339(challenge.closes)}.",
            remedy="Only an image whose upload began before that could be submitted for a short while after.",
        )


def check_not_closed(challenge: Challenge, *, now: datetime) -> None:
    """Asking to take part is possible before the opening too."""
    if now >= challenge.closes:
        raise StageClosed(
            f"The challenge {challenge.slug} closed at {rfc3339(challenge.closes)}.",
            remedy="Enter one that is open.",
        )


def check_still_open(challenge: Challenge, *, now: datetime) -> None:
    """What stands at the deadline is not taken back."""
    if now >= challenge.closes:
        raise StageClosed(
            f"The challenge {challenge.slug} closed at {rfc3339(challenge.closes)}; submissions stand now.",
            remedy="Write to the organizers: they can exclude a submission with a reason.",
        )


def in_time(challenge: Challenge, *, submitted_at: datetime, upload_begun_at: datetime) -> bool:
    """Before the deadline; or within the grace, when its upload began before the deadline."""
    if submitted_at < challenge.closes:
        return True
    return upload_begun_at < challenge.closes and submitted_at < takes_until(challenge)


def takes_until(challenge: Challenge) -> datetime:
    """The end of the grace: from then on nothing is submitted."""
    try:
        return challenge.closes + timedelta(seconds=challenge.upload_grace_seconds)
    except OverflowError:  # of an edition from before there was a last moment
        return datetime.max.replace(tzinfo=UTC)


def _check_opened(challenge: Challenge, *, now: datetime) -> None:
    if now < challenge.opens:
        raise StageClosed(
            f"The challenge {challenge.slug} opens at {rfc3339(challenge.opens)}.", remedy="Come back then."
        )
