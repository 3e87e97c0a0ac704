"""What a team reads about its broken or hostile archive: one sentence, evidence, and nothing of others."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from mood_platform.accounts.principal import Principal
from mood_platform.db.engine import Sessions
from mood_platform.failures import FailureReason
from mood_platform.notifications.texts import write_image_mail
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.intake import LONGEST_DETAIL
from mood_support.archive_attacks import ATTACKS
from mood_support.factories import TinyPlatform
from mood_support.image_archives import ImageDraft, Member
from mood_support.intake import Intake
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
SHOWN = [
    attack
    for attack in ATTACKS
    if attack.name
    in {"zstd layer", "layer missing", "folder of root alone", "two images", "arm64", "LD_AUDIT"}
]


@pytest.fixture
def intake(sessions: Sessions, store: LocalStore) -> Intake:
    return Intake(sessions, store)


@pytest.fixture
def site(intake: Intake, database_url: str) -> Iterator[Site]:
    store = intake.store
    platform = TinyPlatform(intake.sessions, store, intake.challenge, store.root / "cache", intake.queue)
    with serve_site(platform, database_url=database_url, root=store.root) as running:
        yield running


def seen(site: Site, who: Principal, image_id: UUID) -> dict[str, Any]:
    with site.visit(who) as client:
        body: dict[str, Any] = client.get(f"/api/v1/images/{image_id}").json()
    return {name: value for name, value in body.items() if name != "request_id"}


def test_the_team_reads_reason_remedy_and_evidence_and_others_read_nothing(
    intake: Intake, site: Site
) -> None:
    unknown = seen(site, intake.south, uuid4())
    for attack in SHOWN:
        image = intake.check(intake.hand_in(attack.build()))
        view = seen(site, intake.north, image.id)
        assert (view["state"], view["reason"]) == ("rejected", attack.reason), attack.name
        assert attack.reason is not None
        assert view["text"] == attack.reason.text, attack.name
        assert attack.says in view["detail"], attack.name
        assert {attack.reason.text, view["detail"]} <= set(write_image_mail(image)[1].splitlines()), (
            attack.name
        )
        assert seen(site, intake.south, image.id) == unknown, attack.name
    assert len(SHOWN) == 6
    assert intake.files() == []


def test_endless_and_unprintable_names_are_shown_short_and_plain(intake: Intake, site: Site) -> None:
    name = "\x1b[2J\u202e<script>" + "n" * 50_000
    image = intake.check(intake.hand_in(ImageDraft(extra=[Member(name, type=tarfile.CHRTYPE)]).archive()))
    detail = seen(site, intake.north, image.id)["detail"]
    assert (image.reason, detail.isprintable()) == (FailureReason.IMAGE_UNREADABLE, True)
    assert len(detail) == LONGEST_DETAIL + 1


def test_the_same_image_of_another_team_is_that_teams_own_and_says_nothing_of_the_first(
    intake: Intake, site: Site
) -> None:
    archive = ImageDraft().archive()
    first = intake.check(intake.hand_in(archive))
    other = intake.check(intake.hand_in(archive, by=intake.south))
    alone = seen(site, intake.north, first.id)
    view = seen(site, intake.south, other.id)
    own = {"id", "created_at", "checked_at"}
    assert {name: view[name] for name in view.keys() - own} == {
        name: alone[name] for name in view.keys() - own
    }
    assert str(first.id) not in str(view)
    again = seen(site, intake.north, intake.check(intake.hand_in(archive)).id)
    assert (again["state"], again["id"]) == ("accepted", str(first.id))
