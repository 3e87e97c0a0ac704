"""Talks to the platform's JSON API; every answer that is not success becomes a Problem."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from mood_platform.cli.credentials import find_token, need_token, platform_url
from mood_platform.cli.problems import Exit, Problem, problem_of_answer

API = "/api/v1"
NO_PAGE = "There is no such page."
"""What the platform says of an unknown address, and of organizers' addresses to everybody else."""
PATIENCE_SECONDS = 90.0
"""How long a command that waits anyway puts up with a platform that does not answer."""
Answer = TypeVar("Answer")
View = dict[str, Any]
"""What the API shows of a thing: docs/openapi.json says its fields, and a test that it does so truly."""


class Client:
    def __init__(self, url: str, token: str | None, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(60.0, connect=10.0)
        self.url = url
        self.http = httpx.Client(base_url=url + API, headers=headers, timeout=timeout, transport=transport)

    @classmethod
    def visitor(cls) -> Self:
        """Logged in or not."""
        url = platform_address()
        return cls(url, find_token(url))

    @classmethod
    def member(cls) -> Self:
        """Logged in, or a sentence that says how."""
        url = platform_address()
        return cls(url, need_token(url))

    def get(self, path: str, **query: object) -> Any:
        given = {name: str(value) for name, value in query.items() if value is not None}
        return _document(self.http.get(path, params=given))

    def post(self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Any:
        return _document(self.http.post(path, json=body, headers=dict(headers or {})))

    def delete(self, path: str) -> Any:
        return _document(self.http.delete(path))

    def items(self, path: str, **query: object) -> Iterator[View]:
        """Every item of a paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return


def at(*words: object) -> str:
    """The path of these words, each percent-encoded; what can stand in no path is refused."""
    parts = [str(word) for word in words]
    for part in parts:
        if part in {"", ".", ".."} or "/" in part:
            raise Problem(f"{part!r} is no name.", remedy="Write it as lists print it.")
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def platform_address(url: str | None = None) -> str:
    """`url`, else MOOD_URL or where the last login was; refused where no platform can be."""
    address = (url or platform_url()).rstrip("/")
    wrong = _wrong_with(address)
    if wrong:
        remedy = "Write it like https://mood.example.org (MOOD_URL, or `mood login --url`)."
        raise Problem(f"{address!r} is no address of a platform: it {wrong}.", remedy=remedy)
    return address


def _wrong_with(address: str) -> str | None:
    if not address.lower().startswith(("http://", "https://")):
        return "does not begin with http:// or https://"
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        return "cannot be read"
    if not url.host:
        return "names no host"
    if url.query or url.fragment:
        return "holds more than host and path"
    return f"ends with {API}, which commands add themselves" if url.path.endswith(API) else None


def checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    answer.read()
    body = _read_json(answer)
    if answer.is_redirect or (answer.status_code == 404 and answer.content and body is None):
        raise _not_a_platform(answer)
    problem = problem_of_answer(answer.status_code, body if isinstance(body, dict) else {})
    if problem.text == NO_PAGE and f"{API}/admin/" in answer.request.url.path:
        problem.text = "There is no such page, or you are no organizer."
        problem.remedy = "`mood whoami` says as whom you are logged in."
    raise problem


def _document(answer: httpx.Response) -> Any:
    document = _read_json(checked(answer))
    if document is None:
        raise _not_a_platform(answer)
    return document


def _read_json(answer: httpx.Response) -> Any:
    """None where it is something else, such as a web page."""
    try:
        return answer.json()
    except ValueError:
        return None


def _not_a_platform(answer: httpx.Response) -> Problem:
    return Problem(
        f"What answers at {answer.request.url.copy_with(query=None)} is no MOOD platform.",
        remedy="Check the address (MOOD_URL), and whether your network wants a login in a browser first.",
        code=Exit.PLATFORM,
    )


def patiently(ask: Callable[[], Answer], *, seconds: float = PATIENCE_SECONDS) -> Answer:
    """Ask again while the platform restarts; other errors, and a longer silence, end the command."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1.0)
