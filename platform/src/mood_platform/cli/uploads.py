"""Uploads a file by tus 1.0.0 and carries on where a killed upload stopped."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from mood_platform.cli.archives import Archive
from mood_platform.cli.client import Client, at, checked, patiently
from mood_platform.cli.console import say, transfer_bar
from mood_platform.cli.credentials import cache_folder
from mood_platform.cli.problems import Exit, Problem

PIECE = 32 * 2**20
"""Bytes of one PATCH: what a broken connection costs at most."""
READ = 2**18
MOST_BREAKS = 60
"""Breaks in a row, a second apart, without a byte more on the platform."""
NO_SPACE = 507
"""Waiting a minute does not help: the organizers have to make room."""
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True, slots=True)
class Arrived:
    """What the platform has: so many bytes, and the Image they became once all were there."""

    offset: int
    image: str | None


def upload(client: Client, archive: Archive, *, filename: str) -> str:
    """Bring the whole archive to the platform; returns the id of the Image it became."""
    memory = _Memory(client.url, archive)
    place = memory.read()
    standing = _ask(client, place) if place else None
    if place is None or standing is None:
        place, standing = _create(client, archive, filename=filename), Arrived(0, None)
        memory.write(place)
    elif 0 < standing.offset < archive.size:
        say.print(f"Carrying on with the upload at {100 * standing.offset // archive.size} %.")
    with transfer_bar() as bar:
        task = bar.add_task("uploading", total=archive.size, completed=standing.offset)
        image = _send_all(client, place, archive, standing, lambda done: bar.update(task, completed=done))
    memory.forget()
    return image


def _create(client: Client, archive: Archive, *, filename: str) -> str:
    metadata = {"filename": filename, "filetype": "application/x-tar"}
    metadata["sha256"] = archive.sha256
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
    headers = TUS | {"Upload-Length": str(archive.size), "Upload-Metadata": ",".join(pairs)}
    answer = checked(client.http.post("/uploads", headers=headers))
    return at("uploads", answer.headers["Location"].rstrip("/").rsplit("/", 1)[-1])


def _ask(client: Client, place: str) -> Arrived | None:
    """None when the platform does not know the upload any more."""
    answer = client.http.head(place, headers=TUS)
    return None if answer.status_code == 404 else _standing(answer)


def _standing(answer: httpx.Response) -> Arrived:
    headers = checked(answer).headers
    return Arrived(int(headers["Upload-Offset"]), headers.get("Mood-Image"))


def _send_all(
    client: Client, place: str, archive: Archive, standing: Arrived, progress: Callable[[int], None]
) -> str:
    """Piece after piece; what the platform holds is asked again after every break."""
    breaks = 0
    while standing.image is None:
        before = standing.offset
        try:
            standing = _send_piece(client, place, archive, before, progress)
        except (httpx.TransportError, OutOfStep) as error:
            standing = _ask_patiently(client, place, archive)
            breaks = 0 if standing.offset > before else breaks + 1
            if breaks > MOST_BREAKS:
                raise _broken(archive) from error
        progress(standing.offset)
    return standing.image


class OutOfStep(Exception):
    """The platform holds more or less than we thought, or is still writing the piece that broke off."""


def _send_piece(
    client: Client, place: str, archive: Archive, offset: int, progress: Callable[[int], None]
) -> Arrived:
    length = min(PIECE, archive.size - offset)

    def content() -> Iterator[bytes]:
        with archive.path.open("rb") as stream:
            stream.seek(offset)
            while left := offset + length - stream.tell():
                yield stream.read(min(READ, left))
                progress(stream.tell())

    headers = TUS | {"Upload-Offset": str(offset), "Content-Length": str(length)}
    headers["Content-Type"] = "application/offset+octet-stream"
    answer = client.http.patch(place, headers=headers, content=content())
    if answer.status_code in (409, 423) or (answer.status_code >= 500 and answer.status_code != NO_SPACE):
        time.sleep(1.0)
        raise OutOfStep
    return _standing(answer)


def _ask_patiently(client: Client, place: str, archive: Archive) -> Arrived:
    try:
        found = patiently(lambda: _ask(client, place))
    except httpx.TransportError as error:
        raise _broken(archive) from error
    if found is None:
        remedy = "Run the same command again."
        raise Problem("The platform has forgotten the upload.", remedy=remedy, code=Exit.PLATFORM)
    return found


def _broken(archive: Archive) -> Problem:
    remedy = "Run the same command again: it carries on where it stopped."
    return Problem(f"The upload of {archive.path.name} broke off.", remedy=remedy, code=Exit.PLATFORM)


class _Memory:
    """A small file by the archive's SHA-256, so that a killed command can carry on."""

    def __init__(self, url: str, archive: Archive) -> None:
        self.url = url
        self.path = cache_folder() / "uploads" / f"{archive.sha256}.json"

    def read(self) -> str | None:
        try:
            known: dict[str, str] = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return None
        return known.get(self.url)

    def write(self, place: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({self.url: place}))

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
