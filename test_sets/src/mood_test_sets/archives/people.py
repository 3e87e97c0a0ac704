"""Whose a scan is, by its name. What may be one person is one, or it is asked; docs tell it by examples."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator

from mood_test_sets.archives.naming import BIDS, CHANNEL, IMAGES, LABELS

__all__ = ["SEQUEL", "People", "bare", "fold"]

SEQUEL = re.compile(
    r"(?:pre|post|native|contrast|gd|arterial|portal|venous|delayed|late|early|phase|baseline|followup|fu|visit|ses"
    r"|session|run|echo|acq|reg|registered|coreg|norm|n4|bet|stripped|brain|iso|mni|resampled|scan|sag|cor|ax|tra|km"
    r"|t1[a-z]*|t2[a-z]*|flair|dwi|adc|swi|pdw?|cta?|mri?|mra|tof|pet|mprage|space|tse|stir|fat|water|dixon|inv)"
)  # what a scan adds to the name of another of the same person
COUNTED = (
    r"(?:(?:ses|session|visit|time|timepoint|tp|run|echo|phase|week|month|year|day|followup|fu)[-_ ]?\d+"
    r"|v\d+)"
)
DATE = r"(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])"
ALSO = (
    r"(?:portalvenous|nephrographic|excretory|equilibrium|hepatobiliary|unenhanced|plain|dynamic"
    r"|preop|postop|initial|final|repeat|rescan|retest|original|orig|raw|anat|dicom|dcm|nifti|nii)"
)
SAME_PERSON = re.compile(rf"(?<![^\W_])(?:{DATE}|{COUNTED}|{SEQUEL.pattern}|{ALSO})(?![^\W_])", re.IGNORECASE)
COUNTED_ALIKE = re.compile(r"(?<![^\W_])(?:scan|series|image|img|volume|vol|b)[-_ ]?\d+(?![^\W_])")
BRATS = re.compile(r"(brats-[a-z]+-\d{5})-\d{3}", re.IGNORECASE)  # the last number is the time point
PLACE = re.compile(
    r"(?:site|cent(?:er|re)|hospital|clinic|scanner|fold|batch|part|split|data|dataset|set|task|group|cohort|arm"
    r"|train|training|test|val|ses|session|visit|time|timepoint|tp|run|wave|week|month|year|day)s?"
)
SPLITS = re.compile(r"/|[-_ .](?=[^/]*$)")  # between folders, and within the last part


def fold(name: str) -> str:
    """As names of people are compared: letters composed, of one case."""
    return unicodedata.normalize("NFC", name).casefold()


def bare(name: str) -> str:
    """`images/t1/P1_2019-03-01_post` is `P1`: without layout, and what scans of one person differ in."""
    *folders, stem = unicodedata.normalize("NFC", name).split("/")
    parts = [*(one for one in folders if not _is_layout(fold(one))), stem]
    kept: list[str] = []
    for part in filter(None, map(_bare_part, parts)):
        if not kept or fold(kept[-1]) != fold(part):
            kept.append(part)
    return "/".join(kept)


def _is_layout(folder: str) -> bool:
    return any(one.fullmatch(folder) for one in (IMAGES, LABELS))


def _bare_part(part: str) -> str:
    return re.sub(r"[\W_]*\0[\W_]*", "_", SAME_PERSON.sub("\0", part)).strip("_")


class People:
    """Whose each of `names` is; `channels` are folders of nnU-Net, `datasets` those with participants.tsv."""

    def __init__(
        self, names: Iterable[str], *, channels: Container[str] = (), datasets: Iterable[str] = ()
    ) -> None:
        self._channels = channels
        self._datasets = sorted(datasets, key=len, reverse=True)
        self._spelled: dict[str, str] = {}
        self._begins: set[str] = set()
        self.doubtful: list[tuple[str, str]] = []
        """Pairs of names that may be of one person, and count as two."""
        bares = {name: self._bare(name) for name in names if not BIDS.search(name)}
        self._find_people(bares)
        self._find_namesakes(bares)

    def spell(self, person: str) -> str:
        """As that person was called first."""
        return self._spelled.setdefault(fold(person), person)

    def of(self, name: str) -> str:
        """BIDS and BraTS say it; else the name without modality, phase and time."""
        return self.spell(self._of(name))

    def key_of(self, name: str) -> str:
        """As it is compared."""
        return fold(self._of(name))

    def _of(self, name: str) -> str:
        if bids := BIDS.search(name):
            return f"{self._dataset(name)}/{bids.group(1)}".strip("/")
        whole = self._bare(name)
        return next((one for one, _ in _splits(whole) if fold(one) in self._begins), whole)

    def _dataset(self, name: str) -> str:
        """Numbers of people count anew where there is another participants.tsv."""
        return next((one for one in self._datasets if one and name.startswith(f"{one}/")), "")

    def _bare(self, name: str) -> str:
        if brats := BRATS.search(name):
            return brats.group(1)
        folder, _, _ = name.rpartition("/")
        return bare(CHANNEL.sub("", name) if folder in self._channels else name) or name

    def _find_people(self, bares: dict[str, str]) -> None:
        """Numbered beginnings that go on alike (`P1/late`, `P2/late`) are people, if not by a number."""
        held: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
        for name, whole in bares.items():
            for begin, rest in _splits(fold(whole)):
                above, _, last = begin.rpartition("/")
                if _is_numbered(last):
                    inside = COUNTED_ALIKE.sub("", rest.removeprefix(last))
                    held[above + re.sub(r"\d+", "#", last)][begin][inside] = name
        for alike in held.values():
            own = {one: rests for one, rests in alike.items() if not _has_digit("".join(rests))}
            counts = Counter(rest for rests in own.values() for rest in rests)
            if max(counts.values(), default=0) > 1:
                self._begins |= own.keys()
            self.doubtful += list(_open_ones({one: alike[one] for one in alike if one not in own}))

    def _find_namesakes(self, bares: dict[str, str]) -> None:
        """`a/P1` and `b/P1` are two unless a and b say what differs; `site1/P1` and `site2/P1` are."""
        last: dict[str, dict[str, str]] = defaultdict(dict)
        for name in bares:
            folder, _, who = self.key_of(name).rpartition("/")
            if _has_digit(who) and any(map(str.isalpha, who)) and not any(map(_is_place, folder.split("/"))):
                last[who].setdefault(folder, name)
        self.doubtful += [
            (one, other) for one, other, *_ in (x.values() for x in last.values() if len(x) > 1)
        ]


def _splits(whole: str) -> Iterator[tuple[str, str]]:
    for sign in SPLITS.finditer(whole):
        yield whole[: sign.start()], whole[sign.end() :]


def _open_ones(alike: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """`P1_1` and `P1_2` beside `P2_1`: numbers of people at P1, or of scans of P1?"""
    counts = Counter(rest for rests in alike.values() for rest in rests)
    for rests in alike.values():
        shared = sorted(rests[rest] for rest in rests if counts[rest] > 1)
        if len(rests) > 1 and shared:
            yield shared[0], next(name for name in sorted(rests.values()) if name != shared[0])


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _is_numbered(last: str) -> bool:
    return _has_digit(last) and not _is_place(last)


def _is_place(part: str) -> bool:
    words = re.findall(r"[^\W\d_]+", part)
    return any(one.fullmatch(word) for word in words for one in (IMAGES, LABELS, PLACE))
