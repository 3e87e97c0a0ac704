"""A database whose connections end is one sentence for each reader, and nothing is lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from mood_platform.db.engine import is_crowded, make_engine
from mood_platform.db.outages import outages_told
from mood_platform.http.errors import problem_of

pytestmark = pytest.mark.integration
ROLE = "few"


@pytest.fixture
def crowded_url(database_url: str) -> Iterator[str]:
    """Of an account that may hold two connections, both of them taken."""
    outside = make_engine(database_url)
    with outside.begin() as connection:
        connection.execute(text(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'few' CONNECTION LIMIT 2"))
    url = outside.url.set(username=ROLE, password="few").render_as_string(hide_password=False)
    try:
        with held(url, 2):
            yield url
    finally:
        with outside.begin() as connection:
            connection.execute(text(f"DROP ROLE {ROLE}"))
        outside.dispose()


@contextmanager
def held(url: str, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            engine = make_engine(url)
            stack.callback(engine.dispose)
            stack.enter_context(engine.connect())
        yield


def refusal(url: str) -> OperationalError:
    engine = make_engine(url)
    with pytest.raises(OperationalError) as caught:
        engine.connect()
    engine.dispose()
    return caught.value


def test_whoever_asks_the_api_reads_that_it_is_busy_and_when_to_come_back(crowded_url: str) -> None:
    problem = problem_of(refusal(crowded_url))
    assert (problem.status, problem.code) == (503, "unavailable")
    assert problem.detail == "The platform is busy: its database takes no more connections."


def test_a_worker_puts_its_job_off_with_one_line(crowded_url: str, caplog: pytest.LogCaptureFixture) -> None:
    error = refusal(crowded_url)
    with caplog.at_level(logging.WARNING), outages_told("A case"):
        raise error
    assert caplog.messages == [
        "A case is put off: the database takes no more connections; raise max_connections."
    ]


def test_a_database_that_is_away_is_not_called_crowded() -> None:
    assert not is_crowded(refusal("postgresql+psycopg://nobody@127.0.0.1:1/nothing"))
