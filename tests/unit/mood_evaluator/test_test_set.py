"""The manifest: comes back as written, and says in a sentence what is wrong with it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import (
    Dataset,
    InvalidTestSet,
    Manifest,
    ManifestCase,
    Task,
    UndefinedScore,
    canonical_digest,
    draw_batching,
    load_test_set,
    save_test_set,
)

BOTH = (Task.SAMPLE, Task.PIXEL)
CASES = (
    ManifestCase("a", "images/a.nii.gz", None, (2, 3, 4), abnormal=False, tasks=BOTH, sha256_image="0a"),
    ManifestCase(
        "b",
        "images/b.nii.gz",
        "labels/b.nii.gz",
        (2, 3, 4),
        abnormal=True,
        tasks=BOTH,
        scope="local",
        origin="artificial",
        category="image",
        subcategory="gorilla",
        difficulty=3,
        difficulty_source="effect-size",
        base_subject="s1",
        annotation="voxels changed",
        sha256_image="0b",
        sha256_label="1b",
    ),
    ManifestCase(
        "c",
        "images/c.nii.gz",
        None,
        (2, 3, 4),
        abnormal=True,
        tasks=(Task.SAMPLE,),
        scope="global",
        origin="natural",
        sha256_image="0c",
    ),
)
AFFINE = ((0.7, 0.0, 0.0, -3.5), (0.0, 0.7, 0.0, 0.0), (0.0, 0.1, 2.0, 0.0))
SET = Manifest(
    name="test-brain",
    dataset=Dataset.BRAIN,
    purpose="test",
    recipe="demo",
    generator_version="1",
    source_subjects=2,
    cases=CASES,
    batchings=(draw_batching({"a": False, "b": True}, size=20, seed=1),),
    not_hidden=True,
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save_test_set(SET, tmp_path)
    assert load_test_set(tmp_path) == SET
    hidden = replace(SET, not_hidden=False, secret_sha256="5e")
    save_test_set(hidden, tmp_path)
    assert load_test_set(tmp_path) == hidden


def test_cases_are_chosen_by_task() -> None:
    assert [case.id for case in SET.for_task(Task.PIXEL)] == ["a", "b"]
    assert [case.id for case in SET.for_task(Task.SAMPLE)] == ["a", "b", "c"]


def test_the_digest_is_that_of_the_compact_sorted_document() -> None:
    document = SET.to_json()
    assert document["schema"] == "mood-test-set/1"
    assert document["digest"] == SET.digest == canonical_digest(document)
    assert canonical_digest({"b": 1, "a": "ä", "digest": "x"}) == canonical_digest({"a": "ä", "b": 1})
    assert replace(SET, name="other").digest != SET.digest


def _change(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_change("schema", value="mood-test-set/9"), "schema"),
        (_change("dataset", value="knee"), "dataset"),
        (_change("name", value=""), "name"),
        (_change("source_subjects", value=-1), "source_subjects"),
        (_change("source_subjects", value=True), "source_subjects"),
        (_change("cases", value={}), "cases"),
        (_change("cases", 1, value=7), "cases[1]"),
        (_change("cases", 1, "shape", value=[1, 2]), "cases[1].shape"),
        (_change("cases", 1, "shape", value=[1, 2, 0]), "cases[1].shape"),
        (_change("cases", 1, "abnormal", value=1), "cases[1].abnormal"),
        (_change("cases", 0, "tasks", value=["voxel"]), "cases[0].tasks"),
        (_change("cases", 0, "sha256", value={}), "cases[0].sha256.image"),
        (_change("cases", 0, "image", value="../../etc/passwd"), "cases[0].image"),
        (_change("cases", 1, "label", value="/etc/passwd"), "cases[1].label"),
        (_change("cases", 1, "label", value=None), "cases[1].tasks"),
        (_change("cases", 1, "scope", value="everywhere"), "cases[1].scope"),
        (_change("cases", 1, "origin", value="alien"), "cases[1].origin"),
        (_change("cases", 1, "id", value="a"), "cases"),
        (_change("cases", 1, "tasks", value=["sample"]), "batchings[0]"),
        (_change("batchings", 0, "seed", value="2"), "batchings[0].digest"),
        (_change("recipe", value="other"), "digest"),
    ],
)
def test_an_error_names_the_field_and_the_remedy(
    change: Callable[[dict[str, Any]], None], place: str
) -> None:
    document = json.loads(json.dumps(SET.to_json()))
    change(document)
    with pytest.raises(InvalidTestSet) as caught:
        Manifest.from_json(document)
    assert f": {place}: " in str(caught.value)
    assert "build the test set again" in str(caught.value)


def test_a_missing_field_is_named_together_with_its_file(tmp_path: Path) -> None:
    document = SET.to_json()
    del document["cases"][2]["abnormal"]
    (tmp_path / "test_set.json").write_text(json.dumps(document))
    with pytest.raises(InvalidTestSet, match=r"test_set\.json: cases\[2\]\.abnormal: the field is missing"):
        load_test_set(tmp_path)


@pytest.mark.parametrize("text", [None, "{", "\xff", "[]"])
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "test_set.json").write_text(text, encoding="latin-1")
    with pytest.raises(InvalidTestSet, match=r"test_set\.json"):
        load_test_set(tmp_path)


def test_a_secret_and_not_hidden_exclude_each_other() -> None:
    with pytest.raises(InvalidTestSet, match="not_hidden"):
        replace(SET, secret_sha256="5e")


def test_without_a_case_the_others_stay_and_without_any_of_these_nothing_changes() -> None:
    left = SET.without({"a"}, task=Task.PIXEL)
    assert [case.id for case in left.cases] == ["b"]
    assert all(batching.case_ids == ("b",) for batching in left.batchings)
    assert left.digest != SET.digest
    assert SET.without({"c"}, task=Task.PIXEL) is SET
    assert SET.without((), task=Task.SAMPLE) is SET


def test_the_batches_of_the_pixel_task_do_not_bind_the_sample_task() -> None:
    left = SET.without({"b"}, task=Task.SAMPLE)
    assert [case.id for case in left.cases] == ["a", "c"]
    assert left.batchings == ()


def test_a_test_set_left_without_an_abnormal_case_is_undefined() -> None:
    with pytest.raises(UndefinedScore, match="no abnormal case of the sample task"):
        SET.without({"b", "c"}, task=Task.SAMPLE)


def test_an_affine_comes_back_and_its_absence_leaves_the_digest_as_it_was(tmp_path: Path) -> None:
    placed = replace(SET, cases=(replace(CASES[0], affine=AFFINE), *CASES[1:]))
    save_test_set(placed, tmp_path)
    assert load_test_set(tmp_path) == placed
    assert placed.digest != SET.digest
    assert "affine" not in SET.cases[0].to_json()


@pytest.mark.parametrize("wrong", [[[1, 0, 0, 0]], "eye", [[0] * 4] * 3, [["a"] * 4] * 3, [[1, 2], [3], []]])
def test_an_affine_that_places_no_voxel_is_named(wrong: object) -> None:
    document = SET.to_json()
    document["cases"][0]["affine"] = wrong
    with pytest.raises(InvalidTestSet, match=r"cases\[0\].affine"):
        Manifest.from_json(document)


def test_a_dataset_says_its_order_and_its_anatomy() -> None:
    shown = sorted([Dataset.ABDOM, Dataset.BRAIN], key=lambda one: one.order)
    assert [(str(one), one.anatomy) for one in shown] == [("brain", "Brain"), ("abdom", "Abdomen")]


def test_half_a_character_is_no_name() -> None:
    document = {**SET.to_json(), "name": "brain\ud800"}
    with pytest.raises(InvalidTestSet, match=r"test_set\.json: name: a text of whole characters"):
        Manifest.from_json(document)
