"""The draft of a pixel board at full size, from stored replicates, beside computing them in the request.

65 teams, 542 + 358 scans, results documents as Runs leave them. Evidence is synthetic: noisy scans, half of
them with an anomaly, shared by the scans of a test set. For a few teams the replicates are computed as the
job does; what all would take in the request is that, times the teams. The others' are noise of the same size.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mood_evaluator import SCORING_VERSION, Dataset, Evidence, Manifest, Replicates, Task, canonical_digest
from mood_platform.challenges.service import install_test_set
from mood_platform.db.engine import make_engine, make_sessions
from mood_platform.db.transaction import Transaction
from mood_platform.documents.replicates import DrawnScores, RunReplicates
from mood_platform.leaderboards.service import draft
from mood_platform.machine.migrations import migrate
from mood_platform.models import Challenge, Run, RunState, Stage, Submission, SubmissionState
from mood_platform.models import Replicates as ReplicatesRow
from mood_platform.scoring.replicates import DRAWS, SEED, draw_replicates
from mood_platform.storage.keys import replicates_key
from mood_platform.storage.local import LocalStore
from mood_support.drive import evaluation_of
from mood_support.edition import make_image, make_participant, write_test_set
from mood_support.engines import running_postgres
from mood_support.factories import TinyPlatform, make_platform

TEAMS, COMPUTED, ROUNDS = 65, 2, 3
SCANS = {Dataset.BRAIN: 542, Dataset.ABDOM: 358}
KINDS, VOXELS = 12, 200_000
"""Evidence of so many different scans of each kind, of so many voxels."""
BAR = 2.0


@dataclass(frozen=True)
class Board:
    platform: TinyPlatform
    manifests: Mapping[Dataset, Manifest]
    evidence: Mapping[Dataset, Mapping[str, str]]
    """By case: the key of its Evidence."""


def main() -> None:
    """Print what the draft took, and what computing would have taken."""
    with tempfile.TemporaryDirectory(prefix="mood-bench-", dir="/tmp") as name:
        home = Path(name)
        home.chmod(0o755)
        with running_postgres(home / "pg", options=()) as url:
            migrate({**os.environ, "MOOD_DATABASE__URL": url})
            sessions = make_sessions(make_engine(url))
            board = prepare(make_platform(sessions, LocalStore(home / "files"), home / "sets"), home)
            seconds = [enter(board, number) for number in track(range(TEAMS), description="Entering teams")]
            report(board, [taken for taken in seconds if taken is not None])


def prepare(platform: TinyPlatform, home: Path) -> Board:
    """Test sets of real size, and Evidence for their scans."""
    manifests, evidence = {}, {}
    with platform.open() as tx:
        for dataset, count in SCANS.items():
            folder = write_test_set(
                home / "large" / f"test-{dataset}", purpose="test", dataset=dataset, cases=count
            )
            row = install_test_set(tx, folder=folder, store=platform.store)
            manifests[dataset] = Manifest.from_json(row.manifest)
            evidence[dataset] = keep_evidence(platform, manifests[dataset])
    return Board(platform, manifests, evidence)


def keep_evidence(platform: TinyPlatform, manifest: Manifest) -> dict[str, str]:
    """Evidence of noisy scans; abnormal ones have an anomaly."""
    random, keys = np.random.default_rng(len(manifest.cases)), {True: list[str](), False: list[str]()}
    for abnormal, own in keys.items():
        for number in range(KINDS):
            labels = random.random(VOXELS) < (0.02 if abnormal else 0)
            scores = np.clip(np.abs(random.standard_normal(VOXELS)) * 0.15 + 0.2 * labels, 0, 1)
            scores[: VOXELS // 2] *= random.random()
            key = f"runs/bench/{manifest.dataset}-{abnormal}-{number}/evidence"
            platform.store.put_bytes(key, Evidence.of(scores.astype(np.float32), labels).to_bytes())
            own.append(key)
    return {case.id: keys[case.abnormal][place % KINDS] for place, case in enumerate(manifest.cases)}


def enter(board: Board, number: int) -> float | None:
    """A team with a scored Run; CPU seconds of its replicates, where they were computed."""
    platform = board.platform
    with platform.open() as tx:
        run = make_run(tx, platform, f"team-{number:02}")
        random = np.random.default_rng(number)
        document = results(board, run, random)
        assert run.results_key is not None
        platform.store.put_bytes(run.results_key, json.dumps(document, indent=1).encode())
        row = ReplicatesRow(
            run_id=run.id,
            results_key=run.results_key,
            scoring_version=SCORING_VERSION,
            attempt=0,
            since=tx.now,
            problem="",
        )
        tx.session.add(row)
        tx.session.flush()
        if number >= COMPUTED:
            row.key = replicates_key(run.results_key, version=SCORING_VERSION, exact=False)
            platform.store.put_bytes(row.key, noise(board, document, random))
    return compute(platform, row.id) if number < COMPUTED else None


def compute(platform: TinyPlatform, replicates_id: UUID) -> float:
    """As the job does, in its child."""
    before = children_seconds()
    draw_replicates(evaluation_of(platform), replicates_id=replicates_id)
    return children_seconds() - before


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def make_run(tx: Transaction, platform: TinyPlatform, name: str) -> Run:
    team = make_participant(tx, name)
    image = make_image(tx, principal=team)
    challenge = tx.session.get_one(Challenge, platform.challenge.id)
    submission = Submission(
        challenge_id=challenge.id,
        team_id=team.require_team().id,
        image_id=image.id,
        number=1,
        task=Task.PIXEL,
        stage=Stage.CHALLENGE,
        state=SubmissionState.ACCEPTED,
        state_since=tx.now,
        name="",
        counted=True,
        submitted_at=tx.now,
    )
    tx.session.add(submission)
    tx.session.flush()
    run_id = uuid4()
    run = Run(
        id=run_id,
        submission_id=submission.id,
        number=1,
        stage=Stage.CHALLENGE,
        state=RunState.SCORED,
        state_since=tx.now,
        created_at=tx.now,
        limits=challenge.limits,
        scoring=challenge.scoring,
        test_sets={},
        results_key=f"runs/{run_id}/results.json",
        scoring_version=SCORING_VERSION,
        voided_reason="",
    )
    tx.session.add(run)
    tx.session.flush()
    return run


def results(board: Board, run: Run, random: np.random.Generator) -> dict[str, Any]:
    """As large as a real one: every case with its facts."""
    document: dict[str, Any] = {
        "schema": "mood-run-results/1",
        "run": str(run.id),
        "number": 1,
        "stage": "challenge",
        "submission": {"id": "0", "team": "0", "number": 1, "task": "pixel", "submitted_at": "now"},
        "image": "sha256:00",
        "limits": run.limits,
        "scoring": run.scoring,
        "node_classes": [{"cases": sum(SCANS.values()), "cpu": "bench"}],
        "test_sets": [
            part(board, dataset, float(0.4 + 0.02 * random.standard_normal())) for dataset in SCANS
        ],
    }
    return document | {"digest": canonical_digest(document)}


def part(board: Board, dataset: Dataset, score: float) -> dict[str, Any]:
    manifest = board.manifests[dataset]
    batched = {
        "batching": "sha256:00",
        "batch_aps": [score] * len(manifest.batchings[0].batches),
        "mean": score,
    }
    return {
        "name": manifest.name,
        "digest": manifest.digest,
        "purpose": "test",
        "dataset": str(dataset),
        "not_hidden": True,
        "result": {
            "evaluator": "bench",
            "scoring_version": SCORING_VERSION,
            "score": score,
            "valid": len(manifest.cases),
            "total": len(manifest.cases),
            "valid_share": 0.5,
            "failed_share": 0.0,
            "lossy": [],
            "official": batched,
            "validation": batched,
            "whole_set_ap": score,
            "quantized": {"mood2020": score, "two_sided": score},
        },
        "cases": {case.id: case_facts(board.evidence[dataset][case.id]) for case in manifest.cases},
    }


def case_facts(evidence: str) -> dict[str, Any]:
    digest = hashlib.sha256(evidence.encode()).hexdigest()
    score = {"valid": True, "fault": None, "flags": [], "score": None, "case_ap": 0.25, "evidence": None}
    facts = {"outcome": "succeeded", "reason": None, "attempt": 1, "seconds": 1.25, "flags": []}
    return facts | {"score": score, "prediction": f"runs/{digest}/prediction", "evidence": evidence}


def noise(board: Board, document: dict[str, Any], random: np.random.Generator) -> bytes:
    """Stored replicates of the right size, around the score."""
    drawn = {
        Dataset(one["dataset"]): DrawnScores.of(
            Replicates(
                one["result"]["score"] + 0.02 * random.standard_normal(DRAWS),
                random.standard_normal(len(one["cases"])),
            )
        )
        for one in document["test_sets"]
    }
    assert drawn.keys() == board.manifests.keys()
    made = RunReplicates(
        results=document["digest"],
        scoring_version=SCORING_VERSION,
        draws=DRAWS,
        seed=SEED,
        datasets=drawn,
    )
    return json.dumps(made.to_json()).encode()


def report(board: Board, computed: list[float]) -> None:
    made = read_draft(board)()
    assert len(made["rows"]) == TEAMS
    assert made["replicates_pending"] == []
    drafts = [timed(read_draft(board)) for _ in range(ROUNDS)]
    wall, used = (statistics.median(column) for column in zip(*drafts, strict=True))
    each = statistics.mean(computed)
    table = Table(
        "draft of a pixel board",
        "wall seconds",
        "CPU seconds",
        "bar",
        "",
        title=f"{TEAMS} teams, 542 + 358 scans",
    )
    held = "holds" if wall < BAR else "missed"
    table.add_row("reading stored replicates", f"{wall:.2f}", f"{used:.2f}", f"{BAR:g}", held)
    table.add_row(f"computing those of one team (mean of {len(computed)})", "", f"{each:.1f}", "", "")
    table.add_row(
        f"computing all in the request: that times {TEAMS}", "", f"{each * TEAMS:.0f}", "", "extrapolated"
    )
    Console(width=120).print(table)
    size = len(json.dumps(made))
    Console().print(f"The document has {size / 1e6:.2f} MB.")


def read_draft(board: Board) -> Callable[[], dict[str, Any]]:
    def work() -> dict[str, Any]:
        with board.platform.open() as tx:
            challenge = tx.session.get_one(Challenge, board.platform.challenge.id)
            return draft(tx, challenge=challenge, task=Task.PIXEL, store=board.platform.store).to_json()

    return work


def timed(work: Callable[[], object]) -> tuple[float, float]:
    wall, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - used


if __name__ == "__main__":
    main()
