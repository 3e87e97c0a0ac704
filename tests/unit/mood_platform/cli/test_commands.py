"""Every command reads its words alike: options once, lists whole, and a question to nobody is wrong use."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from mood_platform.cli.choices import ASKED
from mood_platform.cli.commands import Command
from mood_platform.cli.main import app, main
from mood_platform.cli.problems import Problem

LISTS = {"--task", "--dataset"}


def walk(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its whole name."""
    for name, one in getattr(command, "commands", {}).items():
        yield from walk(one, *path, name)
    if not hasattr(command, "commands"):
        yield " ".join(path), command


EVERY = dict(walk(typer.main.get_command(app)))
OPTIONS = [
    (name, one)
    for name, command in EVERY.items()
    for one in command.params
    if one.param_type_name == "option"
]
SINGLE = [(name, one) for name, one in OPTIONS if not (one.is_flag or one.multiple)]
ASKING = [(name, one) for name, one in OPTIONS if one.prompt]


def named(pairs: list[tuple[str, Any]]) -> list[str]:
    return [f"{name} {one.opts[0]}" for name, one in pairs]


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No login, and nobody at the keyboard."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    for name in ("MOOD_TOKEN", "MOOD_URL", "MOOD_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", EVERY)
def test_every_command_reads_its_words_the_same_way(name: str) -> None:
    assert isinstance(EVERY[name], Command)


@pytest.mark.parametrize(("name", "option"), SINGLE, ids=named(SINGLE))
def test_an_option_given_twice_is_refused_and_not_silently_the_last(name: str, option: Any) -> None:
    words = [option.opts[0], "1", option.opts[0], "2"]
    with pytest.raises(Problem, match=f"{option.opts[0]} is given 2 times"):
        EVERY[name].make_context(name, words)


def test_lists_may_be_repeated_wherever_they_are_an_option() -> None:
    lists = {(name, one.opts[0]) for name, one in OPTIONS if LISTS & set(one.opts)}
    assert lists == {
        ("test", "--task"),
        ("test", "--dataset"),
        ("submit", "--task"),
        ("admin rescore", "--task"),
    }
    for name, option in lists:
        parsed = next(one for one in EVERY[name].params if option in one.opts)
        assert parsed.multiple, (name, option)


def test_flags_may_be_repeated() -> None:
    context = EVERY["status"].make_context("status", ["--watch", "--watch"])
    assert context.params["watch"] is True


@pytest.mark.parametrize(("name", "option"), ASKING, ids=named(ASKING))
def test_help_says_that_an_option_is_asked_for_and_not_that_it_is_required(name: str, option: Any) -> None:
    assert not option.required
    assert ASKED in option.help


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("admin void north#1", "--reason"),
        ("admin rescore", "--reason"),
        ("admin node release slot-1", "--reason"),
        ("login", "--email and --password"),
        ("register --name N --password P", "--email"),
    ],
)
def test_without_a_keyboard_a_missing_answer_is_wrong_use_and_is_named(
    words: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert missing in told
    assert "Aborted" not in told
