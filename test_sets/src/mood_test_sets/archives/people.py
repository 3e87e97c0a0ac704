"""Folders of one person each, such as P0/ with arterial and portal, or with baseline/t1 and followup/t1."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from mood_test_sets.archives.naming import IMAGES, LABELS, unmodal

__all__ = ["find_person_folders"]

PLACE = re.compile(
    r"(?:site|cent(?:er|re)|hospital|clinic|scanner|fold|batch|part|split|data|dataset|set|task|group|cohort|arm"
    r"|train|training|test|val|ses|session|visit|time|timepoint|tp|run|wave|week|month|year|day)s?"
)
SAME_PERSON = re.compile(
    r"(?<![a-z0-9])(?:t1|t1w|t1c|t1ce|t1gd|t1n|t2|t2w|t2f|t2s|b\d+|(?:ses|session|visit|time|timepoint|tp|run|echo"
    r"|phase|series|week|month|year|day|followup|fu)[-_ ]?\d+)(?![a-z0-9])"
)


def find_person_folders(names: Iterable[str]) -> set[str]:
    """Numbered folders that hold the same as one another, and no numbers of people."""
    held: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name in names:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            folder, above = parts[depth - 1], "/".join(parts[: depth - 1])
            if _is_numbered(folder.casefold()):
                inside = "/".join(one.removeprefix(folder) for one in parts[depth:])
                held[above, re.sub(r"\d+", "#", folder)][f"{above}/{folder}".strip("/")].add(_plain(inside))
    return {one for folders in held.values() for one in _alike(folders)}


def _is_numbered(folder: str) -> bool:
    word = re.sub(r"[\W\d_]+", "", folder)
    layout = IMAGES.fullmatch(word) or LABELS.fullmatch(word) or PLACE.fullmatch(word)
    return any(map(str.isdigit, folder)) and not layout and unmodal(folder) != ""


def _plain(inside: str) -> str:
    return SAME_PERSON.sub("", inside.casefold())


def _alike(folders: dict[str, set[str]]) -> Iterable[str]:
    own = {one: held for one, held in folders.items() if not any(map(str.isdigit, "".join(held)))}
    counts = Counter(what for held in own.values() for what in held)
    return own if max(counts.values(), default=0) > 1 else ()
