"""The clock that ends a case, over a container that follows a script."""

from typing import Any

import pytest
from docker.errors import APIError
from requests import Response
from requests.exceptions import ConnectionError as Unreachable

from mood_platform.execution.watch import seconds_between, watch

TIMES = {"StartedAt": "2026-01-01T00:00:00Z", "FinishedAt": "2026-01-01T00:00:07Z"}
RUNNING, ENDED = {"Running": True}, {"Running": False, "ExitCode": 0} | TIMES
KILLED = {"Running": False, "ExitCode": 137} | TIMES


def conflict() -> APIError:
    response = Response()
    response.status_code = 409
    return APIError("is not running", response=response)


class Container:
    """Shows one state after the other; the last stays. An exception in the list is raised."""

    def __init__(self, *states: Any, kill: Exception | None = None) -> None:
        self._states = list(states)
        self._kill = kill
        self.attrs: dict[str, Any] = {}
        self.kills = 0

    def reload(self) -> None:
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if isinstance(state, Exception):
            raise state
        self.attrs = {"State": state}

    def kill(self) -> None:
        self.kills += 1
        self._states = [KILLED]
        if self._kill is not None:
            raise self._kill


class Looks(list[str]):
    """A gauge that notes when it was read: while its container ran, or just before the kill."""

    def __init__(self, container: Any) -> None:
        super().__init__()
        self._container = container

    def read(self, elapsed: float) -> None:
        assert self._container.attrs["State"]["Running"]
        self.append("while it runs")

    def read_before_kill(self, elapsed: float) -> None:
        assert self._container.kills == 0
        self.append("before the kill")


def watched(container: Any, *, seconds: float = 5, stop: bool = False, looks: Looks | None = None) -> Any:
    gauge = Looks(container) if looks is None else looks
    return watch(container, seconds=seconds, should_stop=lambda: stop, gauge=gauge)


def test_counters_are_read_while_the_container_runs_and_last_before_our_kill() -> None:
    container = Container(RUNNING)
    looks = Looks(container)
    watched(container, seconds=0.05, looks=looks)
    assert looks[-1] == "before the kill"
    assert set(looks[:-1]) == {"while it runs"}


def test_counters_of_a_container_that_has_ended_are_not_read() -> None:
    container = Container(RUNNING, ENDED)
    looks = Looks(container)
    watched(container, looks=looks)
    assert looks == ["while it runs"]


def test_a_container_that_ends_is_not_killed() -> None:
    container = Container(RUNNING, RUNNING, ENDED)
    ending = watched(container)
    assert (ending.state, ending.killed_at_limit, ending.cancelled) == (ENDED, False, False)
    assert container.kills == 0


def test_at_the_limit_it_is_killed() -> None:
    ending = watched(Container(RUNNING), seconds=0.05)
    assert (ending.state, ending.killed_at_limit) == (KILLED, True)


def test_one_that_ended_by_itself_at_the_limit_was_not_killed_by_us() -> None:
    assert not watched(Container(RUNNING, kill=conflict()), seconds=0.02).killed_at_limit


def test_a_stop_is_no_timeout() -> None:
    ending = watched(Container(RUNNING), stop=True)
    assert (ending.cancelled, ending.killed_at_limit) == (True, False)


def test_one_that_ended_before_the_stop_has_its_result() -> None:
    assert not watched(Container(ENDED), stop=True).cancelled


def test_a_short_silence_of_the_engine_is_borne_and_noted() -> None:
    ending = watched(Container(RUNNING, Unreachable(), Unreachable(), RUNNING, KILLED))
    assert (ending.engine_lost, ending.state) == (True, KILLED)


def test_other_errors_of_the_engine_are_raised() -> None:
    with pytest.raises(APIError):
        watched(Container(RUNNING, conflict()))


def test_the_engine_says_how_long_it_took() -> None:
    assert watched(Container(RUNNING, ENDED)).seconds == 7


def test_where_the_engine_noted_the_start_too_late_our_own_clock_counts() -> None:
    late = ENDED | {"StartedAt": "2026-01-01T00:00:08Z"}
    assert 0 < watched(Container(RUNNING, late)).seconds < 1


@pytest.mark.parametrize(
    ("started", "finished", "seconds"),
    [
        ("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:01.623456789Z", 1.5),
        ("2026-01-01T23:59:59Z", "2026-01-02T00:00:00.5Z", 1.5),
        ("2026-01-01T00:00:00+01:00", "2025-12-31T23:00:02Z", 2),
        ("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 0),
        ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 0),
        ("", "", 0),
    ],
)
def test_the_engines_times_are_subtracted(started: str, finished: str, seconds: float) -> None:
    assert seconds_between(started, finished) == pytest.approx(seconds, abs=1e-5)
