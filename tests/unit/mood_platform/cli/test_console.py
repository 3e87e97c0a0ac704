"""What people wrote is text on a terminal: no style, link or control character of theirs takes effect."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from mood_platform.cli import console
from mood_platform.cli.console import counted, echo, emit, say, show_table

HOSTILE = (
    "Nice [/b]",
    "[bold red blink]1 MOOD winners[/]",
    "[link=http://evil.example]x[/link]",
    "[red]",
    "a\\[b]",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_a_table_stands_there_letter_by_letter(name: str, capsys: pytest.CaptureFixture) -> None:
    show_table((name,), [(name,)], title=name)
    assert capsys.readouterr().out.count(name) == 3


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_a_line_stands_there_letter_by_letter(name: str) -> None:
    with say.capture() as told:
        say.print(f"Team {name} is a reference now.")
    assert name in told.get()


def test_control_characters_and_bidi_marks_do_not_reach_a_terminal(capsys: pytest.CaptureFixture) -> None:
    show_table(("team",), [("a\x1b[31mred\x07\u202egnp\u2066\u200b\x9bb\ud800\u2028\u2029\u061c",)])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert not {"\x07", "\u202e", "\u2066", "\u200b", "\x9b", "\ud800", "\u2028", "\u2029", "\u061c"} & set(
        out
    )


def test_control_characters_do_not_reach_a_line_either() -> None:
    with say.capture() as told:
        say.print("Welcome, \x1b]0;owned\x07you\u202e.")
    assert not {"\x1b", "\x07", "\u202e"} & set(told.get())


def test_no_console_of_the_commands_reads_markup() -> None:
    assert isinstance(say, Console)
    with say.capture() as told:
        say.print("[b]x[/b]", style="yellow")
    assert told.get().strip() == "[b]x[/b]"


def test_a_document_on_standard_output_keeps_every_character_and_steers_nothing(
    capsys: pytest.CaptureFixture,
) -> None:
    document = {"name": "Équipe \x1b[31m\u202e\x9b\x7f\u2028 東京"}
    emit(document)
    out = capsys.readouterr().out
    assert json.loads(out) == document
    assert "Équipe" in out
    assert not {"\x1b", "\u202e", "\x9b", "\x7f", "\u2028"} & set(out)


def test_a_line_of_somebody_elses_words_on_standard_output_steers_nothing(
    capsys: pytest.CaptureFixture,
) -> None:
    echo("#1 sample toy  \x1b]8;;http://evil.example\x07click\u2066")
    assert not {"\x1b", "\x07", "\u2066"} & set(capsys.readouterr().out)


def test_commands_write_through_the_console_alone() -> None:
    folder = Path(console.__file__).parent
    others = [path for path in folder.glob("*.py") if path.name != "console.py"]
    writers = re.compile(r"\b(typer\.echo|typer\.secho|click\.echo|Console\(|Table\(|print\()")
    found = [
        f"{path.name}: {line.strip()}"
        for path in others
        for line in path.read_text().splitlines()
        if writers.search(line) and "say.print(" not in line
    ]
    assert found == []


def test_a_title_is_one_line_however_narrow_its_table_is(capsys: pytest.CaptureFixture[str]) -> None:
    title = "Parked: tried again when its node is well, or by `mood admin resume`"
    show_table(("run",), [("a#1",)], title=title)
    assert capsys.readouterr().out.splitlines()[0] == title


@pytest.mark.parametrize(("number", "words"), [(0, "0 teams"), (1, "1 team"), (2, "2 teams")])
def test_one_thing_is_counted_in_the_singular(number: int, words: str) -> None:
    assert counted(number, "team") == words
