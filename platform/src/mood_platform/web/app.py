"""Builds the application of the pages: templates, static files, HTML errors."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from mood_platform.http.app import new_app
from mood_platform.http.context import Context
from mood_platform.http.errors import Problem
from mood_platform.web import edition, home, leaderboard, session, submission
from mood_platform.web.templating import render_page


class ForeverFiles(StaticFiles):
    """Static files are named by their content; browsers may keep them."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_pages(context: Context) -> FastAPI:
    app = new_app(context, render=render_problem, openapi_url=None)
    for router in (home.router, edition.router, session.router, submission.router, leaderboard.router):
        app.include_router(router)
    with as_file(files("mood_platform.web") / "static") as folder:
        app.mount("/static", ForeverFiles(directory=folder))
    return app


def render_problem(request: Request, problem: Problem) -> Response:
    """A page with the next step; who must log in first is sent there and comes back."""
    if problem.status == 401:
        return RedirectResponse(f"/login?next={quote(request.scope['path'])}", status_code=303)
    return render_page(
        request,
        "error.html",
        viewer=None,
        status=problem.status,
        problem=problem,
        request_id=request.state.request_id,
    )
