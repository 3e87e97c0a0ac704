"""A scored run whose digest fits may still say nonsense: the field is named, and nothing is ranked."""

import copy
import json
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator import canonical_digest
from mood_evaluator.cli import main

SHAPE = (4, 4, 4)
JUNK: list[Any] = [None, True, -1, 3, 10**30, 1.5, "", "x", "../x", "\0", [], {}, [1], {"a": 1}, ["x"]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a scored run of four cases in two batches."""
    home, numbers = tmp_path_factory.mktemp("run"), np.random.default_rng(0)
    for folder in ("labels", "predictions"):
        (home / folder).mkdir()
    for case in range(4):
        for folder, voxels in (
            ("labels", numbers.random(SHAPE) < 0.3),
            ("predictions", numbers.random(SHAPE)),
        ):
            image = nib.Nifti1Image(voxels.astype(np.float32), np.eye(4))
            image.to_filename(home / folder / f"{case}.nii.gz")
    given = [
        "--predictions",
        str(home / "predictions"),
        "--labels",
        str(home / "labels"),
        "--batch-size",
        "2",
    ]
    more = ["--objects", "0.5", "--slices", "--out", str(home / "a.zip")]
    assert main(["evidence", "--task", "pixel", "--team", "A", *given, *more]) == 0
    return home / "a.zip"


def forge(run: Path, document: Any) -> Path:
    """Write the run with another manifest, whose digest fits."""
    document = {name: value for name, value in document.items() if name != "digest"}
    path, manifest = (
        run.with_name("forged.zip"),
        json.dumps(document | {"digest": canonical_digest(document)}),
    )
    with zipfile.ZipFile(run) as sound, zipfile.ZipFile(path, "w") as forged:
        for name in sound.namelist():
            forged.writestr(name, manifest if name == "run.json" else sound.read(name))
    return path


def manifest_of(run: Path) -> Any:
    with zipfile.ZipFile(run) as archive:
        return json.loads(archive.read("run.json"))


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("team",), 5, "team is not a text"),
        (("test_set",), [], "test_set is not a text"),
        (("result", "score"), "0.5", "result.score is not a number from 0 to 1"),
        (("result", "official", "batch_aps", 0), 1.5, "result.official.batch_aps is not"),
        (("result", "validation", "mean"), True, "result.validation.mean is not"),
        (("result", "quantized", "mood2020"), None, "result.quantized.mood2020 is not"),
        (("cases", 1, "id"), 7, r"cases\[1\].id is not a text"),
        (("cases", 1, "abnormal"), 1, r"cases\[1\].abnormal is not true or false"),
        (("cases", 2, "case_ap"), "high", r"cases\[2\].case_ap is not"),
    ],
)
def test_a_field_of_another_kind_is_named(
    run: Path, place: tuple[Any, ...], value: Any, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = manifest_of(run)
    *path, last = place
    node = document
    for step in path:
        node = node[step]
    node[last] = value
    assert main(["rank", str(forge(run, document))]) == 2
    assert re.search(f"forged.zip is no scored run: {told}", capsys.readouterr().err)


def test_no_forged_field_leads_to_a_fault_of_ours(run: Path) -> None:
    draw, sound = random.Random(5), manifest_of(run)
    for _ in range(150):
        document = copy.deepcopy(sound)
        node: Any = document
        while node:
            step = draw.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if not isinstance(node[step], dict | list) or draw.random() < 0.2:
                node[step] = draw.choice(JUNK)
                break
            node = node[step]
        path = forge(run, document)
        assert main(["rank", str(path)]) in (0, 2)
        assert main(["stability", str(path), "--bootstraps", "3"]) in (0, 2)
