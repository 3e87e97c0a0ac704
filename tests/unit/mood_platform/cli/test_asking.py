"""Questions in the middle of a command: a no, and asking nobody, end it as wrong use."""

from __future__ import annotations

import io

import pytest

from mood_platform.cli.asking import ask, confirm
from mood_platform.cli.problems import Exit, Problem


@pytest.mark.parametrize(("typed", "remedy"), [("n\n", ""), ("", "Say --yes to do it.")])
def test_what_is_declined_or_asked_of_nobody_is_wrong_use(
    typed: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with pytest.raises(Problem, match=r"Nothing was published\.") as ended:
        confirm("Publish this?", declined="Nothing was published.")
    assert (ended.value.code, ended.value.remedy) == (Exit.WRONG_USE, remedy)


def test_a_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    confirm("Publish this?", declined="Nothing was published.")


def test_an_answer_that_nobody_gives_names_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("A broken disk.\n"))
    assert ask("Why", option="--reason", declined="Nothing was dropped.") == "A broken disk."
    with pytest.raises(Problem, match=r"Nothing was dropped\. --reason is missing") as ended:
        ask("Why", option="--reason", declined="Nothing was dropped.")
    assert ended.value.code is Exit.WRONG_USE
