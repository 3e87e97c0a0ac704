"""What archives say of themselves: dataset.json of MSD and nnU-Net, participants.tsv of BIDS."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mood_test_sets.errors import ImportRefused
from mood_test_sets.preparing.naming import LESION, ORGAN, is_visible

__all__ = ["Declared", "read_datasets", "read_participants"]

COLUMNS = (
    "group",
    "diagnosis",
    "diagnosis_group",
    "dx",
    "status",
    "condition",
    "disease",
    "pathology",
    "health",
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
}
UNSAID = {"", "n/a", "na", "nan", "unknown"}
PATIENTS = ("patient", "case", "disease", "disorder")


@dataclass(frozen=True, slots=True)
class Declared:
    """One dataset.json: which values of the masks below `folder` are lesions, and whose masks they are."""

    folder: Path
    lesions: frozenset[int]
    organs: frozenset[int]
    unclear: Mapping[int, str]  # value to name
    pairs: Mapping[Path, Path]  # mask to scan


def read_datasets(root: Path) -> list[Declared]:
    """Those of inner folders first. Raises ImportRefused."""
    files = [path for path in root.rglob("*") if path.name.lower() == "dataset.json"]
    visible = sorted(path for path in files if is_visible(path.relative_to(root)))
    found = [_read_dataset(path) for path in visible]
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
    organs = {value for value, name in names if value == 0 or ORGAN.search(name)} - lesions
    unclear = {value: name for value, name in names if value not in lesions | organs}
    return Declared(file.parent, frozenset(lesions), frozenset(organs), unclear, pairs)


def _names(labels: Any) -> Any:
    """Value and name, as MSD ({"1": "liver"}) and nnU-Net ({"liver": 1, "whole": [1, 2]}) write them."""
    for key, value in labels.items():
        if isinstance(value, str):
            yield int(key), value.casefold()
        else:
            for one in value if isinstance(value, list) else [value]:
                yield int(one), str(key).casefold()


def read_participants(root: Path) -> dict[str, str | None]:
    """Subject to what it suffers from, or None for a control; who is not in it is not known."""
    known: dict[str, str | None] = {}
    for file in sorted(root.rglob("participants.tsv")):
        if is_visible(file.relative_to(root)):
            known |= _read_table(file)
    return known


def _read_table(file: Path) -> dict[str, str | None]:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        rows = [{(k or "").casefold(): (v or "").strip() for k, v in row.items() if isinstance(v, str)}
                for row in csv.DictReader(stream, delimiter="\t")]  # fmt: skip
    column = next((name for name in COLUMNS if rows and name in rows[0]), None)
    if column is None:
        return {}
    compared = any(row.get(column, "").casefold() in CONTROLS for row in rows)
    return {
        row.get("participant_id", "").removeprefix("sub-"): None if said in CONTROLS else row[column]
        for row in rows
        if (said := row.get(column, "").casefold()) not in UNSAID and _is_telling(said, compared=compared)
    }


def _is_telling(said: str, *, compared: bool) -> bool:
    """Beside controls every other word is an illness; alone it may be a group of any kind."""
    words = (*PATIENTS,)
    return compared or said in CONTROLS or bool(LESION.search(said)) or any(word in said for word in words)
