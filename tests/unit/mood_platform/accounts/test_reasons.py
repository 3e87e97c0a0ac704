"""Reasons and notes of people are text before they are stored, and what was checked is what is stored."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mood_platform.accounts import reasons
from mood_platform.accounts.reasons import READER_OF, checked_words, require_reason
from mood_platform.errors import Invalid


@pytest.mark.parametrize(
    "character", ["\x1b", "\x9b", "\u202e", "\u2066", "\u061c", "\u2028", "\U000e0041", "\ud800"], ids=ascii
)
def test_a_reason_that_steers_its_reader_is_refused_and_the_character_named(character: str) -> None:
    with pytest.raises(Invalid, match=f"Field reason: it holds U[+]{ord(character):04X}") as caught:
        require_reason("submission.exclude", f"late{character}ly")
    assert "plain text" in caught.value.remedy


@pytest.mark.parametrize("reason", ["", "  \n", "\u3164", "\u200b", "\u2800"])
def test_a_reason_of_which_nothing_is_seen_is_empty(reason: str) -> None:
    with pytest.raises(Invalid, match="it is empty") as caught:
        require_reason("submission.exclude", reason)
    assert READER_OF["submission.exclude"].sentence in caught.value.remedy


def test_a_reason_keeps_its_lines_and_is_stored_composed_without_space_around_it() -> None:
    assert require_reason("run.void", " first\r\n\tE\u0301 second\n") == "first\n\tÉ second"


def test_a_note_may_be_empty() -> None:
    assert checked_words("note", " ") == ""
    with pytest.raises(Invalid, match="Field note"):
        checked_words("note", "a\u202eb")


def test_nobody_throws_away_what_was_checked() -> None:
    lost = [
        f"{path.name}:{node.lineno}"
        for path in Path(reasons.__file__).parents[1].rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id in {"require_reason", "checked_words"}
    ]
    assert lost == []
