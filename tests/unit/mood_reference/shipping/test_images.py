"""When a runtime is built and when it is there already; a script stands in for Docker and notes its words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mood_reference.shipping.images import build_runtime, digest_inputs, name_runtime
from mood_reference.shipping.wheels import NOTE, NUMPY_SET

DOCKER = """#!/bin/sh
echo "$*" >>{home}/words
case "$1 $2 $5" in
"run --rm "*) echo 3.11 ;;
"image inspect base") echo sha256:base ;;
"image inspect "*) cat {home}/label ;;
"build "*) ls "$(eval echo \\${{$#}})"/wheels >{home}/wheels; for word; do case "$word" in
    org.mood.*=*) echo "${{word#*=}}" >{home}/label ;; esac; done ;;
esac
"""
Build = Callable[[], list[str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "docker"
    program.write_text(DOCKER.format(home=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    wheels = tmp_path / "shed" / "python3.11"
    wheels.mkdir(parents=True)
    (wheels / "numpy-2.0-a.whl").write_bytes(b"numpy")
    (wheels / NOTE).write_text(repr(NUMPY_SET))
    return tmp_path


@pytest.fixture
def build(home: Path) -> Build:
    """Asks for the runtime; gives the first words of what Docker was told to do."""

    def ask() -> list[str]:
        (home / "words").write_text("")
        assert build_runtime(base="base", wheels_folder=home / "shed") == "mood-reference-base"
        return [line.split()[0] for line in (home / "words").read_text().splitlines()]

    return ask


def test_a_runtime_is_built_from_its_wheels_and_cleaned_up_after(build: Build, home: Path) -> None:
    assert build() == ["run", "image", "image", "build", "image"]
    assert (home / "wheels").read_text().split() == ["numpy-2.0-a.whl"]
    assert "image prune --force --filter label=" in (home / "words").read_text()


def test_a_runtime_of_the_same_inputs_is_not_built_again(build: Build) -> None:
    build()
    assert build() == ["run", "image", "image"]


def test_another_wheel_makes_another_runtime(build: Build, home: Path) -> None:
    build()
    (home / "shed" / "python3.11" / "numpy-2.0-a.whl").write_bytes(b"another")
    assert "build" in build()


def test_base_image_and_every_wheel_count_as_inputs(tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(b"1")
    digests = {digest_inputs("one", []), digest_inputs("two", []), digest_inputs("one", [wheel])}
    wheel.write_bytes(b"2")
    assert len(digests | {digest_inputs("one", [wheel])}) == 4


def test_a_runtime_with_given_wheels_does_not_take_the_place_of_the_cpus() -> None:
    given = name_runtime(torch=True, torch_wheels=Path("cuda"))
    names = [given, name_runtime(torch=True, torch_wheels=None), name_runtime(torch=False, torch_wheels=None)]
    assert names == ["mood-reference-torch-given", "mood-reference-torch", "mood-reference-base"]
