"""Steps that are done already are skipped, and one method that fails stops no other."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mood_studies.driving.platforms import HomePlatform
from mood_studies.driving.stages import Stages, StepFailed
from mood_studies.study.contest.ingredients import Ingredients
from mood_studies.study.contest.memory import Memory
from mood_studies.study.main import Study, known_ports, stop_like_ctrl_c
from mood_studies.study.scale import SCALES

Command = Sequence[str | Path]


class Written(Stages):
    """Runs nothing: writes commands down, and answers as an Engine that has the image of PCA alone."""

    commands: list[str]

    def run(self, command: Command, *, log: str, variables: Mapping[str, str] | None = None) -> str:
        assert log
        assert variables is None
        words = " ".join(map(str, command))
        self.commands.append(words)
        has = "inspect" in words or words.endswith("-q mood-reference-pca")
        return "sha256:1\n" if has else ""


@pytest.fixture
def stages(tmp_path: Path) -> Written:
    written = Written(tmp_path / "log")
    written.commands = []
    return written


@pytest.fixture
def ingredients(stages: Written, tmp_path: Path) -> Ingredients:
    for name in ("brain", "abdom"):
        path = tmp_path / "weights" / "pca" / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return Ingredients(stages, SCALES["small"], tmp_path, tmp_path / "weights")


def made(stages: Written) -> list[str]:
    start = f"{sys.executable} -m "
    return [words.removeprefix(start) for words in stages.commands if words.startswith(start)]


def test_trained_methods_are_not_trained_again(ingredients: Ingredients, stages: Written) -> None:
    ingredients.train("pca")
    assert made(stages) == []
    ingredients.train("fpi")
    assert made(stages) == ["mood_studies.reference.weights fpi"]


def test_an_image_is_always_built_since_code_may_have_changed(
    ingredients: Ingredients, stages: Written
) -> None:
    assert ingredients.pack("pca") == "sha256:1"
    assert made(stages) == ["mood_studies.reference.images pca"]


def test_images_are_handed_in_as_they_were_built_where_asked(
    ingredients: Ingredients, stages: Written
) -> None:
    as_built = replace(ingredients, as_built=True)
    assert as_built.pack("pca") == "sha256:1"
    assert made(stages) == []
    as_built.pack("fpi")
    assert made(stages) == ["mood_studies.reference.images fpi"]


def test_all_recipes_are_built_where_they_are_not(ingredients: Ingredients, stages: Written) -> None:
    ingredients.build_test_sets()
    assert [words.split()[2] for words in stages.commands] == list(SCALES["small"].recipes)
    assert all("--not-hidden" in words for words in stages.commands)


def test_a_method_that_fails_is_named_and_left_out_and_the_others_go_on(
    stages: Written, tmp_path: Path
) -> None:
    study = Study(stages, SCALES["small"], tmp_path, HomePlatform(stages, tmp_path / "home"), 8050)

    def work(method: str) -> str:
        if method == "fpi":
            raise StepFailed("no such weights")
        return method

    answers: dict[str, Any] = study.each("weights", work)
    assert study.failed == {"fpi": "weights: no such weights"}
    assert list(answers) == study.alive
    assert len(study.alive) == len(SCALES["small"].methods) - 1
    assert study.each("images", work).keys() == answers.keys()


def test_a_study_that_goes_on_takes_the_port_it_had(tmp_path: Path) -> None:
    assert known_ports(tmp_path) == []
    (tmp_path / "settings.env").write_text("MOOD_API__HOST=0\nMOOD_API__PORT=8051\n")
    assert known_ports(tmp_path) == [8051]


@pytest.fixture
def own_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_time_of_a_study_that_was_killed_is_counted(number: signal.Signals, tmp_path: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell starts what it runs in the background
    stop_like_ctrl_c()
    memory = Memory(tmp_path / "memory.json")
    with pytest.raises(KeyboardInterrupt), memory.timed("challenge stage"):
        os.kill(os.getpid(), number)
    assert memory.recall("seconds", "challenge stage") is not None
