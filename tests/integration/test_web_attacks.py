"""What strangers send to a web server: forged forms, false hosts, deep and huge bodies, hostile text."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from mood_platform.accounts.passwords import hash_password
from mood_platform.db.engine import Sessions
from mood_platform.http.cursors import encode_cursor
from mood_platform.http.dependencies import SESSION_COOKIE, open_transaction
from mood_platform.http.errors import INTERNAL
from mood_platform.models import Submission, Team, User
from mood_platform.storage.local import LocalStore
from mood_platform.submissions.service import exclude
from mood_support.hidden_world import TOY_LOG, HiddenWorld, Secrets, build_hidden_world
from mood_support.route_table import asks_of, route_table
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
API = "/api/v1"
PASSWORD = "correct horse battery"
SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"
SECRETS = Secrets(seed=3, cases=20, seconds=0.5, score=0.25, exit_code=1, kept=5, word="walrus")
PARAMETERS = ("submission_id", "image_id", "upload_id", "run_id", "node_name", "team")
ID = {name: {"unknown": str(uuid4())} for name in PARAMETERS}
WORDS = {
    "slug": "tiny",
    "challenge": "tiny",
    "task": "pixel",
    "name": "toy-brain",
    "path": "icon.svg",
    "number": "7",
}
IDS = ID | {name: {"public": value} for name, value in WORDS.items()}


@dataclass(frozen=True, slots=True)
class Scene:
    site: Site
    world: HiddenWorld


@pytest.fixture(scope="module")
def scene(
    start_afresh: Callable[[], Sessions], tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("attacks")
    store = LocalStore(folder / "objects")
    world = build_hidden_world(start_afresh(), store, folder, SECRETS)
    settings = {"public_url": "https://mood.example.org", "login_attempts_per_minute": 1000}
    with serve_site(world.platform, database_url=database_url, root=store.root, **settings) as site:
        yield Scene(site, world)


@pytest.fixture
def team(scene: Scene) -> Iterator[httpx.Client]:
    with scene.site.visit(scene.world.north) as client:
        yield client


@pytest.fixture
def visitor(scene: Scene) -> Iterator[httpx.Client]:
    with scene.site.visit() as client:
        yield client


def test_every_page_that_takes_a_form_wants_its_own_token(scene: Scene, team: httpx.Client) -> None:
    forms = [key for key in route_table(scene.site) if not key.startswith("GET /") and API not in key]
    assert forms, "there are pages that take forms"
    for key in forms:
        for ask in asks_of(key, IDS):
            for form in ({}, {"csrf": "guessed"}, {"csrf": ""}):
                answer = team.request(ask.method, ask.path, data=form)
                assert answer.status_code == 403, (key, form)


def test_the_api_takes_no_cookie_so_that_no_page_can_send_for_its_reader(scene: Scene) -> None:
    with scene.site.visit(scene.world.north) as client:
        del client.headers["Authorization"]
        assert client.cookies[SESSION_COOKIE]
        for key in route_table(scene.site):
            method, path = key.split(" ")
            if path.startswith(f"{API}/") and method in ("POST", "PATCH", "DELETE"):
                [ask] = asks_of(key, IDS)
                answer = client.request(method, ask.path, headers={"Tus-Resumable": "1.0.0"})
                assert answer.status_code in (401, 422), key
                assert answer.status_code == 401 or path in (f"{API}/users", f"{API}/tokens"), key


def test_every_answer_has_strict_headers_and_stays_in_no_cache(scene: Scene, team: httpx.Client) -> None:
    asks = [ask for key in route_table(scene.site) for ask in asks_of(key, IDS)]
    answers = [team.request(ask.method, ask.path) for ask in asks if "tokens/current" not in ask.path]
    answers += [team.get("/nowhere"), team.get(f"{API}/nowhere"), team.put("/login")]
    for answer in answers:
        headers, place = answer.headers, str(answer.url)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, place
        assert "frame-ancestors 'none'" in policy, place
        assert "unsafe" not in policy, place
        assert headers["x-content-type-options"] == "nosniff", place
        assert headers["strict-transport-security"], place
        assert headers["cache-control"] == "no-store" or "/static/" in place, place


def test_cookies_are_out_of_reach_for_scripts_other_sites_and_plain_http(scene: Scene) -> None:
    give_password(scene)
    with scene.site.visit() as client:
        answer = log_in(client)
        assert answer.status_code == 303
        cookies = [
            *client.get("/login").headers.get_list("set-cookie"),
            *answer.headers.get_list("set-cookie"),
        ]
    assert {cookie.split("=")[0] for cookie in cookies} == {"mood_csrf", SESSION_COOKIE}
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"secure", "httponly", "path=/"} <= parts, cookie
        assert parts & {"samesite=lax", "samesite=strict"}, cookie
        assert not any(part.startswith("domain") for part in parts), cookie


def give_password(scene: Scene) -> None:
    with scene.world.platform.open() as tx:
        tx.session.get_one(User, scene.world.north.user.id).password_hash = hash_password(PASSWORD)


def log_in(client: httpx.Client, **changes: str) -> httpx.Response:
    """Cookies are for TLS only here; the token travels by hand."""
    token = client.get("/login").headers["set-cookie"].split("=", 1)[1].split(";")[0]
    form = {"csrf": token, "email": "north@example.org", "password": PASSWORD, "next": "/"} | changes
    return client.post("/login", data=form, headers={"Cookie": f"mood_csrf={token}"})


def test_an_unknown_account_and_a_wrong_password_answer_alike(scene: Scene) -> None:
    give_password(scene)
    answers = []
    with scene.site.visit() as client:
        for email in ("north@example.org", "nobody@example.org"):
            body = {"email": email, "password": "wrong password"}
            answer = client.post(f"{API}/tokens", json=body)
            page = log_in(client, **body)
            assert (answer.status_code, page.status_code) == (401, 401)
            answers.append((answer.json()["detail"], page.text.count("E-mail or password is wrong.")))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("host", ["evil.example", "[", "evil.example:99999", "a b", "%00"])
def test_no_answer_repeats_the_host_a_caller_claims_to_have_asked(scene: Scene, host: str) -> None:
    submission = scene.world.mine["scored"]
    with scene.site.visit(scene.world.north) as client:
        client.headers["Host"] = host
        for path in (
            "/",
            "/login/",
            "/leaderboard/pixel/",
            "/static",
            "/nowhere",
            f"/submissions/{submission.id}",
            f"/submissions/{submission.id}/",
            f"{API}/me/",
            f"{API}/submissions/{submission.id}",
        ):
            answer = client.get(path)
            assert answer.status_code in (200, 400, 404), path
            assert "evil.example" not in answer.text + str(answer.headers), path
            if answer.status_code == 200 and path.startswith(API):
                assert answer.json()["links"]["page"].startswith("https://mood.example.org/")


def test_a_visitor_with_a_false_host_is_sent_to_our_own_log_in(scene: Scene, visitor: httpx.Client) -> None:
    for host in ("evil.example", "["):
        answer = visitor.get(f"/submissions/{uuid4()}", headers={"Host": host})
        if answer.status_code != 400:
            assert answer.status_code == 303
            assert not urlsplit(answer.headers["location"]).netloc


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"email":' * 100_000,
        b'{"email": "a\\u0000b@example.org", "password": "x"}',
        b'{"email": "\\ud800@example.org", "password": "x"}',
        b'{"email": "a@example.org", "password": "\\ud800"}',
        b'{"email": "a@example.org", "password": "\\u0000"}',
        b'{"email": "a@example.org", "password": "x", "label": "\\u0000"}',
        b'{"email": ' + b"9" * 5000 + b"}",
        b'{"email": NaN, "password": Infinity}',
        b'{"email": "%", "password": "_"}',
        b'{"email": "a@example.org", "password": "x", "' + b"k" * 900_000 + b'": 1}',
        b"\xff\xfe",
        b"",
        b"null",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_hostile_body_is_the_callers_mistake_and_its_answer_is_short(
    visitor: httpx.Client, body: bytes
) -> None:
    answer = visitor.post(f"{API}/tokens", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 401, 422)
    assert len(answer.content) < 1000
    assert answer.json().keys() == {"error", "detail", "remedy", "request_id"}
    assert answer.json()["remedy"]


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(visitor: httpx.Client) -> None:
    for path, kind in (
        (f"{API}/tokens", "application/json"),
        ("/login", "application/x-www-form-urlencoded"),
    ):
        headers = {"Content-Type": kind}
        assert visitor.post(path, content=bytes(2**20 + 1), headers=headers).status_code == 413
        drops = iter([bytes(2**19)] * 3)
        answer = visitor.post(path, content=drops, headers=headers)
        assert answer.status_code == 413, "without a stated length too"


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\u0000b", "\u202eevil"])
def test_names_that_hide_or_break_something_are_refused(scene: Scene, name: str) -> None:
    with scene.site.visit(scene.world.lone) as client:
        answer = client.post(f"{API}/teams", json={"name": name})
    assert answer.status_code == 422
    assert answer.json()["remedy"]


@pytest.mark.parametrize(
    "path",
    [
        f"{API}/challenges/%00",
        f"{API}/challenges/%25",
        f"{API}/test-sets/%00/archive",
        f"{API}/test-sets/%25/archive",
        f"{API}/test-sets/..%2f..%2fetc%2fpasswd/archive",
        f"{API}/leaderboards/tiny/pixel?version=99999999999999999999",
        f"{API}/leaderboards/tiny/pixel?version=-1",
        f"{API}/leaderboards/%25/pixel",
        "/challenges/tiny/leaderboard/pixel?version=99999999999999999999",
        "/leaderboard/pixel?challenge=%00",
        "/leaderboard/pixel?challenge=%25",
        "/static/../app.py",
        "/static/..%2f..%2fapp.py",
        "/static/%00",
    ],
)
def test_addresses_are_neither_patterns_nor_paths_nor_numbers_without_end(
    visitor: httpx.Client, path: str
) -> None:
    answer = visitor.get(path)
    assert answer.status_code in (404, 422)


def test_a_cursor_is_only_a_place_in_ones_own_list(scene: Scene, team: httpx.Client) -> None:
    row = scene.world.theirs
    forged = encode_cursor((row.submitted_at, row.id))
    own = {str(made.id) for made in scene.world.mine.values()}
    items = team.get(f"{API}/submissions", params={"cursor": forged}).json()["items"]
    assert {item["id"] for item in items} <= own
    for cursor in ("", "x", "fA==", "%00", "A" * 5000, forged[:-4], forged + "AAAA", "MDAwMS0wMS0wMXw3"):
        answer = team.get(f"{API}/submissions", params={"cursor": cursor})
        assert answer.status_code == 422, cursor
        assert answer.json()["detail"].startswith("Field cursor")


def test_what_people_wrote_is_shown_as_text_and_never_as_markup(scene: Scene, team: httpx.Client) -> None:
    """Team, user, submission and file names, the log of a toy case, an organizer's reason."""
    poison(scene)
    place = f"/submissions/{scene.world.mine['scored'].id}"
    pages = [team.get(path) for path in ("/", place, f"{place}/report", f"/submissions/{uuid4()}")]
    pages += [team.get(f"/submissions/{scene.world.mine['hidden'].id}")]
    for page in pages:
        assert "<script" not in page.text, page.url
        assert "onerror=alert(1)>" not in page.text, page.url
    assert sum("&lt;script&gt;alert(&#39;x&#39;)" in page.text for page in pages) >= 4
    assert "&lt;/pre&gt;&lt;script&gt;" in pages[2].text, TOY_LOG
    answer = team.get(f"{API}{place}")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text)["name"] == SCRIPT


def poison(scene: Scene) -> None:
    world = scene.world
    with world.platform.open() as tx:
        tx.session.get_one(Team, world.north.user.team_id).name = SCRIPT
        tx.session.get_one(User, world.north.user.id).name = SCRIPT
        for name in ("scored", "hidden"):
            row = tx.session.get_one(Submission, world.mine[name].id)
            row.name = SCRIPT
        exclude(tx, submission=row, reason=SCRIPT, actor="olga@example.org")


def test_an_error_of_ours_says_nothing_but_its_request(scene: Scene) -> None:
    def broken() -> None:
        raise RuntimeError("walrus at /srv/objects in line 7")

    for app, path in ((scene.site.api, f"{API}/health"), (scene.site.pages, "/")):
        app.dependency_overrides[open_transaction] = broken
        try:
            answer = httpx.get(scene.site.url + path)  # the server closes the connection of a crash
        finally:
            del app.dependency_overrides[open_transaction]
        assert answer.status_code == 500
        assert INTERNAL.detail in answer.text
        assert answer.headers["x-request-id"] in answer.text
        assert "walrus" not in answer.text + str(answer.headers)
        assert answer.headers["content-security-policy"]


def test_bytes_that_are_no_request_bring_no_words_of_ours(scene: Scene) -> None:
    place = urlsplit(scene.site.url)
    for nonsense in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
            connection.sendall(nonsense)
            answer = connection.recv(65536)
        assert b"Traceback" not in answer
        assert answer.startswith(b"HTTP/1.1 4") or not answer
