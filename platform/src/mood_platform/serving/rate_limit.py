"""Slows down guessing: at most so many attempts a minute of one caller at one account, and of one caller.

Nothing is counted per account alone: that would let a stranger lock somebody out.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

from mood_platform.clock import Clock
from mood_platform.errors import PlatformError

MINUTE = 60.0
CROWD = 5
"""A caller may be a whole laboratory behind one address: together they may try this many times as often."""
MOST_KEYS = 10_000


class TooManyRequests(PlatformError):
    code = "too_many_requests"


class RateLimit:
    """A sliding minute per key, in the memory of the one API process."""

    def __init__(self, *, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._attempts: dict[str, deque[float]] = {}
        self._lock = Lock()

    def count(self, caller: str, subject: str) -> None:
        """Counts one attempt of the caller at the subject, such as an account, or refuses it."""
        limits = {caller: CROWD * self._per_minute, f"{caller} {subject}".lower(): self._per_minute}
        now = self._clock.monotonic()
        with self._lock:
            self._forget(now)
            windows = {key: self._attempts.setdefault(key, deque()) for key in limits}
            if any(len(windows[key]) >= limit for key, limit in limits.items()):
                raise TooManyRequests("Too many attempts.", remedy="Wait a minute, then try again.")
            for window in windows.values():
                window.append(now)

    def _forget(self, now: float) -> None:
        """Drops attempts older than a minute; all of them should someone try to fill the memory."""
        for window in self._attempts.values():
            while window and now - window[0] > MINUTE:
                window.popleft()
        self._attempts = {key: window for key, window in self._attempts.items() if window}
        if len(self._attempts) > MOST_KEYS:
            self._attempts.clear()
