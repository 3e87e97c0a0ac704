"""One rule says which characters are text; what it refuses it names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mood_platform.characters import MOST_MARKS, fault_of, is_blank, plain, shows_nothing

NO_TEXT = (
    *("\x00", "\x1b", "\x7f", "\x85", "\x9b"),
    *("\u00ad", "\u061c", "\u200b", "\u200e", "\u202e", "\u2066", "\ufeff", "\U000e0041"),
    *("\u2028", "\u2029", "\ud800", "\ue000", "\ufdd0"),
)
TEXTS = (
    "Größe 東京",
    "👩\u200d🔬",
    "नमस्\u200cते",
    "❤\ufe0f",
    "葛\U000e0100",
    "one\ntwo\tthree",
    "<b>[/b] =1+1",
)


@pytest.mark.parametrize("character", NO_TEXT, ids=ascii)
def test_what_is_no_text_is_replaced_where_it_is_shown_and_named_where_it_is_written(character: str) -> None:
    assert plain(f"a{character}b") == "a\ufffdb"
    assert plain(f"a{character}b", instead="") == "ab"
    assert fault_of(f"a{character}b") == f"it holds U+{ord(character):04X}, which no reader sees"


@pytest.mark.parametrize("words", TEXTS)
def test_text_in_any_script_stays_as_it_is(words: str) -> None:
    assert (plain(words), fault_of(words)) == (words, "")


@pytest.mark.parametrize(
    "words", ["a\u200db", "\u200d", "é\u200d", "\u200dé", "é\u200d\u200dé", "é\u200d\u202eé"]
)
def test_a_joiner_is_text_between_two_others_alone(words: str) -> None:
    assert "\u200d" not in plain(words)
    assert fault_of(words)


@pytest.mark.parametrize("character", ["\u034f", "\u115f", "\u17b4", "\u2800", "\u3164", "\uffa0"], ids=ascii)
def test_letters_that_show_nothing_are_refused_where_people_write(character: str) -> None:
    assert "which no reader sees" in fault_of(f"a{character}b")


def test_lines_are_text_only_where_there_may_be_some() -> None:
    assert fault_of("one\ntwo", lines="") == "it holds U+000A, which no reader sees"
    assert plain("one\ntwo", lines="") == "one\ufffdtwo"


def test_marks_are_text_up_to_a_few_on_a_letter() -> None:
    assert fault_of("a" + "\u0316" * MOST_MARKS) == ""
    assert "more than 5 marks" in fault_of("a" + "\u0316" * (MOST_MARKS + 1))
    assert fault_of("\u0301a") == "it begins with a mark that has no letter"


@pytest.mark.parametrize("words", ["", " \n", "\u3164", "\u200b \u2800", "\ufe0f"])
def test_words_of_which_nothing_is_seen_are_blank(words: str) -> None:
    assert is_blank(words)
    assert not is_blank(words + "a")


@given(st.text())
def test_what_was_made_plain_is_plain(words: str) -> None:
    made = plain(words)
    assert plain(made) == made
    kinds = {unicodedata.category(one) for one in made if one not in "\n\t\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_every_selector_of_a_form_shows_nothing_by_itself() -> None:
    selectors = [
        one for one in map(chr, range(0x110000)) if "VARIATION SELECTOR" in unicodedata.name(one, "")
    ]
    assert len(selectors) == 256 + 4
    assert all(map(shows_nothing, selectors))
