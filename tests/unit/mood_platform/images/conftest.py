"""Image archives for the tests of the intake's parts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mood_support.image_archives import ImageDraft, Member, scripts, tar_of


@pytest.fixture
def write(tmp_path: Path) -> Callable[[ImageDraft | bytes], Path]:
    def written(image: ImageDraft | bytes) -> Path:
        path = tmp_path / "image.tar"
        path.write_bytes(image if isinstance(image, bytes) else image.archive())
        return path

    return written


@pytest.fixture
def draft() -> type[ImageDraft]:
    return ImageDraft


@pytest.fixture
def member() -> type[Member]:
    return Member


@pytest.fixture
def tar() -> Callable[..., bytes]:
    return tar_of


@pytest.fixture
def run_scripts() -> Callable[..., list[Member]]:
    return scripts
