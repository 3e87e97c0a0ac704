"""The world of the server process, built once and handed to both applications."""

from __future__ import annotations

from dataclasses import dataclass

from anyio import CapacityLimiter
from redis import Redis

from mood_platform.clock import SystemClock
from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.errors import Misconfigured
from mood_platform.http.rate_limit import Limiter, SharedLimit
from mood_platform.queueing import JobQueue
from mood_platform.settings import Settings
from mood_platform.storage.inbox import Inbox
from mood_platform.storage.local import LocalStore
from mood_platform.storage.store import ObjectStore

BROKER_SECONDS = 0.5
HASHES_AT_ONCE = 2
"""argon2 takes four threads and 64 MiB for each."""
OPEN_TRANSACTIONS = 8
"""Requests that may hold a database connection at once; the others wait without costing a thread."""


@dataclass(frozen=True, slots=True)
class Context:
    settings: Settings
    sessions: Sessions
    queue: JobQueue
    store: ObjectStore
    inbox: Inbox
    logins: Limiter
    hashing: CapacityLimiter
    """Passwords that are hashed at once; the others wait without a thread, a connection or a core."""

    @property
    def secure(self) -> bool:
        """Cookies travel over TLS only when the public address does."""
        return self.settings.api.public_url.startswith("https://")


def build_context(settings: Settings, *, queue: JobQueue) -> Context:
    pool = settings.database.pool_size
    if 2 * pool < OPEN_TRANSACTIONS:
        raise Misconfigured(
            f"MOOD_DATABASE__POOL_SIZE is {pool}; the server holds up to {OPEN_TRANSACTIONS} connections.",
            remedy=f"Set it to {OPEN_TRANSACTIONS // 2} or more.",
        )
    return Context(
        settings=settings,
        sessions=make_sessions(make_engine(settings.database.url.get_secret_value(), pool_size=pool)),
        queue=queue,
        store=LocalStore(settings.storage.root),
        inbox=Inbox(settings.storage.root),
        logins=SharedLimit(
            _broker(settings), per_minute=settings.api.login_attempts_per_minute, clock=SystemClock()
        ),
        hashing=CapacityLimiter(HASHES_AT_ONCE),
    )


def _broker(settings: Settings) -> Redis:
    """For counting; connected at first use, and never waited for."""
    url = settings.broker.url.get_secret_value().replace("redis+socket://", "unix://", 1)
    return Redis.from_url(url, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS)
