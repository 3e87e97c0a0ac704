"""What the server process serves: the one place that puts API, pages and queue together."""

from __future__ import annotations

from starlette.types import ASGIApp

from mood_platform.api.app import create_api
from mood_platform.http.app import join
from mood_platform.http.context import build_context
from mood_platform.settings import Settings
from mood_platform.web.app import create_pages
from mood_platform.worker.queue import CeleryQueue


def create_app(settings: Settings | None = None) -> ASGIApp:
    settings = settings or Settings.read()
    context = build_context(settings, queue=CeleryQueue(settings))
    return join(create_pages(context), create_api(context), context=context)
