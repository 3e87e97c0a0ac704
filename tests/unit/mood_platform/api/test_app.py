"""The API's document: kept in docs, complete, and every route says exactly what it returns."""

from __future__ import annotations

import inspect
import json
import statistics
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.responses import Response

from mood_platform.api.app import create_api

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "openapi.json"


def routes_of(app: FastAPI) -> list[RouteContext]:
    return [context for context in iter_route_contexts(app.routes) if isinstance(context.route, APIRoute)]


def test_the_document_in_docs_is_current() -> None:
    current = json.dumps(create_api(None).openapi(), indent=1, sort_keys=True) + "\n"
    assert DOCUMENT.read_text() == current, "run: python -m mood_platform.api.document docs/openapi.json"


def test_every_route_has_a_checked_answer_or_is_a_bare_response() -> None:
    for context in routes_of(create_api(None)):
        route = context.route
        assert isinstance(route, APIRoute)
        returned = inspect.signature(route.endpoint, eval_str=True).return_annotation
        bare = returned is None or (isinstance(returned, type) and issubclass(returned, Response))
        assert route.response_model is not None or bare, context.path
        if returned is StreamingResponse:
            assert context.path == "/test-sets/{name}/archive"


def test_endpoints_are_thin() -> None:
    lengths = [
        len(inspect.getsource(context.route.endpoint).splitlines())
        for context in routes_of(create_api(None))
        if isinstance(context.route, APIRoute)
    ]
    assert statistics.median(lengths) <= 11


def test_every_organizers_route_asks_for_an_organizer() -> None:
    paths = create_api(None).openapi()["paths"]
    admin = [context for context in routes_of(create_api(None)) if context.path.startswith("/admin")]
    assert len(admin) == sum(len(paths[path]) for path in paths if path.startswith("/admin"))
    for context in admin:
        assert isinstance(context.route, APIRoute)
        names = {part.call.__name__ for part in context.route.dependant.dependencies if part.call}
        assert "require_organizer" in names, context.path
