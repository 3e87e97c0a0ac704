"""What names say: whose a scan is, what is a mask, and what a mask shows."""

from pathlib import Path

import pytest

from mood_test_sets.archives.naming import Kind, NiftiFile, is_anatomy, printable


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("p1", Kind.SCAN), ("segment_study/p1", Kind.SCAN), ("labels/images/p1", Kind.SCAN),
        ("masked", Kind.SCAN), ("p1_mask", Kind.MASK), ("P1-Label2", Kind.MASK),
        ("lesion_masks/p1", Kind.MASK), ("labelsVal/p1", Kind.MASK), ("segmentation-3", Kind.MASK),
        ("roi", Kind.MASK), ("ground_truth/a/p1", Kind.MASK), ("p1_brain", Kind.BRAIN),
        ("sub-1_desc-brain_mask", Kind.BRAIN),
        ("p1_lesion_brain", Kind.MASK),
        ("p1_tumor_brain_mask", Kind.MASK),
        ("labels/p1_brain", Kind.MASK),
        ("stroke_7_brain", Kind.BRAIN), ("masks/p1_brain_mask", Kind.BRAIN),
        ("images/p1_brain", Kind.BRAIN),
        ("sub-lesion01_T1w_brain", Kind.BRAIN), ("derivatives/x/sub-1_T1w", Kind.COPY),
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
        ("s1/segmentations/iliac_vena_left", ["ct"], True),
        ("s1/segmentations/intervertebral_discs", ["ct"], True),
        ("s1/segmentations/body_trunc", ["ct"], True),
        ("s1/segmentations/body_extremities", ["ct"], True),
        ("s1/segmentations/subcutaneous_fat", ["ct"], True),
        ("s1/segmentations/torso_fat", ["ct"], True),
        ("s1/segmentations/skeletal_muscle", ["ct"], True),
        ("s1/segmentations/tissue_types", ["ct"], True),
        ("s1/segmentations/disc_extrusion", ["ct"], False),
        ("100307/T1w/aparc+aseg", ["t1w_acpc_dc_restore"], True),
        ("100307/T1w/wmparc", ["t1w_acpc_dc_restore"], True),
        ("100307/T1w/T1w_acpc_dc_restore.aseg", ["t1w_acpc_dc_restore"], True),
        ("100307/T1w/ribbon", ["t1w_acpc_dc_restore"], True),
        ("p1_corrected_mask", ["p1"], False),
        ("labels/anna/liver", ["anna"], True),
        ("p1_gallstones_mask", ["p1"], False),
    ],
)
def test_organs_are_what_a_name_adds_to_that_of_its_scan(name: str, scans: list[str], organ: bool) -> None:
    assert NiftiFile(Path(f"{name}.nii.gz"), name).is_organ(scans) is organ


@pytest.mark.parametrize(
    "words",
    ["gallstones", "kidneystone", "liverabscess", "hepatocellular", "liverhcc", "bonemets",
     "headinjury", "ribfx", "fatinfiltration", "headache", "cordcompression",
     "aorticdissection"],
)  # fmt: skip
def test_an_illness_written_as_one_word_with_an_organ_is_no_organ(words: str) -> None:
    assert not is_anatomy(words)


@pytest.mark.parametrize(
    "words",
    ["gallbladder", "kidneys", "brainstem", "brachiocephalic trunk", "left ventricle", "thalami", "uterus",
     "subclavian artery right", "hepatic veins", "cerebellar cortex", "myocardium", "oesophagus",
     "clavicula left", "vertebrae l5", "pancreatic",
     "autochthon", "iliopsoas", "sternum", "costal cartilages", "atrium"],
)  # fmt: skip
def test_organs_are_known_with_their_endings(words: str) -> None:
    assert is_anatomy(words)


def test_a_name_that_is_no_utf_8_is_printed_as_latin_1() -> None:
    assert printable(Path(b"M\xfcller".decode("utf-8", "surrogateescape"))) == "Müller"
    assert printable(Path("Müller")) == "Müller"
