"""Slows down guessing: at most so many attempts a minute per caller and per account."""

from __future__ import annotations

from collections import deque
from threading import Lock

from mood_platform.clock import Clock
from mood_platform.errors import PlatformError

MINUTE = 60.0
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

    def count(self, *keys: str) -> None:
        """Counts one attempt under every key, or refuses it under the first that is full."""
        now = self._clock.monotonic()
        with self._lock:
            self._forget(now)
            windows = [self._attempts.setdefault(key.lower(), deque()) for key in keys]
            if any(len(window) >= self._per_minute for window in windows):
                raise TooManyRequests("Too many attempts.", remedy="Wait a minute, then try again.")
            for window in windows:
                window.append(now)

    def _forget(self, now: float) -> None:
        """Drops attempts older than a minute; all of them should someone try to fill the memory."""
        for window in self._attempts.values():
            while window and now - window[0] > MINUTE:
                window.popleft()
        self._attempts = {key: window for key, window in self._attempts.items() if window}
        if len(self._attempts) > MOST_KEYS:
            self._attempts.clear()
