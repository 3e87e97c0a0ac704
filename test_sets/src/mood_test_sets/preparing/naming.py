"""What names of files and folders say of a volume: whether it is a mask, of which modality, of whom."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

__all__ = [
    "ENDING",
    "LESION",
    "ORGAN",
    "Kind",
    "NiftiFile",
    "is_visible",
    "list_nifti",
    "own_subject",
    "printable",
    "split_of",
    "unmodal",
    "unprefixed",
]

ENDING = re.compile(r"\.nii(\.gz)?$", re.IGNORECASE)
MARKS = (
    r"(?:mask|msk|wmh|gtv|dseg|probseg|seg|segmentation|label|lbl|labelmap|lesion|tumou?r|roi|voi|gt|ground[_-]?truth"
    r"|annotation|annot|contour|delineation)s?"
)
MASK = re.compile(rf"(?:^|[._\- ]){MARKS}(?:[._\- ]?\d)?$")
PREFIX = re.compile(rf"^{MARKS}(?:[._\- ]|(?=\d))(?=.)")
IMAGE_PREFIX = re.compile(r"^(?:image|imaging|img|volume|vol|scan|ct|mr)[._\- ]?(?=\d)")
BRAIN_MASK = re.compile(r"(?:^|[._\-])(?:desc-)?brain[._\-]?mask$")
BRAIN = re.compile(r"_brain$")
SPLIT = r"(?:[_-]?(tr|ts|te|val|train|training|test|testing|validation))?"
LABELS = re.compile(
    rf"(?:\w+[_-])?(?:label|lbl|mask|seg|segmentation|annotation|roi|gt|ground[_-]?truth|contour|delineation"
    rf"|labelmap)s?{SPLIT}"
)
IMAGES = re.compile(rf"(?:image|img|volume|scan)s?{SPLIT}")
MODALITY = re.compile(
    r"(?:^|[._\- ])(?:t1|t1w|t1c|t1ce|t1gd|t1n|t2|t2w|t2f|t2s|flair|dwi|adc|swi|pd|pdw|ct|cta|mr|mri|pet)$"
)
CHANNEL = re.compile(r"_000\d$")
BIDS = re.compile(r"(?:^|[/_])sub-([A-Za-z0-9]+)")
SESSION = re.compile(r"(?:^|[/_])ses-([A-Za-z0-9]+)")
ENTITY = re.compile(r"(?:^|_)(?:sub|ses|acq|space|run|desc)-[a-z0-9]+")
TISSUE = re.compile(r"(?:^|_)(?:dseg|probseg)$")
BRATS = re.compile(r"(brats-[a-z]+-\d{5})-\d{3}", re.IGNORECASE)  # the last number is the time point
LESION = re.compile(
    r"lesion|tumou?r|cancer|carcinom|gliom|metasta|edema|necro|enhanc|cyst|infarct|stroke|bleed|ha?emorrhag"
    r"|ha?ematom|nodul|polyp|mass\b|abnormal|anomal|patholog|infect|aneurysm|calcif|stenos|fractur|wmh"
    r"|hyperintens|covid|pneumon|effusion"
)
ORGAN = re.compile(
    r"background|\bbg\b|organ|normal|healthy|brain|liver|spleen|pancrea|kidney|renal|gall|stomach|bowel|colon|rect"
    r"|hepat|duoden|oesophag|esophag|bladder|prostat|uter|lung|lobe|trachea|airway|heart|atri|ventric|myocard|aorta|aortic"
    r"|vein|vessel|arter|cava|portal|vertebra|spine|sacrum|rib|bone|femur|hip|hippocamp|anterior|posterior|amygdal"
    r"|thalam|putamen|caudate|pallid|cerebell|cortex|cortic|matter|csf|\bgm\b|\bwm\b|tissue|skull|scalp|skin|fat"
    r"|clavic|scapul|glute|iliopsoas|humer|costal|sternum|autochthon|intestin|carotid|subclavia|brachio|cartilag"
    r"|muscle|body|adrenal|thyroid|gland|zone|\bpz\b|\btz\b|\beye|orbit|lens|nerve|cord|face|head|limb"
)

ORGAN_WORD = re.compile(rf"\b(?:{ORGAN.pattern})")  # and no part of a word, as in corrected


class Kind(StrEnum):
    SCAN = "scan"
    MASK = "mask"
    BRAIN = "brain"
    COPY = "copy"  # below derivatives/: made from a scan


@dataclass(frozen=True)
class NiftiFile:
    path: Path
    name: str
    """Relative to the folder that is read, without ending; printable."""

    @cached_property
    def folders(self) -> tuple[str, ...]:
        return plain(self.name)[:-1]

    @cached_property
    def stem(self) -> str:
        return plain(self.name)[-1]

    @cached_property
    def kind(self) -> Kind:
        if BRAIN_MASK.search(self.stem) or BRAIN.search(self.stem):
            return Kind.BRAIN
        if MASK.search(self.stem) or PREFIX.search(self.stem) or self.label_folder is not None:
            return Kind.MASK
        return Kind.COPY if "derivatives" in self.folders else Kind.SCAN

    @cached_property
    def label_folder(self) -> int | None:
        """Which of its folders is one for masks; the innermost that says images or masks decides."""
        for place in reversed(range(len(self.folders))):
            if IMAGES.fullmatch(self.folders[place]):
                return None
            if LABELS.fullmatch(self.folders[place]):
                return place
        return None

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Its stem without what calls it a mask or a brain: `p1_lesion_mask` is `p1_lesion`, then `p1`."""
        found = [PREFIX.sub("", self.stem)] if PREFIX.search(self.stem) else []
        rest = self.stem
        while cut := next((p for p in (BRAIN_MASK, BRAIN, MASK) if p.search(rest)), None):
            rest = cut.sub("", rest)
            found.append(rest)
        return tuple(found) or (self.stem,)

    @cached_property
    def series(self) -> str:
        """The folder for masks that it is in, else the word that calls it one."""
        if self.label_folder is not None:
            return "/".join(self.folders[: self.label_folder + 1])
        word = MASK.search(self.stem) or PREFIX.search(self.stem)
        return word.group().strip("._- 0123456789") if word else ""

    @cached_property
    def is_lesion(self) -> bool:
        place = self.label_folder
        own = (self.stem,) if place is None else (*self.folders[place:], self.stem)
        return bool(LESION.search("/".join(own))) or "brats" in self.name.casefold()

    def is_organ(self, scans: Iterable[str]) -> bool:
        """What its name says beyond those of its scans is anatomy, such as liver, and no finding."""
        place = len(self.folders) if self.label_folder is None else self.label_folder + 1
        rest = ENTITY.sub("", self.stem)
        for stem in sorted(scans, key=len, reverse=True):
            rest = rest.replace(unmodal(ENTITY.sub("", stem)), "") if unmodal(stem) else rest
        words = " ".join((*self.folders[place:], rest)).replace("_", " ")
        return not LESION.search(words) and bool(ORGAN_WORD.search(words) or TISSUE.search(self.stem))


def plain(name: str) -> tuple[str, ...]:
    """The parts of a path, lower case and composed, as names are compared."""
    return tuple(unicodedata.normalize("NFC", name).casefold().split("/"))


def printable(path: Path) -> str:
    """Names that are not UTF-8 are taken for Latin-1."""
    raw = os.fsencode(path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def list_nifti(root: Path) -> Iterator[NiftiFile]:
    """By name; hidden files, such as the `._` twins that macOS makes, are none."""
    for path in sorted(root.rglob("*")):
        inner = path.relative_to(root)
        if is_visible(inner) and ENDING.search(path.name) and path.is_file():
            yield NiftiFile(path, ENDING.sub("", printable(inner)))


def is_visible(inner: Path) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in inner.parts)


def unmodal(stem: str) -> str:
    """Without a modality or channel at its end: `p1_t1` and `p1_0001` are `p1`."""
    return MODALITY.sub("", CHANNEL.sub("", stem))


def unprefixed(stem: str) -> str:
    """`volume-7` and `img7` are `7`."""
    return IMAGE_PREFIX.sub("", unmodal(stem))


def split_of(folder: str) -> str | None:
    """`tr` of imagesTr and labelsTr."""
    found = IMAGES.fullmatch(folder) or LABELS.fullmatch(folder)
    return found.group(1) if found else None


def own_subject(name: str, *, channels: bool) -> str:
    """Whose a scan is, by its name: modalities and time points of one person are together."""
    if bids := BIDS.search(name):
        return bids.group(1)
    if brats := BRATS.search(name):
        return brats.group(1)
    folder, _, stem = name.rpartition("/")
    if channels:
        stem = CHANNEL.sub("", stem)
    base = stem[: found.start()] if (found := MODALITY.search(stem.casefold())) else stem
    return f"{folder}/{base}".strip("/") or name
