"""Archives of every layout: scans are scans, masks belong to theirs, and all else is refused by name."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from mood_test_sets.archives.source import Source
from mood_test_sets.archives.sources import find_sources
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect

Put = Callable[..., Path]
Z = np.zeros((20, 20, 20), np.uint8)


def found(root: Path, **options: object) -> dict[str, Source]:
    return {one.name: one for one in find_sources(root / "raw", {}, **options)}  # type: ignore[arg-type]


def masks(root: Path, **options: object) -> dict[str, list[str]]:
    """Scan to the names of its masks, without what was refused."""
    scans = [one for one in found(root, **options).values() if one.refusal is None]
    return {one.name: [mask.path.name for mask in one.masks] for one in scans}


def refused(root: Path, **options: object) -> dict[str, Defect]:
    sources = found(root, **options).values()
    return {one.name: one.refusal.defect for one in sources if one.refusal is not None}


def write_json(root: Path, name: str, document: object) -> None:
    (root / "raw" / name).write_text(json.dumps(document))


PAIRS = [
    ("p1.nii.gz", "p1_mask.nii.gz"),
    ("p1.nii.gz", "p1_Mask.nii.gz"),
    ("p1.nii", "p1_MASK.NII.GZ"),
    ("p1.nii.gz", "p1_seg.nii.gz"),
    ("p1.nii.gz", "p1-label.nii"),
    ("p1.nii.gz", "p1_lesion_mask.nii.gz"),
    ("p1_t1.nii.gz", "p1_seg.nii.gz"),
    ("volume-7.nii", "segmentation-7.nii"),
    ("img0007.nii.gz", "label0007.nii.gz"),
    ("img/img7.nii.gz", "label/label7.nii.gz"),
    ("case_7.nii.gz", "mask_case_7.nii.gz"),
    ("case_00007/imaging.nii.gz", "case_00007/segmentation.nii.gz"),
    ("sub-7/ses-1/sub-7_ses-1_dwi.nii.gz", "derivatives/sub-7/ses-1/sub-7_ses-1_msk.nii.gz"),
    ("sub-7/ses-1/sub-7_ses-1_dwi.nii.gz", "derivatives/sub-7/ses-1/sub-7_ses-1_damage.nii.gz"),
    ("p1.nii.gz", "labels/p1.nii.gz"),
    ("images/p1.nii.gz", "labels/p1.nii.gz"),
    ("deep/er/Images/p1.nii.gz", "deep/er/Labels/p1.nii.gz"),
    ("images/site/p1.nii.gz", "masks/site/p1.nii.gz"),
    ("imagesTr/p1_0000.nii.gz", "labelsTr/p1.nii.gz"),
    ("p1/ct.nii.gz", "p1/segmentation.nii.gz"),
    ("p1/ct.nii.gz", "p1/segmentations/tumour.nii.gz"),
    ("Ä/p1.nii.gz", "A\u0308/p1_mask.nii.gz"),
    ("sub-01/anat/sub-01_T1w.nii.gz", "derivatives/x/sub-01/anat/sub-01_label-lesion_mask.nii.gz"),
]


@pytest.mark.parametrize(("scan", "mask"), PAIRS)
def test_a_mask_is_found_by_its_name_and_place_and_is_no_scan(
    tmp_path: Path, put: Put, lesion: np.ndarray, scan: str, mask: str
) -> None:
    put(scan)
    put(mask, lesion)
    put("other/p2_t2.nii.gz")
    assert refused(tmp_path) == {}
    own = {name: marks for name, marks in masks(tmp_path).items() if name != "other/p2_t2"}
    assert list(own.values()) == [[Path(mask).name]]
    assert masks(tmp_path)["other/p2_t2"] == []


def test_of_two_sites_each_mask_goes_to_the_scan_of_its_own(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for site in "ab":
        put(f"images/{site}/p1.nii.gz", affine=np.diag([3.0, 3, 3 + (site == "b"), 1]))
        put(f"labels/{site}/p1.nii.gz", lesion, np.diag([3.0, 3, 3 + (site == "b"), 1]))
    sources = found(tmp_path)
    for site in "ab":
        (mask,) = sources[f"images/{site}/p1"].masks
        assert mask.path.parent.name == site


def test_msd_is_read_by_its_dataset_json(tmp_path: Path, put: Put, lesion: np.ndarray) -> None:
    for n in (1, 2):
        put(f"T/imagesTr/liver_{n}.nii.gz")
        put(f"T/labelsTr/liver_{n}.nii.gz", lesion)
    put("T/imagesTs/liver_3.nii.gz")
    (tmp_path / "raw/T/imagesTr/._liver_1.nii.gz").write_bytes(b"\0\5\26\7")
    labels = {"0": "background", "1": "liver", "2": "cancer"}
    pairs = [
        {"image": f"./imagesTr/liver_{n}.nii.gz", "label": f"./labelsTr/liver_{n}.nii.gz"} for n in (1, 2)
    ]
    write_json(tmp_path, "T/dataset.json", {"labels": labels, "training": pairs})
    assert masks(tmp_path) == {
        "T/imagesTr/liver_1": ["liver_1.nii.gz"],
        "T/imagesTr/liver_2": ["liver_2.nii.gz"],
        "T/imagesTs/liver_3": [],
    }
    (mask,) = found(tmp_path)["T/imagesTr/liver_1"].masks
    assert (mask.lesions, mask.others, mask.settled) == ({2}, {0, 1}, True)


def test_channels_and_modalities_of_one_person_are_one_person(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for case in ("a", "b"):
        for channel in range(2):
            put(f"imagesTr/{case}_000{channel}.nii.gz")
        put(f"labelsTr/{case}.nii.gz", lesion)
        for modality in ("flair", "t1", "T1ce", "t2"):
            put(f"BraTS20_{case}/BraTS20_{case}_{modality}.nii.gz")
        put(f"BraTS20_{case}/BraTS20_{case}_seg.nii.gz", lesion)
    put("BraTS-GLI-00001-000/BraTS-GLI-00001-000-t1c.nii.gz")
    put("BraTS-GLI-00001-001/BraTS-GLI-00001-001-t1c.nii.gz")
    sources = found(tmp_path)
    assert len({one.subject for one in sources.values()}) == 2 + 2 + 1
    assert len(sources) == 4 + 8 + 2
    assert sum(bool(one.masks) for one in sources.values()) == 4 + 8


def test_running_numbers_are_people_and_no_channels(tmp_path: Path, put: Put) -> None:
    for number in range(4):
        put(f"scan_000{number}.nii.gz")
    assert len({one.subject for one in found(tmp_path).values()}) == 4


def test_bids_takes_derivatives_for_what_they_are(tmp_path: Path, put: Put, lesion: np.ndarray) -> None:
    for who in ("01", "02", "03"):
        for when in ("1", "2"):
            put(f"sub-{who}/ses-{when}/anat/sub-{who}_ses-{when}_T1w.nii.gz")
    stem = "derivatives/prep/sub-01/ses-1/anat/sub-01_ses-1"
    put(f"{stem}_desc-brain_mask.nii.gz", lesion)
    put(f"{stem}_desc-preproc_T1w.nii.gz")
    put(f"{stem}_dseg.nii.gz", lesion)
    put(f"{stem}_label-GM_probseg.nii.gz", lesion)
    put(f"{stem}_space-orig_label-lesion_mask.nii.gz", lesion)
    rows = "participant_id\tgroup\nsub-01\tstroke\nsub-02\tcontrol\nsub-03\tn/a\n"
    (tmp_path / "raw" / "participants.tsv").write_text(rows)
    sources = found(tmp_path)
    first = sources["sub-01/ses-1/anat/sub-01_ses-1_T1w"]
    assert [mask.path.name for mask in first.masks] == ["sub-01_ses-1_space-orig_label-lesion_mask.nii.gz"]
    assert first.brain is not None
    assert sources["sub-01/ses-2/anat/sub-01_ses-2_T1w"].masks == ()
    assert refused(tmp_path) == {f"{stem}_desc-preproc_T1w": Defect.STRAY}
    doubts = {one.name.split("/")[0]: one.doubt is not None for one in sources.values()}
    controls = {one.name.split("/")[0]: one.control for one in sources.values() if one.refusal is None}
    assert doubts == {"sub-01": True, "sub-02": False, "sub-03": False, "derivatives": False}
    assert controls == {"sub-01": False, "sub-02": True, "sub-03": False}


def test_masks_of_organs_are_no_lesions_but_a_data_set_called_by_an_organ_has_some(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    put("s1/ct.nii.gz")
    put("s1/segmentations/liver.nii.gz", lesion)
    put("liver_7.nii.gz")
    put("labels/liver_7.nii.gz", lesion)
    assert masks(tmp_path) == {"s1/ct": [], "liver_7": ["liver_7.nii.gz"]}


def test_a_mask_of_no_scan_is_refused_unless_it_is_said_to_be_a_scan(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    put("p1.nii.gz")
    put("p2_mask.nii.gz", lesion)
    put("labels/p3.nii.gz", lesion)
    put("p4_brain_mask.nii.gz", lesion)
    assert set(refused(tmp_path)) == {"p2_mask", "labels/p3", "p4_brain_mask"}
    assert set(refused(tmp_path, scans=["p2_mask", "labels/*"])) == {"p4_brain_mask"}
    taken = found(tmp_path, scans=["p2_mask"])["p2_mask"]
    assert taken.forced
    assert "--scan" in taken.notes[0].what


def test_a_scan_that_is_not_there_cannot_be_said_to_be_one(tmp_path: Path, put: Put) -> None:
    put("p1.nii.gz")
    with pytest.raises(ImportRefused, match=r"nothing in .* is called so"):
        found(tmp_path, scans=["p1.nii.gz"])


def test_a_mask_that_may_be_of_two_people_is_refused_and_both_are_in_doubt(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    put("a/p1.nii.gz", affine=np.diag([3.0, 3, 4, 1]))
    put("b/p1.nii.gz")
    put("labels/p1.nii.gz", lesion)
    assert set(refused(tmp_path)) == {"labels/p1"}
    assert all(found(tmp_path)[name].doubt is not None for name in ("a/p1", "b/p1"))


def test_what_has_name_and_grid_of_a_scan_and_few_values_is_its_mask(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for name in ("p1", "p2"):
        put(f"ct/{name}.nii.gz")
        put(f"findings/{name}.nii.gz", lesion)
    assert masks(tmp_path) == {"ct/p1": ["p1.nii.gz"], "ct/p2": ["p2.nii.gz"]}


def test_two_volumes_of_one_name_and_grid_are_both_refused_unless_they_are_said_to_be_scans(
    tmp_path: Path, put: Put
) -> None:
    put("a/p1.nii.gz")
    put("heat/p1.nii.gz", np.random.default_rng(0).random(Z.shape).astype(np.float32))
    assert refused(tmp_path) == {"a/p1": Defect.MASK_LIKE, "heat/p1": Defect.MASK_LIKE}
    assert refused(tmp_path, scans=["*/p1"]) == {}


@pytest.mark.parametrize(
    "names",
    [["sub-1/t1", "sub-2/t1"], ["p1/t1", "p2/t1"], ["p1/mprage_sag", "p2/mprage_sag"], ["t1/001", "t2/001"],
     [f"{who}/x7" for who in ("ann", "bob", "cem", "dan")]],
)  # fmt: skip
def test_people_and_modalities_with_folders_of_their_own_are_scans(
    tmp_path: Path, put: Put, names: list[str]
) -> None:
    for name in names:
        put(f"{name}.nii.gz")
    assert set(masks(tmp_path)) == set(names)


def test_a_file_beside_its_packed_twin_is_told(tmp_path: Path, put: Put) -> None:
    put("p1.nii.gz")
    put("p1.nii")
    assert refused(tmp_path) == {"p1.nii": Defect.SAME_NAME}
    assert list(masks(tmp_path)) == ["p1"]


def test_files_of_other_formats_are_told_as_they_may_be_masks(tmp_path: Path, put: Put) -> None:
    put("p1.nii.gz")
    (tmp_path / "raw" / "p1.seg.nrrd").write_text("NRRD0004")
    (tmp_path / "raw" / "notes.txt").write_text("x")
    note = found(tmp_path)["p1.seg.nrrd"].refusal
    assert note is not None
    assert (note.defect, note.error) == (Defect.STRAY, False)
    assert left_out(tmp_path) == {"p1"}
    (tmp_path / "raw" / "p1.seg.nrrd").rename(tmp_path / "raw" / "p1.mgz")
    assert left_out(tmp_path) == set()


@pytest.mark.parametrize(
    "name",
    ["p1_mask.nii.bz2", "p1_seg.mat", "p1_mask.h5", "p1_mask.png", "p1_mask.stl", "p1_mask.nii.zst",
     "p1_mask.gipl", "labels/p1.png", "labels/p1/003.png", "p1_lesion.obj"],
)  # fmt: skip
def test_a_mask_in_any_format_is_told_and_leaves_its_person_out(tmp_path: Path, put: Put, name: str) -> None:
    put("p1.nii.gz")
    put("p2.nii.gz")
    path = tmp_path / "raw" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    note = found(tmp_path)[name].refusal
    assert note is not None
    assert note.defect is Defect.STRAY
    if "/003" not in name:
        assert left_out(tmp_path) == {"p1"}


def test_pictures_of_organs_and_of_masks_that_are_read_leave_nobody_out(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    put("p1.nii.gz")
    put("p1_mask.nii.gz", lesion)
    put("p2.nii.gz")
    for name in ("p1_mask.png", "p1_mask.json", "p1_mask.nii.gz.md5", "p2_liver_seg.png", "p2.png"):
        (tmp_path / "raw" / name).write_bytes(b"x")
    assert left_out(tmp_path) == set()
    assert list(refused(tmp_path)) == ["p2_liver_seg.png"]


def test_the_folder_of_one_person_owns_every_mask_in_its_folder_for_masks(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for n in (1, 2):
        put(f"s{n}/ct.nii.gz")
        for organ in ("liver", "vertebrae_L1", "iliac_vena_left", "x7"):
            put(f"s{n}/segmentations/{organ}.nii.gz", lesion * (n == 1 or organ != "x7"))
    assert refused(tmp_path) == {}
    assert masks(tmp_path) == {f"s{n}/ct": ["x7.nii.gz"] for n in (1, 2)}
    put("data/p7.nii.gz")
    put("data/labels/p9.nii.gz", lesion)
    assert refused(tmp_path) == {"data/labels/p9": Defect.NO_IMAGE}


def test_classes_of_freesurfer_show_tissue_and_leave_nobody_out(tmp_path: Path, put: Put) -> None:
    classes = np.random.default_rng(0).integers(0, 90, (5, 5, 5)).repeat(4, 0).repeat(4, 1).repeat(4, 2)
    for who in ("100306", "100307"):
        put(f"{who}/T1w/T1w_acpc_dc_restore.nii.gz")
        for name in ("aparc+aseg", "wmparc", "ribbon", "aparc.a2009s+aseg"):
            put(f"{who}/T1w/{name}.nii.gz", classes.astype(np.int16))
    assert (refused(tmp_path), left_out(tmp_path)) == ({}, set())
    assert masks(tmp_path) == {f"{who}/T1w/T1w_acpc_dc_restore": [] for who in ("100306", "100307")}


@pytest.mark.parametrize(
    "name", ["sub-1_stroke.nii", "sub-1_stroke.nii.gz", "sub-1_out.nii.gz", "sub-1_T1w.nii"]
)
def test_a_mask_among_derivatives_counts_packed_or_not(
    tmp_path: Path, put: Put, lesion: np.ndarray, name: str
) -> None:
    for n in (1, 2):
        put(f"sub-{n}/anat/sub-{n}_T1w.nii.gz")
    soft = (1e-5 + ndimage.gaussian_filter(lesion.astype(np.float32), 1) * 0.99).astype(np.float32)
    put(f"derivatives/manual/sub-1/anat/{name}", soft if "out" in name else lesion)
    put("derivatives/prep/sub-2/anat/sub-2_desc-preproc_T1w.nii")
    assert masks(tmp_path) == {"sub-1/anat/sub-1_T1w": [name], "sub-2/anat/sub-2_T1w": []}


def test_cohorts_and_test_sets_made_from_an_archive_are_no_part_of_it(tmp_path: Path, put: Put) -> None:
    put("p1.nii.gz")
    for folder, manifest, schema in (
        ("a", "cohort.json", "mood-cohort/1"), ("b", "test_set.json", "mood-test-set/1"),
        ("c", "cohort.json", "x"),
    ):  # fmt: skip
        put(f"{folder}/images/{folder}1.nii.gz")
        (tmp_path / "raw" / folder / manifest).write_text(json.dumps({"schema": schema}))
    assert set(found(tmp_path)) == {"p1", "c/images/c1"}
    with pytest.raises(ImportRefused, match="is a cohort or a test set already"):
        find_sources(tmp_path / "raw/a", {})


@pytest.mark.parametrize("name", ["net/anna", "net/anna_out", "anna_out"])
def test_a_volume_called_as_a_scan_that_fills_its_place_is_asked_about_on_any_grid(
    tmp_path: Path, put: Put, name: str
) -> None:
    """Such as the logits of a net, which look like a scan by themselves."""
    put("anna.nii.gz")
    put("bob.nii.gz")
    put("site/bob.nii.gz", affine=np.diag([4.0, 4, 4, 1]))
    coarse = np.diag([6.0, 6, 6, 1])
    coarse[:3, 3] = 1.5
    logits = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(10, 10, 10)), 1)
    put(f"{name}.nii.gz", logits.astype(np.float32), coarse)
    assert refused(tmp_path) == dict.fromkeys(
        [name, *(["anna"] if name == "net/anna" else [])], Defect.MASK_LIKE
    )
    assert masks(tmp_path, scans=[name, "anna"]).keys() == {"anna", "bob", "site/bob", name}


def test_what_macos_leaves_behind_is_nothing(tmp_path: Path, put: Put) -> None:
    put("p1.nii.gz")
    for name in ("._p1.nii.gz", "__MACOSX/p1.nii.gz", ".cache/p2.nii.gz"):
        path = tmp_path / "raw" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\0\5\26\7")
    assert list(found(tmp_path)) == ["p1"]


def left_out(root: Path, **options: object) -> set[str]:
    """Scans that something speaks against."""
    return {one.name for one in found(root, **options).values() if one.doubt is not None}


def test_linked_folders_are_followed_and_a_circle_of_links_ends(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    put("images/p1.nii.gz")
    put("../elsewhere/p1.nii.gz", lesion)
    (tmp_path / "raw/labels").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "raw/images/up").symlink_to(tmp_path / "raw")
    assert masks(tmp_path) == {"images/p1": ["p1.nii.gz"]}
    (tmp_path / "raw/masks").symlink_to("nowhere")
    with pytest.raises(ImportRefused, match="masks is a link to a folder that is not there"):
        found(tmp_path)


def test_a_link_to_a_file_that_is_gone_is_told_and_its_person_is_left_out(tmp_path: Path, put: Put) -> None:
    for who in "12":
        put(f"sub-{who}/anat/sub-{who}_T1w.nii.gz")
    link = tmp_path / "raw/derivatives/m/sub-1/anat/sub-1_label-lesion_mask.nii.gz"
    link.parent.mkdir(parents=True)
    link.symlink_to("../.git/annex/objects/x")
    assert refused(tmp_path) == {"derivatives/m/sub-1/anat/sub-1_label-lesion_mask": Defect.UNREADABLE}
    assert left_out(tmp_path) == {"sub-1/anat/sub-1_T1w"}


@pytest.mark.parametrize(
    "name",
    ["p1_lesionmask", "p1_tumormask", "p1_mask_final", "p1_mask_v2", "p1Mask", "p1_edema", "p1_les",
     "p1_msak", "p1_manual", "p1_truth", "p1_mask (1)", "p1_seg_JD", "lesions/p1_x", "tumour_masks_v2/p1-t"],
)  # fmt: skip
def test_a_mask_under_any_name_is_no_scan_and_leaves_its_person_out(
    tmp_path: Path, put: Put, lesion: np.ndarray, name: str
) -> None:
    for scan in ("p1", "p10", "p2"):
        put(f"{scan}.nii.gz")
    put(f"{name}.nii.gz", lesion)
    assert refused(tmp_path) == {name: Defect.MASK_LIKE}
    assert left_out(tmp_path) == {"p1"}


@pytest.mark.parametrize("name", ["p1_lesionmap", "p1_heat", "p1_dist", "maps/p1_tumourmap", "p1_damage"])
def test_a_map_of_many_grey_values_is_known_by_its_name_or_that_of_its_scan(
    tmp_path: Path, put: Put, name: str
) -> None:
    put("p1.nii.gz")
    put("p2.nii.gz")
    put(f"{name}.nii.gz", np.random.default_rng(0).random(Z.shape).astype(np.float32))
    assert refused(tmp_path) == {name: Defect.MASK_LIKE}
    assert left_out(tmp_path) == {"p1"}


@pytest.mark.parametrize(
    "names",
    [["p1", "p1_T2"], ["p1", "p1_post"], ["p1/t1", "p1/t1ce"], ["p1/ct", "p1/ct_portal"], ["p1", "p10"],
     ["scan", "scan_2"], ["ann", "anna"], ["p1_masked", "p2_masked"], ["sub-lesion01_T1w", "sub-tumor2_T1w"],
     ["labeled/p1", "segment_study/p2"], ["imagesTr/x_tumor_a1", "imagesTr/x_tumor_a2"]],
)  # fmt: skip
def test_scans_whose_names_go_on_from_one_another_as_those_of_scans_do_are_scans(
    tmp_path: Path, put: Put, names: list[str]
) -> None:
    for name in names:
        put(f"{name}.nii.gz")
    assert set(masks(tmp_path)) == set(names)
    assert left_out(tmp_path) == set()


def test_the_same_name_and_more_on_another_grid_is_a_scan(tmp_path: Path, put: Put) -> None:
    put("p1.nii.gz")
    put("p1_thick.nii.gz", affine=np.diag([3.0, 3, 5, 1]))
    assert set(masks(tmp_path)) == {"p1", "p1_thick"}


def test_phases_and_time_points_in_the_folder_of_a_person_are_one_person_with_one_mask(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for who in ("P1", "P2"):
        for inner in ("arterial", "portal"):
            put(f"{who}/{inner}.nii.gz")
    put("P1/segmentation.nii.gz", lesion)
    assert {one.subject for one in found(tmp_path).values()} == {"P1", "P2"}
    assert [bool(marks) for marks in masks(tmp_path).values()] == [True, True, False, False]


def test_what_looks_like_a_mask_in_a_folder_of_a_persons_folder_leaves_all_scans_of_that_person_out(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for who in ("P1", "P2"):
        for inner in ("arterial", "portal"):
            put(f"{who}/{inner}.nii.gz")
    put("P1/drawn/x.nii.gz", lesion)
    assert left_out(tmp_path) == {"P1/arterial", "P1/portal"}


def test_of_a_mask_that_is_there_twice_the_one_that_is_not_read_leaves_its_person_out(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for name in ("p1", "p2"):
        put(f"{name}.nii.gz")
    put("p1_mask.nii", lesion)
    put("p1_mask.nii.gz", Z)
    put("p2.nii")
    assert set(refused(tmp_path)) == {"p1_mask.nii", "p2.nii"}
    assert left_out(tmp_path) == {"p1"}


def test_what_is_called_a_mask_and_taken_for_a_scan_leaves_its_person_out(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for name in ("images/p1", "images/p2", "images/p3"):
        put(f"{name}.nii.gz")
    put("labels/p1.nii.gz", lesion)
    put("images/p2_mask.nii.gz", lesion)
    everything = ["images/*", "labels/*"]
    assert left_out(tmp_path, scans=everything) == {"images/p1", "images/p2"}


def test_the_remedy_names_the_file_and_no_pattern_that_would_take_masks_for_scans(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    put("labels/p3.nii.gz", lesion)
    note = found(tmp_path)["labels/p3"].refusal
    assert note is not None
    assert "--scan 'labels/p3'" in note.remedy
    assert "*" not in note.remedy


@pytest.mark.parametrize("content", [b"", b"abc"])
def test_a_file_that_is_no_nifti_stops_nothing(tmp_path: Path, put: Put, content: bytes) -> None:
    put("p1.nii.gz")
    (tmp_path / "raw/z.nii").write_bytes(content)
    assert set(found(tmp_path)) == {"p1", "z"}


def test_columns_of_participants_that_nobody_understands_are_named(tmp_path: Path, put: Put) -> None:
    put("sub-1/anat/sub-1_T1w.nii.gz")
    rows = "participant_id\tage\tgroup\tdiagnosis\nsub-1\t40\tdiscovery\tglioblastoma\n"
    (tmp_path / "raw/participants.tsv").write_text(rows)
    note = found(tmp_path)["participants.tsv"].refusal
    assert note is not None
    assert not note.error
    assert note.what.endswith(": group.")
    assert left_out(tmp_path) == {"sub-1/anat/sub-1_T1w"}


def test_a_folder_that_is_not_there_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="is no folder"):
        find_sources(tmp_path / "nowhere", {})


def test_scans_of_one_name_at_two_sites_are_scans_if_their_voxels_are_spread_alike(
    tmp_path: Path, put: Put
) -> None:
    for name in ("site_a/001", "site_b/001", "p1", "p1_again"):
        put(f"{name}.nii.gz")
    assert refused(tmp_path) == {}


def test_a_mask_in_one_of_the_folders_of_modalities_is_of_a_person_that_is_in_both(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for name in ("t1/P1", "flair/P1", "t1/P2", "flair/P2"):
        put(f"{name}.nii.gz")
    put("masks/P1.nii.gz", lesion)
    assert {name for name, marks in masks(tmp_path).items() if marks} == {"t1/P1", "flair/P1"}


def test_a_mask_in_the_folder_of_its_person_below_labels_is_its_mask(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for name in ("images/P1", "images/P2"):
        put(f"{name}.nii.gz")
    put("labels/P1/tumour.nii.gz", lesion)
    put("labels/P2/liver.nii.gz", lesion)
    assert masks(tmp_path) == {"images/P1": ["tumour.nii.gz"], "images/P2": []}


def test_of_two_bids_data_sets_a_mask_is_of_the_person_of_its_own(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for number in (1, 2):
        put(f"ds{number}/sub-01/anat/sub-01_T1w.nii.gz")
        (tmp_path / f"raw/ds{number}/participants.tsv").write_text("participant_id\tage\nsub-01\t40\n")
    put("ds1/derivatives/les/sub-01/anat/sub-01_label-lesion_mask.nii.gz", lesion)
    assert [bool(marks) for marks in masks(tmp_path).values()] == [True, False]
    assert {one.subject for one in found(tmp_path).values() if not one.refusal} == {"ds1/01", "ds2/01"}


def test_sub_may_be_written_in_capitals(tmp_path: Path, put: Put, lesion: np.ndarray) -> None:
    for modality in ("T1w", "T2w"):
        put(f"SUB-01/anat/SUB-01_{modality}.nii.gz")
    put("derivatives/lesions/sub-01/anat/sub-01_lesion_mask.nii.gz", lesion)
    assert [bool(marks) for marks in masks(tmp_path).values()] == [True, True]


def test_a_lesion_of_the_brain_is_no_brain_that_was_extracted(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for name in ("P1", "P2", "images/P3_brain"):
        put(f"{name}.nii.gz")
    put("P1_lesion_brain.nii.gz", lesion)
    put("P2_tumor_brain_mask.nii.gz", lesion)
    put("labels/P3_brain.nii.gz", lesion)
    assert [len(marks) for marks in masks(tmp_path).values()] == [1, 1, 1]
    assert all(one.brain is None for one in found(tmp_path).values())


def test_what_subjects_names_the_same_as_a_scan_is_of_its_person(
    tmp_path: Path, put: Put, lesion: np.ndarray
) -> None:
    for name in ("scans/x1", "scans/x2"):
        put(f"{name}.nii.gz")
    put("drawn/q7.nii.gz", lesion)
    sources = find_sources(tmp_path / "raw", {"scans/x1": "anna", "scans/x2": "bob", "drawn/q7": "Anna"})
    assert [one.name for one in sources if one.doubt is not None] == ["scans/x1"]


def test_ten_scans_of_one_name_are_told_and_subjects_settle_it(tmp_path: Path, put: Put) -> None:
    names = [f"mine/2020-01-{day}" for day in range(10, 20)]
    for name in names:
        put(f"{name}.nii.gz")
    ((first, note),) = ((one.name, note) for one in found(tmp_path).values() for note in one.notes)
    assert (first, note.defect) == ("mine/2020-01-10", Defect.SHARED_ID)
    assert "10 scans (such as mine/2020-01-11) have its name and count as one person" in note.what
    own = {name: name for name in names}
    assert not any(one.notes for one in find_sources(tmp_path / "raw", own))


def test_what_may_be_one_person_and_counts_as_two_is_told_and_subjects_settle_it(
    tmp_path: Path, put: Put
) -> None:
    names = ["P1_1", "P1_2", "P2_1", "P2_2"]
    for name in names:
        put(f"{name}.nii.gz")
    (note,) = (note for one in found(tmp_path).values() for note in one.notes)
    assert "It and P1_2 may be of one person and count as two, and 1 more." in note.what
    assert "--subjects" in note.remedy
    own = {name: name[:2] for name in names}
    assert not any(one.notes for one in find_sources(tmp_path / "raw", own))
