"""Accounts over HTTP: register, log in, who am I, team, log out, limits on guessing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mood_platform.db.engine import Sessions
from mood_platform.storage.local import LocalStore
from mood_support.factories import make_platform
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
ADA = {"email": "ada@example.org", "name": "Ada", "password": "a long enough password"}


@pytest.fixture
def site(sessions: Sessions, store: LocalStore, tmp_path: Path, database_url: str) -> Iterator[Site]:
    platform = make_platform(sessions, store, tmp_path, cases=2)
    with serve_site(
        platform, database_url=database_url, root=store.root, login_attempts_per_minute=8
    ) as running:
        yield running


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{site.url}/api/v1") as made:
        yield made


def log_in(client: httpx.Client) -> dict[str, str]:
    client.post("/users", json=ADA).raise_for_status()
    answer = client.post("/tokens", json={"email": "Ada@Example.org", "password": ADA["password"]})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def test_register_log_in_found_a_team_log_out(client: httpx.Client) -> None:
    token = log_in(client)
    assert client.get("/me", headers=token).json()["team"] is None
    team = {"name": "Analytical Engine", "handle": "engine"}
    assert client.post("/teams", json=team, headers=token).status_code == 201
    me = client.get("/me", headers=token).json()
    assert me["team"] == team
    assert client.delete("/tokens/current", headers=token).status_code == 204
    ended = client.get("/me", headers=token)
    assert (ended.status_code, ended.headers["www-authenticate"]) == (401, "Bearer")


def test_text_with_a_zero_byte_is_refused_with_a_sentence(client: httpx.Client) -> None:
    answer = client.post("/tokens", json={"email": "a\0@example.org", "password": "a long enough password"})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert client.get("/challenges/a%00b").status_code == 422
    assert client.get("/leaderboards/tiny/pixel?version=99999999999999").status_code == 422


def test_an_error_names_code_detail_remedy_and_request(client: httpx.Client) -> None:
    answer = client.get("/me")
    body = answer.json()
    assert set(body) == {"error", "detail", "remedy", "request_id"}
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["error"] == "unauthenticated"


def test_a_wrong_payload_names_the_field_and_never_repeats_a_password(client: httpx.Client) -> None:
    answer = client.post("/users", json=ADA | {"password": "s3cret" * 300})
    assert answer.status_code == 422
    assert "password" in answer.json()["detail"]
    assert "s3cret" not in answer.text


def test_a_second_account_and_a_second_team_are_conflicts(client: httpx.Client) -> None:
    token = log_in(client)
    assert client.post("/users", json=ADA).json()["error"] == "already_exists"
    client.post("/teams", json={"name": "One"}, headers=token)
    assert client.post("/teams", json={"name": "Two"}, headers=token).status_code == 409


def test_guessing_is_slowed_down(client: httpx.Client) -> None:
    wrong = {"email": ADA["email"], "password": "not the password"}
    answers = [client.post("/tokens", json=wrong) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [401] * 8 + [429]
    assert answers[-1].headers["retry-after"] == "60"


def test_a_stranger_who_guesses_does_not_lock_the_owner_out(site: Site, client: httpx.Client) -> None:
    client.post("/users", json=ADA).raise_for_status()
    wrong = {"email": ADA["email"], "password": "not the password"}
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=f"{site.url}/api/v1", transport=elsewhere) as stranger:
        assert {stranger.post("/tokens", json=wrong).status_code for _ in range(9)} == {401, 429}
    right = {"email": ADA["email"], "password": ADA["password"]}
    assert client.post("/tokens", json=right).status_code == 201


def test_every_answer_carries_the_strict_headers(client: httpx.Client) -> None:
    for path in ("/health", "/me", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: httpx.Client) -> None:
    answer = client.post("/tokens", content=b"x" * (2**20 + 1), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    chunked = client.post(
        "/tokens", content=(b"x" * 2**18 for _ in range(5)), headers={"Content-Type": "application/json"}
    )
    assert chunked.status_code in {400, 413}
