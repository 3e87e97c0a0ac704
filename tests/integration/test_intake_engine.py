"""Whatever an archive says about names: no image of an engine is touched by its check or its load."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from mood_platform.execution.docker import DockerRuntime
from mood_platform.images.image_config import ImageFacts
from mood_platform.images.intake_child import check_image
from mood_support.archive_attacks import ATTACKS, LIMIT, Attack
from mood_support.image_archives import ImageDraft

pytestmark = pytest.mark.docker
ACCEPTED = [attack for attack in ATTACKS if attack.reason is None]


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


class Loader:
    """Checks archives and loads their clean copies, as intake and a node do one after the other."""

    def __init__(self, engine: docker.DockerClient, folder: Path) -> None:
        self.engine, self.folder, self.loaded = engine, folder, set[str]()

    def check(self, archive: bytes) -> ImageFacts:
        (self.folder / "image.tar").write_bytes(archive)
        return check_image(self.folder / "image.tar", self.folder / "clean.tar", limit=LIMIT)

    def load(self) -> str:
        image = DockerRuntime().load(self.folder / "clean.tar", instance="intake-test")
        self.loaded.add(image)
        return image

    def tags(self) -> dict[str, str]:
        """Every name this engine knows, and the image that it stands for."""
        return {tag: str(image.id) for image in self.engine.images.list(all=True) for tag in image.tags}


@pytest.fixture
def loader(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Loader]:
    made = Loader(engine, tmp_path)
    yield made
    for image in made.loaded:
        with suppress(ImageNotFound):
            engine.images.remove(image, force=True)


def assert_untouched(before: dict[str, str], after: dict[str, str]) -> None:
    """Others may build and remove images meanwhile; a name that stays must mean the same."""
    assert {tag: image for tag, image in before.items() if after.get(tag, image) != image} == {}


def test_a_tag_of_another_image_stays_with_it_through_check_and_load(
    loader: Loader, engine: docker.DockerClient
) -> None:
    loader.check(ImageDraft(outer={"created": "2025-01-01T00:00:00Z"}).archive())
    victim, name = loader.load(), f"mood-tag-test:{uuid.uuid4().hex}"
    engine.images.get(victim).tag(*name.split(":"))
    before = loader.tags()
    stranger = f"mood-tag-test:{uuid.uuid4().hex}"
    facts = loader.check(ImageDraft(tags=[name, stranger]).archive())
    assert_untouched(before, loader.tags())
    loaded = loader.load()
    after = loader.tags()
    assert (loaded, loaded == victim, stranger in after) == (facts.digest, False, False)
    assert after[name] == victim
    assert_untouched(before, after)


@pytest.mark.parametrize("attack", ACCEPTED, ids=lambda attack: attack.name)
def test_an_engine_takes_the_clean_copy_of_whatever_is_accepted_under_its_digest(
    loader: Loader, attack: Attack
) -> None:
    before = loader.tags()
    facts = loader.check(attack.build())
    assert loader.load() == facts.digest
    assert_untouched(before, loader.tags())
    ours = f"mood-submission:{facts.digest.removeprefix('sha256:')}-"
    assert all(tag.startswith(ours) for tag, image in loader.tags().items() if image == facts.digest)


def test_the_process_that_looks_into_archives_does_not_even_know_how_to_ask_an_engine() -> None:
    program = "import sys, mood_platform.images.intake_child; print('docker' in sys.modules)"
    found = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
