"""What dataset.json of MSD and nnU-Net says of the values of masks, and of their scans."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mood_test_sets.archives.naming import LESION, is_anatomy, walk
from mood_test_sets.errors import ImportRefused

__all__ = ["Declared", "read_datasets"]


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
