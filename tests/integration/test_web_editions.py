"""Several editions on one site: each has an address, its boards and its archive; none hides another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mood_evaluator import Task
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge
from mood_platform.db.engine import Sessions
from mood_platform.leaderboards.service import publish
from mood_platform.models import Challenge
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.edition import DOCUMENT
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
TIMELINES = {
    "last": {"opens": "2020-01-01T00:00:00Z", "closes": "2020-06-01T00:00:00Z", "upload_grace": "0s"},
    "next": {"opens": "2098-01-01T00:00:00Z", "closes": "2098-06-01T00:00:00Z", "upload_grace": "0s"},
    "draft": {"opens": "2026-02-01T00:00:00Z", "closes": "2026-02-02T00:00:00Z", "upload_grace": "0s"},
}


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path / "sets", cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as running:
        yield running


@pytest.fixture
def visitor(site: Site) -> Iterator[httpx.Client]:
    with site.visit() as client:
        yield client


def add(site: Site, slug: str, **changes: Any) -> None:
    document = {**DOCUMENT, "slug": slug, "title": f"Edition {slug}", "timeline": TIMELINES[slug], **changes}
    with site.platform.open() as tx:
        apply_challenge(tx, config=ChallengeConfig.parse(document))


def test_with_one_edition_the_front_page_is_that_edition(visitor: httpx.Client) -> None:
    page = visitor.get("/").text
    assert "<h1>A tiny edition</h1>" in page
    assert 'href="/challenges/tiny/leaderboard/pixel"' in page


def test_the_front_page_lists_open_planned_and_closed_editions_by_their_addresses(
    site: Site, visitor: httpx.Client
) -> None:
    for slug in ("last", "next"):
        add(site, slug)
    page = visitor.get("/").text
    places = [page.index(f'<h2 id="{state}">') for state in ("open", "planned", "closed")]
    cards = [page.index(f'href="/challenges/{slug}"') for slug in ("tiny", "next", "last")]
    assert sorted(places + cards) == [one for pair in zip(places, cards, strict=True) for one in pair]
    for slug in ("tiny", "next", "last"):
        assert visitor.get(f"/challenges/{slug}").status_code == 200
        assert "Not published yet" in visitor.get(f"/challenges/{slug}/leaderboard/pixel").text
    assert visitor.get("/challenges/none").status_code == 404


def test_a_draft_with_past_dates_takes_neither_the_front_page_nor_the_current_board(
    site: Site, visitor: httpx.Client
) -> None:
    add(site, "draft")
    assert "Edition draft" in visitor.get("/").text
    answer = visitor.get("/leaderboard/pixel")
    assert (answer.status_code, answer.headers["location"]) == (303, "/challenges/tiny/leaderboard/pixel")


def test_addresses_from_before_lead_on(site: Site, visitor: httpx.Client) -> None:
    add(site, "last")
    answer = visitor.get("/leaderboard/sample?challenge=last&version=3")
    assert answer.headers["location"] == "/challenges/last/leaderboard/sample?version=3"
    assert visitor.get("/leaderboard/sample?challenge=none").status_code == 404


def test_changed_rules_stand_on_the_page_of_their_edition_with_the_reason(
    site: Site, visitor: httpx.Client
) -> None:
    site.platform.submit(site.platform.join("north"))
    with site.platform.open() as tx:
        config = ChallengeConfig.parse({**DOCUMENT, "quota": {"challenge": 3, "attempts": 5}})
        apply_challenge(tx, config=config, reason="Fewer <b>machines</b>")
    page = visitor.get("/challenges/tiny").text
    assert "Fewer &lt;b&gt;machines&lt;/b&gt;" in page
    assert "quota.challenge: 10 → 3" in page


def test_an_edition_keeps_its_boards_and_their_archive_when_the_next_one_opens(
    sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str
) -> None:
    contest = Contest(make_platform(sessions, store, tmp_path / "sets"), tmp_path / "sets")
    contest.enter(contest.join("north"), quality=0.9, task=Task.SAMPLE)
    contest.run()
    for note in ("First.", "Second."):
        with contest.platform.open() as tx:
            challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
            publish_now(tx, challenge, store, note)
    with serve_site(contest.platform, database_url=database_url, root=store.root) as site:
        add(site, "next")
        with site.visit() as visitor:
            page = visitor.get("/challenges/tiny").text
            assert "All versions of the sample Task" in page
            old = visitor.get("/challenges/tiny/leaderboard/sample?version=1")
    assert (old.status_code, "First." in old.text) == (200, True)


def publish_now(tx: Any, challenge: Challenge, store: LocalStore, note: str) -> None:
    publish(
        tx, challenge=challenge, task=Task.SAMPLE, store=store, note=note, actor="olga", before_close=True
    )
