"""Whose a DICOM series is, in any character set, and what in an archive is none."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from mood_test_sets.archives.dicom_series import find_series
from mood_test_sets.archives.sources import find_sources
from mood_test_sets.findings import Defect
from mood_test_sets.preparing.raw import read_source
from mood_test_sets.streams import PUBLIC

Write = Callable[..., None]
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
VALUES = np.random.default_rng(4).integers(-1000, 1000, (20, 20, 16)).astype(np.float32)
IDS = [
    ("ISO_IR 100", "Müller1".encode("latin-1"), "Müller1"),
    ("ISO_IR 144", "Иванов".encode("iso8859-5"), "Иванов"),
    ("ISO_IR 192", "Иванов".encode(), "Иванов"),
    (["", "ISO 2022 IR 87"], b"\x1b$B;3ED\x1b(B", "山田"),
    ("GB18030", "王".encode("gb18030"), "王"),
    (None, "山田".encode(), "山田"),
    (None, "Müller1".encode("latin-1"), "Müller1"),
    (None, "山田".encode("shift-jis"), "\\x8eR\\x93c"),
    ("ISO_IR 192", b"\xff\xfe\x80\x01", "ÿþ\\x80\\x01"),
    ("NONSENSE", b"\xc4\xd6", "ÄÖ"),
]


def doubted(root: Path) -> set[str]:
    return {one.name for one in find_sources(root, {}) if one.doubt is not None}


@pytest.mark.parametrize(("charset", "raw", "told"), IDS)
def test_an_id_of_any_character_set_is_one_that_can_be_hashed_and_written(
    tmp_path: Path, slices: Write, charset: object, raw: bytes, told: str
) -> None:
    slices(tmp_path / "a", VALUES, patient=raw, charset=charset)
    (source,) = find_sources(tmp_path, {})
    assert source.subject == told
    assert PUBLIC.case_id("subject", source.subject)
    assert told.isprintable()


def test_two_ids_of_garbage_stay_two_people(tmp_path: Path, slices: Write) -> None:
    for number, raw in enumerate((b"\xff\x80\xfe", b"\xff\x81\xfe")):
        slices(tmp_path / str(number), VALUES, patient=raw, charset="ISO_IR 192", uid=f"1.2.{number}")
    assert len({one.subject for one in find_sources(tmp_path, {})}) == 2


def test_series_without_an_id_are_one_person_if_they_are_of_one_study(tmp_path: Path, slices: Write) -> None:
    for number, study in enumerate(("1.7", "1.7", "1.8")):
        slices(tmp_path / str(number), VALUES, patient=b"", uid=f"1.2.{number}", study=study)
    assert [one.subject for one in find_sources(tmp_path, {})] == ["1.7", "1.7", "1.8"]


def test_ten_series_of_one_id_are_told_and_subjects_settle_it(tmp_path: Path, slices: Write) -> None:
    for number in range(10):
        slices(tmp_path / f"p{number}", VALUES, patient=b"ANON", uid=f"1.2.{number}")
    sources = find_sources(tmp_path, {})
    (note,) = [note for one in sources for note in one.notes]
    assert note.defect is Defect.SHARED_ID
    assert "10 series of one study have the PatientID 'ANON'" in note.what
    assert "--subjects" in note.remedy
    own = {one.name: one.name for one in sources}
    assert not any(one.notes for one in find_sources(tmp_path, own))


def test_three_studies_of_one_id_are_told_and_two_are_not(tmp_path: Path, slices: Write) -> None:
    for number in range(2):
        slices(tmp_path / f"p{number}", VALUES, uid=f"1.2.{number}", study=f"1.{number}")
    assert not any(one.notes for one in find_sources(tmp_path, {}))
    slices(tmp_path / "p2", VALUES, uid="1.2.2", study="1.2")
    assert any(one.notes for one in find_sources(tmp_path, {}))


def test_a_dicom_segmentation_is_no_scan_and_leaves_its_person_in_doubt(
    tmp_path: Path, slices: Write
) -> None:
    slices(tmp_path / "p1" / "ct", VALUES, patient=b"P1", uid="1.2.11")
    slices(tmp_path / "p1" / "seg", VALUES > 0, patient=b"P1", uid="1.2.12", modality="SEG")
    slices(tmp_path / "p2" / "ct", VALUES, patient=b"P2", uid="1.2.13")
    drawn, other, seg = sorted(find_sources(tmp_path, {}), key=lambda one: (one.subject, one.name))[:3]
    found = {one.name: one for one in (drawn, other, seg)}
    assert found["p1/seg/1.2.12"].refusal is not None
    assert found["p1/ct/1.2.11"].doubt is not None
    assert found["p2/ct/1.2.13"].doubt is None


@pytest.mark.parametrize("patient", [b"", b"ANON"])
def test_a_segmentation_of_half_anonymized_headers_is_of_the_patient_of_its_study(
    tmp_path: Path, slices: Write, patient: bytes
) -> None:
    for n in (1, 2):
        slices(tmp_path / f"p{n}/ct", VALUES, patient=f"P{n}".encode(), uid=f"1.2.1{n}", study=f"1.{n}")
    slices(tmp_path / "segs", VALUES > 0, patient=patient, uid="1.2.19", study="1.2", modality="SEG")
    assert doubted(tmp_path) == {"p2/ct/1.2.12"}


def test_a_segmentation_is_known_by_its_class_whatever_its_modality_says(
    tmp_path: Path, slices: Write
) -> None:
    slices(tmp_path / "p1", VALUES, patient=b"P1", uid="1.2.11")
    slices(tmp_path / "x", VALUES > 0, patient=b"P1", uid="1.2.12", modality="OT", sop_class=SEGMENTATION)
    assert doubted(tmp_path) == {"p1/1.2.11"}


def test_volumes_in_the_folder_of_a_series_are_of_its_patient(
    tmp_path: Path, slices: Write, put: Callable[..., Path]
) -> None:
    for n in (1, 2):
        slices(tmp_path / f"raw/P{n}/t1", VALUES, patient=f"ID{n}".encode(), uid=f"1.2.1{n}")
        put(f"P{n}/t2.nii.gz")
        put(f"nifti/P{n}.nii.gz")
    slices(tmp_path / "raw/P3/a", VALUES, patient=b"ID3", uid="1.2.13")
    slices(tmp_path / "raw/P3/b", VALUES, patient=b"ID4", uid="1.2.14")
    put("P3/t2.nii.gz")
    subjects = {one.name: one.subject for one in find_sources(tmp_path / "raw", {})}
    for n in (1, 2):
        assert subjects[f"P{n}/t2"] == subjects[f"nifti/P{n}"] == subjects[f"P{n}/t1/1.2.1{n}"] == f"ID{n}"
    assert subjects["P3/t2"] == "P3"


def test_an_id_is_one_however_its_accents_and_case_are_written(tmp_path: Path, slices: Write) -> None:
    for n, patient in enumerate(("Müller", "Mu\u0308ller", "MÜLLER")):
        slices(tmp_path / str(n), VALUES, patient=patient.encode(), charset="ISO_IR 192", uid=f"1.2.{n}")
    assert {one.subject for one in find_sources(tmp_path, {})} == {"Müller"}


def test_series_without_an_id_that_count_as_one_person_are_told(tmp_path: Path, slices: Write) -> None:
    for number in range(10):
        slices(tmp_path / f"p{number}", VALUES, patient=b"", uid=f"1.2.{number}")
    (note,) = [note for one in find_sources(tmp_path, {}) for note in one.notes]
    assert note.what == "10 series of one study have no PatientID and count as one person."


def test_a_report_is_passed_over_and_a_broken_header_is_refused_by_name(
    tmp_path: Path, slices: Write
) -> None:
    slices(tmp_path / "p1", VALUES, uid="1.2.11")
    slices(tmp_path / "report", VALUES[:, :, :1], uid="1.2.12", modality="SR")
    (tmp_path / "p2").mkdir()
    (tmp_path / "p2" / "broken").write_bytes(bytes(128) + b"DICM" + b"\x02\x00\x00\x00UL\xff\xff\x01")
    names = {one.name: one.refusal for one in find_series(tmp_path)}
    assert set(names) == {"p1/1.2.11", "p2/broken"}
    assert names["p2/broken"] is not None
    assert names["p2/broken"].defect is Defect.UNREADABLE


def test_files_without_a_preamble_are_read(tmp_path: Path, slices: Write) -> None:
    slices(tmp_path / "p1", VALUES, patient=b"P1")
    for path in (tmp_path / "p1").iterdir():
        path.write_bytes(path.read_bytes()[132:])
    (tmp_path / "p1/notes").write_bytes(b"\x08\0 no header")
    (source,) = find_sources(tmp_path, {})
    assert source.subject == "P1"
    assert read_source(source).values.shape == VALUES.shape


def rewrite(folder: Path, change: Callable[[pydicom.Dataset], object], *, implicit: bool = False) -> None:
    """All files of a folder; `implicit` ones have neither a preamble nor types of fields."""
    for path in sorted(folder.iterdir()):
        made = pydicom.dcmread(path)
        change(made)
        if implicit:
            made.remove_group_length = True
            bare = pydicom.Dataset({element.tag: element for element in made})
            bare.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
        else:
            made.save_as(path)


def test_files_without_a_preamble_and_without_types_of_fields_are_read(tmp_path: Path, slices: Write) -> None:
    slices(tmp_path / "p1", VALUES, patient=b"P1")
    (source,) = find_sources(tmp_path, {})
    before = read_source(source).values
    rewrite(tmp_path / "p1", lambda _: None, implicit=True)
    assert (tmp_path / "p1/000").read_bytes()[128:132] != b"DICM"
    (source,) = find_sources(tmp_path, {})
    assert source.subject == "P1"
    assert np.array_equal(read_source(source).values, before)


def test_two_series_of_one_folder_whose_uids_end_alike_stay_two(tmp_path: Path, slices: Write) -> None:
    for kind in "12":
        slices(tmp_path / kind, VALUES, patient=kind.encode(), uid=f"1.2.3.{kind}.100000123.0.0.0")
        for path in list((tmp_path / kind).iterdir()):
            path.rename(tmp_path / f"{kind}-{path.name}")
        (tmp_path / kind).rmdir()
    sources = find_sources(tmp_path, {})
    assert [one.name for one in sources] == ["1.100000123.0.0.0", "2.100000123.0.0.0"]
    assert [one.subject for one in sources] == ["1", "2"]


@pytest.mark.parametrize("field", ["NumberOfFrames", "Rows"])
def test_a_count_that_is_no_number_refuses_its_series_alone(
    tmp_path: Path, slices: Write, field: str
) -> None:
    slices(tmp_path / "p1", VALUES, uid="1.2.11")
    slices(tmp_path / "p2", VALUES, uid="1.2.12")

    def spoil(made: pydicom.Dataset) -> None:
        made[field] = pydicom.DataElement(pydicom.datadict.tag_for_keyword(field), "LO", "abc")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rewrite(tmp_path / "p2", spoil)
    found = {one.name: one.refusal for one in find_sources(tmp_path, {})}
    assert found["p1/1.2.11"] is None
    refusal = found["p2/1.2.12"]
    assert refusal is not None
    assert f"its {field} is no number" in refusal.what


def test_a_ct_to_be_shown_inverted_keeps_its_hu(tmp_path: Path, slices: Write) -> None:
    slices(tmp_path / "p1", VALUES)
    (source,) = find_sources(tmp_path, {})
    before = read_source(source).values
    rewrite(tmp_path / "p1", lambda made: setattr(made, "PhotometricInterpretation", "MONOCHROME1"))
    assert np.array_equal(read_source(source).values, before)


def test_a_mask_beside_the_folder_of_a_series_is_its_mask(
    tmp_path: Path, slices: Write, put: Callable[..., Path]
) -> None:
    slices(tmp_path / "raw" / "p1" / "ct", VALUES, uid="1.2.11", patient=b"P1")
    slices(tmp_path / "raw" / "p2", VALUES, uid="1.2.12", patient=b"P2")
    put("p1/ct_mask.nii.gz", (VALUES > 900).astype(np.uint8))
    put("p2_mask.nii.gz", (VALUES > 900).astype(np.uint8))
    masks = {one.name: [mask.path.name for mask in one.masks] for one in find_sources(tmp_path / "raw", {})}
    assert masks == {"p1/ct/1.2.11": ["ct_mask.nii.gz"], "p2/1.2.12": ["p2_mask.nii.gz"]}
