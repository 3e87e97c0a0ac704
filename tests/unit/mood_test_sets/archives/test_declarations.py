"""What dataset.json says, and what it leaves open."""

import json
from pathlib import Path

import pytest

from mood_test_sets.archives.declarations import Declared, read_datasets
from mood_test_sets.errors import ImportRefused


def read(tmp_path: Path, labels: object) -> Declared:
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    (one,) = read_datasets(tmp_path)
    return one


@pytest.mark.parametrize(
    ("labels", "lesions", "organs"),
    [
        (
            {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"},
            {1, 2, 3},
            {0},
        ),
        ({"0": "background", "1": "liver", "2": "cancer"}, {2}, {0, 1}),
        ({"0": "background", "1": "Anterior", "2": "Posterior"}, set(), {0, 1, 2}),
        ({"0": "background", "1": "Vessel", "2": "Tumour"}, {2}, {0, 1}),
        ({"0": "background", "1": "colon cancer primaries"}, {1}, {0}),
        ({"background": 0, "kidney": 1, "kidney tumor": 2}, {2}, {0, 1}),
        ({"background": 0, "whole tumor": [1, 2, 3], "spleen": 4}, {1, 2, 3}, {0, 4}),
    ],
)
def test_names_of_labels_tell_lesions_from_organs(
    tmp_path: Path, labels: object, lesions: set[int], organs: set[int]
) -> None:
    one = read(tmp_path, labels)
    assert (one.lesions, one.organs, one.unclear) == (lesions, organs, {})


def test_a_name_that_tells_nothing_stays_open(tmp_path: Path) -> None:
    assert read(tmp_path, {"background": 0, "foreground": 1}).unclear == {1: "foreground"}


@pytest.mark.parametrize(
    "name",
    ["liver HCC", "lung opacity", "portal vein thrombosis", "aortic dissection", "foreign body", "hepatitis",
     "fatty liver", "brain GBM", "gallstones"],
)  # fmt: skip
def test_an_organ_with_company_is_no_organ_until_somebody_says_so(tmp_path: Path, name: str) -> None:
    one = read(tmp_path, {"background": 0, "left kidney": 1, "portal vein and splenic vein": 2, name: 3})
    assert (one.organs, one.unclear) == ({0, 1, 2}, {3: name.casefold()})


def test_a_file_without_labels_is_passed_over_and_a_broken_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text("[]")
    assert read_datasets(tmp_path) == []
    for text in ('{"labels": {"one": "two"}}', '{"labels": 3}', "{"):
        (tmp_path / "dataset.json").write_text(text)
        with pytest.raises(ImportRefused, match="--lesion-labels"):
            read_datasets(tmp_path)
