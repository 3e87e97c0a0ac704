"""A test set as a tar made while it is sent: manifest first, then every image and label it names."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from mood_evaluator import Manifest
from mood_platform.storage.keys import label_key, scan_key
from mood_platform.storage.store import ObjectStore

BLOCK = tarfile.BLOCKSIZE
CHUNK = 2**20
MANIFEST = "test_set.json"


def stream_archive(store: ObjectStore, manifest: Manifest) -> Iterator[bytes]:
    document = _document(manifest)
    yield _header(MANIFEST, len(document)) + document + _padding(len(document))
    for name, key in _files(manifest):
        with store.local(key) as path:
            yield from _member(name, path)
    yield bytes(2 * BLOCK)


def archive_size(store: ObjectStore, manifest: Manifest) -> int:
    """Bytes that `stream_archive` will send, so that clients can show progress and notice a cut."""
    sizes = [len(_document(manifest))]
    for _, key in _files(manifest):
        with store.local(key) as path:
            sizes.append(path.stat().st_size)
    return sum(BLOCK + size + len(_padding(size)) for size in sizes) + 2 * BLOCK


def _document(manifest: Manifest) -> bytes:
    return json.dumps(manifest.to_json(), indent=1, sort_keys=True).encode()


def _files(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """(path in the folder, object key); one path once."""
    named = {case.image: scan_key(case.sha256_image) for case in manifest.cases}
    for case in manifest.cases:
        if case.label and case.sha256_label:
            named[case.label] = label_key(case.sha256_label)
    yield from named.items()


def _member(name: str, path: Path) -> Iterator[bytes]:
    size = path.stat().st_size
    yield _header(name, size)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
    yield _padding(size)


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(format=tarfile.USTAR_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % BLOCK)
