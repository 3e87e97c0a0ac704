"""The node's cache: right bytes or none, bounded, least recently used out; images loaded once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from mood_platform.errors import NotFound, Transient
from mood_platform.execution.runtime import CaseJob, Execution, SelfTest
from mood_platform.nodes.caches import cached_case, free_cache, loaded_image
from mood_platform.nodes.node import Node
from mood_platform.storage.keys import image_key, scan_key
from mood_platform.storage.local import LocalStore


class Images:
    """A runtime that only keeps images: each as long as somebody holds it."""

    def __init__(self, *others: str) -> None:
        """`others` are held by somebody else."""
        self.holders: dict[str, set[str]] = {image: {"somebody else"} for image in others}
        self.loads: list[str] = []
        self.sizes: dict[str, int] = {}
        self.free: int | None = None
        """Of the engine's disk; each image that is held takes its size of it."""

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

    def image_bytes(self, image: str) -> int:
        return self.sizes.get(image, 100)

    def remove_image(self, image: str, *, instance: str) -> None:
        self.holders.get(image, set()).discard(instance)

    def check_image(self, image: str, *, instance: str, limit: int) -> None:
        raise AssertionError("no script is looked at here")

    def claims(self, *, instance: str) -> set[str]:
        return set()

    def remove_claim(self, claim_id: str) -> None:
        raise AssertionError("no claim is removed here")

    def self_test(self, test: SelfTest) -> str | None:
        raise AssertionError("nothing is tested here")

    def free_bytes(self) -> int | None:
        return None if self.free is None else self.free - sum(map(self.image_bytes, self.present))


def a_node(cache: Path, *, case_cache_bytes: int = 10**9, image_cache_bytes: int = 200) -> Node:
    return Node(
        name="node-1",
        machine="machine-1",
        instance="test",
        holder_image="base",
        cache=cache,
        facts={},
        case_cache_bytes=case_cache_bytes,
        image_cache_bytes=image_cache_bytes,
    )


class Bytes(LocalStore):
    """As much of a Door as caches use: the bytes of claims."""

    def image(self, digest: str) -> AbstractContextManager[Path]:
        return self.local(image_key(digest))

    def case(self, sha256: str) -> AbstractContextManager[Path]:
        return self.local(scan_key(sha256))


def fetch(node: Node, store: Bytes, sha256: str) -> Path:
    with cached_case(node, store, sha256) as path:
        return path


def ensure(node: Node, store: Bytes, runtime: Images, digest: str) -> None:
    with loaded_image(node, store, runtime, digest):
        pass


@pytest.fixture
def store(tmp_path: Path) -> Bytes:
    return Bytes(tmp_path / "objects")


def put_case(store: Bytes, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    store.put_bytes(f"cases/{sha256}.nii.gz", content)
    return sha256


def put_image(store: Bytes, digit: str) -> str:
    digest = f"sha256:{digit * 64}"
    store.put_bytes(f"images/{digest}.tar", digest.encode())
    return digest


def test_a_case_is_fetched_once_and_then_found_here(store: Bytes, tmp_path: Path) -> None:
    node, sha256 = a_node(tmp_path / "cache"), put_case(store, b"voxels")
    path = fetch(node, store, sha256)
    assert path.read_bytes() == b"voxels"
    store.delete(f"cases/{sha256}.nii.gz")
    assert fetch(node, store, sha256) == path


def test_a_case_with_other_bytes_than_its_hash_is_refused_and_not_kept(store: Bytes, tmp_path: Path) -> None:
    node, wrong = a_node(tmp_path / "cache"), "0" * 64
    store.put_bytes(f"cases/{wrong}.nii.gz", b"something else")
    for _ in range(2):
        with pytest.raises(Transient, match="hashes to"):
            fetch(node, store, wrong)
    assert [path.name for path in node.cases.iterdir()] == [f"{wrong}.lock"]


def test_a_case_that_is_nowhere_is_named(store: Bytes, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cases/abc"):
        fetch(a_node(tmp_path / "cache"), store, "abc")


def test_the_least_recently_used_cases_make_room(store: Bytes, tmp_path: Path) -> None:
    node = a_node(tmp_path / "cache", case_cache_bytes=25)
    first, second, third = (put_case(store, bytes([65 + index]) * 10) for index in range(3))
    for age, sha256 in ((200, first), (100, second)):
        path = fetch(node, store, sha256)
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    fetch(node, store, first)
    fetch(node, store, third)
    assert {path.name.partition(".")[0] for path in node.cases.glob("*.nii.gz")} == {first, third}


def test_an_image_is_loaded_once_even_by_two_slots_at_once(store: Bytes, tmp_path: Path) -> None:
    node, runtime, digest = a_node(tmp_path / "cache"), Images(), put_image(store, "a")
    with ThreadPoolExecutor(4) as slots:
        list(slots.map(lambda _: ensure(node, store, runtime, digest), range(8)))
    assert runtime.loads == [digest]
    assert node.loaded_images() == [digest]


def test_images_beyond_the_bound_are_forgotten_oldest_use_first(store: Bytes, tmp_path: Path) -> None:
    node, runtime = a_node(tmp_path / "cache"), Images()
    digests = [put_image(store, digit) for digit in "abc"]
    for age, digest in zip((300, 200), digests, strict=False):
        ensure(node, store, runtime, digest)
        mark = node.images / digest.replace(":", "-")
        os.utime(mark, (mark.stat().st_mtime - age,) * 2)
    ensure(node, store, runtime, digests[0])
    ensure(node, store, runtime, digests[2])
    assert runtime.present == {digests[0], digests[2]}


def test_two_slots_that_forget_the_same_images_and_cases_do_not_fail(store: Bytes, tmp_path: Path) -> None:
    node, runtime = a_node(tmp_path / "cache", case_cache_bytes=900, image_cache_bytes=100), Images()
    images = [put_image(store, digit) for digit in "0123456789abcdef"]
    cases = [put_case(store, digest.encode()) for digest in images]

    def use(place: int) -> None:
        ensure(node, store, runtime, images[place])
        fetch(node, store, cases[place])
        node.loaded_images()

    with ThreadPoolExecutor(8) as slots:
        for _ in range(10):
            list(slots.map(use, range(16)))


def test_an_image_that_was_here_before_is_neither_loaded_nor_ever_forgotten(
    store: Bytes, tmp_path: Path
) -> None:
    own = put_image(store, "f")
    node, runtime = a_node(tmp_path / "cache", image_cache_bytes=100), Images(own)
    for digest in (own, put_image(store, "a"), put_image(store, "b")):
        ensure(node, store, runtime, digest)
    assert own in runtime.present
    assert own not in runtime.loads


def test_an_image_that_another_installation_brought_stays_when_that_one_forgets_it(
    store: Bytes, tmp_path: Path
) -> None:
    digest = put_image(store, "a")
    node, runtime = a_node(tmp_path / "cache"), Images(digest)
    ensure(node, store, runtime, digest)
    runtime.remove_image(digest, instance="somebody else")
    assert runtime.present == {digest}
    assert node.loaded_images() == [digest]


def test_an_archive_that_loads_as_another_image_is_refused(store: Bytes, tmp_path: Path) -> None:
    store.put_bytes("images/sha256:wanted.tar", b"sha256:other")
    with pytest.raises(Transient, match="loaded as sha256:other"):
        ensure(a_node(tmp_path / "cache"), store, Images(), "sha256:wanted")


# Bounds in bytes, and disks that are nearly full


def cached(node: Node) -> set[str]:
    return {path.name.partition(".")[0] for path in node.cases.glob("*.nii.gz")}


def test_a_case_that_is_in_use_makes_room_for_nobody(store: Bytes, tmp_path: Path) -> None:
    node = a_node(tmp_path / "cache", case_cache_bytes=10)
    first, second, third = (put_case(store, bytes([65 + index]) * 10) for index in range(3))
    with cached_case(node, store, first) as path:
        fetch(node, store, second)
        assert path.read_bytes() == b"A" * 10
    fetch(node, store, third)
    assert cached(node) == {third}


def test_slots_use_the_same_case_and_image_side_by_side(store: Bytes, tmp_path: Path) -> None:
    node, runtime = a_node(tmp_path / "cache"), Images()
    case, image = put_case(store, b"voxels"), put_image(store, "a")
    with loaded_image(node, store, runtime, image), cached_case(node, store, case) as path:
        ensure(node, store, runtime, image)
        assert fetch(node, store, case) == path
    assert runtime.loads == [image]


def test_a_fetch_looks_at_a_number_and_not_at_every_case(store: Bytes, tmp_path: Path) -> None:
    """The number says that there is room, so nobody finds out that it is wrong."""
    node = a_node(tmp_path / "cache", case_cache_bytes=100)
    first, second = put_case(store, b"A" * 90), put_case(store, b"B" * 90)
    fetch(node, store, first)
    (node.cache / "cases.bytes").write_text("0")
    fetch(node, store, second)
    assert cached(node) == {first, second}
    (node.cache / "cases.bytes").unlink()
    third = put_case(store, b"C" * 90)
    fetch(node, store, third)
    assert cached(node) == {third}, "counted anew, the number is right again"
    assert (node.cache / "cases.bytes").read_text() == "90"


def test_oldest_cases_go_until_the_disk_has_its_floor_free(store: Bytes, tmp_path: Path) -> None:
    node = a_node(tmp_path / "cache")
    fetch(node, store, put_case(store, b"A"))
    free_cache(node)
    assert len(cached(node)) == 1
    free_cache(replace(node, cache_free_bytes=2**62))
    assert cached(node) == set()


def test_images_are_weighed_by_the_engine_and_not_counted(store: Bytes, tmp_path: Path) -> None:
    node, runtime = a_node(tmp_path / "cache", image_cache_bytes=1000), Images()
    digests = [put_image(store, digit) for digit in "abcdef"]
    for digest in digests[:5]:
        ensure(node, store, runtime, digest)
    assert runtime.present == set(digests[:5])
    runtime.sizes[digests[5]] = 950
    ensure(node, store, runtime, digests[5])
    assert runtime.present == {digests[5]}


def test_an_image_that_is_in_use_is_not_forgotten(store: Bytes, tmp_path: Path) -> None:
    node, runtime = a_node(tmp_path / "cache", image_cache_bytes=100), Images()
    first, second = put_image(store, "a"), put_image(store, "b")
    with loaded_image(node, store, runtime, first):
        ensure(node, store, runtime, second)
        assert first in runtime.present


def test_a_mark_from_before_images_were_weighed_is_weighed(store: Bytes, tmp_path: Path) -> None:
    node, runtime = a_node(tmp_path / "cache", image_cache_bytes=150), Images()
    first, second = put_image(store, "a"), put_image(store, "b")
    ensure(node, store, runtime, first)
    (node.images / first.replace(":", "-")).write_text("")
    ensure(node, store, runtime, second)
    assert runtime.present == {second}


def test_oldest_images_go_before_a_new_one_would_fill_the_engines_disk(store: Bytes, tmp_path: Path) -> None:
    node, runtime = (
        replace(a_node(tmp_path / "cache", image_cache_bytes=10**9), engine_free_bytes=50),
        Images(),
    )
    runtime.free = 300
    first, second, third = (put_image(store, digit) for digit in "abc")
    for age, digest in ((200, first), (100, second)):
        ensure(node, store, runtime, digest)
        mark = node.images / digest.replace(":", "-")
        os.utime(mark, (mark.stat().st_mtime - age,) * 2)
    ensure(node, store, runtime, third)
    assert runtime.present == {second, third}
