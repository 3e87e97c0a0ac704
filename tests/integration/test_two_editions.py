"""Two editions side by side, from the upload to the published boards of both, by API and command line."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from mood_evaluator import canonical_digest
from mood_platform.accounts.principal import Principal
from mood_platform.challenges.config import ChallengeConfig
from mood_platform.challenges.service import apply_challenge
from mood_platform.cli.main import app
from mood_platform.db.engine import Sessions
from mood_platform.errors import PlatformError
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import Challenge
from mood_platform.queueing import CheckImage, Message
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.intake import check_image
from mood_support.contest import Contest
from mood_support.edition import DOCUMENT, make_edition, make_participant
from mood_support.factories import TinyPlatform
from mood_support.image_archives import ImageDraft
from mood_support.intake import LIMIT
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
API = "/api/v1"
TUS = {"Tus-Resumable": "1.0.0"}
LAST, THIS = "tiny", "tiny-2027"
QUOTA = {"challenge": 3, "attempts": 5}


class Editions:
    """`tiny` and `tiny-2027`, both open, on the same test sets; images are checked at once."""

    def __init__(self, contest: Contest, site: Site, folder: Path) -> None:
        self.contest, self.site, self.folder = contest, site, folder
        assert isinstance(contest.platform.queue, CheckingQueue)
        self.queue = contest.platform.queue
        self.north, self.south = contest.join("north"), contest.join("south")
        with contest.platform.open() as tx:
            self.olga = make_participant(tx, "olga", organizer=True)
        self.archives = {"north": self._archive("north"), "south": self._archive("south")}

    def _archive(self, name: str) -> Path:
        path = self.folder / f"{name}.tar"
        path.write_bytes(ImageDraft(config={"Labels": {"method": name}}).archive())
        return path

    def mood(self, who: Principal, *words: object) -> Result:
        environment = {
            "MOOD_URL": self.site.url,
            "MOOD_TOKEN": self.site.token(who),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        return CliRunner().invoke(app, [str(word) for word in words], env=environment)

    def submit(self, who: Principal, *words: object) -> dict[str, Any]:
        """By the command line; the first view that it prints."""
        archive = self.archives[who.user.name]
        result = self.mood(
            who, "submit", archive, "--stage", "challenge", "--task", "pixel", "--json", *words
        )
        assert result.exit_code == 0, result.output
        view: dict[str, Any] = json.loads(result.stdout)[0]
        self.contest.quality[view["image"]["digest"]] = {"north": 0.3, "south": 1}[who.user.name]
        return view

    def refusal(self, who: Principal, *words: object) -> str:
        result = self.mood(who, "submit", self.archives[who.user.name], "--stage", "challenge", *words)
        assert isinstance(result.exception, PlatformError | Exception), result.output
        return str(result.exception)

    def upload(self, client: httpx.Client, archive: Path) -> str:
        """By the API alone, with no challenge in it; the id of the image."""
        content = archive.read_bytes()
        name = base64.b64encode(archive.name.encode()).decode()
        headers = TUS | {"Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"}
        place = client.post(f"{API}/uploads", headers=headers).raise_for_status().headers["Location"]
        headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        client.patch(place, content=content, headers=headers).raise_for_status()
        self.queue.wait()
        return str(client.get(place).json()["image"])

    def close(self, slug: str) -> None:
        with self.contest.platform.open() as tx:
            challenge = tx.session.query(Challenge).filter_by(slug=slug).one()
            challenge.closes, challenge.upload_grace_seconds = tx.now, 0

    def quota(self, who: Principal, slug: str) -> int:
        with self.site.visit(who) as client:
            return int(client.get(f"{API}/challenges/{slug}").json()["quota"]["used"])


class CheckingQueue(FakeQueue):
    """An intake worker: every image is checked as soon as its job is sent."""

    platform: TinyPlatform
    checks: list[Thread]

    def send(self, message: Message) -> None:
        if not isinstance(message, CheckImage):
            super().send(message)
            return
        here = self.platform
        image = {"image_id": message.image_id, "limit": LIMIT}
        self.checks.append(Thread(target=check_image, args=(here.sessions, self, here.store), kwargs=image))
        self.checks[-1].start()

    def wait(self) -> None:
        """Until every check is over."""
        while self.checks:
            self.checks.pop().join()


@pytest.fixture
def editions(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Editions]:
    queue = CheckingQueue()
    platform = TinyPlatform(sessions, store, Challenge(), tmp_path / "node", queue)
    with platform.open() as tx:
        make_edition(tx, store=store, folder=tmp_path / "sets", cases=4)
        again = {**DOCUMENT, "slug": THIS, "title": "The next tiny edition", "quota": QUOTA}
        apply_challenge(tx, config=ChallengeConfig.parse(again))
    queue.platform, queue.checks = platform, []
    contest = Contest(platform, tmp_path / "sets")
    with serve_site(platform, database_url=database_url, root=store.root) as site:
        yield Editions(contest, site, tmp_path)
        queue.wait()


def test_last_years_image_enters_this_years_edition_and_each_has_its_quota_and_its_board(
    editions: Editions,
) -> None:
    north, south, olga = editions.north, editions.south, editions.olga
    first = editions.submit(north, "--challenge", LAST)
    assert (first["challenge"], first["quota"]["used"], first["quota"]["limit"]) == (LAST, 1, 10)
    editions.submit(south, "--challenge", LAST)
    editions.contest.run()
    editions.close(LAST)
    assert f"The challenge {LAST} closed" in editions.refusal(north, "--challenge", LAST)

    again = editions.submit(north)  # the one that is open
    assert (again["challenge"], again["quota"]["used"], again["quota"]["limit"]) == (THIS, 1, 3)
    assert again["image"]["id"] == first["image"]["id"]
    with editions.site.visit(south) as client:
        body = {
            "task": "pixel",
            "stage": "challenge",
            "image": editions.upload(client, editions.archives["south"]),
        }
        closed = client.post(f"{API}/submissions", json=body | {"challenge": LAST})
        assert (closed.status_code, closed.json()["error"]) == (409, "stage_closed")
        taken = client.post(f"{API}/submissions", json=body | {"challenge": THIS})
        assert (taken.status_code, taken.json()["challenge"]) == (201, THIS)
        assert len(client.get(f"{API}/images").json()["items"]) == 1
    assert [editions.quota(one, slug) for one in (north, south) for slug in (LAST, THIS)] == [1, 1, 1, 1]
    editions.contest.run()
    editions.close(THIS)

    published = editions.mood(olga, "admin", "publish", "pixel", "--challenge", LAST, "--yes", "--json")
    assert published.exit_code == 0, published.output
    with editions.site.visit(olga) as client:
        answer = client.post(f"{API}/admin/leaderboards/{THIS}/pixel/publish", json={})
        assert answer.status_code == 201, answer.text
    for slug, title in ((LAST, "A tiny edition"), (THIS, "The next tiny edition")):
        shown = editions.mood(north, "leaderboard", "pixel", "--challenge", slug, "--json")
        document = json.loads(shown.stdout)["document"]
        assert document["challenge"] == {"slug": slug, "title": title}
        assert [row["team"] for row in document["rows"]] == ["south", "north"]
        assert canonical_digest(document) == document["digest"]


def test_a_challenge_is_named_where_several_are_open_and_the_answer_names_them(editions: Editions) -> None:
    north = editions.north
    assert f"2 challenges are open ({LAST}, {THIS})" in editions.refusal(north)
    with editions.site.visit(north) as client:
        body = {"task": "pixel", "stage": "toy", "image": editions.upload(client, editions.archives["north"])}
        answer = client.post(f"{API}/submissions", json=body)
        assert answer.status_code == 422
        assert f"2 challenges are open ({LAST}, {THIS})" in answer.json()["detail"]
        assert client.post(f"{API}/submissions", json=body | {"challenge": "nope"}).status_code == 404
        editions.close(LAST)
        assert client.post(f"{API}/submissions", json=body).json()["challenge"] == THIS
    editions.close(THIS)
    with editions.site.visit(north) as client:
        headers = TUS | {"Upload-Length": "4"}
        refused = client.post(f"{API}/uploads", headers=headers).json()
        assert (refused["error"], f"{THIS} closed" in refused["detail"]) == ("stage_closed", True)


def test_a_key_with_another_edition_is_another_request(editions: Editions) -> None:
    with editions.site.visit(editions.north) as client:
        client.headers["Idempotency-Key"] = "a key"
        body = {
            "task": "pixel",
            "stage": "challenge",
            "image": editions.upload(client, editions.archives["north"]),
        }
        first = client.post(f"{API}/submissions", json=body | {"challenge": LAST}).json()
        assert client.post(f"{API}/submissions", json=body | {"challenge": THIS}).status_code == 409
        for same in (body, body | {"challenge": LAST}):
            assert client.post(f"{API}/submissions", json=same).json()["id"] == first["id"]


def test_organizers_list_one_edition_and_name_a_submission_as_the_list_does(editions: Editions) -> None:
    north, south, olga = editions.north, editions.south, editions.olga
    editions.submit(north, "--challenge", LAST)
    made = [editions.submit(south, "--challenge", slug) for slug in (LAST, THIS)]
    with editions.site.visit(olga) as client:

        def found(**query: object) -> list[tuple[str, int]]:
            items = client.get(f"{API}/admin/submissions", params=query).raise_for_status().json()["items"]
            return [(one["team"]["handle"], one["number"]) for one in items]

        assert found() == [("south", 2), ("south", 1), ("north", 1)]
        assert found(challenge=THIS) == [("south", 2)]
        assert found(challenge=LAST, team="south") == [("south", 1)]
        assert client.get(f"{API}/admin/submissions", params={"team": "nobody"}).status_code == 404
    table = editions.mood(olga, "admin", "submissions", "--challenge", THIS).stdout
    assert "south#2" in table
    assert LAST not in table.replace(THIS, "")
    shown = json.loads(editions.mood(olga, "admin", "show", "south#2").stdout)
    assert (shown["id"], shown["challenge"]) == (made[1]["id"], THIS)
    editions.mood(olga, "admin", "exclude", "south#1", "--reason", "It was trained on the test set.")
    with editions.site.visit(south) as client:
        states = [one["state"] for one in client.get(f"{API}/submissions").json()["items"]]
    assert states == ["accepted", "excluded"]
    assert "There is no submission south#3." in str(editions.mood(olga, "admin", "show", "south#3").exception)
