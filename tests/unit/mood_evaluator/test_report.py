"""`mood-evaluate report`: one HTML file without outside requests, a PDF, and every number as CSV."""

import base64
import csv
import json
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator import (
    Case,
    CaseScore,
    Dataset,
    Evidence,
    Quantizer,
    Task,
    TestSet,
    draw_batching,
    save_test_set,
)
from mood_evaluator.cli import main
from mood_evaluator.dataset_result import score_cases
from mood_evaluator.report.write import as_text
from mood_evaluator.runs import ScoredRun

SHAPE = (6, 6, 6)
IDS = [f"c{index:02}" for index in range(24)]
ABNORMAL = {name: index % 2 == 1 for index, name in enumerate(IDS)}
TEAMS = ("A", "B <b>", "C")


def label(name: str) -> np.ndarray:
    voxels = np.zeros(SHAPE, np.uint8)
    voxels[1:4, 1:4, 1:4] = ABNORMAL[name]
    return voxels


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two test sets and runs of three teams in both tasks."""
    home = tmp_path_factory.mktemp("report")
    for dataset in Dataset:
        _write(home, f"test-{dataset}", dataset)
    return home


def _write(home: Path, name: str, dataset: Dataset) -> None:
    folder = home / name
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    random = np.random.default_rng(len(name))
    cases = []
    for index, case_id in enumerate(IDS):
        for part, voxels in (("images", random.random(SHAPE, np.float32)), ("labels", label(case_id))):
            nib.Nifti1Image(voxels, np.eye(4)).to_filename(folder / part / f"{case_id}.nii.gz")
        abnormal = ABNORMAL[case_id]
        cases.append(
            Case(
                case_id, f"images/{case_id}.nii.gz", f"labels/{case_id}.nii.gz", SHAPE,
                abnormal=abnormal, tasks=tuple(Task), scope="local" if abnormal else None,
                origin="artificial" if abnormal else "none", category="toyish" if abnormal else None,
                subcategory=f"kind {index % 3}" if abnormal else None,
                difficulty=1 + index % 4 if abnormal else None,
                sha256_image="0",
            )
        )  # fmt: skip
    batching = draw_batching(ABNORMAL, size=8, seed=1)
    test_set = TestSet(name, dataset, "test", "r", "1", 1, tuple(cases), (batching,), not_hidden=True)
    save_test_set(test_set, folder)
    for number, team in enumerate(TEAMS):
        quality = 0.4 - 0.1 * number
        maps = {case_id: random.random(SHAPE) * (1 - quality) + quality * label(case_id) for case_id in IDS}
        pixel = {
            case_id: CaseScore(valid=True, evidence=Evidence.of(found, label(case_id) > 0))
            for case_id, found in maps.items()
        }
        sample = {
            case_id: CaseScore(
                valid=True, score=float(quality * ABNORMAL[case_id] + (1 - quality) * random.random())
            )
            for case_id in IDS
        }
        for task, scores in ((Task.PIXEL, pixel), (Task.SAMPLE, sample)):
            batchings = (batching,) if task is Task.PIXEL else ()
            result = score_cases(
                task=task, abnormal=ABNORMAL, batchings=batchings, case_scores=scores,
                precision=Quantizer.TWO_SIDED,
            )  # fmt: skip
            ScoredRun(
                team, task, name, test_set.digest, "two-sided", result, ABNORMAL, scores, batchings
            ).save(home / f"{number}-{name}-{task}.zip")


@pytest.fixture(scope="module")
def report(home: Path) -> Path:
    maps = home / "maps"
    maps.mkdir()
    for case_id in IDS[:10]:
        nib.Nifti1Image(label(case_id) * np.float32(0.5), np.eye(4)).to_filename(maps / f"{case_id}.nii.gz")
    sets = [argument for dataset in Dataset for argument in ("--test-set", str(home / f"test-{dataset}"))]
    runs = sorted(map(str, home.glob("*.zip")))
    out = home / "out"
    sets += ["--predictions", f"A@test-brain={maps}"]
    arguments = ["report", *runs, *sets, "--out", str(out), "--bootstraps", "50", "--title", "Demo & more"]
    assert main(arguments) == 0
    return out


def test_the_page_asks_nobody_for_anything_and_escapes_names(report: Path) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert "url(" not in page
    assert "<script" not in page
    assert "B &lt;b&gt;" in page
    assert "<title>Demo &amp; more</title>" in page


def test_the_page_has_every_kind_of_plot_and_a_text_for_each(report: Path) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    for words in (
        "Spread of the scores", "Podium", "Ranks in the batches", "Ranks over draws of scans",
        "Stability of the whole ranking", "Significant differences", "Ranks under other schemes",
        "Consensus ranks", "Ranks on all test sets", "ROC and precision-recall", "Categories",
        "By subcategory", "By difficulty",
        "AP over size", "AP over contrast", "AP of single scans", "How sure",
        "AUROC of single scans", "Agreement of test sets",
        "Heat maps: test-brain",
    ):  # fmt: skip
        assert words in page, words
    pictures = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="[^"]+"', page)
    assert len(pictures) == page.count("<img")
    assert all(b"<svg" in base64.b64decode(picture) for picture in pictures)


def test_each_picture_has_its_numbers_as_csv(report: Path) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    names = re.findall(r"Its numbers: csv/([^\"]+\.csv)", page)
    assert len(names) == page.count("<img") == len(set(names))
    for name in names:
        with (report / "csv" / name).open(encoding="utf-8", newline="") as file:
            assert list(csv.DictReader(file)), name


def test_the_pdf_is_one(report: Path) -> None:
    content = (report / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert content.rstrip().endswith(b"%%EOF")


def test_analyse_writes_the_same_numbers_as_json(home: Path, report: Path) -> None:
    out = home / "numbers.json"
    runs = sorted(map(str, home.glob("*brain-sample.zip")))
    folder = str(home / "test-brain")
    assert main(["analyse", *runs, "--test-set", folder, "--bootstraps", "20", "--json", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))["sample"]
    assert [row["team"] for row in found["ranking"]] == ["A", "B <b>", "C"]
    with (report / "csv" / "sample-test-brain-categories.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["ap"]) == pytest.approx(found["test-brain-categories"][0]["ap"])


def test_numbers_are_written_for_people() -> None:
    assert [as_text(value) for value in (None, 1.0, 0.12345, 12345.6, "x", 3)] == [
        "-", "1", "0.123", "1.235e+04", "x", "3",
    ]  # fmt: skip


def test_heat_maps_need_a_team_a_test_set_and_a_folder(home: Path) -> None:
    run = str(next(home.glob("*.zip")))
    for wrong in ("A", "A@test-brain=nowhere", f"A={home}"):
        assert main(["report", run, "--out", str(home / "x"), "--predictions", wrong]) == 2


def test_wrong_draws_are_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(next(home.glob("*.zip")))
    assert main(["report", run, "--bootstraps", "0", "--out", str(home / "x")]) == 2
    assert "at least 1" in capsys.readouterr().err
