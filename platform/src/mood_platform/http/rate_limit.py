"""Slows down guessing: at most so many attempts a minute of one caller at one account, and of one caller.

Nothing is counted per account alone: that would let a stranger lock somebody out.
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Mapping
from threading import Lock
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError

from mood_platform.clock import Clock
from mood_platform.errors import PlatformError

MINUTE = 60
CROWD = 5
"""A caller may be a whole laboratory behind one address: together they may try this many times as often."""
MOST_KEYS = 10_000


AWAY_SECONDS = 5.0
"""So long a broker that did not answer is not asked again: nobody waits for it at every login."""
SLIDE = """
local now = redis.call('TIME')
local seconds = now[1] + now[2] / 1000000
for place, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', seconds - ARGV[1])
  if redis.call('ZCARD', key) >= tonumber(ARGV[place + 2]) then return 0 end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, seconds, ARGV[2])
  redis.call('EXPIRE', key, ARGV[1])
end
return 1
"""
"""One step for all keys: an attempt counts at each of them or, refused, at none."""

log = logging.getLogger(__name__)


class TooManyRequests(PlatformError):
    code = "too_many_requests"


def refusal() -> TooManyRequests:
    return TooManyRequests("Too many attempts.", remedy="Wait a minute, then try again.")


def _limits(per_minute: int, caller: str, subject: str) -> dict[str, int]:
    return {caller: CROWD * per_minute, f"{caller} {subject}".lower(): per_minute}


class Limiter(Protocol):
    def count(self, caller: str, subject: str) -> None:
        """Counts one attempt of the caller at the subject, such as an account, or refuses it."""


class SharedLimit:
    """Counted in the broker for all processes; without it each counts for itself: never open, never shut."""

    def __init__(self, broker: Redis, *, per_minute: int, clock: Clock) -> None:
        self._script = broker.register_script(SLIDE)
        self._per_minute, self._clock = per_minute, clock
        self._here = RateLimit(per_minute=per_minute, clock=clock)
        self._away_until = 0.0

    def count(self, caller: str, subject: str) -> None:
        limits = _limits(self._per_minute, caller, subject)
        if not self._takes(limits):
            raise refusal()

    def _takes(self, limits: Mapping[str, int]) -> bool:
        if self._clock.monotonic() >= self._away_until:
            try:
                keys = [f"mood-limit:{key}" for key in limits]
                return bool(self._script(keys=keys, args=[MINUTE, secrets.token_hex(8), *limits.values()]))
            except RedisError as error:
                log.warning("Attempts are counted in this process until the broker is back: %s", error)
                self._away_until = self._clock.monotonic() + AWAY_SECONDS
        return self._here.takes(limits)


class RateLimit:
    """A sliding minute per key, in the memory of one process."""

    def __init__(self, *, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._attempts: dict[str, deque[float]] = {}
        self._lock = Lock()

    def count(self, caller: str, subject: str) -> None:
        if not self.takes(_limits(self._per_minute, caller, subject)):
            raise refusal()

    def takes(self, limits: Mapping[str, int]) -> bool:
        """Counts one attempt at all keys, or at none where one of them is full."""
        now = self._clock.monotonic()
        with self._lock:
            self._forget(now)
            windows = {key: self._attempts.setdefault(key, deque()) for key in limits}
            if any(len(windows[key]) >= limit for key, limit in limits.items()):
                return False
            for window in windows.values():
                window.append(now)
            return True

    def _forget(self, now: float) -> None:
        """Drops attempts older than a minute; all of them should someone try to fill the memory."""
        for window in self._attempts.values():
            while window and now - window[0] > MINUTE:
                window.popleft()
        self._attempts = {key: window for key, window in self._attempts.items() if window}
        if len(self._attempts) > MOST_KEYS:
            self._attempts.clear()
