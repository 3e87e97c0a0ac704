"""Which address is a platform's, and what is said of one that is not."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from mood_platform import cli
from mood_platform.cli.client import Client, at, platform_address
from mood_platform.cli.main import main
from mood_platform.cli.problems import Exit, Problem

PAGE = "<html>Please log in to our network</html>"


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MOOD_TOKEN", raising=False)


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("127.0.0.1:8030", "does not begin with http"),
        ("mood.example.org", "does not begin with http"),
        ("ftp://mood.example.org", "does not begin with http"),
        ("http://[::1", "cannot be read"),
        ("http://host:port", "cannot be read"),
        ("http://", "does not begin with http"),
        ("http:///x", "names no host"),
        ("https://mood.example.org/api/v1", "which commands add themselves"),
        ("https://mood.example.org/?a=b", "holds more than host and path"),
    ],
)
@pytest.mark.parametrize("command", ["whoami", "leaderboard pixel", "login --email a --password b"])
def test_an_address_where_no_platform_can_be_is_refused_in_words_by_every_command(
    address: str,
    wrong: str,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MOOD_URL", address)
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    told = capsys.readouterr().err
    assert ended.value.code == Exit.WRONG_USE
    assert wrong in told
    assert "MOOD_URL" in told


def test_addresses_of_platforms_are_taken_with_a_path_too() -> None:
    for address in (
        "http://127.0.0.1:8030",
        "https://mood.example.org",
        "https://example.org/mood",
        "http://[::1]:80",
    ):
        assert platform_address(f"{address}/") == address


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text=PAGE),
        httpx.Response(302, headers={"Location": "http://login.test"}),
        httpx.Response(404, text=PAGE),
    ],
)
def test_what_is_no_platform_is_said_to_be_none(answer: httpx.Response) -> None:
    elsewhere = Client("http://x.test", None, transport=httpx.MockTransport(lambda _: answer))
    for ask in (
        lambda: elsewhere.get("/challenges"),
        lambda: elsewhere.post("/tokens", {}),
        lambda: list(elsewhere.items("/challenges")),
    ):
        with pytest.raises(Problem, match=r"http://x\.test/api/v1/\w+ is no MOOD platform") as ended:
            ask()
        assert ended.value.code is Exit.PLATFORM
        assert "MOOD_URL" in ended.value.remedy


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/admin/status", "There is no such page, or you are no organizer."),
        ("/status", "There is no such page."),
    ],
)
def test_where_organizers_alone_are_let_in_that_is_named_as_a_cause(path: str, text: str) -> None:
    body = {"error": "not_found", "detail": "There is no such page.", "remedy": "Check the address."}
    client = Client(
        "http://x.test", "t", transport=httpx.MockTransport(lambda _: httpx.Response(404, json=body))
    )
    with pytest.raises(Problem) as refused:
        client.get(path)
    assert refused.value.text == text


def test_words_in_a_path_are_encoded() -> None:
    assert at("admin", "nodes", "a?b#c d%é", "release") == "/admin/nodes/a%3Fb%23c%20d%25%C3%A9/release"


@pytest.mark.parametrize("word", ["", ".", "..", "a/b"])
def test_a_word_that_would_lead_elsewhere_is_refused(word: str) -> None:
    with pytest.raises(Problem, match="is no name"):
        at("challenges", word)


def test_no_command_puts_words_into_a_path_by_itself() -> None:
    sources = Path(str(cli.__file__)).parent.glob("*.py")
    assert [one.name for one in sources if re.search(r"""\bf["']/[a-z]""", one.read_text())] == []
