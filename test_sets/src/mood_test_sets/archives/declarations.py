"""What archives say of themselves: dataset.json of MSD and nnU-Net, participants.tsv of BIDS."""

import csv
import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mood_test_sets.archives.naming import LESION, is_anatomy, walk
from mood_test_sets.errors import ImportRefused

__all__ = ["Declared", "find_unread", "read_datasets", "read_participants"]

ILLNESS = re.compile(r"diag|\bdx|_dx|disease|patholog|tumou?r|lesion|cancer|disorder|illness")
GROUP = re.compile(r"group|status|condition|health|cohort|population|subject_?type|patient_?type")
HARMLESS = re.compile(
    r"participant_id|species|strain|age\w*|sex|gender|hand\w*|site\w*|scanner\w*|session\w*|race|ethnicity|height|weight"
)
CONTROLS = {
    "control",
    "controls",
    "healthy",
    "healthy control",
    "hc",
    "ctl",
    "ctrl",
    "con",
    "normal",
    "cn",
    "nc",
    "hv",
    "healthy controls",
    "healthy volunteer",
    "healthy volunteers",
    "normal control",
    "typically developing",
}
UNSAID = {"", "n/a", "na", "nan", "unknown", "none", "no", "negative", "0", "-"}
PATIENTS = re.compile(rf"{LESION.pattern}|patient|case|disease|disorder|blastom|(?:oma|itis|osis|pathy)s?\b")


@dataclass(frozen=True, slots=True)
class Declared:
    """One dataset.json: which values of the masks below `folder` are lesions, and whose masks they are."""

    folder: Path
    lesions: frozenset[int]
    organs: frozenset[int]
    unclear: Mapping[int, str]  # value to name
    pairs: Mapping[Path, Path]  # mask to scan
    names: Mapping[int, str]


def read_datasets(root: Path) -> list[Declared]:
    """Those of inner folders first. Raises ImportRefused."""
    found = [_read_dataset(path) for path in walk(root) if path.name.lower() == "dataset.json"]
    return sorted((one for one in found if one), key=lambda one: -len(one.folder.parts))


def _read_dataset(file: Path) -> Declared | None:
    """None for a file of that name without labels."""
    try:
        document: Any = json.loads(file.read_text(encoding="utf-8-sig"))
        if not isinstance(document, dict) or "labels" not in document:
            return None
        names = list(_names(document["labels"]))
        pairs = {
            (file.parent / one["label"]).resolve(): (file.parent / one["image"]).resolve()
            for one in document.get("training", ())
            if isinstance(one, dict)
            and isinstance(one.get("label"), str)
            and isinstance(one.get("image"), str)
        }
    except (OSError, ValueError, TypeError, AttributeError) as reason:
        raise ImportRefused(
            f"{file}: its labels cannot be read ({reason}). Correct it, or remove it and say --lesion-labels."
        ) from None
    lesions = {value for value, name in names if LESION.search(name)}
    organs = {value for value, name in names if value == 0 or is_anatomy(name)} - lesions
    unclear = {value: name for value, name in names if value not in lesions | organs}
    return Declared(file.parent, frozenset(lesions), frozenset(organs), unclear, pairs, dict(names))


def _names(labels: Any) -> Any:
    """Value and name, as MSD ({"1": "liver"}) and nnU-Net ({"liver": 1, "whole": [1, 2]}) write them."""
    for key, value in labels.items():
        if isinstance(value, str):
            yield int(key), value.casefold()
        else:
            for one in value if isinstance(value, list) else [value]:
                yield int(one), str(key).casefold()


def read_participants(root: Path) -> dict[str, str | None]:
    """Subject to what it suffers from, or None for a control; who is not in it is not known.

    An illness in any column of any table counts more than a control.
    """
    known: dict[str, str | None] = {}
    for file in _tables(root):
        for who, said in _read_table(file).items():
            known[who] = known.get(who) or said
    return known


def find_unread(root: Path) -> dict[Path, list[str]]:
    """Columns of participants.tsv that may tell who is ill and were not understood."""
    found = {file: _unread_columns(_rows(file)) for file in _tables(root)}
    return {file: columns for file, columns in found.items() if columns}


def _tables(root: Path) -> list[Path]:
    return [path for path in walk(root) if path.name == "participants.tsv" and path.exists()]


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return [{(k or "").casefold(): (v or "").strip() for k, v in row.items() if isinstance(v, str)}
                for row in csv.DictReader(stream, delimiter="\t")]  # fmt: skip


def _read_table(file: Path) -> dict[str, str | None]:
    rows, known = _rows(file), {}
    compared = _compared(rows)
    for row in rows:
        told = {said: _is_ill(column, said, compared) for column, said in row.items()}
        if any(ill is not None for ill in told.values()):
            who = row.get("participant_id", "").removeprefix("sub-")
            known[who] = next((said for said, ill in told.items() if ill), None)
    return known


def _compared(rows: Sequence[Mapping[str, str]]) -> set[str]:
    """Columns with controls."""
    return {column for row in rows for column, said in row.items() if said.casefold() in CONTROLS}


def _is_ill(column: str, value: str, compared: Container[str]) -> bool | None:
    """Beside controls, or in a column of illnesses, every word is one; else those that sound so."""
    said = value.casefold()
    if said in UNSAID or not (GROUP.search(column) or ILLNESS.search(column)):
        return None
    if said in CONTROLS:
        return False
    return True if column in compared or ILLNESS.search(column) or PATIENTS.search(said) else None


def _unread_columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    columns = list(dict.fromkeys(column for row in rows for column in row if column))
    compared = _compared(rows)
    told = {
        column for row in rows for column, said in row.items() if _is_ill(column, said, compared) is not None
    }
    return [one for one in columns if one not in told and not HARMLESS.fullmatch(one)]
