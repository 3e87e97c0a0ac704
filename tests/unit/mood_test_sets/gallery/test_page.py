"""The gallery: one file, no outside request, every case with its facts."""

import re
from pathlib import Path

import numpy as np
import pytest

from mood_evaluator.test_set import Manifest, load_test_set
from mood_test_sets.gallery.page import write_gallery
from mood_test_sets.gallery.tiles import OUTLINE, TILE, draw_tiles
from mood_test_sets.making.build import build
from mood_test_sets.making.recipe import load_recipe, plan
from mood_test_sets.streams import PUBLIC, Streams


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gallery")
    plans = [one for one in plan(load_recipe("mini")) if one.name == "test-brain"]
    build(plans, out, streams=Streams(b"key of the gallery", hidden=True), side=32, recipe="mini")
    return out / "test-brain"


@pytest.fixture(scope="module")
def test_set(folder: Path) -> Manifest:
    return load_test_set(folder)


def test_the_page_shows_every_case_and_says_what_it_is(
    folder: Path, test_set: Manifest, tmp_path: Path
) -> None:
    out = tmp_path / "gallery.html"
    assert write_gallery(folder, out) == len(test_set.cases)
    page = out.read_text()
    for case in test_set.cases:
        assert case.id in page
        assert (case.subcategory or "") in page
    assert "Organizers only" in page
    assert "software demonstration, not a scientific ranking" in page


def test_the_page_asks_nobody_for_anything(folder: Path, tmp_path: Path) -> None:
    write_gallery(folder, tmp_path / "gallery.html")
    page = (tmp_path / "gallery.html").read_text()
    assert not re.findall(r"""(?:src|href)=|@import|url\((?!data:)""", page)
    assert "default-src 'none'" in page


def test_a_set_that_is_not_hidden_is_not_for_organizers_only(tmp_path: Path) -> None:
    plans = [one for one in plan(load_recipe("toy")) if one.name == "toy-brain"]
    build(plans, tmp_path, streams=PUBLIC, side=32, recipe="toy")
    write_gallery(tmp_path / "toy-brain", tmp_path / "toy.html")
    assert "Organizers only" not in (tmp_path / "toy.html").read_text()


def test_only_the_marked_tile_has_an_outline(folder: Path, test_set: Manifest) -> None:
    local = next(case for case in test_set.cases if case.label)
    tiles = draw_tiles(folder, local)
    assert tiles.plain.shape == tiles.marked.shape == (TILE, 3 * TILE, 3)
    assert (tiles.marked == OUTLINE).all(axis=2).any()
    assert not (tiles.plain == OUTLINE).all(axis=2).any()
    assert max(tiles.histogram) == 1
    normal = draw_tiles(folder, next(case for case in test_set.cases if not case.abnormal))
    assert np.array_equal(normal.plain, normal.marked)
