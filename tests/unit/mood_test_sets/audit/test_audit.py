"""The audit finds planted traces, names them, and lets a clean set pass."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mood_evaluator.test_set import Dataset, Manifest, ManifestCase, Task, save_test_set
from mood_test_sets.audit.report import Comparison, Verdict, audit
from mood_test_sets.audit.statistics import cross_validate, max_t
from mood_test_sets.folders import write_part
from mood_test_sets.nifti import encode_label, encode_levels, encode_values
from mood_test_sets.streams import PUBLIC

SIDE = 12
Levels = np.ndarray
MASK = np.zeros((SIDE,) * 3, dtype=bool)
MASK[4:7, 4:7, 4:7] = True


def make_set(
    out: Path,
    *,
    count: int = 100,
    encode: Callable[[Levels, bool], bytes] | None = None,
    change: Callable[[Levels], Levels] | None = None,
    rename: Callable[[int, bool], str] | None = None,
) -> Path:
    """Noise in a box; abnormal cases have a bright cube in it, and whatever trace is planted."""
    cases = []
    (out / "images").mkdir(parents=True)
    (out / "labels").mkdir()
    rng = np.random.default_rng(8)
    for number in range(2 * count):
        abnormal = number >= count
        levels = rng.integers(9000, 24000, (SIDE,) * 3).astype(np.uint16)
        levels[:2] = 0
        if abnormal:
            levels = change(levels) if change else levels
            levels[MASK] = 30000
        case_id = rename(number, abnormal) if rename else PUBLIC.case_id(number)
        content = encode(levels, abnormal) if encode else encode_levels(levels, extent=(9, 9, 9))
        image, sha = write_part(out, "images", case_id, content)
        label, label_sha = (
            write_part(out, "labels", case_id, encode_label(MASK, extent=(9, 9, 9)))
            if abnormal
            else (None, None)
        )
        cases.append(
            ManifestCase(
                id=case_id,
                image=image,
                label=label,
                shape=(SIDE,) * 3,
                abnormal=abnormal,
                tasks=(Task.SAMPLE, Task.PIXEL),
                scope="local" if abnormal else None,
                origin="artificial" if abnormal else "none",
                sha256_image=sha,
                sha256_label=label_sha,
            )
        )
    cases.sort(key=lambda case: case.id)
    test_set = Manifest(
        name="audited",
        dataset=Dataset.BRAIN,
        purpose="test",
        recipe="none",
        generator_version="1",
        source_subjects=1,
        cases=tuple(cases),
        not_hidden=True,
    )
    save_test_set(test_set, out)
    return out


def telling(found: Comparison) -> set[str]:
    return {name for name, p in zip(found.features, found.p_values, strict=True) if p <= 0.01}


def test_a_set_without_traces_passes(tmp_path: Path) -> None:
    (found,) = audit(make_set(tmp_path / "set", count=250))
    assert found.verdict is Verdict.PASSED
    assert found.p > 0.01
    assert "time stamp" in found.constant
    assert all(0.4 < one.value < 0.6 for one in found.aurocs.values())


def test_few_cases_are_never_certified(tmp_path: Path) -> None:
    (found,) = audit(make_set(tmp_path / "set", count=20))
    assert found.verdict is Verdict.FEW


def test_a_time_stamp_is_found(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "set", count=30)
    for number, path in enumerate(sorted((folder / "labels").iterdir())):
        os.utime(folder / "images" / path.name, (1000 + number, 1000 + number))
    (found,) = audit(folder)
    assert found.verdict is Verdict.FAILED
    assert "time stamp" in telling(found)


def test_another_data_type_is_found(tmp_path: Path) -> None:
    def encode(levels: Levels, abnormal: bool) -> bytes:
        as_float = encode_values((levels / 32768).astype(np.float32), extent=(9, 9, 9))
        return as_float if abnormal else encode_levels(levels, extent=(9, 9, 9))

    (found,) = audit(make_set(tmp_path / "set", count=30, encode=encode))
    assert found.verdict is Verdict.FAILED
    assert {"header datatype", "header bitpix", "header scl_slope"} <= telling(found)


def test_ids_in_order_are_found(tmp_path: Path) -> None:
    (found,) = audit(make_set(tmp_path / "set", count=30, rename=lambda number, _: f"{number:032x}"))
    assert found.verdict is Verdict.FAILED
    assert "place in the list" in telling(found)


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        (lambda levels: levels & ~np.uint16(1), "outside the mask: odd levels"),
        (lambda levels: levels & ~np.uint16(7), "outside the mask: levels on a grid of 8"),
        (lambda levels: ((levels.astype(np.uint32) * 2 + np.roll(levels, 1, 0)) // 3).astype(np.uint16),
         "outside the mask: grain"),
    ],
)  # fmt: skip
def test_a_trace_of_rounding_or_interpolation_outside_the_mask_is_found(
    tmp_path: Path, change: Callable[[Levels], Levels], feature: str
) -> None:
    (found,) = audit(make_set(tmp_path / "set", count=30, change=change))
    assert found.verdict is Verdict.FAILED
    assert feature in telling(found)


def test_without_a_difference_the_test_rejects_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    labels = np.arange(60) < 30
    p_values = [max_t(rng.standard_normal((60, 8)), labels, seed=seed).p for seed in range(60)]
    assert 0.0 <= np.mean(np.array(p_values) <= 0.1) <= 0.22
    assert 0.35 < np.mean(p_values) < 0.65


def test_a_classifier_sees_what_two_features_tell_only_together() -> None:
    rng = np.random.default_rng(3)
    features = rng.standard_normal((240, 4))
    labels = features[:, 0] * features[:, 1] > 0
    found = cross_validate(features, labels, seed=0)
    assert found["forest"].low > 0.6
    assert found["linear"].value < 0.65
