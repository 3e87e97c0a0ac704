"""Uploads against a tus server in memory that breaks off where it is told to."""

import base64
from pathlib import Path

import httpx
import pytest

from mood_platform.cli import uploads
from mood_platform.cli.archives import Archive, hash_file
from mood_platform.cli.client import Client
from mood_platform.cli.problems import Exit, Problem

URL = "http://platform.test"
CONTENT = bytes(range(256)) * 40


class TusServer:
    """Keeps what arrives; drops the connection after as many bytes of a PATCH as `breaks` says."""

    def __init__(self, *, breaks: list[int] | None = None) -> None:
        self.received: dict[str, bytes] = {}
        self.metadata: list[str] = []
        self.breaks = breaks or []
        self.offsets: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Tus-Resumable"] == "1.0.0"
        if request.method == "POST":
            return self.create(request)
        name = request.url.path.rsplit("/", 1)[-1]
        if name not in self.received:
            return httpx.Response(404, json={"error": "not_found", "detail": "There is no such upload."})
        return self.append(request, name) if request.method == "PATCH" else self.answer(name)

    def create(self, request: httpx.Request) -> httpx.Response:
        name = f"upload{len(self.received)}"
        self.received[name] = b""
        self.metadata.append(request.headers["Upload-Metadata"])
        return httpx.Response(201, headers={"Location": f"/api/v1/uploads/{name}"})

    def append(self, request: httpx.Request, name: str) -> httpx.Response:
        offset = int(request.headers["Upload-Offset"])
        self.offsets.append(offset)
        if offset != len(self.received[name]):
            return httpx.Response(409, json={"error": "offset_mismatch"})
        body = request.read()
        assert len(body) == int(request.headers["Content-Length"])
        if self.breaks:
            self.received[name] += body[: self.breaks.pop(0)]
            raise httpx.ReadError("connection lost", request=request)
        self.received[name] += body
        return self.answer(name)

    def answer(self, name: str) -> httpx.Response:
        headers = {"Upload-Offset": str(len(self.received[name]))}
        if len(self.received[name]) == len(CONTENT):
            headers["Mood-Image"] = f"image-of-{name}"
        return httpx.Response(204, headers=headers)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mood" / "uploads"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    path = tmp_path / "image.tar"
    path.write_bytes(CONTENT)
    return Archive(path, hash_file(path), len(CONTENT), None)


def send(server: TusServer, archive: Archive) -> str:
    client = Client(URL, "secret", transport=httpx.MockTransport(server))
    return uploads.upload(client, archive, filename="my image.tar")


def test_a_whole_file_becomes_an_image_and_nothing_is_remembered(archive: Archive, cache: Path) -> None:
    server = TusServer()
    assert send(server, archive) == "image-of-upload0"
    assert server.received["upload0"] == CONTENT
    assert list(cache.iterdir()) == []


def test_metadata_carries_name_and_hash(archive: Archive) -> None:
    server = TusServer()
    send(server, archive)
    pairs = dict(pair.split(" ") for pair in server.metadata[0].split(","))
    values = {name: base64.b64decode(value).decode() for name, value in pairs.items()}
    assert values["filename"] == "my image.tar"
    assert values["sha256"] == archive.sha256


def test_after_a_break_it_carries_on_where_the_platform_stands(archive: Archive) -> None:
    server = TusServer(breaks=[1000, 0, 7])
    assert send(server, archive) == "image-of-upload0"
    assert server.received["upload0"] == CONTENT
    assert server.offsets == [0, 1000, 1000, 1007]


def test_a_killed_command_carries_on_in_the_next_one(archive: Archive, cache: Path) -> None:
    server = TusServer()
    server.received["before"] = CONTENT[:500]
    cache.mkdir(parents=True)
    (cache / f"{archive.sha256}.json").write_text(f'{{"{URL}": "/uploads/before"}}')
    assert send(server, archive) == "image-of-before"
    assert server.offsets == [500]


def test_an_upload_that_finished_just_before_the_kill_is_not_sent_again(
    archive: Archive, cache: Path
) -> None:
    server = TusServer()
    server.received["before"] = CONTENT
    cache.mkdir(parents=True)
    (cache / f"{archive.sha256}.json").write_text(f'{{"{URL}": "/uploads/before"}}')
    assert send(server, archive) == "image-of-before"
    assert server.offsets == []


def test_an_upload_the_platform_has_forgotten_begins_anew(archive: Archive, cache: Path) -> None:
    server = TusServer()
    cache.mkdir(parents=True)
    (cache / f"{archive.sha256}.json").write_text(f'{{"{URL}": "/uploads/expired"}}')
    assert send(server, archive) == "image-of-upload0"


def test_memory_of_another_platform_is_not_used(archive: Archive, cache: Path) -> None:
    server = TusServer()
    server.received["before"] = CONTENT[:500]
    cache.mkdir(parents=True)
    (cache / f"{archive.sha256}.json").write_text('{"http://other.test": "/uploads/before"}')
    assert send(server, archive) == "image-of-upload1"


def test_a_refusal_is_told_with_its_remedy(archive: Archive) -> None:
    body = {"error": "stage_closed", "detail": "The challenge is closed.", "remedy": "Next year."}
    refuse = httpx.MockTransport(lambda _: httpx.Response(409, json=body))
    with pytest.raises(Problem) as caught:
        uploads.upload(Client(URL, None, transport=refuse), archive, filename="x")
    assert (caught.value.text, caught.value.remedy) == ("The challenge is closed.", "Next year.")
    assert caught.value.code is Exit.NOT_ALLOWED


def test_a_full_disk_of_the_platform_is_told_at_once_and_the_upload_kept_in_mind(
    archive: Archive, cache: Path
) -> None:
    body = {"error": "no_space", "detail": "The platform's disk is full.", "remedy": "Tell the organizers."}
    server = TusServer()

    def full(request: httpx.Request) -> httpx.Response:
        return httpx.Response(507, json=body) if request.method == "PATCH" else server(request)

    with pytest.raises(Problem) as caught:
        uploads.upload(Client(URL, None, transport=httpx.MockTransport(full)), archive, filename="x")
    assert (caught.value.code, caught.value.remedy) == (Exit.PLATFORM, "Tell the organizers.")
    assert len(list(cache.iterdir())) == 1
