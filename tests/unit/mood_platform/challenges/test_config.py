"""challenge.yaml: what is accepted, and that every refusal names file, field and remedy."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from mood_evaluator import Dataset, Task
from mood_platform.challenges.config import ChallengeConfig, is_ranked_by_objects, read_challenge
from mood_platform.challenges.entry_rule import EntryRule
from mood_platform.errors import Invalid
from mood_platform.models import Stage

ROOT = Path(__file__).parents[4]
DEMO = ROOT / "studies/src/mood_studies/demo/challenge.yaml"


def document(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(yaml.safe_load(DEMO.read_text())), **changes}


def timeline(**changes: str) -> dict[str, str]:
    usual = {"opens": "2026-05-01T00:00:00Z", "closes": "2026-06-01T00:00:00Z", "upload_grace": "2h"}
    return {**usual, **changes}


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
    assert config.scoring.valid_share == 0.5
    assert config.stages[Stage.CHALLENGE][Dataset.ABDOM] == ("test-abdom",)


def test_a_config_survives_its_stored_form() -> None:
    config = read_challenge(DEMO)
    assert ChallengeConfig.parse(config.to_json()) == config


def test_who_may_enter_is_everybody_unless_the_file_says_otherwise() -> None:
    assert ChallengeConfig.parse(document()).entry == EntryRule(open=True)
    assert ChallengeConfig.parse(document(entry={"open": False})).entry == EntryRule(open=False)
    config = ChallengeConfig.parse(document(entry={"open": True, "i_accept_unbounded_teams": "A course."}))
    assert config.entry == EntryRule(open=True, unbounded="A course.")
    assert ChallengeConfig.parse(config.to_json()) == config


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"open": "yes"}, "entry.open"),
        ({}, "entry.open"),
        ({"open": True, "i_accept_unbounded_teams": " "}, "entry.i_accept_unbounded_teams"),
        ({"open": True, "team": 3}, "entry.team"),
    ],
)
def test_an_entry_rule_that_says_nothing_clear_is_refused_by_its_place(entry: Any, place: str) -> None:
    assert place in refusal(document(entry=entry)).detail


def test_a_ranking_is_by_ap_where_nothing_is_said_and_by_objects_where_that_is_named() -> None:
    plain, scoring = ChallengeConfig.parse(document()), document()["scoring"]
    assert ChallengeConfig.parse(document(scoring={**scoring, "ranking": "ap"})) == plain
    assert "ranking" not in plain.to_json()["scoring"]  # rules from before are the same rules
    config = ChallengeConfig.parse(document(scoring={**scoring, "ranking": "object_sensitivity"}))
    assert config.to_json()["scoring"]["ranking"] == "object_sensitivity"
    assert ChallengeConfig.parse(config.to_json()) == config
    assert is_ranked_by_objects(config.to_json()["scoring"], Task.PIXEL)
    assert not is_ranked_by_objects(config.to_json()["scoring"], Task.SAMPLE)
    assert not is_ranked_by_objects(plain.to_json()["scoring"], Task.PIXEL)


def test_a_time_in_another_zone_is_kept_as_utc() -> None:
    timeline = {"opens": "2026-05-01T00:00:00+02:00", "closes": "2026-05-02T00:00:00Z", "upload_grace": "0s"}
    config = ChallengeConfig.parse(document(timeline=timeline))
    assert config.opens == datetime(2026, 4, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "field", ["schema", "slug", "title", "timeline", "quota", "limits", "scoring", "stages", "retention"]
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
            {"opens": "2026-05-01", "closes": "2026-06-01T00:00:00Z", "upload_grace": "2h"},
            "timeline.opens",
        ),
        (
            "timeline",
            {"opens": "2026-05-01T00:00:00", "closes": "2026-06-01T00:00:00Z", "upload_grace": "2h"},
            "timeline.opens",
        ),
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
        ("scoring", {"precision": "float32", "valid_share": 0.5}, "scoring.precision"),
        ("scoring", {"batch_size": 6, "valid_share": 0.5}, "scoring.batch_size"),
        ("scoring", {"valid_share": 0.5, "ranking": "dice"}, "scoring.ranking"),
        ("scoring", {"valid_share": 0.5, "ranking": ["ap"]}, "scoring.ranking"),
        ("scoring", {"valid_share": 1.5}, "scoring.valid_share"),
        ("scoring", {"valid_share": "half"}, "scoring.valid_share"),
        ("limits", {"memory": "1GiB", "output": "2GiB", "tmp": "1MiB", "shm": "1MiB"}, "limits.output"),
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
        (
            "stages",
            {"toy": {"brain": "toy-brain"}, "challenge": {"brain": ["c"]}},
            "stages.toy.brain",
        ),
        ("stages", {"toy": {}, "challenge": {}}, "stages.toy"),
        ("retention", {"predictions": "forever"}, "retention.predictions"),
        ("retention", {"logs": 90}, "retention.logs"),
        ("retention", {"logs": "9999y"}, "retention.logs"),
        ("retention", {"audit": "36501d"}, "retention.audit"),
        ("timeline", timeline(closes="9999-12-31T23:59:59Z"), "timeline.closes"),
        ("timeline", timeline(closes="9999-12-31T23:59:59-05:00"), "timeline.closes"),
        ("timeline", timeline(opens="0001-01-01T00:00:00+14:00"), "timeline.opens"),
        ("timeline", timeline(opens="1969-12-31T23:59:59Z"), "timeline.opens"),
        ("timeline", timeline(upload_grace="99999d"), "timeline.upload_grace"),
        ("timeline", timeline(upload_grace="999999999999d"), "timeline.upload_grace"),
        ("timeline", timeline(closes="2999-12-31T00:00:00Z", upload_grace="2d"), "timeline.upload_grace"),
        ("title", " ", "title"),
        ("title", "a\0b", "title"),
        ("title", "\x1b]0;owned\x07", "title"),
        ("title", "Edition \u202eenO", "title"),
        ("title", "x" * 81, "title"),
        ("entry", {"open": True, "i_accept_unbounded_teams": "Because\0"}, "entry.i_accept_unbounded_teams"),
        ("entry", {"open": True, "i_accept_unbounded_teams": "\u2800"}, "entry.i_accept_unbounded_teams"),
        (
            "stages",
            {"toy": {"brain": ["\0"]}, "challenge": {"brain": ["c"]}},
            "stages.toy.brain",
        ),
        ("quota", {"challenge": 1, "attempts": 10**30}, "quota.attempts"),
        ("limits", {"pids": 1e308}, "limits.pids"),
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("? [a, b] : c", "a list or a mapping stands where a name belongs"),
        ("{a: b}: c", "a list or a mapping stands where a name belongs"),
        ("title: " + "[" * 3000, "nested too deeply"),
        ("quota: " + "9" * 5000, "line 1"),
        ("quota: 0x" + "f" * 5000, "line 1"),
        ("quota: !!int many", "line 1"),
        ("title: !!timestamp soon", "line 1"),
        ("title: !!bool perhaps", "line 1"),
    ],
)
def test_what_yaml_itself_stumbles_over_is_told_in_words(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "challenge.yaml"
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        read_challenge(path)
    assert told in caught.value.detail
    assert caught.value.remedy


def test_a_title_is_one_line_with_single_spaces() -> None:
    assert ChallengeConfig.parse(document(title=" Edition\r  One\n")).title == "Edition One"


OF_EARLIER_DAYS = {
    "title": "Edition \x1b[31m",
    "timeline": timeline(opens="1900-01-01T00:00:00Z", closes="9999-12-31T23:59:59Z"),
    "retention": {"logs": "9999y", "audit": "10y"},
    "limits": {"pids": 1e308, "memory": "1GiB", "tmp": "1MiB", "shm": "1MiB", "output": "1MiB"},
}


def test_a_stored_edition_is_read_in_spite_of_newer_rules_with_the_nearest_values() -> None:
    with pytest.raises(Invalid, match="has 5 mistakes"):
        ChallengeConfig.parse(document(**OF_EARLIER_DAYS))
    config = ChallengeConfig.restore(document(**OF_EARLIER_DAYS), file="challenge tiny")
    assert config.title == "Edition \x1b[31m"
    assert (config.opens.year, config.closes.year) == (1970, 2999)
    assert config.limits.pids == 4_194_304
    assert config.retention.logs is not None
    assert (config.retention.logs.text, config.retention.logs.days) == ("9999y", 36_500)
    with pytest.raises(Invalid, match="quota"):
        ChallengeConfig.restore(document(quota={}), file="challenge tiny")


WRONG = """\
schema: mood-challenge/1
slug: Wrong Slug
title: One
title: Two
timeline: {opens: 2026-05-01T00:00:00Z, closes: 2026-09-07T24:00:00Z, upload_grace: 2h}
quota: {challenge: 0, attempts: 30}
limits: {seconds: 60, memory: 2GiB, output: 3GiB, seconds: 70, disk: 1GiB, cpus: many}
scoring: {valid_share: 0.5, precision: float32}
stages:
  toy: {brain: [toy-brain]}
  challenge: {brain: [test-brain, test-more]}
retention: {predictions: forever}
"""


def test_all_mistakes_of_a_file_are_told_at_once_each_with_its_place_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "challenge.yaml"
    path.write_text(WRONG)
    with pytest.raises(Invalid) as caught:
        read_challenge(path)
    told = caught.value.detail
    places = [line.split(":")[0].strip() for line in told.splitlines()[1:]]
    assert sorted(places) == [
        "limits.cpus",
        "limits.disk",
        "limits.output",
        "line 4",
        "line 7",
        "quota.challenge",
        "retention.predictions",
        "scoring.precision",
        "slug",
        "stages.challenge.brain",
        "timeline.closes",
    ]
    assert "title stands twice, first in line 3" in told
    assert "for 2026-09-07 24:00 write 00:00:00Z of the next day" in told
    assert caught.value.remedy.startswith("Nothing was changed.")


def test_a_title_that_steers_its_reader_is_a_mistake_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "challenge.yaml"
    file.write_text(yaml.safe_dump(document(title="Brain\u202e 2027")))
    with pytest.raises(Invalid, match=r"title: it holds U[+]202E"):
        read_challenge(file)


@pytest.mark.parametrize("anatomy", list(Dataset))
def test_an_edition_of_one_anatomy_is_no_mistake(anatomy: Dataset) -> None:
    stages = {"toy": {anatomy: [f"toy-{anatomy}"]}, "challenge": {anatomy: [f"test-{anatomy}"]}}
    config = ChallengeConfig.parse(document(stages=stages))
    assert list(config.stages[Stage.TOY]) == list(config.stages[Stage.CHALLENGE]) == [anatomy]


def test_an_anatomy_without_its_toy_set_is_one() -> None:
    stages = {"toy": {"brain": ["a"]}, "challenge": {"brain": ["b"], "abdom": ["c"]}}
    assert "stages.toy.abdom: it is missing" in refusal(document(stages=stages)).detail
