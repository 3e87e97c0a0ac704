"""The JSON Schemas say what the documents hold: no field is missing in either."""

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from jsonschema import Draft202012Validator, ValidationError

from mood_evaluator import (
    CaseScore,
    Dataset,
    Evidence,
    Manifest,
    ManifestCase,
    PixelCase,
    Task,
    draw_batching,
    json_schemas,
    load_test_set,
    result_of,
    save_test_set,
    score_pixel_case,
)
from mood_evaluator.cli import main

SHAPE = (5, 5, 5)
RANDOM = np.random.default_rng(3)
IDS = [f"case{number:02}" for number in range(24)]
LABELS = {case_id: RANDOM.random(SHAPE) < (0.2 if number % 2 else 0) for number, case_id in enumerate(IDS)}


def strict(schema: Any) -> Any:
    """Refuse what the schema does not name; readers of later versions may meet more."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(part) for name, part in schema.items()}
    is_object = found.get("type") == "object" and "properties" in found
    return found | {"additionalProperties": False} if is_object else found


def check(document: Any, schema: str | None = None) -> None:
    name = schema or document["schema"]
    Draft202012Validator(strict(json_schemas()[name])).validate(document)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a test set, predictions `a` and `b` of both tasks, and scored runs of them."""
    home = tmp_path_factory.mktemp("schemas")
    for folder in ("set/images", "set/labels", "a", "b"):
        (home / folder).mkdir(parents=True)
    cases = []
    for case_id, label in LABELS.items():
        name, abnormal = f"{case_id}.nii.gz", bool(label.any())
        write(home / "set/images" / name, RANDOM.random(SHAPE))
        write(home / "set/labels" / name, label.astype(np.uint8))
        for team, share in (("a", 0.6), ("b", 0.2)):
            write(home / team / name, np.clip(share * label + 0.5 * RANDOM.random(SHAPE), 0, 1))
            (home / team / f"{name}.txt").write_text(str(share * abnormal))
        more = (
            {"scope": "local", "origin": "artificial", "category": "toyish", "difficulty": 2}
            if abnormal
            else {}
        )
        label_path = f"labels/{name}" if abnormal else None
        cases.append(ManifestCase(case_id, f"images/{name}", label_path, SHAPE, abnormal, tuple(Task), **more,
                          sha256_image="0"))  # fmt: skip
    (home / "b" / f"{IDS[1]}.nii.gz").unlink()
    batchings = tuple(draw_batching({k: v.any() for k, v in LABELS.items()}, size=8, seed=s) for s in (0, 1))
    test_set = Manifest("s", Dataset.BRAIN, "toy", "r", "1", 1, tuple(cases), batchings, not_hidden=True)
    save_test_set(test_set, home / "set")
    for team in "ab":
        for task, more in (("pixel", ["--objects", "0.5", "--slices"]), ("sample", [])):
            given = [
                "--team",
                team,
                "--predictions",
                str(home / team),
                "--test-set",
                str(home / "set"),
                *more,
            ]
            assert main(["evidence", "--task", task, *given, "--out", str(home / f"{team}-{task}.zip")]) == 0
    return home


def write(path: Path, voxels: Any) -> None:
    nib.Nifti1Image(voxels.astype(np.float32), np.eye(4)).to_filename(path)


def written(home: Path, *arguments: str) -> Any:
    out = home / "out.json"
    assert main([*arguments, "--json", str(out)]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", json_schemas())
def test_every_schema_is_one_and_complete_by_itself(name: str) -> None:
    schema = json_schemas()[name]
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    used = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert used <= set(schema["$defs"])
    assert schema["title"]


@pytest.mark.parametrize("task", ["pixel", "sample"])
def test_scores_and_scored_runs_fit_their_schemas(home: Path, task: str) -> None:
    for team in "ab":
        given = ["--predictions", str(home / team), "--test-set", str(home / "set")]
        check(written(home, "score", "--task", task, *given))
        with zipfile.ZipFile(home / f"{team}-{task}.zip") as run:
            check(json.loads(run.read("run.json")))


def test_scores_without_a_result_fit_too(home: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    out = tmp_path / "out.json"
    given = ["--predictions", str(tmp_path / "none"), "--test-set", str(home / "set"), "--json", str(out)]
    assert main(["score", "--task", "pixel", *given]) == 1
    document = json.loads(out.read_text())
    check(document)
    assert (document["score"], document["auroc"], document["best_dsc"]) == (None, None, None)


@pytest.mark.parametrize("command", ["rank", "stability"])
def test_rankings_of_runs_and_tables_fit_their_schemas(home: Path, command: str) -> None:
    table = home / "t.csv"
    rows = [f"{t},{a},{n / 9 if t == 'x' else 0.5},{n}" for t in "xy" for n in range(5) for a in "AB"]
    table.write_text("\n".join(["task,alg_name,value,case", *rows]))
    check(written(home, command, str(table)))
    check(written(home, command, str(home / "a-pixel.zip"), str(home / "b-pixel.zip")))


def test_the_analysis_fits_its_schema(home: Path) -> None:
    runs = [str(home / f"{team}-pixel.zip") for team in "ab"]
    check(written(home, "analyse", *runs, "--test-set", str(home / "set"), "--bootstraps", "20"))


def test_results_and_manifests_fit_their_schemas(home: Path) -> None:
    test_set = load_test_set(home / "set")
    check(json.loads((home / "set/test_set.json").read_text()))
    secret = copy.deepcopy(test_set.to_json()) | {"secret_sha256": "0" * 64}
    del secret["not_hidden"]
    check(secret)
    cases = [
        PixelCase(c.id, home / "a" / Path(c.image).name, home / "set" / c.label if c.label else None, SHAPE)
        for c in test_set.cases
    ]
    scores = {c.id: score_pixel_case(c.prediction, label=c.label, shape=SHAPE) for c in cases}
    check(result_of(task=Task.PIXEL, test_set=test_set, case_scores=scores, cases=cases).to_json())
    failed = dict.fromkeys(
        scores, CaseScore(valid=False, evidence=Evidence.of_zeros(voxels=125, positives=1))
    )
    check(result_of(task=Task.PIXEL, test_set=test_set, case_scores=failed, cases=cases).to_json())


def test_a_document_with_a_wrong_or_a_missing_field_is_refused(home: Path) -> None:
    given = ["--predictions", str(home / "a"), "--test-set", str(home / "set")]
    document = written(home, "score", "--task", "sample", *given)
    for wrong in ({"score": 1.5}, {"schema": "mood-scores/2"}, {"cases": [{}]}):
        with pytest.raises(ValidationError):
            check(document | wrong, "mood-scores/1")
    del document["best_dsc"]
    with pytest.raises(ValidationError):
        check(document)


def test_what_one_caller_changes_no_other_sees() -> None:
    json_schemas()["mood-scores/1"]["title"] = "mine"
    assert json_schemas()["mood-scores/1"]["title"] != "mine"
