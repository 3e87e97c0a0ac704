"""A challenge.yaml that holds anything anywhere is refused in words, or taken and of use."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from mood_platform.challenges.config import ChallengeConfig, read_challenge
from mood_platform.errors import Invalid
from mood_support.edition import DOCUMENT

VALUES = (
    None, True, 0, -1, 1.5, 1e-300, 1e308, 10**30, 10**400, float("nan"), float("inf"), "", " ", "\0", "a\0b",
    "\x1b[31mx", "\u202ex", "a\rb", "é" * 200, "\u0663\u0660d", [], {}, [None], [[]], ["\0"], [1],
    {"a": 1}, {None: 3},
    "99999y", "9999y", "0d", "99999y after publication", "999999999999d", "2147483648s", "1e5", "nan", "inf",
    "9" * 5000, "9" * 400 + "TiB", "9999999999999TiB", "-1GiB", "9999-12-31T23:59:59Z",
    "2999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+14:00", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
)  # fmt: skip
NOW = datetime(2026, 12, 1, tzinfo=UTC)
SCRAPS = (*"[]{}:'\"|\0\t\n", "? ", "- ", "&a ", "*a", "!!int ", "<<: ", "9" * 50)


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*before, key))


def changed(at: tuple[Any, ...], value: Any) -> Any:
    document = copy.deepcopy(dict(DOCUMENT))
    if not at:
        return value
    part: Any = document
    for key in at[:-1]:
        part = part[key]
    part[at[-1]] = value
    return document


def reads_back(stored: Any) -> ChallengeConfig | None:
    with suppress(Invalid):
        return ChallengeConfig.parse(stored)
    return None


def check_usable(config: ChallengeConfig) -> None:
    stored = config.to_json()
    assert reads_back(stored) == config
    assert "\\u0000" not in json.dumps(stored, allow_nan=False), "no database takes it"
    assert config.upload_grace.total_seconds() < 2**31
    assert config.closes + config.upload_grace > config.opens
    for kind in ("predictions", "logs", "images", "mails", "audit"):
        rule = getattr(config.retention, kind)
        assert rule is None or abs((rule.ends(NOW) - NOW).days) <= 36_500


@pytest.mark.parametrize("at", list(places(dict(DOCUMENT))), ids=lambda at: ".".join(map(str, at)) or "all")
def test_any_value_is_taken_or_refused_in_words_at(at: tuple[Any, ...]) -> None:
    for value in VALUES:
        with suppress(Invalid):
            check_usable(ChallengeConfig.parse(changed(at, value)))


@pytest.mark.parametrize("seed", range(8))
def test_any_text_is_taken_or_refused_in_words(tmp_path: Path, seed: int) -> None:
    chance, path = random.Random(seed), tmp_path / "challenge.yaml"
    text = yaml.safe_dump(dict(DOCUMENT))
    for _ in range(40):
        place = chance.randrange(len(text))
        path.write_text(text[:place] + chance.choice(SCRAPS) + text[place + chance.choice((0, 0, 1, 9)) :])
        with suppress(Invalid):
            check_usable(read_challenge(path))
