"""Waits for a container's end on our own clock, and brings the end about at the limit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from docker.errors import APIError, DockerException
from docker.models.containers import Container
from requests.exceptions import ConnectionError as Unreachable
from requests.exceptions import Timeout

_STOP_INTERVAL = 0.25
_FIRST_POLL, _SLOWEST_POLL = 0.01, 0.25
_PATIENCE = 30.0
_DYING_SECONDS = 30.0
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
EngineState = dict[str, Any]
"""Of a container, in the Engine's words."""


class Gauge(Protocol):
    """Looks at a running container; told how many seconds it has run."""

    def read(self, elapsed: float) -> None: ...

    def read_before_kill(self, elapsed: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Ending:
    """How a container ended; `state` is the engine's own record."""

    state: EngineState
    seconds: float  # from start to end
    killed_at_limit: bool = False
    cancelled: bool = False
    engine_lost: bool = False  # for a while the engine did not answer


def watch(case: Container, *, seconds: float, should_stop: Callable[[], bool], gauge: Gauge) -> Ending:
    """Returns when the container has ended by itself, at the limit, or because `should_stop` said so."""
    started = time.monotonic()
    next_stop_check = 0.0
    engine = _Engine(case)
    while True:
        state = engine.state()
        elapsed = time.monotonic() - started
        if state is not None and not state["Running"]:
            return Ending(state, _duration(state, elapsed), engine_lost=engine.was_lost)
        if elapsed >= seconds:
            gauge.read_before_kill(elapsed)
            return _end(engine, elapsed, limit=True)
        gauge.read(elapsed)
        if elapsed >= next_stop_check:
            if should_stop():
                return _end(engine, elapsed, limit=False)
            next_stop_check = elapsed + _STOP_INTERVAL
        time.sleep(min(_poll_interval(elapsed), seconds - elapsed))


def seconds_between(started: str, finished: str) -> float:
    """The engine's own duration of a container, in seconds; 0 when it has none."""
    begin, end = _parse_time(started), _parse_time(finished)
    return max(0.0, end - begin) if begin > 0 and end > 0 else 0.0


def _duration(state: EngineState, elapsed: float) -> float:
    """The engine's duration; ours where a busy engine noted the start of a short case after its end."""
    return seconds_between(state["StartedAt"], state["FinishedAt"]) or elapsed


def _end(engine: _Engine, elapsed: float, *, limit: bool) -> Ending:
    killed = engine.kill()
    state = engine.final_state()
    return Ending(
        state,
        _duration(state, elapsed),
        killed_at_limit=limit and killed,
        cancelled=not limit,
        engine_lost=engine.was_lost,
    )


def _poll_interval(elapsed: float) -> float:
    """A twentieth of what has passed: quick for short cases, cheap for long ones."""
    return min(_SLOWEST_POLL, max(_FIRST_POLL, elapsed / 20))


def _parse_time(text: str) -> float:
    """RFC 3339 with nanoseconds, which datetime does not read."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return 0.0
    whole = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    return whole.astimezone(UTC).timestamp() + float(f"0.{match[2] or 0}")


class _Engine:
    """One container's engine, patient with an engine that is being restarted."""

    def __init__(self, case: Container) -> None:
        self._case = case
        self._lost_since: float | None = None
        self.was_lost = False

    def state(self) -> EngineState | None:
        """The container's state, or None while the engine does not answer; raises when patience ends."""
        try:
            self._case.reload()
        except (Unreachable, Timeout) as fault:
            self._bear(fault)
            return None
        self._lost_since = None
        state: EngineState = self._case.attrs["State"]
        return state

    def kill(self) -> bool:
        """Kills the container; False when it had ended before."""
        while True:
            try:
                self._case.kill()
            except APIError as fault:
                if fault.status_code == 409:
                    return False
                raise
            except (Unreachable, Timeout) as fault:
                self._bear(fault)
                time.sleep(_STOP_INTERVAL)
            else:
                return True

    def final_state(self) -> EngineState:
        """The state after a kill, when the container is really gone."""
        deadline = time.monotonic() + _DYING_SECONDS
        while time.monotonic() < deadline:
            state = self.state()
            if state is not None and not state["Running"]:
                return state
            time.sleep(0.02)
        raise DockerException(f"A killed container still runs after {_DYING_SECONDS:.0f} s.")

    def _bear(self, fault: Exception) -> None:
        now = time.monotonic()
        self.was_lost = True
        self._lost_since = self._lost_since or now
        if now - self._lost_since > _PATIENCE:
            raise fault
