"""What dataset.json and participants.tsv say, and what they leave open."""

import json
from pathlib import Path

import pytest

from mood_test_sets.archives.declarations import Declared, find_unread, read_datasets, read_participants
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
     "fatty liver", "brain GBM"],
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


def table(tmp_path: Path, text: str) -> dict[str, str | None]:
    (tmp_path / "participants.tsv").write_text(text)
    return read_participants(tmp_path)


def test_beside_controls_every_other_group_is_an_illness(tmp_path: Path) -> None:
    text = "participant_id\tdiagnosis\nsub-1\tCONTROL\nsub-2\tSCHZ\nsub-3\tn/a\n"
    assert table(tmp_path, text) == {"1": None, "2": "SCHZ"}


def test_groups_without_controls_say_nothing_but_patients_are_patients(tmp_path: Path) -> None:
    assert table(tmp_path, "participant_id\tgroup\nsub-1\tyoung\nsub-2\told\n") == {}
    assert table(tmp_path, "participant_id\tgroup\nsub-1\tpatient\nsub-2\tgliomas\n") == {
        "1": "patient", "2": "gliomas",
    }  # fmt: skip


def test_a_table_without_such_a_column_says_nothing(tmp_path: Path) -> None:
    assert table(tmp_path, "participant_id\tage\nsub-1\t7\n") == {}
    assert table(tmp_path, "") == {}


def test_an_illness_in_any_column_of_any_table_counts_more_than_a_control(tmp_path: Path) -> None:
    text = "participant_id\tgroup\tdiagnosis\nsub-1\tcontrol\tglioblastoma\nsub-2\tcontrol\tn/a\n"
    assert table(tmp_path, text) == {"1": "glioblastoma", "2": None}
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "participants.tsv").write_text("participant_id\tgroup\nsub-1\tcontrol\nsub-2\tcontrol\n")
    assert read_participants(tmp_path) == {"1": "glioblastoma", "2": None}


def test_columns_are_known_by_what_their_names_speak_of(tmp_path: Path) -> None:
    text = "participant_id\tDX_GROUP\ttumor_type\nsub-1\tcontrol\tnone\nsub-2\tn/a\tmeningioma\n"
    assert table(tmp_path, text) == {"1": None, "2": "meningioma"}


def test_columns_that_tell_nothing_that_is_understood_are_named(tmp_path: Path) -> None:
    table(tmp_path, "participant_id\tage\tgroup\tgenotype\nsub-1\t3\tSchizophrenia\tx\n")
    assert find_unread(tmp_path) == {tmp_path / "participants.tsv": ["group", "genotype"]}
