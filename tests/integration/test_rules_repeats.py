"""Idempotency-Key: one request is one Submission, however often and however concurrently it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.models import Image, Upload
from mood_platform.storage.local import LocalStore
from mood_support.edition import make_image
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as running:
        yield running


@pytest.fixture
def north(site: Site) -> Principal:
    return site.platform.join("north")


@pytest.fixture
def image(site: Site, north: Principal) -> str:
    return make(site, north)


def make(site: Site, team: Principal) -> str:
    with site.platform.open() as tx:
        return str(make_image(tx, principal=team).id)


def send(site: Site, team: Principal, image: str, *, key: str = "key", **changes: Any) -> httpx.Response:
    body = {"image": image, "task": "pixel", "stage": "challenge", "name": "first"} | changes
    with site.visit(team) as client:
        return client.post("/api/v1/submissions", json=body, headers={"Idempotency-Key": key})


def test_twenty_concurrent_repeats_are_one_submission_and_one_answer(
    site: Site, north: Principal, image: str
) -> None:
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: send(site, north, image), range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert answers[0].json()["quota"]["used"] == 1


@pytest.mark.parametrize("change", [{"task": "sample"}, {"stage": "toy"}, {"name": "second"}])
def test_a_key_with_another_request_is_refused_with_the_remedy(
    site: Site, north: Principal, image: str, change: dict[str, str]
) -> None:
    first = send(site, north, image).json()
    refused = send(site, north, image, **change)
    assert (refused.status_code, refused.json()["error"]) == (409, "already_exists")
    assert "Use a new key" in refused.json()["remedy"]
    again = send(site, north, image, name=" first ").json()
    assert (again["id"], again["quota"]["used"]) == (first["id"], 1)


def test_a_key_with_another_image_is_refused_and_with_the_same_image_handed_in_twice_is_not(
    site: Site, north: Principal, image: str
) -> None:
    first, other = send(site, north, image).json(), make(site, north)
    assert send(site, north, other).status_code == 409
    with site.platform.open() as tx:
        tx.session.get_one(Upload, UUID(other)).image_id = UUID(image)
        tx.session.flush()
        tx.session.delete(tx.session.get_one(Image, UUID(other)))
    assert send(site, north, other).json()["id"] == first["id"]


def test_the_same_key_of_another_team_is_another_key(site: Site, north: Principal, image: str) -> None:
    south = site.platform.join("south")
    first, second = send(site, north, image).json(), send(site, south, make(site, south)).json()
    assert (first["team"]["handle"], second["team"]["handle"]) == ("north", "south")
    assert send(site, south, image).status_code == 404


def test_a_refused_request_leaves_its_key_free(site: Site, north: Principal, image: str) -> None:
    assert send(site, north, image, stage="analysis").status_code == 422
    assert send(site, north, image).status_code == 201


def test_a_repeat_after_withdrawing_tells_what_became_of_it_and_starts_nothing(
    site: Site, north: Principal, image: str
) -> None:
    first = send(site, north, image).json()
    with site.visit(north) as client:
        client.post(f"/api/v1/submissions/{first['id']}/cancel").raise_for_status()
    again = send(site, north, image).json()
    assert (again["id"], again["state"], again["quota"]["attempts"]) == (first["id"], "withdrawn", 1)


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_empty_or_too_long_is_refused(
    site: Site, north: Principal, image: str, key: str
) -> None:
    assert send(site, north, image, key=key).status_code == 422
