"""DICOM series below a folder, by their headers: ids in any character set, segmentations apart."""

import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module  # noqa: TID251 - an optional dependency
from pathlib import Path
from typing import Any

from mood_test_sets.archives.naming import ENDING, printable, walk
from mood_test_sets.errors import ImportRefused
from mood_test_sets.findings import Defect, Note

__all__ = ["Series", "dicom_library", "find_series", "read_header"]

MAGIC = 128, b"DICM"
END = 12  # signs of a UID that name its series
SHORT = 64  # bytes that the first field of a file without preamble has at most
LOST = "\ufffd"  # stands for bytes that are no text
MARKING = {"SEG", "RTSTRUCT", "RTDOSE", "RTPLAN"}
MARKING_CLASS = re.compile(
    r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:66\.[4-8]|481\.(?:[235]|8|1[01]))"
)  # PS3.4 B.5
WITHOUT_IMAGE = {"SR", "PR", "KO", "DOC", "AU", "REG", "FID", "PLAN", "RTRECORD"}
WANTED = [
    "SpecificCharacterSet", "SOPClassUID", "Modality", "PatientID", "StudyInstanceUID", "SeriesInstanceUID",
    "Rows", "Columns", "NumberOfFrames",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    name: str  # its folder and the end of its UID
    folder: Path
    files: tuple[Path, ...]
    patient: str
    study: str
    modality: str
    shape: tuple[int, ...]  # as stored: columns, rows, slices
    sop_class: str = ""
    refusal: Note | None = None

    @property
    def inside(self) -> str:
        """The folder in its name."""
        return self.name.rpartition("/")[0]

    @property
    def marks(self) -> bool:
        """A segmentation, contour or dose: something was drawn in its patient."""
        return self.modality in MARKING or MARKING_CLASS.fullmatch(self.sop_class) is not None


def find_series(root: Path) -> list[Series]:
    """By name; what is no picture, such as a report, is left out."""
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in walk(root):
        if _is_dicom(path):
            folders[path.parent].append(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers of archives break many rules that do not matter here
        return [one for folder, files in folders.items() for one in _group(root, folder, files)]


def _group(root: Path, folder: Path, files: list[Path]) -> Iterator[Series]:
    series: dict[str, list[tuple[Path, Any]]] = defaultdict(list)
    inner = printable(folder.relative_to(root))
    for path in files:
        try:
            header = read_header(path, only=WANTED)
        except ValueError as reason:
            refusal = Note(Defect.UNREADABLE, f"It cannot be read as DICOM ({reason}).", "Export it again.")
            yield Series(
                f"{inner}/{printable(Path(path.name))}", folder, (path,), "", "", "", (), refusal=refusal
            )
            continue
        if header.get("SeriesInstanceUID") and _text(header, "Modality") not in WITHOUT_IMAGE:
            series[_text(header, "SeriesInstanceUID")].append((path, header))
    for uid, end in _ends(sorted(series)).items():
        name = end if inner == "." else f"{inner}/{end}"
        try:
            yield _describe(name, folder, series[uid])
        except ValueError as reason:
            broken = tuple(path for path, _ in series[uid])
            refusal = Note(Defect.UNREADABLE, f"It cannot be read as DICOM ({reason}).", "Export it again.")
            yield Series(name, folder, broken, "", "", "", (), refusal=refusal)


def _ends(uids: Sequence[str]) -> dict[str, str]:
    """The ends of UIDs of one folder, as long as it takes to tell them apart."""
    longest = max(map(len, uids), default=0)
    long = next((n for n in range(END, longest) if len({uid[-n:] for uid in uids}) == len(uids)), longest)
    return {uid: uid[-max(long, 1) :] for uid in uids}


def _describe(name: str, folder: Path, members: list[tuple[Path, Any]]) -> Series:
    """Raises ValueError."""
    first = members[0][1]
    frames = sum(_whole(header, "NumberOfFrames", 1) for _, header in members)
    return Series(
        name=name,
        folder=folder,
        files=tuple(path for path, _ in members),
        patient=_patient(first),
        study=_text(first, "StudyInstanceUID"),
        modality=_text(first, "Modality"),
        sop_class=_text(first, "SOPClassUID"),
        shape=(_whole(first, "Columns", 0), _whole(first, "Rows", 0), frames),
    )


def _whole(header: Mapping[str, Any], field: str, otherwise: int) -> int:
    """Raises ValueError."""
    try:
        return int(header.get(field) or otherwise)
    except (ValueError, TypeError):
        raise ValueError(f"its {field} is no number") from None


def _text(header: Mapping[str, Any], field: str) -> str:
    return str(header.get(field) or "").strip("\0 ")


def _patient(header: Any) -> str:
    """PatientID in its character set; undeclared as UTF-8; what is neither, byte by byte as Latin-1."""
    raw = getattr(header.get_item("PatientID"), "value", b"") or b""
    if not isinstance(raw, bytes):
        raw = str(raw).encode()
    charset = dicom_library("pydicom.charset")
    declared = charset.convert_encodings(header.get("SpecificCharacterSet") or "ISO_IR 192")
    said = charset.decode_bytes(raw, declared, set())
    if LOST in said:
        said = raw.decode("latin-1")
    said = said.strip("\0 \t\r\n")
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in said)


def read_header(path: Path, *, only: list[str] | None = None) -> Any:
    """All but the voxels. Raises ValueError."""
    pydicom = dicom_library("pydicom")
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=only, force=True)
    except Exception as reason:  # noqa: BLE001 - a broken file breaks the parser in many ways
        raise ValueError(f"{type(reason).__name__}: {reason}") from None


def dicom_library(name: str) -> Any:
    """SimpleITK reads the voxels, pydicom the headers. Raises ImportRefused where one is not installed."""
    try:
        return import_module(name)
    except ImportError:
        remedy = "Install it with: pip install 'mood-test-sets[dicom]'"
        raise ImportRefused(f"DICOM series need the library {name}. {remedy}") from None


def _is_dicom(path: Path) -> bool:
    if not path.is_file() or ENDING.search(path.name) or path.name == "DICOMDIR":
        return False
    with path.open("rb") as stream:
        head = stream.read(MAGIC[0] + 4)
    return head[MAGIC[0] :] == MAGIC[1] or _is_bare(head)


def _is_bare(head: bytes) -> bool:
    """Without a preamble: the first field, with or without its type, and then another of low number."""
    if head[:2] not in {b"\2\0", b"\x08\0"}:
        return False
    size = int.from_bytes(head[4:8], "little")
    return head[4:6] in {b"UL", b"OB", b"CS", b"UI"} or (
        0 < size <= SHORT and size % 2 == 0 and head[8 + size : 10 + size] == head[:2]
    )
