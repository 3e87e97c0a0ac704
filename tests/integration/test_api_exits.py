"""Hidden means hidden: every GET route, as every reader, before and after all hidden facts have changed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import delete

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.failures import FailureReason
from mood_platform.models import Case, CaseRun, CaseRunState, Run, RunEvent, RunState, Stage, Submission
from mood_platform.runs.queries import case_runs_of
from mood_platform.runs.service import start_analysis
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_platform.testing.factories import TinyPlatform, make_platform
from mood_platform.testing.site import Site, serve_site

pytestmark = pytest.mark.integration
CASES = 8
REPORT = {
    "schema": "mood-toy-report/1",
    "head": "8 toy cases only show that your container works; they do not predict your rank.",
    "image": "sha256:00",
    "datasets": {},
    "warnings": [],
    "failed": False,
}
VOLATILE = re.compile(r'"(request_id|time)":"[^"]*"|name="csrf" value="[^"]*"|Request [0-9a-f]{16}')


@dataclass(frozen=True, slots=True)
class Scene:
    """A finished, unpublished challenge Run with an analysis Run, and three readers."""

    site: Site
    submission: Submission
    run_id: UUID
    readers: Mapping[str, Principal | None]


@pytest.fixture
def scene(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Scene]:
    platform = make_platform(sessions, store, tmp_path, cases=CASES)
    north, south = platform.join("north"), platform.join("south")
    submission = platform.submit(north, task=Task.SAMPLE, stage=Stage.CHALLENGE)
    run_id = finish_run(platform, submission)
    with platform.open() as tx:
        row = find_any_submission(tx, submission_id=submission.id)
        start_analysis(tx, submission=row, test_set_names=["test-brain"], actor="olga")
    with serve_site(platform, database_url=database_url, root=store.root) as site:
        yield Scene(site, submission, run_id, {"visitor": None, "own team": north, "other team": south})


def finish_run(platform: TinyPlatform, submission: Submission) -> UUID:
    """Toy cases succeed; two hidden ones time out; the Run is scored, with results in the store."""
    run_id = platform.run_of(submission).id
    with platform.open() as tx:
        run = tx.session.get_one(Run, run_id)
        run.advance(RunState.RUNNING, now=tx.now)
        for place, case_run in enumerate(case_runs_of(tx, run=run)):
            end_case(tx, case_run, times_out=not case_run.toy and place % CASES == 0)
        run.toy_reported_at, run.toy_report_key = tx.now, f"runs/{run_id}/toy_report.json"
        platform.store.put_bytes(run.toy_report_key, json.dumps(REPORT).encode())
        run.results_key = f"runs/{run_id}/results.json"
        platform.store.put_bytes(run.results_key, b'{"score": 0.918273645}')
        run.advance(RunState.SCORING, now=tx.now)
        run.advance(RunState.SCORED, now=tx.now)
    return run_id


def end_case(tx: Transaction, case_run: CaseRun, *, times_out: bool) -> None:
    case_run.advance(CaseRunState.RUNNING, now=tx.now, node="node-of-hidden-cases")
    case_run.claim_id, case_run.node, case_run.started_at = uuid4(), "node-of-hidden-cases", tx.now
    if times_out:
        case_run.advance(CaseRunState.TIMED_OUT, now=tx.now, reason=FailureReason.TIMED_OUT)
    else:
        case_run.advance(CaseRunState.COLLECTED, now=tx.now)
        case_run.advance(CaseRunState.SUCCEEDED, now=tx.now)
    case_run.seconds, case_run.finished_at = 1.2345678, tx.now
    case_run.score = {"score": 0.123454321, "valid": not times_out}


def change_everything_hidden(scene: Scene) -> None:
    """Scores, times inside the band, nodes, logs, and how many hidden cases there are."""
    platform = scene.site.platform
    with platform.open() as tx:
        run = tx.session.get_one(Run, scene.run_id)
        run.results_key = f"runs/{run.id}/others.json"
        platform.store.put_bytes(run.results_key, b'{"score": 0.1}')
        hidden = [row for row in case_runs_of(tx, run=run) if not row.toy]
        for row in hidden:
            row.score, row.seconds, row.node = {"score": 0.777777, "valid": True}, 0.3333, "another-node"
            row.log_key, row.flags, row.exit_code = "runs/some/log", ["clamped"], 3
        succeeded = [row for row in hidden if row.state is CaseRunState.SUCCEEDED]
        gone = [row.id for row in succeeded[:3]]
        tx.session.execute(delete(RunEvent).where(RunEvent.case_run_id.in_(gone)))
        tx.session.execute(delete(CaseRun).where(CaseRun.id.in_(gone)))


def hidden_words(scene: Scene) -> set[str]:
    """Strings that must appear nowhere."""
    with scene.site.platform.open() as tx:
        rows = case_runs_of(tx, run=tx.session.get_one(Run, scene.run_id))
        hidden = [row for row in rows if not row.toy]
        cases = [tx.session.get_one(Case, row.case_id) for row in hidden]
        ids = {str(row.id) for row in hidden} | {str(row.claim_id) for row in hidden}
        names = {case.case_id for case in cases} | {case.image_sha256 for case in cases}
    return ids | names | {"0.918273645", "0.123454321", "1.2345678", "node-of-hidden-cases", "analysis"}


def get_paths(scene: Scene) -> list[str]:
    """Every GET route of both applications, its parameters filled with what exists."""
    submission = scene.submission
    values = {
        "submission_id": [str(submission.id)],
        "image_id": [str(submission.image_id)],
        "upload_id": [str(UUID(int=7))],
        "slug": ["tiny"],
        "challenge": ["tiny"],
        "task": ["sample", "pixel"],
        "name": ["test-brain", "test-abdom"],
    }
    paths = [*routes(scene.site.pages, ""), *routes(scene.site.api, "/api/v1")]
    assert len(paths) > 20, "the route table was not read"
    return [filled for path in paths for filled in fill(path, values)]


def routes(app: FastAPI, prefix: str) -> list[str]:
    return [
        prefix + context.path
        for context in iter_route_contexts(app.routes)
        if isinstance(context.route, APIRoute) and "GET" in (context.methods or ())
    ]


def fill(path: str, values: Mapping[str, list[str]]) -> list[str]:
    found = re.search(r"{(\w+)}", path)
    if found is None:
        return [path]
    return [done for value in values[found[1]] for done in fill(path.replace(found[0], value, 1), values)]


def snapshot(scene: Scene) -> dict[tuple[str, str], tuple[int, str, dict[str, str]]]:
    """What every reader gets from every path, without request ids and clocks."""
    paths, answers = get_paths(scene), {}
    for reader, principal in scene.readers.items():
        with scene.site.visit(principal) as client:
            for path in paths:
                answer = client.get(path)
                headers = dict(answer.headers)
                for name in ("x-request-id", "date", "set-cookie"):
                    headers.pop(name, None)
                answers[reader, path] = (answer.status_code, VOLATILE.sub("", answer.text), headers)
    return answers


def test_no_hidden_fact_is_in_any_answer(scene: Scene) -> None:
    words = hidden_words(scene)
    own = f"/api/v1/submissions/{scene.submission.id}"
    answers = snapshot(scene)
    assert answers["own team", own][0] == 200
    for (reader, path), (_, body, headers) in answers.items():
        if path == "/api/v1/openapi.json":
            continue
        leaked = {word for word in words if word in body or word in str(headers)}
        assert not leaked, f"{reader} reads {leaked} at {path}"


def test_answers_do_not_depend_on_anything_hidden(scene: Scene) -> None:
    before = snapshot(scene)
    change_everything_hidden(scene)
    after = snapshot(scene)
    different = [place for place in before if before[place] != after[place]]
    assert different == []


def test_other_teams_and_visitors_learn_nothing_about_a_submission(scene: Scene) -> None:
    for path in ("/api/v1/submissions/{}", "/api/v1/submissions/{}/report", "/submissions/{}"):
        own, unknown = path.format(scene.submission.id), path.format(uuid4())
        for reader in ("visitor", "other team"):
            with scene.site.visit(scene.readers[reader]) as client:
                assert described(client.get(own)) == described(client.get(unknown)), (reader, path)


def described(answer: httpx.Response) -> tuple[int, str, str]:
    """Status and text, whatever id was asked for."""
    ids = re.compile(r"[0-9a-f-]{36}")
    location = ids.sub("", answer.headers.get("location", ""))
    return answer.status_code, VOLATILE.sub("", ids.sub("", answer.text)), location
