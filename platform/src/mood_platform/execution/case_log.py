"""The log of a case: its first and its last part within the limit, and as text without control characters."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from mood_platform.characters import plain

ENTRY_OVERHEAD = 28
"""Bytes that the engine's log driver adds to each line; without them short lines would look like few."""
_SENTENCE = 128
"""Bytes kept free for the line that says what is left out."""
_RETURN = re.compile(r"\r\n?")
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)")
"""Of ANSI: a whole one is left out, not its first character alone."""


@dataclass(frozen=True, slots=True)
class KeptLog:
    content: bytes
    truncated: bool


def join_log(head: bytes, lines: Iterable[bytes], *, limit: int) -> KeptLog:
    """At most `limit` bytes of `head`, read while the case ran, and `lines`, which the engine has at its end.

    The engine keeps at least the last `limit` bytes and at most twice as much, so memory is bounded.
    """
    kept: deque[bytes] = deque()
    kept_bytes = cost = 0
    for line in lines:
        kept.append(line)
        kept_bytes += len(line)
        cost += len(line) + ENTRY_OVERHEAD
        while kept_bytes - len(kept[0]) >= 2 * limit:
            kept_bytes -= len(kept.popleft())
    last = b"".join(kept)
    if cost < limit:
        return KeptLog(last, truncated=False)
    beginning = last if last.startswith(head) else head
    return KeptLog(_join_ends(beginning, last, limit=limit, of_one=beginning is last), truncated=True)


def log_text(content: bytes, *, limit: int) -> str:
    """What people read of a log, in at most `limit` bytes of UTF-8."""
    text = _RETURN.sub("\n", content.decode("utf-8", errors="replace"))
    return shorten(plain(_SEQUENCE.sub("", text), instead=""), limit=limit, why=_why(limit))


def shorten(text: str, *, limit: int, why: str) -> str:
    """All of it, or its two ends and between them a line that says how much is left out."""
    content = text.encode()
    if len(content) <= limit:
        return text
    half = (limit - _SENTENCE) // 2
    head, tail = _head(content, half), _tail(content, half)
    lost = f"{len(content) - len(head) - len(tail):,} bytes of the log are"
    return _around(head, lost, tail, why=why).decode("utf-8", errors="ignore")


def _join_ends(first: bytes, last: bytes, *, limit: int, of_one: bool) -> bytes:
    """What the engine threw away between them nobody has counted."""
    head = _head(first, (limit - _SENTENCE) // 2)
    tail = _tail(last, limit - _SENTENCE - len(head))
    missing = len(last) - len(tail) - (len(head) if of_one else 0)
    uncounted = "a part of the log may be" if of_one else "a part of the log is"
    lost = f"at least {missing:,} bytes of the log are" if missing > 0 else uncounted
    rest = last[len(head) :] if of_one and missing <= 0 else tail
    return _around(head, lost, rest, why=_why(limit))


def _why(limit: int) -> str:
    return f"limits.log is {limit:,} bytes"


def _around(head: bytes, lost: str, tail: bytes, *, why: str) -> bytes:
    begin = b"" if not head or head.endswith(b"\n") else b"\n"
    return head + begin + f"[... {lost} left out here: {why} ...]\n".encode() + tail


def _head(content: bytes, most: int) -> bytes:
    """Ends with a line, unless that would throw away half of it."""
    part = content[:most]
    cut = part.rfind(b"\n") + 1
    return part[:cut] if 2 * cut >= len(part) else part


def _tail(content: bytes, most: int) -> bytes:
    """Begins with a line, unless that would throw away half of it."""
    part = content[-most:]
    cut = part.find(b"\n") + 1
    return part[cut:] if len(content) > most and 2 * cut <= len(part) else part
