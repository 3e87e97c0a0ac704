"""Accounts on a real database: registration, tokens, teams, roles."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mood_platform.accounts import service
from mood_platform.accounts.passwords import verify_password
from mood_platform.accounts.queries import audit_trail, members
from mood_platform.accounts.service import (
    authenticate,
    create_team,
    hash_new_password,
    make_organizer,
    make_reference,
    revoke,
)
from mood_platform.db.engine import Sessions
from mood_platform.db.transaction import Transaction, transaction
from mood_platform.errors import AlreadyExists, Invalid, NotFound, PlatformError, Unauthenticated
from mood_platform.fake_queue import FakeQueue
from mood_platform.models import Team, Token, User

pytestmark = pytest.mark.integration
PASSWORD = "correct horse battery"


def register(tx: Transaction, *, email: str, name: str, password: str) -> User:
    hashed = hash_new_password(email=email, name=name, password=password)
    return service.register(tx, email=email, name=name, password_hash=hashed)


def login(tx: Transaction, *, email: str, password: str) -> str:
    stored = service.find_password_hash(tx, email=email)
    proved = stored if verify_password(stored, password) else None
    return service.open_session(tx, email=email, password_hash=proved)


@pytest.fixture
def alice(sessions: Sessions) -> User:
    with transaction(sessions, FakeQueue()) as tx:
        return register(tx, email="Alice@example.org", name=" Alice  A. ", password=PASSWORD)


def test_a_token_opens_the_door_and_is_not_stored(sessions: Sessions, alice: User) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        secret = login(tx, email="alice@EXAMPLE.org", password=PASSWORD)
    assert secret.startswith("mood_")
    with transaction(sessions, FakeQueue()) as tx:
        principal = authenticate(tx, secret=secret)
        stored = tx.session.scalars(select(Token)).one()
        assert secret.removeprefix("mood_") not in f"{stored.secret_sha256} {stored.label}"
        assert stored.expires_at == stored.created_at + timedelta(days=90)
    assert principal.user.name == "Alice A."
    assert (principal.team, principal.organizer) == (None, False)


@pytest.mark.parametrize(
    ("email", "password"), [("alice@example.org", "wrong"), ("bob@example.org", PASSWORD)]
)
def test_a_wrong_password_and_an_unknown_account_answer_alike(
    sessions: Sessions, alice: User, email: str, password: str
) -> None:
    with (
        pytest.raises(Unauthenticated, match="E-mail or password is wrong"),
        transaction(sessions, FakeQueue()) as tx,
    ):
        login(tx, email=email, password=password)


def test_a_revoked_token_is_worth_nothing(sessions: Sessions, alice: User) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        secret, other = (login(tx, email=alice.email, password=PASSWORD) for _ in range(2))
    with transaction(sessions, FakeQueue()) as tx:
        revoke(tx, secret=secret)
    with transaction(sessions, FakeQueue()) as tx:
        with pytest.raises(Unauthenticated):
            authenticate(tx, secret=secret)
        assert authenticate(tx, secret=other).user.id == alice.id


def test_an_expired_token_is_worth_nothing(sessions: Sessions, alice: User) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        secret = login(tx, email=alice.email, password=PASSWORD)
    with transaction(sessions, FakeQueue()) as tx:
        tx.session.scalars(select(Token)).one().expires_at = tx.now
    with transaction(sessions, FakeQueue()) as tx, pytest.raises(Unauthenticated, match="expired"):
        authenticate(tx, secret=secret)


def test_an_email_registers_once_whatever_its_case(sessions: Sessions, alice: User) -> None:
    with pytest.raises(AlreadyExists), transaction(sessions, FakeQueue()) as tx:
        register(tx, email="ALICE@example.org", name="A", password=PASSWORD)


@pytest.mark.parametrize(
    "email", ["", "alice", "a b@example.org", "a@x.org,b@x.org", "a@x.org\nBcc: b@x.org", "é@x.org"]
)
def test_what_is_not_one_plain_address_is_refused(sessions: Sessions, email: str) -> None:
    with pytest.raises(Invalid, match="email"), transaction(sessions, FakeQueue()) as tx:
        register(tx, email=email, name="A", password=PASSWORD)


def test_a_short_password_is_refused(sessions: Sessions) -> None:
    with pytest.raises(Invalid, match="password"), transaction(sessions, FakeQueue()) as tx:
        register(tx, email="a@example.org", name="A", password="short")


def test_a_founded_team_is_the_principals(sessions: Sessions, alice: User) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        team = create_team(tx, user=alice, name="Équipe Nord", handle="nord")
        secret = login(tx, email=alice.email, password=PASSWORD)
    with transaction(sessions, FakeQueue()) as tx:
        found = authenticate(tx, secret=secret).require_team()
        assert (found.handle, found.name) == ("nord", "Équipe Nord")
        assert [user.email for user in members(tx, team_id=team.id)] == ["Alice@example.org"]
        assert [event.action for event in audit_trail(tx, limit=9)] == ["team.create", "user.register"]


def test_a_second_team_and_a_taken_name_are_refused(sessions: Sessions, alice: User) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        create_team(tx, user=alice, name="Team A", handle="north")
        bob = register(tx, email="bob@example.org", name="Bob", password=PASSWORD)
    with pytest.raises(AlreadyExists, match="in a team"), transaction(sessions, FakeQueue()) as tx:
        create_team(tx, user=alice, name="South")
    with pytest.raises(AlreadyExists, match="handle 'north'"), transaction(sessions, FakeQueue()) as tx:
        create_team(tx, user=bob, name="Another", handle="north")
    for name in ("team a", "\u0422eam A"):  # a Cyrillic T
        with pytest.raises(AlreadyExists, match="team 'Team A'"), transaction(sessions, FakeQueue()) as tx:
            create_team(tx, user=bob, name=name)


def test_names_in_any_script_get_in_and_accents_block_nobody(sessions: Sessions) -> None:
    names = ["Équipe", "Equipe", "東京大学", "\u0422\u0415\u0410\u041c", "🧠", "Müller", "Muller"]
    with transaction(sessions, FakeQueue()) as tx:
        for place, name in enumerate(names):
            user = register(tx, email=f"u{place}@example.org", name=name, password=PASSWORD)
            team = create_team(tx, user=user, name=name)
            assert re.fullmatch("team-[a-z0-9]{6}", team.handle)


def test_of_founders_of_one_name_at_once_one_succeeds(sessions: Sessions) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        users = [register(tx, email=f"u{one}@x.org", name="U", password=PASSWORD) for one in range(8)]
    founders = iter(users)
    assert race(sessions, lambda tx: create_team(tx, user=next(founders), name="North")) == 1


def race(sessions: Sessions, act: Callable[[Transaction], object], times: int = 8) -> int:
    """How many of these concurrent attempts went through."""

    def attempt(_: int) -> bool:
        try:
            with transaction(sessions, FakeQueue()) as tx:
                act(tx)
        except PlatformError:
            return False
        return True

    with ThreadPoolExecutor(times) as pool:
        return sum(pool.map(attempt, range(times)))


def test_concurrent_founders_end_in_one_team(sessions: Sessions, alice: User) -> None:
    names = iter(f"Team {index}" for index in range(8))
    assert race(sessions, lambda tx: create_team(tx, user=alice, name=next(names))) == 1
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Team)) == 1


def test_concurrent_registrations_end_in_one_account(sessions: Sessions) -> None:
    assert race(sessions, lambda tx: register(tx, email="x@example.org", name="X", password=PASSWORD)) == 1


def test_roles_are_given_by_the_operator_and_audited(sessions: Sessions, alice: User) -> None:
    with transaction(sessions, FakeQueue()) as tx:
        create_team(tx, user=alice, name="North", handle="north")
        make_organizer(tx, email="alice@example.org")
        make_reference(tx, team="north")
    with transaction(sessions, FakeQueue()) as tx:
        assert tx.session.scalars(select(User)).one().organizer
        assert tx.session.scalars(select(Team)).one().reference
        assert {"user.make_organizer", "team.make_reference"} <= {e.action for e in audit_trail(tx, limit=9)}
        with pytest.raises(NotFound):
            make_organizer(tx, email="nobody@example.org")
        with pytest.raises(NotFound):
            make_reference(tx, team="south")


def test_the_audit_trail_is_read_in_pages(sessions: Sessions) -> None:
    for name in "abcde":
        with transaction(sessions, FakeQueue()) as tx:
            register(tx, email=f"{name}@example.org", name=name, password=PASSWORD)
    with transaction(sessions, FakeQueue()) as tx:
        first = audit_trail(tx, limit=3)
        second = audit_trail(tx, limit=3, before=(first[-1].at, first[-1].id))
    assert [event.actor[0] for event in [*first, *second]] == list("edcba")
