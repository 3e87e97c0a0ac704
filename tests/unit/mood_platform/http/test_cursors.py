"""Cursors: they come back as they went, and nonsense is named."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from mood_platform.errors import Invalid
from mood_platform.http.cursors import decode_cursor, encode_cursor, next_cursor

HERE = (datetime(2026, 9, 1, 12, 30, 5, 123456, tzinfo=UTC), uuid4())


def test_a_cursor_comes_back_to_the_microsecond() -> None:
    assert decode_cursor(encode_cursor(HERE)) == HERE


def test_no_cursor_is_the_beginning() -> None:
    assert decode_cursor(None) is None


@pytest.mark.parametrize("cursor", ["", "x", "YWJj", "YXxi", "ä"])
def test_a_made_up_cursor_is_named(cursor: str) -> None:
    with pytest.raises(Invalid, match="Field cursor"):
        decode_cursor(cursor)


def test_only_a_full_page_has_a_next_one() -> None:
    assert next_cursor([HERE], page=2) is None
    assert next_cursor([HERE, HERE], page=2) == encode_cursor(HERE)
