"""Reads the labels of a folder as the MOOD challenge lays it out: `toy_label/pixel` and `toy_label/sample`.

A case is named by the file name of its image, which its pixel label shares; its sample label and its sample
prediction are called like the image with `.txt` behind it.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mood_evaluator.errors import InvalidGroundTruth, InvalidPrediction
from mood_evaluator.nifti_stream import Shape, read_shape
from mood_evaluator.test_set import Task
from mood_evaluator.volumes import read_label


@dataclass(frozen=True, slots=True)
class LabelledCase:
    """One labelled image; a sample label needs no volume."""

    id: str  # the image's file name
    abnormal: bool
    label: Path
    shape: Shape = (1, 1, 1)  # voxels


def read_mood_labels(folder: Path, task: Task) -> list[LabelledCase]:
    """Return the cases of `folder`, or of its subfolder `pixel` or `sample`, by name.

    Raises InvalidGroundTruth, naming the file.
    """
    own = folder / str(task)
    place = own if own.is_dir() else folder
    if not place.is_dir():
        raise InvalidGroundTruth(f"There is no folder {place}. Give the folder of labels.")
    endings = (".txt",) if task is Task.SAMPLE else (".nii.gz", ".nii")
    paths = sorted(path for path in place.iterdir() if path.name.endswith(endings) and path.name[:2] != "._")
    if not paths:
        raise InvalidGroundTruth(f"{place} holds no label ({' or '.join(endings)}) of the {task} task.")
    stems = Counter(path.name.removesuffix(".gz") for path in paths)
    for name in (name for name, count in stems.items() if count > 1):
        raise InvalidGroundTruth(f"{place} holds both {name} and {name}.gz. Keep the one that is true.")
    return [_read_sample(path) if task is Task.SAMPLE else _read_pixel(path) for path in paths]


def _read_sample(path: Path) -> LabelledCase:
    line = path.read_text(encoding="ascii", errors="replace").split("\n", 1)[0].strip()
    if line not in ("0", "1"):
        raise InvalidGroundTruth(
            f"The label {path} says {line[:40]!r}. Write 1 for abnormal or 0 for normal."
        )
    return LabelledCase(path.name.removesuffix(".txt"), line == "1", path)


def _read_pixel(path: Path) -> LabelledCase:
    shape = _read_shape(path)
    return LabelledCase(path.name, bool(read_label(path, shape=shape).any()), path, shape)


def _read_shape(path: Path) -> Shape:
    try:
        return read_shape(path)
    except (InvalidPrediction, OSError) as error:
        problem = error.detail if isinstance(error, InvalidPrediction) else error
        raise InvalidGroundTruth(
            f"The label {path} cannot be read ({problem}). Write a NIfTI volume of three dimensions."
        ) from error
