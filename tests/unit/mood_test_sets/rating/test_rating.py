"""Blinded sheets, their answers, and the difficulty they become."""

import json
from pathlib import Path

import numpy as np
import pytest

from mood_evaluator.test_set import Manifest, load_test_set
from mood_test_sets.errors import InvalidAnswers
from mood_test_sets.making.build import build
from mood_test_sets.making.recipe import load_recipe, plan
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.rating.answers import agreement, apply_ratings
from mood_test_sets.rating.sheets import write_sheet
from mood_test_sets.streams import PUBLIC


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rated")
    plans = [one for one in plan(load_recipe("mini")) if one.name == "test-brain"]
    build(plans, out, streams=PUBLIC, side=32, recipe="mini")
    return out / "test-brain"


@pytest.fixture(scope="module")
def test_set(folder: Path) -> Manifest:
    return load_test_set(folder)


def fill(sheet: Path, ratings: list[object]) -> None:
    lines = [f"{number},{rating}" for number, rating in enumerate(ratings, start=1)]
    (sheet / "answers.csv").write_text("\n".join(["number,rating", *lines]))


def make_sheet(folder: Path, out: Path, rater: str, ratings: list[object]) -> tuple[Path, Path]:
    write_sheet(folder, out, rater=rater)
    fill(out, ratings)
    return out / "answers.csv", out / "key.json"


def test_a_sheet_tells_neither_id_nor_category_nor_place(
    folder: Path, test_set: Manifest, tmp_path: Path
) -> None:
    assert write_sheet(folder, tmp_path / "ann", rater="Ann") == 3
    page = (tmp_path / "ann" / "sheet.html").read_text()
    for case in test_set.cases:
        assert case.id not in page
        assert not case.subcategory or case.subcategory not in page
    assert (tmp_path / "ann" / "key.json").stat().st_mode & 0o777 == 0o600


def test_raters_see_orders_of_their_own(folder: Path, tmp_path: Path) -> None:
    orders = set()
    for rater in ("Ann", "Bob", "Cid", "Dee", "Eve"):
        write_sheet(folder, tmp_path / rater, rater=rater)
        orders.add(tuple(json.loads((tmp_path / rater / "key.json").read_text())["cases"]))
    assert len(orders) > 1


def test_the_median_rating_becomes_the_difficulty_of_a_new_version(
    folder: Path, test_set: Manifest, tmp_path: Path
) -> None:
    sheets = [
        make_sheet(folder, tmp_path / name, name, rated)
        for name, rated in (("Ann", [2, 2, 2]), ("Bob", [5, 5, 5]), ("Cid", [8, 8, 8]))
    ]
    rated = apply_ratings(folder, tmp_path / "new", sheets)
    after = load_test_set(tmp_path / "new")
    assert find_problems(tmp_path / "new") == []
    assert rated.digest == after.digest != test_set.digest
    assert {case.difficulty for case in after.cases if case.abnormal} == {5}
    assert {case.difficulty_source for case in after.cases if case.abnormal} == {"raters"}
    assert [case.sha256_image for case in after.cases] == [case.sha256_image for case in test_set.cases]
    assert after.batchings == test_set.batchings
    stored = json.loads((tmp_path / "new.ratings.json").read_text())
    assert set(stored["ranks"]) == {"Ann", "Bob", "Cid"}


@pytest.mark.parametrize(
    ("ratings", "told"),
    [([1, 2], "1 scans are not rated"), ([1, 2, 9], "from 1 to 8"), ([1, 2, ""], "whole numbers"),
     ([1, 2, 3, 4], "not on the sheet")],
)  # fmt: skip
def test_wrong_answers_are_refused_by_name(
    folder: Path, tmp_path: Path, ratings: list[object], told: str
) -> None:
    sheet = make_sheet(folder, tmp_path / "ann", "Ann", ratings)
    with pytest.raises(InvalidAnswers, match=told):
        apply_ratings(folder, tmp_path / "new", [sheet])
    assert not (tmp_path / "new").exists()


def test_a_key_of_another_test_set_is_refused(folder: Path, tmp_path: Path) -> None:
    answers, key = make_sheet(folder, tmp_path / "ann", "Ann", [1, 2, 3])
    document = json.loads(key.read_text())
    key.write_text(json.dumps({**document, "test_set": "sha256:other"}))
    with pytest.raises(InvalidAnswers, match="another test set"):
        apply_ratings(folder, tmp_path / "new", [(answers, key)])


def test_agreement_is_1_for_equal_orders_and_low_for_opposite_ones() -> None:
    up = np.arange(1.0, 9.0)
    assert agreement(np.stack([up, 2 * up])) == pytest.approx(1)
    assert agreement(np.stack([up, up[::-1]])) == pytest.approx(0)
    assert agreement(up[np.newaxis]) is None
