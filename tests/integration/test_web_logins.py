"""Guessing is slowed down for all processes together, and a crowd at the door stalls nobody else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from redis import Redis

from mood_platform.clock import SystemClock
from mood_platform.db.engine import Sessions
from mood_platform.http.rate_limit import CROWD, Limiter, SharedLimit, TooManyRequests
from mood_platform.machine.processes import wait_until
from mood_platform.machine.valkey import ValkeyServer
from mood_platform.storage.local import LocalStore
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration


@pytest.fixture
def broker(broker_url: str) -> Iterator[Redis]:
    client = Redis.from_url(broker_url.replace("redis+socket", "unix"), socket_timeout=5)
    client.flushdb()
    yield client
    client.flushdb()


def process(broker: Redis, *, per_minute: int = 2) -> Limiter:
    """What each process of the server has for itself."""
    return SharedLimit(broker, per_minute=per_minute, clock=SystemClock())


def count(limit: Limiter, caller: str, subject: str) -> bool:
    try:
        limit.count(caller, subject)
    except TooManyRequests:
        return False
    return True


def test_two_processes_count_together(broker: Redis) -> None:
    one, two = process(broker), process(broker)
    assert [count(limit, "here", "ada") for limit in (one, two, one, two)] == [True, True, False, False]
    assert count(two, "elsewhere", "ada")


def test_an_attempt_that_is_refused_counts_nowhere(broker: Redis) -> None:
    limit = process(broker, per_minute=1)
    assert count(limit, "here", "full")
    assert not any(count(limit, "here", "full") for _ in range(2 * CROWD))
    assert count(limit, "here", "other")


def test_a_hundred_attempts_at_once_let_no_more_in_than_one_after_the_other(broker: Redis) -> None:
    limit = process(broker, per_minute=7)
    with ThreadPoolExecutor(20) as crowd:
        taken = list(crowd.map(lambda _: count(limit, "here", "Ada"), range(100)))
    assert sum(taken) == 7


def test_what_was_counted_is_forgotten_by_itself(broker: Redis) -> None:
    count(process(broker), "here", "ada")
    assert [0 < int(broker.ttl(key)) <= 60 for key in broker.keys("mood-limit:*")] == [True, True]


def test_without_a_broker_each_process_counts_for_itself_and_is_neither_open_nor_shut(tmp_path: Path) -> None:
    nowhere = Redis.from_url(f"unix://{tmp_path}/no.sock")
    one, two = process(nowhere), process(nowhere)
    assert [count(one, "here", "ada") for _ in range(3)] == [True, True, False]
    assert [count(two, "here", "ada") for _ in range(3)] == [True, True, False]


def test_a_broker_that_is_killed_closes_no_door(engines_home: Path) -> None:
    valkey = ValkeyServer(engines_home / "limits")
    server = subprocess.Popen(valkey.server_command(), stdout=subprocess.DEVNULL)
    try:
        client = Redis.from_url(valkey.url.replace("redis+socket", "unix"), socket_timeout=5)
        assert wait_until(valkey.socket.exists, seconds=20)
        limit = process(client)
        assert count(limit, "here", "ada")
    finally:
        server.kill()
        server.wait()
    assert [count(limit, "here", "ada") for _ in range(3)] == [True, True, False]


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    root = store.root
    with serve_site(
        platform, database_url=database_url, root=root, login_attempts_per_minute=1000
    ) as running:
        yield running


def test_forty_logins_at_once_hold_no_connection_while_they_hash(site: Site) -> None:
    """Eight requests may hold a connection; what hashes holds none, so others are answered in between."""
    body = {"email": "nobody@example.org", "password": "no such password"}

    def log_in(_: int) -> int:
        return httpx.post(f"{site.url}/api/v1/tokens", json=body, timeout=120).status_code

    with ThreadPoolExecutor(41) as crowd:
        crowded = [crowd.submit(log_in, turn) for turn in range(40)]
        asked = httpx.get(f"{site.url}/api/v1/health", timeout=120)
        waiting = sum(not one.done() for one in crowded)
        assert {one.result() for one in crowded} == {401}
    assert asked.status_code == 200
    assert waiting > 20, "it was answered after the crowd, not before"
