"""Replicates of scores that Evidence cannot tell apart are made from predictions, or say otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from mood_evaluator import (
    CaseScore,
    Dataset,
    Evidence,
    Manifest,
    PixelCase,
    Task,
    count_exactly,
    replicates_of,
)
from mood_platform.db.engine import Sessions
from mood_platform.leaderboards.caveats import WORDS
from mood_platform.leaderboards.service import draft
from mood_platform.leaderboards.stored_replicates import read_stored
from mood_platform.models import Challenge, Replicates, Run, Submission, Team
from mood_platform.models import TestSet as TestSetRow
from mood_platform.runs.sweeper import sweep
from mood_platform.scoring.replicates import DRAWS, SEED
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.factories import make_platform

pytestmark = pytest.mark.integration
SQUEEZED, SPREAD = "north", "south"


@pytest.fixture
def contest(sessions: Sessions, store: LocalStore, tmp_path: Path) -> Contest:
    """One team whose scores all have one 16-bit code, one whose scores are spread."""
    made = Contest(make_platform(sessions, store, tmp_path / "sets", cases=4), tmp_path / "sets")
    made.enter(made.join(SQUEEZED), quality=0.2, squeezed=True)
    made.enter(made.join(SPREAD), quality=0.3)
    made.run()
    return made


def read(contest: Contest, key: str | None) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(contest.platform.store.read(key or "", limit=10**8))
    return document


def made_for(contest: Contest, team: str) -> tuple[Run, Replicates]:
    with contest.platform.open() as tx:
        query = (
            select(Run, Replicates)
            .join(Replicates, Replicates.run_id == Run.id)
            .join(Run.submission)
            .join(Submission.team)
        )
        run, row = tx.session.execute(query.where(Team.handle == team)).one()
        return run, row


def manifest_of(contest: Contest, part: dict[str, Any]) -> Manifest:
    with contest.platform.open() as tx:
        row = tx.session.scalars(select(TestSetRow).where(TestSetRow.digest == part["digest"])).one()
        return Manifest.from_json(row.manifest)


def draw(contest: Contest, part: dict[str, Any], *, exact: bool) -> list[float]:
    """With the library alone, from what is stored."""
    manifest, store = manifest_of(contest, part), contest.platform.store

    def path(key: str | None) -> Path | None:
        return None if key is None else Path(f"{store.root}/{key}")

    volumes = [
        PixelCase(
            case.id,
            path(part["cases"][case.id]["prediction"]),
            path(case.sha256_label and f"labels/{case.sha256_label}.nii.gz"),
            case.shape,
        )
        for case in manifest.for_task(Task.PIXEL)
    ]
    evidence = {
        name: Evidence.from_bytes(store.read(case["evidence"], limit=10**8))
        for name, case in part["cases"].items()
    }
    found = replicates_of(
        task=Task.PIXEL,
        test_set=manifest.name,
        abnormal={case.id: case.abnormal for case in manifest.for_task(Task.PIXEL)},
        batchings=manifest.batchings,
        case_scores={
            name: CaseScore.from_json(case["score"], evidence=evidence[name])
            for name, case in part["cases"].items()
        },
        n=DRAWS,
        seed=SEED,
        counts=count_exactly(volumes) if exact else None,
    )
    drawn: list[float] = found.draws.tolist()
    return drawn


def draft_of(contest: Contest) -> dict[str, Any]:
    with contest.platform.open() as tx:
        challenge = tx.session.get_one(Challenge, contest.platform.challenge.id)
        return draft(tx, challenge=challenge, task=Task.PIXEL, store=contest.platform.store).to_json()


def cells_of(document: dict[str, Any], team: str) -> list[dict[str, Any]]:
    [row] = [row for row in document["rows"] if row["team"] == team]
    return list(row["datasets"].values())


def forget(contest: Contest) -> None:
    """As before the replicates were made."""
    with contest.platform.open() as tx:
        for row in tx.session.scalars(select(Replicates)):
            contest.platform.store.delete(row.key or "")
            tx.session.delete(row)


def try_again(contest: Contest) -> None:
    """As the sweeper does after a while."""
    with contest.platform.open() as tx:
        tx.session.execute(text("UPDATE replicates SET since = since - interval '1 hour'"))
    sweep(contest.platform.sessions, contest.platform.queue, max_attempts=3)
    contest.run()


def test_squeezed_scores_have_exact_replicates_whose_interval_holds_the_score(contest: Contest) -> None:
    run, row = made_for(contest, SQUEEZED)
    results, made = read(contest, run.results_key), read(contest, row.key)
    assert made["schema"] == "mood-replicates/2"
    for part in results["test_sets"]:
        official, about = part["result"]["score"], made["made_of"][part["dataset"]]
        assert abs(part["result"]["quantized"]["two_sided"] - official) > 0.001
        assert (about["source"], about["complete"]) == ("exact", True)
        assert about["score"] == pytest.approx(official, abs=1e-12)
        assert made["datasets"][part["dataset"]]["replicates"] == draw(contest, part, exact=True)
    document = draft_of(contest)
    for cell in cells_of(document, SQUEEZED):
        assert cell["interval_holds_score"] is True
        assert cell["interval_rounded"] is False
    assert (document["rounded_intervals"], WORDS["rounded_intervals"] in document["caveats"]) == (
        False,
        False,
    )
    assert not any("interval is made from these" in warning for warning in document["warnings"])


def test_spread_scores_have_the_replicates_of_their_evidence_to_the_last_bit(contest: Contest) -> None:
    run, row = made_for(contest, SPREAD)
    results, made = read(contest, run.results_key), read(contest, row.key)
    for part in results["test_sets"]:
        assert made["made_of"][part["dataset"]] == {"source": "evidence"}
        assert made["datasets"][part["dataset"]]["replicates"] == draw(contest, part, exact=False)


def test_where_the_predictions_were_removed_evidence_stands_in_and_the_board_says_so(
    contest: Contest,
) -> None:
    forget(contest)
    run, _ = remove_predictions(contest)
    try_again(contest)
    _, row = made_for(contest, SQUEEZED)
    made = read(contest, row.key)
    assert row.attempt == 1
    for part in read(contest, run.results_key)["test_sets"]:
        assert made["made_of"][part["dataset"]] == {"source": "evidence"}
        assert made["datasets"][part["dataset"]]["replicates"] == draw(contest, part, exact=False)
    document = draft_of(contest)
    assert {cell["interval_rounded"] for cell in cells_of(document, SQUEEZED)} == {True}
    assert {cell["interval_rounded"] for cell in cells_of(document, SPREAD)} == {False}
    assert document["rounded_intervals"] is True
    assert WORDS["rounded_intervals"] in document["caveats"]
    assert sum("interval is made from these" in warning for warning in document["warnings"]) == 2


def remove_predictions(contest: Contest) -> tuple[Run, dict[str, Any]]:
    """As retention does it; draws of this test read Evidence alone."""
    with contest.platform.open() as tx:
        query = select(Run).join(Run.submission).join(Submission.team).where(Team.handle == SQUEEZED)
        run = tx.session.scalars(query).one()
        run.predictions_removed_at = tx.now
    results = read(contest, run.results_key)
    for part in results["test_sets"]:
        for case in part["cases"].values():
            contest.platform.store.delete(case["prediction"])
    return run, results


def test_a_prediction_that_cannot_be_read_again_is_tried_again_and_then_evidence_stands_in(
    contest: Contest,
) -> None:
    """Nobody is at fault for it but us: the score stays, and so does every case."""
    run, _ = made_for(contest, SQUEEZED)
    before = contest.platform.store.read(run.results_key or "", limit=10**8)
    forget(contest)
    case = next(iter(read(contest, run.results_key)["test_sets"][0]["cases"].values()))
    path = contest.platform.store.path(case["prediction"])  # type: ignore[attr-defined]  # a LocalStore
    path.write_bytes(path.read_bytes()[:-20])
    for attempt in (1, 2):
        try_again(contest)
        _, row = made_for(contest, SQUEEZED)
        assert (row.attempt, row.key) == (attempt, None)
        assert row.problem
    try_again(contest)
    _, row = made_for(contest, SQUEEZED)
    assert (row.attempt, row.problem) == (3, "")
    assert {about["source"] for about in read(contest, row.key)["made_of"].values()} == {"evidence"}
    assert {cell["interval_rounded"] for cell in cells_of(draft_of(contest), SQUEEZED)} == {True}
    assert contest.platform.store.read(run.results_key or "", limit=10**8) == before


def test_replicates_of_before_are_made_again_only_where_evidence_is_too_coarse(contest: Contest) -> None:
    exact = {team: read(contest, made_for(contest, team)[1].key)["datasets"] for team in (SQUEEZED, SPREAD)}
    for team in (SQUEEZED, SPREAD):
        make_old(contest, team)
    document = draft_of(contest)
    assert document["replicates_pending"] == []
    assert {cell["interval_rounded"] for cell in cells_of(document, SQUEEZED)} == {True}
    try_again(contest)
    for team in (SQUEEZED, SPREAD):
        run, row = made_for(contest, team)
        assert row.weighed
        assert (row.key == old_key(run)) is (team == SPREAD)
        assert read(contest, row.key)["datasets"] == exact[team]
    assert {cell["interval_rounded"] for cell in cells_of(draft_of(contest), SQUEEZED)} == {False}


def old_key(run: Run) -> str:
    return f"runs/{run.id}/replicates-old.json"


def make_old(contest: Contest, team: str) -> None:
    """A document of the first schema, from Evidence, and a row that nobody weighed."""
    run, row = made_for(contest, team)
    document = read(contest, row.key)
    del document["made_of"]
    for part in read(contest, run.results_key)["test_sets"]:
        document["datasets"][part["dataset"]]["replicates"] = draw(contest, part, exact=False)
    contest.platform.store.put_bytes(
        old_key(run), json.dumps(document | {"schema": "mood-replicates/1"}).encode()
    )
    with contest.platform.open() as tx:
        old = tx.session.get_one(Replicates, row.id)
        old.key, old.weighed, old.attempt = old_key(run), False, 0


def test_documents_of_both_schemas_are_read(contest: Contest) -> None:
    _, row = made_for(contest, SQUEEZED)
    now = read_stored(contest.platform.store, row.key or "")
    make_old(contest, SQUEEZED)
    _, row = made_for(contest, SQUEEZED)
    before = read_stored(contest.platform.store, row.key or "")
    assert [now.exact(dataset) for dataset in Dataset] == [True, True]
    assert [before.exact(dataset) for dataset in Dataset] == [False, False]
