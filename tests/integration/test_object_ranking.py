"""An edition ranked by objects: from challenge.yaml through Runs and replicates to the board and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from mood_evaluator import Manifest, PixelCase, Task, as_published, read_label, read_prediction
from mood_evaluator.objects import ObjectSweep, objects_of_case
from mood_evaluator.objects.free_response import RATES
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge
from mood_platform.cli.results import show_board
from mood_platform.db.engine import Sessions
from mood_platform.documents.draft import Draft
from mood_platform.errors import Invalid
from mood_platform.leaderboards.service import draft, publish
from mood_platform.models import Challenge, Run, TestSet
from mood_platform.models import Replicates as Stored
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.edition import DOCUMENT
from mood_support.factories import make_platform
from mood_support.site import serve_site

pytestmark = pytest.mark.integration

BY_OBJECTS = {"valid_share": 0.5, "ranking": "object_sensitivity"}
QUALITIES = {"noise": 0.0, "perfect": 1.0, "fair": 0.5}


@pytest.fixture
def contest(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Contest:
    folder = tmp_path / "sets"
    return Contest(make_platform(sessions, store, folder, cases=4, scoring=BY_OBJECTS), folder)


def play(contest: Contest, task: Task) -> dict[str, Any]:
    for name, quality in QUALITIES.items():
        contest.enter(contest.join(name), quality=quality, task=task)
    contest.run()
    with contest.platform.open() as tx:
        return draft(
            tx, challenge=contest.platform.challenge, task=task, store=contest.platform.store
        ).to_json()


def results_of(contest: Contest) -> dict[str, dict[str, Any]]:
    """By team."""
    with contest.platform.open() as tx:
        keys = [key for key in tx.session.scalars(select(Run.results_key)) if key is not None]
    found = [json.loads(contest.platform.store.read(key, limit=10**8)) for key in keys]
    return {document["submission"]["team"]: document for document in found}


def slow_sensitivity(contest: Contest, part: dict[str, Any]) -> float:
    """Objects of every kept prediction at every threshold, one by one."""
    store = contest.platform.store
    with contest.platform.open() as tx:
        manifest = tx.session.scalars(select(TestSet.manifest).where(TestSet.digest == part["digest"])).one()
    cases = []
    for case in Manifest.from_json(manifest).for_task(Task.PIXEL):
        label = case.sha256_label and store.path(f"labels/{case.sha256_label}.nii.gz")
        prediction = store.path(part["cases"][case.id]["prediction"])
        affine = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
        cases.append(PixelCase(case.id, prediction, label or None, case.shape, affine))
    scores = np.concatenate(
        [read_prediction(c.prediction, shape=c.shape).scores.ravel() for c in cases if c.prediction]
    )
    least = min(read_label(c.label, shape=c.shape).sum() for c in cases if c.label) / 2
    best = dict.fromkeys(RATES, 0.0)
    for threshold in np.unique(scores[scores > 0]):
        scans = [objects_of_case(c, threshold=float(threshold), min_volume=least) for c in cases]
        false = sum(one.matched is None for scan in scans for one in scan.predicted) / len(scans)
        wanted = [one.found for scan in scans for one in scan.reference]
        best = {r: max(old, np.mean(wanted)) if false <= r else old for r, old in best.items()}
    return float(np.mean(list(best.values())))


def test_the_board_ranks_by_what_the_edition_names(contest: Contest) -> None:
    document = play(contest, Task.PIXEL)
    assert document["ranked_by"] == "object_sensitivity"
    assert document["scoring"] == BY_OBJECTS
    ranks = {row["team"]: row["rank"] for row in document["rows"]}
    assert (ranks["perfect"], ranks["noise"]) == (1, 3)
    results = results_of(contest)
    for row in document["rows"]:
        for dataset, cell in row["datasets"].items():
            part = next(one for one in results[row["team"]]["test_sets"] if one["dataset"] == dataset)
            found = part["result"]["object_sensitivity"]
            assert cell["score"] == as_published(found["score"])
            assert (
                found["score"]
                == ObjectSweep.from_json(found["sweep"]).score()
                == np.mean(found["sensitivity"])
            )
            assert found["score"] <= slow_sensitivity(contest, part) + 1e-12  # no more than of all thresholds
            assert cell["interval"][0] <= cell["interval"][1]
            told = cell["result"]["object_sensitivity"]
            assert told["rule"]["min_volume_mm3"] == 4.0  # half of 2 x 2 x 2 voxels
            assert told["rule"]["spacings_mm"] == [[1.0, 1.0, 1.0]]
            assert set(told) == {"score", "sensitivity", "false_alarms_a_scan", "rule"}  # no scan by itself
            assert cell["result"]["score"] is not None  # the AP stands beside it
            if row["team"] == "perfect":
                assert found["score"] == slow_sensitivity(contest, part) == 1
    assert all(pairs == [] for pairs in document["order_changes"].values())


def test_replicates_are_made_of_objects(contest: Contest) -> None:
    play(contest, Task.PIXEL)
    with contest.platform.open() as tx:
        keys = [key for key in tx.session.scalars(select(Stored.key)) if key is not None]
    assert len(keys) == len(QUALITIES)
    for key in keys:
        document = json.loads(contest.platform.store.read(key, limit=10**8))
        assert {one["source"] for one in document["made_of"].values()} == {"objects"}


def test_the_sample_task_of_the_same_edition_is_ranked_by_ap(contest: Contest) -> None:
    document = play(contest, Task.SAMPLE)
    assert "ranked_by" not in document
    assert all(
        "object_sensitivity" not in cell["result"]
        for row in document["rows"]
        for cell in row["datasets"].values()
    )


def test_page_and_command_call_the_score_by_its_name(
    contest: Contest, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = play(contest, Task.PIXEL)
    platform = contest.platform
    with platform.open() as tx:
        challenge = tx.session.get_one(Challenge, platform.challenge.id)
        publish(
            tx,
            challenge=challenge,
            task=Task.PIXEL,
            actor="o@example.org",
            store=platform.store,
            before_close=True,
        )
    assert isinstance(platform.store, LocalStore)
    with (
        serve_site(platform, database_url=database_url, root=platform.store.root) as site,
        site.visit() as client,
    ):
        page = client.get("/challenges/tiny/leaderboard/pixel").text
    assert "Brain sensitivity" in page
    assert "at few false alarms is what ranks" in page
    assert "Objects are extracted at up to 41 thresholds" in page
    assert "AP" not in page.split("<table")[1].split("</table>")[0]
    show_board(Draft.from_json(document, place="the draft"), version="draft")
    assert "sensitivity" in capsys.readouterr().out


def test_what_ranks_is_fixed_before_the_edition_opens(contest: Contest) -> None:
    with contest.platform.open() as tx:
        with pytest.raises(
            Invalid, match="the edition has opened, and teams are ranked by object_sensitivity"
        ):
            apply_challenge(tx, config=ChallengeConfig.parse(DOCUMENT))
        later = {**DOCUMENT["timeline"], "opens": "2098-01-01T00:00:00Z"}
        config = ChallengeConfig.parse({**DOCUMENT, "timeline": later, "scoring": BY_OBJECTS})
        apply_challenge(tx, config=config)  # the same ranking, to open later
        changed = apply_challenge(tx, config=ChallengeConfig.parse({**DOCUMENT, "timeline": later}))
        assert changed.config["scoring"] == {"valid_share": 0.5}
