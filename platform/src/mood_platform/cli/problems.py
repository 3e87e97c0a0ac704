"""What ends a command: exit codes, and every known error as a sentence with a next step."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import httpx
import requests
from docker.errors import DockerException

from mood_evaluator import EvaluatorError
from mood_platform.errors import (
    Conflict,
    Forbidden,
    Misconfigured,
    PlatformError,
    QuotaExceeded,
    StageClosed,
    SubmissionFault,
    TooLarge,
    Transient,
    Unauthenticated,
)


class Exit(IntEnum):
    FINE = 0
    IMAGE_FAILED = 1
    WRONG_USE = 2
    PLATFORM = 3
    NOT_ALLOWED = 4


class Problem(Exception):
    """Ends the command with a sentence, a next step and an exit code."""

    def __init__(self, text: str, *, remedy: str = "", code: Exit = Exit.WRONG_USE) -> None:
        super().__init__(text)
        self.text = text
        self.remedy = remedy
        self.code = code


CODE_OF: dict[type[PlatformError], Exit] = {
    Unauthenticated: Exit.NOT_ALLOWED,
    Forbidden: Exit.NOT_ALLOWED,
    QuotaExceeded: Exit.NOT_ALLOWED,
    StageClosed: Exit.NOT_ALLOWED,
    TooLarge: Exit.NOT_ALLOWED,
    SubmissionFault: Exit.IMAGE_FAILED,
    Conflict: Exit.WRONG_USE,
    Misconfigured: Exit.PLATFORM,
    Transient: Exit.PLATFORM,
    PlatformError: Exit.WRONG_USE,
}
NOT_ALLOWED_CODES = frozenset(
    {"unauthenticated", "forbidden", "quota_exceeded", "stage_closed", "too_large", "too_many_requests"}
)


def explain(error: Exception) -> Problem:
    """Any error as a Problem; one nobody expected says how to see its trace."""
    if isinstance(error, Problem):
        return error
    for kind, explanation in EXPLANATIONS:
        if isinstance(error, kind):
            return explanation(error)
    return Problem(
        f"Something unexpected happened: {type(error).__name__}: {error}",
        remedy="Run it again with --debug to see where.",
        code=Exit.PLATFORM,
    )


def _explain_platform(error: Exception) -> Problem:
    assert isinstance(error, PlatformError)
    code = next(CODE_OF[kind] for kind in type(error).__mro__ if kind in CODE_OF)
    return Problem(error.detail, remedy=error.remedy, code=code)


def _explain_network(error: Exception) -> Problem:
    asked = (
        error.request.url if isinstance(error, httpx.RequestError) and _has_request(error) else "the platform"
    )
    remedy = "Check the address (MOOD_URL, or `mood login --url`) and that the platform runs."
    return Problem(
        f"No answer from {asked}: {error or type(error).__name__}.", remedy=remedy, code=Exit.PLATFORM
    )


def _has_request(error: httpx.RequestError) -> bool:
    return error._request is not None  # noqa: SLF001 - the public property raises instead of answering


def _explain_evaluator(error: Exception) -> Problem:
    """A test set, label or table; the sentence names the file and, where there is one, the remedy."""
    return Problem(str(error), remedy="Check the files that you named.")


def _explain_engine(error: Exception) -> Problem:
    remedy = "Check that Docker runs here, and that you may use it: `docker info`."
    return Problem(f"The Docker Engine does not answer: {error}.", remedy=remedy, code=Exit.PLATFORM)


def _explain_file(error: Exception) -> Problem:
    assert isinstance(error, OSError)
    return Problem(
        f"{error.filename or 'A file'}: {error.strerror or error}.",
        remedy="Check the path and its permissions.",
    )


EXPLANATIONS: tuple[tuple[type[Exception], Callable[[Exception], Problem]], ...] = (
    (PlatformError, _explain_platform),
    (EvaluatorError, _explain_evaluator),
    (httpx.HTTPError, _explain_network),
    (DockerException, _explain_engine),
    (requests.RequestException, _explain_engine),  # of the Docker client alone; it is an OSError, too
    (OSError, _explain_file),
)


def problem_of_answer(status: int, body: dict[str, str]) -> Problem:
    """The platform's error answer `{error, detail, remedy, request_id}` as a Problem."""
    code = Exit.WRONG_USE
    if status >= 500:
        code = Exit.PLATFORM
    elif status in (401, 403, 413, 429) or body.get("error") in NOT_ALLOWED_CODES:
        code = Exit.NOT_ALLOWED
    elif body.get("error") == "submission_fault":
        code = Exit.IMAGE_FAILED
    text = body.get("detail") or f"The platform answered with status {status}."
    if status >= 500 and body.get("request_id"):
        text = f"{text} (request {body['request_id']})"
    return Problem(text, remedy=body.get("remedy", ""), code=code)
