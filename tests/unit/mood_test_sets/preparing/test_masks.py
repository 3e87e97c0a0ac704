"""What masks mark, and who says which of their values are lesions."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mood_test_sets.archives.source import Mask, Source
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect
from mood_test_sets.preparing.masks import find_unclear, marked_by, parse_lesions, settle, tell_values
from mood_test_sets.reading.scan_file import UnusableFile

Put = Callable[..., Path]
NAME = Path("m.nii.gz")


def source(*masks: Mask) -> Source:
    return Source("p", (Path("p.nii.gz"),), dicom=False, subject="p", masks=masks)


def settled(*masks: Mask, lesions: frozenset[int] | None = None) -> list[Mask]:
    return [mask for one in settle([source(mask) for mask in masks], lesions) for mask in one.masks]


@pytest.mark.parametrize(("value", "lesions"), [(1, {1}), (255, {255}), (7, {7})])
def test_masks_of_one_value_mark_with_it(put: Put, lesion: np.ndarray, value: int, lesions: set[int]) -> None:
    (one, empty) = settled(
        Mask(put("a_mask.nii.gz", lesion * np.uint8(value))), Mask(put("b_mask.nii.gz", lesion * 0))
    )
    assert one.lesions == lesions
    assert empty.lesions is None
    assert not marked_by(empty, np.zeros((2, 2, 2), np.float32)).any()


def test_masks_of_several_values_are_asked_about_all_together(put: Put, lesion: np.ndarray) -> None:
    first, second = Mask(put("a_mask.nii.gz", lesion)), Mask(put("b_mask.nii.gz", lesion * 2))
    with pytest.raises(ImportRefused, match="--lesion-labels") as refused:
        settled(first, second)
    assert "2 masks" in str(refused.value)
    assert "1, 2" in str(refused.value)
    one, other = settled(first, second, lesions=frozenset({2}))
    values = np.arange(3, dtype=np.float32)
    assert marked_by(one, values).tolist() == [False, False, True]
    assert marked_by(other, values[[0, 2]]).tolist() == [False, True]
    assert [mask.tells for mask in settled(first, second, lesions=frozenset())] == [False, False]


def test_an_answer_is_about_the_series_that_was_asked_about(put: Put, lesion: np.ndarray) -> None:
    values = lesion + (np.arange(20) > 15).astype(np.uint8) * 2
    organs = Mask(put("labels/a.nii.gz", values), series="labels")
    tumour = Mask(put("b_mask.nii.gz", lesion), series="_mask")
    assert find_unclear([source(organs, tumour)]) is not None
    assert [mask.lesions for mask in settled(organs, tumour, lesions=frozenset({2}))] == [{2}, {1}]


def test_masks_of_one_value_are_organs_if_people_say_so(put: Put, lesion: np.ndarray) -> None:
    (one,) = settled(Mask(put("a_mask.nii.gz", lesion)), lesions=frozenset())
    assert not one.tells


def test_a_name_that_speaks_of_lesions_settles_all_values(put: Put, lesion: np.ndarray) -> None:
    values = lesion + (np.arange(20) > 15)
    (one,) = settled(Mask(put("a_tumour.nii.gz", values.astype(np.uint8)), all_lesions=True))
    assert one.lesions == {1}
    (one,) = settled(Mask(put("a_seg.nii.gz", lesion * np.uint8(4) + values), all_lesions=True))
    assert one.lesions == {1, 5}


def test_a_name_that_says_nothing_is_asked_about_even_alone(put: Put, lesion: np.ndarray) -> None:
    unclear = find_unclear([source(Mask(put("a.nii.gz", lesion), names=((1, "foreground"),)))])
    assert unclear is not None
    assert "1 (foreground)" in str(unclear)


def test_a_value_that_nothing_explains_is_refused() -> None:
    mask = Mask(NAME, lesions=frozenset({2}), others=frozenset({0, 1}), settled=True)
    with pytest.raises(UnusableFile, match="holds 5") as refused:
        marked_by(mask, np.array([0, 1, 2, 5], np.float32))
    assert refused.value.defect is Defect.NOT_BINARY


def test_a_map_of_probabilities_marks_above_half_and_never_nothing() -> None:
    assert marked_by(Mask(NAME), np.array([0, 0.4, 0.5, 0.6], np.float32)).tolist() == [0, 0, 0, 1]
    with pytest.raises(UnusableFile, match="rounded it marks nothing") as refused:
        marked_by(Mask(NAME), np.array([0, 0.5], np.float32))
    assert refused.value.defect is Defect.EMPTY_LABEL


@pytest.mark.parametrize("wrong", [-1.0, 1.5, np.nan])
def test_other_numbers_are_no_mask(wrong: float) -> None:
    with pytest.raises(UnusableFile, match="it is no mask"):
        marked_by(Mask(NAME), np.array([0, 0.25, wrong], np.float32))


def test_what_people_say_is_read(put: Put) -> None:
    assert parse_lesions("2, 3") == {2, 3}
    assert parse_lesions("none") == frozenset()
    with pytest.raises(ImportRefused, match="--lesion-labels two"):
        parse_lesions("two")


def test_a_file_that_cannot_be_read_asks_nothing(put: Put) -> None:
    path = put("a_mask.nii.gz")
    path.write_bytes(b"broken")
    assert find_unclear([source(Mask(path))]) is None


def test_a_value_that_no_mask_holds_is_refused_and_what_was_read_as_no_lesion_is_told(
    put: Put, lesion: np.ndarray
) -> None:
    values = lesion + (np.arange(20) > 15).astype(np.uint8) * 2
    mask = Mask(put("labels/a.nii.gz", values), series="labels")
    with pytest.raises(ImportRefused, match=r"no mask holds 3; they hold 1, 2"):
        settled(mask, lesions=frozenset({2, 3}))
    (one,) = settled(mask, lesions=frozenset({2}))
    assert settled(one, lesions=frozenset({2})) == [one]  # what is settled stays
    assert tell_values([source(one)]) == ["Masks (labels): abnormal is 2; no lesion is 1."]


def test_masks_that_are_read_alike_are_told_together_with_the_names_of_their_values() -> None:
    organs = Mask(
        NAME, frozenset({2}), frozenset({0, 1}), ((1, "liver"), (2, "hcc")), series="a", settled=True
    )
    other = Mask(NAME, frozenset(), frozenset({1}), settled=True, series="c")
    assert tell_values([source(organs), source(replace(organs, series="b")), source(other)]) == [
        "Masks (a and 1 other kinds): abnormal is 2 (hcc); no lesion is 1 (liver).",
        "Masks (c): abnormal is nothing; no lesion is 1.",
    ]


def test_a_value_that_is_whole_but_for_rounding_is_that_value(put: Put, lesion: np.ndarray) -> None:
    values = (lesion * 1.0000001).astype(np.float32)
    values[0, 0, 0] = -1e-9
    (one,) = settled(Mask(put("a_mask.nii.gz", values)))
    assert one.lesions == {1}
    assert (marked_by(one, values) == (lesion > 0)).all()
