"""One scan of an archive: its files, whose it is, the masks that belong to it, and what speaks against it."""

from dataclasses import dataclass
from pathlib import Path

from mood_test_sets.findings import Note

__all__ = ["Mask", "Source"]


@dataclass(frozen=True, slots=True)
class Mask:
    path: Path
    lesions: frozenset[int] | None = None
    """Values that mark what is abnormal; None where above 0.5 does, as in a map of probabilities."""
    others: frozenset[int] = frozenset()
    """Values that it may hold besides, such as organs."""
    names: tuple[tuple[int, str], ...] = ()
    """What dataset.json calls its values; of a mask that is not settled, those that are open."""
    all_lesions: bool = False
    """Its name says that all it marks is abnormal."""
    series: str = ""
    """Masks of one folder or one ending mean the same by their values."""
    settled: bool = False

    @property
    def tells(self) -> bool:
        """Whether it would show what is abnormal; a mask of organs alone says nothing of health."""
        return self.lesions != frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    name: str  # relative to the folder, without ending; of a DICOM series its folder and the end of its UID
    files: tuple[Path, ...]
    dicom: bool
    subject: str
    masks: tuple[Mask, ...] = ()
    brain: Path | None = None
    control: bool = False  # somebody said that its person is healthy
    refusal: Note | None = None  # it is no scan, or cannot be used: told, never read
    doubt: Note | None = (
        None  # its person may be ill, and nothing shows where: left out unless somebody read it
    )
    notes: tuple[Note, ...] = ()  # told beside it
    forced: bool = False  # `--scan` says that it is a scan
