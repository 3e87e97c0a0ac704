"""One platform for all end-to-end tests, with tiny test sets, images and a challenge a test module."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import APIError, ImageNotFound

from mood_platform.machine.processes import processes_of
from mood_support.live import LivePlatform, docker_client, free_port

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CHALLENGE = """
schema: mood-challenge/1
slug: {slug}
title: {slug}
timeline: {{opens: 2026-01-01T00:00:00Z, closes: 2099-12-31T23:59:00Z, upload_grace: 2h}}
quota: {{challenge: {quota}, attempts: 1000}}
limits: {{seconds: 20, memory: 512MiB, tmp: 32MiB, output: 32MiB, output_files: 8, shm: 16MiB, pids: 64,
         cpus: 1, gpus: 0, log: 64KiB, image: 1GiB}}
scoring: {{valid_share: 0.5}}
stages:
  toy: {{brain: [toy-brain], abdom: [toy-abdom]}}
  challenge: {{brain: [test-brain], abdom: [test-abdom]}}
retention: {{predictions: 30d after publication, logs: 90d}}
"""
SHELL_DOCKERFILE = "FROM {base}\nLABEL org.mood.tests={unique}\nCOPY *.sh /workspace/\n"
SHELL_SCRIPTS = {
    "pixel": 'sleep {pause}; echo "copying $(ls "$1")"; cp "$1"/*.nii.gz "$2"/\n',
    "sample": 'sleep {pause}; file=$(cd "$1" && echo *.nii.gz); echo "weighing $file"\n'
    'echo "0.$(cksum < "$1/$file" | cut -c1-4)" > "$2/$file.txt"\n',
}
"""The scan itself as its map of scores; a number that depends on every byte of it. No Python to wait for."""


def run(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words} → {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def base_image() -> str:
    """Id of the platform's base image; built if this engine does not have it."""
    told = run(ROOT / "infra" / "base-image" / "build.sh")
    tag = next(word for word in told.split() if word.startswith("mood-base:"))
    return run("docker", "image", "inspect", "--format", "{{.Id}}", tag).strip()


@pytest.fixture(scope="session")
def runtime_image(base_image: str) -> str:
    """The base with NumPy and nibabel, as reference submissions and participants use it."""
    run(BIN / "mood-reference", "runtime", "--base", base_image)
    return "mood-reference-base"


@pytest.fixture(scope="session")
def build_image() -> Iterator[Callable[..., str]]:
    """Builds a folder with a Dockerfile; gives the tag. Everything built is removed at the end."""
    built: list[str] = []

    def build(name: str, folder: Path, *options: str) -> str:
        tag = f"mood-e2e-{name}:{uuid.uuid4().hex[:8]}"
        run("docker", "build", "--quiet", "--tag", tag, *options, folder)
        built.append(run("docker", "image", "inspect", "--format", "{{.Id}}", tag).strip())
        return tag

    yield build
    with docker_client() as client:
        for image in built:
            with suppress(ImageNotFound, APIError):
                client.images.remove(image, force=True)


@pytest.fixture(scope="session")
def save_and_remove() -> Callable[[str, Path], None]:
    """Writes an image to an archive and takes it from the Engine."""

    def save(tag: str, path: Path) -> None:
        run("docker", "save", "--output", path, tag)
        run("docker", "rmi", tag)

    return save


@pytest.fixture(scope="session")
def shell_image(
    build_image: Callable[..., str], base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., str]:
    """Builds an image of four shell scripts that each pause for some seconds."""

    def build(name: str, *, pause: float) -> str:
        folder = tmp_path_factory.mktemp(name)
        (folder / "Dockerfile").write_text(SHELL_DOCKERFILE.format(base=base_image, unique=uuid.uuid4()))
        for task, script in SHELL_SCRIPTS.items():
            for dataset in ("brain", "abdom"):
                (folder / f"run_{task}_{dataset}.sh").write_text(script.format(pause=pause))
        return build_image(name, folder)

    return build


@pytest.fixture(scope="session")
def test_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "mini"
    run(BIN / "mood-test-sets", "build", "mini", folder, "--train", "1")
    return folder


@pytest.fixture(scope="session")
def platform(
    base_image: str,  # what `mood up` holds cases with
    build_image: Callable[..., str],  # whose images are removed after the containers that use them
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[LivePlatform]:
    home = Path(tempfile.mkdtemp(prefix="mood-"))
    one = LivePlatform(home, tmp_path_factory.mktemp("people"), free_port())
    try:
        one.up(MAX_ATTEMPTS=os.environ.get("ATTEMPTS", "3"))
        yield one
    finally:
        if request.session.testsfailed:
            sys.stdout.write(one.logs())  # pytest shows it with the failure
        one.down()
        left = [*processes_of(home), *one.leftovers()]
        if "KEEP" not in os.environ:
            shutil.rmtree(home)
    assert left == []


@pytest.fixture(scope="session")
def installed(platform: LivePlatform, test_sets: Path) -> LivePlatform:
    """With toy and hidden test sets of both Datasets."""
    names = [f"{purpose}-{dataset}" for purpose in ("toy", "test") for dataset in ("brain", "abdom")]
    platform.admin("import", *(test_sets / name for name in names))
    return platform


@pytest.fixture(scope="session")
def open_challenge(installed: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Opens a challenge of its own for a test module; gives its slug."""

    def open_one(slug: str, *, quota: int = 10) -> str:
        file = tmp_path_factory.mktemp(slug) / "challenge.yaml"
        file.write_text(CHALLENGE.format(slug=slug, quota=quota))
        installed.admin("apply", "--yes", file)
        return slug

    return open_one
