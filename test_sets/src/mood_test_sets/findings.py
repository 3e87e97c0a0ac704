"""What is wrong, or worth a look, in files that shall become a test set: one finding a sentence."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

__all__ = ["Defect", "Finding", "Findings", "Note", "Severity", "to_json"]

SCHEMA = "mood-import-report/1"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Defect(StrEnum):
    """Closed: each has a test that makes it."""

    UNREADABLE = "unreadable"
    DATA_TYPE = "data_type"
    NOT_3D = "not_3d"
    SPACING = "spacing"
    NOT_FINITE = "not_finite"
    CONSTANT = "constant"
    SCALED = "scaled"
    SAME_NAME = "same_name"
    STRAY = "stray"
    NO_LABEL = "no_label"
    NO_IMAGE = "no_image"
    FLAG = "flag"
    SHAPE = "shape"
    ORIENTATION = "orientation"
    NO_ORIENTATION = "no_orientation"
    SHIFTED = "shifted"
    NOT_BINARY = "not_binary"
    FRACTIONS = "fractions"
    EMPTY_LABEL = "empty_label"
    MARKED_NORMAL = "marked_normal"
    MOSTLY_MARKED = "mostly_marked"
    DUPLICATE = "duplicate"
    NOT_RAS = "not_ras"
    SPACINGS_DIFFER = "spacings_differ"
    SHAPES_DIFFER = "shapes_differ"
    RANGE = "range"
    TELLING_HEADER = "telling_header"
    NO_ABNORMAL = "no_abnormal"
    NO_NORMAL = "no_normal"
    BATCHES = "batches"
    SLICES = "slices"
    FACE = "face"
    UNSETTLED = "unsettled"
    MASK_LIKE = "mask_like"
    ILL = "ill"
    LOST_MASK = "lost_mask"
    SHARED_ID = "shared_id"
    TILTED = "tilted"
    OBLIQUE = "oblique"
    FORMS_DIFFER = "forms_differ"
    IN_AIR = "in_air"


@dataclass(frozen=True, slots=True)
class Note:
    """A finding before it has a file name."""

    defect: Defect
    what: str
    remedy: str
    error: bool = True  # where it is the reason to refuse a file


@dataclass(frozen=True, slots=True)
class Finding:
    severity: Severity
    defect: Defect
    file: str
    """Relative to the folder that was imported; `.` is all of it."""
    what: str
    remedy: str

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


@dataclass(slots=True)
class Findings:
    """Collects what is found; files are told relative to `root`."""

    root: Path
    found: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not any(one.is_error for one in self.found)

    def error(self, defect: Defect, file: Path, what: str, remedy: str) -> None:
        self._add(Severity.ERROR, defect, file, what, remedy)

    def warn(self, defect: Defect, file: Path, what: str, remedy: str) -> None:
        self._add(Severity.WARNING, defect, file, what, remedy)

    def _add(self, severity: Severity, defect: Defect, file: Path, what: str, remedy: str) -> None:
        name = str(file.relative_to(self.root)) if file.is_relative_to(self.root) else str(file)
        self.found.append(Finding(severity, defect, name, what, remedy))


def to_json(findings: Iterable[Finding], *, folder: str, cases: int, digest: str | None) -> str:
    """The report for programs; `digest` is None where nothing was imported."""
    rows = [
        {
            "severity": one.severity,
            "defect": one.defect,
            "file": one.file,
            "what": one.what,
            "remedy": one.remedy,
        }
        for one in in_order(findings)
    ]
    document = {"schema": SCHEMA, "folder": folder, "cases": cases, "digest": digest, "findings": rows}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()  # names of files may be no text


def in_order(findings: Iterable[Finding]) -> Sequence[Finding]:
    """Errors first, then by file."""
    return sorted(findings, key=lambda one: (not one.is_error, one.file, one.defect))
