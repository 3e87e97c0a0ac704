"""Slow, half-open and disguised callers: connections end, and an address is a configured proxy's word."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from mood_platform.db.engine import Sessions
from mood_platform.storage.local import LocalStore
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
Serve = Callable[..., AbstractContextManager[Site]]


@pytest.fixture
def serve(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Serve:
    platform = make_platform(sessions, store, tmp_path, cases=2)

    def start(**api: Any) -> AbstractContextManager[Site]:
        return serve_site(platform, database_url=database_url, root=store.root, **api)

    return start


@contextmanager
def connected(site: Site) -> Iterator[socket.socket]:
    place = urlsplit(site.url)
    assert place.hostname is not None
    with socket.create_connection((place.hostname, place.port or 80), timeout=30) as wire:
        yield wire


def answer_on(wire: socket.socket) -> bytes:
    """All that comes until the server hangs up; a server that never does fails by the socket's timeout."""
    return b"".join(iter(lambda: wire.recv(65536), b""))


HALVES = {
    "nothing at all": b"",
    "half a request line": b"GET / HT",
    "half the headers": b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow:",
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_a_connection_that_never_completes_a_request_is_ended(serve: Serve, half: bytes) -> None:
    with serve(header_seconds=0.3) as site, connected(site) as wire:
        wire.sendall(half)
        assert answer_on(wire).startswith(b"HTTP/1.1 408")


def test_the_second_request_of_a_connection_has_no_more_time_than_the_first(serve: Serve) -> None:
    with serve(header_seconds=0.3) as site, connected(site) as wire:
        wire.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost:")
        answers = answer_on(wire)
    assert answers.count(b"HTTP/1.1 200") == 1


def test_a_body_that_stands_still_is_ended_with_a_sentence(serve: Serve) -> None:
    with serve(body_seconds=0.3) as site, connected(site) as wire:
        head = b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        wire.sendall(head + b'Content-Length: 50\r\n\r\n{"email": ')
        answer = answer_on(wire)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"error":"too_slow"' in answer


def test_who_waits_for_a_slow_answer_is_not_ended(serve: Serve) -> None:
    """The clocks are the caller's, not ours: a login takes longer than either of them here."""
    with serve(header_seconds=0.05, body_seconds=0.05) as site:
        body = {"email": "nobody@example.org", "password": "no such password"}
        assert httpx.post(f"{site.url}/api/v1/tokens", json=body, timeout=60).status_code == 401


def guess(site: Site, forwarded: str) -> int:
    body = {"email": "victim@example.org", "password": "a wrong password"}
    headers = {"X-Forwarded-For": forwarded}
    return httpx.post(f"{site.url}/api/v1/tokens", json=body, headers=headers, timeout=60).status_code


@pytest.mark.parametrize("proxies", ["", "10.11.12.13,192.168.0.0/16"])
def test_a_made_up_address_does_not_help_who_guesses_passwords(serve: Serve, proxies: str) -> None:
    """Not on loopback either, where a proxy of the same machine would pass its callers' header on."""
    with serve(login_attempts_per_minute=2, trusted_proxies=proxies) as site:
        assert [guess(site, f"203.0.113.{turn}") for turn in range(4)] == [401, 401, 429, 429]


def test_behind_a_configured_proxy_each_caller_is_counted_apart(serve: Serve) -> None:
    with serve(login_attempts_per_minute=1, trusted_proxies="127.0.0.0/8") as site:
        callers = ["203.0.113.1", "203.0.113.2", "203.0.113.1"]
        assert [guess(site, caller) for caller in callers] == [401, 401, 429]
