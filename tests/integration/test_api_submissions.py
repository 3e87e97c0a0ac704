"""Submissions over HTTP: create once, follow, cancel, withdraw; what organizers may do."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from mood_evaluator import load_test_set
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.runs.waits import Wait
from mood_platform.storage.local import LocalStore
from mood_support.edition import make_image, make_participant
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
API = "/api/v1"


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as running:
        yield running


@pytest.fixture
def north(site: Site) -> Principal:
    return site.platform.join("north")


@pytest.fixture
def client(site: Site, north: Principal) -> Iterator[httpx.Client]:
    with site.visit(north) as made:
        yield made


@pytest.fixture
def organizer(site: Site) -> Iterator[httpx.Client]:
    with site.platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
    with site.visit(olga) as made:
        yield made


def image_of(site: Site, principal: Principal) -> str:
    with site.platform.open() as tx:
        return str(make_image(tx, principal=principal).id)


def submit(client: httpx.Client, image: str, *, key: str | None = None, **changes: Any) -> httpx.Response:
    body = {"image": image, "task": "pixel", "stage": "challenge", "name": "first"} | changes
    return client.post(f"{API}/submissions", json=body, headers={"Idempotency-Key": key} if key else {})


def test_a_submission_tells_what_happens_now_and_next(
    site: Site, north: Principal, client: httpx.Client
) -> None:
    made = submit(client, image_of(site, north))
    view = made.json()
    assert made.status_code == 201
    assert (view["number"], view["status"], view["over"]) == (1, "waiting", False)
    assert (view["sentence"], view["next"]) == (Wait.TURN.value, "The 4 toy cases run first.")
    assert view["quota"] == {"used": 1, "limit": 10, "attempts": 1, "attempts_limit": 30, "left": 9}
    assert view["submitted_at"].endswith("Z")
    assert client.get(view["links"]["self"]).json() == view
    assert [item["id"] for item in client.get(f"{API}/submissions").json()["items"]] == [view["id"]]


def test_the_same_key_is_the_same_submission(site: Site, north: Principal, client: httpx.Client) -> None:
    image = image_of(site, north)
    first, again = submit(client, image, key="k").json(), submit(client, image, key="k").json()
    assert first["id"] == again["id"]
    assert again["quota"]["used"] == 1


def test_a_cancelled_submission_is_not_counted(site: Site, north: Principal, client: httpx.Client) -> None:
    view = submit(client, image_of(site, north)).json()
    cancelled = client.post(f"{API}/submissions/{view['id']}/cancel").json()
    assert (cancelled["state"], cancelled["status"], cancelled["quota"]["used"]) == (
        "withdrawn",
        "withdrawn",
        0,
    )
    assert client.post(f"{API}/submissions/{view['id']}/cancel").status_code == 409


def test_a_withdrawn_submission_stays_counted(site: Site, north: Principal, client: httpx.Client) -> None:
    view = submit(client, image_of(site, north)).json()
    assert client.post(f"{API}/submissions/{view['id']}/withdraw").json()["quota"]["used"] == 1


def test_there_is_no_report_before_the_toy_cases_have_run(
    site: Site, north: Principal, client: httpx.Client
) -> None:
    view = submit(client, image_of(site, north)).json()
    assert view["links"]["report"] is None
    assert client.get(f"{API}/submissions/{view['id']}/report").status_code == 404


def test_a_person_without_a_team_is_told_how_to_get_one(site: Site) -> None:
    with site.platform.open() as tx:
        loner = make_participant(tx, "loner")
        loner.user.team_id = None
    with site.visit(loner) as client:
        answer = client.get(f"{API}/submissions")
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_pages_of_a_list_follow_each_other_without_gap(
    site: Site, north: Principal, client: httpx.Client
) -> None:
    for _ in range(3):
        submit(client, image_of(site, north), stage="toy")
    everything = client.get(f"{API}/submissions").json()
    assert everything["next_cursor"] is None
    assert [item["number"] for item in everything["items"]] == [3, 2, 1]
    assert client.get(f"{API}/submissions", params={"cursor": "nonsense"}).status_code == 422


def test_a_challenge_shows_its_rules_and_public_sets_and_my_quota(site: Site, client: httpx.Client) -> None:
    view = client.get(f"{API}/challenges/tiny").json()
    assert view["limits"]["seconds"] == 3
    assert view["quota"]["left"] == 10
    assert sorted(item["name"] for item in view["toy_test_sets"]) == ["toy-abdom", "toy-brain"]
    with site.visit() as visitor:
        assert visitor.get(f"{API}/challenges/tiny").json()["quota"] is None
        assert visitor.get(f"{API}/challenges").json()["items"][0]["slug"] == "tiny"


def test_a_toy_set_can_be_fetched_and_has_the_same_digest(site: Site, tmp_path: Path) -> None:
    with site.visit() as visitor:
        answer = visitor.get(f"{API}/test-sets/toy-brain/archive")
        assert answer.headers["content-length"] == str(len(answer.content))
        hidden, unknown = (visitor.get(f"{API}/test-sets/{name}/archive") for name in ("test-brain", "none"))
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "fetched", filter="data")
    fetched = load_test_set(tmp_path / "fetched")
    assert f'"{fetched.digest}"' == answer.headers["etag"]
    assert all((tmp_path / "fetched" / case.image).stat().st_size for case in fetched.cases)
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json()["detail"].replace("test-brain", "none") == unknown.json()["detail"]


def test_organizers_exclude_with_a_reason_the_team_reads(
    site: Site, north: Principal, client: httpx.Client, organizer: httpx.Client
) -> None:
    view = submit(client, image_of(site, north)).json()
    place = f"{API}/admin/submissions/{view['id']}"
    assert organizer.post(f"{place}/exclude", json={"reason": " "}).status_code == 422
    assert organizer.post(f"{place}/exclude", json={"reason": "Trained on test data."}).status_code == 200
    mine = client.get(f"{API}/submissions/{view['id']}").json()
    assert (mine["status"], mine["sentence"]) == ("excluded", "Trained on test data.")
    newest = organizer.get(f"{API}/admin/audit").json()["items"][:2]  # the Run in hand ended with it
    assert {(entry["actor"], entry["action"]) for entry in newest} == {
        ("olga@example.org", "submission.exclude"),
        ("olga@example.org", "run.cancel"),
    }


def test_organizers_see_cases_and_start_runs(
    site: Site, north: Principal, client: httpx.Client, organizer: httpx.Client
) -> None:
    view = submit(client, image_of(site, north)).json()
    place = f"{API}/admin/submissions/{view['id']}"
    first = organizer.get(place).json()["runs"][0]["id"]
    organizer.post(f"{API}/admin/runs/{first}/cancel", json={"reason": "It is stuck."})
    assert organizer.post(f"{place}/rerun", json={"reason": "A node was broken."}).json()["number"] == 2
    started = organizer.post(f"{place}/analyse", json={"test_sets": ["test-brain"]})
    assert (started.status_code, started.json()["stage"]) == (201, "analysis")
    runs = organizer.get(place).json()["runs"]
    assert [(run["number"], run["stage"]) for run in runs] == [
        (1, "challenge"),
        (2, "challenge"),
        (3, "analysis"),
    ]
    assert len(runs[1]["cases"]) == 8
    assert runs[2]["counts"] == {"queued": 2}
    assert organizer.get(f"{API}/admin/submissions").json()["items"][0]["runs"][0]["cases"] == []
    assert organizer.post(f"{API}/admin/runs/{runs[1]['id']}/void", json={"reason": "x"}).status_code == 409
    assert client.get(f"{API}/submissions/{view['id']}").json()["run"]["number"] == 2


def test_organizers_end_a_live_run_and_the_team_gets_its_attempt_back(
    site: Site, north: Principal, client: httpx.Client, organizer: httpx.Client
) -> None:
    view = submit(client, image_of(site, north)).json()
    run = organizer.get(f"{API}/admin/submissions/{view['id']}").json()["runs"][0]
    place = f"{API}/admin/runs/{run['id']}/cancel"
    assert client.post(place, json={"reason": "x"}).status_code == 404
    assert organizer.post(place, json={"reason": "Stuck since noon."}).json()["state"] == "cancelled"
    assert organizer.post(place, json={"reason": "Stuck since noon."}).status_code == 409
    assert client.get(f"{API}/challenges/tiny").json()["quota"]["used"] == 0
    entry = organizer.get(f"{API}/admin/audit").json()["items"][0]
    assert (entry["action"], entry["reason"]) == ("run.cancel", "Stuck since noon.")


def test_for_everyone_else_there_are_no_organizers_pages(site: Site, client: httpx.Client) -> None:
    for path in ("/admin/submissions", "/admin/audit", "/admin/leaderboards/tiny/pixel/draft"):
        assert client.get(API + path).status_code == 404
    assert client.post(f"{API}/admin/leaderboards/tiny/pixel/publish", json={}).status_code == 404
    assert client.post(f"{API}/admin/runs/{uuid4()}/void", json={"reason": "x"}).status_code == 404


def test_nothing_can_be_published_without_a_scored_run(organizer: httpx.Client) -> None:
    answer = organizer.post(f"{API}/admin/leaderboards/tiny/pixel/publish", json={"before_close": True})
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert organizer.get(f"{API}/leaderboards/tiny/pixel").status_code == 404


def test_the_server_survives_more_clients_than_connections(site: Site, client: httpx.Client) -> None:
    """Waiting for a connection costs no thread, so a crowd is slow at worst, never stuck."""
    from concurrent.futures import ThreadPoolExecutor

    def ask(_: int) -> int:
        return client.get(f"{API}/challenges/tiny").status_code

    with ThreadPoolExecutor(60) as crowd:
        assert set(crowd.map(ask, range(240))) == {200}
