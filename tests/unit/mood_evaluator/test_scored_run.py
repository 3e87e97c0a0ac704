"""`mood-evaluate evidence` writes scored runs that hold all and say when they were tampered with."""

import json
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator import Quantizer
from mood_evaluator.cli import main
from mood_evaluator.errors import InvalidScoredRun
from mood_evaluator.runs.scored_run import ScoredRun

SHAPE = (12, 10, 8)
NAMES = [f"{index}.nii.gz" for index in range(4)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    random = np.random.default_rng(2)
    for folder in ("pixel", "predictions", "sample", "texts"):
        (tmp_path / folder).mkdir()
    for index, name in enumerate(NAMES):
        label = np.zeros(SHAPE, np.uint8)
        label[3:6, 3:6, 3:6] = index % 2
        scores = (0.5 * label + 0.4 * random.random(SHAPE)).astype(np.float32)
        nib.Nifti1Image(label, np.eye(4)).to_filename(tmp_path / "pixel" / name)
        nib.Nifti1Image(scores, np.eye(4)).to_filename(tmp_path / "predictions" / name)
        (tmp_path / "sample" / f"{name}.txt").write_text(str(index % 2))
        (tmp_path / "texts" / f"{name}.txt").write_text(str(index / 4))
    return tmp_path


def write_run(home: Path, *more: str, task: str = "pixel", predictions: str = "predictions") -> int:
    out = home / "run.zip"
    given = [
        "--predictions",
        str(home / predictions),
        "--labels",
        str(home),
        "--team",
        "A",
        "--out",
        str(out),
    ]
    return main(["evidence", "--task", task, "--batch-size", "2", *given, *more])


def write(home: Path, *more: str, **how: str) -> ScoredRun:
    out = home / "run.zip"
    assert write_run(home, *more, **how) == 0
    return ScoredRun.load(out)


def test_a_run_keeps_scores_evidence_and_objects(home: Path) -> None:
    run = write(home, "--exact", "--objects", "0.5")
    assert (run.team, run.task, run.precision, list(run.cases)) == ("A", "pixel", "float32", NAMES)
    assert run.result.score == 1.0
    assert len(run.result.official.batch_aps) == len(run.result.validation.batch_aps) == 2
    evidence = run.cases[NAMES[1]].evidence
    assert (evidence.positives, evidence.ap(Quantizer.TWO_SIDED)) == (27, pytest.approx(1.0))
    assert run.cases[NAMES[1]].case_ap == 1.0
    assert run.detection.min_volume == 13.5
    assert [len(run.objects[name].predicted) for name in NAMES] == [0, 1, 0, 1]
    assert run.objects[NAMES[3]].reference[0].found


def test_without_exact_the_two_sided_score_stands_and_objects_are_absent(home: Path) -> None:
    run = write(home)
    assert (run.precision, run.objects, run.detection) == ("two-sided", {}, None)
    assert run.result.score == run.result.quantized["two_sided"]
    assert run.cases[NAMES[1]].case_ap is None


def test_a_given_least_volume_is_kept(home: Path) -> None:
    assert write(home, "--objects", "0.5", "--min-volume", "30").detection.min_volume == 30.0


def test_a_run_keeps_what_stands_beside_its_score(home: Path) -> None:
    run = write(home, "--objects", "0.5", "--object-sensitivity", "--lesions")
    assert run.sweep.min_volume == 13.5
    assert (run.sweep.score(), run.spacings) == (1.0, ((1.0, 1.0, 1.0),))
    assert [len(run.lesions.scans[name]) for name in NAMES] == [0, 1, 0, 1]
    assert run.lesions.scans[NAMES[1]][0].ap == pytest.approx(1.0)
    assert run.lesions.aupro == {0.3: pytest.approx(1.0), 0.01: pytest.approx(1.0)}
    bare = write(home)
    assert (bare.sweep, bare.lesions, bare.body, bare.spacings) == (None, None, None, ())


@pytest.mark.parametrize("option", ["--object-sensitivity", "--lesions", "--body"])
def test_the_sample_task_has_nothing_of_voxels(
    home: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--predictions", str(home / "texts"), "--labels", str(home), "--team", "A"]
    assert main(["evidence", "--task", "sample", *given, "--out", str(home / "x.zip"), option]) == 2
    assert f"leave {option} out" in capsys.readouterr().err


def test_scores_of_the_body_need_images(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--predictions", str(home / "predictions"), "--labels", str(home), "--team", "A"]
    assert main(["evidence", "--task", "pixel", *given, "--out", str(home / "x.zip"), "--body"]) == 2
    assert "leave --body out" in capsys.readouterr().err


def test_runs_are_ranked_by_object_sensitivity(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home, "--object-sensitivity")
    run, out = str(home / "run.zip"), home / "rank.json"
    for command in ("rank", "stability"):
        assert main([command, run, "--ranking", "object_sensitivity", "--json", str(out)]) == 0
        assert json.loads(out.read_text())["ranked_by"] == "object_sensitivity"
        assert "object sensitivity" in capsys.readouterr().out
    write(home)
    assert main(["rank", run, "--ranking", "object_sensitivity"]) == 2
    assert "evidence --object-sensitivity" in capsys.readouterr().err


def test_a_score_table_is_ranked_by_its_values(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "t.csv").write_text("task,alg_name,value,case\na,b,1,c\n")
    assert main(["rank", str(home / "t.csv"), "--ranking", "object_sensitivity"]) == 2
    assert "--ranking is for scored runs" in capsys.readouterr().err


def test_sample_runs_have_scores_and_no_objects(home: Path) -> None:
    run = write(home, task="sample", predictions="texts")
    assert [run.cases[name].score for name in NAMES] == [0.0, 0.25, 0.5, 0.75]
    assert run.precision == "float32"
    command = [
        "evidence",
        "--task",
        "sample",
        "--team",
        "A",
        "--objects",
        "0.5",
        "--out",
        str(home / "x.zip"),
    ]
    assert main([*command, "--predictions", str(home / "texts"), "--labels", str(home)]) == 2
    assert not (home / "x.zip").exists()


def test_equal_runs_are_equal_bytes(home: Path) -> None:
    write(home)
    first = (home / "run.zip").read_bytes()
    write(home, "--threads", "1")
    assert (home / "run.zip").read_bytes() == first


def rewrite(home: Path, change: dict[str, object]) -> Path:
    """Write the run again with other fields in its manifest."""
    with zipfile.ZipFile(home / "run.zip") as old, zipfile.ZipFile(home / "new.zip", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "run.json":
                content = json.dumps(json.loads(content) | change).encode()
            new.writestr(name, content)
    return home / "new.zip"


@pytest.mark.parametrize(
    ("change", "words"),
    [({"team": "B"}, "digest does not fit"), ({"schema": "mood-scored-run/9"}, "the schema is")],
)
def test_a_changed_run_is_refused_by_name(home: Path, change: dict[str, object], words: str) -> None:
    write(home)
    path = rewrite(home, change)
    with pytest.raises(InvalidScoredRun, match=words) as caught:
        ScoredRun.load(path)
    assert "new.zip" in str(caught.value)
    assert "mood-evaluate evidence" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK no zip"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.zip").write_bytes(content)
    with pytest.raises(InvalidScoredRun):
        ScoredRun.load(tmp_path / "run.zip")


def test_a_run_without_its_evidence_is_refused(home: Path) -> None:
    write(home)
    with zipfile.ZipFile(home / "run.zip") as old, zipfile.ZipFile(home / "new.zip", "w") as new:
        new.writestr("run.json", old.read("run.json"))
    with pytest.raises(InvalidScoredRun, match=r"evidence/0.nii.gz.bin"):
        ScoredRun.load(home / "new.zip")


def test_a_threshold_is_a_score(home: Path) -> None:
    for wrong in ("0", "1.5"):
        assert write_run(home, "--objects", wrong) == 2


def test_exchanged_evidence_is_noticed(home: Path) -> None:
    write(home)
    with zipfile.ZipFile(home / "run.zip") as old, zipfile.ZipFile(home / "new.zip", "w") as new:
        for name in old.namelist():
            source = f"evidence/{NAMES[1]}.bin" if name == f"evidence/{NAMES[0]}.bin" else name
            new.writestr(name, old.read(source))
    with pytest.raises(InvalidScoredRun, match="SHA-256 differs"):
        ScoredRun.load(home / "new.zip")
