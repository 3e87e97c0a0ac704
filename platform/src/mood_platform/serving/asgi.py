"""What the server process serves: API and pages over one context.

The applications are named, not imported: both are built on this package, so the arrow points here only.
"""

from __future__ import annotations

from importlib import import_module

from starlette.types import ASGIApp

from mood_platform.serving.app import join
from mood_platform.serving.context import build_context
from mood_platform.settings import Settings


def create_app(settings: Settings | None = None) -> ASGIApp:
    settings = settings or Settings.read()
    queue = import_module("mood_platform.worker.queue").CeleryQueue(settings)
    context = build_context(settings, queue=queue)
    api = import_module("mood_platform.api.app").create_api(context)
    pages = import_module("mood_platform.web.app").create_pages(context)
    app: ASGIApp = join(pages, api, context=context)
    return app
