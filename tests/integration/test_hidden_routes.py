"""Hidden means hidden: every route of the real server, every kind of id, every reader, every Run state.

Two worlds that differ in nothing but hidden facts are asked the same; then all answers are searched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event, select, update

from mood_platform.accounts.tokens import fingerprint
from mood_platform.db.engine import Sessions
from mood_platform.http.dependencies import SESSION_COOKIE
from mood_platform.models import Token, Upload
from mood_platform.storage.local import LocalStore
from mood_support.hidden_world import (
    HiddenWorld,
    Secrets,
    build_hidden_world,
    hidden_words,
    own_words,
    rival_words,
)
from mood_support.route_table import Ask, Entry, Ids, Who, asks_of, entry_of, route_table
from mood_support.site import Site, serve_site

pytestmark = pytest.mark.integration
TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "999"}
OPEN, TEAM = Entry(who=Who.EVERYBODY), Entry(who=Who.TEAM)
NOBODY = {"email": "nobody@example.org", "password": "no such password"}
ENTRIES: Mapping[str, Entry] = {
    "GET /": OPEN,
    "GET /login": OPEN,
    "POST /login": Entry(who=Who.EVERYBODY, form=NOBODY),
    "POST /logout": Entry(who=Who.EVERYBODY, form={}),
    "GET /submissions/{submission_id}": TEAM,
    "GET /submissions/{submission_id}/report": TEAM,
    "GET /leaderboard/{task}": OPEN,
    "GET /challenges/{slug}": OPEN,
    "GET /challenges/{slug}/leaderboard/{task}": OPEN,
    "GET /static/{path}": OPEN,
    "GET /api/v1/openapi.json": OPEN,
    "HEAD /api/v1/openapi.json": OPEN,
    "GET /api/v1/health": OPEN,
    "POST /api/v1/users": Entry(who=Who.EVERYBODY, json={**NOBODY, "name": "n", "password": "short"}),
    "POST /api/v1/tokens": Entry(who=Who.EVERYBODY, json=NOBODY),
    "DELETE /api/v1/tokens/current": Entry(who=Who.USER, changes=True),
    "GET /api/v1/me": Entry(who=Who.USER),
    "POST /api/v1/teams": Entry(who=Who.USER, json={"name": ""}),
    "POST /api/v1/teams/invitations": Entry(who=Who.TEAM, changes=True),
    "POST /api/v1/teams/join": Entry(who=Who.USER, json={"code": "no such code"}),
    "GET /api/v1/challenges": OPEN,
    "GET /api/v1/challenges/{slug}": OPEN,
    "POST /api/v1/challenges/{slug}/entry": Entry(who=Who.TEAM, changes=True),
    "GET /api/v1/test-sets/{name}/archive": OPEN,
    "OPTIONS /api/v1/uploads": OPEN,
    "OPTIONS /api/v1/uploads/{upload_id}": OPEN,
    "POST /api/v1/uploads": Entry(who=Who.TEAM, headers={**TUS, "Upload-Length": "0"}),
    "HEAD /api/v1/uploads/{upload_id}": Entry(who=Who.TEAM, headers=TUS),
    "GET /api/v1/uploads/{upload_id}": TEAM,
    "PATCH /api/v1/uploads/{upload_id}": Entry(who=Who.TEAM, headers=PART),
    "DELETE /api/v1/uploads/{upload_id}": Entry(who=Who.TEAM, headers=TUS, changes=True),
    "GET /api/v1/images": TEAM,
    "GET /api/v1/images/{image_id}": TEAM,
    "DELETE /api/v1/images/{image_id}": Entry(who=Who.TEAM, changes=True),
    "GET /api/v1/storage": TEAM,
    "POST /api/v1/submissions": Entry(
        who=Who.TEAM, json={"image": str(uuid4()), "task": "pixel", "stage": "challenge"}
    ),
    "GET /api/v1/submissions": TEAM,
    "GET /api/v1/submissions/{submission_id}": TEAM,
    "GET /api/v1/submissions/{submission_id}/report": TEAM,
    "POST /api/v1/submissions/{submission_id}/withdraw": Entry(who=Who.TEAM, changes=True),
    "POST /api/v1/submissions/{submission_id}/cancel": Entry(who=Who.TEAM, changes=True),
    "GET /api/v1/leaderboards/{challenge}/{task}": OPEN,
}
"""Every route but the organizers' own, which are all called alike."""
ONE = Secrets(
    seed=1, cases=37, seconds=0.7654321, score=0.918273645, exit_code=113, kept=7_654_321, word="zanzibar"
)
TWO = Secrets(seed=2, cases=59, seconds=0.2468135, score=0.123454321, exit_code=117, kept=31, word="kangaroo")
"""Other cases fail, in other numbers but equal bands; other times, scores, logs, nodes, names."""
HIDDEN_NAMES = ("test-brain", "test-abdom", "nope-brain", f"sweep-{ONE.word}", f"sweep-{TWO.word}")
VOLATILE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\dZ| UTC)?|(?<=Request )[0-9a-f]{16}|in \d+ days"
    r"|\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT"
    r'|(?<="request_id":")[0-9a-f]{16}|(?<="csrf" value=")[^"]*|(?<="next_cursor":")[^"]*'
)
TEXTS = ("text/", "application/json", "image/svg+xml")
WITHOUT_FACTS = {
    "GET /static/{path}",
    "GET /api/v1/openapi.json",
    "HEAD /api/v1/openapi.json",
    "GET /api/v1/test-sets/{name}/archive",
}
"""Style, icons, the API's document, public volumes: full of numbers, the same in both worlds."""
OF_THE_MOMENT = {"x-request-id", "date", "set-cookie"}
STRANGERS = ("visitor", "expired token", "revoked token", "without a team", "other team")
READERS = (*STRANGERS, "own team")
BOTH = ("visitor", "own team")
"""Readers of the second world too; what refusals say is no matter of what is hidden."""
SHORT = ("own scored", "other", "unknown", "malformed")
"""The ids that are tried where only refusals are expected; the own team tries all of its states."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def words(self) -> str:
        return f"{self.headers} {self.body}"

    @property
    def lasting(self) -> tuple[int, str, str]:
        """What stays when ids and moments are taken out."""
        kept = {name: value for name, value in self.headers.items() if name not in OF_THE_MOMENT}
        return self.status, VOLATILE.sub("#", str(kept)), VOLATILE.sub("#", self.body)


Place = tuple[str, Ask]
"""Reader, and what was asked."""
Answers = dict[Place, Answer]


@dataclass(frozen=True, slots=True)
class Seen:
    """One world before publication, as seen by everybody."""

    answers: Answers
    hidden: set[str]
    own: set[str]
    rival: set[str]
    secrets: Secrets


@dataclass(frozen=True, slots=True)
class Scene:
    """What was seen of both worlds; the second one is still running."""

    first: Seen
    second: Seen
    site: Site
    world: HiddenWorld


@pytest.fixture(scope="module")
def scene(
    start_afresh: Callable[[], Sessions], tmp_path_factory: pytest.TempPathFactory, database_url: str
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("one")
    first_store = LocalStore(folder / "objects")
    world = build_hidden_world(start_afresh(), first_store, folder, ONE)
    with serve_site(world.platform, database_url=database_url, root=first_store.root) as site:
        first = look(site, world)
    folder = tmp_path_factory.mktemp("two")
    store = LocalStore(folder / "objects")
    world = build_hidden_world(start_afresh(), store, folder, TWO)
    with serve_site(world.platform, database_url=database_url, root=store.root) as site:
        yield Scene(first, look(site, world, BOTH), site, world)


def look(site: Site, world: HiddenWorld, readers: Sequence[str] = READERS) -> Seen:
    ids, answers = ids_of(world), {}
    asks = [ask for key in route_table(site) for ask in asks_of(key, ids)]
    for reader in readers:
        with visit(site, world, reader) as client:
            for ask in asks:
                if is_asked(reader, ask):
                    answers[reader, ask] = call(client, ask, entry_of(ask.key, ENTRIES))
    return Seen(answers, hidden_words(world), own_words(world), rival_words(world), world.secrets)


def is_asked(reader: str, ask: Ask) -> bool:
    """Not what its owner could not take back, nor each of the own team's states by everybody."""
    entry, mine = entry_of(ask.key, ENTRIES), [kind for kind in ask.kinds if kind.startswith("own ")]
    if reader == "own team" and entry.who is not Who.ORGANIZER:
        return not entry.changes or not (mine or not ask.names)
    return all(kind in SHORT for kind in mine) and not (entry.changes and not ask.names)


def ids_of(world: HiddenWorld) -> Ids:
    """North is the one who asks: its Submissions are its own, South's are another team's."""
    unknown, malformed = {"unknown": str(uuid4())}, {"malformed": "7"}
    mine = {f"own {name}": made for name, made in world.mine.items()}
    run = world.platform.run_of(world.mine["scored"])
    sweep = f"sweep-{world.secrets.word}"
    hidden = {"hidden brain": "test-brain", "hidden abdom": "test-abdom", "hidden sweep": sweep}
    return {
        "submission_id": {name: str(made.id) for name, made in mine.items()}
        | {"other": str(world.theirs.id)}
        | unknown
        | malformed,
        "image_id": {"own": str(world.mine["scored"].image_id), "other": str(world.theirs.image_id)}
        | unknown
        | malformed,
        "upload_id": {"own": upload_of(world, "scored"), "other": upload_of(world, "theirs")}
        | unknown
        | malformed,
        "node_name": {"unknown": "nobody"},
        "number": {"unknown": "7"},
        "team": {"own": "north", "other": "south", "unknown": "nobody"},
        "run_id": {"own": str(run.id), "own analysis": str(world.analysis_id)} | unknown | malformed,
        "slug": {"public": "tiny", "unknown": "nope", "malformed": "%00"},
        "challenge": {"public": "tiny", "unknown": "nope", "malformed": "%00"},
        "task": {"sample": "sample", "pixel": "pixel", "malformed": "voxel"},
        "name": {"public": "toy-brain", "unknown": "nope-brain", "malformed": "%00"} | hidden,
        "path": {"public": "icon.svg", "malformed": "../app.py", "escaped": "..%2fapp.py"},
    }


def upload_of(world: HiddenWorld, name: str) -> str:
    submission = world.theirs if name == "theirs" else world.mine[name]
    with world.platform.open() as tx:
        found = tx.session.execute(
            select(Upload.id).where(Upload.image_id == submission.image_id)
        ).scalar_one()
    return str(found)


@contextmanager
def visit(site: Site, world: HiddenWorld, reader: str) -> Iterator[httpx.Client]:
    """With token and cookie, as the reader; ended tokens were the own team's."""
    who = {
        "visitor": None,
        "without a team": world.lone,
        "other team": world.south,
        "organizer": world.olga,
    }.get(reader, world.north)
    with site.visit(who) as client:
        if reader in ("expired token", "revoked token"):
            end_token(world, client.cookies[SESSION_COOKIE], expire=reader == "expired token")
        yield client


def end_token(world: HiddenWorld, secret: str, *, expire: bool) -> None:
    with world.platform.open() as tx:
        ended = {"expires_at": tx.now - timedelta(seconds=1)} if expire else {"revoked_at": tx.now}
        tx.session.execute(update(Token).where(Token.secret_sha256 == fingerprint(secret)).values(**ended))


def call(client: httpx.Client, ask: Ask, entry: Entry) -> Answer:
    answer = client.request(
        ask.method, ask.path, json=entry.json, data=entry.form, headers=dict(entry.headers)
    )
    body = answer.text if answer.headers.get("content-type", "").startswith(TEXTS) else repr(answer.content)
    return Answer(answer.status_code, dict(answer.headers), body)


def both(scene: Scene) -> Iterator[tuple[Seen, Place, Answer]]:
    for seen in (scene.first, scene.second):
        for place, answer in seen.answers.items():
            yield seen, place, answer


def leaks(scene: Scene, secrets_of: Callable[[Seen, str], set[str]]) -> list[str]:
    """Where an answer holds a word that its reader did not send."""
    found = []
    for seen, (reader, ask), answer in both(scene):
        text = answer.words
        words = {word for word in secrets_of(seen, reader) if word in text and word not in ask.path}
        found += [f"{reader} reads {word!r} at {ask.method} {ask.path}" for word in words]
    return found


def test_no_answer_holds_a_hidden_fact(scene: Scene) -> None:
    assert len(scene.first.hidden) > 400
    assert leaks(scene, lambda seen, _: seen.hidden) == []


def test_no_answer_counts_hidden_cases(scene: Scene) -> None:
    """Not as a number, and not as a share of it."""
    found = [
        (reader, ask.key, number)
        for seen, (reader, ask), answer in both(scene)
        if ask.key not in WITHOUT_FACTS
        for number in re.findall(r"(?<![\w.#-])\d+(?:\.\d+)?(?![\w.])", VOLATILE.sub("#", answer.body))
        if tells_count(number, seen.secrets)
    ]
    assert found == []


def tells_count(number: str, secrets: Secrets) -> bool:
    """A count itself, or a share that only a set of this size can have."""
    if "." not in number:
        return int(number) in secrets.counts
    shares = {part / secrets.cases for part in range(1, secrets.cases)}
    return len(number) > 4 and any(abs(float(number) - share) < 5e-5 for share in shares)


def test_nobody_but_the_own_team_reads_about_its_submissions(scene: Scene) -> None:
    assert leaks(scene, lambda seen, reader: seen.own if reader in STRANGERS else set()) == []


def test_nobody_but_the_other_team_reads_about_its_submissions(scene: Scene) -> None:
    assert leaks(scene, lambda seen, reader: set() if reader == "other team" else seen.rival) == []


def test_answers_know_no_place_on_the_server(scene: Scene) -> None:
    """No object key, no path, no line of code."""
    keys = re.compile(
        r"runs/[0-9a-f]{8}|cases/[0-9a-f]{8}|labels/[0-9a-f]{8}|Traceback \(most|\.py\b|/objects/"
    )
    found = [
        (reader, ask.path)
        for _, (reader, ask), answer in both(scene)
        if ask.key not in WITHOUT_FACTS and keys.search(answer.words)
    ]
    assert found == []


def test_worlds_that_differ_in_hidden_facts_alone_give_the_same_answers(scene: Scene) -> None:
    """Byte for byte, but for ids and moments: for every reader and every state a Run can be in."""
    one = {labelled(place): without(answer, place[1]) for place, answer in scene.first.answers.items()}
    other = {labelled(place): without(answer, place[1]) for place, answer in scene.second.answers.items()}
    assert other.keys() == {label for label in one if label[0] in BOTH}
    assert {label: (one[label], other[label]) for label in other if one[label] != other[label]} == {}


def labelled(place: Place) -> tuple[str, str, object]:
    reader, ask = place
    return reader, ask.key, ask.names


def test_unknown_and_forbidden_look_the_same(scene: Scene) -> None:
    """Status, headers and text, for everyone who may not read it."""
    groups: dict[tuple[str, str], set[tuple[int, str, str]]] = defaultdict(set)
    for (reader, ask), answer in scene.first.answers.items():
        if ask.kinds and all(is_foreign(reader, kind) for kind in ask.kinds):
            groups[reader, ask.key].add(without(answer, ask))
    assert len(groups) > 60
    assert {place: found for place, found in groups.items() if len(found) > 1} == {}


def is_foreign(reader: str, kind: str) -> bool:
    mine = kind.startswith("own") and reader == "own team"
    theirs = kind == "other" and reader == "other team"
    return not (mine or theirs or kind in ("malformed", "escaped", "public", "sample", "pixel"))


def without(answer: Answer, ask: Ask) -> tuple[int, str, str]:
    """A name that was asked for may be repeated."""
    status, headers, body = answer.lasting
    for name in HIDDEN_NAMES:
        if name in ask.path:
            headers, body = re.sub("'content-length': '\\d+'", "", headers), body.replace(name, "#")
    return status, headers, body


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("GET /api/v1/submissions/{submission_id}", "other"),
        ("GET /api/v1/images/{image_id}", "other"),
        ("GET /api/v1/uploads/{upload_id}", "other"),
        ("GET /api/v1/test-sets/{name}/archive", "hidden brain"),
        ("GET /submissions/{submission_id}/report", "other"),
    ],
)
def test_unknown_and_forbidden_take_the_same_way_through_the_database(
    scene: Scene, key: str, known: str
) -> None:
    """The same statements, that bring back equally little: nothing to be measured from outside."""
    ways = {}
    with visit(scene.site, scene.world, "own team") as client:
        for ask in asks_of(key, ids_of(scene.world)):
            if ask.kinds <= {known, "unknown"}:
                with statements(scene.site) as sent:
                    client.request(ask.method, ask.path)
                ways[*ask.kinds,] = sent
    assert len(ways) == 2
    one, other = ways.values()
    assert len(one) > 1
    assert one == other


@pytest.mark.parametrize("path", ["/", "/api/v1/submissions"])
def test_a_page_of_submissions_takes_as_many_statements_as_one(scene: Scene, path: str) -> None:
    """And no row of a case is read: they are counted where they lie."""
    counts = []
    for reader, expected_rows in (("other team", 1), ("own team", len(scene.world.mine))):
        with visit(scene.site, scene.world, reader) as client, statements(scene.site) as sent:
            answer = client.get(path)
        assert answer.text.count("toy_total") in (0, expected_rows)
        assert not [sql for sql, _ in sent if "case_runs.id" in sql.split("FROM")[0]]
        counts.append(len(sent))
    assert counts[0] == counts[1]


@contextmanager
def statements(site: Site) -> Iterator[list[tuple[str, int]]]:
    """What the server sends to its database meanwhile, with the number of rows that came back."""
    engine = site.api.state.context.sessions.kw["bind"]
    sent: list[tuple[str, int]] = []

    def note(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        sent.append((statement, cursor.rowcount))

    event.listen(engine, "after_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "after_cursor_execute", note)


def test_every_reader_gets_in_where_it_may_and_nowhere_else(scene: Scene) -> None:
    """So that the searches above do not search refusals alone."""
    wrong = [
        (reader, ask.key, ask.names, answer.status)
        for (reader, ask), answer in scene.first.answers.items()
        if answer.status not in expected(reader, ask)
    ]
    assert wrong == []
    read = {ask.key for (_, ask), answer in scene.first.answers.items() if answer.status in (200, 204)}
    closed = {key for key in map(str, route_table(scene.site)) if "/admin/" in key}
    assert {key for key in ENTRIES if key.startswith("GET")} - closed - read == {
        "GET /api/v1/leaderboards/{challenge}/{task}",
        "GET /leaderboard/{task}",  # it leads on
    }


def expected(reader: str, ask: Ask) -> set[int]:
    """By who asks and for whom the address is; 303 is the way to the log-in and back."""
    who, page = entry_of(ask.key, ENTRIES).who, not ask.path.startswith("/api/")
    ended = reader in ("visitor", "expired token", "revoked token")
    if who is Who.EVERYBODY:
        refused = {401} if reader != "visitor" or ask.key.endswith("/tokens") else set()
        return {200, 204, 303, 403, 404, 422} | refused
    if ended:
        return {303, 422} if page else {401, 422}
    if who is Who.ORGANIZER:
        return {404}
    if reader == "without a team" and who is Who.TEAM:
        return {404, 422} if page else {403, 404, 422}
    foreign = any(is_foreign(reader, kind) for kind in ask.kinds)
    return {404, 422} if foreign or "malformed" in ask.kinds else {200, 204, 404, 409, 422}


def test_organizers_do_read_what_is_hidden(scene: Scene) -> None:
    """The positive control: the same search finds everything there."""
    place = f"/api/v1/admin/submissions/{scene.world.mine['scored'].id}"
    with visit(scene.site, scene.world, "organizer") as client:
        answer = client.get(place)
    secrets = scene.second.secrets
    assert answer.status_code == 200
    for word in (secrets.word, secrets.node, repr(secrets.seconds), repr(secrets.score)):
        assert word in answer.text
    assert len({word for word in scene.second.hidden if word in answer.text}) > 2 * secrets.cases


def test_no_method_but_those_of_the_table_has_an_answer(scene: Scene) -> None:
    """Nor does a header that asks for another one."""
    table = {key: asks_of(key, ids_of(scene.world))[0] for key in route_table(scene.site)}
    known = {(ask.method, ask.path) for ask in table.values()}
    known |= {("HEAD", path) for method, path in known if method == "GET" and not path.startswith("/api/")}
    with visit(scene.site, scene.world, "own team") as client:
        for path in sorted({path for _, path in known}):
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
                if (method, path) not in known:
                    answer = client.request(method, path, headers={"X-HTTP-Method-Override": "GET"})
                    assert answer.status_code == 405, (method, path)
                    assert not {word for word in scene.second.hidden if word in answer.text}
