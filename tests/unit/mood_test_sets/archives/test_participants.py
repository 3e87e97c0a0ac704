"""What participants.tsv says of whom: a control is one by a statement about that very person."""

from pathlib import Path

import pytest

from mood_test_sets.archives.participants import judge, read_participants
from mood_test_sets.errors import ImportRefused


def said(tmp_path: Path, *scans: str, **tables: str) -> dict[str, str | None]:
    """What is said of each scan, its illness or None of a control; tables by their folder."""
    for folder, text in tables.items():
        place = tmp_path / ("" if folder == "root" else folder)
        place.mkdir(exist_ok=True)
        (place / "participants.tsv").write_text(text)
    people = {scan: {scan.rpartition("sub-")[2]} for scan in scans}
    found = judge(read_participants(tmp_path, scans), people)
    return {scan: note and note.what for scan, note in found.items()}


def of(text: str, tmp_path: Path, count: int = 3) -> dict[str, str | None]:
    """By number, the word that the table has for an illness."""
    found = said(tmp_path, *(f"sub-{n}" for n in range(1, count + 1)), root=text)
    return {scan[4:]: what and what.split("'")[1] for scan, what in found.items()}


def test_beside_controls_every_other_group_is_an_illness(tmp_path: Path) -> None:
    text = "participant_id\tdiagnosis\nsub-1\tCONTROL\nsub-2\tSCHZ\nsub-3\tn/a\n"
    assert of(text, tmp_path) == {"1": None, "2": "SCHZ"}


def test_groups_without_controls_say_nothing_but_patients_are_patients(tmp_path: Path) -> None:
    assert of("participant_id\tgroup\nsub-1\tyoung\nsub-2\told\n", tmp_path) == {}
    text = "participant_id\tgroup\nsub-1\tpatient\nsub-2\tgliomas\nsub-3\tn/a\n"
    assert of(text, tmp_path) == {"1": "patient", "2": "gliomas"}


def test_a_table_without_such_a_column_says_nothing(tmp_path: Path) -> None:
    assert of("participant_id\tage\nsub-1\t7\n", tmp_path) == {}
    assert of("", tmp_path) == {}


def test_an_illness_in_any_column_of_any_table_counts_more_than_a_control(tmp_path: Path) -> None:
    text = "participant_id\tgroup\tdiagnosis\nsub-1\tcontrol\tglioblastoma\nsub-2\tcontrol\tn/a\n"
    assert of(text, tmp_path, 2) == {"1": "glioblastoma", "2": None}
    inner = "participant_id\tgroup\nsub-1\tcontrol\nsub-2\tcontrol\n"
    found = said(tmp_path, "inner/sub-1", "inner/sub-2", root=text, inner=inner)
    assert "'glioblastoma'" in (found["inner/sub-1"] or "")
    assert found["inner/sub-2"] is None


def test_columns_are_known_by_what_their_names_speak_of(tmp_path: Path) -> None:
    text = "participant_id\tDX_GROUP\ttumor_type\nsub-1\tcontrol\tnone\nsub-2\tn/a\tmeningioma\n"
    assert of(text, tmp_path, 2) == {"1": None, "2": "meningioma"}


def test_columns_that_tell_nothing_that_is_understood_are_named(tmp_path: Path) -> None:
    text = "participant_id\tage\tgroup\tgenotype\nsub-1\t3\tSchizophrenia\tx\n"
    (tmp_path / "participants.tsv").write_text(text)
    (table,) = read_participants(tmp_path, ["sub-1"])
    assert table.unread == ["group", "genotype"]


def test_of_several_rows_of_one_person_the_illness_counts(tmp_path: Path) -> None:
    rows = ["sub-1\tglioma", "sub-1\tcontrol", "sub-2\tcontrol", "sub-2\tn/a"]
    for text in (rows, rows[::-1]):
        assert of("participant_id\tdiagnosis\n" + "\n".join(text), tmp_path, 2) == {"1": "glioma", "2": None}


def test_a_table_speaks_of_the_people_below_its_folder(tmp_path: Path) -> None:
    control = "participant_id\tgroup\nsub-1\tcontrol\n"
    assert said(tmp_path, "ds1/sub-1", "ds2/sub-1", ds1=control) == {"ds1/sub-1": None}


def test_a_table_beside_the_people_speaks_of_them_too(tmp_path: Path) -> None:
    found = said(
        tmp_path, "sub-1", "sub-2", phenotype="participant_id\tdiagnosis\nsub-1\tglioma\nsub-2\tcontrol\n"
    )
    assert "'glioma'" in (found["sub-1"] or "")
    assert found["sub-2"] is None


@pytest.mark.parametrize("column", ["cognitive_status", "bmi_group", "scan_status", "weight_group", "status"])
def test_what_is_normal_in_another_respect_is_no_control(tmp_path: Path, column: str) -> None:
    assert of(f"participant_id\t{column}\nsub-1\tnormal\nsub-2\tn/a\nsub-3\tn/a\n", tmp_path) == {}


@pytest.mark.parametrize("column", ["diagnosis", "pathology", "disease_status"])
def test_normal_in_a_column_of_illnesses_is_a_control(tmp_path: Path, column: str) -> None:
    assert of(f"participant_id\t{column}\nsub-1\tnormal\nsub-2\tnormal\n", tmp_path, 2) == {
        "1": None,
        "2": None,
    }


def test_a_yes_that_nobody_understands_makes_no_control(tmp_path: Path) -> None:
    rows = "sub-1\tcontrol\tyes\t0\t1\nsub-2\tcontrol\tno\t0\t1\n"
    text = f"participant_id\tgroup\tepilepsy\tseizures\tn_scans\n{rows}"
    assert of(text, tmp_path, 2) == {"2": None}
    assert of(text.replace("yes\t0", "no\t1"), tmp_path, 2) == {"2": None}


@pytest.mark.parametrize("who", ["sub-01", "1", "SUB-001", "sub-0-1"])
def test_a_patient_whose_id_is_written_otherwise_may_be_that_person_and_a_control_may_not(
    tmp_path: Path, who: str
) -> None:
    glioma = f"participant_id\tdiagnosis\n{who}\tglioma\nsub-02\tcontrol\nsub-3\tcontrol\n"
    assert of(glioma, tmp_path) == {"1": "glioma", "3": None}


def test_of_two_ids_that_differ_in_zeros_each_is_its_own(tmp_path: Path) -> None:
    text = "participant_id\tdiagnosis\nsub-1\tcontrol\nsub-01\tglioma\n"
    assert of(text, tmp_path, 1) == {"1": None}


def test_who_is_not_in_a_table_may_be_one_of_its_patients_without_a_scan(tmp_path: Path) -> None:
    text = "participant_id\tdiagnosis\nsub-x1\tglioma\nsub-2\tcontrol\n"
    found = said(tmp_path, "sub-1", "sub-2", root=text)
    assert "lists 1 patients without a scan (such as x1), and not its person" in (found["sub-1"] or "")
    assert found["sub-2"] is None
    assert said(tmp_path, "sub-2", root=text) == {"sub-2": None}  # a part of the archive is no contradiction


def test_quotes_are_signs_as_others_and_the_name_of_the_table_is_of_any_case(tmp_path: Path) -> None:
    text = (
        'participant_id\tdiagnosis\tcomment\nsub-1\tcontrol\t"tall\nsub-2\t"glioma"\tx\nsub-3\tcontrol\ty\n'
    )
    (tmp_path / "Participants.TSV").write_text(text + "sub-4\tcontrol\t" + 200_000 * "x")
    tables = read_participants(tmp_path, ["sub-1"])
    found = judge(tables, {f"sub-{n}": {str(n)} for n in range(1, 5)})
    assert {name: note is None for name, note in found.items()} == {
        "sub-1": True, "sub-2": False, "sub-3": True, "sub-4": True,
    }  # fmt: skip


def test_a_table_that_names_nobody_is_refused(tmp_path: Path) -> None:
    (tmp_path / "participants.tsv").write_text("subject_id\tdiagnosis\nsub-1\tglioma\n")
    with pytest.raises(ImportRefused, match=r"participants\.tsv has no column participant_id"):
        read_participants(tmp_path, ["sub-1"])
