"""`mood test` over a runtime that follows a script: its report says what the platform's would."""

import gzip
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from mood_evaluator import (
    CaseScore,
    Dataset,
    Manifest,
    ManifestCase,
    Task,
    draw_batching,
    save_test_set,
    score_sample_case,
)
from mood_platform.errors import Misconfigured, NotFound
from mood_platform.execution.fake_runtime import FakeRuntime, Scripted
from mood_platform.execution.limits import Limits
from mood_platform.execution.runtime import CaseJob, Collected, Execution
from mood_platform.execution.usage import Pressure, Usage
from mood_platform.scoring import case_files
from mood_platform.trial.local_test import Stopped, try_image

SHAPE = (4, 4, 4)
ABNORMAL = {"a": True, "b": False}


def volume(value: float) -> np.ndarray[Any, Any]:
    voxels = np.zeros(SHAPE, np.float32)
    voxels[1:3, 1:3, 1:3] = value
    return voxels


def nifti(voxels: np.ndarray[Any, Any]) -> bytes:
    return gzip.compress(nib.Nifti1Image(voxels, np.eye(4)).to_bytes(), mtime=0)


@pytest.fixture
def toy_set(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    cases = []
    for name, abnormal in ABNORMAL.items():
        (folder / "images" / f"{name}.nii.gz").write_bytes(nifti(volume(1.0 if abnormal else 0.3)))
        if abnormal:
            (folder / "labels" / f"{name}.nii.gz").write_bytes(nifti(volume(1.0)))
        cases.append(_case(name, abnormal))
    batchings = tuple(draw_batching(ABNORMAL, size=2, seed=seed) for seed in (1, 2))
    toys = Manifest(
        "toy-brain", Dataset.BRAIN, "toy", "spheres", "1", 1, tuple(cases), batchings, not_hidden=True
    )
    save_test_set(toys, folder)
    return folder


def _case(name: str, abnormal: bool) -> ManifestCase:
    return ManifestCase(
        id=name,
        image=f"images/{name}.nii.gz",
        label=f"labels/{name}.nii.gz" if abnormal else None,
        shape=SHAPE,
        abnormal=abnormal,
        tasks=(Task.SAMPLE, Task.PIXEL),
        scope="local" if abnormal else None,
        origin="artificial" if abnormal else "none",
        category="toy" if abnormal else None,
        sha256_image="0" * 64,
        sha256_label="0" * 64 if abnormal else None,
    )


def perfect(job: CaseJob) -> Scripted:
    """Predicts the input itself, or its maximum."""
    if job.task is Task.PIXEL:
        return Scripted.writing(job.case.read_bytes())
    voxels = nib.Nifti1Image.from_bytes(gzip.decompress(job.case.read_bytes())).get_fdata()
    return Scripted.writing(f"{voxels.max()}\n".encode())


def report_of(script: Callable[[CaseJob], Scripted], folder: Path, **changes: Any) -> dict[str, Any]:
    runtime = FakeRuntime(script)
    runtime.images.add("mine")
    given: dict[str, Any] = {
        "image": "mine",
        "test_sets": [folder],
        "tasks": list(Task),
        "limits": Limits(seconds=9),
    }
    return try_image(runtime, **given | changes).to_json()


def test_a_perfect_image_has_an_ap_of_one_in_every_part(toy_set: Path) -> None:
    report = report_of(perfect, toy_set)
    assert [(part["task"], part["dataset"], part["ap"]) for part in report["parts"]] == [
        ("sample", "brain", 1.0),
        ("pixel", "brain", 1.0),
    ]
    assert not report["failed"]
    assert {case["outcome"] for part in report["parts"] for case in part["cases"]} == {"succeeded"}


def test_another_affine_than_the_images_is_flagged_on_normal_cases_too(toy_set: Path) -> None:
    def elsewhere(job: CaseJob) -> Scripted:
        image = nib.Nifti1Image.from_bytes(gzip.decompress(job.case.read_bytes()))
        return Scripted.writing(gzip.compress(nib.Nifti1Image(image.get_fdata(), 2 * np.eye(4)).to_bytes()))

    report = report_of(elsewhere, toy_set, tasks=[Task.PIXEL])
    assert [case["flags"] for case in report["parts"][0]["cases"]] == [["affine_differs"]] * 2


def test_a_row_says_all_that_the_platforms_report_would(toy_set: Path) -> None:
    report = report_of(
        lambda _job: Scripted.writing(b"1.5\n", log=b"\x1b[31mred\x00\n"), toy_set, tasks=[Task.SAMPLE]
    )
    [row, _] = report["parts"][0]["cases"]
    assert row == {
        "case": "a", "outcome": "succeeded", "text": "", "fault": None, "flags": ["clamped"], "score": 1.0,
        "ap": None, "seconds": 0.1, "limit_seconds": 9, "exit_code": 0, "usage": None, "log": "red\n",
    }  # fmt: skip


def test_what_looks_wrong_is_told_as_on_the_platform(toy_set: Path) -> None:
    report = report_of(lambda _job: Scripted.writing(b"1.5\n"), toy_set, tasks=[Task.SAMPLE])
    told = {warning["code"]: warning["cases"] for warning in report["parts"][0]["warnings"]}
    assert told == {"clamped": ["a", "b"], "all_scores_equal": ["a", "b"]}


def test_an_inverted_map_is_told_with_its_numbers(toy_set: Path) -> None:
    """Also that it is no gzip file, in one sentence each."""

    def inverted(job: CaseJob) -> Scripted:
        image = nib.Nifti1Image.from_bytes(gzip.decompress(job.case.read_bytes()))
        scores = 1 - image.get_fdata().astype(np.float32)
        return Scripted.writing(nib.Nifti1Image(scores, image.affine).to_bytes())

    [part] = report_of(inverted, toy_set, tasks=[Task.PIXEL])["parts"]
    told = {warning["code"]: warning["text"] for warning in part["warnings"]}
    assert set(told) == {"inverted", "not_gzip"}
    assert "1 - score would have an AP of 1.000" in told["inverted"]


def test_a_log_is_delivered_as_far_as_the_limit_says(toy_set: Path) -> None:
    log = b"".join(b"line %d\n" % number for number in range(20_000))
    report = report_of(lambda _job: Scripted.writing(b"0.5\n", log=log), toy_set, tasks=[Task.SAMPLE])
    assert report["parts"][0]["cases"][0]["log"] == log.decode()


def test_a_row_says_what_the_case_used(toy_set: Path) -> None:
    usage = Usage(seconds=1, cpu_seconds=0.5, memory_peak=2**20)
    ran = Execution(exit_code=1, collected=Collected.MISSING, usage=usage)
    report = report_of(lambda _job: Scripted(None, b"", ran), toy_set, tasks=[Task.SAMPLE])
    [row, _] = report["parts"][0]["cases"]
    assert (row["usage"]["cpu_seconds"], row["usage"]["throttled_seconds"]) == (0.5, None)


def test_a_time_out_on_a_machine_that_was_too_busy_is_flagged(toy_set: Path) -> None:
    waiting = Usage(seconds=9, cpu_seconds=0.5, cpu=Pressure(8, 8), node_cores=2)
    busy = Execution(exit_code=137, killed_at_limit=True, usage=waiting)
    quiet = replace(busy, usage=replace(waiting, cpu=Pressure(0, 0)))
    looks = iter([busy, quiet])
    report = report_of(lambda _job: Scripted(None, b"", next(looks)), toy_set, tasks=[Task.SAMPLE])
    assert [row["flags"] for row in report["parts"][0]["cases"]] == [["starved"], []]


def test_a_crash_is_told_with_its_text_and_fails_the_test(toy_set: Path) -> None:
    report = report_of(lambda _job: Scripted.ending(3, log=b"oops"), toy_set)
    row = report["parts"][1]["cases"][0]
    assert (row["outcome"], row["exit_code"], row["log"]) == ("crashed", 3, "oops")
    assert "mood test" in row["text"]
    assert report["failed"]
    assert report["parts"][1]["ap"] is None


def test_a_prediction_that_cannot_be_read_names_the_fault(toy_set: Path) -> None:
    row = report_of(lambda _job: Scripted.writing(b"0,5\n"), toy_set, tasks=[Task.SAMPLE])["parts"][0][
        "cases"
    ][0]
    assert (row["outcome"], row["fault"]) == ("output_invalid", "output_not_a_number")
    assert row["text"]


def test_progress_counts_all_cases_of_all_parts(toy_set: Path) -> None:
    seen: list[tuple[int, int]] = []
    report_of(perfect, toy_set, on_case=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_image_holds_its_own_volumes_unless_another_is_named(toy_set: Path) -> None:
    holders = []

    def script(job: CaseJob) -> Scripted:
        holders.append(job.holder_image)
        return Scripted.ending(0)

    report_of(script, toy_set)
    report_of(script, toy_set, holder_image="base")
    assert holders == ["mine"] * 4 + ["base"] * 4


def test_an_engine_fault_ends_the_test_with_a_remedy(toy_set: Path) -> None:
    broken = Scripted(execution=Execution(engine_error="no space left"))
    with pytest.raises(Misconfigured, match="no space left") as caught:
        report_of(lambda _job: broken, toy_set)
    assert "sleep" in caught.value.remedy


def test_an_image_that_is_not_there_is_named(toy_set: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        report_of(perfect, toy_set, image="nowhere")


def test_a_test_that_is_asked_to_end_does_so_before_and_within_a_case(toy_set: Path) -> None:
    asked = iter([False, True, True])
    with pytest.raises(Stopped):
        report_of(perfect, toy_set, should_stop=lambda: next(asked))
    with pytest.raises(Stopped):
        report_of(perfect, toy_set, should_stop=lambda: True)


@pytest.mark.parametrize("ending", [os.abort, lambda: {}["no such key"]], ids=["a crash", "an exception"])
def test_a_prediction_that_ends_its_reader_is_a_row_like_any_other(
    ending: Callable[[], object], toy_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path | None) -> CaseScore:
        if path is not None and path.read_bytes() == b"hostile\n":
            ending()
        return score_sample_case(path)

    monkeypatch.setattr(case_files, "score_sample_case", read)
    written = iter([b"hostile\n", b"0.5\n"])
    report = report_of(lambda _job: Scripted.writing(next(written)), toy_set, tasks=[Task.SAMPLE])
    first, second = report["parts"][0]["cases"]
    assert (first["outcome"], first["fault"], first["score"]) == ("output_invalid", "output_unreadable", 0.0)
    assert "Reading it ended with" in first["text"]
    assert (second["outcome"], second["score"]) == ("succeeded", 0.5)
    assert report["failed"]
