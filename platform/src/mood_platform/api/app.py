"""Builds the API application and its OpenAPI document."""

from __future__ import annotations

from fastapi import FastAPI

from mood_platform.api import (
    accounts,
    admin,
    admin_drops,
    admin_entries,
    admin_keeping,
    admin_leaderboards,
    admin_rescorings,
    admin_waiting,
    challenges,
    health,
    images,
    leaderboards,
    submissions,
    test_sets,
    uploads,
)
from mood_platform.http.app import API_PREFIX, new_app
from mood_platform.http.context import Context
from mood_platform.http.errors import render_json
from mood_platform.views.participant import ProblemView

DESCRIPTION = (
    "JSON API of the MOOD platform. Send `Authorization: Bearer mood_…`. Lists are `{items, next_cursor}`; "
    "every error is `{error, detail, remedy, request_id}`; unknown and foreign ids both answer 404. "
    "Times are UTC (RFC 3339)."
)
ROUTERS = (
    accounts.router,
    challenges.router,
    test_sets.router,
    uploads.router,
    images.router,
    submissions.router,
    leaderboards.router,
    admin.router,
    admin_drops.router,
    admin_entries.router,
    admin_keeping.router,
    admin_leaderboards.router,
    admin_rescorings.router,
    admin_waiting.router,
    health.router,
)


def create_api(context: Context | None) -> FastAPI:
    app = new_app(
        context,
        render=render_json,
        title="MOOD platform",
        version="1",
        description=DESCRIPTION,
        servers=[{"url": API_PREFIX}],
        root_path_in_servers=False,
        responses={"default": {"model": ProblemView, "description": "Any error"}},
    )
    for router in ROUTERS:
        app.include_router(router)
    return app
