"""Writes the page of all settings: `python -m mood_platform.machine.settings_page docs/settings.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mood_platform.settings import Settings

HEAD = """# Settings
Every process of the server reads its settings once, from variables or from files of the same name below
`/run/secrets`; a variable wins. With `mood up` the variables are lines of `settings.env` in its folder, and
lines you add stay. What an *edition* sets stands in its `challenge.yaml`: see the
[organizer guide](organizer-guide.md).
This page is written by `python -m mood_platform.machine.settings_page`.

| Variable | Default | What it does |
|---|---|---|
"""


def settings_page() -> str:
    rows = _rows(Settings, "MOOD_")
    return HEAD + "".join(f"| `{name}` | {default} | {words} |\n" for name, default, words in rows)


def _rows(group: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in group.model_fields.items():
        kind, place = field.annotation, f"{prefix}{name.upper()}"
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows(kind, f"{place}__")
        else:
            yield place, _default(field), " ".join((field.description or "").split())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be set"
    return "–" if field.default in (None, "") else f"`{_plain(field.default)}`"  # noqa: RUF001 - typography


def _plain(value: object) -> str:
    """Bytes in the unit that people would write."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2**20 and value % 2**20 == 0:
        return f"{value // 2**30} × 2^30" if value % 2**30 == 0 else f"{value // 2**20} × 2^20"  # noqa: RUF001 - typography
    return str(value)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings_page(), encoding="utf-8")
