"""challenge.yaml: what is accepted, and that every refusal names file, field and remedy."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from mood_evaluator import Dataset
from mood_platform.challenges.config import ChallengeConfig, read_challenge
from mood_platform.errors import Invalid
from mood_platform.models import Stage

ROOT = Path(__file__).parents[4]
DEMO = ROOT / "infra/demo/challenge.yaml"


def document(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(yaml.safe_load(DEMO.read_text())), **changes}


def refusal(changed: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        ChallengeConfig.parse(changed, file="challenge.yaml")
    return caught.value


def test_the_demo_edition_is_read_with_its_small_limits() -> None:
    config = read_challenge(DEMO)
    assert config.slug == "demo"
    assert config.opens == datetime(2026, 1, 1, tzinfo=UTC)
    assert config.upload_grace == timedelta(hours=2)
    assert (config.limits.seconds, config.limits.memory, config.limits.gpus) == (60, 2 * 2**30, 0)
    assert config.scoring.batch_size == 6
    assert config.stages[Stage.CHALLENGE][Dataset.ABDOM] == ("test-abdom",)


def test_a_config_survives_its_stored_form() -> None:
    config = read_challenge(DEMO)
    assert ChallengeConfig.parse(config.to_json()) == config


def test_a_time_in_another_zone_is_kept_as_utc() -> None:
    timeline = {"opens": "2026-05-01T00:00:00+02:00", "closes": "2026-05-02T00:00:00Z", "upload_grace": "0s"}
    config = ChallengeConfig.parse(document(timeline=timeline))
    assert config.opens == datetime(2026, 4, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "field", ["schema", "slug", "timeline", "quota", "limits", "scoring", "stages", "retention"]
)
def test_a_missing_field_is_named(field: str) -> None:
    changed = document()
    del changed[field]
    error = refusal(changed)
    assert f"challenge.yaml, {field}" in error.detail
    assert error.remedy


@pytest.mark.parametrize(
    ("section", "values", "named"),
    [
        (
            "timeline",
            {"opens": "2026-05-01", "closes": "x", "upload_grace": "2h"},
            "timeline.opens",
        ),
        ("timeline", {"opens": "2026-05-01T00:00:00", "closes": "x", "upload_grace": "2h"}, "timeline.opens"),
        (
            "timeline",
            {"opens": "2026-05-02T00:00:00Z", "closes": "2026-05-01T00:00:00Z", "upload_grace": "2h"},
            "timeline.closes",
        ),
        (
            "timeline",
            {"opens": "2026-05-01T00:00:00Z", "closes": "2026-05-02T00:00:00Z", "upload_grace": "two hours"},
            "timeline.upload_grace",
        ),
        ("quota", {"challenge": 0, "attempts": 30}, "quota.challenge"),
        ("quota", {"challenge": 10, "attempts": 9}, "quota.attempts"),
        ("quota", {"challenge": True, "attempts": 9}, "quota.challenge"),
        ("limits", {"seconds": -1}, "limits.seconds"),
        ("limits", {"memoory": "16GiB"}, "memoory"),
        ("scoring", {"precision": "float16", "batch_size": 6, "valid_share": 0.5}, "scoring.precision"),
        ("scoring", {"precision": "float32", "batch_size": 6, "valid_share": 1.5}, "scoring.valid_share"),
        ("scoring", {"precision": "float32", "batch_size": 6, "valid_share": "half"}, "scoring.valid_share"),
        ("stages", {"toy": {"brain": ["a"], "abdom": ["b"]}}, "stages.challenge"),
        (
            "stages",
            {"toy": {"brain": ["a"], "abdom": ["b"]}, "challenge": {"brain": ["c"]}},
            "stages.challenge.abdom",
        ),
        (
            "stages",
            {"toy": {"brain": ["a", "b"], "abdom": ["b"]}, "challenge": {"brain": ["c"], "abdom": ["d"]}},
            "stages.toy.brain",
        ),
        ("stages", {"toy": {"brain": "toy-brain"}}, "stages.toy.brain"),
        ("retention", {"predictions": "forever"}, "retention.predictions"),
        ("retention", {"logs": 90}, "retention.logs"),
        ("retention", {"mails": "90d after publication"}, "retention.mails"),
        ("retention", {"accounts": "2y"}, "retention.accounts"),
        ("retention", {"case_views": "30d after publication"}, "retention.case_views"),
        ("retention", {"addresses_in_logs": "30d"}, "retention.addresses_in_logs"),
        ("retention", {"prediction": "30d"}, "retention.prediction"),
        ("quota", [10, 30], "quota"),
        ("slug", "Demo Edition", "slug"),
        ("schema", "mood-challenge/2", "schema"),
    ],
)
def test_a_bad_value_is_refused_by_file_field_and_remedy(section: str, values: Any, named: str) -> None:
    error = refusal(document(**{section: values}))
    assert error.detail.startswith("challenge.yaml, ")
    assert named in error.detail
    assert error.remedy


def test_a_misspelt_field_does_not_become_a_default() -> None:
    assert "quotas" in refusal(document(quotas={})).detail


def test_a_file_that_is_not_yaml_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "challenge.yaml"
    path.write_text("limits: {seconds: [")
    with pytest.raises(Invalid, match="it is not YAML"):
        read_challenge(path)
    with pytest.raises(Invalid, match="cannot be read"):
        read_challenge(tmp_path / "absent.yaml")


def test_a_list_is_not_a_challenge() -> None:
    assert "mapping" in refusal(["schema"]).detail
