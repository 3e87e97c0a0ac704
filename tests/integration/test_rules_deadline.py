"""Opening, deadline and grace over HTTP: the test sets the clock of the database, the machine has its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from mood_evaluator import Task
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge
from mood_platform.db.engine import Sessions, make_sessions
from mood_platform.images.image_config import CHECK
from mood_platform.leaderboards.selection import select_contenders
from mood_platform.models import Challenge, Image, ImageState, RunState
from mood_platform.runs.queries import newest_run
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.queries import find_any_submission
from mood_support.edition import DOCUMENT, make_image
from mood_support.factories import make_platform
from mood_support.hand_clock import HandClock, hand_clock
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
API = "/api/v1"
OPENS, CLOSES = datetime(2026, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
GRACE = 2 * HOUR
TUS = {"Tus-Resumable": "1.0.0"}


class World:
    """The server, a team's client, and the hand on the database's clock."""

    def __init__(self, site: Site, clock: HandClock) -> None:
        self.site, self.clock = site, clock
        self.at(CLOSES - HOUR)
        self.north: Principal = site.platform.join("north")

    def at(self, moment: datetime) -> None:
        self.clock.set(moment)

    def image(self, *, begun_at: datetime) -> UUID:
        with self.site.platform.open() as tx:
            return make_image(tx, principal=self.north, begun_at=begun_at).id

    def submit(self, image: UUID, *, stage: str = "challenge", key: str = "") -> httpx.Response:
        body = {"image": str(image), "task": "pixel", "stage": stage}
        with self.site.visit(self.north) as client:
            return client.post(
                f"{API}/submissions", json=body, headers={"Idempotency-Key": key} if key else {}
            )

    def begin_upload(self, *, size: int = 4) -> httpx.Response:
        headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": "filename dGlueQ=="}
        with self.site.visit(self.north) as client:
            return client.post(f"{API}/uploads", headers=headers)

    def finish_upload(self, place: str) -> UUID:
        """Send all bytes, and have the image accepted."""
        headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        with self.site.visit(self.north) as client:
            client.patch(place, content=b"tar!", headers=headers).raise_for_status()
            image = UUID(client.get(place).json()["image"])
        with self.site.platform.open() as tx:
            row = tx.session.get_one(Image, image)
            row.state, row.digest = ImageState.ACCEPTED, "sha256:1"
            row.facts = {"tasks": ["pixel"], "check": CHECK}
        return image

    def score(self, submission: str) -> None:
        with self.site.platform.open() as tx:
            run = newest_run(tx, submission=find_any_submission(tx, submission_id=UUID(submission)))
            assert run is not None
            for state in (RunState.RUNNING, RunState.SCORING, RunState.SCORED):
                run.advance(state, now=tx.now)

    def close(self, moment: datetime, *, grace: str = "2h") -> None:
        """The organizers move the deadline."""
        timeline = DOCUMENT["timeline"] | {
            "closes": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "upload_grace": grace,
        }
        with self.site.platform.open() as tx:
            config = ChallengeConfig.parse({**DOCUMENT, "timeline": timeline})
            apply_challenge(tx, config=config, reason="A test.")

    def standings(self) -> list[tuple[int, str]]:
        with self.site.platform.open() as tx:
            challenge = tx.session.get_one(Challenge, self.site.platform.challenge.id)
            found = select_contenders(tx, challenge=challenge, task=Task.PIXEL)
            return [(entry.submission.number, str(entry.standing)) for entry in found]


@pytest.fixture
def world(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[World]:
    with hand_clock(database_url) as clock:
        platform = make_platform(make_sessions(clock.engine), store, tmp_path, cases=2)
        with serve_site(platform, database_url=database_url, root=store.root) as site:
            yield World(site, clock)


def test_a_submission_is_taken_up_to_the_second_before_the_deadline_and_no_later(world: World) -> None:
    late_image = world.image(begun_at=CLOSES)  # of an upload that nobody should have let begin
    world.at(CLOSES - SECOND)
    taken = world.submit(world.image(begun_at=CLOSES - SECOND))
    assert (taken.status_code, taken.json()["submitted_at"]) == (201, "2098-12-31T23:59:59Z")
    for moment in (CLOSES, CLOSES + SECOND):
        world.at(moment)
        refused = world.submit(late_image)
        assert (refused.status_code, refused.json()["error"]) == (409, "stage_closed")
        assert "closed at 2099-01-01T00:00:00Z" in refused.json()["detail"]


def test_an_upload_begins_up_to_the_second_before_the_deadline_and_no_later(world: World) -> None:
    world.at(CLOSES - SECOND)
    assert world.begin_upload().status_code == 201
    world.at(CLOSES)
    refused = world.begin_upload()
    assert (refused.status_code, refused.json()["error"]) == (409, "stage_closed")
    assert "uploads begun before may still be finished" in refused.json()["remedy"]


def test_an_upload_begun_in_time_is_finished_and_submitted_in_the_last_second_of_the_grace(
    world: World,
) -> None:
    world.at(CLOSES - SECOND)
    place = world.begin_upload().headers["Location"]
    world.at(CLOSES + GRACE - SECOND)
    image = world.finish_upload(place)
    taken = world.submit(image)
    assert taken.status_code == 201
    world.score(taken.json()["id"])
    assert world.standings() == [(1, "ranked")]


def test_the_same_upload_is_too_late_when_the_grace_is_over(world: World) -> None:
    world.at(CLOSES - SECOND)
    place = world.begin_upload().headers["Location"]
    world.at(CLOSES + GRACE)
    image = world.finish_upload(place)
    assert world.submit(image).json()["error"] == "stage_closed"


def test_the_grace_of_one_upload_is_not_that_of_another(world: World) -> None:
    in_time, late = world.image(begun_at=CLOSES - SECOND), world.image(begun_at=CLOSES)
    world.at(CLOSES + HOUR)
    assert world.submit(in_time).status_code == 201
    assert world.submit(late).status_code == 409


def test_the_toy_stage_closes_with_the_challenge_and_has_the_same_grace(world: World) -> None:
    image = world.image(begun_at=CLOSES - SECOND)
    world.at(CLOSES + GRACE - SECOND)
    assert world.submit(image, stage="toy").status_code == 201
    world.at(CLOSES + GRACE)
    assert world.submit(image, stage="toy").status_code == 409


def test_nothing_is_taken_before_the_opening(world: World) -> None:
    image = world.image(begun_at=OPENS)
    world.at(OPENS - SECOND)
    assert "opens at 2026-01-01" in world.submit(image).json()["detail"]
    assert world.begin_upload().json()["error"] == "stage_closed"
    world.at(OPENS)
    assert world.submit(image).status_code == 201


def test_a_repeated_request_gets_its_first_answer_even_after_the_deadline(world: World) -> None:
    image = world.image(begun_at=CLOSES - HOUR)
    world.at(CLOSES - SECOND)
    first = world.submit(image, key="lost answer")
    world.at(CLOSES + GRACE + HOUR)
    again = world.submit(image, key="lost answer")
    assert again.json()["id"] == first.json()["id"]
    assert world.submit(image, key="another").status_code == 409


def test_nothing_is_taken_back_once_the_challenge_is_closed(world: World) -> None:
    image = world.image(begun_at=CLOSES - HOUR)
    first, second, toy = (
        world.submit(image).json(),
        world.submit(image).json(),
        world.submit(image, stage="toy").json(),
    )
    with world.site.visit(world.north) as client:
        world.at(CLOSES - SECOND)
        assert client.post(f"{API}/submissions/{first['id']}/cancel").status_code == 200
        world.at(CLOSES)
        for act in ("cancel", "withdraw"):
            refused = client.post(f"{API}/submissions/{second['id']}/{act}")
            assert (refused.status_code, refused.json()["error"]) == (409, "stage_closed")
            assert "they can exclude a submission" in refused.json()["remedy"]
        assert client.post(f"{API}/submissions/{toy['id']}/withdraw").status_code == 200
        assert client.get(f"{API}/submissions/{second['id']}").json()["state"] == "accepted"


def test_a_clock_set_back_changes_no_order(world: World) -> None:
    image = world.image(begun_at=CLOSES - 9 * HOUR)
    for moment in (CLOSES - HOUR, CLOSES - 3 * HOUR):
        world.at(moment)
        world.score(world.submit(image).json()["id"])
    assert world.standings() == [(2, "ranked")]
    with world.site.visit(world.north) as client:
        shown = {view["submitted_at"] for view in client.get(f"{API}/submissions").json()["items"]}
    assert shown == {"2098-12-31T23:00:00Z"}


def test_an_earlier_deadline_makes_later_submissions_late_and_the_one_before_counts(world: World) -> None:
    image = world.image(begun_at=CLOSES - 9 * HOUR)
    for moment in (CLOSES - 5 * HOUR, CLOSES - 2 * HOUR):
        world.at(moment)
        world.score(world.submit(image).json()["id"])
    world.close(CLOSES - 3 * HOUR, grace="0s")
    assert world.standings() == [(1, "ranked")]
    world.close(CLOSES - 6 * HOUR, grace="0s")
    assert world.standings() == [(2, "late")]
    world.close(CLOSES)
    assert world.standings() == [(2, "ranked")]


def test_a_later_deadline_lets_more_in_and_changes_nothing_that_stands(world: World) -> None:
    image = world.image(begun_at=CLOSES - HOUR)
    world.score(world.submit(image).json()["id"])
    world.at(CLOSES + 3 * HOUR)
    assert world.submit(image).status_code == 409
    world.close(CLOSES + 4 * HOUR)
    assert world.standings() == [(1, "ranked")]
    world.score(world.submit(image).json()["id"])
    assert world.standings() == [(2, "ranked")]
