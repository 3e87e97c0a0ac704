"""Every error ends as a sentence with an exit code."""

import httpx
import pytest
import requests
from docker.errors import DockerException

from mood_evaluator import InvalidTestSet
from mood_platform.cli.client import Client, patiently
from mood_platform.cli.problems import Exit, Problem, explain, problem_of_answer
from mood_platform.errors import Invalid, Misconfigured, QuotaExceeded, SubmissionFault, Unauthenticated
from mood_platform.failures import FailureReason


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid("x"), Exit.WRONG_USE),
        (QuotaExceeded("x"), Exit.NOT_ALLOWED),
        (Unauthenticated("x"), Exit.NOT_ALLOWED),
        (Misconfigured("x"), Exit.PLATFORM),
        (SubmissionFault(next(iter(FailureReason))), Exit.IMAGE_FAILED),
        (httpx.ConnectError("refused"), Exit.PLATFORM),
        (FileNotFoundError(2, "No such file", "missing.tar"), Exit.WRONG_USE),
        (InvalidTestSet("test_set.json", "it is empty", "Build it again"), Exit.WRONG_USE),
        (DockerException("no socket"), Exit.PLATFORM),
        (requests.ConnectionError("the engine went away"), Exit.PLATFORM),
        (KeyError("bug"), Exit.PLATFORM),
        (Problem("x", code=Exit.NOT_ALLOWED), Exit.NOT_ALLOWED),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: Exception, code: Exit) -> None:
    assert explain(error).code is code


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, "unauthenticated", Exit.NOT_ALLOWED),
        (404, "not_found", Exit.WRONG_USE),
        (409, "quota_exceeded", Exit.NOT_ALLOWED),
        (409, "conflict", Exit.WRONG_USE),
        (413, "too_large", Exit.NOT_ALLOWED),
        (422, "invalid", Exit.WRONG_USE),
        (422, "submission_fault", Exit.IMAGE_FAILED),
        (429, "too_many_requests", Exit.NOT_ALLOWED),
        (500, "internal_error", Exit.PLATFORM),
        (503, "unavailable", Exit.PLATFORM),
    ],
)
def test_each_answer_of_the_platform_has_its_exit_code(status: int, error: str, code: Exit) -> None:
    assert problem_of_answer(status, {"error": error, "detail": "d"}).code is code


def test_a_fault_of_the_platform_names_the_request() -> None:
    problem = problem_of_answer(500, {"error": "internal_error", "detail": "It broke.", "request_id": "abc"})
    assert "abc" in problem.text


def test_a_missing_file_is_named() -> None:
    assert "missing.tar" in explain(FileNotFoundError(2, "No such file", "missing.tar")).text


def test_an_answer_that_is_not_json_is_still_a_sentence() -> None:
    proxy = httpx.MockTransport(lambda _: httpx.Response(502, text="<html>bad gateway</html>"))
    with pytest.raises(Problem, match="status 502"):
        Client("http://x.test", None, transport=proxy).get("/health")


def test_patience_covers_a_restart_but_ends() -> None:
    answers = iter([True, False])

    def restart() -> str:
        if next(answers):
            raise httpx.ConnectError("down")
        return "up"

    assert patiently(restart, seconds=60) == "up"
    with pytest.raises(httpx.ConnectError):
        patiently(lambda: (_ for _ in ()).throw(httpx.ConnectError("down")), seconds=-1)


def test_lists_are_read_to_their_last_page() -> None:
    pages = {None: (["a", "b"], "next"), "next": (["c"], None)}

    def serve(request: httpx.Request) -> httpx.Response:
        names, cursor = pages[request.url.params.get("cursor")]
        return httpx.Response(200, json={"items": [{"name": name} for name in names], "next_cursor": cursor})

    client = Client("http://x.test", None, transport=httpx.MockTransport(serve))
    assert [one["name"] for one in client.items("/things")] == ["a", "b", "c"]
