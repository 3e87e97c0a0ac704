"""How large studies are, what they cost, and what is remembered between two calls."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mood_reference.methods import MethodName
from mood_studies.study.contest.memory import Memory
from mood_studies.study.scale import SCALES, cases_of_a_method, expected_hours


def test_the_small_study_has_at_most_eight_methods_and_the_full_one_all() -> None:
    assert len(SCALES["small"].methods) <= 8
    assert set(SCALES["full"].methods) == set(MethodName)


def test_every_recipe_is_built_open_and_in_the_same_size() -> None:
    for options in SCALES["full"].recipes.values():
        assert options[:3] == ("--size", "64", "--not-hidden")


def test_cases_are_counted_once_for_each_time_they_run(tmp_path: Path) -> None:
    for kind in ("toy", "test", "toyish", "size-sweep", "contrast-sweep"):
        for dataset in ("brain", "abdom"):
            folder = tmp_path / f"{kind}-{dataset}"
            folder.mkdir()
            cases = [{"tasks": ["sample"]}, {"tasks": ["sample", "pixel"]}]
            (folder / "test_set.json").write_text(json.dumps({"cases": cases}))
    sample, pixel = 2 * (2 * 2 + 2 + 2), 2 * (2 + 1 + 1 + 1 + 1)
    assert cases_of_a_method(tmp_path, analysed=True) == sample + pixel
    assert cases_of_a_method(tmp_path, analysed=False) == 2 * (2 * 2 + 2) + 2 * (2 + 1)


def test_hours_count_training_once_and_share_cases_among_slots() -> None:
    one = expected_hours(untrained=["cevae"], cases={"cevae": 600}, slots=1)
    two = expected_hours(untrained=[], cases={"cevae": 600}, slots=2)
    assert two == pytest.approx(600 * 4.5 / 3600 / 2)
    assert one == pytest.approx(2 * two + 3 / 60)


def test_the_command_names_what_is_not_as_usual() -> None:
    small = SCALES["small"]
    assert small.command == f"make -C studies study-small SIZE=64 SHARE={small.share:g}"
    other = replace(small, side=32, methods=("pca", "constant"), bases=3)
    words = f"SIZE=32 SHARE={small.share:g} METHODS=pca,constant BASES=3"
    assert other.command == f"make -C studies study-small {words}"


def test_only_the_methods_named_are_analysed() -> None:
    some = replace(SCALES["full"], analysed=("pca",))
    assert some.analyses("pca")
    assert not some.analyses("vae")
    assert some.command.endswith("ANALYSED=pca")
    assert all(map(SCALES["full"].analyses, MethodName))


def test_what_was_noted_is_recalled_by_another_call(tmp_path: Path) -> None:
    Memory(tmp_path / "deep" / "memory.json").note("handed_in", "pca/toy", "sha256:1")
    again = Memory(tmp_path / "deep" / "memory.json")
    assert again.recall("handed_in", "pca/toy") == "sha256:1"
    assert again.recall("handed_in", "pca/challenge") is None


def test_seconds_of_several_calls_add_up_even_when_one_fails(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.json")
    memory.note("seconds", "weights", 100.0)
    with pytest.raises(KeyError), memory.timed("weights"):
        raise KeyError
    assert memory.recall("seconds", "weights") >= 100.0
