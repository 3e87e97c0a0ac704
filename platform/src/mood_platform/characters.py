"""Which characters are text: one rule for names, reasons, messages, logs, errors, pages and terminals.

No text are control and format characters (what steers a terminal or the direction of writing), halves of
pairs, private and unassigned characters (Unicode's categories C), and its own separators of lines (Zl, Zp).
A joiner is text between two others beyond ASCII: several scripts and emoji need it there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from itertools import groupby

JOINERS = frozenset("\u200c\u200d")
LINES = "\n\t"
"""What makes lines and columns; `lines=""` takes it for no text either."""
MOST_MARKS = 5
"""On one letter: a Hebrew letter with all its points has as many."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BEYOND = re.compile(r"[^ -~]")
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of DerivedCoreProperties.txt, as of Unicode 14, reserved ones included."""
_BLANK = frozenset("\u2800\U00016fe4\U0001d159")
"""Letters and symbols that show nothing, although Unicode does not count them as ignorable."""


def plain(words: str, *, instead: str = REPLACEMENT, lines: str = LINES) -> str:
    """What somebody else wrote, fit to be shown: whatever is no text becomes `instead`."""
    return respell(words, lambda _: instead, lines=lines)


def respell(words: str, spell: Callable[[str], str], *, lines: str = LINES) -> str:
    """Every character that is no text as `spell` writes it."""
    return _BEYOND.sub(lambda found: found[0] if _is_text(found, lines) else spell(found[0]), words)


def fault_of(words: str, *, lines: str = LINES) -> str:
    """Why a reader would not see all that stands here, as the end of a sentence; empty where all is seen."""
    for found in _BEYOND.finditer(words):
        if not _is_text(found, lines) or (shows_nothing(found[0]) and not _belongs_to_a_letter(found[0])):
            return f"it holds U+{ord(found[0]):04X}, which no reader sees"
    if words and _is_mark(words[0]):
        return "it begins with a mark that has no letter"
    if _highest_stack(words) > MOST_MARKS:
        return f"it has a letter with more than {MOST_MARKS} marks"
    return ""


def is_blank(words: str) -> bool:
    """Whether a reader sees nothing at all."""
    return all(one.isspace() or shows_nothing(one) for one in words)


def shows_nothing(character: str) -> bool:
    """By itself; what it does to its neighbours is another matter."""
    return character in _BLANK or _IGNORABLE.match(character) is not None


def _is_text(found: re.Match[str], lines: str) -> bool:
    if found[0] not in JOINERS:
        return found[0] in lines or not _steers(found[0])
    around = found.string[max(found.start() - 1, 0) : found.end() + 1]
    return len(around) == 3 and not any(one.isascii() or _steers(one) for one in (around[0], around[2]))


def _steers(character: str) -> bool:
    category = unicodedata.category(character)
    return category.startswith("C") or category in {"Zl", "Zp"}


def _belongs_to_a_letter(character: str) -> bool:
    """A joiner, where it is text, or what chooses between two forms of the letter before it."""
    return character in JOINERS or "VARIATION SELECTOR" in unicodedata.name(character, "")


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _highest_stack(words: str) -> int:
    """Marks in a row; what shows nothing between them does not end it."""
    rows = groupby(words, key=lambda one: _is_mark(one) or shows_nothing(one))
    return max((len(list(row)) for stacked, row in rows if stacked), default=0)
