"""MOOD's own layout, there and back."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mood_evaluator import Evidence, Quantizer, average_precision, read_label, sum_evidence
from mood_evaluator.test_set import Dataset, Manifest, Task, load_test_set
from mood_test_sets.errors import FolderOccupied
from mood_test_sets.importing.export import export_mood
from mood_test_sets.importing.folder import Description, import_set
from mood_test_sets.importing.layout import find_layout
from mood_test_sets.making.build import build
from mood_test_sets.making.recipe import load_recipe, plan
from mood_test_sets.streams import PUBLIC, Streams

RNG = np.random.default_rng(0)
KEY = Streams(key=bytes(range(16)), hidden=True)
TOY = Description(
    name="toy", dataset=Dataset.BRAIN, purpose="toy", origin="artificial", batch_size=4, public=True
)
SPHERE = np.zeros((6, 7, 8))
SPHERE[2:4, 2:4, 2:4] = 1


def write(path: Path, voxels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(voxels.astype(np.float32), np.diag([2.0, 2.0, 3.0, 1.0])).to_filename(path)


def write_case(source: Path, name: str, flag: str, mask: np.ndarray | None) -> None:
    write(source / "toy" / f"{name}.nii.gz", RNG.random((6, 7, 8)))
    text = source / "toy_label" / "sample" / f"{name}.nii.gz.txt"
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text(flag)
    if mask is not None:
        write(source / "toy_label" / "pixel" / f"{name}.nii.gz", mask)


def import_mood(source: Path, out: Path) -> Manifest:
    imported = import_set(find_layout(source), out, description=TOY, streams=KEY)
    assert imported.findings == ()
    assert imported.test_set is not None
    return imported.test_set


@pytest.fixture
def mood(tmp_path: Path) -> Path:
    write_case(tmp_path / "mood", "toy_0", "1\n", SPHERE)
    write_case(tmp_path / "mood", "toy_1", "0", SPHERE * 0)
    write_case(tmp_path / "mood", "toy_2", "1", None)
    return tmp_path / "mood"


def test_moods_layout_is_public_and_names_are_not_kept(mood: Path, tmp_path: Path) -> None:
    test_set = import_mood(mood, tmp_path / "out")
    assert test_set.not_hidden
    assert all("toy" not in case.id for case in test_set.cases)


def test_export_and_import_give_the_same_manifest(mood: Path, tmp_path: Path) -> None:
    first = import_mood(mood, tmp_path / "first")
    assert export_mood(tmp_path / "first", tmp_path / "mood2") == 3
    second = import_mood(tmp_path / "mood2", tmp_path / "second")
    assert second.digest == first.digest


def test_export_writes_an_empty_mask_for_normal_cases_and_none_for_global_ones(
    mood: Path, tmp_path: Path
) -> None:
    test_set = import_mood(mood, tmp_path / "first")
    export_mood(tmp_path / "first", tmp_path / "out")
    for case in test_set.cases:
        pixel = tmp_path / "out" / "toy_label" / "pixel" / f"{case.id}.nii.gz"
        flag = tmp_path / "out" / "toy_label" / "sample" / f"{case.id}.nii.gz.txt"
        assert flag.read_text() == f"{int(case.abnormal)}\n"
        assert pixel.exists() == (case.scope != "global")
        if not case.abnormal:
            assert not nib.Nifti1Image.from_filename(pixel).get_fdata().any()


def test_export_refuses_a_folder_in_use(mood: Path, tmp_path: Path) -> None:
    import_mood(mood, tmp_path / "first")
    with pytest.raises(FolderOccupied, match="not empty"):
        export_mood(tmp_path / "first", mood)


def score_as_mood_does(predictions: Path, labels: Path) -> float:
    """Files of equal names, pooled; pixel maps as float16 (the protocol of MOOD's evaluation script)."""
    truth, scores = [], []
    for label in sorted(labels.iterdir()):
        if label.suffix == ".txt":
            truth.append([int(label.read_text())])
            scores.append([float((predictions / label.name).read_text())])
        else:
            mask = np.clip(np.rint(nib.load(label).get_fdata()), 0, 1) == 1
            truth.append(mask.ravel())
            found = nib.load(predictions / label.name).get_fdata(dtype=np.float16)
            scores.append(np.clip(found, 0, 1).ravel())
    return float(average_precision_score(np.concatenate(truth), np.concatenate(scores)))


def test_an_export_scores_as_the_set_itself_and_so_does_its_import(tmp_path: Path) -> None:
    plans = [one for one in plan(load_recipe("mini")) if one.name == "test-brain"]
    build(plans, tmp_path, streams=PUBLIC, side=32, recipe="mini")
    export_mood(tmp_path / "test-brain", tmp_path / "mood")
    imported = import_set(
        find_layout(tmp_path / "mood"),
        tmp_path / "back",
        description=replace(TOY, name="test-brain"),
        streams=PUBLIC,
    ).test_set
    assert imported is not None
    rng = np.random.default_rng(0)
    maps, numbers = tmp_path / "maps", tmp_path / "numbers"
    maps.mkdir()
    numbers.mkdir()
    for case in imported.cases:
        name = Path(case.image).name
        (numbers / f"{name}.txt").write_text(f"{rng.random():.6f}\n")
        nib.save(nib.Nifti1Image(rng.random(case.shape).astype(np.float32), np.eye(4)), maps / name)
    ours = score_pixels(tmp_path / "test-brain", load_test_set(tmp_path / "test-brain"), maps)
    assert score_as_mood_does(maps, tmp_path / "mood" / "toy_label" / "pixel") == ours
    assert score_pixels(tmp_path / "back", imported, maps) == ours
    truth = [case.abnormal for case in imported.cases]
    scores = [float((numbers / f"{Path(case.image).name}.txt").read_text()) for case in imported.cases]
    by_hand = score_as_mood_does(numbers, tmp_path / "mood" / "toy_label" / "sample")
    assert by_hand == pytest.approx(average_precision(np.array(scores), np.array(truth)), abs=1e-12)


def score_pixels(folder: Path, test_set: Manifest, maps: Path) -> float:
    evidence = []
    for case in test_set.for_task(Task.PIXEL):
        scores = np.asarray(nib.load(maps / Path(case.image).name).dataobj).ravel()
        label = (
            read_label(folder / case.label, shape=case.shape) if case.label else np.zeros(case.shape, bool)
        )
        evidence.append(Evidence.of(scores, label.ravel()))
    return sum_evidence(evidence).ap(Quantizer.MOOD2020)
