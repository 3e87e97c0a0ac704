"""Contact sheets as PNG."""

from pathlib import Path

import numpy as np
from PIL import Image

from mood_evaluator.test_set import Dataset, Manifest, ManifestCase, Task, save_test_set
from mood_test_sets.folders import new_folder, write_part
from mood_test_sets.gallery.contact_sheet import RED, _draw_slice, draw_sheet, write_contact_sheet
from mood_test_sets.nifti import encode_levels

GREY = np.full((8, 8, 8), 100, dtype=np.uint8)


def test_the_file_is_the_sheet_pixel_by_pixel_and_a_png_whatever_it_is_called(tmp_path: Path) -> None:
    with new_folder(tmp_path / "one") as (partial, finish):
        content = encode_levels(np.arange(512, dtype=np.uint16).reshape(8, 8, 8), extent=(8, 8, 8))
        image, sha256 = write_part(partial, "images", "a", content)
        case = ManifestCase(
            id="a", image=image, label=None, shape=(8, 8, 8), abnormal=False, tasks=(Task.SAMPLE,),
            sha256_image=sha256,
        )  # fmt: skip
        made = Manifest(
            name="one", dataset=Dataset.BRAIN, purpose="test", recipe="by hand", generator_version="1",
            source_subjects=1, cases=(case,),
        )  # fmt: skip
        save_test_set(made, partial)
        finish()
    write_contact_sheet(tmp_path / "one", tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as picture:
        assert picture.format == "PNG"
        assert np.array_equal(np.asarray(picture), draw_sheet(tmp_path / "one"))


def test_the_line_runs_around_the_mask_and_not_over_it() -> None:
    mask = np.zeros((8, 8, 8), dtype=bool)
    mask[2:5, 3:5, 3:5] = True
    picture = _draw_slice(GREY, mask, 2, 32)
    red = (picture == RED).all(axis=2)
    inside = np.kron(mask[:, :, 3].T[::-1], np.ones((4, 4))) > 0
    assert red.any()
    assert not (red & inside).any()


def test_without_a_mask_nothing_is_red() -> None:
    picture = _draw_slice(GREY, np.zeros((8, 8, 8), dtype=bool), 0, 32)
    assert (picture == 100).all()
