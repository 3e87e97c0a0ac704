"""Reads the labels of a folder as the MOOD challenge lays it out: `toy_label/pixel` and `toy_label/sample`.

A case is named by the file name of its image, which its pixel label shares; its sample label and its sample
prediction are called like the image with `.txt` behind it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
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


_VOLUMES = (
    ".nii.gz",
    ".nii",
    ".img",
    ".hdr",
    ".mha",
    ".mhd",
    ".nrrd",
    ".nhdr",
    ".mgh",
    ".mgz",
    ".npy",
    ".dcm",
)
"""Endings of files that somebody took for labels; companions such as `.json` are none."""


def read_mood_labels(folder: Path, task: Task, *, tell: Callable[[str], None]) -> list[LabelledCase]:
    """Return the cases of `folder`, or of its subfolder `pixel` or `sample`, by name.

    `tell` is called with a sentence about what else lies there; hidden files are passed over. Raises
    InvalidGroundTruth, naming the file.
    """
    own = folder / str(task)
    place = own if own.is_dir() else folder
    if not place.is_dir():
        raise InvalidGroundTruth(f"There is no folder {place}. Give the folder of labels.")
    endings = (".txt",) if task is Task.SAMPLE else (".nii.gz", ".nii")
    present = sorted(path for path in place.iterdir() if not path.name.startswith("."))
    paths = [path for path in present if path.name.endswith(endings)]
    _tell_others([path for path in present if path not in paths], endings, tell)
    if not paths:
        raise InvalidGroundTruth(f"{place} holds no label ({' or '.join(endings)}) of the {task} task.")
    stems = Counter(path.name.removesuffix(".gz") for path in paths)
    for name in (name for name, count in stems.items() if count > 1):
        raise InvalidGroundTruth(f"{place} holds both {name} and {name}.gz. Keep the one that is true.")
    return [_read_sample(path) if task is Task.SAMPLE else _read_pixel(path) for path in paths]


def _tell_others(others: Sequence[Path], endings: tuple[str, ...], tell: Callable[[str], None]) -> None:
    """Refuse what was meant as a label: its case would be missing, and nobody would know."""
    read = " or ".join(endings)
    meant = endings if endings == (".txt",) else _VOLUMES
    for path in others:
        if path.is_file() and path.name.lower().endswith(meant):
            raise InvalidGroundTruth(
                f"{path} is not read as a label, for its name does not end in {read}. Write it as such a "
                f"file, or move it away."
            )
    if others:
        tell(f"{others[0].parent} also holds what is no label ({read}) and is left out: {list_few(others)}.")


def list_few(paths: Sequence[Path], most: int = 3) -> str:
    """Return the names of a few files, and how many more there are."""
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(path.name for path in paths[:most]) + more


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
