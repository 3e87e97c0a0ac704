"""`mood admin example`: a whole challenge.yaml that can be applied as it is, and names every rule."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from mood_platform.challenges.config import FIELDS, QuotaRule, Scoring, read_challenge
from mood_platform.challenges.retention import Retention
from mood_platform.cli.main import main
from mood_platform.execution.limits import Limits


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main(["admin", "example"])
    assert not end.value.code
    return capsys.readouterr().out


def test_what_is_printed_is_a_challenge_without_a_mistake(printed: str, tmp_path: Path) -> None:
    file = tmp_path / "challenge.yaml"
    file.write_text(printed)
    assert read_challenge(file).slug == "my-challenge"


def test_every_rule_of_an_edition_stands_in_it(printed: str) -> None:
    document = yaml.safe_load(printed)
    assert set(document) == set(FIELDS)
    sections = {"quota": QuotaRule, "limits": Limits, "scoring": Scoring, "retention": Retention}
    for name, rules in sections.items():
        assert set(document[name]) == {field.name for field in fields(rules)}, name
