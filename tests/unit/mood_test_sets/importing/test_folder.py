"""Each defect that a folder of scans can have is named with its file; sound folders become test sets."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from mood_evaluator.test_set import Dataset, Task, load_test_set
from mood_test_sets.errors import FolderOccupied, ImportRefused
from mood_test_sets.findings import Defect, Finding, to_json
from mood_test_sets.importing.folder import Description, Imported, import_set
from mood_test_sets.importing.layout import find_layout
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.streams import Streams

KEY = Streams(key=bytes(range(16)), hidden=True)
SHAPE = (6, 7, 8)
SPHERE = np.zeros(SHAPE)
SPHERE[2:4, 2:4, 2:4] = 1
RAS = np.diag([2.0, 2.0, 3.0, 1.0])
LPS = np.diag([-2.0, -2.0, 3.0, 1.0])
DESCRIPTION = Description(
    name="mine", dataset=Dataset.ABDOM, purpose="test", origin="natural", batch_size=2, public=False
)
ONE_MM_OFF = RAS + np.outer(np.eye(4)[0], np.eye(4)[3])
HUGE = (3, 30000, 30000, 9, 1, 1, 1, 1)
Break = Callable[[Path], object]


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(SHAPE)


def write(path: Path, voxels: np.ndarray, *, affine: np.ndarray = RAS, dtype: Any = np.float32) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(voxels.astype(dtype), affine).to_filename(path)


def edit_header(path: Path, change: Callable[[Any], None]) -> None:
    """As no library would write it."""
    content = bytearray(gzip.decompress(path.read_bytes()))
    header = np.frombuffer(content, nib.nifti1.header_dtype, count=1)
    change(header[0])
    path.write_bytes(gzip.compress(bytes(content), mtime=0))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three sound cases: a, abnormal, b, normal, and c, abnormal all over."""
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        write(tmp_path / "in" / "images" / f"{name}.nii.gz", noise(seed))
    write(tmp_path / "in" / "labels" / "a.nii.gz", SPHERE)
    write(tmp_path / "in" / "labels" / "b.nii.gz", SPHERE * 0)
    (tmp_path / "in" / "labels" / "c.nii.gz.txt").write_text("1\n")
    return tmp_path / "in"


def import_it(source: Path, **changes: Any) -> Imported:
    description = Description(
        **{name: changes.get(name, getattr(DESCRIPTION, name)) for name in DESCRIPTION.__slots__}
    )
    return import_set(find_layout(source), source.parent / "out", description=description, streams=KEY)


def seen(imported: Imported) -> set[tuple[str, Defect, str]]:
    return {(one.severity, one.defect, one.file) for one in imported.findings}


def test_a_sound_folder_becomes_a_sound_test_set_without_a_word(source: Path) -> None:
    imported = import_it(source)
    assert imported.findings == ()
    assert imported.test_set is not None
    out = source.parent / "out"
    assert find_problems(out) == []
    assert load_test_set(out).digest == imported.test_set.digest
    assert sorted((case.abnormal, case.scope, case.origin) for case in imported.test_set.cases) == [
        (False, None, "none"), (True, "global", "natural"), (True, "local", "natural"),
    ]  # fmt: skip
    assert len(imported.test_set.for_task(Task.PIXEL)) == 2
    assert imported.test_set.secret_sha256 == KEY.secret_sha256
    for case in imported.test_set.cases:
        image = nib.Nifti1Image.from_filename(out / case.image)
        assert np.array_equal(np.array(case.affine), image.affine[:3])


def image(name: str, voxels: np.ndarray, **options: Any) -> Break:
    return lambda root: write(root / "images" / name, voxels, **options)


def label(name: str, voxels: np.ndarray, **options: Any) -> Break:
    return lambda root: write(root / "labels" / name, voxels, **options)


def text(name: str, words: str) -> Break:
    return lambda root: (root / name).write_text(words)


def truncate(name: str) -> Break:
    return lambda root: (root / name).write_bytes((root / name).read_bytes()[:-40])


def header(name: str, field: str, value: Any) -> Break:
    def change(fields: Any) -> None:
        fields[field] = value

    return lambda root: edit_header(root / "images" / name, change)


def noisy(seed: int) -> np.ndarray:
    """As a second export would have it."""
    return noise(seed) + np.random.default_rng(9).normal(0, 1e-4, SHAPE)


def in_air(root: Path) -> None:
    voxels = noise(1) / 2 + 0.5
    voxels[:3] = 0
    marks = SPHERE * 0
    marks[0:2, 2:4, 2:4] = marks[4, 4, 4] = 1
    write(root / "images" / "a.nii.gz", voxels)
    write(root / "labels" / "a.nii.gz", marks)


def placed_twice(root: Path) -> None:
    image = nib.Nifti1Image(noise(3).astype(np.float32), RAS)
    image.set_qform(LPS @ np.diag([1, -1, 1, 1]), code=1)
    image.set_sform(RAS, code=1)
    image.to_filename(root / "images" / "c.nii.gz")


def turned(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turn @ RAS


def twin(root: Path) -> None:
    (root / "images" / "d.nii.gz").write_bytes((root / "images" / "a.nii.gz").read_bytes())
    (root / "labels" / "d.txt").write_text("0")


def with_nan(at: float) -> np.ndarray:
    voxels = noise(1)
    voxels[0, 0, 0] = at
    return voxels


ERRORS = [
    (text("images/a.nii.gz", "no nifti"), Defect.UNREADABLE, "images/a.nii.gz", "gzip"),
    (truncate("images/a.nii.gz"), Defect.UNREADABLE, "images/a.nii.gz", "cannot be read"),
    (text("images/a.nii.gz", ""), Defect.UNREADABLE, "images/a.nii.gz", "cannot be read"),
    (truncate("labels/a.nii.gz"), Defect.UNREADABLE, "labels/a.nii.gz", "cannot be read"),
    (header("a.nii.gz", "dim", HUGE), Defect.UNREADABLE, "images/a.nii.gz", "30000"),
    (image("a.nii.gz", noise(1), dtype=np.complex64), Defect.DATA_TYPE, "images/a.nii.gz", "real"),
    (image("a.nii.gz", np.stack([noise(1)] * 2, -1)), Defect.NOT_3D, "images/a.nii.gz", "6 x 7 x 8 x 2"),
    (image("a.nii.gz", noise(1)[0]), Defect.NOT_3D, "images/a.nii.gz", "7 x 8"),
    (header("a.nii.gz", "pixdim", (1, 2, 0, 3, 0, 0, 0, 0)), Defect.SPACING, "images/a.nii.gz", "2 x 0 x 3"),
    (header("a.nii.gz", "pixdim", (1, 2, np.nan, 3, 0, 0, 0, 0)), Defect.SPACING, "images/a.nii.gz", "nan"),
    (header("a.nii.gz", "srow_x", (0, 0, 0, 0)), Defect.SPACING, "images/a.nii.gz", "0 x 2 x 3"),
    (image("a.nii.gz", with_nan(np.nan)), Defect.NOT_FINITE, "images/a.nii.gz", "1 of its voxels"),
    (image("a.nii.gz", with_nan(np.inf)), Defect.NOT_FINITE, "images/a.nii.gz", "infinite"),
    (image("a.nii.gz", noise(1) * 0 + 3), Defect.CONSTANT, "images/a.nii.gz", "are 3"),
    (image("a.nii", noise(4)), Defect.SAME_NAME, "images/a.nii", "a.nii.gz too"),
    (image("d.nii.gz", noise(4)), Defect.NO_LABEL, "images/d.nii.gz", "no label"),
    (label("d.nii.gz", SPHERE), Defect.NO_IMAGE, "labels/d.nii.gz", "No scan"),
    (text("labels/d.txt", "1"), Defect.NO_IMAGE, "labels/d.txt", "No scan"),
    (text("labels/b.txt", "maybe"), Defect.FLAG, "labels/b.txt", "'maybe'"),
    (label("a.nii.gz", SPHERE[:3]), Defect.SHAPE, "labels/a.nii.gz", "3 x 7 x 8"),
    (label("a.nii.gz", SPHERE, affine=LPS), Defect.ORIENTATION, "labels/a.nii.gz", "LPS"),
    (label("a.nii.gz", SPHERE * 3), Defect.NOT_BINARY, "labels/a.nii.gz", "0, 3"),
    (label("a.nii.gz", with_nan(np.nan)), Defect.NOT_BINARY, "labels/a.nii.gz", "…"),
    (text("labels/b.txt", "1"), Defect.EMPTY_LABEL, "labels/b.nii.gz", "no voxel"),
    (text("labels/a.txt", "0"), Defect.MARKED_NORMAL, "labels/a.nii.gz", "normal (0)"),
    (twin, Defect.DUPLICATE, "images/d.nii.gz", "same file as a.nii.gz"),
    (image("c.nii.gz", noise(1)), Defect.DUPLICATE, "images/c.nii.gz", "a.nii.gz"),
    (label("a.nii.gz", SPHERE * 0.5), Defect.EMPTY_LABEL, "labels/a.nii.gz", "0, 0.5: rounded"),
    (image("c.nii.gz", noise(1)[::-1]), Defect.DUPLICATE, "images/c.nii.gz", "the mirror image"),
    (image("c.nii.gz", noise(1)[:, ::-1, ::-1]), Defect.DUPLICATE, "images/c.nii.gz", "the mirror"),
    (image("c.nii.gz", noise(1)[::-1, ::-1], affine=LPS), Defect.DUPLICATE, "images/c.nii.gz", "the same"),
    (image("c.nii.gz", noisy(1)), Defect.DUPLICATE, "images/c.nii.gz", "but for noise"),
    (image("c.nii.gz", noise(1) * 255, dtype=np.uint8), Defect.DUPLICATE, "images/c.nii.gz", "but for noise"),
    (image("c.nii.gz", noise(1), affine=LPS), Defect.DUPLICATE, "images/c.nii.gz", "same voxels as a.nii.gz"),
    (label("a.nii", SPHERE * 0), Defect.SAME_NAME, "labels/a.nii", "There is a a.nii.gz too"),
    (text("labels/c.txt", "0"), Defect.SAME_NAME, "labels/c.txt", "c.nii.gz.txt too"),
    (label("more/b.nii.gz", SPHERE), Defect.STRAY, "labels/more", "what it holds is left out"),
    (header("a.nii.gz", "sform_code", 999), Defect.NO_ORIENTATION, "images/a.nii.gz", "sform_code is 999"),
    (header("a.nii.gz", "magic", b"xxxx"), Defect.UNREADABLE, "images/a.nii.gz", "cannot be read"),
    (header("a.nii.gz", "dim", (9, 6, 7, 8, 1, 1, 1, 1)), Defect.UNREADABLE, "images/a.nii.gz", "9 axes"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "defect", "file", "words"), ERRORS)
def test_each_error_is_named_exactly_and_nothing_is_written(
    source: Path, damage: Break, defect: Defect, file: str, words: str
) -> None:
    damage(source)
    imported = import_it(source)
    wrong = [one for one in imported.findings if one.is_error]
    assert {(one.defect, one.file) for one in wrong} == {(defect, file)}
    assert words in wrong[0].what
    assert wrong[0].remedy
    assert imported.test_set is None
    assert [path.name for path in source.parent.iterdir()] == ["in"]


def no_orientation(root: Path) -> None:
    def change(fields: Any) -> None:
        fields["sform_code"] = fields["qform_code"] = 0

    edit_header(root / "images" / "c.nii.gz", change)


def scaled(root: Path) -> None:
    write(root / "images" / "c.nii.gz", noise(3) * 100, dtype=np.int16)
    header("c.nii.gz", "scl_slope", 0.01)(root)


WARNINGS = [
    (text("images/notes.dcm", "x"), Defect.STRAY, "images/notes.dcm", "left out"),
    (label("a.nii.gz", SPHERE * 0.7), Defect.FRACTIONS, "labels/a.nii.gz", "0.7"),
    (label("a.nii.gz", 1 - SPHERE), Defect.MOSTLY_MARKED, "labels/a.nii.gz", "98%"),
    (label("a.nii.gz", SPHERE, affine=ONE_MM_OFF), Defect.SHIFTED, "labels/a.nii.gz", "1 mm"),
    (image("c.nii.gz", noise(3), affine=LPS), Defect.ORIENTATION, "images/c.nii.gz", "LPS"),
    (no_orientation, Defect.NO_ORIENTATION, "images", "1 of 3 scans"),
    (scaled, Defect.SCALED, "images", "1 of 3 scans"),
    (image("c.nii.gz", noise(3), affine=np.eye(4)), Defect.SPACINGS_DIFFER, "images", "1 x 1 x 1 to 2 x"),
    (image("c.nii.gz", noise(3)[:5]), Defect.SHAPES_DIFFER, "images", "5 x 7 x 8 to 6 x 7 x 8"),
    (image("c.nii.gz", noise(3) * 900), Defect.RANGE, "images", "1 of 3 scans"),
    (header("c.nii.gz", "descrip", b"Jane Doe"), Defect.TELLING_HEADER, "images", "Jane Doe"),
    (image("c.nii.gz", noise(3), affine=turned(17)), Defect.OBLIQUE, "images", "17.0°, up to 3.6 mm"),
    (placed_twice, Defect.FORMS_DIFFER, "images", "c.nii.gz: 0.0°, mirrored, up to 20.0 mm"),
    (in_air, Defect.IN_AIR, "labels/a.nii.gz", "1 of its 2 objects"),
    (text("labels/b.nii.gz.txt", "0"), None, "", ""),
    (text("images/._a.nii.gz", "macOS"), None, "", ""),
    (text("labels/._a.nii.gz", "macOS"), None, "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("oddity", "defect", "file", "words"), WARNINGS)
def test_each_warning_is_named_exactly_and_the_set_is_written(
    source: Path, oddity: Break, defect: Defect | None, file: str, words: str
) -> None:
    oddity(source)
    imported = import_it(source)
    assert imported.test_set is not None
    assert [(one.severity, one.defect, one.file) for one in imported.findings] == (
        [("warning", defect, file)] if defect else []
    )
    assert all(words in one.what for one in imported.findings)
    assert find_problems(source.parent / "out") == []


def test_scans_that_all_lie_otherwise_are_one_warning(source: Path) -> None:
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        write(source / "images" / f"{name}.nii.gz", noise(seed), affine=LPS)
    for name in ("a", "b"):
        write(source / "labels" / f"{name}.nii.gz", SPHERE if name == "a" else SPHERE * 0, affine=LPS)
    assert seen(import_it(source)) == {("warning", Defect.NOT_RAS, "images")}


def test_a_set_without_abnormal_or_normal_cases_is_told(source: Path) -> None:
    write(source / "labels" / "b.nii.gz", SPHERE)
    assert seen(import_it(source)) == {("warning", Defect.NO_NORMAL, ".")}


def test_a_set_without_an_abnormal_case_is_refused(source: Path) -> None:
    write(source / "labels" / "a.nii.gz", SPHERE * 0)
    (source / "labels" / "c.nii.gz.txt").write_text("0\n")
    assert seen(import_it(source)) == {("error", Defect.NO_ABNORMAL, ".")}


def test_too_few_abnormal_cases_for_the_batches_are_told_with_the_remedy(source: Path) -> None:
    imported = import_it(source, batch_size=1)
    [finding] = imported.findings
    assert (finding.defect, imported.test_set) == (Defect.BATCHES, None)
    assert "1 of 2 cases" in finding.what


def test_many_defects_are_told_at_once(source: Path) -> None:
    (source / "images" / "a.nii.gz").write_bytes(b"nothing")
    write(source / "images" / "b.nii.gz", with_nan(np.nan))
    write(source / "labels" / "c.nii.gz", SPHERE * 2)
    found = {(one.defect, one.file) for one in import_it(source).findings if one.is_error}
    assert found == {
        (Defect.UNREADABLE, "images/a.nii.gz"),
        (Defect.NOT_FINITE, "images/b.nii.gz"),
        (Defect.NOT_BINARY, "labels/c.nii.gz"),
    }


def test_every_defect_has_a_case_here() -> None:
    listed = {defect for _, defect, _, _ in [*ERRORS, *WARNINGS]}
    elsewhere = {Defect.NOT_RAS, Defect.NO_NORMAL, Defect.NO_ABNORMAL, Defect.BATCHES}
    preparing = {Defect.SLICES, Defect.FACE, Defect.UNSETTLED, Defect.MASK_LIKE, Defect.ILL, Defect.LOST_MASK}
    preparing |= {Defect.SHARED_ID, Defect.TILTED}  # tests of mood_test_sets.preparing
    assert listed | elsewhere | preparing >= set(Defect)


@pytest.mark.parametrize("content", ["1", "1\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_flag_of_any_editor_is_read(source: Path, content: str, encoding: str) -> None:
    (source / "labels" / "c.nii.gz.txt").write_bytes(content.encode(encoding))
    assert import_it(source).findings == ()


def test_labels_in_nifti_2_in_capitals_and_in_other_forms_of_unicode_are_those_of_their_scans(
    source: Path,
) -> None:
    (source / "images" / "a.nii.gz").rename(source / "images" / "M\u00fc.nii.gz")
    (source / "labels" / "a.nii.gz").unlink()
    nib.Nifti2Image(SPHERE.astype(np.uint8), RAS).to_filename(source / "labels" / "Mu\u0308.nii.gz")
    (source / "labels" / "b.nii.gz").rename(source / "labels" / "b.NII.GZ")
    imported = import_it(source)
    assert imported.findings == ()
    assert imported.test_set is not None
    assert sum(case.label is not None for case in imported.test_set.cases) == 1


def test_a_scan_that_is_another_but_for_one_place_is_a_warning(source: Path) -> None:
    rng = np.random.default_rng(2)
    base = ndimage.gaussian_filter(rng.normal(size=(24, 24, 24)), 2)
    marks = np.zeros(base.shape)
    marks[10:12, 10:12, 10:12] = 1
    for name, voxels in (("a", base), ("b", base + np.ptp(base) * marks), ("c", rng.random(base.shape))):
        write(source / "images" / f"{name}.nii.gz", voxels)
        write(source / "labels" / f"{name}.nii.gz", marks if name == "b" else marks * 0)
    (source / "labels" / "c.nii.gz.txt").unlink()
    told = [one for one in import_it(source).findings if one.defect is Defect.DUPLICATE]
    assert [(one.file, one.is_error) for one in told] == [("images/b.nii.gz", False)]
    assert "other than in one place" in told[0].what


def test_nii_and_nii_gz_pair_by_name_and_volumes_with_a_fourth_axis_of_one_are_taken(source: Path) -> None:
    (source / "images" / "a.nii.gz").unlink()
    write(source / "images" / "a.nii", noise(1)[..., np.newaxis])
    imported = import_it(source)
    assert imported.findings == ()
    assert imported.test_set is not None
    assert {case.shape for case in imported.test_set.cases} == {SHAPE}


def test_headers_names_and_times_are_scrubbed_and_only_spacing_stays(source: Path) -> None:
    header("a.nii.gz", "descrip", b"Jane Doe")(source)
    import_it(source)
    for path in (source.parent / "out" / "images").iterdir():
        imported = nib.Nifti1Image.from_filename(path)
        assert imported.header["descrip"].item() == b""
        assert imported.header.get_zooms() == (2, 2, 3)
        assert path.read_bytes()[3:8] == bytes(5)  # no name, no time


def test_the_same_import_with_the_same_secret_gives_the_same_set(source: Path) -> None:
    first = import_it(source)
    again = import_set(find_layout(source), source.parent / "again", description=DESCRIPTION, streams=KEY)
    assert first.test_set == again.test_set


def test_an_import_never_overwrites(source: Path) -> None:
    import_it(source)
    with pytest.raises(FolderOccupied, match="exists already"):
        import_it(source)


@pytest.mark.parametrize("missing", ["images", "labels"])
def test_a_folder_of_another_layout_is_refused_with_a_remedy(source: Path, missing: str) -> None:
    (source / missing).rename(source / "elsewhere")
    with pytest.raises(ImportRefused, match="toy_label"):
        find_layout(source)


def test_the_report_for_programs_lists_errors_first() -> None:
    findings = [
        Finding(severity, Defect.RANGE, "images", "What.", "Do.")  # type: ignore[arg-type]
        for severity in ("warning", "error")
    ]
    document = json.loads(to_json(findings, folder="in", cases=3, digest=None))
    assert document["schema"] == "mood-import-report/1"
    assert len(document["findings"]) == 2


def test_a_mask_among_the_scans_is_refused(source: Path) -> None:
    write(source / "images" / "d.nii.gz", SPHERE)
    write(source / "labels" / "d.nii.gz", SPHERE)
    assert ("error", Defect.MASK_LIKE, "images/d.nii.gz") in seen(import_it(source))
