"""What retention removed, will remove, and what holds keep, is told: on pages, by the API and by commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from mood_platform.accounts.principal import Principal
from mood_platform.cli.main import app as command
from mood_platform.db.engine import Sessions
from mood_platform.keeping.round import carry_out
from mood_platform.models import Image, Run, Stage, Submission
from mood_platform.storage.local import LocalStore
from mood_support.edition import make_participant
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class Scene:
    site: Site
    north: Principal
    olga: Principal
    submission: Submission

    def mood(self, who: Principal, *arguments: str) -> str:
        environment = {"MOOD_URL": self.site.url, "MOOD_TOKEN": self.site.token(who)}
        result = CliRunner().invoke(command, list(arguments), env=environment)
        assert result.exception is None, result.exception
        return " ".join(result.output.split())

    def page(self) -> str:
        with self.site.visit(self.north) as client:
            return " ".join(client.get(f"/submissions/{self.submission.id}").text.split())


@pytest.fixture(scope="module")
def scene(
    start_afresh: Callable[[], Sessions], tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("told")
    store = LocalStore(folder / "objects")
    platform = make_platform(start_afresh(), store, folder / "sets", cases=2)
    north = platform.join("north")
    submission = platform.submit(north, stage=Stage.TOY)
    with platform.open() as tx:
        olga = make_participant(tx, "olga", organizer=True)
        image = tx.session.get_one(Image, submission.image_id)
        image.name, image.leaves_at = "method.tar", tx.now + timedelta(days=14)
    run = platform.run_of(submission)
    with platform.open() as tx:
        row = tx.session.get_one(Run, run.id)
        row.predictions_removed_at = row.logs_removed_at = tx.now
    carry_out(platform.sessions, platform.queue, store, unused_days=365)
    with serve_site(platform, database_url=database_url, root=store.root) as site:
        yield Scene(site, north, olga, submission)


def test_a_team_reads_what_was_removed_and_which_image_goes_when(scene: Scene) -> None:
    page = scene.page()
    assert "<dt>Removed</dt><dd>predictions 20" in page
    assert "by the rules; scores and reports stay" in page
    status = scene.mood(scene.north, "status", str(scene.submission.id))
    assert "Its predictions were removed at 20" in status
    assert "Its logs were removed at 20" in status


def test_a_notice_that_no_longer_holds_is_taken_back(scene: Scene) -> None:
    """The edition is open, so the round found that the image stays."""
    assert "it is removed" not in scene.page()
    with scene.site.platform.open() as tx:
        tx.session.get_one(Image, scene.submission.image_id).leaves_at = tx.now + timedelta(days=14)
    assert "it is removed" in scene.page()
    line = "The image method.tar is removed at 20"
    assert line in scene.mood(scene.north, "status")
    assert line in scene.mood(scene.north, "status", str(scene.submission.id))


def test_an_organizer_places_a_hold_its_team_reads_why_and_it_ends(scene: Scene) -> None:
    held = scene.mood(
        scene.olga, "admin", "hold", "north", "--until", "2098-03-01", "--reason", "A <b>dispute</b>."
    )
    assert "team:north is kept until 2098-03-01T00:00:00Z." in held
    assert "team:north" in scene.mood(scene.olga, "admin", "holds")
    page = scene.page()
    assert "A &lt;b&gt;dispute&lt;/b&gt;." in page
    assert "Kept until 2098-03-01T00:00:00Z: A <b>dispute</b>." in scene.mood(
        scene.north, "status", str(scene.submission.id)
    )
    assert "Holds ended: 1." in scene.mood(scene.olga, "admin", "unhold", "team:north", "--reason", "Over.")
    assert "dispute" not in scene.page()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"on": "nobody", "until": "2098-01-01T00:00:00Z", "reason": "x"}, "run:ID, team:HANDLE"),
        ({"on": "north", "until": "2020-01-01T00:00:00Z", "reason": "x"}, "Field until"),
        ({"on": "north", "until": "2098-01-01T00:00:00Z", "reason": " "}, "Field reason"),
        ({"on": "north", "until": "2098-01-01T00:00:00Z", "reason": "x\u202ey"}, "it holds U+202E"),
    ],
)
def test_a_hold_on_nothing_in_the_past_or_without_a_reason_is_refused(
    scene: Scene, body: dict[str, Any], words: str
) -> None:
    with scene.site.visit(scene.olga) as client:
        answer = client.post("/api/v1/admin/holds", json=body)
    assert not answer.is_success
    assert words in answer.text


def test_a_name_that_is_a_team_and_a_challenge_must_say_which(scene: Scene) -> None:
    with scene.site.platform.open() as tx:
        make_participant(tx, "tiny")
    body = {"on": "tiny", "until": "2098-01-01T00:00:00Z", "reason": "x"}
    with scene.site.visit(scene.olga) as client:
        answer = client.post("/api/v1/admin/holds", json=body)
        assert "a team and a challenge" in answer.text
        made = client.post("/api/v1/admin/holds", json=body | {"on": "challenge:tiny"}).json()
        assert made["on"] == "challenge:tiny"
        assert client.post(
            "/api/v1/admin/holds/lift", json={"on": "challenge:tiny", "reason": "x"}
        ).json() == {"lifted": 1}
        assert (
            client.post("/api/v1/admin/holds/lift", json={"on": "challenge:tiny", "reason": "x"}).status_code
            == 409
        )


def test_organizers_read_what_rounds_did_and_what_one_would_do(scene: Scene) -> None:
    plan = scene.mood(scene.olga, "admin", "retention", "--dry-run")
    assert "Nothing is removed before 20" in plan
    assert "predictions: 0 of 0 runs, 0 B" in plan
    assert "reported" in scene.mood(scene.olga, "admin", "retention")
    shown = scene.mood(scene.olga, "admin", "show", str(scene.submission.id))
    assert '"predictions_removed_at": "20' in shown
