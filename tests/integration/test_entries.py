"""Who takes part in an edition: at once where it is open, by an organizer's decision where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from mood_evaluator import Dataset
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge
from mood_platform.cli.main import app
from mood_platform.db.engine import Sessions
from mood_platform.errors import Invalid
from mood_platform.models import AuditEvent, Entry, EntryState, TestSet
from mood_platform.storage.local import LocalStore
from mood_support.edition import DOCUMENT, make_image, make_participant
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
API = "/api/v1"
CLOSED = {"open": False}


class World:
    """An edition in which organizers admit teams; north wants to submit."""

    def __init__(self, site: Site) -> None:
        self.site, self.platform = site, site.platform
        self.north = self.platform.join("north")
        with self.platform.open() as tx:
            self.olga = make_participant(tx, "olga", organizer=True)
            self.image = str(make_image(tx, principal=self.north).id)
        self.apply(entry=CLOSED)

    def apply(self, **changes: Any) -> None:
        with self.platform.open() as tx:
            apply_challenge(tx, config=ChallengeConfig.parse({**DOCUMENT, **changes}), reason="A test.")

    def submit(self, *, stage: str = "challenge") -> httpx.Response:
        with self.site.visit(self.north) as client:
            body = {"image": self.image, "task": "pixel", "stage": stage}
            return client.post(f"{API}/submissions", json=body)

    def mood(self, who: Principal, *words: str) -> Result:
        environment = {"MOOD_URL": self.site.url, "MOOD_TOKEN": self.site.token(who)}
        return CliRunner().invoke(app, list(words), env=environment)

    def entries(self) -> list[EntryState]:
        with self.platform.open() as tx:
            return list(tx.session.scalars(select(Entry.state)))


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[World]:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as site:
        yield World(site)


def test_where_an_edition_is_open_the_first_submission_admits(world: World) -> None:
    world.apply(entry={"open": True})
    assert world.submit(stage="toy").status_code == 201
    assert world.entries() == [EntryState.ADMITTED]
    assert world.submit().status_code == 201
    assert world.entries() == [EntryState.ADMITTED]


def test_where_it_is_not_hidden_cases_wait_for_the_organizers_and_toy_cases_do_not(world: World) -> None:
    refused = world.submit()
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    assert "yours has not asked" in refused.json()["detail"]
    assert "mood enter --challenge tiny" in refused.json()["remedy"]
    assert world.submit(stage="toy").status_code == 201
    assert world.entries() == []
    with world.site.visit(world.north) as client:
        assert client.get(f"{API}/challenges/tiny").json()["entry"] is None
        for _ in range(2):
            assert client.post(f"{API}/challenges/tiny/entry").json()["state"] == "asked"
    assert "have not decided yet" in world.submit().json()["detail"]
    with world.site.visit(world.olga) as client:
        place = f"{API}/admin/challenges/tiny/entries"
        assert [one["team"]["handle"] for one in client.get(place).json()["items"]] == ["north"]
        assert client.post(f"{place}/north/refuse", json={"reason": " "}).status_code == 422
        assert client.post(f"{place}/nobody/refuse", json={"reason": "x"}).status_code == 404
        client.post(f"{place}/north/refuse", json={"reason": "The form is missing."}).raise_for_status()
    assert "did not admit your team to tiny: The form is missing." in world.submit().json()["detail"]
    assert world.submit(stage="toy").status_code == 201
    with world.site.visit(world.olga) as client:
        client.post(f"{place}/north/admit", json={"reason": "It came."}).raise_for_status()
        assert client.post(f"{place}/north/admit", json={"reason": "Again."}).status_code == 409
    assert world.submit().status_code == 201
    with world.platform.open() as tx:
        query = select(AuditEvent.action, AuditEvent.actor, AuditEvent.reason)
        rows = tx.session.execute(
            query.where(AuditEvent.action.like("entry.%")).order_by(AuditEvent.at)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("entry.ask", "north@example.org", ""),
        ("entry.refuse", "olga@example.org", "The form is missing."),
        ("entry.admit", "olga@example.org", "It came."),
    ]


def test_the_command_line_asks_lists_and_decides(world: World) -> None:
    assert "has asked" in world.mood(world.north, "enter").output
    assert "asked" in world.mood(world.olga, "admin", "entries").output
    admitted = world.mood(world.olga, "admin", "admit", "north", "--reason", "Welcome.")
    assert admitted.exit_code == 0, admitted.output
    assert "is admitted: Welcome." in world.mood(world.north, "enter").output
    assert world.submit().status_code == 201


def test_a_team_that_waits_is_admitted_when_the_edition_opens_to_everybody(world: World) -> None:
    with world.site.visit(world.north) as client:
        client.post(f"{API}/challenges/tiny/entry").raise_for_status()
        world.apply(entry={"open": True})
        assert client.post(f"{API}/challenges/tiny/entry").json()["state"] == "admitted"


def test_nobody_but_organizers_sees_who_asked(world: World) -> None:
    with world.site.visit(world.north) as client:
        assert client.get(f"{API}/admin/challenges/tiny/entries").status_code == 404
        assert (
            client.post(f"{API}/admin/challenges/tiny/entries/north/admit", json={"reason": "x"}).status_code
            == 404
        )


def test_hidden_sets_and_unbounded_teams_want_a_reason_which_is_published(world: World) -> None:
    with world.platform.open() as tx:
        for row in tx.session.scalars(select(TestSet).where(TestSet.purpose == "test")):
            row.manifest = row.manifest | {"not_hidden": row.dataset is Dataset.ABDOM}
    silent = {name: part for name, part in DOCUMENT.items() if name != "entry"}
    for document in (silent, silent | {"entry": {"open": True}}):
        with (
            pytest.raises(Invalid, match="everybody is admitted, and test-brain is hidden") as caught,
            world.platform.open() as tx,
        ):
            apply_challenge(tx, config=ChallengeConfig.parse(document), reason="A test.")
        assert "i_accept_unbounded_teams" in caught.value.remedy
    world.apply(entry={"open": True, "i_accept_unbounded_teams": "A course of 20 students."})
    with world.site.visit() as visitor:
        view = visitor.get(f"{API}/challenges/tiny").json()
    assert (view["entry_open"], view["unbounded_teams"]) == (True, "A course of 20 students.")
