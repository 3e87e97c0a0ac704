"""The server process, `python -m mood_platform.server`: how it listens, and whom it believes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from mood_platform.asgi import create_app
from mood_platform.http.patience import Patient
from mood_platform.settings import ApiSettings, Settings


def server_config(app: ASGIApp | Callable[[], ASGIApp], api: ApiSettings, **options: Any) -> uvicorn.Config:
    """How every server here listens: that of `mood up`, of a container, of a test.

    A caller's address is taken from `X-Forwarded-For` only where a configured proxy says it, on loopback
    too: limits are counted by it.
    """
    return uvicorn.Config(
        app,
        http=Patient.for_seconds(api.header_seconds),
        ws="none",
        access_log=False,
        proxy_headers=bool(api.trusted_proxies),
        forwarded_allow_ips=api.trusted_proxies,
        **options,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="API and pages. Its settings are MOOD_* variables.")
    parser.add_argument("--host", help="default: MOOD_API__HOST")
    parser.add_argument("--port", type=int, help="default: MOOD_API__PORT")
    given, settings = parser.parse_args(), Settings.read()
    place = {"host": given.host or settings.api.host, "port": given.port or settings.api.port}
    uvicorn.Server(server_config(lambda: create_app(settings), settings.api, factory=True, **place)).run()


if __name__ == "__main__":
    main()
