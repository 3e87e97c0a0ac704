"""Names in any script, with nothing that a reader cannot see; who looks like whom."""

# ruff: noqa: RUF001 - letters that look alike are what this is about

from __future__ import annotations

import pytest

from mood_platform.accounts.names import (
    HANDLE,
    capitals,
    checked_handle,
    checked_name,
    random_handle,
    small_letters,
)
from mood_platform.errors import Invalid


def alike(one: str, other: str) -> bool:
    return capitals(one) == capitals(other) or small_letters(one) == small_letters(other)


@pytest.mark.parametrize(
    "name",
    [
        "東京大学",
        "ТЕАМ",
        "🧠",
        "🧠 brain",
        "👩‍🔬",
        "❤️",
        "Équipe Ω",
        "نور",
        "می‌خواهم",
        "हिन्दी",
        "क्‍ष",
        "İstanbul",
        "ß",
        "-1+1",
        "<script>alert(1)</script>",
        "a" * 80,
    ],
)
def test_a_name_may_be_in_any_script(name: str) -> None:
    assert checked_name("name", name) == name


def test_a_name_is_kept_in_composed_form_with_single_spaces() -> None:
    assert checked_name("name", "  E\u0301quipe \t nord ") == "Équipe nord"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "a" * 81,
        "Team\u202eA",
        "Team\u2066A",
        "Team \u200bA",
        "Team\u200dA",
        "\u200d",
        "Team\x00",
        "Team\x1b[31m",
        "\u3164",
        "Team\u2800",
        "\u0301Team",
        "Team\ue000",
        "Team\ufeff",
        "Team\u00ad",
    ],
)
def test_what_a_reader_cannot_see_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="Field name"):
        checked_name("name", name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Team A", "team a"),
        ("Team A", "Тeam A"),
        ("Team A", "ТЕАМ А"),
        ("Team A", "Ｔｅａｍ Ａ"),
        ("Team A", "𝐓𝐞𝐚𝐦 𝐀"),
        ("Nova", "νova"),
        ("Team 0", "Team O"),
        ("ТЕАМ", "теам"),
        ("Ἀ", "Ἀ"),
        ("Iris", "Іris"),
        ("Ëlan", "Ёlan"),
        ("❤️", "❤"),
        ("Straße", "STRASSE"),
    ],
)
def test_names_that_a_reader_takes_for_each_other_look_alike(one: str, other: str) -> None:
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Équipe", "Equipe"),
        ("Müller", "Muller"),
        ("Müller", "Mueller"),
        ("Team A", "Team B"),
        ("Hall", "Hail"),
        ("Ω", "O"),
        ("東京大学", "京都大学"),
        ("🧠", "🫀"),
        ("a" * 80, "a" * 79 + "b"),
    ],
)
def test_other_names_do_not(one: str, other: str) -> None:
    assert not alike(one, other)


@pytest.mark.parametrize("handle", ["a", "team-a", "42", "a" * 40])
def test_a_handle_is_ascii(handle: str) -> None:
    assert checked_handle(handle) == handle


@pytest.mark.parametrize(
    "handle", ["", "A", "é", "a b", "-a", "a-", "a--b", "..", "a/b", "a" * 41, "a\n", "теам"]
)
def test_another_handle_is_refused_with_the_rule(handle: str) -> None:
    with pytest.raises(Invalid, match="Field handle") as caught:
        checked_handle(handle)
    assert "a-z, 0-9" in caught.value.remedy


def test_who_chooses_no_handle_gets_one_of_six_characters() -> None:
    handles = {random_handle() for _ in range(100)}
    assert len(handles) == 100
    assert all(HANDLE.fullmatch(one) and len(one) == len("team-") + 6 for one in handles)
