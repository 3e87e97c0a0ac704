"""Objects in a local folder: write-once, whole or not at all, never outside the folder."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from mood_platform.errors import Invalid, NotFound
from mood_platform.storage.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def test_bytes_come_back_as_they_went_in(store: LocalStore) -> None:
    store.put_bytes("runs/1/log", b"hello")
    assert store.read("runs/1/log", limit=100) == b"hello"
    assert store.read("runs/1/log", limit=2) == b"he"
    with store.local("runs/1/log") as path:
        assert path.read_bytes() == b"hello"


def test_a_file_is_copied_not_moved(store: LocalStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"data")
    store.put_file("cases/a.nii.gz", source)
    source.write_bytes(b"changed")
    assert store.read("cases/a.nii.gz", limit=100) == b"data"


def test_the_first_object_under_a_key_stays(store: LocalStore) -> None:
    store.put_bytes("a", b"first")
    store.put_bytes("a", b"second")
    assert store.read("a", limit=100) == b"first"


def test_no_half_written_object_is_ever_seen(store: LocalStore) -> None:
    def break_off() -> None:
        with store._new("a") as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert not store.exists("a")
    assert list(store.root.iterdir()) == []


def test_a_writer_that_is_killed_leaves_nothing_behind(store: LocalStore) -> None:
    child = os.fork()
    if child == 0:
        with store._new("runs/1/log") as stream:
            stream.write(bytes(2**16))
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert list((store.root / "runs" / "1").iterdir()) == []


def test_a_store_that_refuses_is_not_one_that_lacks_the_object(store: LocalStore) -> None:
    store.put_bytes("runs", b"a file where a folder should be")
    with pytest.raises(OSError, match="Not a directory"):
        store.read("runs/1/log", limit=1)


def test_keys_are_listed_below_a_prefix(store: LocalStore) -> None:
    for key in ("runs/1/a", "runs/1/b/c", "runs/2/a"):
        store.put_bytes(key, b"")
    assert list(store.keys("runs/1")) == ["runs/1/a", "runs/1/b/c"]
    assert list(store.keys("nothing")) == []


def test_a_missing_object_is_named(store: LocalStore) -> None:
    with pytest.raises(NotFound, match="runs/9"):
        store.read("runs/9", limit=1)
    store.delete("runs/9")


def test_a_deleted_object_is_gone(store: LocalStore) -> None:
    store.put_bytes("a", b"x")
    store.delete("a")
    assert not store.exists("a")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../outside", "runs/../../outside"])
def test_a_key_never_leaves_the_folder(store: LocalStore, key: str) -> None:
    with pytest.raises(Invalid, match="not a relative path"):
        store.path(key)
