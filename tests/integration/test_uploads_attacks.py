"""Uploads by those who lie, dawdle, repeat themselves or ask for everything: each gets one clear sentence."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.models import Challenge, Upload
from mood_platform.storage.inbox import Inbox
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.uploads import OPEN_LIMITS, OPEN_UPLOADS
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
DATA = bytes(range(256)) * 40
LIMIT = 40 * 2**30
PART = {"Content-Type": "application/offset+octet-stream"}


class Uploader:
    """A team at the API, who writes its headers by hand."""

    def __init__(self, site: Site, client: httpx.Client) -> None:
        self.site, self.client = site, client
        client.headers["Tus-Resumable"] = "1.0.0"

    def begin(self, *, length: str = str(len(DATA)), metadata: str | None = None) -> httpx.Response:
        told = named(filename="image.tar") if metadata is None else metadata
        headers = {"Upload-Length": length, "Upload-Metadata": told}
        return self.client.post("/api/v1/uploads", headers=headers)

    def place(self) -> str:
        return str(self.begin().headers["Location"])

    def send(self, place: str, content: Any, *, offset: int = 0) -> httpx.Response:
        return self.client.patch(place, content=content, headers=PART | {"Upload-Offset": str(offset)})

    def offset(self, place: str) -> int:
        return int(self.client.head(place).headers["Upload-Offset"])


def named(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def id_of(place: str) -> UUID:
    return UUID(place.rsplit("/", 1)[1])


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"upload_chunk_bytes": 2**20, "upload_idle_seconds": 30}


@pytest.fixture
def site(
    sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str, settings: dict[str, Any]
) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root, **settings) as running:
        yield running


@pytest.fixture
def north(site: Site) -> Principal:
    return site.platform.join("north")


@pytest.fixture
def team(site: Site, north: Principal) -> Iterator[Uploader]:
    with site.visit(north) as client:
        yield Uploader(site, client)


@pytest.fixture
def root(store: LocalStore) -> Path:
    return store.root


def test_a_length_is_refused_before_the_first_byte(team: Uploader, root: Path) -> None:
    for length, status, says in (
        ("0", 422, "Upload-Length is 0"),
        ("-5", 422, "no number of bytes"),
        ("1e3", 422, "no number of bytes"),
        ("", 422, "no number of bytes"),
        ("9" * 40, 422, "no number of bytes"),
        ("9" * 18, 413, f"the limit is {LIMIT}"),
        (str(99 * 2**40), 413, f"the limit is {LIMIT}"),
    ):
        answer = team.begin(length=length)
        assert (answer.status_code, says in answer.json()["detail"]) == (status, True), answer.text
        assert answer.json()["remedy"], length
    assert list(root.glob("uploads/*")) == []


def test_a_file_name_is_only_shown(team: Uploader, root: Path) -> None:
    for filename, kept in (
        ("../../../etc/passwd", "passwd"),
        ("C:\\images\\model.tar", "model.tar"),
        ("\x1b[31mred\u202etxt.\nexe\x00", "[31mredtxt.exe"),
        ("x" * 10_000, "x" * 200),
        ("..", "image.tar"),
        ("///", "image.tar"),
    ):
        begun = team.begin(metadata=named(filename=filename))
        assert begun.status_code == 201, begun.text
        place = begun.headers["Location"]
        assert Inbox(root).path(id_of(place)).is_file()
        image = team.send(place, DATA).headers["Mood-Image"]
        assert team.client.get(f"/api/v1/images/{image}").json()["name"] == kept


def test_metadata_that_says_nothing_begins_nothing(team: Uploader, root: Path) -> None:
    for metadata, status in (
        ("filename ***", 422),
        ("filename /w==", 422),
        (named(sha256="A" * 64), 422),
        (named(sha256="a" * 64) + "," + named(sha256="../tiny"), 422),
    ):
        answer = team.begin(metadata=metadata)
        assert (answer.status_code, bool(answer.json()["remedy"])) == (status, True), answer.text
    assert list(root.glob("uploads/*")) == []


def test_the_second_of_two_writers_is_told_to_wait_and_the_first_is_undisturbed(
    team: Uploader, root: Path
) -> None:
    place = team.place()
    with Inbox(root).writer(id_of(place), offset=0, size=len(DATA)) as first:
        first.write(DATA[:100])
        second = team.send(place, DATA)
        assert (second.status_code, second.json()["error"]) == (423, "locked")
        assert "HEAD" in second.json()["remedy"]
    assert Inbox(root).path(id_of(place)).read_bytes() == DATA[:100]
    assert team.send(place, DATA[100:], offset=100).headers["Mood-Image"]


def test_a_body_of_unknown_length_is_taken(team: Uploader) -> None:
    place = team.place()
    assert team.send(place, iter([DATA[:3000], DATA[3000:]])).headers["Upload-Offset"] == str(len(DATA))


def test_a_body_of_unknown_length_cannot_be_longer_than_promised(team: Uploader) -> None:
    place = team.place()
    answer = team.send(place, iter([DATA, b"one more"]))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert f"{len(DATA)} bytes" in answer.json()["detail"]
    assert team.offset(place) == 0


def test_an_upload_that_stays_short_never_becomes_an_image(team: Uploader) -> None:
    place = team.place()
    team.send(place, DATA[:-1])
    assert team.client.get(place).json()["image"] is None
    assert team.client.get("/api/v1/images").json()["items"] == []


def test_bytes_sent_twice_are_refused_with_the_way_on(team: Uploader) -> None:
    place = team.place()
    team.send(place, DATA[:70])
    for offset in (0, 69, 71, len(DATA)):
        answer = team.send(place, DATA[70:], offset=offset)
        assert (answer.status_code, answer.json()["error"]) == (409, "offset_mismatch")
        assert (f"at byte 70, not {offset}" in answer.json()["detail"], team.offset(place)) == (True, 70)


def test_after_its_last_byte_an_upload_takes_nothing_more(team: Uploader, root: Path) -> None:
    place = team.place()
    team.send(place, DATA)
    for offset in (0, len(DATA)):
        assert team.send(place, b"more", offset=offset).status_code in (409, 413)
    assert Inbox(root).path(id_of(place)).read_bytes() == DATA
    assert len(team.client.get("/api/v1/images").json()["items"]) == 1


def test_a_team_has_only_so_many_uploads_at_once(team: Uploader) -> None:
    places = [team.place() for _ in range(OPEN_UPLOADS - 1)]
    team.send(team.place(), DATA)  # complete, and not checked yet
    refused = team.begin()
    assert (refused.status_code, refused.json()["error"]) == (409, "quota_exceeded")
    assert f"has {OPEN_UPLOADS} uploads" in refused.json()["detail"]
    team.client.delete(places[0])
    assert team.begin().status_code == 201


def test_a_team_can_ask_for_only_so_many_bytes_at_once(team: Uploader, site: Site) -> None:
    place = team.place()
    with site.platform.open() as tx:
        tx.session.get_one(Upload, id_of(place)).size = OPEN_LIMITS * LIMIT
    refused = team.begin(length=str(2**30))
    assert (refused.status_code, refused.json()["error"]) == (409, "quota_exceeded")
    assert f"{OPEN_LIMITS * LIMIT} are allowed" in refused.json()["detail"]
    with site.visit(site.platform.join("south")) as client:
        assert Uploader(site, client).begin().status_code == 201


def test_an_expired_upload_looks_like_an_unknown_one(team: Uploader, site: Site) -> None:
    place = team.place()
    with site.platform.open() as tx:
        tx.session.get_one(Upload, id_of(place)).expires_at = tx.now - timedelta(seconds=1)
    for wanted in (place, f"/api/v1/uploads/{uuid4()}"):
        for answer in (team.client.head(wanted), team.send(wanted, DATA), team.client.delete(wanted)):
            assert answer.status_code == 404
    assert team.begin().status_code == 201


def test_after_the_deadline_an_upload_begun_in_time_is_finished_and_none_is_begun(
    team: Uploader, site: Site
) -> None:
    place = team.place()
    team.send(place, DATA[:100])
    with site.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, site.platform.challenge.id)
        challenge.closes = tx.now - timedelta(seconds=1)
    refused = team.begin()
    assert (refused.status_code, refused.json()["error"]) == (409, "stage_closed")
    assert team.send(place, DATA[100:], offset=100).headers["Mood-Image"]


class TestWithoutRoom:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"upload_free_bytes": 2**60}

    def test_nothing_is_begun_and_the_organizers_are_named(self, team: Uploader, root: Path) -> None:
        answer = team.begin()
        assert (answer.status_code, answer.json()["error"]) == (507, "no_space")
        assert "organizers" in answer.json()["remedy"]
        assert list(root.glob("uploads/*")) == []


class TestWithSilentConnections:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"upload_idle_seconds": 0.2}

    def test_a_silent_one_loses_the_upload_which_is_carried_on_over_another(self, team: Uploader) -> None:
        place = team.place()
        lines = [
            f"PATCH {place} HTTP/1.1",
            "Host: x",
            f"Authorization: {team.client.headers['Authorization']}",
            "Tus-Resumable: 1.0.0",
            "Upload-Offset: 0",
            f"Content-Type: {PART['Content-Type']}",
            f"Content-Length: {len(DATA)}",
        ]
        address = ("127.0.0.1", urlsplit(team.site.url).port or 0)
        with socket.create_connection(address, timeout=30) as silent:
            silent.sendall("\r\n".join([*lines, "", ""]).encode() + DATA[:5000])
            answer = silent.recv(2**12).decode()
            assert "upload-offset: 5000" in answer.lower()
            assert team.send(place, DATA[5000:], offset=5000).headers["Mood-Image"]
