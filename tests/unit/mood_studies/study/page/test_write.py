"""The page and its figures, from a document in small: every number comes from the JSON."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mood_evaluator import Manifest
from mood_studies.study.numbers.boards import board, draw_all, proxies, toy_scores
from mood_studies.study.numbers.kinds import kinds, sweeps
from mood_studies.study.numbers.scored import Scored
from mood_studies.study.page import write
from mood_studies.study.page.figures import draw_all as draw_figures
from mood_studies.study.page.figures import drawn, proxy
from mood_studies.study.page.platform_sections import SECTIONS
from mood_studies.study.page.sentences import (
    categories_say,
    listed,
    proxy_agrees,
    span,
    sweep_gain,
    sweeps_say,
    who_leads,
)
from mood_studies.study.scale import TASKS
from mood_support.documents import board_json, cell_json, row_json

Json = dict[str, Any]
DOCS = Path(__file__).parents[5] / "docs"


def published(rank_of: dict[str, int], task: str) -> Json:
    rows = [
        row_json(name, rank, None, name=name, datasets={"brain": cell_json(0.5 / rank, rank=rank)})
        for name, rank in rank_of.items()
    ]
    tested = {"test_set": "test-brain", "digest": "", "batchings": [], "cases": 8, "not_hidden": True}
    rest = {"datasets": {"brain": tested}, "order_changes": {"brain": []}, "bootstraps": 50}
    return board_json(*rows, demonstration=f"demo {task}", **rest)


@pytest.fixture(scope="session")
def document(scored: list[Scored], sets: dict[str, Manifest]) -> Json:
    drawn = draw_all(scored, draws=50)
    ranks = {"ceVAE": 1, "PCA residual (Saase)": 2, "Constant": 3}
    time = {"method": "pca", "title": "PCA residual (Saase)", "torch": False, "cases": 9, "not_succeeded": 1,
            "median": 1.5, "p95": 2.5, "longest": 12.0, "limit": 120.0}  # fmt: skip
    trained = {"title": "ceVAE", "section": "3.2.3", "profile": "cpu", "seconds": 77.4, "megabytes": 3.14}
    how = {"scale": "small", "commands": ["make -C studies study-small"], "side": 64, "methods": list(ranks),
           "seconds": {"toy stage": 90.0}, "machines": [{"cpu": "Some Processor", "cores": 2}],
           "failed": {"fpi": "images: no weights"},
           "limits": {"seconds": 120, "cpus": 1, "memory": 2**32, "gpus": 0},
           "test_sets": [{"name": "test-brain", "cases": {"sample": [8, 4]}, "subjects": 2}]}  # fmt: skip
    found = {
        "made": how,
        "training": [trained],
        "boards": {task: board(task, published(ranks, task), drawn[task], sets) for task in TASKS},
        "proxy": proxies(drawn),
        "sweeps": sweeps(scored, sets),
        "kinds": kinds(scored, sets, left_out=["Constant"]),
        "trivial": ["Constant"],
        "times": [time],
        "toy": toy_scores(scored),
    }
    copied: Json = json.loads(json.dumps(found))  # as it is read from its file
    return copied


@pytest.fixture
def folder(document: Json, tmp_path: Path) -> Path:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "platform.json").write_text(json.dumps(document))
    return tmp_path / "study"


def test_the_page_tells_how_it_was_made_and_who_failed(folder: Path) -> None:
    text = write.render(folder)
    assert "`make -C studies study-small`: 3 methods, 0.0 hours on 2 cores of Some Processor." in text
    assert "**fpi failed**: images: no weights" in text
    assert "Limits per case: 120 s, 1 CPU, 4 GiB of memory, 0 GPUs." in text


def test_every_section_has_its_table_and_its_honest_words(folder: Path) -> None:
    text = write.render(folder)
    assert "| ceVAE | 3.2.3 | cpu | 77 | 3.1 |" in text
    assert "| PCA residual (Saase) | NumPy | 9 | 1 | 1.5 | 2.5 | 12.0 | 1 % | 10 % |" in text
    assert "A ranking here says nothing about patients." in " ".join(text.split())
    assert "| sample, brain | 0.357 |" in text
    assert "*Demo pixel*" in text


def test_another_number_gives_another_page(document: Json, folder: Path) -> None:
    before = write.render(folder)
    changed = copy.deepcopy(document)
    changed["boards"]["pixel"]["rows"][0]["datasets"]["brain"]["score"] = 0.123
    (folder / "platform.json").write_text(json.dumps(changed))
    assert set(write.render(folder).splitlines()) - set(before.splitlines()) != set()


def test_without_numbers_there_is_only_the_introduction(tmp_path: Path) -> None:
    assert write.render(tmp_path) == write.INTRODUCTION


def test_others_add_sections_of_their_own(folder: Path) -> None:
    write.sections.append(lambda place: f"## Another\nfrom {place.name}")
    try:
        assert write.render(folder).endswith("## Another\nfrom study\n")
    finally:
        write.sections.pop()
    assert write.sections[: len(SECTIONS)] == SECTIONS


@pytest.mark.skipif(not (DOCS / "study.md").exists(), reason="no study was run yet")
def test_the_published_page_is_what_its_numbers_say_and_its_pictures_are_small() -> None:
    assert (DOCS / "study.md").read_text(encoding="utf-8") == write.render(DOCS / "study")
    assert sum(path.stat().st_size for path in (DOCS / "study").glob("*.png")) <= 1_500_000


def test_teams_without_an_analysis_take_no_colour_from_those_with_one() -> None:
    assert drawn(["A", "B", "C"], [{"teams": {"C": [0.1]}}, {"teams": {"B": [0.2]}}], "teams") == ["B", "C"]


def test_figures_are_light_small_and_as_wide_as_a_page(document: Json, tmp_path: Path) -> None:
    names = draw_figures({**document, "sweeps": [], "proxy": [], "kinds": {}}, tmp_path)
    assert names == ["leaderboard-sample.png", "leaderboard-pixel.png"]
    for name in names:
        with Image.open(tmp_path / name) as picture:
            assert picture.width == 880
            assert picture.convert("L").getpixel((0, 0)) == 255
        assert (tmp_path / name).stat().st_size < 100_000


def test_leaders_and_pairs_are_told_in_one_sentence() -> None:
    pairs = {
        "brain": {"pairs": {"significant": 2, "all": 3}},
        "abdom": {"pairs": {"significant": 0, "all": 3}},
    }
    rows = [{"name": "A", "rank": 1}, {"name": "B", "rank": 1}, {"name": "C", "rank": 3}]
    found = who_leads({"rows": rows, "datasets": pairs})
    assert (
        found
        == "A and B rank first; teams differ significantly in 2 of 3 pairs (brain) and 0 of 3 pairs (abdomen)"
    )


def test_agreement_counts_the_intervals_that_exclude_zero() -> None:
    rows = [{"tau": 0.9, "low": 0.2, "high": 1.0}, {"tau": 0.1, "low": -0.4, "high": 0.6}]
    assert proxy_agrees(rows).endswith("a tau-b of 0.10 to 0.90; 1 of 2 intervals exclude 0")
    assert proxy_agrees([{"tau": None}]).startswith("Too few teams")


def test_gains_compare_large_with_small_and_extreme_with_middle() -> None:
    guess: Json = {"chance": [0.0] * 4, "left_out": []}
    rising = {**guess, "varied": "radius", "teams": {"A": [0.1, 0.2, 0.3, 0.4], "B": [0.4, 0.3, 0.2, None]}}
    one_side, both = [0.9, 0.1, 0.1, 0.1], [0.9, 0.1, 0.1, 0.9]
    bathtub = {**guess, "varied": "intensity", "teams": {"A": both, "B": both[::-1], "C": one_side}}
    assert sweep_gain(rising) == (1, 2)
    assert sweep_gain(bathtub) == (2, 3)
    assert sweep_gain({**rising, "chance": [0.1, 0.2, 0.3, 0.4]}) == (0, 2)
    assert sweep_gain({**rising, "left_out": ["B"]}) == (1, 1)
    said = sweeps_say([{"dataset": "brain", **rising}])
    assert said == "Larger spheres score higher for 1 of 2 (brain) teams"


def test_the_easiest_and_the_hardest_category_are_named() -> None:
    rows = [{"category": "image", "ap": 0.9}, {"category": "pathology", "ap": 0.2}]
    assert categories_say({"brain": {"categories": rows}}) == (
        "Brain: image (0.90) is easiest, pathology (0.20) hardest"
    )


def test_words_and_intervals_are_set_as_in_a_sentence() -> None:
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert (listed(["a"]), listed([])) == ("a", "")
    assert (span((0.5, 1), 1), span(None)) == ("0.5 to 1.0", "–")  # noqa: RUF001


def test_a_team_has_one_colour_in_all_panels_of_a_figure_and_the_legend_names_it() -> None:
    points = {"pca": [0.1, 0.2], "fpi": [0.3, 0.4], "canon": [0.5, 0.6]}
    rows = [
        {"task": task, "dataset": "brain", "tau": None, "low": None, "high": None, "points": own}
        for task, own in (("sample", {"pca": [0.1, 0.2], "fpi": [0.3, 0.4]}), ("pixel", points))
    ]
    figure = proxy(rows, {"sample": ["pca", "fpi"], "pixel": ["canon", "fpi", "pca"]})
    colours = {
        (line.get_label(), line.get_color())
        for axes in figure.axes
        for line in axes.get_lines()
        if line.get_label() in points
    }
    assert len(colours) == len({colour for _, colour in colours}) == len(points)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["pca", "fpi", "canon"]
