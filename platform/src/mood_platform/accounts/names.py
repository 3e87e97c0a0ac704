"""Names of people and teams: any script, nothing invisible; and what a team's name looks like to a reader."""

from __future__ import annotations

import re
import secrets
import unicodedata
from functools import cache
from importlib.resources import files

from mood_platform.errors import Invalid

LONGEST_NAME = 80
LONGEST_HANDLE = 40
HANDLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RANDOM_CHARACTERS, RANDOM_LENGTH = "abcdefghijkmnpqrstuvwxyz23456789", 6
JOINERS = frozenset("\u200c\u200d")
"""Several scripts and emoji need them between two of their characters."""
BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols that show nothing."""


def checked_name(field: str, name: str) -> str:
    """In composed form, with single spaces; refused where a reader could not see what it holds."""
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(clean) <= LONGEST_NAME or not _is_visible(clean):
        raise Invalid(
            f"Field {field}: {clean[:LONGEST_NAME]!r}.",
            remedy=f"Use 1 to {LONGEST_NAME} visible characters, without control characters and marks "
            "of direction.",
        )
    return clean


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


def _plain(name: str) -> str:
    """Decomposed, without widths, joiners and variants of glyphs; marks stay, so that É is not E."""
    return "".join(one for one in unicodedata.normalize("NFKD", name) if not _is_unseen(one))


def _looks(name: str) -> str:
    return unicodedata.normalize("NFKD", name).translate(_look_alikes())


def _is_unseen(character: str) -> bool:
    return character in JOINERS or "\ufe00" <= character <= "\ufe0f"


@cache
def _look_alikes() -> dict[int, str]:
    lines = files("mood_platform.accounts").joinpath("look_alikes.txt").read_text("utf-8").splitlines()
    pairs = (line.split(" ", 1) for line in lines if not line.startswith("#"))
    return {ord(one): plain for plain, alike in pairs for one in alike} | {ord("0"): "o", ord("1"): "l"}


def _is_visible(name: str) -> bool:
    """Joiners stand between two characters beyond ASCII; nothing else is unseen, and a mark has a letter."""
    if unicodedata.category(name[0]).startswith("M") or BLANKS & set(name):
        return False
    around = zip(" " + name, name, name[1:] + " ", strict=False)
    return all(
        not unicodedata.category(one).startswith("C")
        or (one in JOINERS and not before.isascii() and not after.isascii())
        for before, one, after in around
    )
