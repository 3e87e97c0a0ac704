"""The real server in this process: API and pages on a free port, over a small platform."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from mood_platform.accounts.principal import Principal
from mood_platform.accounts.tokens import issue_token
from mood_platform.api.app import create_api
from mood_platform.http.app import join
from mood_platform.http.context import build_context
from mood_platform.http.dependencies import SESSION_COOKIE
from mood_platform.server import server_config
from mood_platform.settings import ApiSettings, BrokerSettings, DatabaseSettings, Settings, StorageSettings
from mood_platform.storage.local import LocalStore
from mood_platform.web.app import create_pages
from mood_support.factories import TinyPlatform


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    platform: TinyPlatform
    api: FastAPI
    pages: FastAPI

    @contextmanager
    def visit(self, who: Principal | None = None) -> Iterator[httpx.Client]:
        """A client with the person's token for the API and the session cookie for pages."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            if who is not None:
                secret = self.token(who)
                client.headers["Authorization"] = f"Bearer {secret}"
                client.cookies.set(SESSION_COOKIE, secret)
            yield client

    def token(self, who: Principal) -> str:
        with self.platform.open() as tx:
            return issue_token(tx, user=who.user, label="test")


@contextmanager
def serve_site(platform: TinyPlatform, *, database_url: str, root: Path, **api: Any) -> Iterator[Site]:
    """`root` is the object store's folder; `api` changes single API settings."""
    settings = Settings(
        database=DatabaseSettings(url=SecretStr(database_url)),
        broker=BrokerSettings(url=SecretStr("redis+socket:///nowhere/valkey.sock")),
        storage=StorageSettings(root=root),
        api=ApiSettings(**api),
    )
    context = build_context(settings, queue=platform.queue)
    assert isinstance(platform.store, LocalStore), "the server reads the same folder"
    pages, endpoints = create_pages(context), create_api(context)
    with _listen() as listener:
        config = server_config(
            join(pages, endpoints, context=context),
            settings.api,
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server)
            yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", platform, endpoints, pages)
        finally:
            server.should_exit = True
            thread.join(timeout=10)
            context.sessions.kw["bind"].dispose()


@contextmanager
def _listen() -> Iterator[socket.socket]:
    """TCP by name: asyncio lets only that send at once; else every answer waits 40 ms for an ACK."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


def _wait_until_started(server: uvicorn.Server) -> None:
    deadline = monotonic() + 20
    while not server.started:
        assert monotonic() < deadline, "the server did not start"
        sleep(0.02)
