"""Talks to the platform's JSON API; every answer that is not success becomes a Problem."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar

import httpx

from mood_platform.cli.credentials import find_token, need_token, platform_url
from mood_platform.cli.problems import problem_of_answer

API = "/api/v1"
PATIENCE_SECONDS = 90.0
"""How long a command that waits anyway puts up with a platform that does not answer."""
Answer = TypeVar("Answer")


class Client:
    def __init__(self, url: str, token: str | None, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(60.0, connect=10.0)
        self.url = url
        self.http = httpx.Client(base_url=url + API, headers=headers, timeout=timeout, transport=transport)

    @classmethod
    def visitor(cls) -> Self:
        """Logged in or not."""
        url = platform_url()
        return cls(url, find_token(url))

    @classmethod
    def member(cls) -> Self:
        """Logged in, or a sentence that says how."""
        url = platform_url()
        return cls(url, need_token(url))

    def get(self, path: str, **query: object) -> Any:
        given = {name: str(value) for name, value in query.items() if value is not None}
        return checked(self.http.get(path, params=given)).json()

    def post(self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Any:
        return checked(self.http.post(path, json=body, headers=dict(headers or {}))).json()

    def delete(self, path: str) -> Any:
        return checked(self.http.delete(path)).json()

    def items(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Every item of a paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return


def checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    answer.read()
    try:
        body = answer.json()
    except ValueError:
        body = {}
    raise problem_of_answer(answer.status_code, body if isinstance(body, dict) else {})


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
