"""What names of files and folders say of a volume: whether it is a mask, of which modality, of whom."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from mood_evaluator import test_set
from mood_test_sets import cohort_folder
from mood_test_sets.errors import ImportRefused

__all__ = [
    "ENDING",
    "GENERIC",
    "IMAGES",
    "LABELS",
    "LESION",
    "ORGAN",
    "SESSION",
    "Kind",
    "NiftiFile",
    "bids_of",
    "home_of",
    "is_anatomy",
    "is_made",
    "list_nifti",
    "plain",
    "printable",
    "shared",
    "split_of",
    "unmodal",
    "unprefixed",
    "walk",
]

ENDING = re.compile(r"\.nii(\.gz)?$", re.IGNORECASE)
MARKS = (
    r"(?:mask|msk|wmh|gtv|dseg|probseg|seg|segmentation|label|lbl|labelmap|lesion|tumou?r|roi|voi|gt|ground[_-]?truth"
    r"|annotation|annot|contour|delineation)s?"
)
SURFER = r"aparc(?:[.+]a2009s|[.+]dktatlas)?[.+]aseg|aparc|aseg|wmparc|ribbon"  # classes by FreeSurfer
MASK = re.compile(rf"(?:^|[._\- ])(?:{MARKS}(?:[._\- ]?\d)?|{SURFER})$")
PREFIX = re.compile(rf"^{MARKS}(?:[._\- ]|(?=\d))(?=.)")
IMAGE_PREFIX = re.compile(r"^(?:image|imaging|img|volume|vol|scan|ct|mr)[._\- ]?(?=\d)")
SAYS_MASK = re.compile(
    r"lesion|tumou?r|mask(?!ed)|msk|annot|label(?!l?ed)|delineat|contour|ground[_-]?truth"
    r"|seg(?:s|m|ment|mentations?|mented)?(?![a-z])"
    r"|(?<![a-z])(?:roi|voi|gtv|gt|wmh|les|heat(?:map)?|prob(?:s|map|ability)?)(?![a-z])"
)
WHO = re.compile(r"(?:^|_)sub-[a-z0-9]+")
BRAIN_MASK = re.compile(r"(?:^|[._\-])(?:desc-)?brain[._\-]?mask$")
BRAIN = re.compile(r"_brain$")
SPLIT = r"(?:[_-]?(tr|ts|te|val|train|training|test|testing|validation))?"
LABELS = re.compile(
    rf"(?:\w+[_-])?(?:label|lbl|mask|seg|segmentation|annotation|roi|gt|ground(?:[_-]?truth)?|contour|delineation"
    rf"|labelmap)s?{SPLIT}"
)
IMAGES = re.compile(rf"(?:image|img|volume|scan)s?{SPLIT}")
MODALITY = re.compile(
    r"(?:^|[._\- ])(?:t1|t1w|t1c|t1ce|t1gd|t1n|t2|t2w|t2f|t2s|flair|dwi|adc|swi|pd|pdw|ct|cta|mr|mri|pet)$"
)
GENERIC = {
    "", "image", "img", "scan", "volume", "vol", "anat", "brain", "head", "data", "mprage", "series", "dicom",
}  # fmt: skip  # stems that name nobody
CHANNEL = re.compile(r"_000\d$")
BIDS = re.compile(r"(?:^|[/_])sub-([a-z0-9]+)", re.IGNORECASE)
SESSION = re.compile(r"(?:^|[/_])ses-([a-z0-9]+)", re.IGNORECASE)
ENTITY = re.compile(r"(?:^|_)(?:sub|ses|acq|space|run|desc)-[a-z0-9]+")
TISSUE = re.compile(rf"(?:^|[_.])(?:dseg|probseg|{SURFER})$")
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
    r"|muscle|dis[ck]|torso|vena|iliac|celiac|body|adrenal|thyroid|gland|zone|\bpz\b|\btz\b|\beye|orbit|lens|nerve|cord"
    r"|face|head|limb"
)

ORGANS = re.compile(
    rf"(?:(?:{ORGAN.pattern}|stem|cephalic)(?:[aielny]|e?s|ies|(?:in|i)?al|i?ar|t?ic|ae|ate|an|i?um|i?us|ine?|or|age"
    r"|(?:i?c)?le|i?cular|ula[er]?|is)?s?)+"
)  # whole words of them: gallbladder, and not gallstone
ILLNESS = re.compile(r"(?:itis|oma|omas|omata|osis|oses|megaly|pathy|ectasis|trophy)$|^(?:fatty|vasculit)")
BESIDE_ORGANS = re.compile(
    r"(?:left|right|lt|rt|upper|middle|lower|inferior|superior|lateral|medial|central|peripheral|whole|main|common"
    r"|ascending|descending|internal|external|deep|white|gr[ae]y|small|large|left|of|and|the|with|other|structures?"
    r"|region|area|volume|segments?|segmentations?|vena|celiac|mesenteric|splenic|iliac[a]?|pulmonary|urinary|biliary"
    r"|appendage|spinal|trunk|minimus|medius|maximus|psoas|umbilical|optic|temporal|frontal|parietal|occipital"
    r"|intervertebral|subcutaneous|skeletal|types?|trunc|extremit(?:y|ies)"
    r"|accumbens|stem|nucleus|nuclei|ganglia|basal|corpus|callosum|insula|thoracic|lumbar|cervical|abdominal"
    r"|dseg|probseg|aseg|manual|auto|final|roi|gt|flair|dwi|adc|swi|ct|mr|mri|pet|pd|[a-z]|" + MARKS + ")"
)


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
        if self._is_brain():
            return Kind.BRAIN
        if MASK.search(self.stem) or PREFIX.search(self.stem) or self.label_folder is not None:
            return Kind.MASK
        if BRAIN.search(self.stem) and self._speaks_of_lesion():
            return Kind.MASK
        return Kind.COPY if "derivatives" in self.folders else Kind.SCAN

    def _is_brain(self) -> bool:
        """`p1_brain`, and neither `p1_lesion_brain` nor `labels/p1_brain`."""
        extracted = BRAIN.search(self.stem) and self.label_folder is None
        return bool(BRAIN_MASK.search(self.stem) or extracted) and not self._speaks_of_lesion()

    def _speaks_of_lesion(self) -> bool:
        """Other than as a data set is called: `stroke_7` is a name, `p1_stroke` a finding."""
        rest = BRAIN.sub("", BRAIN_MASK.sub("", WHO.sub("", self.stem)))
        words = re.split(r"\d", rest)[-1]
        return bool(LESION.search(words) or SAYS_MASK.search(words))

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
    def mask_word(self) -> str:
        """What of its name only masks are called, wherever it stands; nothing in a folder for images."""
        if self.label_folder is None and any(map(IMAGES.fullmatch, self.folders)):
            return ""
        found = SAYS_MASK.search(WHO.sub("", self.stem))
        return found.group() if found else ""

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Its stem without what calls it a mask or a brain: `p1_lesion_mask` is `p1_lesion`, then `p1`."""
        found = [self.stem] if self.label_folder is not None else []
        found += [PREFIX.sub("", self.stem)] if PREFIX.search(self.stem) else []
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
        rest = "/".join((*self.folders[place:], ENTITY.sub("", self.stem)))
        for stem in sorted(scans, key=len, reverse=True):
            rest = rest.replace(unmodal(ENTITY.sub("", stem)), "") if unmodal(stem) else rest
        words = re.sub(r"[_/]", " ", rest)
        return is_anatomy(words) or (bool(TISSUE.search(self.stem)) and not LESION.search(words))


def is_anatomy(words: str) -> bool:
    """An organ, and no word beside it that may be an illness: `left kidney` is, `liver hcc` is not."""
    found = re.findall("[a-z]+", words)
    organs = [one for one in found if ORGANS.fullmatch(one) and not ILLNESS.search(one)]
    others = [one for one in found if one not in organs and not BESIDE_ORGANS.fullmatch(one)]
    return bool(organs) and not others and not LESION.search(words)


def bids_of(name: str) -> str | None:
    """The number of its person, as it is compared."""
    found = BIDS.search(name)
    return found.group(1).casefold() if found else None


def home_of(name: str) -> tuple[str, ...]:
    """Folders above the one of its person, by BIDS."""
    found = BIDS.search(name)
    return plain(name[: found.start(1)])[:-1] if found else ()


def shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many folders from the top two have in common."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


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


def walk(root: Path) -> list[Path]:
    """Files that are not hidden, by name, through linked folders too; a link that leads nowhere is one.

    Cohorts and test sets that were made here are passed over.

    Raises ImportRefused where that is called as a folder of scans or masks is.
    """
    found: list[Path] = []
    for place, folders, files in os.walk(root, followlinks=True):
        folder = Path(place)
        folders[:] = [name for name in folders if _is_visible(name) and _is_raw(folder / name)]
        found += [folder / name for name in files if _is_visible(name)]
    for path in found:
        if not path.exists() and (
            LABELS.fullmatch(path.name.casefold()) or IMAGES.fullmatch(path.name.casefold())
        ):
            raise ImportRefused(
                f"{path} is a link to a folder that is not there. Bring it back, or remove the link."
            )
    return sorted(found)


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"


def _is_raw(folder: Path) -> bool:
    """No link to a folder that it lies in, and nothing that was made here."""
    loop = folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())
    return not loop and not is_made(folder)


def is_made(folder: Path) -> bool:
    """A cohort or a test set: its scans are those of other folders."""
    return any(_says(folder / made.MANIFEST, made.SCHEMA) for made in (cohort_folder, test_set))


def _says(manifest: Path, schema: str) -> bool:
    return manifest.is_file() and f'"{schema}"' in manifest.read_text(encoding="utf-8", errors="replace")


def list_nifti(root: Path) -> Iterator[NiftiFile]:
    """By name; hidden files, such as the `._` twins that macOS makes, are none."""
    for path in walk(root):
        if ENDING.search(path.name):
            yield NiftiFile(path, ENDING.sub("", printable(path.relative_to(root))))


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
