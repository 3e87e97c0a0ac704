"""Errors of the platform; each knows its code, its HTTP family and the user's next step.

PlatformError(detail, *, remedy)
├ NotFound            unknown and forbidden ids look the same
├ Unauthenticated     no token, or one that is not valid any more
├ Forbidden           known, but not allowed
├ Invalid             the request's content is off: names the field and the remedy
├ Conflict            right request, wrong moment
│ ├ AlreadyScored · InvalidTransition · QuotaExceeded · StageClosed · AlreadyExists · OffsetMismatch · Locked
├ TooLarge            over a stated limit
├ TooSlow             did not arrive within a stated time
├ NoSpace             the platform's disk is full: the organizers' turn
├ SubmissionFault     the team's image is at fault: carries a FailureReason
├ Misconfigured       the operator's turn: names the setting or the file
└ Transient           try again; the job is retried
"""

from __future__ import annotations

from typing import ClassVar

from mood_platform.failures import FailureReason


class PlatformError(Exception):
    """Base of everything a user may read. `code` is stable, `detail` and `remedy` are sentences."""

    code: ClassVar[str] = "platform_error"

    def __init__(self, detail: str, *, remedy: str = "") -> None:
        super().__init__(f"{detail} {remedy}".strip())
        self.detail = detail
        self.remedy = remedy


class NotFound(PlatformError):
    code = "not_found"


class Unauthenticated(PlatformError):
    code = "unauthenticated"


class Forbidden(PlatformError):
    code = "forbidden"


class Invalid(PlatformError):
    code = "invalid"


class Conflict(PlatformError):
    code = "conflict"


class InvalidTransition(Conflict):
    code = "invalid_transition"


class QuotaExceeded(Conflict):
    code = "quota_exceeded"


class AlreadyScored(Conflict):
    """The same image was scored here: its team confirms that it means to take that result over."""

    code = "already_scored"


class StageClosed(Conflict):
    code = "stage_closed"


class AlreadyExists(Conflict):
    code = "already_exists"


class OffsetMismatch(Conflict):
    code = "offset_mismatch"


class Locked(Conflict):
    code = "locked"


class TooSlow(PlatformError):
    code = "too_slow"


class NoSpace(PlatformError):
    code = "no_space"


class TooLarge(PlatformError):
    code = "too_large"


class Misconfigured(PlatformError):
    code = "misconfigured"


class Transient(PlatformError):
    code = "transient"


class Unreachable(Transient):
    """The other side cannot be asked just now; asking again may help."""


class SubmissionFault(PlatformError):
    """The team's image is at fault; the text shown is the reason's own, `detail` adds the evidence."""

    code = "submission_fault"

    def __init__(self, reason: FailureReason, detail: str = "") -> None:
        super().__init__(detail or reason.text)
        self.reason = reason
