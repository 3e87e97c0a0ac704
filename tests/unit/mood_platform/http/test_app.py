"""The server around its endpoints: one transaction a request, ended before the answer; headers; crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import SecretStr
from starlette.types import ASGIApp

from mood_platform.api.app import create_api
from mood_platform.errors import Misconfigured
from mood_platform.fake_queue import FakeQueue
from mood_platform.http.app import join, new_app
from mood_platform.http.context import Context, build_context
from mood_platform.http.dependencies import open_transaction
from mood_platform.http.errors import render_json
from mood_platform.settings import ApiSettings, BrokerSettings, DatabaseSettings, Settings, StorageSettings
from mood_platform.web.app import create_pages


def make_context(root: Path, *, pool_size: int = 5, public_url: str = "http://localhost") -> Context:
    settings = Settings(
        database=DatabaseSettings(url=SecretStr("postgresql+psycopg://nobody"), pool_size=pool_size),
        broker=BrokerSettings(url=SecretStr("redis://nobody")),
        storage=StorageSettings(root=root),
        api=ApiSettings(public_url=public_url),
    )
    return build_context(settings, queue=FakeQueue())


def make_server(context: Context) -> tuple[FastAPI, ASGIApp]:
    """An empty API inside the real wrappers."""
    api = new_app(context, render=render_json)
    pages = new_app(context, render=render_json)
    return api, join(pages, api, context=context)


def ask(app: ASGIApp, path: str, *, method: str = "GET") -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path)

    return asyncio.run(request())


def open_and_fail() -> Iterator[None]:
    yield
    raise RuntimeError("the commit failed")


Failing = Annotated[None, Depends(open_and_fail, scope="function")]


def test_a_commit_that_fails_is_an_error_and_not_a_success(tmp_path: Path) -> None:
    api, server = make_server(make_context(tmp_path))

    @api.post("/things", status_code=202)
    def make(tx: Failing) -> str:
        return "made"

    assert ask(server, "/api/v1/things", method="POST").status_code == 500


def iter_transaction_dependencies(app: FastAPI) -> Iterator[Dependant]:
    """Every place where an endpoint takes a transaction."""

    def walk(dependant: Dependant) -> Iterator[Dependant]:
        for part in dependant.dependencies:
            if part.call is open_transaction:
                yield part
            yield from walk(part)

    for context in iter_route_contexts(app.routes):
        if isinstance(context.route, APIRoute):
            yield from walk(context.route.dependant)


def test_every_transaction_ends_before_the_answer(tmp_path: Path) -> None:
    context = make_context(tmp_path)
    for app in (create_api(context), create_pages(context)):
        found = list(iter_transaction_dependencies(app))
        assert len(found) > 4
        assert {part.scope for part in found} == {"function"}


@contextmanager
def broken_route(tmp_path: Path) -> Iterator[ASGIApp]:
    api, server = make_server(make_context(tmp_path))

    @api.get("/crash")
    def crash() -> Any:
        raise ValueError("a secret inside")

    yield server


def test_a_crash_tells_nothing_but_the_request_id(tmp_path: Path) -> None:
    with broken_route(tmp_path) as server:
        answer = ask(server, "/api/v1/crash")
    assert answer.status_code == 500
    assert answer.json()["error"] == "internal_error"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_callers_request_id_is_not_taken_over(tmp_path: Path) -> None:
    with broken_route(tmp_path) as server:
        ids = {ask(server, "/api/v1/nowhere").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(("url", "strict"), [("https://mood.example", True), ("http://localhost", False)])
def test_strict_transport_is_asked_for_where_the_site_has_tls(tmp_path: Path, url: str, strict: bool) -> None:
    context = make_context(tmp_path, public_url=url)
    _, server = make_server(context)
    assert context.secure is strict
    assert ("strict-transport-security" in ask(server, "/x").headers) is strict


def test_a_pool_that_is_too_small_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="MOOD_DATABASE__POOL_SIZE"):
        make_context(tmp_path, pool_size=1)


def test_an_unknown_database_is_a_pause(tmp_path: Path) -> None:
    context = make_context(tmp_path)
    server = join(create_pages(context), create_api(context), context=context)
    answer = ask(server, "/api/v1/health")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"
