"""Puts the two applications together: pages at the root, the JSON API below /api/v1."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from mood_platform.http.context import Context
from mood_platform.http.errors import Renderer, install_error_handlers
from mood_platform.http.middleware import BodyLimit, HeadOfPages, RequestId, SecurityHeaders

API_PREFIX = "/api/v1"


def new_app(context: Context | None, *, render: Renderer, **options: Any) -> FastAPI:
    """Knows its context and how it tells errors; without a context only its document can be had.

    No redirects from `/path/` to `/path`: they would name whatever host the caller claims to have asked.
    """
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False, **options)
    app.state.context = context
    install_error_handlers(app, render)
    return app


def join(pages: FastAPI, api: FastAPI, *, context: Context) -> ASGIApp:
    """One server; the wrappers stand outside both, so that even a crash has an id and headers."""
    pages.mount(API_PREFIX, api)
    api_settings = context.settings.api
    bounded = BodyLimit(
        HeadOfPages(pages, api_prefix=API_PREFIX),
        chunk_bytes=api_settings.upload_chunk_bytes,
        seconds=api_settings.body_seconds,
    )
    return RequestId(SecurityHeaders(bounded, secure=context.secure))
