"""Uploads over HTTP by tus 1.0.0: resume, refuse, finish."""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.models import Image
from mood_platform.storage.inbox import Inbox
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.uploads import finish_arrived
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
TUS = {"Tus-Resumable": "1.0.0"}
DATA = bytes(range(256)) * 1000


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(
        platform, database_url=database_url, root=store.root, upload_chunk_bytes=2**22
    ) as running:
        yield running


@pytest.fixture
def north(site: Site) -> Principal:
    return site.platform.join("north")


@pytest.fixture
def client(site: Site, north: Principal) -> Iterator[httpx.Client]:
    with site.visit(north) as made:
        made.headers.update(TUS)
        yield made


def begin(client: httpx.Client, *, size: int = len(DATA), **metadata: str) -> httpx.Response:
    values = {
        "filename": "../../etc/image.tar",
        "filetype": "application/x-tar",
        "sha256": hashlib.sha256(DATA).hexdigest(),
    } | metadata
    pairs = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())
    return client.post("/api/v1/uploads", headers={"Upload-Length": str(size), "Upload-Metadata": pairs})


def append(client: httpx.Client, place: str, data: bytes, *, offset: int, **headers: str) -> httpx.Response:
    sent = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"} | headers
    return client.patch(place, content=data, headers=sent)


def offset_of(client: httpx.Client, place: str) -> int:
    return int(client.head(place).headers["Upload-Offset"])


def test_a_cut_upload_carries_on_and_becomes_an_image(site: Site, client: httpx.Client) -> None:
    begun = begin(client)
    place = begun.headers["Location"]
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "0")
    assert append(client, place, DATA[:1000], offset=0).headers["Upload-Offset"] == "1000"
    assert offset_of(client, place) == 1000
    last = append(client, place, DATA[1000:], offset=1000)
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(DATA)))
    image = client.get(f"/api/v1/images/{last.headers['Mood-Image']}").json()
    assert (image["name"], image["state"], image["size"]) == ("image.tar", "received", len(DATA))
    assert client.get(place).json()["image"] == image["id"]
    assert site.platform.queue.sent == [("image.check", {"image_id": image["id"]})]
    stored = site.platform.store.read(f"uploads/{place.rsplit('/', 1)[1]}", limit=2 * len(DATA))
    assert stored == DATA


def test_bytes_of_a_broken_connection_are_kept(site: Site, client: httpx.Client) -> None:
    place = begin(client).headers["Location"]
    head = (
        f"PATCH {place} HTTP/1.1\r\nHost: x\r\nAuthorization: {client.headers['Authorization']}\r\n"
        "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
        f"Content-Length: {len(DATA)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", urlsplit(site.url).port or 0)) as connection:
        connection.sendall(head.encode() + DATA[:70_000])
    for _ in range(100):
        if offset_of(client, place) == 70_000:
            break
    assert offset_of(client, place) == 70_000
    assert append(client, place, DATA[70_000:], offset=70_000).status_code == 204


def arrived(site: Site, client: httpx.Client) -> str:
    """The place of an upload whose server died after the last byte."""
    place = begin(client).headers["Location"]
    (root_of(site) / "uploads" / place.rsplit("/", 1)[1]).write_bytes(DATA)
    return str(place)


def root_of(site: Site) -> Path:
    assert isinstance(site.platform.store, LocalStore)
    return site.platform.store.root


def test_looking_at_an_upload_makes_nothing(site: Site, client: httpx.Client) -> None:
    place = arrived(site, client)
    for _ in range(2):
        assert "Mood-Image" not in client.head(place).headers
        assert client.get(place).json()["image"] is None
    assert site.platform.queue.sent == []
    with site.platform.open() as tx:
        assert tx.session.scalars(select(Image)).all() == []


def test_the_sweeper_makes_an_image_even_if_the_server_died_after_the_last_byte(
    site: Site, client: httpx.Client
) -> None:
    place = arrived(site, client)
    begin(client)  # another one, of which nothing is here yet
    for made in (1, 0):
        with site.platform.open() as tx:
            assert finish_arrived(tx, inbox=Inbox(root_of(site))) == made
    assert client.head(place).headers["Mood-Image"]
    assert len(site.platform.queue.sent) == 1


def test_a_client_that_carries_on_there_makes_it_with_a_part_of_no_byte(
    site: Site, client: httpx.Client
) -> None:
    place = arrived(site, client)
    for _ in range(2):
        assert append(client, place, b"", offset=len(DATA)).headers["Mood-Image"]
    assert len(site.platform.queue.sent) == 1


def test_another_teams_upload_looks_unknown(site: Site, client: httpx.Client) -> None:
    place = begin(client).headers["Location"]
    with site.visit(site.platform.join("south")) as other:
        other.headers.update(TUS)
        for method, extra in (("HEAD", {}), ("GET", {}), ("DELETE", {}), ("PATCH", patch_of(b"x"))):
            foreign = other.request(method, place, **extra)
            unknown = other.request(method, f"/api/v1/uploads/{uuid4()}", **extra)
            assert foreign.status_code == unknown.status_code == 404, method
            assert without_request(foreign) == without_request(unknown), method
    assert offset_of(client, place) == 0


def patch_of(data: bytes) -> dict[str, Any]:
    return {
        "content": data,
        "headers": {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
    }


def without_request(answer: httpx.Response) -> dict[str, str]:
    return {
        name: value for name, value in (answer.json() if answer.text else {}).items() if name != "request_id"
    }


@pytest.mark.parametrize(
    ("offset", "data", "headers", "status", "code"),
    [
        (5, b"x", {}, 409, "offset_mismatch"),
        (0, DATA + b"x", {}, 413, "too_large"),
        (0, b"x", {"Content-Type": "text/plain"}, 422, "invalid"),
        (0, b"x", {"Upload-Offset": "-1"}, 422, "invalid"),
        (0, b"x", {"Tus-Resumable": "0.2.2"}, 422, "invalid"),
    ],
)
def test_a_wrong_part_is_refused(
    client: httpx.Client, offset: int, data: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    place = begin(client).headers["Location"]
    answer = append(client, place, data, offset=offset, **headers)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_a_part_over_the_part_limit_is_refused(client: httpx.Client) -> None:
    place = begin(client, size=2**23).headers["Location"]
    assert append(client, place, bytes(2**22 + 1), offset=0).status_code == 413
    assert offset_of(client, place) == 0


@pytest.mark.parametrize(
    ("size", "metadata", "status"),
    [
        (0, {}, 422),
        (2**50, {}, 413),
        (10, {"sha256": "abc"}, 422),
    ],
)
def test_a_wrong_beginning_is_refused(
    client: httpx.Client, size: int, metadata: dict[str, str], status: int
) -> None:
    assert begin(client, size=size, **metadata).status_code == status


def test_an_upload_can_be_given_up(client: httpx.Client) -> None:
    place = begin(client).headers["Location"]
    assert client.delete(place).status_code == 204
    assert client.head(place).status_code == 404


def test_the_server_says_what_it_speaks(client: httpx.Client) -> None:
    about = client.options("/api/v1/uploads")
    assert (about.status_code, about.headers["Tus-Version"]) == (204, "1.0.0")
    assert about.headers["Tus-Extension"] == "creation,expiration,termination"
