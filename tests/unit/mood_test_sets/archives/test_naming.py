"""What names say: whose a scan is, what is a mask, and what a mask shows."""

from pathlib import Path

import pytest

from mood_test_sets.archives.naming import Kind, NiftiFile, own_subject, printable


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("p1", "p1"), ("p1_t1", "p1"), ("p1_T1w", "p1"), ("a/p1-flair", "a/p1"), ("p1/ct", "p1"),
        ("t1", "t1"), ("sub-07/ses-1/anat/sub-07_ses-1_T1w", "07"),
        ("BraTS-GLI-00012-101/BraTS-GLI-00012-101-t2f", "BraTS-GLI-00012"),
        ("case_0001", "case_0001"), ("direct", "direct"),
    ],
)  # fmt: skip
def test_a_person_is_the_name_without_modality_and_time(name: str, subject: str) -> None:
    assert own_subject(name, channels=False) == subject


def test_channels_are_told_from_running_numbers_by_who_asks() -> None:
    assert own_subject("imagesTr/case_0001", channels=True) == "imagesTr/case"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("p1", Kind.SCAN), ("segment_study/p1", Kind.SCAN), ("labels/images/p1", Kind.SCAN),
        ("masked", Kind.SCAN), ("p1_mask", Kind.MASK), ("P1-Label2", Kind.MASK),
        ("lesion_masks/p1", Kind.MASK), ("labelsVal/p1", Kind.MASK), ("segmentation-3", Kind.MASK),
        ("roi", Kind.MASK), ("ground_truth/a/p1", Kind.MASK), ("p1_brain", Kind.BRAIN),
        ("sub-1_desc-brain_mask", Kind.BRAIN), ("derivatives/x/sub-1_T1w", Kind.COPY),
    ],
)  # fmt: skip
def test_a_name_or_the_innermost_folder_says_what_is_a_mask(name: str, kind: Kind) -> None:
    assert NiftiFile(Path(f"{name}.nii.gz"), name).kind is kind


@pytest.mark.parametrize(
    ("name", "scans", "organ"),
    [
        ("s1/segmentations/liver", ["ct"], True),
        ("p1_liver_mask", ["p1"], True),
        ("labels/liver_3", ["liver_3"], False),
        ("p1_liver_tumour_mask", ["p1"], False),
        ("labels/kidneys/p1", ["p1"], True),
        ("sub-1_T1w_dseg", ["sub-1_t1w"], True),
        ("sub-1_label-lesion_probseg", ["sub-1_t1w"], False),
        ("p1_mask", ["p1"], False),
        ("p1_liver_hcc_mask", ["p1"], False),
        ("s1/segmentations/lung_opacity", ["ct"], False),
        ("s1/segmentations/inferior_vena_cava", ["ct"], True),
        ("s1/segmentations/lung_upper_lobe_left", ["ct"], True),
        ("s1/segmentations/vertebrae_L1", ["ct"], True),
        ("p1_corrected_mask", ["p1"], False),
    ],
)
def test_organs_are_what_a_name_adds_to_that_of_its_scan(name: str, scans: list[str], organ: bool) -> None:
    assert NiftiFile(Path(f"{name}.nii.gz"), name).is_organ(scans) is organ


def test_a_name_that_is_no_utf_8_is_printed_as_latin_1() -> None:
    assert printable(Path(b"M\xfcller".decode("utf-8", "surrogateescape"))) == "Müller"
    assert printable(Path("Müller")) == "Müller"
