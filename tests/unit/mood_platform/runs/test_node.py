"""The node's cache: right bytes or none, bounded, least recently used out; images loaded once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mood_platform.errors import NotFound, Transient
from mood_platform.execution.runtime import CaseJob, Execution, SelfTest
from mood_platform.runs.node import Node, cached_case, ensure_image
from mood_platform.storage.local import LocalStore


class Images:
    """A runtime that only keeps images: each as long as somebody holds it."""

    def __init__(self, *others: str) -> None:
        """`others` are held by somebody else."""
        self.holders: dict[str, set[str]] = {image: {"somebody else"} for image in others}
        self.loads: list[str] = []

    @property
    def present(self) -> set[str]:
        return {image for image, holders in self.holders.items() if holders}

    def execute(self, job: CaseJob, *, should_stop: Callable[[], bool]) -> Execution:
        raise AssertionError("no case is run here")

    def load(self, archive: Path | Iterable[bytes], *, instance: str) -> str:
        assert isinstance(archive, Path)
        digest = archive.read_text()
        self.loads.append(digest)
        self.holders.setdefault(digest, set()).add(instance)
        return digest

    def has_image(self, image: str) -> bool:
        return image in self.present

    def hold_image(self, image: str, *, instance: str) -> bool:
        here = image in self.present
        if here:
            self.holders[image].add(instance)
        return here

    def remove_image(self, image: str, *, instance: str) -> None:
        self.holders.get(image, set()).discard(instance)

    def check_scripts(self, image: str, *, instance: str) -> None:
        raise AssertionError("no script is looked at here")

    def claims(self, *, instance: str) -> set[str]:
        return set()

    def remove_claim(self, claim_id: str) -> None:
        raise AssertionError("no claim is removed here")

    def self_test(self, test: SelfTest) -> str | None:
        raise AssertionError("nothing is tested here")

    def free_bytes(self) -> int | None:
        return None


def a_node(cache: Path, *, case_cache_bytes: int = 10**9, image_cache_count: int = 2) -> Node:
    return Node(
        name="node-1",
        machine="machine-1",
        instance="test",
        holder_image="base",
        cache=cache,
        facts={},
        case_cache_bytes=case_cache_bytes,
        image_cache_count=image_cache_count,
    )


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def put_case(store: LocalStore, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    store.put_bytes(f"cases/{sha256}.nii.gz", content)
    return sha256


def put_image(store: LocalStore, digit: str) -> str:
    digest = f"sha256:{digit * 64}"
    store.put_bytes(f"images/{digest}.tar", digest.encode())
    return digest


def test_a_case_is_fetched_once_and_then_found_here(store: LocalStore, tmp_path: Path) -> None:
    node, sha256 = a_node(tmp_path / "cache"), put_case(store, b"voxels")
    path = cached_case(node, store, sha256)
    assert path.read_bytes() == b"voxels"
    store.delete(f"cases/{sha256}.nii.gz")
    assert cached_case(node, store, sha256) == path


def test_a_case_with_other_bytes_than_its_hash_is_refused_and_not_kept(
    store: LocalStore, tmp_path: Path
) -> None:
    node, wrong = a_node(tmp_path / "cache"), "0" * 64
    store.put_bytes(f"cases/{wrong}.nii.gz", b"something else")
    for _ in range(2):
        with pytest.raises(Transient, match="hashes to"):
            cached_case(node, store, wrong)
    assert [path.name for path in node.cases.iterdir()] == [f"{wrong}.lock"]


def test_a_case_that_is_nowhere_is_named(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cases/abc"):
        cached_case(a_node(tmp_path / "cache"), store, "abc")


def test_the_least_recently_used_cases_make_room(store: LocalStore, tmp_path: Path) -> None:
    node = a_node(tmp_path / "cache", case_cache_bytes=25)
    first, second, third = (put_case(store, bytes([65 + index]) * 10) for index in range(3))
    for age, sha256 in ((200, first), (100, second)):
        path = cached_case(node, store, sha256)
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    cached_case(node, store, first)
    cached_case(node, store, third)
    assert {path.name.partition(".")[0] for path in node.cases.glob("*.nii.gz")} == {first, third}


def test_an_image_is_loaded_once_even_by_two_slots_at_once(store: LocalStore, tmp_path: Path) -> None:
    node, runtime, digest = a_node(tmp_path / "cache"), Images(), put_image(store, "a")
    with ThreadPoolExecutor(4) as slots:
        list(slots.map(lambda _: ensure_image(node, store, runtime, digest), range(8)))
    assert runtime.loads == [digest]
    assert node.loaded_images() == [digest]


def test_images_beyond_the_bound_are_forgotten_oldest_use_first(store: LocalStore, tmp_path: Path) -> None:
    node, runtime = a_node(tmp_path / "cache"), Images()
    digests = [put_image(store, digit) for digit in "abc"]
    for age, digest in zip((300, 200), digests, strict=False):
        ensure_image(node, store, runtime, digest)
        mark = node.images / digest.replace(":", "-")
        os.utime(mark, (mark.stat().st_mtime - age,) * 2)
    ensure_image(node, store, runtime, digests[0])
    ensure_image(node, store, runtime, digests[2])
    assert runtime.present == {digests[0], digests[2]}


def test_two_slots_that_forget_the_same_images_and_cases_do_not_fail(
    store: LocalStore, tmp_path: Path
) -> None:
    node, runtime = a_node(tmp_path / "cache", case_cache_bytes=900, image_cache_count=1), Images()
    images = [put_image(store, digit) for digit in "0123456789abcdef"]
    cases = [put_case(store, digest.encode()) for digest in images]

    def use(place: int) -> None:
        ensure_image(node, store, runtime, images[place])
        cached_case(node, store, cases[place])
        node.loaded_images()

    with ThreadPoolExecutor(8) as slots:
        for _ in range(10):
            list(slots.map(use, range(16)))


def test_an_image_that_was_here_before_is_neither_loaded_nor_ever_forgotten(
    store: LocalStore, tmp_path: Path
) -> None:
    own = put_image(store, "f")
    node, runtime = a_node(tmp_path / "cache", image_cache_count=1), Images(own)
    for digest in (own, put_image(store, "a"), put_image(store, "b")):
        ensure_image(node, store, runtime, digest)
    assert own in runtime.present
    assert own not in runtime.loads


def test_an_image_that_another_installation_brought_stays_when_that_one_forgets_it(
    store: LocalStore, tmp_path: Path
) -> None:
    digest = put_image(store, "a")
    node, runtime = a_node(tmp_path / "cache"), Images(digest)
    ensure_image(node, store, runtime, digest)
    runtime.remove_image(digest, instance="somebody else")
    assert runtime.present == {digest}
    assert node.loaded_images() == [digest]


def test_an_archive_that_loads_as_another_image_is_refused(store: LocalStore, tmp_path: Path) -> None:
    store.put_bytes("images/sha256:wanted.tar", b"sha256:other")
    with pytest.raises(Transient, match="loaded as sha256:other"):
        ensure_image(a_node(tmp_path / "cache"), store, Images(), "sha256:wanted")
