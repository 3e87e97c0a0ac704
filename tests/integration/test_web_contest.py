"""A whole contest seen through the server: review, publication, and what each page then shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from mood_evaluator import canonical_digest
from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.execution.runtime import CaseJob
from mood_platform.models import Submission
from mood_platform.storage.local import LocalStore
from mood_support.contest import Contest
from mood_support.edition import make_participant
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
BOARD = "/api/v1/admin/leaderboards/tiny/pixel"


@dataclass(frozen=True, slots=True)
class Scene:
    site: Site
    north: Principal
    olga: Principal
    contest: Contest
    submission: Submission
    """North's, scored and waiting for review; South has a better one."""


@pytest.fixture
def scene(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Scene]:
    contest = Contest(make_platform(sessions, store, tmp_path / "sets", cases=4), tmp_path / "sets")
    north, south = contest.join("north"), contest.join("south")
    submission = contest.enter(north, quality=0.4, skips=skip_some)
    contest.enter(south, quality=1)
    contest.enter(contest.join("threshold", reference=True), quality=0.2)
    contest.run()
    with contest.platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
    with serve_site(contest.platform, database_url=database_url, root=store.root) as site:
        yield Scene(site, north, olga, contest, submission)


def skip_some(job: CaseJob) -> bool:
    """About a quarter of all cases stay unanswered."""
    return job.case.read_bytes()[-8] % 4 == 0


def test_a_contest_is_reviewed_published_and_read(scene: Scene) -> None:
    place = f"/submissions/{scene.submission.id}"
    with scene.site.visit(scene.north) as team, scene.site.visit(scene.olga) as organizer:
        assert "in review" in team.get(place).text
        report = team.get(f"{place}/report").text
        assert "they do not predict your rank" in report
        draft = organizer.get(f"{BOARD}/draft").json()
        assert draft["rows"][0]["team"] == "south"
        published = organizer.post(f"{BOARD}/publish", json={"note": "First.", "before_close": True})
        assert published.status_code == 201
        assert "published" in team.get(place).text
        page = team.get("/challenges/tiny/leaderboard/pixel").text
        assert page.index('class="team">South') < page.index('class="team">North')
        assert "reference" in page
        assert "your team" in page
        document = team.get("/api/v1/leaderboards/tiny/pixel").json()["document"]
        assert canonical_digest(document) == document["digest"] == published.json()["digest"]


def test_a_new_version_says_what_changed_and_leads_to_the_ones_before(scene: Scene) -> None:
    with scene.site.visit(scene.olga) as organizer, scene.site.visit() as visitor:
        publish(organizer, "First.")
        first = visitor.get("/challenges/tiny/leaderboard/pixel").text
        assert "What changed" not in first
        assert "versions" not in first.split("What it rests on")[1]
        scene.contest.enter(scene.contest.join("west"), quality=0.9)
        scene.contest.run()
        publish(organizer, "West came back from the repair.")
        page = visitor.get("/challenges/tiny/leaderboard/pixel").text
        changed = page.split("What changed since version 1")[1].split("</details>")[0]
        assert "Test sets, limits and evaluator are the same." in changed
        assert ">West</th>" in changed
        assert "All 2 versions" in page
        assert page.index("West came back") < page.index(": First.")
        old = visitor.get("/challenges/tiny/leaderboard/pixel", params={"version": 1}).text
        assert "has replaced it" in old
        assert "What changed" not in old


def publish(organizer: httpx.Client, note: str) -> None:
    assert organizer.post(f"{BOARD}/publish", json={"note": note, "before_close": True}).status_code == 201


def test_nothing_of_a_real_scored_run_is_told_before_publication(scene: Scene) -> None:
    run = scene.site.platform.run_of(scene.submission)
    assert run.results_key is not None
    results = json.loads(scene.site.platform.store.read(run.results_key, limit=10**7))
    words = set(long_texts(results["test_sets"]))
    assert len(words) > 20
    with scene.site.visit(scene.north) as team:
        for path in (
            f"/submissions/{scene.submission.id}",
            f"/submissions/{scene.submission.id}/report",
            f"/api/v1/submissions/{scene.submission.id}",
            f"/api/v1/submissions/{scene.submission.id}/report",
            "/api/v1/submissions",
            "/",
        ):
            answer = team.get(path)
            assert answer.status_code == 200
            assert not {word for word in words if word in answer.text}, path


def long_texts(value: object) -> Iterator[str]:
    """Every number and id that is long enough to be no coincidence."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from long_texts(name)
            yield from long_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from long_texts(inner)
    elif isinstance(value, float) and len(repr(value)) > 8:
        yield repr(value)
    elif isinstance(value, str) and len(value) >= 32:
        yield value
