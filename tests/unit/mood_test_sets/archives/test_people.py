"""Whose a scan is, by its name: the examples that the documentation tells, and what is asked."""

import re
from pathlib import Path

import pytest

from mood_test_sets.archives.people import People

DOCS = Path(__file__).parents[4] / "docs" / "preparing-real-data.md"


def read_examples() -> list[tuple[list[str], list[str]]]:
    section = DOCS.read_text(encoding="utf-8").split("## Whose a scan is")[1].split("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return [(re.findall("`(.+?)`", names), re.findall("`(.+?)`", people)) for names, people in rows]


@pytest.mark.parametrize(("names", "people"), read_examples())
def test_people_are_told_apart_as_the_documentation_says(names: list[str], people: list[str]) -> None:
    found = People(names)
    assert [found.of(name) for name in names] == people
    assert found.doubtful == []


@pytest.mark.parametrize(
    ("names", "people"),
    [
        (["p1", "a/p1-flair", "p1/ct", "t1", "case_0001"], ["p1", "a/p1", "p1", "t1", "case_0001"]),
        (["a/P1/arterial", "a/P2/arterial", "a/P9/late"], ["a/P1", "a/P2", "a/P9"]),
        (["P1/P1_arterial", "P1/P1_portal"], ["P1", "P1"]),
        (["lab1/001", "lab1/002", "lab2/001"], ["lab1/001", "lab1/002", "lab2/001"]),
        (["t1/ann", "t1/bob", "t2/ann"], ["ann", "bob", "ann"]),
        (["ward7/ann", "ward7/bob"], ["ward7/ann", "ward7/bob"]),
        (["imagesTr1/a", "imagesTr2/a"], ["imagesTr1/a", "imagesTr2/a"]),
        (["100306/T1w/T1w_x", "100306/T1w/T2w_x", "100307/T1w/T1w_x"], ["100306", "100306", "100307"]),
        (["scan_0001", "scan_0002"], ["0001", "0002"]),
    ],
)  # fmt: skip
def test_people_of_other_layouts(names: list[str], people: list[str]) -> None:
    found = People(names)
    assert [found.of(name) for name in names] == people


def test_channels_are_told_from_running_numbers_by_who_asks() -> None:
    assert People([], channels={"imagesTr"}).of("imagesTr/case_0001") == "case"
    assert People([]).of("imagesTr/case_0001") == "case_0001"


def test_numbers_count_anew_where_there_is_another_table_of_participants() -> None:
    names = ["ds1/sub-1/sub-1_T1w", "ds2/sub-1/sub-1_T1w", "ds3/sub-1/sub-1_T1w", "sub-1/sub-1_T1w"]
    assert [People(names, datasets=["ds1", "ds2", ""]).of(name) for name in names] == [
        "ds1/1",
        "ds2/1",
        "1",
        "1",
    ]
    assert {People(names).of(name) for name in names} == {"1"}


@pytest.mark.parametrize(
    ("names", "pair"),
    [
        (["P1_1", "P1_2", "P2_1"], ("P1_1", "P1_2")),
        (["lab1/001", "lab1/002", "lab2/001"], ("lab1/001", "lab1/002")),
        (["kontrast/P1", "nativ/P1"], ("kontrast/P1", "nativ/P1")),
    ],
)
def test_what_may_be_one_person_and_counts_as_two_is_asked(names: list[str], pair: tuple[str, str]) -> None:
    assert People(names).doubtful == [pair]


@pytest.mark.parametrize(
    "names",
    [
        [f"case_{n:04}" for n in range(20)],
        [f"IXI{n:03}-Guys-{n * 7:04}-T1" for n in range(20)],
        [f"Brats18_CBICA_{one}_1/Brats18_CBICA_{one}_1_{m}" for one in ("AAB", "AAG") for m in ("t1", "t2")],
        [f"site{n}/00{k}" for n in (1, 2) for k in range(3)],
        [f"a/00{k}" for k in range(3)] + [f"b/00{k}" for k in range(3)],
    ],
)
def test_ordinary_names_ask_nothing(names: list[str]) -> None:
    assert People(names).doubtful == []
