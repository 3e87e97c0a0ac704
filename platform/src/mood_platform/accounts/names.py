"""Names of people and teams: any script, nothing invisible; and what a team's name looks like to a reader."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from mood_platform.characters import MOST_MARKS, fault_of, shows_nothing
from mood_platform.errors import Invalid

LONGEST_NAME = 80
LONGEST_HANDLE = 40
HANDLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RANDOM_CHARACTERS, RANDOM_LENGTH = "abcdefghijkmnpqrstuvwxyz23456789", 6


def checked_name(field: str, name: str) -> str:
    """In composed form, with single spaces; refused where a reader could not see what it holds."""
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if fault := _fault_of(clean):
        raise Invalid(
            f"Field {field}: {fault}.",
            remedy=f"Use 1 to {LONGEST_NAME} visible characters, without control characters and marks "
            f"of direction, and at most {MOST_MARKS} marks on a letter.",
        )
    return clean


def _fault_of(name: str) -> str:
    if not name:
        return "it is empty"
    return f"it has {len(name)} characters" if len(name) > LONGEST_NAME else fault_of(name, lines="")


def checked_handle(handle: str) -> str:
    if len(handle) > LONGEST_HANDLE or not HANDLE.fullmatch(handle):
        raise Invalid(
            f"Field handle: {handle[:LONGEST_HANDLE]!r}.",
            remedy=f"Use a-z, 0-9 and single hyphens between them, at most {LONGEST_HANDLE} characters.",
        )
    return handle


def random_handle() -> str:
    return "team-" + "".join(secrets.choice(RANDOM_CHARACTERS) for _ in range(RANDOM_LENGTH))


def capitals(name: str) -> str:
    """What the name looks like in capitals: equal for names that a reader would take for each other."""
    return _looks(_plain(name).upper()).upper()


def small_letters(name: str) -> str:
    """The same in small letters: letters that look alike there may not do so in capitals, and the reverse."""
    return _looks(_plain(name).casefold()).casefold()


def as_written(name: str) -> str:
    """The same letter by letter as it stands: here alone a capital I looks like l."""
    return _looks(_plain(name)).replace("I", "l").casefold()


LOOKS: Mapping[str, Callable[[str], str]] = {
    "capitals": capitals,
    "small_letters": small_letters,
    "as_written": as_written,
}
"""By the Team's column that keeps it; names that are equal in one of them look alike."""


def looks_of(name: str) -> dict[str, str]:
    return {column: look(name) for column, look in LOOKS.items()}


def _plain(name: str) -> str:
    """Decomposed, without widths and what shows nothing; marks stay, so that É is not E."""
    seen = "".join(one for one in unicodedata.normalize("NFKD", name) if not shows_nothing(one))
    return " ".join(seen.split())


def _looks(name: str) -> str:
    return unicodedata.normalize("NFKD", name).translate(_look_alikes())


@cache
def _look_alikes() -> dict[int, str]:
    lines = files("mood_platform.accounts").joinpath("look_alikes.txt").read_text("utf-8").splitlines()
    pairs = (line.split(" ", 1) for line in lines if not line.startswith("#"))
    return {ord(one): plain for plain, alike in pairs for one in alike} | {ord("0"): "o", ord("1"): "l"}
