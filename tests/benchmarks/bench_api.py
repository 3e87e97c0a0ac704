"""The API and the pages under many clients: the real server, its engines, and a contest with scored Runs.

Every client asks once a second, its turn spread over the second, for a random one of the routes below. Then
the same clients ask as fast as they are answered. The health check, in the same run, is the yardstick: what
a request costs before any work is done for it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.tokens import issue_token
from mood_platform.db.engine import make_engine, make_sessions
from mood_platform.http.dependencies import SESSION_COOKIE
from mood_platform.leaderboards.service import publish
from mood_platform.machine.migrations import migrate
from mood_platform.models import Challenge
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.engines import running_postgres, running_valkey, wait_until
from mood_support.factories import TinyPlatform, make_platform
from mood_support.live import free_port

TEAMS = 8
BASELINE = "/api/v1/health"
Taken = dict[str, list[float]]


@dataclass(frozen=True)
class Visitor:
    """One logged-in person, and what this person looks at."""

    token: str
    routes: Sequence[str]


@dataclass
class Load:
    """Seconds by route, and every answer that was not 2xx."""

    taken: Taken = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    async def ask(self, client: httpx.AsyncClient, visitor: Visitor, route: str) -> None:
        begun = time.perf_counter()
        headers = {"Authorization": f"Bearer {visitor.token}"}
        answer = await client.get(route, headers=headers, cookies={SESSION_COOKIE: visitor.token})
        self.taken[_kind(route)].append(time.perf_counter() - begun)
        if not answer.is_success:
            self.errors.append(f"{answer.status_code} {route}")


def _kind(route: str) -> str:
    """The route without the id in it."""
    parts = [part if len(part) < 32 else "{id}" for part in route.split("/")]
    return "/".join(parts)


@contextmanager
def serving() -> Iterator[tuple[str, list[Visitor]]]:
    """The address of a live server, and its visitors."""
    with tempfile.TemporaryDirectory(prefix="mood-bench-", dir="/tmp") as name:
        home = Path(name)
        home.chmod(0o755)
        with running_postgres(home / "pg", options=()) as database, running_valkey(home / "valkey") as broker:
            variables = {
                "MOOD_DATABASE__URL": database,
                "MOOD_BROKER__URL": broker,
                "MOOD_STORAGE__ROOT": str(home / "files"),
            }
            migrate({**os.environ, **variables})
            visitors = _fill(home, database)
            with _server(variables) as url:
                yield url, visitors


def _fill(home: Path, database: str) -> list[Visitor]:
    """A contest of teams with two scored challenge Runs each, published for one Task."""
    sessions = make_sessions(make_engine(database))
    platform = make_platform(sessions, LocalStore(home / "files"), home / "sets", cases=8)
    contest = Contest(platform, home / "sets")
    teams = [contest.join(f"team-{number}") for number in range(TEAMS)]
    entered = [
        [contest.enter(team, quality=0.9 - place / 10, task=task) for task in Task]
        for place, team in enumerate(teams)
    ]
    contest.run()
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        challenge.closes = tx.now
        publish(tx, challenge=challenge, task=Task.PIXEL, actor="bench", store=platform.store)
    slug = platform.challenge.slug
    return [
        _visitor(platform, team, slug, [str(submission.id) for submission in own])
        for team, own in zip(teams, entered, strict=True)
    ]


def _visitor(platform: TinyPlatform, team: Principal, slug: str, submissions: Sequence[str]) -> Visitor:
    with platform.open() as tx:
        token = issue_token(tx, user=team.user, label="bench")
    api = "/api/v1"
    own = [f"{api}/submissions/{one}" for one in submissions] + [f"/submissions/{submissions[0]}"]
    return Visitor(
        token,
        [
            BASELINE, f"{api}/me", f"{api}/challenges/{slug}", f"{api}/submissions", f"{api}/images", "/",
            f"{api}/leaderboards/{slug}/pixel", "/leaderboard/pixel", *own,
        ],
    )  # fmt: skip


@contextmanager
def _server(variables: dict[str, str]) -> Iterator[str]:
    """As the supervisor starts it."""
    url = f"http://127.0.0.1:{free_port()}"
    words = ["-m", "mood_platform.server", "--port", url.rpartition(":")[2]]
    server = subprocess.Popen([sys.executable, *words], env={**os.environ, **variables})
    try:
        wait_until(lambda: _answers(url))
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url + BASELINE, timeout=5).is_success
    except httpx.TransportError:
        return False


async def load(url: str, visitors: Sequence[Visitor], *, clients: int, seconds: float, paced: bool) -> Load:
    """One task a client; each has a connection of its own, as browsers have."""
    found = Load()
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            visitor = visitors[number % len(visitors)]
            offset = number / clients if paced else 0.0
            group.create_task(_client(found, url, visitor, seconds=seconds, offset=offset, paced=paced))
    return found


async def _client(
    found: Load, url: str, visitor: Visitor, *, seconds: float, offset: float, paced: bool
) -> None:
    choose = random.Random(visitor.token + str(offset)).choice
    begun = time.perf_counter()
    async with httpx.AsyncClient(base_url=url, timeout=60, verify=False) as client:
        turn = 0
        while (now := time.perf_counter() - begun) < seconds:
            if paced:
                await asyncio.sleep(max(0.0, offset + turn - now))
            await found.ask(client, visitor, choose(visitor.routes))
            turn += 1


def report(found: Load, *, title: str) -> Table:
    """Milliseconds; the last row is over all routes."""
    table = Table("route", "requests", "median", "p95", "p99", "slowest", title=title)
    for name in table.columns[1:]:
        name.justify = "right"
    for route in sorted(found.taken):
        table.add_row(route, *_figures(found.taken[route]))
    table.add_section()
    table.add_row("all", *_figures([one for taken in found.taken.values() for one in taken]))
    return table


def _figures(taken: list[float]) -> list[str]:
    cuts = statistics.quantiles(taken, n=100, method="inclusive") if len(taken) > 1 else taken * 99
    figures = (cuts[49], cuts[94], cuts[98], max(taken))
    return [str(len(taken)), *(f"{1000 * figure:.0f} ms" for figure in figures)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=50, help="at the same time (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each load (default: %(default)s)")
    given = parser.parse_args()
    console = Console(width=110)
    errors = 0
    with serving() as (url, visitors):
        asyncio.run(load(url, visitors, clients=given.clients, seconds=3, paced=True))  # warm
        for paced in (True, False):
            found = asyncio.run(
                load(url, visitors, clients=given.clients, seconds=given.seconds, paced=paced)
            )
            errors += len(found.errors)
            pace = "one request a second each" if paced else "as fast as they are answered"
            rate = sum(map(len, found.taken.values())) / given.seconds
            title = f"{given.clients} clients, {pace}: {rate:.0f} requests/s, {len(found.errors)} errors"
            console.print(report(found, title=title), *sorted(set(found.errors))[:10])
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
