"""Errors and statuses: every error of the tree has one, and nothing internal is told."""

from __future__ import annotations

import pytest
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from mood_platform import errors
from mood_platform.errors import PlatformError, SubmissionFault
from mood_platform.failures import FailureReason
from mood_platform.http.errors import BUSY, INTERNAL, problem_of
from mood_platform.http.rate_limit import TooManyRequests


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NotFound("x"), 404),
        (errors.Unauthenticated("x"), 401),
        (errors.Forbidden("x"), 403),
        (errors.Invalid("x"), 422),
        (errors.Conflict("x"), 409),
        (errors.QuotaExceeded("x"), 409),
        (errors.OffsetMismatch("x"), 409),
        (errors.TooLarge("x"), 413),
        (TooManyRequests("x"), 429),
        (errors.Transient("x"), 503),
        (SubmissionFault(FailureReason.CRASHED), 422),
        (HTTPException(405), 405),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    assert problem_of(error).status == status


def test_a_platform_error_keeps_code_detail_and_remedy() -> None:
    problem = problem_of(errors.StageClosed("It closed.", remedy="Come back."))
    assert (problem.code, problem.detail, problem.remedy) == ("stage_closed", "It closed.", "Come back.")


@pytest.mark.parametrize(
    "error", [ValueError("secret"), errors.Misconfigured("/secret/path"), PlatformError("x")]
)
def test_what_is_not_meant_for_readers_is_one_generic_sentence(error: Exception) -> None:
    assert problem_of(error) == INTERNAL


def test_a_silent_database_is_a_pause_not_a_fault() -> None:
    assert problem_of(OperationalError("SELECT secret", {}, Exception("gone"))) == BUSY


def test_a_value_that_the_database_cannot_hold_is_the_callers_mistake() -> None:
    problem = problem_of(DataError("SELECT secret", {}, Exception("PostgreSQL text fields cannot hold NUL")))
    assert (problem.status, problem.code) == (422, "invalid")
    assert "secret" not in problem.detail


def test_an_error_repeats_nothing_that_steers_its_reader() -> None:
    problem = problem_of(errors.NotFound("There is no node x\u202e\x1b.", remedy="Not x\u2066."))
    assert (problem.detail, problem.remedy) == ("There is no node x\ufffd\ufffd.", "Not x\ufffd.")
    field = {"loc": ("body", "x\u061c"), "msg": "Extra inputs are not permitted"}
    assert problem_of(RequestValidationError([field])).detail.startswith("Field x\ufffd: ")


def test_every_kind_of_error_leads_to_a_status() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PlatformError)
    ]
    for kind in kinds:
        error = kind(FailureReason.CRASHED) if kind is SubmissionFault else kind("x")
        assert 400 <= problem_of(error).status < 600
