"""Weights travel outside the repository: one archive a release, and a small lock file with every hash.

The archive is attached to a release; `weights.lock.json` is committed, so whoever unpacks the archive knows
that each file is the one that was measured.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mood_reference.methods import MethodName
from mood_reference.shipping.contexts import DATASETS, PROJECT
from mood_reference.shipping.wheels import digest_of

LOCK = PROJECT / "weights.lock.json"
SCHEMA = "mood-weights-lock/1"
MOST_BYTES = 20_000_000  # of one file
MOST_TOTAL = 120_000_000  # of all together
REPACK = "if you trained these weights yourself, write a lock of your own with `mood-reference pack`"


@dataclass(slots=True)
class Packed:
    """What a release holds and what it leaves out."""

    files: dict[str, Path] = field(default_factory=dict)  # "pca/brain.npz" -> file
    left_out: dict[str, str] = field(default_factory=dict)  # method -> why


def pack(root: Path, archive: Path, lock: Path = LOCK) -> Packed:
    """Write ROOT/METHOD/DATASET.npz of all methods into one archive, and their hashes into the lock file."""
    packed = choose_files(root)
    if not packed.files:
        raise FileNotFoundError(
            f"{root} holds no METHOD/brain.npz and METHOD/abdom.npz; make them with mood-reference train"
        )
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(_make_archive(packed.files))
    _write_lock(lock, archive, packed)
    return packed


def choose_files(root: Path) -> Packed:
    """Choose methods with weights for both Datasets, the smallest first while they fit."""
    packed, total = Packed(), 0
    for size, method in sorted(_measure_methods(root)):
        files = {f"{method}/{dataset}.npz": root / method / f"{dataset}.npz" for dataset in DATASETS}
        missing = [name for name, path in files.items() if not path.is_file()]
        large = [name for name, path in files.items() if not missing and path.stat().st_size > MOST_BYTES]
        if missing:
            packed.left_out[method] = f"{missing[0]} is missing"
        elif large:
            packed.left_out[method] = f"{large[0]} is larger than {MOST_BYTES // 10**6} MB"
        elif total + size > MOST_TOTAL:
            packed.left_out[method] = f"all together would exceed {MOST_TOTAL // 10**6} MB"
        else:
            packed.files |= files
            total += size
    return packed


def _measure_methods(root: Path) -> Iterator[tuple[int, MethodName]]:
    for method in MethodName:
        sizes = [path.stat().st_size for path in (root / method).glob("*.npz")]
        if sizes:
            yield sum(sizes), method


def _make_archive(files: dict[str, Path]) -> bytes:
    """The same files give the same bytes: sorted names, no times, no owners."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, path in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                tar.addfile(entry, file)
    return gzip.compress(raw.getvalue(), compresslevel=1, mtime=0)  # the files are compressed already


def _write_lock(lock: Path, archive: Path, packed: Packed) -> None:
    files = {
        name: {"sha256": digest_of(path), "bytes": path.stat().st_size}
        for name, path in sorted(packed.files.items())
    }
    content = {
        "schema": SCHEMA,
        "archive": {"name": archive.name, "sha256": digest_of(archive), "bytes": archive.stat().st_size},
        "files": files,
        "left_out": packed.left_out,
    }
    lock.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def unpack(archive: Path, root: Path, lock: Path = LOCK) -> list[Path]:
    """Write the files of an archive under ROOT, once every one has the hash of the lock; return the paths."""
    wanted = _read_lock(lock)["files"]
    contents = _read_archive(archive, wanted, lock)
    for name, facts in wanted.items():
        if name not in contents:
            raise ValueError(f"{archive} does not hold {name}, which {lock} lists; {_get_right_one(lock)}")
        if hashlib.sha256(contents[name]).hexdigest() != facts["sha256"]:
            raise ValueError(f"{name} of {archive} is not the file that {lock} lists; {_get_right_one(lock)}")
    for name in wanted:
        _refuse_other(root / name, wanted[name]["sha256"])
    return [_write(root / name, contents[name]) for name in sorted(wanted)]


def _read_lock(lock: Path) -> dict[str, Any]:
    if not lock.is_file():
        raise FileNotFoundError(f"{lock} is missing; it comes with the repository, and `pack` writes it.")
    content: dict[str, Any] = json.loads(lock.read_text())
    if content.get("schema") != SCHEMA:
        raise ValueError(f"{lock} has schema {content.get('schema')}, not {SCHEMA}.")
    return content


def _get_right_one(lock: Path) -> str:
    return f"download the archive of the release that {lock.name} belongs to again, or {REPACK}."


def _read_archive(archive: Path, wanted: Container[str], lock: Path) -> dict[str, bytes]:
    """Return the wanted files; whatever else an archive may hold is never touched."""
    contents = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isreg() and entry.name in wanted else None
                if file is not None and entry.size <= MOST_BYTES:
                    contents[entry.name] = file.read()
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ValueError(f"{archive} is damaged ({error}); {_get_right_one(lock)}") from error
    return contents


def _refuse_other(path: Path, digest: str) -> None:
    if path.exists() and digest_of(path) != digest:
        raise FileExistsError(
            f"{path} is there already and is another file; move it away or name a new folder."
        )


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
    return path
