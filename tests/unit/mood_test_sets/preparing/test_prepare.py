"""Raw scans of people, as NIfTI and DICOM, become a cohort, and the cohort a test set."""

import json
import locale
from itertools import combinations
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as Itk

from mood_evaluator.test_set import Dataset, load_test_set
from mood_test_sets.archives.sources import find_sources
from mood_test_sets.cli.main import main
from mood_test_sets.cohort_folder import CohortRole, load_cohort
from mood_test_sets.errors import ImportRefused, InvalidRecipe
from mood_test_sets.findings import Defect
from mood_test_sets.growing.subjects import Subject, grow
from mood_test_sets.making.from_cohort import assign
from mood_test_sets.making.recipe import load_recipe, plan
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.preparing.dicom_volume import kept_locale
from mood_test_sets.preparing.prepare import Prepared, Wishes, prepare
from mood_test_sets.preparing.preprocess import Preprocessing, deface, preprocess
from mood_test_sets.preparing.raw import Raw, read_source
from mood_test_sets.preparing.readers import Reading
from mood_test_sets.reading.scan_file import UnusableFile
from mood_test_sets.streams import PUBLIC, Streams

SIDE = 32
KEY = Streams(bytes(range(32)), hidden=True)
WISHES = Wishes(Preprocessing(Dataset.BRAIN, SIDE), shares=(0.25, 0.25), faces_removed=True, all_healthy=True)


def write_brain(path: Path, index: int, *, flipped: bool = False) -> None:
    """As a scanner would: int16, other spacing, background 0, perhaps with the first axis to the left."""
    volume = grow(PUBLIC, Subject(Dataset.BRAIN, "raw", index), side=40)
    values = (volume.values * 900).astype(np.int16)
    affine = np.diag([5.28, 5.28, 5.28, 1.0])
    if flipped:
        values, affine = values[::-1], np.diag([-5.28, 5.28, 5.28, 1.0])
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(values, affine)
    image.header["descrip"] = b"Jane Doe"
    nib.save(image, path)


def write_series(folder: Path, values: np.ndarray, *, skip: int | None = None, patient: str = "P7") -> None:
    """One file a slice, 2 mm apart, HU with slope and intercept."""
    folder.mkdir(parents=True)
    writer = Itk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for number in range(values.shape[2]):
        if number == skip:
            continue
        plane = Itk.GetImageFromArray(values[:, :, number].T.astype(np.int16))
        plane.SetSpacing((3.0, 3.0))
        tags = {
            "0008|0060": "CT", "0010|0020": patient, "0020|000e": "1.2.3.4.55", "0020|000d": "1.2.3",
            "0008|0018": f"1.2.3.4.55.{number + 1}", "0020|0013": str(number + 1),
            "0020|0032": f"-60\\-60\\{2 * number}", "0020|0037": "1\\0\\0\\0\\1\\0",
            "0028|1052": "-1024", "0028|1053": "1",
        }  # fmt: skip
        for tag, value in tags.items():
            plane.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{number:03}.dcm"))
        with kept_locale():
            writer.Execute(plane)


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw")
    for index in range(16):
        write_brain(root / f"sub-{index:02}" / "t1.nii.gz", index, flipped=index % 2 == 1)
    write_brain(root / "sub-00" / "later.nii.gz", 50)
    return root


def run(raw: Path, out: Path, **options: object) -> Prepared:
    return prepare(find_sources(raw, {}), out, wishes=WISHES, streams=KEY, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def prepared(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    readings = [{"sub-03/t1": Reading(True, "global", "condition", "atrophy")}]
    return run(raw, tmp_path_factory.mktemp("cohort") / "brains", tables=readings)


def test_all_scans_have_one_grid_one_range_and_no_name(prepared: Prepared) -> None:
    assert prepared.cohort is not None
    assert prepared.findings == ()
    assert prepared.cohort.subjects == 16
    for scan in prepared.cohort.scans:
        content = (prepared.cohort.folder / scan.image).read_bytes()
        image = nib.Nifti1Image.from_bytes(__import__("gzip").decompress(content))
        values = np.asarray(image.dataobj)
        assert values.shape == (SIDE,) * 3
        assert 0.9 < values.max() <= 1
        assert values[0, 0, 0] == 0
        assert b"Jane" not in image.header.binaryblock
        assert (prepared.cohort.folder / scan.image).stat().st_mtime == 0


def test_a_flipped_file_is_turned_as_the_others() -> None:
    affine = np.diag([2.0, 2, 2, 1])
    values = grow(PUBLIC, Subject(Dataset.BRAIN, "raw", 0), side=40).values.astype(np.float32)
    options = Preprocessing(Dataset.BRAIN, SIDE)
    from mood_test_sets.preparing.raw import _canonical

    straight = preprocess(_canonical(values, affine), None, options)
    mirrored = preprocess(_canonical(values[::-1], np.diag([-2.0, 2, 2, 1])), None, options)
    assert np.array_equal(straight.levels, mirrored.levels)


def test_subjects_are_split_and_never_their_scans(prepared: Prepared) -> None:
    assert prepared.cohort is not None
    people = {role: {scan.subject for scan in prepared.cohort.of(role)} for role in CohortRole}
    assert all(people[a].isdisjoint(people[b]) for a, b in combinations(CohortRole, 2))
    assert [len(people[role]) for role in CohortRole] == [7, 4, 4, 1]
    (natural,) = prepared.cohort.of(CohortRole.NATURAL)
    assert (natural.scope, natural.category, natural.subcategory) == ("global", "condition", "atrophy")


def test_names_stand_in_the_key_alone(prepared: Prepared) -> None:
    assert prepared.cohort is not None
    folder = prepared.cohort.folder
    assert "sub-03" not in (folder / "cohort.json").read_text()
    assert "sub-03/t1" in (folder / "key.csv").read_text()
    assert (folder / "key.csv").stat().st_mode & 0o777 == 0o600
    assert load_cohort(folder) == prepared.cohort


def test_a_stopped_run_goes_on_and_ends_the_same(raw: Path, prepared: Prepared, tmp_path: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    readings = [{"sub-03/t1": Reading(True, "global", "condition", "atrophy")}]
    with pytest.raises(KeyboardInterrupt):
        run(raw, tmp_path / "brains", tables=readings, on_scan=stop)
    records = sorted((tmp_path / ".brains.partial" / "records").iterdir())
    before = {path.name: path.stat().st_mtime_ns for path in records}
    assert len(before) == 5
    again = run(raw, tmp_path / "brains", tables=readings, jobs=2)
    assert prepared.cohort is not None
    assert again.cohort is not None
    assert again.cohort.scans == prepared.cohort.scans


def test_what_cannot_be_used_is_named_and_the_rest_goes_in(raw: Path, tmp_path: Path) -> None:
    root = tmp_path / "raw"
    for index in range(3):
        write_brain(root / f"good{index}.nii.gz", index)
    write_brain(root / "twice.nii.gz", 1)
    (root / "broken.nii.gz").write_bytes(b"broken")
    values = np.random.default_rng(0).random((20, 20, 20)).astype(np.float32) + 1
    for name, change, spacing in (
        ("hole", np.nan, 5), ("thick", None, 12), ("thin", None, 5), ("flat", 1.0, 5),
    ):  # fmt: skip
        voxels = values.copy() if name != "thin" else values[:, :, :4].copy()
        if change is not None:
            voxels[:] = np.where(np.isnan(change) & (np.arange(20) > 5), voxels, change)
        nib.save(nib.Nifti1Image(voxels, np.diag([spacing] * 3 + [1])), root / f"{name}.nii.gz")
    nib.save(nib.Nifti1Image(values, None), root / "nowhere.nii.gz")
    done = run(root, tmp_path / "out")
    assert {finding.file: finding.defect for finding in done.findings} == {
        "broken": Defect.UNREADABLE, "hole": Defect.NOT_FINITE,
        "thick": Defect.SPACING, "thin": Defect.SLICES, "flat": Defect.CONSTANT,
        "nowhere": Defect.NO_ORIENTATION, "twice": Defect.DUPLICATE,
    }  # fmt: skip
    assert done.cohort is not None
    assert len(done.cohort.scans) == 3
    assert all(finding.remedy for finding in done.findings)


def test_readers_who_disagree_leave_a_scan_out_until_it_is_settled(raw: Path, tmp_path: Path) -> None:
    tables = [{"sub-01/t1": Reading(finding=True)}, {"sub-01/t1": Reading(finding=False)}]
    done = run(raw, tmp_path / "out", tables=tables)
    assert [finding.defect for finding in done.findings] == [Defect.UNSETTLED]
    assert "sub-01/t1,1,0," in (tmp_path / "out.consensus.csv").read_text()
    assert done.cohort is not None
    assert len(done.cohort.scans) == 16


def test_a_dicom_series_is_read_in_hu_with_its_patient(tmp_path: Path) -> None:
    values = np.full((30, 24, 20), -1000.0)
    values[6:24, 5:20, :] = 40.0
    values[6:9, 5:8, :] = 400.0
    write_series(tmp_path / "scan", values)
    before = locale.getpreferredencoding(do_setlocale=False)
    (source,) = find_sources(tmp_path, {})
    assert source.subject == "P7"
    raw = read_source(source)
    assert locale.getpreferredencoding(do_setlocale=False) == before
    assert raw.values.shape == (30, 24, 20)
    assert np.allclose(raw.spacing, (3, 3, 2))
    assert np.allclose(
        raw.values, values[::-1, ::-1]
    )  # towards right and anterior instead of left and posterior


def test_a_series_with_a_missing_slice_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path / "scan", np.random.default_rng(0).random((20, 20, 24)) * 100, skip=9)
    (source,) = find_sources(tmp_path, {})
    with pytest.raises(UnusableFile, match="apart"):
        read_source(source)


def test_defacing_never_touches_the_brain_and_removes_the_front_below() -> None:
    head = Raw(np.full((20, 60, 60), 5, np.float32), np.array([3.0, 3, 3]))
    head.values[0, 0, 0] = 0
    brain = np.zeros(head.values.shape, dtype=bool)
    brain[5:15, 10:40, 30:55] = True
    after = deface(head, brain)
    assert (after.values[brain] == 5).all()
    assert (after.values[:, 55:, :5] == 0).all()
    assert (after.values[:, :10, 40:] != 0).sum() >= 20 * 10 * 20 - 1


def test_a_head_needs_a_brain_beside_it_or_somebody_who_says_that_no_face_shows(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    for name in ("alone", "whole", "whole_brain", "other_brain"):
        write_brain(root / f"{name}.nii.gz", 3 + len(name))
    names = [source.name for source in find_sources(root, {})]
    assert names == ["alone", "other_brain", "whole"]  # no scan `other` stands beside other_brain
    wishes = Wishes(Preprocessing(Dataset.BRAIN, SIDE), all_healthy=True)
    done = prepare(find_sources(root, {}), tmp_path / "out", wishes=wishes, streams=KEY)
    assert {(one.file, one.defect) for one in done.findings} == {
        ("alone", Defect.FACE), ("other_brain", Defect.FACE),
    }  # fmt: skip


def test_a_mask_beside_a_scan_is_resampled_with_it(raw: Path, tmp_path: Path) -> None:
    root = tmp_path / "raw"
    write_brain(root / "a.nii.gz", 3)
    mask = np.zeros((40, 40, 40), np.uint8)
    mask[16:24, 16:24, 16:24] = 1
    nib.save(nib.Nifti1Image(mask, np.diag([5.28, 5.28, 5.28, 1])), root / "a_mask.nii.gz")
    done = run(root, tmp_path / "out")
    assert done.cohort is not None
    (scan,) = done.cohort.scans
    assert (scan.role, scan.scope, scan.category) == (CohortRole.NATURAL, "local", "pathology")
    assert scan.label is not None


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_a_test_set_is_built_from_a_cohort_with_its_natural_anomalies(
    prepared: Prepared, tmp_path: Path
) -> None:
    assert prepared.cohort is not None
    secret = tmp_path / "key"
    assert call("new-secret", str(secret)) == 0
    arguments = [
        "build",
        "mini",
        str(tmp_path / "sets"),
        "--scans",
        str(prepared.cohort.folder),
        "--train",
        "2",
    ]
    assert call(*arguments, "--secret", str(secret)) == 2  # toy and test need 7 bases, there are 4
    recipe = tmp_path / "own.yaml"
    lines = [
        "- {normal: 2}",
        *(f"- {{category: {c}, difficulty: [7, 8]}}" for c in ("image", "condition", "pathology")),
    ]
    text = "schema: mood-recipe/1\nsets:\n- name: test\n  purpose: test\n  batch_size: 5\n  cases:\n  "
    recipe.write_text(text + "\n  ".join(lines))
    assert call("build", str(recipe), *arguments[2:], "--secret", str(secret), "--jobs", "1") == 0
    built = load_test_set(tmp_path / "sets" / "test-brain")
    assert find_problems(tmp_path / "sets" / "test-brain") == []
    assert built.source_subjects == 16
    assert sorted(case.origin for case in built.cases) == ["artificial"] * 3 + ["natural"] + ["none"] * 2
    used = {case.base_subject for case in built.cases}
    assert len(used) == len(built.cases)


def test_a_cohort_that_is_too_small_says_how_many_it_has(prepared: Prepared) -> None:
    assert prepared.cohort is not None
    with pytest.raises(InvalidRecipe, match="scans of the role normal"):
        assign(plan(load_recipe("test"), datasets=[Dataset.BRAIN]), prepared.cohort)


def test_a_folder_without_scans_or_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="neither NIfTI"):
        find_sources(tmp_path, {})
    (tmp_path / "cohort.json").write_text(json.dumps({"schema": "other"}))
    with pytest.raises(ImportRefused, match="other"):
        load_cohort(tmp_path)
