"""Logs: both ends of a long one within the limit, and nothing in them that is no text."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mood_platform.execution.case_log import ENTRY_OVERHEAD, join_log, log_text, shorten

KIB = 2**10


def numbered(count: int) -> list[bytes]:
    return [b"line %d\n" % number for number in range(count)]


def rotated(lines: list[bytes], *, limit: int) -> list[bytes]:
    """What an engine keeps that has thrown the beginning away."""
    kept, cost = [], 0
    for line in reversed(lines):
        cost += len(line) + ENTRY_OVERHEAD
        if cost > limit:
            break
        kept.append(line)
    return kept[::-1]


def test_a_short_log_is_kept_whole() -> None:
    log = join_log(b"one\n", [b"one\n", b"two\n"], limit=KIB)
    assert (log.content, log.truncated) == (b"one\ntwo\n", False)


def test_of_a_long_log_the_first_and_the_last_lines_are_kept() -> None:
    lines = numbered(1000)
    log = join_log(b"".join(lines[:20]), rotated(lines, limit=4 * KIB), limit=2 * KIB)
    kept = log.content.splitlines(keepends=True)
    sentence = next(index for index, line in enumerate(kept) if line.startswith(b"[..."))
    assert log.truncated
    assert kept[:sentence] == lines[:20]
    assert kept[sentence + 1 :] == lines[-len(kept[sentence + 1 :]) :]
    assert b"a part of the log is left out here: limits.log is 2,048 bytes" in kept[sentence]
    assert len(log.content) <= 2 * KIB


def test_how_much_is_missing_at_least_is_said_where_it_is_known() -> None:
    lines = [b"line %d %s\n" % (number, b"." * 70) for number in range(200)]
    log = join_log(b"".join(lines[:5]), rotated(lines, limit=4 * KIB), limit=2 * KIB)
    assert b"[... at least 1," in log.content
    assert b" bytes of the log are left out here" in log.content


def test_a_log_that_the_engine_has_whole_loses_its_middle_alone() -> None:
    lines = numbered(400)
    log = join_log(b"".join(lines[:10]), lines, limit=2 * KIB)
    before, _, after = log.content.partition(b"[... ")
    missing = int(after.split()[2].replace(b",", b""))
    assert b"".join(lines).startswith(before)
    assert missing == len(b"".join(lines)) - len(before) - len(after.partition(b"\n")[2])


def test_short_lines_that_fit_are_all_there_although_the_log_may_have_been_longer() -> None:
    log = join_log(b"\n" * 30, [b"\n"] * 100, limit=2000)
    assert log.truncated
    assert log.content.count(b"\n") == 101
    assert b"may be left out here" in log.content


@given(
    head=st.binary(max_size=900),
    lines=st.lists(st.binary(max_size=300), max_size=40),
    limit=st.integers(KIB, 4 * KIB),
)
def test_a_kept_log_is_never_longer_than_its_limit(head: bytes, lines: list[bytes], limit: int) -> None:
    assert len(join_log(head, lines, limit=limit).content) <= limit


def test_memory_stays_bounded_while_a_log_is_read() -> None:
    def flood() -> Iterable[bytes]:
        for _ in range(1000):
            yield bytes(2**20)

    assert len(join_log(b"", flood(), limit=2**20).content) <= 2**20


def test_an_endless_line_is_cut_within_itself() -> None:
    log = join_log(b"x" * 2000, iter([b"x" * 3000]), limit=2 * KIB)
    first, sentence, last = log.content.splitlines()
    assert set(first) == set(last) == {ord("x")}
    assert sentence.startswith(b"[... ")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[31mred\x1b[0m \x00\x07", "red "),
        (b"\x1b]0;title\x07after\x1b]8;;http://x\x1b\\link", "afterlink"),
        (b"\x1b]0;never closed\nnext", "]0;never closed\nnext"),
        (b"1 %\r50 %\r100 %\r\ndone\n", "1 %\n50 %\n100 %\ndone\n"),
        ("a\u202eb\u2066c\ufeffd".encode(), "abcd"),
        ("a\u061cb\U000e0041c\u200bd\u00ade\ue000f".encode(), "abcdef"),
        ("a\u200db नमस्\u200cते 👩\u200d🔬".encode(), "ab नमस्\u200cते 👩\u200d🔬"),
        ("Größe 東京 🧠\t1\n".encode(), "Größe 東京 🧠\t1\n"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_a_log_is_text(raw: bytes, text: str) -> None:
    assert log_text(raw, limit=KIB) == text


@given(st.binary(max_size=6000))
def test_text_stays_within_the_limit_too(raw: bytes) -> None:
    assert len(log_text(raw, limit=KIB).encode()) <= KIB


def test_a_shortened_text_has_both_its_ends() -> None:
    def lines() -> Iterator[str]:
        for number in range(1000):
            yield f"Zeile äöü {number}\n"

    short = shorten("".join(lines()), limit=2 * KIB, why="there is more")
    assert short.startswith("Zeile äöü 0\n")
    assert short.endswith("Zeile äöü 999\n")
    assert "left out here: there is more ...]" in short
