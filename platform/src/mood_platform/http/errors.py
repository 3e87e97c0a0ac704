"""Turns errors into HTTP statuses and bodies: the only place where the two meet."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from mood_platform.characters import plain
from mood_platform.db.engine import is_crowded
from mood_platform.db.outages import DATABASE_AWAY
from mood_platform.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Locked,
    NoSpace,
    NotFound,
    PlatformError,
    SubmissionFault,
    TooLarge,
    TooSlow,
    Transient,
    Unauthenticated,
)
from mood_platform.http.rate_limit import TooManyRequests

STATUS: Mapping[type[PlatformError], int] = {
    NotFound: 404,
    Unauthenticated: 401,
    Forbidden: 403,
    Invalid: 422,
    SubmissionFault: 422,
    Conflict: 409,
    Locked: 423,
    NoSpace: 507,
    TooLarge: 413,
    TooSlow: 408,
    TooManyRequests: 429,
    Transient: 503,
    PlatformError: 500,
}
EXTRA_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "60"},
    503: {"Retry-After": "5"},
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What the caller learns: a stable code, a sentence, the next step."""

    status: int
    code: str
    detail: str
    remedy: str = ""


Renderer = Callable[[Request, Problem], Response]
REMEDY: Mapping[int, str] = {
    400: "Send a body of the stated type, not nested deeper than it has to be.",
    404: "Check the address.",
    405: "The API's document names the methods of each address.",
}
LONGEST_PLACE = 200
"""Characters of a field's name that are repeated; the caller chose it."""
INTERNAL = Problem(
    500, "internal_error", "Something broke on our side.", "Try again; give the request id if it stays."
)
UNFIT = Problem(
    422,
    "invalid",
    "A value holds a character or a number that cannot be stored.",
    "Leave out zero bytes, halves of characters and absurdly large numbers.",
)
FULL = Problem(
    507,
    "no_space",
    "The platform has no room for this just now.",
    "Nothing that was stored is lost; try again later, or tell the organizers.",
)
CROWDED = Problem(
    503,
    "unavailable",
    "The platform is busy: its database takes no more connections.",
    "Try again in a few seconds; if it stays, tell the organizers.",
)
BUSY = Problem(503, "unavailable", "The database does not answer.", "Try again in a few seconds.")


def install_error_handlers(app: FastAPI, render: Renderer) -> None:
    """Every error of this application leaves through `render`."""

    def answer(request: Request, error: Exception) -> Response:
        response = render(request, problem_of(error))
        response.headers.update(EXTRA_HEADERS.get(response.status_code, {}))
        return response

    for kind in (
        PlatformError,
        RequestValidationError,
        HTTPException,
        DataError,
        UnicodeEncodeError,
        *DATABASE_AWAY,
        Exception,
    ):
        app.add_exception_handler(kind, answer)


def render_json(request: Request, problem: Problem) -> Response:
    """`{error, detail, remedy, request_id}`"""
    body = {
        "error": problem.code,
        "detail": problem.detail,
        "remedy": problem.remedy,
        "request_id": request.state.request_id,
    }
    return JSONResponse(body, status_code=problem.status)


def problem_of(error: Exception) -> Problem:
    """Its words may repeat what somebody sent, so they are made plain."""
    problem = _problem_of(error)
    return replace(problem, detail=plain(problem.detail), remedy=plain(problem.remedy))


def _problem_of(error: Exception) -> Problem:
    """Anything that is not meant for readers becomes the same generic sentence."""
    if isinstance(error, PlatformError):
        status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
        return INTERNAL if status == 500 else Problem(status, error.code, error.detail, error.remedy)
    if isinstance(error, RequestValidationError):
        return Problem(422, "invalid", _first_fault(error), "Correct the field and send it again.")
    if isinstance(error, HTTPException):
        return _problem_of_status(error.status_code)
    if isinstance(error, DataError | UnicodeEncodeError):  # half a surrogate pair is no text either
        return UNFIT
    return _problem_of_outage(error)


def _problem_of_outage(error: Exception) -> Problem:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    if is_crowded(error):
        return CROWDED
    return BUSY if isinstance(error, DATABASE_AWAY) else INTERNAL


def _problem_of_status(status: int) -> Problem:
    phrase = HTTPStatus(status).phrase
    detail = "There is no such page." if status == 404 else f"{phrase}."
    return Problem(status, phrase.lower().replace(" ", "_"), detail, REMEDY.get(status, ""))


def _first_fault(error: RequestValidationError) -> str:
    """Names the field; never repeats what was sent, which may be a password."""
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
    return f"Field {place[:LONGEST_PLACE]}: {fault['msg']}."
