"""The pages as a browser sees them: log in, look, log out; hostile text stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mood_evaluator import Dataset, Task
from mood_platform.accounts.passwords import hash_password
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction
from mood_platform.failures import FailureReason
from mood_platform.models import CaseRunState, Leaderboard, Run, RunState, Stage, Submission, Team, User
from mood_platform.runs.queries import case_runs_of
from mood_platform.storage.local import LocalStore
from mood_support.documents import board_json, case_json, cell_json, report_json, result_json, row_json
from mood_support.factories import TinyPlatform, make_platform
from mood_support.site import Site, serve_site

BOARDS = ("/challenges/tiny/leaderboard/pixel", "/challenges/tiny/leaderboard/sample")
pytestmark = pytest.mark.integration
PASSWORD = "correct horse battery"
HOSTILE = "<script>alert(1)</script> & Söns"


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(platform, database_url=database_url, root=store.root) as running:
        yield running


@pytest.fixture
def north(site: Site) -> Principal:
    north = site.platform.join("north")
    with site.platform.open() as tx:
        tx.session.get_one(User, north.user.id).password_hash = hash_password(PASSWORD)
        tx.session.get_one(Team, north.user.team_id).name = HOSTILE
    return north


@pytest.fixture
def browser(site: Site, north: Principal) -> Iterator[httpx.Client]:
    with site.visit(north) as client:
        yield client


def log_in(client: httpx.Client, **changes: str) -> httpx.Response:
    page = client.get("/login", params={"next": "/leaderboard/pixel"}).text
    form = {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[-1] for name in ("csrf", "next")}
    form |= {"email": "north@example.org", "password": PASSWORD}
    return client.post("/login", data=form | changes)


@pytest.mark.parametrize("path", ["/", "/login", "/no-such-page"])
def test_a_monitor_that_asks_for_the_head_of_a_page_gets_it_without_the_page(site: Site, path: str) -> None:
    with site.visit() as client:
        page, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (page.status_code, b"")
    assert head.headers["content-type"] == page.headers["content-type"]


def test_log_in_shows_the_team_and_log_out_ends_the_session(site: Site, north: Principal) -> None:
    with site.visit() as client:
        answer = log_in(client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/leaderboard/pixel")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        home = client.get("/").text
        assert "Log out" in home
        session = client.cookies["mood_session"]
        csrf = re.findall(r'name="csrf" value="([^"]*)"', home)[0]
        assert client.post("/logout", data={"csrf": csrf}).status_code == 303
        client.cookies.set("mood_session", session)
        assert "Log out" not in client.get("/").text


def test_a_wrong_password_keeps_the_address_and_says_so(site: Site, north: Principal) -> None:
    with site.visit() as client:
        answer = log_in(client, password="wrong")
    assert answer.status_code == 401
    assert 'value="north@example.org"' in answer.text
    assert "E-mail or password is wrong." in answer.text


@pytest.mark.parametrize("csrf", ["", "guessed"])
def test_a_form_of_another_site_is_refused(site: Site, north: Principal, csrf: str) -> None:
    with site.visit() as client:
        answer = log_in(client, csrf=csrf)
    assert answer.status_code == 403
    assert "mood_session" not in answer.cookies


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_logging_in_never_leads_to_another_site(site: Site, north: Principal, target: str) -> None:
    with site.visit() as client:
        assert log_in(client, next=target).headers["location"] == "/"


def test_who_is_not_logged_in_comes_back_after_it(site: Site) -> None:
    with site.visit() as client:
        answer = client.get("/submissions/00000000-0000-0000-0000-000000000000")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/submissions/")


def test_an_unknown_page_says_so_with_its_request(site: Site) -> None:
    with site.visit() as client:
        answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] in answer.text


def test_a_live_run_reloads_and_a_finished_one_does_not(
    site: Site, north: Principal, browser: httpx.Client
) -> None:
    submission = site.platform.submit(north)
    page = browser.get(f"/submissions/{submission.id}").text
    assert 'http-equiv="refresh"' in page
    assert "It waits for a free slot: teams take turns" in page
    fail_toy_cases(site.platform, submission)
    page = browser.get(f"/submissions/{submission.id}").text
    assert 'http-equiv="refresh"' not in page
    assert FailureReason.TOY_FAILED.text.replace("`", "") in re.sub("</?code>", "", page)
    assert "Not counted" in page


def fail_toy_cases(platform: TinyPlatform, submission: Submission) -> None:
    run_id = platform.run_of(submission).id
    with platform.open() as tx:
        run = tx.session.get_one(Run, run_id)
        run.advance(RunState.RUNNING, now=tx.now)
        for row in case_runs_of(tx, run=run):
            if row.toy:
                row.advance(CaseRunState.RUNNING, now=tx.now)
                row.advance(CaseRunState.CRASHED, now=tx.now, reason=FailureReason.CRASHED)
        run.toy_reported_at, run.toy_report_key = tx.now, f"runs/{run.id}/toy_report.json"
        platform.store.put_bytes(run.toy_report_key, json.dumps(make_report()).encode())
        run.advance(RunState.FAILED, now=tx.now, reason=FailureReason.TOY_FAILED)
        row = tx.session.get_one(Submission, submission.id)
        row.refunded_at, row.refund_reason = tx.now, "every toy case failed"


def make_report() -> dict[str, Any]:
    why = {"outcome": "crashed", "text": FailureReason.CRASHED.text, "exit_code": 1}
    case = case_json(**why, log=f"Traceback\n{HOSTILE}\n")
    slow = {"code": "slow", "text": "Slow.", "dataset": "brain", "cases": ["ab" * 16]}
    return report_json(case, warnings=[slow], failed=True)


def test_the_report_shows_outcomes_warnings_and_a_harmless_log(
    site: Site, north: Principal, browser: httpx.Client
) -> None:
    submission = site.platform.submit(north)
    assert browser.get(f"/submissions/{submission.id}/report").status_code == 404
    fail_toy_cases(site.platform, submission)
    page = browser.get(f"/submissions/{submission.id}/report").text
    assert "they do not predict your rank" in page
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; S" in page
    assert page.index(">Brain<") < page.index(">Abdomen<")


def make_document() -> dict[str, Any]:
    failed = cell_json(0.8, result=result_json(failed_share=0.25))
    return board_json(
        row_json("north", 1, 0.8, name=HOSTILE, datasets={str(dataset): failed for dataset in Dataset}),
        row_json("south", 1, 0.8),
        row_json("west", 3, None),
        row_json("threshold", None, 0.5),
    )


def publish(tx: Transaction, platform: TinyPlatform, *, version: int) -> None:
    tx.session.add(
        Leaderboard(
            challenge_id=platform.challenge.id,
            task=Task.PIXEL,
            version=version,
            document=make_document(),
            digest=f"sha256:{version}",
            previous_digest=f"sha256:{version - 1}" if version > 1 else None,
            published_at=tx.now,
            published_by="olga",
            note="A correction." if version > 1 else "",
        )
    )


def test_before_publication_the_leaderboard_says_when(site: Site) -> None:
    with site.visit() as client:
        answer = client.get("/challenges/tiny/leaderboard/pixel")
    assert answer.status_code == 200
    assert "Not published yet" in answer.text
    assert "2099-01-01 00:00 UTC" in answer.text


def test_a_published_leaderboard_shows_ties_intervals_and_where_it_comes_from(
    site: Site, north: Principal, browser: httpx.Client
) -> None:
    with site.platform.open() as tx:
        publish(tx, site.platform, version=1)
        publish(tx, site.platform, version=2)
    page = browser.get("/challenges/tiny/leaderboard/pixel").text
    assert page.count(">1=<") == 2
    assert "your team" in page
    assert "0.7000\N{EN DASH}0.9000" in page
    assert "no result" in page
    assert "Demonstration, labels reproducible." in page
    assert "25 % of cases failed" in page
    assert "A correction." in page
    assert "<script" not in page
    old = browser.get("/challenges/tiny/leaderboard/pixel?version=1").text
    assert "has replaced it" in old
    assert browser.get("/challenges/tiny/leaderboard/pixel?version=3").status_code == 404


def test_no_page_asks_another_host_or_holds_a_style_or_script(
    site: Site, north: Principal, browser: httpx.Client
) -> None:
    submission = site.platform.submit(north)
    fail_toy_cases(site.platform, submission)
    with site.platform.open() as tx:
        publish(tx, site.platform, version=1)
    place = f"/submissions/{submission.id}"
    for path in ("/", "/challenges/tiny", *BOARDS, place, f"{place}/report", "/nowhere"):
        page = browser.get(path).text
        assert not re.search(r'(?:src|href|action)="(?!/|#)', page), path
        assert not re.search(r"\sstyle=|<style|<script|\son\w+=", page), path
        for address in re.findall(r'"(/static/[^"]+)"', page):
            answer = browser.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]


def test_a_page_whose_template_breaks_is_an_error_with_headers(site: Site, browser: httpx.Client) -> None:
    with site.platform.open() as tx:
        publish(tx, site.platform, version=1)
        tx.session.flush()
        row = tx.session.query(Leaderboard).one()
        row.document = {"rows": []}
    answer = browser.get("/challenges/tiny/leaderboard/pixel")
    assert answer.status_code == 500
    assert "Something broke on our side." in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"] in answer.text


def test_the_front_page_lists_my_submissions(site: Site, north: Principal, browser: httpx.Client) -> None:
    submission = site.platform.submit(north, stage=Stage.TOY)
    assert f"/submissions/{submission.id}" in browser.get("/").text
    with site.visit() as visitor:
        assert f"/submissions/{submission.id}" not in visitor.get("/").text
