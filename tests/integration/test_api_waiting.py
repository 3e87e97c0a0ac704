"""What waits for an organizer over HTTP: status, nodes, resume, decide; and that nobody else is let in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.execution.outcome import Outcome
from mood_platform.execution.runtime import Execution
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRun, Run
from mood_platform.runs.claims import record
from mood_platform.runs.suspicion import report_self_test
from mood_platform.storage.local import LocalStore
from mood_support.edition import make_participant
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
API = "/api/v1"
WHY = {"reason": "the cable was loose"}


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as running:
        yield running


@pytest.fixture
def north(site: Site) -> Principal:
    return site.platform.join("north")


@pytest.fixture
def organizer(site: Site) -> Iterator[httpx.Client]:
    with site.platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
    with site.visit(olga) as made:
        yield made


def break_one_case(site: Site, *, ran: bool = False) -> Run:
    """Its first case fails three times on the only node, whose self-test passes each time."""
    platform = site.platform
    run_id = None
    for _ in range(3):
        claim = platform.claim()
        assert claim is not None
        with platform.open() as tx:
            facts = Execution(engine_error="broken", ran=ran)
            outcome = Outcome("platform_fault", FailureReason.ENGINE_ERROR)
            assert record(tx, claim_id=claim.claim_id, outcome=outcome, execution=facts)
            tx.session.get_one(CaseRun, claim.case_run_id).lease_until = None
        with platform.open() as tx:
            report_self_test(tx, name="node-1", problem=None, lease_seconds=60)
        run_id = claim.run_id
    with platform.open() as tx:
        return tx.session.get_one(Run, run_id)


def well(site: Site) -> None:
    assert site.platform.claim() is None
    with site.platform.open() as tx:
        report_self_test(tx, name="node-1", problem=None, lease_seconds=60)


def test_a_run_with_a_parked_case_is_listed_and_resumed(
    site: Site, north: Principal, organizer: httpx.Client
) -> None:
    site.platform.submit(north)
    run = break_one_case(site)
    status = organizer.get(f"{API}/admin/status").json()
    assert [(one["run"], one["parked"], one["decide"]) for one in status["parked"]] == [
        (str(run.id), 1, False)
    ]
    assert (status["decisions"], status["quarantined"]) == ([], [])
    (node,) = organizer.get(f"{API}/admin/nodes").json()["items"]
    assert (node["name"], node["health"], node["faults"], node["parked"]) == ("node-1", "well", 3, 1)
    done = organizer.post(f"{API}/admin/runs/{run.id}/resume", json={"reason": ""})
    assert done.json() == {"run": str(run.id), "cases": 1}
    assert organizer.get(f"{API}/admin/status").json()["parked"] == []
    assert organizer.post(f"{API}/admin/runs/{run.id}/resume", json={}).status_code == 409
    assert organizer.get(f"{API}/admin/audit").json()["items"][0]["action"] == "run.resume"


def test_a_held_run_is_a_decision(site: Site, north: Principal, organizer: httpx.Client) -> None:
    well(site)
    site.platform.submit(north)
    run = break_one_case(site, ran=True)
    (decision,) = organizer.get(f"{API}/admin/status").json()["decisions"]
    assert (decision["run"], "node-1" in decision["held_why"]) == (str(run.id), True)
    body = {"whose": "team", "reason": "it resets the GPU"}
    assert organizer.post(f"{API}/admin/runs/{run.id}/decide", json={"whose": "nobody"}).status_code == 422
    assert (
        organizer.post(f"{API}/admin/runs/{run.id}/decide", json=body).json()["cases"] == decision["parked"]
    )
    assert organizer.get(f"{API}/admin/status").json()["decisions"] == []


def test_a_node_is_quarantined_and_released_by_hand(site: Site, organizer: httpx.Client) -> None:
    well(site)
    address = f"{API}/admin/nodes/node-1"
    assert organizer.post(f"{address}/release", json=WHY).status_code == 409
    made = organizer.post(f"{address}/quarantine", json=WHY).json()
    assert (made["health"], made["quarantine_why"], made["quarantined_by"]) == (
        "quarantined",
        "the cable was loose",
        "olga@example.org",
    )
    with site.platform.open() as tx:
        report_self_test(tx, name="node-1", problem=None, lease_seconds=60)
    assert organizer.get(f"{API}/admin/status").json()["quarantined"] == ["node-1"], "no test ends this one"
    assert organizer.post(f"{address}/release", json=WHY).json()["health"] == "untried"
    assert organizer.post(f"{API}/admin/nodes/nobody/release", json=WHY).status_code == 404


def test_a_team_learns_of_trouble_without_a_number_and_reads_nothing_else(
    site: Site, north: Principal
) -> None:
    submission = site.platform.submit(north)
    run = break_one_case(site)
    with site.visit(north) as client:
        view = client.get(f"{API}/submissions/{submission.id}").json()
        assert view["status"] == "running"
        assert "parked" not in str(view)
        for method, path in (("GET", "status"), ("GET", "nodes"), ("POST", f"runs/{run.id}/resume")):
            assert client.request(method, f"{API}/admin/{path}", json={}).status_code == 404
