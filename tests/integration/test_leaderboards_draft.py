"""The draft: ranks, intervals, what it rests on, and who is listed without a rank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mood_evaluator import Dataset, Task
from mood_platform.challenges.service import install_test_set
from mood_platform.db.engine import Sessions
from mood_platform.errors import Conflict
from mood_platform.execution.runtime import CaseJob
from mood_platform.leaderboards.service import draft
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_platform.submissions.service import exclude
from mood_support.contest import Contest
from mood_support.edition import write_test_set
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration


@pytest.fixture
def contest(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Contest:
    return Contest(make_platform(sessions, store, tmp_path / "sets", cases=4), tmp_path / "sets")


def draft_of(contest: Contest, *, task: Task = Task.PIXEL) -> dict[str, Any]:
    with contest.platform.open() as tx:
        challenge = contest.platform.challenge
        return draft(tx, challenge=challenge, task=task, store=contest.platform.store).to_json()


def ranks(document: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(row["team"], row["rank"]) for row in document["rows"]]


@pytest.mark.parametrize("task", list(Task))
def test_teams_that_separate_all_share_the_first_place_before_noise(contest: Contest, task: Task) -> None:
    for name, quality in (("noise", 0.0), ("perfect", 1.0), ("good", 0.6)):
        contest.enter(contest.join(name), quality=quality, task=task)
    contest.run()
    document = draft_of(contest, task=task)
    assert dict(ranks(document)) == {"perfect": 1, "good": 1, "noise": 3}
    perfect = next(row for row in document["rows"] if row["team"] == "perfect")
    for dataset in Dataset:
        cell = perfect["datasets"][dataset]
        assert (cell["score"], cell["rank"], list(cell["interval"])) == (1.0, 1, [1.0, 1.0])
    for row in document["rows"]:
        assert 0 <= row["keeps_place"] <= 1
        for cell in row["datasets"].values():
            low, high = cell["interval"]
            assert 0 <= low <= high <= 1


def test_a_draft_says_what_it_rests_on(contest: Contest) -> None:
    contest.enter(contest.join("north"), quality=1)
    contest.run()
    document = draft_of(contest)
    assert document["schema"] == "mood-leaderboard/2"
    assert (document["labels_reproducible"], document["few_subjects"]) == (True, True)
    assert [words.split(":")[0] for words in document["caveats"]] == [
        "Demonstration",
        "Software demonstration, not a scientific ranking",
    ]
    assert (document["bootstraps"], document["pending"], document["replicates_pending"]) == (1000, [], [])
    assert document["limits"]["seconds"] == 3
    assert document["node_classes"] == [{"cases": 8, "cpu": "test"}]
    for dataset in Dataset:
        facts = document["datasets"][dataset]
        assert (facts["test_set"], facts["cases"], len(facts["batchings"])) == (f"test-{dataset}", 4, 2)
        assert facts["batch_sizes"] == [2, 2]
    assert document["rows"][0]["image"].startswith("sha256:")


def test_the_same_draft_comes_out_twice(contest: Contest) -> None:
    for name in ("north", "south"):
        contest.enter(contest.join(name), quality=0.3)
    contest.run()
    assert draft_of(contest) == draft_of(contest)


def test_a_reference_is_listed_at_its_score_and_moves_nobody(contest: Contest) -> None:
    contest.enter(contest.join("north"), quality=0.4)
    contest.enter(contest.join("reference", reference=True), quality=1)
    contest.run()
    document = draft_of(contest)
    assert sorted(ranks(document)) == [("north", 1), ("reference", None)]
    reference = next(row for row in document["rows"] if row["team"] == "reference")
    assert (reference["standing"], reference["datasets"]["brain"]["score"]) == ("reference", 1.0)
    assert reference["keeps_place"] is None


def test_an_excluded_leader_leaves_the_first_place(contest: Contest) -> None:
    leader = contest.enter(contest.join("cheat"), quality=1)
    contest.enter(contest.join("north"), quality=0.4)
    contest.run()
    with contest.platform.open() as tx:
        exclude(
            tx,
            submission=find_any_submission(tx, submission_id=leader.id),
            reason="Used labels.",
            actor="o@example.org",
        )
    assert sorted(ranks(draft_of(contest))) == [("cheat", None), ("north", 1)]


def test_too_few_valid_cases_are_no_result_and_rank_last(contest: Contest) -> None:
    hidden_brain = sorted(
        path.read_bytes() for path in (contest.folder / "test-brain" / "images").glob("*.nii.gz")
    )

    def skips_most_of_brain(job: CaseJob) -> bool:
        return job.case.read_bytes() in hidden_brain[:3]

    contest.enter(contest.join("broken"), quality=1, skips=skips_most_of_brain)
    contest.enter(contest.join("north"), quality=0.2)
    contest.run()
    rows = {row["team"]: row["datasets"] for row in draft_of(contest)["rows"]}
    assert (rows["broken"]["brain"]["score"], rows["broken"]["brain"]["interval"]) == (None, None)
    assert (rows["broken"]["brain"]["rank"], rows["north"]["brain"]["rank"]) == (2, 1)
    assert (rows["broken"]["abdom"]["rank"], rows["north"]["abdom"]["rank"]) == (1, 2)


def test_a_failed_case_counts_as_zero_and_its_share_is_told(contest: Contest) -> None:
    victim = min(path.read_bytes() for path in (contest.folder / "test-brain" / "images").glob("*.nii.gz"))
    contest.enter(contest.join("north"), quality=1, skips=lambda job: job.case.read_bytes() == victim)
    contest.run()
    cell = draft_of(contest)["rows"][0]["datasets"]["brain"]
    assert cell["score"] is not None
    assert cell["result"]["failed_share"] == pytest.approx(1 / 4)


def test_runs_on_different_versions_of_a_test_set_are_not_compared(contest: Contest) -> None:
    contest.enter(contest.join("north"), quality=1)
    contest.run()
    more = contest.folder / "more" / "test-brain"
    with contest.platform.open() as tx:
        built = write_test_set(more, purpose="test", dataset=Dataset.BRAIN, cases=6)
        install_test_set(tx, folder=built, store=contest.platform.store)
    contest.enter(contest.join("south"), quality=1)
    contest.run()
    with pytest.raises(Conflict, match="another brain test set"):
        draft_of(contest)


def test_a_draft_names_what_it_has_to_wait_for(contest: Contest) -> None:
    contest.enter(contest.join("north"), quality=1)
    assert draft_of(contest)["pending"] == [
        {"team": "north", "submission": 1, "parked": False, "parked_cases": []}
    ]
    assert draft_of(contest)["rows"] == []
