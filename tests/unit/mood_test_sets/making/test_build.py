"""Building the small recipe: bytes, secrets, resuming, and no case that stands out."""

import gzip
import hashlib
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator.test_set import Dataset, Manifest, Task, load_test_set
from mood_test_sets.anomalies.catalogue import Anomaly, Category, grow_abnormal
from mood_test_sets.errors import AnomalyDoesNotFit, FolderOccupied
from mood_test_sets.growing.subjects import Role, Subject, grow
from mood_test_sets.making.build import Built, build
from mood_test_sets.making.plans import SetPlan
from mood_test_sets.making.recipe import load_recipe, plan
from mood_test_sets.manifest_check import find_problems
from mood_test_sets.nifti import encode_levels
from mood_test_sets.streams import PUBLIC, Streams
from mood_test_sets.volume import FULL

SIDE = 32
HEX = re.compile(r"([0-9a-f]{2}){16,}")
SECRET = Streams(key=bytes(range(32)), hidden=True)
TESTS = [one for one in plan(load_recipe("mini")) if one.purpose == "test"]


def build_tests(
    out: Path, streams: Streams = SECRET, plans: list[SetPlan] = TESTS, jobs: int = 1
) -> list[Built]:
    return build(plans, out, streams=streams, side=SIDE, recipe="mini", jobs=jobs)


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_values(folder: Path, image: str) -> np.ndarray:
    return nib.Nifti1Image.from_bytes(gzip.decompress((folder / image).read_bytes())).get_fdata()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built")
    build_tests(out)
    return out


@pytest.fixture(scope="module")
def brain(built: Path) -> Manifest:
    return load_test_set(built / "test-brain")


def test_a_built_set_is_in_order(built: Path) -> None:
    assert find_problems(built / "test-brain") == []
    assert find_problems(built / "test-abdom") == []


def test_the_manifest_says_where_the_voxels_of_each_image_lie(brain: Manifest, built: Path) -> None:
    for case in brain.cases:
        image = nib.Nifti1Image.from_filename(built / "test-brain" / case.image)
        assert np.array_equal(np.array(case.affine), image.affine[:3])


def test_the_same_secret_gives_identical_bytes_in_any_number_of_processes(
    built: Path, tmp_path: Path
) -> None:
    build_tests(tmp_path, jobs=2)
    assert read_all(tmp_path) == read_all(built)


def test_another_secret_gives_other_ids_and_other_voxels(
    brain: Manifest, built: Path, tmp_path: Path
) -> None:
    (other, *_) = build_tests(tmp_path, Streams(key=bytes(32), hidden=True), TESTS[:1])
    assert {case.id for case in brain.cases}.isdisjoint(case.id for case in other.test_set.cases)
    assert {case.sha256_image for case in brain.cases}.isdisjoint(
        c.sha256_image for c in other.test_set.cases
    )
    assert brain.secret_sha256 != other.test_set.secret_sha256


def test_without_a_secret_a_set_is_marked_as_not_hidden(brain: Manifest, tmp_path: Path) -> None:
    (public, *_) = build_tests(tmp_path, PUBLIC, TESTS[:1])
    assert public.test_set.not_hidden
    assert public.test_set.secret_sha256 is None
    assert not brain.not_hidden
    assert brain.secret_sha256 == SECRET.secret_sha256


def test_the_key_is_nowhere_in_the_files(built: Path) -> None:
    for content in read_all(built).values():
        assert SECRET.key not in content
        assert SECRET.key.hex().encode() not in content


def test_normal_and_local_cases_are_in_both_tasks_and_global_ones_in_the_sample_task(brain: Manifest) -> None:
    assert len(brain.for_task(Task.SAMPLE)) == 5
    assert len(brain.for_task(Task.PIXEL)) == 4
    for case in brain.cases:
        assert (Task.PIXEL in case.tasks) == (case.scope != "global")
        assert (case.label is not None) == (case.scope == "local")
        assert (case.difficulty is not None) == case.abnormal


def test_cases_are_named_and_ordered_by_their_random_id(brain: Manifest) -> None:
    assert [case.id for case in brain.cases] == sorted(case.id for case in brain.cases)
    assert all(case.image == f"images/{case.id}.nii.gz" and len(case.id) == 32 for case in brain.cases)


def test_both_batchings_are_stored_and_differ_in_their_seed(brain: Manifest) -> None:
    official, second = brain.batchings
    assert official.seed != second.seed
    assert sorted(official.case_ids) == sorted(case.id for case in brain.for_task(Task.PIXEL))


def test_outside_its_mask_a_local_case_is_its_base_subject_to_the_bit(brain: Manifest, built: Path) -> None:
    folder = built / "test-brain"
    for case in brain.cases:
        if case.label is None or "mass_effect" in (case.annotation or ""):
            continue
        base = grow(SECRET, Subject(Dataset.BRAIN, Role.BASE, int(case.base_subject[-4:])), side=SIDE)
        mask = read_values(folder, case.label) == 1
        values = read_values(folder, case.image)
        assert np.array_equal(values[~mask], base.values[~mask])
        assert (np.abs(values - base.values)[mask] >= 0.005 - 0.5 / FULL).all()


def test_no_public_file_lets_the_generator_make_a_hidden_case(tmp_path: Path) -> None:
    """All that a participant has: recipes, generator, training and toy sets with their manifests."""
    plans = [one for one in plan(load_recipe("mini"), train=1) if one.dataset is Dataset.BRAIN]
    built = build_tests(tmp_path, plans=plans)
    hidden = {
        case.sha256_image for one in built if one.test_set.purpose == "test" for case in one.test_set.cases
    }
    public = [one for one in built if one.test_set.purpose != "test"]
    texts = [
        text
        for one in public
        for text in re.findall(r'"([^"]+)"', (one.folder / "test_set.json").read_text())
    ]
    keys = {
        key
        for text in texts
        for key in (text.encode(), *([bytes.fromhex(text)] if HEX.fullmatch(text) else []))
    }
    subjects = [
        case.subject for one in plans if one.purpose == "test" for case in one.cases if not case.category
    ]
    for key in [*sorted(keys, key=len)[-6:], PUBLIC.key]:
        grown = grow(Streams(key=key, hidden=True), subjects[0], side=SIDE)
        content = encode_levels(grown.levels, extent=grown.extent)
        assert hashlib.sha256(content).hexdigest() not in hidden
    grown = grow(SECRET, subjects[0], side=SIDE)  # with the secret it does
    assert hashlib.sha256(encode_levels(grown.levels, extent=grown.extent)).hexdigest() in hidden


def test_a_killed_build_goes_on_with_the_cases_it_has(tmp_path: Path, built: Path) -> None:
    made = []

    def stop(name: str) -> None:
        made.append(name)
        if len(made) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(TESTS[:1], tmp_path, streams=SECRET, side=SIDE, recipe="mini", on_case=stop)
    kept = {path.parts[-2:]: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nii.gz")}
    assert len(list(tmp_path.rglob("images/*.nii.gz"))) == 3
    build_tests(tmp_path, plans=TESTS[:1])
    assert read_all(tmp_path / "test-brain") == read_all(built / "test-brain")
    moved = {path.parts[-2:]: path.stat().st_mtime_ns for path in (tmp_path / "test-brain").rglob("*.nii.gz")}
    assert kept.items() <= moved.items()


def test_cases_of_another_key_are_not_taken_over(tmp_path: Path, built: Path) -> None:
    (tmp_path / ".test-brain.partial" / "records").mkdir(parents=True)
    (tmp_path / ".test-brain.partial" / "mark.json").write_text("[]")
    build_tests(tmp_path, plans=TESTS[:1])
    assert read_all(tmp_path / "test-brain") == read_all(built / "test-brain")


def test_normal_and_abnormal_images_share_header_and_compression(built: Path) -> None:
    contents = [path.read_bytes() for path in (built / "test-brain" / "images").iterdir()]
    assert len({gzip.decompress(content)[:352] for content in contents}) == 1
    assert len({content[:10] for content in contents}) == 1


def test_a_complete_folder_is_kept(tmp_path: Path) -> None:
    build_tests(tmp_path, plans=TESTS[:1])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    (again,) = build_tests(tmp_path, plans=TESTS[:1])
    assert again.kept
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_leftovers_of_an_interrupted_build_are_replaced(tmp_path: Path, built: Path) -> None:
    (tmp_path / ".test-brain.partial" / "images").mkdir(parents=True)
    (tmp_path / ".test-brain.partial" / "images" / "half.nii.gz").write_bytes(b"half")
    build_tests(tmp_path, plans=TESTS[:1])
    assert read_all(tmp_path / "test-brain") == read_all(built / "test-brain")
    assert [path.name for path in tmp_path.iterdir()] == ["test-brain"]


def test_a_folder_of_another_secret_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    build_tests(tmp_path, plans=TESTS[:1])
    with pytest.raises(FolderOccupied, match="secret"):
        build_tests(tmp_path, PUBLIC, TESTS[:1])
    next((tmp_path / "test-brain" / "images").iterdir()).unlink()
    with pytest.raises(FolderOccupied, match="missing"):
        build_tests(tmp_path, plans=TESTS[:1])


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test-brain").mkdir()
    with pytest.raises(FolderOccupied, match="something else"):
        build_tests(tmp_path, plans=TESTS[:1])


def test_toys_have_a_batching_and_training_sets_have_none(tmp_path: Path) -> None:
    plans = [one for one in plan(load_recipe("mini"), train=1) if one.dataset is Dataset.ABDOM]
    sets = {one.test_set.purpose: one.test_set for one in build_tests(tmp_path, plans=plans)}
    assert sets["train"].batchings == ()
    assert [len(batching.batches) for batching in sets["toy"].batchings] == [1, 1]
    assert sum(case.abnormal for case in sets["toy"].cases) == 3
    assert sets["toy"].source_subjects == 1


def test_what_is_too_small_for_the_side_length_is_made_stronger(tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.yaml"
    line = "{category: object, subcategory: torus, count: 2, difficulty: [1, 1]}"
    recipe.write_text(f"schema: mood-recipe/1\nsets:\n- name: tiny\n  purpose: test\n  cases:\n  - {line}\n")
    plans = plan(load_recipe(str(recipe)), datasets=[Dataset.ABDOM])
    weak = Anomaly(Category.OBJECT, "torus", 1)
    with pytest.raises(AnomalyDoesNotFit):
        grow_abnormal(SECRET, plans[0].cases[0].subject, side=24, anomaly=weak)
    (built,) = build(plans, tmp_path / "out", streams=SECRET, side=24, recipe="tiny")
    assert all(case.label for case in built.test_set.cases)
