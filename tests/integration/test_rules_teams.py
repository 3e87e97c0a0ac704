"""Joining a team: a code works once, for a while, for somebody without a team; the quota is the team's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mood_evaluator import Task
from mood_platform.accounts.invitations import LIFETIME, invite, join_team
from mood_platform.accounts.principal import Principal
from mood_platform.accounts.queries import members
from mood_platform.accounts.service import create_team, register
from mood_platform.db.engine import Sessions
from mood_platform.errors import AlreadyExists, Forbidden, NotFound, PlatformError, QuotaExceeded
from mood_platform.models import AuditEvent, Invitation, Stage, User
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import submit
from mood_support.edition import make_image
from mood_support.factories import TinyPlatform, make_platform
from mood_support.site import serve_site

pytestmark = pytest.mark.integration


@pytest.fixture
def platform(sessions: Sessions, store: LocalStore, tmp_path: Path) -> TinyPlatform:
    return make_platform(sessions, store, tmp_path, cases=2)


@pytest.fixture
def north(platform: TinyPlatform) -> Principal:
    return platform.join("north")


def newcomer(platform: TinyPlatform, name: str) -> User:
    with platform.open() as tx:
        return register(tx, email=f"{name}@example.org", name=name, password_hash="!")


def invited(platform: TinyPlatform, member: Principal) -> str:
    with platform.open() as tx:
        return invite(tx, principal=member)[0]


def joined(platform: TinyPlatform, user: User, code: str) -> str:
    with platform.open() as tx:
        return join_team(tx, user=user, code=code).handle


def test_somebody_invited_is_a_member_and_the_code_is_used_up(
    platform: TinyPlatform, north: Principal
) -> None:
    ada, eve, code = newcomer(platform, "ada"), newcomer(platform, "eve"), invited(platform, north)
    assert joined(platform, ada, f" {code} ") == "north"
    with platform.open() as tx:
        team = north.require_team()
        assert [user.name for user in members(tx, team_id=team.id)] == ["north", "ada"]
        assert code not in str(tx.session.scalars(select(Invitation.secret_sha256)).all())
        actions = set(tx.session.scalars(select(AuditEvent.action)))
        assert {"team.invite", "team.join"} <= actions
    with pytest.raises(NotFound, match="unknown, used or expired"):
        joined(platform, eve, code)


def test_a_code_is_worth_nothing_after_its_time_and_looks_like_an_unknown_one(
    platform: TinyPlatform, north: Principal
) -> None:
    ada, code = newcomer(platform, "ada"), invited(platform, north)
    with platform.open() as tx:
        row = tx.session.scalars(select(Invitation)).one()
        assert row.expires_at - row.created_at == LIFETIME
        row.expires_at = tx.now + timedelta(0)
    answers = set()
    for tried in (code, "never issued"):
        with pytest.raises(NotFound) as caught:
            joined(platform, ada, tried)
        answers.add((caught.value.detail, caught.value.remedy))
    assert len(answers) == 1


def test_nobody_gets_into_a_second_team(platform: TinyPlatform, north: Principal) -> None:
    south = platform.join("south")
    with pytest.raises(AlreadyExists, match="in a team already"):
        joined(platform, south.user, invited(platform, north))


def test_only_members_invite(platform: TinyPlatform) -> None:
    ada = newcomer(platform, "ada")
    with pytest.raises(Forbidden, match="not in a team"):
        invited(platform, Principal(user=ada, team=None, organizer=False))


def test_of_many_who_share_a_code_one_gets_in_and_of_many_teams_one_gets_a_person(
    platform: TinyPlatform, north: Principal
) -> None:
    crowd = [newcomer(platform, f"user{index}") for index in range(4)]
    code, codes = invited(platform, north), [invited(platform, platform.join(name)) for name in "wxyz"]

    def attempt(user: User, code: str) -> bool:
        try:
            return bool(joined(platform, user, code))
        except PlatformError:
            return False

    with ThreadPoolExecutor(4) as pool:
        entered = list(pool.map(lambda user: attempt(user, code), crowd))
    assert sum(entered) == 1
    left = crowd[entered.index(False)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda one: attempt(left, one), codes)) == 1
    with pytest.raises(AlreadyExists), platform.open() as tx:
        create_team(tx, user=left, name="One more")


def test_members_share_one_quota(platform: TinyPlatform, north: Principal) -> None:
    ada = newcomer(platform, "ada")
    joined(platform, ada, invited(platform, north))
    both = [north, Principal(user=ada, team=north.team, organizer=False)]

    def hand_in(member: Principal) -> int:
        with platform.open() as tx:
            image = make_image(tx, principal=member)
            made = submit(tx, principal=member, image_id=image.id, task=Task.PIXEL, stage=Stage.CHALLENGE)
            return made.number

    assert [hand_in(both[index % 2]) for index in range(10)] == list(range(1, 11))
    for member in both:
        with pytest.raises(QuotaExceeded):
            hand_in(member)


def test_inviting_and_joining_over_http(
    platform: TinyPlatform, north: Principal, store: LocalStore, database_url: str
) -> None:
    ada = Principal(user=newcomer(platform, "ada"), team=None, organizer=False)
    with serve_site(platform, database_url=database_url, root=store.root) as site:
        with site.visit(north) as client:
            made = client.post("/api/v1/teams/invitations")
        assert (made.status_code, set(made.json())) == (201, {"code", "expires_at"})
        with site.visit(ada) as client:
            assert client.post("/api/v1/teams/invitations").status_code == 403
            code = {"code": made.json()["code"]}
            assert client.post("/api/v1/teams/join", json=code).json() == {"handle": "north", "name": "North"}
            assert client.get("/api/v1/me").json()["team"]["handle"] == "north"
            assert client.post("/api/v1/teams/join", json=code).status_code == 409
