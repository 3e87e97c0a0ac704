"""The world of the server process, built once and handed to both applications."""

from __future__ import annotations

from dataclasses import dataclass

from mood_platform.clock import SystemClock
from mood_platform.db.engine import Sessions, make_engine, make_sessions
from mood_platform.errors import Misconfigured
from mood_platform.queueing import JobQueue
from mood_platform.serving.rate_limit import RateLimit
from mood_platform.settings import Settings
from mood_platform.storage.local import LocalStore
from mood_platform.storage.store import ObjectStore

OPEN_TRANSACTIONS = 8
"""Requests that may hold a database connection at once; the others wait without costing a thread."""


@dataclass(frozen=True, slots=True)
class Context:
    settings: Settings
    sessions: Sessions
    queue: JobQueue
    store: ObjectStore
    logins: RateLimit

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
        logins=RateLimit(per_minute=settings.api.login_attempts_per_minute, clock=SystemClock()),
    )
